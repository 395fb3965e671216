// Calls the public contract. Types come from openapi.json.

import { api as base } from "./config.js";
import { dropSession, keep, kept, session } from "./storage.js";

/** A problem that the service answered. */
export class Problem extends Error {
  /** @param {Of<"Problem">} body @param {number} seconds */
  constructor(body, seconds) {
    super(body.detail);
    this.status = body.status;
    this.code = body.code;
    this.field = body.field;
    this.detail = body.detail;
    this.creditsNeeded = body.credits_needed;
    this.creditsAvailable = body.credits_available;
    this.conflicts = body.conflicts ?? [];
    /** Of a login that needs a second factor. */
    this.challenge = body.challenge;
    this.retryAfterSeconds = seconds;
  }

  /** Whether the request may have had its effect all the same. */
  get isUnsure() {
    return this.status >= 500 || this.status === 408;
  }
}

/** No answer came: the request may or may not have arrived. */
export class Lost extends Error {}

/**
 * Tells the page what happens around requests.
 * @type {{ waiting(seconds: number): void, waited(): void, connection(isThere: boolean): void, signedOut(): void, language: string }}
 */
export const surroundings = { waiting() {}, waited() {}, connection() {}, signedOut() {}, language: "en" };

/** The longest rate limit that is waited for in the background. */
const PATIENCE_SECONDS = 30;

/** @param {string} path @param {CallOptions} options */
function address(path, { path: parameters = {}, query = {} }) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parameters[name] ?? ""));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") asked.set(name, String(value));
  const text = String(asked);
  return base + filled + (text && `?${text}`);
}

/** @param {number} seconds @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/**
 * One request. Rate limits that end soon are waited for.
 * @param {string} method @param {string} path @param {CallOptions} options @returns {Promise<Response>}
 */
async function request(method, path, options) {
  const { body, key, signal, accept = "application/json" } = options;
  /** @type {Record<string, string>} */
  const headers = { Accept: accept, "Accept-Language": surroundings.language };
  const token = session()?.token;
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  /** @type {RequestInit} */
  const init = { method, headers, credentials: "omit", cache: "no-cache" };
  if (signal) init.signal = signal;
  if (body !== undefined) init.body = JSON.stringify(body);
  for (;;) {
    let response;
    try {
      response = await fetch(address(path, options), init);
    } catch (error) {
      if (signal?.aborted) throw error;
      surroundings.connection(false);
      throw new Lost("no answer came");
    }
    surroundings.connection(true);
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status === 429 && (options.patient || problem.retryAfterSeconds <= PATIENCE_SECONDS)) {
      surroundings.waiting(problem.retryAfterSeconds);
      try {
        await pause(problem.retryAfterSeconds, signal);
      } finally {
        surroundings.waited();
      }
      continue;
    }
    if (problem.code === "unauthenticated" && token) {
      if (session()?.token === token) dropSession();
      surroundings.signedOut();
    }
    throw problem;
  }
}

/** @param {Response} response @returns {Promise<Problem>} */
async function problemOf(response) {
  const seconds = Number(response.headers.get("Retry-After")) || 1;
  try {
    const body = await response.json();
    return new Problem(body, body.retry_after_seconds ?? seconds);
  } catch {
    // Something between us and the service answered.
    const body = { status: response.status, code: "unknown", detail: response.statusText, title: "", type: "", request_id: "" };
    return new Problem(/** @type {any} */ (body), seconds);
  }
}

/** The body of an answer; a connection may break within it. @param {Response} response @param {AbortSignal} [signal] */
async function read(response, signal) {
  try {
    return await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Lost("the answer broke off");
  }
}

/** @template {PathsWith<"get">} P @param {P} path @param {CallOptions} [options] @returns {Promise<AnswerOf<Paths[P]["get"]>>} */
export async function get(path, options = {}) {
  return read(await request("GET", path, options), options.signal);
}

/** A file in a form other than JSON. @param {PathsWith<"get">} path @param {CallOptions} options @returns {Promise<Blob>} */
export async function getFile(path, options) {
  const response = await request("GET", path, options);
  try {
    return await response.blob();
  } catch {
    throw new Lost("the answer broke off");
  }
}

/**
 * @template {PathsWith<"post">} P
 * @param {P} path @param {CallOptions & { body?: BodyOf<Paths[P]["post"]> }} [options] @returns {Promise<AnswerOf<Paths[P]["post"]>>}
 */
export async function post(path, options = {}) {
  return read(await request("POST", path, options), options.signal);
}

/**
 * @template {PathsWith<"delete">} P
 * @param {P} path @param {CallOptions & { body?: BodyOf<Paths[P]["delete"]> }} [options] @returns {Promise<AnswerOf<Paths[P]["delete"]>>}
 */
export async function remove(path, options = {}) {
  return read(await request("DELETE", path, options), options.signal);
}

/**
 * @template {PathsWith<"patch">} P
 * @param {P} path @param {CallOptions & { body: BodyOf<Paths[P]["patch"]> }} options @returns {Promise<AnswerOf<Paths[P]["patch"]>>}
 */
export async function patch(path, options) {
  return read(await request("PATCH", path, options), options.signal);
}

/** Idempotency keys of requests whose answer has not come, by request. @returns {Record<string, string>} */
const openOrders = () => kept("orders") ?? {};

/** @param {string} what @param {string | null} key */
function keepOrder(what, key) {
  const orders = openOrders();
  if (key === null) delete orders[what];
  else orders[what] = key;
  keep("orders", orders);
}

/** A random key. `crypto.randomUUID` is not there on a plain HTTP host of a local network. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * A request that has an effect once: the same request has the same key until an answer came, also after the page was loaded again.
 * @template {PathsWith<"post">} P
 * @param {P} path @param {CallOptions & { body?: BodyOf<Paths[P]["post"]> }} [options] @returns {Promise<AnswerOf<Paths[P]["post"]>>}
 */
export async function once(path, options = {}) {
  const what = JSON.stringify([path, options.path ?? {}, options.body ?? {}]);
  const key = openOrders()[what] ?? newKey();
  keepOrder(what, key);
  try {
    const answer = await post(path, { ...options, key });
    keepOrder(what, null);
    return answer;
  } catch (error) {
    if (error instanceof Problem && !error.isUnsure && error.status !== 429) keepOrder(what, null);
    throw error;
  }
}

/** Whether a GET would be answered; it spends nothing. @param {PathsWith<"get">} path @param {CallOptions} options */
export async function has(path, options) {
  try {
    await request("HEAD", path, options);
    return true;
  } catch (error) {
    if (error instanceof Problem && (error.status === 402 || error.status === 404)) return false;
    throw error;
  }
}
