"""One-layer transformers for the task, and how far they are from the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from scipy import special

from scb_edu.model.norms import weighted_inner_product, weighted_square_norm
from scb_edu.model.task import SCBTask, attended, check_task
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.signatures import checked, known_as


class Transformer(Protocol):
    """What every model offers: a value matrix V (N, N) and an attention A (T, N)."""

    @property
    def value(self) -> Array:
        """V, what each attended token contributes to the prediction."""

    @property
    def attention(self) -> Array:
        """A, how much each last token looks at each position."""


class _OneLayer:
    """What linear and softmax attention have in common."""

    def __post_init__(self) -> None:
        (value_name, value), (weights_name, weights) = vars(self).items()
        V = checks.real_array(value_name, value, 2)
        checks.square(value_name, V)
        W = checks.real_array(weights_name, weights, 2)
        checks.shape_is(weights_name, W, (len(W), len(V)), "(T, N)")
        object.__setattr__(self, value_name, checks.frozen(V))
        object.__setattr__(self, weights_name, checks.frozen(W))

    def __repr__(self: Transformer) -> str:
        T, N = self.attention.shape
        return f"{type(self).__name__}(vocab_size={N}, context_length={T})"

    def predict(self: Transformer, tokens: ArrayLike, last: ArrayLike) -> Array:
        """Return f = V X a_k for each sample, for softmax with a_k = softmax(w_k).

        Parameters
        ----------
        tokens : (B, T) array of token ids
        last : (B,) array of token ids

        Returns
        -------
        (B, N) array

        Raises
        ------
        ScbError
            The shapes do not fit the model, or a token id is out of range.

        Notes
        -----
        Book: 02-linear-transformer, eq-prediction and eq-softmax.

        Examples
        --------
        >>> import scb_edu as scb
        >>> for kind in (scb.LinearTransformer, scb.SoftmaxTransformer):
        ...     print(kind.oracle(scb.SCBTask.example()).predict([[2] * 8], [0]).round(3).tolist())
        [[0.1, 0.3, 0.6]]
        [[0.1, 0.3, 0.6]]
        """
        N = len(self.value)
        return attended(self.attention, tokens, last, N) @ self.value.T


@checked
@dataclass(frozen=True, eq=False, repr=False)
class LinearTransformer(_OneLayer):
    """One layer of linear attention: after the last token k the prediction is f = V X a_k.

    Parameters
    ----------
    value : (N, N) array
        V.
    attention : (T, N) array
        A, whose column k holds the weights a_k of the positions.

    Raises
    ------
    ScbError
        An array is not finite, or the shapes do not fit.

    Notes
    -----
    The arrays are read-only. float32 arrays stay float32, all others become float64.
    Source: Ren, Wang and Lee (2024). Book: 02-linear-transformer, eq-prediction.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.LinearTransformer([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
    LinearTransformer(vocab_size=2, context_length=2)
    """

    value: Array
    attention: Array

    @classmethod
    @checked
    def from_signals(
        cls, task: SCBTask, value: float, attention: float, *, dtype: DTypeLike = np.float64
    ) -> LinearTransformer:
        """Return the model on the way from uniform to truth with the two given signals.

        Parameters
        ----------
        task : SCBTask
        value, attention : float
            alpha_V and alpha_A. V = mu 1^T + alpha_V (P - mu 1^T) and
            A = 11^T/T + alpha_A (Q - 11^T/T).
        dtype : float32 or float64

        Raises
        ------
        ScbError
            A signal is not a finite number.

        Notes
        -----
        Book: 02-linear-transformer, eq-family.

        Examples
        --------
        >>> import scb_edu as scb
        >>> task = scb.SCBTask.example()
        >>> half = scb.LinearTransformer.from_signals(task, 0.5, 0.25)
        >>> alpha = scb.signals(half, task)
        >>> round(alpha.value, 12), round(alpha.attention, 12)
        (0.5, 0.25)
        """
        alpha_V = checks.real_number("value", value)
        alpha_A = checks.real_number("attention", attention)
        V0, A0 = _uniform(task)
        V = V0 + alpha_V * (task.transition - V0)
        A = A0 + alpha_A * (task.attention - A0)
        return cls(V.astype(dtype), A.astype(dtype))

    @classmethod
    @checked
    def initial(cls, task: SCBTask, *, dtype: DTypeLike = np.float64) -> LinearTransformer:
        """Return the starting point of training: V = mu 1^T, A = 11^T/T, both signals zero.

        Notes
        -----
        Book: 02-linear-transformer, eq-family.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.LinearTransformer.initial(scb.SCBTask.example()).attention[0].tolist()
        [0.125, 0.125, 0.125]
        """
        return cls.from_signals(task, 0, 0, dtype=dtype)

    @classmethod
    @checked
    def oracle(cls, task: SCBTask, *, dtype: DTypeLike = np.float64) -> LinearTransformer:
        """Return the ground truth V = P, A = Q, which no predictor beats.

        Notes
        -----
        Book: 02-linear-transformer, eq-oracle.

        Examples
        --------
        >>> import scb_edu as scb
        >>> task = scb.SCBTask.example()
        >>> scb.distances(scb.LinearTransformer.oracle(task), task)
        Distances(value=0.0, attention=0.0)
        """
        return cls(task.transition.astype(dtype), task.attention.astype(dtype))


@checked
@dataclass(frozen=True, eq=False, repr=False)
class SoftmaxTransformer(_OneLayer):
    """One layer of softmax attention: f = V X a_k with a_k = softmax(w_k) over the positions.

    Parameters
    ----------
    value : (N, N) array
        V.
    logits : (T, N) array
        W, whose column k holds the logits w_k of the positions.

    Raises
    ------
    ScbError
        An array is not finite, or the shapes do not fit.

    Notes
    -----
    Book: 02-linear-transformer, eq-softmax.

    Examples
    --------
    >>> import scb_edu as scb
    >>> model = scb.SoftmaxTransformer([[1.0]], [[0.0], [0.0]])
    >>> model.attention.tolist()
    [[0.5], [0.5]]
    """

    value: Array
    logits: Array

    @classmethod
    @checked
    def initial(cls, task: SCBTask, *, dtype: DTypeLike = np.float64) -> SoftmaxTransformer:
        """Return the same starting point as the linear model: V = mu 1^T and all logits zero.

        Notes
        -----
        Book: 02-linear-transformer, eq-softmax.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.SoftmaxTransformer.initial(scb.SCBTask.example()).attention[0].tolist()
        [0.125, 0.125, 0.125]
        """
        V, A = _uniform(task)
        return cls(V.astype(dtype), np.zeros_like(A, dtype=dtype))

    @classmethod
    @checked
    def oracle(
        cls, task: SCBTask, *, floor: float = 1e-9, dtype: DTypeLike = np.float64
    ) -> SoftmaxTransformer:
        """Return V = P with logits log(Q + floor): softmax reaches zero weight only in the limit.

        Parameters
        ----------
        task : SCBTask
        floor : float
            The weight, before normalisation, of a position that the task never looks at.

        Raises
        ------
        ScbError
            The floor is not a number above zero.

        Notes
        -----
        Book: 02-linear-transformer, eq-softmax.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> task = scb.SCBTask.example()
        >>> model = scb.SoftmaxTransformer.oracle(task)
        >>> bool(np.abs(model.attention - task.attention).max() < 1e-8)
        True
        """
        logits = np.log(task.attention + checks.positive_number("floor", floor))
        return cls(task.transition.astype(dtype), logits.astype(dtype))

    @property
    def attention(self) -> Array:
        """A = softmax(W) over the positions, (T, N); every column sums to one."""
        return softmax(self.logits)


def softmax(logits: Array) -> Array:
    """Return the weights exp(w) of each column, divided by their sum.

    Parameters
    ----------
    logits : (T, N) array

    Notes
    -----
    Book: 02-linear-transformer, eq-softmax.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.model.transformer import softmax
    >>> softmax(np.array([[1000.0], [1000.0]])).tolist()
    [[0.5], [0.5]]
    """
    # columns one after the other in memory are added up pairwise: quicker, and exact in float32
    return np.asarray(special.softmax(np.asfortranarray(logits), axis=0))


Number = TypeVar("Number", float, Array)
"""One number of a model, or those of a run, one a record."""


@checked
@dataclass(frozen=True)
class Signals(Generic[Number]):
    """How far V and A have moved from uniform (0) to truth (1).

    Parameters
    ----------
    value, attention : float
        alpha_V and alpha_A; nan where uniform is the truth already.

    Notes
    -----
    Book: 02-linear-transformer, eq-signals.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.Signals(value=0.5, attention=-1.0).attention
    -1.0
    """

    value: Number
    attention: Number


@checked
@dataclass(frozen=True)
class Distances(Generic[Number]):
    """How far V is from P and A from Q, in the mu-weighted norm.

    Parameters
    ----------
    value, attention : float
        ||V - P||_mu and ||A - Q||_mu.

    Notes
    -----
    Book: 02-linear-transformer, eq-distances.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.Distances(value=0.0, attention=0.5).attention
    0.5
    """

    value: Number
    attention: Number


@checked
def signals(model: Transformer, task: SCBTask) -> Signals[float]:
    """Return alpha_V = <V - mu 1^T, P - mu 1^T>_mu / K_P, and alpha_A likewise.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    task : SCBTask

    Returns
    -------
    Signals
        Dimensionless. A signal is nan where the truth is uniform (K_P = 0 or K_Q = 0).

    Raises
    ------
    ScbError
        The model's shapes do not fit the task.

    Notes
    -----
    Book: 02-linear-transformer, eq-signals.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> scb.signals(scb.LinearTransformer.initial(task), task)
    Signals(value=0.0, attention=0.0)
    """
    check_fit(model, task)
    mu, T = task.stationary, task.context_length
    return Signals(
        value_signal(model.value, task),
        _projection(model.attention, task.attention, np.full(T, 1 / T), mu, task.attention_energy),
    )


def value_signal(value: Array, task: SCBTask) -> float:
    """Return alpha_V of a value matrix, whatever the context length of its model.

    Examples
    --------
    >>> import scb_edu as scb
    >>> from scb_edu.model.transformer import value_signal
    >>> task = scb.SCBTask.example()
    >>> round(value_signal(task.transition, task), 12)
    1.0
    """
    mu = task.stationary
    return _projection(value, task.transition, mu, mu, task.transition_energy)


@checked
def distances(model: Transformer, task: SCBTask) -> Distances[float]:
    """Return ||V - P||_mu and ||A - Q||_mu, where ||M||_mu^2 = sum_k mu_k ||M_k||^2 over columns.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
    task : SCBTask

    Returns
    -------
    Distances

    Raises
    ------
    ScbError
        The model's shapes do not fit the task.

    Notes
    -----
    Book: 02-linear-transformer, eq-distances.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> start = scb.distances(scb.LinearTransformer.initial(task), task)
    >>> round(start.value**2 - task.transition_energy, 12)
    0.0
    """
    check_fit(model, task)
    return Distances(
        weighted_square_norm(model.value - task.transition, task.stationary) ** 0.5,
        weighted_square_norm(model.attention - task.attention, task.stationary) ** 0.5,
    )


def a_model(name: str, model: Any) -> Any:
    """Return ``model`` if it is a transformer of the library."""
    expected = "a LinearTransformer or a SoftmaxTransformer"
    checks.instance(name, model, LinearTransformer | SoftmaxTransformer, expected)
    return model


known_as(Transformer, a_model)
known_as(LinearTransformer | SoftmaxTransformer, a_model)


def check_fit(model: Transformer, task: SCBTask) -> None:
    """Raise unless the model's shapes are those of the task."""
    a_model("model", model)
    check_task(task)
    N, T = task.vocab_size, task.context_length
    checks.shape_is("model.value", model.value, (N, N), "(N, N)")
    checks.shape_is("model.attention", model.attention, (T, N), "(T, N)")


def _uniform(task: SCBTask) -> tuple[Array, Array]:
    """Return mu 1^T (N, N) and 11^T/T (T, N): no knowledge of the source, none of the position."""
    check_task(task)
    N, T = task.vocab_size, task.context_length
    return np.tile(task.stationary[:, None], N), np.full((T, N), 1 / T)


def _projection(matrix: Array, truth: Array, uniform: Array, mu: Array, energy: float) -> float:
    """Return <M - u 1^T, truth - u 1^T>_mu / energy, with one temporary matrix only."""
    if energy == 0:
        return math.nan
    moved = matrix - uniform[:, None]
    return (weighted_inner_product(moved, truth, mu) - float(uniform @ (moved @ mu))) / energy
