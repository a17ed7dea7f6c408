// Controls over a setting each, and the lanes that they start.

import { WORDS, batchAt, createRun, flow, growthRate } from "./training.mjs";
import { CHOICES, DEFAULTS, LIMITS } from "./settings.mjs";
import {
  CHARTS,
  LIGHT,
  brief,
  count,
  isPastFall,
  pastFall,
  plural,
  svgPen,
  two,
} from "./charts.mjs";

/**
 * @import { Run, Task } from "./training.mjs"
 * @import { Settings } from "./settings.mjs"
 * @import { Box, Pen } from "./charts.mjs"
 */

/** @type {(name: string, digits?: number[]) => number[]} these at each power of ten, within limits */
function ladder(name, digits = [1, 1.5, 2, 3, 5, 7]) {
  const { min, max, integer } = LIMITS[name];
  const powers = Array.from({ length: 10 }, (_, at) => at - 5);
  const all = [min, ...powers.flatMap((power) => digits.map((digit) => +`${digit}e${power}`)), max];
  return [...new Set(all)].filter((x) => x >= min && x <= max && !(integer && x % 1));
}

/** @type {(name: string, step: number) => number[]} */
function evenly(name, step) {
  const { min, max } = LIMITS[name];
  const many = Math.round((max - min) / step) + 1;
  return Array.from({ length: many }, (_, at) => +(min + at * step).toFixed(4));
}

/** @type {(speed: number) => number} steps a second; at the highest speed as many as there is time for */
export const stepsPerSecond = (speed) =>
  speed < LIMITS.speed.max ? 100 * 10 ** ((speed - 1) / 66) : Infinity;
/** @type {(speed: number) => string} */
const pace = (speed) => `${brief(+stepsPerSecond(speed).toPrecision(2))} steps a second`;

/** @typedef {(settings: Settings) => boolean} Matters whether a control has an effect */
/** @type {Matters} */
const isRandom = ({ task }) => task === "random";
/** @type {Matters} */
const isDrawn = ({ task }) => task !== "given";
/** @type {Matters} */
const isKnowing = ({ start }) => /aligned|related|tempered/.test(start);
/** @type {Matters} */
const isPenalised = ({ method, attention }) => method === "proximal" && attention === "linear";
const twos = Array.from({ length: 13 }, (_, power) => 2 ** power);

/** @type {(time: number, settings: Settings) => string} time is rate times steps */
function moment(time, { rate, batch, schedule }) {
  const steps = Math.ceil(time / rate - 1e-9);
  const samples = schedule === "constant" ? ` (${plural(steps * batch, "sample")})` : "";
  return time ? `after ${plural(steps, "step")}${samples}` : "from the start";
}

/** @type {(ratio: number, settings: Settings) => string} 0 stands for the usual one */
const ratioWords = (ratio, { attention }) =>
  ratio ? brief(ratio) : `${attention === "softmax" ? "T" : "1"}, as usual`;

/**
 * A label; the numbers of a slider, or none where `CHOICES` has a list or a number is typed in; how
 * a number is written; when it matters.
 * @type {Record<string, [string, (number[] | null)?, ((x: number, settings: Settings) => string)?,
 *   Matters?]>}
 */
export const CONTROLS = {
  task: ["Task"],
  N: ["Tokens, N", evenly("N", 1), brief, isRandom],
  Q: ["True positions of a token, Q", evenly("Q", 1), brief, isRandom],
  peak: ["How peaked P is", evenly("peak", 0.05), two, isRandom],
  T: ["Context length, T", ladder("T"), count, isDrawn],
  seed: ["Seed"],
  method: ["Method"],
  rate: ["Learning rate", ladder("rate")],
  ratio: ["Rate of A over that of V", ladder("ratio"), ratioWords],
  schedule: ["Batch over time"],
  batch: [
    "Batch",
    twos,
    (x) => `${plural(x, "sample")} a step`,
    (own) => own.schedule === "constant",
  ],
  penalty: ["Penalty on A", ladder("penalty"), brief, isPenalised],
  penaltyFrom: ["Penalty acts", ladder("penaltyFrom"), moment, isPenalised],
  attention: ["Attention"],
  start: ["V at the start"],
  theta: ["How much of P V knows at the start, θ", evenly("theta", 0.05), two, isKnowing],
  share: ["Tempered to a share of", ladder("share"), brief, (own) => own.start === "tempered"],
  lanes: ["Runs at once", null, (x) => ({ 1: "one", 2: "two, side by side" })[x] ?? "twenty seeds"],
  speed: ["Speed", evenly("speed", 1), (x) => (x < 100 ? pace(x) : "all it can")],
  log: ["Sample axis", null, (isLog) => (isLog ? "logarithmic" : "linear")],
};
/** @type {Record<string, Record<string, string>>} what the options of a list mean */
const MEANINGS = {
  task: {
    example: "The running example: three tokens, and each looks at two positions.",
    random: "P and the true positions are drawn, from the seed.",
    given: "The task that Python gave.",
  },
  method: {
    plain: "SGD: steps against the gradient as it is.",
    projected: "SGD, but each column of A keeps its sum of one.",
    preconditioned: "Projected, and each column is divided by how often its token comes.",
    proximal: "The paper's: preconditioned, and a penalty shrinks every weight of A.",
    momentum: "SGD that keeps nine tenths of its last step.",
    adam: "Each entry has a step of its own size, from its past gradients.",
  },
  schedule: {
    constant: "Each step sees as many samples.",
    falling: "Many samples at first, fewer as the signals grow (chapter 6).",
  },
  attention: {
    linear: "The entries of A are the weights themselves.",
    softmax: "The weights are the softmax of what is trained: positive, their sum is one.",
  },
  start: {
    scratch: "V knows nothing: it says the same after each token.",
    aligned: "V knows the share θ of P, and nothing else.",
    related: "V knows the share θ of P; the rest of it is of another task, drawn at random.",
    tempered: "As related, but drawn toward knowing nothing: less of all it holds.",
    given: "The model that Python gave.",
  },
  lanes: {
    1: "",
    2: "On the same task and the same samples, one by one.",
    20: "The same settings; only the samples differ.",
  },
  log: { false: "", true: "Each factor of ten takes as much room." },
};
export const GROUPS = {
  Task: ["task", "N", "Q", "peak", "T", "seed"],
  Training: ["method", "rate", "ratio", "schedule", "batch", "penalty", "penaltyFrom"],
  "At the start": ["attention", "start", "theta", "share"],
  View: ["lanes", "speed", "log"],
};
export const KEPT = ["speed", "log"]; // what can change while a run goes on

/** @type {(name: string, value: any, settings?: Settings) => string} */
const written = (name, value, settings = DEFAULTS) =>
  typeof value === "string" ? value : (CONTROLS[name][2] ?? brief)(value, settings);

/** @type {(settings: Settings) => string} what a lane has of what the lanes differ in */
export const differences = (settings) =>
  Object.keys(settings.other)
    .filter((name) => CONTROLS[name][3]?.(settings) !== false)
    .map((name) => [name, /** @type {any} */ (settings)[name]])
    .map(([name, value]) => `${CONTROLS[name][0]}: ${written(name, value, settings)}`)
    .join(", ");

/** @type {(text: string) => HTMLElement} the element that some HTML stands for */
export function html(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return /** @type {HTMLElement} */ (template.content.firstElementChild);
}

let ids = 0;
export const newId = () => `scb-${Math.random().toString(36).slice(2, 8)}-${ids++}`;

/**
 * A labelled field, which has no id yet, and below it a line about what it holds.
 * @type {(label: string, field: string, about?: string) => {row: HTMLElement, input: any, about: any}}
 */
export function labelled(label, field, about) {
  const [id, line] = [newId(), newId()];
  const row = html(`<div class="scb-row"><label for="${id}">${label}</label>${field}</div>`);
  const input = row.querySelector("input, select");
  input?.setAttribute("id", id);
  if (about === undefined) return { row, input, about };
  row.append(html(`<p class="scb-about" id="${line}">${about}</p>`));
  input?.setAttribute("aria-describedby", line);
  return { row, input, about: row.lastElementChild };
}

/** @type {(words: any[]) => string} */
export const list = (words) =>
  `<select>${words.map((word) => `<option>${word}</option>`).join("")}</select>`;

/**
 * A labelled control; `show` makes it show what holds for the settings, and whose they are.
 * @typedef {{row: HTMLElement, show: (settings: any, whose: string) => void}} Control
 * @type {(name: string, write: (value: any) => void, more: string[]) => Control}
 */
export function control(name, write, more) {
  const [label, numbers, , matters] = CONTROLS[name];
  const make = numbers ? slider : CHOICES[name] ? choice : numberField;
  const { row, show } = make(name, write, more);
  return {
    row,
    show: (settings, whose) => {
      row.hidden = matters?.(settings) === false;
      /** @type {any} */ (row.firstElementChild).textContent = label + whose;
      show(settings, "");
    },
  };
}

/** @type {typeof control} */
function choice(name, write, more) {
  const choices = [...CHOICES[name], ...more];
  const words = choices.map((option) => written(name, option));
  const { row, input, about } = labelled("", list(words), "");
  input.addEventListener("change", () => write(choices[input.selectedIndex]));
  const show = (/** @type {any} */ settings) => {
    input.selectedIndex = choices.indexOf(settings[name]);
    about.textContent = MEANINGS[name][settings[name]];
  };
  return { row, show };
}

/** @type {typeof control} */
function numberField(name, write) {
  const { min, max } = LIMITS[name];
  const { row, input } = labelled("", `<input type="number" min="${min}" max="${max}">`);
  const near = () => Math.min(max, Math.max(min, Math.round(+input.value)));
  input.addEventListener("change", () => write(near()));
  return { row, show: (settings) => (input.value = settings[name]) };
}

/** @type {typeof control} */
function slider(name, write) {
  const numbers = CONTROLS[name][1] ?? [];
  const { row, input } = labelled("", '<output></output><input type="range" min="0">');
  let values = numbers;
  input.addEventListener("input", () => write(values[+input.value]));
  const show = (/** @type {any} */ settings) => {
    values = [...new Set([...numbers, settings[name]])].sort((x, y) => x - y);
    input.max = values.length - 1;
    input.value = values.indexOf(settings[name]);
    input.ariaValueText = written(name, settings[name], settings);
    row.children[1].textContent = input.ariaValueText;
  };
  return { row, show };
}

/** @type {(name: string, part: BlobPart, type?: string) => void} */
export function download(name, part, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([part], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @type {(color: string) => Uint8ClampedArray} red, green and blue, however CSS writes them */
export function pixel(color) {
  const canvas = document.createElement("canvas");
  const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ink.fillStyle = color;
  ink.fillRect(0, 0, 1, 1);
  return ink.getImageData(0, 0, 1, 1).data;
}

/** @type {(field: HTMLInputElement | HTMLTextAreaElement) => void} */
export function copy(field) {
  field.select();
  if (!document.execCommand("copy")) navigator.clipboard?.writeText(field.value);
}

/**
 * Runs with one setting; `reach` is where their sample axis ends, and the exact flow goes as far.
 * @typedef {{t: number[], samples: number[], value: number[], attention: number[]}} Path
 * @typedef {{name: string, settings: Settings, task: Task, runs: Run[], path: Path, reach: number}} Lane
 */

/** @type {(name: string, task: Task, settings: Settings, seeds: number) => Lane} */
export function createLane(name, task, settings, seeds) {
  const runs = Array.from({ length: seeds }, (_, at) =>
    createRun(task, settings, (settings.seed + at) % WORDS),
  );
  const path = exactPath(task, settings, runs[0], (3 * Math.log(task.T) + 6) / growthRate(task));
  const there = path.value.findIndex((v, at) => v > 0 && v * path.attention[at] > 0.9);
  return { name, settings, task, runs, path, reach: 1.4 * (path.samples.at(there) ?? 0) };
}

/** @type {(task: Task, settings: Settings, run: Run, tEnd: number) => Path} and the samples it takes */
function exactPath(task, settings, { trail }, tEnd) {
  const path = flow(task, { value: trail.value[0], attention: trail.attention[0] }, tEnd, 400);
  const tick = Math.max(settings.rate, tEnd / 1e4);
  let [time, seen] = [0, 0];
  const samples = path.t.map((t) => {
    for (; time < t; time += tick) seen += (batchAt(task, settings, time) * tick) / settings.rate;
    return seen;
  });
  return { ...path, samples };
}

const LONGEST_PATH = 3000; // units of time: to follow more takes too long

/** @type {(lanes: Lane[]) => void} one round end for all sample axes, beyond what was seen */
export function widen(lanes) {
  const seen = lanes.flatMap(({ runs }) => runs.map(({ samples }) => 1.02 * samples));
  const needed = Math.max(...seen, ...lanes.map(({ reach }) => reach));
  const power = 10 ** Math.floor(Math.log10(needed));
  const digit = [1, 1.5, 2, 3, 5, 7, 10].find((x) => x * power >= needed) ?? 10;
  for (const lane of lanes) {
    const { task, settings, runs } = lane;
    lane.reach = digit * power;
    for (let factor = 2; factor > 1;) {
      const tEnd = lane.path.t[399];
      factor = Math.min(LONGEST_PATH / tEnd, (1.01 * lane.reach) / lane.path.samples[399]);
      if (factor > 1.01) lane.path = exactPath(task, settings, runs[0], factor * tEnd);
      else break;
    }
  }
}

/** @type {(lane: Lane) => string} what a lane shows, in words */
export function told({ runs }) {
  const [{ signals, ends, status }] = runs;
  if (runs.length > 1) return `${tally(runs)}.`;
  const names = /** @type {const} */ ({ one: "stage 1", fall: "the fall", two: "stage 2" });
  const moments = /** @type {(keyof typeof names)[]} */ (Object.keys(names))
    .filter((end) => ends[end] !== null)
    .map((end) => `${names[end]} at ${count(ends[end] ?? 0)}`);
  const numbers = `α of V is ${two(signals.value)}, of A ${two(signals.attention)}.`;
  return `${status.words} ${numbers}${moments.length ? ` Ended: ${moments.join(", ")}.` : ""}`;
}

/** @type {(runs: Run[]) => string} */
function tally(runs) {
  const fates = ["arrived", "wrong", "stuck", "diverged", "vanished"].map((name) => {
    const many = runs.filter(({ status }) => status.name === name).length;
    return many ? `, ${many} ${name === "wrong" ? "on the wrong side" : name}` : "";
  });
  const waiting = runs.filter((run) => !isPastFall(run) && /r(unning|eady)/.test(run.status.name));
  const rest = waiting.length ? `, ${waiting.length} on the way` : "";
  return `${pastFall(runs)}${fates.join("")}${rest}`;
}

/** @type {(lanes: Lane[], names: string[], penAt: (box: Box) => Pen) => Box} all charts on a sheet */
function layOut(lanes, names, penAt) {
  const [w, h, gap] = [460, 330, 16];
  const columns = lanes.length > 1 ? lanes.length : Math.min(2, names.length);
  lanes.forEach((lane, column) => {
    const pen = penAt({ x: gap + column * (w + gap), y: 8, w, h: 48 });
    const [{ samples, status }] = lane.runs;
    pen.text(2, 14, lane.name, "start", "bold");
    pen.text(
      2,
      32,
      `${count(samples)} samples. ${lane.runs.length > 1 ? told(lane) : status.words}`,
    );
    names.forEach((name, at) => {
      const [x, y] = lanes.length > 1 ? [column, at] : [at % columns, Math.floor(at / columns)];
      CHARTS[name][1](penAt({ x: gap + x * (w + gap), y: 60 + y * (h + gap), w, h }), lane);
    });
  });
  const rows = lanes.length > 1 ? names.length : Math.ceil(names.length / columns);
  return { x: 0, y: 0, w: gap + columns * (w + gap), h: 60 + rows * (h + gap) };
}

/** @type {(lanes: Lane[], names: string[]) => string} */
export function toSvg(lanes, names) {
  const out = ["<g>"];
  const { w, h } = layOut(lanes, names, (box) => {
    out.push(`</g><g transform="translate(${box.x} ${box.y})">`);
    return svgPen(out, box.w, box.h);
  });
  const size = `width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"`;
  const paper = `<rect width="${w}" height="${h}" fill="${LIGHT.paper}"/>`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">`;
  return `${head}${paper}${out.join("\n")}</g></svg>`;
}

/** @type {(svg: string) => Promise<Blob>} at twice the size */
export async function toPng(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob((blob) => done(blob ?? new Blob())));
}
