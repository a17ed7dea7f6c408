"""The Sparse Contextual Bigram: the task, its law and its sampler."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components

from scb_edu.model.norms import is_rounding, weighted_square_norm
from scb_edu.model.random_tasks import check_sizes, random_attention, random_transition
from scb_edu.model.sampling import ColumnSampler, LookupTable
from scb_edu.support import checks
from scb_edu.support.checks import TOLERANCE, Array, Tokens
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked


@checked
@dataclass(frozen=True)
class Batch:
    """B samples of a task: contexts, last tokens and outputs, all as 0-based token ids.

    Parameters
    ----------
    tokens : (B, T) array
        The contexts, in the smallest unsigned type that holds the vocabulary.
    last : (B,) array
        The token after each context, which chooses the positions to look at.
    output : (B,) array
        The token to predict.

    Raises
    ------
    ScbError
        What is given is no numbers, or the shapes do not fit. Whether the ids fit, a model asks.

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> batch = scb.SCBTask.example().sample(4, np.random.default_rng(0))
    >>> batch.tokens.shape, batch.last.shape, batch.output.shape
    ((4, 8), (4,), (4,))
    """

    tokens: Tokens
    last: Tokens
    output: Tokens

    def __post_init__(self) -> None:
        tokens, last, output = self.tokens, self.last, self.output
        if tokens.ndim != 2 or not last.shape == output.shape == tokens.shape[:1]:
            checks.shapes({"tokens": "B T", "last": "B", "output": "B"}, vars(self))


@checked
@dataclass(frozen=True, eq=False)
class SCBTask:
    """A Sparse Contextual Bigram: the next token follows an earlier one, chosen by the last token.

    Parameters
    ----------
    transition : (N, N) array
        P. Column m is the law of the output given the source token m: ``P[n, m]`` = Pr(n given m).
    attention : (T, N) array
        Q. Column k is the law of the source position given the last token k.
    stationary : (N,) array, optional
        mu, the law of every context token, with P mu = mu. Found from P if left out.

    Raises
    ------
    ScbError
        A matrix is not column-stochastic, the shapes do not fit, P has no unique stationary
        distribution, or a token has no stationary mass.

    Notes
    -----
    Columns are scaled to sum to one exactly; the arrays of the task are read-only.
    Source: Ren, Wang and Lee (2024). Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> P = [[0.9, 0.5], [0.1, 0.5]]
    >>> Q = [[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]]
    >>> task = scb.SCBTask(P, Q)
    >>> task.vocab_size, task.context_length, task.sparsity
    (2, 3, 2)
    >>> task.stationary.round(4).tolist()
    [0.8333, 0.1667]
    """

    transition: Array
    attention: Array
    stationary: Array

    def __init__(
        self, transition: ArrayLike, attention: ArrayLike, stationary: ArrayLike | None = None
    ) -> None:
        P: Array = checks.real_array("transition", transition, 2).astype(np.float64)
        checks.square("transition", P)
        P = checks.column_stochastic("transition", P)
        Q: Array = checks.real_array("attention", attention, 2).astype(np.float64)
        checks.shape_is("attention", Q, (len(Q), len(P)), "(T, N)")
        # columns one after the other in memory, as training keeps those of A
        Q = np.asfortranarray(checks.column_stochastic("attention", Q))
        refuse_reducible(P)
        mu = _stationary(P) if stationary is None else _checked_stationary(P, stationary)
        for name, array in [("transition", P), ("attention", Q), ("stationary", mu)]:
            object.__setattr__(self, name, checks.frozen(array))

    def __repr__(self) -> str:
        return (
            f"SCBTask(vocab_size={self.vocab_size}, context_length={self.context_length}, "
            f"sparsity={self.sparsity})"
        )

    @classmethod
    @checked
    def example(cls, context_length: int = 8) -> SCBTask:
        """Return the running example of the book: three tokens, two positions for each.

        Parameters
        ----------
        context_length : int
            T, at least 2.

        Notes
        -----
        Book: 01-bigrams, eq-scb.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.SCBTask.example(100)
        SCBTask(vocab_size=3, context_length=100, sparsity=2)
        """
        T = checks.positive_int("context_length", context_length, least=2)
        checks.fits_memory("context_length", 3 * T, "an attention")
        attention = np.zeros((T, 3))
        tokens = np.arange(3)
        first = (1 + 2 * tokens) % T
        attention[first, tokens] = 0.6
        attention[(first + T // 2) % T, tokens] = 0.4
        return cls([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]], attention)

    @classmethod
    @checked
    def random(
        cls,
        vocab_size: int,
        context_length: int,
        sparsity: int,
        rng: np.random.Generator,
        *,
        concentration: float = 1.0,
    ) -> SCBTask:
        """Return a random task.

        Parameters
        ----------
        vocab_size, context_length, sparsity : int
            N, T and Q, with Q at most T. Each last token looks at exactly Q positions.
        rng : numpy.random.Generator
        concentration : float
            Of the Dirichlet law of the columns of P: small is peaked, large is nearly uniform.
            One part in a hundred is uniform, so that every token can follow every other.

        Raises
        ------
        ScbError
            A size is not a whole number above zero, Q is above T, or the concentration is not
            a number above zero.

        Notes
        -----
        Book: 01-bigrams, eq-scb.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> scb.SCBTask.random(5, 20, 3, np.random.default_rng(0))
        SCBTask(vocab_size=5, context_length=20, sparsity=3)
        """
        check_sizes(vocab_size, context_length, sparsity)
        transition = random_transition(vocab_size, rng, concentration=concentration)
        return cls(transition, random_attention(vocab_size, context_length, sparsity, rng))

    @property
    def vocab_size(self) -> int:
        """N, the number of tokens."""
        return len(self.transition)

    @property
    def context_length(self) -> int:
        """T, the number of positions in a context."""
        return len(self.attention)

    @cached_property
    def sparsity(self) -> int:
        """Q, the largest number of positions that a last token looks at."""
        return int(np.count_nonzero(self.attention, axis=0).max())

    @cached_property
    def transition_energy(self) -> float:
        """K_P = ||P - mu 1^T||_mu^2, how far P is from a bigram that ignores its source.

        Exactly 0 where what is left is rounding, and so is ``attention_energy``.
        """
        return _energy(self.transition, self.stationary, self.stationary)

    @cached_property
    def attention_energy(self) -> float:
        """K_Q = ||Q - 11^T/T||_mu^2, how far Q is from uniform attention."""
        T = self.context_length
        return _energy(self.attention, np.full(T, 1 / T), self.stationary)

    @checked
    def sample(self, batch_size: int, rng: np.random.Generator) -> Batch:
        """Draw independent samples, exactly from the law of the task.

        Parameters
        ----------
        batch_size : int
            B, at least 1.
        rng : numpy.random.Generator

        Returns
        -------
        Batch

        Raises
        ------
        ScbError
            The batch size is not a whole number above zero, or ``rng`` is not a Generator.

        Notes
        -----
        Book: 01-bigrams, eq-scb.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> scb.SCBTask.example().sample(2, np.random.default_rng(0)).tokens.dtype
        dtype('uint8')
        """
        B = checks.positive_int("batch_size", batch_size)
        checks.fits_memory("batch_size", B * self.context_length, "a batch")
        tokens = self._context_sampler.draw((B, self.context_length), rng)
        last = self._context_sampler.draw((B,), rng)
        source = tokens[np.arange(B), self.position_sampler.draw(last, rng)]
        return Batch(tokens, last, self.output_sampler.draw(source, rng))

    @checked
    def output_distribution(self, tokens: ArrayLike, last: ArrayLike) -> Array:
        """Return the law of the output given the context and the last token, P X q^(k).

        Parameters
        ----------
        tokens : (B, T) array of token ids
        last : (B,) array of token ids

        Returns
        -------
        (B, N) array
            Row b is a distribution over outputs.

        Raises
        ------
        ScbError
            The shapes do not fit the task, or a token id is out of range.

        Notes
        -----
        Book: 01-bigrams, eq-conditional-mean.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.SCBTask.example().output_distribution([[0] * 8], [1]).round(3).tolist()
        [[0.7, 0.2, 0.1]]
        """
        return attended(self.attention, tokens, last, self.vocab_size) @ self.transition.T

    @cached_property
    def _context_sampler(self) -> LookupTable:
        return LookupTable.of(self.stationary)

    @cached_property
    def position_sampler(self) -> ColumnSampler:
        """The columns of Q, to draw from without checks."""
        return ColumnSampler.sparse(self.attention, self.sparsity)

    @cached_property
    def output_sampler(self) -> ColumnSampler:
        """The columns of P, to draw from without checks."""
        return ColumnSampler.of(self.transition)


def check_task(task: object) -> None:
    """Raise unless ``task`` is an SCBTask."""
    checks.instance("task", task, SCBTask, "an SCBTask")


def refuse_flat(task: SCBTask, *parts: Literal["transition", "attention"]) -> None:
    """Raise unless each of these parts of the task has energy, that is, is not uniform."""
    check_task(task)
    for part in parts:
        if getattr(task, f"{part}_energy") == 0:
            raise ScbError(
                f"task: expected one whose {part} is not uniform, got {part}_energy = 0; "
                "there is nothing to learn in it."
            )


@checked
def token_attention(attention: Array, tokens: ArrayLike, last: ArrayLike, vocab_size: int) -> Array:
    """Return X a_k for each sample: how much attention falls on each token of the vocabulary.

    Parameters
    ----------
    attention : (T, N) array
        Column k holds the weights of the positions when the last token is k.
    tokens : (B, T) array of token ids
    last : (B,) array of token ids
    vocab_size : int
        N.

    Returns
    -------
    (B, N) array
        Entry (b, n) is the sum of a_k over the positions that hold n. The one-hot context X is
        never built: the weights are added up in the bins that the tokens name.

    Raises
    ------
    ScbError
        The shapes do not fit, or a token id is out of range.

    Notes
    -----
    Book: 02-linear-transformer, eq-prediction.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> uniform = np.full((4, 2), 0.25)
    >>> scb.model.token_attention(uniform, [[0, 1, 1, 1]], [0], 2).tolist()
    [[0.25, 0.75]]
    """
    N = checks.positive_int("vocab_size", vocab_size)
    A = checks.real_array("attention", attention, 2)
    checks.shape_is("attention", A, (len(A), N), "(T, N)")
    return attended(A, tokens, last, N)


def attended(
    attention: Array, tokens: ArrayLike, last: ArrayLike, vocab_size: int, owner: str = ""
) -> Array:
    """Return X a_k for an attention that was checked; the owner of the tokens is named."""
    context = checks.token_ids(f"{owner}tokens", tokens, 2, vocab_size)
    chosen = checks.token_ids(f"{owner}last", last, 1, vocab_size)
    B = len(context)
    checks.shape_is(f"{owner}tokens", context, (B, len(attention)), "(B, T)")
    checks.shape_is(f"{owner}last", chosen, (B,), "(B,)")
    bins = context + vocab_size * np.arange(B)[:, None]  # (B, T), one set of N bins a sample
    weights = attention.T[chosen]  # (B, T)
    totals = np.bincount(bins.ravel(), weights.ravel(), minlength=B * vocab_size)
    return totals.reshape(B, vocab_size).astype(attention.dtype, copy=False)


def _energy(matrix: Array, uniform: Array, mu: Array) -> float:
    """Return ||M - u 1^T||_mu^2, or exactly 0 where that is no more than rounding."""
    energy = weighted_square_norm(matrix - uniform[:, None], mu)
    return 0.0 if is_rounding(energy, float(uniform @ uniform)) else energy


def _stationary(P: Array) -> Array:
    """Solve P mu = mu with sum(mu) = 1, for a P with exactly one closed class of tokens."""
    N = len(P)
    # the rows of P - I add up to zero, so the last one can make room for sum(mu) = 1
    system = P - np.eye(N)
    system[-1] = 1
    mu = np.linalg.solve(system, np.eye(N)[-1])
    checks.all_positive("transition", mu, "it is too rare for double precision")
    return np.asarray(mu / mu.sum())


def refuse_reducible(P: Array) -> None:
    """Raise unless every token can be reached from every other."""
    count, label = connected_components(P.T > 0, connection="strong")
    if count == 1:
        return
    leaves = (P > 0) & (label[:, None] != label[None, :])  # from the class of m into another
    closed = sorted(set(label) - set(label[leaves.any(axis=0)]))
    if len(closed) > 1:
        first, second = (int(np.flatnonzero(label == c)[0]) for c in closed[:2])
        raise ScbError(
            "transition: expected a unique stationary distribution, got "
            f"{len(closed)} sets of tokens that are never left: tokens {first} and {second} "
            "never reach each other. Give some transition between them a probability above 0."
        )
    token = int(np.flatnonzero(label != closed[0])[0])
    raise ScbError(
        f"transition: expected every token to have stationary mass, got 0 for token {token}: "
        "once left it is never reached again. Leave it out, or let another token lead to it."
    )


def _checked_stationary(P: Array, stationary: ArrayLike) -> Array:
    mu: Array = checks.real_array("stationary", stationary, 1).astype(np.float64)
    checks.shape_is("stationary", mu, (len(P),), "(N,)")
    mu = checks.column_stochastic("stationary", mu[:, None])[:, 0]
    checks.all_positive("stationary", mu, "the preconditioner divides by it")
    gap = np.abs(P @ mu - mu)
    if gap.max() > TOLERANCE:
        raise ScbError(
            f"stationary: expected P mu = mu, got a difference of {gap.max():.3g} "
            f"at token {gap.argmax()}; leave it out to have it computed."
        )
    return mu
