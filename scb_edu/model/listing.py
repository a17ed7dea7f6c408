"""Every sample of a tiny task, with its chance."""

from __future__ import annotations

from itertools import product

import numpy as np

from scb_edu.model.sampling import token_dtype
from scb_edu.model.task import Batch, SCBTask
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

MOST = 100_000


@checked
def every_sample(task: SCBTask) -> list[tuple[float, Batch]]:
    """Return all samples of a tiny task, each a batch of one, with their chances.

    Parameters
    ----------
    task : SCBTask
        N tokens and T positions, with N^(T + 2) at most 100,000.

    Returns
    -------
    list of (float, Batch)
        N^(T + 2) of them: a context, a last token, an output. The chances add up to one.

    Raises
    ------
    ScbError
        The task has too many samples to list.

    Notes
    -----
    A mean over every sample, with nothing known of the moments of the context.
    Book: 03-gradients, eq-population-loss.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> tiny = scb.SCBTask([[0.9, 0.5], [0.1, 0.5]], np.ones((1, 2)))
    >>> samples = scb.model.every_sample(tiny)
    >>> len(samples), round(sum(chance for chance, _ in samples), 12)
    (8, 1.0)
    """
    N, T = task.vocab_size, task.context_length
    if checks.power_exceeds(N, T + 2, MOST):
        raise ScbError(
            f"task: expected at most {MOST:,} samples, got {N}^{T + 2} of them; "
            "take fewer tokens or a shorter context, or draw with task.sample()."
        )
    ids = np.arange(N, dtype=token_dtype(N))
    contexts = np.array(list(product(ids, repeat=T)), dtype=ids.dtype)
    chances = task.stationary[contexts].prod(axis=1)
    return [
        (float(task.stationary[k] * chance * p), Batch(context[None], ids[[k]], ids[[o]]))
        for k in ids
        for context, chance, law in zip(contexts, chances, _laws(task, contexts, k), strict=True)
        for o, p in enumerate(law)
    ]


def _laws(task: SCBTask, contexts: np.ndarray, last: int) -> np.ndarray:
    return task.output_distribution(contexts, np.full(len(contexts), last, contexts.dtype))
