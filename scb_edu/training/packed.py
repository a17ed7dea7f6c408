"""The fast path of training: batches whose numbers hold several tokens, and moves in place.

Token by token, a batch costs a random draw, an addition and a look-up for each of B x T tokens.
But the tokens of a context are independent, and samples with the same last token share a column
of A. So ``width`` such samples are drawn side by side as one code, a number with one digit to the
base N for each of them: one draw, one addition and one look-up serve them all. The plain version
is ``gradients.gradient``; the tests compare the two on the same batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scb_edu.model.sampling import LookupTable, cumulative, token_dtype
from scb_edu.model.task import Batch, SCBTask
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.training.optimizers import ColumnScaling, Moment, Optimizer

MOST_CODES = 256
"""There is a table over all codes for each row of a batch; beyond this it costs what it saves."""
BLOCK = 1 << 16
"""How many numbers of V or A are updated at a time: they stay in the cache for the whole step."""


@dataclass(frozen=True, eq=False)
class PackedBatch:
    """A batch in the order of its last tokens, its contexts in codes.

    Parameters
    ----------
    codes : (C, T) array
        A row packs the contexts of up to ``width`` samples with one last token.
    tokens : (K,) array of token ids
        The distinct last tokens, in rising order.
    group : (C,) array
        Which of these tokens each row belongs to.
    seat : (B,) array
        Where a sample sits among the C * ``width`` digits of the rows; some seats stay empty.
    last, output : (B,) arrays of token ids

    Notes
    -----
    Book: under-the-hood, eq-packing.
    """

    codes: Tokens
    tokens: Tokens
    group: Tokens
    seat: Tokens
    last: Tokens
    output: Tokens


@dataclass(frozen=True, eq=False)
class BatchGradient:
    """The loss of a batch and its gradient, of A only the columns that are not zero.

    Parameters
    ----------
    loss : float
    residual, context : (B, N) arrays
        r, divided by B, and h: the gradient of V is the sum of their outer products.
    attention : (T, K) array
        One column for each distinct last token of the batch.

    Notes
    -----
    Book: under-the-hood, eq-packing.
    """

    loss: float
    residual: Array
    context: Array
    attention: Array

    @property
    def value(self) -> Array:
        """The gradient of V, (N, N)."""
        return self.residual.T @ self.context


class Workspace:
    """Arrays as large as a batch, made once: fresh memory costs more than the arithmetic in it."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array with that name; what it held before is lost."""
        size = math.prod(shape)
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size + size // 8, dtype)
        return self._arrays[name][:size].reshape(shape)


@dataclass(frozen=True, eq=False)
class Packing:
    """Draws batches of a task as codes and takes gradients on them.

    Parameters
    ----------
    task : SCBTask
    dtype : float32 or float64
        Of the gradients.

    Notes
    -----
    Book: under-the-hood, eq-packing.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.training.packed import Packing
    >>> packing = Packing(scb.SCBTask.example(1000))
    >>> batch = packing.draw(64, np.random.default_rng(0))
    >>> packing.unpack(batch).tokens.shape
    (64, 1000)
    """

    task: SCBTask
    dtype: DTypeLike = np.float64
    _room: Workspace = field(default_factory=Workspace, repr=False)

    @cached_property
    def width(self) -> int:
        """How many samples share a code."""
        N = max(self.task.vocab_size, 2)
        return max(g for g in range(1, 11) if g == 1 or N**g <= MOST_CODES)

    @cached_property
    def digits(self) -> Tokens:
        """The tokens that each code stands for, (N**width, width)."""
        N = self.task.vocab_size
        digits = np.indices((N,) * self.width).reshape(self.width, -1).T
        return digits.astype(token_dtype(N))

    def draw(self, batch_size: int, rng: np.random.Generator) -> PackedBatch:
        """Draw a batch, exactly from the law of the task.

        Parameters
        ----------
        batch_size : int
            B, at least 1.
        rng : numpy.random.Generator

        Raises
        ------
        ScbError
            The batch size is not a whole number above zero, or ``rng`` is not a Generator.
        """
        B = checks.positive_int("batch_size", batch_size)
        uniform = np.sort(checks.generator("rng", rng).random(B))
        last = self._token_cdf.searchsorted(uniform, side="right")
        tokens, group, seat = _arrange(last, self.width)
        codes = self._code_sampler.draw((len(group), self.task.context_length), rng)
        row, place = np.divmod(seat, self.width)
        source = self.digits[codes[row, self.task.position_sampler.draw(last, rng)], place]
        output = self.task.output_sampler.draw(source, rng)
        return PackedBatch(codes, tokens, group, seat, last, output)

    def unpack(self, batch: PackedBatch) -> Batch:
        """Return the same samples as plain tokens."""
        seats = self.digits[batch.codes].swapaxes(1, 2)  # (C, width, T)
        tokens = seats.reshape(-1, batch.codes.shape[1])[batch.seat]
        return Batch(tokens, batch.last, batch.output)

    def gradient(self, value: Array, attention: Array, batch: PackedBatch) -> BatchGradient:
        """Return the loss and the gradient of a batch.

        Parameters
        ----------
        value : (N, N) array
        attention : (T, K) array
            The columns of A for the distinct last tokens of the batch; quick where each is
            contiguous.
        batch : PackedBatch
        """
        B, C = len(batch.last), len(batch.codes)
        shape = batch.codes.shape
        # one set of bins for each row of codes, named by its first
        first = len(self.digits) * np.arange(C)[:, None]
        bins = np.add(batch.codes, first, out=self._room("bins", shape, np.intp))  # (C, T)
        # bincount adds in float64; casting K columns is cheaper than casting C rows
        weights = self._room("weights", shape, np.float64)  # (C, T)
        attention.T.astype(np.float64).take(batch.group, axis=0, out=weights, mode="clip")
        context = self._per_seat(bins, weights)[batch.seat]  # (B, N), X a_k
        residual = context @ value.T
        residual[np.arange(B), batch.output] -= 1
        loss = float(0.5 * np.vdot(residual, residual) / B)
        residual /= B
        context_gradient = np.zeros((C * self.width, len(value)), dtype=self.dtype)
        context_gradient[batch.seat] = residual @ value
        per_position = self._room("per_position", shape, self.dtype)  # (C, T)
        self._per_code(context_gradient.reshape(C, -1)).take(bins, out=per_position, mode="clip")
        belongs = np.arange(len(batch.tokens))[:, None] == batch.group  # (K, C)
        rows = belongs.astype(self.dtype) @ per_position  # (K, T)
        return BatchGradient(loss, residual, context, rows.T)

    @cached_property
    def _token_cdf(self) -> Array:
        return cumulative(self.task.stationary)

    @cached_property
    def _code_sampler(self) -> LookupTable:
        laws = [self.task.stationary] * self.width
        return LookupTable.of(reduce(np.multiply.outer, laws).ravel())

    @cached_property
    def _holds(self) -> Array:
        """Which token each code has in each place, as zeros and ones (N**width, width * N)."""
        N = self.task.vocab_size
        return np.eye(N, dtype=self.dtype)[self.digits].reshape(len(self.digits), -1)

    def _per_seat(self, bins: Tokens, weights: Array) -> Array:
        """Return how much weight falls on each token, seat by seat (C * width, N)."""
        C, N = len(bins), self.task.vocab_size
        total = np.bincount(bins.ravel(), weights.ravel(), C * len(self.digits))
        per_code: Array = total.astype(self.dtype).reshape(C, -1)
        return per_code if self.width == 1 else (per_code @ self._holds).reshape(-1, N)

    def _per_code(self, context_gradient: Array) -> Array:
        """Return the gradient of each code, the sum over its tokens of theirs (C, width * N)."""
        return context_gradient if self.width == 1 else context_gradient @ self._holds.T


def is_column_scaling(optimizer: Optimizer) -> TypeGuard[ColumnScaling]:
    """Return whether the quick path gives what ``update`` does: if it is the declared one."""
    return (
        isinstance(optimizer, ColumnScaling)
        and type(optimizer).update is ColumnScaling.update
        and type(optimizer).init is Optimizer.init
    )


def move_value(
    value: Array, gradient: BatchGradient, optimizer: ColumnScaling, moment: Moment, rate: float
) -> None:
    """Move V in place."""
    divisor = optimizer.divisor(moment.stationary)
    # columns may be divided before the product: V needs no second matrix
    context = gradient.context if divisor is None else gradient.context / divisor
    for rows in _blocks(value):
        step = gradient.residual.T[rows] @ context
        value[rows] -= rate * step


def move_columns(
    weights: Array,
    slope: Array,
    tokens: Tokens,
    optimizer: ColumnScaling,
    moment: Moment,
    rate: float,
) -> None:
    """Move the columns of the tokens in place; the proximal step is for all columns."""
    rows, divisor = weights.T, optimizer.divisor(moment.stationary)
    for block in _blocks(slope.T):
        columns, moved = slope.T[block].T, tokens[block]
        if divisor is not None:
            columns = columns / divisor[moved]
        rows[moved] -= (rate * optimizer.direction(columns)).T
    if type(optimizer).proximal is ColumnScaling.proximal or moment.is_softmax:
        return
    for block in _blocks(rows):
        columns = rows[block].T
        after = optimizer.proximal(columns, moment, out=columns)
        if after is not columns:
            rows[block] = after.T


def _blocks(rows: Array) -> Iterator[slice]:
    """Cut the rows of a matrix into slices of about ``BLOCK`` numbers."""
    height = max(1, BLOCK // rows.shape[1])
    return (slice(first, first + height) for first in range(0, len(rows), height))


def _arrange(last: Tokens, width: int) -> tuple[Tokens, Tokens, Tokens]:
    """Seat samples beside others with their last token: the tokens, each row's group, the seats."""
    count = np.bincount(last)
    tokens = count.nonzero()[0]
    count = count[tokens]  # (K,)
    rows = -(-count // width)
    first_seat = width * (rows.cumsum() - rows)
    first_sample = count.cumsum() - count
    seat = np.arange(len(last)) + (first_seat - first_sample).repeat(count)
    return tokens, np.arange(len(tokens)).repeat(rows), seat
