"""How many samples the noise of the gradients asks for, in closed form."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from scb_edu.model.gradients import Gradient, SoftmaxGradient
from scb_edu.model.norms import weighted_inner_product
from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.theory.dynamics import growth_rate


def initial_signal_drift(gradient: Gradient | SoftmaxGradient, task: SCBTask) -> float:
    """Return how fast a gradient moves the signal alpha_V, per unit of time.

    Parameters
    ----------
    gradient : Gradient or SoftmaxGradient
        Of a batch, or of the population; only its part for V is read.
    task : SCBTask

    Returns
    -------
    float
        -<the preconditioned gradient of V, P - mu 1^T>_mu / K_P.

    Raises
    ------
    ScbError
        The shapes do not fit, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-value-push.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(100)
    >>> start = scb.LinearTransformer.initial(task)
    >>> round(scb.theory.initial_signal_drift(scb.population_gradient(start, task), task), 6)
    0.01
    """
    refuse_flat(task, "transition")
    checks.instance("gradient", gradient, Gradient | SoftmaxGradient, "a Gradient")
    slope = checks.real_array("gradient.value", gradient.value, 2)
    checks.shape_is("gradient.value", slope, task.transition.shape, "(N, N)")
    # dividing the columns by mu and weighing them by mu cancel
    return float(-np.vdot(slope, _deviation(task)) / task.transition_energy)


def initial_signal_std(task: SCBTask) -> float:
    """Return the standard deviation of the first push on alpha_V, as one sample estimates it.

    Its mean is 1/T. A batch of M samples has this deviation divided by the square root of M.

    Parameters
    ----------
    task : SCBTask

    Returns
    -------
    float
        Exact for every T; near sqrt(tr(D P D P^T) / T) / K_P in long contexts.

    Raises
    ------
    ScbError
        The task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-start-noise.

    Examples
    --------
    >>> import scb_edu as scb
    >>> round(scb.theory.initial_signal_std(scb.SCBTask.example(1000)), 4)
    0.0484
    """
    refuse_flat(task, "transition")
    T, K_P = task.context_length, task.transition_energy
    square = (T - 1) * _crowd(task) + _pointer(task) - K_P**2
    return math.sqrt(max(square, 0.0)) / (T * K_P)


def samples_needed(task: SCBTask, snr: float) -> float:
    """Return how many samples lift the first push on alpha_V to that signal-to-noise ratio.

    Parameters
    ----------
    task : SCBTask
    snr : float
        Mean over standard deviation, above 0.

    Returns
    -------
    float
        Not rounded; grows like T.

    Raises
    ------
    ScbError
        ``snr`` is not above zero, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-samples-needed.

    Examples
    --------
    >>> import scb_edu as scb
    >>> round(scb.theory.samples_needed(scb.SCBTask.example(1000), snr=1))
    2340
    """
    ratio = checks.positive_number("snr", snr)
    return (ratio * initial_signal_std(task) * task.context_length) ** 2


def escape_chance(task: SCBTask, learning_rate: float, batch_size: float) -> float:
    """Return the chance that training from the initial point leaves the saddle rightly.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
        Of both matrices.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        Between 1/2 and 1. For the linear flow at the saddle with normal noise: a model of the run.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-escape-chance.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> [round(scb.theory.escape_chance(task, 0.02, B), 2) for B in (2, 8, 32)]
    [0.71, 0.87, 0.99]
    """
    rate = checks.positive_number("learning_rate", learning_rate)
    seen = 2 * checks.at_least_one("batch_size", batch_size) / (rate * growth_rate(task))
    return float(ndtr(math.sqrt(seen / samples_needed(task, 1.0))))


def attention_noise(
    task: SCBTask, learning_rate: float, batch_size: float, penalty: float = 0.0
) -> float:
    """Return the error of A that the noise of training keeps up around the truth.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
        Of the preconditioned, projected method.
    batch_size : float
        At least 1.
    penalty : float
        Zero, or well below the noise of a step in units of the learning rate.

    Returns
    -------
    float
        The root of the mean of ||A - Q||_mu^2 in the long run; inf where there is none, because
        the noise feeds on itself. V is taken to be P, and terms of order 1/T are left out. With a
        penalty, only the noise outside the support of Q; the bias of the penalty is not in it.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-attention-noise and eq-thresholded-noise.

    Examples
    --------
    >>> import scb_edu as scb
    >>> tasks = [scb.SCBTask.example(T) for T in (250, 1000, 4000)]
    >>> [round(scb.theory.attention_noise(task, 0.01, 64), 2) for task in tasks]
    [0.13, 0.26, 0.54]
    """
    refuse_flat(task, "transition")
    rate = checks.positive_number("learning_rate", learning_rate)
    samples = checks.at_least_one("batch_size", batch_size) * task.stationary  # (N,), a column's
    shrink = checks.non_negative_number("penalty", penalty)
    if shrink:
        square = task.stationary @ _entry_noise(task, samples) ** 2
        return math.sqrt((task.context_length - 1) * rate**2 * square / 2) / shrink
    return math.sqrt(settled_energy(task, rate, samples))


def settled_energy(task: SCBTask, rate: float, samples: Array, value: float = 1.0) -> float:
    """Return the energy that noise keeps up in A, on the hyperbola at that alpha_V.

    Push and noise both grow with alpha_V, so to first order in the rate it is the same everywhere.

    Parameters
    ----------
    task : SCBTask
        With transition energy.
    rate : float
    samples : (N,) array
        Of each last token in a batch.
    value : float
        alpha_V.

    Returns
    -------
    float
        inf where the noise feeds on itself.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> samples = 64 * task.stationary
    >>> [round(settled_energy(task, 0.01, samples, value), 3) for value in (1.0, 0.5)]
    [0.068, 0.067]
    """
    K_P, T = task.transition_energy, task.context_length
    feeding = rate * value**2 * (K_P**2 + (T - 1) * _spread(task) / samples)  # (N,)
    kept = 2 * K_P - feeding
    if kept.min() <= 0:
        return math.inf
    return float(rate * (T - 1) * (task.stationary @ (_entry_noise(task, samples) / kept)))


def _entry_noise(task: SCBTask, samples: Array) -> Array:
    """Return the variance of the push on an entry of A outside the support, at the truth (N,)."""
    weights = np.square(task.attention).sum(axis=0)  # (N,), ||q_k||^2
    return np.asarray((_crowd(task) - weights * _spread(task)) / samples)


def _deviation(task: SCBTask) -> Array:
    """Return P - mu 1^T."""
    return np.asarray(task.transition - task.stationary[:, None])


def _covariance(task: SCBTask) -> Array:
    """Return S = P D P^T, the covariance of P's column at a random token."""
    columns = _deviation(task)
    return np.asarray((columns * task.stationary) @ columns.T)


def _crowd(task: SCBTask) -> float:
    """Return tr(D S): how far a random output lies along P's column at another random token."""
    return crossed_variance(task.transition, task.stationary)


def crossed_variance(value: Array, stationary: Array) -> float:
    """Return tr(D V D V^T), the variance of e_o^T V e_x with independent tokens o and x.

    Examples
    --------
    >>> import numpy as np
    >>> crossed_variance(np.eye(2), np.array([0.5, 0.5]))
    0.25
    """
    columns = value - (value @ stationary)[:, None]
    S = (columns * stationary) @ columns.T
    return float(stationary @ S.diagonal() - stationary @ S @ stationary)


def _spread(task: SCBTask) -> float:
    """Return tr(S S)."""
    return float(np.square(_covariance(task)).sum())


def _pointer(task: SCBTask) -> float:
    """Return E[((e_o - mu)^T (P_x - mu))^2] for the token x that the output o comes from."""
    columns = _deviation(task)
    along = columns - task.stationary @ columns  # (N, N), the bracket for output o and token x
    return float(weighted_inner_product(task.transition, along**2, task.stationary))
