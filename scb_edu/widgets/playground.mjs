// Training live in the page: the arithmetic of the library once more, and what shows it.
// Matrices are Float64Arrays, column after column: column k of an (R, N) matrix is [k * R, (k + 1) * R).
// The formulas are those of the book: chapter 1 (task), 3 (gradients), 5 (methods), 4 (flow).

/**
 * @typedef {Object} Settings  What a run is made from, and what the view shows of it.
 * @property {number} version
 * @property {string} task "example", "random" or "given"
 * @property {number} N
 * @property {number} T
 * @property {number} Q
 * @property {number} peak how peaked P is: 0 nearly uniform, 1/2 at random, 1 one output a token
 * @property {number} seed
 * @property {string} attention "linear" or "softmax"
 * @property {string} method
 * @property {number} rate
 * @property {number} ratio rate of A over that of V; 0: 1 for linear attention, T for softmax
 * @property {number} batch
 * @property {number} penalty
 * @property {string} schedule "constant" or "falling"
 * @property {number} penaltyFrom
 * @property {string} start
 * @property {number} theta
 * @property {number} share
 * @property {number} lanes
 * @property {Partial<Settings>} other
 * @property {boolean} log
 * @property {number} speed
 * @property {number} steps
 *
 * @typedef {Object} Given  A task, and a model to start from, that Python hands over.
 * @property {ArrayLike<number>} P column after column (N * N)
 * @property {ArrayLike<number>} [mu]
 * @property {ArrayLike<number>[]} positions of each last token
 * @property {ArrayLike<number>[]} weights of these positions
 * @property {{value: ArrayLike<number>, attention?: ArrayLike<number>, logits?: ArrayLike<number>}} [model]
 *
 * @typedef {Object} Task
 * @property {number} N
 * @property {number} T
 * @property {number} Q
 * @property {Float64Array} P (N, N)
 * @property {Float64Array} mu (N)
 * @property {Int32Array} positions (Q, N): those of token k are [k * Q, (k + 1) * Q)
 * @property {Float64Array} weights (Q, N), 0 where a token has fewer positions
 * @property {Float64Array} attention (T, N)
 * @property {number} KP
 * @property {number} KQ
 * @property {number} bayes
 * @property {Given["model"]} model
 * @property {Sampler} tokenSampler
 * @property {Sampler[]} positionSamplers
 * @property {Sampler[]} outputSamplers
 *
 * @typedef {{size: number, tokens: Uint8Array, last: Uint8Array, output: Uint8Array}} Batch
 */

// 1 random numbers

const WORDS = 2 ** 32;

/** The 128-bit generator sfc32 (Doty-Humphrey, PractRand), seeded through splitmix32. */
export class Random {
  /** @param {number} seed @param {number} [stream] numbers of one seed that have nothing in common */
  constructor(seed, stream = 0) {
    let hash = mixed(stream) ^ seed;
    this.state = new Int32Array(4).map((_, i) => (hash = mixed(hash + i)));
    this.state[3] = 1;
    this.fill(new Uint32Array(16), 16);
  }

  /** Write `count` words of 32 bits. @param {Uint32Array} words @param {number} count */
  fill(words, count) {
    let [a, b, c, d] = this.state;
    for (let i = 0; i < count; i++) {
      const sum = (((a + b) | 0) + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      words[i] = sum;
    }
    const state = this.state;
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
  }

  /** @returns {number} uniform in [0, 1) */
  next() {
    this.fill(ONE_WORD, 1);
    return ONE_WORD[0] / WORDS;
  }
}

const ONE_WORD = new Uint32Array(1);

/** One step of splitmix32. @param {number} seed */
function mixed(seed) {
  let z = (seed + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}

/** A law to draw from by inversion of one 32-bit word; each chance is right to 2^-32. */
class Sampler {
  /** @param {ArrayLike<number>} law */
  constructor(law) {
    let sum = 0;
    const sums = Array.from(law, (p) => (sum += p));
    this.ends = Float64Array.from(sums, (s) => Math.round((s / sum) * WORDS));
    /** Where the search may begin, by the first eight bits. */
    this.first = new Uint16Array(256);
    for (let i = 0; i < 256; i++) this.first[i] = this.ends.findIndex((end) => i * 2 ** 24 < end);
  }

  /** @param {number} word */
  draw(word) {
    let i = this.first[word >>> 24];
    while (word >= this.ends[i]) i++;
    return i;
  }
}

// 2 task

/**
 * @param {Settings} settings
 * @param {Given | null} [given]
 * @returns {Task}
 */
export function createTask(settings, given = null) {
  const { T } = settings;
  const { P, positions, weights } =
    settings.task === "given" && given
      ? given
      : settings.task === "random"
        ? randomParts(settings)
        : exampleParts(T);
  const N = positions.length;
  const Q = Math.max(...positions.map((list) => list.length));
  const task = /** @type {Task} */ ({ N, T, Q, P: Float64Array.from(P), model: given?.model });
  task.mu = given?.mu ? Float64Array.from(given.mu) : stationary(task.P, N);
  task.positions = new Int32Array(N * Q);
  task.weights = new Float64Array(N * Q);
  task.attention = new Float64Array(N * T);
  for (let k = 0; k < N; k++) {
    task.positions.set(positions[k], k * Q);
    task.weights.set(weights[k], k * Q);
    for (let j = 0; j < positions[k].length; j++) {
      task.attention[k * T + positions[k][j]] = weights[k][j];
    }
  }
  const of = (/** @type {Float64Array} */ m, /** @type {number} */ rows) =>
    task.mu.reduce((sum, mu, k) => sum + mu * squares(m, k * rows, rows), 0);
  task.KP = of(task.P, N) - squares(task.mu, 0, N);
  task.KQ = of(task.attention, T) - 1 / T;
  task.tokenSampler = new Sampler(task.mu);
  task.outputSamplers = Array.from(positions, (_, m) => new Sampler(task.P.subarray(m * N, m * N + N)));
  task.positionSamplers = Array.from(weights, (list) => new Sampler(list));
  task.bayes = populationLoss(task, task.P, task.attention);
  return task;
}

/** @param {number} T */
function exampleParts(T) {
  const first = [0, 1, 2].map((k) => (1 + 2 * k) % T);
  return {
    P: [0.7, 0.2, 0.1, 0.2, 0.6, 0.2, 0.1, 0.3, 0.6],
    positions: first.map((t) => [t, (t + Math.floor(T / 2)) % T]),
    weights: first.map(() => [0.6, 0.4]),
  };
}

/** The law of `SCBTask.random` where peak is 1/2. @param {Settings} settings */
function randomParts({ N, T, Q, peak, seed }) {
  const random = new Random(seed, 1);
  const order = shuffled(random, N, N);
  const P = order.flatMap((next) => transitionColumn(dirichlet(random, N, 1), next, peak));
  const weights = order.map(() => dirichlet(random, Q, 5));
  return { P, weights, positions: order.map(() => shuffled(random, T, Q)) };
}

const UNIFORM_SHARE = 0.01;
const LEAST_PEAK = 0.1;

/** @param {number[]} drawn @param {number} next @param {number} peak */
function transitionColumn(drawn, next, peak) {
  const N = drawn.length;
  const spread = Math.min(1, LEAST_PEAK + 2 * (1 - LEAST_PEAK) * peak);
  const sure = Math.max(0, 2 * peak - 1);
  return drawn.map((p, n) => {
    const mild = spread * p + (1 - spread) / N;
    const peaked = sure * Number(n === next) + (1 - sure) * mild;
    return (1 - UNIFORM_SHARE) * peaked + UNIFORM_SHARE / N;
  });
}

/** A draw from the Dirichlet law with whole concentrations. @param {Random} random @param {number} size @param {number} concentration */
function dirichlet(random, size, concentration) {
  const cuts = Array.from({ length: size * concentration - 1 }, () => random.next());
  const ends = [0, ...cuts.sort((a, b) => a - b), 1];
  return Array.from({ length: size }, (_, i) => ends[(i + 1) * concentration] - ends[i * concentration]);
}

/** `count` of the numbers below `size`, in random order. @param {Random} random @param {number} size @param {number} count */
function shuffled(random, size, count) {
  const all = Array.from({ length: size }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random.next() * (size - i));
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all.slice(0, count);
}

/** Solve P mu = mu with sum 1, by elimination with pivots. @param {Float64Array} P @param {number} N */
function stationary(P, N) {
  const rows = Array.from({ length: N }, (_, n) =>
    Array.from({ length: N + 1 }, (_, m) =>
      n === N - 1 ? 1 : m === N ? 0 : P[m * N + n] - Number(n === m),
    ),
  );
  for (let i = 0; i < N; i++) {
    const best = rows.slice(i).reduce((b, row) => (Math.abs(row[i]) > Math.abs(b[i]) ? row : b));
    rows[rows.indexOf(best)] = rows[i];
    rows[i] = best.map((x) => x / best[i]);
    for (const row of rows) {
      if (row === rows[i]) continue;
      const factor = row[i];
      for (let m = i; m <= N; m++) row[m] -= factor * rows[i][m];
    }
  }
  const sum = rows.reduce((s, row) => s + row[N], 0);
  return Float64Array.from(rows, (row) => row[N] / sum);
}

/** @param {Float64Array} x @param {number} from @param {number} count */
function squares(x, from, count) {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += x[i] * x[i];
  return sum;
}

/** One sample: its last token and its output; its context goes to `tokens`. */
class Sample {
  /** @param {Task} task */
  constructor(task) {
    this.words = new Uint32Array(task.T + 3);
    this.last = 0;
    this.output = 0;
  }

  /**
   * @param {Task} task
   * @param {Random} random
   * @param {Uint8Array} tokens
   * @param {number} from
   */
  draw(task, random, tokens, from) {
    const { T } = task;
    const { words } = this;
    const { ends, first } = task.tokenSampler;
    random.fill(words, T + 3);
    for (let t = 0; t < T; t++) {
      let i = first[words[t] >>> 24];
      while (words[t] >= ends[i]) i++;
      tokens[from + t] = i;
    }
    this.last = task.tokenSampler.draw(words[T]);
    const place = task.positionSamplers[this.last].draw(words[T + 1]);
    const source = tokens[from + task.positions[this.last * task.Q + place]];
    this.output = task.outputSamplers[source].draw(words[T + 2]);
  }
}

/**
 * Draw samples one after the other: they do not depend on how they are cut into batches.
 * @param {Task} task
 * @param {Random} random
 * @param {number} size
 * @param {Batch} [out]
 * @returns {Batch}
 */
export function drawBatch(task, random, size, out) {
  const batch = out ?? {
    size,
    tokens: new Uint8Array(size * task.T),
    last: new Uint8Array(size),
    output: new Uint8Array(size),
  };
  const sample = new Sample(task);
  batch.size = size;
  for (let b = 0; b < size; b++) {
    sample.draw(task, random, batch.tokens, b * task.T);
    batch.last[b] = sample.last;
    batch.output[b] = sample.output;
  }
  return batch;
}

// 3 model and gradients

/** The mean loss over all samples. @param {Task} task @param {Float64Array} V @param {Float64Array} A */
export function populationLoss(task, V, A) {
  const { N, T, P, mu } = task;
  let square = 0;
  let overlap = 0;
  let mass = 0;
  let massSquare = 0;
  for (let k = 0; k < N; k++) {
    let sum = 0;
    for (let t = k * T; t < k * T + T; t++) sum += A[t];
    mass += mu[k] * sum;
    massSquare += mu[k] * sum * sum;
    square += mu[k] * squares(A, k * T, T);
    overlap += mu[k] * overlapOf(task, A, k);
  }
  let spread = 0; // tr(V D V^T)
  let agreement = 0; // tr(V^T P D)
  let size = 0; // ||V mu||^2
  let along = 0; // <V mu, mu>
  for (let n = 0; n < N; n++) {
    let mean = 0;
    for (let m = 0; m < N; m++) {
      const v = V[m * N + n];
      mean += mu[m] * v;
      spread += mu[m] * v * v;
      agreement += mu[m] * v * P[m * N + n];
    }
    size += mean * mean;
    along += mean * mu[n];
  }
  const hit = overlap * (agreement - along) + mass * along;
  return 0.5 * (1 - 2 * hit + square * (spread - size) + massSquare * size);
}

/** <q_k, a_k>. @param {Task} task @param {Float64Array} A @param {number} k */
function overlapOf(task, A, k) {
  let sum = 0;
  for (let j = k * task.Q; j < k * task.Q + task.Q; j++) {
    sum += task.weights[j] * A[k * task.T + task.positions[j]];
  }
  return sum;
}

/** alpha_V and alpha_A. @param {Task} task @param {Float64Array} V @param {Float64Array} A */
export function signalsOf(task, V, A) {
  const { N, T, P, mu } = task;
  let value = 0;
  let attention = 0;
  for (let k = 0; k < N; k++) {
    let inner = 0;
    let mass = 0;
    for (let n = 0; n < N; n++) inner += (V[k * N + n] - mu[n]) * (P[k * N + n] - mu[n]);
    for (let t = k * T; t < k * T + T; t++) mass += A[t];
    value += mu[k] * inner;
    attention += mu[k] * (overlapOf(task, A, k) - mass / T);
  }
  return { value: value / task.KP, attention: attention / task.KQ };
}

/** ||V - P||_mu^2 / K_P and the like for A. @param {Task} task @param {Float64Array} V @param {Float64Array} A */
function errorsOf(task, V, A) {
  const far = (/** @type {Float64Array} */ M, /** @type {Float64Array} */ truth) => {
    const rows = M.length / task.N;
    let sum = 0;
    for (let i = 0; i < M.length; i++) sum += task.mu[Math.floor(i / rows)] * (M[i] - truth[i]) ** 2;
    return sum;
  };
  return { value: far(V, task.P) / task.KP, attention: far(A, task.attention) / task.KQ };
}

/** The sums over a batch that its gradient is made from. */
class Slopes {
  /** @param {number} N @param {number} T */
  constructor(N, T) {
    this.N = N;
    this.T = T;
    this.value = new Float64Array(N * N);
    this.weights = new Float64Array(N * T);
    this.seen = new Uint8Array(N); // last tokens of the batch
    this.context = new Float64Array(N); // h = X a_k
    this.residual = new Float64Array(N); // r = V h - e_o
    this.back = new Float64Array(N); // V^T r
    this.loss = 0;
    this.count = 0;
  }

  clear() {
    this.value.fill(0);
    this.weights.fill(0);
    this.seen.fill(0);
    this.loss = 0;
    this.count = 0;
  }

  /**
   * Add r h^T to the gradient of V and X^T V^T r to the column of A.
   * @param {Float64Array} V
   * @param {Float64Array} A
   * @param {Uint8Array} tokens
   * @param {number} from
   * @param {number} last
   * @param {number} output
   */
  add(V, A, tokens, from, last, output) {
    const { N, T, context, residual, back, value, weights } = this;
    const column = last * T;
    context.fill(0);
    for (let t = 0; t < T; t++) context[tokens[from + t]] += A[column + t];
    for (let n = 0; n < N; n++) {
      let sum = n === output ? -1 : 0;
      for (let m = 0; m < N; m++) sum += V[m * N + n] * context[m];
      residual[n] = sum;
      this.loss += 0.5 * sum * sum;
    }
    for (let m = 0; m < N; m++) {
      let sum = 0;
      for (let n = 0; n < N; n++) {
        sum += V[m * N + n] * residual[n];
        value[m * N + n] += residual[n] * context[m];
      }
      back[m] = sum;
    }
    for (let t = 0; t < T; t++) weights[column + t] += back[tokens[from + t]];
    this.seen[last] = 1;
    this.count++;
  }
}

// 4 methods and schedules

const SMALLEST_SUM = 1e-3; // a column of A that sums to less is not divided by it
const LARGEST_LOSS = 1e6; // a batch with a larger one counts as divergence
const SPENDING = { c: 1.7, d: 4 }; // of the falling batch

/** What each method does to a gradient before the step. */
const METHODS = {
  plain: { divides: false, centres: false },
  projected: { divides: false, centres: true },
  preconditioned: { divides: true, centres: true },
  proximal: { divides: true, centres: true },
  momentum: { divides: false, centres: false },
  adam: { divides: false, centres: false },
};

/** The rate at which the signals leave the saddle. @param {{KP: number, KQ: number, T: number}} task */
export function growthRate({ KP, KQ, T }) {
  const damping = (1 + 1 / (T * KQ)) / T;
  return (2 * KP * KQ) / (damping + Math.sqrt(damping * damping + 4 * KP * KQ));
}

/** The batch size at a time of the run. @param {Task} task @param {Settings} settings @param {number} time */
export function batchAt(task, { schedule, batch, rate }, time) {
  if (schedule === "constant") return batch;
  const hungry = SPENDING.c * task.T * Math.exp(-growthRate(task) * time);
  return Math.max(1, roundToEven(rate * Math.max(hungry, SPENDING.d * Math.sqrt(task.T))));
}

/** As Python rounds. @param {number} x */
function roundToEven(x) {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (low % 2) : Math.round(x);
}

/** The rate of A. @param {Task} task @param {Settings} settings */
export function attentionRate(task, { rate, ratio, attention }) {
  return rate * (ratio || (attention === "softmax" ? task.T : 1));
}

/** Turn the sums of a batch into the slope of a method. @param {Run} run */
function toSlope(run) {
  const { task, slopes, settings } = run;
  const { N, T, mu } = task;
  const { divides, centres } = METHODS[/** @type {keyof typeof METHODS} */ (settings.method)];
  for (let k = 0; k < N; k++) {
    const scale = 1 / (slopes.count * (divides ? mu[k] : 1));
    for (let n = k * N; n < k * N + N; n++) slopes.value[n] *= scale;
    if (!slopes.seen[k]) continue;
    for (let t = k * T; t < k * T + T; t++) slopes.weights[t] *= scale;
    if (run.logits) toLogits(slopes.weights, run.A, k * T, T);
    if (centres) centre(slopes.weights, k * T, T);
  }
}

/** From the gradient of A = softmax(W) to that of W. @param {Float64Array} slope @param {Float64Array} A @param {number} from @param {number} T */
function toLogits(slope, A, from, T) {
  let mean = 0;
  for (let t = from; t < from + T; t++) mean += A[t] * slope[t];
  for (let t = from; t < from + T; t++) slope[t] = A[t] * (slope[t] - mean);
}

/** @param {Float64Array} slope @param {number} from @param {number} T */
function centre(slope, from, T) {
  let mean = 0;
  for (let t = from; t < from + T; t++) mean += slope[t];
  mean /= T;
  for (let t = from; t < from + T; t++) slope[t] -= mean;
}

/** Move against a slope. @param {Float64Array} x @param {Float64Array} slope @param {number} rate */
function descend(x, slope, rate) {
  for (let i = 0; i < x.length; i++) x[i] -= rate * slope[i];
}

/** Replace a slope by the decaying sum of all. @param {Float64Array} slope @param {Float64Array} sum */
function addMomentum(slope, sum) {
  for (let i = 0; i < slope.length; i++) slope[i] = sum[i] = 0.9 * sum[i] + slope[i];
}

/** Replace a slope by Adam's. @param {Float64Array} slope @param {Float64Array} mean @param {Float64Array} square @param {number} count */
function addAdam(slope, mean, square, count) {
  const meanBias = 1 - 0.9 ** count;
  const squareBias = 1 - 0.999 ** count;
  for (let i = 0; i < slope.length; i++) {
    const g = slope[i];
    mean[i] = 0.9 * mean[i] + (1 - 0.9) * g;
    square[i] = 0.999 * square[i] + (1 - 0.999) * g * g;
    slope[i] = mean[i] / meanBias / (Math.sqrt(square[i] / squareBias) + 1e-8);
  }
}

/** Threshold the weights and divide each column by its sum. @param {Run} run @param {number} threshold */
function applyPenalty(run, threshold) {
  const { N, T } = run.task;
  const { A } = run;
  for (let k = 0; k < N; k++) {
    let sum = 0;
    for (let t = k * T; t < k * T + T; t++) {
      const x = A[t];
      A[t] = x > threshold ? x - threshold : x < -threshold ? x + threshold : 0;
      sum += A[t];
    }
    if (!(sum >= SMALLEST_SUM)) return breakDown(run, "vanished", vanishedWords(threshold, sum, T));
    for (let t = k * T; t < k * T + T; t++) A[t] /= sum;
  }
}

/** @param {number} threshold @param {number} sum @param {number} T */
const vanishedWords = (threshold, sum, T) =>
  `The penalty took everything: each step takes ${short(threshold)} off a weight, at the start a ` +
  `weight is 1/T = ${short(1 / T)}, and a column of A now sums to ${short(sum)}. ` +
  "Try a smaller penalty, or a later one.";

/** @param {number} x */
const short = (x) => String(Number(x.toPrecision(3)));

/** A = softmax(W). @param {Float64Array} W @param {Float64Array} A @param {number} T */
function softmax(W, A, T) {
  for (let from = 0; from < W.length; from += T) {
    let most = -Infinity;
    let sum = 0;
    for (let t = from; t < from + T; t++) most = Math.max(most, W[t]);
    for (let t = from; t < from + T; t++) sum += A[t] = Math.exp(W[t] - most);
    for (let t = from; t < from + T; t++) A[t] /= sum;
  }
}

// 5 run

/** The pointer's weight alpha_V alpha_A where stage 1 ends, and where the fall ends (chapter 4). */
export const BORDERS = { one: 1 - Math.sqrt(0.9), fall: 1 - Math.sqrt(0.1) };
const NEAR = 0.1; // stage 2 is over where both matrices are that near, as a share of sqrt(K)
const DECIDED = 0.25; // a signal that large is no noise of the start any more
const PATIENCE = 4; // a run that waits so many times longer than the flow is stuck
const POINTS = 2000; // of a trail
const LOOK_AFTER = 8; // samples over N between two looks: looking takes a twentieth of the time

/** @typedef {{samples: number[], value: number[], attention: number[], excess: number[]}} Trail */

/** A run of training. Read what it shows; `step` and `advance` move it. */
class Run {
  /** @param {Task} task @param {Settings} settings @param {number} dataSeed */
  constructor(task, settings, dataSeed) {
    const { N, T } = task;
    this.task = task;
    this.settings = settings;
    this.random = new Random(dataSeed, 2);
    this.sample = new Sample(task);
    this.tokens = new Uint8Array(T);
    this.slopes = new Slopes(N, T);
    this.step = 0;
    this.samples = 0;
    this.time = 0;
    this.V = startValue(task, settings);
    this.A = Float64Array.from(task.model?.attention ?? new Float64Array(N * T).fill(1 / T));
    /** @type {Float64Array | null} */
    this.logits = null;
    if (settings.attention === "softmax") {
      this.logits = Float64Array.from(task.model?.logits ?? new Float64Array(N * T));
      softmax(this.logits, this.A, T);
    }
    /** @type {Float64Array[]} what momentum and Adam remember */
    this.memory = settings.method === "momentum" ? twice(1, N, T) : settings.method === "adam" ? twice(2, N, T) : [];
    this.signals = { value: 0, attention: 0 };
    this.excess = 0;
    /** @type {{one: number | null, fall: number | null, two: number | null}} */
    this.ends = { one: null, fall: null, two: null };
    this.status = { name: "ready", words: "Nothing is learned yet." };
    /** @type {Trail} */
    this.trail = { samples: [], value: [], attention: [], excess: [] };
    this.nextLook = 0;
    this.nextPoint = 0;
    this.looks = 0;
    this.spacing = 1; // looks between two points of the trail
    this.wait = waitOf(task, settings);
    look(this);
  }
}

/** @param {number} times @param {number} N @param {number} T */
const twice = (times, N, T) =>
  Array.from({ length: 2 * times }, (_, i) => new Float64Array(i % 2 ? N * T : N * N));

/**
 * @param {Task} task
 * @param {Settings} settings
 * @param {number} [dataSeed]
 * @returns {Run}
 */
export function createRun(task, settings, dataSeed = settings.seed) {
  return new Run(task, settings, dataSeed);
}

/** Whether a run can go on. @param {Run} run */
export function isOver(run) {
  return run.status.name === "diverged" || run.status.name === "vanished";
}

/**
 * Make one step in place, on samples of the run's own or on a batch that is given.
 * @param {Run} run
 * @param {Batch} [batch]
 */
export function step(run, batch) {
  if (!batch) {
    while (!advance(run, Infinity));
    return;
  }
  if (isOver(run)) return;
  const { slopes, task } = run;
  slopes.clear();
  for (let b = 0; b < batch.size; b++) {
    slopes.add(run.V, run.A, batch.tokens, b * task.T, batch.last[b], batch.output[b]);
  }
  finishStep(run);
}

/**
 * Go on by at most so many samples, and at most to the end of a step: a large batch may be cut
 * into pieces so that no frame waits for it.
 * @param {Run} run
 * @param {number} samples
 * @returns {boolean} whether the step is finished
 */
export function advance(run, samples) {
  if (isOver(run)) return true;
  const { slopes, task, sample, tokens } = run;
  const size = batchAt(task, run.settings, run.time);
  const end = Math.min(size, slopes.count + samples);
  while (slopes.count < end) {
    sample.draw(task, run.random, tokens, 0);
    slopes.add(run.V, run.A, tokens, 0, sample.last, sample.output);
  }
  if (slopes.count < size) return false;
  finishStep(run);
  return true;
}

/** Move V and A against the sums of a batch. @param {Run} run */
function finishStep(run) {
  const { slopes, settings, task } = run;
  const loss = slopes.loss / slopes.count;
  if (!(loss < LARGEST_LOSS)) {
    return breakDown(run, "diverged", `The loss of a batch is ${short(loss)}. Try a smaller rate.`);
  }
  toSlope(run);
  remember(run);
  descend(run.V, slopes.value, settings.rate);
  descend(run.logits ?? run.A, slopes.weights, attentionRate(task, settings));
  if (run.logits) softmax(run.logits, run.A, task.T);
  else if (METHODS[/** @type {keyof typeof METHODS} */ (settings.method)].divides) applyPenalty(run, threshold(run));
  run.step++;
  run.samples += slopes.count;
  run.time += settings.rate;
  slopes.clear();
  if (run.samples >= run.nextLook && !isOver(run)) look(run);
}

/** @param {Run} run */
function threshold({ task, settings, time }) {
  const { method, penalty, penaltyFrom } = settings;
  return method === "proximal" && time >= penaltyFrom ? attentionRate(task, settings) * penalty : 0;
}

/** @param {Run} run */
function remember({ settings, slopes, memory, step }) {
  if (settings.method === "momentum") {
    addMomentum(slopes.value, memory[0]);
    addMomentum(slopes.weights, memory[1]);
  } else if (settings.method === "adam") {
    addAdam(slopes.value, memory[0], memory[2], step + 1);
    addAdam(slopes.weights, memory[1], memory[3], step + 1);
  }
}

/** @param {Run} run @param {string} name @param {string} words */
function breakDown(run, name, words) {
  run.status = { name, words };
}

/** Take the signals and the excess of this moment. @param {Run} run */
export function measure(run) {
  const { task, V, A } = run;
  run.signals = signalsOf(task, V, A);
  run.excess = populationLoss(task, V, A) - task.bayes;
}

/** Measure, note the ends of stages, judge, and add to the trail where it is due. @param {Run} run */
function look(run) {
  measure(run);
  const { signals, ends, trail } = run;
  if (!Number.isFinite(run.excess)) {
    return breakDown(run, "diverged", "A value of V or A overflowed. Try a smaller rate.");
  }
  run.nextLook = run.samples + LOOK_AFTER * run.task.N;
  const weight = signals.attention > 0 ? signals.value * signals.attention : 0;
  if (weight >= BORDERS.one) ends.one ??= run.samples;
  if (weight >= BORDERS.fall) ends.fall ??= run.samples;
  if (weight >= BORDERS.fall && ends.two === null && isAtTruth(run)) ends.two = run.samples;
  run.status = judge(run);
  if (run.looks++ % run.spacing) return;
  trail.samples.push(run.samples);
  trail.value.push(signals.value);
  trail.attention.push(signals.attention);
  trail.excess.push(run.excess);
  if (trail.samples.length >= POINTS) thin(run);
}

/** Leave out every second point of the trail, and from now on take half as many. @param {Run} run */
function thin(run) {
  for (const list of Object.values(run.trail)) {
    for (let i = 0; i < list.length; i += 2) list[i / 2] = list[i];
    list.length = Math.ceil(list.length / 2);
  }
  run.spacing *= 2;
}

/** @param {Run} run */
function isAtTruth({ task, V, A }) {
  const errors = errorsOf(task, V, A);
  return errors.value <= NEAR ** 2 && errors.attention <= NEAR ** 2;
}

/** @param {Run} run */
function judge({ step, signals, ends, time, wait }) {
  if (ends.two !== null) return { name: "arrived", words: "Arrived: V and A are within a tenth of the truth." };
  if (signals.attention < -DECIDED) {
    return { name: "wrong", words: "On the wrong side: both signals grow below zero." };
  }
  if (ends.one === null && time > wait) {
    return { name: "stuck", words: "Stuck: it waits far longer than the exact flow would." };
  }
  if (step === 0) return { name: "ready", words: "Nothing is learned yet." };
  if (ends.one === null) return { name: "running", words: "Stage 1: the loss looks flat." };
  if (ends.fall === null) return { name: "running", words: "The fall." };
  return { name: "running", words: "Stage 2: nearly right, the rest is fine work." };
}

/**
 * How long a run may wait before it counts as stuck: PATIENCE times what the exact flow takes from
 * scratch to the end of stage 1, slower where a method does not divide by mu.
 * @param {Task} task
 * @param {Settings} settings
 */
function waitOf(task, settings) {
  const slowest = METHODS[/** @type {keyof typeof METHODS} */ (settings.method)].divides ? 1 : Math.min(...task.mu);
  return (PATIENCE * escapeTime(task)) / slowest;
}

/** V at the start. @param {Task} task @param {Settings} settings */
function startValue(task, settings) {
  const { N, P, mu } = task;
  if (task.model) return Float64Array.from(task.model.value);
  const { start, theta } = settings;
  const part = start === "scratch" ? 0 : theta;
  const share = start === "tempered" ? settings.share : 1;
  const rest = start === "scratch" || start === "aligned" ? new Float64Array(N * N) : restBeside(task, settings);
  return rest.map((r, i) => mu[i % N] + share * (part * (P[i] - mu[i % N]) + r));
}

/**
 * What a related V holds beside the truth: at random, orthogonal to P - mu 1^T, with V mu = mu and
 * column sums of 1, so that V has the energy K_P in all. V need not be a transition: entries may be
 * negative. For N = 2 there is no such rest.
 * @param {Task} task
 * @param {Settings} settings
 */
function restBeside({ N, P, mu, KP }, { seed, theta }) {
  const random = new Random(seed, 3);
  const rest = new Float64Array(N * N).map(() => random.next() - 0.5);
  for (let m = 0; m < N; m++) centre(rest, m * N, N);
  for (let n = 0; n < N; n++) {
    let mean = 0;
    for (let m = 0; m < N; m++) mean += mu[m] * rest[m * N + n];
    for (let m = 0; m < N; m++) rest[m * N + n] -= mean;
  }
  const inner = (/** @type {Float64Array} */ x, /** @type {Float64Array} */ y) =>
    x.reduce((sum, entry, i) => sum + mu[Math.floor(i / N)] * entry * y[i], 0);
  const truth = P.map((p, i) => p - mu[i % N]);
  const along = inner(rest, truth) / KP;
  rest.forEach((r, i) => (rest[i] = r - along * truth[i]));
  const energy = inner(rest, rest);
  const scale = N > 2 ? Math.sqrt(((1 - theta * theta) * KP) / energy) : 0;
  return rest.map((r) => scale * r);
}

// 6 exact flow

/**
 * Follow the two signals under exact gradients, at equally spaced times.
 * @param {{KP: number, KQ: number, T: number}} task
 * @param {{value: number, attention: number}} start
 * @param {number} tEnd
 * @param {number} points
 */
export function flow(task, start, tEnd, points) {
  const t = Array.from({ length: points }, (_, i) => (tEnd * i) / (points - 1));
  const value = [start.value];
  const attention = [start.attention];
  const state = { value: start.value, attention: start.attention };
  for (let i = 1; i < points; i++) {
    follow(task, state, t[i] - t[i - 1]);
    value.push(state.value);
    attention.push(state.attention);
  }
  return { t, value, attention };
}

const LONGEST_STEP = 0.05; // of Runge and Kutta's method, where signals are below 1

/** @param {{KP: number, KQ: number, T: number}} task @param {{value: number, attention: number}} state @param {number} time */
function follow({ KP, KQ, T }, state, time) {
  const dV = (/** @type {number} */ v, /** @type {number} */ a) => (1 - v) / T + KQ * a * (1 - v * a);
  const dA = (/** @type {number} */ v, /** @type {number} */ a) => KP * v * (1 - v * a);
  let left = time;
  while (left > 0) {
    const { value: v, attention: a } = state;
    const h = Math.min(left, LONGEST_STEP / (1 + v * v + a * a));
    const v1 = dV(v, a);
    const a1 = dA(v, a);
    const v2 = dV(v + (h / 2) * v1, a + (h / 2) * a1);
    const a2 = dA(v + (h / 2) * v1, a + (h / 2) * a1);
    const v3 = dV(v + (h / 2) * v2, a + (h / 2) * a2);
    const a3 = dA(v + (h / 2) * v2, a + (h / 2) * a2);
    const v4 = dV(v + h * v3, a + h * a3);
    const a4 = dA(v + h * v3, a + h * a3);
    state.value = v + (h / 6) * (v1 + 2 * v2 + 2 * v3 + v4);
    state.attention = a + (h / 6) * (a1 + 2 * a2 + 2 * a3 + a4);
    left = left - h > 1e-12 * time ? left - h : 0;
  }
}

/** When the exact flow from scratch ends stage 1. @param {{KP: number, KQ: number, T: number}} task */
export function escapeTime(task) {
  const state = { value: 0, attention: 0 };
  let time = 0;
  const unit = 0.05 / growthRate(task);
  while (state.value * state.attention < BORDERS.one && time < 1e4 * unit) {
    follow(task, state, unit);
    time += unit;
  }
  return time;
}

// 7 settings, presets and link

/** @type {Settings} */
export const DEFAULTS = {
  version: 1,
  task: "example",
  N: 3,
  T: 250,
  Q: 2,
  peak: 0.5,
  seed: 1,
  attention: "linear",
  method: "proximal",
  rate: 0.02,
  ratio: 0,
  batch: 64,
  penalty: 0.005,
  schedule: "constant",
  penaltyFrom: 0,
  start: "scratch",
  theta: 0.1,
  share: 0.1,
  lanes: 1,
  other: {},
  log: false,
  speed: 1,
  steps: 0,
};

/** @type {Record<string, {min: number, max: number, integer?: boolean}>} */
export const LIMITS = {
  N: { min: 2, max: 8, integer: true },
  T: { min: 8, max: 4000, integer: true },
  Q: { min: 1, max: 4, integer: true },
  peak: { min: 0, max: 1 },
  seed: { min: 0, max: 4294967295, integer: true },
  rate: { min: 1e-5, max: 10 },
  ratio: { min: 0, max: 10000 },
  batch: { min: 1, max: 4096, integer: true },
  penalty: { min: 0, max: 1 },
  penaltyFrom: { min: 0, max: 1000 },
  theta: { min: -1, max: 1 },
  share: { min: 0.01, max: 1 },
  speed: { min: 1, max: 100, integer: true },
  steps: { min: 0, max: 10_000_000, integer: true },
};

/** @type {Record<string, (string | number)[]>} */
export const CHOICES = {
  task: ["example", "random", "given"],
  attention: ["linear", "softmax"],
  method: Object.keys(METHODS),
  schedule: ["constant", "falling"],
  start: ["scratch", "aligned", "related", "tempered"],
  lanes: [1, 2, 20],
};

/** What the second lane may have otherwise: the task and the data are the same. */
const OTHER = "attention method rate ratio batch penalty schedule penaltyFrom start theta share".split(" ");

/** @type {{name: string, question: string, settings: Partial<Settings>}[]} */
export const PRESETS = [
  {
    name: "Scratch and finetuned",
    question: "What is a little knowledge worth?",
    settings: { T: 1000, lanes: 2, other: { start: "aligned", theta: 0.2 } },
  },
  {
    name: "SGD and the paper's method",
    question: "Which method learns from few samples?",
    settings: { T: 250, lanes: 2, other: { method: "plain" } },
  },
  {
    name: "Penalty first and penalty later",
    question: "When does the penalty kill a run?",
    settings: { T: 1000, penalty: 0.02, lanes: 2, other: { penaltyFrom: 20 } },
  },
];

/**
 * A link to exactly this run: what differs from DEFAULTS.
 * @param {Settings} settings
 * @returns {string}
 */
export function toLink(settings) {
  if (settings.task === "given") return "";
  const parts = linkParts(settings, DEFAULTS, Object.keys(LIMITS).concat(Object.keys(CHOICES), "log"), "");
  const own = { ...settings, ...settings.other };
  parts.push(...(settings.lanes === 2 ? linkParts(own, settings, OTHER, "other.") : []));
  return ["#scb1", ...parts].join("&");
}

/** @param {any} settings @param {any} usual @param {string[]} names @param {string} prefix */
function linkParts(settings, usual, names, prefix) {
  return names
    .filter((name) => settings[name] !== usual[name])
    .map((name) => `${prefix}${name}=${settings[name]}`);
}

/**
 * @param {string} hash
 * @returns {{settings: Settings, complaint: string}}
 */
export function fromLink(hash) {
  const settings = { ...DEFAULTS, other: {} };
  if (hash === "" || hash === "#") return { settings, complaint: "" };
  const complaint = readLink(hash, settings);
  return complaint ? { settings: { ...DEFAULTS, other: {} }, complaint } : { settings, complaint };
}

const LONGEST_LINK = 2000;

/** Fill in what a link says, and return what is wrong with it. @param {string} hash @param {any} settings */
function readLink(hash, settings) {
  if (typeof hash !== "string" || hash.length > LONGEST_LINK) return "The link is too long to be one of this page.";
  let text = "";
  try {
    text = decodeURIComponent(hash);
  } catch {
    return "The link is damaged: a percent sign in it means nothing.";
  }
  const [mark, ...parts] = text.split("&");
  if (mark !== "#scb1") return "The link is not one of this page, or of another version of it.";
  const seen = new Set();
  for (const part of parts) {
    const [full, value, ...more] = part.split("=");
    const isOther = full.startsWith("other.");
    const name = isOther ? full.slice(6) : full;
    if (more.length || value === undefined || seen.has(full)) return `The link is damaged at ${quoted(part)}.`;
    seen.add(full);
    const found = readValue(name, value);
    if (found === undefined || (isOther && !OTHER.includes(name)) || found === "given") {
      return `The link asks for ${quoted(part)}, which there is not.`;
    }
    (isOther ? settings.other : settings)[name] = found;
  }
  return "";
}

/** Up to forty plain characters of what a link says. @param {string} text */
const quoted = (text) => `"${text.slice(0, 40).replace(/[^\w.=+-]/g, "?")}"`;

/** The value of a setting, or undefined where it is none. @param {string} name @param {string} value */
function readValue(name, value) {
  if (name === "log") return value === "true" ? true : value === "false" ? false : undefined;
  if (Object.hasOwn(CHOICES, name)) return CHOICES[name].find((choice) => String(choice) === value);
  if (!Object.hasOwn(LIMITS, name) || !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value)) return undefined;
  const { min, max, integer } = LIMITS[name];
  const number = Number(value);
  return number >= min && number <= max && (!integer || Number.isInteger(number)) ? number : undefined;
}

// 8 export

/** The trail as a table. @param {Run} run */
export function toCsv({ trail }) {
  const rows = trail.samples.map((samples, i) =>
    [samples, trail.value[i], trail.attention[i], trail.excess[i]].join(","),
  );
  return ["samples,value,attention,excess", ...rows, ""].join("\n");
}

/**
 * A script that does the same with the library.
 * @param {Task} task
 * @param {Settings} settings
 */
export function toPython(task, settings) {
  const { steps } = settings;
  return [
    "import numpy as np",
    "import scb_edu as scb",
    "",
    ...pythonTask(task, settings),
    ...pythonStart(task, settings),
    `optimizer = ${pythonMethod(task, settings)}`,
    ...pythonBatch(settings),
    "run = scb.train(",
    `    task, start, optimizer, steps=${steps || 1000}, batch_size=batch_size,`,
    `    rng=np.random.default_rng(${settings.seed}),`,
    ")",
    "print(run.status.message)",
    'print("alpha_V, alpha_A:", run.signals.value[-1], run.signals.attention[-1])',
    "",
  ].join("\n");
}

/** A matrix as Python writes it, row by row. @param {Float64Array} M @param {number} rows */
function pythonMatrix(M, rows) {
  const columns = M.length / rows;
  const row = (/** @type {number} */ n) =>
    `    [${Array.from({ length: columns }, (_, k) => M[k * rows + n]).join(", ")}],`;
  return ["np.array([", ...Array.from({ length: rows }, (_, n) => row(n)), "])"].join("\n");
}

/** @param {Task} task @param {Settings} settings */
function pythonTask(task, settings) {
  const { N, T, Q } = task;
  if (settings.task === "example") return [`task = scb.SCBTask.example(${T})`];
  const lists = (/** @type {Int32Array | Float64Array} */ x) =>
    `[${Array.from({ length: N }, (_, k) => `[${Array.from(x.subarray(k * Q, k * Q + Q)).join(", ")}]`).join(", ")}]`;
  return [
    `P = ${pythonMatrix(task.P, N)}`,
    `positions = np.array(${lists(task.positions)}).T`,
    `weights = np.array(${lists(task.weights)}).T`,
    `attention = np.zeros((${T}, ${N}))`,
    `np.add.at(attention, (positions, np.arange(${N})), weights)`,
    "task = scb.SCBTask(P, attention)",
  ];
}

/** @param {Task} task @param {Settings} settings */
function pythonStart(task, settings) {
  const kind = settings.attention === "softmax" ? "SoftmaxTransformer" : "LinearTransformer";
  const begin = `start = scb.${kind}.initial(task)`;
  if (settings.start === "scratch" && !task.model) return [begin];
  const run = createRun(task, settings);
  const weights = settings.attention === "softmax" ? "start.logits" : "start.attention";
  return [begin, `V = ${pythonMatrix(run.V, task.N)}`, `start = scb.${kind}(V, ${weights})`];
}

/** @param {Task} task @param {Settings} settings */
function pythonMethod(task, settings) {
  const { method, rate, penalty, penaltyFrom, attention } = settings;
  const fast = attentionRate(task, settings);
  const rates = fast === rate ? `${rate}` : `${rate}, attention_rate=${fast}`;
  const later = penaltyFrom > 0 ? `scb.theory.penalty_from(${penaltyFrom}, ${penalty})` : `${penalty}`;
  const names = {
    plain: `scb.SGD(${rates})`,
    projected: `scb.training.ProjectedSGD(${rates})`,
    preconditioned: `scb.ProximalGradient(${rates})`,
    proximal: `scb.ProximalGradient(${rates}, penalty=${attention === "softmax" ? 0 : later})`,
    momentum: `scb.training.Momentum(${rates})`,
    adam: `scb.training.Adam(${rates})`,
  };
  return names[/** @type {keyof typeof names} */ (method)];
}

/** @param {Settings} settings */
function pythonBatch({ schedule, batch, rate }) {
  if (schedule === "constant") return [`batch_size = ${batch}`];
  return [
    `spending = scb.theory.falling_spending(task, c=${SPENDING.c}, d=${SPENDING.d})`,
    `batch_size = scb.theory.batch_schedule(spending, ${rate})`,
  ];
}

// 9 charts

// 10 controls and view

// 11 render
