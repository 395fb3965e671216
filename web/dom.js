// Builds elements. Text is always text: the one way to put markup into the page is `drawn`, for what the server has rendered.

import { api } from "./config.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {Element} parent @param {readonly Child[]} children */
function append(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, /** @type {Child[]} */ (child));
    else if (child !== null && child !== undefined && child !== false) parent.append(child instanceof Node ? child : String(child));
  }
}

/** @param {Element} element @param {Attributes} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "value") /** @type {HTMLInputElement} */ (element).value = String(value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, String(value));
  }
}

/**
 * An element: `h("p.hint", { id: "x" }, "text")`. A function under `onclick` listens to `click`.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K | `${K}.${string}`} kind @param {Attributes | null} [attributes] @param {Child[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(kind, attributes, ...children) {
  const [name, ...classes] = kind.split(".");
  const element = document.createElement(/** @type {K} */ (name));
  if (classes.length > 0) element.className = classes.join(" ");
  append(element, children);
  // After the children: a select needs its options before its value.
  if (attributes) set(element, attributes);
  return element;
}

/**
 * An element of a drawing.
 * @param {string} name @param {Attributes} attributes @param {Child[]} children @returns {SVGElement}
 */
export function svg(name, attributes, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  set(element, attributes);
  append(element, children);
  return element;
}

/**
 * With `require-trusted-types-for 'script'`, the browser refuses all other ways to make markup of text.
 * @type {{ createHTML(html: string): string } | undefined}
 */
const rendering = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("rendering", {
  createHTML: (/** @type {string} */ html) => html,
});

/** Markup that the server has rendered: its members `…_html`, `html` and `mathml` alone. @param {string} html */
export function drawn(html) {
  const template = document.createElement("template");
  template.innerHTML = rendering ? rendering.createHTML(html) : html;
  for (const image of template.content.querySelectorAll("img")) {
    image.loading = "lazy";
    const source = image.getAttribute("src");
    if (source?.startsWith("/api/")) image.src = api + source;
  }
  return template.content;
}

/**
 * A text as the server has rendered it, or as it is if there is no rendering.
 * @param {string | undefined} html @param {string | null | undefined} text
 * @returns {Child}
 */
export const shown = (html, text) => (html === undefined ? h("span.plain", null, text ?? "") : drawn(html));

/** Replaces what an element contains. @param {Element} element @param {Child[]} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** A box whose content is wider, be it by one pixel, can be scrolled by keyboard. */
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) target.toggleAttribute("tabindex", target.scrollWidth > target.clientWidth);
  for (const { target } of entries) if (target.hasAttribute("tabindex")) target.setAttribute("tabindex", "0");
});

/** A box whose content may be too wide. @template {HTMLElement} T @param {T} box @returns {T} */
export function scrolling(box) {
  sizes.observe(box);
  return box;
}

/** Saves a file. @param {Blob} file @param {string} name */
export function download(file, name) {
  const address = URL.createObjectURL(file);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

let lastId = 0;
/** An id for a label or a description. */
export const newId = () => `n${++lastId}`;
