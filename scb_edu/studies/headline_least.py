"""How few samples are enough: the ways of the headline on multiples of their batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from scb_edu.model.task import SCBTask
from scb_edu.studies.headline import WAYS, Beginning, fate, is_half_way, samples_if, to_half_way
from scb_edu.studies.study import Study
from scb_edu.training.loop import Stage


def frugal(
    rng: np.random.Generator, *, way: str, context_length: int, factor: float
) -> dict[str, Any]:
    """Train one run to half way on a multiple of the batches of its way; inf samples for never."""
    task = SCBTask.example(context_length)
    first = to_half_way(task, on_multiple(WAYS[way](task, rng), factor), rng)
    return {"half": samples_if(is_half_way(first), first), "fate": fate(first)}


def on_multiple(begin: Beginning, factor: float) -> Beginning:
    """Return the same way of training on batches so many times as large, of one at least."""

    def scaled(stage: Stage) -> Stage:
        return replace(stage, batch_size=lambda moment: max(1, factor * stage.batch_at(moment)))

    return replace(begin, stages=[scaled(stage) for stage in begin.stages])


SLOW, ONE_STEP = ("scheduled", "related", "tempered"), ("aligned", "related giant")
LENGTHS = (100, 400, 1600, 6400)
FACTORS = (0.2, 0.3, 0.45, 0.67, 1.0, 1.5)
FINE_FACTORS = (0.36, 0.43, 0.52, 0.62, 0.74, 0.89, 1.07)  # one step is half way or not: steep
STUDIES = [
    Study(
        "least-aligned",
        frugal,
        {"way": ("aligned",), "context_length": (*LENGTHS, 25_600), "factor": FINE_FACTORS},
        seeds=100,
        seed=3,
    ),
    Study(
        "least-slow",
        frugal,
        {"way": SLOW, "context_length": LENGTHS, "factor": FACTORS},
        seeds=40,
        seed=3,
    ),
    Study(
        "least-giant",
        frugal,
        {"way": ("related giant",), "context_length": LENGTHS, "factor": FINE_FACTORS},
        seeds=60,
        seed=3,
    ),
]
"""Seeds that no other study has; the grids cover where the shares rise from none to all."""
