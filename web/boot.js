// Sets colours and language before the first paint. It is no module, so that the browser does not draw the page before it ran.
(() => {
  const read = (/** @type {string} */ name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const theme = read("pastpaper.theme");
  if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
  const language = read("pastpaper.language") ?? navigator.language;
  root.lang = language.toLowerCase().startsWith("de") ? "de" : "en";
})();
