// Walks through the web client in Chromium: a student's life, and what must hold when something goes wrong.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const command = process.env.PASTPAPER_COMMAND;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PASSWORD = "correct horse battery";
/** The client waits for itself where a limit ends within these seconds, and asks again. */
const PATIENCE_SECONDS = 30;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const data = mkdtempSync(join(tmpdir(), "pastpaper-web-"));
let server;
let printed = "";
let url;
let browser;

before(async () => {
  // `APP_URL` and others of the environment would change what is tested.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  // One user visits all pages faster than a person does.
  server = spawn(command, ["serve", "--data", data, "--port", "0", "--set", "RATE_LIMITS=signed_in=1000"], { env });
  server.stdout.on("data", (text) => (printed += text));
  server.stderr.resume();
  url = await until(() => /Listening on (http:\S+)/.exec(printed)?.[1]);
  url = url.replace("127.0.0.1", "localhost");
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  server?.kill("SIGINT");
  await new Promise((resolve) => server?.once("exit", resolve));
  rmSync(data, { recursive: true });
});

/** Waits for a value. */
async function until(find) {
  for (let round = 0; round < 600; round++) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not come; the server printed:\n${printed}`);
}

let people = 0;
const newEmail = () => `student-${++people}@example.org`;
const grant = (email, credits) => execFileSync(command, ["user", "grant", email, String(credits), "--reason", "For the walk", "--data", data]);
/** The link of the last mail to this address. */
const mailLink = (email, page) => until(() => new RegExp(`Mail to ${email}:.*\\n\\s+(http\\S+/${page}\\S*)`).exec(printed)?.[1]);

/** A tab in which an error of the console fails the test. What the service refuses is written there by the browser itself. */
async function tab({ width = 1280, height = 900, locale = "en", colorScheme = "light", context, refused = [] } = {}) {
  const own = context ?? (await browser.newContext({ viewport: { width, height }, locale, colorScheme }));
  const page = await own.newPage();
  page.troubles = [];
  page.refused = new Set(refused);
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const status = /status of (\d+)/.exec(message.text())?.[1];
    const isLost = message.text().includes("net::ERR_");
    if (!(status && page.refused.has(Number(status))) && !(isLost && page.refused.has("lost"))) page.troubles.push(message.text());
  });
  page.setDefaultTimeout(20_000);
  return page;
}

const open = async (page, path) => {
  await page.goto(url + path);
  await page.waitForSelector("main:not([aria-busy]) h1");
};
const button = (page, name) => page.getByRole("button", { name });
const credits = async (page) => Number(/\d+/.exec(await page.locator("a.balance").innerText())[0]);

async function signUp(page, email = newEmail()) {
  await open(page, "/app/sign-up");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("New password").fill(PASSWORD);
  await button(page, "Sign up").click();
  await page.waitForSelector(".cards");
  return email;
}

/** No fault of accessibility, and nothing wider than the screen. */
async function sound(page, name) {
  await page.waitForSelector("main:not([aria-busy]) h1");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} pixels wider than the screen`);
  // By the browser's own tools, which the policy of the page does not bind.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  assert.deepEqual(violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes[0].html}`), []);
  assert.deepEqual(page.troubles, [], name);
}
test("a student's life, from sign-up to the result of a midterm", async () => {
  const page = await tab({ refused: [402, 422] });
  // A browser that opens the server is led to the client.
  await page.goto(url);
  await page.waitForURL("**/app/");
  const email = await signUp(page);
  assert.equal(await credits(page), 5);
  await page.getByText("Question of the day").waitFor();

  const link = await mailLink(email, "verify-email");
  assert.ok(link.startsWith(`${url}/app/verify-email#token=`), link);
  await page.goto(link);
  await page.getByText("Your email is confirmed.").waitFor();

  await page.getByRole("link", { name: "Courses" }).first().click();
  await page.getByRole("link", { name: "Calculus 2" }).click();
  await page.getByRole("heading", { level: 1, name: "Calculus 2" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H1", "navigation moves the focus");
  await button(page, "Enrol").click();
  await button(page, "Enrol").waitFor({ state: "detached" });

  // The price is shown before it is paid.
  await page.getByRole("link", { name: /^Practice/ }).first().click();
  await page.getByLabel("Number of questions").fill("2");
  await page.getByLabel("Integration by parts").check();
  await page.getByText("You have 5; 3 will be left.").waitFor();
  await button(page, /Get 2 questions/).click();
  await page.getByRole("heading", { name: "Question 1 of 2" }).waitFor();
  assert.equal(await credits(page), 3);
  for (const last of [false, true]) await answer(page, last);
  assert.ok((await page.locator(".prose math").count()) > 0, "formulas are drawn");

  grant(email, 5);
  await page.getByRole("link", { name: "Weak topics and progress" }).click();
  await page.getByText("Where you can gain points").waitFor();
  await page.getByRole("link", { name: "Calculus 2" }).click();
  await page.getByRole("link", { name: /^Analysis/ }).click();
  await button(page, /Get the analysis/).click();
  await page.getByRole("heading", { name: "Forecast of the next exam" }).waitFor();
  await until(async () => (await credits(page)) === 6);
  // Once bought it is free.
  await page.reload();
  await page.getByRole("heading", { name: "Forecast of the next exam" }).waitFor();
  assert.equal(await credits(page), 6);

  await page.getByRole("link", { name: "Calculus 2" }).click();
  await page.getByRole("link", { name: /^Practice midterm/ }).click();
  await page.getByLabel("Easier").check();
  await button(page, /Make a midterm/).click();
  await page.getByRole("heading", { name: "Your midterm is ready" }).waitFor();
  const saved = page.waitForEvent("download");
  await page.getByText("Print and save").click();
  await button(page, "Page to print").click();
  assert.match((await saved).suggestedFilename(), /^midterm-.*\.html$/);
  await button(page, "Start the clock").click();
  await page.getByRole("heading", { name: "Midterm in progress" }).waitFor();
  await page.locator("input.formula").first().fill("x^2");
  await page.locator("fieldset.choices input").first().check();
  // What was typed and the clock are kept when the page is loaded again.
  await page.reload();
  assert.equal(await page.locator("input.formula").first().inputValue(), "x^2");
  await page.getByText("4 questions have no answer yet.").waitFor();
  assert.match(await page.locator(".clock .time").innerText(), /^\d+:\d\d$/, "time is left");
  await button(page, "Hand in").click();
  await page.getByRole("heading", { name: "Your result" }).waitFor();
  assert.equal(await page.getByText("No answer", { exact: true }).count(), 4);
  await page.getByRole("heading", { name: "What to review" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Your result" }).waitFor();

  await page.locator("a.balance").click();
  await page.getByRole("heading", { name: "History" }).waitFor();
  assert.equal(await page.locator("tbody .minus").count(), 3);
  await page.getByRole("link", { name: "Account" }).click();
  await page.locator("#notices").waitFor();
  assert.equal(await page.locator("#notices input").count(), 2, "the essential ones are no choice");
  const noticeSaved = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.getByLabel("New sign-in").uncheck();
  assert.equal((await noticeSaved).status(), 200);
  await page.reload();
  assert.equal(await page.getByLabel("New sign-in").isChecked(), false);
  const exported = page.waitForEvent("download");
  await button(page, "Save my data").click();
  assert.equal((await exported).suggestedFilename(), "pastpaper-export.json");
  await page.getByText("I want to delete my account").click();
  await page.locator("#delete").getByLabel("Password").fill(PASSWORD);
  await button(page, "Delete for good").click();
  await page.getByRole("heading", { name: "Practise what the exam asks" }).waitFor();
  assert.equal(await page.evaluate(() => Object.keys(sessionStorage).length), 0, "nothing of the account is kept");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

/** Answers the question that is shown, whatever its kind, and goes on. */
async function answer(page, isLast) {
  await page.locator(".question .answer").waitFor();
  const field = page.locator("input.formula");
  if ((await field.count()) > 0) {
    await field.fill("x^2/3+C");
    await page.locator(".reading math").waitFor();
  } else {
    await page.locator(".choice input").first().check();
  }
  await button(page, "Check the answer").click();
  await page.locator(".solution").waitFor();
  // What the service cannot mark, the student compares.
  const wrong = button(page, "It was wrong");
  if ((await wrong.count()) > 0) await wrong.click();
  await page.locator(".verdict").waitFor();
  if (!isLast) {
    await page.getByRole("link", { name: "Next question" }).click();
    await page.getByRole("heading", { name: "Question 2 of 2" }).waitFor();
  }
}

/** Answers of a student in the old service, two weeks ago: a wrong one and a right one. */
async function answerLongAgo(page) {
  const id = await page.evaluate(async () => {
    const { token } = JSON.parse(sessionStorage["pastpaper.session"]);
    return (await (await fetch("/api/auth/me", { headers: { Authorization: `Bearer ${token}` } })).json()).user.id;
  });
  const at = new Date(Date.now() - 14 * 86_400_000).toISOString().slice(0, 19).replace("T", " ");
  const row = (number, right) => `INSERT INTO user_progress VALUES('calc2-2018-fall-final-q${number}','${id}',1,1,${right},60,'${at}');`;
  const schema = `CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password_hash TEXT, created_at TEXT);
    CREATE TABLE user_progress (question_id TEXT, user_id TEXT, completed INTEGER, attempts INTEGER, is_correct INTEGER, time_spent INTEGER, unlocked_at TEXT);`;
  const file = join(data, `${id}.sql`);
  writeFileSync(file, schema + row(9, 0) + row(8, 1));
  execFileSync(command, ["import", "d1", file, "--data", data]);
}

test("what was answered long ago is reviewed today, by keyboard and without credits", async () => {
  const page = await tab({ width: 390, refused: [422] });
  await signUp(page);
  await answerLongAgo(page);
  await open(page, "/app/courses/calc2/progress");
  await page.getByRole("heading", { name: "Review today" }).waitFor();
  await page.getByText("2 questions are due.").waitFor();
  await sound(page, "the reviews of today");
  await button(page, "Answer 2 questions").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Question 1 of 2" }).waitFor();
  for (const last of [false, true]) await answer(page, last);
  await page.getByRole("link", { name: "Weak topics and progress" }).click();
  await page.getByText("Nothing is due today.").waitFor();
  assert.equal(await credits(page), 5);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a midterm is resumed on another device, and handed in once over a lost connection", async () => {
  const page = await tab({ refused: ["lost"] });
  const email = await signUp(page);
  await open(page, "/app/courses/calc2/midterm");
  await button(page, /Make a midterm/).click();
  await button(page, "Start the clock").click();
  await page.getByRole("heading", { name: "Midterm in progress" }).waitFor();
  await page.locator("fieldset.choices input").first().check();

  // The clock of the other device is a day fast. It shows the time that the service counts.
  const other = await tab();
  await other.addInitScript(() => {
    const right = Date.now;
    Date.now = () => right() + 86_400_000;
  });
  await open(other, "/app/sign-in");
  await other.getByLabel("Email").fill(email);
  await other.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await button(other, "Sign in").click();
  await other.waitForSelector(".cards");
  await open(other, new URL(page.url()).pathname);
  await other.getByRole("heading", { name: "Midterm in progress" }).waitFor();
  const seconds = async (tab) => {
    const [minutes, rest] = (await tab.locator(".clock .time").innerText()).split(":").map(Number);
    return minutes * 60 + rest;
  };
  const [here, there] = [await seconds(page), await seconds(other)];
  assert.ok(Math.abs(here - there) <= 5, `${here} and ${there} seconds are left`);

  // The answers arrive, and the result is lost.
  await page.route("**/submit", async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  }, { times: 1 });
  await button(page, "Hand in").click();
  await page.getByText("No answer came.").waitFor();
  await button(other, "Hand in").click();
  await other.getByRole("heading", { name: "Your result" }).waitFor();
  const score = await other.locator(".score .huge").innerText();
  assert.equal(await other.locator("article code").count(), 1, "the answer of the first device counts");
  await button(page, "Hand in").click();
  await page.getByRole("heading", { name: "Your result" }).waitFor();
  assert.equal(await page.locator(".score .huge").innerText(), score);
  assert.equal(await page.locator("article code").count(), 1);
  assert.deepEqual([...page.troubles, ...other.troubles], []);
  await page.context().close();
  await other.context().close();
});

test("a forgotten password is set anew by the link of a mail", async () => {
  const page = await tab({ refused: [400] });
  const email = await signUp(page);
  await button(page, "Sign out").click();
  await page.getByRole("link", { name: "Sign in" }).first().click();
  await page.getByRole("link", { name: "Forgotten password" }).click();
  await page.getByLabel("Email").fill(email);
  await button(page, "Send the link").click();
  await page.getByText("a link is on its way").waitFor();
  const link = await mailLink(email, "reset-password");
  await page.goto(link);
  await page.getByLabel("New password").fill("another good passphrase");
  await button(page, "Save the password").click();
  await page.getByText("The password is changed.").waitFor();
  assert.equal(await page.evaluate(() => location.hash), "", "the token leaves the address");
  // A link works once.
  await page.goto(link);
  await page.reload();
  await page.getByLabel("New password").fill("a third good passphrase");
  await button(page, "Save the password").click();
  await page.getByText("This link is used, replaced or too old.").waitFor();
  await open(page, "/app/sign-in");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill("another good passphrase");
  await button(page, "Sign in").click();
  await page.waitForSelector(".cards");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a name and an email are changed, and the old email gets the account back", async () => {
  const page = await tab();
  const email = await signUp(page);
  await open(page, "/app/account");
  const profile = page.locator("#profile");
  await profile.getByLabel("Name").fill("Ada Lovelace");
  await button(profile, "Save").click();
  await profile.getByText("Saved.").waitFor();
  const other = newEmail();
  await profile.getByLabel("Email").fill(other);
  await profile.getByLabel("Password").fill(PASSWORD);
  await button(profile, "Save").click();
  await profile.getByText(`We sent a link to ${other}.`).waitFor();
  await page.goto(await mailLink(other, "confirm-email"));
  await page.getByText("Your account has the new email now.").waitFor();
  await open(page, "/app/account");
  await page.locator("dd", { hasText: other }).waitFor();
  await page.goto(await mailLink(email, "undo-email"));
  await button(page, "Undo the change").click();
  await page.getByText("Your account has its former email.").waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

/** A code of the app for this secret (RFC 6238: SHA-1, 30 seconds, six digits). */
function codeOf(secret) {
  const bits = [...secret.replace(/[\s=]/g, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

test("a second factor is set up, asked for at the login, and turned off", async () => {
  const page = await tab({ refused: [401] });
  const email = await signUp(page);
  await open(page, "/app/account");
  const factor = page.locator("#factor");
  await factor.getByLabel("Password").fill(PASSWORD);
  await button(factor, "Set up").click();
  const secret = await factor.locator("code").innerText();
  await factor.getByLabel("Code").fill(codeOf(secret));
  await button(factor, "Turn on").click();
  await factor.getByText("The second factor is on.").waitFor();
  const recovery = await factor.locator("li code").allInnerTexts();
  assert.equal(recovery.length, 10);
  await button(page, "Sign out").first().click();
  await page.getByRole("heading", { name: "Practise what the exam asks" }).waitFor();

  await open(page, "/app/sign-in");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await button(page, "Sign in").click();
  await page.getByLabel("Code").fill("000000");
  await button(page, "Sign in").click();
  await page.getByText("The code is wrong, used or too old.").waitFor();
  await page.getByLabel("Code").fill(recovery[0]);
  await button(page, "Sign in").click();
  await page.waitForSelector(".cards");

  await open(page, "/app/account");
  await factor.getByLabel("Password").fill(PASSWORD);
  await factor.getByLabel("Code").fill(recovery[1]);
  await button(factor, "Turn off").click();
  await button(factor, "Set up").waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a voucher gives its credits once, and an unknown code is told", async () => {
  const page = await tab({ refused: [404] });
  await signUp(page);
  execFileSync(command, ["voucher", "create", "--credits", "7", "--uses", "3", "--until", "2100-01-01", "--code", "WALK-2100-CODE-VOUCHER", "--data", data]);
  await open(page, "/app/credits");
  await page.getByText("Redeem a voucher").click();
  await page.getByLabel("Code").fill("no such code at all");
  await button(page, "Redeem").click();
  await page.getByText("This code is unknown, used up or expired.").waitFor();
  for (const _ of ["once", "again"]) {
    await page.getByLabel("Code").fill("walk 2100 code voucher");
    await button(page, "Redeem").click();
    await page.getByText("7 credits were added.").waitFor();
    assert.equal(await credits(page), 12);
  }
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("two tabs that spend the last credits: one gets the questions, the other is told what is missing", async () => {
  const first = await tab({ refused: [402] });
  await signUp(first);
  // Both know of five credits.
  const token = await first.evaluate(() => ({ ...sessionStorage }));
  const second = await tab({ context: first.context(), refused: [402] });
  await second.addInitScript((kept) => Object.assign(sessionStorage, kept), token);
  for (const page of [first, second]) {
    await open(page, "/app/courses/calc2/practice");
    await page.getByLabel("Number of questions").fill("5");
    await page.getByText("You have 5; 0 will be left.").waitFor();
  }
  await Promise.all([first, second].map((page) => button(page, /Get 5 questions/).click()));
  await Promise.all([first, second].map((page) => page.locator(".question, .notice.bad").first().waitFor()));
  const got = await Promise.all([first, second].map((page) => page.locator(".question").count()));
  assert.deepEqual(got.sort(), [0, 1]);
  const loser = (await first.locator(".question").count()) === 0 ? first : second;
  await loser.getByText("5 credits are missing.").waitFor();
  assert.ok(await loser.getByRole("link", { name: "Get credits" }).isVisible());
  for (const page of [first, second]) assert.deepEqual(page.troubles, []);
  await first.context().close();
});

test("a connection that is cut during a purchase costs once and loses nothing", async () => {
  const page = await tab({ refused: ["lost"] });
  await signUp(page);
  await open(page, "/app/courses/calc2/practice");
  await page.getByLabel("Number of questions").fill("2");
  await page.getByLabel("Sequences").check();
  // The request arrives and is paid; its answer does not.
  const keys = [];
  let isCut = true;
  await page.route("**/api/questions/practice*", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    if (!isCut) return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await button(page, /Get 2 questions/).click();
  await page.getByText("you do not pay twice").waitFor();
  // Also after the page was loaded again.
  await page.reload();
  assert.ok(await page.getByLabel("Sequences").isChecked(), "the wishes are kept");
  assert.equal(await page.getByLabel("Number of questions").inputValue(), "2");
  await button(page, /Get 2 questions/).click();
  await page.getByText("you do not pay twice").waitFor();
  isCut = false;
  await button(page, /Get 2 questions/).click();
  await page.getByRole("heading", { name: "Question 1 of 2" }).waitFor();
  assert.equal(await credits(page), 3);
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1, "the same key until the answer came");
  // The next purchase is another one.
  await page.goBack();
  await button(page, /Get 2 questions/).click();
  await page.getByRole("heading", { name: "Question 1 of 2" }).waitFor();
  assert.equal(new Set(keys).size, 2);
  await until(async () => (await credits(page)) === 1);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("what was typed is kept without a connection, and the page says so", async () => {
  const page = await tab({ refused: ["lost"] });
  await signUp(page);
  await open(page, "/app/courses/calc2/practice");
  await page.getByLabel("Number of questions").fill("1");
  await button(page, /Get 1 question/).click();
  await page.locator(".question").waitFor();
  const field = page.locator("input.formula");
  const isWritten = (await field.count()) > 0;
  await page.context().setOffline(true);
  if (isWritten) await field.fill("x+1");
  else await page.locator(".choice input").first().check();
  await button(page, "Check the answer").click();
  await page.getByText("No answer came.").waitFor();
  await page.getByText("No connection.").waitFor();
  if (isWritten) assert.equal(await field.inputValue(), "x+1");
  await page.context().setOffline(false);
  await page.reload();
  if (isWritten) assert.equal(await page.locator("input.formula").inputValue(), "x+1");
  else assert.ok(await page.locator(".choice input").first().isChecked());
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a locked-out login says how long to wait and keeps the address", async () => {
  const page = await tab({ refused: [401, 429] });
  const email = await signUp(page);
  await button(page, "Sign out").click();
  await open(page, "/app/sign-in");
  await page.getByLabel("Email").fill(email);
  for (let attempt = 0; ; attempt++) {
    assert.ok(attempt < 25, "the tenth or a later wrong password locks the account");
    await page.getByLabel("Password").fill("not the password");
    const answered = page.waitForResponse("**/api/auth/login");
    await button(page, "Sign in").click();
    const answer = await answered;
    if (answer.status() === 429 && (await answer.json()).retry_after_seconds > PATIENCE_SECONDS) break;
    await page.getByText("Email or password is wrong.").waitFor({ timeout: 60_000 });
  }
  await page.getByText(/You can try again in \d+:\d\d/).first().waitFor();
  assert.equal(await page.getByLabel("Email").inputValue(), email);
  assert.equal(await button(page, "Sign in").getAttribute("aria-disabled"), "true");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a keyboard is enough to sign up, buy and answer", async () => {
  const page = await tab();
  await open(page, "/app/sign-up");
  const email = newEmail();
  const tabTo = async (locator) => {
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press("Tab");
      if (await locator.evaluate((element) => element === document.activeElement)) return;
    }
    assert.fail(`${locator} is not reached by Tab`);
  };
  await tabTo(page.getByLabel("Email"));
  await page.keyboard.type(email);
  await tabTo(page.getByLabel("New password"));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".cards");
  await tabTo(page.getByRole("link", { name: "Calculus 2" }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Calculus 2" }).waitFor();
  await tabTo(page.getByRole("link", { name: /^Bundle/ }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Bundle" }).waitFor();
  await tabTo(button(page, /Get 3 questions/));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Question 1 of 3" }).waitFor();
  assert.equal(await credits(page), 4);
  await tabTo(button(page, "Show the solution"));
  await page.keyboard.press("Enter");
  await page.locator(".solution").waitFor();
  await page.context().close();
});

test("a session that ended elsewhere leads to the login and back", async () => {
  const page = await tab({ refused: [401] });
  const email = await signUp(page);
  const token = await page.evaluate(() => JSON.parse(sessionStorage["pastpaper.session"]).token);
  await fetch(`${url}/api/auth/logout`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  await page.goto(`${url}/app/credits`);
  await page.getByText("Your session is over.").waitFor();
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await button(page, "Sign in").click();
  await page.getByRole("heading", { level: 1, name: "Credits" }).waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("texts of the database are never markup", async () => {
  const page = await tab();
  const name = "<img src=x onerror=alert(1)>";
  await open(page, "/app/sign-up");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Email").fill(newEmail());
  await page.getByLabel("New password").fill(PASSWORD);
  await button(page, "Sign up").click();
  await page.getByRole("heading", { name: `Hello, ${name}` }).waitFor();
  // The browser refuses markup from anywhere but the one place that takes the server's rendering.
  const refusal = await page.evaluate(() => {
    try {
      document.createElement("div").innerHTML = "<b>x</b>";
      return null;
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(refusal, "TypeError");
  await page.context().close();
});

test("a box whose content is wider, be it by one pixel, can have the focus", async () => {
  const page = await tab();
  await open(page, "/app/");
  const focusable = await page.evaluate(async () => {
    const { h, scrolling } = await import("/app/dom.js");
    const boxes = [200, 201, 400].map((width) => {
      const content = h("span");
      content.style.cssText = `display: inline-block; width: ${width}px; height: 10px`;
      const box = scrolling(h("div.prose", null, content));
      box.style.width = "200px";
      return box;
    });
    document.querySelector("main").append(...boxes);
    // The observer of sizes tells after the frame's layout.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return boxes.map((box) => box.tabIndex === 0);
  });
  assert.deepEqual(focusable, [false, true, true]);
  await page.context().close();
});

test("every page is accessible, fits and has no error, on a phone and a desk, light and dark, in both languages", async () => {
  const email = await (async () => {
    const page = await tab();
    const email = await signUp(page);
    grant(email, 60);
    await page.context().close();
    return email;
  })();
  const signIn = { en: ["Email", "Password", "Sign in"], de: ["E-Mail", "Passwort", "Anmelden"] };
  /** Bought by the first visit. */
  let question;
  for (const [width, colorScheme, locale] of [
    [1280, "light", "en"],
    [390, "dark", "de"],
  ]) {
    const page = await tab({ width, height: 844, colorScheme, locale, refused: [402, 400] });
    for (const path of ["/app/", "/app/sign-up", "/app/forgot-password", "/app/reset-password#token=x", "/app/verify-email#token=x", "/app/undo-email#token=x", "/app/nothing", "/app/sign-in"]) {
      await page.goto("about:blank");
      await open(page, path);
      await sound(page, `${path} at ${width}`);
    }
    const [mail, password, enter] = signIn[locale];
    await page.getByLabel(mail).fill(email);
    await page.getByLabel(password, { exact: true }).fill(PASSWORD);
    await button(page, enter).click();
    await page.waitForSelector(".cards");
    for (const path of ["", "/practice", "/bundle", "/questions", "/topics/calc2-by-parts", "/midterm", "/analysis", "/progress"]) {
      await open(page, `/app/courses/calc2${path}`);
      await sound(page, `${path} at ${width}`);
      if (path === "/analysis" && (await page.locator(".buy").count()) > 0) {
        await page.locator(".buy").click();
        await page.locator(".order").waitFor();
        await sound(page, `bought analysis at ${width}`);
      }
    }
    for (const path of ["/app/", "/app/credits", "/app/account"]) {
      await open(page, path);
      await sound(page, `${path} at ${width}`);
    }
    if (!question) {
      await open(page, "/app/courses/calc2/practice");
      await page.locator(".buy").click();
      await page.waitForURL("**/questions/*");
      question = new URL(page.url()).pathname;
    }
    await open(page, question);
    await sound(page, `question at ${width}`);
    await page.locator(".question .button.quiet").click();
    await page.locator(".solution").waitFor();
    await sound(page, `solution at ${width}`);
    // A midterm is sat once.
    await open(page, "/app/courses/calc2/midterm");
    await page.locator(".buy").click();
    await page.waitForURL("**/midterms/*");
    await sound(page, `midterm at ${width}`);
    await page.locator("main .card .button").click();
    await page.locator(".sitting").waitFor();
    await sound(page, `sitting at ${width}`);
    await page.locator(".handin .button").click();
    await page.locator(".score").waitFor();
    await sound(page, `result at ${width}`);
    await page.context().close();
  }
});
