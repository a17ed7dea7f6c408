// Questions that a page holds as HTML get their answers: for a book, and for a widget.

/**
 * @typedef {{right: boolean, why: string}} Option
 * @typedef {{section: string, title: string, options: Option[]}} Question
 * @typedef {{questions: Question[], answers: string}} Verdicts
 */

const DONE = "scb-progress:done"; // what was answered right on this device: see memory.js

/** @param {string} packed deflated JSON in base64 @returns {Promise<Verdicts>} */
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

/** Where nothing may be stored even the look at it throws. @template T @param {() => T} act */
function tolerant(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

const recall = () => tolerant(() => JSON.parse(localStorage[DONE])) ?? {};

/** @param {string} key */
function keep(key) {
  tolerant(() => (localStorage[DONE] = JSON.stringify({ ...recall(), [key]: true })));
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} className @param {string} text
 */
function element(tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** JupyterLab leaves the keys alone that such an element gets. @template {Element} E @param {E} target */
function keepKeys(target) {
  target.setAttribute("data-lm-suppress-shortcuts", "true");
  return target;
}

/** @param {string} className @param {string} text @param {string} more only a screen reader says */
function button(className, text, more) {
  const made = element("button", className, text);
  made.setAttribute("type", "button");
  made.append(element("span", "scb-hidden", more));
  return keepKeys(made);
}

/** Where the answer is found; a link, if the section is on this page. @param {Question} question */
function place({ section, title }) {
  if (!document.getElementById(section)) return `“${title}”`;
  return keepKeys(Object.assign(element("a", "", title), { href: `#${section}` }));
}

/** Say in words what an answer is worth. @param {Element} said @param {Question} question @param {Option} option */
function tell(said, question, option) {
  const mark = element("span", "", option.right ? "✓ " : "✗ ");
  mark.setAttribute("aria-hidden", "true");
  const verdict = element("strong", "", option.right ? "Right." : "Not right.");
  said.replaceChildren(mark, verdict, ` ${option.why}`);
  if (!option.right) said.append(" Read again: ", place(question));
}

/** Make a quiz that stands in the page answer. @param {HTMLElement} root */
async function start(root) {
  root.dataset.ready = "";
  const data = root.querySelector('script[type="application/json"]')?.textContent ?? "";
  const { questions, answers } = await unpack(JSON.parse(data).packed);
  const count = /** @type {HTMLElement} */ (root.querySelector(".scb-count"));
  const again = button("scb-again", "Start again", "");
  const first = new Map(); // by question, whether its first answer was right
  const fields = [...root.querySelectorAll("fieldset")].map((field, at) =>
    ready(field, questions[at], at + 1),
  );

  function total() {
    again.hidden = first.size === 0;
    const right = [...first.values()].filter(Boolean).length;
    const whole = first.size === questions.length;
    count.textContent = whole ? `${right} of ${first.size} right at the first try.` : "";
  }

  function restart() {
    first.clear();
    total();
    for (const { clear } of fields) clear();
    fields[0].inputs[0].focus();
  }

  /** @param {HTMLFieldSetElement} field @param {Question} question @param {number} number */
  function ready(field, question, number) {
    const key = `quiz-${root.dataset.chapter}-${number}`;
    const inputs = [...field.querySelectorAll("input")];
    const said = /** @type {HTMLElement} */ (field.querySelector(".scb-said"));
    const before = element("span", "scb-before", " (answered right before)");
    const check = button("scb-confirm", "Check", ` answer ${number}`);

    function quiet() {
      said.replaceChildren();
      delete field.dataset.verdict;
    }
    function clear() {
      quiet();
      for (const input of inputs) input.checked = false;
      before.hidden = !recall()[key];
    }
    function confirm() {
      const chosen = inputs.findIndex((input) => input.checked);
      if (chosen < 0) return void (said.textContent = "Choose an answer first.");
      const option = question.options[chosen];
      field.dataset.verdict = option.right ? "right" : "wrong";
      tell(said, question, option);
      if (option.right) keep(key);
      if (!first.has(number)) first.set(number, option.right);
      total();
    }

    for (const input of inputs) keepKeys(input).addEventListener("change", quiet);
    check.addEventListener("click", confirm);
    field.querySelector("legend")?.append(before);
    said.before(check);
    clear();
    return { inputs, clear };
  }

  again.addEventListener("click", restart);
  count.after(again, element("p", "scb-key", answers));
  total();
}

/** @param {{model: {get(name: "page"): string}, el: HTMLElement}} view what anywidget hands over */
function render({ model, el }) {
  el.innerHTML = model.get("page");
  return start(/** @type {HTMLElement} */ (el.firstElementChild)); // resolves to no cleanup
}

export default { render };

for (const root of document.querySelectorAll(".scb-quiz:not([data-ready])"))
  start(/** @type {HTMLElement} */ (root));
