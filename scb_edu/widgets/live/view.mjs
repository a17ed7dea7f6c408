// The view: what a page or a notebook shows, and how it answers to hands and keys.

import { advance, createTask, isOver } from "./training.mjs";
import {
  DEFAULTS,
  LIMITS,
  OTHER,
  PRESETS,
  fromLink,
  toCsv,
  toLink,
  toPython,
} from "./settings.mjs";
import {
  CHARTS,
  DARK,
  LIGHT,
  canvasPen,
  count,
  lastSample,
  plural,
  toldDraw,
  toldSample,
} from "./charts.mjs";
import {
  CONTROLS,
  GROUPS,
  KEPT,
  control,
  copy,
  createLane,
  differences,
  download,
  html,
  labelled,
  list,
  newId,
  pixel,
  stepsPerSecond,
  toPng,
  toSvg,
  told,
  widen,
} from "./controls.mjs";

/**
 * @import { Run } from "./training.mjs"
 * @import { Settings } from "./settings.mjs"
 * @import { Lane } from "./controls.mjs"
 */

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
