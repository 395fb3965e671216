// What the page knows of the user and the prices. It is asked once and corrected by each answer.

import { get } from "./api.js";
import { session } from "./storage.js";

/** @typedef {import("./api.js").Of<"CurrentUser">} CurrentUser */
/** @typedef {import("./api.js").Of<"PriceList">} PriceList */

/** @type {CurrentUser | null} */
let user = null;
/** @type {Promise<CurrentUser> | null} */
let asking = null;
/** @type {Promise<PriceList> | null} */
let priceList = null;
/** @type {() => void} */
let changed = () => {};

/** @param {() => void} listener */
export function onUser(listener) {
  changed = listener;
}

/** The user as last heard of. */
export const knownUser = () => (session() ? user : null);

/** @param {CurrentUser | null} known */
export function setUser(known) {
  user = known;
  asking = null;
  changed();
}

/** @param {number} credits */
export function setCredits(credits) {
  if (user) setUser({ ...user, credits });
}

/** Asks for the user if it is not known. @returns {Promise<CurrentUser>} */
export function me() {
  if (user && session()) return Promise.resolve(user);
  asking ??= get("/api/auth/me").then((answer) => {
    setUser(answer.user);
    return answer.user;
  });
  asking.catch(() => (asking = null));
  return asking;
}

/** Asks again. */
export function freshMe() {
  user = null;
  asking = null;
  return me();
}

/** @returns {Promise<PriceList>} */
export function prices() {
  priceList ??= get("/api/prices");
  priceList.catch(() => (priceList = null));
  return priceList;
}
