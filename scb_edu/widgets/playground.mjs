// Training live in the page: the library's arithmetic once more, and what shows it. The formulas
// are derived in the book: the task in chapter 1, gradients in 3, the flow in 4, methods in 5.
// An (R, N) matrix is a Float64Array, column after column: column k is [k * R, (k + 1) * R).

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

// 1 random numbers

const WORDS = 2 ** 32;

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

// 2 task

/** A task: P (N, N), mu (N), and for each last token its positions and their weights. */
class Task {
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

// 3 model and gradients

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

// 4 methods and schedules

const SMALLEST_SUM = 1e-3; // a column of A that sums to less is not divided by it
const LARGEST_LOSS = 1e6; // a batch with a larger one counts as divergence
const SPENDING = { c: 1.7, d: 4 }; // of the falling batch

/**
 * Names in the library; whether a method divides columns by mu, and centres those of A.
 * @type {Record<string, {name: string, divides?: boolean, centres?: boolean}>}
 */
const METHODS = {
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
const attentionRate = ({ T }, { rate, ratio, attention }) =>
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
function thresholdAt(task, settings, time) {
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

// 5 run

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
class Run {
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
const startModel = ({ model }, { start }) => (start === "given" && model) || null;

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

// 6 exact flow

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
const velocity = ({ KP, KQ, T }, v, a) => [
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

// 7 settings, presets and link

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
const OTHER = LINKED.slice(3, 14); // what the second lane may have otherwise, on the same data

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

// 8 export

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

// 9 charts: each draws with a pen, and a pen writes on a canvas or into SVG

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
const LIGHT = {
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
const DARK = { ...LIGHT, ink: "#e6e6e6", paper: "#14181e", theory: "#a6a6a6" };
Object.assign(DARK, { value: "#4DA8E0", attention: "#F2813A", green: "#2FC398" });
const SHIFT = { start: 0, middle: 0.5, end: 1 };
const sizeOf = (/** @type {string} */ look) => (look.includes("small") ? 11 : 12.5);

/** @type {(ink: CanvasRenderingContext2D, theme: typeof LIGHT, font: string, w: number, h: number) => Pen} */
function canvasPen(ink, theme, font, w, h) {
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
function svgPen(out, w, h) {
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
const count = (/** @type {number} */ x) => Math.round(x).toLocaleString("en-US");
const plural = (/** @type {number} */ x, /** @type {string} */ word) =>
  `${count(x)} ${word}${x === 1 ? "" : "s"}`;
const two = (/** @type {number} */ x) => signed(x.toFixed(2).replace(/^-(0\.00)$/, "$1"));
const letter = (/** @type {number} */ token) => String.fromCharCode(65 + token);

/** @type {(x: number) => string} such as 12,800, 0.05 and 1e−6 */
function brief(x) {
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
const isPastFall = ({ ends }) => ends.fall !== null;

/** @type {(runs: Run[]) => string} */
const pastFall = (runs) => `${runs.filter(isPastFall).length} of ${runs.length} are past the fall`;

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
const lastSample = ({ task, settings, runs: [run] }) =>
  run.step ? run.one : drawBatch(task, new Random(settings.seed, 2), 1);

/** @type {(lane: Lane) => string} which sample it is */
const toldDraw = ({ runs: [{ step }] }) =>
  step ? "Shown is the last one." : "None is drawn yet: shown is the first that a step will draw.";

/** @type {(task: Task, sample: Batch) => string[]} what the marks of a sample mean */
function toldSample({ positions, weights }, { tokens, last: [last], output, source = [] }) {
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

// 10 controls and view

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
const stepsPerSecond = (speed) =>
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
const CONTROLS = {
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
const GROUPS = {
  Task: ["task", "N", "Q", "peak", "T", "seed"],
  Training: ["method", "rate", "ratio", "schedule", "batch", "penalty", "penaltyFrom"],
  "At the start": ["attention", "start", "theta", "share"],
  View: ["lanes", "speed", "log"],
};
const KEPT = ["speed", "log"]; // what can change while a run goes on

/** @type {(name: string, value: any, settings?: Settings) => string} */
const written = (name, value, settings = DEFAULTS) =>
  typeof value === "string" ? value : (CONTROLS[name][2] ?? brief)(value, settings);

/** @type {(settings: Settings) => string} what a lane has of what the lanes differ in */
const differences = (settings) =>
  Object.keys(settings.other)
    .filter((name) => CONTROLS[name][3]?.(settings) !== false)
    .map((name) => [name, /** @type {any} */ (settings)[name]])
    .map(([name, value]) => `${CONTROLS[name][0]}: ${written(name, value, settings)}`)
    .join(", ");

/** @type {(text: string) => HTMLElement} the element that some HTML stands for */
function html(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return /** @type {HTMLElement} */ (template.content.firstElementChild);
}

let ids = 0;
const newId = () => `scb-${Math.random().toString(36).slice(2, 8)}-${ids++}`;

/**
 * A labelled field, which has no id yet, and below it a line about what it holds.
 * @type {(label: string, field: string, about?: string) => {row: HTMLElement, input: any, about: any}}
 */
function labelled(label, field, about) {
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
const list = (words) =>
  `<select>${words.map((word) => `<option>${word}</option>`).join("")}</select>`;

/**
 * A labelled control; `show` makes it show what holds for the settings, and whose they are.
 * @typedef {{row: HTMLElement, show: (settings: any, whose: string) => void}} Control
 * @type {(name: string, write: (value: any) => void, more: string[]) => Control}
 */
function control(name, write, more) {
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
function download(name, part, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([part], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @type {(color: string) => Uint8ClampedArray} red, green and blue, however CSS writes them */
function pixel(color) {
  const canvas = document.createElement("canvas");
  const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ink.fillStyle = color;
  ink.fillRect(0, 0, 1, 1);
  return ink.getImageData(0, 0, 1, 1).data;
}

/** @type {(field: HTMLInputElement | HTMLTextAreaElement) => void} */
function copy(field) {
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
function widen(lanes) {
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
function told({ runs }) {
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
function toSvg(lanes, names) {
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
async function toPng(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob((blob) => done(blob ?? new Blob())));
}

// 11 render

/**
 * @typedef {{get(name: string): any, set(name: string, value: unknown): void, save_changes(): void,
 *   on(event: string, listener: () => void): void, off(event: string, listener: () => void): void}} Host
 * @typedef {{name: string, lane: number, figure: HTMLElement, canvas: HTMLCanvasElement, w: number}} View
 */

const SLICE = 8; // milliseconds of training in a frame
const PIECE = 30_000; // tokens that are drawn between two looks at the clock
const FEW = 5; // controls that need no groups
const FINAL = /^(arrived|wrong|stuck|diverged|vanished)$/; // where runs pause by themselves

const SKELETON = `<div class="scb-playground" role="group" tabindex="0">
  <p class="scb-question"></p>
  <p class="scb-notice"></p>
  <div class="scb-body">
    <div class="scb-side"></div>
    <div class="scb-main">
      <div class="scb-bar">
        <button type="button" class="scb-start">Start</button>
        <button type="button" class="scb-step">Step</button>
        <button type="button" class="scb-reset">Reset</button>
      </div>
      <div class="scb-tabs" role="tablist" aria-label="Charts"></div>
      <div class="scb-lanes"></div>
      <details class="scb-export">
        <summary>Take it with you</summary>
        <div class="scb-bar">
          <button type="button" class="scb-png">Picture (PNG)</button>
          <button type="button" class="scb-svg">Picture (SVG)</button>
          <button type="button" class="scb-csv">Numbers (CSV)</button>
        </div>
        <div class="scb-copy scb-link">
          <input readonly aria-label="Link to this run">
          <button type="button">Copy the link</button>
        </div>
        <div class="scb-copy scb-python">
          <textarea readonly rows="12" spellcheck="false" aria-label="The same in Python"></textarea>
          <button type="button">Copy the Python lines</button>
        </div>
      </details>
    </div>
  </div>
  <p class="scb-hint">A change starts the run anew, so that its link always leads to exactly this
    run. Keys, when the frame has the focus: Space starts and pauses, → makes one step, R resets.</p>
  <p class="scb-hidden" role="status"></p>
</div>`;

/** @type {(target: any) => void} JupyterLab has shortcuts for keys in whatever else has the focus */
const keepKeys = (target) => target.setAttribute("data-lm-suppress-shortcuts", "true");

/** @type {(act: () => void) => void} some hosts throw where there is nobody to tell */
function quietly(act) {
  try {
    act();
  } catch {}
}

/** What is shown, and the runs behind it. */
class Playground {
  /** @type {Lane[]} */
  lanes = [];
  /** @type {Run[]} */
  runs = [];
  goal = 0; // how many steps to go to; Infinity while it runs
  credit = 0; // steps that the speed allows
  isResting = false;
  hasPaused = false; // by itself
  isTouched = false; // by the reader
  isVisible = false;
  isSecond = false; // whether the controls are those of the second lane
  request = 0;
  chart = ""; // the one that is shown where there is room for one
  /** @type {View[]} */
  views = [];
  /** @type {((settings: Settings) => void)[]} what the controls do to show settings */
  shows = [];
  theme = LIGHT;
  font = "sans-serif";
  /** when it last looked at the speed, drew, wrote and reported; how long it took to draw */
  last = { paced: 0, drawn: 0, written: 0, told: 0, cost: 0 };
  still = matchMedia("(prefers-reduced-motion: reduce)");
  ended = new AbortController();
  sized = new ResizeObserver(() => this.resize());
  root = html(SKELETON);

  /** @param {Host} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    /** @type {Settings} */
    this.settings = { ...DEFAULTS, ...model.get("settings") };
    const style = document.createElement("style");
    style.textContent = model.get("css") || "";
    el.append(style, this.root);
    this.buildControls();
    this.buildExport();
    this.listen();
    this.open();
  }

  /** @type {(selector: string) => any} */
  part(selector) {
    return this.root.querySelector(selector);
  }

  /** @type {(selector: string, act: () => unknown) => void} */
  onPress(selector, act) {
    this.part(selector).addEventListener("click", act);
  }

  // Building

  buildControls() {
    const asked = this.model.get("controls");
    const wants = (/** @type {string} */ name) => !asked || asked.includes(name);
    const isSmall = asked?.length <= FEW;
    this.root.toggleAttribute("data-full", !isSmall);
    const side = this.part(".scb-side");
    if (wants("preset")) side.append(this.buildPresets());
    for (const [group, names] of Object.entries(GROUPS)) {
      const rows = names.filter(wants).map((name) => this.buildControl(name));
      if (group === "Training" && wants("lanes")) side.append(this.buildScope());
      if (isSmall) side.append(...rows);
      else if (rows.length) side.append(this.buildGroup(group, rows));
    }
    this.part(".scb-hint").hidden = isSmall;
    this.part(".scb-export").hidden = !wants("export");
    this.part(".scb-lanes").id = newId();
    this.onPress(".scb-start", () => this.toggle());
    this.onPress(".scb-step", () => this.forward());
    this.onPress(".scb-reset", () => this.reset());
  }

  /** @type {(group: string, rows: HTMLElement[]) => HTMLElement} its title says whose settings it has */
  buildGroup(group, rows) {
    const box = html("<details><summary></summary></details>");
    box.append(...rows);
    this.shows.push(({ lanes }) => {
      const both = lanes === 2 ? "both runs" : "all runs";
      const whose = this.isSecond && group !== "Task" ? "run 2" : both;
      const isPlain = lanes === 1 || group === "View";
      const title = /** @type {HTMLElement} */ (box.firstElementChild);
      title.textContent = isPlain ? group : `${group} (${whose})`;
    });
    return box;
  }

  /** @type {(name: string) => HTMLElement} */
  buildControl(name) {
    const { P, model } = this.model.get("given") ?? {};
    const isGiven = (name === "task" && P) || (name === "start" && model);
    const write = (/** @type {any} */ value) => this.edit(name, value);
    const { row, show } = control(name, write, isGiven ? ["given"] : []);
    this.shows.push((own) => {
      const isApart = own.lanes === 2 && name in own.other;
      const whose = isApart ? ` of run ${this.isSecond ? 2 : 1}` : "";
      show(this.isSecond ? { ...own, ...own.other } : own, whose);
    });
    return row;
  }

  /** A choice sets the controls; it starts nothing, since an arrow key in the list is a choice. */
  buildPresets() {
    const questions = PRESETS.map(({ question }) => question);
    const about = "This sets the controls. Then press Start.";
    const { row, input } = labelled("Questions to try", list(["Choose one", ...questions]), about);
    input.addEventListener("change", () => {
      const { speed, log } = this.settings;
      const none = { question: this.root.ariaLabel, settings: {} };
      const { question, settings } = PRESETS[input.selectedIndex - 1] ?? none;
      this.part(".scb-question").textContent = question;
      this.goal = 0;
      this.change({ ...DEFAULTS, speed, log, ...settings });
    });
    return row;
  }

  /** Whose settings the controls of training and start are, where two runs stand side by side. */
  buildScope() {
    const { row, input, about } = labelled(
      "The rest is set for",
      list(["both runs", "run 2 alone"]),
      "",
    );
    input.addEventListener("change", () => {
      this.isSecond = input.selectedIndex === 1;
      this.show();
    });
    this.shows.push(({ lanes, other }) => {
      row.hidden = lanes !== 2;
      if (row.hidden) this.isSecond = false;
      input.selectedIndex = Number(this.isSecond);
      const apart = Object.keys(other).map((name) => CONTROLS[name][0]);
      about.textContent = `They differ in: ${apart.join(", ") || "nothing yet"}.`;
    });
    return row;
  }

  buildExport() {
    const [link, python] = [this.part(".scb-link input"), this.part(".scb-python textarea")];
    const svg = () => toSvg(this.lanes, this.charts());
    const csv = () => toCsv(this.runs);
    this.onPress(".scb-png", async () => download("training.png", await toPng(svg())));
    this.onPress(".scb-svg", () => download("training.svg", svg(), "image/svg+xml"));
    this.onPress(".scb-csv", () => download("training.csv", csv(), "text/csv"));
    this.onPress(".scb-link button", () => copy(link));
    this.onPress(".scb-python button", () => copy(python));
    this.part(".scb-link").hidden = !this.model.get("link");
    this.shows.push((settings) => {
      link.value = location.href.replace(/#.*/s, "") + toLink(settings);
      python.value = this.python();
    });
  }

  /** The lines that do the same with the library, lane after lane. */
  python() {
    const { steps } = this.settings;
    return this.lanes
      .map(({ name, task, settings }) => `# ${name}\n${toPython(task, { ...settings, steps })}`)
      .join("\n");
  }

  /** The names of the charts that suit the lanes. */
  charts() {
    const common = ["signals", "portrait", "loss"];
    const usual = [...(this.settings.lanes === 20 ? ["many"] : ["attention", "value"]), ...common];
    /** @type {string[]} */
    const asked = this.model.get("charts") ?? usual;
    const fit = asked.filter(
      (name) => usual.includes(name) || (name === "samples" && usual[1] === "value"),
    );
    return fit.length ? fit : usual.slice(0, 1);
  }

  /** Make places for lanes and charts, where they are not there already. */
  buildBoard() {
    const [names, board, tabs] = [this.charts(), this.part(".scb-lanes"), this.part(".scb-tabs")];
    const key = `${this.lanes.length} ${names}`;
    if (board.dataset.key === key) return;
    board.dataset.key = key;
    this.sized.disconnect();
    this.views = [];
    board.replaceChildren(...this.lanes.map((_, lane) => this.buildLane(names, lane)));
    tabs.replaceChildren(...names.map((name) => this.buildTab(name)));
    tabs.hidden = names.length < 2;
    const best = ["many", this.chart, "signals", names[0]]; // many are why one has twenty seeds
    this.choose(best.find((name) => names.includes(name)) ?? "");
  }

  /** @type {(names: string[], lane: number) => HTMLElement} */
  buildLane(names, lane) {
    const box = html(`<div class="scb-lane" role="group"><p class="scb-words">
      <strong></strong> <b></b> <span></span></p><div class="scb-charts"></div></div>`);
    for (const name of names) {
      const figure = html(`<div class="scb-${name}"><canvas role="img"></canvas></div>`);
      const canvas = /** @type {HTMLCanvasElement} */ (figure.firstChild);
      this.views.push({ name, lane, figure, canvas, w: 0 });
      box.lastElementChild?.append(figure);
      this.sized.observe(figure);
    }
    return box;
  }

  /** @type {(name: string) => HTMLElement} */
  buildTab(name) {
    const about = `id="${newId()}" aria-controls="${this.part(".scb-lanes").id}"`;
    const tab = html(`<button type="button" role="tab" ${about}>${CHARTS[name][0]}</button>`);
    tab.addEventListener("click", () => this.choose(name));
    tab.addEventListener("keydown", ({ key }) => {
      const names = this.charts();
      const at = names.indexOf(name) + names.length;
      /** @type {Record<string, number>} */
      const goals = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 };
      if (key in goals) this.choose(names[goals[key] % names.length]).focus();
    });
    return tab;
  }

  /** @type {(name: string) => any} choose a chart to show where there is room for one */
  choose(name) {
    this.chart = name;
    const tabs = [...this.part(".scb-tabs").children];
    const chosen = tabs[this.charts().indexOf(name)];
    for (const tab of tabs) {
      tab.ariaSelected = String(tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    for (const view of this.views) view.figure.toggleAttribute("data-chosen", view.name === name);
    const board = this.part(".scb-lanes");
    board.role = chosen.clientWidth ? "tabpanel" : null;
    if (chosen.clientWidth) board.setAttribute("aria-labelledby", chosen.id);
    else board.removeAttribute("aria-labelledby");
    return chosen;
  }

  // Settings

  /** Whether the page's address says which run to show. */
  hasLink() {
    return this.model.get("link") && location.hash.startsWith("#scb");
  }

  /** Begin with the settings of the page's link, or with the page's own. */
  open() {
    const { settings, complaint } = this.hasLink()
      ? fromLink(location.hash)
      : { settings: this.settings, complaint: "" };
    this.settings = settings;
    const waiting = settings.steps ? `On the way to step ${count(settings.steps)}.` : "";
    this.notice(complaint ? `${complaint} Here is the usual run.` : waiting);
    this.restart(settings.steps);
  }

  /** @type {(words: string) => void} */
  notice(words) {
    this.part(".scb-notice").textContent = words;
  }

  /** @type {(name: string, value: any) => void} */
  edit(name, value) {
    const { start, other } = this.settings;
    const isNew = name === "lanes" && value === 2 && !Object.keys(other).length;
    const usual = { start: start === "scratch" ? "aligned" : "scratch" };
    if (isNew) this.change({ lanes: 2, other: usual });
    else if (this.isSecond && OTHER.includes(name)) {
      const { [name]: _, ...rest } = other; // what is as in run 1 is not another
      const isApart = value !== /** @type {any} */ (this.settings)[name];
      this.change({ other: isApart ? { ...rest, [name]: value } : rest });
    } else this.change({ [name]: value });
  }

  /** @type {(part: Partial<Settings>) => void} */
  change(part) {
    this.settings = { ...this.settings, ...part };
    this.isTouched = true;
    this.notice("");
    const isKept = Object.keys(part).every((name) => KEPT.includes(name));
    if (isKept) this.go(this.goal);
    else this.restart(this.goal === Infinity ? Infinity : 0);
    this.show();
    this.report("settings", this.settings);
  }

  /** Let every control show what holds. */
  show() {
    for (const show of this.shows) show(this.settings);
    for (const lane of this.lanes) lane.settings.log = this.settings.log;
    this.wake();
  }

  /** @type {(goal: number) => void} make the runs anew, and go so many steps */
  restart(goal) {
    const settings = (this.settings = { ...this.settings, steps: 0 });
    const task = createTask(settings, this.model.get("given"));
    const others = settings.lanes === 2 ? [{}, settings.other] : [{}];
    this.lanes = others.map((part, at) => {
      const own = { ...settings, ...part };
      const name = settings.lanes === 2 ? `Run ${at + 1}. ${differences(own)}.` : "One run";
      return createLane(name, task, own, settings.lanes === 20 ? 20 : 1);
    });
    this.runs = this.lanes.flatMap(({ runs }) => runs);
    this.hasPaused = false;
    widen(this.lanes);
    this.buildBoard();
    this.show();
    this.go(goal);
  }

  reset() {
    this.isTouched = true;
    this.restart(0);
  }

  /** Settings that Python changed. */
  take() {
    const [now, then] = [this.settings, { ...DEFAULTS, ...this.model.get("settings") }];
    if (JSON.stringify({ ...now, steps: 0 }) === JSON.stringify({ ...then, steps: 0 })) return;
    this.settings = then;
    this.restart(then.steps);
  }

  // Running

  /** The run that has seen the fewest samples, of those that can go on: lanes stay side by side. */
  next() {
    const open = this.runs.filter((run) => !isOver(run));
    return open.reduce((least, run) => (run.samples < least.samples ? run : least), open[0]);
  }

  made() {
    return Math.max(...this.runs.map((run) => run.step));
  }

  /** Whether the goal is reached and it is the first run's turn: a link can say where that is. */
  isThere() {
    const next = this.next();
    const isFirst = next === this.runs.find((run) => !isOver(run));
    return !next || (isFirst && this.made() >= Math.min(this.goal, LIMITS.steps.max));
  }

  /** @type {(goal: number) => void} how many steps to go to */
  go(goal) {
    this.goal = goal;
    this.isResting = false;
    this.root.toggleAttribute("data-running", goal === Infinity);
    this.part(".scb-start").textContent = goal === Infinity ? "Pause" : "Start";
    this.last.paced = performance.now();
    this.credit = 0; // the steps of a link or of the Step button are not paid for
    this.wake();
  }

  toggle() {
    this.isTouched = true;
    this.speak(""); // what it said is old
    this.go(this.goal === Infinity ? this.made() : Infinity);
  }

  forward() {
    this.isTouched = true;
    this.go(this.made() + 1);
  }

  wake() {
    if (this.isVisible) this.request ||= requestAnimationFrame((now) => this.frame(now));
  }

  /** @type {(now: number) => void} */
  frame(now) {
    this.request = 0;
    if (!this.isThere()) this.work(now);
    const isThere = this.isThere();
    const gap = this.still.matches ? 250 : Math.min(30, 2 * this.last.cost);
    if (isThere || now - this.last.drawn > gap) this.draw();
    if (!isThere) this.wake();
    else if (!this.isResting) this.rest();
  }

  /** @type {(now: number) => void} train for a slice of the frame */
  work(now) {
    const pace = stepsPerSecond(this.settings.speed);
    this.credit = Math.min(this.credit + (pace * (now - this.last.paced)) / 1000, 1 + pace / 4);
    this.last.paced = now;
    const end = performance.now() + SLICE;
    while (!this.isThere() && performance.now() < end) {
      if (this.goal === Infinity && this.credit < 0) break;
      const isDone = advance(this.next(), Math.ceil(PIECE / this.settings.T));
      if (isDone) this.credit -= 1 / this.runs.length;
    }
    if (!this.hasPaused && this.runs.every(({ status }) => FINAL.test(status.name))) {
      this.hasPaused = true; // once: who presses Start again wants to go on
      this.goal = Math.min(this.goal, this.made());
    }
    this.tell(false);
  }

  /** Nothing moves: say where it stands, in the link, to Python and to a screen reader. */
  rest() {
    this.go(this.made());
    this.settings.steps = this.made();
    this.show();
    this.isResting = true;
    this.tell(true);
    if (this.made()) this.notice("");
    if (!this.isTouched) return;
    if (this.model.get("link")) history.replaceState(null, "", toLink(this.settings));
    const words = [...this.root.querySelectorAll(".scb-words")].map((p) => p.textContent);
    this.speak(words.join(" "));
  }

  /** @type {(words: string) => void} say it to a screen reader */
  speak(words) {
    this.part("[role=status]").textContent = words;
  }

  /** @type {(isAtRest: boolean) => void} tell Python, not too often */
  tell(isAtRest) {
    const points = this.runs.reduce((sum, { trail }) => sum + trail.samples.length, 0);
    const now = performance.now();
    if (!isAtRest && now - this.last.told < (points < 1000 ? 200 : 1000)) return;
    this.last.told = now;
    const lanes = this.runs.map(({ trail, status, ends }) => ({ ...trail, status, ends }));
    const python = isAtRest ? this.python() : "";
    this.report("progress", { settings: this.settings, lanes, running: !isAtRest, python });
  }

  /** @type {(name: string, value: unknown) => void} */
  report(name, value) {
    quietly(() => {
      this.model.set(name, structuredClone(value));
      this.model.save_changes();
    });
  }

  // Drawing

  draw() {
    const started = performance.now();
    widen(this.lanes);
    for (const view of this.views) if (view.w) this.paint(view);
    if (this.isThere() || started - this.last.written > 100) this.write();
    Object.assign(this.last, { drawn: started, cost: performance.now() - started });
  }

  /** @type {(view: View) => void} */
  paint({ name, lane, canvas, w }) {
    const [, draw, height] = CHARTS[name];
    const h = Math.round(height(w, this.lanes[lane].task));
    const dense = devicePixelRatio;
    const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    if (canvas.width !== Math.round(w * dense) || canvas.height !== Math.round(h * dense)) {
      Object.assign(canvas, { width: Math.round(w * dense), height: Math.round(h * dense) });
      canvas.style.height = `${h}px`;
    }
    ink.setTransform(dense, 0, 0, dense, 0, 0);
    ink.clearRect(0, 0, w, h);
    draw(canvasPen(ink, this.theme, this.font, w, h), this.lanes[lane]);
  }

  /** Say in words what the charts show. */
  write() {
    this.last.written = performance.now();
    this.root.querySelectorAll(".scb-lane").forEach((box, at) => {
      const lane = this.lanes[at];
      const [{ samples, step }] = lane.runs;
      const [name, seen, state] = box.firstElementChild?.children ?? [];
      name.textContent = this.lanes.length > 1 ? lane.name : "";
      seen.textContent = `${plural(samples, "sample")}, ${plural(step, "step")}.`;
      const isDrawing = this.views.every(({ name }) => name === "samples"); // no run to judge
      state.textContent = isDrawing ? toldDraw(lane) : told(lane);
      box.ariaLabel = lane.name;
    });
    for (const { name, lane: at, canvas } of this.views) {
      const lane = this.lanes[at];
      const words =
        name === "samples" ? toldSample(lane.task, lastSample(lane)).join(" ") : told(lane);
      canvas.ariaLabel = `${CHARTS[name][0]}. ${words}`;
    }
  }

  /** Take over the host's text colour and font. */
  dress() {
    const { color, fontFamily } = getComputedStyle(this.root);
    const [red, green, blue] = pixel(color);
    const isDark = red + green + blue > 384;
    this.root.style.colorScheme = isDark ? "dark" : "light";
    this.theme = { ...(isDark ? DARK : LIGHT), ink: color };
    this.font = fontFamily;
    this.wake();
  }

  // Listening

  listen() {
    const { signal } = this.ended;
    const dress = () => this.dress();
    const take = () => this.take();
    const question = this.model.get("question") || "Train it yourself";
    this.part(".scb-question").textContent = this.root.ariaLabel = question;
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("focusin", ({ target }) => keepKeys(target));
    addEventListener("hashchange", () => this.hasLink() && this.open(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress, { signal });
    const theme = new MutationObserver(dress);
    for (const page of [document.documentElement, document.body])
      theme.observe(page, { attributes: true });
    const sight = new IntersectionObserver((seen) => this.see(seen), { threshold: [0, 0.3] });
    sight.observe(this.part(".scb-main"));
    this.model.on("change:settings", take);
    signal.addEventListener("abort", () => {
      for (const observer of [theme, this.sized, sight]) observer.disconnect();
      this.isVisible = false;
      cancelAnimationFrame(this.request);
      this.root.remove();
      quietly(() => this.model.off("change:settings", take));
    });
  }

  /** @type {(event: KeyboardEvent) => void} where the frame itself has the focus */
  key(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.toggle();
    else if (event.key === "ArrowRight") this.forward();
    else if (event.key.toLowerCase() === "r") this.reset();
    else return;
    event.preventDefault();
  }

  resize() {
    for (const view of this.views) view.w = view.figure.clientWidth;
    const isBeside = getComputedStyle(this.part(".scb-body")).display === "grid";
    const [task, training] = this.part(".scb-side").querySelectorAll("details");
    if (isBeside && !this.last.drawn) task.open = training.open = true; // else charts are below
    this.choose(this.chart);
    this.dress();
    this.draw();
  }

  /** @type {(seen: IntersectionObserverEntry[]) => void} */
  see(seen) {
    const { isIntersecting, intersectionRatio } = seen[seen.length - 1];
    this.isVisible = isIntersecting;
    this.last.paced = performance.now();
    this.wake();
    const isWanted = this.model.get("autoplay") && !this.still.matches && !this.isTouched;
    if (isWanted && intersectionRatio >= 0.3) this.toggle();
  }
}

/** @type {(place: {model: Host, el: HTMLElement}) => () => void} shows it; what it returns cleans up */
function render({ model, el }) {
  const { ended } = new Playground(model, el);
  return () => ended.abort();
}

export default { render };
