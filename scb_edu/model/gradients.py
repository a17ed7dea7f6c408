"""Losses and gradients, on a batch of samples and in the mean over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np

from scb_edu.model.norms import weighted_inner_product, weighted_square_norm
from scb_edu.model.task import Batch, SCBTask, attended
from scb_edu.model.transformer import (
    LinearTransformer,
    SoftmaxTransformer,
    Transformer,
    check_fit,
    softmax,
)
from scb_edu.support import checks
from scb_edu.support.checks import Array, Tokens
from scb_edu.support.signatures import checked


@checked
@dataclass(frozen=True, eq=False)
class Gradient:
    """The gradient of a loss with respect to the parameters of a linear transformer.

    Parameters
    ----------
    value : (N, N) array
    attention : (T, N) array

    Notes
    -----
    Book: 03-gradients, eq-sample-gradient.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> scb.population_gradient(scb.LinearTransformer.initial(task), task).attention.shape
    (8, 3)
    """

    value: Array
    attention: Array


@checked
@dataclass(frozen=True, eq=False)
class SoftmaxGradient:
    """The gradient of a loss with respect to the parameters of a softmax transformer.

    Parameters
    ----------
    value : (N, N) array
    logits : (T, N) array

    Notes
    -----
    Book: 03-gradients, eq-softmax-gradient.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> scb.population_gradient(scb.SoftmaxTransformer.initial(task), task).logits.shape
    (8, 3)
    """

    value: Array
    logits: Array


@checked
def loss(model: Transformer, batch: Batch) -> float:
    """Return the mean over the batch of 1/2 ||e_o - V X a_k||^2.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    batch : Batch

    Returns
    -------
    float
        Dimensionless.

    Raises
    ------
    ScbError
        The shapes of batch and model do not fit, or a token id is out of range.

    Notes
    -----
    Source: Ren, Wang and Lee (2024). Book: 03-gradients, eq-sample-loss.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> model = scb.LinearTransformer(np.eye(2), np.ones((1, 2)))
    >>> right = scb.Batch(np.array([[0]]), np.array([1]), np.array([0]))
    >>> wrong = scb.Batch(np.array([[0]]), np.array([1]), np.array([1]))
    >>> scb.loss(model, right), scb.loss(model, wrong)
    (0.0, 1.0)
    """
    _, residual = _forward(model, batch)
    return float(0.5 * np.square(residual).sum() / len(residual))


@overload
def gradient(model: LinearTransformer, batch: Batch) -> Gradient: ...
@overload
def gradient(model: SoftmaxTransformer, batch: Batch) -> SoftmaxGradient: ...
@checked
def gradient(
    model: LinearTransformer | SoftmaxTransformer, batch: Batch
) -> Gradient | SoftmaxGradient:
    """Return the gradient of the sample loss, averaged over the batch.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    batch : Batch

    Returns
    -------
    Gradient or SoftmaxGradient
        In the precision of the model.

    Raises
    ------
    ScbError
        The shapes of batch and model do not fit, or a token id is out of range.

    Notes
    -----
    With h = X a_k and r = V h - e_o a sample gives dV = r h^T and da_k = X^T V^T r, whose entry t
    is (V^T r)[x_t]: the one-hot context is read, never built.
    Book: 03-gradients, eq-sample-gradient and eq-softmax-gradient.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> model = scb.LinearTransformer(np.eye(2), np.ones((1, 2)))
    >>> batch = scb.Batch(np.array([[0]]), np.array([1]), np.array([1]))
    >>> scb.gradient(model, batch).value.tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    >>> scb.gradient(model, batch).attention.tolist()
    [[0.0, 1.0]]
    """
    context, residual = _forward(model, batch)  # (B, N) each
    B = len(residual)
    context_gradient = residual @ model.value  # (B, N), V^T r, with respect to X a_k
    tokens = batch.tokens.astype(np.intp)
    per_position = np.take_along_axis(context_gradient, tokens, axis=1)  # (B, T)
    attention = _sum_by_last(per_position, batch.last, model.attention.shape[1]) / B
    return _chain(model, model.attention, residual.T @ context / B, attention)


@checked
def population_loss(model: Transformer, task: SCBTask) -> float:
    """Return the mean of the sample loss over the whole law of the task, in closed form.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    task : SCBTask

    Returns
    -------
    float
        Dimensionless; the irreducible part, ``bayes_loss``, is included.

    Raises
    ------
    ScbError
        The model's shapes do not fit the task.

    Notes
    -----
    Book: 03-gradients, eq-population-loss.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> round(scb.population_loss(scb.LinearTransformer.initial(task), task), 4)
    0.3306
    """
    check_fit(model, task)
    mu, V, A = task.stationary, *_in_double(model)
    m = _moments(V, A, task)
    output = V @ mu  # (N,)
    hit = mu @ m.overlap * m.agreement + mu @ m.mass * (mu @ output)
    size = mu @ m.square * m.spread + mu @ m.mass**2 * (output @ output)
    return float(0.5 * (1 - 2 * hit + size))


@overload
def population_gradient(model: LinearTransformer, task: SCBTask) -> Gradient: ...
@overload
def population_gradient(model: SoftmaxTransformer, task: SCBTask) -> SoftmaxGradient: ...
@checked
def population_gradient(
    model: LinearTransformer | SoftmaxTransformer, task: SCBTask
) -> Gradient | SoftmaxGradient:
    """Return the gradient of the population loss, in closed form.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    task : SCBTask

    Returns
    -------
    Gradient or SoftmaxGradient
        In double precision, whatever that of the model.

    Raises
    ------
    ScbError
        The model is none, or does not fit the task.

    Notes
    -----
    Book: 03-gradients, eq-population-gradient.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> at_truth = scb.population_gradient(scb.LinearTransformer.oracle(task), task)
    >>> bool(np.abs(at_truth.value).max() < 1e-15)
    True
    """
    check_fit(model, task)
    mu, V, A = task.stationary, *_in_double(model)
    m = _moments(V, A, task)
    output = V @ mu  # (N,)
    value = (
        mu @ m.square * _times_covariance(V, mu)
        - mu @ m.overlap * _times_covariance(task.transition, mu)
        + np.outer(mu @ m.mass**2 * output - mu @ m.mass * mu, mu)
    )
    common = m.mass * (output @ output) - output @ mu  # (N,), the same at every position
    attention = mu * (m.spread * A - m.agreement * task.attention + common)
    return _chain(model, A, value, attention)


@checked
def bayes_loss(task: SCBTask) -> float:
    """Return the irreducible loss, which V = P, A = Q reaches and no predictor goes below.

    Parameters
    ----------
    task : SCBTask

    Returns
    -------
    float

    Notes
    -----
    Book: 01-bigrams, eq-bayes-loss.

    Examples
    --------
    >>> import scb_edu as scb
    >>> copying = scb.SCBTask([[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]])
    >>> scb.bayes_loss(copying)
    0.0
    """
    return population_loss(LinearTransformer.oracle(task), task)


@checked
def precondition(gradient: Gradient, stationary: Array) -> Gradient:
    """Return the preconditioned, projected gradient.

    Every column of the value gradient is divided by the mass of its token; so is every column of
    the attention gradient, which is then centred over the positions, so that a step along it
    leaves the column sums of A where they are.

    Parameters
    ----------
    gradient : Gradient
    stationary : (N,) array
        mu, with no zero entry.

    Returns
    -------
    Gradient

    Raises
    ------
    ScbError
        ``stationary`` has the wrong shape, or an entry that is not above zero.

    Notes
    -----
    Source: Ren, Wang and Lee (2024). Book: 03-gradients, eq-precondition.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> raw = scb.Gradient(np.eye(2), np.array([[1.0, 0.0], [3.0, 0.0]]))
    >>> step = scb.precondition(raw, np.array([0.5, 0.5]))
    >>> step.value.tolist(), step.attention.tolist()
    ([[2.0, 0.0], [0.0, 2.0]], [[-2.0, 0.0], [2.0, 0.0]])
    """
    mu = checks.real_array("stationary", stationary, 1)
    checks.shape_is("stationary", mu, (len(gradient.value),), "(N,)")
    checks.all_positive("stationary", mu, "the preconditioner divides by it")
    checks.shape_is("gradient.value", gradient.value, (len(mu), len(mu)), "(N, N)")
    checks.shape_is(
        "gradient.attention", gradient.attention, (len(gradient.attention), len(mu)), "(T, N)"
    )
    return Gradient(gradient.value / mu, centred(gradient.attention / mu))


def centred(attention: Array) -> Array:
    """Return the projection of each column on the directions that leave its sum where it is.

    Parameters
    ----------
    attention : (T, N) array

    Notes
    -----
    Book: 03-gradients, eq-precondition.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.gradients import centred
    >>> centred(np.array([[1.0], [3.0]])).tolist()
    [[-1.0], [1.0]]
    """
    # NumPy adds up contiguous columns in pairs; others, in float32, would lose digits
    in_pairs = attention.flags.f_contiguous
    mean = attention.sum(axis=0, dtype=attention.dtype if in_pairs else float) / len(attention)
    return np.asarray(attention - mean.astype(attention.dtype, copy=False))


@dataclass(frozen=True, eq=False)
class _Moments:
    """The numbers through which a model meets the task: one for each last token, or one in all."""

    square: Array  # (N,), ||a_k||^2
    overlap: Array  # (N,), <q_k, a_k>
    mass: Array  # (N,), 1^T a_k
    spread: float  # tr(V D V^T)
    agreement: float  # tr(V^T P D)


def _in_double(model: Transformer) -> tuple[Array, Array]:
    """Return V and A in float64: sums over a long context in float32 are off by whole percents."""
    V = model.value.astype(float, copy=False)
    if isinstance(model, SoftmaxTransformer):
        return V, softmax(model.logits.astype(float, copy=False))
    return V, model.attention.astype(float, copy=False)


def _moments(V: Array, A: Array, task: SCBTask) -> _Moments:
    P, Q, mu = task.transition, task.attention, task.stationary
    output = V @ mu  # (N,), and P mu = mu
    return _Moments(
        square=np.einsum("tk,tk->k", A, A),
        overlap=np.einsum("tk,tk->k", Q, A),
        mass=A.sum(axis=0),
        spread=weighted_square_norm(V, mu) - float(output @ output),
        agreement=weighted_inner_product(V, P, mu) - float(output @ mu),
    )


def _times_covariance(M: Array, mu: Array) -> Array:
    """Return M D with D = diag(mu) - mu mu^T, the covariance of a one-hot token."""
    return M * mu - np.outer(M @ mu, mu)


def _forward(model: Transformer, batch: Batch) -> tuple[Array, Array]:
    """Return h = X a_k and r = V h - e_o, (B, N) each."""
    N = len(model.value)
    context = attended(model.attention, batch.tokens, batch.last, N, "batch.")
    output = checks.token_ids("batch.output", batch.output, 1, N)
    checks.shape_is("batch.output", output, (len(context),), "(B,)")
    residual = context @ model.value.T
    residual[np.arange(len(output)), output] -= 1
    return context, residual


def _sum_by_last(rows: Array, last: Tokens, vocab_size: int) -> Array:
    """Return the (T, N) array whose column k is the sum of the rows (B, T) with last token k."""
    order = np.argsort(last, kind="stable")
    tokens, starts = np.unique(last[order], return_index=True)
    total = np.zeros((rows.shape[1], vocab_size), dtype=rows.dtype)
    total[:, tokens] = np.add.reduceat(rows[order], starts, axis=0).T
    return total


def _chain(
    model: LinearTransformer | SoftmaxTransformer, A: Array, value: Array, attention: Array
) -> Gradient | SoftmaxGradient:
    """Carry gradients with respect to V and A back to the parameters of the model."""
    if isinstance(model, LinearTransformer):
        return Gradient(value, attention)
    return SoftmaxGradient(value, to_logits(attention, A))


def to_logits(gradient: Array, attention: Array) -> Array:
    """Carry a gradient with respect to A = softmax(W) back to W.

    Parameters
    ----------
    gradient, attention : (T, N) arrays

    Notes
    -----
    Book: 03-gradients, eq-softmax-gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.gradients import to_logits
    >>> to_logits(np.array([[1.0], [0.0]]), np.array([[0.5], [0.5]])).tolist()
    [[0.25], [-0.25]]
    """
    # softmax moves a weight against the mean of its column: dw = a * (da - <a, da>)
    mean = (attention * gradient).sum(axis=0, dtype=float)  # in float32 it loses digits
    return np.asarray(attention * (gradient - mean.astype(gradient.dtype)))
