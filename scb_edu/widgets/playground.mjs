// Training live in the page: the library's arithmetic once more, and what shows it. The formulas
// are derived in the book: the task in chapter 1, gradients in 3, the flow in 4, methods in 5.
// An (R, N) matrix is a Float64Array, column after column: column k is [k * R, (k + 1) * R).

/**
 * @typedef {Float64Array} Floats
 * @typedef {{size: number, tokens: Uint8Array, last: Uint8Array, output: Uint8Array}} Batch
 *   sample b has the context tokens[b * T .. (b + 1) * T)
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
  batch.last[b] = last;
  batch.output[b] = outputSamplers[batch.tokens[b * T + position]].draw(words[T + 2]);
}

/**
 * Draw samples one after the other: they are the same however they are cut into batches.
 * @type {(task: Task, random: Random, size: number, out?: Batch) => Batch}
 */
export function drawBatch(task, random, size, out) {
  const bytes = (/** @type {number} */ count) => new Uint8Array(count * size);
  const batch = out ?? { size, tokens: bytes(task.T), last: bytes(1), output: bytes(1) };
  batch.size = size;
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
    if (square) adapt(slope, mean, square, step + 1);
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
const PATIENCE = 4; // a run that waits so many times longer than the exact flow is stuck
const POINTS = 2000; // of a trail at most
const LOOK_AFTER = 8; // samples over N between two looks, so that looking costs little

/** A run of training. What it is at stands in its fields; `step` and `advance` move it. */
class Run {
  /** @param {Task} task @param {Settings} settings @param {number} dataSeed */
  constructor(task, settings, dataSeed) {
    const { N, T, model } = task;
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
  if (!(sums.loss / sums.count < LARGEST_LOSS)) return breakDown(run, "diverged");
  toSlopes(run);
  descend(V, sums.value, settings.rate);
  descend(logits ?? A, sums.weights, attentionRate(task, settings));
  if (logits) softmax(logits, A, task.T);
  else if (
    METHODS[settings.method].divides &&
    !shrink(A, task.T, thresholdAt(task, settings, run.time))
  )
    return breakDown(run, "vanished");
  run.step++;
  run.samples += sums.count;
  run.time += settings.rate;
  sums.value.fill(0);
  sums.weights.fill(0);
  sums.loss = sums.count = 0;
  if (run.samples >= run.looks.next) look(run);
}

/** @type {(run: Run, name: "diverged" | "vanished") => void} */
function breakDown(run, name) {
  run.status = { name, words: WORDS_OF[name] };
}

/** @type {Record<string, string>} */
const WORDS_OF = {
  ready: "Ready: nothing is learned yet.",
  one: "Stage 1: the loss looks flat.",
  fall: "The fall: the loss comes down.",
  two: "Stage 2: nearly right, and getting finer.",
  arrived: "Arrived: V and A are within a tenth of the truth.",
  unstable: "Unstable: the loss is far above that of the start. Try a smaller rate.",
  wrong: "On the wrong side: the attention moves away from the truth.",
  stuck: "Stuck: still in stage 1, long after the exact flow would have left it.",
  diverged: "Diverged: the numbers overflowed. Try a smaller rate.",
  vanished: "Vanished: the penalty took all attention away. Try a smaller one, or a later one.",
};

/** @type {(run: Run) => void} take the signals, the errors and the excess loss of this moment */
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
}

/** @type {(run: Run) => void} measure, note what ended, judge, and add to the trail */
function look(run) {
  const { signals, errors, ends, trail, looks, samples } = run;
  measure(run);
  if (!Number.isFinite(run.excess)) return breakDown(run, "diverged");
  const weight = signals.attention > 0 ? signals.value * signals.attention : 0;
  if (weight >= BORDERS.one) ends.one ??= samples;
  if (weight >= BORDERS.fall) ends.fall ??= samples;
  if (weight > 0 && Math.max(errors.value, errors.attention) <= NEAR) ends.two ??= samples;
  const name = judge(run);
  run.status = {
    name: name in ends || name === "unstable" ? "running" : name,
    words: WORDS_OF[name],
  };
  looks.next = samples + Math.min(samples, LOOK_AFTER * run.task.N) || 1; // often at first
  if (looks.count++ % looks.spacing) return;
  trail.samples.push(samples);
  trail.value.push(signals.value);
  trail.attention.push(signals.attention);
  trail.excess.push(run.excess);
  if (trail.samples.length > POINTS) thin(run);
}

/** @type {(run: Run) => string} */
function judge({ step, signals, excess, trail, ends, time, wait }) {
  if (ends.two !== null) return "arrived";
  if (step === 0) return "ready";
  if (excess > UNSTABLE * trail.excess[0]) return "unstable";
  if (ends.one !== null) return ends.fall === null ? "fall" : "two";
  if (signals.attention < -DECIDED) return "wrong";
  return time > wait && signals.attention < DECIDED ? "stuck" : "one";
}

/** @type {(run: Run) => void} drop every second point of the trail, and take half as many */
function thin({ trail, looks }) {
  for (const list of Object.values(trail))
    list.splice(0, list.length, ...list.filter((_, i) => i % 2 === 0));
  looks.spacing *= 2;
}

/**
 * How long a run may wait before it is stuck: PATIENCE times log(T) / lambda, which the exact flow
 * takes from scratch; longer where a method does not divide by mu, and for softmax attention, which
 * waits about T / sqrt(ratio K_P) (chapter 8).
 * @type {(task: Task, settings: Settings) => number}
 */
function waitOf(task, settings) {
  const ratio = attentionRate(task, settings) / settings.rate;
  const snap = settings.attention === "softmax" ? (3 * task.T) / Math.sqrt(ratio * task.KP) : 0;
  const slowest = METHODS[settings.method].divides ? 1 : Math.min(...task.mu);
  return (PATIENCE * (Math.log(task.T) / growthRate(task) + snap)) / slowest;
}

/** @type {(task: Task, settings: Settings) => Floats} */
function startValue(task, settings) {
  const { N, P, mu, model } = task;
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

/** @type {(task: Constants, from: number[], time: number) => number[]} by Runge and Kutta's method */
function follow({ KP, KQ, T }, [v, a], time) {
  const slope = (/** @type {number} */ x, /** @type {number} */ y) => [
    (1 - x) / T + KQ * y * (1 - x * y),
    KP * x * (1 - x * y),
  ];
  for (let left = time; left > 1e-12 * time;) {
    const h = Math.min(left, 0.05 / (1 + v * v + a * a));
    const [v1, a1] = slope(v, a);
    const [v2, a2] = slope(v + (h / 2) * v1, a + (h / 2) * a1);
    const [v3, a3] = slope(v + (h / 2) * v2, a + (h / 2) * a2);
    const [v4, a4] = slope(v + h * v3, a + h * a3);
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

/** @type {{name: string, question: string, settings: Partial<Settings>}[]} */
export const PRESETS = [
  {
    name: "Scratch and finetuned",
    question: "What is a little knowledge worth?",
    settings: { T: 500, penalty: 0.01, lanes: 2, other: { start: "aligned", theta: 0.2 } },
  },
  {
    name: "SGD and the paper's method",
    question: "Which method learns from few samples?",
    settings: { lanes: 2, other: { method: "plain" } },
  },
  {
    name: "Penalty first and penalty later",
    question: "When does the penalty kill a run?",
    settings: { T: 1000, penalty: 0.02, lanes: 2, other: { penaltyFrom: 20 } },
  },
  {
    name: "Twenty seeds",
    question: "Which side of the saddle does a run take?",
    settings: { T: 100, method: "preconditioned", batch: 2, lanes: 20 },
  },
  {
    name: "Softmax beside linear",
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

/** @type {(run: Run) => string} the trail as a table */
export function toCsv({ trail: { samples, value, attention, excess } }) {
  const rows = samples.map((s, i) => `${s},${value[i]},${attention[i]},${excess[i]}\n`);
  return ["samples,value,attention,excess\n", ...rows].join("");
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
  if (settings.start === "scratch" && !task.model) return begin;
  const { V, A, logits } = createRun(task, settings);
  const usual = logits ? "start.logits" : "start.attention";
  const weights = task.model ? literal(logits ?? A, task.T) : usual;
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

// 9 charts

// 10 controls and view

// 11 render
