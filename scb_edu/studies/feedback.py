"""The studies of the feedback: what the noise of A does to a run, and runs without that noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from scb_edu.model.norms import weighted_inner_product
from scb_edu.model.task import SCBTask
from scb_edu.support.checks import Array
from scb_edu.training.optimizers import Moment, Parameters, ProximalGradient


@dataclass(frozen=True)
class OnItsLine(ProximalGradient):
    """The proximal method, which puts A back on its line from uniform to Q after each step.

    The noise of A that is not on the line is gone before V sees it: what is left is alpha_A.

    Parameters
    ----------
    learning_rate, penalty, attention_rate
        As for ``ProximalGradient``.
    task : SCBTask
        Whose Q the line leads to: no method that a learner could use.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(50)
    >>> run = scb.train(task, scb.LinearTransformer.initial(task), OnItsLine(0.1, task=task),
    ...                 steps=20, batch_size=4, rng=np.random.default_rng(0))
    >>> line = scb.LinearTransformer.from_signals(task, 0.0, run.signals.attention[-1])
    >>> bool(np.allclose(run.model.attention, line.attention))
    True
    """

    task: SCBTask = field(kw_only=True)

    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the parameters after a step of the method, A on its line."""
        (V, W), state = super().update(parameters, gradient, state, moment)
        task, far = self.task, self._far.astype(W.dtype)
        along = weighted_inner_product(W, far, task.stationary) / task.attention_energy
        return Parameters(V, 1 / len(W) + W.dtype.type(along) * far), state

    @cached_property
    def _far(self) -> Array:
        """Q - 11^T/T, whose columns sum to zero."""
        return np.asfortranarray(self.task.attention - 1 / self.task.context_length)
