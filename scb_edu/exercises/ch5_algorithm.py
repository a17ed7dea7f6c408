"""The checked exercises of chapter 5."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.checking import exercise
from scb_edu.model.gradients import Gradient
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support.checks import Array
from scb_edu.training.optimizers import ProximalGradient, soft_threshold


@exercise("ch5-threshold")
def _column_after_threshold(answer: Any) -> str | None:
    column = np.asarray(answer, dtype=float)
    right = np.array([0.4, 0.2, 0.05, 0.0]) / 0.65
    if column.shape != (4,):
        return "four weights are wanted."
    if np.allclose(column, right * 0.65, atol=2e-3):
        return "the soft threshold is right; now divide the column by its sum."
    if np.allclose(column, np.array([0.5, 0.3, 0.15, 0.0]) / 0.95, atol=2e-3):
        return "that is the hard threshold: the soft one also moves the weights that stay."
    if np.allclose(column, np.array([0.4, 0.2, 0.05, -0.05]) / 0.6, atol=2e-3):
        return "a weight stops at zero, it does not cross it."
    if np.allclose(column, right, atol=2e-3):
        return None
    return "take 0.1 off each weight, stop at zero, and divide by what the column sums to."


@exercise("ch5-step")
def _proximal_step(answer: Any) -> str | None:
    rng = np.random.default_rng(5)
    for N, T in [(2, 4), (3, 7)]:
        mu = rng.dirichlet(np.full(N, 5.0))
        model = LinearTransformer(rng.normal(size=(N, N)), rng.dirichlet(np.ones(T), size=N).T)
        slope = Gradient(rng.normal(size=(N, N)), 0.1 * rng.normal(size=(T, N)))
        V, A = answer(model.value, model.attention, slope.value, slope.attention, mu, 0.1, 0.2)
        right = ProximalGradient(0.1, 0.2).step(model, slope, mu)
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
