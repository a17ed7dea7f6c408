"""What is seen of a run: its records, its status, its whole course."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scb_edu.model.gradients import population_loss
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import (
    Distances,
    LinearTransformer,
    Signals,
    SoftmaxTransformer,
    distances,
    signals,
)
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.training.optimizers import Moment

RECORDS = 100
"""How often a run looks at its model unless told."""

Columns = Mapping[str, Callable[[Any, SCBTask], Any]]
"""Names and functions of (model, task): what is recorded beside the usual numbers."""


@checked
@dataclass(frozen=True, eq=False)
class Record:
    """What is noted of one moment of a run.

    Parameters
    ----------
    step, samples : int
        Made and seen so far.
    time : float
        The learning rates of V of all steps so far, added up.
    loss : float
        The population loss, irreducible part included.
    signals : Signals
    distances : Distances
    model : LinearTransformer or SoftmaxTransformer
    columns : mapping of names to arrays
        What ``record=`` asked for.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> start = scb.LinearTransformer.initial(scb.SCBTask.example())
    >>> near, far = scb.Signals(0.0, 0.0), scb.Distances(0.4, 0.7)
    >>> scb.training.Record(0, 0, 0.0, 0.33, near, far, start).samples
    0
    """

    step: int
    samples: int
    time: float
    loss: float
    signals: Signals[float]
    distances: Distances[float]
    model: LinearTransformer | SoftmaxTransformer
    columns: Mapping[str, Array] = field(default_factory=dict)


@checked
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
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.training.Status("diverged", 12, "diverged after 12 steps").ok
    False
    """

    ended: str
    step: int
    message: str

    @classmethod
    @checked
    def of(cls, ended: str, moment: Moment, reason: str = "") -> Status:
        """Return the status of a run that ended at a moment.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.training.Status.of("stopped", scb.training.Moment(9, 72), "as asked").message
        'stopped: 9 steps, 72 samples; as asked'
        """
        words = f"{ended}: {moment.step:,} steps, {moment.samples:,} samples"
        return cls(ended, moment.step, f"{words}; {reason}" if reason else words)

    @property
    def ok(self) -> bool:
        """Whether the run finished or was stopped as asked."""
        return self.ended in ("finished", "stopped")


@checked
@dataclass(frozen=True, eq=False)
class Trajectory:
    """A run: what was recorded of it, its model at the last record, and how it ended.

    Parameters
    ----------
    step, samples, time, loss : (R,) arrays
        One entry a record; ``time`` adds up the learning rates of V, ``loss`` is the population
        loss, irreducible part included.
    signals : Signals
    distances : Distances
        Of (R,) arrays.
    columns : mapping of names to (R, ...) arrays
        What ``record=`` asked for.
    snapshot_step : (S,) array
    snapshots : (S, T, N) array
        The attention A at these steps, where snapshots were asked for.
    model : LinearTransformer or SoftmaxTransformer
    status : Status

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

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
    time: Array
    loss: Array
    signals: Signals[Array]
    distances: Distances[Array]
    columns: Mapping[str, Array]
    snapshot_step: NDArray[np.int64]
    snapshots: Array
    model: LinearTransformer | SoftmaxTransformer
    status: Status

    def __repr__(self) -> str:
        return f"Trajectory({self.status.message})"


class Recorder:
    """Takes down what is recorded of a run, while it goes on.

    Parameters
    ----------
    task : SCBTask
    every : int
        Steps between two records.
    snapshot_every : int, optional
        Steps between two copies of the attention.
    columns : mapping of names to functions of (model, task)
        Each returns a number, or an array that always has one shape.

    Raises
    ------
    ScbError
        An interval is not a whole number above zero, or a column is no function or has the name
        of a usual one; when a moment is noted, what a function returned is no number.
    """

    def __init__(
        self, task: SCBTask, every: int, snapshot_every: int | None, columns: Columns | None
    ) -> None:
        self.task, self.every = task, checks.positive_int("record_every", every)
        self.snapshot_every = snapshot_every
        if snapshot_every is not None:
            self.snapshot_every = checks.positive_int("snapshot_every", snapshot_every)
        self.columns = dict(columns or {})
        for name, function in self.columns.items():
            if not callable(function) or name in Trajectory.__dataclass_fields__:
                expected = "a new name and a function of (model, task)"
                raise ScbError(f"record: expected {expected}, got {name!r}: {function!r}.")
        self.rows: list[tuple[float, ...]] = []
        self.extra: dict[str, list[Array]] = {name: [] for name in self.columns}
        self.snapshots: dict[int, Array] = {}
        self.last: Record | None = None

    @staticmethod
    def interval(task: SCBTask, steps: int, batch_size: int) -> int:
        """Return the steps between two records unless told: looking takes about a tenth at most.

        Examples
        --------
        >>> import scb_edu as scb
        >>> from scb_edu.training.trajectory import Recorder
        >>> [Recorder.interval(scb.SCBTask.example(T), 500, 64) for T in (1000, 100_000)]
        [5, 7]
        """
        N, T, B = task.vocab_size, task.context_length, batch_size
        # nanoseconds, as measured once: the sizes decide, not the clock of this run
        look = 7 * N * (N + T)
        step = 160_000 + B * T + N * (N + T) + B * N * N // 20
        return max(1, steps // RECORDS, -(-20 * look // step))

    def due(self, step: int, *, at_the_end: bool) -> tuple[bool, bool]:
        """Return whether a record and whether a snapshot is due."""
        snapshot = self.snapshot_every is not None and step % self.snapshot_every == 0
        return at_the_end or step % self.every == 0, snapshot

    def note(
        self, moment: Moment, model: LinearTransformer | SoftmaxTransformer, *, snapshot_only: bool
    ) -> None:
        """Take down a moment: a record, a snapshot, or both."""
        if self.due(moment.step, at_the_end=False)[1]:
            self.snapshots[moment.step] = np.array(model.attention, order="C")
        if not snapshot_only:
            self.last = None  # a large model is let go before the next one is looked at
            self.last = self._record(moment, model)
            self.rows.append(_flat(self.last))
            for name, value in self.last.columns.items():
                _refuse_other_shape(name, value, self.extra[name])
                self.extra[name].append(value)

    def _record(self, moment: Moment, model: LinearTransformer | SoftmaxTransformer) -> Record:
        usual = population_loss(model, self.task), signals(model, self.task)
        columns = {
            name: _number(name, function(model, self.task))
            for name, function in self.columns.items()
        }
        far = distances(model, self.task)
        return Record(moment.step, moment.samples, moment.time, *usual, far, model, columns)

    def kept(self) -> dict[str, NDArray[Any]]:
        """Return all that a checkpoint holds of it."""
        steps, snapshots = self._stacked_snapshots()
        kept = {"records": np.array(self.rows), "snapshot_step": steps, "snapshots": snapshots}
        return kept | {f"column {name}": np.array(rows) for name, rows in self.extra.items()}

    def restore(
        self, kept: Mapping[str, NDArray[Any]], model: LinearTransformer | SoftmaxTransformer
    ) -> None:
        """Go back to what a checkpoint holds; the model is that of the last record."""
        self.rows = [tuple(row) for row in kept["records"].tolist()]
        self.extra = {name: list(kept[f"column {name}"]) for name in self.columns}
        steps = map(int, kept["snapshot_step"].tolist())
        self.snapshots = dict(zip(steps, kept["snapshots"], strict=True))
        step, samples, time, loss, *rest = self.rows[-1]
        usual = Signals(*rest[:2]), Distances(*rest[2:])
        latest = {name: values[-1] for name, values in self.extra.items()}
        self.last = Record(int(step), int(samples), time, loss, *usual, model, latest)

    def trajectory(self, status: Status) -> Trajectory:
        """Return the run as its reader sees it."""
        if self.last is None:
            raise RuntimeError("a run without a record has no trajectory")
        step, samples, time, loss, *rest = np.array(self.rows).T  # (R,) each
        return Trajectory(
            *(step.astype(np.int64), samples.astype(np.int64), time, loss),
            *(Signals(*rest[:2]), Distances(*rest[2:])),
            {name: np.array(values) for name, values in self.extra.items()},
            *self._stacked_snapshots(),
            self.last.model,
            status,
        )

    def _stacked_snapshots(self) -> tuple[NDArray[np.int64], Array]:
        steps = np.array(list(self.snapshots), dtype=np.int64)
        nothing = np.empty((0, self.task.context_length, self.task.vocab_size))
        return steps, np.stack(list(self.snapshots.values())) if self.snapshots else nothing


def _number(name: str, value: object) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        got = type(value).__name__
        raise ScbError(f"record[{name!r}]: expected a number or an array of them, got {got}.")
    return array


def _refuse_other_shape(name: str, value: Array, before: list[Array]) -> None:
    if before and value.shape != before[0].shape:
        shapes = f"{before[0].shape} as at the first record, got {value.shape}"
        raise ScbError(f"record[{name!r}]: expected the shape {shapes}.")


def _flat(record: Record) -> tuple[float, ...]:
    near, far = astuple(record.signals), astuple(record.distances)
    return (record.step, record.samples, record.time, record.loss, *near, *far)
