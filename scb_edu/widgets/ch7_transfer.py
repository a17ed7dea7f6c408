"""The explorers of chapter 7: controls over its pictures."""

from __future__ import annotations

import math

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.norms import weighted_square_norm
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.studies.ch7_transfer import DECIDED, HALF_WAY, pretrained
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.correlated import correlated_task
from scb_edu.theory.dynamics import growth_rate
from scb_edu.theory.finetuning import transfer, transfer_flow
from scb_edu.training import train
from scb_edu.training.optimizers import ProximalGradient
from scb_edu.training.trajectory import Trajectory
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import ITS_OWN, with_lengths

CORRELATIONS = (-0.1, 0.0, 0.03, 0.1, 0.3, 1.0)


@checked
def transfer_run(task: SCBTask | None = None) -> Explorer:
    """Return what is carried over and the context length over one downstream run.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example; its context length is then no control, a
        correlation that no transition has with its P is left out, and the time follows its pace.

    Returns
    -------
    Explorer
        The two signals over the samples seen, beside the flow. A changed control trains anew.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

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
    lengths = Slider("T", "Context length T", (50, 200, 800), default=200)
    of_length, own_lengths = with_lengths(task, lengths)
    rate, steps = 0.05, 400 if task is None else _steps(task)

    def course(theta: float, T: int = ITS_OWN) -> Picture:
        shown, scratch = of_length(T), math.isnan(theta)
        known = 0.0 if scratch else theta
        rng, batches = np.random.default_rng(1), {"steps": steps, "batch_size": 64}
        before = pretrained("scratch" if scratch else "related", known, shown, rng)
        begin, method = transfer(before, shown), ProximalGradient(rate, 0.003)
        run = train(shown, begin, method, rng=rng, record_every=10, **batches)
        beside = _beside(before, shown, known)
        flow = transfer_flow(shown, known, t_end=rate * steps, beside=beside)
        samples = flow.t * batches["batch_size"] / rate
        paths = (samples, flow.value, flow.attention)
        return figures.transfer_course(run, paths, _end_of(run))

    values = (math.nan, *(x for x in CORRELATIONS if task is None or _is_feasible(task, x)))
    controls = [
        Slider("theta", "Correlation θ", values, default=0.1, format=_correlation),
        *own_lengths,
    ]
    names = tuple(control.name for control in controls)
    question = "How much has to be known before for the wait to vanish?"
    return Explorer(controls, [Panel(course, names)], question=question)


def _steps(task: SCBTask) -> int:
    """Return as many steps as the running example's 400 are, where signals grow at another rate."""
    example = SCBTask.example(max(2, task.context_length))
    return int(np.clip(400 * growth_rate(example) / growth_rate(task), 100, 4000))


def _is_feasible(task: SCBTask, theta: float) -> bool:
    """Return whether there is a transition with this correlation with that of the task."""
    try:
        correlated_task(task, theta, np.random.default_rng(1))
    except ScbError:
        return False
    return True


def _beside(before: LinearTransformer, task: SCBTask, theta: float) -> float:
    """Return the energy of what V knows beside the truth."""
    known = weighted_square_norm(before.value - task.stationary[:, None], task.stationary)
    return max(0.0, float(known) - theta**2 * task.transition_energy)


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
