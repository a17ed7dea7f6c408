// Stands at the end of the module whose `render` it calls: a page from disk may import no file
{
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

  const start = (root) => {
    root.dataset.ready = "";
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const el = document.createElement("div");
    render({ model: modelOf(data), el });
    const still = root.querySelector(".scb-still");
    still.hidden = true; // paper shows it
    still.after(el);
  };

  document.querySelectorAll(".scb-live:not([data-ready])").forEach(start);
}
