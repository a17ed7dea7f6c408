"""Ways to move V and A against a gradient: the contract, and the ladder to the proximal method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from scb_edu.model.gradients import Gradient, SoftmaxGradient, centred
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked, known_as

SMALLEST_SUM = 1e-3
"""A column of A whose sum is below this is not divided by it."""

Model = TypeVar("Model", LinearTransformer, SoftmaxTransformer)


@checked
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


@checked
class Parameters(NamedTuple):
    """Two arrays of one model, or of its gradient: what an optimiser works on.

    Parameters
    ----------
    value : (N, N) array
        V, or the gradient with respect to it.
    weights : (T, N) array
        A, or for softmax attention its logits W; or the gradient with respect to them.

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> scb.training.Parameters(np.eye(2), np.ones((5, 2))).weights.shape
    (5, 2)
    """

    value: Array
    weights: Array


@checked
class Moment(NamedTuple):
    """Where a run stands: what a schedule and an optimiser may know of it.

    Parameters
    ----------
    step, samples : int
        Made and seen so far.
    time : float
        The learning rates of V of all steps so far, added up: the time of the flow.
    stationary : (N,) array or None
        mu, in the precision of the model.
    is_softmax : bool
        Whether the weights are logits.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> falling = scb.SGD(lambda moment: 0.1 / (1 + moment.step / 100))
    >>> falling.rates(scb.training.Moment(step=100))
    (0.05, 0.05)
    """

    step: int = 0
    samples: int = 0
    time: float = 0.0
    stationary: Array | None = None
    is_softmax: bool = False

    def after(self, samples: int, rate: float) -> Moment:
        """Return the moment after one more step.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.training.Moment(step=4, samples=40, time=2.0).after(10, 0.5)[:3]
        (5, 50, 2.5)
        """
        return self._later(checks.natural("samples", samples), checks.finite_number("rate", rate))

    def _later(self, samples: int, rate: float) -> Moment:
        """Return the same for numbers that were checked: a run asks it at every step."""
        made, seen, time, mu, is_softmax = self
        return Moment._make((made + 1, seen + samples, time + rate, mu, is_softmax))


START = Moment()
"""Before the first step."""

Schedule: TypeAlias = float | Callable[[Moment], float]
"""A number, or a function of the ``Moment`` at which a step begins."""


@checked
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


@checked
@dataclass(frozen=True)
class Optimizer(ABC):
    """The contract of an optimiser: a gradient and a state in, new parameters and a state out.

    Write a frozen dataclass with an ``update``, which is pure: it changes none of its arguments
    (``train`` hands out read-only arrays) and keeps nothing between two calls but its state.
    ``init`` returns the state before the first step. A state is a number, an array, or a tuple of
    states, always of one form, so that a checkpoint can hold it. Fields of its own come after the
    rates; a method that makes no sense for logits says so in ``check_softmax``. ``train`` honours
    what these return to the last digit; only a ``ColumnScaling`` has a quicker path.

    Parameters
    ----------
    learning_rate : float, or function of a Moment
        Of V, above zero.
    attention_rate : float, or function of a Moment, optional
        Learning rate of A, where it differs from that of V.

    Raises
    ------
    ScbError
        A rate is not a number above zero; for a function, at the step where it is not.

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np, scb_edu as scb
    >>> @dataclass(frozen=True)
    ... class SignDescent(scb.training.Optimizer):
    ...     def update(self, parameters, gradient, state, moment):
    ...         rate, attention_rate = self.rates(moment)
    ...         V = parameters.value - rate * np.sign(gradient.value)
    ...         W = parameters.weights - attention_rate * np.sign(gradient.weights)
    ...         return scb.training.Parameters(V, W), state
    >>> task = scb.SCBTask.example()
    >>> start = scb.LinearTransformer.initial(task)
    >>> run = scb.train(task, start, SignDescent(1e-3), steps=100, batch_size=64,
    ...                 rng=np.random.default_rng(0))
    >>> bool(run.loss[-1] < run.loss[0])
    True
    """

    learning_rate: Schedule
    attention_rate: Schedule | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("learning_rate", "attention_rate"):
            rate = getattr(self, name)
            if rate is not None and not callable(rate):
                a_rate(name, rate)

    def rates(self, moment: Moment = START) -> tuple[float, float]:
        """Return the learning rates of V and of A at a moment.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.SGD(0.1, attention_rate=0.5).rates()
        (0.1, 0.5)
        """
        check_moment(moment)
        rate = _at(moment, "learning_rate", self.learning_rate, a_rate)
        if self.attention_rate is None:
            return rate, rate
        return rate, _at(moment, "attention_rate", self.attention_rate, a_rate)

    def init(self, parameters: Parameters) -> Any:
        """Return the state before the first step: nothing to remember.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> scb.SGD(0.1).init(scb.training.Parameters(np.eye(2), np.ones((5, 2))))
        ()
        """
        check_parameters("parameters", parameters)
        return ()

    @abstractmethod
    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the parameters and the state after a step; what was given stays as it is.

        Raises
        ------
        BreakdownError
            The step cannot be made.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> here = scb.training.Parameters(np.eye(1), np.ones((2, 1)))
        >>> there, _ = scb.SGD(0.1).update(here, here, (), scb.training.Moment())
        >>> there.weights.tolist()
        [[0.9], [0.9]]
        """

    def result(self, parameters: Parameters, state: Any) -> Parameters:
        """Return the parameters of the model that counts, here those of the last step.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> here = scb.training.Parameters(np.eye(1), np.ones((2, 1)))
        >>> scb.SGD(0.1).result(here, ()) is here
        True
        """
        check_parameters("parameters", parameters)
        return parameters

    def check_softmax(self) -> None:  # noqa: B027, most methods suit logits
        """Raise if the method makes no sense for logits.

        Raises
        ------
        ScbError
            It does not; a method of this kind overrides this one, such as one with a penalty.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.ProximalGradient(0.1, penalty=0).check_softmax()
        """

    @checked
    def step(self, model: Model, gradient: Gradient | SoftmaxGradient, stationary: Array) -> Model:
        """Return the model after the first step of a run; the one that was given stays as it is.

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
        >>> after = scb.ProximalGradient(0.1).step(model, slope, task.stationary)
        >>> scb.population_loss(after, task) < scb.population_loss(model, task)
        True
        """
        mu = checks.real_array("stationary", stationary, 1).astype(model.value.dtype)
        checks.shape_is("stationary", mu, (len(model.value),), "(N,)")
        checks.all_positive("stationary", mu, "the preconditioner divides by it")
        is_softmax = isinstance(model, SoftmaxTransformer)
        if isinstance(gradient, SoftmaxGradient) is not is_softmax:
            kind, got = type(model).__name__, type(gradient).__name__
            raise ScbError(f"gradient: expected that of a {kind}, got {got}.")
        if is_softmax:
            self.check_softmax()
        here = parameters_of(model)
        for name, ours, theirs in zip(
            ("value", "weights"), here, parameters_of(gradient), strict=True
        ):
            checks.shape_is(f"gradient, {name}", theirs, ours.shape, "that of the model")
        moment = Moment(stationary=mu, is_softmax=is_softmax)
        with np.errstate(over="ignore", invalid="ignore"):  # `finite` says it
            there, state = self.update(here, parameters_of(gradient), self.init(here), moment)
        return type(model)(*finite(*self.result(there, state)))


@checked
@dataclass(frozen=True)
class ColumnScaling(Optimizer):
    """An optimiser whose step is a scaling of columns, for which ``train`` has a quick path.

    It declares that each column of both gradients is divided by a number, that each column of
    that of A is centred or not, and that what follows the step looks at each column of A alone.
    Override ``divisor``, ``projects`` and ``proximal``; with an ``update`` of its own a method is
    a general ``Optimizer`` again.

    Parameters
    ----------
    learning_rate, attention_rate
        As for ``Optimizer``.

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np, scb_edu as scb
    >>> @dataclass(frozen=True)
    ... class NonNegative(scb.SGD):
    ...     def proximal(self, attention, moment, out=None):
    ...         return np.maximum(attention, 0, out=out)
    >>> isinstance(NonNegative(0.1), scb.training.ColumnScaling)
    True
    """

    @property
    def projects(self) -> bool:
        """Whether the gradient of A is centred over the positions, which keeps column sums."""
        return False

    def divisor(self, stationary: Array | None) -> Array | None:
        """Return what the columns are divided by (N,), or None where that is one.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> scb.ProximalGradient(0.1).divisor(np.array([0.5, 0.25])).tolist()
        [0.5, 0.25]
        """
        if stationary is not None:
            checks.numbers("stationary", stationary)
        return None

    def proximal(self, attention: Array, moment: Moment = START, out: Array | None = None) -> Array:
        """Return columns (T, K) of A after what follows the step; logits are left alone.

        Parameters
        ----------
        attention : (T, K) array
        moment : Moment
        out : (T, K) array, optional
            Where the result goes; it may be ``attention`` itself.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> moved = np.array([[0.5], [0.5], [0.1]])
        >>> scb.ProximalGradient(0.5, penalty=0.2).proximal(moved).round(12).tolist()
        [[0.5], [0.5], [0.0]]
        """
        check_moment(moment)
        columns = checks.columns("attention", attention)
        check_out(out, columns)
        return columns

    def direction(self, gradient: Array) -> Array:
        """Return the direction (T, K) of A for columns of its gradient, divided already.

        Examples
        --------
        >>> import numpy as np, scb_edu as scb
        >>> scb.ProximalGradient(0.1).direction(np.array([[1.0], [3.0]])).tolist()
        [[-1.0], [1.0]]
        """
        columns = checks.columns("gradient", gradient)
        return centred(columns) if self.projects else columns

    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the parameters after a step against the divided columns."""
        check_update(parameters, gradient, moment)
        rate, attention_rate = self.rates(moment)
        divisor = self.divisor(moment.stationary)
        slope_V, slope_W = gradient if divisor is None else (part / divisor for part in gradient)
        W = parameters.weights - attention_rate * self.direction(slope_W)
        after = W if moment.is_softmax else self.proximal(W, moment)
        return Parameters(parameters.value - rate * slope_V, after), state


@checked
@dataclass(frozen=True)
class SGD(ColumnScaling):
    """Plain stochastic gradient descent: no preconditioner, no projection, no threshold.

    Parameters
    ----------
    learning_rate : float, or function of a Moment
    attention_rate : float, or function of a Moment, optional
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
    >>> scb.SGD(0.1).step(model, slope, np.ones(1)).attention.tolist()
    [[0.4], [0.5]]
    """


@checked
@dataclass(frozen=True)
class ProjectedSGD(SGD):
    """SGD that keeps the column sums of A: the gradient of A is centred over the positions.

    Parameters
    ----------
    learning_rate, attention_rate
        As for ``SGD``.

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
    >>> scb.training.ProjectedSGD(0.1).step(model, slope, np.ones(1)).attention.tolist()
    [[0.45], [0.55]]
    """

    @property
    def projects(self) -> bool:
        """True."""
        return True


@checked
@dataclass(frozen=True)
class ProximalGradient(ColumnScaling):
    """Preconditioned, projected proximal descent, the method of the paper.

    Columns of both gradients are divided by the mass of their token, that of A is centred over
    the positions; after the step A is soft-thresholded at learning rate times penalty, and each
    of its columns is divided by its sum.

    Parameters
    ----------
    learning_rate : float, or function of a Moment
    penalty : float, or function of a Moment
        Of the l1 norm of A; with 0 this is the preconditioned, projected gradient.
    attention_rate : float, or function of a Moment, optional
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
    >>> scb.ProximalGradient(0.1, penalty=2).step(model, flat, np.ones(1)).attention.tolist()
    [[1.0], [0.0]]
    """

    penalty: Schedule = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.penalty):
            checks.non_negative_number("penalty", self.penalty)

    @property
    def projects(self) -> bool:
        """True."""
        return True

    def divisor(self, stationary: Array | None) -> Array | None:
        """Return the mass of each token."""
        return stationary if stationary is None else checks.numbers("stationary", stationary)

    def threshold(self, moment: Moment = START) -> float:
        """Return what each weight of A loses in a step.

        Examples
        --------
        >>> import scb_edu as scb
        >>> scb.ProximalGradient(0.5, penalty=0.2).threshold()
        0.1
        """
        check_moment(moment)
        penalty = _at(moment, "penalty", self.penalty, checks.non_negative_number)
        return self.rates(moment)[1] * penalty if penalty else 0.0

    def check_softmax(self) -> None:
        """Raise if there is a penalty."""
        if callable(self.penalty) or self.penalty:
            raise ScbError(
                f"penalty: expected 0 for softmax attention, got {self!r}; the soft threshold "
                "acts on the weights of A, and softmax weights never reach zero."
            )

    def proximal(self, attention: Array, moment: Moment = START, out: Array | None = None) -> Array:
        """Return the columns of A after the soft threshold, each divided by its sum.

        Raises
        ------
        BreakdownError
            A sum is nearly zero, or negative.
        """
        attention = checks.columns("attention", attention)
        check_out(out, attention)
        threshold = self.threshold(moment)
        shrunk = _shrunk(attention, threshold, out) if threshold else attention
        sums = shrunk.sum(axis=0)
        if not sums.min() >= SMALLEST_SUM:
            raise BreakdownError(
                "vanished",
                f"after the soft threshold, {threshold:.3g}, a column of A sums to "
                f"{sums.min():.3g} and cannot be divided by that. Try a smaller penalty: at "
                f"the start every weight is 1/T = {1 / len(attention):.3g}.",
            )
        divided: Array = np.divide(shrunk, sums, out=out)
        return divided


def an_optimizer(name: str, optimizer: Any) -> Any:
    """Return ``optimizer`` if it is one."""
    if not isinstance(optimizer, Optimizer):
        got = checks.brief(optimizer)
        raise ScbError(f"{name}: expected one such as SGD(0.01), got {got}.")
    return optimizer


known_as(Optimizer, an_optimizer)


def a_rate(name: str, value: object) -> float:
    """Return a learning rate, above zero; how a run with a large one ends is a result."""
    return checks.positive_number(name, value, any_size=True)


# What follows is asked at every step of every run: one look at a type each.


def check_moment(moment: object) -> None:
    """Raise unless ``moment`` is one."""
    if not isinstance(moment, Moment):
        checks.instance("moment", moment, Moment, "a Moment")


def check_parameters(name: str, parameters: object) -> None:
    """Raise unless these are Parameters."""
    if not isinstance(parameters, Parameters):
        checks.instance(name, parameters, Parameters, "Parameters")


def check_out(out: object, columns: Array) -> None:
    """Raise unless ``out`` is None, or can hold a result of the shape of the columns."""
    if out is None:
        return
    array = checks.numbers("out", out)
    if array is not out or array.dtype.kind != "f" or not array.flags.writeable:
        raise ScbError(f"out: expected an array of floats to write to, got {checks.brief(out)}.")
    checks.shape_is("out", array, columns.shape, "that of the attention")


def check_update(parameters: object, gradient: object, moment: object) -> None:
    """Raise unless these are what an ``update`` is given."""
    check_parameters("parameters", parameters)
    check_parameters("gradient", gradient)
    check_moment(moment)


def parameters_of(
    item: LinearTransformer | SoftmaxTransformer | Gradient | SoftmaxGradient,
) -> Parameters:
    """Return the two arrays of a model or of a gradient, the weights column by column in memory."""
    weights = getattr(item, "logits", None) if hasattr(item, "logits") else item.attention
    # as in a run: NumPy adds up contiguous columns in pairs, which float32 needs for long contexts
    return Parameters(item.value, np.asfortranarray(weights))


def finite(*arrays: Array) -> tuple[Array, ...]:
    """Return the arrays, or raise a BreakdownError if one of them has overflowed."""
    if all(np.isfinite(array).all() for array in arrays):
        return arrays
    raise BreakdownError("diverged", "a value of V or A overflowed. Try a smaller learning rate.")


def _at(moment: Moment, name: str, value: Schedule, check: Callable[[str, object], float]) -> float:
    return check(name, value(moment)) if callable(value) else value


def _shrunk(x: Array, threshold: float, out: Array | None = None) -> Array:
    shrunk: Array = np.subtract(x, np.clip(x, -threshold, threshold), out=out)
    return shrunk
