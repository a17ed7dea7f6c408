"""The field of an exercise in a page, in a browser: it answers as Python does, without a kernel."""

import json

import numpy as np
import pytest
from axe import violations
from conftest import NO_STORAGE, alone

from scb_edu import exercises
from scb_edu.exercises import checking

NAMES = ("ch4-saddle", "ch4-corner", "ch6-odds", "ch1-law")
DONE = "localStorage['scb-progress:done']"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process in which nothing was answered yet."""
    monkeypatch.setattr(checking, "_WRONG", type(checking._WRONG)())


@pytest.fixture
def opened(browser, tmp_path):
    """Open four fields from disk; errors end up in a list."""
    fields = "".join(exercises.check(name, None).ask.page() for name in NAMES)
    style = ":root{color-scheme:light dark}body{background:light-dark(white,#121212)}"

    def ready(page):
        page.get_by_role("button").nth(len(NAMES) - 1).wait_for()

    with alone(browser, tmp_path, fields, ready, style=style) as open_it:
        yield open_it


def shown(page, at=0):
    """What stands in the box of a field, as HTML."""
    return page.get_by_role("status").nth(at).inner_html()


def as_html(page, verdict):
    """The box that Python shows, as a browser writes it."""
    return page.evaluate(
        "box => Object.assign(document.createElement('div'), {innerHTML: box}).innerHTML",
        verdict.box(),
    )


def test_it_answers_by_keyboard_what_python_answers(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.labels[0].textContent.trim()") == (
        "Your answer, a pair (alpha_V, alpha_A):"
    )
    examples = [field.get_attribute("placeholder") for field in page.get_by_role("textbox").all()]
    assert examples[1:] == ["such as 0.5, 2", "such as 0.5 or 1/3", "such as 0.5, 2, 1/3"]
    written = {
        "1, 1": (1, 1),
        "(-0.025, 0)": (-0.025, 0),
        "1/0": np.inf,
        "0, nan": (0, np.nan),
        "1": 1,
        "-1, -1": (-1, -1),
        "0, -1/(100 * 0.4)": (0, -0.025),
        "(0, 0)": (0, 0),
    }
    for text, answer in written.items():
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        verdict = exercises.check("ch4-saddle", answer)
        assert shown(page) == as_html(page, verdict), text
    assert "Hint 1 of 3" in shown(page)  # a right answer set the count back
    assert shown(page, 1) == shown(page, 2) == ""


def test_what_is_no_answer_counts_nothing_and_each_field_counts_for_itself(opened):
    page = opened()
    field, button = page.get_by_role("textbox").nth(2), page.get_by_role("button").nth(2)
    said = page.get_by_role("status").nth(2)
    told = []
    for text in ("0.5", " ", "half", "0.841", "0,98", "Phi(1)"):
        field.fill(text)
        button.press("Space")
        told.append(said.inner_text())
    same, _, way = checking.NOT_ANSWERED.partition(", ")
    assert told[1] == f"○ {same}, then check it."
    assert way == "then run the cell again."
    assert told[2].startswith("○ I cannot read that. Write numbers as in 0.5, 1/3, ")
    hints = [text.partition("\n")[2][:11] for text in told]
    assert hints == ["Hint 1 of 3", "", "", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert told[4].startswith(
        "✗ Not yet: it asks for one number, and yours has 2 numbers. A comma parts two numbers"
    )
    page.get_by_role("textbox").nth(1).fill("2, 1/2")
    page.get_by_role("textbox").nth(1).press("Enter")
    assert "swapped" in shown(page, 1)
    assert "Hint 1 of 3" in shown(page, 1)
    page.set_viewport_size({"width": 390, "height": 800})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page, context="main") == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_right_answer_is_remembered_with_all_else(opened):
    page = opened()
    page.evaluate(f"{DONE} = JSON.stringify({{'quiz-ch4-1': true}})")
    for at, text in enumerate(["0, -0.025", "1, 1", "0.977"]):
        page.get_by_role("textbox").nth(at).fill(text)
        page.get_by_role("textbox").nth(at).press("Enter")
    right = {f"answer-{name}": True for name in ("ch4-saddle", "ch6-odds")}
    assert json.loads(page.evaluate(DONE)) == {"quiz-ch4-1": True, **right}
    page.reload()
    page.get_by_role("button").nth(len(NAMES) - 1).wait_for()
    before = page.get_by_text("answered right before")
    assert [one.is_visible() for one in before.all()] == [True, False, True, False]


def test_it_works_where_nothing_can_be_remembered(opened):
    page = opened(NO_STORAGE)
    page.get_by_role("textbox").first.fill("0, -0.025")
    page.get_by_role("textbox").first.press("Enter")
    assert page.get_by_role("status").first.inner_text() == "✓ Right."


def test_without_scripts_and_on_paper_it_is_a_line_to_write_on(opened, browser):
    page = opened()
    page.get_by_role("textbox").first.fill("1, 1")
    page.get_by_role("textbox").first.press("Enter")
    page.emulate_media(media="print")
    assert not any(one.is_visible() for one in page.get_by_role("button").all())
    assert not page.get_by_text("Not yet").is_visible()
    line = page.get_by_role("textbox").first.evaluate("one => getComputedStyle(one).borderBottom")
    assert line == "1px solid rgb(118, 118, 118)"
    with browser.new_context(java_script_enabled=False) as still:
        bare = still.new_page()
        bare.goto(page.url)
        assert bare.get_by_role("button").count() == bare.get_by_role("textbox").count() == 0
        assert [line.bounding_box()["width"] > 150 for line in bare.locator(".scb-line").all()] == [
            True
        ] * len(NAMES)
