// The arithmetic of a field: what a reader wrote, and what is said to it, as arithmetic.py says it.

/**
 * @typedef {number[] | string} Known numbers to be close to, or a condition
 * @typedef {{right: number[], wrong: [Known, string][], otherwise: string, asks: string,
 *   rtol: number, atol: number}} Answer
 * @typedef {Record<string, number>} Names
 */

const NAMES = ["x", "y", "z", "w"];
const CONSTANTS = { nan: NaN, inf: Infinity };
/** @type {Record<string, (x: number) => number>} */
const FUNCTIONS = { sqrt: Math.sqrt, log: Math.log, exp: Math.exp, abs: Math.abs, Phi };
const TOKEN =
  /\s*(?:(?:np|math)\.)?((?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?|\*\*|[a-z]\w*|[-+*/^(),;])\s*/iy;

/** The share of a normal distribution below z, to 15 places. @param {number} z */
function Phi(z) {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let [term, sum] = [z, z];
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) sum += term *= (z * z) / n;
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

/** @param {string} text @returns {string[]} */
function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let end = 0; end < text.length; end = TOKEN.lastIndex) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new SyntaxError(text);
    found.push(token);
  }
  return found;
}

/** Read expressions with commas between them. @param {string} text @param {Names} names */
function values(text, names) {
  const rest = tokens(text);
  /** @param {string[]} signs */
  const next = (...signs) => (signs.includes(rest[0]) ? rest.shift() : undefined);

  /** @returns {number} */
  function sum() {
    let total = product();
    for (let sign; (sign = next("+", "-"));)
      total = sign === "+" ? total + product() : total - product();
    return total;
  }
  function product() {
    let total = signed();
    for (let sign; (sign = next("*", "/"));)
      total = sign === "*" ? total * signed() : total / signed();
    return total;
  }
  /** @returns {number} */
  function signed() {
    if (next("-")) return -signed();
    if (next("+")) return signed();
    const base = single();
    return next("**", "^") ? base ** signed() : base;
  }
  function single() {
    const token = rest.shift() ?? "";
    if (token === "(") return closed(sum());
    if (/^[\d.]/.test(token)) return Number(token.replaceAll("_", ""));
    if (Object.hasOwn(names, token)) return names[token];
    if (Object.hasOwn(FUNCTIONS, token) && next("(")) return FUNCTIONS[token](closed(sum()));
    throw new SyntaxError(token);
  }
  /** @param {number} inner */
  function closed(inner) {
    if (!next(")")) throw new SyntaxError(text);
    return inner;
  }

  const all = [sum()];
  while (next(",", ";") && rest.length) all.push(sum());
  if (rest.length) throw new SyntaxError(text);
  return all;
}

/** What a reader wrote, as numbers, or null. @param {string} text @returns {number[] | null} */
export function read(text) {
  const plain = text.trim().replaceAll("−", "-").replace(/[×·]/g, "*");
  const inside = /^[[(](.*)[\])]$/s.exec(plain)?.[1]; // (0.5, 2)
  for (const written of [inside ?? plain, plain])
    try {
      return values(written, CONSTANTS);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  return null;
}

/** @param {number[]} numbers @returns {Names} */
const named = (numbers) => Object.fromEntries(numbers.map((number, at) => [NAMES[at], number]));

/** @param {string} condition @param {number[]} numbers */
export function holds(condition, numbers) {
  const [left, sign, right] = condition.split(/(<=|>=|<|>)/);
  const [a, b] = [left, right].map((side) => values(side, named(numbers))[0]);
  if (sign.endsWith("=") && a === b) return true;
  return sign[0] === "<" ? a < b : a > b;
}

/**
 * As Python rounds: exactly half goes to the even digit.
 * @param {number} x @param {number} digits after the first one
 */
function rounded(x, digits) {
  const TAIL = 40; // the digits of a double that begins like a half go on sooner, or never
  const [long, power] = x.toExponential(digits + TAIL).split("e");
  const kept = long.slice(0, -TAIL);
  const half = /^50*$/.test(long.slice(-TAIL)) && /[02468]\.?$/.test(kept);
  return half ? `${kept.replace(/\.$/, "")}e${power}` : x.toExponential(digits);
}

/** A number as Python's format ".3g" has it. @param {number} x @param {number} digits */
export function shown(x, digits) {
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "inf").replace("NaN", "nan");
  const text = rounded(x, digits - 1);
  const [digitsOf, power] = text.split("e");
  const bare = (/** @type {string} */ number) =>
    number.includes(".") ? number.replace(/\.?0+$/, "") : number;
  const small = Number(power) >= -4 && Number(power) < digits;
  if (small) return bare(Number(text).toFixed(digits - 1 - Number(power)));
  return `${bare(digitsOf)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

/** @param {string} words @param {number[]} numbers */
export function filled(words, numbers) {
  return words.replace(/\{([^{}:]+):\.(\d)g\}/g, (_, expression, digits) =>
    shown(values(expression, named(numbers))[0] + 0, Number(digits)),
  );
}

/** What is wrong with an answer, or null: the contract is that of answers.py. @param {Answer} answer @param {number[]} given */
export function said(answer, given) {
  const { right, wrong, otherwise, asks, rtol, atol } = answer;
  /** @param {number[]} known */
  const close = (known) =>
    known.every((far, at) => Math.abs(given[at] - far) <= atol + rtol * Math.abs(far));

  const count = given.length === 1 ? "1 number" : `${given.length} numbers`;
  if (given.length !== right.length) return `it asks for ${asks}, and yours has ${count}.`;
  const odd = given.find((number) => !Number.isFinite(number));
  if (odd !== undefined) return `it asks for ${asks}, and in yours is ${shown(odd, 1)}.`;
  if (close(right)) return null;
  const fits = wrong.find(([known]) =>
    typeof known === "string" ? holds(known, given) : close(known),
  );
  return filled(fits ? fits[1] : otherwise, given);
}
