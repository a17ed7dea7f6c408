// What a link stands for, shown in its place: a formula, a caption, a citation's entry, a term.
// The page brings the texts along (book/extensions/tips.py). A mouse shows one by resting on the
// link, the keyboard by going there, a finger by a first tap; Escape and a click elsewhere hide it.
"use strict";

(() => {
  const REST = 150; // ms; a pointer on its way across the page opens nothing
  const GAP = 6; // px between link and tip, and from the edge of the window
  const box = document.createElement("div");
  let tips = {}; // address -> HTML
  let shown = null; // the link whose tip is open
  let timer = 0;

  function linkAt(target) {
    const link = target.closest("a[href]:not(.headerlink)");
    return link && !box.contains(link) && link.getAttribute("href") in tips ? link : null;
  }

  // in the coordinates of the page, so that it scrolls with its link
  function place() {
    const line = shown.getClientRects()[0];
    const { width, height } = box.getBoundingClientRect();
    const right = document.documentElement.clientWidth - width - GAP;
    const fits = line.bottom + GAP + height < innerHeight || line.top < height + GAP;
    const top = fits ? line.bottom + GAP : line.top - height - GAP;
    box.style.left = `${scrollX + Math.max(GAP, Math.min(line.left, right))}px`;
    box.style.top = `${scrollY + top}px`;
  }

  async function show(link) {
    if (link === shown) return;
    hide();
    shown = link;
    link.removeAttribute("title"); // it says the same
    link.setAttribute("aria-describedby", box.id);
    link.after(box);
    box.innerHTML = tips[link.getAttribute("href")];
    box.showPopover();
    place();
    await window.MathJax?.startup?.promise;
    await window.MathJax?.typesetPromise?.([box]);
    if (link === shown) place();
  }

  function hide() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.remove();
  }

  function rest({ target, pointerType }) {
    if (pointerType === "touch" || box.contains(target)) return clearTimeout(timer);
    const link = linkAt(target);
    if (!link && shown?.matches(":focus-visible")) return;
    clearTimeout(timer);
    timer = setTimeout(link ? show : hide, REST, link);
  }

  function focus({ target }) {
    const link = linkAt(target);
    if (link && target.matches(":focus-visible")) show(link);
    else if (!box.contains(target)) hide();
  }

  function click(event) {
    const link = linkAt(event.target);
    if (link && link !== shown && event.pointerType === "touch") {
      event.preventDefault();
      show(link);
    } else if (event.target.closest("a") || !box.contains(event.target)) hide();
  }

  function escape({ key }) {
    if (key !== "Escape" || !shown) return;
    if (box.contains(document.activeElement)) shown.focus();
    hide();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const texts = document.getElementById("tips");
    if (!texts || !box.showPopover) return;
    tips = JSON.parse(texts.textContent);
    Object.assign(box, { id: "tip", className: "tip", popover: "manual", role: "note" });
    const listen = { pointerover: rest, focusin: focus, click, keydown: escape };
    for (const [what, act] of Object.entries(listen)) document.addEventListener(what, act);
  });
})();
