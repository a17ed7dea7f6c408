// Charts: each draws with a pen, and a pen writes on a canvas or into SVG.

import { Random, drawBatch, velocity } from "./training.mjs";

/**
 * @import { Batch, Floats, Run, Task } from "./training.mjs"
 * @import { Lane } from "./controls.mjs"
 */

/**
 * Lengths are CSS pixels. Points are flat, x0, y0, x1, y1, and so on; NaN lifts the pen. In words a
 * letter after an underscore is set lower; a look is any of "bold", "small" and "turned".
 * @typedef {{w: number, h: number,
 *   line(points: number[], color: Color, width?: number, alpha?: number, dash?: number[]): void,
 *   text(x: number, y: number, words: string, align?: Align, look?: string, color?: Color): void,
 *   clip(box: Box, draw: () => void): void}} Pen
 * @typedef {"start" | "middle" | "end"} Align
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 * @typedef {{from: number, to: number, log?: boolean, label?: string}} Axis
 * @typedef {(value: number) => number} Scale
 * @typedef {keyof typeof LIGHT} Color
 */

// Okabe and Ito's palette, as in the book's figures; a little lighter where the page is dark
export const LIGHT = {
  ink: "#222222",
  paper: "#ffffff",
  theory: "#6b6b6b",
  value: "#0072B2",
  attention: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  amber: "#E69F00",
  excess: "#56B4E9",
};
export const DARK = { ...LIGHT, ink: "#e6e6e6", paper: "#14181e", theory: "#a6a6a6" };
Object.assign(DARK, { value: "#4DA8E0", attention: "#F2813A", green: "#2FC398" });
const SHIFT = { start: 0, middle: 0.5, end: 1 };
const sizeOf = (/** @type {string} */ look) => (look.includes("small") ? 11 : 12.5);

/** @type {(ink: CanvasRenderingContext2D, theme: typeof LIGHT, font: string, w: number, h: number) => Pen} */
export function canvasPen(ink, theme, font, w, h) {
  return {
    w,
    h,
    line(points, color, width = 1.5, alpha = 1, dash = []) {
      Object.assign(ink, { strokeStyle: theme[color], lineWidth: width, globalAlpha: alpha });
      ink.setLineDash(dash);
      ink.beginPath();
      for (let at = 0; at < points.length; at += 2) {
        if (at && points[at - 2] === points[at - 2]) ink.lineTo(points[at], points[at + 1]);
        else ink.moveTo(points[at], points[at + 1]);
      }
      ink.stroke();
    },
    text(x, y, words, align = "start", look = "", color = "ink") {
      const size = sizeOf(look);
      const sized = (/** @type {number} */ s) =>
        (ink.font = `${look.includes("bold") ? "600 " : ""}${s}px ${font}`);
      sized(size);
      let along = -SHIFT[align] * ink.measureText(words.replace(/_/g, "")).width;
      ink.save();
      ink.translate(x, y);
      if (look.includes("turned")) ink.rotate(-Math.PI / 2);
      Object.assign(ink, { fillStyle: theme[color], globalAlpha: 1 });
      words.split(/_(\w)/).forEach((part, lower) => {
        sized(lower % 2 ? 0.75 * size : size);
        ink.fillText(part, along, lower % 2 ? 3 : 0);
        along += ink.measureText(part).width;
      });
      ink.restore();
    },
    clip({ x, y, w, h }, draw) {
      ink.save();
      ink.beginPath();
      ink.rect(x, y, w, h);
      ink.clip();
      draw();
      ink.restore();
    },
  };
}

/** @type {(out: string[], w: number, h: number) => Pen} a pen that adds elements to `out` */
export function svgPen(out, w, h) {
  const near = (/** @type {number} */ length) => length.toFixed(2);
  return {
    w,
    h,
    line(points, color, width = 1.5, alpha = 1, dash = []) {
      const path = points.map((x, at) =>
        at % 2 ? near(x) : `${points[at - 2] === points[at - 2] && at ? "L" : "M"}${near(x)}`,
      );
      const look = `stroke="${LIGHT[color]}" stroke-width="${near(width)}" opacity="${alpha}"`;
      const d = path.join(" ").replace(/.NaN NaN/g, "");
      out.push(`<path d="${d}" fill="none" ${look} stroke-dasharray="${dash}"/>`);
    },
    text(x, y, words, align = "start", look = "", color = "ink") {
      const safe = words.replace(/[&<]/g, (sign) => `&#${sign.charCodeAt(0)};`);
      const lower = '<tspan dy="3" font-size="75%">$1</tspan><tspan dy="-3">\u200b</tspan>';
      const place = `transform="translate(${near(x)} ${near(y)}) rotate(${look.includes("turned") ? -90 : 0})"`;
      const type = `font-size="${sizeOf(look)}" font-weight="${look.includes("bold") ? 600 : 400}"`;
      const fill = `fill="${LIGHT[color]}" text-anchor="${align}"`;
      out.push(`<text ${place} ${type} ${fill}>${safe.replace(/_(\w)/g, lower)}</text>`);
    },
    clip({ x, y, w, h }, draw) {
      const size = `width="${near(w)}" height="${near(h)}"`;
      out.push(`<svg x="${x}" y="${y}" ${size} viewBox="${x} ${y} ${near(w)} ${near(h)}">`);
      draw();
      out.push("</svg>");
    },
  };
}

/** @type {(pen: Pen, box: Box, color: Color, alpha?: number) => void} a box is a thick line */
const paint = (pen, { x, y, w, h }, color, alpha) =>
  pen.line([x, y + h / 2, x + w, y + h / 2], color, h, alpha);

/** @type {(pen: Pen, x: number, y: number, color: Color) => void} */
const dot = (pen, x, y, color) => pen.text(x, y + 4, "●", "middle", "small", color);

/** @type {(axis: Axis, start: number, length: number) => Scale} */
function scale({ from, to, log }, start, length) {
  if (!log) return (value) => start + (length * (value - from)) / (to - from);
  return (value) => start + (length * Math.log(Math.max(value / from, 1e-3))) / Math.log(to / from);
}

/** @type {(axis: Axis, most: number) => number[]} about `most` round numbers */
function ticks({ from, to, log }, most) {
  const [low, high] = log ? [Math.log10(from), Math.log10(to)] : [from, to];
  const rough = (high - low) / most;
  const unit = log ? 1 : 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((digit) => digit * unit >= rough) ?? 10);
  const marks = [];
  for (let at = Math.ceil(low / step - 1e-9); at <= high / step + 1e-9; at++)
    marks.push(log ? 10 ** (at * step) : at * step);
  return marks;
}

const signed = (/** @type {string} */ number) => number.replace("-", "−");
export const count = (/** @type {number} */ x) => Math.round(x).toLocaleString("en-US");
export const plural = (/** @type {number} */ x, /** @type {string} */ word) =>
  `${count(x)} ${word}${x === 1 ? "" : "s"}`;
export const two = (/** @type {number} */ x) => signed(x.toFixed(2).replace(/^-(0\.00)$/, "$1"));
const letter = (/** @type {number} */ token) => String.fromCharCode(65 + token);

/** @type {(x: number) => string} such as 12,800, 0.05 and 1e−6 */
export function brief(x) {
  if (Math.abs(x) >= 1000) return count(x);
  return signed(x && Math.abs(x) < 0.001 ? x.toExponential() : String(+x.toPrecision(4)));
}

/** @type {(pen: Pen, title: string, note?: string) => void} */
function heading(pen, title, note = "") {
  pen.text(2, 15, title, "start", "bold");
  pen.text(pen.w - 8, 15, note, "end", "", "theory");
}

/** @type {(pen: Pen) => Box} where the plot is in a chart with axes */
const inside = ({ w, h }) => ({ x: 58, y: 28, w: w - 84, h: h - 70 });

/** @type {(pen: Pen, plot: Box, x: Axis, y: Axis) => {X: Scale, Y: Scale}} */
function axes(pen, plot, x, y) {
  const [right, bottom] = [plot.x + plot.w, plot.y + plot.h];
  const [X, Y] = [scale(x, plot.x, plot.w), scale(y, bottom, -plot.h)];
  pen.line([plot.x, plot.y, plot.x, bottom, right, bottom], "ink", 1, 0.5);
  for (const tick of ticks(x, plot.w / 64)) {
    pen.line([X(tick), bottom, X(tick), bottom + 4], "ink", 1, 0.5);
    pen.text(X(tick), bottom + 17, brief(tick), "middle", "small");
  }
  for (const tick of ticks(y, plot.h / 36)) {
    pen.line([plot.x - 4, Y(tick), plot.x, Y(tick)], "ink", 1, 0.5);
    pen.text(plot.x - 7, Y(tick) + 4, brief(tick), "end", "small");
  }
  pen.text(plot.x + plot.w / 2, bottom + 34, x.label ?? "", "middle");
  pen.text(plot.x - 46, plot.y + plot.h / 2, y.label ?? "", "middle", "turned");
  return { X, Y };
}

/** @type {(xs: number[], ys: number[], X: Scale, Y: Scale, most?: number) => number[]} thinned */
function curve(xs, ys, X, Y, most = 400) {
  const every = 2 ** Math.max(0, Math.ceil(Math.log2(xs.length / most)));
  const points = [];
  for (let at = 0; at < xs.length; at += every) points.push(X(xs[at]), Y(ys[at]));
  return points.concat(X(xs[xs.length - 1]), Y(ys[xs.length - 1]));
}

/** @type {(lane: Lane) => Axis} */
const samplesAxis = ({ reach, settings: { log, batch } }) => ({
  from: log ? Math.min(batch, reach / 10) : 0,
  to: reach,
  log,
  label: `samples seen${log ? ", logarithmic" : ""}`,
});

/** @type {(pen: Pen, plot: Box, X: Scale, run: Run) => void} shades the stages so far */
function stages(pen, plot, X, { samples, ends: { one, fall, two: done } }) {
  /** @type {[string, number, number, Color, number][]} */
  const spans = [
    ["stage 1", 0, one ?? samples, "ink", 0.06],
    ["fall", one ?? samples, fall ?? samples, "amber", 0.3],
    ["stage 2", fall ?? samples, done ?? samples, "amber", 0.12],
  ];
  for (const [name, start, end, color, alpha] of spans) {
    const x = Math.max(plot.x, X(start));
    const w = Math.min(plot.x + plot.w, X(end)) - x;
    if (w > 0) paint(pen, { ...plot, x, w }, color, alpha);
    if (w > 7 * name.length) pen.text(x + w / 2, plot.y + 13, name, "middle", "small");
  }
}

/** @type {(...lists: number[][]) => number[]} the smallest and the largest of all numbers */
function extent(...lists) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists)
    for (const x of list) {
      if (x < low) low = x;
      if (x > high) high = x;
    }
  return [low, high];
}

/** @type {(runs: Run[]) => number[][]} */
const signalsOf = (runs) => runs.flatMap(({ trail: { value, attention } }) => [value, attention]);

/** @type {(A: Floats, k: number, T: number, each: number) => Floats} sums of `each` weights */
function gather(A, k, T, each) {
  const sums = new Float64Array(Math.ceil(T / each));
  for (let t = 0; t < T; t++) sums[Math.floor(t / each)] += A[k * T + t];
  return sums;
}

/** @type {(pen: Pen, lane: Lane) => void} */
function drawAttention(pen, { task: { N, T, attention }, runs: [run] }) {
  const plot = { ...inside(pen), x: 42, w: pen.w - 60 };
  const each = Math.ceil((4 * T) / plot.w); // positions that a bar gathers
  const full = Math.max(...attention);
  heading(pen, "Attention A", "outlined: the truth");
  for (let k = 0; k < N; k++) {
    const row = { ...plot, y: plot.y + (plot.h * k) / N, h: plot.h / N };
    drawRow(pen, row, gather(run.A, k, T, each), gather(attention, k, T, each), full);
    pen.text(plot.x - 8, row.y + row.h / 2 + 8, letter(k), "end", "bold");
  }
  pen.text(12, plot.y + plot.h / 2, "last token", "middle", "turned");
  const X = scale({ from: -0.5, to: T - 0.5 }, plot.x, plot.w); // positions count from 0
  const marks = ticks({ from: 0, to: T }, plot.w / 80).filter((t) => t > T / 20 && t < 0.96 * T);
  for (const t of [0, ...marks, T - 1]) pen.text(X(t), pen.h - 25, count(t), "middle", "small");
  const note = each > 1 ? `; a bar is the sum of ${each}` : "";
  pen.text(plot.x + plot.w / 2, pen.h - 8, `position in the context${note}`, "middle");
}

const BELOW = 6; // pixels that a row of bars has below its floor

/** @type {(pen: Pen, row: Box, sums: Floats, truth: Floats, full: number) => void} a column of A */
function drawRow(pen, row, sums, truth, full) {
  const [floor, tall, w] = [row.y + row.h, (row.h - 20) / full, row.w / sums.length];
  const at = (/** @type {number} */ bar) => row.x + (bar + 0.5) * w;
  // what is too tall, or too far below the floor, is cut off before it meets other words
  const up = (/** @type {number} */ sum) =>
    floor - Math.max(-BELOW, Math.min(row.h - 18, sum * tall || 0));
  const bars = Array.from(sums, (sum, bar) => [at(bar), floor, at(bar), up(sum), NaN, NaN]);
  pen.line(bars.flat(), "attention", Math.max(1, w - 1));
  pen.line([row.x, floor, row.x + row.w, floor], "ink", 1, 0.5);
  truth.forEach((weight, bar) => {
    if (!weight) return;
    const half = Math.max(4.5, w / 2);
    const [left, right, top] = [at(bar) - half, at(bar) + half, up(weight)];
    pen.line([left, floor, left, top, right, top, right, floor], "ink", 1.25, 1, [3, 2]);
    pen.line([left, floor + BELOW, at(bar), floor + 2, right, floor + BELOW], "ink");
    const wide = Math.ceil(13 / w); // bars that the number is above
    const near = sums.subarray(Math.max(0, bar - wide), bar + wide + 1);
    const [x, y] = [Math.max(at(bar), row.x + 12), up(Math.max(weight, ...near)) - 3];
    if (row.h > 40) pen.text(x, y, two(weight), "middle", "small");
  });
}

/** @type {(pen: Pen, lane: Lane) => void} */
function drawValue(pen, { task: { N, P }, runs: [run] }) {
  const cell = Math.min((pen.w - 80) / (2 * N), (pen.h - 86) / N);
  const [top, side, left] = [48, N * cell, (pen.w - 2 * N * cell - 22) / 2 + 16];
  heading(pen, "Value matrix V, beside P");
  [run.V, P].forEach((matrix, second) => {
    const x = left + second * (side + 22);
    const name = second ? "P, the truth" : "V, trained";
    pen.text(x + side / 2, top - 8, name, "middle", "bold", second ? "ink" : "value");
    drawCells(pen, matrix, N, Math.max(...P), { x, y: top, w: cell, h: cell });
    for (let k = 0; k < N; k++) {
      pen.text(x + (k + 0.5) * cell, top + side + 14, letter(k), "middle", "small");
      if (!second) pen.text(x - 10, top + (k + 0.5) * cell + 4, letter(k), "middle", "small");
    }
  });
  pen.text(left + side + 11, top + side + 31, "token at the source position", "middle");
  pen.text(left - 24, top + side / 2, "next token", "middle", "turned");
}

/** @type {(pen: Pen, matrix: Floats, N: number, full: number, first: Box) => void} */
function drawCells(pen, matrix, N, full, { x, y, w, h }) {
  matrix.forEach((entry, at) => {
    const strength = Math.min(1, Math.abs(entry) / full);
    const cell = { x: x + Math.floor(at / N) * w, y: y + (at % N) * h, w: w - 1.5, h: h - 1.5 };
    paint(pen, cell, "ink", 0.06);
    paint(pen, cell, entry < 0 ? "purple" : "value", strength);
    if (w < 32) return;
    const color = strength > 0.55 ? "paper" : "ink";
    pen.text(cell.x + cell.w / 2, cell.y + cell.h / 2 + 4, two(entry), "middle", "", color);
  });
}

/** @type {(lane: Lane) => boolean} whether the exact flow is what these runs follow but for noise */
const follows = ({ settings: { attention, method } }) =>
  attention === "linear" && (method === "preconditioned" || method === "proximal");

/** @type {(pen: Pen, lane: Lane, y: Axis, exact: Record<string, number[]>) => {X: Scale, Y: Scale}} */
function drawCourse(pen, lane, y, exact) {
  const { runs, path } = lane;
  const plot = inside(pen);
  const { X, Y } = axes(pen, plot, samplesAxis(lane), y);
  pen.clip(plot, () => {
    if (runs.length === 1) stages(pen, plot, X, runs[0]);
    if (!y.log) levels(pen, plot, Y);
    for (const name of /** @type {("value" | "attention" | "excess")[]} */ (Object.keys(exact))) {
      const line = follows(lane) ? curve(path.samples, exact[name], X, Y) : [];
      pen.line(line, "theory", 1.25, 1, [5, 4]);
      for (const { trail } of runs)
        pen.line(curve(trail.samples, trail[name], X, Y), name, runs.length > 1 ? 1 : 2);
    }
  });
  return { X, Y };
}

/** @type {(pen: Pen, lane: Lane) => void} */
function drawSignals(pen, lane) {
  const { path, runs } = lane;
  const [{ samples, signals }] = runs;
  const { value, attention } = path;
  const [low, high] = extent([-0.02, 1.1], value, attention, ...signalsOf(runs));
  const from = low < -0.1 ? Math.max(-3, Math.floor(4 * low) / 4) : -0.1;
  const y = { from, to: Math.min(3, Math.ceil(5 * high) / 5), label: "signal (dimensionless)" };
  heading(pen, "Signals", follows(lane) ? "dashed: exact gradients" : "");
  const { X, Y } = drawCourse(pen, lane, y, { value, attention });
  const x = Math.min(X(samples) + 5, pen.w - 20);
  const [up, down] = [Y(signals.value), Y(signals.attention)];
  const apart = Math.max(0, 15 - Math.abs(up - down)) / (up > down ? 2 : -2); // no overlap
  pen.text(x, up + 4 + apart, "α_V", "start", "bold", "value");
  pen.text(x, down + 4 - apart, "α_A", "start", "bold", "attention");
}

/** @type {(pen: Pen, plot: Box, Y: Scale) => void} 0, where signals start, and 1, the truth */
function levels(pen, { x, w }, Y) {
  pen.line([x, Y(0), x + w, Y(0)], "ink", 1, 0.3);
  pen.line([x, Y(1), x + w, Y(1)], "ink", 1, 0.7, [2, 3]);
}

/** How runs fare: a colour, what it stands for, and the runs that it is for, the first that fits. */
const FATES = /** @type {[Color, string, (run: Run) => boolean][]} */ ([
  ["purple", "✗ on the wrong side", ({ status }) => status.name === "wrong"],
  [
    "amber",
    "… stuck, ∞ diverged, 0 vanished",
    ({ status }) => /stuck|diverged|vanished/.test(status.name),
  ],
  ["green", "past the fall, ✓ arrived", (run) => isPastFall(run)],
  ["theory", "still on the way", () => true],
]);

/** @type {(run: Run) => Color} by how it fares */
const fate = (run) => (FATES.find(([, , fits]) => fits(run)) ?? FATES[3])[0];

/** @type {(pen: Pen, lane: Lane) => void} */
function drawPortrait(pen, { task, runs, path }) {
  const [low] = extent([0], ...signalsOf(runs));
  const axis = { from: low < -0.3 ? -1.75 : -0.4, to: 1.75 };
  const { x, y, w, h } = inside(pen);
  const side = Math.min(w, h);
  const plot = { x: x + (w - side) / 2, y, w: side, h: side };
  heading(pen, "Plane of the signals", "dashed: exact gradients");
  const across = { ...axis, label: "α_V, signal in V" };
  const { X, Y } = axes(pen, plot, across, { ...axis, label: "α_A, signal in A" });
  pen.clip(plot, () => {
    pen.line(arrows(task, axis, X, Y), "theory", 1, 0.6);
    pen.line(curve(path.value, path.attention, X, Y), "ink", 1.5, 1, [5, 4]);
    for (const run of runs) {
      const { trail, signals } = run;
      const width = runs.length > 1 ? 1 : 2;
      const color = fate(run) === "theory" ? "value" : fate(run); // the arrows are grey
      pen.line(curve(trail.value, trail.attention, X, Y), color, width);
      dot(pen, X(signals.value), Y(signals.attention), color);
    }
  });
  const saddle = Y(-1 / (task.T * task.KQ));
  pen.text(X(0), saddle + 5, "×", "middle", "bold");
  pen.text(X(0) + 8, saddle + 15, "saddle");
  pen.text(X(1), Y(1) + 5, "★", "middle");
  pen.text(X(1) + 9, Y(1) - 6, "truth");
}

/** @type {(task: Task, axis: Axis, X: Scale, Y: Scale) => number[]} where the exact flow goes */
function arrows(task, { from, to }, X, Y) {
  const points = [];
  const gap = (to - from) / 13;
  for (let v = from + gap / 2; v < to; v += gap)
    for (let a = from + gap / 2; a < to; a += gap) {
      const [dv, da] = velocity(task, v, a);
      const long = (0.5 * gap) / (Math.hypot(dv, da) + 1e-9);
      const [x, y] = [X(v + dv * long), Y(a + da * long)];
      const [dx, dy] = [(x - X(v)) * 0.35, (y - Y(a)) * 0.35];
      points.push(X(v), Y(a), x, y, NaN, NaN);
      points.push(x - dx - dy, y - dy + dx, x, y, x - dx + dy, y - dy - dx, NaN, NaN);
    }
  return points;
}

/** @type {(pen: Pen, lane: Lane) => void} */
function drawLoss(pen, lane) {
  const { runs, task, path } = lane;
  const seen = runs.map(({ trail }) => trail.excess.filter((loss) => loss > 1e-8 && loss < 1e4));
  const [low, high] = extent([0.02], ...seen).map((loss) => Math.log10(loss));
  const [from, to] = [10 ** Math.floor(low - 0.05), 10 ** Math.ceil(high + 0.05)];
  const exact = path.value.map((v, at) => flowLoss(task, v, path.attention[at]));
  heading(pen, "Excess loss", `above the floor, ${task.bayes.toFixed(4)}`);
  const y = { from, to, log: true, label: "excess loss, logarithmic" };
  const { X, Y } = drawCourse(pen, lane, y, { excess: exact });
  for (const { samples, excess } of runs) dot(pen, X(samples), Y(excess), "excess");
}

/** @type {(task: Task, v: number, a: number) => number} the excess loss under exact gradients */
const flowLoss = ({ KP, KQ, T }, v, a) => 0.5 * KP * ((1 - v) ** 2 / T + KQ * (1 - v * a) ** 2);

/** @type {(run: Run) => boolean} */
export const isPastFall = ({ ends }) => ends.fall !== null;

/** @type {(runs: Run[]) => string} */
export const pastFall = (runs) =>
  `${runs.filter(isPastFall).length} of ${runs.length} are past the fall`;

/** @type {Record<string, string>} */
const SIGNS = { arrived: "✓", stuck: "…", wrong: "✗", diverged: "∞", vanished: "0" };

/** @type {(pen: Pen, lane: Lane) => void} */
function drawMany(pen, lane) {
  const { runs, reach } = lane;
  const isWide = pen.w > 560;
  const [across, lines] = isWide ? [10, 3] : [5, 5];
  const [w, h] = [
    (pen.w - 4) / across,
    (pen.h - 32 - 18 * lines) / Math.ceil(runs.length / across),
  ];
  heading(pen, "Many seeds", pastFall(runs));
  runs.forEach((run, at) => {
    const [x, y] = [2 + (at % across) * w, 26 + Math.floor(at / across) * h];
    const plot = { x, y, w: w - 6, h: h - 6 };
    const X = scale(samplesAxis(lane), plot.x, plot.w);
    const Y = scale({ from: -1.6, to: 1.6 }, plot.y + plot.h, -plot.h);
    paint(pen, plot, "ink", 0.05);
    pen.clip(plot, () => {
      levels(pen, plot, Y);
      for (const name of /** @type {("value" | "attention")[]} */ (["value", "attention"]))
        pen.line(curve(run.trail.samples, run.trail[name], X, Y, 60), name);
    });
    paint(pen, { ...plot, y: plot.y + plot.h - 3, h: 3 }, fate(run));
    pen.text(plot.x + 4, plot.y + 13, SIGNS[run.status.name] ?? "", "start", "bold");
  });
  const below = pen.h - 18 * lines + 10;
  pen.text(2, below, `blue: α_V, orange: α_A, to ${count(reach)} samples; bars:`);
  [...FATES].reverse().forEach(([color, words], at) => {
    const [column, row] = isWide ? [at % 2, Math.floor(at / 2)] : [0, at];
    const [x, y] = [2 + (column * pen.w) / 2, below + 18 * (row + 1)];
    paint(pen, { x, y: y - 8, w: 22, h: 8 }, color);
    pen.text(x + 30, y, words);
  });
}

/** @type {Color[]} */
const TOKENS = ["excess", "amber", "green", "purple", "value", "attention", "theory", "ink"];

/** @type {(T: number, w: number) => {across: number, h: number, bottom: number}} */
function sampleGrid(T, w) {
  const across = Math.min(T, Math.max(Math.floor(w / 24), Math.ceil(Math.sqrt((T * w) / 90))));
  const rows = Math.ceil(T / across);
  const h = Math.min(30, 180 / rows);
  return { across, h, bottom: 28 + rows * h };
}

/** @type {(lane: Lane) => Batch} the last sample that was drawn, or the first that will be */
export const lastSample = ({ task, settings, runs: [run] }) =>
  run.step ? run.one : drawBatch(task, new Random(settings.seed, 2), 1);

/** @type {(lane: Lane) => string} which sample it is */
export const toldDraw = ({ runs: [{ step }] }) =>
  step ? "Shown is the last one." : "None is drawn yet: shown is the first that a step will draw.";

/** @type {(task: Task, sample: Batch) => string[]} what the marks of a sample mean */
export function toldSample({ positions, weights }, { tokens, last: [last], output, source = [] }) {
  const law = positions[last].map((t, at) => `${count(t)} (${brief(weights[last][at])})`);
  const [drawn] = source;
  return [
    `Last token ${letter(last)}: look at position ${law.join(" or ")}.`,
    `Drawn: ${count(drawn)}, where ${letter(tokens[drawn])} stands. From it P draws ${letter(output[0])}.`,
  ];
}

/** @type {(pen: Pen, lane: Lane) => void} */
function drawLast(pen, lane) {
  const { task, runs } = lane;
  const { T, positions } = task;
  const sample = lastSample(lane);
  const [last] = sample.last;
  const { across, h, bottom } = sampleGrid(T, pen.w);
  const w = (pen.w - 8) / across;
  heading(pen, runs[0].step ? "The last sample" : "The first sample", "framed: the one drawn");
  sample.tokens.forEach((token, t) => {
    const [x, y] = [4 + (t % across) * w, 28 + Math.floor(t / across) * h];
    const isTrue = positions[last].includes(t);
    paint(pen, { x, y, w: w - 1, h: h - 2 }, TOKENS[token % 8], isTrue ? 1 : 0.4);
    const frame = [x, y, x + w, y, x + w, y + h - 2, x, y + h - 2, x, y];
    if (t === sample.source?.[0]) pen.line(frame, "ink", 3);
    else if (isTrue) pen.line(frame, "ink", 1.5, 1, [3, 2]);
    if (w > 11) pen.text(x + w / 2, y + h / 2 + 3, letter(token), "middle", isTrue ? "bold" : "");
  });
  toldSample(task, sample).forEach((line, at) => pen.text(4, bottom + 20 * at + 20, line));
}

const rows = (/** @type {number} */ N) => 72 + N * Math.max(30, Math.min(62, 210 / N));
const usual = (/** @type {number} */ w) => Math.max(240, Math.min(290, 0.8 * w));

/** @type {Record<string, [string, (pen: Pen, lane: Lane) => void, (w: number, task: Task) => number]>} */
export const CHARTS = {
  samples: ["Sample", drawLast, (w, { T }) => sampleGrid(T, w).bottom + 50],
  attention: ["Attention", drawAttention, (_, { N }) => rows(N)],
  value: ["V and P", drawValue, (w, { N }) => 90 + Math.min((w - 80) / 2, 60 * N)],
  signals: ["Signals", drawSignals, usual],
  portrait: ["Plane", drawPortrait, usual],
  loss: ["Loss", drawLoss, usual],
  many: ["Seeds", drawMany, (w) => (w > 560 ? 268 : 402)],
};
