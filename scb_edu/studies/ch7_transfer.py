"""The studies of chapter 7: what a pretrained value matrix saves, and when it is enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scb_edu.experiments.intervals import quantile_interval
from scb_edu.model.gradients import bayes_loss, gradient
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals
from scb_edu.studies.study import Study
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.theory.complexity import initial_signal_drift
from scb_edu.theory.correlated import correlated_task
from scb_edu.theory.finetuning import (
    growing_mode,
    transfer,
    transfer_boundary,
    transfer_chance,
    transfer_samples,
)
from scb_edu.training import train
from scb_edu.training.optimizers import Optimizer, ProximalGradient
from scb_edu.training.trajectory import Record, Trajectory

RATE, PENALTY, BATCH = 0.02, 0.003, 64
LENGTHS = (250, 500, 1000, 2000, 4000)
MOST_STEPS = 2000  # 40 units of time; the flow from scratch at T = 4000 takes 29
SIDE_RATE, SIDE_BATCH = 0.04, 32  # louder, so that the boundary is wide enough to be seen
SIDE_STEPS, SIDE_LOOK = 1500, 5  # at most so many steps, and between two looks
SIDE_LENGTHS = (100, 200, 400, 800, 1600)
SIDE_THETAS = (-0.05, -0.025, 0.0, 0.025, 0.05, 0.1)
DECIDED = 0.3  # |alpha_A| at which a run has chosen its side
WRONG_SIDE = -0.3
PRETRAINING = 3000  # steps on the related task


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


def finetune(
    rng: np.random.Generator,
    *,
    start: str,
    theta: float,
    context_length: int,
    batch_size: int,
    penalty: float,
    steps: int,
) -> dict[str, Any]:
    """Train on the running example from a pretrained V until the attention is half way."""
    run = downstream(
        rng,
        start,
        theta,
        context_length,
        ProximalGradient(RATE, penalty),
        steps=steps,
        batch_size=batch_size,
        record_every=10,
        stop=_is_half_way,
    )
    return {
        "reached": run.status.ended == "stopped",
        "samples": int(run.samples[-1]),
        "fate": fate(run),
        "alpha_V": run.signals.value[-1],
        "alpha_A": run.signals.attention[-1],
    }


def fate(run: Trajectory) -> str:
    """Return how a run ended: arrived, on the wrong side, stuck without attention, or diverged."""
    if not run.status.ok:
        return "diverged"
    if run.status.ended == "stopped":
        return "arrived"
    return "wrong side" if run.signals.attention[-1] < WRONG_SIDE else "stuck"


def _is_half_way(record: Record) -> bool:
    return record.signals.attention > 0.5


def side(
    rng: np.random.Generator, *, start: str, theta: float, context_length: int
) -> dict[str, Any]:
    """Train without a penalty from a pretrained V until alpha_A has chosen a side."""
    return choose_side(rng, start, theta, context_length, ProximalGradient(SIDE_RATE))


def choose_side(
    rng: np.random.Generator, start: str, theta: float, context_length: int, optimizer: Optimizer
) -> dict[str, Any]:
    """Train with an optimiser from a pretrained V until alpha_A has chosen a side."""
    run = downstream(
        rng,
        start,
        theta,
        context_length,
        optimizer,
        steps=SIDE_STEPS,
        batch_size=SIDE_BATCH,
        record_every=SIDE_LOOK,
        stop=_has_decided,
    )
    attention = run.signals.attention[-1]
    return {"right": bool(run.status.ok and attention > DECIDED), "alpha_A": attention}


def _has_decided(record: Record) -> bool:
    return abs(record.signals.attention) > DECIDED


def end_to_end(
    rng: np.random.Generator, *, start: str, theta: float, context_length: int
) -> list[dict[str, Any]]:
    """Really pretrain ("pretrained") on a related task with short contexts, or not ("scratch").

    Then train on the running example; the course of the loss is what comes back.
    """
    task = SCBTask.example(context_length)
    model = pretrain(theta, rng) if start == "pretrained" else pretrained(start, theta, task, rng)
    begin = transfer(model, task)
    run = train(
        task,
        begin,
        ProximalGradient(RATE, PENALTY),
        steps=1600,
        batch_size=BATCH,
        rng=rng,
        record_every=80,
    )
    carried = signals(begin, task).value
    best = bayes_loss(task)
    return [
        {"samples": samples, "excess": loss - best, "alpha_A": alpha, "carried": carried}
        for samples, loss, alpha in zip(run.samples, run.loss, run.signals.attention, strict=True)
    ]


def pretrain(theta: float, rng: np.random.Generator) -> LinearTransformer:
    """Train from scratch on a related task with 50 positions and an attention of its own."""
    other = correlated_task(SCBTask.example(50), theta, rng, attention="fresh")
    begin = LinearTransformer.initial(other, dtype=np.float32)
    method = ProximalGradient(0.03, PENALTY)
    run = train(other, begin, method, steps=PRETRAINING, batch_size=BATCH, rng=rng)
    model = run.model
    return LinearTransformer(model.value, model.attention)


def courses(table: pd.DataFrame, name: str) -> tuple[Array, Array]:
    """Return the samples (n,) and a column of every run (seeds, n) of an end-to-end study."""
    runs = table.pivot(index="seed", columns="samples", values=name)
    return runs.columns.to_numpy(), runs.to_numpy()


def samples_to_half_way(table: pd.DataFrame) -> pd.Series:
    """Return the samples that each run took; inf where it never arrived."""
    return table["samples"].where(table["reached"], math.inf)


def medians(table: pd.DataFrame) -> Array:
    """Return T, the median of the samples, its interval and the share that arrived: (5, n)."""
    rows = [
        (T, *quantile_interval(samples_to_half_way(runs)), runs["reached"].mean())
        for T, runs in table.groupby("context_length")
    ]
    return np.transpose(rows)


def by_correlation(table: pd.DataFrame, T: int, thetas: Sequence[float]) -> Array:
    """Return theta, the median of the samples and its interval, of related starts: (4, n)."""
    groups = table.query("start == 'related' and context_length == @T").groupby("theta")
    samples = [samples_to_half_way(groups.get_group(theta)) for theta in thetas]
    return np.transpose(
        [(x, *quantile_interval(runs)) for x, runs in zip(thetas, samples, strict=True)]
    )


def shares(table: pd.DataFrame, lengths: Sequence[int], thetas: Sequence[float]) -> Array:
    """Return the share of runs on the right side: (theta, T)."""
    cells = table.pivot_table("right", index="theta", columns="context_length")  # of means
    return np.asarray(cells.loc[list(thetas), list(lengths)])


def finite(rows: Sequence[Array]) -> Array:
    """Return the columns of rows whose numbers are all finite."""
    table = np.asarray(rows, dtype=float)
    return np.asarray(table[:, np.isfinite(table).all(axis=0)])


def predicted(task: SCBTask, thetas: Sequence[float] | Array) -> Array:
    """Return the samples of ``finetune`` from a related P', by the exact flow."""
    K_P = task.transition_energy
    return np.array(
        [
            transfer_samples(
                task, theta, learning_rate=RATE, batch_size=BATCH, beside=(1 - theta**2) * K_P
            )
            for theta in thetas
        ]
    )


def boundaries(lengths: Sequence[int], seeds: int = 5) -> Array:
    """Return the boundary of ``side`` for each T, from a related P' with theta = 0; median."""
    return np.asarray(np.median(_of_sides(transfer_boundary, lengths, [0.0], seeds), axis=-1)[0])


def chances(lengths: Sequence[int], thetas: Sequence[float], seeds: int = 5) -> Array:
    """Return the chance of the right side by the formula, the mean over a few P': (theta, T)."""
    return np.asarray(_of_sides(transfer_chance, lengths, thetas, seeds).mean(axis=-1))


def _of_sides(
    formula: Callable[..., float], lengths: Sequence[int], thetas: Sequence[float], seeds: int
) -> Array:
    """Return a formula at the settings of ``side``, for P' of a few seeds: (theta, T, seeds)."""
    tasks = [SCBTask.example(int(T)) for T in lengths]
    return np.array(
        [
            [
                [
                    formula(task, pretrained("related", theta, task, rng), SIDE_RATE, SIDE_BATCH)
                    for rng in map(np.random.default_rng, range(seeds))
                ]
                for task in tasks
            ]
            for theta in thetas
        ]
    )


def measured_noise(
    task: SCBTask, model: LinearTransformer, batches: int, rng: np.random.Generator
) -> float:
    """Return the noise s of ``finetune``, from the pushes of real batches at the start."""
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


def fates(table: pd.DataFrame) -> dict[str, int]:
    """Return how many runs ended in which way."""
    return {fate: len(runs) for fate, runs in table.groupby("fate")}


def _points() -> list[dict[str, Any]]:
    """Return the points of the main study: starts and lengths, and a few with other settings."""
    usual = {"batch_size": BATCH, "penalty": PENALTY, "steps": MOST_STEPS}
    starts = [("scratch", 0.0), *(("related", theta) for theta in (0.0, 0.03, 0.1, 0.3, 1.0))]
    points = [_point(usual, *start, T) for T in LENGTHS for start in starts]
    points += [
        _point(usual, "aligned", theta, T) for T in (250, 1000, 4000) for theta in (0.03, 0.1)
    ]
    larger = usual | {"batch_size": 128}
    points += [
        _point(larger, *start, T) for T in (250, 4000) for start in [starts[0], ("related", 0.1)]
    ]
    longer = usual | {"steps": 4000}
    points += [_point(longer, "related", theta, 250) for theta in (-0.03, -0.1, -0.3)]
    for penalty in (0.0, 0.001, 0.006, 0.01):
        other = usual | {"penalty": penalty}
        points += [_point(other, "related", theta, 1000) for theta in (0.03, 0.1)]
    plain = usual | {"penalty": 0.0}
    points += [_point(plain, "scratch", 0.0, T) for T in (250, 1000, 4000)]
    points += [_point(plain, "related", theta, T) for T in (250, 4000) for theta in (0.03, 0.1)]
    return points


def _point(settings: dict[str, Any], start: str, theta: float, T: int) -> dict[str, Any]:
    return {"start": start, "theta": theta, "context_length": T, **settings}


STUDIES = [
    Study("transfer-samples", finetune, _points(), seeds=20),
    Study(
        "transfer-sides",
        side,
        {"start": ("related",), "theta": SIDE_THETAS, "context_length": SIDE_LENGTHS},
        seeds=40,
    ),
    Study(
        "transfer-pretrained",
        end_to_end,
        {"start": ("pretrained", "scratch"), "theta": (0.1,), "context_length": (4000,)},
        seeds=10,
    ),
]
