"""What a practitioner would try first: momentum, Adam, averaged iterates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.training.optimizers import (
    Moment,
    Optimizer,
    Parameters,
    Schedule,
    check_parameters,
    check_update,
)


@checked
@dataclass(frozen=True)
class Momentum(Optimizer):
    """Gradient descent with momentum: steps go against a decaying sum of the gradients.

    Parameters
    ----------
    learning_rate, attention_rate
        As for ``SGD``.
    momentum : float
        What is kept of the sum from step to step, at least 0 and below 1.

    Raises
    ------
    ScbError
        A rate is not a number above zero, or the momentum is out of range.

    Notes
    -----
    A rival, not a method of the paper. Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> here = slope = scb.training.Parameters(np.ones((1, 1)), np.zeros((1, 1)))
    >>> method, now = scb.training.Momentum(0.1, momentum=0.5), scb.training.Moment()
    >>> here, state = method.update(here, slope, method.init(here), now)
    >>> here, state = method.update(here, slope, state, now)
    >>> here.value.round(12).tolist()  # 1 - 0.1 - 0.15
    [[0.75]]
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_decay("momentum", self.momentum)

    def init(self, parameters: Parameters) -> Parameters:
        """Return a sum of nothing."""
        check_parameters("parameters", parameters)
        return Parameters(*map(np.zeros_like, parameters))

    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the parameters after a step against the sum, and the sum."""
        check_update(parameters, gradient, moment)
        total = [self.momentum * old + new for old, new in zip(state, gradient, strict=True)]
        return _moved(parameters, self.rates(moment), total), Parameters(*total)


@checked
@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam: each entry moves by its mean gradient over the root of its mean square.

    Parameters
    ----------
    learning_rate, attention_rate
        As for ``SGD``.
    decay, square_decay : float
        Of the two running means, at least 0 and below 1.
    floor : float
        What is added to the root.

    Raises
    ------
    ScbError
        A rate or the floor is not a number above zero, or a decay is out of range.

    Notes
    -----
    Source: Kingma and Ba (2015). A rival, not a method of the paper.
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> here = scb.training.Parameters(np.ones((1, 1)), np.zeros((1, 1)))
    >>> slope = scb.training.Parameters(np.full((1, 1), 7.0), np.zeros((1, 1)))
    >>> method = scb.training.Adam(0.1)
    >>> there, _ = method.update(here, slope, method.init(here), scb.training.Moment())
    >>> there.value.round(6).tolist()  # the first step has the size of the rate
    [[0.9]]
    """

    decay: float = 0.9
    square_decay: float = 0.999
    floor: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_decay("decay", self.decay)
        _refuse_decay("square_decay", self.square_decay)
        checks.positive_number("floor", self.floor)

    def init(self, parameters: Parameters) -> tuple[int, Parameters, Parameters]:
        """Return how many steps were made, and the two running means."""
        check_parameters("parameters", parameters)
        nothing = Parameters(*map(np.zeros_like, parameters))
        return 0, nothing, nothing

    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the parameters after a step, and the means without the bias of their start."""
        check_update(parameters, gradient, moment)
        count, b, c = state[0] + 1, self.decay, self.square_decay
        mean = [b * old + (1 - b) * g for old, g in zip(state[1], gradient, strict=True)]
        square = [c * old + (1 - c) * g * g for old, g in zip(state[2], gradient, strict=True)]
        steps = [
            (m / (1 - b**count)) / (np.sqrt(s / (1 - c**count)) + self.floor)
            for m, s in zip(mean, square, strict=True)
        ]
        after = _moved(parameters, self.rates(moment), steps)
        return after, (count, Parameters(*mean), Parameters(*square))


@checked
@dataclass(frozen=True)
class Averaged(Optimizer):
    """Another optimiser whose model is the mean of its iterates (Polyak and Ruppert).

    Parameters
    ----------
    optimizer : Optimizer
        What moves the iterates; its rates are those of the run.
    burn_in : int
        How many steps are left out of the mean.

    Raises
    ------
    ScbError
        The optimiser is none, or the number of steps is not a whole one of 0 or above.

    Notes
    -----
    The gradient is taken at the iterate; what is recorded and returned is the mean. The mean of
    weights over the positions keeps their sums, and the mean of logits is one of logits.
    A rival, not a method of the paper. Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> here = slope = scb.training.Parameters(np.ones((1, 1)), np.zeros((1, 1)))
    >>> method, now = scb.training.Averaged(scb.SGD(0.5)), scb.training.Moment()
    >>> there, state = method.update(here, slope, method.init(here), now)  # to 0.5
    >>> there, state = method.update(there, slope, state, now)  # to 0
    >>> method.result(there, state).value.tolist()
    [[0.25]]
    """

    learning_rate: Schedule = field(init=False, repr=False)
    attention_rate: Schedule | None = field(init=False, repr=False)
    optimizer: Optimizer
    burn_in: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "burn_in", checks.natural("burn_in", self.burn_in))
        for name in ("learning_rate", "attention_rate"):
            object.__setattr__(self, name, getattr(self.optimizer, name))

    def check_softmax(self) -> None:
        """Raise if the optimiser makes no sense for logits."""
        self.optimizer.check_softmax()

    def init(self, parameters: Parameters) -> tuple[int, Any, Parameters]:
        """Return how many steps were made, the optimiser's state, and the mean."""
        check_parameters("parameters", parameters)
        return 0, self.optimizer.init(parameters), parameters

    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the optimiser's parameters, and the mean with them in it."""
        check_update(parameters, gradient, moment)
        count, inner, mean = state[0] + 1, state[1], state[2]
        after, inner = self.optimizer.update(parameters, gradient, inner, moment)
        share = 1 / max(count - self.burn_in, 1)
        mean = Parameters(*(m + share * (a - m) for m, a in zip(mean, after, strict=True)))
        return after, (count, inner, mean)

    def result(self, parameters: Parameters, state: Any) -> Parameters:
        """Return the mean."""
        check_parameters("parameters", parameters)
        mean: Parameters = state[2]
        return mean


def _moved(parameters: Parameters, rates: tuple[float, float], steps: list[Array]) -> Parameters:
    return Parameters(*(p - r * s for p, r, s in zip(parameters, rates, steps, strict=True)))


def _refuse_decay(name: str, value: object) -> None:
    if not 0 <= checks.real_number(name, value) < 1:
        raise ScbError(f"{name}: expected a number of at least 0 and below 1, got {value}.")
