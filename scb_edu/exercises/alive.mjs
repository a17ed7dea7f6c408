// What the quiz and the fields of the exercises have in common.

const DONE = "scb-progress:done"; // what was answered right on this device: see memory.js

/** @param {string} packed deflated JSON in base64 @returns {Promise<any>} */
export async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

/** What a piece of a page holds packed. @param {HTMLElement} root */
export function told(root) {
  const data = root.querySelector('script[type="application/json"]')?.textContent ?? "";
  return unpack(JSON.parse(data).packed);
}

/** Where nothing may be stored even the look at it throws. @template T @param {() => T} act */
function tolerant(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

export const recall = () => tolerant(() => JSON.parse(localStorage[DONE])) ?? {};

/** @param {string} key */
export function keep(key) {
  tolerant(() => (localStorage[DONE] = JSON.stringify({ ...recall(), [key]: true })));
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} className @param {string} text
 */
export function element(tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}
