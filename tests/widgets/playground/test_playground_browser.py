"""A playground in a page from disk, in a real browser: by keyboard, in the dark, on a phone."""

import json
import re

import numpy as np
import pytest
from axe import violations

import scb_edu as scb
from scb_edu import widgets

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A playground</title>
<style>:root {{ color-scheme: light dark }} body {{ font-family: sans-serif }}</style></head>
<body><main><h1>A page</h1>{body}</main></body></html>"""
TASK = scb.SCBTask.example(100)
WAITING = scb.ProximalGradient(0.02)  # without a penalty it trains on and on
READY = ".scb-playground canvas:visible"


class Visit:
    """A page from disk, and what went wrong since it was opened."""

    def __init__(self, browser, path, fragment="", **options):
        self.context = browser.new_context(viewport=WIDE, **options)
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("request", self.note)
        self.page.goto(path.as_uri() + fragment)

    def note(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(request.url)

    @property
    def frame(self):
        """The element of the first playground, which has the keys."""
        return self.page.locator(".scb-playground").first

    def seen(self):
        """How many samples and steps the first run has made, as its words say."""
        words = self.page.locator(".scb-words").first.text_content()
        numbers = re.search(r"([\d,]+) samples, ([\d,]+) steps?", words).groups()
        return tuple(int(number.replace(",", "")) for number in numbers)

    def wait_for_steps(self, count):
        self.page.wait_for_function(
            """count => Number(document.querySelector('.scb-words').textContent
                 .match(/([\\d,]+) steps?/)[1].replaceAll(',', '')) >= count""",
            arg=count,
        )

    def wait_for_rest(self):
        self.page.get_by_role("button", name="Start").first.wait_for()


@pytest.fixture
def visit(browser, tmp_path):
    """Open playgrounds in a page; an error, a word on the console, or a request fails the test."""
    opened = []

    def visit(*playgrounds, fragment="", size=None, **options):
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(body="".join(p.page() for p in playgrounds)), "utf-8")
        opened.append(Visit(browser, path, fragment, **options))
        if size:
            opened[-1].page.set_viewport_size(size)
        opened[-1].page.locator(READY).first.wait_for()
        return opened[-1]

    yield visit
    wrong = [one.wrong for one in opened]
    for one in opened:
        one.context.close()
    assert not any(wrong), wrong


# By keyboard --------------------------------------------------------------------------------------


def test_it_is_started_paused_stepped_and_reset_by_keyboard(visit):
    visited = visit(widgets.playground(TASK, optimizer=WAITING))
    page, keys = visited.page, visited.page.keyboard
    keys.press("Tab")
    assert visited.frame.evaluate("frame => frame === document.activeElement")
    keys.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    visited.wait_for_steps(10)
    keys.press("Space")
    visited.wait_for_rest()
    samples, steps = visited.seen()
    assert samples == 64 * steps > 0
    keys.press("ArrowRight")
    visited.wait_for_steps(steps + 1)
    assert visited.seen() == (64 * (steps + 1), steps + 1)
    keys.press("r")
    page.locator(".scb-words", has_text=" 0 samples, 0 steps").wait_for()


def test_a_key_in_a_control_is_the_controls_own(visit):
    visited = visit(widgets.playground(TASK, optimizer=WAITING, controls=("T", "batch")))
    slider = visited.page.get_by_role("slider", name="Context length")
    before = slider.input_value()
    slider.press("ArrowRight")
    assert slider.input_value() != before
    slider.press("Space")
    assert visited.seen() == (0, 0)
    assert visited.page.get_by_role("button", name="Start").count() == 1


def test_every_control_has_a_name(visit):
    page = visit(widgets.playground(link=True)).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    for control in page.locator("input, select, textarea, button").all():
        named = "c => (c.ariaLabel || (c.labels?.[0] ?? c).textContent).trim()"
        assert control.evaluate(named), control.evaluate("c => c.outerHTML")


def test_where_it_stands_is_spoken_once_it_rests(visit):
    visited = visit(widgets.playground(TASK, optimizer=WAITING))
    page, spoken = visited.page, visited.page.locator("p[role=status]")
    assert spoken.text_content() == ""
    page.get_by_role("button", name="Start").click()
    visited.wait_for_steps(3)
    assert spoken.text_content() == ""
    # the button says Start and two frames are drawn: no time for anything that waits
    page.get_by_role("button", name="Pause").click()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    samples, steps = visited.seen()
    assert f"{samples:,} samples, {steps:,} steps. " in spoken.text_content()
    page.get_by_role("button", name="Start").click()
    assert spoken.text_content() == ""  # what it said is old


def test_a_run_that_is_stuck_rests_and_says_what_to_try(visit):
    starved = scb.ProximalGradient(0.02, 0.3)
    visited = visit(widgets.playground(TASK, optimizer=starved, seed=1, speed=100))
    visited.page.get_by_role("button", name="Start").click()
    spoken = visited.page.locator("p[role=status]", has_text="Stuck: ")
    spoken.wait_for(state="attached")
    assert "Try a smaller or a later one." in spoken.text_content()
    assert visited.page.get_by_role("button", name="Start").count() == 1


def test_two_in_a_page_do_not_know_of_each_other(visit):
    visited = visit(*[widgets.playground(TASK, optimizer=WAITING, controls=())] * 2)
    visited.page.get_by_role("button", name="Step").first.click()
    visited.wait_for_steps(1)
    assert "0 samples" in visited.page.locator(".scb-words").nth(1).text_content()


# Controls -----------------------------------------------------------------------------------------


def is_in_view(locator):
    """Whether at least half of an element is on the screen, wherever that was scrolled to."""
    return locator.evaluate(
        """one => new Promise(done => new IntersectionObserver(([seen]) =>
             done(seen.intersectionRatio > 0.5), { threshold: 0.5 }).observe(one))"""
    )


@pytest.mark.parametrize("width", [720, 1280])
def test_on_a_desk_a_slider_is_in_view_beside_every_chart(visit, width):
    page = visit(widgets.playground(), size={"width": width, "height": 800}).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    for chart in page.locator("canvas").all():
        for slider in (page.get_by_label("Context length"), page.get_by_label("Speed")):
            chart.evaluate("one => one.scrollIntoView({ block: 'center' })")
            slider.evaluate("one => one.scrollIntoView({ block: 'nearest' })")
            assert is_in_view(slider)
            assert is_in_view(chart)


def test_beside_the_controls_two_runs_stand_on_one_screen(visit):
    page = visit(widgets.playground(), size={"width": 720, "height": 900}).page
    page.get_by_label("Questions to try").select_option(index=2)
    page.locator(".scb-bar").first.evaluate("one => one.scrollIntoView()")
    first, second = page.locator("canvas:visible").all()
    assert is_in_view(first)
    assert is_in_view(second)


def titles(page):
    return [title.strip() for title in page.locator(".scb-side summary").all_text_contents()]


def test_titles_and_labels_say_whose_settings_they_are(visit):
    page = visit(widgets.playground()).page
    assert titles(page) == ["Task", "Training", "At the start", "View"]
    page.get_by_label("Questions to try").select_option("Which method learns from few samples?")
    shared = "Task (both runs)"
    assert titles(page) == [shared, "Training (both runs)", "At the start (both runs)", "View"]
    page.get_by_label("Method of run 1").select_option("adam")
    page.get_by_label("The rest is set for").select_option("run 2 alone")
    assert titles(page) == [shared, "Training (run 2)", "At the start (run 2)", "View"]
    assert page.get_by_label("Method of run 2").input_value() == "plain"
    page.get_by_label("Context length").press("ArrowLeft")
    page.get_by_label("Batch", exact=True).press("ArrowLeft")
    names = page.locator(".scb-words strong").all_text_contents()
    assert names == [
        "Run 1. Method: adam, Batch: 64 samples a step.",
        "Run 2. Method: plain, Batch: 32 samples a step.",
    ]
    python = page.locator("textarea").input_value()
    assert python.count("SCBTask.example(200)") == 2
    page.get_by_label("Batch of run 2").press("ArrowRight")  # as in run 1 again: not another
    assert page.get_by_label("Batch", exact=True).count() == 1


def test_choosing_a_question_by_arrow_keys_starts_nothing(visit):
    visited = visit(widgets.playground())
    page, questions = visited.page, visited.page.get_by_label("Questions to try")
    page.get_by_role("button", name="Start").click()
    visited.wait_for_steps(1)
    for _ in range(2):
        questions.press("ArrowDown")
    assert questions.input_value() == "What is a little knowledge worth?"
    assert page.locator(".scb-question").text_content() == "What is a little knowledge worth?"
    assert page.get_by_role("button", name="Pause").count() == 0
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert visited.seen() == (0, 0)
    assert page.get_by_label("Context length").evaluate("one => one.ariaValueText") == "500"


def test_every_option_is_explained_in_a_line_that_belongs_to_its_list(visit):
    page = visit(widgets.playground()).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    about = "one => document.getElementById(one.getAttribute('aria-describedby')).textContent"
    for name in ("Task", "Method", "Batch over time", "Attention", "V at the start"):
        field = page.locator("select").and_(page.get_by_label(name, exact=True))
        options = field.locator("option").all_text_contents()
        lines = set()
        for option in options:
            field.select_option(option)
            lines.add(field.evaluate(about))
        assert len(lines) == len(options) > 1
        assert all(len(line) > 20 for line in lines)
        field.select_option(options[0])


def test_when_the_penalty_acts_is_said_in_steps_and_samples(visit):
    page = visit(widgets.playground(TASK, optimizer=scb.ProximalGradient(0.02, 0.01))).page
    acts = page.get_by_label("Penalty acts")
    assert acts.evaluate("one => one.ariaValueText") == "from the start"
    acts.evaluate("one => { one.value = one.max; one.dispatchEvent(new Event('input')) }")
    found = acts.evaluate("one => one.ariaValueText")
    assert found == "after 50,000 steps (3,200,000 samples)"  # the time 1000, at the rate 0.02


# Running ------------------------------------------------------------------------------------------


HUNDRED_FRAMES = """() => new Promise(done => {
  let frames = 0;
  const next = () => ++frames < 100 ? requestAnimationFrame(next) : done();
  requestAnimationFrame(next);
})"""


def slices(browser, page):
    """What each script of a hundred frames took of the processor, in milliseconds."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.evaluate(HUNDRED_FRAMES)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    frames = [event for event in events if event["name"] == "FireAnimationFrame"]
    # not by the clock: a busy machine holds up whatever it likes
    return [frame["tdur"] / 1000 for frame in frames if "tdur" in frame]  # one may be cut off


@pytest.mark.parametrize("size", [(100, 64), (4000, 4096)])
def test_no_frame_is_blocked_while_it_trains(browser, visit, size):
    T, B = size
    task = scb.SCBTask.random(8, T, 4, np.random.default_rng(0))
    visited = visit(widgets.playground(task, optimizer=WAITING, batch_size=B))
    visited.page.get_by_role("button", name="Start").click()
    taken = slices(browser, visited.page)
    assert len(taken) >= 100
    assert max(taken) < 100
    assert np.median(taken) < 25  # it gives a frame 8, and drawing


def test_a_task_and_a_model_of_ones_own_are_trained(visit):
    task = scb.SCBTask.random(4, 50, 3, np.random.default_rng(0))
    other = scb.theory.correlated_task(task, 0.5, np.random.default_rng(1))
    model = scb.theory.transfer(scb.LinearTransformer.oracle(other), task)
    visited = visit(widgets.playground(task, beside={"model": model}, controls=("method",)))
    first, second = visited.page.locator(".scb-words").all()
    assert "α of V is 0.00" in first.text_content()
    assert "α of V is 0.50" in second.text_content()
    visited.page.get_by_role("button", name="Step").click()
    visited.wait_for_steps(1)


def test_where_only_samples_are_shown_it_speaks_of_them_and_of_no_training(visit):
    visited = visit(widgets.playground(TASK, charts=("samples",), controls=("seed",)))
    words = visited.page.locator(".scb-words")
    first = "0 samples, 0 steps. None is drawn yet: shown is the first that a step will draw."
    assert " ".join(words.text_content().split()) == first
    visited.page.get_by_role("button", name="Step").click()
    visited.wait_for_steps(1)
    assert words.text_content().endswith("1 step. Shown is the last one.")


def test_it_starts_by_itself_where_it_was_told_to(visit):
    visited = visit(widgets.playground(TASK, autoplay=True), reduced_motion="no-preference")
    visited.wait_for_steps(1)
    assert visited.seen()[1] >= 1


def test_with_less_motion_it_waits_to_be_started(visit):
    visited = visit(widgets.playground(TASK, autoplay=True), reduced_motion="reduce")
    page = visited.page
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert visited.seen() == (0, 0)
    page.get_by_role("button", name="Step").click()
    visited.wait_for_steps(1)
    assert visited.seen() == (64, 1)


# Links --------------------------------------------------------------------------------------------


def test_a_link_restores_the_run(visit):
    visited = visit(widgets.playground(link=True))
    page = visited.page
    page.get_by_role("slider", name="Context length").press("ArrowLeft")
    page.get_by_role("slider", name="Batch").press("ArrowLeft")
    for _ in range(3):
        page.get_by_role("button", name="Step").click()
    page.wait_for_function("location.hash.includes('steps=3')")
    link = page.evaluate("location.hash")
    assert visited.seen() == (96, 3)
    words = page.locator(".scb-words").text_content()
    again = visit(widgets.playground(link=True), fragment=link)
    again.wait_for_steps(3)
    assert again.page.locator(".scb-words").text_content() == words


def test_a_hostile_link_gives_the_usual_settings_and_says_so(visit):
    link = "#scb1&T=1e9&<img src=x onerror=alert(1)>"
    visited = visit(widgets.playground(link=True), fragment=link)
    notice = visited.page.locator(".scb-notice")
    assert "usual run" in notice.text_content()
    assert notice.locator("img").count() == 0
    assert visited.seen() == (0, 0)


def test_without_a_link_the_address_stays_as_it_is(visit):
    visited = visit(widgets.playground(TASK), fragment="#scb1&T=50")
    visited.page.get_by_role("button", name="Step").click()
    visited.wait_for_steps(1)
    assert visited.page.evaluate("location.hash") == "#scb1&T=50"


# For everyone -------------------------------------------------------------------------------------


VIEWS = [
    ("light", WIDE, {}),
    ("dark", WIDE, {"runOnly": ["color-contrast"]}),
    ("light", PHONE, {"rules": {"color-contrast": {"enabled": False}}}),
]
PLACES = {
    "full": {"link": True},
    "lanes": {"beside": {"optimizer": scb.SGD(0.05)}, "controls": ("T", "rate")},
    "many": {"many": True, "charts": ("many",), "controls": ("batch",)},
    "samples": {"charts": ("samples",), "controls": ("seed",), "batch_size": 8},
}


@pytest.fixture(params=PLACES)
def place(request):
    return widgets.playground(scb.SCBTask.example(20), **PLACES[request.param])


def test_nothing_stands_in_a_readers_way(visit, place):
    page = visit(place, reduced_motion="reduce").page
    page.get_by_role("button", name="Step").click()
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    for scheme, viewport, options in VIEWS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(viewport)
        assert violations(page, None, **options) == []


def test_a_phone_does_not_scroll_sideways(visit, place):
    page = visit(place, size=PHONE, is_mobile=True, has_touch=True).page
    page.get_by_role("button", name="Step").click()
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    widths = "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
    content, screen = page.evaluate(widths)
    assert content <= screen == PHONE["width"]


def test_a_phone_shows_one_chart_at_a_time(visit):
    page = visit(widgets.playground(), size=PHONE).page
    assert page.locator("canvas").evaluate_all("all => all.filter(c => c.clientWidth).length") == 1
    page.get_by_role("tab", selected=True).press("ArrowRight")
    assert page.locator("canvas").evaluate_all("all => all.filter(c => c.clientWidth).length") == 1


def test_a_phone_shows_the_seeds_first_of_twenty(visit):
    page = visit(widgets.playground(), size=PHONE).page
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    page.get_by_role("tab", name="Loss").click()
    page.get_by_label("Runs at once").select_option("twenty seeds")
    assert page.get_by_role("tab", selected=True).text_content() == "Seeds"


def test_every_chart_says_in_words_what_it_shows(visit):
    page = visit(widgets.playground()).page
    words = page.locator("canvas").evaluate_all("all => all.map(c => c.ariaLabel ?? '')")
    assert len(words) == 5
    assert all(len(word) > 20 for word in words), words


def test_without_scripts_a_still_picture_stands_there(browser, tmp_path):
    path = tmp_path / "page.html"
    playground = widgets.playground()
    path.write_text(PAGE.format(body=playground.page()), "utf-8")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        picture = page.get_by_role("img")
        assert picture.is_visible()
        assert picture.get_attribute("alt") == playground.still.words
        assert page.get_by_text("where no script runs").is_visible()


def test_where_scripts_run_the_still_picture_is_gone(visit):
    page = visit(widgets.playground()).page
    assert page.locator(".scb-still").is_hidden()
