"""The two stages of training, seen through two numbers: the flow of the signals."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from scb_edu.model.gradients import population_gradient, precondition
from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.model.transformer import LinearTransformer, Signals
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked, known_as

FLAT, FALLEN = 0.9, 0.1
"""Shares of the excess loss that are left where stage 1 ends, and where the fall ends."""
BORDER = 1 - math.sqrt(FLAT)
"""The pointer's weight alpha_V alpha_A where stage 1 ends."""
SIDES = ("right", "wrong", "stuck")
"""Where a run may stand after the saddle."""
ENERGIES, LONGEST = (1e-30, 1e6), 1e30
"""What the solver can do: the size of an energy, and of a context length."""
TIMES, FARTHEST = (1e-60, 1e20), 1e6
"""The time it can go, and how far from the truth it can begin."""
NEAREST, WIDEST = 1e-9, 1e3
"""How near to the saddle its stable branches can be followed, as a share of it, and how far."""
APART, SHORT = 1e-9, 1e-7
"""How far a level has to be above the start, and below the truth: nearer, the solver errs."""
LEAST_LEFT = 1e-15
"""The smallest share of an excess loss for which that is so."""
EVALUATIONS = 300_000
"""How often it may ask for the rate: seconds."""
DECIDED = 0.25
"""How large the signals of a run are that has left the saddle."""


@checked
class SignalConstants(NamedTuple):
    """The three numbers of a task that the flow of the signals depends on.

    Parameters
    ----------
    transition_energy : float
        K_P, above 0.
    attention_energy : float
        K_Q, above 0.
    context_length : float
        T, at least 1.

    Notes
    -----
    Book: 04-two-stages, eq-energies.

    Examples
    --------
    >>> import scb_edu as scb
    >>> K_P, K_Q, T = scb.theory.SignalConstants(0.2, 0.5, 100)
    >>> T
    100
    """

    transition_energy: float
    attention_energy: float
    context_length: float

    @classmethod
    def of(cls, task: TaskLike) -> SignalConstants:
        """Return the constants of a task, or check a tuple (K_P, K_Q, T).

        Raises
        ------
        ScbError
            Neither a task nor three numbers; an energy is 0, or T is below 1.

        Notes
        -----
        Book: 04-two-stages, eq-energies.

        Examples
        --------
        >>> import scb_edu as scb
        >>> round(scb.theory.SignalConstants.of(scb.SCBTask.example()).attention_energy, 3)
        0.395
        """
        if isinstance(task, SCBTask):
            refuse_flat(task, "transition", "attention")
            return cls(task.transition_energy, task.attention_energy, task.context_length)
        return _constants(task)


TaskLike: TypeAlias = SCBTask | SignalConstants | tuple[float, float, float]
known_as(TaskLike, lambda _name, task: task if isinstance(task, SCBTask) else _constants(task))


@checked
@dataclass(frozen=True, eq=False)
class Flow:
    """A path of the two signals.

    Parameters
    ----------
    t : (n,) array
        Time of the gradient flow: the learning rate times the number of steps.
    value, attention : (n,) arrays
        alpha_V and alpha_A at those times.

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> flow = scb.signal_flow((0.2, 0.5, 100), t_end=50, points=3)
    >>> flow.t.tolist()
    [0.0, 25.0, 50.0]
    """

    t: Array
    value: Array
    attention: Array


@checked
def signal_rate(task: TaskLike, value: Any, attention: Any) -> tuple[Any, Any]:
    """Return the velocity (d alpha_V/dt, d alpha_A/dt) at a point, or at arrays of points.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    value, attention : float or arrays of one shape
        alpha_V and alpha_A.

    Returns
    -------
    pair of floats, or of arrays

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.signal_rate((0.2, 0.5, 100), 0.0, 0.0)
    (0.01, 0.0)
    """
    value, attention = checks.alike(value=value, attention=attention)
    return velocity(*SignalConstants.of(task), value, attention)


@checked
def feedback_rate(
    task: TaskLike, value: Any, attention: Any, beside: Any, scatter: Any
) -> tuple[Any, Any, Any, Any]:
    """Return the velocity of the signals and of what V and A hold beside them.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    value, attention : float or arrays of one shape
        alpha_V and alpha_A.
    beside : float or array
        K_R, the energy of what V holds beside the truth.
    scatter : float or array
        e, the energy of what A holds beside its line from uniform to Q.

    Returns
    -------
    four floats, or arrays
        The time derivatives of alpha_V, alpha_A, K_R and e.

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    Exact for the preconditioned, projected flow of any V with V mu = mu and any A whose columns
    sum to 1; with K_R = e = 0 it is ``signal_rate``. Book: 06-sample-complexity, eq-feedback.

    Examples
    --------
    >>> import scb_edu as scb
    >>> rates = scb.theory.feedback_rate((0.2, 0.5, 100), 0.5, 0.0, beside=0.2, scatter=1.0)
    >>> [round(rate, 3) for rate in rates]
    [-0.495, 0.1, -0.404, -0.5]
    """
    given = checks.alike(value=value, attention=attention, beside=beside, scatter=scatter)
    return rate_with_feedback(SignalConstants.of(task), *given)


def rate_with_feedback(
    constants: SignalConstants, value: Any, attention: Any, beside: Any, scatter: Any
) -> tuple[Any, Any, Any, Any]:
    """Return the same for constants and numbers that were checked."""
    K_P, K_Q, T = constants
    dV, dA = velocity(K_P, K_Q, T, value, attention)
    squares = 1 / T + K_Q * attention**2 + scatter  # the mean of ||a_k||^2
    return (
        dV - scatter * value,
        dA - beside * attention,
        -2 * squares * beside,
        -2 * (value**2 * K_P + beside) * scatter,
    )


@checked
def signal_loss(task: TaskLike, value: Any, attention: Any) -> Any:
    """Return how far the loss of a model of the family is above the irreducible loss.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    value, attention : float or arrays of one shape
        alpha_V and alpha_A.

    Returns
    -------
    float or array
        K_P/2 [(1 - alpha_V)^2/T + K_Q (1 - alpha_V alpha_A)^2], dimensionless.

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [scb.theory.signal_loss((0.25, 0.5, 100), alpha, alpha) for alpha in (1.0, -1.0)]
    [0.0, 0.005]
    """
    value, attention = checks.alike(value=value, attention=attention)
    return _excess(*SignalConstants.of(task), value, attention)


@checked
def signal_flow(
    task: TaskLike,
    *,
    start: tuple[float, float] = (0.0, 0.0),
    t_end: float,
    points: int = 400,
) -> Flow:
    """Follow the preconditioned population flow of the signals from ``start``.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    start : (alpha_V, alpha_A)
    t_end : float
        Above 0, in units of learning rate times steps.
    points : int
        How many equally spaced times to report, at least 2.

    Returns
    -------
    Flow
        Exact for a model that starts in the family of eq-family, to a relative 1e-9.

    Raises
    ------
    ScbError
        An argument is out of range, or the solver gave up.

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> flow = scb.signal_flow((0.2, 0.5, 100), t_end=2000)
    >>> bool(abs(flow.attention[-1] - 1) < 0.01)
    True
    """
    constants = SignalConstants.of(task)
    end, count = time_until(t_end), points_of_time(points)
    solution = _solve(constants, start, end, t_eval=np.linspace(0, end, count))
    return Flow(solution.t, solution.y[0], solution.y[1])


@checked
def growth_rate(task: TaskLike) -> float:
    """Return the rate at which the signals leave the saddle, close to sqrt(K_P K_Q).

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)

    Returns
    -------
    float
        The positive eigenvalue [-b + sqrt(b^2 + 4 K_P K_Q)] / 2 of the flow at its saddle, per
        unit of time, with b = (1 + 1/(T K_Q)) / T.

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    Book: 04-two-stages, eq-growth-rate.

    Examples
    --------
    >>> import scb_edu as scb
    >>> round(scb.theory.growth_rate((0.2, 0.2, 1e9)), 6)
    0.2
    """
    K_P, K_Q, T = SignalConstants.of(task)
    damping = (1 + 1 / (T * K_Q)) / T
    # the difference of the formula, written as a quotient, so that no digits cancel
    return 2 * K_P * K_Q / (damping + math.sqrt(damping**2 + 4 * K_P * K_Q))


@checked
def saddle(task: TaskLike) -> Signals[float]:
    """Return the fixed point that the start is close to, (0, -1/(T K_Q)).

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    Book: 04-two-stages, eq-fixed-points.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.saddle((0.2, 0.5, 100))
    Signals(value=0.0, attention=-0.02)
    """
    _, K_Q, T = SignalConstants.of(task)
    return Signals(0.0, -1 / (T * K_Q))


@checked
def signal_jacobian(task: TaskLike, value: float, attention: float) -> Array:
    """Return the matrix of the flow linearised at a point.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    value, attention : float
        alpha_V and alpha_A.

    Returns
    -------
    (2, 2) array
        Row i holds the derivatives of the i-th velocity with respect to alpha_V and alpha_A.

    Raises
    ------
    ScbError
        The task has no energy, or a number is not in its range.

    Notes
    -----
    Book: 04-two-stages, eq-linearisation.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.signal_jacobian((0.25, 0.5, 100), 1, 1).tolist()
    [[-0.51, -0.5], [-0.25, -0.25]]
    """
    K_P, K_Q, T = SignalConstants.of(task)
    v, a = checks.real_number("value", value), checks.real_number("attention", attention)
    cross = 1 - 2 * v * a
    return np.array([[-1 / T - K_Q * a**2, K_Q * cross], [K_P * cross, -K_P * v**2]])


@checked
def separatrix(task: TaskLike, *, reach: float = 1.5, points: int = 200) -> tuple[Array, Array]:
    """Return the curve that parts the starts that find the truth from those that never do.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    reach : float
        Above 0: the curve ends where a signal is this far from that of the saddle.
    points : int
        How many points on each side of the saddle, at least 2.

    Returns
    -------
    value, attention : (2 points - 1,) arrays
        alpha_V, from below 0 to above 0, and alpha_A; the saddle is in the middle.

    Raises
    ------
    ScbError
        An argument is out of range.

    Notes
    -----
    The stable manifold of the saddle: the only paths that end in it, followed backwards in time.
    Book: 04-two-stages, eq-linearisation.

    Examples
    --------
    >>> import scb_edu as scb
    >>> value, attention = scb.theory.separatrix((0.2, 0.2, 1e6), reach=0.5)
    >>> value[[0, -1]].round(3).tolist(), attention[[0, -1]].round(3).tolist()
    ([-0.5, 0.5], [0.5, -0.5])
    """
    constants = SignalConstants.of(task)
    nearest = NEAREST * max(1.0, abs(saddle(constants).attention))
    far = checks.within("reach", reach, nearest, WIDEST)  # a nearer one is rounded away
    count = points_of_time(points)
    left, right = (_stable_branch(constants, far, count, side) for side in (-1, 1))
    both = np.concatenate([left[:, :0:-1], right], axis=1)
    return both[0], both[1]


@checked
def escape_time(
    task: TaskLike,
    level: float,
    *,
    start: tuple[float, float] = (0.0, 0.0),
    signal: str = "attention",
) -> float:
    """Return the first time at which a signal reaches a level.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    level : float
        Below 1 by 1e-7 or more: the truth, where both signals are 1, is reached only in the limit.
        And above the start by 1e-9 or more, or below it.
    start : (alpha_V, alpha_A)
    signal : "attention" or "value"

    Returns
    -------
    float
        0 if the start is there already; inf if the path is still below the level after 100 T time
        units, as it is when it leaves the saddle on the wrong side.

    Raises
    ------
    ScbError
        An argument is out of range, or the solver gave up.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> import scb_edu as scb
    >>> short, long = (scb.escape_time((0.2, 0.5, T), 0.5) for T in (10**5, 10**6))
    >>> round(long - short, 2)  # ten times the context: log(10) / sqrt(0.2 * 0.5) more
    7.28
    """
    constants, index = SignalConstants.of(task), _index_of(signal)
    begin = _start_point(start)[index]
    goal = level_above(begin, level)
    if begin >= goal:
        return 0.0
    return arrival(constants, partial(_solve, constants, start), index, goal)


def level_above(begin: float, level: object) -> float:
    """Return a level that a signal can pass on its way from ``begin`` to the truth."""
    goal = checks.real_number("level", level)
    if goal > 1 - SHORT:
        raise ScbError(
            f"level: expected a number below 1, by {SHORT:g} at least, got {goal:.12g}; the truth "
            "itself is reached only in the limit."
        )
    if begin < goal < begin + APART:
        raise ScbError(
            f"level: expected one above the start, {begin:.12g}, by {APART:g} at least, or below "
            f"it, got {goal:.12g}."
        )
    return goal


def arrival(
    constants: SignalConstants, solve: Callable[..., Any], index: int, level: float
) -> float:
    """Return when a number of a flow first has a level; inf where that takes over 100 T.

    Examples
    --------
    >>> from scb_edu.theory.dynamics import SignalConstants, arrival, follow
    >>> constants = SignalConstants(0.2, 0.5, 1000)
    >>> def solve(end, **options):
    ...     return follow("start", lambda t, y: (2.0,), (0.0,), end, scale=1.0, **options)
    >>> round(arrival(constants, solve, 0, 1.0), 6)
    0.5
    """
    return _first_zero(constants, solve, lambda y: float(y[index] - level))


def _first_zero(
    constants: SignalConstants, solve: Callable[..., Any], height: Callable[[Array], float]
) -> float:
    """Return when a height along a flow is first zero; inf where that takes over 100 T."""

    def crossing(_t: float, y: Array) -> float:
        return height(y)

    crossing.terminal = True  # type: ignore[attr-defined]
    horizon = 100 * (constants.context_length + 1 / growth_rate(constants))
    reached = solve(horizon, events=crossing).t_events[0]
    return float(reached[0]) if len(reached) else math.inf


@checked
class Stages(NamedTuple):
    """When the exact flow from (0, 0) leaves stage 1, and when the fall that follows is over.

    Parameters
    ----------
    first : float
        Up to this time the loss looks flat: less than a tenth of the excess is gone.
    fall : float
        From this time on the prediction is nearly right: less than a tenth is left. What lies
        between is the beginning of stage 2.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.Stages(first=19.1, fall=25.9).first
    19.1
    """

    first: float
    fall: float


@checked
def stages(task: TaskLike) -> Stages:
    """Return when stage 1 ends on the exact flow from (0, 0), and when the fall is over.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)

    Returns
    -------
    Stages
        In a long context the pointer's weight x = alpha_V alpha_A is a logistic curve of rate 2 r,
        and (1 - x)^2 of the excess loss is left. So the fall takes 1.844/r, whatever T is.

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (1000, 10_000):
    ...     first, fall = scb.theory.stages(scb.SCBTask.example(T))
    ...     print(round(first, 1), round(fall - first, 1))
    19.1 6.8
    27.6 6.8
    """
    return Stages(excess_time(task, FLAT), excess_time(task, FALLEN))


@checked
def excess_time(task: TaskLike, left: float, *, start: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return the first time at which a share of the excess loss of the start is left.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    left : float
        The share, from 1e-15 to 1 - 1e-9.
    start : (alpha_V, alpha_A)
        Not the truth, which has no excess.

    Returns
    -------
    float
        Along the exact flow; inf where more is left after 100 T units of time. The loss falls on
        the wrong side, too.

    Raises
    ------
    ScbError
        An argument is out of range, or the solver gave up.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [round(scb.theory.excess_time((0.2, 0.5, 1000), left), 1) for left in (0.9, 0.5, 0.1)]
    [16.5, 19.8, 22.4]
    """
    constants, share = SignalConstants.of(task), checks.real_number("left", left)
    if not LEAST_LEFT <= share <= 1 - APART:
        raise ScbError(
            f"left: expected a number from {LEAST_LEFT:g} to 1 - {APART:g}, got {share:.12g}."
        )
    begin = _start_point(start)
    goal = share * _excess(*constants, *begin)
    if goal == 0:
        raise ScbError("start: expected a point with an excess loss, got the truth.")
    solve = partial(_solve, constants, start)
    return _first_zero(constants, solve, lambda y: float(_excess(*constants, *y) / goal - 1))


@checked
def escape_time_limit(task: TaskLike, level: float) -> float:
    """Return the formula that the escape time of alpha_A from (0, 0) approaches for large T.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    level : float
        Above 0 and below (K_P/K_Q)^(1/4), where stage 1 ends.

    Returns
    -------
    float
        [log(2 T K_Q level) - 1/2 log(1 - sqrt(K_Q/K_P) level^2)] / sqrt(K_P K_Q).

    Raises
    ------
    ScbError
        The level is not reached in stage 1.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = (0.2, 0.5, 10000)
    >>> bool(abs(scb.theory.escape_time_limit(task, 0.5) - scb.escape_time(task, 0.5)) < 0.01)
    True
    """
    K_P, K_Q, T = SignalConstants.of(task)
    goal = checks.positive_number("level", level)
    left = 1 - math.sqrt(K_Q / K_P) * goal**2
    if left <= 0:
        raise ScbError(
            f"level: expected a number below (K_P/K_Q)^(1/4) = {(K_P / K_Q) ** 0.25:.4g}, "
            f"where stage 1 ends, got {goal:.6g}; use escape_time."
        )
    return (math.log(2 * T * K_Q * goal) - 0.5 * math.log(left)) / math.sqrt(K_P * K_Q)


@checked
def side_of_saddle(value: float, attention: float) -> str:
    """Return the side of the saddle on which a run has arrived, if it has.

    Parameters
    ----------
    value, attention : float
        The signals at its end.

    Returns
    -------
    str
        "right" with both signals above 1/4, "wrong" with alpha_A below -1/4, else "stuck".

    Notes
    -----
    Book: 04-two-stages, sec-sampled-portrait.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [scb.theory.side_of_saddle(*end) for end in ((1.1, 0.9), (-0.4, -2.5), (0.1, 0.0))]
    ['right', 'wrong', 'stuck']
    """
    if min(value, attention) > DECIDED:
        return "right"
    return "wrong" if attention < -DECIDED else "stuck"


@checked
def flow_invariant(task: TaskLike, value: Any, attention: Any) -> Any:
    """Return alpha_V^2/K_Q - alpha_A^2/K_P, which the flow without its 1/T term conserves.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    value, attention : float or arrays of one shape

    Returns
    -------
    float or array

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or its three numbers are not in
        their range.

    Notes
    -----
    With the 1/T term it changes at the rate 2 alpha_V (1 - alpha_V) / (K_Q T).
    Book: 04-two-stages, eq-invariant.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.flow_invariant((0.25, 0.5, 100), 1.0, 1.0)
    -2.0
    """
    value, attention = checks.alike(value=value, attention=attention)
    K_P, K_Q, _ = SignalConstants.of(task)
    return value**2 / K_Q - attention**2 / K_P


@checked
def population_step(
    model: LinearTransformer, task: SCBTask, learning_rate: float
) -> LinearTransformer:
    """Return the model after one step against its preconditioned, projected population gradient.

    Parameters
    ----------
    model : LinearTransformer
    task : SCBTask
    learning_rate : float
        Above 0.

    Returns
    -------
    LinearTransformer
        An Euler step of the flow, on the full matrices.

    Raises
    ------
    ScbError
        The shapes do not fit, or the learning rate is not a number above zero.

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> model = scb.theory.population_step(scb.LinearTransformer.initial(task), task, 0.8)
    >>> round(scb.signals(model, task).value, 12)  # the first push is 1/T
    0.1
    """
    rate = checks.positive_number("learning_rate", learning_rate)
    push = precondition(population_gradient(model, task), task.stationary)
    return LinearTransformer(
        model.value - rate * push.value, model.attention - rate * push.attention
    )


def _excess(K_P: float, K_Q: float, T: float, value: Any, attention: Any) -> Any:
    return K_P / 2 * ((1 - value) ** 2 / T + K_Q * (1 - value * attention) ** 2)


def velocity(K_P: float, K_Q: float, T: float, value: Any, attention: Any) -> tuple[Any, Any]:
    """Return ``signal_rate`` for constants and numbers that were checked."""
    missing = 1 - value * attention
    return (1 - value) / T + K_Q * attention * missing, K_P * value * missing


def _solve(
    constants: SignalConstants, start: tuple[float, float], end: float, **options: Any
) -> Any:
    """Follow the flow from time 0 to ``end``."""

    def rate(_t: float, y: Array) -> tuple[float, float]:
        return velocity(*constants, y[0], y[1])

    push = 1 / constants.context_length
    return follow("start", rate, _start_point(start), end, scale=push, **options)


def follow(
    name: str,
    rate: Callable[[float, Array], Sequence[float] | Array],
    start: ArrayLike,
    end: float,
    *,
    scale: float,
    precision: float = 1e-9,
    **options: Any,
) -> Any:
    """Solve a flow from time 0 to ``end``, backwards if that is below 0.

    What cannot be followed is laid to the argument named.

    The errors of a step stay below the ``precision`` times the numbers, or times the ``scale`` on
    which they leave their start: out of a saddle an error grows as they do.

    Examples
    --------
    >>> from scb_edu.theory.dynamics import follow
    >>> follow("start", lambda t, y: -y, [1.0], 1.0, scale=1.0).y[0, -1].round(6)
    np.float64(0.367879)
    """
    atol = precision * min(scale, 1e-3)
    # LSODA: stage 1 is not stiff, stage 2 is, by the factor T
    counted = _counted(name, rate)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # an error says it below
        solution = solve_ivp(
            counted, (0, end), start, "LSODA", rtol=precision, atol=atol, **options
        )
    if not solution.success:
        raise ScbError(f"{name}: expected a path that can be followed, got: {solution.message}")
    return solution


def _counted(name: str, rate: Callable[[float, Array], Any]) -> Callable[[float, Array], Any]:
    """Return a rate that ends a path on which the solver gets nowhere."""
    asked = itertools.count(1)

    def counted(t: float, y: Array) -> Any:
        if next(asked) > EVALUATIONS:
            raise ScbError(
                f"{name}: expected a path that can be followed, got one on which the solver asked "
                f"{EVALUATIONS:,} times for the rate and reached the time {t:.3g} only."
            )
        return rate(t, y)

    return counted


def _stable_branch(constants: SignalConstants, reach: float, count: int, side: int) -> Array:
    """Follow the flow backwards out of the saddle, with alpha_V on one side of it; (2, count)."""
    centre = np.array([0.0, saddle(constants).attention])
    # real numbers, which NumPy writes as complex ones from 2.5 on
    found = np.linalg.eig(signal_jacobian(constants, centre[0], centre[1]))
    rates, directions = found.eigenvalues.real, found.eigenvectors.real
    slow = directions[:, rates.argmin()]
    # far enough out for the rounding of the saddle, near enough for the branch to be a line
    apart = 1e-6 * max(reach, math.sqrt(reach))
    begin = apart * side * np.sign(slow[0]) * slow  # from the saddle, as all points here

    def rate(_t: float, y: Array) -> tuple[float, float]:
        return velocity(*constants, *(centre + y))

    def leaves(_t: float, y: Array) -> float:
        return float(np.abs(y).max() - reach)

    leaves.terminal = True  # type: ignore[attr-defined]
    # 1e-6 grows to 1 in 14 times the slower rate of decay; twice that is ample
    end = 30 / abs(rates.min())
    path = follow("reach", rate, begin, -end, scale=apart, events=leaves, dense_output=True)
    times = np.linspace(0, path.t[-1], count)
    return np.asarray(centre[:, None] + np.column_stack([[0, 0], path.sol(times[1:])]))


def time_until(t_end: object) -> float:
    """Return the time that a flow is followed for, above 0 and not too far."""
    checks.positive_number("t_end", t_end)
    return checks.within("t_end", t_end, *TIMES)


def points_of_time(points: object) -> int:
    """Return how many times are reported, at least two."""
    return checks.positive_int("points", points, least=2, most=checks.MOST_CALLS)


def _start_point(start: tuple[float, float]) -> Array:
    point = checks.real_array("start", start, 1)
    checks.shape_is("start", point, (2,), "(alpha_V, alpha_A)")
    for place, signal in enumerate(point):
        checks.within(f"start[{place}]", signal, -FARTHEST, FARTHEST)
    return point


def _index_of(signal: str) -> int:
    names = ("value", "attention")
    if signal not in names:
        raise ScbError(f"signal: expected 'value' or 'attention', got {signal!r}.")
    return names.index(signal)


def _constants(task: object) -> SignalConstants:
    K_P, K_Q, T = _three(task)
    for name, energy in (("task.transition_energy", K_P), ("task.attention_energy", K_Q)):
        checks.positive_number(name, energy)
        checks.within(name, energy, *ENERGIES)
    checks.at_least_one("task.context_length", T)
    return SignalConstants(K_P, K_Q, checks.within("task.context_length", T, 1, LONGEST))


def _three(task: object) -> tuple[float, float, float]:
    if not isinstance(task, tuple | list) or len(task) != 3:
        raise ScbError(
            f"task: expected an SCBTask or the numbers (K_P, K_Q, T), got {checks.brief(task)}."
        )
    return task[0], task[1], task[2]
