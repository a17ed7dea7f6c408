"""The built pages in a real browser: from disk, with keyboard, at the width of a phone."""

import io
from pathlib import Path

import numpy as np
import pytest
from axe import CONTRAST, serious
from conftest import NO_STORAGE, PATIENCE, chapters, pages, served
from paper import SHEET, check_paper
from PIL import Image

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TWICE = {"width": 640, "height": 450}  # a wide window, zoomed to 200 %
LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:")
# MathJax has set all there is to set, and the fonts it uses are there
SETTLED = """async () => {
  if (window.MathJax) await MathJax.startup.promise;
  await document.fonts.ready;
}"""
# An error, and what MathJax does with a name it does not know: it writes it in red
WRONG_TEX = "mjx-merror, [data-mjx-error], mjx-container [style*='color: red']"
# The theme lets the keyboard into a box that scrolls, a moment after the width has changed
REACHABLE = """() => [...document.querySelectorAll(
    '.bd-article :is(pre, .pst-scrollable-table-container)')]
  .every(box => box.scrollWidth <= box.clientWidth || box.tabIndex >= 0)"""
# What axe-core looks for: everything once, the rest but colours on a phone; zoomed to 200 % a page
# is laid out as on a phone, only wider
VIEWS = [
    (WIDE, {}),
    (TWICE, None),
    (PHONE, {"rules": {CONTRAST: {"enabled": False}}}),
]
# Every kind of thing that has colours is on one of these: they are looked at in the dark and on
# paper, and all by `pytest -m slow`
COLOURED = ["index", "04-two-stages", "09-past-the-paper", "teach-it", "train-it-yourself", "map"]
# Explorers with their controls and what each shows
STATE = """explorer => ({
  shown: [...explorer.querySelectorAll('output')].map(output => output.textContent),
  spoken: [...explorer.querySelectorAll('input')].map(input => input.ariaValueText
    ?? input.getAttribute('aria-valuetext')),
  pictures: [...explorer.querySelectorAll('.scb-panel')].map(panel => panel.innerHTML),
  words: [...explorer.querySelectorAll('svg')].map(image => image.getAttribute('aria-label')),
})"""


class Visit:
    """A page that is open, and what went wrong since."""

    def __init__(self, browser, url, **options):
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.left, self.wrong = [], []  # requests that left the machine, errors
        self.page.on("request", lambda r: r.url.startswith(LOCAL) or self.left.append(r.url))
        self.page.on("requestfailed", lambda r: self.wrong.append(f"failed: {r.url[:200]}"))
        self.page.on("console", lambda m: m.type == "error" and self.wrong.append(m.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(url)
        self.page.evaluate(SETTLED)


@pytest.fixture
def visit(browser):
    """Open pages; all are closed after the test."""
    opened = []

    def visit(url, **options):
        opened.append(Visit(browser, url, **{"viewport": WIDE, **options}))
        return opened[-1]

    yield visit
    for one in opened:
        one.context.close()


@pytest.fixture(scope="module", params=pages())
def opened(request, browser, book):
    """A page that all that looks at it shares: opening it takes longer than most looks."""
    url = book.joinpath(f"{request.param}.html").as_uri()
    visited = Visit(browser, url, viewport=WIDE, reduced_motion="reduce")
    yield visited
    visited.context.close()


@pytest.fixture
def seen(opened):
    """A page on a desk, in its usual colours, where nothing moves by itself."""
    opened.page.set_viewport_size(WIDE)
    opened.page.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    return opened


def check_alive(visited):
    """All is local, nothing fails, the mathematics is set."""
    page = visited.page
    assert visited.left == []
    assert visited.wrong == []
    assert page.locator(WRONG_TEX).count() == 0
    unset = "nodes => nodes.filter(n => !n.querySelector('mjx-container')).map(n => n.textContent)"
    assert page.locator(".math").evaluate_all(unset) == []


def test_page_is_alive_from_disk(seen):
    check_alive(seen)


def test_page_is_alive_on_loopback(visit, book):
    with served(book) as address:
        check_alive(visit(f"{address}/{pages()[1]}.html"))


def test_every_control_changes_its_picture_by_keyboard(seen):
    explorers = seen.page.locator(".scb-explorer")
    for explorer in explorers.all():
        for at, control in enumerate(explorer.locator("input[type=range]").all()):
            press_through(explorer, control, at)
    assert seen.wrong == []


def press_through(explorer, control, at):
    """Move a control by a step each way, and compare what is shown, said and drawn."""
    label = control.evaluate("input => input.labels[0].textContent")
    before = explorer.evaluate(STATE)
    first, second = ("ArrowLeft", "ArrowRight")
    if control.input_value() == control.get_attribute("min"):
        first, second = second, first
    control.focus()
    control.press(first)
    after = explorer.evaluate(STATE)
    assert after["shown"][at] != before["shown"][at], label
    assert after["spoken"][at] == after["shown"][at], label
    moved = [p for p, old in enumerate(before["pictures"]) if after["pictures"][p] != old]
    assert moved, f"{label}: the picture stays as it is"
    assert any(after["words"][p] != before["words"][p] for p in moved), f"{label}: same words"
    control.press(second)
    assert explorer.evaluate(STATE) == before, label


def test_every_control_has_a_name(seen):
    controls = seen.page.locator(".scb-explorer input, .scb-explorer button")
    assert all(controls.evaluate_all("all => all.map(c => (c.labels[0] ?? c).textContent.trim())"))


def test_every_image_is_drawn_and_has_words(seen):
    page = seen.page
    state = "images => images.map(i => [i.currentSrc.slice(0, 99), i.naturalWidth, i.alt])"
    page.evaluate("[...document.images].forEach(i => { i.loading = 'eager' })")
    # decode() would fail where a moving picture goes on to its next frame meanwhile
    page.wait_for_function("() => [...document.images].every(i => i.complete)")
    for source, width, words in page.locator(".bd-article img").evaluate_all(state):
        assert width > 0, source
        assert len(words) > 20, source


def test_figures_stand_on_the_page_in_the_dark(seen):
    """No white boxes: the page's dark ground is at the edge, bright ink is there, white is rare."""
    make_dark(seen.page)
    for picture in seen.page.locator(".bd-article :is(.scb-figure, img)").all():
        if picture.is_hidden():
            continue
        grey = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("L"))
        assert np.median(np.r_[grey[0], grey[-1], grey[:, 0], grey[:, -1]]) < 40
        assert grey.max() > 150
        assert (grey > 225).mean() < 0.1


def test_a_reader_with_two_colours_sees_figures_on_paper(visit, book):
    page = visit(book.joinpath("02-linear-transformer.html").as_uri(), forced_colors="active").page
    figure = page.locator(".scb-figure:visible").first
    grey = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("L"))
    assert grey[0, 0] == 255
    assert grey.min() < 100


# Of the drawings that are seen of each picture; those in a folded solution are not
WORDS = """pictures => pictures.filter(picture => picture.checkVisibility()).map(picture =>
  [...picture.querySelectorAll('[role=img]')].filter(drawing => drawing.checkVisibility())
    .map(drawing => drawing.ariaLabel))"""


def test_every_figure_is_seen_once_and_has_words(seen):
    for words in seen.page.locator(".scb-picture").evaluate_all(WORDS):
        assert len(words) == 1
        assert len(words[0]) > 20


def test_without_scripts_the_default_view_is_there(browser, book):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(book.joinpath("index.html").as_uri())
        pictures = page.locator(".scb-explorer svg")
        assert pictures.count() > 0
        assert all(picture.is_visible() for picture in pictures.all())


@pytest.mark.parametrize("name", ["index", "05-algorithm", "train-it-yourself", "notation"])
def test_phone_is_alive_and_does_not_scroll_sideways(visit, book, name):
    """A page that a phone opens; the others are looked at in a window as narrow."""
    url = book.joinpath(f"{name}.html").as_uri()
    visited = visit(url, viewport=PHONE, is_mobile=True, has_touch=True)
    check_alive(visited)
    page = visited.page
    widths = "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
    content, screen = page.evaluate(widths)
    assert content <= screen == PHONE["width"], too_wide(page)


def test_a_formula_is_broken_where_there_is_no_room_for_it(visit, book):
    page = visit(book.joinpath("01-bigrams.html").as_uri()).page
    formula = page.locator("#equation-eq-bigram mjx-container")
    rows = "box => box.querySelector('mjx-math').offsetHeight"
    one_line = formula.evaluate(rows)
    assert formula.evaluate("box => box.scrollWidth <= box.clientWidth")
    page.set_viewport_size(PHONE)
    assert formula.evaluate(rows) > 1.5 * one_line
    assert formula.evaluate("box => box.scrollWidth <= box.clientWidth")


def too_wide(page):
    """Name what sticks out to the right."""
    return page.evaluate("""() => [...document.querySelectorAll('.bd-article :not(.scb-figure *)')]
      .filter(node => node.getBoundingClientRect().right > innerWidth + 1)
      .map(node => node.outerHTML.slice(0, 120)).slice(0, 5)""")


def test_nothing_serious_stands_in_a_readers_way(seen):
    page = seen.page
    for viewport, options in VIEWS:
        page.set_viewport_size(viewport)
        page.wait_for_function(REACHABLE)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), too_wide(page)
        assert options is None or serious(page, **options) == []


def make_dark(page):
    page.emulate_media(color_scheme="dark")
    page.locator("html[data-theme=dark]").wait_for()


def check_dark(page):
    make_dark(page)
    assert serious(page, runOnly=[CONTRAST]) == []


@pytest.mark.parametrize("opened", COLOURED, indirect=True)
def test_colours_can_be_told_apart_in_the_dark(seen):
    check_dark(seen.page)


def on_paper(page, colours):
    """For a reader whose system is dark."""
    page.set_viewport_size(SHEET)
    make_dark(page)
    check_paper(page, colours)


def test_page_is_whole_on_paper(seen):
    on_paper(seen.page, colours=Path(seen.page.url).stem in COLOURED)


@pytest.mark.slow
def test_nothing_serious_stands_in_a_readers_way_zoomed_in_the_dark_and_on_paper(seen):
    seen.page.set_viewport_size(TWICE)
    seen.page.wait_for_function(REACHABLE)
    assert serious(seen.page) == []
    check_dark(seen.page)
    on_paper(seen.page, colours=True)


# Marks that are drawn by their colour alone, such as the triangle on a button
MARKS = """() => [...document.querySelectorAll(':is(.scb-play, .scb-start)')].filter(button =>
  getComputedStyle(button, '::before').backgroundColor !== getComputedStyle(button).color)
  .map(button => button.outerHTML.slice(0, 200))"""
# Of things that a style sheet cannot tell apart the first
UNSEEN = """() => [...new Map([...document.querySelectorAll(
    '.bd-article :is(a[href], button, input, select, summary, [tabindex="0"])')]
  .filter(node => node.checkVisibility()).reverse().map(node => [
    [node, node.parentElement, node.parentElement.parentElement]
      .map(one => one.tagName + one.className).join(), node])).values()]
  .filter(node => {
    node.focus({focusVisible: true, preventScroll: true});
    return document.activeElement === node && getComputedStyle(node).outlineStyle === 'none';
  }).map(node => node.outerHTML.slice(0, 200))"""


def test_forced_colours_hide_no_mark_and_no_focus(seen):
    seen.page.emulate_media(forced_colors="active")
    assert seen.page.evaluate(MARKS) == []
    assert seen.page.evaluate(UNSEEN) == []


def test_who_asked_for_less_motion_sees_none(visit, book):
    page = visit(book.joinpath("04-two-stages.html").as_uri(), reduced_motion="reduce").page
    page.locator(".solution button.toggle-button").first.click()
    assert page.evaluate("document.getAnimations().map(move => move.effect.target.outerHTML)") == []


# The switch of the code

SWITCH = "input[role=switch]"
PLUMBING = ".tag_hide-input > details.hide"
OPEN = "folds => folds.map(fold => fold.open)"


@pytest.fixture
def folded(book):
    """The address of a page that folds the code behind pictures."""
    pages = (book / f"{name}.html" for name in chapters())
    return next(p.as_uri() for p in pages if "tag_hide-input" in p.read_text("utf-8"))


def states(page):
    return set(page.locator(PLUMBING).evaluate_all(OPEN))


def test_one_switch_opens_and_folds_the_code_by_keyboard(visit, folded):
    page = visit(folded).page
    switch = page.get_by_role("switch", name="Show the code of pictures, tables and checks")
    assert states(page) == {False}
    switch.focus()
    for on in (True, False):
        page.keyboard.press("Space")
        assert switch.is_checked() is on
        assert states(page) == {on}
    assert page.locator(".solution .highlight").first.is_hidden()  # nobody's answer


SEEN = "parts => parts.map(part => part.checkVisibility({visibilityProperty: true}))"
UNTOUCHED = "link => getComputedStyle(link).pointerEvents === 'none'"


def test_a_solution_is_one_fold(seen):
    """Its words, its code and what that shows come with one press, and go with the next."""
    for solution in seen.page.locator(".solution").all():
        parts = solution.locator("p:not(.admonition-title), .highlight, .cell_output")
        button = solution.get_by_role("button").first
        for shown in (True, False):
            button.press("Enter")
            assert set(parts.evaluate_all(SEEN)) == {shown}
        title = solution.locator(".admonition-title")
        title.dispatch_event("click")  # who touches the name of the exercise touches the title
        assert title.locator("a").evaluate(UNTOUCHED)
        assert button.get_attribute("aria-expanded") == "true"
    assert seen.page.locator(".bd-article .tag_hide-cell").count() == 0


def test_the_switch_is_remembered(visit, folded):
    page = visit(folded).page
    page.locator(SWITCH).check()
    for _ in range(5):  # what is kept gets from one load of a page to the next a moment later
        page.reload()
        if page.locator(SWITCH).is_checked():
            break
    assert page.locator(SWITCH).is_checked()
    assert states(page) == {True}


def test_the_switch_works_where_nothing_may_be_remembered(visit, folded):
    visited = visit(folded)
    visited.context.add_init_script(NO_STORAGE)  # the theme complains of it, the switch does not
    visited.page.reload()
    visited.page.locator(SWITCH).check()
    assert states(visited.page) == {True}


def test_a_page_without_folded_code_has_no_switch(visit, book):
    assert visit(book.joinpath("notation.html").as_uri()).page.locator(SWITCH).count() == 0


def test_search_works_from_disk(visit, book):
    page = visit(book.joinpath("search.html").as_uri() + "?q=bigram").page
    page.locator("#search-results li a").first.wait_for()


def test_colours_follow_the_readers_system(visit, book):
    shades = {}
    for scheme in ("light", "dark"):
        page = visit(book.joinpath("index.html").as_uri(), color_scheme=scheme).page
        shades[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shades["light"] != shades["dark"]
