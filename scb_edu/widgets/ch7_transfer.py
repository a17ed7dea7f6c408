"""The explorers of chapter 7: controls over its pictures."""

from __future__ import annotations

import math

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.studies.ch7_transfer import DECIDED, HALF_WAY, downstream
from scb_edu.theory.finetuning import transfer_flow
from scb_edu.training.optimizers import ProximalGradient
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider


def transfer_run() -> Explorer:
    """Return what is carried over and the context length over one downstream run.

    Returns
    -------
    Explorer
        The two signals over the samples seen, beside the flow. A changed control trains anew.

    Notes
    -----
    Learning rate 0.05, penalty 0.003, batch size 64, 400 steps; one P' for each correlation.
    Book: 07-transfer, eq-transfer-flow.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.transfer_run().controls]
    ['theta', 'T']
    """

    def course(theta: float, T: int) -> Picture:
        task, scratch = SCBTask.example(T), math.isnan(theta)
        known = 0.0 if scratch else theta
        rng, start = np.random.default_rng(1), "scratch" if scratch else "related"
        rate, batches = 0.05, {"steps": 400, "batch_size": 64}
        method = ProximalGradient(rate, 0.003)
        run = downstream(rng, start, known, T, method, record_every=10, **batches)
        beside = 0.0 if scratch else (1 - theta**2) * task.transition_energy
        flow = transfer_flow(task, known, t_end=20, beside=beside)
        samples = flow.t * batches["batch_size"] / rate
        paths = (samples, flow.value, flow.attention)
        return figures.transfer_course(run, paths, _end_of(run))

    values = (math.nan, -0.1, 0.0, 0.03, 0.1, 0.3, 1.0)
    controls = [
        Slider("theta", "Correlation θ", values, default=0.1, format=_correlation),
        Slider("T", "Context length T", (50, 200, 800), default=200),
    ]
    question = "How much has to be known before for the wait to vanish?"
    return Explorer(controls, [Panel(course, ("theta", "T"))], question=question)


def _correlation(theta: float) -> str:
    return "from scratch" if math.isnan(theta) else f"{theta:g}"


def _end_of(run: Trajectory) -> str:
    """Return how a run ended, in words."""
    attention = run.signals.attention[-1]
    if not run.status.ok:
        return "diverged"
    if attention > HALF_WAY:
        return "half way and beyond"
    return "wrong side" if attention < -DECIDED else "not yet"
