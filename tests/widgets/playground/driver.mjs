// Reads a list of jobs from standard input and prints the list of their results, both as JSON.
import { readFileSync } from "node:fs";
import * as training from "../../../scb_edu/widgets/live/training.mjs";
import * as settings from "../../../scb_edu/widgets/live/settings.mjs";
import * as charts from "../../../scb_edu/widgets/live/charts.mjs";
import * as controls from "../../../scb_edu/widgets/live/controls.mjs";

const playground = { ...training, ...settings, ...charts, ...controls };
const { createTask, createRun, step, advance, measure, drawBatch, Random } = playground;

const numbers = (digits) => Uint8Array.from(digits, Number);

const batchOf = ([tokens, last, output]) => ({
  size: last.length,
  tokens: numbers(tokens),
  last: numbers(last),
  output: numbers(output),
});

const stateOf = (run) => {
  measure(run);
  const { samples, time, wait, signals, errors, excess, ends, status, trail } = run;
  const where = { step: run.step, samples, time, V: [...run.V], A: [...run.A] };
  return { ...where, wait, signals, errors, excess, ends, status, trail };
};

const jobs = {
  constants: () => {
    const { DEFAULTS, LIMITS, CHOICES, PRESETS, BORDERS } = playground;
    return { DEFAULTS, LIMITS, CHOICES, PRESETS, BORDERS };
  },

  task: ({ settings, given }) => {
    const task = createTask(settings, given);
    const { N, T, Q, KP, KQ, bayes, positions, weights } = task;
    const arrays = { P: [...task.P], mu: [...task.mu], attention: [...task.attention] };
    return { N, T, Q, KP, KQ, bayes, positions, weights, ...arrays };
  },

  // the state after each batch whose number is in `at`
  steps: ({ settings, given, batches, at }) => {
    const run = createRun(createTask(settings, given), settings);
    return batches.flatMap((batch, i) => {
      step(run, batchOf(batch));
      return at.includes(i + 1) ? [stateOf(run)] : [];
    });
  },

  // the state at the start of a run
  start: ({ settings, given }) => stateOf(createRun(createTask(settings, given), settings)),

  // train up to so many steps, or until the status is the one waited for
  train: ({ settings, given, steps, until, pieces, seed }) => {
    const run = createRun(createTask(settings, given), settings, seed);
    while (run.step < steps && run.status.name !== until) {
      const before = run.step;
      if (pieces) while (!advance(run, pieces));
      else step(run);
      if (run.step === before) break;
    }
    return stateOf(run);
  },

  // how often each (last, output, some positions) was drawn
  counts: ({ settings, given, size, seed, positions }) => {
    const task = createTask(settings, given);
    const batch = drawBatch(task, new Random(seed), size);
    const count = new Array(task.N ** (positions.length + 2)).fill(0);
    for (let b = 0; b < size; b++) {
      const seen = positions.map((t) => batch.tokens[b * task.T + t]);
      count[[...seen, batch.last[b], batch.output[b]].reduce((cell, x) => cell * task.N + x)]++;
    }
    return count;
  },

  // samples of one seed, cut into batches of these sizes
  draw: ({ settings, sizes, seed }) => {
    const task = createTask(settings);
    const random = new Random(seed);
    const batches = sizes.map((size) => drawBatch(task, random, size));
    return ["tokens", "last", "output"].map((part) =>
      batches.map((batch) => batch[part].join("")).join(""),
    );
  },

  // (last token, position drawn, token there, output) of so many samples
  sources: ({ settings, size, seed }) => {
    const task = createTask(settings);
    const { tokens, last, source, output } = drawBatch(task, new Random(seed), size);
    return [...last].map((k, b) => [k, source[b], tokens[b * task.T + source[b]], output[b]]);
  },

  // the lines and the words of a chart, after so many steps of its runs
  chart: ({ settings, given, chart, steps, w, seeds }) => {
    const lane = playground.createLane("", createTask(settings, given), settings, seeds ?? 1);
    for (const run of lane.runs) for (let i = 0; i < steps; i++) step(run);
    const [lines, texts] = [[], []];
    const h = playground.CHARTS[chart][2](w, lane.task);
    const line = (points, color, width = 1.5) => lines.push({ points, color, width });
    const text = (x, y, words) => texts.push({ x, y, words });
    playground.CHARTS[chart][1]({ w, h, line, text, clip: (_, draw) => draw() }, lane);
    return { h, lines, texts, runs: lane.runs.map(stateOf) };
  },

  // the ends of the tokens' intervals, out of 2^32 words
  ends: ({ settings, given }) => [...createTask(settings, given).tokenSampler.ends],

  words: ({ seed, stream, count }) => [...new Random(seed, stream).words(count).slice(0, count)],

  flow: ({ task, start, tEnd, points }) => playground.flow(task, start, tEnd, points),
  batchAt: ({ settings, times }) => {
    const task = createTask(settings);
    return times.map((time) => playground.batchAt(task, settings, time));
  },
  toLink: ({ settings }) => playground.toLink(settings),
  fromLink: ({ hash }) => playground.fromLink(hash),
  toPython: ({ settings, given }) => playground.toPython(createTask(settings, given), settings),
  toCsv: ({ settings, steps }) => {
    const runs = steps.map(() => createRun(createTask(settings), settings));
    runs.forEach((run, at) => {
      for (let i = 0; i < steps[at]; i++) step(run);
    });
    return { csv: playground.toCsv(runs), states: runs.map(stateOf) };
  },
};

const asked = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(asked.map((job) => jobs[job.do](job))));
