// Judges answers as a field in a page does: a list of jobs as JSON in, the list of results out.
import { readFileSync } from "node:fs";
import { filled, holds, read, said, shown } from "../../scb_edu/exercises/arithmetic.mjs";

const number = (x) => (typeof x === "string" ? Number(x) : x); // JSON has no NaN and no Infinity

const jobs = {
  // what was read, as texts that keep every digit, and what is said to it; null is right
  judge: ({ answer, text }) => {
    const numbers = read(text);
    return { read: numbers?.map(String) ?? null, said: numbers && said(answer, numbers) };
  },
  shown: ({ x, digits }) => shown(number(x), digits),
  filled: ({ words, numbers }) => filled(words, numbers),
  holds: ({ condition, numbers }) => holds(condition, numbers),
};

const asked = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(asked.map((job) => jobs[job.do](job))));
