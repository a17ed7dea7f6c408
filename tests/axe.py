"""What axe-core finds wrong with a page."""

import contextlib

from axe_playwright_python.sync_playwright import Axe

# Figures and formulas are thousands of parts with words for the whole: as wholes they are looked at
FOLD = """() => { window.folded = [...document.querySelectorAll('.scb-figure, mjx-container')]
  .map(whole => [whole, whole.style.cssText, whole.getBoundingClientRect(), [...whole.childNodes]])
  folded.forEach(([whole, , {width, height}]) => {
    whole.replaceChildren();
    Object.assign(whole.style, {width: `${width}px`, height: `${height}px`});
  }) }"""
UNFOLD = """() => folded.forEach(([whole, style, , parts]) => {
  whole.style.cssText = style;
  whole.replaceChildren(...parts);
})"""


@contextlib.contextmanager
def folded(page):
    """Take the parts of figures and formulas away, which leaves their room, and put them back."""
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
