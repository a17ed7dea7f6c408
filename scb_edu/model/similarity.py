"""How much two attention maps are alike, and how sparse one is."""

from __future__ import annotations

import numpy as np

from scb_edu.model.gradients import centred
from scb_edu.model.norms import weighted_inner_product, weighted_square_norm
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import Transformer, check_fit
from scb_edu.support import checks
from scb_edu.support.checks import Array


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
        The shapes do not fit, or an entry is not finite.

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
    A, B = centred(A), centred(B)
    sizes = weighted_square_norm(A, mu) * weighted_square_norm(B, mu)
    if sizes < np.finfo(float).eps ** 2:
        return float("nan")
    return float(weighted_inner_product(A, B, mu) / sizes**0.5)


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
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=0)  # (N,)
    return float(np.exp(entropy) @ mu)


def _maps(stationary: Array, **maps: Array) -> tuple[Array, ...]:
    """Return the maps and mu in double precision, checked to be of one shape (T, N) and (N,)."""
    mu = checks.real_array("stationary", stationary, 1).astype(float)
    found = [checks.real_array(name, each, 2).astype(float) for name, each in maps.items()]
    shape = (len(found[0]), len(mu))
    for name, each in zip(maps, found, strict=True):
        checks.shape_is(name, each, shape, "(T, N)")
    return (*found, mu)
