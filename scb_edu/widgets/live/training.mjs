// Training live in the page: the library's arithmetic once more. The formulas are derived in the
// book: the task in chapter 1, gradients in 3, the flow in 4, methods in 5.
// An (R, N) matrix is a Float64Array, column after column: column k is [k * R, (k + 1) * R).

/**
 * @import { Settings } from "./settings.mjs"
 */

/**
 * @typedef {Float64Array} Floats
 * @typedef {{size: number, tokens: Uint8Array, last: Uint8Array, output: Uint8Array,
 *   source?: Uint16Array}} Batch
 *   sample b has the context tokens[b * T .. (b + 1) * T); source is the position that was drawn
 * @typedef {{P: ArrayLike<number>, mu?: ArrayLike<number>, positions: number[][], weights: number[][],
 *   model?: Model | null}} Given  a task of the reader's own
 * @typedef {{value: ArrayLike<number>, attention?: ArrayLike<number>,
 *   logits?: ArrayLike<number>}} Model  where a run of theirs starts
 * @typedef {{value: number, attention: number}} Signals
 * @typedef {{KP: number, KQ: number, T: number}} Constants
 * @typedef {ReturnType<typeof momentsOf>} Moments
 */

// Random numbers

export const WORDS = 2 ** 32;

/** The generator sfc32 (Doty-Humphrey, PractRand), its state from splitmix32. */
export class Random {
  /** @param {number} seed @param {number} [stream] one for each use of a seed */
  constructor(seed, stream = 0) {
    const hashes = [scramble(stream) ^ seed];
    for (let i = 0; i < 4; i++) hashes.push(scramble(hashes[i]));
    const [, a, b, c, d] = hashes;
    this.state = { a, b, c, d };
    /** @type {Uint32Array} */
    this.buffer = new Uint32Array(16);
    this.words(16);
  }

  /** Return at least `count` random words of 32 bits, until the next call. @param {number} count */
  words(count) {
    if (this.buffer.length < count) this.buffer = new Uint32Array(count);
    const { buffer } = this;
    let { a, b, c, d } = this.state;
    for (let i = 0; i < count; i++) {
      const sum = (((a + b) | 0) + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      buffer[i] = sum;
    }
    this.state = { a, b, c, d };
    return buffer;
  }

  /** @returns {number} uniform in [0, 1) */
  next() {
    return this.words(1)[0] / WORDS;
  }
}

/** @type {(seed: number) => number} a step of splitmix32 */
function scramble(seed) {
  let z = (seed + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}

/** A law that is drawn from by inversion of a 32-bit word: each chance is right to 2^-32. */
class Sampler {
  /** @param {ArrayLike<number>} law */
  constructor(law) {
    let sum = 0;
    const sums = Array.from(law, (p) => (sum += p));
    this.ends = Float64Array.from(sums, (s) => Math.round((s / sum) * WORDS));
    /** where the search begins, by the first eight bits */
    this.first = Uint16Array.from({ length: 256 }, (_, i) =>
      this.ends.findIndex((end) => i * 2 ** 24 < end),
    );
  }

  /** @param {number} word */
  draw(word) {
    let i = this.first[word >>> 24];
    while (word >= this.ends[i]) i++;
    return i;
  }
}

// Task

/** A task: P (N, N), mu (N), and for each last token its positions and their weights. */
export class Task {
  /** @param {Settings} settings @param {Given | null} given */
  constructor(settings, given) {
    const own = settings.task === "given" && given;
    const drawn = settings.task === "random" ? randomParts : exampleParts;
    const { P, mu, positions, weights, model } = own || drawn(settings);
    const [N, T] = [positions.length, settings.T];
    this.N = N;
    this.T = T;
    this.Q = Math.max(...positions.map((list) => list.length));
    this.P = Float64Array.from(P);
    this.mu = Float64Array.from(mu ?? stationary(this.P, N));
    this.positions = positions;
    this.weights = weights;
    this.attention = new Float64Array(N * T);
    positions.forEach((list, k) =>
      list.forEach((t, j) => (this.attention[k * T + t] = weights[k][j])),
    );
    this.model = model;
    this.tokenSampler = new Sampler(this.mu);
    this.positionSamplers = weights.map((law) => new Sampler(law));
    this.outputSamplers = weights.map((_, m) => new Sampler(this.P.subarray(m * N, m * N + N)));
    this.truth = momentsOf(this, this.P, this.attention);
    this.KP = this.truth.square - this.truth.size;
    this.KQ = this.truth.attentionSquare - 1 / T;
    this.bayes = lossOf(this.truth);
  }
}

/** @type {(settings: Settings, given?: Given | null) => Task} */
export const createTask = (settings, given = null) => new Task(settings, given);

/** @type {(settings: Settings) => Given} as `SCBTask.example` */
function exampleParts({ T }) {
  const first = [0, 1, 2].map((k) => (1 + 2 * k) % T);
  return {
    P: [0.7, 0.2, 0.1, 0.2, 0.6, 0.2, 0.1, 0.3, 0.6],
    positions: first.map((t) => [t, (t + Math.floor(T / 2)) % T]),
    weights: first.map(() => [0.6, 0.4]),
  };
}

/** @type {(settings: Settings) => Given} where peak is 1/2, with the law of `SCBTask.random` */
function randomParts({ N, T, Q, peak, seed }) {
  const random = new Random(seed, 1);
  const next = subset(random, N, N);
  return {
    P: next.flatMap((n) => transitionColumn(dirichlet(random, N, 1), n, peak)),
    weights: next.map(() => dirichlet(random, Q, 5)),
    positions: next.map(() => subset(random, T, Q)),
  };
}

/** @type {(drawn: number[], next: number, peak: number) => number[]} */
function transitionColumn(drawn, next, peak) {
  const spread = Math.min(1, 0.1 + 1.8 * peak); // not 0: of a uniform P there is nothing to learn
  const sure = Math.max(0, 2 * peak - 1);
  const N = drawn.length;
  return drawn.map((p, n) => {
    const mild = spread * p + (1 - spread) / N;
    return 0.99 * (n === next ? sure + (1 - sure) * mild : (1 - sure) * mild) + 0.01 / N;
  });
}

/** @type {(random: Random, size: number, concentration: number) => number[]} whole concentrations */
function dirichlet(random, size, concentration) {
  const cuts = Array.from({ length: size * concentration - 1 }, () => random.next());
  const ends = [0, ...cuts.sort((a, b) => a - b), 1].filter((_, i) => i % concentration === 0);
  return ends.slice(1).map((end, i) => end - ends[i]);
}

/** @type {(random: Random, size: number, count: number) => number[]} in random order */
function subset(random, size, count) {
  const all = Array.from({ length: size }, (_, i) => i);
  return Array.from({ length: count }, () =>
    all.splice(Math.floor(random.next() * all.length), 1),
  ).flat();
}

/** @type {(P: Floats, N: number) => Floats} P mu = mu, by elimination without a subtraction (GTH) */
function stationary(P, N) {
  const p = P.slice(); // p[i * N + j]: from i to j
  for (let n = N - 1; n > 0; n--) {
    const leave = p.subarray(n * N, n * N + n).reduce((sum, x) => sum + x, 0);
    for (let i = 0; i < n; i++) {
      p[i * N + n] /= leave;
      for (let j = 0; j < n; j++) p[i * N + j] += p[i * N + n] * p[n * N + j];
    }
  }
  const mu = new Float64Array(N).fill(1, 0, 1);
  for (let n = 1; n < N; n++) for (let i = 0; i < n; i++) mu[n] += mu[i] * p[i * N + n];
  const sum = mu.reduce((a, b) => a + b);
  return mu.map((x) => x / sum);
}

/** @type {(task: Task, random: Random, batch: Batch, b: number) => void} */
function drawSample(task, random, batch, b) {
  const { T, positions, tokenSampler, positionSamplers, outputSamplers } = task;
  const words = random.words(T + 3);
  for (let t = 0; t < T; t++) batch.tokens[b * T + t] = tokenSampler.draw(words[t]);
  const last = tokenSampler.draw(words[T]);
  const position = positions[last][positionSamplers[last].draw(words[T + 1])];
  if (batch.source) batch.source[b] = position;
  batch.last[b] = last;
  batch.output[b] = outputSamplers[batch.tokens[b * T + position]].draw(words[T + 2]);
}

/**
 * Draw samples one after the other: they are the same however they are cut into batches.
 * @type {(task: Task, random: Random, size: number) => Batch}
 */
export function drawBatch(task, random, size) {
  const bytes = (/** @type {number} */ count) => new Uint8Array(count * size);
  const source = new Uint16Array(size);
  const batch = { size, tokens: bytes(task.T), last: bytes(1), output: bytes(1), source };
  for (let b = 0; b < size; b++) drawSample(task, random, batch, b);
  return batch;
}

// Model and gradients

/** @type {(M: Floats, other: Floats, mu: Floats) => number} <M, M'>_mu: columns count by mu */
function inner(M, other, mu) {
  const rows = M.length / mu.length;
  let total = 0;
  for (let k = 0; k < mu.length; k++) {
    let sum = 0;
    for (let i = k * rows; i < k * rows + rows; i++) sum += M[i] * other[i];
    total += mu[k] * sum;
  }
  return total;
}

/** @type {(x: Floats, from: number, count: number) => number} */
function sumOf(x, from, count) {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += x[i];
  return sum;
}

/** @type {(V: Floats, mu: Floats) => Floats} V mu */
const times = (V, mu) =>
  mu.map((_, n) => mu.reduce((sum, share, k) => sum + share * V[k * mu.length + n], 0));

/**
 * The numbers through which a model meets a task, means over last tokens or over columns of V.
 * @param {{N: number, P: Floats, mu: Floats, attention: Floats}} task
 * @param {Floats} V @param {Floats} A
 */
function momentsOf({ N, P, mu, attention }, V, A) {
  const output = times(V, mu);
  const T = A.length / N;
  const mass = mu.map((_, k) => sumOf(A, k * T, T));
  return {
    square: inner(V, V, mu),
    truth: inner(V, P, mu),
    size: inner(output, output, ONE), // ||V mu||^2
    along: inner(output, mu, ONE), // <V mu, mu>
    attentionSquare: inner(A, A, mu), // ||a_k||^2
    overlap: inner(A, attention, mu), // <q_k, a_k>
    mass: inner(mass, mu, ONE), // 1^T a_k
    massSquare: inner(mass, mass, mu),
  };
}

const ONE = Float64Array.of(1);

/** @type {(m: Moments) => number} the loss in the mean over all samples */
function lossOf(m) {
  const hit = m.overlap * (m.truth - m.along) + m.mass * m.along;
  return 0.5 * (1 - 2 * hit + m.attentionSquare * (m.square - m.size) + m.massSquare * m.size);
}

/** @type {(run: Run, batch: Batch, b: number) => void} add the gradient of a sample to the sums */
function addSample({ task, V, A, sums, room }, { tokens, last, output }, b) {
  const { N, T } = task;
  const { context, residual, back } = room;
  const [from, column] = [b * T, last[b] * T];
  context.fill(0); // h = X a_k
  for (let t = 0; t < T; t++) context[tokens[from + t]] += A[column + t];
  for (let n = 0; n < N; n++) {
    residual[n] = n === output[b] ? -1 : 0; // r = V h - e_o
    for (let m = 0; m < N; m++) residual[n] += V[m * N + n] * context[m];
    sums.loss += 0.5 * residual[n] * residual[n];
  }
  for (let m = 0; m < N; m++) {
    back[m] = 0; // V^T r
    for (let n = 0; n < N; n++) {
      back[m] += V[m * N + n] * residual[n];
      sums.value[m * N + n] += residual[n] * context[m];
    }
  }
  for (let t = 0; t < T; t++) sums.weights[column + t] += back[tokens[from + t]];
  sums.count++;
}

// Methods and schedules

const SMALLEST_SUM = 1e-3; // a column of A that sums to less is not divided by it
const LARGEST_LOSS = 1e6; // a batch with a larger one counts as divergence
export const SPENDING = { c: 1.7, d: 4 }; // of the falling batch

/**
 * Names in the library; whether a method divides columns by mu, and centres those of A.
 * @type {Record<string, {name: string, divides?: boolean, centres?: boolean}>}
 */
export const METHODS = {
  plain: { name: "SGD" },
  projected: { name: "training.ProjectedSGD", centres: true },
  preconditioned: { name: "ProximalGradient", divides: true, centres: true },
  proximal: { name: "ProximalGradient", divides: true, centres: true },
  momentum: { name: "training.Momentum" },
  adam: { name: "training.Adam" },
};

/** @type {(task: Constants) => number} at which signals leave the saddle */
export function growthRate({ KP, KQ, T }) {
  const damping = (1 + 1 / (T * KQ)) / T;
  return (2 * KP * KQ) / (damping + Math.sqrt(damping * damping + 4 * KP * KQ));
}

/** @type {(task: Task, settings: Settings, time: number) => number} */
export function batchAt(task, { schedule, batch, rate }, time) {
  if (schedule === "constant") return batch;
  const hungry = SPENDING.c * task.T * Math.exp(-growthRate(task) * time);
  return Math.max(1, roundToEven(rate * Math.max(hungry, SPENDING.d * Math.sqrt(task.T))));
}

/** @type {(x: number) => number} a half to the even number, as Python rounds */
const roundToEven = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** @type {(task: Task, settings: Settings) => number} the rate of A, or of its logits */
export const attentionRate = ({ T }, { rate, ratio, attention }) =>
  rate * (ratio || (attention === "softmax" ? T : 1));

/** @type {(run: Run) => void} from the sums over a batch to the slopes that the method follows */
function toSlopes({ task, settings, sums, memory, logits, A, step }) {
  const { N, T, mu } = task;
  const { divides, centres } = METHODS[settings.method];
  for (let k = 0; k < N; k++) {
    const scale = 1 / (sums.count * (divides ? mu[k] : 1));
    for (let n = k * N; n < k * N + N; n++) sums.value[n] *= scale;
    for (let t = k * T; t < k * T + T; t++) sums.weights[t] *= scale;
    if (logits) chain(sums.weights, A, k * T, T);
    if (centres) centre(sums.weights, k * T, T);
  }
  memory.forEach(([mean, square], i) => {
    const slope = i ? sums.weights : sums.value;
    if (square) adapt(slope, mean, square, step);
    else for (let j = 0; j < slope.length; j++) slope[j] = mean[j] = 0.9 * mean[j] + slope[j];
  });
}

/** @type {(slope: Floats, A: Floats, from: number, T: number) => void} from A to its logits */
function chain(slope, A, from, T) {
  let mean = 0;
  for (let t = from; t < from + T; t++) mean += A[t] * slope[t];
  for (let t = from; t < from + T; t++) slope[t] = A[t] * (slope[t] - mean);
}

/** @type {(x: Floats, from: number, count: number) => void} */
function centre(x, from, count) {
  const mean = sumOf(x, from, count) / count;
  for (let i = from; i < from + count; i++) x[i] -= mean;
}

/** @type {(slope: Floats, mean: Floats, square: Floats, count: number) => void} Adam's slope */
function adapt(slope, mean, square, count) {
  const [meanShare, squareShare] = [1 - 0.9 ** count, 1 - 0.999 ** count];
  for (let i = 0; i < slope.length; i++) {
    mean[i] = 0.9 * mean[i] + (1 - 0.9) * slope[i];
    square[i] = 0.999 * square[i] + (1 - 0.999) * slope[i] * slope[i];
    slope[i] = mean[i] / meanShare / (Math.sqrt(square[i] / squareShare) + 1e-8);
  }
}

/** @type {(x: Floats, slope: Floats, rate: number) => void} */
function descend(x, slope, rate) {
  for (let i = 0; i < x.length; i++) x[i] -= rate * slope[i];
}

/** @type {(task: Task, settings: Settings, time: number) => number} none for softmax weights */
export function thresholdAt(task, settings, time) {
  const { method, attention, penalty, penaltyFrom } = settings;
  const acts = method === "proximal" && attention === "linear" && time >= penaltyFrom;
  return acts ? attentionRate(task, settings) * penalty : 0;
}

/**
 * Shrink every weight, and divide each column by its sum.
 * @type {(A: Floats, T: number, threshold: number) => boolean} false where a sum is too small
 */
function shrink(A, T, threshold) {
  for (let from = 0; from < A.length; from += T) {
    let sum = 0;
    for (let t = from; t < from + T; t++) {
      A[t] = A[t] > threshold ? A[t] - threshold : A[t] < -threshold ? A[t] + threshold : 0;
      sum += A[t];
    }
    if (!(sum >= SMALLEST_SUM)) return false;
    for (let t = from; t < from + T; t++) A[t] /= sum;
  }
  return true;
}

/** @type {(W: Floats, A: Floats, T: number) => void} A = softmax(W) */
function softmax(W, A, T) {
  for (let from = 0; from < W.length; from += T) {
    let [most, sum] = [-Infinity, 0];
    for (let t = from; t < from + T; t++) most = Math.max(most, W[t]);
    for (let t = from; t < from + T; t++) sum += A[t] = Math.exp(W[t] - most);
    for (let t = from; t < from + T; t++) A[t] /= sum;
  }
}

// Run

/** The pointer's weight alpha_V alpha_A where stage 1 ends, and where the fall ends (chapter 4). */
export const BORDERS = { one: 1 - Math.sqrt(0.9), fall: 1 - Math.sqrt(0.1) };
const NEAR = 0.1; // stage 2 is over where both matrices are that near, as a share of sqrt(K)
const DECIDED = 0.25; // a signal that large is no noise of the start
const UNSTABLE = 3; // times the excess loss of the start
const PATIENCE = 2; // times log(T) / lambda; runs that leave stage 1 do so before 1.3 of them
const HUNGER = 3; // units of time without weight on the truth, in which noise brings none back
const POINTS = 2000; // of a trail at most
const LOOK_AFTER = 8; // samples over N between two looks, so that looking costs little

/** A run of training. What it is at stands in its fields; `step` and `advance` move it. */
export class Run {
  /** @param {Task} task @param {Settings} settings @param {number} dataSeed */
  constructor(task, settings, dataSeed) {
    const { N, T } = task;
    const model = startModel(task, settings);
    const isSoftmax = settings.attention === "softmax";
    this.task = task;
    this.settings = settings;
    this.random = new Random(dataSeed, 2);
    this.one = drawBatch(task, new Random(0), 1);
    const zeros = (/** @type {number} */ size) => new Float64Array(size);
    this.sums = { value: zeros(N * N), weights: zeros(N * T), loss: 0, count: 0 };
    this.room = { context: zeros(N), residual: zeros(N), back: zeros(N) };
    this.V = startValue(task, settings);
    this.A = Float64Array.from(model?.attention ?? zeros(N * T).fill(1 / T));
    this.logits = isSoftmax ? Float64Array.from(model?.logits ?? zeros(N * T)) : null;
    if (this.logits) softmax(this.logits, this.A, T);
    const kept = { momentum: [0], adam: [0, 0] }[settings.method]; // for V and for A
    this.memory = kept ? [N * N, N * T].map((size) => kept.map(() => zeros(size))) : [];
    this.step = 0;
    this.samples = 0;
    this.time = 0;
    this.signals = { value: 0, attention: 0 };
    this.errors = { value: 0, attention: 0 }; // distances over sqrt(K)
    this.excess = 0;
    /** @type {{one: number | null, fall: number | null, two: number | null}} */
    this.ends = { one: null, fall: null, two: null };
    this.status = { name: "ready", words: "" };
    /** @type {{samples: number[], value: number[], attention: number[], excess: number[]}} */
    this.trail = { samples: [], value: [], attention: [], excess: [] };
    this.looks = { next: 0, count: 0, spacing: 1 }; // spacing: between two points of the trail
    this.wait = waitOf(task, settings);
    this.fed = 0; // when a true position had weight, or a push that brings it back
    look(this);
  }
}

/** @type {(task: Task, settings: Settings, dataSeed?: number) => Run} */
export const createRun = (task, settings, dataSeed = settings.seed) =>
  new Run(task, settings, dataSeed);

/** @type {(run: Run) => boolean} whether there are no more steps to make */
export const isOver = ({ status }) => status.name === "diverged" || status.name === "vanished";

/** @type {(run: Run, batch?: Batch) => void} make one step, on samples of the run's own or a batch */
export function step(run, batch) {
  if (!batch) return void advance(run, Infinity);
  for (let b = 0; b < batch.size; b++) addSample(run, batch, b);
  if (!isOver(run)) finish(run);
}

/**
 * Go on by at most so many samples, and not beyond the end of a step: so no frame waits long.
 * @type {(run: Run, samples: number) => boolean} whether the step is done, or none can be made
 */
export function advance(run, samples) {
  if (isOver(run)) return true;
  const { task, settings, sums, one } = run;
  const size = batchAt(task, settings, run.time);
  for (let left = Math.min(samples, size - sums.count); left > 0; left--) {
    drawSample(task, run.random, one, 0);
    addSample(run, one, 0);
  }
  if (sums.count < size) return false;
  finish(run);
  return true;
}

/** @type {(run: Run) => void} move V and A against the sums over a batch */
function finish(run) {
  const { task, settings, sums, V, A, logits } = run;
  const threshold = thresholdAt(task, settings, run.time);
  run.samples += sums.count; // those of a step that breaks down count, and so does the step
  run.step++;
  if (!(sums.loss / sums.count < LARGEST_LOSS)) return breakDown(run, "diverged");
  toSlopes(run);
  descend(V, sums.value, settings.rate);
  descend(logits ?? A, sums.weights, attentionRate(task, settings));
  if (logits) softmax(logits, A, task.T);
  else if (METHODS[settings.method].divides && !shrink(A, task.T, threshold))
    return breakDown(run, "vanished");
  run.time += settings.rate;
  sums.value.fill(0);
  sums.weights.fill(0);
  sums.loss = sums.count = 0;
  if (run.samples >= run.looks.next) look(run);
}

/** @type {(run: Run, name: "diverged" | "vanished") => void} */
function breakDown(run, name) {
  run.status = { name, words: STATES[name][1] };
}

/** @type {Record<string, [string, string]>} what a run can be at: its status, and that in words */
const STATES = {
  ready: ["ready", "Ready: nothing is learned yet."],
  one: ["running", "Stage 1: the loss looks flat."],
  fall: ["running", "The fall: the loss comes down."],
  two: ["running", "Stage 2: past the fall, not yet within a tenth of the truth."],
  noisy: [
    "running",
    "Noisy: the signals have moved, but the loss is no lower. Try a larger batch.",
  ],
  unstable: ["running", "Unstable: the loss is far above that of the start. Try a smaller rate."],
  arrived: ["arrived", "Arrived: V and A are within a tenth of the truth."],
  wrong: ["wrong", "On the wrong side: the attention leaves the truth. Try a larger batch."],
  late: [
    "stuck",
    "Stuck: exact gradients left stage 1 long ago. Try a larger batch or less penalty.",
  ],
  starved: ["stuck", "Stuck: the penalty took all true positions. Try a smaller or a later one."],
  diverged: ["diverged", "Diverged: the numbers overflowed. Try a smaller rate."],
  vanished: ["vanished", "Vanished: the penalty took all attention. Try a smaller or a later one."],
};

/** @type {(run: Run) => Moments} take the signals, the errors and the excess loss of this moment */
export function measure(run) {
  const { task, signals, errors } = run;
  const { T, KP, KQ, truth } = task;
  const m = momentsOf(task, run.V, run.A);
  signals.value = (m.truth - m.along) / KP;
  signals.attention = (m.overlap - m.mass / T) / KQ;
  errors.value = Math.sqrt(Math.max(m.square - 2 * m.truth + truth.square, 0) / KP);
  const far = m.attentionSquare - 2 * m.overlap + truth.attentionSquare;
  errors.attention = Math.sqrt(Math.max(far, 0) / KQ);
  run.excess = lossOf(m) - task.bayes;
  return m;
}

/** @type {(run: Run) => void} measure, note what ended, judge, and add to the trail */
function look(run) {
  const { signals, errors, ends, trail, looks, samples } = run;
  const moments = measure(run);
  if (!Number.isFinite(run.excess)) return breakDown(run, "diverged");
  const weight = signals.attention > 0 ? signals.value * signals.attention : 0;
  if (weight >= BORDERS.one) ends.one ??= samples;
  if (weight >= BORDERS.fall) ends.fall ??= samples;
  if (weight > 0 && Math.max(errors.value, errors.attention) <= NEAR) ends.two ??= samples;
  if (!isStarved(run, moments)) run.fed = run.time;
  const [name, words] = STATES[judge(run)];
  run.status = { name, words };
  looks.next = samples + Math.min(samples, LOOK_AFTER * run.task.N) || 1; // often at first
  if (looks.count++ % looks.spacing) return;
  trail.samples.push(samples);
  trail.value.push(signals.value);
  trail.attention.push(signals.attention);
  trail.excess.push(run.excess);
  if (trail.samples.length > POINTS) thin(run);
}

/** @type {(run: Run) => string} */
function judge({ step, signals, excess, trail, ends, time, wait, fed }) {
  if (ends.two !== null) return "arrived";
  if (step === 0) return "ready";
  if (time - fed > HUNGER) return "starved";
  if (excess > UNSTABLE * trail.excess[0]) return "unstable";
  if (ends.one !== null && excess > trail.excess[0]) return "noisy";
  if (ends.one !== null) return ends.fall === null ? "fall" : "two";
  if (signals.attention < -DECIDED) return "wrong";
  return time > wait && signals.attention < DECIDED ? "late" : "one";
}

/**
 * Whether exact gradients never leave: no true position has weight, so that V only forgets from here
 * on, and what V knows pushes less than the penalty takes.
 * @type {(run: Run, moments: Moments) => boolean}
 */
function isStarved({ task, settings, time, A }, { truth, along, square, size }) {
  const { T, positions, weights } = task;
  const push = Math.abs(truth - along) * Math.max(...weights.flat()) + Math.abs(square - size) / T;
  const isHeld = thresholdAt(task, settings, time) > 0 && push < settings.penalty;
  return isHeld && positions.every((list, k) => list.every((t) => A[k * T + t] === 0));
}

/** @type {(run: Run) => void} drop every second point of the trail, and take half as many */
function thin({ trail, looks }) {
  for (const list of Object.values(trail))
    list.splice(0, list.length, ...list.filter((_, i) => i % 2 === 0));
  looks.spacing *= 2;
}

/**
 * How long a run may wait before it is stuck: PATIENCE times log(T) / lambda, more than the exact
 * flow takes from scratch; longer where a method does not divide by mu, and for softmax attention, which
 * waits about T / sqrt(ratio K_P) (chapter 8).
 * @type {(task: Task, settings: Settings) => number}
 */
function waitOf(task, settings) {
  const ratio = attentionRate(task, settings) / settings.rate;
  const snap = settings.attention === "softmax" ? (3 * task.T) / Math.sqrt(ratio * task.KP) : 0;
  const slowest = METHODS[settings.method].divides ? 1 : Math.min(...task.mu);
  return (PATIENCE * (Math.log(task.T) / growthRate(task) + snap)) / slowest;
}

/** @type {(task: Task, settings: Settings) => Model | null} what Python gave, where a run starts there */
export const startModel = ({ model }, { start }) => (start === "given" && model) || null;

/** @type {(task: Task, settings: Settings) => Floats} */
function startValue(task, settings) {
  const { N, P, mu } = task;
  const model = startModel(task, settings);
  const { start, theta, share } = settings;
  if (model) return Float64Array.from(model.value);
  const isRelated = start === "related" || start === "tempered";
  const rest = isRelated ? restBeside(task, settings) : new Float64Array(N * N);
  const [known, whole] = [start === "scratch" ? 0 : theta, start === "tempered" ? share : 1];
  return rest.map((r, i) => mu[i % N] + whole * (known * (P[i] - mu[i % N]) + r));
}

/**
 * What a related V holds beside the truth, at random: orthogonal to P - mu 1^T, with column sums of 0,
 * mu to 0, and such that V has the energy K_P in all. V need not be a distribution: entries may be
 * negative. For N = 2 there is no such rest.
 * @type {(task: Task, settings: Settings) => Floats}
 */
function restBeside({ N, P, mu, KP }, { seed, theta }) {
  const random = new Random(seed, 3);
  const rest = new Float64Array(N * N).map(() => random.next());
  for (let m = 0; m < N; m++) centre(rest, m * N, N);
  const output = times(rest, mu);
  const flat = rest.map((r, i) => r - output[i % N]);
  const truth = P.map((p, i) => p - mu[i % N]);
  const along = inner(flat, truth, mu) / KP;
  const free = flat.map((r, i) => r - along * truth[i]);
  const scale = N > 2 ? Math.sqrt(((1 - theta * theta) * KP) / inner(free, free, mu)) : 0;
  return free.map((r) => scale * r);
}

// Exact flow

/**
 * Follow the signals under exact gradients, at equally spaced times.
 * @type {(task: Constants, start: Signals, tEnd: number, points: number) =>
 *   {t: number[], value: number[], attention: number[]}}
 */
export function flow(task, start, tEnd, points) {
  const path = [[start.value, start.attention]];
  const t = Array.from({ length: points }, (_, i) => (tEnd * i) / (points - 1));
  for (let i = 1; i < points; i++) path.push(follow(task, path[i - 1], t[i] - t[i - 1]));
  return { t, value: path.map(([v]) => v), attention: path.map(([, a]) => a) };
}

/** @type {(task: Constants, v: number, a: number) => [number, number]} of the two signals */
export const velocity = ({ KP, KQ, T }, v, a) => [
  (1 - v) / T + KQ * a * (1 - v * a),
  KP * v * (1 - v * a),
];

/** @type {(task: Constants, from: number[], time: number) => number[]} by Runge and Kutta's method */
function follow(task, [v, a], time) {
  for (let left = time; left > 1e-12 * time;) {
    const h = Math.min(left, 0.05 / (1 + v * v + a * a));
    const [v1, a1] = velocity(task, v, a);
    const [v2, a2] = velocity(task, v + (h / 2) * v1, a + (h / 2) * a1);
    const [v3, a3] = velocity(task, v + (h / 2) * v2, a + (h / 2) * a2);
    const [v4, a4] = velocity(task, v + h * v3, a + h * a3);
    v += (h / 6) * (v1 + 2 * v2 + 2 * v3 + v4);
    a += (h / 6) * (a1 + 2 * a2 + 2 * a3 + a4);
    left -= h;
  }
  return [v, a];
}
