"""Another task in the place of the running example."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scb_edu.model.task import SCBTask
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

__all__ = ["OwnExample", "use_example"]

KEYS = ("transition", "weights", "context_length")
BOOKS_OWN = SCBTask.__dict__["example"]


@checked
@dataclass(frozen=True, eq=False)
class OwnExample:
    """A task for every context length, as the running example is one.

    Parameters
    ----------
    transition : (N, N) array
        P, column-stochastic.
    weights : (Q,) array
        How each last token shares its attention among Q positions; they add up to 1. Token k looks
        first at position 1 + 2 k, counted from 0, and then each time T/Q further on, round the end.
    context_length : int
        T, where none is named.

    Raises
    ------
    ScbError
        P is no transition, a weight is not above 0, the weights do not add up to 1, or T is below
        2 or below Q.

    Notes
    -----
    Book: teach-it, sec-make-it-yours.

    Examples
    --------
    >>> from scb_edu.model import OwnExample
    >>> own = OwnExample([[0.9, 0.5], [0.1, 0.5]], [0.5, 0.3, 0.2], 12)
    >>> own.task(100)
    SCBTask(vocab_size=2, context_length=100, sparsity=3)
    """

    transition: ArrayLike
    weights: ArrayLike = (0.6, 0.4)
    context_length: int = 8

    def __post_init__(self) -> None:
        self.task(self.context_length)  # it refuses what makes no task

    @classmethod
    @checked
    def read(cls, path: str | os.PathLike[str]) -> OwnExample:
        """Read a TOML file: ``transition``, and where they differ the other two.

        Parameters
        ----------
        path : str or path
            Rows of ``transition`` are outputs n, its columns are source tokens m.

        Raises
        ------
        ScbError
            There is no such file, it is not TOML, it has no ``transition`` or another key, or what
            it says is no task.

        Notes
        -----
        Book: teach-it, sec-make-it-yours.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "my_task.toml")
        ...     _ = file.write_text("transition = [[0.9, 0.5], [0.1, 0.5]]")
        ...     OwnExample.read(file).task(8)
        SCBTask(vocab_size=2, context_length=8, sparsity=2)
        """
        try:
            told = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ScbError(
                f"path: expected a TOML file with a task, got {path}: {error}."
            ) from error
        if "transition" not in told or set(told) - set(KEYS):
            raise ScbError(
                f"path: expected 'transition', and of {KEYS[1:]} what differs, got {sorted(told)} "
                f"in {path}."
            )
        return cls(**told)

    @checked
    def task(self, context_length: int | None = None) -> SCBTask:
        """Return the task with this context length, or with its own.

        Parameters
        ----------
        context_length : int, optional
            T, at least 2 and at least Q.

        Raises
        ------
        ScbError
            It is not, or so large that no usual memory holds the task.

        Notes
        -----
        Book: teach-it, sec-make-it-yours.

        Examples
        --------
        >>> OwnExample([[0.9, 0.5], [0.1, 0.5]]).task(24)
        SCBTask(vocab_size=2, context_length=24, sparsity=2)
        """
        shares = self._shares
        asked = self.context_length if context_length is None else context_length
        T = checks.positive_int("context_length", asked, least=max(2, len(shares)))
        tokens = np.arange(len(checks.real_array("transition", self.transition, 2)))
        checks.fits_memory("context_length", len(tokens) * T, "an attention")
        attention = np.zeros((T, len(tokens)))
        for step, share in enumerate(shares):
            attention[(1 + 2 * tokens + step * T // len(shares)) % T, tokens] = share
        return SCBTask(self.transition, attention)

    @cached_property
    def _shares(self) -> Array:
        shares = checks.real_array("weights", self.weights, 1)
        if shares.min() <= 0:
            raise ScbError(f"weights: expected numbers above 0, got {shares.min():.3g}.")
        return checks.column_stochastic("weights", shares[:, None])[:, 0]


@checked
def use_example(
    transition: ArrayLike | None = None,
    weights: Sequence[float] = (0.6, 0.4),
    context_length: int = 8,
) -> None:
    """Put a task of your own in the place of the running example, until the kernel ends.

    From then on ``SCBTask.example(T)`` returns it, and with it all that chapters and explorers
    take from there. Stored studies stay those of the book's own example.

    Parameters
    ----------
    transition : (N, N) array, optional
        P. Left out, the book's own example is back.
    weights : sequence of float
        How each last token shares its attention, as in `OwnExample`.
    context_length : int
        T, where none is named.

    Raises
    ------
    ScbError
        These are no task, as in `OwnExample`.

    Notes
    -----
    Call it before anything else: what was computed with another example stays as it is.

    Book: teach-it, sec-make-it-yours.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.model.use_example([[0.9, 0.5], [0.1, 0.5]], weights=[0.5, 0.3, 0.2])
    >>> scb.SCBTask.example(100)
    SCBTask(vocab_size=2, context_length=100, sparsity=3)
    >>> scb.model.use_example()
    >>> scb.SCBTask.example(100)
    SCBTask(vocab_size=3, context_length=100, sparsity=2)
    """
    checks.positive_int("context_length", context_length, least=2)
    own = None if transition is None else OwnExample(transition, weights, context_length)
    replaced: Any = BOOKS_OWN if own is None else staticmethod(own.task)
    SCBTask.example = replaced  # type: ignore[method-assign]


@contextmanager
def as_in_the_book() -> Iterator[None]:
    """Put the book's own example back meanwhile: for its stored runs, and what is of it alone."""
    now = SCBTask.__dict__["example"]
    SCBTask.example = BOOKS_OWN  # type: ignore[method-assign]
    try:
        yield
    finally:
        SCBTask.example = now  # type: ignore[method-assign]
