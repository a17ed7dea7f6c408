"""How much of an output stays unknown, in bits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from scb_edu.model.task import SCBTask
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

LN_2 = math.log(2)
LARGEST_TABLE = 10_000_000  # probabilities that ``output_entropy`` lists at once


@checked
def entropy(distributions: ArrayLike) -> Array:
    """Return the entropy of a distribution, or of each column of an array of them, in bits.

    Parameters
    ----------
    distributions : (N,) or (N, ...) array
        Probabilities along the first axis.

    Returns
    -------
    () or (...) array
        -sum_n p_n log2(p_n), with 0 log2(0) = 0.

    Raises
    ------
    ScbError
        An entry is below 0, or a column does not sum to 1.

    Notes
    -----
    Book: 01-bigrams, eq-entropy.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.model.entropy([[0.5, 1.0], [0.5, 0.0]]).tolist()
    [1.0, 0.0]
    """
    p = checks.real_array("distributions", distributions, max(1, np.ndim(distributions)))
    columns = checks.column_stochastic("distributions", p.reshape(len(p), -1).astype(float))
    # of a certain outcome entr makes -0.0
    return np.asarray(entr(columns).sum(axis=0) / LN_2 + 0.0).reshape(p.shape[1:])


@checked
def output_entropy(task: SCBTask) -> float:
    """Return the conditional entropy of the output given context and last token, in bits.

    Exact: for every last token it lists every way to fill the positions that are looked at.

    Parameters
    ----------
    task : SCBTask

    Returns
    -------
    float
        In bits, between the entropy that is left when the source is known too and that of mu.

    Raises
    ------
    ScbError
        The list is too long: N^(Q+1) is above 10,000,000. Then average ``entropy`` over the
        ``output_distribution`` of a sample.

    Notes
    -----
    Book: 01-bigrams, eq-entropy.

    Examples
    --------
    >>> import scb_edu as scb
    >>> round(scb.model.output_entropy(scb.SCBTask.example()), 3)
    1.411
    """
    N, K = task.vocab_size, task.sparsity
    if checks.power_exceeds(N, K + 1, LARGEST_TABLE):
        raise ScbError(
            f"task: expected N^(Q+1) of at most {LARGEST_TABLE:,}, got N = {N} and Q = {K}; "
            "average entropy(task.output_distribution(...).T) over a sample instead."
        )
    after = [_entropy_after(task, last) for last in range(N)]
    return float(task.stationary @ after)


def _entropy_after(task: SCBTask, last: int) -> float:
    """Return the mean entropy of P X q over the contexts, for the column q of one last token."""
    weights = task.attention[task.attention[:, last] > 0, last]  # (Q,)
    N, K = task.vocab_size, len(weights)
    # the digits of 0 .. N^Q - 1 to the base N: every way to fill the Q positions
    sources = np.arange(N**K) // N ** np.arange(K)[:, None] % N  # (Q, N^Q)
    chances = task.stationary[sources].prod(axis=0)  # (N^Q,)
    after = sum(w * task.transition[:, s] for w, s in zip(weights, sources, strict=True))
    return float(chances @ entropy(after))
