// The account: address, notices, sessions, password, all data, deletion.

import { get, patch, post, remove } from "../api.js";
import { download, fill, h } from "../dom.js";
import { doing, explain, form, heading, notice } from "../pieces.js";
import { figure } from "./course.js";
import { again, go, root } from "../router.js";
import { freshMe, setUser } from "../state.js";
import { forgetAll } from "../storage.js";
import { date, dateTime, t } from "../texts.js";

/** @param {Context} context @returns {Promise<Page>} */
export async function account({ signal }) {
  const [user, { sessions }, { notices }] = await Promise.all([freshMe(), get("/api/auth/sessions", { signal }), get("/api/auth/notices", { signal })]);
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
      h("section.card", { id: "profile" }, h("h2", null, t("profile")), user.new_email ? notice("note", t("email.pending", { email: user.new_email })) : null, profile(user)),
      h("section.card", { id: "password" }, h("h2", null, t("password.change")), changePassword(user.email)),
      h("section.card", { id: "factor" }, h("h2", null, t("factor")), user.second_factor ? factorRemoval() : factorSetup()),
      h("section.card", { id: "notices" }, h("h2", null, t("notices")), h("p", null, t("notices.text")), notices.filter(({ essential }) => !essential).map(choice)),
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

/** @param {Of<"CurrentUser">} user */
function profile(user) {
  const place = h("div", { role: "status" });
  const element = form({
    name: "profile",
    fields: [
      { name: "name", label: t("name"), autocomplete: "name", optional: true, max: 100, value: user.name ?? "" },
      { name: "email", label: t("email"), type: "email", autocomplete: "email", value: user.email, hint: t("email.change.hint") },
      { name: "password", label: t("password"), type: "password", autocomplete: "current-password", optional: true, hint: t("email.change.password") },
    ],
    submit: t("profile.save"),
    act: async ({ name = "", email = "", password = "" }) => {
      const isOther = email.trim() !== user.email;
      const { user: changed } = await patch("/api/auth/me", { body: { name, ...(isOther && { email: email.trim(), password: password || null }) } });
      setUser(changed);
      fill(place, notice("good", changed.new_email ? t("email.pending", { email: changed.new_email }) : t("profile.saved")));
    },
  });
  return [element, place];
}

/** A notice by mail. A choice is saved at once. @param {Of<"NoticeView">} notice */
function choice({ kind, enabled }) {
  const place = h("div", null);
  const input = h("input", { type: "checkbox", checked: enabled });
  input.addEventListener("change", async () => {
    fill(place);
    try {
      await patch("/api/auth/notices", { body: { [kind]: input.checked } });
    } catch (error) {
      input.checked = !input.checked;
      fill(place, explain(error));
    }
  });
  return h("div", null, h("label.check", null, input, t(`notices.${/** @type {"plan_started"} */ (kind)}`)), place);
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

/** @returns {Field} */
const presentPassword = () => ({ name: "password", label: t("password"), type: "password", autocomplete: "current-password" });
/** @param {string} hint @returns {Field} */
const code = (hint) => ({ name: "code", label: t("factor.code"), autocomplete: "one-time-code", hint, max: 64 });

/** Password, then the secret and a code of the app, then the recovery codes. */
function factorSetup() {
  const place = h("div", null, h("p", null, t("factor.text")));
  place.append(
    form({
      name: "factor-setup",
      fields: [presentPassword()],
      submit: t("factor.setup"),
      kind: "button quiet",
      act: async ({ password = "" }) => {
        const { secret, uri } = await post("/api/auth/factor", { body: { password } });
        fill(place, h("p", null, t("factor.secret")), h("p", null, h("code", null, secret)), h("p", null, h("a", { href: uri }, t("factor.open"))), confirming());
        place.querySelector("input")?.focus();
      },
    }),
  );
  const confirming = () =>
    form({
      name: "factor-confirm",
      fields: [code(t("factor.code.app"))],
      submit: t("factor.confirm"),
      act: async ({ code = "" }) => {
        const { recovery_codes } = await post("/api/auth/factor/confirm", { body: { code: code.trim() } });
        fill(place, notice("good", t("factor.on")), h("p", null, t("factor.recovery")), h("ul", null, recovery_codes.map((each) => h("li", null, h("code", null, each)))));
      },
    });
  return place;
}

const factorRemoval = () => [
  notice("good", t("factor.on")),
  form({
    name: "factor-remove",
    fields: [presentPassword(), code(t("factor.code.hint"))],
    submit: t("factor.remove"),
    kind: "button quiet",
    act: async ({ password = "", code = "" }) => {
      await remove("/api/auth/factor", { body: { password, code: code.trim() } });
      again();
    },
  }),
];

/** All pages of the export in one file. */
async function saveExport() {
  /** @type {Record<string, unknown>} */
  const whole = {};
  /** @type {string | undefined} */
  let cursor;
  do {
    /** @type {Of<"Export">} */
    const page = await get("/api/auth/export", { query: { cursor }, patient: true });
    for (const [name, value] of Object.entries(page)) {
      if (name === "next_cursor") continue;
      const known = whole[name];
      whole[name] = Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value;
    }
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  download(new Blob([JSON.stringify(whole, null, 2)], { type: "application/json" }), "pastpaper-export.json");
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
