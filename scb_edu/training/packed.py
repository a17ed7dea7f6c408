"""The fast path of training: batches whose numbers hold several tokens, and moves in place.

Token by token, a batch costs a random draw, an addition and a look-up for each of B x T tokens.
But the tokens of a context are independent, and samples with the same last token share a column
of A. So ``width`` such samples are drawn side by side as one code, a number with one digit to the
base N for each of them: one draw, one addition and one look-up serve them all. Short batches are
drawn several at a time, because a call of NumPy costs as much as a thousand codes; long ones are
worked on in blocks that stay in the cache. The plain version is ``gradients.gradient``; the tests
compare the two on the same batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scb_edu.model.gradients import to_logits
from scb_edu.model.sampling import LookupTable, cumulative, token_dtype
from scb_edu.model.task import Batch, SCBTask
from scb_edu.model.transformer import softmax
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.training.optimizers import ColumnScaling, Moment, Optimizer

MOST_CODES = 256
"""There is a table over all codes for each row of a batch; beyond this it costs what it saves."""
BLOCK = 1 << 17
"""How many codes are worked on at a time: they stay in the cache."""
MOVED = 1 << 15
"""How many numbers of V or A are moved at a time."""
AHEAD = 1 << 17
"""How many codes are drawn at a time, where a batch is smaller."""
MOST_AHEAD = 16
"""How many batches are drawn at a time."""


class PackedBatch(NamedTuple):
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
        Where a sample sits among the S = C * ``width`` digits of the rows; some seats stay empty.
    share : (S, 1) array
        1/B in the seats that are taken, 0 in the empty ones.
    last, output : (B,) arrays of token ids

    Notes
    -----
    Book: under-the-hood, eq-packing.
    """

    codes: Tokens
    tokens: Tokens
    group: Tokens
    seat: Tokens
    share: Array
    last: Tokens
    output: Tokens


class BatchGradient(NamedTuple):
    """The loss of a batch and its gradient, of A only the columns that are not zero.

    Parameters
    ----------
    loss : float
    residual, context : (S, N) arrays
        r, divided by B, and h, seat by seat, r zero in the empty ones: the gradient of V is the
        sum of their outer products.
    attention : (T, K) array
        One column for each distinct last token of the batch.
    tokens : (K,) array of token ids
        These.

    Notes
    -----
    Book: under-the-hood, eq-packing.
    """

    loss: float
    residual: Array
    context: Array
    attention: Array
    tokens: Tokens

    @property
    def value(self) -> Array:
        """The gradient of V, (N, N)."""
        return self.residual.T @ self.context


class Workspace:
    """Arrays as large as a block, made once: fresh memory costs more than the arithmetic in it."""

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
        """Draw a batch, exactly from the distribution of the task.

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
        return self.draw_several(B, 1, checks.generator("rng", rng))[0]

    def draw_several(self, B: int, count: int, rng: np.random.Generator) -> list[PackedBatch]:
        """Draw ``count`` batches of B samples each."""
        N, width = self.task.vocab_size, self.width
        uniform = np.sort(rng.random((count, B)), axis=1)
        last = self._token_cdf.searchsorted(uniform, side="right")  # (count, B)
        # a token of another batch counts as another token
        keys, group, seat = _arrange((last + N * np.arange(count)[:, None]).ravel(), width)
        codes = self._code_sampler.draw((len(group), self.task.context_length), rng)
        source = self._source(codes, seat, last.ravel(), rng)
        output = self.task.output_sampler.draw(source, rng).reshape(count, B)
        share = np.zeros((width * len(group), 1), self.dtype)
        share[seat] = 1 / B
        ends = keys.searchsorted(N * np.arange(1, count + 1))
        rows = group.searchsorted(ends)
        batches, token, row = [], 0, 0
        for i, (next_token, next_row) in enumerate(zip(ends.tolist(), rows.tolist(), strict=True)):
            own = slice(row, next_row)
            batches.append(
                PackedBatch(
                    codes[own],
                    keys[token:next_token] - N * i,
                    group[own] - token,
                    seat[B * i : B * (i + 1)] - width * row,
                    share[width * row : width * next_row],
                    last[i],
                    output[i],
                )
            )
            token, row = next_token, next_row
        return batches

    def _source(
        self, codes: Tokens, seat: Tokens, last: Tokens, rng: np.random.Generator
    ) -> Tokens:
        """Draw the token that each sample's output comes from."""
        row, place = np.divmod(seat, self.width)
        return self.digits[codes[row, self.task.position_sampler.draw(last, rng)], place]

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
        blocks = list(_blocks(batch.codes, BLOCK))
        context, bins = self._context(attention, batch, blocks)
        residual = context @ value.T
        residual[batch.seat, batch.output] -= 1
        residual *= batch.share
        loss = 0.5 * len(batch.last) * float(np.vdot(residual, residual))
        slope = self._attention_slope(residual @ value, batch, blocks, bins)
        return BatchGradient(loss, residual, context, slope, batch.tokens)

    def _context(
        self, attention: Array, batch: PackedBatch, blocks: Sequence[slice]
    ) -> tuple[Array, Tokens]:
        """Return X a_k, how much weight falls on each token (S, N), and the last block's bins."""
        per_code = np.empty((len(batch.codes), len(self.digits)), self.dtype)  # (C, N**width)
        # bincount adds in float64; casting K columns is cheaper than casting C rows
        columns = attention.T.astype(np.float64)  # (K, T)
        for rows in blocks:
            bins = self._bins(batch.codes[rows])
            weights = self._room("weights", bins.shape, np.float64)
            columns.take(batch.group[rows], axis=0, out=weights, mode="clip")
            total = np.bincount(bins.ravel(), weights.ravel(), per_code[rows].size)
            per_code[rows] = total.reshape(len(bins), -1)
        N = self.task.vocab_size
        return per_code if self.width == 1 else (per_code @ self.holds).reshape(-1, N), bins

    def _attention_slope(
        self, slope: Array, batch: PackedBatch, blocks: Sequence[slice], bins: Tokens
    ) -> Array:
        """Return X^T V^T r, added up over the samples of each last token (T, K)."""
        by_row = slope.reshape(len(batch.codes), -1)
        per_code = by_row if self.width == 1 else by_row @ self.holds.T  # (C, N**width)
        total = np.zeros((len(batch.tokens), batch.codes.shape[1]), self.dtype)  # (K, T)
        for rows in reversed(blocks):  # the bins of the last block are still there
            bins = bins if rows is blocks[-1] else self._bins(batch.codes[rows])
            per_position = self._room("per_position", bins.shape, self.dtype)
            per_code[rows].take(bins, out=per_position, mode="clip")
            group = batch.group[rows]
            some = slice(group[0], group[-1] + 1)
            belongs = np.arange(some.start, some.stop)[:, None] == group  # (K of these rows, rows)
            total[some] += belongs.astype(self.dtype) @ per_position
        return total.T

    def _bins(self, codes: Tokens) -> Tokens:
        """Return one set of bins for each row of codes, named by its first."""
        size = len(codes) * len(self.digits)
        first = np.arange(0, size, len(self.digits)).astype(np.min_scalar_type(size))
        bins = self._room("bins", codes.shape, np.intp)
        np.copyto(bins, codes + first[:, None])  # in few bytes first: half of the time
        return bins

    @cached_property
    def _token_cdf(self) -> Array:
        return cumulative(self.task.stationary)

    @cached_property
    def _code_sampler(self) -> LookupTable:
        laws = [self.task.stationary] * self.width
        return LookupTable.of(reduce(np.multiply.outer, laws).ravel())

    @cached_property
    def holds(self) -> Array:
        """Which token each code has in each place, as zeros and ones (N**width, width * N)."""
        N = self.task.vocab_size
        return np.eye(N, dtype=self.dtype)[self.digits].reshape(len(self.digits), -1)


class Supply:
    """The batches of a run: short ones are drawn several at a time.

    How many depends on the task and the batch size alone, not on when a run is looked at, kept or
    stopped: so one that goes on is the run that was never interrupted.

    Parameters
    ----------
    task : SCBTask
    dtype : float32 or float64
        Of the gradients.
    rng : numpy.random.Generator

    Notes
    -----
    Book: 05-algorithm, eq-packing.
    """

    def __init__(self, task: SCBTask, dtype: DTypeLike, rng: np.random.Generator) -> None:
        self.packing, self.rng = Packing(task, dtype), rng
        self._drawn: list[PackedBatch] = []
        self._size, self._used, self._before = 0, 0, rng.bit_generator.state

    def next(self, batch_size: int) -> PackedBatch:
        """Return the next batch."""
        if self._size != batch_size or self._used == len(self._drawn):
            self._draw(batch_size)
        self._used += 1
        return self._drawn[self._used - 1]

    def _draw(self, batch_size: int) -> None:
        T = self.packing.task.context_length
        checks.fits_memory("batch_size", batch_size * T, "a batch")
        self._before, self._size, self._used = self.rng.bit_generator.state, batch_size, 0
        codes = batch_size * T / self.packing.width
        count = round(min(max(AHEAD / codes, 1), MOST_AHEAD))
        self._drawn = self.packing.draw_several(batch_size, count, self.rng)

    def state(self) -> tuple[Any, int, int]:
        """Return the generator's state before the last draw, its batch size, how many are used."""
        return self._before, self._size, self._used

    def restore(self, before: Any, batch_size: int, used: int) -> None:
        """Go back to a state."""
        self.rng.bit_generator.state = before
        if batch_size:
            self._draw(batch_size)
        self._used = used


def is_column_scaling(optimizer: Optimizer) -> TypeGuard[ColumnScaling]:
    """Return whether the quick path gives what ``update`` does: if it is the declared one."""
    return (
        isinstance(optimizer, ColumnScaling)
        and type(optimizer).update is ColumnScaling.update
        and type(optimizer).init is Optimizer.init
    )


def slopes(
    value: Array, weights: Array, batch: PackedBatch, packing: Packing, moment: Moment
) -> BatchGradient:
    """Return the loss of a batch and its gradient, for A or for the logits."""
    columns = weights.T[batch.tokens].T  # (T, K)
    if not moment.is_softmax:
        return packing.gradient(value, columns, batch)
    attention = softmax(columns)
    gradient = packing.gradient(value, attention, batch)
    return gradient._replace(attention=to_logits(gradient.attention, attention))


def move(
    value: Array,
    weights: Array,
    gradient: BatchGradient,
    optimizer: ColumnScaling,
    moment: Moment,
    rates: tuple[float, float],
) -> None:
    """Move V and the columns of A in place."""
    divisor = optimizer.divisor(moment.stationary)
    # columns may be divided before the product: V needs no second matrix
    context = gradient.context if divisor is None else gradient.context / divisor
    for block in _blocks(value, MOVED):
        value[block] -= rates[0] * (gradient.residual.T[block] @ context)
    _move_columns(weights.T, gradient, optimizer, divisor, rates[1])
    if type(optimizer).proximal is not ColumnScaling.proximal and not moment.is_softmax:
        _apply_proximal(weights.T, optimizer, moment)


def _move_columns(
    rows: Array,
    gradient: BatchGradient,
    optimizer: ColumnScaling,
    divisor: Array | None,
    rate: float,
) -> None:
    tokens, slope = gradient.tokens, gradient.attention.T  # (K, T)
    scale = slope.dtype.type(rate) / (
        np.ones_like(slope[:, 0]) if divisor is None else divisor[tokens]
    )
    for block in _blocks(slope, MOVED):
        # a slice where it will do: an index copies
        moved = block if len(tokens) == len(rows) else tokens[block]
        rows[moved] -= optimizer.direction(slope[block].T * scale[block]).T


def _apply_proximal(rows: Array, optimizer: ColumnScaling, moment: Moment) -> None:
    for block in _blocks(rows, MOVED):
        columns = rows[block].T
        after = optimizer.proximal(columns, moment, out=columns)
        if after is not columns:
            rows[block] = after.T


def _blocks(matrix: NDArray[Any], numbers: int) -> Iterator[slice]:
    """Cut the rows of a matrix into slices of about so many numbers."""
    height, width = matrix.shape
    step = max(1, numbers // width)
    return (slice(first, min(first + step, height)) for first in range(0, height, step))


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
