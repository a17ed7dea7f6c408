"""What helps a reader along, in a real browser: tips, what was read, the map, the search."""

import re

import pytest
import test_pages
from axe import violations
from conftest import NO_STORAGE
from test_pages import PHONE, WIDE, check_alive

visit = test_pages.visit  # its fixture
HOOD = "under-the-hood"
# A link of each kind: its page, what its tip says, and where the link in the tip leads
KINDS = {
    "equation": (HOOD, "a[href$='#equation-eq-escape-time']", "chapter 4", "04-two-stages"),
    "figure": (HOOD, "a[href$='#fig-escape-shares']", "share of runs", "06-sample-complexity"),
    "citation": ("bibliography", "p a[href*='#id']", "Advances in Neural", "#id"),
    "term": (HOOD, "a[href$='#term-margin']", "on the wrong side of zero", "glossary.html#term"),
    "symbol": (HOOD, "a[href$='#symbol-alpha-a']", "signals", "notation.html#symbol"),
}
TITLE = ".bd-article h1"
UNSET = "tip => [...tip.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container'))"
INSIDE = """tip => { const box = tip.getBoundingClientRect();
  return box.left >= 0 && box.right <= innerWidth && tip.scrollWidth <= tip.clientWidth + 1 }"""

# of the bar at the left end of the line of the page that is open
CLEAR = """tick => tick.getBoundingClientRect().right
  <= tick.closest('a').getBoundingClientRect().left"""


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def address(book):
    """The address of a page, by its name."""
    return lambda name: book.joinpath(f"{name}.html").as_uri()


def link_and_tip(page, selector):
    return page.locator(f".bd-article {selector}").first, page.locator("#tip")


def check_tip(tip, words, target):
    """A tip is open, says what it should with its formulas set, and leads on."""
    tip.wait_for(state="visible")
    assert words in tip.inner_text()
    tip.page.wait_for_function(f"() => !({UNSET})(document.getElementById('tip')).length")
    assert tip.evaluate(INSIDE)
    assert target in tip.locator(".tip-place a").get_attribute("href")


def tabbed_into(tip):
    tip.page.keyboard.press("Tab")
    return tip.evaluate("tip => tip.contains(document.activeElement)")


def check_mouse(link, tip, what):
    link.hover()
    check_tip(tip, *what)
    tip.hover()  # it stays, and can be read at leisure
    tip.page.locator(TITLE).hover()
    tip.wait_for(state="hidden")


def check_keyboard(link, tip, what):
    link.evaluate("link => { link.tabIndex = 0; link.focus({focusVisible: true}) }")
    check_tip(tip, *what)
    assert link.get_attribute("aria-describedby") == tip.get_attribute("id")
    assert any(tabbed_into(tip) for _ in range(3))  # a formula is a stop, too
    tip.page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    assert link.evaluate("link => link === document.activeElement")
    assert link.get_attribute("aria-describedby") is None


@pytest.mark.parametrize("name", sorted({name for name, *_ in KINDS.values()}))
def test_the_mouse_and_the_keyboard_show_what_a_link_stands_for(visit, address, name):
    visited = visit(address(name))
    for page, selector, *what in KINDS.values():
        if page == name:
            link, tip = link_and_tip(visited.page, selector)
            check_mouse(link, tip, what)
            check_keyboard(link, tip, what)
    check_alive(visited)


def test_a_tap_shows_it_and_the_link_in_it_goes_there(visit, address, kind):
    name, selector, *what = kind
    page = visit(address(name), viewport=PHONE, is_mobile=True, has_touch=True).page
    link, tip = link_and_tip(page, selector)
    link.tap()
    check_tip(tip, *what)
    assert page.url == address(name)
    page.locator(TITLE).tap()
    tip.wait_for(state="hidden")
    link.tap()
    tip.locator(".tip-place a").tap()
    page.wait_for_url(re.compile(re.escape(what[1])), wait_until="commit")


def test_a_tap_on_a_button_leaves_no_bubble(visit, address):
    page = visit(address(HOOD), viewport=PHONE, is_mobile=True, has_touch=True).page
    page.locator("button.primary-toggle").tap()
    bubble = page.locator(".tooltip")
    bubble.wait_for(state="attached")
    assert not bubble.is_visible()


def test_a_click_of_the_mouse_goes_there_at_once(visit, address):
    page = visit(address(HOOD)).page
    page.locator(".bd-article").locator(KINDS["equation"][1]).first.click()
    page.wait_for_url("**/04-two-stages.html#equation-eq-escape-time", wait_until="commit")


def test_without_popovers_the_links_are_links(visit, address):
    visited = visit(address(HOOD))
    visited.context.add_init_script("delete HTMLElement.prototype.showPopover")
    visited.page.reload()
    visited.page.locator(KINDS["equation"][1]).first.click()
    visited.page.wait_for_url("**/04-two-stages.html#equation-eq-escape-time", wait_until="commit")
    left = [error for error in visited.wrong if "favicon" not in error]  # its page was left
    assert left == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_in_a_tip_stands_in_a_readers_way(visit, address, scheme):
    page = visit(address(HOOD), color_scheme=scheme).page
    for _, selector, *_ in (KINDS["symbol"], KINDS["equation"]):
        link, tip = link_and_tip(page, selector)
        link.focus()  # what axe-core folds may move the link from under a mouse
        tip.wait_for(state="visible")
        assert violations(page, "#tip") == []


def test_forced_colours_keep_the_border_of_a_tip(visit, address):
    page = visit(address(HOOD), forced_colors="active").page
    link, tip = link_and_tip(page, KINDS["equation"][1])
    link.hover()
    tip.wait_for(state="visible")
    assert tip.evaluate("tip => getComputedStyle(tip).borderTopStyle") == "solid"


# What was read

HEIGHTS = "links => links.map(link => link.getBoundingClientRect().height)"


def read_through(page):
    """Scroll through a page as a reader does, a screen at a time."""
    page.evaluate("""async () => {
      for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
        scrollTo({top: y, behavior: 'instant'});
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
      }
    }""")


def test_a_section_counts_as_read_when_its_end_was_on_screen(visit, address):
    visited = visit(address(HOOD))
    page, ticked = visited.page, visited.page.locator(".page-toc a:has(.tick)")
    assert ticked.count() == 0
    first = page.locator("section section").first
    first.evaluate("section => section.scrollIntoView({block: 'start', behavior: 'instant'})")
    assert ticked.count() == 0  # its beginning is not enough
    first.evaluate("section => section.scrollIntoView({block: 'end', behavior: 'instant'})")
    page.evaluate("scrollBy({top: 40, behavior: 'instant'})")
    ticked.first.wait_for()
    assert ticked.count() == 1
    assert ticked.get_attribute("href") == f"#{first.get_attribute('id')}"
    assert ticked.inner_text().endswith("(read)")
    page.reload()
    assert ticked.count() == 1


def test_a_page_counts_when_all_its_sections_do(visit, address):
    page = visit(address(HOOD)).page
    links = page.locator(".bd-links a, .page-toc a")
    read_through(page)
    page.locator(".bd-links li.current > a .tick").wait_for(state="attached")
    tick = page.locator(".bd-links li.current > a .tick > [aria-hidden]")
    assert tick.evaluate(CLEAR)
    ticked = links.evaluate_all(HEIGHTS)
    page.evaluate("document.querySelectorAll('.tick').forEach(tick => tick.remove())")
    assert links.evaluate_all(HEIGHTS) == ticked  # nothing had to move for a tick
    page.goto(address("glossary"))
    link = page.locator(f".bd-links a[href='{HOOD}.html']")
    link.locator(".tick").wait_for(state="attached")
    assert link.inner_text().endswith("(read)")
    assert page.locator(".bd-links .tick").count() == 1


def test_the_welcome_page_leads_back_and_forgets(visit, address):
    page = visit(address("index")).page
    line = page.locator("#continue")
    before = line.bounding_box()
    assert line.get_by_role("link", name="Find your way").is_visible()
    page.goto(address("03-gradients"))
    heading = page.locator("section section").nth(1)
    heading.evaluate("section => section.scrollIntoView({behavior: 'instant'})")
    page.wait_for_function("() => localStorage['scb-progress:last']?.includes('one-push')")
    page.goto(address("index"))
    link = line.get_by_role(
        "link", name="Chapter 3, section “Which way does one sample push V and A?”"
    )
    assert link.get_attribute("href").endswith("03-gradients.html#sec-one-push")
    assert line.bounding_box() == before
    page.evaluate("localStorage['scb-code-open'] = 'yes'")  # a wish, not a memory of what was read
    line.get_by_role("button", name="Forget what I read").click()
    line.get_by_role("link", name="Find your way").wait_for()
    assert page.locator(".tick").count() == 0
    left = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('scb-'))")
    assert left == ["scb-code-open"]


def test_where_nothing_may_be_remembered_nothing_breaks(visit, address):
    visited = visit(address(HOOD))
    told = len(visited.wrong)
    visited.context.add_init_script(NO_STORAGE)
    visited.page.reload()
    theme = len(visited.wrong) - told  # the theme complains of it
    read_through(visited.page)
    assert len(visited.wrong) - told == theme
    assert visited.page.locator(".page-toc a .tick").count() > 1  # for this page


# The map


@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_the_arcs_of_the_map_end_at_what_a_chapter_needs(visit, address, viewport):
    page = visit(address("map"), viewport=viewport).page
    boxes = [row.bounding_box() for row in page.locator(".chapter-map > li").all()]
    heights = [box["y"] + box["height"] / 2 for box in boxes]
    drawn = page.locator(".chapter-map > li").evaluate_all(
        """rows => rows.map(row => [...row.querySelectorAll('path')].map(path => {
          const end = path.getPointAtLength(path.getTotalLength());
          return end.matrixTransform(path.getScreenCTM()).y }))"""
    )
    needs = [[], [1], [1, 2], [2, 3], [3, 4], [4, 5], [4, 5, 6], [4, 5], [1, 5]]
    expected = [[heights[chapter - 1] for chapter in needed] for needed in needs]
    assert [sorted(ends) for ends in drawn] == [pytest.approx(ends, abs=1) for ends in expected]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_stands_in_nobodys_way(visit, address, scheme):
    page = visit(address("map"), color_scheme=scheme).page
    assert violations(page) == []


# The search

# What is typed, where the first result leads, and a page that must be among the results
FOUND = {
    "alpha_A": ("notation.html#symbol-alpha-a", "04-two-stages"),
    "α_A": ("notation.html#symbol-alpha-a", "08-softmax"),
    "K_P": ("notation.html#symbol-k-p", "01-bigrams"),
    "signal_flow": ("notation.html#code-signal-flow", "04-two-stages"),
    "ProximalGradient": ("notation.html#code-proximalgradient", "05-algorithm"),
    "proximal gradient": ("", "05-algorithm"),
    "soft threshold": ("glossary.html#term-soft-threshold", "05-algorithm"),
}


@pytest.mark.parametrize("typed", FOUND)
def test_the_search_knows_symbols_and_code_names(visit, address, typed):
    page = visit(f"{address('search')}?q={typed.replace(' ', '+')}").page
    page.locator("#search-results li a").first.wait_for()
    page.wait_for_function(
        "() => document.querySelector('.search-summary')?.textContent.includes('found')"
    )
    links = page.locator("#search-results li > a").evaluate_all("all => all.map(a => a.href)")
    first, among = FOUND[typed]
    assert first in links[0]
    assert any(f"/{among}.html" in link for link in links)


def test_the_search_shows_where_it_found_a_word_even_from_disk(visit, address):
    visited = visit(f"{address('search')}?q=watershed")
    found = visited.page.locator("#search-results li:has(a[href*='04-two-stages.html'])").first
    words = found.locator("p.context")
    words.wait_for()
    assert "watershed" in words.inner_text().lower()
    assert "eq-" not in words.inner_text()
    assert visited.wrong == visited.left == []
