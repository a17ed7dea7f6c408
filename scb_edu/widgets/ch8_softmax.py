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
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider


def softmax_training() -> Explorer:
    """Return context length and step over a run of softmax attention beside one of linear.

    Returns
    -------
    Explorer
        The attention maps beside the truth, and the excess losses with the step marked. Both runs
        see the same samples.

    Notes
    -----
    Book: 08-softmax, sec-softmax.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.softmax_training().controls]
    ['T', 'step']
    """

    def maps(T: int, step: int) -> Picture:
        task, runs = SCBTask.example(T), _pair_of_runs(T)
        seen = {name: run.snapshots[run.snapshot_step == step][0] for name, run in runs.items()}
        likeness = {
            name: attention_cosine(A, task.attention, task.stationary) for name, A in seen.items()
        }
        shown = {"truth": task.attention, **seen}
        return figures.attention_maps(shown, likeness=likeness, small=True)

    def losses(T: int, step: int) -> Picture:
        best = bayes_loss(SCBTask.example(T))
        courses = {name: (run.step, run.loss - best) for name, run in _pair_of_runs(T).items()}
        return figures.marked_losses(courses, step)

    steps = (0, 100, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 3300, 4500)
    controls = [
        Slider("T", "Context length T", (20, 60), default=60),
        Slider("step", "Step", steps, default=600, format="{:,}"),
    ]
    panels = [Panel(draw, ("T", "step")) for draw in (maps, losses)]
    question = "Which of the two finds the positions first, and does it find them one by one?"
    return Explorer(controls, panels, question=question)


@lru_cache(maxsize=4)
def _pair_of_runs(T: int) -> dict[str, Trajectory]:
    return {
        name: trained(method, SCBTask.example(T), 0, (3000, 1500), records=45, dtype=np.float64)
        for name, method in (("linear, l1", "l1"), ("softmax", "softmax"))
    }
