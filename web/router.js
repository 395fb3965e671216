// Pages by path. Links are ordinary links, so that they open in new tabs and are announced as links.

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {{ params: Record<string, string>, query: URLSearchParams, signal: AbortSignal }} Context */
/** @typedef {{ title: string, body: Child }} Page */
/** @typedef {(context: Context) => Page | Promise<Page>} MakePage */
/** @typedef {"open" | "signed in" | "signed out"} Access */
/** @typedef {[pattern: string, access: Access, make: MakePage]} Route */

/** Where the files are, such as `/app/`. */
export const root = new URL("./", import.meta.url).pathname;

/** The address of a page: `to("courses", id, "practice")`. @param {string[]} parts */
export const to = (...parts) => root + parts.map(encodeURIComponent).join("/");

/** @type {() => void} */
let changed = () => {};

/** @param {() => void} listener is called when another page is to be shown */
export function onNavigation(listener) {
  history.scrollRestoration = "manual";
  changed = listener;
  addEventListener("popstate", listener);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || !link.pathname.startsWith(root)) return;
    // A place in this page.
    if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}

/** @param {string} address @param {{ replace?: boolean }} [options] */
export function go(address, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", address);
  } else {
    // For the way back.
    history.replaceState({ y: scrollY }, "");
    history.pushState(null, "", address);
  }
  changed();
}

/** Shows the page again. */
export const again = () => changed();

/**
 * @param {Route[]} routes @param {string} pathname
 * @returns {{ route: Route, params: Record<string, string> } | null}
 */
export function match(routes, pathname) {
  const parts = pathname.slice(root.length).split("/").filter((part) => part !== "");
  for (const route of routes) {
    const wanted = route[0].split("/").filter((part) => part !== "");
    if (wanted.length !== parts.length) continue;
    /** @type {Record<string, string>} */
    const params = {};
    const fits = wanted.every((want, index) => {
      let part;
      try {
        part = decodeURIComponent(parts[index] ?? "");
      } catch {
        return false;
      }
      if (want.startsWith(":")) params[want.slice(1)] = part;
      return want.startsWith(":") || want === part;
    });
    if (fits) return { route, params };
  }
  return null;
}
