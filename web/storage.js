// What this tab remembers. Everything about a person is in sessionStorage, which ends with the tab; only the choice of colours
// and language is in localStorage. docs/security.md says why.

/** @typedef {{ token: string, userId: string }} Session */

/** Storage may be switched off; then memory alone remembers. @type {Map<string, string>} */
const memory = new Map();

/** @param {string} name */
const full = (name) => `pastpaper.${name}`;

/** @param {Storage | undefined} storage @param {string} name @returns {string | null} */
function read(storage, name) {
  try {
    return storage?.getItem(full(name)) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/** @param {() => Storage} storage @param {string} name @param {string | null} value */
function write(storage, name, value) {
  if (value === null) memory.delete(name);
  else memory.set(name, value);
  try {
    if (value === null) storage().removeItem(full(name));
    else storage().setItem(full(name), value);
  } catch {
    // Full or switched off.
  }
}

/** @returns {Storage | undefined} */
function ofTab() {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

/**
 * A value that this tab keeps.
 * @template T @param {string} name @returns {T | null}
 */
export function kept(name) {
  const text = read(ofTab(), name);
  if (text === null) return null;
  try {
    return /** @type {T} */ (JSON.parse(text));
  } catch {
    return null;
  }
}

/** Keeps a value in this tab; null forgets it. @param {string} name @param {unknown} value */
export function keep(name, value) {
  write(() => sessionStorage, name, value === null ? null : JSON.stringify(value));
}

/** Forgets everything that this tab kept. */
export function forgetAll() {
  memory.clear();
  try {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("pastpaper.")) sessionStorage.removeItem(name);
  } catch {
    // Switched off.
  }
}

/** @param {string} name @returns {string | null} */
export function preference(name) {
  try {
    return localStorage.getItem(full(name));
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function prefer(name, value) {
  try {
    localStorage.setItem(full(name), value);
  } catch {
    // Switched off.
  }
}

/** @returns {Session | null} */
export const session = () => kept("session");

/**
 * Keeps a new session. What another user typed or ordered in this tab is forgotten first.
 * @param {Session} started
 */
export function startSession(started) {
  if (kept("user") !== started.userId) forgetAll();
  keep("user", started.userId);
  keep("session", started);
}

/** The session is over, but its user may come back and go on. */
export function dropSession() {
  keep("session", null);
}
