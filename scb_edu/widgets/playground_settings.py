"""What a playground can be told: the library's own objects as settings of its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.model.transformer import (
    LinearTransformer,
    SoftmaxTransformer,
    Transformer,
    check_fit,
    value_signal,
)
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.theory.schedules import FallingSpending, falling_spending
from scb_edu.training.optimizers import (
    SGD,
    Moment,
    Optimizer,
    ProjectedSGD,
    ProximalGradient,
    an_optimizer,
)
from scb_edu.training.rivals import Adam, Momentum

Settings = dict[str, Any]
BatchSize = int | FallingSpending | Callable[[Moment], float]

# The page's own, in live/settings.mjs; a test compares the two.
DEFAULTS: Settings = {
    "version": 1,
    "task": "example",
    "N": 3,
    "T": 250,
    "Q": 2,
    "peak": 0.5,
    "seed": 1,
    "attention": "linear",
    "method": "proximal",
    "rate": 0.02,
    "ratio": 0,
    "batch": 64,
    "penalty": 0.005,
    "schedule": "constant",
    "penaltyFrom": 0,
    "start": "scratch",
    "theta": 0.1,
    "share": 0.1,
    "lanes": 1,
    "other": {},
    "log": False,
    "speed": 1,
    "steps": 0,
}
LIMITS: dict[str, tuple[float, float]] = {
    "N": (2, 8),
    "T": (8, 4000),
    "seed": (0, 2**32 - 1),
    "rate": (1e-5, 10),
    "ratio": (0, 10_000),
    "batch": (1, 4096),
    "penalty": (0, 1),
    "penaltyFrom": (0, 1000),
    "theta": (-1, 1),
    "speed": (1, 100),
}
FALLING = {"c": 1.7, "d": 4.0}  # the falling schedule of chapter 6

METHODS: dict[type[Optimizer], str] = {
    SGD: "plain",
    ProjectedSGD: "projected",
    ProximalGradient: "proximal",
    Momentum: "momentum",
    Adam: "adam",
}


class Lane(NamedTuple):
    """What one of the runs of a playground is made of."""

    model: LinearTransformer | SoftmaxTransformer | None
    optimizer: Optimizer | None
    batch_size: BatchSize
    penalty_from: float


def within(name: str, value: float, limit: str) -> float:
    """Return a number that the page allows for this setting."""
    low, high = LIMITS[limit]
    if not low <= value <= high:
        raise ScbError(f"{name}: expected {low:g} to {high:g} in a playground, got {value:g}.")
    return value


def flat(matrix: Array) -> list[float]:
    """Return a matrix column after column, as the page keeps it."""
    entries: list[float] = matrix.ravel(order="F").tolist()
    return entries


# The task --------------------------------------------------------------------------------------


def check_sizes(task: SCBTask) -> None:
    """Raise unless the page can train on this task."""
    refuse_flat(task, "transition", "attention")
    within("task.vocab_size", task.vocab_size, "N")
    within("task.context_length", task.context_length, "T")


def task_settings(task: SCBTask, model: Settings | None) -> tuple[Settings, Settings | None]:
    """Return the settings of a task, and what the page has to be given: it, and a model for it."""
    sizes = {"N": task.vocab_size, "T": task.context_length, "Q": task.sparsity}
    if model is None and _is_example(task):
        return {"task": "example", **sizes}, None
    return {"task": "given", **sizes}, {**_law(task), **({"model": model} if model else {})}


def _is_example(task: SCBTask) -> bool:
    example = SCBTask.example(task.context_length)
    names = ("transition", "attention", "stationary")
    return all(np.array_equal(getattr(task, name), getattr(example, name)) for name in names)


def _law(task: SCBTask) -> Settings:
    columns = task.attention.T
    positions = [np.flatnonzero(column) for column in columns]
    weights = [column[at] for column, at in zip(columns, positions, strict=True)]
    return {
        "P": flat(task.transition),
        "mu": task.stationary.tolist(),
        "positions": [at.tolist() for at in positions],
        "weights": [some.tolist() for some in weights],
    }


# The start -------------------------------------------------------------------------------------


def start_settings(
    model: LinearTransformer | SoftmaxTransformer, task: SCBTask
) -> tuple[Settings, Settings | None]:
    """Return the settings of a model as the start of a run, and what is given of it if need be."""
    check_fit(model, task)
    is_softmax = isinstance(model, SoftmaxTransformer)
    attention = {"attention": "softmax" if is_softmax else "linear"}
    theta = _alignment(model, task)
    if theta is not None and _is_uniform(model):
        start = {"start": "aligned", "theta": theta} if theta else {"start": "scratch"}
        return {**attention, **start}, None
    given = {"value": flat(model.value)}
    if not _is_uniform(model):
        name = "logits" if is_softmax else "attention"
        given[name] = flat(getattr(model, name))
    return {**attention, "start": "given"}, given


def _is_uniform(model: Transformer) -> bool:
    if isinstance(model, SoftmaxTransformer):
        return not model.logits.any()
    return _close(model.attention, np.full_like(model.attention, 1 / len(model.attention)))


def _alignment(model: Transformer, task: SCBTask) -> float | None:
    """Return theta if V = mu 1^T + theta (P - mu 1^T), and None for any other V."""
    mu, theta = task.stationary[:, None], round(value_signal(model.value, task), 12)
    family = mu + theta * (task.transition - mu)
    low, high = LIMITS["theta"]
    return theta if low <= theta <= high and _close(model.value, family) else None


def _close(array: Array, other: Array) -> bool:
    """Whether two arrays are the same but for the rounding of the first one's precision."""
    return bool(np.allclose(array, other, rtol=0, atol=8 * float(np.finfo(array.dtype).eps)))


# The method ------------------------------------------------------------------------------------


def method_settings(optimizer: Optimizer) -> Settings:
    """Return the settings of a method that the page knows as well, with a constant rate."""
    an_optimizer("optimizer", optimizer)
    if type(optimizer) not in METHODS:
        known = ", ".join(kind.__name__ for kind in METHODS)
        raise ScbError(
            f"optimizer: expected one that the page can run, out of {known}, got "
            f"{type(optimizer).__name__}; scb.train runs any."
        )
    _refuse_own_numbers(optimizer)
    rate = _constant("optimizer.learning_rate", optimizer.learning_rate)
    within("optimizer.learning_rate", rate, "rate")
    settings = {"method": METHODS[type(optimizer)], "rate": rate, "ratio": _ratio(optimizer, rate)}
    if not isinstance(optimizer, ProximalGradient):
        return settings
    hint = " What begins later is a number, with penalty_from=time."
    penalty = _constant("optimizer.penalty", optimizer.penalty, hint)
    if penalty == 0:
        return {**settings, "method": "preconditioned"}
    return {**settings, "penalty": within("optimizer.penalty", penalty, "penalty")}


def _refuse_own_numbers(optimizer: Optimizer) -> None:
    """Raise if a number that the page has no setting for is not the usual one."""
    known = ("learning_rate", "attention_rate", "penalty")
    for field in fields(optimizer):
        value = getattr(optimizer, field.name)
        if field.name not in known and value != field.default:
            raise ScbError(
                f"optimizer.{field.name}: expected {field.default} in a playground, got {value}."
            )


def _ratio(optimizer: Optimizer, rate: float) -> float:
    """Return the learning rate of A over that of V, 0 where it has none of its own."""
    if optimizer.attention_rate is None:
        return 0.0
    ratio = _constant("optimizer.attention_rate", optimizer.attention_rate) / rate
    return within("optimizer.attention_rate over that of V", ratio, "ratio")


def _constant(name: str, value: object, hint: str = "") -> float:
    if callable(value):
        raise ScbError(f"{name}: expected a number in a playground, got a function.{hint}")
    return checks.real_number(name, value)


def batch_settings(batch_size: BatchSize, task: SCBTask) -> Settings:
    """Return the settings of a batch size: a number, or the falling schedule of chapter 6."""
    if isinstance(batch_size, FallingSpending):
        known = falling_spending(task, **FALLING)
        if batch_size != known:
            raise ScbError(
                f"batch_size: expected the schedule falling_spending(task, c={FALLING['c']}, "
                f"d={FALLING['d']}), which is {known}, got {batch_size}."
            )
        return {"schedule": "falling"}
    if callable(batch_size):
        raise ScbError(
            "batch_size: expected a whole number, or falling_spending(task, "
            f"c={FALLING['c']}, d={FALLING['d']}), got another function; scb.train takes any."
        )
    size = checks.positive_int("batch_size", batch_size)
    return {"schedule": "constant", "batch": within("batch_size", size, "batch")}


# Whole lanes -----------------------------------------------------------------------------------


def lane_settings(lane: Lane, task: SCBTask) -> tuple[Settings, Settings | None]:
    """Return the settings of a run, and the model that has to be given for it."""
    start, given = ({}, None) if lane.model is None else start_settings(lane.model, task)
    is_softmax = start.get("attention") == "softmax"
    method = _softmax_method(lane.optimizer) if is_softmax else _linear_method(lane.optimizer)
    time = checks.non_negative_number("penalty_from", lane.penalty_from)
    late = {"penaltyFrom": within("penalty_from", time, "penaltyFrom")}
    return {**start, **method, **batch_settings(lane.batch_size, task), **late}, given


def _linear_method(optimizer: Optimizer | None) -> Settings:
    return {} if optimizer is None else method_settings(optimizer)


def _softmax_method(optimizer: Optimizer | None) -> Settings:
    """Return the settings of a method for logits, which knows no penalty."""
    if optimizer is None:
        return {"method": "preconditioned"}  # and the page's own rate of the logits
    settings = method_settings(optimizer)
    optimizer.check_softmax()
    return {**settings, "ratio": settings["ratio"] or 1.0}


def second_lane(first: Lane, beside: Mapping[str, Any]) -> Lane:
    """Return the first lane with what stands beside it in its place."""
    unknown = set(beside) - set(Lane._fields)
    if unknown or not beside:
        raise ScbError(f"beside: expected some of {Lane._fields}, got {sorted(beside)}.")
    return first._replace(**beside)
