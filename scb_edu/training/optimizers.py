"""Ways to move V and A against a gradient: a ladder from plain SGD to the proximal method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from scb_edu.model.gradients import Gradient, SoftmaxGradient, centred
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError

SMALLEST_SUM = 1e-3
"""A column of A whose sum is closer to zero than this is not divided by it."""


class BreakdownError(ScbError):
    """A step that cannot be made. It ends a run, and is a result: the words say what to try.

    Parameters
    ----------
    ended : str
        "diverged" or "vanished".
    words : str

    Notes
    -----
    Book: 05-algorithm, eq-proximal-step.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.training.BreakdownError("vanished", "the attention of token 0 is all zero").ended
    'vanished'
    """

    def __init__(self, ended: str, words: str) -> None:
        super().__init__(words)
        self.ended = ended


def soft_threshold(x: Array, threshold: float) -> Array:
    """Return x moved toward zero by the threshold, and exactly zero where it would cross it.

    Parameters
    ----------
    x : array
    threshold : float
        Zero or above.

    Returns
    -------
    array
        The minimiser y of 1/2 (y - x)^2 + threshold |y|, entry by entry.

    Raises
    ------
    ScbError
        The threshold is negative or not a number.

    Notes
    -----
    Book: 05-algorithm, eq-soft-threshold.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> scb.soft_threshold(np.array([-2.0, 0.5, 3.0]), 1.0).tolist()
    [-1.0, 0.0, 2.0]
    """
    return _shrunk(x, checks.non_negative_number("threshold", threshold))


@dataclass(frozen=True)
class Optimizer(ABC):
    """What all rungs of the ladder share: two learning rates, and one way to make a step.

    A rung says in which direction V and A move for a given gradient, and what happens to A after
    the step. All arrays are in columns, one for each token, and may hold only some of them.

    Parameters
    ----------
    learning_rate : float
    attention_rate : float, optional
        Learning rate of A, where it differs from that of V.

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import scb_edu as scb
    >>> isinstance(scb.SGD(0.1), scb.training.Optimizer)
    True
    """

    learning_rate: float
    attention_rate: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        checks.positive_number("learning_rate", self.learning_rate)
        if self.attention_rate is not None:
            checks.positive_number("attention_rate", self.attention_rate)

    @property
    def rate_of_attention(self) -> float:
        """The learning rate of A: that of V unless another was given."""
        return self.learning_rate if self.attention_rate is None else self.attention_rate

    @abstractmethod
    def value_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the direction (N, K) of V for its gradient and the mass (K,) of the columns.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> scb.ProximalGradient(0.1).value_direction(np.ones((1, 2)), np.array([0.5, 0.25]))
        array([[2., 4.]])
        """

    @abstractmethod
    def attention_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the direction (T, K) of A for its gradient and the mass (K,) of the columns.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> slope = np.array([[1.0], [3.0]])
        >>> scb.ProximalGradient(0.1).attention_direction(slope, np.array([0.5])).tolist()
        [[-2.0], [2.0]]
        """

    @property
    def has_proximal_step(self) -> bool:
        """Whether ``proximal`` changes anything."""
        return False

    def proximal(self, attention: Array, out: Array | None = None) -> Array:
        """Return the columns (T, K) of A after what follows the step.

        Parameters
        ----------
        attention : (T, K) array
        out : (T, K) array, optional
            Where the result goes; it may be ``attention`` itself.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> moved = np.array([[0.5], [0.5], [0.1]])
        >>> scb.ProximalGradient(0.5, penalty=0.2).proximal(moved).round(12).tolist()
        [[0.5], [0.5], [0.0]]
        """
        return attention

    @property
    def threshold(self) -> float:
        """What each weight of A loses in a step: nothing."""
        return 0.0

    def check_softmax(self) -> None:
        """Raise if the method thresholds: that makes no sense for logits.

        Raises
        ------
        ScbError
            There is a penalty.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.ProximalGradient(0.1, penalty=0).check_softmax()
        """
        if self.threshold:
            raise ScbError(
                f"penalty: expected 0 for softmax attention, got {self!r}; the soft threshold "
                "acts on the weights of A, and softmax weights never reach zero."
            )

    @overload
    def update(
        self, model: LinearTransformer, gradient: Gradient, stationary: Array
    ) -> LinearTransformer: ...
    @overload
    def update(
        self, model: SoftmaxTransformer, gradient: SoftmaxGradient, stationary: Array
    ) -> SoftmaxTransformer: ...
    def update(
        self,
        model: LinearTransformer | SoftmaxTransformer,
        gradient: Gradient | SoftmaxGradient,
        stationary: Array,
    ) -> LinearTransformer | SoftmaxTransformer:
        """Return the model after one step; the model that was given stays as it is.

        Parameters
        ----------
        model : LinearTransformer or SoftmaxTransformer
        gradient : Gradient or SoftmaxGradient
            Of the same shapes.
        stationary : (N,) array
            mu.

        Raises
        ------
        BreakdownError
            A column of A vanished, or a value overflowed.
        ScbError
            The method or the gradient does not fit the model.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> task = scb.SCBTask.example()
        >>> model = scb.LinearTransformer.initial(task)
        >>> slope = scb.population_gradient(model, task)
        >>> step = scb.ProximalGradient(0.1).update(model, slope, task.stationary)
        >>> scb.population_loss(step, task) < scb.population_loss(model, task)
        True
        """
        mu = np.asarray(stationary, dtype=model.value.dtype)
        value = model.value - self.learning_rate * self.value_direction(gradient.value, mu)
        if isinstance(model, SoftmaxTransformer) and isinstance(gradient, SoftmaxGradient):
            self.check_softmax()
            step = self.rate_of_attention * self.attention_direction(gradient.logits, mu)
            return SoftmaxTransformer(*finite(value, model.logits - step))
        if isinstance(model, LinearTransformer) and isinstance(gradient, Gradient):
            step = self.rate_of_attention * self.attention_direction(gradient.attention, mu)
            return LinearTransformer(*finite(value, self.proximal(model.attention - step)))
        raise ScbError(
            f"gradient: expected that of a {type(model).__name__}, got {type(gradient).__name__}."
        )


@dataclass(frozen=True)
class SGD(Optimizer):
    """Plain stochastic gradient descent: no preconditioner, no projection, no threshold.

    Parameters
    ----------
    learning_rate : float
    attention_rate : float, optional
        Learning rate of A, where it differs from that of V.

    Raises
    ------
    ScbError
        A rate is not a number above zero.

    Notes
    -----
    Source: Ren, Wang and Lee (2024). Book: 05-algorithm, eq-sgd.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> model = scb.LinearTransformer([[1.0]], [[0.5], [0.5]])
    >>> slope = scb.Gradient(np.array([[1.0]]), np.array([[1.0], [0.0]]))
    >>> scb.SGD(0.1).update(model, slope, np.ones(1)).attention.tolist()
    [[0.4], [0.5]]
    """

    def value_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the gradient itself."""
        return gradient

    def attention_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the gradient itself."""
        return gradient


@dataclass(frozen=True)
class ProjectedSGD(SGD):
    """SGD that keeps the column sums of A: the gradient of A is centred over the positions.

    Parameters
    ----------
    learning_rate : float
    attention_rate : float, optional
        Learning rate of A, where it differs from that of V.

    Raises
    ------
    ScbError
        A rate is not a number above zero.

    Notes
    -----
    A rung of this book's ladder, not a method of the paper. Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> model = scb.LinearTransformer([[1.0]], [[0.5], [0.5]])
    >>> slope = scb.Gradient(np.array([[1.0]]), np.array([[1.0], [0.0]]))
    >>> scb.training.ProjectedSGD(0.1).update(model, slope, np.ones(1)).attention.tolist()
    [[0.45], [0.55]]
    """

    def attention_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the gradient, centred over the positions."""
        return centred(gradient)


@dataclass(frozen=True)
class ProximalGradient(Optimizer):
    """Preconditioned, projected proximal descent, the method of the paper.

    Columns of both gradients are divided by the mass of their token, that of A is centred over
    the positions; after the step A is soft-thresholded at learning rate times penalty, and each
    of its columns is divided by its sum.

    Parameters
    ----------
    learning_rate : float
    penalty : float
        Of the l1 norm of A; with 0 this is the preconditioned, projected gradient.
    attention_rate : float, optional
        Learning rate of A, where it differs from that of V.

    Raises
    ------
    ScbError
        A rate is not a number above zero, or the penalty is negative.

    Notes
    -----
    Source: Ren, Wang and Lee (2024). Book: 05-algorithm, eq-proximal-step.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> model = scb.LinearTransformer([[1.0]], [[0.9], [0.1]])
    >>> flat = scb.Gradient(np.zeros((1, 1)), np.zeros((2, 1)))
    >>> scb.ProximalGradient(0.1, penalty=2).update(model, flat, np.ones(1)).attention.tolist()
    [[1.0], [0.0]]
    """

    penalty: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.non_negative_number("penalty", self.penalty)

    @property
    def threshold(self) -> float:
        """What each weight of A loses in a step."""
        return self.rate_of_attention * self.penalty

    @property
    def has_proximal_step(self) -> bool:
        """True: the columns of A are divided by their sum even without a penalty."""
        return True

    def value_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the gradient, each column divided by the mass of its token."""
        return gradient / mass

    def attention_direction(self, gradient: Array, mass: Array) -> Array:
        """Return the gradient, each column divided by the mass of its token and centred."""
        return centred(gradient / mass)

    def proximal(self, attention: Array, out: Array | None = None) -> Array:
        """Return the columns of A after the soft threshold, each divided by its sum.

        Raises
        ------
        BreakdownError
            A sum is nearly zero.
        """
        shrunk = _shrunk(attention, self.threshold, out) if self.penalty else attention
        sums = shrunk.sum(axis=0)
        smallest = np.abs(sums).argmin()
        if abs(sums[smallest]) < SMALLEST_SUM:
            raise BreakdownError(
                "vanished",
                f"after the soft threshold, {self.threshold:.3g}, a column of A sums to "
                f"{sums[smallest]:.3g} and cannot be divided by that. Try a smaller penalty: at "
                f"the start every weight is 1/T = {1 / len(attention):.3g}.",
            )
        divided: Array = np.divide(shrunk, sums, out=out)
        return divided


def _shrunk(x: Array, threshold: float, out: Array | None = None) -> Array:
    shrunk: Array = np.subtract(x, np.clip(x, -threshold, threshold), out=out)
    return shrunk


def finite(*arrays: Array) -> tuple[Array, ...]:
    """Return the arrays, or raise a BreakdownError if one of them has overflowed."""
    if all(np.isfinite(array).all() for array in arrays):
        return arrays
    raise BreakdownError("diverged", "a value of V or A overflowed. Try a smaller learning rate.")
