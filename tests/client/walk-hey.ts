// Register → practice → 402 with a client that @hey-api/openapi-ts generates. The compiler checks every field that is read here.
import assert from "node:assert/strict";
import { client } from "./generated/hey/client.gen.js";
import { generateMidterm, practiceQuestions, register } from "./generated/hey/sdk.gen.js";
import type { InsufficientCreditsProblem } from "./generated/hey/types.gen.js";

const baseUrl = process.env["PASTPAPER_URL"];
assert(baseUrl, "PASTPAPER_URL says where pastpaper serves");
client.setConfig({ baseUrl });

const account = { name: "Emmy", email: `hey-${Date.now()}@example.org`, password: "correct horse battery" };
const { data: started } = await register({ body: account, throwOnError: true });
client.setConfig({ auth: started.token });
const credits: number = started.user.credits;
assert.equal(credits, 5);

const order = {
  body: { course_id: "calc2", count: 3 },
  headers: { "Idempotency-Key": `hey-${Date.now()}` },
};
const { data: practice } = await practiceQuestions({ ...order, throwOnError: true });
const left: number = practice.credits;
assert.deepEqual([practice.questions.length, practice.credits_deducted, left], [3, 3, 2]);
const { data: again } = await practiceQuestions({ ...order, throwOnError: true });
assert.deepEqual(again.questions.map((question) => question.id), practice.questions.map((question) => question.id));

// Two credits are left, and a midterm costs three.
const { error, response } = await generateMidterm({ body: { course_id: "calc2", difficulty: "easy" } });
assert.equal(response?.status, 402);
assert(error && error.code === "insufficient_credits");
const problem: InsufficientCreditsProblem = error;
const needed: number = problem.credits_needed;
assert.deepEqual([needed, problem.credits_available], [3, 2]);
console.log(`hey-api: ${account.email} practised ${practice.questions.length} questions; a midterm needs ${needed} credits`);
