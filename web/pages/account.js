// The account: address, sessions, password, all data, deletion.

import { get, post, remove } from "../api.js";
import { fill, h } from "../dom.js";
import { doing, form, heading, notice } from "../pieces.js";
import { figure } from "./course.js";
import { again, go, root } from "../router.js";
import { freshMe, setUser } from "../state.js";
import { forgetAll } from "../storage.js";
import { date, dateTime, t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../api.js").Of<"Export">} Export */

/** @param {Context} context @returns {Promise<import("../router.js").Page>} */
export async function account({ signal }) {
  const [user, { sessions }] = await Promise.all([freshMe(), get("/api/auth/sessions", { signal })]);
  return {
    title: t("account"),
    body: [
      heading(t("account")),
      h("dl.figures", null, figure(t("name"), user.name || "–"), figure(t("email"), user.email), figure(t("since"), date(Date.parse(user.created_at))), figure(t("plan"), t(`plan.${user.plan}`))),
      user.email_verified
        ? null
        : user.email_deliverable
          ? notice("note", h("p", null, t("verify.please")), doing(t("verify.again"), verifyAgain, "button quiet"))
          : notice("note", t("problem.email_undeliverable")),
      h(
        "section.card",
        { id: "sessions" },
        h("h2", null, t("sessions")),
        h("p.hint", null, t("sessions.hint")),
        h(
          "ul.rows",
          null,
          sessions.map((each) =>
            h(
              "li",
              null,
              h("span", null, t("session.since", { date: dateTime(Date.parse(each.created_at)) }), each.current ? h("span.tag.good", null, t("session.this")) : null, h("span.hint", null, t("session.until", { date: dateTime(Date.parse(each.expires_at)) }))),
              each.current
                ? null
                : doing(
                    t("session.end"),
                    async () => {
                      await remove("/api/auth/sessions/{id}", { path: { id: each.id } });
                      again();
                    },
                    "button quiet",
                  ),
            ),
          ),
        ),
        doing(t("sign.out"), signOut, "button quiet"),
      ),
      h("section.card", { id: "password" }, h("h2", null, t("password.change")), changePassword(user.email)),
      h("section.card", { id: "export" }, h("h2", null, t("export")), h("p", null, t("export.text")), doing(t("export.save"), saveExport, "button quiet")),
      h("section.card.danger", { id: "delete" }, h("h2", null, t("delete")), h("p", null, t("delete.text")), deletion(user.email)),
    ],
  };
}

async function verifyAgain() {
  const { email_verified } = await post("/api/auth/verify/resend");
  const place = document.querySelector(".notice.note");
  if (place) fill(place, t(email_verified ? "verify.done" : "verify.sent"));
}

/** Ends the session here and at the service. */
export async function signOut() {
  await post("/api/auth/logout").catch(() => {});
  forgetAll();
  setUser(null);
  go(root);
}

/** For password managers, which want to know whose password it is. @param {string} email */
const whose = (email) => h("input", { type: "email", autocomplete: "username", value: email, hidden: true, readonly: true, "aria-hidden": "true", tabindex: "-1" });

/** @param {string} email */
function changePassword(email) {
  const place = h("div", { role: "status" });
  const element = form({
    name: "password",
    fields: [
      { name: "current_password", label: t("password.current"), type: "password", autocomplete: "current-password" },
      { name: "password", label: t("password.new"), type: "password", autocomplete: "new-password", hint: t("password.hint"), min: 8, max: 128 },
    ],
    submit: t("password.save"),
    act: async (values) => {
      await post("/api/auth/password", { body: { current_password: values["current_password"] ?? "", new_password: values["password"] ?? "" } });
      for (const input of element.querySelectorAll("input")) input.value = "";
      fill(place, notice("good", t("password.changed")));
    },
  });
  element.prepend(whose(email));
  return [element, place];
}

/** All pages of the export in one file. */
async function saveExport() {
  /** @type {Record<string, unknown>} */
  const whole = {};
  /** @type {string | undefined} */
  let cursor;
  do {
    /** @type {Export} */
    const page = await get("/api/auth/export", { query: { cursor }, patient: true });
    for (const [name, value] of Object.entries(page)) {
      if (name === "next_cursor") continue;
      const known = whole[name];
      whole[name] = Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value;
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  const address = URL.createObjectURL(new Blob([JSON.stringify(whole, null, 2)], { type: "application/json" }));
  h("a", { href: address, download: "pastpaper-export.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {string} email */
function deletion(email) {
  const element = form({
    name: "delete",
    fields: [{ name: "password", label: t("password"), type: "password", autocomplete: "current-password" }],
    submit: t("delete.do"),
    kind: "button danger",
    act: async (values) => {
      await remove("/api/auth/account", { body: { password: values["password"] ?? "" } });
      forgetAll();
      setUser(null);
      go(root);
    },
  });
  element.prepend(whose(email));
  return h("details", null, h("summary", null, t("delete.open")), element);
}
