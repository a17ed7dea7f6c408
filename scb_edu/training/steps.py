"""One step of a run: a fresh batch, its gradient, and the move of the optimiser."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer
from scb_edu.support.errors import ScbError
from scb_edu.training import compiled, packed
from scb_edu.training.optimizers import (
    BreakdownError,
    Moment,
    Optimizer,
    Parameters,
    finite,
    parameters_of,
)

LARGEST_LOSS = 1e6
"""A batch with a larger loss counts as divergence; at the start the loss is below 1."""


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
        self.kind, dtype = type(model), model.value.dtype
        self.supply = packed.Supply(task, dtype, rng)
        is_softmax = isinstance(model, SoftmaxTransformer)
        self.moment = Moment(stationary=task.stationary.astype(dtype), is_softmax=is_softmax)
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
        rates, optimizer = self.optimizer.rates(self.moment), self.optimizer
        here = (self.value, self.weights, self.supply.next(batch_size), self.supply.packing)
        # overflow is no accident here: it is how divergence is noticed
        with np.errstate(over="ignore", invalid="ignore"):
            if compiled.suits(optimizer, self.moment):
                how = (optimizer, self.moment, rates)
                _refuse_divergence(compiled.descend(*here, *how, LARGEST_LOSS))
            else:
                gradient = packed.slopes(*here, self.moment)
                _refuse_divergence(gradient.loss)
                if packed.is_column_scaling(optimizer):
                    packed.move(self.value, self.weights, gradient, optimizer, self.moment, rates)
                else:
                    self._move(gradient)
        self.moment = self.moment._later(batch_size, rates[0])

    def _move(self, gradient: packed.BatchGradient) -> None:
        """Let the optimiser have the whole gradient, and take what it returns."""
        slope_W = np.zeros_like(self.weights)
        slope_W.T[gradient.tokens] = gradient.attention.T
        slope = Parameters(gradient.value, slope_W)
        after = self.optimizer.update(self.parameters, slope, self.state, self.moment)
        (V, W), self.state = _refuse_other_shapes(after, self.parameters)
        dtype = self.value.dtype
        self.value, self.weights = np.array(V, dtype), np.array(W, dtype, order="F")


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
