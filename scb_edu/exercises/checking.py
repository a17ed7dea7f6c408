"""Answers checked where they are written: ``exercises.check("ch1-law", my_answer)``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from scb_edu.exercises import running
from scb_edu.exercises.answers import Answer
from scb_edu.exercises.fields import Field
from scb_edu.exercises.verdicts import Verdict
from scb_edu.model.task import SCBTask
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

__all__ = ["check", "exercise", "value_exercise"]

Check: TypeAlias = Callable[..., str | None]
Declaration: TypeAlias = Callable[..., Answer]
F = TypeVar("F", bound=Callable[..., Any])

STEPS = 3
NOT_ANSWERED = "Not answered yet: write your answer, then run the cell again."
NO_RETURN = "Not answered yet: your function returns None. Is a return missing?"
UNWRITTEN = (lambda: None).__code__.co_code  # that of a body ``...`` or ``pass``, too
OWN_CASES = "its check tries your function on cases of its own"
OWN_NUMBERS = "its text states its own numbers"


class _Exercise(NamedTuple):
    """A check or a declaration, its hints from the first to the last, and which tasks it takes."""

    test: Callable[..., Any]
    hints: tuple[str, ...]
    about: int | str  # the context length of the running example, or why no task can be given
    declared: bool


_EXERCISES: dict[str, _Exercise] = {}
_WRONG: Counter[str] = Counter()  # wrong answers since the last right one, in this process


class _NoReturnError(NotImplementedError):
    """A function that has lines returns None."""


class _RefusedError(Exception):
    """The answer cannot be right; the message is the verdict."""


@checked
def exercise(name: str, *hints: str, about: int | str = OWN_CASES) -> Callable[[Check], Check]:
    """Register the check of an exercise under a name, with its hints.

    An answer that is one number or a few needs no check: `value_exercise` declares it.

    Parameters
    ----------
    name : str
        The chapter and a few words, as in "ch4-border". In a module of a chapter (``ch4_...``) it
        has to be that chapter.
    *hints : str
        Three, or none: what to look at, the idea, the first line. Never the solution.
    about : int or str
        The context length of the running example, if the exercise is about that; else why
        ``check`` can take no ``task=``, in words that go on from "because".

    Returns
    -------
    callable
        A decorator that leaves the check as it is.

    Raises
    ------
    ScbError
        The name has another form, belongs to another chapter or is taken; there are other than
        three hints; or `about` is neither a length nor a reason.

    Notes
    -----
    *The contract of a check.* It gets the answer as the reader wrote it, never None or ``...``. It
    returns None if the answer is right, and else what is wrong: a sentence about the mistake, if
    it knows it (``known_mistake`` looks). It reads the answer through four functions of
    ``scb_edu.exercises.checking`` only:

    - ``number(answer)`` and ``numbers(answer, shape, wanted)`` return finite floats of that
      shape. They refuse nan, infinity, strings, booleans and every other shape;
    - ``pair(answer, wanted)`` returns the two parts of an answer;
    - ``call(answer, *args)`` calls a reader's function on fresh copies of arrays and lists. It
      refuses what is no function, and a function that changes its arguments, whatever it
      returns; what the check holds stays as it was.

    What they refuse becomes the verdict, and None, ``...`` and NotImplementedError count as not
    answered wherever they come from; of a function with lines that returns None, the verdict says
    so. A check may raise: that becomes a verdict, too.

    *Whose task.* An exercise that is about the running example gets a second argument, the task:
    ``SCBTask.example(about)`` (also one that ``scb.model.use_example`` put in its place), or the
    one of ``check(name, answer, task=my_task)``, and judges against it. The hints are those of
    the running example. A task that the exercise cannot be asked
    about is refused by it, with ScbError. An exercise whose text states its own numbers, or that
    asks for a function and tries it on cases of its own, refuses every task and says why.

    *The contract of the hints.* The first wrong answer to an exercise gets its first hint, the
    second wrong one the second, all later ones the third; what was wrong is said above it. Every
    process counts for itself and from nothing, each exercise alone, and a right answer sets its
    count back: a fresh kernel that runs the same cells shows the same. What is not answered gets
    no hint and counts nothing. Who asks with ``check(name, answer, hint=2)`` gets that hint,
    unless the answer is right; the count is not asked and not raised.

    *What an answer may do.* Anything: it becomes a verdict. One that runs for more than 20 seconds
    is stopped, in the main thread and not on Windows: elsewhere there is no limit. SystemExit and
    KeyboardInterrupt that it raises end the answer only; a real Ctrl-C ends the check. Of what it
    prints the first 500 characters are shown below the words.

    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> from scb_edu.exercises.checking import number
    >>> @exercises.exercise("ch1-everything", "Who asks?", "Ask a computer.", "deep_thought(")
    ... def _everything(answer):
    ...     return None if number(answer) == 42 else "think deeper."
    >>> exercises.check("ch1-everything", 41)
    Not yet: think deeper.
    Hint 1 of 3: Who asks?
    >>> exercises.check("ch1-everything", "42")
    Not yet: one number is wanted, and yours, a str, is not made of numbers.
    Hint 2 of 3: Ask a computer.
    >>> exercises.check("ch1-everything", 42)
    Right.
    """
    return _registering(name, hints, about, declared=False)


@checked
def value_exercise(
    name: str, *hints: str, about: int | str = OWN_NUMBERS
) -> Callable[[Declaration], Declaration]:
    """Register what a function declares of an exercise whose answer is a number or a few.

    Parameters
    ----------
    name, *hints, about
        As in `exercise`.

    Returns
    -------
    callable
        A decorator that leaves the function as it is.

    Raises
    ------
    ScbError
        As from `exercise`.

    Notes
    -----
    The function returns an `Answer`, whose contract says who is right and what is said. It gets
    the task, if the exercise is about the running example, and else nothing.

    It is the one source of Python's check and of the field in a page: where a book is built,
    what ``check(name, None)`` shows is a field that judges without a kernel, with the same words,
    the same three hints, and the same memory of wrong answers, from when the page was opened.

    Book: 04-two-stages, sec-test-4.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> @exercises.value_exercise("ch1-legs", "Look.", "Count.", "Begin with the left one.")
    ... def _legs():
    ...     return exercises.Answer(2, {"x > 2": "{x:.3g} is an animal."}, "count again.")
    >>> exercises.check("ch1-legs", 4)
    Not yet: 4 is an animal.
    Hint 1 of 3: Look.
    >>> exercises.check("ch1-legs", (1, 1))
    Not yet: it asks for one number, and yours has 2 numbers.
    Hint 2 of 3: Count.
    """
    return _registering(name, hints, about, declared=True)


def _registering(
    name: str, hints: tuple[str, ...], about: int | str, *, declared: bool
) -> Callable[[F], F]:
    """Return the decorator, if what it was given can be kept."""

    def register(test: F) -> F:
        _check_name(name, test.__module__)
        _EXERCISES[name] = _Exercise(test, hints, about, declared)
        return test

    if len(hints) not in (0, STEPS):
        raise ScbError(f"hints: expected {STEPS} or none for {name!r}, got {len(hints)}.")
    _check_about(about)
    return register


def _check_about(about: Any) -> None:
    is_length = isinstance(about, int | np.integer) and about >= 2  # True is 1
    if not (about.strip() if isinstance(about, str) else is_length):
        expected = "a context length of at least 2, or a reason"
        raise ScbError(f"about: expected {expected}, got {checks.brief(about)}.")


@checked
def check(
    name: str, answer: Any, *, hint: int | None = None, task: SCBTask | None = None
) -> Verdict:
    """Look at the answer to an exercise and say whether it is right, or give a hint.

    Parameters
    ----------
    name : str
        As in the exercise.
    answer : object
        A value or a function, as the exercise asks.
    hint : int, optional
        1, 2 or 3: that hint, instead of the one whose turn it is.
    task : SCBTask, optional
        Judge against this task instead of the running example, where the exercise is about that.

    Returns
    -------
    Verdict
        Never an exception: an answer that raises is told so in words.

    Raises
    ------
    ScbError
        There is no exercise of that name, or no such hint; or the exercise takes no task, or not
        this one.
    KeyboardInterrupt
        You pressed Ctrl-C.

    Notes
    -----
    Which hint comes, which exercises take a task, and what an answer may do, is said in `exercise`.

    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> exercises.check("ch1-law", None)
    Not answered yet: write your answer, then run the cell again.
    """
    if name not in _EXERCISES:
        near = get_close_matches(name, _EXERCISES, cutoff=0) or ["ch1-law"]
        expected = f"one of {len(_EXERCISES)} exercises, such as {near[0]!r}"
        raise ScbError(f"name: expected {expected}, got {checks.brief(name)}.")
    known = _EXERCISES[name]
    steps = range(1, len(known.hints) + 1)
    if hint is not None and (isinstance(hint, bool) or hint not in steps):
        got = checks.brief(hint)
        raise ScbError(f"hint: expected one of {[*steps]} for {name!r}, got {got}.")
    test, field = _asking(name, known, _about(name, known.about, task))
    guard = running.Guard()
    passed, words = _judged(test, answer, guard)
    if guard.interrupted:  # even if the answer went on
        raise KeyboardInterrupt
    step = _step(name, passed, hint, len(known.hints))
    told = f"Hint {step} of {len(known.hints)}: {known.hints[step - 1]}" if step else ""
    return Verdict(passed, running.short(words), told, guard.printed, field)


def _about(name: str, about: int | str, task: SCBTask | None) -> tuple[SCBTask, ...]:
    """Return the task that an exercise is about, or nothing."""
    if isinstance(about, str):
        if task is not None:
            raise ScbError(f"task: expected none for {name!r}, because {about}; got a task.")
        return ()
    return (SCBTask.example(about) if task is None else task,)


def _asking(
    name: str, known: _Exercise, about: tuple[SCBTask, ...]
) -> tuple[Callable[[Any], str | None], Field | None]:
    """Return what looks at an answer, and the field for it in a page, if there can be one."""
    if not known.declared:
        return lambda answer: known.test(answer, *about), None
    declared = known.test(*about)
    asked = f"it asks for {declared.asks}"
    field = Field(name, known.hints, declared)
    return lambda answer: declared.said(_floats(answer, asked)), field


def _judged(
    test: Callable[[Any], str | None], answer: Any, guard: running.Guard
) -> tuple[bool | None, str]:
    """Return `passed` and the words of the verdict, whatever the answer does."""
    try:
        with running.guarded(guard):
            return _asked(test, answer)
    except running.TooLongError:
        return False, f"Not yet: it runs for more than {running.SECONDS:g} seconds; does it end?"
    except BaseException as error:
        name = type(error).__name__
        return False, f"Your answer stopped with {name}: take out what would end the kernel."


def _asked(test: Callable[[Any], str | None], answer: Any) -> tuple[bool | None, str]:
    try:
        wrong = test(_written(answer))
    except _NoReturnError:
        return None, NO_RETURN
    except NotImplementedError:
        return None, NOT_ANSWERED
    except _RefusedError as refused:
        return False, str(refused)
    except Exception as error:
        return False, f"Your answer stopped with {type(error).__name__}{_message(error)}"
    return (True, "Right.") if wrong is None else (False, f"Not yet: {wrong}")


def _step(name: str, passed: bool | None, asked: int | None, last: int) -> int:
    """Return which hint is due, 0 for none, and count a wrong answer."""
    if passed:
        del _WRONG[name]
        return 0
    if asked is not None or passed is None:
        return asked or 0
    _WRONG[name] += 1
    return min(_WRONG[name], last)


def number(answer: Any, wanted: str = "one number is wanted") -> float:
    """Return an answer that is one finite number; refuse any other."""
    return float(numbers(answer, (), wanted))


def numbers(answer: Any, shape: tuple[int, ...], wanted: str) -> Array:
    """Return an answer that holds finite numbers in that shape (-1: any length); refuse any other.

    ``wanted`` says in words what the exercise asks for: "two numbers are wanted".
    """
    array = _floats(answer, wanted)
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


def known_mistake(
    answer: ArrayLike, wrong: Mapping[Any, str], *, rtol: float = 5e-3, atol: float = 1e-8
) -> str | None:
    """Return what is said to an answer that is close to a known wrong one; None to any other."""
    near = (hint for known, hint in wrong.items() if np.allclose(answer, known, rtol, atol))
    return next(near, None)


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
    if result is None and not _is_unwritten(answer):
        raise _NoReturnError
    return _written(result)


def _is_unwritten(function: Callable[..., Any]) -> bool:
    """Return whether a function's body is ``...``, as in the cell of its exercise."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_code == UNWRITTEN


def _check_name(name: str, module: str) -> None:
    own = re.fullmatch(r"ch(\d+)_\w+", module.rpartition(".")[2])
    chapter = own[1] if own else r"\d+"
    if not re.fullmatch(rf"ch{chapter}(-[a-z0-9]+)+", name):
        example = f"ch{own[1] if own else 4}-border"
        raise ScbError(
            f'name: expected the chapter and words, as in "{example}", got {name!r} in {module}.'
        )
    if name in _EXERCISES:
        raise ScbError(f"name: expected a new one, got {name!r}, which is taken.")


def _written(answer: Any) -> Any:
    """Return an answer that there is."""
    if answer is None or answer is ...:
        raise NotImplementedError
    return answer


def _refusal(hint: str) -> _RefusedError:
    return _RefusedError(f"Not yet: {hint}")


def _floats(answer: Any, wanted: str) -> Array:
    array = _as_floats(_written(answer))
    if array is None:
        raise _refusal(f"{wanted}, and yours, a {type(answer).__name__}, is not made of numbers.")
    return array


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
