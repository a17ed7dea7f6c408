"""How many samples the noise of the gradients asks for, in closed form."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from scb_edu.model.gradients import Gradient, SoftmaxGradient
from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import growth_rate


@checked
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
    slope = checks.real_array("gradient.value", gradient.value, 2)
    checks.shape_is("gradient.value", slope, task.transition.shape, "(N, N)")
    # dividing the columns by mu and weighing them by mu cancel
    return float(-np.vdot(slope, _deviation(task)) / task.transition_energy)


@checked
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
    square = (T - 1) * _crowd(task) + pointed_variance(task, task.transition) - K_P**2
    return math.sqrt(max(float(square), 0.0)) / (T * K_P)


@checked
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


@checked
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


@checked
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


@checked
def thresholded_mass(
    task: SCBTask, learning_rate: float, batch_size: float, penalty: float
) -> float:
    """Return the weight that noise and the soft threshold keep up outside the support of Q.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
    batch_size : float
        At least 1.
    penalty : float
        Above 0, and well below the noise of a step in units of the learning rate: at half of that
        noise there is a quarter less.

    Returns
    -------
    float
        T * learning rate * g^2 / (2 penalty), the sum of |A_tk| outside the support on average
        over the last tokens, around V = P.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    Book: 06-sample-complexity, eq-thresholded-noise.

    Examples
    --------
    >>> import scb_edu as scb
    >>> tasks = [scb.SCBTask.example(T) for T in (250, 1000)]
    >>> [round(scb.theory.thresholded_mass(task, 0.02, 64, 0.02), 2) for task in tasks]
    [0.24, 0.94]
    """
    refuse_flat(task, "transition")
    rate = checks.positive_number("learning_rate", learning_rate)
    samples = checks.at_least_one("batch_size", batch_size) * task.stationary
    shrink = checks.within("penalty", penalty, 1 / checks.LARGEST, checks.LARGEST)
    noise = task.stationary @ _entry_noise(task, samples)
    return float(task.context_length * rate * noise / (2 * shrink))


@checked
def skewed_mass(task: SCBTask, learning_rate: float, batch_size: float) -> float:
    """Return the sum of the weights outside the support that the skew of the noise keeps up.

    Under a soft threshold a weight that noise moves is not zero on average if the noise is skewed,
    eta kappa_3 / (3 g^2), whatever the penalty. alpha_A settles at 1 less this number.

    Parameters
    ----------
    task : SCBTask
    learning_rate : float
        Of the preconditioned, projected method with some penalty.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        o, the mean over the last tokens of learning rate * T * m_3 / (3 B mu_k m_2), with the
        moments m_2 and m_3 of one sample's push on a weight outside the support, at the truth.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    For a penalty well below the noise g of a step, and well above sqrt(learning rate * K_P / 2) g.
    Of the whole of V it is taken that V = P; V grows by 1/alpha_A, and o with it.
    Book: under-the-hood, eq-skewed-weight.

    Examples
    --------
    >>> import scb_edu as scb
    >>> tasks = [scb.SCBTask.example(T) for T in (250, 1000, 4000)]
    >>> [round(scb.theory.skewed_mass(task, 0.02, 64), 3) for task in tasks]
    [0.009, 0.035, 0.139]
    """
    refuse_flat(task, "transition")
    rate = checks.positive_number("learning_rate", learning_rate)
    B = checks.at_least_one("batch_size", batch_size)
    second = _entry_noise(task, np.ones(task.vocab_size))
    skew = float((_entry_skew(task) / second).sum())  # mu_k, the weight, cancels mu_k below
    return rate * task.context_length * skew / (3 * B)


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


def _entry_skew(task: SCBTask) -> Array:
    """Return the third moment of one sample's push on an entry outside the support (N,).

    The push is (e_o - mu - sum_t q_t P_{x_t})^T P_x, with P less mu: given the position that the
    output comes from, its parts are independent and have mean zero, so their cumulants add up.
    """
    q, mu, columns = task.attention, task.stationary, _deviation(task)
    outputs, tokens = _along_outputs(task.transition, mu).T, columns.T @ columns  # (N, N), of x
    own = [
        mu @ np.einsum("uo,ox,ux->u", outputs ** (3 - n), task.transition * mu, tokens**n)
        for n in range(4)
    ]
    two, three = (np.sum(q**power, axis=0) for power in (2, 3))  # (N,)
    return np.asarray(own[0] - 3 * two * own[1] + 3 * three * own[2] - three * own[3])


def _deviation(task: SCBTask) -> Array:
    """Return P - mu 1^T."""
    return np.asarray(task.transition - task.stationary[:, None])


def _covariance(task: SCBTask) -> Array:
    """Return S = P D P^T, the covariance of P's column at a random token."""
    columns = _deviation(task)
    return np.asarray((columns * task.stationary) @ columns.T)


def _crowd(task: SCBTask) -> float:
    """Return tr(D S): how far a random output lies along P's column at another random token."""
    return float(crossed_variance(task.transition, task.stationary))


def crossed_variance(value: Array, stationary: Array) -> Array:
    """Return tr(D V D V^T), the variance of e_o^T V e_x with independent tokens o and x.

    Of one V (N, N), or of each of a stack (..., N, N).

    Examples
    --------
    >>> import numpy as np
    >>> float(crossed_variance(np.eye(2), np.array([0.5, 0.5])))
    0.25
    """
    return _weighted_squares(_along_outputs(value, stationary), np.outer(stationary, stationary))


def attention_push_variance(task: SCBTask, value: Array) -> Array:
    """Return the variance of the push on alpha_A, as one sample gives it at uniform attention.

    The output comes from a token on the support of q, so there the two are not independent.

    Parameters
    ----------
    task : SCBTask
        With attention energy.
    value : (N, N) array, or a stack (..., N, N)
        V, with V mu = mu.

    Returns
    -------
    array
        One number for each V. What is left out falls like 1/T.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> P, V = (0.9 * np.roll(np.eye(10), shift, axis=0) + 0.01 for shift in (1, 3))
    >>> task = scb.SCBTask(P, np.eye(400)[:, :10])
    >>> variance = attention_push_variance(task, V)
    >>> alike = crossed_variance(V, task.stationary) / task.attention_energy
    >>> print(f"{variance:.4f}, {alike:.4f} if the output had nothing to do with the support")
    0.0082, 0.0731 if the output had nothing to do with the support
    """
    mu, q = task.stationary, task.attention
    square = (q - 1 / task.context_length) ** 2  # (T, N)
    pointed, others = (float((square * part).sum(axis=0) @ mu) for part in (q, 1 - q))
    own = pointed_variance(task, value)
    second = (pointed * own + others * crossed_variance(value, mu)) / task.attention_energy**2
    mean = truth_overlap(value, task)
    return np.maximum(second - mean**2, 0)  # rounding may leave a hair below zero


def truth_overlap(value: Array, task: SCBTask) -> Array:
    """Return <V, P - mu 1^T>_mu, alpha_V times K_P, of one V (N, N) or of a stack (..., N, N).

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> bool(abs(truth_overlap(task.transition, task) - task.transition_energy) < 1e-15)
    True
    """
    moved = _about_mean(value, task.stationary)
    return np.asarray(np.einsum("...ox,ox,x->...", moved, _deviation(task), task.stationary))


def beside_energy(value: Array, task: SCBTask) -> Array:
    """Return K_R, the energy of what V holds beside the truth, of one V or of a stack (..., N, N).

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> other = scb.theory.correlated_task(task, 0.6, np.random.default_rng(0))
    >>> round(float(beside_energy(other.transition, task) / task.transition_energy), 6)
    0.64
    """
    along = truth_overlap(value, task)[..., None, None] / task.transition_energy
    rest = _about_mean(value, task.stationary) - along * _deviation(task)
    return np.asarray(np.einsum("...ox,...ox,x->...", rest, rest, task.stationary))


def pointed_variance(task: SCBTask, value: Array) -> Array:
    """Return pi_V = E[((e_o - mu)^T V e_x)^2] for the token x that the output o comes from.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask([[0.5, 0.5], [0.5, 0.5]], [[1.0, 1.0]])
    >>> float(pointed_variance(task, np.eye(2)))
    0.25
    """
    return _weighted_squares(
        _along_outputs(value, task.stationary), task.transition * task.stationary
    )


def _about_mean(value: Array, stationary: Array) -> Array:
    """Return V - V mu 1^T (..., N, N), exactly zero where V = mu 1^T."""
    moved = value - stationary[:, None]
    return np.asarray(moved - (moved @ stationary)[..., None])


def _along_outputs(value: Array, stationary: Array) -> Array:
    """Return (e_o - mu)^T (V - V mu 1^T) e_x for all outputs o and tokens x (..., N, N)."""
    columns = _about_mean(value, stationary)
    return np.asarray(columns - (stationary @ columns)[..., None, :])


def _weighted_squares(along: Array, chance: Array) -> Array:
    return np.asarray(np.einsum("...ox,...ox,ox->...", along, along, chance))


def _spread(task: SCBTask) -> float:
    """Return tr(S S)."""
    return float(np.square(_covariance(task)).sum())
