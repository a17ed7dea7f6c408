"""Learning from samples: fresh batches, one optimiser or several in turn, and what was seen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import chain, islice, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from scb_edu.model.gradients import population_loss, to_logits
from scb_edu.model.task import SCBTask, check_task
from scb_edu.model.transformer import (
    Distances,
    LinearTransformer,
    Signals,
    SoftmaxTransformer,
    check_fit,
    distances,
    signals,
    softmax,
)
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.support.errors import ScbError
from scb_edu.training import checkpoints
from scb_edu.training.checkpoints import Checkpoint, fingerprint, generator_state, restore_generator
from scb_edu.training.optimizers import BreakdownError, Optimizer, finite
from scb_edu.training.packed import BatchGradient, Packing
from scb_edu.training.trajectory import Record, Status, Trajectory

LARGEST_LOSS = 1e6
"""A batch with a larger loss counts as divergence; at the start the loss is below 1."""
RECORDS = 100
BLOCK = 1 << 16
"""How many numbers of V or A are updated at a time: they stay in the cache for the whole step."""


@dataclass(frozen=True)
class Stage:
    """Part of a run: an optimiser, for how many steps, and on how large batches.

    Parameters
    ----------
    optimizer : SGD, ProjectedSGD or ProximalGradient
    steps, batch_size : int

    Raises
    ------
    ScbError
        A number is not a whole one above zero, or the optimiser is none.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.training.Stage(scb.SGD(0.1), steps=10, batch_size=64).steps
    10
    """

    optimizer: Optimizer
    steps: int
    batch_size: int

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, Optimizer):
            raise ScbError(f"optimizer: expected one such as SGD(0.01), got {self.optimizer!r}.")
        checks.positive_int("steps", self.steps)
        checks.positive_int("batch_size", self.batch_size)


def train(
    task: SCBTask,
    model: LinearTransformer | SoftmaxTransformer,
    optimizer: Optimizer,
    *,
    steps: int,
    batch_size: int,
    rng: np.random.Generator,
    record_every: int | None = None,
    snapshot_every: int | None = None,
    stop: Callable[[Record], bool] | None = None,
    progress: bool = False,
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
) -> Trajectory:
    """Train a model on fresh batches of a task.

    Parameters
    ----------
    task : SCBTask
    model : LinearTransformer or SoftmaxTransformer
        Where the run starts; it stays as it is. A float32 model is trained in float32.
    optimizer : SGD, ProjectedSGD or ProximalGradient
    steps, batch_size : int
    rng : numpy.random.Generator
        Where all randomness of the run comes from.
    record_every : int, optional
        Steps between two records; without it there are about a hundred. The start and the last
        step are always recorded.
    snapshot_every : int, optional
        Steps between two copies of the attention A, beginning at the start; without it, none.
    stop : function of a Record, optional
        Asked at every record; the run ends where it returns true.
    progress : bool
        Whether to show a progress bar.
    checkpoint : Checkpoint or path, optional
        Where the run is kept on disk. If the file is there already, the run goes on from it and
        ends with the same numbers as one that was never interrupted.

    Returns
    -------
    Trajectory
        Also of a run that diverged: ``status`` says how it ended.

    Raises
    ------
    ScbError
        An argument is not as described, or the checkpoint is damaged or belongs to another run.

    Notes
    -----
    Source: Ren, Wang and Lee (2024). Book: 05-algorithm, eq-proximal-step.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> start = scb.LinearTransformer.initial(task)
    >>> run = scb.train(task, start, scb.ProximalGradient(0.05, penalty=0.01), steps=2000,
    ...                 batch_size=64, rng=np.random.default_rng(0))
    >>> run.status.message
    'finished: 2,000 steps, 128,000 samples'
    >>> bool(run.distances.attention[-1] < 0.1 * run.distances.attention[0])
    True
    """
    return train_stages(
        task,
        model,
        [Stage(optimizer, steps, batch_size)],
        rng=rng,
        record_every=record_every,
        snapshot_every=snapshot_every,
        stop=stop,
        progress=progress,
        checkpoint=checkpoint,
    )


def train_stages(
    task: SCBTask,
    model: LinearTransformer | SoftmaxTransformer,
    stages: Sequence[Stage],
    *,
    rng: np.random.Generator,
    record_every: int | None = None,
    snapshot_every: int | None = None,
    stop: Callable[[Record], bool] | None = None,
    progress: bool = False,
    checkpoint: Checkpoint | str | os.PathLike[str] | None = None,
) -> Trajectory:
    """Train a model in stages, each with its own optimiser and batch size.

    Parameters
    ----------
    task : SCBTask
    model : LinearTransformer or SoftmaxTransformer
    stages : sequence of Stage
    rng : numpy.random.Generator
    record_every, snapshot_every, stop, progress, checkpoint
        As for ``train``.

    Returns
    -------
    Trajectory

    Raises
    ------
    ScbError
        An argument is not as described, or the checkpoint is damaged or belongs to another run.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> first = scb.training.Stage(scb.ProximalGradient(0.05), steps=50, batch_size=256)
    >>> then = scb.training.Stage(scb.ProximalGradient(0.05, 0.02), steps=100, batch_size=16)
    >>> start = scb.LinearTransformer.initial(task)
    >>> run = scb.training.train_stages(task, start, [first, then], rng=np.random.default_rng(0),
    ...                                 record_every=50)
    >>> run.samples.tolist()
    [0, 12800, 13600, 14400]
    """
    _check(task, model, stages)
    total = sum(stage.steps for stage in stages)
    every = max(1, total // RECORDS) if record_every is None else record_every
    run = _Run(
        task,
        model,
        checks.generator("rng", rng),
        checks.positive_int("record_every", every),
        None if snapshot_every is None else checks.positive_int("snapshot_every", snapshot_every),
    )
    keep = Checkpoint(checkpoint) if isinstance(checkpoint, str | os.PathLike) else checkpoint
    identity = run.identity(stages) if keep else ""  # it reads every array
    if keep and (kept := checkpoints.load(keep, identity)):
        run.restore(kept)
    todo = () if run.status else _advance(run, stages, stop)
    with tqdm(total=total, initial=run.step, unit="step", disable=not progress) as bar:
        for _ in todo:
            bar.update()
            if keep and run.step % keep.every == 0:
                checkpoints.save(keep, identity, run.kept())
    if keep and todo:
        checkpoints.save(keep, identity, run.kept())
    return run.trajectory()


def _check(
    task: SCBTask, model: LinearTransformer | SoftmaxTransformer, stages: Sequence[Stage]
) -> None:
    check_task(task)
    if not isinstance(model, LinearTransformer | SoftmaxTransformer):
        raise ScbError(f"model: expected a transformer to start from, got {type(model).__name__}.")
    check_fit(model, task)
    if not stages or not all(isinstance(stage, Stage) for stage in stages):
        raise ScbError(f"stages: expected a list of at least one Stage, got {stages!r}.")
    if isinstance(model, SoftmaxTransformer):
        for stage in stages:
            stage.optimizer.check_softmax()


def _advance(
    run: _Run, stages: Sequence[Stage], stop: Callable[[Record], bool] | None
) -> Iterator[None]:
    """Make the steps that are left, one at a time, and note how the run ended."""
    plan = chain.from_iterable(repeat(stage, stage.steps) for stage in stages)
    last = sum(stage.steps for stage in stages)
    try:
        for stage in islice(plan, run.step, None):
            if stop and run.records[-1].step == run.step and stop(run.records[-1]):
                return run.end("stopped", "as asked")
            run.make_step(stage)
            run.note(at_the_end=run.step == last)
            yield
        run.end("finished")
    except BreakdownError as error:
        run.end(error.ended, str(error))


class _Run:
    """A run while it goes on: the one place where arrays change in place, for speed."""

    def __init__(
        self,
        task: SCBTask,
        model: LinearTransformer | SoftmaxTransformer,
        rng: np.random.Generator,
        record_every: int,
        snapshot_every: int | None,
    ) -> None:
        self.task, self.rng, self.is_softmax = task, rng, isinstance(model, SoftmaxTransformer)
        self.record_every, self.snapshot_every = record_every, snapshot_every
        dtype = model.value.dtype
        self.packing, self.mass = Packing(task, dtype), task.stationary.astype(dtype)
        self.value = np.array(model.value)
        # columns one after the other in memory: a batch reads and moves only some of them
        self.weights = np.array(_weights_of(model), dtype=dtype, order="F")
        self.step = self.samples = 0
        self.records: list[Record] = []
        self.snapshots: dict[int, Array] = {}
        self.status: Status | None = None
        self.note()

    def make_step(self, stage: Stage) -> None:
        """Draw a fresh batch and move V and A against its gradient."""
        batch = self.packing.draw(stage.batch_size, self.rng)
        columns = self.weights.T[batch.tokens].T  # (T, K)
        # overflow is no accident here: it is how divergence is noticed
        with np.errstate(over="ignore", invalid="ignore"):
            attention = softmax(columns) if self.is_softmax else columns
            gradient = self.packing.gradient(self.value, attention, batch)
            _refuse_divergence(gradient.loss)
            slope = (
                to_logits(gradient.attention, attention) if self.is_softmax else gradient.attention
            )
            self._move_value(stage.optimizer, gradient)
            self._move_weights(stage.optimizer, slope, batch.tokens)
        self.step += 1
        self.samples += stage.batch_size

    def _move_value(self, optimizer: Optimizer, gradient: BatchGradient) -> None:
        # a direction scales columns, so it may come before the product: V needs no second matrix
        context = optimizer.value_direction(gradient.context, self.mass)
        for rows in _blocks(self.value):
            step = gradient.residual.T[rows] @ context
            self.value[rows] -= optimizer.learning_rate * step

    def _move_weights(self, optimizer: Optimizer, slope: Array, tokens: Tokens) -> None:
        """Move the columns of the tokens in the batch; the proximal step is for all columns."""
        rows = self.weights.T
        for block in _blocks(slope.T):
            moved = tokens[block]
            direction = optimizer.attention_direction(slope.T[block].T, self.mass[moved])
            rows[moved] -= (optimizer.rate_of_attention * direction).T
        if optimizer.has_proximal_step and not self.is_softmax:
            for block in _blocks(rows):
                optimizer.proximal(rows[block].T, out=rows[block].T)

    def note(self, *, at_the_end: bool = False) -> None:
        """Record this moment, and keep a snapshot, where they are due."""
        record = at_the_end or self.step % self.record_every == 0
        snapshot = self.snapshot_every and self.step % self.snapshot_every == 0
        if not (record or snapshot):
            return
        model = self._current_model()
        if record:
            self.model = model
            self.records.append(_record(self.step, self.samples, model, self.task))
        if snapshot:
            self.snapshots[self.step] = np.array(model.attention, order="C")

    def end(self, ended: str, reason: str = "") -> None:
        """Note how the run ended."""
        words = f"{ended}: {self.step:,} steps, {self.samples:,} samples"
        self.status = Status(ended, self.step, f"{words}; {reason}" if reason else words)

    def trajectory(self) -> Trajectory:
        """Return the run as its reader sees it."""
        if self.status is None:
            raise RuntimeError("a run that goes on has no trajectory yet")
        rows = np.array([_flat(record) for record in self.records]).T  # (7, R)
        return Trajectory(
            rows[0].astype(np.int64),
            rows[1].astype(np.int64),
            rows[2],
            Signals(rows[3], rows[4]),
            Distances(rows[5], rows[6]),
            *self._stacked_snapshots(),
            self.model,
            self.status,
        )

    def identity(self, stages: Sequence[Stage]) -> str:
        """Return what tells this run from every other."""
        return fingerprint(
            *(self.task.transition, self.task.attention, self.task.stationary),
            *(self.value, self.weights, self.is_softmax, list(stages)),
            *(self.record_every, self.snapshot_every, generator_state(self.rng)),
        )

    def kept(self) -> dict[str, NDArray[Any]]:
        """Return all that a checkpoint holds."""
        steps, snapshots = self._stacked_snapshots()
        state = [self.step, self.samples, astuple(self.status) if self.status else None]
        return {
            "value": self.value,
            "weights": self.weights,
            "recorded_value": self.model.value,
            "recorded_weights": _weights_of(self.model),
            "records": np.array([_flat(record) for record in self.records]),
            "snapshot_step": steps,
            "snapshots": snapshots,
            "state": np.array(json.dumps(state)),
            "rng": np.array(generator_state(self.rng)),
        }

    def restore(self, kept: dict[str, NDArray[Any]]) -> None:
        """Go back to what a checkpoint holds."""
        self.value, self.weights = kept["value"], np.asfortranarray(kept["weights"])
        self.model = self._kind(kept["recorded_value"], kept["recorded_weights"])
        self.records = [_unflat(row) for row in kept["records"]]
        self.snapshots = dict(zip(kept["snapshot_step"].tolist(), kept["snapshots"], strict=True))
        self.step, self.samples, status = json.loads(str(kept["state"]))
        self.status = Status(*status) if status else None
        restore_generator(self.rng, str(kept["rng"]))

    @property
    def _kind(self) -> type[LinearTransformer] | type[SoftmaxTransformer]:
        return SoftmaxTransformer if self.is_softmax else LinearTransformer

    def _current_model(self) -> LinearTransformer | SoftmaxTransformer:
        return self._kind(*finite(self.value, self.weights))

    def _stacked_snapshots(self) -> tuple[NDArray[np.int64], Array]:
        steps = np.array(list(self.snapshots), dtype=np.int64)
        shape = (0, *self.weights.shape)
        stack = np.stack(list(self.snapshots.values())) if self.snapshots else np.empty(shape)
        return steps, stack


def _refuse_divergence(loss: float) -> None:
    if not loss < LARGEST_LOSS:  # also true of nan
        raise BreakdownError(
            "diverged", f"the loss of a batch is {loss:.3g}. Try a smaller learning rate."
        )


def _blocks(rows: Array) -> Iterator[slice]:
    """Cut the rows of a matrix into slices of about ``BLOCK`` numbers."""
    height = max(1, BLOCK // rows.shape[1])
    return (slice(first, first + height) for first in range(0, len(rows), height))


def _weights_of(model: LinearTransformer | SoftmaxTransformer) -> Array:
    return model.logits if isinstance(model, SoftmaxTransformer) else model.attention


def _record(
    step: int, samples: int, model: LinearTransformer | SoftmaxTransformer, task: SCBTask
) -> Record:
    loss = population_loss(model, task)
    return Record(step, samples, loss, signals(model, task), distances(model, task))


def _flat(record: Record) -> tuple[float, ...]:
    signals, distances = astuple(record.signals), astuple(record.distances)
    return (record.step, record.samples, record.loss, *signals, *distances)


def _unflat(row: Array) -> Record:
    step, samples, loss, *rest = row.tolist()
    return Record(int(step), int(samples), loss, Signals(*rest[:2]), Distances(*rest[2:]))
