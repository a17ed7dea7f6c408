"""The studies of chapter 8: softmax attention beside linear attention, on the same samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike

from scb_edu.experiments.intervals import bootstrap_interval
from scb_edu.model.gradients import bayes_loss, population_loss
from scb_edu.model.similarity import attention_cosine, effective_support_size, off_support_mass
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import (
    LinearTransformer,
    SoftmaxTransformer,
    Transformer,
    distances,
    signals,
)
from scb_edu.studies.study import Study
from scb_edu.support.checks import Array
from scb_edu.theory.softmax_dynamics import softmax_flow, softmax_snap_time
from scb_edu.training import Stage, train_stages
from scb_edu.training.optimizers import Optimizer, ProximalGradient
from scb_edu.training.trajectory import Trajectory

BATCH = 64
RECORDS = 20
METHODS = ("softmax", "l1", "linear")
"""Softmax attention, and linear attention with a penalty and without."""
NAMES = {"softmax": "softmax", "l1": "linear, l1", "linear": "linear"}
"""What a page calls them."""


def optimizers(method: str) -> tuple[Optimizer, Optimizer]:
    """Return the optimisers of the two stages of training: the second is for the fine work.

    The logits of a softmax need a rate that is larger by far than that of V: their push is 1/T of
    that on A. Once a weight is large it no longer is, and the same rate would be too large.
    """
    if method == "softmax":
        return (
            ProximalGradient(0.02, attention_rate=16),
            ProximalGradient(0.0025, attention_rate=1),
        )
    penalty = {"l1": 0.005, "linear": 0.0}[method]
    return ProximalGradient(0.01, penalty), ProximalGradient(0.0025, penalty)


def lengths(context_length: int) -> tuple[int, int]:
    """Return the steps of the two stages of a study: in proportion to T where T is long."""
    longest = max(context_length, 250)  # below that the rates set the pace, not T
    return 24 * longest, 16 * longest


def start(
    method: str, task: SCBTask, dtype: DTypeLike = np.float32
) -> LinearTransformer | SoftmaxTransformer:
    """Return the initial point: V = mu 1^T and uniform attention."""
    kind = SoftmaxTransformer if method == "softmax" else LinearTransformer
    return kind.initial(task, dtype=dtype)


def trained(
    method: str,
    task: SCBTask,
    seed: int,
    steps: tuple[int, int] | None = None,
    *,
    records: int = RECORDS,
    dtype: DTypeLike = np.float32,
) -> Trajectory:
    """Train from the initial point; the same seed means the same samples for every method."""
    counts = steps or lengths(task.context_length)
    every = sum(counts) // records
    return train_stages(
        task,
        start(method, task, dtype),
        [Stage(*each, BATCH) for each in zip(optimizers(method), counts, strict=True)],
        rng=np.random.default_rng(seed),
        record_every=every,
        snapshot_every=every,
    )


def course(rng: np.random.Generator, *, context_length: int) -> list[dict[str, Any]]:
    """Train all three on the same samples, and return their courses."""
    task, seed = SCBTask.example(context_length), int(rng.integers(2**32))
    runs = {method: trained(method, task, seed) for method in METHODS}
    return [
        row | {"ended": run.status.ended}
        for method, run in runs.items()
        for row in _records(method, run, task)
    ]


def _records(method: str, run: Trajectory, task: SCBTask) -> list[dict[str, Any]]:
    """Return what was seen of a run after its start, where maps have a direction."""
    mu, best = task.stationary, bayes_loss(task)
    return [
        {
            "method": method,
            "samples": int(run.samples[at]),
            "excess": float(run.loss[at] - best),
            "alpha_V": float(run.signals.value[at]),
            "alpha_A": float(run.signals.attention[at]),
            "to_truth": attention_cosine(run.snapshots[at], task.attention, mu),
            "outside": off_support_mass(
                LinearTransformer(task.transition, run.snapshots[at]), task
            ),
        }
        for at in range(1, len(run.step))
    ]


def comparison(rng: np.random.Generator, *, task: str, context_length: int) -> dict[str, Any]:
    """Train softmax and linear attention with a penalty on the same samples; compare the ends."""
    which, seed = named_task(task, context_length), int(rng.integers(2**32))
    runs = {method: trained(method, which, seed) for method in METHODS[:2]}
    models = {method: run.model for method, run in runs.items()}
    row = {
        f"{name}_{method}": found
        for method, model in models.items()
        for name, found in measures(model, which).items()
    }
    soft, line = (model.attention for model in models.values())
    ok = all(run.status.ended == "finished" for run in runs.values())
    return {"alike": attention_cosine(soft, line, which.stationary), **row, "ok": ok}


def measures(model: Transformer, task: SCBTask) -> dict[str, float]:
    """Return how close a model is to the truth, and how sparse its attention."""
    mu, far = task.stationary, distances(model, task)
    return {
        "excess": population_loss(model, task) - bayes_loss(task),
        "value": far.value,
        "attention": far.attention,
        "alpha_V": signals(model, task).value,
        "to_truth": attention_cosine(model.attention, task.attention, mu),
        "outside": off_support_mass(model, task),
        "positions": effective_support_size(model.attention, mu),
        "zeros": float((model.attention[task.attention == 0] == 0).mean()),
    }


def named_task(name: str, context_length: int) -> SCBTask:
    """Return the running example, or a random task: "random 2", say, has N = 4 and Q = 3."""
    if name == "example":
        return SCBTask.example(context_length)
    number = int(name.removeprefix("random "))
    N, Q = ((3, 2), (5, 2), (4, 3), (3, 1))[number]
    return SCBTask.random(N, context_length, Q, np.random.default_rng(number))


def sorted_weights(model: Transformer, token: int) -> Array:
    """Return the sizes of the weights of one column of A, the largest first (T,)."""
    return np.sort(np.abs(model.attention[:, token]))[::-1]


def arrivals(task: SCBTask, ratio: float, *, patience: float) -> tuple[float, float]:
    """Return when the largest and the smallest weight have a tenth of Q, under exact gradients.

    The flow is followed for ``patience`` after the time of the snap; inf if that is too short.
    """
    end = softmax_snap_time(task, ratio) + patience
    flow = softmax_flow(task, ratio, t_end=end)
    q = task.attention[np.nonzero(task.attention)]
    large, small = int(np.argmax(q)), int(np.argmin(q))
    return flow.arrival(large, q[large] / 10), flow.arrival(small, q[small] / 10)


def by_task(
    table: pd.DataFrame, column: str, rng: np.random.Generator, scale: float = 1
) -> pd.Series:
    """Return the median of a column, times a scale, for each task: intervals by (task, T)."""
    groups = table.groupby(["task", "context_length"], sort=False)[column]
    found = {at: bootstrap_interval(scale * ends, rng=rng) for at, ends in groups}
    return pd.Series(found).rename_axis(["task", "T"])


def beside(
    table: pd.DataFrame, column: str, rng: np.random.Generator, scale: float = 1
) -> pd.DataFrame:
    """Return the medians of both methods, times a scale, each with its interval."""
    both = METHODS[:2]
    return pd.DataFrame(
        {NAMES[method]: by_task(table, f"{column}_{method}", rng, scale) for method in both}
    )


STUDIES = [
    Study("softmax-course", course, {"context_length": (250,)}, seeds=10),
    Study(
        "softmax-tasks",
        comparison,
        [
            *({"task": "example", "context_length": T} for T in (125, 250, 500)),
            *({"task": f"random {number}", "context_length": 100} for number in range(4)),
        ],
        seeds=10,
    ),
]
