"""The questions at the end of a chapter: what they say, and that a reader can answer them."""

import base64
import json
import re
import zlib
from dataclasses import replace

import pytest
from axe import violations
from conftest import BOOK, NO_STORAGE, ROOT, alone

from scb_edu import exercises
from scb_edu.exercises import Option, Question, Quiz
from scb_edu.support.errors import ScbError

CHAPTERS = {f"ch{int(p.stem[:2])}": p for p in sorted(BOOK.glob("[0-9]*-*.md"))}
WRONG = (Option("three", "That is 1 + 2."), Option("twenty-two", "That is a 2 beside a 2."))
SUM = Question("2 + 2?", (Option("four", "Twice two.", right=True), *WRONG), "sec-sums", "Sums")


def headings(path):
    """The labelled sections of a page, by their labels."""
    return dict(re.findall(r"^\((sec-[\w-]+)\)=\n\n#+ (.+)$", path.read_text("utf-8"), re.M))


def packed(page):
    """The JSON in the page of a quiz, unpacked."""
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    return json.loads(zlib.decompress(base64.b64decode(json.loads(data)["packed"]), -15))


# The questions


def test_every_chapter_has_questions_and_nothing_else_has():
    stored = (ROOT / "scb_edu" / "exercises" / "data").glob("*")
    assert {path.stem for path in stored} == set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_asks_five_questions_at_its_end(chapter):
    source = CHAPTERS[chapter].read_text("utf-8")
    cell = r"## Test yourself\n\n```\{code-cell\} ipython3\n:tags: \[hide-input]\n\n"
    assert re.findall(cell + r'exercises\.quiz\("(\w+)"\)', source) == [chapter]
    assert source.index("## Exercises") < source.index("## Test yourself")
    assert f"(sec-test-{chapter[2:]})=\n\n## Test yourself" in source
    assert len(exercises.quiz(chapter).questions) == 5


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_question_names_a_section_of_its_chapter(chapter):
    known = headings(CHAPTERS[chapter])
    for question in exercises.quiz(chapter).questions:
        assert known[question.section] == question.title


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_place_of_an_option_tells_nothing(chapter):
    places = [
        [option.right for option in question.options].index(True)
        for question in exercises.quiz(chapter).questions
    ]
    assert len(set(places)) >= 3
    assert max(map(places.count, places)) <= 2


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_words_of_a_question_are_whole(chapter):
    for question in exercises.quiz(chapter).questions:
        assert question.text.endswith("?")
        texts = [option.text for option in question.options]
        assert len(set(texts)) == len(texts)
        assert not re.search(r"[$\\{}]", " ".join(texts) + question.text), "formulas are plain"
        for option in question.options:
            assert re.search(r"[.?]$", option.why)
            assert not re.search(r"[$\\{}]", option.why)


NUMBER = re.compile(r"(?<![\w.])(?:\d+(?:\.\d+)?(?:e-?\d+)?|\.\d+)(?: ?(?:%|percent)(?!\w))?")
DERIVED = {  # what no cell or sentence of the section says, and how it comes about
    ("ch2", "6 percent"): 0.25 * 8 / 32,  # a quarter at T = 8, and it goes like 1/T
    ("ch7", ".051"): 1 - 0.9**0.5,  # chapter 4 derives this border of stage 1
    ("ch7", "90 %"): 1 - 0.1,  # a wrong option: one less the question's θ
    ("ch7", "99 %"): 1 - 0.1**2,  # the right one: one less its square
    ("ch7", "1 %"): 0.1**2,  # a wrong one: the square
}


def numbers_in(text):
    """What a text says in digits, with its value; a share of 6 percent is 0.06."""
    plain = re.sub(r"(?<=\d)(?:\\,|\{,\}|,)(?=\d{3})", "", text).replace("\\", "")
    for written in NUMBER.findall(plain):
        share = written.endswith(("%", "percent"))
        yield written, float(re.sub(" ?(%|percent)", "", written)) / (100 if share else 1)


def claims(question):
    """The numbers in a question that somebody found: not the small whole ones, as in 1/T."""
    options = [text for option in question.options for text in (option.text, option.why)]
    for written, value in numbers_in(" ".join([question.text, *options])):
        if value >= 10 or not value.is_integer():
            yield written, value


def body(chapter, label):
    """The text and the cells of a section, down to the next label."""
    return CHAPTERS[chapter].read_text("utf-8").partition(f"({label})=")[2].partition("\n(sec-")[0]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_a_question_says_in_digits_stands_in_its_section(chapter):
    for question in exercises.quiz(chapter).questions:
        said = {value for _, value in numbers_in(body(chapter, question.section))}
        for written, value in claims(question):
            derived = DERIVED.get((chapter, written))
            assert value in said if derived is None else abs(value - derived) < 0.003, written


def test_no_derived_number_is_listed_for_nothing():
    asked = ((chapter, one) for chapter in CHAPTERS for one in exercises.quiz(chapter).questions)
    found = {(chapter, written) for chapter, one in asked for written, _ in claims(one)}
    assert set(DERIVED) <= found
    assert len(found) > 25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SUM.options[:2], "expected 3 or 4, got 2"),
        (SUM.options + 2 * WRONG, "expected 3 or 4, got 7"),
        ((*WRONG, Option("five", "No.")), "expected exactly one right, got 0"),
        ((*SUM.options, replace(WRONG[1], right=True)), "expected exactly one right, got 2"),
        ((replace(SUM.options[0], text="exactly four"), *WRONG), "a wrong one longer"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ScbError, match=message):
        replace(SUM, options=options)


@pytest.mark.parametrize("name", ["text", "why"])
def test_an_option_without_words_is_refused(name):
    with pytest.raises(ScbError, match=f"{name} of an option: expected words"):
        replace(WRONG[0], **{name: " "})


def test_an_unknown_chapter_is_refused():
    with pytest.raises(ScbError, match=r"chapter: expected one of \['ch1', .*got 'ch0'"):
        exercises.quiz("ch0")


def test_no_questions_are_refused():
    with pytest.raises(ScbError, match="questions of 'ch1': expected at least one"):
        Quiz("ch1", ())


# What is shown


def test_in_words_it_is_questions_and_options():
    assert repr(Quiz("ch1", (SUM,))) == "1. 2 + 2?\n   a) four\n   b) three\n   c) twenty-two"


def test_in_a_book_it_is_html_and_in_a_notebook_a_widget(monkeypatch):
    quiz = Quiz("ch1", (SUM,))
    shown = quiz._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == quiz.words
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")
    assert quiz._repr_mimebundle_() == {"text/html": quiz.page(), "text/plain": quiz.words}


def test_words_cannot_become_html():
    sharp = replace(
        SUM, text="1 < 2 & </fieldset>?", options=(*SUM.options[:2], Option("<b>", "x"), WRONG[1])
    )
    page = Quiz("ch1", (sharp,)).page()
    assert "1 &lt; 2 &amp; &lt;/fieldset&gt;?" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_the_page_does_not_give_the_answers_away():
    page = exercises.quiz("ch4").page()
    for question in exercises.quiz("ch4").questions:
        assert all(option.why not in page for option in question.options)
    told = [[option["right"] for option in one["options"]] for one in packed(page)["questions"]]
    asked = exercises.quiz("ch4").questions
    assert told == [[option.right for option in question.options] for question in asked]


# In a browser

# Chapter 4 on a page of its own, with one of the sections that it names
OTHER = '<h2 id="sec-hungry">Hungry</h2>'
TOLD = "[...document.querySelectorAll('.scb-said')].map(said => said.textContent)"
DONE = "localStorage['scb-progress:done']"


@pytest.fixture
def opened(browser, tmp_path):
    """Open the questions of chapter 4 from disk; errors end up in a list."""
    body = f"{OTHER}{exercises.quiz('ch4').page()}"

    def ready(page):
        page.locator(".scb-key").wait_for(state="attached")

    with alone(browser, tmp_path, body, ready) as open_it:
        yield open_it


def answer(page, number, right):
    """Choose the right option of a question, or the first wrong one, and check it."""
    options = exercises.quiz("ch4").questions[number - 1].options
    at = [option.right for option in options].index(right)
    field = page.locator("fieldset").nth(number - 1)
    field.get_by_role("radio").nth(at).check()
    field.get_by_role("button", name=f"Check answer {number}").click()
    return options[at], field


def test_a_question_is_answered_by_keyboard_and_heard(opened):
    page = opened()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check answer 1"
    page.keyboard.press("Enter")
    why = exercises.quiz("ch4").questions[0].options[1].why
    said = page.get_by_role("group").first.get_by_role("status")
    assert said.inner_text().startswith(f"✗ Not right. {why} Read again:")
    assert page.evaluate("document.activeElement.textContent") == "Check answer 1"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    assert said.inner_text() == ""  # what was said of another answer
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert said.inner_text() == f"✓ Right. {exercises.quiz('ch4').questions[0].options[2].why}"


def test_nothing_chosen_is_said(opened):
    page = opened()
    page.get_by_role("button", name="Check answer 2").click()
    assert page.evaluate(TOLD)[:2] == ["", "Choose an answer first."]


def test_a_wrong_answer_leads_to_its_section(opened):
    page = opened()
    _, field = answer(page, 2, right=False)
    link = field.get_by_role("link", name="How long does the hungry stage last?")
    assert link.get_attribute("href") == "#sec-hungry"
    _, field = answer(page, 3, right=False)  # of a section that is not on this page
    assert field.get_by_role("link").count() == 0
    assert "“What do V and A share on the way?”" in field.get_by_role("status").inner_text()


def test_first_answers_are_counted_and_it_starts_again(opened):
    page = opened()
    count, again = page.locator(".scb-count"), page.get_by_role("button", name="Start again")
    assert again.is_hidden()
    for number in range(1, 6):
        assert count.inner_text() == ""
        answer(page, number, right=number != 2)
    answer(page, 2, right=True)
    assert count.inner_text() == "4 of 5 right at the first try."
    again.press("Enter")
    assert page.evaluate(TOLD) == [""] * 5
    assert page.locator("input:checked").count() == 0
    assert count.inner_text() == ""
    assert again.is_hidden()
    assert page.evaluate("document.activeElement.name") == "scb-ch4-1"


def test_what_was_right_is_remembered_with_all_else(opened):
    page = opened()
    page.evaluate(f"{DONE} = JSON.stringify({{'ex-01-1': true}})")
    answer(page, 1, right=True)
    answer(page, 2, right=False)
    assert json.loads(page.evaluate(DONE)) == {"ex-01-1": True, "quiz-ch4-1": True}
    page.reload()
    page.locator(".scb-key").wait_for(state="attached")
    before = page.locator(".scb-before")
    assert [one.is_visible() for one in before.all()] == [True, False, False, False, False]


@pytest.mark.parametrize("script", [NO_STORAGE, f"{DONE} = 'no JSON'", f"{DONE} = 'null'"])
def test_it_works_where_nothing_can_be_remembered(opened, script):
    page = opened(script)
    option, field = answer(page, 1, right=True)
    assert option.why in field.get_by_role("status").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(opened, scheme):
    page = opened()
    page.emulate_media(color_scheme=scheme)
    answer(page, 1, right=True)
    answer(page, 2, right=False)
    assert violations(page, context=".scb-quiz") == []


def test_without_scripts_and_on_paper_it_can_be_read(opened, browser):
    page = opened()
    page.emulate_media(media="print")
    answers = "Answers: 1 c, 2 a, 3 b, 4 d, 5 b"
    assert page.locator(".scb-key").inner_text() == answers
    assert not any(one.is_visible() for one in page.locator("input, button").all())
    for question in exercises.quiz("ch4").questions:
        assert page.get_by_text(question.text).is_visible()
        assert all(page.get_by_text(o.text).first.is_visible() for o in question.options)
    with browser.new_context(java_script_enabled=False) as still:
        bare = still.new_page()
        bare.goto(page.url)
        assert bare.get_by_role("radio").count() == 19 + 1
        assert bare.get_by_role("button").count() == 0
