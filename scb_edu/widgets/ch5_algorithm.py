"""The explorers of chapter 5: controls over its pictures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.studies.ch5_algorithm import excess_share, optimizer_of
from scb_edu.support.signatures import checked
from scb_edu.training import train
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import task_or_example


@checked
def algorithm_race(task: SCBTask | None = None) -> Explorer:
    """Return learning rate, penalty and batch size over one run of each of two methods.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example with T = 100.

    Returns
    -------
    Explorer
        Plain SGD and the proximal method, with the same rate and 32,000 samples each.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

    Notes
    -----
    Book: 05-algorithm, sec-algorithm.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.algorithm_race().controls]
    ['rate', 'penalty', 'batch']
    """
    shown = task_or_example(task, 100)

    def race(rate: float, penalty: float, batch: int) -> Picture:
        runs = {
            "plain SGD": _race_of_samples(shown, "plain", rate, 0.0, batch),
            "proximal": _race_of_samples(shown, "l1", rate, penalty, batch),
        }
        shares = {name: (run, excess_share(run.loss, shown)) for name, run in runs.items()}
        return figures.two_runs(shares, title=f"T = {shown.context_length}, one run each")

    controls = [
        Slider("rate", "Learning rate", (0.01, 0.03, 0.1, 0.3), default=0.1),
        Slider("penalty", "Penalty", (0.0, 0.003, 0.01, 0.03), default=0.01),
        Slider("batch", "Batch size", (16, 64, 256), default=64),
    ]
    question = "Where does each method work, and what stops it elsewhere?"
    return Explorer(controls, [Panel(race, ("rate", "penalty", "batch"))], question=question)


@lru_cache(maxsize=128)
def _race_of_samples(
    task: SCBTask, method: str, rate: float, penalty: float, batch: int
) -> Trajectory:
    optimizer = optimizer_of(method, rate, penalty, task=task, batch_size=batch)
    return train(
        task,
        LinearTransformer.initial(task, dtype=np.float32),
        optimizer,
        steps=32_000 // batch,
        batch_size=batch,
        rng=np.random.default_rng(0),
    )
