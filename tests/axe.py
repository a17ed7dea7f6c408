"""What axe-core finds wrong with a page."""

import contextlib

from axe_playwright_python.sync_playwright import Axe

CONTRAST = "color-contrast"
# Figures and formulas are thousands of parts with words for the whole, and code is thousands of
# tokens in a few colours: wholes are looked at, and of tokens that look the same the first
FOLD = """() => {
  const wholes = [...document.querySelectorAll('.scb-figure, mjx-container')]
    .map(whole => [whole, whole.getBoundingClientRect()])
  const seen = {visibilityProperty: true, opacityProperty: true}
  const clear = 'rgba(0, 0, 0, 0)', ground = node => {
    while (node && getComputedStyle(node).backgroundColor === clear) node = node.parentElement;
    return node && getComputedStyle(node).backgroundColor;
  }
  const looks = new Set(), fewer = pre => {
    const below = ground(pre);
    return [...pre.querySelectorAll('span')].filter(token => {
      const {color, backgroundColor, fontSize, fontWeight} = getComputedStyle(token)
      const look = [below, color, backgroundColor, fontSize, fontWeight].join()
      const shows = token.checkVisibility(seen) && token.textContent.trim().length > 1
      return shows && !looks.has(look) && looks.add(look)
    }).map(token => token.cloneNode(true));
  }
  const codes = [...document.querySelectorAll('.highlight pre')].map(pre => [pre, fewer(pre)])
  window.folded = [...wholes, ...codes]
    .map(([whole]) => [whole, whole.style.cssText, [...whole.childNodes]])
  wholes.forEach(([whole, {width, height}]) => {
    whole.replaceChildren();
    Object.assign(whole.style, {width: `${width}px`, height: `${height}px`});
  })
  // each token stands on a line of its own: no line becomes longer
  const below = tokens => tokens.flatMap(token => ['\\n', token])
  codes.forEach(([pre, tokens]) => pre.replaceChildren(pre.textContent, ...below(tokens)))
}"""
UNFOLD = """() => folded.forEach(([whole, style, parts]) => {
  whole.style.cssText = style;
  whole.replaceChildren(...parts);
})"""


@contextlib.contextmanager
def folded(page):
    """Take the parts of figures, formulas and code away, in place, and put them back."""
    page.evaluate(FOLD)
    yield
    page.evaluate(UNFOLD)


def violations(page, context=".bd-article", impacts=None, **options):
    """Return the rules that a page breaks, each with the first elements that do."""
    options = {"resultTypes": ["violations"], **options}  # what is right need not be listed
    with folded(page):
        found = Axe().run(page, context=context, options=options).response["violations"]
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for one in found
        if impacts is None or one["impact"] in impacts
    ]


def serious(page, **options):
    """Return what stands in a reader's way, of a page's article."""
    return violations(page, impacts=("serious", "critical"), **options)
