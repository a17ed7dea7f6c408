"""An answer that is a number or a few, as data: Python's check and a page's field read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from scb_edu.exercises.arithmetic import filled, holds
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked, known_as

__all__ = ["Answer"]

Known: TypeAlias = float | tuple[float, ...]
Wrong: TypeAlias = float | tuple[float, ...] | str


def _are_numbers(value: Any) -> bool:
    """Return whether a value is a finite number, or a tuple of two to four."""
    several = isinstance(value, tuple)
    try:
        for number in value if several else (value,):
            checks.finite_number("number", number)
    except ScbError:
        return False
    return not several or len(value) in (2, 3, 4)


def _known(name: str, value: Any) -> Any:
    if not _are_numbers(value):
        expected = "a finite number, or a tuple of 2 to 4"
        raise ScbError(f"{name}: expected {expected}, got {checks.brief(value)}.")
    return value


known_as(Known, _known)


@checked
@dataclass(frozen=True)
class Answer:
    """What is right, what is known to be wrong, and what is said to it.

    Parameters
    ----------
    right : float or tuple of float
        One number, or two to four.
    wrong : mapping
        From a known mistake to what is said to it. A mistake is a number (or as many as in
        `right`) that an answer may be close to, or a condition: ``"x * y < 0"``.
    otherwise : str
        What is said to all other answers that are not right.
    asks : str
        What the exercise asks for, in words that go on from "it asks for": a label, too.
    rtol, atol : float
        Close is at most ``atol + rtol * abs(known)`` away, each number by itself: from the right
        ones, and from those that are known to be wrong.

    Raises
    ------
    ScbError
        Anything that Python and the page's script would not understand alike: a number that is
        not finite, another count of numbers, an expression of something else, words with braces.

    Notes
    -----
    *The contract.* An answer gets the first of these that fits:

    1. it asks for something else, if it has another count of numbers or one that is not finite;
    2. right, if it is close to `right`;
    3. the words of the first mistake in `wrong` that it is close to, or whose condition holds;
    4. `otherwise`.

    Words and conditions may do arithmetic with the reader's numbers, which are called x, y, z and w
    in their order: ``"your product is {x * y:.3g}."`` There are numbers, ``+ - * / **``, brackets,
    sqrt, log, exp, abs and Phi (the share of a normal distribution below a number); in a condition
    one of ``< <= > >=``; in words the format ``.1g`` to ``.9g``. What Python cannot do, such as
    1/0, is inf or nan, not an error.

    Book: 04-two-stages, sec-test-4.

    Examples
    --------
    >>> corner = Answer(
    ...     right=(0.5, 2.0),
    ...     wrong={(2, 0.5): "the two are swapped.", "x * y < 0": "{x * y:.3g} is below zero."},
    ...     otherwise="their product is 1, and yours is {x * y:.3g}.",
    ...     asks="a pair (alpha_V, alpha_A)",
    ... )
    >>> corner.said(np.array([2, -0.25]))
    '-0.5 is below zero.'
    >>> corner.said(np.array([0.5, 2, 1]))
    'it asks for a pair (alpha_V, alpha_A), and yours has 3 numbers.'
    >>> corner.said(np.array([0.5, 2])) is None
    True
    """

    right: Known
    wrong: Mapping[Wrong, str]
    otherwise: str
    asks: str = "one number"
    rtol: float = 5e-3
    atol: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("rtol", "atol"):
            checks.non_negative_number(name, getattr(self, name))
        for known, words in self.wrong.items():
            self._check_mistake(known)
            self._check_words(f"wrong[{checks.brief(known)}]", words)
        self._check_words("otherwise", self.otherwise)
        checks.sentence("asks", self.asks)

    def _check_mistake(self, known: Wrong) -> None:
        if isinstance(known, str):
            with _named("wrong"):
                holds(known, self._right)
        elif not _are_numbers(known) or np.shape(known) != np.shape(self.right):
            expected = f"{len(self._right)} finite numbers"
            raise ScbError(f"wrong: expected {expected}, got {checks.brief(known)}.")

    def _check_words(self, name: str, words: str) -> None:
        with _named(name):
            checks.sentence(name, filled(words, self._right))

    @property
    def _right(self) -> list[float]:
        return _listed(self.right)

    @property
    def data(self) -> dict[str, Any]:
        """All of it, for arithmetic.mjs."""
        wrong = [
            [known if isinstance(known, str) else _listed(known), words]
            for known, words in self.wrong.items()
        ]
        parts = ("otherwise", "asks", "rtol", "atol")
        return {"right": self._right, "wrong": wrong} | {
            name: getattr(self, name) for name in parts
        }

    @checked
    def said(self, given: Array) -> str | None:
        """Return what is wrong with an answer, floats in any shape; None if nothing is.

        Raises
        ------
        ScbError
            It is not made of numbers.
        """
        if given.shape != np.shape(self.right):
            return f"it asks for {self.asks}, and yours has {_size(given, len(self._right))}."
        if not np.isfinite(given).all():
            return f"it asks for {self.asks}, and in yours is {given[~np.isfinite(given)][0]}."
        numbers = _listed(given)
        if self._close(numbers, self._right):
            return None
        fitting = (words for known, words in self.wrong.items() if self._fits(known, numbers))
        return filled(next(fitting, self.otherwise), numbers)

    def _fits(self, known: Wrong, numbers: Sequence[float]) -> bool:
        if isinstance(known, str):
            return holds(known, numbers)
        return self._close(numbers, _listed(known))

    def _close(self, numbers: Sequence[float], known: Sequence[float]) -> bool:
        pairs = zip(numbers, known, strict=True)
        return all(abs(mine - far) <= self.atol + self.rtol * abs(far) for mine, far in pairs)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let an error of the arithmetic begin with the argument that holds what it is about."""
    try:
        yield
    except ScbError as error:
        raise ScbError(f"{name}: {str(error).partition(': ')[2]}") from error


def _listed(numbers: Any) -> list[float]:
    return [float(number) for number in np.ravel(numbers)]


def _size(given: Array, wanted: int) -> str:
    """Return in words how much an answer of another shape holds."""
    if given.ndim > 1 or (given.ndim == 1 and given.size == wanted):
        return f"the shape {given.shape}"
    return "1 number" if given.size == 1 else f"{given.size} numbers"
