// GET /api/auth/me with Hono and the AWS SDK, as one would write it for Lambda; the loop at the end is what the managed
// runtime does. Bundled and minified, which is the fastest start that Node.js has.
import { createHash } from "node:crypto";
import { request } from "node:http";
import { BatchGetItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { Hono } from "hono";
import { handle } from "hono/aws-lambda";

const table = process.env.TABLE_NAME;
const client = new DynamoDBClient({});
const app = new Hono();

app.get("/api/auth/me", async (context) => {
  const bytes = Buffer.from((context.req.header("authorization") ?? "").replace(/^Bearer pp_/, ""), "base64url");
  if (bytes.length !== 48) return context.json({ error: "Unauthorized" }, 401);
  const id = bytes.subarray(0, 16).toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const hash = createHash("sha256").update(bytes.subarray(16)).digest("hex");
  const key = (sk) => ({ pk: { S: `USER#${id}` }, sk: { S: sk } });
  const Keys = [key(`SESSION#${hash}`), key("PROFILE")];
  const { Responses } = await client.send(
    new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
  );
  const session = Responses[table].find((item) => item.sk.S !== "PROFILE");
  const profile = Responses[table].find((item) => item.sk.S === "PROFILE");
  if (!session || !profile) return context.json({ error: "Unauthorized" }, 401);
  return context.json({
    user: {
      id,
      email: profile.email.S,
      name: profile.name?.S ?? "",
      credits: Number(profile.credits.N),
      plan: profile.plan.S,
      credits_reset_at: Number(profile.credits_reset_at.N),
    },
  });
});

const handler = handle(app);

function call(method, path, body) {
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, method, path: `/2018-06-01/runtime/invocation/${path}` }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

for (;;) {
  const { headers, body } = await call("GET", "next");
  const answer = await handler(JSON.parse(body), {});
  await call("POST", `${headers["lambda-runtime-aws-request-id"]}/response`, JSON.stringify(answer));
}
