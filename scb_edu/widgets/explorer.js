(() => {
  "use strict";
  const QUIET_MS = 600; // a screen reader hears the new words once the controls rest

  // Every line that the drawings share is there once: {lines, frames: [panel][frame] -> numbers}
  const unpack = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(await new Response(stream).text());
  };

  const start = async (root) => {
    root.dataset.ready = "";
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const controls = [...root.querySelectorAll(".scb-control")];
    const inputs = controls.map((control) => control.querySelector("input"));
    const outputs = controls.map((control) => control.querySelector("output"));
    const panels = [...root.querySelectorAll(".scb-panel")];
    const status = root.querySelector('[role="status"]');
    const { lines, frames } = await unpack(data.packed);
    let told = null;

    const frameOf = (panel) =>
      frames[panel][data.depends[panel].reduce((at, c) => at * data.labels[c].length + +inputs[c].value, 0)];

    const moved = (control) => panels.map((_, at) => at).filter((at) => data.depends[at].includes(control));

    const show = (control) => {
      const text = data.labels[control][inputs[control].value];
      outputs[control].textContent = text;
      inputs[control].setAttribute("aria-valuetext", text);
      for (const at of moved(control)) panels[at].innerHTML = frameOf(at).map((line) => lines[line]).join("");
      clearTimeout(told);
      told = setTimeout(() => tell(control), QUIET_MS);
    };

    const tell = (control) => {
      const words = moved(control).map((at) => panels[at].firstChild.getAttribute("aria-label"));
      status.textContent = words.join(" ");
    };

    inputs.forEach((input, control) => input.addEventListener("input", () => show(control)));
    if (data.play !== null) addPlay(data, controls[data.play], inputs, () => show(data.play));
    root.querySelector("fieldset").hidden = false;
  };

  const addPlay = (data, control, inputs, show) => {
    const slider = inputs[data.play];
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const button = document.createElement("button");
    let timer = null;
    button.type = "button";
    button.className = "scb-play";
    control.append(button);

    const offer = (text) => {
      button.textContent = text;
      button.toggleAttribute("data-playing", text === "Pause");
      button.setAttribute("aria-label", `${text}: ${control.querySelector("span").textContent}`);
    };
    const pause = () => {
      clearInterval(timer);
      timer = null;
      offer("Play");
    };
    const step = () => {
      if (slider.value === slider.max) return pause();
      slider.value = +slider.value + 1;
      show();
    };
    const play = () => {
      if (slider.value === slider.max) { slider.value = 0; show(); }
      timer = setInterval(step, still.matches ? 4 * data.step : data.step);
      offer("Pause");
    };

    pause();
    button.addEventListener("click", () => (timer === null ? play() : pause()));
    for (const input of inputs)
      for (const touch of ["pointerdown", "input"]) input.addEventListener(touch, pause);
    if (!data.autoplay || still.matches) return;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      play();
    }, { threshold: 0.6 });
    seen.observe(control.closest("figure").querySelector(".scb-panel"));
  };

  document.querySelectorAll(".scb-explorer:not([data-ready])").forEach(start);
})();
