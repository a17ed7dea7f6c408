(() => {
  "use strict";
  const QUIET_MS = 600; // a screen reader hears the new words once the controls rest

  const start = (root) => {
    root.dataset.ready = "";
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const controls = [...root.querySelectorAll(".scb-control")];
    const inputs = controls.map((control) => control.querySelector("input"));
    const outputs = controls.map((control) => control.querySelector("output"));
    const images = [...root.querySelectorAll(".scb-panel")];
    const status = root.querySelector('[role="status"]');
    let told = null;

    const frameOf = (panel) =>
      panel.frames[panel.depends.reduce((at, c) => at * data.labels[c].length + +inputs[c].value, 0)];

    const show = (control) => {
      const text = data.labels[control][inputs[control].value];
      outputs[control].textContent = text;
      inputs[control].setAttribute("aria-valuetext", text);
      data.panels.forEach((panel, at) => {
        if (panel.depends.includes(control)) [images[at].src, images[at].alt] = frameOf(panel);
      });
      clearTimeout(told);
      told = setTimeout(() => tell(control), QUIET_MS);
    };

    const tell = (control) => {
      const moved = data.panels.filter((panel) => panel.depends.includes(control));
      status.textContent = moved.map((panel) => frameOf(panel)[1]).join(" ");
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
