// What can be set, the presets that answer questions, and ways out: a link, CSV, lines of Python.

import {
  METHODS,
  SPENDING,
  WORDS,
  attentionRate,
  createRun,
  startModel,
  thresholdAt,
} from "./training.mjs";

/**
 * @import { Floats, Run, Task } from "./training.mjs"
 */

/** @typedef {typeof DEFAULTS} Settings */
export const DEFAULTS = {
  version: 1,
  task: "example",
  N: 3,
  T: 250,
  Q: 2,
  peak: 0.5, // how peaked a random P is: 0 nearly uniform, 1/2 anything, 1 one successor a token
  seed: 1,
  attention: "linear",
  method: "proximal",
  rate: 0.02,
  ratio: 0, // rate of A over that of V; 0 stands for 1, and for T where the attention is softmax
  batch: 64,
  penalty: 0.005,
  schedule: "constant",
  penaltyFrom: 0, // time, rate times steps, from which the penalty acts
  start: "scratch",
  theta: 0.1, // what V knows of P at the start
  share: 0.1, // what tempering leaves of it, and of the rest
  lanes: 1,
  other: /** @type {Record<string, string | number>} */ ({}), // what the second lane has otherwise
  log: false,
  speed: 1,
  steps: 0,
};

/** @type {Record<string, {min: number, max: number, integer?: boolean}>} */
export const LIMITS = {
  rate: { min: 1e-5, max: 10 },
  ratio: { min: 0, max: 1e4 },
  batch: { min: 1, max: 4096, integer: true },
  penalty: { min: 0, max: 1 },
  penaltyFrom: { min: 0, max: 1000 },
  theta: { min: -1, max: 1 },
  share: { min: 0.01, max: 1 },
  N: { min: 2, max: 8, integer: true },
  T: { min: 8, max: 4000, integer: true },
  Q: { min: 1, max: 4, integer: true },
  peak: { min: 0, max: 1 },
  seed: { min: 0, max: WORDS - 1, integer: true },
  speed: { min: 1, max: 100, integer: true },
  steps: { min: 0, max: 1e7, integer: true },
};

/** @type {Record<string, (string | number | boolean)[]>} "given" comes from Python alone */
export const CHOICES = {
  task: ["example", "random"],
  lanes: [1, 2, 20],
  log: [false, true],
  attention: ["linear", "softmax"],
  method: Object.keys(METHODS),
  schedule: ["constant", "falling"],
  start: ["scratch", "aligned", "related", "tempered"],
};

const LINKED = [...Object.keys(CHOICES), ...Object.keys(LIMITS)];
export const OTHER = LINKED.slice(3, 14); // what the second lane may have otherwise, on the same data

/** @type {{question: string, settings: Partial<Settings>}[]} */
export const PRESETS = [
  {
    question: "What does a longer context do to the wait?",
    settings: { T: 1000, method: "preconditioned" },
  },
  {
    question: "What is a little knowledge worth?",
    settings: { T: 500, penalty: 0.01, lanes: 2, other: { start: "aligned", theta: 0.2 } },
  },
  {
    question: "Which method learns from few samples?",
    settings: { lanes: 2, other: { method: "plain" } },
  },
  {
    question: "When does the penalty kill a run?",
    settings: { T: 1000, penalty: 0.02, lanes: 2, other: { penaltyFrom: 20 } },
  },
  {
    question: "Which side of the saddle does a run take?",
    settings: { T: 100, method: "preconditioned", batch: 2, lanes: 20 },
  },
  {
    question: "Does softmax attention learn the same?",
    settings: { T: 100, lanes: 2, log: true, other: { attention: "softmax" } },
  },
];

/** @type {(settings: any) => string} what differs from DEFAULTS; none for a task from Python */
export function toLink(settings) {
  const usual = /** @type {any} */ (DEFAULTS);
  const own = LINKED.filter((name) => settings[name] !== usual[name]);
  const other = OTHER.filter((name) => name in settings.other);
  return settings.task === "given"
    ? ""
    : ["#scb1", ...own.map((name) => `${name}=${settings[name]}`)]
        .concat(other.map((name) => `other.${name}=${settings.other[name]}`))
        .join("&");
}

/** @type {(hash: string) => {settings: Settings, complaint: string}} DEFAULTS where it complains */
export function fromLink(hash) {
  const settings = { ...DEFAULTS, other: {} };
  const complaint = hash === "" || hash === "#" ? "" : readLink(hash, settings);
  return { settings: complaint ? { ...DEFAULTS, other: {} } : settings, complaint };
}

/** @type {(hash: string, settings: any) => string} fill in what a link says; what is wrong with it */
function readLink(hash, settings) {
  if (typeof hash !== "string" || hash.length > 2000) return "This link is too long to be one.";
  let text = "";
  try {
    text = decodeURIComponent(hash);
  } catch {} // damaged
  const [mark, ...parts] = text.split("&");
  if (mark !== "#scb1") return "This link is damaged, or of another version of the playground.";
  for (const part of parts) {
    const [, prefix, name, value] = /^(other\.)?(\w+)=([\w.+-]+)$/.exec(part) ?? [];
    const into = prefix ? settings.other : settings;
    const found = readValue(name, value);
    const isAgain = parts.filter((other) => other.split("=")[0] === part.split("=")[0]).length > 1;
    if (found === undefined || isAgain || (prefix && !OTHER.includes(name))) {
      const shown = part.slice(0, 40).replace(/[^\w.=+-]/g, "?");
      return `This link asks for "${shown}", which the playground does not have.`;
    }
    into[name] = found;
  }
  return "";
}

/** @type {(name: string, text: string) => string | number | boolean | undefined} */
function readValue(name, text) {
  if (Object.hasOwn(CHOICES, name)) return CHOICES[name].find((choice) => String(choice) === text);
  if (!Object.hasOwn(LIMITS, name) || !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) return undefined;
  const { min, max, integer } = LIMITS[name];
  const fits = Number(text) >= min && Number(text) <= max && (!integer || Number(text) % 1 === 0);
  return fits ? Number(text) : undefined;
}

// Export

/** @type {(runs: Run[]) => string} the trails as one table, runs counted from 1 */
export function toCsv(runs) {
  const rows = runs.flatMap(({ trail: { samples, value, attention, excess } }, run) =>
    samples.map((s, i) => `${run + 1},${s},${value[i]},${attention[i]},${excess[i]}\n`),
  );
  return ["run,samples,value,attention,excess\n", ...rows].join("");
}

/** @type {(task: Task, settings: Settings) => string} a script that does the same with the library */
export function toPython(task, settings) {
  return `import numpy as np
import scb_edu as scb

${pythonTask(task, settings)}
${pythonStart(task, settings)}
optimizer = ${pythonMethod(task, settings)}
run = scb.train(
    task,
    start,
    optimizer,
    steps=${settings.steps || 1000},
    batch_size=${pythonBatch(settings)},
    rng=np.random.default_rng(${settings.seed}),
)
print(run.status.message)
print("alpha_V", run.signals.value[-1], "alpha_A", run.signals.attention[-1])
`;
}

/** @type {(M: Floats, rows: number) => string} the rows of a matrix */
function literal(M, rows) {
  const row = (/** @type {number} */ n) => M.filter((_, i) => i % rows === n).join(", ");
  return `[\n${Array.from({ length: rows }, (_, n) => `    [${row(n)}],\n`).join("")}]`;
}

/** @type {(task: Task, settings: Settings) => string} */
function pythonTask({ N, T, P, positions, weights }, settings) {
  if (settings.task === "example") return `task = scb.SCBTask.example(${T})`;
  const columns = positions.map((list, k) => `attention[[${list}], ${k}] = [${weights[k]}]`);
  return `attention = np.zeros((${T}, ${N}))
${columns.join("\n")}
task = scb.SCBTask(${literal(P, N)}, attention)`;
}

/** @type {(task: Task, settings: Settings) => string} */
function pythonStart(task, settings) {
  const kind = settings.attention === "softmax" ? "SoftmaxTransformer" : "LinearTransformer";
  const begin = `start = scb.${kind}.initial(task)`;
  if (settings.start === "scratch") return begin;
  const { V, A, logits } = createRun(task, settings);
  const usual = logits ? "start.logits" : "start.attention";
  const weights = startModel(task, settings) ? literal(logits ?? A, task.T) : usual;
  return `${begin}\nstart = scb.${kind}(${literal(V, task.N)}, ${weights})`;
}

/** @type {(task: Task, settings: Settings) => string} */
function pythonMethod(task, settings) {
  const { method, rate, penalty, penaltyFrom } = settings;
  const fast = attentionRate(task, settings);
  const later = penaltyFrom ? `scb.theory.penalty_from(${penaltyFrom}, ${penalty})` : penalty;
  const more = fast === rate ? "" : `, attention_rate=${fast}`;
  const last = thresholdAt(task, settings, Infinity) > 0 ? `, penalty=${later}` : "";
  return `scb.${METHODS[method].name}(${rate}${more}${last})`;
}

/** @type {(settings: Settings) => string} */
function pythonBatch({ schedule, batch, rate }) {
  if (schedule === "constant") return `${batch}`;
  const spending = `scb.theory.falling_spending(task, c=${SPENDING.c}, d=${SPENDING.d})`;
  return `scb.theory.batch_schedule(${spending}, ${rate})`;
}
