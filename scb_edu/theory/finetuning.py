"""Finetuning: a downstream run that starts from a pretrained model, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from scipy.special import ndtr

from scb_edu.model.task import SCBTask, check_task
from scb_edu.model.transformer import (
    LinearTransformer,
    SoftmaxTransformer,
    a_model,
    value_signal,
)
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.complexity import (
    attention_push_variance,
    beside_energy,
    initial_signal_std,
    samples_needed,
)
from scb_edu.theory.dynamics import (
    FARTHEST,
    Flow,
    SignalConstants,
    TaskLike,
    arrival,
    follow,
    level_above,
    points_of_time,
    rate_with_feedback,
    saddle,
    signal_jacobian,
    time_until,
)

Model = TypeVar("Model", LinearTransformer, SoftmaxTransformer)


@checked
def transfer(model: Model, task: SCBTask, *, attention: str = "uniform") -> Model:
    """Return where a downstream run starts: the pretrained V, and an attention that is reset.

    Parameters
    ----------
    model : LinearTransformer or SoftmaxTransformer
        Pretrained, on any context length unless its attention is kept.
    task : SCBTask
        The downstream task.
    attention : "uniform" or "kept"
        Uniform is 1/T at every position (for softmax: all logits zero).

    Returns
    -------
    LinearTransformer or SoftmaxTransformer
        Of the same kind and precision as the model that was given.

    Raises
    ------
    ScbError
        The model is none or does not fit the task, or the name of the attention is another one.

    Notes
    -----
    Source: Ren, Wang and Lee (2024). Book: 07-transfer, sec-transfer.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(100)
    >>> other = scb.theory.correlated_task(task, 0.1, np.random.default_rng(0))
    >>> start = scb.theory.transfer(scb.LinearTransformer.oracle(other), task)
    >>> found = scb.signals(start, task)
    >>> round(found.value, 8), round(found.attention, 8)
    (0.1, 0.0)
    """
    _check_model(model, task)
    if attention not in ("uniform", "kept"):
        raise ScbError(f"attention: expected 'uniform' or 'kept', got {attention!r}.")
    shape = (task.context_length, task.vocab_size)
    if attention == "kept":
        checks.shape_is("model.attention", model.attention, shape, "(T, N)")
        return model
    if isinstance(model, SoftmaxTransformer):
        return SoftmaxTransformer(model.value, np.zeros(shape, model.value.dtype))
    return LinearTransformer(model.value, np.full(shape, 1 / shape[0], model.value.dtype))


@checked
def temper(model: LinearTransformer, task: SCBTask, share: float) -> LinearTransformer:
    """Return a pretrained model whose V is drawn toward mu: V = mu 1^T + share (V - mu 1^T).

    What it knows rightly and what it knows beside that shrink alike; the brake K_R and the noise
    that V brings in shrink with the square.

    Parameters
    ----------
    model : LinearTransformer
        Pretrained.
    task : SCBTask
        The downstream task, whose mu is meant.
    share : float
        Above 0; 1 changes nothing.

    Returns
    -------
    LinearTransformer
        With the attention of the model, in its precision.

    Raises
    ------
    ScbError
        The model does not fit the task, or ``share`` is not above zero.

    Notes
    -----
    Book: 07-transfer, eq-temper.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(100)
    >>> other = scb.theory.correlated_task(task, 0.5, np.random.default_rng(0))
    >>> model = scb.theory.transfer(scb.LinearTransformer.oracle(other), task)
    >>> [round(scb.signals(m, task).value, 6) for m in (model, scb.theory.temper(model, task, 0.1))]
    [0.5, 0.05]
    """
    _check_model(model, task)
    part = checks.positive_number("share", share)
    mu = task.stationary.astype(model.value.dtype)[:, None]
    return LinearTransformer(mu + part * (model.value - mu), model.attention)


@checked
def selection_samples(task: SCBTask, deviations: float, correlation: float = 1.0) -> float:
    """Return the batch with which one step finds the positions of Q by a threshold.

    The push on a weight of Q is alpha_V K_P / Q on average. A penalty of half of it is as many
    standard deviations of the noise on a weight as are asked for. For V = mu 1^T + eps (P - mu 1^T)
    push and noise both grow with eps, which drops out.

    Parameters
    ----------
    task : SCBTask
    deviations : float
        z, above 0. The T - Q other positions pass the threshold with chance 2 Phi(-z) each.
    correlation : float
        theta of a related V with the energy of P, above 0; 1 where nothing is beside the truth.

    Returns
    -------
    float
        (2 z Q / theta)^2 N M_1 / T: not rounded, and flat in T.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    For equal tokens and normal noise: z has to grow like the root of log(N T). The batch of a
    `GiantStep` is this one with equal tokens and z for a given chance.
    Book: 07-transfer, eq-giant-step.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (100, 6400):
    ...     round(scb.theory.selection_samples(scb.SCBTask.example(T), 3.27), -1)
    1200.0
    1200.0
    """
    z = checks.positive_number("deviations", deviations)
    theta = checks.positive_number("correlation", correlation)
    scale = (2 * z * task.sparsity / theta) ** 2
    return scale * task.vocab_size * samples_needed(task, 1.0) / task.context_length


@checked
def transfer_flow(
    task: TaskLike, theta: float, *, t_end: float, beside: float = 0.0, points: int = 400
) -> Flow:
    """Follow the population flow of a downstream run from alpha_V = theta and uniform attention.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
        The downstream task.
    theta : float
        The correlation that the pretrained V brings.
    t_end : float
        Above 0, in units of learning rate times steps.
    beside : float
        K_R, the energy of what V knows beside the truth: (1 - theta^2) K_P for a related
        transition of the same energy. With 0 this is ``signal_flow``.
    points : int
        How many equally spaced times to report, at least 2.

    Returns
    -------
    Flow
        Exact for the preconditioned, projected gradient flow of the full matrices.

    Raises
    ------
    ScbError
        An argument is not as described, or the solver gave up.

    Notes
    -----
    Book: 07-transfer, eq-transfer-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for beside in (0.0, 0.2):
    ...     flow = scb.theory.transfer_flow((0.2, 0.5, 1000), 0.1, t_end=8, beside=beside)
    ...     print(round(flow.attention[-1], 2))
    0.36
    0.19
    """
    constants = SignalConstants.of(task)
    begin, end, count = _begin(theta, beside), time_until(t_end), points_of_time(points)
    path = _solve(constants, begin, end, t_eval=np.linspace(0, end, count))
    return Flow(path.t, path.y[0], path.y[1])


@checked
def transfer_samples(
    task: TaskLike,
    theta: float,
    *,
    learning_rate: float,
    batch_size: float,
    level: float = 0.5,
    beside: float = 0.0,
) -> float:
    """Return how many samples a run takes from alpha_V = theta to alpha_A = level, by the flow.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
        The downstream task.
    theta : float
        The correlation that the pretrained V brings; 0 is a start from scratch.
    learning_rate : float
        Of both matrices.
    batch_size : float
        At least 1.
    level : float
        As in ``escape_time``, from alpha_A = 0 on.
    beside : float
        K_R, the energy of what V knows beside the truth: (1 - theta^2) K_P for a related
        transition of the same energy.

    Returns
    -------
    float
        Not rounded; inf where the path is still below the level after 100 T units of time. The
        flow is exact; noise and penalty are not in it.

    Raises
    ------
    ScbError
        An argument is not as described, or the solver gave up.

    Notes
    -----
    Book: 07-transfer, eq-transfer-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> for T in (250, 4000):
    ...     task = scb.SCBTask.example(T)
    ...     needs = [scb.theory.transfer_samples(task, theta, learning_rate=0.02, batch_size=64)
    ...              for theta in (0, 0.1, 1)]
    ...     print([round(need, -3) for need in needs])
    [62000.0, 38000.0, 15000.0]
    [94000.0, 39000.0, 15000.0]
    """
    begin, goal = _begin(theta, beside), level_above(0.0, level)
    rate = checks.positive_number("learning_rate", learning_rate)
    constants = SignalConstants.of(task)
    solve = partial(_solve, constants, begin)
    time = arrival(constants, solve, 1, goal) if goal > 0 else 0.0
    return time * checks.at_least_one("batch_size", batch_size) / rate


@checked
def transfer_time(task: TaskLike, theta: float, level: float = 0.5) -> float:
    """Return the formula for the time from alpha_V = theta to alpha_A = level.

    Parameters
    ----------
    task : SCBTask or (K_P, K_Q, T)
    theta : float
        Above -1/(rT), with r = sqrt(K_P K_Q).
    level : float
        Above 0, and reached before alpha_V alpha_A is 1.

    Returns
    -------
    float
        The flow without its 1/T term from theta + 1/(rT): exact for long contexts.

    Raises
    ------
    ScbError
        An argument is not as described.

    Notes
    -----
    Book: 07-transfer, eq-transfer-samples.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(4000)
    >>> for theta in (0, 0.1, 1):
    ...     exact = scb.escape_time(task, 0.5, start=(theta, 0))
    ...     print(round(scb.theory.transfer_time(task, theta), 1), round(exact, 1))
    29.4 29.4
    12.1 12.1
    4.8 4.8
    """
    K_P, K_Q, T = SignalConstants.of(task)
    goal, r = checks.within("level", level, 1e-30, FARTHEST), math.sqrt(K_P * K_Q)
    push = checks.within("theta", theta, -FARTHEST, FARTHEST) + 1 / (r * T)
    if push <= 0:
        raise ScbError(
            f"theta: expected a number above -1/(rT) = {-1 / (r * T):.3g}, got {theta:.6g}; "
            "below it the run goes to the wrong side."
        )
    end = math.asinh(goal * math.sqrt(K_Q / K_P) / push)
    kappa = push**2 * math.sqrt(K_P / K_Q) / 2
    if 2 * end >= math.asinh(1 / kappa):  # alpha_V alpha_A = kappa sinh(2 r t)
        raise ScbError(
            f"level: expected one that is reached before alpha_V alpha_A = 1, got {goal:.6g}; "
            "use escape_time."
        )
    return _hyperbolic_time(kappa, end) / r


@checked
def transfer_noise(
    task: SCBTask, pretrained: LinearTransformer, learning_rate: float, batch_size: float
) -> float:
    """Return the correlation that the noise of the first steps is worth.

    Parameters
    ----------
    task : SCBTask
        The downstream task.
    pretrained : LinearTransformer
        Only its V is read.
    learning_rate : float
        Of both matrices.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        The standard deviation s of the noise, in units of alpha_V.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    For the linear flow at the saddle, without a penalty. Book: 07-transfer, eq-transfer-noise.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> other = scb.theory.correlated_task(task, 0.1, np.random.default_rng(0))
    >>> models = scb.LinearTransformer.initial(task), scb.LinearTransformer.oracle(other)
    >>> [round(scb.theory.transfer_noise(task, model, 0.02, 64), 4) for model in models]
    [0.0012, 0.0117]
    """
    return _noise_and_push(task, pretrained, learning_rate, batch_size)[0]


@checked
def transfer_chance(
    task: SCBTask, pretrained: LinearTransformer, learning_rate: float, batch_size: float
) -> float:
    """Return the chance that a downstream run goes to the right side.

    Parameters
    ----------
    task : SCBTask
        The downstream task.
    pretrained : LinearTransformer
        Only its V is read.
    learning_rate : float
        Of both matrices.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        Phi((theta + push) / s), with theta = alpha_V of the pretrained model, s the
        ``transfer_noise``, and for the push what 1/T adds. From V = mu 1^T it is
        ``escape_chance``.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    For the linear flow at the saddle, without a penalty. Book: 07-transfer, eq-transfer-chance.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> for theta in (-0.03, 0.0, 0.03):
    ...     other = scb.theory.correlated_task(task, theta, np.random.default_rng(0))
    ...     start = scb.LinearTransformer.oracle(other)
    ...     print(round(scb.theory.transfer_chance(task, start, 0.02, 64), 2))
    0.01
    0.66
    1.0
    """
    noise, push = _noise_and_push(task, pretrained, learning_rate, batch_size)
    return float(ndtr((value_signal(pretrained.value, task) + push) / noise))


@checked
def transfer_boundary(
    task: SCBTask, pretrained: LinearTransformer, learning_rate: float, batch_size: float
) -> float:
    """Return the smallest correlation that is safe: 95 % of runs go to the right side.

    Parameters
    ----------
    task : SCBTask
        The downstream task.
    pretrained : LinearTransformer
        Only its V is read, and of that only what it knows beside the truth.
    learning_rate : float
        Of both matrices.
    batch_size : float
        At least 1.

    Returns
    -------
    float
        1.645 s less what 1/T adds; below zero where a run from theta = 0 is safe already.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    For the linear flow at the saddle, without a penalty. Book: 07-transfer, eq-transfer-boundary.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> for T in (1000, 4000):
    ...     task = scb.SCBTask.example(T)
    ...     other = scb.theory.correlated_task(task, 0.0, np.random.default_rng(0))
    ...     start = scb.LinearTransformer.oracle(other)
    ...     print(round(scb.theory.transfer_boundary(task, start, 0.02, 64), 3))
    0.014
    0.017
    """
    noise, push = _noise_and_push(task, pretrained, learning_rate, batch_size)
    return 1.6449 * noise - push


def _noise_and_push(
    task: SCBTask, pretrained: LinearTransformer, learning_rate: float, batch_size: float
) -> tuple[float, float]:
    """Return the noise of the first steps and what 1/T adds, in units of alpha_V."""
    rate = checks.positive_number("learning_rate", learning_rate)
    B, first = checks.at_least_one("batch_size", batch_size), initial_signal_std(task)
    growth, share, push = growing_mode(task, pretrained, "pretrained")
    second = float(attention_push_variance(task, pretrained.value))
    return math.sqrt(rate / B * (first**2 + share**2 * second) / (2 * growth)), push


def _begin(theta: float, beside: float) -> tuple[float, float]:
    checks.non_negative_number("beside", beside)
    far = checks.within("beside", beside, 0, FARTHEST)
    return checks.within("theta", theta, -FARTHEST, FARTHEST), far


def _hyperbolic_time(kappa: float, end: float) -> float:
    """Return the integral of 1 / (1 - kappa sinh(2 s)) from 0 to ``end``."""
    # with w = e^(2s) the denominator is a quadratic with the roots 1/kappa +- root/kappa
    root = math.sqrt(1 + kappa**2)
    high, low = (1 + root) / kappa, -kappa / (1 + root)
    beyond = math.expm1(2 * end)  # w - 1 at the end, which keeps the digits of a short way
    ways = math.log1p(beyond / (1 - low)) - math.log1p(-beyond / (high - 1))
    return ways / (2 * root)


def _solve(
    constants: SignalConstants, begin: tuple[float, float], end: float, **options: Any
) -> Any:
    """Follow alpha_V, alpha_A and K_R, from (alpha_V, K_R) and no attention."""
    push = 1 / constants.context_length

    def rate(_t: float, y: Array) -> Sequence[float]:
        value, attention, beside = y
        return rate_with_feedback(constants, value, attention, beside, 0.0)[:3]

    return follow("theta", rate, (begin[0], 0.0, begin[1]), end, scale=push, **options)


def growing_mode(
    task: SCBTask, model: LinearTransformer, name: str = "model"
) -> tuple[float, float, float]:
    """Return how a downstream run leaves its start, where the flow is linear.

    Parameters
    ----------
    task : SCBTask
    model : LinearTransformer
        Only its V is read.
    name : str
        What its caller calls the model.

    Returns
    -------
    growth, share, push : float
        The combination alpha_V + share * alpha_A grows at the rate ``growth``, and 1/T adds
        ``push`` to what it starts from.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(1000)
    >>> growth, share, push = growing_mode(task, scb.LinearTransformer.initial(task))
    >>> round(growth, 3), round(scb.theory.growth_rate(task), 3), round(push * 1000 * growth, 3)
    (0.27, 0.27, 1.0)
    """
    _check_model(model, task, name)
    beside = float(beside_energy(model.value, task))
    linear = signal_jacobian(task, 0.0, saddle(task).attention) - np.diag([0.0, beside])
    damping = -linear[0, 0] - linear[1, 1]
    gain = linear[0, 1] * linear[1, 0] - linear[0, 0] * linear[1, 1]
    # the larger root of x^2 + damping x = gain, as a quotient: no digits cancel
    growth = 2 * gain / (damping + math.sqrt(damping**2 + 4 * gain))
    share = linear[0, 1] / (growth + beside)
    return float(growth), float(share), float(1 / (growth * task.context_length))


def _check_model(
    model: LinearTransformer | SoftmaxTransformer, task: SCBTask, name: str = "model"
) -> None:
    check_task(task)
    a_model(name, model)
    size = (task.vocab_size, task.vocab_size)
    checks.shape_is(f"{name}.value", model.value, size, "(N, N)")
