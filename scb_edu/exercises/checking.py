"""Answers checked where they are written: ``exercises.check("ch1-law", my_answer)``."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError

__all__ = ["Verdict", "check", "exercise"]

Check: TypeAlias = Callable[[Any], str | None]

NOT_ANSWERED = "Not answered yet: write your answer, then run the cell again."

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


class _RefusedError(Exception):
    """The answer cannot be right; the message is the verdict."""


def exercise(name: str) -> Callable[[Check], Check]:
    """Register the check of an exercise under a name.

    Parameters
    ----------
    name : str
        The chapter and a few words, as in "ch4-border". In a module of a chapter (``ch4_...``) it
        has to be that chapter.

    Returns
    -------
    callable
        A decorator that leaves the check as it is.

    Raises
    ------
    ScbError
        The name has another form, belongs to another chapter or is taken.

    Notes
    -----
    *The contract of a check.* It gets the answer as the reader wrote it, never None or ``...``. It
    returns None if the answer is right, and else a hint: a sentence about the mistake, if it
    knows it. It reads the answer through four functions of ``scb_edu.exercises.checking`` only:

    - ``number(answer)`` and ``numbers(answer, shape, wanted)`` return finite floats of that
      shape. They refuse nan, infinity, strings, booleans and every other shape;
    - ``pair(answer, wanted)`` returns the two parts of an answer;
    - ``call(answer, *args)`` calls a reader's function on fresh copies of arrays and lists. It
      refuses what is no function, and a function that changes its arguments, whatever it
      returns; what the check holds stays as it was.

    What they refuse becomes the verdict, and None, ``...`` and NotImplementedError count as not
    answered wherever they come from. A check may raise: that becomes a verdict, too.

    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> from scb_edu.exercises.checking import number
    >>> @exercises.exercise("ch1-everything")
    ... def _everything(answer):
    ...     return None if number(answer) == 42 else "think deeper."
    >>> exercises.check("ch1-everything", 41)
    Not yet: think deeper.
    >>> exercises.check("ch1-everything", "42")
    Not yet: one number is wanted, and yours, a str, is not made of numbers.
    """

    def register(test: Check) -> Check:
        _check_name(name, test.__module__)
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
        hint = _CHECKS[name](_written(answer))
    except NotImplementedError:
        return Verdict(False, NOT_ANSWERED)
    except _RefusedError as refused:
        return Verdict(False, str(refused))
    except Exception as error:
        return Verdict(False, f"Your answer stopped with {type(error).__name__}{_message(error)}")
    return Verdict(True, "Right.") if hint is None else Verdict(False, f"Not yet: {hint}")


def number(answer: Any, wanted: str = "one number is wanted") -> float:
    """Return an answer that is one finite number; refuse any other."""
    return float(numbers(answer, (), wanted))


def numbers(answer: Any, shape: tuple[int, ...], wanted: str) -> Array:
    """Return an answer that holds finite numbers in that shape (-1: any length); refuse any other.

    ``wanted`` says in words what the exercise asks for: "two numbers are wanted".
    """
    array = _as_floats(_written(answer))
    if array is None:
        raise _refusal(f"{wanted}, and yours, a {type(answer).__name__}, is not made of numbers.")
    fits = len(shape) == array.ndim and all(
        n in (-1, m) for n, m in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise _refusal(f"{wanted}, and yours has shape {array.shape}.")
    if not np.isfinite(array).all():
        raise _refusal(f"{wanted}, and in yours is {array[~np.isfinite(array)][0]}.")
    return array


def pair(answer: Any, wanted: str) -> tuple[Any, Any]:
    """Return the two parts of an answer; refuse one that does not have two."""
    try:
        first, second = _written(answer)
    except (TypeError, ValueError):
        raise _refusal(f"{wanted}, and yours is no pair.") from None
    return first, second


def call(answer: Any, *args: Any) -> Any:
    """Return what a reader's function gives for copies of the arguments; none may be changed."""
    if not callable(answer):
        raise _refusal("a function is wanted: give its name, without calling it.")
    # a task is read-only, and a generator is there to be used up
    given = [deepcopy(arg) if isinstance(arg, np.ndarray | list) else arg for arg in args]
    result = answer(*given)
    for place, (mine, yours) in enumerate(zip(args, given, strict=True), start=1):
        if mine is not yours and not np.array_equal(mine, yours):
            raise _refusal(f"your function changes its argument {place}: let it work on a copy.")
    return _written(result)


def _check_name(name: str, module: str) -> None:
    own = re.fullmatch(r"ch(\d+)_\w+", module.rpartition(".")[2])
    chapter = own[1] if own else r"\d+"
    if not re.fullmatch(rf"ch{chapter}(-[a-z0-9]+)+", name):
        example = f"ch{own[1] if own else 4}-border"
        raise ScbError(
            f'name: expected the chapter and words, as in "{example}", got {name!r} in {module}.'
        )
    if name in _CHECKS:
        raise ScbError(f"name: expected a new one, got {name!r}, which is taken.")


def _written(answer: Any) -> Any:
    """Return an answer that there is."""
    if answer is None or answer is ...:
        raise NotImplementedError
    return answer


def _refusal(hint: str) -> _RefusedError:
    return _RefusedError(f"Not yet: {hint}")


def _as_floats(answer: Any) -> Array | None:
    """Return real numbers, fractions among them, as a float array, and None for anything else."""
    try:
        array = np.asarray(answer)
        return array.astype(float) if array.dtype.kind in "iufO" else None
    except (TypeError, ValueError):
        return None


def _message(error: Exception) -> str:
    """Return the message of an error, if it can say one."""
    try:
        return f": {error}"
    except Exception:
        return "."
