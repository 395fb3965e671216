// A student's way through the API with a client generated from the contract:
// register → practice → analysis → midterm → weak topics. The compiler checks every field that is read here.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./generated/api.js";

const baseUrl = process.env["PASTPAPER_URL"];
assert(baseUrl, "PASTPAPER_URL says where pastpaper serves");
const api = createClient<paths>({ baseUrl });

// What is neither data nor a problem of the contract ends the walk.
function done<T>(answer: { data?: T; error?: { code: string; detail: string }; response: Response }): T {
  const { data, error, response } = answer;
  assert(data !== undefined, `${response.url}: ${response.status} ${error?.code} ${error?.detail}`);
  return data;
}

const account = { name: "Ada", email: `walk-${Date.now()}@example.org`, password: "correct horse battery" };
const { token, user } = done(await api.POST("/api/auth/register", { body: account }));
assert.equal(user.credits, 5);
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${token}`);
    return request;
  },
});

const { courses } = done(await api.GET("/api/courses"));
const course = courses.find((course) => course.id === "calc2");
assert(course, "the sample course is there");
console.log(`${account.email}: ${user.credits} credits, ${courses.length} courses`);

const practice = done(
  await api.POST("/api/questions/practice", {
    body: { course_id: course.id, count: 1 },
    params: { header: { "Idempotency-Key": `walk-${Date.now()}` } },
  }),
);
const [question] = practice.questions;
assert(question && !question.locked && question.solution_steps, "a question with its solution");
assert.deepEqual([practice.credits_deducted, practice.credits], [1, 4]);
const marked = done(
  await api.POST("/api/questions/{id}/submit", {
    params: { path: { id: question.id } },
    body: { was_correct: true, answer: question.answer },
  }),
);
console.log(`practised ${question.id}: ${marked.correct ? "right" : "wrong"} by ${marked.graded_by}`);

const analysis = done(await api.GET("/api/courses/{id}/analysis", { params: { path: { id: course.id } } }));
const [topic] = analysis.analysis.forecast;
assert(topic && analysis.credits_deducted === 2);
console.log(`analysed ${analysis.analysis.exams_analysed} exams; ${topic.topic_id}: ${topic.probability}`);

// Two credits are left, a midterm costs three: a problem, with its numbers, is part of the contract.
const body = { course_id: course.id, difficulty: "easy" as const };
const refused = await api.POST("/api/midterm/generate", { body });
assert.equal(refused.response.status, 402);
assert(refused.error?.code === "insufficient_credits" && refused.error.credits_needed === 3);
await grant(account.email, 1);
const midterm = done(await api.POST("/api/midterm/generate", { body }));
assert.equal(midterm.questions.length, 6);
const again = done(await api.GET("/api/midterm/{id}", { params: { path: { id: midterm.midterm_id } } }));
assert(typeof again !== "string" && again.seed === midterm.seed);
console.log(`midterm ${midterm.midterm_id}: ${midterm.questions.length} questions, ${midterm.credits} credits left`);

// It is also a page: the type of an answer knows no `Accept`.
const advice = done(await api.POST("/api/assessment/weak-topics", { body: { course_id: course.id } }));
assert(typeof advice !== "string");
const { weak_topics, untried_topics, recommended_study_plan } = advice;
assert(weak_topics.length + untried_topics.length > 0 && recommended_study_plan.length > 0);
for (const { name, mastery, reason } of weak_topics) console.log(`weak: ${name} (${mastery}): ${reason}`);

// Support gives what the walk lacks, as an operator would.
async function grant(email: string, credits: number): Promise<void> {
  const { execFileSync } = await import("node:child_process");
  const command = process.env["PASTPAPER_COMMAND"];
  assert(command, "PASTPAPER_COMMAND is the pastpaper binary");
  execFileSync(command, ["user", "grant", email, String(credits), "--reason", "For the walk"], { stdio: "ignore" });
}
