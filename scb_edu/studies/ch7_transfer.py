"""The studies of chapter 7: what a pretrained value matrix saves, and when it is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scb_edu.experiments.intervals import quantile_interval, wilson_interval
from scb_edu.model.gradients import gradient
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals
from scb_edu.studies.stage2 import POLISH, at_the_truth, polish
from scb_edu.studies.study import Study
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.theory.complexity import initial_signal_drift
from scb_edu.theory.correlated import correlated_task
from scb_edu.theory.feedback import FeedbackPaths, feedback_paths, feedback_strength
from scb_edu.theory.finetuning import (
    growing_mode,
    selection_samples,
    temper,
    transfer,
    transfer_chance,
    transfer_noise,
)
from scb_edu.theory.second_stage import giant_step
from scb_edu.training import Stage, train, train_stages
from scb_edu.training.optimizers import Optimizer, ProximalGradient
from scb_edu.training.trajectory import Record, Trajectory

RATE, PENALTY, BATCH = 0.02, 0.003, 64
SIDE_RATE, SIDE_BATCH = 0.04, 32  # louder, so that the boundary is wide enough to be seen
SIDE_STEPS, SIDE_LOOK = 1500, 5  # at most so many steps, and between two looks
SIDE_LENGTHS = (100, 200, 400, 800, 1600)
SIDE_THETAS = (-0.05, -0.025, 0.0, 0.025, 0.05, 0.1)
QUIET_BATCH = 2.56  # over T, at the same rate: chi is .05
QUIET_DEVIATIONS = (-1.0, 0.0, 1.0, 1.645)  # of the noise, by which the start is on the right side
DECIDED = 0.3  # |alpha_A| at which a run has chosen its side
PRETRAINING = 3000  # steps on the related task
LEAP_RATE = 0.4  # of A in a giant step, over theta
HALF_WAY = 0.5
DEVIATIONS = 3.27  # of the noise, that the threshold of a giant step takes
TEMPERED = {"context_length": 6400, "theta": 0.1}
SHARES = (1.0, 0.3, 0.1, 0.03, 0.01)  # epsilon
PATHS = 10  # of the simulation, for each run


def pretrained(
    start: str, theta: float, task: SCBTask, rng: np.random.Generator
) -> LinearTransformer:
    """Return a model whose V has the correlation theta with the P of the task.

    "related": V is the transition of another task, theta of it right and the rest beside it.
    "aligned": V = mu 1^T + theta (P - mu 1^T), with nothing beside it.
    "scratch": V = mu 1^T.
    """
    if start == "related":
        return LinearTransformer.oracle(correlated_task(task, theta, rng), dtype=np.float32)
    if start == "aligned":
        return LinearTransformer.from_signals(task, theta, 0.0, dtype=np.float32)
    if start == "scratch":
        return LinearTransformer.initial(task, dtype=np.float32)
    raise ScbError(f"start: expected 'related', 'aligned' or 'scratch', got {start!r}.")


def downstream(
    rng: np.random.Generator,
    start: str,
    theta: float,
    context_length: int,
    optimizer: Optimizer,
    **options: Any,
) -> Trajectory:
    """Train on the running example from a pretrained V; options as for ``train``."""
    task = SCBTask.example(context_length)
    begin = transfer(pretrained(start, theta, task, rng), task)
    return train(task, begin, optimizer, rng=rng, **options)


def leap(
    rng: np.random.Generator, *, start: str, theta: float, context_length: int, factor: float
) -> dict[str, Any]:
    """Make one giant step from a pretrained V, and go on to the truth.

    Its batch is a multiple of what the threshold asks for; with a rest that is 1/theta^2 more.
    """
    task = SCBTask.example(context_length)
    model = pretrain(theta, rng) if start == "trained" else pretrained(start, theta, task, rng)
    begin = transfer(model, task)
    batch = factor * selection_samples(task, DEVIATIONS, 1.0 if start == "aligned" else theta)
    plan = [giant_stage(task, theta, round(batch)), polish(task, theta, *POLISH["example"])]
    run = train_stages(task, begin, plan, rng=rng, record_every=1, stop=at_the_truth(task))
    return {
        "batch_size": round(batch),
        "carried": signals(begin, task).value,
        "alpha_A": run.signals.attention[:2][-1],  # after one step, if that did not diverge
        "end": run.samples[-1] if run.status.ended == "stopped" else math.inf,
    }


def leap_table(leaps: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of giant steps that reach alpha_A = 1/2, and the samples to the truth.

    Parameters
    ----------
    leaps : DataFrame
        Rows of "transfer-leap".
    """
    keys = ["start", "theta", "context_length", "batch_size"]
    return pd.DataFrame(
        {key: _leap_row(rows) for key, rows in leaps.groupby(keys)},
        index=["half way", "low", "high", "alpha_A", "truth", "truth_low", "truth_high"],
    ).T.rename_axis(keys)


def temper_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return shares and samples of "transfer-tempered" for each epsilon, from 1 down."""
    rows = {share: _temper_row(some) for share, some in runs.groupby("share")}
    names = ["right", "low", "high", "formula", "system", "strength", "samples"]
    return pd.DataFrame(rows, index=names).T.rename_axis("share")[::-1]


def _temper_row(rows: pd.DataFrame) -> list[float]:
    right = wilson_interval(int(rows["right"].sum()), len(rows))
    means = rows[["formula", "system", "strength"]].mean()
    return [*right, *means, rows["samples"].median()]


def _leap_row(rows: pd.DataFrame) -> list[float]:
    half = wilson_interval(int((rows["alpha_A"] > HALF_WAY).sum()), len(rows))
    return [*half, rows["alpha_A"].median(), *quantile_interval(rows["end"])]


def giant_stage(task: SCBTask, theta: float, batch_size: int) -> Stage:
    """Return one step whose threshold is half the push on a weight of 1/Q."""
    penalty = giant_step(task, theta).penalty
    return Stage(ProximalGradient(1.0, penalty, attention_rate=LEAP_RATE / theta), 1, batch_size)


def tempered(
    rng: np.random.Generator, *, share: float, theta: float, context_length: int
) -> dict[str, Any]:
    """Temper a related V, and train until alpha_A has chosen a side; simulate the same."""
    task = SCBTask.example(context_length)
    start = temper(transfer(pretrained("related", theta, task, rng), task), task, share)
    run = until_decided(task, start, ProximalGradient(SIDE_RATE), rng)
    paths = simulated_sides(task, start, PATHS, rng)
    return {
        "right": _is_right(run),
        "samples": int(run.samples[-1]),
        "system": paths.share("attention", DECIDED),
        "formula": transfer_chance(task, start, SIDE_RATE, SIDE_BATCH),
        "strength": feedback_strength(task, start, SIDE_RATE, SIDE_BATCH),
    }


def simulated_sides(
    task: SCBTask, start: LinearTransformer, runs: int, rng: np.random.Generator
) -> FeedbackPaths:
    """Simulate what ``until_decided`` does."""
    return feedback_paths(
        task,
        start,
        SIDE_RATE,
        SIDE_BATCH,
        t_end=SIDE_STEPS * SIDE_RATE,
        points=SIDE_STEPS // SIDE_LOOK,
        runs=runs,
        rng=rng,
        until=("attention", DECIDED),
    )


def side(
    rng: np.random.Generator, *, start: str, theta: float, context_length: int
) -> dict[str, Any]:
    """Train without a penalty from a pretrained V until alpha_A has chosen a side."""
    return choose_side(rng, start, theta, context_length, ProximalGradient(SIDE_RATE))


def choose_side(
    rng: np.random.Generator, start: str, theta: float, context_length: int, optimizer: Optimizer
) -> dict[str, Any]:
    """Train with an optimiser from a pretrained V until alpha_A has chosen a side."""
    task = SCBTask.example(context_length)
    begin = transfer(pretrained(start, theta, task, rng), task)
    run = until_decided(task, begin, optimizer, rng)
    return {"right": _is_right(run), "alpha_A": run.signals.attention[-1]}


def until_decided(
    task: SCBTask,
    begin: LinearTransformer,
    optimizer: Optimizer,
    rng: np.random.Generator,
    batch_size: int = SIDE_BATCH,
) -> Trajectory:
    """Train, loudly unless told, until alpha_A has chosen a side."""
    return train(
        task,
        begin,
        optimizer,
        steps=SIDE_STEPS,
        batch_size=batch_size,
        rng=rng,
        record_every=SIDE_LOOK,
        stop=_has_decided,
    )


def quiet_side(
    rng: np.random.Generator, *, deviations: float, context_length: int
) -> dict[str, Any]:
    """Do as ``side``, related, on batches so large that the noise of A hardly feeds back.

    theta is so many deviations of the noise s above -1/(lambda T); 1.645 is theta*.
    """
    task, batch = SCBTask.example(context_length), round(QUIET_BATCH * context_length)
    theta = _quiet_theta(task, deviations, batch)
    begin = transfer(pretrained("related", theta, task, rng), task)
    run = until_decided(task, begin, ProximalGradient(SIDE_RATE), rng, batch)
    return {
        "theta": theta,
        "right": _is_right(run),
        "formula": transfer_chance(task, begin, SIDE_RATE, batch),
        "strength": feedback_strength(task, begin, SIDE_RATE, batch),
    }


def _quiet_theta(task: SCBTask, deviations: float, batch_size: int) -> float:
    """Return a theta as in ``quiet_side``, by the noise of one P'."""
    usual = pretrained("related", 0.0, task, np.random.default_rng(0))
    _, _, push = growing_mode(task, usual)
    return deviations * transfer_noise(task, usual, SIDE_RATE, batch_size) - push


def quiet_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return shares on the right side beside the formula, a row for each point of "transfer-quiet".

    Parameters
    ----------
    runs : DataFrame
    """
    keys = ["context_length", "theta"]
    rows = {
        key: [*wilson_interval(int(some["right"].sum()), len(some)), some["formula"].mean()]
        for key, some in runs.groupby(keys)
    }
    names = ["measured", "low", "high", "formula"]
    return pd.DataFrame(rows, index=names).T.rename_axis(keys)


def _is_right(run: Trajectory) -> bool:
    return bool(run.status.ok and run.signals.attention[-1] > DECIDED)


def _has_decided(record: Record) -> bool:
    return abs(record.signals.attention) > DECIDED


def pretrain(theta: float, rng: np.random.Generator) -> LinearTransformer:
    """Train from scratch on a related task with 50 positions and an attention of its own."""
    other = correlated_task(SCBTask.example(50), theta, rng, attention="fresh")
    begin = LinearTransformer.initial(other, dtype=np.float32)
    method = ProximalGradient(0.03, PENALTY)
    run = train(other, begin, method, steps=PRETRAINING, batch_size=BATCH, rng=rng)
    model = run.model
    return LinearTransformer(model.value, model.attention)


def chances(lengths: Sequence[int], thetas: Sequence[float], seeds: int = 5) -> Array:
    """Return the chance of the right side by the formula, the mean over a few P': (theta, T)."""
    tasks = [SCBTask.example(int(T)) for T in lengths]
    return np.array([[_mean_chance(task, theta, seeds) for task in tasks] for theta in thetas])


def _mean_chance(task: SCBTask, theta: float, seeds: int) -> float:
    models = (
        pretrained("related", theta, task, np.random.default_rng(seed)) for seed in range(seeds)
    )
    found = [transfer_chance(task, model, SIDE_RATE, SIDE_BATCH) for model in models]
    return float(np.mean(found))


def measured_noise(
    task: SCBTask, model: LinearTransformer, batches: int, rng: np.random.Generator
) -> float:
    """Return the noise s at RATE and BATCH, from the pushes of real batches at the start."""
    growth, share, _ = growing_mode(task, model)
    start = transfer(model, task)
    far = task.attention - 1 / task.context_length
    pushes = np.empty(batches)
    for place in range(batches):
        slope = gradient(start, task.sample(BATCH, rng))
        # dividing the columns by mu and weighing them by mu cancel
        attention = -np.vdot(slope.attention, far) / task.attention_energy
        pushes[place] = initial_signal_drift(slope, task) + share * attention
    return float(pushes.std(ddof=1) * math.sqrt(RATE / (2 * growth)))


def value_from(task: SCBTask, *, attention: str, old_value: bool, seeds: int = 5) -> Array:
    """Return the samples until alpha_V is half way, from an unrelated model's attention or not.

    The model knows the attention of the task, and a V of another one with theta = 0.
    """
    counts = []
    for rng in map(np.random.default_rng, range(seeds)):
        model = transfer(pretrained("related", 0.0, task, rng), task, attention=attention)
        fresh = LinearTransformer.initial(task, dtype=np.float32).value
        run = train(
            task,
            model if old_value else LinearTransformer(fresh, model.attention),
            ProximalGradient(2 * RATE, PENALTY),
            steps=1000,
            batch_size=BATCH,
            rng=rng,
            record_every=10,
            stop=_knows_half,
        )
        counts.append(run.samples[-1] if run.status.ended == "stopped" else math.inf)
    return np.array(counts)


def _knows_half(record: Record) -> bool:
    return record.signals.value > 0.5


LEAPS: list[dict[str, Any]] = [
    *(
        {"start": start, "theta": 0.1, "context_length": T, "factor": factor}
        for start in ("aligned", "related")
        for T in (100, 400, 1600, 6400)
        for factor in (0.4, 1.0)
    ),
    *(
        {"start": "related", "theta": theta, "context_length": 400, "factor": 1.0}
        for theta in (0.05, 0.2, 0.4)
    ),
    *({"start": "trained", "theta": 0.1, "context_length": T, "factor": 1.0} for T in (400, 6400)),
]
STUDIES = [
    Study("transfer-leap", leap, LEAPS, seeds=20),
    Study(
        "transfer-sides",
        side,
        {"start": ("related",), "theta": SIDE_THETAS, "context_length": SIDE_LENGTHS},
        seeds=40,
    ),
    Study(
        "transfer-quiet",
        quiet_side,
        {"deviations": QUIET_DEVIATIONS, "context_length": (100, 400)},
        seeds=80,
    ),
    Study("transfer-tempered", tempered, [{"share": x, **TEMPERED} for x in SHARES], seeds=60),
]
