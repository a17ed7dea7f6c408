// An exercise answers back in the page: what is written into its field is judged as Python does.
import { element, keep, recall, told } from "./alive.mjs";
import { read, said } from "./arithmetic.mjs";

/**
 * @typedef {import("./arithmetic.mjs").Answer & {hints: string[],
 *   boxes: {right: string, wrong: string, open: string}}} Exercise
 */

const NOTHING = "Not answered yet: write your answer, then check it.";
const UNREADABLE =
  "I cannot read that. Write numbers as in 0.5, 1/3, -0.025 or 3e-4, several with commas between " +
  "them. You can use + - * / **, brackets, sqrt, log (the natural one), exp, abs, and Phi (the " +
  "normal distribution).";

/** @param {string} text */
const escaped = (text) => element("span", "", text).innerHTML;

/** Let an exercise that stands in the page answer. @param {HTMLElement} root */
async function start(root) {
  root.dataset.ready = "";
  const exercise = /** @type {Exercise} */ (await told(root));
  const { hints, boxes } = exercise;
  const key = `answer-${root.dataset.name}`;
  const input = element("input", "", "");
  const check = element("button", "", "Check");
  const before = element("span", "scb-before", "✓ answered right before");
  const status = /** @type {HTMLElement} */ (root.querySelector('[role="status"]'));
  const several = exercise.right.length > 1;
  let wrong = 0; // answers since the last right one

  /** Say it in the box that Python shows. @param {keyof boxes} box @param {string} words @param {string} hint */
  function say(box, words, hint = "") {
    const hinted = boxes[box].replace("{hint}", () => escaped(hint));
    status.innerHTML = hinted.replace("{words}", () => escaped(words));
  }

  function judge() {
    const given = read(input.value);
    if (!input.value.trim()) return say("open", NOTHING);
    if (!given) return say("open", UNREADABLE);
    const words = said(exercise, given);
    if (words) return refuse(words);
    wrong = 0;
    keep(key);
    say("right", "Right.");
  }

  /** @param {string} words */
  function refuse(words) {
    const step = Math.min(++wrong, hints.length);
    const hint = step ? `Hint ${step} of ${hints.length}: ${hints[step - 1]}` : "";
    say("wrong", `Not yet: ${words}`, hint);
  }

  check.type = "button";
  Object.assign(input, { spellcheck: false, autocapitalize: "none", autocomplete: "off" });
  input.placeholder = several ? "such as 0.5, 2" : "such as 0.5 or 1/3";
  before.hidden = !recall()[key];
  root.querySelector(".scb-line")?.replaceWith(input);
  root.querySelector("label")?.after(check, before);
  check.addEventListener("click", judge);
  input.addEventListener("keydown", (event) => event.key === "Enter" && judge());
}

for (const root of document.querySelectorAll(".scb-field:not([data-ready])"))
  start(/** @type {HTMLElement} */ (root));
