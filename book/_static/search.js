// The theme's search fetches the pages that it found, to show the words around a hit. A page from
// disk may fetch nothing: it gets the text that search-texts.js brought along, as TEXTS by page.
"use strict";

(() => {
  const fetchOther = window.fetch;

  function textOf(url) {
    const page = new URL(url, location).pathname.split(".html")[0];
    const found = Object.keys(TEXTS).filter((name) => page.endsWith(`/${name}`));
    return TEXTS[found.sort((a, b) => b.length - a.length)[0]]; // api/index, not index
  }

  window.fetch = async (url, ...options) => {
    const text = textOf(url);
    return text ? new Response(`<div role="main">${text}</div>`) : fetchOther(url, ...options);
  };
})();
