"""Answers checked where they are written: ``exercises.check("ch1-law", my_answer)``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from scb_edu.support.errors import ScbError

__all__ = ["Verdict", "check", "exercise"]

Check: TypeAlias = Callable[[Any], str | None]

_CHECKS: dict[str, Check] = {}


@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether an answer is right, and what to say to its author.

    Parameters
    ----------
    passed : bool
    words : str

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> Verdict(True, "Right.")
    Right.
    """

    passed: bool
    words: str

    def __repr__(self) -> str:
        return self.words


class _NotAnsweredError(Exception):
    """The reader has not written the answer yet."""


def exercise(name: str) -> Callable[[Check], Check]:
    """Register a check under a name: it takes the answer, and returns a hint or, if right, None.

    Parameters
    ----------
    name : str

    Returns
    -------
    callable
        A decorator that leaves the check as it is.

    Raises
    ------
    ScbError
        The name is taken.

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> @exercises.exercise("doc-answer")
    ... def _answer(answer):
    ...     return None if answer == 42 else "Think deeper."
    >>> exercises.check("doc-answer", 41)
    Not yet: Think deeper.
    """

    def register(test: Check) -> Check:
        if name in _CHECKS:
            raise ScbError(f"name: expected a new one, got {name!r}, which is taken.")
        _CHECKS[name] = test
        return test

    return register


def check(name: str, answer: Any) -> Verdict:
    """Look at the answer to an exercise and say whether it is right, or give a hint.

    Parameters
    ----------
    name : str
        As in the exercise.
    answer : object
        A value or a function, as the exercise asks.

    Returns
    -------
    Verdict
        Never an exception: an answer that raises is told so in words.

    Raises
    ------
    ScbError
        There is no exercise of that name.

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> exercises.check("ch1-law", None)
    Not answered yet: write your answer, then run the cell again.
    """
    if name not in _CHECKS:
        raise ScbError(f"name: expected one of {sorted(_CHECKS)}, got {name!r}.")
    try:
        hint = _CHECKS[name](_answered(answer))
    except (_NotAnsweredError, NotImplementedError):
        return Verdict(False, "Not answered yet: write your answer, then run the cell again.")
    except Exception as error:
        return Verdict(False, f"Your answer stopped with {type(error).__name__}: {error}")
    return Verdict(True, "Right.") if hint is None else Verdict(False, f"Not yet: {hint}")


def _answered(answer: Any) -> Any:
    """Return the answer; a function is watched, and counts as unwritten if it returns nothing."""
    if answer is None or answer is ...:
        raise _NotAnsweredError
    if not callable(answer):
        return answer

    @functools.wraps(answer)
    def watched(*args: Any, **kwargs: Any) -> Any:
        return _answered(answer(*args, **kwargs))

    return watched
