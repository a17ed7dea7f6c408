"""What is seen of a run: its records, its status, its whole course."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scb_edu.model.transformer import Distances, LinearTransformer, Signals, SoftmaxTransformer
from scb_edu.support.checks import Array


@dataclass(frozen=True)
class Record:
    """What is noted of one moment of a run.

    Parameters
    ----------
    step, samples : int
        Made and seen so far.
    loss : float
        The population loss, irreducible part included.
    signals : Signals
    distances : Distances

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> start = scb.training.Record(0, 0, 0.33, scb.Signals(0.0, 0.0), scb.Distances(0.4, 0.7))
    >>> start.samples
    0
    """

    step: int
    samples: int
    loss: float
    signals: Signals[float]
    distances: Distances[float]


@dataclass(frozen=True)
class Status:
    """How a run ended.

    Parameters
    ----------
    ended : str
        "finished" (all steps made), "stopped" (as asked), "diverged" or "vanished".
    step : int
        How many steps had been made.
    message : str
        What happened, when, and if it went wrong what to try.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.training.Status("diverged", 12, "diverged after 12 steps").ok
    False
    """

    ended: str
    step: int
    message: str

    @property
    def ok(self) -> bool:
        """Whether the run finished or was stopped as asked."""
        return self.ended in ("finished", "stopped")


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A run: what was recorded of it, its model at the last record, and how it ended.

    Parameters
    ----------
    step, samples, loss : (R,) arrays
        One entry a record; ``loss`` is the population loss, irreducible part included.
    signals : Signals
    distances : Distances
        Of (R,) arrays.
    snapshot_step : (S,) array
    snapshots : (S, T, N) array
        The attention A at these steps, where snapshots were asked for.
    model : LinearTransformer or SoftmaxTransformer
    status : Status

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> run = scb.train(task, scb.LinearTransformer.initial(task), scb.SGD(0.1), steps=20,
    ...                 batch_size=8, rng=np.random.default_rng(0), record_every=10)
    >>> run.step.tolist(), run.samples.tolist(), run.signals.value.shape
    ([0, 10, 20], [0, 80, 160], (3,))
    """

    step: NDArray[np.int64]
    samples: NDArray[np.int64]
    loss: Array
    signals: Signals[Array]
    distances: Distances[Array]
    snapshot_step: NDArray[np.int64]
    snapshots: Array
    model: LinearTransformer | SoftmaxTransformer
    status: Status

    def __repr__(self) -> str:
        return f"Trajectory({self.status.message})"
