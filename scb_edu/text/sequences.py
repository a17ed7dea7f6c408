"""Sequences longer than one token: a context that slides, a loss at every position."""

from __future__ import annotations

from functools import reduce
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from scb_edu.model.gradients import gradient
from scb_edu.model.sampling import cumulative, token_dtype
from scb_edu.model.task import Batch, SCBTask
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.text.corpus import NGram
from scb_edu.training.optimizers import Moment, Optimizer, finite, parameters_of

LARGEST_CHAIN = 2_000_000  # states of a window whose law is found at once
SETTLED = 1e-13
MOST_ROUNDS = 5_000


class Predictor(Protocol):
    """What ``predict`` can be asked of: a transformer or a table of counts."""

    def predict(self, tokens: ArrayLike, last: ArrayLike) -> Array:
        """Return the prediction (B, N) after contexts (B, T) and last tokens (B,)."""


Source: TypeAlias = SCBTask | Predictor


@checked
def windows(
    sequence: ArrayLike,
    context_length: int,
    *,
    ends: ArrayLike | None = None,
    with_last: bool = False,
) -> Batch:
    """Cut a sequence into contexts, their last tokens and what came next.

    Parameters
    ----------
    sequence : (L,) array of token ids
    context_length : int
        T.
    ends : (B,) array of int, optional
        The place of each last token, from T to L - 2; all of them without it.
    with_last : bool
        Whether the context ends with the last token itself, or with the token before it, as in
        a Sparse Contextual Bigram.

    Returns
    -------
    Batch
        Views of the sequence where all windows are asked for: nothing is copied.

    Raises
    ------
    ScbError
        The sequence is shorter than T + 2, or an end is out of range.

    Notes
    -----
    Book: 09-past-the-paper, eq-sliding.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> batch = scb.text.windows(np.arange(6), 3)
    >>> batch.tokens.tolist(), batch.last.tolist(), batch.output.tolist()
    ([[0, 1, 2], [1, 2, 3]], [3, 4], [4, 5])
    >>> scb.text.windows(np.arange(6), 3, ends=[4], with_last=True).tokens.tolist()
    [[2, 3, 4]]
    """
    x = checks.token_ids("sequence", sequence, 1, np.iinfo(np.int64).max)
    T = checks.positive_int("context_length", context_length)
    if len(x) < T + 2:
        raise ScbError(
            f"sequence: expected at least T + 2 = {T + 2} tokens, a context, the last and the "
            f"next one, got {len(x)}."
        )
    contexts = np.lib.stride_tricks.sliding_window_view(x, T)  # (L - T + 1, T), views
    if ends is None:
        first = int(with_last)
        return Batch(contexts[first : len(x) - T - 1 + first], x[T:-1], x[T + 1 :])
    at = checks.token_ids("ends", ends, 1, len(x) - 1).astype(np.intp)
    if at.min() < T:
        raise ScbError(f"ends: expected places from T = {T} on, got {at.min()}.")
    return Batch(contexts[at - T + with_last], x[at], x[at + 1])


def predictions(source: Source, batch: Batch) -> Array:
    """Return what a task, a transformer or a table of counts says of each sample, (B, N)."""
    if isinstance(source, SCBTask):
        return source.output_distribution(batch.tokens, batch.last)
    return source.predict(batch.tokens, batch.last)


@checked
def clip_and_normalize(prediction: ArrayLike) -> Array:
    """Return predictions as distributions: entries below zero become zero, the rest is divided.

    Parameters
    ----------
    prediction : (B, N) array

    Returns
    -------
    (B, N) array

    Raises
    ------
    ScbError
        A prediction has no entry above zero.

    Notes
    -----
    A trained linear transformer predicts numbers that need not be probabilities.
    Book: 09-past-the-paper, eq-clipped.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.text.clip_and_normalize([[0.6, -0.1, 0.2]]).round(2).tolist()
    [[0.75, 0.0, 0.25]]
    """
    clipped = np.clip(checks.real_array("prediction", prediction, 2), 0, None)
    total = clipped.sum(axis=1, keepdims=True)
    if not total.min() > 0:
        raise ScbError(
            f"prediction: expected an entry above 0 in every row, got none in row "
            f"{int(total.argmin())}; mix the model with another law, or train it further."
        )
    return np.asarray(clipped / total)


@checked
def interpolate(prediction: ArrayLike, background: ArrayLike, weight: float) -> Array:
    """Return (1 - weight) times the clipped prediction plus weight times a fixed law.

    Parameters
    ----------
    prediction : (B, N) array
    background : (N,) array
        A law without zeros, such as the unigram law.
    weight : float
        From 0 to 1.

    Returns
    -------
    (B, N) array

    Raises
    ------
    ScbError
        The weight is not from 0 to 1, a prediction has no entry above zero, or the background is
        no distribution.

    Notes
    -----
    Book: 09-past-the-paper, eq-mixture.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.text.interpolate([[1.0, -1.0]], [0.5, 0.5], 0.2).round(2).tolist()
    [[0.9, 0.1]]
    """
    share = checks.non_negative_number("weight", weight)
    if share > 1:
        raise ScbError(f"weight: expected a number from 0 to 1, got {share}.")
    law = clip_and_normalize(prediction)
    other = checks.rows_of_laws("background", np.atleast_2d(background))
    size = (1 if len(other) == 1 else len(law), law.shape[1])
    checks.shape_is("background", other, size, "(N,) or (B, N)")
    return np.asarray((1 - share) * law + share * other)


@checked
def nll(distributions: Array, output: ArrayLike) -> Array:
    """Return -log of the probability that each distribution gave to what came, (B,), in nats.

    Parameters
    ----------
    distributions : (B, N) array
    output : (B,) array of token ids

    Raises
    ------
    ScbError
        The shapes do not fit, a row is no distribution, or an output had probability zero: its
        surprise has no bound.

    Notes
    -----
    Book: 09-past-the-paper, eq-perplexity.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> float(np.exp(scb.text.nll(np.full((3, 4), 0.25), [0, 1, 2]).mean()))
    4.0
    """
    p = checks.rows_of_laws("distributions", distributions)
    ids = checks.token_ids("output", output, 1, p.shape[1])
    checks.shape_is("output", ids, (len(p),), "(B,)")
    chance = p[np.arange(len(ids)), ids]
    if not chance.min() > 0:
        raise ScbError(
            f"distributions: expected a chance above 0 for all that came, got {chance.min()} at "
            f"{int(chance.argmin())}; mix them with the unigram law."
        )
    return np.asarray(-np.log(chance))


@checked
def generate(
    source: Source,
    length: int,
    rng: np.random.Generator,
    *,
    start: ArrayLike | None = None,
    with_last: bool = False,
) -> Tokens:
    """Draw tokens one after the other, each from the context that those before it make.

    The new token becomes the last one, the last one enters the context, and the oldest falls out.

    Parameters
    ----------
    source : SCBTask, LinearTransformer, SoftmaxTransformer or NGram
        A prediction that is no distribution is made one by ``clip_and_normalize``.
    length : int
        How many tokens are drawn.
    rng : numpy.random.Generator
    start : (T + 1,) or (B, T + 1) array of token ids, optional
        Context and last token to begin with. Without it, a task draws them from mu.
    with_last : bool
        Whether the context ends with the last token itself, as in ``windows``.

    Returns
    -------
    (length,) or (B, length) array
        The new tokens, without the start.

    Raises
    ------
    ScbError
        A model was given no start, the start does not fit, the tokens would not fit the memory, or
        nothing of a prediction is left.

    Notes
    -----
    Book: 09-past-the-paper, eq-sliding.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> swap = scb.SCBTask([[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]])
    >>> scb.text.generate(swap, 6, np.random.default_rng(0), start=[0, 0]).tolist()
    [1, 1, 0, 0, 1, 1]
    """
    L = checks.positive_int("length", length)
    N = _vocab_size(source)
    first = _first_window(source, rng) if start is None else np.asarray(start)
    row = checks.token_ids("start", np.atleast_2d(first), 2, N)  # (B, T + 1)
    T = row.shape[1] - 1
    _refuse_other_length("start", source, T)
    checks.fits_memory("length", len(row) * (T + 1 + L), "a table of tokens")
    sequence = np.empty((len(row), T + 1 + L), dtype=token_dtype(N))
    sequence[:, : T + 1] = row
    for at in range(T, T + L):
        context = sequence[:, at - T + with_last : at + with_last]
        batch = Batch(context, sequence[:, at], sequence[:, at])  # what came is not read
        sequence[:, at + 1] = _draw(clip_and_normalize(predictions(source, batch)), rng)
    return sequence[:, T + 1 :] if first.ndim == 2 else sequence[0, T + 1 :]


@checked
def sequence_loss(
    source: Source, sequence: ArrayLike, context_length: int, *, with_last: bool = False
) -> Array:
    """Return the loss 1/2 ||e_o - f||^2 at every position that has a whole context.

    Parameters
    ----------
    source : SCBTask, LinearTransformer, SoftmaxTransformer or NGram
        A task predicts with its own law: that is the oracle.
    sequence : (L,) array of token ids
    context_length : int
        T.
    with_last : bool
        Whether the context ends with the last token itself, as in ``windows``.

    Returns
    -------
    (L - T - 1,) array
        The first is about the token at position T + 1.

    Raises
    ------
    ScbError
        The sequence is too short, or does not fit the source.

    Notes
    -----
    Book: 09-past-the-paper, eq-sequence-loss.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> swap = scb.SCBTask([[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]])
    >>> scb.text.sequence_loss(swap, [0, 0, 1, 1, 0, 1], 1).tolist()
    [0.0, 0.0, 0.0, 1.0]
    """
    N = _vocab_size(source)
    x = checks.token_ids("sequence", sequence, 1, N)
    batch = windows(x, context_length, with_last=with_last)
    _refuse_other_length("context_length", source, context_length)
    return square_losses(predictions(source, batch), batch.output)


def square_losses(prediction: Array, output: Tokens) -> Array:
    """Return 1/2 ||e_o - f||^2 of each prediction (B, N) and what came (B,).

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.text.sequences import square_losses
    >>> square_losses(np.eye(2), np.array([0, 0])).tolist()
    [0.0, 1.0]
    """
    residual = prediction.copy()
    residual[np.arange(len(residual)), output] -= 1
    return np.asarray(0.5 * np.square(residual).sum(axis=1))


@checked
def train_on_sequence(
    model: LinearTransformer,
    sequence: ArrayLike,
    optimizer: Optimizer,
    *,
    stationary: Array,
    steps: int,
    batch_size: int,
    rng: np.random.Generator,
    with_last: bool = False,
    in_order: bool = False,
) -> LinearTransformer:
    """Train a model on windows of one sequence.

    Parameters
    ----------
    model : LinearTransformer
        Where the run starts.
    sequence : (L,) array of token ids
    optimizer : Optimizer
    stationary : (N,) array
        What the preconditioner divides by, such as the unigram law of a text.
    steps, batch_size : int
    rng : numpy.random.Generator
    with_last : bool
        Whether the context ends with the last token itself, as in ``windows``.
    in_order : bool
        Whether a batch is a run of neighbouring windows, each batch following the one before;
        otherwise windows are drawn anywhere, with replacement.

    Returns
    -------
    LinearTransformer

    Raises
    ------
    ScbError
        An argument is not as described.
    BreakdownError
        The run diverged; try a smaller learning rate.

    Notes
    -----
    Book: 09-past-the-paper, sec-real-windows.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> start = scb.LinearTransformer(np.full((2, 2), 0.5), np.ones((1, 2)))
    >>> model = scb.text.train_on_sequence(
    ...     start, np.tile([0, 1], 99), scb.ProximalGradient(0.1), stationary=np.full(2, 0.5),
    ...     steps=99, batch_size=16, rng=np.random.default_rng(0), with_last=True)
    >>> model.value.round(2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    T, N = model.attention.shape
    B, count = checks.positive_int("batch_size", batch_size), checks.positive_int("steps", steps)
    checks.fits_memory("batch_size", B * T, "a batch")
    x = checks.token_ids("sequence", sequence, 1, N)
    windows(x, T)  # its errors come before the first step
    mu = checks.distribution("stationary", stationary, N, "(N,)")
    checks.all_positive("stationary", mu, "the preconditioner divides by it")
    state = optimizer.init(parameters_of(model))
    moment = Moment(stationary=mu.astype(model.value.dtype))
    for step in range(count):
        places = np.arange(step * B, step * B + B) if in_order else rng.integers(0, 1 << 62, B)
        batch = windows(x, T, ends=T + places % (len(x) - T - 1), with_last=with_last)
        slope = parameters_of(gradient(model, batch))
        here, state = optimizer.update(parameters_of(model), slope, state, moment)
        moment = moment.after(B, optimizer.rates(moment)[0])
        model = LinearTransformer(*finite(*here))
    return LinearTransformer(*optimizer.result(parameters_of(model), state))


@checked
def window_distribution(task: SCBTask) -> Array:
    """Return the law that a sliding window of T + 1 tokens settles in.

    Parameters
    ----------
    task : SCBTask
        With at most 2,000,000 windows, N^(T + 1).

    Returns
    -------
    (N,) * (T + 1) array
        The chance of each window, oldest token first. In the theory it would be the product
        mu(x_1) ... mu(x_{T+1}).

    Raises
    ------
    ScbError
        There are too many windows, or the law does not settle: the windows go round in a circle.

    Notes
    -----
    Found by letting the window slide until nothing changes, from independent tokens.
    Book: 09-past-the-paper, eq-window-law.

    Examples
    --------
    >>> import scb_edu as scb
    >>> window = scb.text.window_distribution(scb.SCBTask([[0.9, 0.2], [0.1, 0.8]], [[1.0, 1.0]]))
    >>> window.shape, window.sum(axis=0).round(3).tolist()
    ((2, 2), [0.667, 0.333])
    """
    N, T = task.vocab_size, task.context_length
    if checks.power_exceeds(N, T + 1, LARGEST_CHAIN):
        raise ScbError(
            f"task: expected N^(T+1) of at most {LARGEST_CHAIN:,} windows, got N = {N} and "
            f"T = {T}; generate a long sequence and count instead."
        )
    slide = _sliding(task)
    window: Array = reduce(np.multiply.outer, [task.stationary] * (T + 1))
    for _ in range(MOST_ROUNDS):
        after = (window[..., None] * slide).sum(axis=0)
        if np.abs(after - window).sum() < SETTLED:
            return np.asarray(after / after.sum())
        window = after
    raise ScbError(
        f"task: expected windows whose law settles, got one that still moves after {MOST_ROUNDS:,} "
        "tokens."
    )


@checked
def lag_joint_distribution(window: Array, lag: int) -> Array:
    """Return the joint law of two tokens of a window, the last one and that ``lag`` before it.

    Parameters
    ----------
    window : (N,) * (T + 1) array
        The distribution of windows, as ``window_distribution`` gives it.
    lag : int
        From 1 to T.

    Returns
    -------
    (N, N) array
        Entry [n, m] is the chance of n at the end and m ``lag`` places before.

    Raises
    ------
    ScbError
        The lag is out of range, or the window is no joint law.

    Notes
    -----
    Book: 09-past-the-paper, eq-window-law.

    Examples
    --------
    >>> import scb_edu as scb
    >>> window = scb.text.window_distribution(scb.SCBTask([[0.9, 0.2], [0.1, 0.8]], [[1.0, 1.0]]))
    >>> scb.text.lag_joint_distribution(window, 1).round(3).tolist()
    [[0.444, 0.222], [0.222, 0.111]]
    """
    checks.joint_law("window", window)
    T = window.ndim - 1
    if checks.positive_int("lag", lag) > T:
        raise ScbError(f"lag: expected at most T = {T}, got {lag}.")
    others = tuple(axis for axis in range(T) if axis != T - lag)
    return np.asarray(window.sum(axis=others).T)


def _sliding(task: SCBTask) -> Array:
    """Return the chance of the next token after every window, (N,) * (T + 2)."""
    N, T = task.vocab_size, task.context_length
    every = np.indices((N,) * (T + 1)).reshape(T + 1, -1)
    return task.output_distribution(every[:T].T, every[T]).reshape((N,) * (T + 2))


def _refuse_other_length(name: str, source: Any, length: int) -> None:
    """Raise unless a source can read contexts of so many tokens."""
    if isinstance(source, SCBTask | LinearTransformer | SoftmaxTransformer):
        T = len(source.attention)
        if length != T:
            raise ScbError(
                f"{name}: expected contexts of T = {T}, as the source has, got {length}."
            )
    elif isinstance(source, NGram) and length < source.context_length:
        least = source.context_length
        raise ScbError(f"{name}: expected contexts of at least {least} tokens, got {length}.")


def _first_window(source: Source, rng: np.random.Generator) -> Tokens:
    """Draw a context and a last token from the law of a task."""
    if not isinstance(source, SCBTask):
        raise ScbError(
            f"start: expected T + 1 tokens to begin with, got None; a {type(source).__name__} "
            "has no law of its own to draw them from."
        )
    batch = source.sample(1, rng)
    return np.append(batch.tokens[0], batch.last[0])


def _vocab_size(source: Any) -> int:
    if isinstance(source, SCBTask | NGram):
        return source.vocab_size
    if hasattr(source, "value") and hasattr(source, "predict"):
        return len(source.value)
    raise ScbError(f"source: expected a task or a model, got {type(source).__name__}.")


def _draw(distributions: Array, rng: np.random.Generator) -> Tokens:
    """Draw one token from each row of distributions (B, N), by inversion."""
    ends = cumulative(distributions.T).T
    return np.asarray((ends <= rng.random(len(ends))[:, None]).sum(axis=1))
