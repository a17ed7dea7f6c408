"""The explorers of chapter 5: controls over its pictures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, distances
from scb_edu.studies.ch5_algorithm import rung
from scb_edu.studies.study import from_scratch
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider


def algorithm_race() -> Explorer:
    """Return learning rate, penalty and batch size over one run of each of two methods.

    Returns
    -------
    Explorer
        Plain SGD and the proximal method at T = 100, with the same rate and 32,000 samples each.

    Notes
    -----
    Book: 05-algorithm, sec-algorithm.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.algorithm_race().controls]
    ['rate', 'penalty', 'batch']
    """
    start = distances(LinearTransformer.initial(SCBTask.example(100)), SCBTask.example(100))

    def race(rate: float, penalty: float, batch: int) -> Picture:
        runs = {
            "plain": _race_of_samples("plain", rate, 0.0, batch),
            "l1": _race_of_samples("l1", rate, penalty, batch),
        }
        return figures.two_runs(runs, start.attention, title="T = 100, one run each")

    controls = [
        Slider("rate", "Learning rate", (0.01, 0.03, 0.1, 0.3), default=0.03),
        Slider("penalty", "Penalty", (0.0, 0.003, 0.01, 0.03), default=0.01),
        Slider("batch", "Batch size", (16, 64, 256), default=64),
    ]
    question = "Where does each method work, and what stops it elsewhere?"
    return Explorer(controls, [Panel(race, ("rate", "penalty", "batch"))], question=question)


@lru_cache(maxsize=128)
def _race_of_samples(method: str, rate: float, penalty: float, batch: int) -> Trajectory:
    return from_scratch(
        100,
        rung(method, rate, penalty),
        steps=32_000 // batch,
        batch_size=batch,
        rng=np.random.default_rng(0),
    )
