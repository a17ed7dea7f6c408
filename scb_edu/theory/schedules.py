"""How many samples a sure start costs, over all ways to spend them, and a schedule that saves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from scb_edu.model.task import SCBTask
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.complexity import samples_needed
from scb_edu.theory.dynamics import escape_time, growth_rate
from scb_edu.training.optimizers import Moment, Schedule

Spending: TypeAlias = float | Callable[[float], float]
"""b, the samples per unit of time (batch size over learning rate): a number, or it over time."""

HORIZON = 20.0
"""Growth times after which what noise adds no longer counts: e^(-20) of the first."""


@checked
@dataclass(frozen=True)
class FallingSpending:
    """The schedule b(t) = max(first e^(-decay t), floor).

    Parameters
    ----------
    first : float
        Samples per unit of time at the start.
    floor : float
        The least of them.
    decay : float
        Per unit of time.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> from scb_edu.theory.schedules import FallingSpending
    >>> spending = FallingSpending(1700.0, 40.0, 0.25)
    >>> [round(spending(time)) for time in (0, 4, 40)]
    [1700, 625, 40]
    """

    first: float
    floor: float
    decay: float

    def __post_init__(self) -> None:
        for name in ("first", "floor", "decay"):
            checks.positive_number(name, getattr(self, name))

    def __call__(self, time: float) -> float:
        """Return b at a time."""
        checks.non_negative_number("time", time)
        return max(self.first * math.exp(-self.decay * time), self.floor)


@checked
def falling_spending(task: SCBTask, c: float, d: float) -> FallingSpending:
    """Return b(t) = max(c T e^(-lambda t), d sqrt(T)), with the task's growth rate.

    Parameters
    ----------
    task : SCBTask
    c, d : float
        Above 0: of the hungry beginning, and of the floor.

    Returns
    -------
    FallingSpending

    Raises
    ------
    ScbError
        A number is not above zero, or the task has no energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> import scb_edu as scb
    >>> spending = scb.theory.falling_spending(scb.SCBTask.example(400), c=1.7, d=4)
    >>> spending(0), spending(100)
    (680.0, 80.0)
    """
    T = task.context_length
    first, floor = checks.positive_number("c", c) * T, checks.positive_number("d", d) * T**0.5
    return FallingSpending(first, floor, growth_rate(task))


@checked
def batch_schedule(spending: Spending, learning_rate: float) -> Callable[[Moment], float]:
    """Return the batch size B = eta b(t), at least 1, as ``train`` takes it.

    Parameters
    ----------
    spending : float, or function of the time
        b.
    learning_rate : float
        eta, constant.

    Returns
    -------
    function of a Moment

    Raises
    ------
    ScbError
        The rate is not above zero.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> import scb_edu as scb
    >>> spending = scb.theory.falling_spending(scb.SCBTask.example(400), c=1.7, d=4)
    >>> batch = scb.theory.batch_schedule(spending, 0.05)
    >>> batch(scb.training.Moment()), batch(scb.training.Moment(time=100))
    (34.0, 4.0)
    """
    rate, b = checks.positive_number("learning_rate", learning_rate), _over_time(spending)
    return lambda moment: max(1.0, rate * b(moment.time))


@checked
def penalty_from(time: float, penalty: float) -> Schedule:
    """Return a penalty that is zero at first and begins at a time.

    Parameters
    ----------
    time : float
        In units of learning rate times steps.
    penalty : float
        From then on.

    Returns
    -------
    function of a Moment

    Raises
    ------
    ScbError
        A number is negative.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> import scb_edu as scb
    >>> penalty = scb.theory.penalty_from(15, 0.004)
    >>> [penalty(scb.training.Moment(time=time)) for time in (0, 20)]
    [0.0, 0.004]
    """
    begin = checks.non_negative_number("time", time)
    value = checks.non_negative_number("penalty", penalty)
    return lambda moment: value if moment.time >= begin else 0.0


@checked
def least_samples(task: SCBTask, chance: float = 0.9) -> float:
    """Return the price of a sure start over all schedules: z^2 M_1, with chance = Phi(z).

    No b(t) leaves the saddle rightly with this chance for fewer samples in all, and one that
    falls like e^(-lambda t) comes as near as one likes.

    Parameters
    ----------
    task : SCBTask
    chance : float
        Above 1/2 and below 1.

    Returns
    -------
    float
        Grows like T, with no logarithm. For the linear flow at the saddle with normal noise.

    Raises
    ------
    ScbError
        ``chance`` is not as described, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-least-samples.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [round(scb.theory.least_samples(scb.SCBTask.example(T))) for T in (1000, 4000)]
    [3844, 15375]
    """
    return samples_needed(task, _deviations(chance))


@checked
def start_snr(task: SCBTask, spending: Spending) -> float:
    """Return mean over standard deviation of what the start leaves in the growing combination.

    Parameters
    ----------
    task : SCBTask
    spending : float, or function of the time
        b, the samples per unit of time.

    Returns
    -------
    float
        z = 1 / (lambda sqrt(M_1 I)), with I the integral of e^(-2 lambda t) / b(t).

    Raises
    ------
    ScbError
        ``spending`` is neither a number above zero nor a function, or the task has no energy.

    Notes
    -----
    For the linear flow at the saddle. Book: 06-sample-complexity, eq-start-snr.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> falling = scb.theory.falling_spending(task, c=1.7, d=4)
    >>> [round(scb.theory.start_snr(task, b), 2) for b in (700.0, falling)]
    [1.49, 1.67]
    """
    rate, b = growth_rate(task), _over_time(spending)
    end = HORIZON / rate
    noise = quad(lambda t: math.exp(-2 * rate * t) / b(t), 0, end, limit=200)[0]
    return 1 / (rate * math.sqrt(samples_needed(task, 1.0) * noise))


@checked
def start_chance(task: SCBTask, spending: Spending) -> float:
    """Return the chance that training with b(t) leaves the saddle rightly: Phi(z).

    Parameters
    ----------
    task : SCBTask
    spending : float, or function of the time
        b, the samples per unit of time. For a number this is ``escape_chance``.

    Returns
    -------
    float
        Between 1/2 and 1. For the linear flow at the saddle with normal noise: a model of the run.

    Raises
    ------
    ScbError
        As for ``start_snr``.

    Notes
    -----
    Book: 06-sample-complexity, eq-start-snr.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> round(scb.theory.start_chance(task, 700.0), 3)
    0.932
    >>> round(scb.theory.escape_chance(task, 0.01, 7), 3)
    0.932
    """
    return float(ndtr(start_snr(task, spending)))


@checked
def sure_samples(
    task: SCBTask, spending: Spending, *, chance: float = 0.9, level: float = 0.5
) -> float:
    """Return the samples within which alpha_A reaches a level with that chance.

    Parameters
    ----------
    task : SCBTask
    spending : float, or function of the time
        b, the samples per unit of time. For a number this is M_90(b), with chance = 0.9.
    chance : float
        Above 1/2 and below 1.
    level : float
        Below 1.

    Returns
    -------
    float
        Not rounded; inf where the right side itself has a smaller chance. An unlucky run needs
        the time of the flow and -log(1 - z_chance / z) / lambda more.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no energy.

    Notes
    -----
    Needs r T well above 1; noise that A brings in is left out, as is a penalty.
    Book: 06-sample-complexity, eq-sure-samples.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (400, 1600):
    ...     task = scb.SCBTask.example(T)
    ...     falling = scb.theory.falling_spending(task, c=1.7, d=4)
    ...     print([round(scb.theory.sure_samples(task, b) / T, 1) for b in (0.7 * T, falling)])
    [19.8, 9.2]
    [23.4, 8.0]
    """
    lost = _deviations(chance) / start_snr(task, spending)
    if lost >= 1:
        return math.inf
    end = escape_time(task, level) - math.log(1 - lost) / growth_rate(task)
    return float(quad(_over_time(spending), 0, end, limit=200)[0])


@checked
def constant_spending(task: SCBTask, chance: float) -> float:
    """Return the constant b at which the saddle is left rightly with that chance.

    Parameters
    ----------
    task : SCBTask
    chance : float
        Above 1/2 and below 1.

    Returns
    -------
    float
        b = z^2 lambda M_1 / 2, with chance = Phi(z): the inverse of ``start_chance``. A b(t) that
        falls like e^(-lambda t) has to begin at twice as much.

    Raises
    ------
    ScbError
        ``chance`` is not as described, or the task has no energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-start-snr.

    Examples
    --------
    >>> import scb_edu as scb
    >>> [round(scb.theory.constant_spending(scb.SCBTask.example(T), 0.93)) for T in (400, 1600)]
    [274, 1103]
    """
    return least_samples(task, chance) * growth_rate(task) / 2


def _over_time(spending: Spending) -> Callable[[float], float]:
    """Return b as a function of the time."""
    if callable(spending):
        return lambda time: _a_spending("spending, at a time", spending(time))
    b = _a_spending("spending", spending)
    return lambda _time: b


def _a_spending(name: str, value: object) -> float:
    b = checks.positive_number(name, value)
    if b < 1 / checks.LARGEST:
        least = f"at least {1 / checks.LARGEST:g} samples per unit of time"
        raise ScbError(f"{name}: expected {least}, got {b:.3g}.")
    return b


def _deviations(chance: float) -> float:
    """Return z, of which Phi(z) is the chance."""
    share = checks.real_number("chance", chance)
    if not 0.5 < share < 1:
        raise ScbError(f"chance: expected a number between 1/2 and 1, got {share:.6g}.")
    return float(ndtri(share))
