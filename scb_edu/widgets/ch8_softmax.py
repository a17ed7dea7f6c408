"""The explorers of chapter 8: controls over its pictures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.gradients import (
    bayes_loss,
)
from scb_edu.model.similarity import attention_cosine
from scb_edu.model.task import SCBTask
from scb_edu.studies.ch8_softmax import trained
from scb_edu.support.signatures import checked
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import ITS_OWN, with_lengths


@checked
def softmax_training(task: SCBTask | None = None) -> Explorer:
    """Return context length and step over a run of softmax attention beside one of linear.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example; its context length is then no control.

    Returns
    -------
    Explorer
        The attention maps beside the truth, and the excess losses with the step marked. Both runs
        see the same samples.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

    Notes
    -----
    Book: 08-softmax, sec-softmax.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.softmax_training().controls]
    ['T', 'step']
    """
    of_length, lengths = with_lengths(task, Slider("T", "Context length T", (20, 60), default=60))

    def maps(step: int, T: int = ITS_OWN) -> Picture:
        shown = of_length(T)
        runs = _pair_of_runs(shown)
        seen = {name: run.snapshots[run.snapshot_step == step][0] for name, run in runs.items()}
        likeness = {
            name: attention_cosine(A, shown.attention, shown.stationary) for name, A in seen.items()
        }
        panels = {"truth": shown.attention, **seen}
        return figures.attention_maps(panels, likeness=likeness, small=True)

    def losses(step: int, T: int = ITS_OWN) -> Picture:
        runs, best = _pair_of_runs(of_length(T)), bayes_loss(of_length(T))
        courses = {name: (run.step, run.loss - best) for name, run in runs.items()}
        return figures.marked_losses(courses, step)

    steps = (0, 100, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 3300, 4500)
    controls = [
        *lengths,
        Slider("step", "Step", steps, default=600, format="{:,}"),
    ]
    names = tuple(control.name for control in controls)
    panels = [Panel(draw, names) for draw in (maps, losses)]
    question = "Which of the two finds the positions first, and does it find them one by one?"
    return Explorer(controls, panels, question=question)


@lru_cache(maxsize=4)
def _pair_of_runs(task: SCBTask) -> dict[str, Trajectory]:
    return {
        name: trained(method, task, 0, (3000, 1500), records=45, dtype=np.float64)
        for name, method in (("linear, l1", "l1"), ("softmax", "softmax"))
    }
