"""The studies of chapter 5: the ladder and its rivals, each at its best, on one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scb_edu.model.gradients import bayes_loss, population_gradient, population_loss
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, distances, signals
from scb_edu.studies.study import Study
from scb_edu.support.checks import Array
from scb_edu.theory.dynamics import growth_rate
from scb_edu.training import train
from scb_edu.training.optimizers import SGD, Moment, Optimizer, ProjectedSGD, ProximalGradient
from scb_edu.training.rivals import Adam, Averaged, Momentum
from scb_edu.training.trajectory import Trajectory

SAMPLES = 256_000
CONTEXT_LENGTH = 1000
SLIDE_RECORDS = 32
POINT = ["batch_size", "learning_rate", "penalty"]
LATE = 4.0
"""In growth times 1/lambda: when a late penalty is switched on."""

SLIDE_PENALTY = 0.01

METHODS = {
    "plain": "plain SGD",
    "projected": "projected",
    "preconditioned": "preconditioned",
    "l1": "with l1",
    "late": "with l1, zero first",
    "momentum": "momentum",
    "adam": "Adam",
    "falling": "a falling rate",
    "averaged": "averaged iterates",
}
"""The ladder, and what a practitioner would try instead, by the names they have in the tables."""

WINNERS: dict[str, dict[str, Any]] = {
    "plain": {"learning_rate": 0.009, "penalty": 0.0, "batch_size": 8},
    "projected": {"learning_rate": 0.0225, "penalty": 0.0, "batch_size": 16},
    "preconditioned": {"learning_rate": 0.08, "penalty": 0.0, "batch_size": 256},
    "l1": {"learning_rate": 0.01, "penalty": 0.005, "batch_size": 256},
    "late": {"learning_rate": 0.112, "penalty": 0.01, "batch_size": 1024},
    "momentum": {"learning_rate": 0.006, "penalty": 0.0, "batch_size": 64},
    "adam": {"learning_rate": 0.0002, "penalty": 0.0, "batch_size": 16},
    "falling": {"learning_rate": 0.012, "penalty": 0.0, "batch_size": 8},
    "averaged": {"learning_rate": 0.02, "penalty": 0.0, "batch_size": 16},
}
"""For each method the ``best_points`` of ``ladder-scan``."""


def optimizer_of(
    method: str, learning_rate: float, penalty: float = 0.0, *, task: SCBTask, batch_size: int
) -> Optimizer:
    """Return a method of the chapter: a rung of the ladder, or a rival on the plain gradient."""
    if method in ("l1", "preconditioned"):
        return ProximalGradient(learning_rate, penalty)
    if method == "late":
        return ProximalGradient(learning_rate, late_penalty(task, penalty))
    if method == "falling":
        return SGD(falling_rate(learning_rate, SAMPLES))
    if method == "averaged":
        return Averaged(SGD(learning_rate), burn_in=SAMPLES // batch_size // 2)
    kinds: dict[str, type[Optimizer]]
    kinds = {"plain": SGD, "projected": ProjectedSGD, "momentum": Momentum, "adam": Adam}
    return kinds[method](learning_rate)


def late_penalty(task: SCBTask, penalty: float) -> Any:
    """Return the schedule that is zero until time 4/lambda, and the penalty from then on."""
    return partial(_switched_on, LATE / growth_rate(task), penalty)


def falling_rate(learning_rate: float, samples: int) -> Any:
    """Return the schedule that is constant over half of the samples, and then falls to zero."""
    return partial(_falling, learning_rate, samples)


def rescaled(model: LinearTransformer, task: SCBTask) -> tuple[LinearTransformer, float]:
    """Return the same predictions with a mean column sum of one, and the factor of A before.

    The factor c can move from V to A unseen: V/c and c A predict what V and A do.
    """
    factor = float(model.attention.sum(axis=0) @ task.stationary)
    return LinearTransformer(model.value * factor, model.attention / factor), factor


def excess_share(loss: Any, task: SCBTask) -> Any:
    """Return what losses are above the irreducible one, as a share of that at the start."""
    floor, start = bayes_loss(task), LinearTransformer.initial(task)
    return (loss - floor) / (population_loss(start, task) - floor)


def standing(model: Any, task: SCBTask) -> dict[str, float]:
    """Return how far a model is from the truth: by its loss, and after the scale is taken out."""
    scaled, factor = rescaled(model, task)
    away, alpha = distances(scaled, task), signals(scaled, task)
    return {
        "excess": float(excess_share(population_loss(model, task), task)),
        "attention": away.attention,
        "value": away.value,
        "alpha_A": alpha.attention,
        "alpha_V": alpha.value,
        "column_sum": factor,
    }


def race(
    rng: np.random.Generator,
    *,
    method: str,
    learning_rate: float,
    penalty: float,
    batch_size: int,
    context_length: int = CONTEXT_LENGTH,
) -> dict[str, Any]:
    """Train from the initial point until the samples are used up; return where it ended."""
    task = SCBTask.example(context_length)
    optimizer = optimizer_of(method, learning_rate, penalty, task=task, batch_size=batch_size)
    run = _from_scratch(task, optimizer, batch_size, rng, records=4)
    return {**standing(run.model, task), "ended": run.status.ended}


def course(
    rng: np.random.Generator, *, method: str, learning_rate: float, penalty: float, batch_size: int
) -> list[dict[str, Any]]:
    """Train as in ``race``; return where it stood on the way."""
    task = SCBTask.example(CONTEXT_LENGTH)
    optimizer = optimizer_of(method, learning_rate, penalty, task=task, batch_size=batch_size)
    names = list(standing(LinearTransformer.initial(task), task))
    run = _from_scratch(task, optimizer, batch_size, rng, records=16, record={"standing": _row})
    rows = zip(run.samples, run.columns["standing"], strict=True)
    # six decimals are more than a picture shows, and a third of the file
    return [{"samples": int(n), **dict(zip(names, row.round(6), strict=True))} for n, row in rows]


def slide(
    rng: np.random.Generator,
    *,
    method: str,
    context_length: int,
    learning_rate: float,
    batch_size: int,
    time: float,
) -> dict[str, float]:
    """Train from the truth at a constant rate; return the means over the last quarter of the time.

    Rate and time are those of the preconditioned flow: a method whose gradients carry the factor
    mu gets a rate that is larger by the number of tokens.
    """
    task, penalty = SCBTask.example(context_length), SLIDE_PENALTY if method == "l1" else 0.0
    rate = learning_rate * (1 if method in ("preconditioned", "l1") else task.vocab_size)
    steps = round(time / learning_rate)
    run = train(
        task,
        LinearTransformer.oracle(task, dtype=np.float32),
        optimizer_of(method, rate, penalty, task=task, batch_size=batch_size),
        steps=steps,
        batch_size=batch_size,
        rng=rng,
        record_every=steps // SLIDE_RECORDS,
        record={"column_sum": _column_sum},
    )
    late = run.step > 0.75 * steps
    parts = (run.signals.value, run.signals.attention, run.columns["column_sum"])
    return dict(zip(("alpha_V", "alpha_A", "column_sum"), _means(parts, late), strict=True))


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


def exact_escape(task: SCBTask, rate: float, method: type[SGD] = SGD) -> float:
    """Return the time until exact descent without a preconditioner has alpha_A = 1/2."""
    model, optimizer, steps = LinearTransformer.initial(task), method(rate), 0
    while signals(model, task).attention < 0.5:
        model = optimizer.step(model, population_gradient(model, task), task.stationary)
        steps += 1
    return rate * steps


def median_excess(scan: pd.DataFrame) -> pd.DataFrame:
    """Return the median excess loss at each point; a run that broke down counts as infinite."""
    counted = scan.assign(excess=scan["excess"].where(scan["ended"] == "finished", np.inf))
    return counted.groupby(["method", *POINT], as_index=False)["excess"].median()


def best_points(scan: pd.DataFrame) -> pd.DataFrame:
    """Return for each method the best of those points at which every run found Q."""
    lost = scan.assign(lost=scan["alpha_A"] <= 0.5).groupby(["method", *POINT])["lost"].any()
    middle = median_excess(scan).set_index(["method", *POINT])[~lost].reset_index()
    best: pd.DataFrame = middle.loc[middle.groupby("method")["excess"].idxmin()]
    return best.sort_values("method", key=lambda names: names.map(list(METHODS).index))


def best_by_batch(scan: pd.DataFrame) -> pd.DataFrame:
    """Return the smallest median excess loss: a row a method, a column a batch size."""
    middle = median_excess(scan).groupby(["method", "batch_size"])["excess"].min()
    return middle.unstack().reindex(list(METHODS)).rename(index=METHODS)


def penalty_cells(table: pd.DataFrame, method: str) -> dict[str, pd.DataFrame]:
    """Return the median distance of A, and the share of runs that found Q, of one method.

    The frames have a row for each penalty, a column for each rate.
    """
    some = table[table["method"] == method]
    cells = some.assign(found=some["alpha_A"] > 0.5).groupby(["penalty", "learning_rate"])
    return {
        "distance": cells["attention"].median().unstack(),
        "found": cells["found"].mean().unstack(),
    }


def _from_scratch(
    task: SCBTask,
    optimizer: Optimizer,
    batch_size: int,
    rng: np.random.Generator,
    records: int,
    **options: Any,
) -> Trajectory:
    steps = SAMPLES // batch_size
    return train(
        task,
        LinearTransformer.initial(task, dtype=np.float32),
        optimizer,
        steps=steps,
        batch_size=batch_size,
        rng=rng,
        record_every=max(1, steps // records),
        **options,
    )


def _row(model: Any, task: SCBTask) -> Array:
    return np.array(list(standing(model, task).values()))


def _column_sum(model: Any, task: SCBTask) -> float:
    return rescaled(model, task)[1]


def _means(parts: Sequence[Array], chosen: NDArray[np.bool_]) -> list[float]:
    return [float(part[chosen].mean()) for part in parts]


def _switched_on(time: float, penalty: float, moment: Moment) -> float:
    return penalty if moment.time >= time else 0.0


def _falling(learning_rate: float, samples: int, moment: Moment) -> float:
    return learning_rate * min(1.0, 2 * (1 - moment.samples / samples))


def _points(
    methods: Sequence[str],
    rates: Mapping[int, Sequence[float]],
    penalties: Sequence[float] = (0.0,),
) -> list[dict[str, Any]]:
    """Return a point for each method, batch size, rate and penalty."""
    return [
        {"method": method, "learning_rate": rate, "penalty": penalty, "batch_size": batch}
        for method, batch, penalty in product(methods, rates, penalties)
        for rate in rates[batch]
    ]


def _scaled(rates: Sequence[float], batches: Sequence[int]) -> dict[int, list[float]]:
    """Return rates in proportion to the batch, which leaves the noise as it is; given for 64."""
    return {batch: [rate * batch / 64 for rate in rates] for batch in batches}


def _scan() -> list[dict[str, Any]]:
    """Rates and batches on both sides of the best of each method."""
    small: dict[int, tuple[float, ...]]
    small = {8: (0.006, 0.009, 0.012), 16: (0.004, 0.008, 0.014, 0.02), 64: (0.014, 0.018, 0.024)}
    large: dict[int, tuple[float, ...]] = {256: (0.014, 0.02, 0.028, 0.04)}
    averaged = {16: (0.008, 0.014, 0.02, 0.028, 0.04), 64: (0.014, 0.024)}
    adam = {16: (0.00014, 0.0002, 0.0003), 64: (0.0004, 0.0006, 0.001), 256: (0.0012, 0.002)}
    penalties = (0.005, 0.01, 0.02)
    return [
        *_points(("plain",), small | large),
        *_points(("falling",), small | {8: (0.006, 0.009, 0.012, 0.016)}),
        *_points(("averaged",), averaged),
        *_points(("projected",), _scaled((0.015, 0.03, 0.06, 0.09, 0.12), (16, 64, 256))),
        *_points(("preconditioned",), _scaled((0.01, 0.02, 0.03, 0.04), (64, 256))),
        *_points(("momentum",), _scaled((0.003, 0.006, 0.01), (16, 64, 256))),
        *_points(("adam",), adam),
        *_points(("l1",), _scaled((0.00125, 0.0025, 0.005, 0.01, 0.02), (16, 64, 256)), penalties),
        *_points(("late",), _scaled((0.005, 0.007, 0.01, 0.02), (64, 256, 1024)), penalties),
    ]


def _window() -> list[dict[str, Any]]:
    """Rates of SGD in proportion to 1/T, where its limit is."""
    return [
        {"context_length": T, **point}
        for T in (125, 250, 500, 1000, 2000)
        for point in _points(("plain",), {64: [c / T for c in (3.5, 5, 7, 10, 14, 20, 28)]})
    ]


def _slides() -> list[dict[str, Any]]:
    """Return four context lengths for the method whose slide is derived, one for three others.

    The times are four times what the slide takes.
    """
    times = {25: 500, 50: 1000, 75: 2000, 100: 3700}
    common = {"learning_rate": 0.1, "batch_size": 1280}
    several = [("preconditioned", T) for T in times]
    several += [(method, 75) for method in ("projected", "plain", "l1")]
    return [{"method": m, "context_length": T, **common, "time": times[T]} for m, T in several]


STUDIES = [
    Study("ladder-scan", race, _scan(), seeds=3),
    Study(
        "ladder-runs",
        course,
        [{"method": method, **point} for method, point in WINNERS.items()],
        seeds=20,
        seed=1,  # not the seeds that chose the winners
    ),
    Study("ladder-window", race, _window(), seeds=3),
    Study(
        "ladder-penalty",
        race,
        _points(("l1", "late"), {256: (0.01, 0.02, 0.04, 0.08)}, (0.0025, 0.005, 0.01, 0.02, 0.04)),
        seeds=6,
    ),
    Study("ladder-slide", slide, _slides(), seeds=3),
]
