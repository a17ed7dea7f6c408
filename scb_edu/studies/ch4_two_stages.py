"""The study of chapter 4: runs with samples in the plane of the two signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scb_edu.studies.ch7_transfer import downstream
from scb_edu.studies.study import Study
from scb_edu.theory.dynamics import SIDES, Flow, side_of_saddle
from scb_edu.training.optimizers import ProximalGradient

RATE, TIME, RECORDS = 0.02, 60, 25
THETA = 0.1  # what a pretrained V knows
LENGTHS, BATCHES, PENALTIES = (100, 400, 1600), (4, 16, 64), (0.0, 0.004)
SHOWN = {"context_length": 400, "batch_size": 4}  # in the figure of the chapter


def walk(
    rng: np.random.Generator, *, start: str, context_length: int, batch_size: int, penalty: float
) -> list[dict[str, Any]]:
    """Train on the running example and return the course of the two signals."""
    steps = round(TIME / RATE)
    run = downstream(
        rng,
        start,
        THETA,
        context_length,
        ProximalGradient(RATE, penalty),
        steps=steps,
        batch_size=batch_size,
        record_every=steps // RECORDS,
    )
    courses = zip(run.time, run.signals.value, run.signals.attention, strict=True)
    return [  # a thousandth is finer than a line that is drawn
        {"time": round(t, 3), "alpha_V": round(float(V), 3), "alpha_A": round(float(A), 3)}
        for t, V, A in courses
    ]


def walks(table: pd.DataFrame, **point: Any) -> list[Flow]:
    """Return the stored runs at a point, each as a path of the signals."""
    runs = table[(table[list(point)] == pd.Series(point)).all(axis=1)].groupby("seed")
    return [Flow(*run[["time", "alpha_V", "alpha_A"]].to_numpy().T) for _, run in runs]


def ends(table: pd.DataFrame, points: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return how many runs end where, a row a point, and the median of those on the right side."""
    rows = []
    for point in points:
        paths = walks(table, **point)
        last = np.array([(path.value[-1], path.attention[-1]) for path in paths])  # (seeds, 2)
        fates = np.array([side_of_saddle(*end) for end in last])
        v, a = np.median(last[fates == "right"], axis=0)
        counts = {name: int((fates == name).sum()) for name in SIDES}
        rows.append({**point, **counts, "α_V": v, "α_A": a})
    return pd.DataFrame(rows)


def _points() -> list[dict[str, Any]]:
    """Return all settings from scratch, and two starts that know something beside the shown."""
    points = [
        {"start": "scratch", "context_length": T, "batch_size": B, "penalty": penalty}
        for T in LENGTHS
        for B in BATCHES
        for penalty in PENALTIES
    ]
    return points + [
        {"start": start, **SHOWN, "penalty": penalty}
        for start in ("aligned", "related")
        for penalty in PENALTIES
    ]


STUDIES = [Study("stages-portrait", walk, _points(), seeds=8)]
