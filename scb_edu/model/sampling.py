"""Exact and fast draws from a categorical distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from scb_edu.support import jit
from scb_edu.support.checks import Array, Tokens

CELLS = 1 << 16
SMALL = 8
CHUNK = 1 << 16
"""How many outcomes are drawn at a time: their cells stay in the cache."""


def token_dtype(size: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the smallest unsigned type that holds the ids 0 .. size - 1."""
    return np.dtype(np.min_scalar_type(size - 1))


def cumulative(probabilities: Array) -> Array:
    """Return the cumulative distribution of each column, ending in exactly 1.

    An exact 1 at the end matters: a draw is below 1, so it never runs past the last entry.
    """
    sums = np.cumsum(probabilities, axis=0, dtype=np.float64)
    return np.asarray(sums / sums[-1])


@dataclass(frozen=True, eq=False)
class ColumnSampler:
    """The columns of a matrix as laws, to draw from by inversion.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.sampling import ColumnSampler
    >>> columns = ColumnSampler.of(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> columns.draw(np.array([0, 1, 1]), np.random.default_rng(0)).tolist()
    [1, 0, 0]
    """

    outcomes: Tokens  # (M, K), in the order in which their masses add up
    ends: Array  # (M K,), the cumulative law of column m, between m and m + 1, end to end

    @classmethod
    def of(cls, matrix: Array) -> ColumnSampler:
        """Return the laws of the columns of ``matrix`` (K, M)."""
        ids = np.arange(len(matrix), dtype=token_dtype(len(matrix)))
        outcomes = np.broadcast_to(ids, matrix.T.shape)
        return cls(outcomes, _end_to_end(cumulative(matrix)))

    @classmethod
    def sparse(cls, matrix: Array, support: int) -> ColumnSampler:
        """Return the laws of columns that have at most ``support`` entries above zero."""
        heaviest = np.argsort(-matrix, axis=0, kind="stable")[:support]  # (support, M)
        cdf = cumulative(np.take_along_axis(matrix, heaviest, axis=0))
        return cls(np.ascontiguousarray(heaviest.T), _end_to_end(cdf))

    def draw(self, columns: Tokens, rng: np.random.Generator) -> Tokens:
        """Draw one outcome from each of the ``columns`` (B,)."""
        column = columns.astype(np.intp)  # ids of one byte would overflow below
        # m + u may be rounded up to m + 1, which is another column's
        uniform = np.minimum(column + rng.random(len(column)), np.nextafter(column + 1, 0))
        rank = self.ends.searchsorted(uniform, side="right") - self.outcomes.shape[1] * column
        return np.asarray(self.outcomes[column, rank])


def _end_to_end(cdf: Array) -> Array:
    """Return cumulative laws (K, M) one after the other, that of column m shifted by m."""
    return np.asarray((cdf.T + np.arange(cdf.shape[1])[:, None]).ravel())


@dataclass(frozen=True)
class LookupTable:
    """A categorical law as a table of 65536 equally likely cells.

    Outcome i owns floor(65536 p_i) cells. The few cells left over stand for the rounding residual:
    whoever hits one draws again, from the residual, by inversion. Together the two steps follow
    p to the precision of a float64, at the cost of a table look-up for almost every draw.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.sampling import LookupTable
    >>> table = LookupTable.of(np.array([0.25, 0.75]))
    >>> table.draw((2, 6), np.random.default_rng(0)).shape
    (2, 6)
    """

    # outcome i owns the cells ends[i - 1] .. ends[i] - 1; plain ints, which compare without a cast
    ends: list[int]
    outcomes: Tokens  # (65536,), valid below ends[-1]
    residual: Array  # (N,), the cumulative law of the cells left over

    @classmethod
    def of(cls, probabilities: Array) -> LookupTable:
        """Return the table of ``probabilities`` (N,)."""
        scaled = probabilities.astype(np.float64) * CELLS
        cells = np.floor(scaled).astype(np.int64)
        ends: list[int] = np.cumsum(cells).tolist()
        ids = np.arange(len(cells), dtype=token_dtype(len(cells)))
        outcomes = np.zeros_like(ids, shape=CELLS)
        outcomes[: ends[-1]] = np.repeat(ids, cells)
        # with no cell left over the residual is never drawn from, and any law does
        return cls(ends, outcomes, cumulative(scaled - cells if ends[-1] < CELLS else scaled))

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Tokens:
        """Draw an array of ``shape`` of independent outcomes."""
        drawn = np.empty(math.prod(shape), self.outcomes.dtype)
        for first in range(0, len(drawn), CHUNK):
            part = drawn[first : first + CHUNK]
            cell = _cells(len(part), rng)
            self._look_up(cell, part)
            again = (cell >= self.ends[-1]).nonzero()[0]
            part[again] = self.residual.searchsorted(rng.random(len(again)), side="right")
        return drawn.reshape(shape)

    def _look_up(self, cell: Tokens, drawn: Tokens) -> None:
        if jit.AVAILABLE:
            _gather(self.outcomes, cell, drawn)
        elif len(self.ends) > SMALL:
            self.outcomes.take(cell, out=drawn, mode="clip")  # in range anyway: spares a check
        else:  # a handful of vectorised comparisons is several times as fast as NumPy's gather
            drawn[:] = 0
            for end in self.ends[:-1]:
                drawn += (cell >= end).view(np.uint8)


@jit.compiled
def _gather(outcomes: Tokens, cells: Tokens, drawn: Tokens) -> None:
    for i in range(len(cells)):
        drawn[i] = outcomes[cells[i]]


def _cells(count: int, rng: np.random.Generator) -> Tokens:
    """Return ``count`` uniform 16-bit numbers, four from each 64-bit word of the generator."""
    words = rng.integers(0, 2**64 - 1, -(-count // 4), dtype=np.uint64, endpoint=True)
    # little-endian on every machine, so that a seed gives the same tokens everywhere
    return words.astype("<u8", copy=False).view("<u2")[:count]
