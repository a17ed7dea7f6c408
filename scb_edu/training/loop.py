"""Learning from samples: fresh batches, one optimiser or several in turn, and what was seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer, Transformer, check_fit
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.training.checkpoints import Checkpoint, Keeper
from scb_edu.training.optimizers import (
    START,
    BreakdownError,
    Moment,
    Optimizer,
    check_moment,
)
from scb_edu.training.steps import Descent
from scb_edu.training.trajectory import Columns, Record, Recorder, Status, Trajectory


@checked
@dataclass(frozen=True)
class Stage:
    """Part of a run: an optimiser, for how many steps, and on how large batches.

    Parameters
    ----------
    optimizer : Optimizer
    steps : int
    batch_size : int, or function of a Moment
        What a function returns is rounded, and has to be at least 1 then.

    Raises
    ------
    ScbError
        A number is not a whole one above zero, or the optimiser is none.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> large_first = lambda moment: max(8, 640 * np.exp(-moment.time))
    >>> stage = scb.training.Stage(scb.SGD(0.1), steps=10, batch_size=large_first)
    >>> stage.batch_at(scb.training.Moment()), stage.batch_at(scb.training.Moment(time=9))
    (640, 8)
    """

    optimizer: Optimizer
    steps: int
    batch_size: int | Callable[[Moment], float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", checks.positive_int("steps", self.steps))
        if not callable(self.batch_size):
            size = checks.positive_int("batch_size", self.batch_size)
            object.__setattr__(self, "batch_size", size)

    def batch_at(self, moment: Moment) -> int:
        """Return the size of the batch that is drawn at a moment.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.training.Stage(scb.SGD(0.1), 10, 64).batch_at(scb.training.Moment())
        64
        """
        check_moment(moment)
        if not callable(self.batch_size):
            return self.batch_size
        size = round(checks.real_number("batch_size", self.batch_size(moment)))
        return checks.positive_int("batch_size", size)


@checked
def train(
    task: SCBTask,
    model: LinearTransformer | SoftmaxTransformer,
    optimizer: Optimizer,
    *,
    steps: int,
    batch_size: int | Callable[[Moment], float],
    rng: np.random.Generator,
    **options: Any,
) -> Trajectory:
    """Train a model on fresh batches of a task.

    Parameters
    ----------
    task : SCBTask
    model : LinearTransformer or SoftmaxTransformer
        Where the run starts; it stays as it is. A float32 model is trained in float32.
    optimizer : Optimizer
        Such as ``SGD`` or ``ProximalGradient``, or one of your own.
    steps : int
    batch_size : int, or function of a Moment
    rng : numpy.random.Generator
        Where all randomness of the run comes from.
    **options
        What is recorded, when to stop, a progress bar, a checkpoint: see ``train_stages``.

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
    return train_stages(task, model, [Stage(optimizer, steps, batch_size)], rng=rng, **options)


@checked
def train_stages(
    task: SCBTask,
    model: LinearTransformer | SoftmaxTransformer,
    stages: Sequence[Stage],
    *,
    rng: np.random.Generator,
    record_every: int | None = None,
    record: Columns | None = None,
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
    record_every : int, optional
        Steps between two records; without it there are about a hundred, and fewer where looking
        would take longer than a tenth of the training. The start and the last step are always
        recorded.
    record : mapping of names to functions of (model, task), optional
        Further columns: each function returns a number, or an array that always has one shape.
    snapshot_every : int, optional
        Steps between two copies of the attention A, beginning at the start; without it, none.
    stop : function of a Record, optional
        Asked at every record, the first and the last too; the run ends where it returns true.
        The record holds the model.
    progress : bool
        Whether to show a progress bar.
    checkpoint : Checkpoint or path, optional
        Where the run is kept on disk. If the file is there already, the run goes on from it and
        ends with the same numbers as one that was never interrupted. A finished or stopped run
        goes on, too, where there are steps left: give more of them, or another stage.

    Returns
    -------
    Trajectory

    Raises
    ------
    ScbError
        An argument is not as described, or the checkpoint cannot be written, is damaged or
        belongs to another run.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

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
    plan = _plan(task, model, stages)
    descent = Descent(task, model, plan[0].optimizer, rng)
    total = sum(stage.steps for stage in plan)
    usual = Recorder.interval(task, total, plan[0].batch_at(START))
    every = usual if record_every is None else record_every
    recorder = Recorder(task, every, snapshot_every, record)
    settings = (record_every and recorder.every, recorder.snapshot_every, sorted(recorder.columns))
    keeper = Keeper(checkpoint, descent, recorder, plan, settings)
    status = keeper.load()
    if recorder.last is None:
        _note(descent, recorder, at_the_end=True)
    if status is None or (status.ok and descent.moment.step < total):
        keeper.save(None)  # before the first step: a file that cannot be written is refused now
        begin = descent.moment.step
        with tqdm(total=total, initial=begin, unit="step", disable=not progress) as bar:
            status = _advance(descent, recorder, plan, stop, (bar.update, keeper.tick))
        keeper.save(status)
    return recorder.trajectory(status)


def _plan(task: SCBTask, model: Transformer, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    check_fit(model, task)
    plan = tuple(stages)
    if not plan:
        raise ScbError(f"stages: expected a list of at least one Stage, got {stages!r}.")
    if isinstance(model, SoftmaxTransformer):
        for stage in plan:
            stage.optimizer.check_softmax()
    return plan


def _advance(
    descent: Descent,
    recorder: Recorder,
    plan: Sequence[Stage],
    stop: Callable[[Record], bool] | None,
    after_step: Sequence[Callable[[], object]],
) -> Status:
    """Make the steps that are left and return how the run ended."""
    ends = list(accumulate(stage.steps for stage in plan))

    def wanted() -> bool:
        last = recorder.last
        return bool(stop and last and last.step == descent.moment.step and stop(last))

    try:
        if wanted():
            return Status.of("stopped", descent.moment, "as asked")
        for stage, end in zip(plan, ends, strict=True):
            if descent.moment.step == end - stage.steps > 0:
                descent.enter(stage.optimizer)
            while descent.moment.step < end:
                descent.step(stage.batch_at(descent.moment))
                _note(descent, recorder, at_the_end=descent.moment.step == ends[-1])
                for do in after_step:
                    do()
                if wanted():
                    return Status.of("stopped", descent.moment, "as asked")
        return Status.of("finished", descent.moment)
    except BreakdownError as error:
        return Status.of(error.ended, descent.moment, str(error))


def _note(descent: Descent, recorder: Recorder, *, at_the_end: bool) -> None:
    """Record this moment, and keep a snapshot, where they are due."""
    record, snapshot = recorder.due(descent.moment.step, at_the_end=at_the_end)
    if record or snapshot:
        recorder.note(descent.moment, descent.model(), snapshot_only=not record)
