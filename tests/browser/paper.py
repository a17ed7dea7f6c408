"""What has to hold of a page on paper."""

from axe import CONTRAST, serious

SHEET = {"width": 665, "height": 955}  # A4 without its margins, in pixels of 1/96 inch
BEFORE, AFTER = (f"dispatchEvent(new Event('{when}print'))" for when in ("before", "after"))
# What sticks out of the sheet, or out of a box that hides or scrolls the rest
CUT = """() => [...document.querySelectorAll('.bd-article :not(.scb-figure *)')]
  .filter(n => n.checkVisibility() && !n.closest('mjx-math *, mjx-assistive-mml, .scb-hidden'))
  .filter(n => n.getBoundingClientRect().right > innerWidth + 1
    || (getComputedStyle(n).overflowX !== 'visible' && n.scrollWidth > n.clientWidth + 1))
  .map(n => n.outerHTML.slice(0, 200))"""
# What a reader of paper cannot use
DEAD = """() => [
  ...document.querySelectorAll('input, button, summary, select, canvas, nav, footer')]
  .filter(n => n.checkVisibility()).map(n => n.outerHTML.slice(0, 200))"""
SOLVED = """() => [...document.querySelectorAll('.solution')].map(solution => ({
  last: solution.parentElement === document.querySelector('.bd-article > section').lastElementChild,
  seen: [...solution.querySelectorAll('p, table')]
    .every(one => one.checkVisibility({opacityProperty: true})),
  code: [...solution.querySelectorAll('.highlight')].every(code => code.checkVisibility()),
  back: document.querySelector(solution.querySelector('.admonition-title a').hash)?.className,
}))"""
# The article, but for what follows the width of the window: playgrounds, which box scrolls, sizes
FRESH = """() => {
  const article = document.querySelector('.bd-article').cloneNode(true);
  for (const live of article.querySelectorAll('.scb-playground')) live.remove();
  for (const node of article.querySelectorAll('*'))
    for (const name of ['style', 'tabindex']) node.removeAttribute(name);
  return article.innerHTML;
}"""


def check_paper(page, colours):
    """All of a page is on paper, in light colours, and it is itself again afterwards."""
    fresh = page.evaluate(FRESH)
    page.emulate_media(media="print")
    page.evaluate(BEFORE)
    assert page.evaluate(CUT) == []
    assert page.evaluate(DEAD) == []
    for solution in page.evaluate(SOLVED):
        assert solution == {"last": True, "seen": True, "code": True, "back": "exercise admonition"}
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not colours or serious(page, runOnly=[CONTRAST]) == []
    page.evaluate(AFTER)
    assert page.evaluate(FRESH) == fresh
