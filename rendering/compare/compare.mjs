// Counts which formulas of a JSON array our renderer draws as KaTeX or Temml draws them, and lists the others.
//
// Usage: node compare.mjs FORMULAS.json OURS.json [--same-names]
// OURS.json is what the example `formulas` of the crate prints for FORMULAS.json.
//
// What is compared: the symbols in their order with their letter variant, and fractions, roots, scripts, limits and
// cells. What is not, because it does not change the meaning:
//   - groups that only group (mrow, mstyle, mpadded, semantics), boxes and strikes, colour and size;
//   - space: mspace, blanks in text, the operator U+2061 and its kin, phantoms, empty cells at the ends of a row;
//   - the element of a symbol (mi, mn, mo, mtext), and where one element ends and the next begins;
//   - glyphs that tools choose differently for one symbol (EQUAL below);
//   - against Temml also the letter variant of text, limits written as scripts, and scripts with an empty base.

import { createRequire } from "node:module";
import fs from "node:fs";

const require = createRequire(import.meta.url);
const katex = require("katex");
require("katex/contrib/mhchem");
const temml = require("temml");
// Temml's extensions are scripts that expect the global `temml`.
globalThis.temml = temml;
for (const extension of ["mhchem", "physics", "texvc"]) {
  const path = require.resolve(`temml/contrib/${extension}/${extension}.js`);
  new Function("temml", fs.readFileSync(path, "utf8"))(temml);
}

const EQUAL = new Map(Object.entries({
  "−": "-", "‐": "-", "∣": "|", "∥": "‖", "⋅": "·", "∗": "*", "ˉ": "‾", "¯": "‾", "̅": "‾", "ˆ": "^", "̂": "^", "˜": "~", "̃": "~",
  "∼": "~", "⃗": "→", "˙": "̇", "¨": "̈", "ˇ": "̌", "˘": "̆", "´": "́", "`": "̀", "˚": "̊", "ϵ": "ϵ", "ε": "ε", "′": "'", "’": "'",
  "〈": "⟨", "〉": "⟩", "⎵": "⎵", "_": "‾", "︿": "^", "⁓": "~", "⟵": "←", "⟶": "→", "⟷": "↔", "⏞": "⏞", "µ": "μ", "Ω": "Ω", "⟹": "⇒", "⟸": "⇐", "⟺": "⇔",
}));
const INVISIBLE = /[\s\u00a0\u2000-\u200f\u2060-\u2064\u205f\u3000\ufe0e\ufe0f]/u;
const GROUPS = new Set(["math", "semantics", "mrow", "mstyle", "mpadded", "menclose", "span", "merror"]);
const TOKENS = new Set(["mi", "mn", "mo", "mtext", "ms"]);

function parse(markup) {
  const root = { name: "root", attributes: {}, children: [] };
  const open = [root];
  const tag = /<(\/?)([a-z0-9]+)((?:\s+[\w:-]+\s*(?:="[^"]*"|='[^']*')?)*)\s*(\/?)>|([^<]+)/gi;
  for (const [, closing, name, attributes, empty, text] of markup.matchAll(tag)) {
    const parent = open.at(-1);
    if (text !== undefined) parent.children.push(decode(text));
    else if (closing) open.pop();
    else {
      const node = { name, attributes: {}, children: [] };
      for (const [, key, value] of attributes.matchAll(/([\w:-]+)\s*=["']([^"']*)["']/g)) node.attributes[key] = decode(value);
      parent.children.push(node);
      if (!empty) open.push(node);
    }
  }
  return root;
}

function decode(text) {
  const named = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) =>
    hex ? String.fromCodePoint(parseInt(hex, 16)) : decimal ? String.fromCodePoint(+decimal) : named[name] ?? "?");
}

// A letter of a mathematical alphabet as its plain letter and the name of the alphabet.
const ALPHABETS = ["bold", "italic", "bold-italic", "script", "bold-script", "fraktur", "double-struck", "bold-fraktur", "sans-serif", "bold-sans-serif", "sans-serif-italic", "sans-serif-bold-italic", "monospace"];
function letter(character) {
  const code = character.codePointAt(0);
  const plain = character.normalize("NFKC");
  if (code >= 0x1d400 && code < 0x1d6a8) return [plain, ALPHABETS[Math.floor((code - 0x1d400) / 52)]];
  if (code >= 0x1d6a8 && code < 0x1d7cc) return [plain, ["bold", "italic", "bold-italic", "bold-sans-serif", "sans-serif-bold-italic"][Math.floor((code - 0x1d6a8) / 58)]];
  if (code >= 0x1d7ce && code < 0x1d800) return [plain, ["bold", "double-struck", "sans-serif", "bold-sans-serif", "monospace"][Math.floor((code - 0x1d7ce) / 10)]];
  if ("ℬℰℱℋℐℒℳℛℯℊℴ".includes(character)) return [plain, "script"];
  if ("ℭℌℑℜℨ".includes(character)) return [plain, "fraktur"];
  if ("ℂℍℕℙℚℝℤ".includes(character)) return [plain, "double-struck"];
  if (character === "ℎ") return ["h", "italic"];
  return [character, ""];
}

function styleVariant(style = "") {
  const bold = /font-weight:\s*bold/.test(style), italic = /font-style:\s*italic/.test(style);
  if (/font-family:\s*monospace/.test(style)) return "monospace";
  if (/font-family:\s*sans-serif/.test(style)) return bold ? (italic ? "sans-serif-bold-italic" : "bold-sans-serif") : italic ? "sans-serif-italic" : "sans-serif";
  return bold ? (italic ? "bold-italic" : "bold") : italic ? "italic" : "";
}

// The symbols of a token.
function symbols(node, loose) {
  let text = node.children.map((child) => (typeof child === "string" ? child : child.children?.join("") ?? "")).join("");
  const attribute = node.attributes.mathvariant ?? styleVariant(node.attributes.style);
  const single = [...text].length === 1;
  const result = [];
  for (const character of text.normalize("NFC")) {
    if (INVISIBLE.test(character) || /[\u0000-\u001f]/.test(character)) continue;
    let [plain, variant] = letter(character);
    if (!variant) variant = attribute === "normal" ? "" : attribute;
    // A single letter of `mi` is in italics unless told otherwise.
    const isLetter = /[A-Za-z\u0370-\u03ff]/u.test(plain);
    if (node.name === "mi" && single && isLetter && attribute === undefined) variant ||= "italic";
    if (node.name === "mi" && single && isLetter && attribute === "") variant ||= "italic";
    if (!isLetter && !/[0-9]/.test(plain)) variant = "";
    for (const one of plain) result.push(loose ? EQUAL.get(one) ?? one : `${EQUAL.get(one) ?? one}${variant ? `.${variant}` : ""}`);
  }
  return result;
}

const SCRIPTS = { munder: "msub", mover: "msup", munderover: "msubsup" };

// A formula as a sequence of symbols and structures.
function sequence(node, loose) {
  if (typeof node === "string") return [...node].filter((character) => !INVISIBLE.test(character));
  if (node.name === "annotation" || node.name === "mphantom" || node.name === "mspace") return [];
  if (TOKENS.has(node.name)) {
    return node.children.some((child) => typeof child !== "string" && !["mspace", "mtext"].includes(child.name)) ? inside(node, loose) : symbols(node, loose);
  }
  if (GROUPS.has(node.name) || node.name === "root") return inside(node, loose);
  if (node.name === "mtable") {
    const rows = node.children.filter((child) => child.name).map((row) => {
      const cells = row.children.filter((cell) => cell.name).map((cell) => inside(cell, loose).join(" "));
      while (cells.length && cells.at(-1) === "") cells.pop();
      while (cells.length && cells[0] === "") cells.shift();
      return cells.join(" ; ");
    });
    while (rows.length && rows.at(-1) === "") rows.pop();
    return [`mtable( ${rows.join(" // ")} )`];
  }
  const children = node.children.filter((child) => child.name);
  if (node.name === "msqrt") return [`msqrt( ${inside(node, loose).join(" ")} )`];
  const parts = children.map((child) => sequence(child, loose).join(" "));
  let name = loose ? SCRIPTS[node.name] ?? node.name : node.name;
  if (/^(msub|msup|msubsup|mover|munder|munderover)$/.test(name) && parts.slice(1).every((part) => part === "")) return parts[0] ? [parts[0]] : [];
  if (/^(msubsup|munderover)$/.test(name) && parts[2] === "") { parts.pop(); name = name === "msubsup" ? "msub" : "munder"; }
  else if (/^(msubsup|munderover)$/.test(name) && parts[1] === "") { parts.splice(1, 1); name = name === "msubsup" ? "msup" : "mover"; }
  if (name === "mfrac" && node.attributes.linethickness?.startsWith("0")) name = "stack";
  return [`${name}( ${parts.join(" , ")} )`];
}

const inside = (node, loose) => node.children.flatMap((child) => sequence(child, loose));
const normal = (markup, loose) => sequence(parse(markup), loose).join(" ").replace(/  +/g, " ").trim();

function attempt(draw) {
  try {
    return draw();
  } catch {
    return undefined;
  }
}

// KaTeX and Temml write a command that they do not trust in this colour.
const ERROR = "#b22222";
const drawnByKatex = (formula) => attempt(() => katex.renderToString(formula, { displayMode: true, output: "mathml", strict: false, throwOnError: true, errorColor: ERROR }));
const drawnByTemml = (formula) => attempt(() => temml.renderToString(formula, { displayMode: true, throwOnError: true, errorColor: ERROR }));

const [formulasPath, oursPath] = process.argv.slice(2);
const formulas = JSON.parse(fs.readFileSync(formulasPath, "utf8"));
const ours = JSON.parse(fs.readFileSync(oursPath, "utf8"));
const counts = { formulas: formulas.length, "drawn by KaTeX or Temml": 0, "of these drawn by us": 0, "of these the same": 0, "as KaTeX": 0, "as Temml": 0, "drawn by us alone": 0 };
const lists = { "Silent differences": [], "Refused by us": [], "Drawn by us alone": [] };
formulas.forEach((formula, at) => {
  const references = [drawnByKatex(formula), drawnByTemml(formula)].map((markup) => (markup?.includes(ERROR) ? undefined : markup));
  const html = ours[at].html;
  if (!references.some(Boolean)) {
    if (html) {
      counts["drawn by us alone"] += 1;
      lists["Drawn by us alone"].push(formula);
    }
    return;
  }
  counts["drawn by KaTeX or Temml"] += 1;
  if (!html) {
    lists["Refused by us"].push(`${formula}\n    ${ours[at].error}`);
    return;
  }
  counts["of these drawn by us"] += 1;
  const asKatex = references[0] !== undefined && normal(html, false) === normal(references[0], false);
  const asTemml = references[1] !== undefined && normal(html, true) === normal(references[1], true);
  counts["as KaTeX"] += asKatex;
  counts["as Temml"] += asTemml;
  if (asKatex || asTemml) counts["of these the same"] += 1;
  else {
    const shown = references.map((markup, which) => `    ${which ? "Temml" : "KaTeX"}: ${markup === undefined ? "refuses" : normal(markup, which === 1)}`);
    lists["Silent differences"].push(`${formula}\n    ours:  ${normal(html, references[0] === undefined)}\n${shown.join("\n")}`);
  }
});
for (const [name, list] of Object.entries(lists)) {
  console.log(`\n## ${name}: ${list.length}\n`);
  for (const entry of list) console.log(entry);
}
console.log();
for (const [name, count] of Object.entries(counts)) console.log(`${name}: ${count}`);
