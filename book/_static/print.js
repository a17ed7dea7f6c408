// What print.css cannot do is done before a page is printed, and undone after it.
"use strict";

(() => {
  const undo = []; // the last change is taken back first
  const all = (selector) => [...document.querySelectorAll(`.bd-article ${selector}`)];

  function change(object, name, value, tell = () => {}) {
    const set = (to) => { object[name] = to; tell(); };
    const before = object[name];
    if (before === value) return;
    undo.push(() => set(before));
    set(value);
  }

  function move(node, to) {
    const place = document.createComment("");
    undo.push(() => place.replaceWith(node));
    node.replaceWith(place);
    to.append(node);
  }

  function moveSolutions(solutions, chapter) {
    const end = Object.assign(document.createElement("section"), { id: `${solutions[0].id}-on`, innerHTML: "<h2>Solutions</h2>" });
    undo.push(() => end.remove());
    chapter.append(end);
    for (const solution of solutions) move(solution, end);
  }

  // How many em wide they would be, were there room; all are read at once, for the sake of speed
  function measure(formulas, tables) {
    for (const table of tables) table.style.width = "min-content";
    const ems = (node, box) => [node, box.offsetWidth / parseFloat(getComputedStyle(node).fontSize)];
    const sizes = [...formulas.map((f) => ems(f, f.firstElementChild)), ...tables.map((t) => ems(t, t))];
    for (const table of tables) table.style.width = "";
    for (const [node, width] of sizes) node.style.setProperty("--ems", width);
  }

  addEventListener("beforeprint", () => {
    measure(all('mjx-container[display="true"]'), all("table"));
    change(document.documentElement.dataset, "theme", "light");
    for (const input of all(".scb-explorer input")) change(input, "value", input.defaultValue, () => input.dispatchEvent(new Event("input")));
    for (const chapter of all("> section:has(.solution)")) moveSolutions([...chapter.querySelectorAll(".solution")], chapter);
  });
  addEventListener("afterprint", () => { while (undo.length) undo.pop()(); });
})();
