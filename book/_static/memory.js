// The page remembers, on this device only, which sections were read and where the reader stopped.
// All of it is under keys that begin alike, and is forgotten together:
//   scb-progress:read  {address of a page: {"sections": ["sec-stages", ...], "whole": false}, ...}
//   scb-progress:last  {"address": "...#sec-stages", "words": "Chapter 4, section ..."}
//   scb-progress:done  {"quiz-ch4-1": true, "answer-ch4-saddle": true, ...}: questions and exercises
//                      answered right, written by alive.mjs
"use strict";

(() => {
  const PREFIX = "scb-progress:";
  const HERE = location.href.split(/[?#]/)[0];
  const CHAPTER = parseInt(HERE.split("/").pop(), 10); // of 04-two-stages.html: 4

  // from disk, or with cookies forbidden, even the look at the storage may throw
  function tolerant(act) {
    try {
      return act();
    } catch {
      return null; // then nothing is remembered
    }
  }

  const recall = (name) => tolerant(() => JSON.parse(localStorage[PREFIX + name]));
  const keep = (name, value) =>
    tolerant(() => (localStorage[PREFIX + name] = JSON.stringify(value)));

  function forget() {
    const mine = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    for (const key of mine) localStorage.removeItem(key);
    location.reload();
  }

  function tick(link) {
    if (link.querySelector(".tick")) return;
    const words = '<span aria-hidden="true">✓</span><span class="visually-hidden"> (read)</span>';
    link.insertAdjacentHTML("beforeend", `<span class="tick">${words}</span>`);
  }

  function tickPages() {
    const read = recall("read");
    for (const link of document.querySelectorAll(".bd-links a"))
      if (read?.[link.href.split("#")[0]]?.whole) tick(link);
  }

  // the sections of this page, as its contents list them
  function listed() {
    const links = [...document.querySelectorAll(".page-toc a[href^='#']")];
    return links.flatMap((link) => {
      const id = decodeURIComponent(link.hash.slice(1));
      const section = document.getElementById(id)?.closest("section");
      return section ? [{ link, id, section, title: link.textContent.trim() }] : [];
    });
  }

  function follow(all) {
    const known = new Set(recall("read")?.[HERE]?.sections);
    for (const { id, link } of all) if (known.has(id)) tick(link);

    function look() {
      const boxes = all.map(({ section }) => section.getBoundingClientRect());
      const ended = (at) => boxes[at].bottom > innerHeight / 5 && boxes[at].bottom <= innerHeight;
      all.filter(({ id }, at) => ended(at) && !known.has(id)).forEach(read);
      const begun = all.findLast((_, at) => boxes[at].top < innerHeight / 2);
      const words = `Chapter ${CHAPTER}, section “${begun?.title}”`;
      if (CHAPTER && begun) keep("last", { address: `${HERE}#${begun.id}`, words });
    }

    function read({ id, link }) {
      known.add(id);
      tick(link);
      const whole = all.every((one) => known.has(one.id));
      keep("read", { ...recall("read"), [HERE]: { sections: [...known], whole } });
      tickPages();
    }

    document.addEventListener("scroll", look, { passive: true });
    look();
  }

  // read in another window, or written by the page before when this one was there already
  addEventListener("storage", tickPages);

  document.addEventListener("DOMContentLoaded", () => {
    tickPages();
    follow(listed());
    const [line, last] = [document.getElementById("continue"), recall("last")];
    if (!line || !last) return;
    const [words, button] = ["Continue where you stopped:", "Forget what I read"];
    line.innerHTML = `<span>${words}</span><a></a><button type="button">${button}</button>`;
    Object.assign(line.querySelector("a"), { href: last.address, textContent: last.words });
    line.querySelector("button").addEventListener("click", forget);
  });
})();
