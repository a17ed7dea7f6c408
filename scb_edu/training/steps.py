"""One step of a run: a fresh batch, its gradient, and the move of the optimiser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np

from scb_edu.model.gradients import to_logits
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer, softmax
from scb_edu.support.checks import Array, Tokens
from scb_edu.support.errors import ScbError
from scb_edu.training.optimizers import (
    BreakdownError,
    ColumnScaling,
    Moment,
    Optimizer,
    Parameters,
    finite,
    parameters_of,
)
from scb_edu.training.packed import BatchGradient, Packing

LARGEST_LOSS = 1e6
"""A batch with a larger loss counts as divergence; at the start the loss is below 1."""
BLOCK = 1 << 16
"""How many numbers of V or A are updated at a time: they stay in the cache for the whole step."""


class Descent:
    """The state of a run: the one place where arrays change in place, for speed.

    Parameters
    ----------
    task : SCBTask
    model : LinearTransformer or SoftmaxTransformer
        Where the run starts.
    optimizer : Optimizer
        That of the first step.
    rng : numpy.random.Generator
    """

    def __init__(
        self,
        task: SCBTask,
        model: LinearTransformer | SoftmaxTransformer,
        optimizer: Optimizer,
        rng: np.random.Generator,
    ) -> None:
        self.kind, self.rng, dtype = type(model), rng, model.value.dtype
        self.packing = Packing(task, dtype)
        self.mass = task.stationary.astype(dtype)
        is_softmax = isinstance(model, SoftmaxTransformer)
        self.moment = Moment(stationary=self.mass, is_softmax=is_softmax)
        # columns one after the other in memory: a batch reads and moves only some of them
        V, W = parameters_of(model)
        self.value, self.weights = np.array(V, dtype), np.array(W, dtype, order="F")
        self.enter(optimizer)

    def enter(self, optimizer: Optimizer) -> None:
        """Begin with an optimiser that has seen nothing yet."""
        self.optimizer = optimizer
        self.state: Any = optimizer.init(self.parameters)

    @property
    def parameters(self) -> Parameters:
        """V and the weights, read-only."""
        views = self.value.view(), self.weights.view()
        for view in views:
            view.flags.writeable = False
        return Parameters(*views)

    def model(self) -> LinearTransformer | SoftmaxTransformer:
        """Return the model that counts at this moment."""
        return self.kind(*finite(*self.optimizer.result(self.parameters, self.state)))

    def step(self, batch_size: int) -> None:
        """Draw a fresh batch and move V and A against its gradient."""
        rates = self.optimizer.rates(self.moment)
        batch = self.packing.draw(batch_size, self.rng)
        columns = self.weights.T[batch.tokens].T  # (T, K)
        # overflow is no accident here: it is how divergence is noticed
        with np.errstate(over="ignore", invalid="ignore"):
            attention = softmax(columns) if self.moment.is_softmax else columns
            gradient = self.packing.gradient(self.value, attention, batch)
            _refuse_divergence(gradient.loss)
            slope = gradient.attention
            if self.moment.is_softmax:
                slope = to_logits(slope, attention)
            if is_column_scaling(self.optimizer):
                self._move_value(self.optimizer, gradient, rates[0])
                self._move_weights(self.optimizer, slope, batch.tokens, rates[1])
            else:
                self._move(gradient.value, slope, batch.tokens)
        self.moment = self.moment.after(batch_size, rates[0])

    def _move(self, slope_V: Array, slope: Array, tokens: Tokens) -> None:
        """Let the optimiser have the whole gradient, and take what it returns."""
        slope_W = np.zeros_like(self.weights)
        slope_W.T[tokens] = slope.T
        gradient = Parameters(slope_V, slope_W)
        after = self.optimizer.update(self.parameters, gradient, self.state, self.moment)
        (V, W), self.state = _refuse_other_shapes(after, self.parameters)
        dtype = self.value.dtype
        self.value, self.weights = np.array(V, dtype), np.array(W, dtype, order="F")

    def _move_value(self, optimizer: ColumnScaling, gradient: BatchGradient, rate: float) -> None:
        # columns may be divided before the product: V needs no second matrix
        divisor = optimizer.divisor(self.mass)
        context = gradient.context if divisor is None else gradient.context / divisor
        for rows in _blocks(self.value):
            step = gradient.residual.T[rows] @ context
            self.value[rows] -= rate * step

    def _move_weights(
        self, optimizer: ColumnScaling, slope: Array, tokens: Tokens, rate: float
    ) -> None:
        """Move the columns of the tokens in the batch; the proximal step is for all columns."""
        rows, divisor = self.weights.T, optimizer.divisor(self.mass)
        for block in _blocks(slope.T):
            columns, moved = slope.T[block].T, tokens[block]
            if divisor is not None:
                columns = columns / divisor[moved]
            rows[moved] -= (rate * optimizer.direction(columns)).T
        if type(optimizer).proximal is ColumnScaling.proximal or self.moment.is_softmax:
            return
        for block in _blocks(rows):
            columns = rows[block].T
            after = optimizer.proximal(columns, self.moment, out=columns)
            if after is not columns:
                rows[block] = after.T


def is_column_scaling(optimizer: Optimizer) -> TypeGuard[ColumnScaling]:
    """Return whether the quick path gives what ``update`` does: if it is the declared one."""
    return (
        isinstance(optimizer, ColumnScaling)
        and type(optimizer).update is ColumnScaling.update
        and type(optimizer).init is Optimizer.init
    )


def _refuse_other_shapes(after: Any, before: Parameters) -> Any:
    try:
        (V, W), _ = after
        fits = np.shape(V) == before.value.shape and np.shape(W) == before.weights.shape
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ScbError(
            "optimizer: expected update to return (Parameters, state) with arrays of the shapes "
            f"{before.value.shape} and {before.weights.shape}, got {type(after).__name__}."
        )
    return after


def _refuse_divergence(loss: float) -> None:
    if not loss < LARGEST_LOSS:  # also true of nan
        raise BreakdownError(
            "diverged", f"the loss of a batch is {loss:.3g}. Try a smaller learning rate."
        )


def _blocks(rows: Array) -> Iterator[slice]:
    """Cut the rows of a matrix into slices of about ``BLOCK`` numbers."""
    height = max(1, BLOCK // rows.shape[1])
    return (slice(first, first + height) for first in range(0, len(rows), height))
