"""The studies of stage 2 alone: samples over T, N and Q, and what the penalty replaces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scb_edu.experiments.intervals import (
    Interval,
    bootstrap_groups,
    quantile_interval,
    wilson_interval,
)
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.studies.ch6_sample_complexity import plain_task
from scb_edu.studies.study import Study
from scb_edu.support.checks import Array
from scb_edu.theory.complexity import samples_needed
from scb_edu.theory.dynamics import BORDER, SignalConstants, growth_rate, stages
from scb_edu.theory.second_stage import GiantStep, giant_step, support_chance, value_noise
from scb_edu.training import Stage, train, train_stages
from scb_edu.training.optimizers import Moment, ProximalGradient
from scb_edu.training.trajectory import Record, Trajectory

HALF_WAY = 0.5
"""alpha_V of a clean start."""
SUPPORT, TRUTH = 0.25, 0.1
"""Distances in units of sqrt(K): what counts as the support found, and as the truth."""
SHARE = {"plain": 0.5, "example": 0.35}
"""The penalty over the push on a weight 1/Q: less where weights differ, for it tilts them."""
POLISH = {"plain": (0.5, 0.5), "example": (0.25, 0.35)}
"""After the giant step: that share, and A's batch in units of the giant step's for it."""
SIZE = ["kind", "vocab_size", "context_length", "sparsity"]
"""The columns that tell the sizes apart."""
MOST_STEPS = 60
SAFE = 2.5
"""z of the run from scratch that brings a model to the end of stage 1: 99.4 % go right."""


def draw_task(
    kind: str, vocab_size: int, context_length: int, sparsity: int, rng: np.random.Generator
) -> SCBTask:
    """Return a plain task, or the running example with its weights at random positions."""
    if kind == "plain":
        return plain_task(vocab_size, context_length, sparsity, rng)
    example = SCBTask.example(context_length)
    columns = [rng.permutation(column) for column in example.attention.T]
    return SCBTask(example.transition, np.transpose(columns))


# One step


def one_step(
    rng: np.random.Generator,
    *,
    kind: str,
    vocab_size: int,
    context_length: int,
    sparsity: int,
    factor: float,
) -> dict[str, Any]:
    """Make one giant step from alpha_V = 1/2 and uniform A, on a multiple of its batch."""
    task = draw_task(kind, vocab_size, context_length, sparsity, rng)
    step = giant_step(task, HALF_WAY, share=SHARE[kind])
    step = step._replace(batch_size=round(factor * step.batch_size))
    start = LinearTransformer.from_signals(task, HALF_WAY, 0.0, dtype=np.float32)
    run = train_stages(task, start, [leap(step)], rng=rng)
    found = (run.model.attention != 0) == (task.attention > 0)
    return {
        "batch_size": step.batch_size,
        "distance": round(relative(run, task)[0, -1], 4),
        "found": bool(found.all()),
    }


def leap(step: GiantStep) -> Stage:
    """Return a giant step as a stage of training; V moves at the rate 1 meanwhile."""
    optimizer = ProximalGradient(1.0, step.penalty, attention_rate=step.attention_rate)
    return Stage(optimizer, 1, step.batch_size)


def relative(run: Trajectory, task: SCBTask) -> Array:
    """Return the distances of A and of V in units of the roots of the energies (2, R)."""
    energies = np.array([task.attention_energy, task.transition_energy])
    far = np.array([run.distances.attention, run.distances.value])  # (2, R)
    return np.asarray(far / np.sqrt(energies)[:, None])


# All of stage 2


def whole(
    rng: np.random.Generator,
    *,
    kind: str,
    vocab_size: int,
    context_length: int,
    sparsity: int,
    start: str,
) -> dict[str, Any]:
    """Count the samples of stage 2 until the support is found, and until the truth is.

    It begins clean (alpha_V = 1/2, A uniform), or where a run from scratch ended stage 1.
    """
    task = draw_task(kind, vocab_size, context_length, sparsity, rng)
    model, value = begin(task, start, rng)
    plan = [leap(giant_step(task, value, share=SHARE[kind])), polish(task, value, *POLISH[kind])]
    run = train_stages(task, model, plan, rng=rng, record_every=1, stop=at_the_truth(task))
    near = relative(run, task)
    return {
        "support": first(run.samples, near[0] < SUPPORT),
        "truth": first(run.samples, near.max(axis=0) < TRUTH),
    }


def begin(task: SCBTask, start: str, rng: np.random.Generator) -> tuple[LinearTransformer, float]:
    """Return the model that stage 2 begins with, and the alpha_V that theory says it has."""
    if start == "clean":
        return LinearTransformer.from_signals(task, HALF_WAY, 0.0, dtype=np.float32), HALF_WAY
    K_P, K_Q, _ = SignalConstants.of(task)
    # on the path from (0, 0) the signals are in the ratio of the roots of the energies
    return end_of_stage_1(task, rng), math.sqrt(BORDER * math.sqrt(K_Q / K_P))


def end_of_stage_1(task: SCBTask, rng: np.random.Generator) -> LinearTransformer:
    """Train from scratch until the pointer has the weight at which stage 1 ends."""
    b = SAFE**2 * growth_rate(task) * samples_needed(task, 1.0) / 2  # samples per unit of time
    run = train(
        task,
        LinearTransformer.initial(task, dtype=np.float32),
        ProximalGradient(0.1),
        steps=round(20 * stages(task).first),
        batch_size=round(0.1 * b),
        rng=rng,
        record_every=2,
        stop=lambda record: record.signals.value * record.signals.attention > BORDER,
    )
    return run.model  # type: ignore[return-value]  # it began as a linear one


def polish(task: SCBTask, value: float, share: float, factor: float) -> Stage:
    """Return the steps after the giant one: rates near half of Newton's, on smaller batches."""
    K_P, K_Q, _ = SignalConstants.of(task)
    step = giant_step(task, 1.0, share=share)
    rate = min(1.0, 0.5 / K_Q)  # at 2 the mean of V's columns would begin to swing
    # V's noise is to leave a third of the square that counts as the truth to the way there
    for_value = 1.5 * (value_noise(task, rate, 1) / TRUTH) ** 2 / K_P

    def penalty(moment: Moment) -> float:
        """Keep to a share of the push while alpha_V rises to 1, from the giant step at time 1."""
        return step.penalty * (1 - (1 - value) * math.exp(-K_Q * (moment.time - 1)))

    optimizer = ProximalGradient(rate, penalty, attention_rate=0.4 / K_P)
    return Stage(optimizer, MOST_STEPS, round(max(for_value, factor * step.batch_size)))


def at_the_truth(task: SCBTask) -> Callable[[Record], bool]:
    """Return a function that says whether both matrices of a record are close to the truth."""
    scale_A, scale_V = math.sqrt(task.attention_energy), math.sqrt(task.transition_energy)

    def arrived(record: Record) -> bool:
        far = record.distances
        return max(far.attention / scale_A, far.value / scale_V) < TRUTH

    return arrived


def first(samples: NDArray[Any], arrived: NDArray[Any]) -> float:
    """Return the samples of the first record that arrived; inf where none did."""
    return float(samples[arrived.argmax()]) if arrived.any() else math.inf


# The penalty over the noise


def many_steps(
    rng: np.random.Generator, *, context_length: int, batch_size: int, relative_rate: float
) -> dict[str, Any]:
    """Step from alpha_V = 1/2 and uniform A at one rate and batch until the support is found."""
    task = plain_task(3, context_length, 2, rng)
    step = giant_step(task, HALF_WAY)
    run = train(
        task,
        LinearTransformer.from_signals(task, HALF_WAY, 0.0, dtype=np.float32),
        ProximalGradient(relative_rate / task.transition_energy, step.penalty),
        steps=max(1, 60_000 // batch_size),
        batch_size=batch_size,
        rng=rng,
        record_every=1,
        stop=lambda record: record.distances.attention < SUPPORT * task.attention_energy**0.5,
    )
    return {"samples": first(run.samples, relative(run, task)[0] < SUPPORT)}


# What the penalty replaces


def last_approach(rng: np.random.Generator, *, penalty: float, per_time: int) -> dict[str, Any]:
    """Start where the exact flow meets the hyperbola, and count the samples to the truth."""
    task = SCBTask.example(125)
    K_P, K_Q, _ = SignalConstants.of(task)
    corner = (K_Q / K_P) ** 0.25
    run = train(
        task,
        LinearTransformer.from_signals(task, corner, 1 / corner, dtype=np.float32),
        ProximalGradient(0.1, penalty),
        steps=2000,
        batch_size=round(0.1 * per_time),
        rng=rng,
        record_every=2,
        stop=at_the_truth(task),
    )
    far = relative(run, task).max(axis=0)
    return {f"within_{near:g}": first(run.samples, far < near) for near in (SUPPORT, TRUTH)}


# What the stored runs say


def exponent(x: Array, needed: Array) -> float:
    """Return the slope of log samples over the log of a size."""
    return float(np.polyfit(np.log(x), np.log(needed), 1)[0])


def spread(x: Array, needed: Array) -> float:
    """Return the largest number of samples over the smallest."""
    return float(np.max(needed) / np.min(needed))


def batch_needed(table: pd.DataFrame, rng: np.random.Generator) -> Interval:
    """Return the batch of one step with which 95 % of the runs find the support.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of "stage2-lengths" or "stage2-sizes", of one size.
    rng : numpy.random.Generator
        Of the bootstrap.
    """
    batches, groups = _by_batch(table)
    return bootstrap_groups(groups, lambda *far: _crossing(batches, far), rng=rng)


def over_sizes(
    table: pd.DataFrame,
    size: str,
    summary: Callable[[Array, Array], float],
    rng: np.random.Generator,
) -> Interval:
    """Return the ``exponent`` or the ``spread`` of the batch needed, as one size changes.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of "stage2-lengths" or "stage2-sizes".
    size : str
        The column of that size; the others are constant.
    summary : function of the sizes and the batches needed
    rng : numpy.random.Generator
        Of the bootstrap.
    """
    parts = [(x, *_by_batch(rows)) for x, rows in table.groupby(size)]
    sizes = np.array([x for x, *_ in parts], dtype=float)

    def summed(*far: Array) -> float:
        rest = iter(far)
        needed = [_crossing(batches, list(islice(rest, len(batches)))) for _, batches, _ in parts]
        return summary(sizes, np.array(needed))

    return bootstrap_groups([g for *_, groups in parts for g in groups], summed, rng=rng)


def _by_batch(table: pd.DataFrame) -> tuple[Array, list[Array]]:
    """Return the batches of one size in rising order, and the distances of the runs of each."""
    rows = [(B, runs["distance"].to_numpy()) for B, runs in table.groupby("batch_size")]
    return np.array([B for B, _ in rows], dtype=float), [far for _, far in rows]


def _crossing(batches: Array, distances: Sequence[Array]) -> float:
    """Return the batch at which the 95th percentile of the distance falls to the goal."""
    far = np.array([np.quantile(found, 0.95) for found in distances])
    # it falls with the batch, but for scatter; a distance of 0 has no logarithm
    height = -np.log(np.maximum(np.minimum.accumulate(far), 1e-3))
    return float(np.exp(np.interp(-math.log(SUPPORT), height, np.log(batches))))


BASE = {"vocab_size": 3, "context_length": 500, "sparsity": 2}


def changing(table: pd.DataFrame, size: str, kind: str = "plain") -> pd.DataFrame:
    """Return the rows of one kind in which that size changes, and the others are as in ``BASE``.

    Parameters
    ----------
    table : pandas.DataFrame
        Of a study of this module, or of one of its summaries.
    size : "vocab_size", "context_length" or "sparsity"
    kind : "plain" or "example"

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame(SIZES, columns=SIZE)
    >>> changing(runs, "sparsity")["sparsity"].tolist()
    [1, 4]
    """
    kept = table["kind"] == kind
    for name, value in BASE.items():
        kept &= (table[name] == value) | (name == size)
    return table[kept].sort_values(size, kind="stable")


def step_summary(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return a row for each size: what the recipe asks for and gives, and the batch needed.

    Parameters
    ----------
    table : pandas.DataFrame
        "stage2-lengths", "stage2-sizes", or both.
    rng : numpy.random.Generator
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        At the recipe's batch ``recipe``: the ``share`` of runs within a quarter of sqrt(K_Q), with
        the ends of its Wilson interval; the share that ``found`` exactly the support, and its
        ``chance`` by the formula. Then the batch ``needed`` for 95 %, with its interval.
    """
    rows = []
    for (kind, N, T, Q), runs in table.groupby(SIZE, sort=False):
        at_recipe, needed = runs[runs["factor"] == 1.0], batch_needed(runs, rng)
        near = wilson_interval(int((at_recipe["distance"] < SUPPORT).sum()), len(at_recipe))
        task = draw_task(kind, N, T, Q, np.random.default_rng(0))  # where it looks is no matter
        step = giant_step(task, HALF_WAY, share=SHARE[kind])
        values = dict(zip(SIZE, (kind, N, T, Q), strict=True)) | {"recipe": step.batch_size}
        values |= {"share": near.estimate, "share_low": near.low, "share_high": near.high}
        values |= {"found": at_recipe["found"].mean(), "chance": support_chance(task, step)}
        values |= {"needed": needed.estimate, "low": needed.low, "high": needed.high}
        rows.append(values)
    return pd.DataFrame(rows)


def truth_summary(table: pd.DataFrame, quantile: float = 0.5) -> pd.DataFrame:
    """Return a row for each size: runs, the share that arrives, a quantile of their samples.

    Parameters
    ----------
    table : pandas.DataFrame
        "stage2-truth" or "stage2-trained".
    quantile : float
        "Never" counts as infinite.

    Returns
    -------
    pandas.DataFrame
        ``runs``, ``arrived`` and its Wilson interval, ``samples`` with order-statistic bounds.
    """
    rows = []
    for size, runs in table.groupby(SIZE, sort=False):
        arrived = wilson_interval(int(np.isfinite(runs["truth"]).sum()), len(runs))
        samples = quantile_interval(runs["truth"], quantile)
        values = dict(zip(SIZE, size, strict=True)) | {"runs": len(runs)}
        values |= {"arrived": arrived.estimate, "arrived_low": arrived.low}
        values |= {"samples": samples.estimate, "low": samples.low, "high": samples.high}
        rows.append(values)
    return pd.DataFrame(rows)


LENGTHS = [(kind, 3, T, 2) for kind in ("plain", "example") for T in (125, 500, 2000, 8000)]
SIZES = [*(("plain", N, 500, 2) for N in (2, 5, 8)), *(("plain", 3, 500, Q) for Q in (1, 4))]
"""Kind, N, T and Q: one of them changes at a time, from ("plain", 3, 500, 2)."""
FACTORS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)


def _points(sizes: Sequence[tuple[str, int, int, int]], **others: Any) -> list[dict[str, Any]]:
    return [dict(zip(SIZE, size, strict=True), **others) for size in sizes]


def _step_points(sizes: Sequence[tuple[str, int, int, int]]) -> list[dict[str, Any]]:
    """Return points with the factors between which the share of runs passes 95 %."""
    return [
        point | {"factor": factor}
        for point in _points(sizes)
        for factor in _factors(point["kind"], point["vocab_size"], point["sparsity"])
    ]


def _factors(kind: str, vocab_size: int, sparsity: int) -> Sequence[float]:
    if kind == "example" or sparsity == 1:
        return FACTORS[:4]
    return FACTORS[2:] if vocab_size == 8 else FACTORS[1:6]


STUDIES = [
    Study("stage2-lengths", one_step, _step_points(LENGTHS), seeds=150),
    Study("stage2-sizes", one_step, _step_points(SIZES), seeds=150),
    Study("stage2-truth", whole, _points([*LENGTHS, *SIZES], start="clean"), seeds=60),
    Study("stage2-trained", whole, _points(LENGTHS[:4], start="trained"), seeds=20),
    Study(
        "stage2-batches",
        many_steps,
        {
            "context_length": (500, 2000),
            "batch_size": (64, 128, 256, 512, 1024, 2048, 4096),
            "relative_rate": (0.01, 0.04),
        },
        seeds=12,
    ),
    Study(
        "stage2-creep",
        last_approach,
        [
            *({"penalty": 0.0, "per_time": b} for b in (1000, 2000, 4000, 16_000)),
            *({"penalty": 0.01, "per_time": b} for b in (500, 1000, 2000, 4000)),
        ],
        seeds=8,
    ),
]
