"""The parts of a random task: a transition, an attention."""

from __future__ import annotations

import numpy as np

from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

# weight of the uniform law in a random column: every token can follow every other
UNIFORM_SHARE = 0.01


@checked
def random_transition(
    vocab_size: int, rng: np.random.Generator, *, concentration: float = 1.0
) -> Array:
    """Return a random P.

    Parameters
    ----------
    vocab_size : int
        N.
    rng : numpy.random.Generator
    concentration : float
        Of the Dirichlet law of the columns: small is peaked, large is nearly uniform.

    Returns
    -------
    (N, N) array
        One part in a hundred is uniform, so that every token can follow every other.

    Raises
    ------
    ScbError
        N is not a whole number above zero, the concentration is not a number above zero, or
        ``rng`` is not a Generator.

    Notes
    -----
    Book: 01-bigrams, eq-bigram.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> scb.model.random_transition(4, np.random.default_rng(0)).sum(axis=0).round(12).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    N = checks.positive_int("vocab_size", vocab_size)
    checks.fits_memory("vocab_size", N * N, "a transition")
    spread = checks.positive_number("concentration", concentration)
    peaked = rng.dirichlet(np.full(N, spread), size=N).T
    return np.asarray((1 - UNIFORM_SHARE) * peaked + UNIFORM_SHARE / N)


@checked
def random_attention(
    vocab_size: int, context_length: int, sparsity: int, rng: np.random.Generator
) -> Array:
    """Return a random Q whose columns have exactly as many positions as ``sparsity`` says.

    Parameters
    ----------
    vocab_size, context_length, sparsity : int
        N, T and Q, with Q at most T.
    rng : numpy.random.Generator

    Returns
    -------
    (T, N) array
        Generators in the same state give the same weights for every T, at other positions.

    Raises
    ------
    ScbError
        A size is not a whole number above zero, Q is above T, or ``rng`` is not a Generator.

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> Q = scb.model.random_attention(4, 10, 3, np.random.default_rng(0))
    >>> np.count_nonzero(Q, axis=0).tolist()
    [3, 3, 3, 3]
    """
    N, T, K = check_sizes(vocab_size, context_length, sparsity)
    # weights near 1/K: a position with hardly any weight would not count as one
    weights = rng.dirichlet(np.full(K, 5.0), size=N).T
    # the K positions with the smallest of T random numbers are a uniform draw without repetition
    positions = rng.random((T, N)).argsort(axis=0)[:K]
    attention = np.zeros((T, N))
    np.put_along_axis(attention, positions, weights, axis=0)
    return attention


def check_sizes(vocab_size: int, context_length: int, sparsity: int) -> tuple[int, int, int]:
    """Return the sizes of an attention, N, T and Q, if they are such, and fit the memory."""
    N = checks.positive_int("vocab_size", vocab_size)
    T = checks.positive_int("context_length", context_length)
    K = checks.positive_int("sparsity", sparsity)
    checks.fits_memory("vocab_size" if N > T else "context_length", N * T, "an attention")
    if K > T:
        raise ScbError(f"sparsity: expected at most context_length = {T} positions, got {K}.")
    return N, T, K
