// On a desk one slide is seen at a time; on a phone they follow each other, and the page scrolls.
const slides = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".slide")]);
const desk = matchMedia("(min-width: 800px)");
const SIZES = [1, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6];
/** @type {Record<string, (at: number) => number>} */
const KEYS = {
  ArrowRight: (at) => at + 1,
  PageDown: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  PageUp: (at) => at - 1,
  Home: () => 0,
  End: () => slides.length - 1,
};
let at = 0;

/** @param {number} wanted */
function show(wanted) {
  at = Math.max(0, Math.min(slides.length - 1, wanted));
  slides.forEach((slide, index) => slide.classList.toggle("on", index === at));
  history.replaceState(null, "", `#${at + 1}`);
  if (!desk.matches) slides[at].scrollIntoView();
  slides[at].focus({ preventScroll: true });
}

const addressed = () => Number(location.hash.slice(1)) - 1 || 0;

/** @param {HTMLElement} slide */
function overflows(slide) {
  const high = [...slide.querySelectorAll(".body")]; // a formula's words for the blind are no matter
  const wide = [...slide.querySelectorAll(".seen, .said, .scb-table, div.math")];
  return (
    high.some((part) => part.scrollHeight > part.clientHeight + 1) ||
    wide.some((part) => part.scrollWidth > part.clientWidth + 1)
  );
}

/** Make the letters of a slide smaller until everything is on it. @param {HTMLElement} slide */
function fit(slide) {
  for (const size of SIZES) {
    slide.style.setProperty("--fit", String(size));
    if (!overflows(slide)) return;
  }
}

const fitAll = () => {
  if (desk.matches) slides.forEach(fit);
  else slides.forEach((slide) => slide.style.removeProperty("--fit"));
};

addEventListener("keydown", (event) => {
  const next = KEYS[event.key];
  if (!next || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  show(next(at));
});

let start = 0;
addEventListener("touchstart", (event) => (start = event.changedTouches[0].clientX));
addEventListener("touchend", (event) => {
  const way = event.changedTouches[0].clientX - start;
  if (desk.matches && Math.abs(way) > 60) show(at - Math.sign(way));
});

addEventListener("hashchange", () => show(addressed()));
desk.addEventListener("change", fitAll);
show(addressed());
const settings = /** @type {any} */ (window).MathJax;
await settings?.startup?.promise;
await document.fonts.ready;
fitAll();
