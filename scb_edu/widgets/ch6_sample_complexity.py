"""The explorers of chapter 6: controls over its pictures."""

from __future__ import annotations

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.studies.study import from_scratch
from scb_edu.training.optimizers import ProximalGradient
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider


def sample_run() -> Explorer:
    """Return context length, batch size and seed over one run from the initial point.

    Returns
    -------
    Explorer
        The two signals over the samples seen. A changed control trains a new model.

    Notes
    -----
    The learning rate is 0.1 and there is no penalty, as in the study of the escape.
    Book: 06-sample-complexity, eq-escape-chance.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.sample_run().controls]
    ['T', 'B', 'seed']
    """

    def course(T: int, B: int, seed: int) -> Picture:
        run = _short_run(T, B, seed)
        return figures.one_run(run, _fate(run))

    controls = [
        Slider("T", "Context length T", (50, 200, 800), default=200),
        Slider("B", "Batch size B", (2, 8, 32, 128), default=8),
        Slider("seed", "Seed", (1, 2, 3, 4), default=1),
    ]
    question = "Which batches are large enough for which contexts?"
    return Explorer(controls, [Panel(course, ("T", "B", "seed"))], question=question)


def _short_run(T: int, B: int, seed: int) -> Trajectory:
    return from_scratch(
        T,
        ProximalGradient(0.1),
        steps=400,
        batch_size=B,
        rng=np.random.default_rng(seed),
        record_every=10,
    )


def _fate(run: Trajectory) -> str:
    attention = run.signals.attention[-1]
    if not run.status.ok:
        return "diverged"
    if abs(attention) < 0.5:
        return "undecided"
    return "right side" if attention > 0 else "wrong side"
