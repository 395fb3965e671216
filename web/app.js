// Starts the page: frame, routes, navigation.

import { Problem, surroundings } from "./api.js";
import { fill, h } from "./dom.js";
import { explain, heading, icon, link, notice } from "./pieces.js";
import { again, go, match, onNavigation, root, to } from "./router.js";
import { knownUser, me, onUser, setUser } from "./state.js";
import { prefer, preference, session } from "./storage.js";
import { language, setLanguage, t } from "./texts.js";
import { account, signOut } from "./pages/account.js";
import { analysis } from "./pages/analysis.js";
import { browse, course, topic } from "./pages/course.js";
import { credits } from "./pages/credits.js";
import { confirmEmail, forgot, reset, signIn, signUp, undoEmail, verify } from "./pages/entry.js";
import { home } from "./pages/home.js";
import { midterm, midterms } from "./pages/midterm.js";
import { bundle, practice, question } from "./pages/practice.js";
import { progress } from "./pages/progress.js";

/** @type {import("./router.js").Route[]} */
const ROUTES = [
  ["", "open", home],
  ["sign-in", "signed out", signIn],
  ["sign-up", "signed out", signUp],
  ["forgot-password", "open", forgot],
  ["reset-password", "open", reset],
  ["verify-email", "open", verify],
  ["confirm-email", "open", confirmEmail],
  ["undo-email", "open", undoEmail],
  ["courses/:course", "signed in", course],
  ["courses/:course/practice", "signed in", practice],
  ["courses/:course/bundle", "signed in", bundle],
  ["courses/:course/questions", "signed in", browse],
  ["courses/:course/topics/:topic", "signed in", topic],
  ["courses/:course/midterm", "signed in", midterms],
  ["courses/:course/analysis", "signed in", analysis],
  ["courses/:course/progress", "signed in", progress],
  ["questions/:question", "signed in", question],
  ["midterms/:midterm", "signed in", midterm],
  ["credits", "signed in", credits],
  ["account", "signed in", account],
];

/** After this time without an answer the page says that it loads. */
const LOADING_MS = 250;

const main = h("main", { id: "main", tabindex: "-1" });
const status = h("div.status", { role: "status" });
const header = h("header.top", null);
const footer = h("footer.bottom", null);
const brand = h("a.brand", { href: root }, h("img", { src: `${root}icon.svg`, alt: "", width: 28, height: 28 }), "pastpaper");
let page = new AbortController();
let isFirst = true;

function frame() {
  const user = knownUser();
  const here = location.pathname;
  /** @param {string} text @param {string} address */
  const item = (text, address) => h("li", null, h("a", { href: address, "aria-current": here === address ? "page" : undefined }, text));
  fill(
    header,
    h("a.skip", { href: "#main", onclick: skip }, t("skip")),
    h(
      "div.bar-top",
      null,
      brand,
      h(
        "nav",
        { "aria-label": t("nav") },
        h(
          "ul",
          null,
          session()
            ? [
                item(t("courses"), root),
                h("li", null, h("a.balance", { href: to("credits"), "aria-current": here === to("credits") ? "page" : undefined }, icon("coin"), user ? (user.has_unlimited ? t("unlimited") : t("price", { n: user.credits })) : t("credits"))),
                item(t("account"), to("account")),
              ]
            : [item(t("sign.in"), to("sign-in")), item(t("sign.up"), to("sign-up"))],
        ),
      ),
    ),
  );
  const theme = preference("theme") ?? "system";
  /** @param {string} label @param {string} value @param {[string, string][]} options @param {(value: string) => void} change */
  const select = (label, value, options, change) =>
    h("label", null, h("span", null, label), h("select", { value, onchange: (/** @type {Event} */ event) => change(/** @type {HTMLSelectElement} */ (event.target).value) }, options.map(([each, text]) => h("option", { value: each }, text))));
  fill(
    footer,
    select(t("language"), language(), [["en", "English"], ["de", "Deutsch"]], changeLanguage),
    select(t("theme"), theme, [["system", t("theme.system")], ["light", t("theme.light")], ["dark", t("theme.dark")]], changeTheme),
    session() ? h("button.link", { type: "button", onclick: () => void signOut() }, t("sign.out")) : null,
    h("p.hint", null, t("footer")),
  );
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  main.focus();
}

/** @param {string} chosen */
function changeLanguage(chosen) {
  prefer("language", chosen);
  setLanguage(chosen);
  surroundings.language = language();
  document.documentElement.lang = language();
  again();
}

/** @param {string} chosen */
function changeTheme(chosen) {
  prefer("theme", chosen);
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

/** Shows the page of the present address. */
async function show() {
  page.abort(new DOMException("another page is shown", "AbortError"));
  const mine = (page = new AbortController());
  const found = match(ROUTES, location.pathname);
  const access = found?.route[1];
  if (access === "signed in" && !session()) {
    return go(`${to("sign-in")}?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
  }
  if (access === "signed out" && session()) return go(root, { replace: true });
  frame();
  if (session() && !knownUser()) me().catch(() => {});
  const loading = setTimeout(() => {
    main.setAttribute("aria-busy", "true");
    fill(main, h("div.loading", { role: "status" }, h("span.unseen", null, t("loading")), h("div", null), h("div", null), h("div", null)));
  }, LOADING_MS);
  /** @type {import("./router.js").Page} */
  let made;
  try {
    made = found
      ? await found.route[2]({ params: found.params, query: new URLSearchParams(location.search), signal: mine.signal })
      : { title: t("not.found"), body: [heading(t("not.found")), notice("note", t("problem.not_found")), h("p", null, link(t("go.home"), root, "button"))] };
  } catch (error) {
    if (mine.signal.aborted) return;
    const retry = h("button.button", { type: "button", onclick: () => void show() }, t("try.again"));
    const isGone = error instanceof Problem && error.status === 404;
    made = { title: t(isGone ? "not.found" : "failed"), body: [heading(t(isGone ? "not.found" : "failed")), explain(error), h("p.row", null, retry, link(t("go.home"), root, "button quiet"))] };
  } finally {
    clearTimeout(loading);
  }
  if (mine.signal.aborted) return;
  main.removeAttribute("aria-busy");
  document.title = made.title === t("home.title") ? "pastpaper" : `${made.title} · pastpaper`;
  fill(main, made.body);
  // The first page keeps the focus where the browser put it.
  if (!isFirst) {
    scrollTo(0, history.state?.y ?? 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
  isFirst = false;
}

/** @param {string} text */
const say = (text) => fill(status, text ? h("p", null, text) : null);

surroundings.language = language();
surroundings.waiting = (seconds) => say(t("waiting", { n: seconds }));
surroundings.waited = () => say("");
surroundings.connection = (isThere) => say(isThere ? "" : t("offline"));
surroundings.signedOut = () => {
  setUser(null);
  // Several requests of one page may be told so.
  if (location.pathname === to("sign-in")) return;
  go(`${to("sign-in")}?over=1&next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
};
addEventListener("offline", () => say(t("offline")));
addEventListener("online", () => {
  say("");
  if (main.querySelector("h1")?.textContent === t("failed")) again();
});

document.body.append(header, status, main, footer);
onUser(frame);
onNavigation(() => void show());
void show();
