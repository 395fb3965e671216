// Measures the first visit of the web client and the first question after a sign-up, on a slow phone: a processor 4 times
// slower, 1.6 Mbit/s, 150 ms. Prints medians of five. It needs a running `pastpaper serve` and Chromium:
//   BASE=http://127.0.0.1:8787 node measure.mjs
import { chromium } from "playwright-core";

const RUNS = 5;
const base = process.env.BASE ?? "http://127.0.0.1:8787";
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Runs in the page before its own scripts. */
function observe() {
  globalThis.seen = { largest: 0, shift: 0, blocked: 0 };
  const on = (type, add) => new PerformanceObserver((list) => list.getEntries().forEach(add)).observe({ type, buffered: true });
  on("largest-contentful-paint", (entry) => (globalThis.seen.largest = entry.startTime));
  on("layout-shift", (entry) => (globalThis.seen.shift += entry.hadRecentInput ? 0 : entry.value));
  on("longtask", (entry) => (globalThis.seen.blocked += Math.max(0, entry.duration - 50)));
}

async function visit(number) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const [downloadThroughput, uploadThroughput] = [1.6e6 / 8, 750e3 / 8];
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput, uploadThroughput });
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await page.addInitScript(observe);
  await page.goto(`${base}/app/`);
  await page.waitForSelector(".featured math");
  await page.waitForTimeout(1500);
  const seen = await page.evaluate(() => ({
    ...globalThis.seen,
    first: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  }));
  const kilobytes = bytes / 1000;

  await page.goto(`${base}/app/sign-up`);
  await page.fill("input[name=email]", `measure-${Date.now()}-${number}@example.org`);
  await page.fill("input[name=password]", "correct horse battery");
  const answer = page.waitForResponse((response) => response.url().endsWith("/api/auth/register")).then(() => Date.now());
  await page.click("form button[type=submit]");
  await page.waitForSelector(".featured math");
  const question = Date.now() - (await answer);
  await context.close();
  return { ...seen, kilobytes, question };
}

const runs = [];
for (let number = 0; number < RUNS; number += 1) runs.push(await visit(number));
const median = (name) => runs.map((run) => run[name]).sort((a, b) => a - b)[Math.floor(RUNS / 2)];
console.log(`${browser.version()}, medians of ${RUNS}`);
console.log(`first visit, KB                    ${median("kilobytes").toFixed(1)}`);
console.log(`first contentful paint, s          ${(median("first") / 1000).toFixed(2)}`);
console.log(`largest contentful paint, s        ${(median("largest") / 1000).toFixed(2)}`);
console.log(`total blocking time, s             ${(median("blocked") / 1000).toFixed(2)}`);
console.log(`cumulative layout shift            ${median("shift").toFixed(3)}`);
console.log(`question after the sign-up, s      ${(median("question") / 1000).toFixed(2)}`);
await browser.close();
