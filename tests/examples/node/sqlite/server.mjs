// The five routes that `load.rs --against` measures, with Hono and better-sqlite3, as one would write them for a single
// server: sessions are checked, every request is logged, CORS is on, purchases are transactions. It fills a database of
// its own with the data of `pastpaper bench fill --users 6000 --questions 1000`.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import Database from "better-sqlite3";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { logger } from "hono/logger";

const USERS = 6000;
const QUESTIONS = 1000;
const COURSE = `bench-${QUESTIONS}`;
const SESSION_SECONDS = 7 * 24 * 3600;

const folder = mkdtempSync(join(tmpdir(), "pastpaper-node-"));
const db = new Database(join(folder, "data.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE, name TEXT, credits INTEGER, plan TEXT,
    credits_reset_at INTEGER, created_at TEXT);
  CREATE TABLE sessions (hash TEXT PRIMARY KEY, user_id TEXT, expires_at INTEGER);
  CREATE TABLE topics (id TEXT PRIMARY KEY, course_id TEXT, name TEXT, slug TEXT, category TEXT, difficulty INTEGER,
    frequency_score REAL, avg_points REAL, total_appearances INTEGER);
  CREATE TABLE questions (id TEXT PRIMARY KEY, course_id TEXT, exam_id TEXT, topic_id TEXT, question_text TEXT,
    solution_steps TEXT, answer TEXT, difficulty INTEGER, difficulty_reason TEXT, techniques TEXT,
    estimated_time REAL, source_points REAL, is_generated INTEGER);
  CREATE INDEX questions_by_course ON questions (course_id, topic_id, difficulty, id);
  CREATE TABLE question_options (question_id TEXT, letter TEXT, text TEXT, is_correct INTEGER,
    PRIMARY KEY (question_id, letter));
  CREATE TABLE user_progress (user_id TEXT, question_id TEXT, unlocked_at TEXT, seen_at TEXT,
    PRIMARY KEY (user_id, question_id));
  CREATE TABLE credit_transactions (id TEXT PRIMARY KEY, user_id TEXT, amount INTEGER, balance_after INTEGER,
    type TEXT, description TEXT, created_at TEXT);
`);

function fill() {
  const sample = JSON.parse(readFileSync(new URL("../../../../samples/calc2.json", import.meta.url)));
  const mark = (id) => `${COURSE}-${id}`;
  const user = db.prepare("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (let number = 0; number < USERS; number += 1) {
    const plan = number % 10 === 0 ? "unlimited" : "free";
    const reset = Math.floor(Date.now() / 1000) + 30 * 24 * 3600;
    user.run(randomUUID(), `user-${number}@bench.example`, `User ${number}`, 5, plan, reset, new Date().toISOString());
  }
  const topic = db.prepare("INSERT INTO topics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const t of sample.topics) {
    topic.run(mark(t.id), COURSE, t.name, t.slug, t.category, t.difficulty, 0.5, 8, 20);
  }
  const question = db.prepare("INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const option = db.prepare("INSERT INTO question_options VALUES (?, ?, ?, ?)");
  for (let number = 0; number < QUESTIONS; number += 1) {
    const q = sample.questions[number % sample.questions.length];
    const id = mark(number);
    question.run(
      id, COURSE, q.exam_id ? mark(q.exam_id) : null, mark(q.topic_id), q.question_text,
      JSON.stringify(q.solution_steps), q.answer, q.difficulty, q.difficulty_reason ?? null,
      JSON.stringify(q.techniques ?? []), q.estimated_time ?? null, q.source_points ?? null, q.is_generated ? 1 : 0,
    );
    for (const o of q.options ?? []) option.run(id, o.letter, o.text, o.is_correct ? 1 : 0);
  }
}
db.transaction(fill)();

const sql = {
  byEmail: db.prepare("SELECT id FROM users WHERE email = ?"),
  openSession: db.prepare("INSERT INTO sessions VALUES (?, ?, ?)"),
  bySession: db.prepare(
    "SELECT u.* FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = ? AND s.expires_at > ?",
  ),
  topics: db.prepare(
    `SELECT t.*, COUNT(q.id) AS question_count FROM topics t LEFT JOIN questions q ON q.topic_id = t.id
     WHERE t.course_id = ? GROUP BY t.id ORDER BY t.frequency_score DESC, t.name`,
  ),
  total: db.prepare("SELECT COUNT(*) AS total FROM questions WHERE course_id = ?"),
  page: db.prepare(
    `SELECT q.*, t.name AS topic_name, p.unlocked_at FROM questions q JOIN topics t ON t.id = q.topic_id
     LEFT JOIN user_progress p ON p.question_id = q.id AND p.user_id = ?
     WHERE q.course_id = ? ORDER BY q.topic_id, q.difficulty, q.id LIMIT ? OFFSET ?`,
  ),
  options: db.prepare("SELECT letter, text, is_correct FROM question_options WHERE question_id = ? ORDER BY letter"),
  select: db.prepare(
    `SELECT q.*, t.name AS topic_name FROM questions q JOIN topics t ON t.id = q.topic_id
     LEFT JOIN user_progress p ON p.question_id = q.id AND p.user_id = ?
     WHERE q.course_id = ? ORDER BY p.seen_at IS NOT NULL, p.seen_at, RANDOM() LIMIT ?`,
  ),
  charge: db.prepare("UPDATE users SET credits = credits - ? WHERE id = ? AND credits >= ?"),
  entry: db.prepare("INSERT INTO credit_transactions VALUES (?, ?, ?, ?, ?, ?, ?)"),
  unlock: db.prepare(
    `INSERT INTO user_progress VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id, question_id) DO UPDATE SET seen_at = excluded.seen_at`,
  ),
};

const hashOf = (token) => createHash("sha256").update(token).digest("hex");
const seconds = () => Math.floor(Date.now() / 1000);

function view(q, isLocked) {
  const { question_text, solution_steps, answer, techniques, unlocked_at, ...rest } = q;
  const meta = { ...rest, techniques: JSON.parse(techniques), is_generated: q.is_generated === 1, locked: isLocked };
  if (isLocked) return { ...meta, preview: `${question_text.slice(0, 99)}…` };
  const options = sql.options.all(q.id).map((o) => ({ ...o, is_correct: o.is_correct === 1 }));
  return { ...meta, question_text, solution_steps: JSON.parse(solution_steps), answer, options };
}

// IMMEDIATE, so that concurrent purchases of other processes wait.
const purchase = db.transaction((user, courseId, count, price, what) => {
  const questions = sql.select.all(user.id, courseId, count);
  if (questions.length === 0) return { status: 404, body: { error: "No questions" } };
  const isFree = user.plan === "unlimited";
  const cost = isFree ? 0 : price(questions.length);
  if (!isFree && sql.charge.run(cost, user.id, cost).changes === 0) {
    return { status: 402, body: { error: "Insufficient credits" } };
  }
  const now = new Date().toISOString();
  const credits = user.credits - cost;
  sql.entry.run(randomUUID(), user.id, -cost, credits, "question_view", `${what}: ${questions.length}`, now);
  for (const question of questions) sql.unlock.run(user.id, question.id, now, now);
  const body = { questions: questions.map((q) => view(q, false)), credits_deducted: cost, credits };
  return { status: 200, body };
});

const app = new Hono();
app.use("*", logger(() => {}));
app.use("*", cors({ origin: ["http://localhost:5173"], credentials: true }));

app.post("/api/auth/login", async (context) => {
  const { email } = await context.req.json();
  const user = sql.byEmail.get(email);
  if (!user) return context.json({ error: "Invalid email or password" }, 401);
  const token = randomBytes(32).toString("hex");
  sql.openSession.run(hashOf(token), user.id, seconds() + SESSION_SECONDS);
  return context.json({ token });
});

app.use("/api/*", async (context, next) => {
  const token = context.req.header("authorization")?.replace(/^Bearer /, "");
  const user = token && sql.bySession.get(hashOf(token), seconds());
  if (!user) return context.json({ error: "Unauthorized" }, 401);
  context.set("user", user);
  return next();
});

app.get("/api/auth/me", (context) => {
  const { id, email, name, credits, plan, credits_reset_at, created_at } = context.get("user");
  return context.json({ user: { id, email, name, credits, plan, credits_reset_at, created_at } });
});

app.get("/api/courses/:id/topics", (context) => context.json({ topics: sql.topics.all(context.req.param("id")) }));

app.get("/api/questions", (context) => {
  const course = context.req.query("course_id");
  const limit = Math.min(Number(context.req.query("limit") ?? 20), 100);
  const offset = Number(context.req.query("offset") ?? 0);
  const { total } = sql.total.get(course);
  const page = sql.page.all(context.get("user").id, course, limit, offset);
  return context.json({ questions: page.map((q) => view(q, q.unlocked_at === null)), total });
});

app.post("/api/questions/practice", async (context) => {
  const { course_id, count = 3 } = await context.req.json();
  const bought = purchase.immediate(context.get("user"), course_id, count, (questions) => questions, "Practice");
  return context.json(bought.body, bought.status);
});

app.post("/api/questions/bundle", async (context) => {
  const { course_id, count = 3 } = await context.req.json();
  const bought = purchase.immediate(context.get("user"), course_id, count, () => 1, "Bundle");
  return context.json(bought.body, bought.status);
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
  console.log(`Listening on http://127.0.0.1:${port}`);
});

function stop() {
  server.close();
  db.close();
  rmSync(folder, { recursive: true });
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
