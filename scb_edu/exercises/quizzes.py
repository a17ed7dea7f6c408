"""Five questions at the end of a chapter: ``exercises.quiz("ch4")``."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.widgets.inline import asset, joined, mimebundle, script_json
from scb_edu.widgets.packing import deflated

__all__ = ["Option", "Question", "Quiz", "quiz"]

MODULES = ("alive", "quiz")
LETTERS = "abcd"
HOW = "Choose an answer and check it: each says why it is right, or what it mixes up."


@checked
@dataclass(frozen=True)
class Option:
    """One answer that a reader can choose.

    Parameters
    ----------
    text : str
        Formulas in plain letters: α_A, √K_P.
    why : str
        What is said to who chose it: why it is right, or what it mixes up.
    right : bool

    Raises
    ------
    ScbError
        If `text` or `why` is empty.

    Notes
    -----
    Book: 04-two-stages, sec-test-4.

    Examples
    --------
    >>> Option("ten times as long", "T stands inside a logarithm.").right
    False
    """

    text: str
    why: str
    right: bool = False

    def __post_init__(self) -> None:
        for name in ("text", "why"):
            if not getattr(self, name).strip():
                raise ScbError(f"{name} of an option: expected words, got none in {self!r}.")


@checked
@dataclass(frozen=True)
class Question:
    """A question with its options and where the answer is found.

    Parameters
    ----------
    text : str
    options : tuple of Option
        Three or four, one of them right, and that one not the longest.
    section : str
        The label of a section of the chapter, ``sec-stages``.
    title : str
        The heading of that section.

    Raises
    ------
    ScbError
        If the options are not as described.

    Notes
    -----
    Book: 04-two-stages, sec-test-4.

    Examples
    --------
    >>> options = (Option("four", "Twice two.", right=True), Option("twenty-two", "No."))
    >>> Question("What is 2 + 2?", options, "sec-sums", "How much?")
    Traceback (most recent call last):
    scb_edu.support.errors.ScbError: options: expected 3 or 4, got 2 in 'What is 2 + 2?'.
    """

    text: str
    options: tuple[Option, ...]
    section: str
    title: str

    def __post_init__(self) -> None:
        if len(self.options) not in (3, 4):
            raise self._wrong("3 or 4", len(self.options))
        right = [option for option in self.options if option.right]
        if len(right) != 1:
            raise self._wrong("exactly one right", len(right))
        longest = max(len(option.text) for option in self.options if not option.right)
        if len(right[0].text) >= longest:
            raise self._wrong("a wrong one longer than the right one", repr(right[0].text))

    def _wrong(self, expected: str, got: Any) -> ScbError:
        return ScbError(f"options: expected {expected}, got {got} in {self.text!r}.")

    @classmethod
    @checked
    def read(cls, stored: dict[str, Any]) -> Question:
        """Return a question as it stands in a file of ``exercises/data``."""
        return cls(**{**stored, "options": tuple(Option(**one) for one in stored["options"])})


@checked
@dataclass(frozen=True, repr=False)
class Quiz:
    """Questions about a chapter, to be left as the last expression of a cell.

    In JupyterLab it is a widget. Where a book is built (the environment variable
    ``SCB_EDU_FRAMES`` is ``1``) it is HTML that works without a kernel and without a network;
    where no script may run, and on paper, it shows the questions and their options.

    Parameters
    ----------
    chapter : str
        As in "ch4": what was answered right is remembered under it, on the reader's device.
    questions : tuple of Question

    Raises
    ------
    ScbError
        If there are no questions.

    Notes
    -----
    Book: 04-two-stages, sec-test-4.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> len(exercises.quiz("ch4").questions)
    5
    """

    chapter: str
    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        if not self.questions:
            raise ScbError(f"questions of {self.chapter!r}: expected at least one, got none.")

    @property
    def words(self) -> str:
        """The questions and their options."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for number, question in enumerate(self.questions, start=1):
            yield f"{number}. {question.text}"
            for letter, option in zip(LETTERS, question.options, strict=False):
                yield f"   {letter}) {option.text}"

    @property
    def answers(self) -> str:
        """The letters of the right options, for paper.

        Examples
        --------
        >>> options = (Option("five", "That is 2 + 3."), Option("four", "Twice two.", right=True),
        ...            Option("twenty-two", "That is a 2 beside a 2."))
        >>> Quiz("ch1", (Question("What is 2 + 2?", options, "sec-sums", "How much?"),)).answers
        'Answers: 1 b'
        """
        right = (LETTERS[[one.right for one in q.options].index(True)] for q in self.questions)
        return "Answers: " + ", ".join(f"{n} {letter}" for n, letter in enumerate(right, start=1))

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return mimebundle(self)

    def page(self) -> str:
        """Return HTML that is answered without a kernel, with no ids and no requests."""
        script = f'<script type="module">{joined(MODULES, __package__)}</script>'
        return _still(self, script)

    @cached_property
    def widget(self) -> Any:
        """The widget of JupyterLab, made when it is first shown."""
        return _widget_class()(page=_still(self))


@checked
def quiz(chapter: str) -> Quiz:
    """Return the questions about a chapter.

    Parameters
    ----------
    chapter : str
        From "ch1" to "ch9".

    Returns
    -------
    Quiz

    Raises
    ------
    ScbError
        There are no questions about such a chapter.

    Notes
    -----
    Book: 04-two-stages, sec-test-4.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> exercises.quiz("ch4").questions[0].section
    'sec-two-numbers'
    """
    folder = files(__package__) / "data"
    known = sorted(path.name.removesuffix(".json") for path in folder.iterdir())
    if chapter not in known:
        raise ScbError(f"chapter: expected one of {known}, got {chapter!r}.")
    stored = json.loads((folder / f"{chapter}.json").read_text(encoding="utf-8"))
    return Quiz(chapter, tuple(Question.read(one) for one in stored))


# What is shown -------------------------------------------------------------------------------


def _still(quiz: Quiz, script: str = "") -> str:
    """HTML that can be read without scripts; verdicts are packed, not to be read in passing."""
    asked = "".join(_asked(quiz, at) for at in range(len(quiz.questions)))
    return (
        f'<div class="scb-quiz" data-chapter="{html.escape(quiz.chapter)}">'
        f"<style>{asset('quiz.css', __package__)}</style>"
        f'<p class="scb-how">{HOW}</p>{asked}<p class="scb-count" role="status"></p>'
        f'<script type="application/json">{script_json({"packed": _verdicts(quiz)})}</script>'
        f"{script}</div>\n"
    )


def _asked(quiz: Quiz, at: int) -> str:
    question = quiz.questions[at]
    options = "".join(
        f'<label><input type="radio" name="scb-{html.escape(quiz.chapter)}-{at + 1}" '
        f'value="{value}" autocomplete="off">'
        f"<span>{LETTERS[value]})</span> <span>{html.escape(option.text)}</span></label>"
        for value, option in enumerate(question.options)
    )
    return (
        f"<fieldset><legend>{at + 1}. {html.escape(question.text)}</legend>{options}"
        f'<p class="scb-said" role="status"></p></fieldset>'
    )


def _verdicts(quiz: Quiz) -> str:
    """Return what quiz.mjs knows of each question and each of its options."""
    questions = [_verdict(question) for question in quiz.questions]
    return deflated(json.dumps({"questions": questions, "answers": quiz.answers}))


def _verdict(question: Question) -> dict[str, Any]:
    options = [{"right": option.right, "why": option.why} for option in question.options]
    return {"section": question.section, "title": question.title, "options": options}


@cache
def _widget_class() -> Any:
    """Return the class of the widget, made when it is first shown: its packages load slowly."""
    import anywidget
    import traitlets

    page = traitlets.Unicode().tag(sync=True)
    parts = {"page": page, "_esm": joined(MODULES, __package__), "__module__": __name__}
    return type("QuizWidget", (anywidget.AnyWidget,), parts)
