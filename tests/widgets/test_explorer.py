import base64
import datetime
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zlib

import pytest
from elements import Elements

from scb_edu.figures import Picture, new_figure, styled
from scb_edu.support.errors import ScbError
from scb_edu.widgets.explorer import Explorer, Panel, Slider

VIEW = "application/vnd.jupyter.widget-view+json"


class Draw:
    """A drawing function that counts its calls."""

    def __init__(self, what, size=(1.5, 1)):
        self.what, self.size, self.calls = what, size, []

    @styled()
    def __call__(self, **values):
        self.calls.append(values)
        figure, ax = new_figure(*self.size)
        ax.bar(list(values), list(values.values()))
        ax.set(ylim=(0, 10))
        shown = ", ".join(f"{name} = {value}" for name, value in values.items())
        return Picture(figure, f'The "{self.what}" <with> {shown}.')


A = Slider("a", "How large a is", (1, 2, 3), default=2, format="{:.1f}")
B = Slider("b", "b & c", (5, 7), default=7, format=lambda value: f"<{value}>")


def make(**options):
    both, one = Draw("both"), Draw("one")
    panels = [Panel(both, ("a", "b")), Panel(one, ("b",))]
    return Explorer([A, B], panels, question="Which is <larger>?", **options), both, one


@pytest.fixture
def building(monkeypatch):
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")


def refuse_three(a):
    if a == 3:
        raise ScbError("a: expected less than <3>, got 3.")
    return Draw("one")(a=a)


# What is wrong with it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: Slider("a", "a", (1, 2), default=3), r"default of 'a': .*\(1, 2\), got 3"),
        (lambda: Slider("a", "a", (1,), default=1), r"values of 'a': .*two, got \(1,\)"),
        (lambda: Slider("a b", "a", (1, 2), default=1), r"name: .*got 'a b'"),
        (lambda: Explorer([A], [], question="?"), r"panels: .*none"),
        (
            lambda: Explorer([A, A], [Panel(Draw(""), ("a",))], question="?"),
            r"controls: .*different.*\['a', 'a'\]",
        ),
        (
            lambda: Explorer([A], [Panel(Draw(""), ("z",))], question="?"),
            r"depends of panel 'Draw': .*\['a'\], got 'z'",
        ),
        (
            lambda: Explorer([A], [Panel(Draw(""), ("a",))], question="?", play="z"),
            r"play: .*\['a'\], got 'z'",
        ),
        (
            lambda: Explorer([A], [Panel(lambda a: a, ("a",))], question="?").words,
            r"draw of panel '<lambda>': .*Picture",
        ),
    ],
)
def test_mistakes_are_named(mistake, message):
    with pytest.raises(ScbError, match=message):
        mistake()


# Its mimebundle ----------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", ["0", None])
def test_in_a_notebook_it_is_a_widget_and_draws_only_what_is_seen(monkeypatch, frames):
    monkeypatch.delenv("SCB_EDU_FRAMES", raising=False)
    if frames:
        monkeypatch.setenv("SCB_EDU_FRAMES", frames)
    explorer, both, one = make()
    assert set(explorer._repr_mimebundle_()) == {VIEW, "text/plain"}
    assert both.calls == [{"a": 2, "b": 7}]
    assert one.calls == [{"b": 7}]


def test_in_a_book_it_is_html_and_leaves_no_widget_behind(building):
    import ipywidgets

    before = set(ipywidgets.widget._instances)
    explorer, both, one = make()
    assert set(explorer._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert set(ipywidgets.widget._instances) == before
    assert (len(both.calls), len(one.calls)) == (6, 2)  # each frame once


@pytest.mark.parametrize("frames", ["0", "1"])
def test_the_text_is_the_question_and_the_default_words(monkeypatch, frames):
    monkeypatch.setenv("SCB_EDU_FRAMES", frames)
    text = make()[0]._repr_mimebundle_()["text/plain"]
    assert text == repr(make()[0])
    assert text.splitlines() == [
        "Which is <larger>?",
        'The "both" <with> a = 2, b = 7.',
        'The "one" <with> b = 7.',
    ]


def test_importing_imports_no_ipywidgets():
    code = "import sys, scb_edu.widgets.explorer; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# The page without a kernel -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    return Elements(make(play="a")[0].page())


def test_the_page_is_well_formed_and_asks_nothing_of_the_network(page):
    assert page.open == []
    sources = [value for _, attributes, _ in page.found for value in attributes.values() if value]
    assert not any("//" in value and not value.startswith("data:") for value in sources)
    style, data, script = page.text["style"][0], *page.text["script"]
    assert "http" not in style + script
    assert "<" not in data  # cannot close its element


def unpacked(data):
    """Every frame of every panel, as the script of a page puts it together."""
    text = zlib.decompress(base64.b64decode(data["packed"]), wbits=-15)
    stored = json.loads(text)
    return [
        ["".join(stored["lines"][line] for line in frame) for frame in panel]
        for panel in stored["frames"]
    ]


def said(frame):
    (svg,) = Elements(frame).all("svg")
    return svg["aria-label"]


def test_ids_collide_with_nothing(page):
    """Neither between panels, nor with another explorer in the page."""
    ids = [attributes["id"] for _, attributes, _ in page.found if "id" in attributes]
    other = Explorer([A], [Panel(Draw("both"), ("a",))], question="Another?").page()
    theirs = [attributes.get("id") for _, attributes, _ in Elements(other).found]
    assert ids
    assert len(set(ids)) == len(ids)
    assert not set(ids) & set(theirs)
    used = "".join(
        value for _, attributes, _ in page.found for value in attributes.values() if value
    )
    assert set(re.findall(r"url\(#([^)]+)", used)) <= set(ids)


def test_what_frames_share_is_stored_once():
    explorer, _, _ = make()
    lines = [line for panel in (0, 1) for frame in explorer.drawings(panel) for line in frame.lines]
    data = json.loads(Elements(explorer.page()).text["script"][0])
    text = zlib.decompress(base64.b64decode(data["packed"]), wbits=-15)
    stored = json.loads(text)["lines"]
    assert sorted(stored) == sorted(set(lines))
    assert len(stored) < len(lines) / 3


def test_every_frame_of_every_combination_is_there(page):
    data = json.loads(page.text["script"][0])
    assert data["labels"] == [["1.0", "2.0", "3.0"], ["<5>", "<7>"]]
    assert data["depends"] == [[0, 1], [1]]
    both, one = unpacked(data)
    words = [
        f'The "both" <with> a = {a}, b = {b}.' for a, b in itertools.product((1, 2, 3), (5, 7))
    ]
    assert [said(frame) for frame in both] == words
    assert [said(frame) for frame in one] == [f'The "one" <with> b = {b}.' for b in (5, 7)]
    assert len(set(both + one)) == 8


def test_the_untouched_page_shows_the_default(page):
    both, one = unpacked(json.loads(page.text["script"][0]))
    assert [svg["aria-label"] for svg in page.all("svg")] == [said(both[3]), said(one[1])]
    assert {(svg["role"], svg["width"], svg["height"]) for svg in page.all("svg")} == {
        ("img", "144", "96")
    }
    assert page.all("fieldset") == [{"hidden": None}]  # controls that do nothing are not shown


def test_controls_have_labels_and_say_their_value(page):
    inputs = page.all("input")
    assert [(i["min"], i["max"], i["value"]) for i in inputs] == [("0", "2", "1"), ("0", "1", "1")]
    assert [i["aria-valuetext"] for i in inputs] == page.text["output"] == ["2.0", "<7>"]
    assert page.text["span"] == ["How large a is", "b & c"]
    assert all("label" in parents for tag, _, parents in page.found if tag == "input")


def test_a_page_that_is_too_large_says_which_panel_is(monkeypatch):
    monkeypatch.setattr("scb_edu.widgets.explorer.LARGEST_PAGE", 10_000)
    with pytest.raises(ScbError) as error:
        make()[0].page()
    message = str(error.value)
    assert "expected at most 10,000 bytes" in message
    assert "Draw: 6 frames of ('a', 'b')" in message
    assert "Draw: 2 frames of ('b',)" in message
    assert "fewer values" in message


def test_what_cannot_fit_is_refused_before_it_is_drawn():
    draw = Draw("many")

    def draw_once(**values):
        assert draw.calls == []
        return draw(**values)

    sliders = [Slider(name, name, range(200), default=0) for name in "ab"]
    explorer = Explorer(sliders, [Panel(draw_once, ("a", "b"))], question="?")
    with pytest.raises(ScbError, match=r"40000 frames of .* about"):
        explorer.page()


def test_a_mistake_in_a_drawing_function_stops_the_build(building):
    explorer = Explorer([A], [Panel(refuse_three, ("a",))], question="?")
    with pytest.raises(ScbError, match="less than <3>"):
        explorer._repr_mimebundle_()


# The live widget ---------------------------------------------------------------------------------


def live(explorer):
    """Return the sliders by description and the panels of the widget."""
    _, *rows, box = explorer.widget.children
    sliders = [row.children[0] if hasattr(row, "children") else row for row in rows]
    return {slider.description: slider for slider in sliders}, box.children


def test_moving_a_slider_redraws_only_what_depends_on_it():
    explorer, both, one = make()
    sliders, panels = live(explorer)
    before = [panel.value for panel in panels]
    sliders["How large a is"].value = 2  # the position of a = 3
    assert both.calls == [{"a": 2, "b": 7}, {"a": 3, "b": 7}]
    assert one.calls == [{"b": 7}]
    assert panels[0].value != before[0]
    assert panels[1].value == before[1]
    (image,) = Elements(panels[0].value).all("img")
    assert image["class"] == "scb-panel"
    assert image["alt"] == 'The "both" <with> a = 3, b = 7.'
    assert image["src"] == explorer.frame(0, (2, 1)).source


def test_a_picture_is_drawn_only_once():
    explorer, both, _ = make()
    (slider, _), panels = live(explorer)[0].values(), live(explorer)[1]
    before = panels[0].value
    slider.value = 0
    slider.value = 1
    assert panels[0].value == before
    assert len(both.calls) == 2


def test_the_reader_sees_labels_and_formatted_values():
    slider = live(make()[0])[0]["b & c"]
    assert slider.label == "<7>"
    assert slider.style.description_width == "initial"
    assert not slider.continuous_update


def test_what_goes_wrong_after_a_move_is_said_in_the_panel():
    explorer = Explorer([A], [Panel(refuse_three, ("a",))], question="?")
    (slider,), (panel,) = live(explorer)[0].values(), live(explorer)[1]
    slider.value = 2
    assert "ScbError: a: expected less than &lt;3&gt;, got 3." in panel.value
    assert "alert" in panel.value
    slider.value = 0
    assert "a = 1" in panel.value


def test_what_goes_wrong_at_once_fails_the_cell():
    explorer = Explorer([A], [Panel(lambda a: 1 / (a - 2), ("a",))], question="?")
    with pytest.raises(ZeroDivisionError):
        _ = explorer.widget


def test_play_is_beside_its_slider():
    explorer, _, _ = make(play="a")
    slider, play = explorer.widget.children[1].children
    assert slider.description == "How large a is"
    assert (play.min, play.max, play.value) == (0, 2, 1)


# In a browser ------------------------------------------------------------------------------------


CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="NO CHROMIUM FOUND: the page without a kernel is not tested (set CHROMIUM)",
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open explorers in a page from disk; any error in the page fails the test."""
    errors, contexts = [], []

    def open_page(*explorers, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text))
        file = tmp_path / "page.html"
        body = "<p>Some words.</p>".join(explorer.page() for explorer in explorers)
        file.write_text(f"<!doctype html><html lang='en'><meta charset='utf-8'>{body}")
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def shown(root):
    """Return the words of the first panel, and what the first control shows and says."""
    return (
        root.locator("svg").first.get_attribute("aria-label"),
        root.locator("output").first.inner_text(),
        root.get_by_role("slider").first.get_attribute("aria-valuetext"),
    )


def paths(svg):
    return svg.locator("path").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")


def paths_of(drawing):
    return [path["d"] for path in Elements("".join(drawing.lines)).all("path")]


@needs_browser
def test_arrow_keys_change_picture_and_words(visit):
    explorer, _, _ = make()
    page = visit(explorer)
    root = page.locator(".scb-explorer")
    page.get_by_role("slider", name="How large a is").focus()
    page.keyboard.press("ArrowRight")
    assert shown(root) == ('The "both" <with> a = 3, b = 7.', "3.0", "3.0")
    images = root.locator("svg")
    assert paths(images.nth(0)) == paths_of(explorer.drawing(0, (2, 1)))
    assert paths(images.nth(1)) == paths_of(explorer.drawing(1, (1,)))
    page.get_by_role("slider", name="b & c").focus()
    page.keyboard.press("ArrowLeft")
    assert paths(images.nth(0)) == paths_of(explorer.drawing(0, (2, 0)))
    assert images.nth(1).get_attribute("aria-label") == 'The "one" <with> b = 5.'


@needs_browser
def test_the_new_words_are_spoken_once_the_controls_rest(visit):
    page = visit(make()[0])
    stop_the_clock(page)
    spoken = page.locator("[role=status]")
    for key in ("ArrowLeft", "ArrowRight", "ArrowRight"):
        page.get_by_role("slider").first.press(key)
        page.clock.run_for(400)
        assert spoken.text_content() == ""
    page.clock.run_for(400)
    assert spoken.text_content() == 'The "both" <with> a = 3, b = 7.'


@needs_browser
def test_explorers_on_a_page_are_independent_even_copies(visit):
    explorer, _, _ = make(play="a")
    page = visit(explorer, explorer, make()[0])
    roots = page.locator(".scb-explorer")
    before = [shown(root) for root in roots.all()]
    roots.nth(1).get_by_role("slider").first.press("ArrowLeft")
    after = [shown(root) for root in roots.all()]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert roots.get_by_role("button").count() == 2


def stop_the_clock(page):
    """Let time pass in the page only when `page.clock.run_for` is called."""
    page.clock.install(time=datetime.datetime(2024, 1, 1))
    page.reload()
    page.clock.pause_at(datetime.datetime(2024, 1, 2))


def long_play(**options):
    times = Slider("t", "Time", tuple(range(1, 10)), default=1)
    return Explorer([times], [Panel(Draw("run"), ("t",))], question="?", play="t", **options)


@needs_browser
def test_play_runs_to_the_end_and_starts_again(visit):
    page = visit(long_play())
    stop_the_clock(page)
    root, button = page.locator(".scb-explorer"), page.get_by_role("button")
    page.get_by_role("button", name="Play: Time").click()
    page.clock.run_for(8 * 125)
    assert shown(root) == ('The "run" <with> t = 9.', "9", "9")
    assert button.get_attribute("aria-label") == "Pause: Time"
    page.clock.run_for(125)  # it stops by itself
    assert button.get_attribute("aria-label") == "Play: Time"
    button.click()
    page.clock.run_for(125)
    assert shown(root) == ('The "run" <with> t = 2.', "2", "2")


@needs_browser
@pytest.mark.parametrize("how", ["button", "key", "pointer"])
def test_play_pauses(visit, how):
    page = visit(long_play())
    stop_the_clock(page)
    slider, button = page.get_by_role("slider"), page.get_by_role("button")
    button.click()
    page.clock.run_for(3 * 125)
    assert slider.input_value() == "3"
    if how == "button":
        button.click()
    elif how == "key":
        slider.press("ArrowRight")
    else:
        slider.dispatch_event("pointerdown")
    assert button.inner_text() == "Play"
    paused = slider.input_value()
    page.clock.run_for(2000)
    assert slider.input_value() == paused == ("4" if how == "key" else "3")


@needs_browser
def test_it_plays_by_itself_when_told(visit):
    from playwright.sync_api import expect

    page = visit(long_play(autoplay=True), reduced_motion="no-preference")
    expect(page.get_by_role("slider")).to_have_value("8", timeout=30_000)
    expect(page.get_by_role("button")).to_have_text("Play")  # and stops


@needs_browser
@pytest.mark.parametrize(("autoplay", "motion"), [(True, "reduce"), (False, "no-preference")])
def test_it_rests_when_not_told_or_not_welcome(visit, autoplay, motion):
    page = visit(long_play(autoplay=autoplay), reduced_motion=motion)
    stop_the_clock(page)
    page.screenshot()  # what comes into view has come into view
    page.clock.run_for(3000)
    assert page.get_by_role("slider").input_value() == "0"


@needs_browser
def test_without_scripts_the_default_and_its_words_are_shown(visit):
    page = visit(make()[0], java_script_enabled=False)
    assert page.get_by_role("img").count() == 2
    assert (
        page.locator("svg").first.get_attribute("aria-label") == 'The "both" <with> a = 2, b = 7.'
    )
    assert not page.locator("fieldset").is_visible()


@needs_browser
def test_it_fits_a_phone_and_a_finger(visit):
    wide = Explorer([A, B], [Panel(Draw("wide", (7, 3)), ("a",))], question="?", play="b")
    page = visit(wide, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    for target in [*page.get_by_role("slider").all(), page.get_by_role("button")]:
        assert target.bounding_box()["height"] >= 44


@needs_browser
def test_two_panels_stand_side_by_side_in_a_column(visit):
    panels = [Panel(Draw(name, (4, 3)), ("a",)) for name in ("left", "right")]
    page = visit(Explorer([A], panels, question="?"), viewport={"width": 716, "height": 800})
    left, right = (image.bounding_box() for image in page.locator("svg").all())
    assert left["y"] == right["y"]
    assert left["width"] == right["width"] > 310
