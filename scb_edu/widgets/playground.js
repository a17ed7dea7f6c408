(() => {
  "use strict";
  // What a widget's model is to its view, where there is no kernel behind it
  const modelOf = (data) => {
    const heard = new Map();
    return {
      get: (name) => data[name],
      set: (name, value) => {
        data[name] = value;
        for (const hear of heard.get(`change:${name}`) ?? []) hear();
      },
      on: (event, hear) => heard.set(event, [...(heard.get(event) ?? []), hear]),
      off: (event, hear) => heard.set(event, (heard.get(event) ?? []).filter((h) => h !== hear)),
      save_changes: () => {},
    };
  };

  const start = async (root) => {
    root.dataset.ready = "";
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    // a page from disk may import no file, but what it holds itself
    const source = `data:text/javascript;charset=utf-8,${encodeURIComponent(data.module)}`;
    const view = await import(source);
    const el = document.createElement("div");
    await view.default.render({ model: modelOf(data), el });
    const still = root.querySelector(".scb-still");
    still.hidden = true; // paper shows it
    still.after(el);
  };

  document.querySelectorAll(".scb-live:not([data-ready])").forEach(start);
})();
