// Pieces that several pages use.

import { Lost, Problem } from "./api.js";
import { fill, h, newId, svg } from "./dom.js";
import { to } from "./router.js";
import { knownUser, setCredits } from "./state.js";
import { keep, kept } from "./storage.js";
import { date, has, number, percent, t } from "./texts.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./texts.js").Key} Key */
/** @typedef {import("./api.js").Of<"CurrentUser">} CurrentUser */

/** The heading of a page, which gets the focus. @param {Child[]} children */
export const heading = (...children) => h("h1", { tabindex: "-1" }, ...children);

/** Where a page is. @param {[text: string, address: string][]} above */
export const crumbs = (...above) =>
  h("nav.crumbs", { "aria-label": t("crumbs") }, h("ol", null, above.map(([text, address]) => h("li", null, h("a", { href: address }, text)))));

/** @param {string} text @param {string} address @param {string} [kind] */
export const link = (text, address, kind = "") => h("a", { href: address, class: kind || undefined }, text);

/** Names of courses that were seen. @type {Map<string, string>} */
export const courseNames = new Map();

/** The way up to a course, whose name may not be known. @param {string} id @returns {[string, string][]} */
export const upToCourse = (id) => [
  [t("courses"), to()],
  [courseNames.get(id) ?? t("course"), to("courses", id)],
];

/** A message. @param {"bad" | "good" | "note"} kind @param {Child[]} children */
export const notice = (kind, ...children) => h(`div.notice.${kind}`, { role: kind === "bad" ? "alert" : "status" }, ...children);

/** A text of the server in English. @param {string} text */
export const english = (text) => h("span", { lang: "en" }, text);

/** Says what went wrong, and what helps. @param {unknown} error @returns {HTMLElement} */
export function explain(error) {
  if (error instanceof Lost) return notice("bad", h("strong", null, t("lost")), " ", t("lost.kept"));
  if (!(error instanceof Problem)) {
    console.error(error);
    return notice("bad", t("problem.internal"));
  }
  switch (error.code) {
    case "insufficient_credits":
      return needCredits(error.creditsNeeded ?? 0, error.creditsAvailable ?? 0);
    case "rate_limited":
      return wait(error.retryAfterSeconds);
    case "invalid_field":
    case "missing_field":
      return notice("bad", h("strong", null, t("problem.field")), " ", english(plain(error)));
    case "blueprint_infeasible":
      return notice("bad", h("strong", null, t("problem.infeasible")), conflicts(error.conflicts));
    default: {
      const key = `problem.${error.code}`;
      if (has(key)) return notice("bad", t(key));
      return notice("bad", error.status >= 500 ? t("problem.internal") : english(error.detail));
    }
  }
}

/** The detail of a problem without the name of its field in the request. @param {Problem} error */
export const plain = (error) => {
  const text = error.detail.replace(/`(\w+)`/g, (_, name) => name.replaceAll("_", " "));
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** @param {unknown[]} found */
function conflicts(found) {
  const lines = /** @type {{ field?: string, requirement?: string, asked?: unknown, available?: unknown }[]} */ (found);
  return h("ul", null, lines.map((line) => h("li", { lang: "en" }, Object.values(line).map((value) => show(value)).join(" · "))));
}

/** @param {unknown} value @returns {string} */
const show = (value) => (value !== null && typeof value === "object" ? Object.values(value).map(show).join("–") : String(value).replaceAll("_", " "));

/** Says what is missing and how to get it. @param {number} needed @param {number} available */
export function needCredits(needed, available) {
  const user = knownUser();
  return notice(
    "bad",
    h("p", null, h("strong", null, t("missing", { n: needed - available })), " ", t("missing.detail", { needed, available })),
    user && h("p", null, t("missing.reset", { date: date(user.credits_reset_at * 1000) })),
    h("p", null, link(t("missing.get"), to("credits"), "button")),
  );
}

/** Says how long to wait, and counts down. @param {number} seconds */
export function wait(seconds) {
  const until = Date.now() + seconds * 1000;
  const left = h("strong", null, "");
  const tick = () => {
    const rest = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    left.textContent = rest > 0 ? t("wait", { time: clock(rest) }) : t("wait.over");
    if (rest > 0 && (left.isConnected || rest > seconds - 2)) setTimeout(tick, 1000);
  };
  tick();
  // Its text changes every second: read once, not every second.
  return h("div.notice.bad", null, h("p.unseen", { role: "alert" }, t("wait", { time: clock(seconds) })), h("p", { "aria-hidden": "true" }, left), h("p", null, t("wait.kept")));
}

/** @param {number} seconds */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A price, for a button. @param {number} credits */
export const price = (credits) => (knownUser()?.has_unlimited ? t("price.included") : t("price", { n: credits }));

/** Says what a purchase leaves. @param {number} credits */
export function afterwards(credits) {
  const user = knownUser();
  if (!user) return t("price", { n: credits });
  if (user.has_unlimited) return t("after.unlimited");
  if (user.credits < credits) return t("after.missing", { have: user.credits, n: credits - user.credits });
  return t("after", { have: user.credits, rest: user.credits - credits });
}

/** An icon of the set. @param {keyof typeof ICONS} name */
export const icon = (name) => svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));

const ICONS = {
  check: "m5 12.5 4.5 4.5L19 7.5",
  cross: "m6 6 12 12M18 6 6 18",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
  coin: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4.5v9M9.5 9.5h3.6a1.7 1.7 0 0 1 0 3.4H9.8",
  pencil: "m4 20 1-4L16 5l3 3L8 19z",
  paper: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  chart: "M5 20V10M12 20V4M19 20v-7",
  target: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 5a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  list: "M5 6h14M5 12h14M5 18h14",
};

/** A link to something that can be done. @param {keyof typeof ICONS} name @param {string} title @param {string} text @param {string} address @param {string} [tag] */
export const action = (name, title, text, address, tag) =>
  h("a.action", { href: address }, h("span.round", null, icon(name)), h("span.words", null, h("span.first", null, h("strong", null, title), tag ? h("span.tag", null, tag) : null), h("span", null, text)));

/** A bar of a share, beside its number in words. @param {number} share 0 to 1 @param {[number, number]} [interval] @param {string} [kind] */
export function bar(share, interval, kind = "") {
  const x = (/** @type {number} */ value) => Math.round(Math.max(0, Math.min(1, value)) * 1000) / 10;
  return svg(
    "svg",
    { class: `bar ${kind}`, "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 100 10" },
    svg("rect", { class: "track", x: 0, y: 0, width: 100, height: 10 }),
    svg("rect", { class: "value", x: 0, y: 0, width: x(share), height: 10 }),
    interval && svg("rect", { class: "interval", x: x(interval[0]), y: 4, width: Math.max(0.5, x(interval[1]) - x(interval[0])), height: 2 }),
  );
}

/** A table that scrolls by itself on a small screen. @param {string} caption @param {string[]} heads @param {Child[][]} rows @param {{ numbers?: number[], hide?: boolean }} [options] */
export function table(caption, heads, rows, { numbers = [], hide = false } = {}) {
  const kind = (/** @type {number} */ index) => (numbers.includes(index) ? "number" : undefined);
  return h(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      null,
      h("caption", { class: hide ? "unseen" : undefined }, caption),
      h("thead", null, h("tr", null, heads.map((head, index) => h("th", { scope: "col", class: kind(index) }, head)))),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h("tr", null, row.map((cell, index) => (index === 0 ? h("th", { scope: "row" }, cell) : h("td", { class: kind(index) }, cell)))),
        ),
      ),
    ),
  );
}

/** @param {number} level 1 to 5 */
export const difficulty = (level) =>
  h("span.dots", { role: "img", "aria-label": t("difficulty.of", { n: level }) }, [1, 2, 3, 4, 5].map((each) => h("span", { class: each <= level ? "on" : "off" })));

/**
 * Runs an action of a button: it is busy meanwhile, and what fails is said below it.
 * @param {HTMLElement} place where failures are said @param {HTMLButtonElement} button @param {() => Promise<void>} act
 */
export async function run(place, button, act) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  button.classList.add("busy");
  fill(place);
  try {
    await act();
  } catch (error) {
    // Another tab may have spent them.
    if (error instanceof Problem && error.creditsAvailable !== undefined) setCredits(error.creditsAvailable);
    const said = explain(error);
    fill(place, said);
    said.scrollIntoView({ block: "nearest" });
    if (error instanceof Problem && error.code === "rate_limited") {
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterSeconds * 1000));
    }
  } finally {
    button.removeAttribute("aria-disabled");
    button.classList.remove("busy");
  }
}

/**
 * A button that does something.
 * @param {Child} label @param {() => Promise<void>} act @param {string} [kind] @returns {HTMLElement}
 */
export function doing(label, act, kind = "button") {
  const place = h("div", null);
  const button = h("button", { type: "button", class: kind }, label);
  button.addEventListener("click", () => void run(place, button, act));
  return h("div.doing", null, button, place);
}

/**
 * A button that spends credits, with its price and what is left.
 * @param {string} label @param {number} credits @param {() => Promise<void>} act
 */
export const buying = (label, credits, act) => offering(label, credits, act).element;

/**
 * Such a button whose offer changes. The button stays the same: one that is replaced while it is pressed is not clicked.
 * @param {string} label @param {number} credits @param {() => Promise<void>} act
 */
export function offering(label, credits, act) {
  const id = newId();
  const [what, cost, left] = [h("span", null, ""), h("span.price", null, ""), h("p.hint", { id }, "")];
  const change = (/** @type {string} */ label, /** @type {number} */ credits) => {
    what.textContent = label;
    cost.textContent = price(credits);
    left.textContent = afterwards(credits);
  };
  change(label, credits);
  const place = h("div", null);
  const button = h("button.button.buy", { type: "button", "aria-describedby": id }, what, cost);
  button.addEventListener("click", () => void run(place, button, act));
  return { element: h("div.doing", null, button, left, place), change };
}

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {string} [type]
 * @property {string} [autocomplete]
 * @property {string} [hint]
 * @property {boolean} [optional]
 * @property {number} [min]
 * @property {number} [max]
 */

/**
 * A form. What was typed is kept, except for passwords.
 * @param {{ name: string, fields: Field[], submit: string, kind?: string, act: (values: Record<string, string>) => Promise<void> }} options
 */
export function form({ name, fields, submit, act, kind = "button" }) {
  const draft = `draft.${name}`;
  /** @type {Record<string, string>} */
  const typed = kept(draft) ?? {};
  const place = h("div", null);
  /** @type {Map<string, { input: HTMLInputElement, error: HTMLElement }>} */
  const inputs = new Map();
  const rows = fields.map((field) => {
    const [id, hintId, errorId] = [newId(), newId(), newId()];
    const isSecret = field.type === "password";
    const input = h("input", {
      id,
      name: field.name,
      type: field.type ?? "text",
      autocomplete: field.autocomplete ?? "off",
      required: !field.optional,
      minlength: field.min,
      maxlength: field.max,
      "aria-describedby": `${field.hint ? hintId : ""} ${errorId}`.trim(),
      value: isSecret ? "" : (typed[field.name] ?? ""),
    });
    if (!isSecret) {
      input.addEventListener("input", () => {
        typed[field.name] = input.value;
        keep(draft, typed);
      });
    }
    const error = h("p.error", { id: errorId }, "");
    inputs.set(field.name, { input, error });
    return h(
      "div.field",
      null,
      h("label", { for: id }, field.label, field.optional ? h("span.optional", null, ` (${t("optional")})`) : null),
      field.hint ? h("p.hint", { id: hintId }, field.hint) : null,
      isSecret ? h("div.secret", null, input, reveal(input)) : input,
      error,
    );
  });
  const button = h("button", { class: kind, type: "submit" }, submit);
  const element = h("form", { novalidate: true }, rows, h("div.doing", null, button, place));

  /** @param {string} name @param {Child} text */
  const blame = (name, text) => {
    const found = inputs.get(name);
    if (!found) return false;
    fill(found.error, text);
    found.input.setAttribute("aria-invalid", "true");
    return true;
  };
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    let first = null;
    for (const { input, error } of inputs.values()) {
      fill(error);
      input.removeAttribute("aria-invalid");
      if (input.validity.valid) continue;
      blame(input.name, complaint(input));
      first ??= input;
    }
    if (first) return first.focus();
    const values = Object.fromEntries([...inputs].map(([name, { input }]) => [name, input.value]));
    void run(place, button, async () => {
      try {
        await act(values);
        keep(draft, null);
      } catch (error) {
        const field = error instanceof Problem && error.status < 500 ? (error.field ?? "") : "";
        const name = FIELD_NAMES[field] && inputs.has(FIELD_NAMES[field] ?? "") ? (FIELD_NAMES[field] ?? "") : field;
        if (error instanceof Problem && blame(name, english(plain(error)))) return inputs.get(name)?.input.focus();
        throw error;
      }
    });
  });
  return element;
}

/** Members of requests whose field in a form has another name. @type {Record<string, string>} */
const FIELD_NAMES = { new_password: "password" };

/** @param {HTMLInputElement} input */
function complaint(input) {
  const { valueMissing, tooShort, typeMismatch } = input.validity;
  if (valueMissing) return t("field.missing");
  if (tooShort) return t("field.short", { n: input.minLength });
  return typeMismatch && input.type === "email" ? t("field.email") : input.validationMessage;
}

/** Shows a password while it is typed. @param {HTMLInputElement} input */
function reveal(input) {
  const button = h("button.link", { type: "button", "aria-pressed": "false" }, t("password.show"));
  button.addEventListener("click", () => {
    const isShown = input.type === "text";
    input.type = isShown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!isShown));
  });
  return button;
}

/** @param {import("./api.js").Of<"AttemptCounts">} counts */
export const rate = (counts) => (counts.attempts > 0 ? percent(counts.accuracy_rate) : "–");

/** @param {number | null | undefined} points */
export const points = (points) => (points === null || points === undefined ? null : t("points", { n: number(points) }));

/** The name of an exam. @param {{ exam_type?: string | null, source_exam_type?: string | null, semester?: string | null, exam_semester?: string | null, year?: number | null, source_exam_year?: number | null, exam_year?: number | null }} exam */
export function examName(exam) {
  const type = exam.exam_type ?? exam.source_exam_type;
  const semester = exam.semester ?? exam.exam_semester;
  const year = exam.year ?? exam.exam_year ?? exam.source_exam_year;
  const words = [type && word("exam", type), semester && word("semester", semester), year];
  return words.filter(Boolean).join(" ");
}

/** A word of the course's data, translated if it is a usual one. @param {string} group @param {string} text */
export function word(group, text) {
  const key = `${group}.${text.toLowerCase()}`;
  return has(key) ? t(key) : text;
}
