"""A check that asserts and says what it compared."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scb_edu.experiments.shown_tables import show, written
from scb_edu.support.checks import Array, positive_int, positive_number, real_array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

TICK, CROSS = "✓", "✗"
BOX = "border-left: 3px solid {colour}; padding: 0.1em 0 0.1em 0.6em; margin: 0.2em 0"
REFUTED = "application/vnd.scb-refutation+json"
"""Under which a refutation stands in the outputs of a notebook."""


@dataclass
class _Mode:
    collects: bool = False


_MODE = _Mode()


@checked
@dataclass(frozen=True, repr=False)
class Check:
    """What was compared and held, in words.

    Parameters
    ----------
    words : str

    Notes
    -----
    Book: 04-two-stages, sec-two-stages.

    Examples
    --------
    >>> Check("every run ends on the right side")
    ✓ every run ends on the right side
    """

    words: str

    def __repr__(self) -> str:
        return f"{TICK} {self.words}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        box = _box("holds:", TICK, "#009E73", self.words)
        return {"text/html": box, "text/plain": repr(self)}


@checked
@dataclass(frozen=True, repr=False)
class Refutation:
    """What was compared and did not hold, where checks are collected.

    Parameters
    ----------
    what : str
        The statement, or the quantity.
    words : str
        What was expected, and what came.

    Notes
    -----
    Book: teach-it, sec-make-it-yours.

    Examples
    --------
    >>> Refutation("μ_A", "expected measured and formula within 1 %, got 0.2 and 0.4")
    ✗ μ_A: expected measured and formula within 1 %, got 0.2 and 0.4
    """

    what: str
    words: str

    def __repr__(self) -> str:
        return f"{CROSS} {self.what}: {self.words}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        box = _box("does not hold:", CROSS, "#D55E00", f"{self.what}: {self.words}")
        told = {"what": self.what, "words": self.words}
        return {"text/html": box, "text/plain": repr(self), REFUTED: told}


@checked
def collect_checks(collects: bool = True) -> None:
    """Let checks that do not hold be shown, and not raise, until the kernel ends.

    Parameters
    ----------
    collects : bool
        False: they raise, as they do at first.

    Notes
    -----
    For a chapter that is run with another task than the one it was written for.

    Book: teach-it, sec-make-it-yours.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> experiments.collect_checks()
    >>> experiments.holds("three is odd and four is, too", 4 % 2 == 1)
    ✗ three is odd and four is, too: expected this to hold, got False.
    >>> experiments.collect_checks(False)
    """
    _MODE.collects = collects


def _box(label: str, mark: str, colour: str, words: str) -> str:
    shown, style = f'<span role="img" aria-label="{label}">{mark}</span>', BOX.format(colour=colour)
    return f'<div class="scb-check" style="{style}">{shown} {escape(words)}</div>'


def _refute(what: str, words: str) -> None:
    if not _MODE.collects:
        raise ScbError(f"{what}: {words}")
    show(Refutation(what, words))


@checked
def agree(
    what: str,
    measured: ArrayLike,
    expected: ArrayLike,
    *,
    within: float,
    digits: int = 3,
    names: tuple[str, str] = ("measured", "formula"),
) -> None:
    """Assert that two numbers agree, and show what was compared.

    Parameters
    ----------
    what : str
        The quantity.
    measured, expected : float or array_like
        Of one shape; `expected` may be one number for all. Finite, and `expected` nowhere 0.
    within : float
        The allowance: ``|measured / expected - 1| <= within`` in every entry.
    digits : int
        Significant digits that are shown.
    names : (str, str)
        What the two numbers are called.

    Raises
    ------
    ScbError
        They do not agree, unless checks are collected: the message has both numbers, of the worst
        entry, and the allowance. Or an argument is not as above; nan never agrees with anything.

    Notes
    -----
    It shows the allowance and not the difference, and of an array its range and not its worst
    entry: these are the same on every processor. Nothing is returned, so that a cell may hold
    several checks.

    Book: 04-two-stages, sec-two-stages.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> experiments.agree("growth rate", 0.2679, 0.2683, within=0.005)
    ✓ growth rate: measured 0.268, formula 0.268, within 0.5 %
    >>> experiments.agree("growth rate", 0.30, 0.2683, within=0.005)
    Traceback (most recent call last):
    scb_edu.support.errors.ScbError: growth rate: expected measured and formula within 0.5 %, \
got measured 0.300, formula 0.268, off by 11.8 %.
    """
    try:
        numbers, wanted = _comparable(measured, expected)
    except ScbError as error:
        if not _MODE.collects:
            raise
        show(Refutation(what, str(error)))
        return
    positive_number("within", within)
    positive_int("digits", digits, most=17)
    off = np.abs(numbers / wanted - 1)
    worst = np.unravel_index(off.argmax(), off.shape)
    allowed = f"within {_percent(within)}"
    if off[worst] > within:
        pair = _pair(names, numbers[worst], wanted[worst], digits)
        words = f"expected {names[0]} and {names[1]} {allowed}, got {pair}, "
        _refute(what, f"{words}off by {_percent(off[worst])}{_place(worst)}.")
    else:
        show(Check(f"{what}: {_pair(names, numbers, wanted, digits)}, {allowed}"))


@checked
def holds(what: str, condition: bool) -> None:
    """Assert a condition, and show what it says.

    Parameters
    ----------
    what : str
        The statement, in words that are true when it holds.
    condition : bool
        Of an array take ``.all()``.

    Raises
    ------
    ScbError
        It does not hold, unless checks are collected, or is no truth value.

    Notes
    -----
    Book: 04-two-stages, sec-two-stages.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> experiments.holds("the saddle lies below the line", 0.2 < 0.5)
    ✓ the saddle lies below the line
    """
    if condition:
        show(Check(what))
    else:
        _refute(what, "expected this to hold, got False.")


def _comparable(measured: ArrayLike, expected: ArrayLike) -> tuple[Array, Array]:
    """Return both as arrays of the shape of `measured`."""
    numbers = real_array("measured", measured, np.ndim(measured))
    wanted = real_array("expected", expected, np.ndim(expected))
    if wanted.ndim and wanted.shape != numbers.shape:
        raise ScbError(f"expected: expected shape {numbers.shape} or one, got {wanted.shape}.")
    if not wanted.all():
        raise ScbError("expected: expected no 0, of which nothing is a share; use holds().")
    return numbers, np.broadcast_to(wanted, numbers.shape)


def _pair(names: tuple[str, str], numbers: Array, wanted: Array, digits: int) -> str:
    first, second = (_range(values, digits) for values in (numbers, wanted))
    return f"{names[0]} {first}, {names[1]} {second}"


def _range(values: Array, digits: int) -> str:
    low, high = (written(float(end), digits) for end in (np.min(values), np.max(values)))
    return low if low == high else f"{low} to {high}"


def _percent(share: float) -> str:
    rounded = float(f"{share:.3g}")
    return f"{100 * rounded:g} %" if share >= 1e-4 else f"{rounded:g}"


def _place(worst: tuple[Any, ...]) -> str:
    return f" at entry {', '.join(map(str, worst))}" if worst else ""
