// Questions that a page holds as HTML get their answers: for a book, and for a widget.
import { element, keep, recall, told } from "./alive.mjs";

/**
 * @typedef {{right: boolean, why: string}} Option
 * @typedef {{section: string, title: string, options: Option[]}} Question
 * @typedef {{questions: Question[], answers: string}} Verdicts
 */

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
  const { questions, answers } = /** @type {Verdicts} */ (await told(root));
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
