// Plays our QTI 3 in @citolab/qti-components: the right response to each item must score its maximum, and another one 0.
import { readdirSync, readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';

const [folder, count] = process.argv.slice(2);
const { window } = new JSDOM('<!DOCTYPE html><body></body>', { url: 'http://localhost/', pretendToBeVisual: true });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
for (const name of ['CustomEvent', 'DOMParser', 'Event', 'EventTarget', 'HTMLElement', 'Node']) globalThis[name] = window[name];
// jsdom has no form-associated custom elements.
const internals = { checkValidity: () => true, reportValidity: () => true, setFormValue() {}, setValidity() {} };
window.HTMLElement.prototype.attachInternals = () => ({ ...internals, states: new Set(), validity: { valid: true } });
console.debug = () => {};
await import('@citolab/qti-components');

// XML as elements of the page, since custom elements are HTML.
function built(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.textContent);
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const made = document.createElement(node.localName);
  for (const { name, value } of node.attributes) made.setAttribute(name, value);
  for (const child of [...node.childNodes].map(built)) if (child) made.appendChild(child);
  return made;
}

let played = 0;
let failed = 0;
const files = readdirSync(`${folder}/items`).sort();
for (const file of files) {
  const xml = new DOMParser().parseFromString(readFileSync(`${folder}/items/${file}`, 'utf8'), 'application/xml');
  const item = built(xml.documentElement);
  document.body.replaceChildren(item);
  await new Promise((resume) => setTimeout(resume));
  const score = (responses) => {
    item.resetResponses?.();
    for (const [id, value] of responses) item.updateResponseVariable(id, value);
    item.processResponse(true, false);
    return Number(item.variables.find(({ identifier }) => identifier === 'SCORE').value);
  };
  const declared = [...xml.getElementsByTagName('qti-response-declaration')].map((declaration) => {
    const values = [...declaration.getElementsByTagName('qti-value')].map((value) => value.textContent);
    const many = declaration.getAttribute('cardinality') !== 'single';
    const other = ['float', 'integer'].includes(declaration.getAttribute('base-type')) ? '-98765' : 'none of these';
    return [declaration.getAttribute('identifier'), many ? values : values[0], many ? [other] : other];
  });
  const outcome = [...xml.getElementsByTagName('qti-outcome-declaration')].find(
    (one) => one.getAttribute('identifier') === 'SCORE',
  );
  const most = Number(outcome.getAttribute('normal-maximum'));
  const right = score(declared.map(([id, value]) => [id, value]));
  const wrong = score(declared.map(([id, , other]) => [id, other]));
  played += 1;
  if (right !== most || wrong > 0) {
    failed += 1;
    console.log(`    ${file}: the right response scores ${right} of ${most}, another one ${wrong}`);
  }
}
console.log(`qti-components: ${played - failed} of ${count} items score their maximum for the right response, and 0 for another`);
process.exit(failed > 0 || played !== Number(count) ? 1 : 0);
