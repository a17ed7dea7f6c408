"""What the noise of A does to the signals: it feeds back on V, at the start and at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.model.transformer import LinearTransformer, Signals
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.support.signatures import checked
from scb_edu.theory.complexity import (
    attention_push_variance,
    beside_energy,
    crossed_variance,
    settled_energy,
    truth_overlap,
)
from scb_edu.theory.dynamics import SignalConstants, rate_with_feedback
from scb_edu.theory.finetuning import growing_mode

MOST_STEPS = 100_000_000
"""How many steps a path can have."""


@checked
@dataclass(frozen=True, eq=False)
class FeedbackPaths:
    """Paths of the signals, and of what V and A hold beside them, under the noise of training.

    Parameters
    ----------
    t : (n,) array
        Learning rate times steps.
    value, attention : (n, runs) arrays
        alpha_V and alpha_A.
    beside, scatter : (n, runs) arrays
        K_R and e, the energies of V beside the truth and of A off its line.

    Notes
    -----
    Book: 06-sample-complexity, eq-feedback.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(100)
    >>> paths = scb.theory.feedback_paths(task, scb.LinearTransformer.initial(task), 0.1, 8,
    ...                                   t_end=30, runs=50, rng=np.random.default_rng(0))
    >>> paths.scatter.shape
    (61, 50)
    """

    t: Array
    value: Array
    attention: Array
    beside: Array
    scatter: Array

    @checked
    def share(self, signal: str, level: float) -> float:
        """Return the share of the paths that end with a signal above a level.

        Parameters
        ----------
        signal : "value" or "attention"
        level : float

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> here = np.array([[0.1, -0.2, 0.4, 0.5]])
        >>> paths = scb.theory.FeedbackPaths(np.zeros(1), here, here, here, here)
        >>> paths.share("value", 0.3)
        0.5
        """
        checks.known("signal", signal, ("value", "attention"))
        return float((getattr(self, signal)[-1] > level).mean())


@checked
def feedback_paths(
    task: SCBTask,
    start: LinearTransformer,
    learning_rate: float,
    batch_size: float,
    *,
    t_end: float,
    runs: int,
    rng: np.random.Generator,
    points: int = 60,
    until: tuple[str, float] | None = None,
) -> FeedbackPaths:
    """Simulate training from uniform attention without its T N weights of A, noise included.

    V is followed as a matrix. Of A two numbers are kept, alpha_A and the energy e of all else.
    On average these obey ``feedback_rate``; to that come the noise of a batch in V and alpha_A,
    and what it adds to e.

    Parameters
    ----------
    task : SCBTask
    start : LinearTransformer
        Only its V is read.
    learning_rate : float
        Of both matrices; the simulation makes the same steps.
    batch_size : float
        At least 1.
    t_end : float
        Above 0, in units of learning rate times steps.
    runs : int
    rng : numpy.random.Generator
    points : int
        How often the paths are looked at.
    until : (signal, level), optional
        A path stands still from the first look on at which |signal| is above the level.

    Returns
    -------
    FeedbackPaths

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no energy.

    Notes
    -----
    The residual is taken as that of the start, where the prediction is mu; the noise is normal.
    Both fail for large signals, and the second for batches of one or two.
    Book: 06-sample-complexity, eq-feedback.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(400)
    >>> start = scb.LinearTransformer.initial(task)
    >>> paths = scb.theory.feedback_paths(task, start, 0.1, 4, t_end=60, runs=400,
    ...                                   rng=np.random.default_rng(0), until=("value", 0.3))
    >>> print(f"{paths.share('value', 0.3):.1f}, {scb.theory.escape_chance(task, 0.1, 4):.1f}")
    0.6, 0.7
    """
    setting = _Setting.of(task, learning_rate, batch_size)
    number, level = _limit(until)
    count = checks.positive_int("points", points, most=checks.MOST_CALLS)
    state = _start(task, start, checks.positive_int("runs", runs))
    checks.positive_number("t_end", t_end)
    end = checks.within("t_end", t_end, 0, MOST_STEPS * setting.rate)
    steps = max(1, round(end / setting.rate / count))  # between two looks
    looks = [_numbers(state, task)]
    for _ in range(count):
        going = np.flatnonzero(~(np.abs(looks[-1][number]) > level))
        state = _moved(state, going, steps, setting, rng)
        looks.append(_numbers(state, task))
    columns = (np.array(column) for column in zip(*looks, strict=True))
    return FeedbackPaths(setting.rate * steps * np.arange(count + 1), *columns)


@checked
def feedback_strength(
    task: SCBTask, start: LinearTransformer, learning_rate: float, batch_size: float
) -> float:
    """Return chi, which says whether the noise of A changes the chance of the right side.

    Parameters
    ----------
    task : SCBTask
    start : LinearTransformer
        Only its V is read. From scratch there is no noise of A before V has grown: take the V at
        which a run decides, such as ``from_signals(task, 0.3, 0)``.
    learning_rate : float
        Of both matrices.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        (learning rate * T / B) N tr(D V D V^T) / lambda^2: the energy e that A collects in a time
        of 1/lambda, over lambda. Where it is far below 1, ``transfer_chance`` holds.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-feedback.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (100, 1600):
    ...     task = scb.SCBTask.example(T)
    ...     start = scb.LinearTransformer.oracle(task)
    ...     print(round(scb.theory.feedback_strength(task, start, 0.04, 32), 2))
    0.25
    3.82
    """
    growth, _, _ = growing_mode(task, start, "start")
    return float(_Setting.of(task, learning_rate, batch_size).spill(start.value)) / growth**2


class _Setting(NamedTuple):
    task: SCBTask
    rate: float
    batch: float

    @classmethod
    def of(cls, task: SCBTask, learning_rate: float, batch_size: float) -> _Setting:
        refuse_flat(task, "transition", "attention")
        rate = checks.positive_number("learning_rate", learning_rate)
        return cls(task, rate, checks.at_least_one("batch_size", batch_size))

    def spill(self, value: Array) -> Array:
        """Return what noise adds to e per unit of time, of one V or of a stack (..., N, N)."""
        positions = self.task.context_length * self.task.vocab_size
        return self.rate / self.batch * positions * crossed_variance(value, self.task.stationary)


class _State(NamedTuple):
    """V - V mu 1^T (runs, N, N), alpha_A (runs,) and e (runs,)."""

    value: Array
    attention: Array
    scatter: Array


def _limit(until: tuple[str, float] | None) -> tuple[int, float]:
    """Return which of the four numbers ends a path, and where."""
    signal, level = ("value", math.inf) if until is None else until
    checks.known("until[0]", signal, ("value", "attention"))
    return ("value", "attention").index(signal), level


def _start(task: SCBTask, model: LinearTransformer, runs: int) -> _State:
    checks.shape_is("start.value", model.value, task.transition.shape, "(N, N)")
    checks.fits_memory("runs", runs * model.value.size, "an array of all their V")
    value = np.asarray(model.value, float)
    moved = value - (value @ task.stationary)[:, None]
    return _State(np.tile(moved, (runs, 1, 1)), np.zeros(runs), np.zeros(runs))


@np.errstate(over="ignore", invalid="ignore")  # a run may have diverged
def _numbers(state: _State, task: SCBTask) -> tuple[Array, Array, Array, Array]:
    """Return alpha_V, alpha_A, K_R and e of each run, four (runs,) arrays."""
    value = truth_overlap(state.value, task) / task.transition_energy
    return value, state.attention, beside_energy(state.value, task), state.scatter


def _moved(
    state: _State, going: Tokens, steps: int, setting: _Setting, rng: np.random.Generator
) -> _State:
    """Return the state after some steps of the runs that are going on."""
    some = _State(*(part[going] for part in state))
    with np.errstate(over="ignore", invalid="ignore"):  # a run may diverge
        for _ in range(steps if len(going) else 0):
            some = _step(some, setting, rng)
    after = _State(*(part.copy() for part in state))
    for part, new in zip(after, some, strict=True):
        part[going] = new
    return after


def _step(state: _State, setting: _Setting, rng: np.random.Generator) -> _State:
    """Return the state after one step of all runs."""
    (V, attention, scatter), (task, rate, batch) = state, setting
    K_Q, T = task.attention_energy, task.context_length
    squares = 1 / T + K_Q * attention**2 + scatter  # (runs,), the mean of ||a_k||^2
    dV = _outer(1 / T + K_Q * attention, task.transition - task.stationary[:, None])
    dV -= _outer(squares, V)
    _, dA, _, de = rate_with_feedback(SignalConstants.of(task), *_numbers(state, task))
    kick = rate / math.sqrt(batch)
    kick_V = _outer(kick * np.sqrt(squares), _value_noise(len(V), task, rng))
    kick_A = kick * np.sqrt(attention_push_variance(task, V)) * rng.normal(size=len(V))
    de = de + setting.spill(V)
    return _State(V + rate * dV + kick_V, attention + rate * dA + kick_A, scatter + rate * de)


def _outer(numbers: Array, matrix: Array) -> Array:
    """Return each number times the matrix, or times its matrix of a stack."""
    return np.asarray(numbers[:, None, None] * matrix)


def _value_noise(runs: int, task: SCBTask, rng: np.random.Generator) -> Array:
    """Return r h^T diag(1/mu) of one sample at ||a_k|| = 1, as a normal matrix (runs, N, N)."""
    root = np.sqrt(task.stationary)
    centre = np.eye(len(root)) - np.outer(root, root)  # D = diag(root) centre diag(root)
    noise = centre @ rng.normal(size=(runs, len(root), len(root))) @ centre
    return np.asarray(root[:, None] * noise / root)


@checked
def hyperbola_slide(task: SCBTask, learning_rate: float, batch_size: float) -> Signals[float]:
    """Return where the signals end without a penalty, if V is free to follow the noise of A.

    The noise of A has an energy e. It costs V its scale, and A makes up for it: the point slides
    along the hyperbola alpha_V alpha_A = 1 until 1/T, which pulls it back to the truth, holds it.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
        Of the preconditioned, projected method.
    batch_size : float
        At least 1.

    Returns
    -------
    Signals
        alpha_V = 1/(1 + T e) and alpha_A = 1 + T e, with the e that the noise keeps up there. A
        run comes close after a few times T (1 + alpha_A^4 K_Q/K_P) / alpha_A, if it is stable
        there.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no energy.

    Notes
    -----
    Terms of order 1/T are left out of e, and so are the noise of V, which holds against the slide,
    and that of the two signals: in runs alpha_A - 1 comes out a sixth smaller at T = 100.
    Book: 05-algorithm, eq-slide.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (100, 400):
    ...     ends = scb.theory.hyperbola_slide(scb.SCBTask.example(T), 0.005, 64)
    ...     print(round(ends.value, 2), round(ends.attention, 2))
    0.75 1.33
    0.16 6.34
    """
    refuse_flat(task, "transition", "attention")
    rate = checks.positive_number("learning_rate", learning_rate)
    samples = checks.at_least_one("batch_size", batch_size) * task.stationary

    def excess(value: float) -> float:
        # above zero beyond the fixed point; e has a pole, which the quotient tames
        slid = 1 + task.context_length * settled_energy(task, rate, samples, value)
        return value - 1 / slid

    value = float(brentq(excess, 0.0, 1.0, xtol=1e-12))
    if value < 1e-4:  # once more, with a tolerance that is small beside it
        value = float(brentq(excess, 0.0, 2e-4, xtol=1e-300, maxiter=1000))
    return Signals(value, 1 / value)
