"""The quick step once more, compiled by Numba where it is installed (the extra ``fast``).

The arithmetic is that of ``packed``, batch for batch; the tests run both. What NumPy does in some
ninety calls, each a pass through memory, is one call here, and an array is read while it is warm.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from scb_edu.support import jit
from scb_edu.support.checks import Array
from scb_edu.training.optimizers import (
    SMALLEST_SUM,
    ColumnScaling,
    Moment,
    Optimizer,
    ProximalGradient,
)
from scb_edu.training.packed import PackedBatch, Packing, is_column_scaling


def suits(optimizer: Optimizer, moment: Moment) -> TypeGuard[ColumnScaling]:
    """Return whether ``descend`` makes the steps of an optimiser: if no method is overridden."""
    return (
        jit.AVAILABLE
        and not moment.is_softmax
        and is_column_scaling(optimizer)
        and type(optimizer).direction is ColumnScaling.direction
        and type(optimizer).proximal in (ColumnScaling.proximal, ProximalGradient.proximal)
    )


def descend(
    value: Array,
    weights: Array,
    batch: PackedBatch,
    packing: Packing,
    optimizer: ColumnScaling,
    moment: Moment,
    rates: tuple[float, float],
    largest: float,
) -> float:
    """Move V and the columns of A in place, and return the loss of the batch.

    Parameters
    ----------
    value, weights : arrays
        V (N, N), and A (T, N) with its columns one after the other in memory.
    batch : PackedBatch
    packing : Packing
        Which drew it.
    optimizer : ColumnScaling
        One that ``suits``.
    moment : Moment
    rates : (float, float)
        Those of the optimiser at this moment.
    largest : float
        Where the loss is not below this, nothing is moved.

    Raises
    ------
    BreakdownError
        A column of A vanished.

    Notes
    -----
    Book: 05-algorithm, eq-packing.
    """
    divisor, kind = optimizer.divisor(moment.stationary), value.dtype.type
    scale = np.ones(len(value), kind) if divisor is None else 1 / divisor
    rate, attention_rate = (kind(rate) * scale for rate in rates)
    rows, arrays, holds = weights.T, tuple(batch), packing.holds
    loss = _descend(value, rows, arrays, holds, rate, attention_rate, optimizer.projects, largest)
    if loss < largest and isinstance(optimizer, ProximalGradient):
        threshold = kind(optimizer.threshold(moment))
        if not _shrink(rows, threshold, SMALLEST_SUM):
            optimizer.proximal(weights, moment)  # it raises, in words
    return float(loss)


@jit.compiled
def _descend(
    value: Array,
    rows: Array,
    batch: Any,
    holds: Array,
    rate: Array,
    attention_rate: Array,
    projects: bool,
    largest: float,
) -> Any:
    codes, tokens, group, seat, share, _, output = batch
    C, T = codes.shape
    N, K = len(value), len(tokens)
    is_packed = holds.shape[1] > N
    per_code = np.zeros((C, len(holds)), np.float64)
    for c in range(C):
        sums, weights = per_code[c], rows[tokens[group[c]]]
        for t in range(T):
            sums[codes[c, t]] += weights[t]
    context = per_code.astype(value.dtype)
    if is_packed:
        context = np.dot(context, holds).reshape(-1, N)  # (S, N)
    residual = np.dot(context, value.T)
    for i in range(len(seat)):
        residual[seat[i], output[i]] -= 1
    residual *= share
    loss = 0.5 * len(seat) * np.sum(residual * residual)
    if not loss < largest:
        return loss
    slope_of_code = np.dot(residual, value)
    if is_packed:
        slope_of_code = np.dot(slope_of_code.reshape(C, -1), holds.T)  # (C, N**width)
    value -= np.dot(residual.T, context) * rate
    slope = np.zeros((K, T), value.dtype)
    for c in range(C):
        column, per = slope[group[c]], slope_of_code[c]
        for t in range(T):
            column[t] += per[codes[c, t]]
    for k in range(K):
        move = slope[k]
        if projects:
            move -= move.sum() / value.dtype.type(T)
        weights = rows[tokens[k]]
        weights -= attention_rate[tokens[k]] * move
    return loss


@jit.compiled
def _shrink(rows: Array, threshold: Any, smallest: float) -> bool:
    for k in range(len(rows)):
        weights = rows[k]
        weights -= np.minimum(np.maximum(weights, -threshold), threshold)
        total = weights.sum()
        if not total >= smallest:
            return False
        weights /= total
    return True
