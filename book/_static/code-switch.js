// One switch at the top of a page opens or folds all code behind pictures, tables and checks.
"use strict";

(() => {
  const KEY = "scb-code-open";
  const FOLDED = ".bd-article div.cell.tag_hide-input > details.hide";

  // from disk, or with cookies forbidden, even the look at the storage may throw
  function recalled() {
    try {
      return localStorage.getItem(KEY) === "yes";
    } catch {
      return false;
    }
  }

  function remember(open) {
    try {
      localStorage.setItem(KEY, open ? "yes" : "no");
    } catch {
      // then it holds for this page
    }
  }

  function setAll(open) {
    for (const fold of document.querySelectorAll(FOLDED)) fold.open = open;
  }

  function makeSwitch() {
    const input = Object.assign(document.createElement("input"), {
      type: "checkbox",
      checked: recalled(),
    });
    input.setAttribute("role", "switch");
    input.addEventListener("change", () => {
      setAll(input.checked);
      remember(input.checked);
    });
    const label = Object.assign(document.createElement("label"), { className: "code-switch" });
    label.append(input, " Show the code of pictures, tables and checks");
    return label;
  }

  function start() {
    if (!document.querySelector(FOLDED)) return;
    document.querySelector(".bd-article h1").after(makeSwitch());
    setAll(recalled());
  }

  // before the window's load, when the browser goes to the place that a link names
  document.addEventListener("DOMContentLoaded", start);
})();
