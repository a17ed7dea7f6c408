// What print.css cannot do is done before a page is printed, and undone after it.
"use strict";

(() => {
  const undo = []; // the last change is taken back first

  function change(object, name, value) {
    const before = object[name];
    undo.push(() => { object[name] = before; });
    object[name] = value;
  }

  function move(node, to) {
    const place = document.createComment("");
    undo.push(() => place.replaceWith(node));
    node.replaceWith(place);
    to.append(node);
  }

  function moveSolutions(article) {
    const solutions = [...article.querySelectorAll(".solution")];
    if (!solutions.length) return;
    const end = Object.assign(document.createElement("section"), { id: `${solutions[0].id}-on` });
    end.innerHTML = "<h2>Solutions</h2>";
    article.querySelector("section").append(end);
    undo.push(() => end.remove());
    for (const solution of solutions) {
      const code = solution.nextElementSibling;
      move(solution, end);
      if (code?.matches(".tag_hide-cell")) move(code, end);
    }
  }

  // How many em wide they would be, were there room; all are read at once, for the sake of speed
  function measure(formulas, tables) {
    for (const table of tables) table.style.width = "min-content";
    const width = (node) => (node.tHead === undefined ? node.firstElementChild : node).offsetWidth;
    const sizes = [...formulas, ...tables].map((node) => [node, width(node) / parseFloat(getComputedStyle(node).fontSize)]);
    for (const table of tables) table.style.width = "";
    for (const [node, ems] of sizes) node.style.setProperty("--ems", ems);
  }

  function toDefault(input) {
    const set = (value) => { input.value = value; input.dispatchEvent(new Event("input")); };
    const { value, defaultValue } = input;
    if (value === defaultValue) return;
    undo.push(() => set(value));
    set(defaultValue);
  }

  const all = (selector) => [...document.querySelectorAll(`.bd-article ${selector}`)];

  addEventListener("beforeprint", () => {
    measure(all('mjx-container[display="true"]'), all("table"));
    change(document.documentElement.dataset, "theme", "light");
    for (const fold of all(".tag_hide-cell > details")) change(fold, "open", true);
    all(".scb-explorer input").forEach(toDefault);
    document.querySelectorAll(".bd-article").forEach(moveSolutions);
  });
  addEventListener("afterprint", () => { while (undo.length) undo.pop()(); });
})();
