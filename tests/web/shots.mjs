// Takes the screenshots of docs/images: `PASTPAPER_URL=… PASTPAPER_DATA=… node shots.mjs`, with a running `serve`. Afterwards a
// tool such as pngquant reduces their colours to 64, so that all are below 300 KB together.
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const url = process.env.PASTPAPER_URL ?? "http://localhost:8787";
const command = process.env.PASTPAPER_COMMAND ?? "../../target/debug/pastpaper";
const folder = new URL("../../docs/images/", import.meta.url).pathname;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Smaller than life: they are looked at side by side. */
const look = async (options) => {
  const page = await (await browser.newContext({ deviceScaleFactor: 0.6, locale: "en", ...options })).newPage();
  const ready = () => page.waitForSelector("main:not([aria-busy]) h1");
  return {
    page,
    async open(path) {
      await page.goto(url + path);
      await ready();
    },
    async shot(name) {
      await ready();
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${folder}${name}.png` });
    },
  };
};
const desk = { viewport: { width: 1200, height: 760 } };
const phone = { viewport: { width: 390, height: 760 }, deviceScaleFactor: 0.75 };
const email = `shots-${Date.now()}@example.org`;

const { page, open, shot } = await look(desk);
await open("/app/");
await shot("web-start");
await open("/app/sign-up");
await page.getByLabel("Name").fill("Ada");
await page.getByLabel("Email").fill(email);
await page.getByLabel("New password").fill("correct horse battery");
await page.getByRole("button", { name: "Sign up" }).click();
await page.waitForSelector(".cards");
execFileSync(command, ["user", "grant", email, "20", "--reason", "For the pictures", "--data", process.env.PASTPAPER_DATA ?? "../../target/pastpaper"]);
await open("/app/courses/calc2");
await shot("web-course");
await open("/app/courses/calc2/practice?topic=calc2-improper");
await page.getByLabel("Number of questions").fill("3");
await shot("web-practice");
await page.locator(".buy").click();
await page.waitForSelector(".question");
for (let number = 1; number <= 3; number++) {
  const id = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1));
  const key = await page.evaluate(async (id) => {
    const { token } = JSON.parse(sessionStorage["pastpaper.session"]);
    const answer = await fetch(`/api/questions/${id}`, { headers: { Authorization: `Bearer ${token}` } });
    return (await answer.json()).question;
  }, id);
  if (key.options.length > 0) await page.locator(`input[value="${key.options.find((option) => option.is_correct).letter}"]`).check();
  else await page.locator("input.formula").fill(key.answer);
  await page.waitForTimeout(1500);
  await page.getByRole("button", { name: "Check the answer" }).click();
  await page.locator(".verdict").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await shot("web-question");
  if (key.options.length === 0) break;
  const next = page.getByRole("link", { name: "Next question" });
  if ((await next.count()) === 0) break;
  await next.click();
  await page.getByRole("heading", { name: `Question ${number + 1} of` }).waitFor();
}
await open("/app/courses/calc2/midterm");
await page.locator(".buy").click();
await page.getByRole("button", { name: "Start the clock" }).click();
await page.locator(".sitting").waitFor();
const { questions } = await page.evaluate(async (path) => {
  const { token } = JSON.parse(sessionStorage["pastpaper.session"]);
  return (await fetch(`/api/midterm/${path}`, { headers: { Authorization: `Bearer ${token}` } })).json();
}, new URL(page.url()).pathname.split("/").at(-1));
for (const [index, article] of (await page.locator("article.card").all()).entries()) {
  const right = questions[index].options.find((option) => option.is_correct);
  if (right) await article.locator(`input[value="${right.letter}"]`).check();
  else await article.locator("input.formula").fill(index === 3 ? "x^2" : questions[index].answer.replaceAll("\\,", ""));
}
await page.waitForTimeout(2000);
await page.evaluate(() => scrollTo(0, 0));
await shot("web-midterm");
await page.getByRole("button", { name: "Hand in" }).click();
await page.locator(".score").waitFor();
const made = new URL(page.url()).pathname;
await open("/app/courses/calc2/analysis");
await page.locator(".buy").click();
await page.locator(".order").waitFor();
await shot("web-analysis");
await open("/app/courses/calc2/progress");
await shot("web-progress");
await open("/app/credits");
await shot("web-credits");
const kept = await page.evaluate(() => ({ ...sessionStorage }));

const dark = await look({ ...phone, colorScheme: "dark" });
await dark.page.addInitScript((all) => Object.assign(sessionStorage, all), kept);
await dark.open(made);
await dark.shot("web-result-phone");
const german = await look({ ...phone, locale: "de" });
await german.page.addInitScript((all) => Object.assign(sessionStorage, all), kept);
await german.open("/app/courses/calc2");
await german.shot("web-course-phone");
await browser.close();
