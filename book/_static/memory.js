// The page remembers, on this device only, which sections were read and where the reader stopped.
// All of it is under keys that begin alike, and is forgotten together:
//   scb-progress:read  {"04-two-stages": {"sections": ["sec-stages", ...], "whole": false}, ...}
//   scb-progress:last  {"page": "04-two-stages", "section": "sec-stages", "words": "Chapter 4, ..."}
//   scb-progress:done  {"ex-04-1": true, ...}: kept free, for exercises by their labels
"use strict";

(() => {
  const PREFIX = "scb-progress:";

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

  function addressOf(page) {
    const root = new URL(document.documentElement.dataset.content_root, location);
    return new URL(`${page}.html`, root).href;
  }

  function tick(link) {
    if (link.querySelector(".tick")) return;
    const words = '<span aria-hidden="true">✓</span><span class="visually-hidden"> (read)</span>';
    link.insertAdjacentHTML("beforeend", `<span class="tick">${words}</span>`);
  }

  function tickPages() {
    const pages = Object.entries(recall("read") ?? {}).filter(([, { whole }]) => whole);
    const addresses = pages.map(([page]) => addressOf(page));
    for (const link of document.querySelectorAll(".bd-links a"))
      if (addresses.includes(link.href.split("#")[0])) tick(link);
  }

  // the sections of this page, as its contents list them
  function listed() {
    const links = [...document.querySelectorAll(".page-toc a[href^='#']")];
    return links.flatMap((link) => {
      const id = decodeURIComponent(link.hash.slice(1));
      const section = document.getElementById(id)?.closest("section");
      return section ? [{ link, id, section, words: link.textContent.trim() }] : [];
    });
  }

  function follow(page, all) {
    const known = new Set(recall("read")?.[page]?.sections);
    for (const { id, link } of all) if (known.has(id)) tick(link);

    function look() {
      const boxes = all.map(({ section }) => section.getBoundingClientRect());
      const ended = (at) => boxes[at].bottom > innerHeight / 5 && boxes[at].bottom <= innerHeight;
      all.filter(({ id }, at) => ended(at) && !known.has(id)).forEach(read);
      const begun = all.findLast((_, at) => boxes[at].top < innerHeight / 2);
      const number = parseInt(page, 10); // of a chapter
      const words = `Chapter ${number}, section “${begun?.words}”`;
      if (number && begun) keep("last", { page, section: begun.id, words });
    }

    function read({ id, link }) {
      known.add(id);
      tick(link);
      const whole = all.every((one) => known.has(one.id));
      keep("read", { ...recall("read"), [page]: { sections: [...known], whole } });
      tickPages();
    }

    document.addEventListener("scroll", look, { passive: true });
    look();
  }

  document.addEventListener("DOMContentLoaded", () => {
    tickPages();
    follow(DOCUMENTATION_OPTIONS.pagename, listed());
    const [line, last] = [document.getElementById("continue"), recall("last")];
    if (!line || !last) return;
    const [words, button] = ["Continue where you stopped:", "Forget what I read"];
    line.innerHTML = `<span>${words}</span><a></a><button type="button">${button}</button>`;
    const where = { href: `${addressOf(last.page)}#${last.section}`, textContent: last.words };
    Object.assign(line.querySelector("a"), where);
    line.querySelector("button").addEventListener("click", forget);
  });
})();
