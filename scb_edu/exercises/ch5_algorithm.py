"""The checked exercises of chapter 5."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, numbers, pair, value_exercise
from scb_edu.model.gradients import Gradient
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support.checks import Array
from scb_edu.training.optimizers import ProximalGradient, soft_threshold


@value_exercise(
    "ch5-threshold",
    "Look at the order: first each weight on its own, then the sum of the column.",
    "The soft threshold takes the same off every weight and stops at zero.",
    "Begin with shrunk = np.maximum(column - 0.1, 0).",
)
def _column_after_threshold() -> Answer:
    return Answer(
        right=(0.4 / 0.65, 0.2 / 0.65, 0.05 / 0.65, 0),
        wrong={
            (0.4, 0.2, 0.05, 0): "the soft threshold is right; now divide the column by its sum.",
            (
                0.5 / 0.95,
                0.3 / 0.95,
                0.15 / 0.95,
                0,
            ): "that is the hard threshold: the soft one also moves the weights that stay.",
            (0.4 / 0.6, 0.2 / 0.6, 0.05 / 0.6, -0.05 / 0.6): "a weight stops at zero, it does not"
            " cross it.",
        },
        otherwise="take 0.1 off each weight, stop at zero, and divide by what the column sums to.",
        asks="four weights",
        rtol=0,
        atol=2e-3,
    )


@value_exercise(
    "ch5-steps",
    "Look at the threshold of one step: it is not the penalty alone.",
    "Every step takes the learning rate times the penalty off the weight.",
    "Begin with threshold = 0.02 * 0.005.",
)
def _steps_until_zero() -> Answer:
    return Answer(
        right=100,
        wrong={
            2: "the penalty comes times the learning rate: a step takes off less.",
            0.5: "the learning rate comes times the penalty: a step takes off less.",
            1e6: "a step takes off the same each time, whatever the weight: divide once only.",
        },
        otherwise="{x:.4g} is not it: how much of the weight does one step take off?",
        rtol=0.02,
    )


@exercise(
    "ch5-soft",
    "Look at three kinds of entries: above theta, below minus theta, and between the two.",
    "The sign stays; the size falls by theta and stops at zero.",
    "Begin with size = np.abs(y) - theta.",
)
def _soft_threshold(answer: Any) -> str | None:
    y = np.array([-3.0, -0.5, -0.1, 0.0, 0.2, 0.7, 2.0])
    for theta in (0.4, 1.0):
        mine = numbers(call(answer, y, theta), y.shape, f"an array of shape {y.shape} is wanted")
        if np.allclose(mine, np.where(np.abs(y) > theta, y, 0)):
            return "that is the hard threshold: the soft one also moves the entries that stay."
        if np.allclose(mine, np.maximum(y - theta, 0)):
            return "entries below zero are treated alike: they move up, to zero at most."
        if np.allclose(mine, np.sign(y) * (np.abs(y) - theta)):
            return "an entry stops at zero, it does not cross it."
        off = np.abs(mine - soft_threshold(y, theta))
        if not np.allclose(off, 0):
            return f"theta = {theta}: what becomes of the entry {y[off.argmax()]}?"
    return None


@exercise(
    "ch5-step",
    "Look at the order: divide by mu, centre, step, threshold, normalise. V is only "
    "divided and stepped.",
    "Columns are tokens, so dA / mu divides each by its mass; positions are rows, and "
    "centring is over rows.",
    "Begin with slope = dA / mu.",
)
def _proximal_step(answer: Any) -> str | None:
    rng = np.random.default_rng(5)
    for N, T in [(2, 4), (3, 7)]:
        mu = rng.dirichlet(np.full(N, 5.0))
        model = LinearTransformer(rng.normal(size=(N, N)), rng.dirichlet(np.ones(T), size=N).T)
        slope = Gradient(rng.normal(size=(N, N)), 0.1 * rng.normal(size=(T, N)))
        right = ProximalGradient(0.1, 0.2).step(model, slope, mu)
        parts = (model.value, model.attention, slope.value, slope.attention, mu)
        V, A = pair(call(answer, *parts, 0.1, 0.2), "a pair (V, A) is wanted")
        V = numbers(V, (N, N), f"V of shape {(N, N)} is wanted")
        A = numbers(A, (T, N), f"A of shape {(T, N)} is wanted")
        if not np.allclose(V, right.value):
            return f"N = {N}: V is off by {np.abs(V - right.value).max():.2g}; divide its columns."
        if np.allclose(A, _threshold_at_penalty(model, slope, mu)):
            return "the threshold of A is the learning rate times the penalty."
        if not np.allclose(np.sum(A, axis=0), 1):
            return f"N = {N}: the columns of A sum to {np.sum(A, axis=0).round(3).tolist()}."
        if not np.allclose(A, right.attention):
            return f"N = {N}, T = {T}: A is off by {np.abs(A - right.attention).max():.2g}."
    return None


def _threshold_at_penalty(model: LinearTransformer, slope: Gradient, mu: Array) -> Array:
    """Return A after a common slip: the whole penalty is taken off in every step."""
    moved = ProximalGradient(0.1).step(model, slope, mu).attention
    shrunk = soft_threshold(moved, 0.2)
    return np.asarray(shrunk / np.where(shrunk.sum(axis=0) == 0, 1, shrunk.sum(axis=0)))
