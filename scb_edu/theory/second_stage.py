"""Stage 2 under a penalty: one large step that finds the support, and what replaces the creep."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from scb_edu.model.gradients import bayes_loss
from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.complexity import crossed_variance, pointed_variance
from scb_edu.theory.dynamics import (
    FARTHEST,
    Flow,
    SignalConstants,
    TaskLike,
    follow,
    points_of_time,
    time_until,
    velocity,
)

CLEARANCE = 4.0
"""How far the threshold of a giant step lies above the weights 1/T that it has to clear away."""

AT_ONE = 1e-12
"""A pointer so near to 1 is there: the solver could not tell when it arrives."""


@checked
class GiantStep(NamedTuple):
    """One step of proximal descent on A that finds the support by itself.

    Parameters
    ----------
    attention_rate : float
        Learning rate of A.
    penalty : float
        Of the l1 norm of A.
    batch_size : int

    Notes
    -----
    Book: 06-sample-complexity, eq-second-stage.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.GiantStep(attention_rate=2.0, penalty=0.01, batch_size=2000).batch_size
    2000
    """

    attention_rate: float
    penalty: float
    batch_size: int


@checked
def giant_step(
    task: SCBTask, value: float = 0.5, *, share: float = 0.5, miss: float = 0.05
) -> GiantStep:
    """Return the step that takes uniform attention to the support, once V has a signal.

    Parameters
    ----------
    task : SCBTask
    value : float
        alpha_V, above 0.
    share : float
        The penalty as a share of the push alpha_V K_P / Q on a weight 1/Q, between 0 and 1. With
        equal weights 1/2 leaves as much room above as below; the penalty tilts unequal ones.
    miss : float
        Bound for the chance that a weight outside the support survives, between 0 and 1.

    Returns
    -------
    GiantStep
        With equal tokens B = (2 / share^2) log(N T / miss) Q^2 / K_P: no power of T. alpha_V is
        not in it, because push and noise both grow with V.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-second-stage.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [scb.theory.giant_step(scb.SCBTask.example(T)).batch_size for T in (125, 2000, 32_000)]
    [2423, 3176, 3928]
    """
    refuse_flat(task, "transition")
    alpha = checks.positive_number("value", value)
    kept, lost = checks.share("share", share), checks.share("miss", miss)
    penalty = kept * alpha * task.transition_energy / task.sparsity
    tau = crossed_variance(task.transition, task.stationary)
    single = alpha * math.sqrt(tau / task.stationary.min())  # one sample's noise on a weight
    z = math.sqrt(2 * math.log(task.vocab_size * task.context_length / lost))
    return GiantStep(
        attention_rate=CLEARANCE / (math.sqrt(task.context_length) * penalty),
        penalty=penalty,
        batch_size=math.ceil((z * single / penalty) ** 2),
    )


@checked
def support_chance(task: SCBTask, step: GiantStep, value: float = 0.5) -> float:
    """Return the chance that one step from uniform attention leaves exactly the support.

    Parameters
    ----------
    task : SCBTask
    step : GiantStep
    value : float
        alpha_V, above 0.

    Returns
    -------
    float
        For independent normal noise on each of the N T weights. A token that is seen only a few
        hundred times in the batch has noise with longer tails, and finds the support less often.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-second-stage.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(500)
    >>> step = scb.theory.giant_step(task)
    >>> for size in (step.batch_size // 2, step.batch_size):
    ...     print(round(scb.theory.support_chance(task, step._replace(batch_size=size)), 2))
    0.38
    0.99
    """
    refuse_flat(task, "transition")
    alpha, T = checks.positive_number("value", value), task.context_length
    rate = checks.positive_number("step.attention_rate", step.attention_rate)
    penalty = checks.non_negative_number("step.penalty", step.penalty)
    B = checks.at_least_one("step.batch_size", step.batch_size)
    q = task.attention
    noise = np.sqrt(entry_variance(task, alpha) / (B * task.stationary))  # (T, N)
    push = alpha * task.transition_energy * (q - 1 / T) + 1 / (rate * T)
    survives = ndtr((push - penalty) / noise) + ndtr((-push - penalty) / noise)
    return float(np.where(q > 0, survives, 1 - survives).prod())


@checked
def value_noise(task: SCBTask, learning_rate: float, batch_size: float) -> float:
    """Return the error of V that the noise of training keeps up around the truth.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
        Of V, below 2: the mean of its columns has the curvature 1.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        The root of the mean of ||V - P||_mu^2 in the long run, with A at Q. The residual is taken
        to be independent of the context.

    Raises
    ------
    ScbError
        An argument is not as described.

    Notes
    -----
    Book: 06-sample-complexity, eq-second-stage.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [round(scb.theory.value_noise(scb.SCBTask.example(500), 1, B), 3) for B in (100, 10_000)]
    [0.118, 0.012]
    """
    rate = checks.positive_number("learning_rate", learning_rate)
    if rate >= 2:
        raise ScbError(f"learning_rate: expected a number below 2, got {rate:.6g}.")
    B, N = checks.at_least_one("batch_size", batch_size), task.vocab_size
    curvature = task.attention_energy + 1 / task.context_length  # of all but the mean
    modes = (N - 1) * rate / (2 - rate * curvature) + rate / (2 - rate)
    return math.sqrt(2 * bayes_loss(task) * modes / B)


@checked
def penalised_flow(
    task: TaskLike,
    penalty: float,
    *,
    start: tuple[float, float],
    t_end: float,
    points: int = 400,
) -> Flow:
    """Follow the signals under the soft threshold and the division by the column sums.

    While no weight of A is cut to zero, both together multiply A - 11^T/T by 1/(1 - T eta penalty)
    in each step: alpha_A grows at the rate T penalty by itself. At alpha_A = 1 the weights outside
    the support are used up, and it stays.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
        With equal weights 1/Q; unequal ones are tilted by the penalty, slowly.
    penalty : float
        Zero or above.
    start : (alpha_V, alpha_A)
        With alpha_A between 0 and 1.
    t_end : float
        Above 0, in units of learning rate times steps.
    points : int
        How many equally spaced times to report, at least 2.

    Returns
    -------
    Flow

    Raises
    ------
    ScbError
        An argument is not as described, or the solver gave up.

    Notes
    -----
    With the penalty 0 it is ``signal_flow``, up to alpha_A = 1. Book: 04-two-stages, eq-creep.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for penalty in (0.0, 0.01):
    ...     flow = scb.theory.penalised_flow((0.14, 0.52, 500), penalty, start=(1.4, 0.7), t_end=5)
    ...     print(round(flow.value[-1], 2), round(flow.attention[-1], 2))
    1.41 0.71
    1.03 1.0
    """
    constants = SignalConstants.of(task)
    growth = constants.context_length * checks.non_negative_number("penalty", penalty)
    checks.within("penalty", penalty, 0, FARTHEST / constants.context_length)
    checks.within("start[0], alpha_V", start[0], -FARTHEST, FARTHEST)
    checks.within("start[1], alpha_A", start[1], 0, 1)

    def rate(_t: float, y: Array) -> tuple[float, float]:
        dV, dA = velocity(*constants, y[0], y[1])
        return dV, dA + growth * y[1]

    end = time_until(t_end)
    times = np.linspace(0, end, points_of_time(points))
    scale, stop = 1 / constants.context_length, _used_up()
    value, attention = np.ones((2, len(times)))
    before, met, when = 0, start[0], 0.0
    if start[1] <= 1 - AT_ONE or rate(0, np.array(start))[1] <= 0:
        options = {"t_eval": times, "events": stop}
        path = follow("penalty", rate, start, end, scale=scale, precision=1e-7, **options)
        before = len(path.t)
        value[:before], attention[:before] = path.y
        if path.status:
            met, when = path.y_events[0][0, 0], path.t_events[0][0]
    # from there on V alone moves, by a linear equation
    decay = constants.attention_energy + scale
    value[before:] += (met - 1) * np.exp(-decay * (times[before:] - when))
    return Flow(times, value, attention)


def _used_up() -> Callable[[float, Array], float]:
    """Return the event that alpha_A comes to 1 from below: it stays there."""

    def reaches(_t: float, y: Array) -> float:
        return float(y[1] - 1)

    reaches.terminal = True  # type: ignore[attr-defined]
    reaches.direction = 1  # type: ignore[attr-defined]
    return reaches


def entry_variance(task: SCBTask, value: float) -> Array:
    """Return the variance of one sample's push on each weight (T, N), at uniform attention.

    The output comes from a token on the support, so there its noise is another one. What is left
    out falls like 1/T.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(100)
    >>> variance = entry_variance(task, 0.5)
    >>> [round(float(variance[task.attention[:, 0] == q, 0][0]), 4) for q in (0, 0.4, 0.6)]
    [0.0117, 0.0129, 0.0129]
    """
    q, V = task.attention, task.transition
    pointed, crowd = pointed_variance(task, V), crossed_variance(V, task.stationary)
    return np.asarray(
        value**2 * (q * pointed + (1 - q) * crowd - (q * task.transition_energy) ** 2)
    )
