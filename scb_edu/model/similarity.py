"""How much two attention maps, or two gradients, are alike; how sparse a map is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from scb_edu.model.gradients import centred
from scb_edu.model.norms import is_rounding, weighted_inner_product, weighted_square_norm
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import Transformer, check_fit
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked


@checked
def attention_cosine(first: Array, second: Array, stationary: Array) -> float:
    """Return the cosine of the angle between two attention maps, after taking off uniform.

    From every column its mean is taken off, which for columns of sum one leaves a_k - 1/T: what a
    map knows of the positions. Otherwise two maps that know nothing would be the same.

    Parameters
    ----------
    first, second : (T, N) arrays
    stationary : (N,) array
        mu, the weights of the columns.

    Returns
    -------
    float
        Dimensionless: 1 for the same direction, 0 for a right angle; nan if a map is uniform.

    Raises
    ------
    ScbError
        The shapes do not fit, an entry is not finite, or ``stationary`` is no distribution.

    Notes
    -----
    The length of a map does not matter: half of the way to the truth has similarity 1 to it.
    Book: 08-softmax, eq-similarity.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> half = scb.LinearTransformer.from_signals(task, 0.5, 0.5)
    >>> round(scb.model.attention_cosine(half.attention, task.attention, task.stationary), 12)
    1.0
    """
    A, B, mu = _maps(stationary, first=first, second=second)
    known = [centred(each) for each in (A, B)]
    squares = [weighted_square_norm(each, mu) for each in known]
    if any(map(is_rounding, squares, [weighted_square_norm(each, mu) for each in (A, B)])):
        return math.nan
    return weighted_inner_product(known[0], known[1], mu) / math.sqrt(math.prod(squares))


@checked
def off_support_mass(model: Transformer, task: SCBTask) -> float:
    """Return the weight on positions at which the task never looks, on average over the tokens.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    task : SCBTask

    Returns
    -------
    float
        Sum over k and t of mu_k |A_tk|, where Q_tk = 0. Dimensionless.

    Raises
    ------
    ScbError
        The model's shapes do not fit the task.

    Notes
    -----
    Weights of a linear transformer may be negative; then it can be above one.
    Book: 08-softmax, eq-off-support.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()  # 2 of 8 positions
    >>> scb.model.off_support_mass(scb.LinearTransformer.initial(task), task)
    0.75
    """
    check_fit(model, task)
    weights = np.where(task.attention == 0, np.abs(model.attention), 0)
    return float(weights.sum(axis=0, dtype=float) @ task.stationary)


@checked
def effective_support_size(attention: Array, stationary: Array) -> float:
    """Return how many positions a column of A uses: exp(entropy), on average over the tokens.

    Parameters
    ----------
    attention : (T, N) array
    stationary : (N,) array
        mu, the weights of the columns.

    Returns
    -------
    float
        Between 1 (one position) and T (all alike). The entropy is that of |a_k| / sum |a_k|.

    Raises
    ------
    ScbError
        The shapes do not fit, an entry is not finite, or a column is all zero.

    Notes
    -----
    Book: 08-softmax, eq-effective-positions.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> round(scb.model.effective_support_size(np.array([[0.5], [0.5], [0.0]]), np.ones(1)), 12)
    2.0
    """
    A, mu = _maps(stationary, attention=attention)
    sizes = np.abs(A).sum(axis=0)
    checks.all_positive("attention, sums of the columns", sizes, "they are divided by it")
    p = np.abs(A) / sizes
    return float(np.exp(entr(p).sum(axis=0)) @ mu)


@checked
@dataclass(frozen=True)
class GradientComparison:
    """How close an estimate is to the truth: in direction, and in all.

    Parameters
    ----------
    cosine : float
        Of the angle between the two, 1 for the same direction; nan for an estimate of zero.
    relative_error : float
        Length of the difference over length of the truth.

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.model.GradientComparison(cosine=0.6, relative_error=1.2).cosine
    0.6
    """

    cosine: float
    relative_error: float


@checked
def compare_gradients(estimate: Array, truth: Array) -> GradientComparison:
    """Compare a sampled gradient with the population gradient.

    Parameters
    ----------
    estimate, truth : arrays of one shape

    Returns
    -------
    GradientComparison
        Dimensionless.

    Raises
    ------
    ScbError
        The shapes differ, an entry is not finite, or the truth is so near zero that it has no
        direction.

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> scb.model.compare_gradients(np.array([[3.0, 4.0]]), np.array([[3.0, 0.0]]))
    GradientComparison(cosine=0.6, relative_error=1.3333333333333333)
    """
    exact = _with_direction(truth)
    guess = _beside("estimate", estimate, exact)
    length, size = np.linalg.norm(exact), np.linalg.norm(guess)
    cosine = np.vdot(guess / size, exact / length) if size else np.nan
    return GradientComparison(float(cosine), float(np.linalg.norm(guess - exact) / length))


@checked
def noise_scale(estimates: Sequence[Array], truth: Array, batch_size: int) -> float:
    """Return the number of samples at which the noise of a gradient is as long as the gradient.

    Parameters
    ----------
    estimates : sequence of arrays of the shape of the truth
        Gradients of independent batches.
    truth : array
        The population gradient.
    batch_size : int
        M, the samples of each batch.

    Returns
    -------
    float
        M*, the mean squared relative error times M.

    Raises
    ------
    ScbError
        There are no estimates, or an argument is not as described.

    Notes
    -----
    The *gradient noise scale* of the field. Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> truth = np.array([3.0, 4.0])
    >>> scb.model.noise_scale([truth + [0, 5], truth - [5, 0]], truth, 64)
    64.0
    """
    checks.positive_int("batch_size", batch_size)
    if not len(estimates):
        raise ScbError("estimates: expected at least one gradient, got none.")
    exact = _with_direction(truth)
    guesses = [_beside(f"estimates[{i}]", each, exact) for i, each in enumerate(estimates)]
    length = np.linalg.norm(exact)
    errors = [np.linalg.norm(guess - exact) / length for guess in guesses]
    return batch_size * float(np.mean(np.square(errors)))


def _with_direction(truth: Array) -> Array:
    """Return a gradient in double precision, checked to be long enough for a direction."""
    exact = np.asarray(checks.real_values("truth", truth), float)
    largest = np.abs(exact).max(initial=0.0)
    if largest < 1 / checks.LARGEST:  # squares of smaller ones are rounded away
        raise ScbError(
            "truth: expected an array with a direction, with an entry of at least "
            f"{1 / checks.LARGEST:.3g} in size, got {largest:.3g} at most."
        )
    return exact


def _beside(name: str, estimate: Array, exact: Array) -> Array:
    """Return an estimate in double precision, checked to be of the shape of the truth."""
    guess = np.asarray(checks.real_values(name, estimate), float)
    checks.shape_is(name, guess, exact.shape, "that of the truth")
    return guess


def _maps(stationary: Array, **maps: Array) -> tuple[Array, ...]:
    """Return the maps and mu in double precision, checked to be of one shape (T, N) and (N,)."""
    found = [checks.real_array(name, each, 2).astype(float) for name, each in maps.items()]
    shape = (len(found[0]), np.size(stationary))
    for name, each in zip(maps, found, strict=True):
        checks.shape_is(name, each, shape, "(T, N)")
    return (*found, checks.distribution("stationary", stationary, shape[1], "(N,)"))
