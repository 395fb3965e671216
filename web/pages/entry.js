// Sign up, sign in, a forgotten password, and the pages that mails link to.

import { Problem, callOptional, post } from "../api.js";
import { h } from "../dom.js";
import { doing, explain, form, heading, link, notice } from "../pieces.js";
import { go, root, to } from "../router.js";
import { freshMe, knownUser } from "../state.js";
import { session, startSession } from "../storage.js";
import { t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../router.js").Page} Page */
/** @typedef {import("../dom.js").Child} Child */
/** @typedef {import("../pieces.js").Field} Field */

/** @returns {Field} */
const email = () => ({ name: "email", label: t("email"), type: "email", autocomplete: "username" });
/** @returns {Field} */
const newPassword = () => ({ name: "password", label: t("password.new"), type: "password", autocomplete: "new-password", hint: t("password.hint"), min: 8, max: 128 });

/** @param {string} title @param {Child[]} children @returns {Page} */
const entry = (title, ...children) => ({ title, body: h("div.narrow.card", null, heading(title), children) });

/** @param {{ token: string, user: { id: string } }} started @param {URLSearchParams} query */
async function enter(started, query) {
  startSession({ token: started.token, userId: started.user.id });
  // Not waited for: the next page asks for what it needs at the same time.
  freshMe().catch(() => {});
  const next = query.get("next");
  go(next?.startsWith(root) ? next : root, { replace: true });
}

/** @param {URLSearchParams} query */
const others = (query) => (query.get("next") ? `?next=${encodeURIComponent(query.get("next") ?? "")}` : "");

/** @param {Context} context */
export const signIn = ({ query }) =>
  entry(
    t("sign.in"),
    query.get("over") ? notice("note", t("session.over")) : null,
    form({
      name: "sign-in",
      fields: [email(), { name: "password", label: t("password"), type: "password", autocomplete: "current-password" }],
      submit: t("sign.in"),
      act: async (values) => enter(await post("/api/auth/login", { body: { email: values["email"] ?? "", password: values["password"] ?? "" } }), query),
    }),
    h("p", null, link(t("forgot"), to("forgot-password"))),
    h("p", null, t("no.account"), " ", link(t("sign.up"), to("sign-up") + others(query))),
  );

/** @param {Context} context */
export const signUp = ({ query }) =>
  entry(
    t("sign.up"),
    h("p", null, t("sign.up.gift")),
    form({
      name: "sign-up",
      fields: [{ name: "name", label: t("name"), autocomplete: "name", optional: true, max: 100 }, email(), newPassword()],
      submit: t("sign.up"),
      act: async (values) => {
        const name = (values["name"] ?? "").trim();
        const body = { email: values["email"] ?? "", password: values["password"] ?? "", ...(name && { name }) };
        await enter(await post("/api/auth/register", { body }), query);
      },
    }),
    h("p", null, t("have.account"), " ", link(t("sign.in"), to("sign-in") + others(query))),
  );

export const forgot = () => {
  const place = h("div", null);
  const element = form({
    name: "forgot",
    fields: [email()],
    submit: t("forgot.send"),
    act: async (values) => {
      await post("/api/auth/forgot", { body: { email: values["email"] ?? "" } });
      element.replaceWith(notice("good", t("forgot.sent")));
    },
  });
  return entry(t("forgot"), h("p", null, t("forgot.text")), element, place, h("p", null, link(t("sign.in"), to("sign-in"))));
};

/** The token behind `#`, which browsers send to no server. */
const linkToken = () => new URLSearchParams(location.hash.slice(1)).get("token") ?? "";

export const reset = () => {
  const token = linkToken();
  if (!token) return entry(t("reset"), notice("bad", t("link.broken")), h("p", null, link(t("forgot"), to("forgot-password"))));
  const element = form({
    name: "reset",
    fields: [newPassword()],
    submit: t("reset.save"),
    act: async (values) => {
      await post("/api/auth/reset", { body: { token, new_password: values["password"] ?? "" } });
      element.replaceWith(notice("good", t("reset.done")), h("p", null, link(t("sign.in"), to("sign-in"), "button")));
      history.replaceState(null, "", location.pathname);
    },
  });
  return entry(t("reset"), element);
};

/** Where to go on. */
const onwards = () => h("p", null, session() ? link(t("go.on"), root, "button") : link(t("sign.in"), to("sign-in"), "button"));

/**
 * A page that sends the token of its link by itself.
 * @param {import("../texts.js").Key} title @param {import("../texts.js").Key} done @param {(token: string) => Promise<unknown>} send
 */
async function sending(title, done, send) {
  const token = linkToken();
  if (!token) return entry(t(title), notice("bad", t("link.broken")), onwards());
  try {
    await send(token);
    history.replaceState(null, "", location.pathname);
    if (session() && knownUser()) freshMe().catch(() => {});
    return entry(t(title), notice("good", t(done)), onwards());
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return entry(t(title), explain(error), onwards());
  }
}

export const verify = () => sending("verify", "verify.done", (token) => post("/api/auth/verify", { body: { token } }));

export const confirmEmail = () => sending("email.confirm", "email.confirmed", (token) => callOptional("POST", "/api/auth/email/confirm", { body: { token } }));

/** It ends all sessions, so it is not done by a program that only looks at the link. */
export const undoEmail = () => {
  const token = linkToken();
  if (!token) return entry(t("email.undo"), notice("bad", t("link.broken")), onwards());
  const undo = doing(t("email.undo.do"), async () => {
    await callOptional("POST", "/api/auth/email/undo", { body: { token } });
    history.replaceState(null, "", location.pathname);
    undo.replaceWith(notice("good", t("email.undone")));
  });
  return entry(t("email.undo"), h("p", null, t("email.undo.text")), undo);
};
