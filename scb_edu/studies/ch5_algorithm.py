"""The studies of chapter 5: the proximal method beside plain SGD, on the same budget of samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scb_edu.experiments.intervals import summarise
from scb_edu.model.gradients import population_gradient
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals
from scb_edu.studies.study import Study, from_scratch
from scb_edu.training.optimizers import SGD, Optimizer, ProjectedSGD, ProximalGradient
from scb_edu.training.trajectory import Trajectory

SAMPLES = 256_000
RECORDS = 32
RUNGS = ("plain", "projected", "preconditioned", "l1")
"""The ladder, from plain SGD to the method of the paper."""

WINNERS = {
    "plain": (0.024, 0.0),
    "projected": (0.028, 0.0),
    "preconditioned": (0.01, 0.0),
    "l1": (0.0025, 0.005),
}
"""Rate and penalty with the smallest median distance of A in ``algorithm-grid``."""


def rung(method: str, learning_rate: float, penalty: float = 0.0) -> Optimizer:
    """Return the optimiser of a rung of the ladder."""
    if method in ("plain", "projected"):
        return {"plain": SGD, "projected": ProjectedSGD}[method](learning_rate)
    return ProximalGradient(learning_rate, penalty)


def race(
    rng: np.random.Generator,
    *,
    method: str,
    learning_rate: float,
    penalty: float,
    context_length: int,
    batch_size: int,
) -> dict[str, Any]:
    """Train from the initial point until the samples are used up; return where it ended."""
    run = _run(rng, method, learning_rate, penalty, context_length, batch_size, records=4)
    return {
        "attention": run.distances.attention[-1],
        "value": run.distances.value[-1],
        "alpha_A": run.signals.attention[-1],
        "alpha_V": run.signals.value[-1],
        "column_sum": float(run.model.attention.sum(axis=0).max()),
        "loss": float(run.loss[-1]),
        "ended": run.status.ended,
        "steps": run.status.step,
    }


def course(
    rng: np.random.Generator, *, method: str, learning_rate: float, penalty: float
) -> list[dict[str, Any]]:
    """Train as in ``race`` at T = 1000 and batch size 64; return the whole course."""
    run = _run(rng, method, learning_rate, penalty, 1000, 64, records=RECORDS)
    return [
        {
            "samples": int(run.samples[at]),
            "attention": run.distances.attention[at],
            "value": run.distances.value[at],
            "alpha_A": run.signals.attention[at],
            "ended": run.status.ended,
        }
        for at in range(len(run.step))
    ]


def largest_curvature(task: SCBTask, rounds: int = 40) -> float:
    """Return the largest curvature of the loss at the start, by power iteration."""
    model, rng = LinearTransformer.initial(task), np.random.default_rng(0)
    dV, dA = (rng.normal(size=part.shape) for part in (model.value, model.attention))
    here = population_gradient(model, task)
    length = np.hypot(np.linalg.norm(dV), np.linalg.norm(dA))
    for _ in range(rounds):
        step = 1e-5 / length
        moved = LinearTransformer(model.value + step * dV, model.attention + step * dA)
        there = population_gradient(moved, task)
        dV, dA = 1e5 * (there.value - here.value), 1e5 * (there.attention - here.attention)
        length = np.hypot(np.linalg.norm(dV), np.linalg.norm(dA))
    return float(length)


def exact_escape(task: SCBTask, rate: float) -> float:
    """Return the time until exact plain descent has alpha_A = 1/2."""
    model, optimizer, steps = LinearTransformer.initial(task), SGD(rate), 0
    while signals(model, task).attention < 0.5:
        model = optimizer.step(model, population_gradient(model, task), task.stationary)
        steps += 1
    return rate * steps


def best_runs(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the runs of plain SGD and of the proximal method at their best rate, judged by A."""
    middle = table.groupby(["method", by, "learning_rate"])["attention"].median().reset_index()
    best = middle.loc[middle.groupby(["method", by])["attention"].idxmin()]
    runs = best[["method", by, "learning_rate"]].merge(table)
    return pd.concat([runs[runs["method"] == method] for method in ("plain", "l1")])


def medians_by(
    runs: pd.DataFrame, by: str, rng: np.random.Generator
) -> dict[str, dict[str, pd.DataFrame]]:
    """Return medians with intervals, for both distances and both methods."""
    return {
        column: {
            method: summarise(runs[runs["method"] == method], by, column, rng=rng)
            for method in ("plain", "l1")
        }
        for column in ("attention", "value")
    }


def grid_cells(grid: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the median distance of A, and the share of the runs that found Q.

    The frames have a row for each penalty, a column for each rate; nan where nothing was run.
    """
    some = grid[grid["method"].isin(["preconditioned", "l1"])]
    cells = some.assign(found=some["alpha_A"] > 0.5).groupby(["penalty", "learning_rate"])
    return {
        "distance": cells["attention"].median().unstack(),
        "found": cells["found"].mean().unstack(),
    }


def _run(
    rng: np.random.Generator,
    method: str,
    learning_rate: float,
    penalty: float,
    context_length: int,
    batch_size: int,
    records: int,
) -> Trajectory:
    steps = SAMPLES // batch_size
    return from_scratch(
        context_length,
        rung(method, learning_rate, penalty),
        steps=steps,
        batch_size=batch_size,
        rng=rng,
        record_every=steps // records,
    )


def _points(
    method: str,
    rates: tuple[float, ...],
    penalties: tuple[float, ...] = (0.0,),
    context_length: int = 1000,
    batch_size: int = 64,
) -> list[dict[str, Any]]:
    return [
        {
            "method": method,
            "learning_rate": rate,
            "penalty": penalty,
            "context_length": context_length,
            "batch_size": batch_size,
        }
        for rate in rates
        for penalty in penalties
    ]


def _grid() -> list[dict[str, Any]]:
    """For each rung, rates on both sides of its best."""
    penalties = (0.002, 0.005, 0.01, 0.02, 0.04)
    return [
        *_points("plain", (0.005, 0.01, 0.014, 0.017, 0.02, 0.024, 0.028, 0.04)),
        *_points("projected", (0.005, 0.01, 0.014, 0.02, 0.028, 0.04)),
        *_points("preconditioned", (0.0025, 0.005, 0.01, 0.014, 0.02, 0.028, 0.04)),
        *_points("l1", (0.00125, 0.0025, 0.005, 0.01, 0.02), penalties),
    ]


def _lengths() -> list[dict[str, Any]]:
    """Rates of SGD in proportion to 1/T, where its limit is; those of the other stay."""
    points = []
    for T in (125, 250, 500, 2000):
        plain = tuple(c / T for c in (3.5, 5, 7, 10, 14, 20))
        points += _points("plain", plain, context_length=T)
        points += _points("l1", (0.0025, 0.005, 0.01, 0.02), (0.005,), context_length=T)
    return points


def _batches() -> list[dict[str, Any]]:
    """Rates of the proximal method in proportion to the batch; those of SGD up to its limit."""
    plain = {
        8: (0.00125, 0.0025, 0.005, 0.01, 0.014),
        32: (0.005, 0.01, 0.014, 0.02, 0.024),
        128: (0.014, 0.02, 0.028),
        512: (0.014, 0.02, 0.028),
    }
    points = []
    for B, rates in plain.items():
        points += _points("plain", rates, batch_size=B)
        scaled = tuple(rate * B / 64 for rate in (0.0025, 0.005))
        points += _points("l1", scaled, (0.005,), batch_size=B)
    return points


STUDIES = [
    Study("algorithm-grid", race, _grid(), seeds=6),
    Study(
        "algorithm-ladder",
        course,
        [
            {"method": method, "learning_rate": rate, "penalty": penalty}
            for method, (rate, penalty) in WINNERS.items()
        ],
        seeds=20,
        seed=1,  # not the seeds that chose the winners
    ),
    Study("algorithm-lengths", race, _lengths(), seeds=5),
    Study("algorithm-batches", race, _batches(), seeds=3),
]
