"""The checked exercises of chapter 3."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.checking import call, exercise, number, numbers, pair
from scb_edu.model.gradients import Gradient, gradient, precondition
from scb_edu.model.task import Batch, SCBTask
from scb_edu.model.transformer import LinearTransformer


@exercise(
    "ch3-stable-rate",
    "Look at the direction in which all positions move alike: nothing projects it away.",
    "The cap is 2 over the largest curvature, and the division takes mu_k out of the curvature.",
    "Begin with K_P + T * mu @ mu.",
)
def _stable_rate(answer: Any) -> str | None:
    mine, task = number(answer), SCBTask.example(1000)
    mu, K_P = task.stationary, task.transition_energy
    steepest = K_P + 1000 * mu @ mu
    if np.isclose(mine, 2 / steepest, rtol=1e-3):
        return None
    if np.isclose(mine, 2 / (mu.max() * steepest), rtol=1e-3):
        return "this is the cap without preconditioning; the division removes the factor mu_k."
    if np.isclose(mine, 2 / K_P, rtol=1e-3):
        return "this is the cap with projection; without it, the direction of all ones is there."
    if np.isclose(mine, 1 / steepest, rtol=1e-3):
        return "at 1/curvature a step lands in the minimum; the error grows above twice that."
    return "the cap is 2 over the largest curvature; which direction and column has it?"


@exercise(
    "ch3-unseen",
    "Look at the opposite: in what share of the batches does the token never come last?",
    "Samples are independent, so the chances to miss the token multiply.",
    "Begin with 0.97**M = 0.01.",
)
def _batch_that_sees_a_rare_token(answer: Any) -> str | None:
    mine = number(answer)
    if np.isclose(mine, 1 / 0.03, rtol=0.02):
        return "that many samples hold the token once in the mean, but often not at all."
    if mine <= 0:
        return "a batch has at least one sample."
    if mine < 151.1:
        return f"with {mine:g} samples the chance is {1 - 0.97**mine:.4f}: too few."
    if mine > 152.5:
        return f"with {mine:g} samples the chance is {1 - 0.97**mine:.4f}: fewer will do."
    return None


@exercise(
    "ch3-repairs",
    "Look at what a column belongs to: in both gradients to a token, with its mass mu_k.",
    "NumPy divides columns by dA / mu; the projection takes the mean over the positions, the "
    "rows, off.",
    "Begin with divided = dA / mu.",
)
def _both_repairs(answer: Any) -> str | None:
    rng = np.random.default_rng(4)
    for N, T in ((2, 3), (4, 6)):
        mu = rng.dirichlet(np.full(N, 3.0))
        slope = Gradient(rng.normal(size=(N, N)), rng.normal(size=(T, N)))
        right, wanted = precondition(slope, mu), "a pair (dV, dA) is wanted"
        dV, dA = pair(call(answer, slope.value, slope.attention, mu), wanted)
        dV = numbers(dV, (N, N), f"dV of shape {(N, N)} is wanted")
        dA = numbers(dA, (T, N), f"dA of shape {(T, N)} is wanted")
        if np.allclose(dV, slope.value / mu[:, None]):
            return "the columns of dV belong to the tokens, and you divide its rows."
        if not np.allclose(dV, right.value):
            return (
                f"N = {N}: dV is off by {np.abs(dV - right.value).max():.2g}; divide its columns."
            )
        if np.allclose(dA, slope.attention / mu):
            return "dA is divided, but not centred: each of its columns has to sum to zero."
        if not np.allclose(dA, right.attention):
            return f"N = {N}, T = {T}: dA is off by {np.abs(dA - right.attention).max():.2g}."
    return None


@exercise(
    "ch3-gradient",
    "Look at the attention on each token: positions that hold the same token add up.",
    "r is the prediction less the one-hot output; dV is an outer product with r, and only"
    " column last of dA is not zero.",
    "Begin with h = np.bincount(tokens, A[:, last], minlength=len(V)).",
)
def _sample_gradient(answer: Any) -> str | None:
    rng = np.random.default_rng(3)
    for N, T in ((2, 1), (3, 5), (4, 7)):
        model = LinearTransformer(rng.normal(size=(N, N)), rng.normal(size=(T, N)))
        tokens, (last, output) = rng.integers(N, size=T), rng.integers(N, size=2)
        right = gradient(model, Batch(tokens[None], np.array([last]), np.array([output])))
        found = call(answer, model.value, model.attention, tokens, last, output)
        parts = pair(found, "a pair (dV, dA) is wanted")
        for name, part, true in zip(("dV", "dA"), parts, vars(right).values(), strict=True):
            mine = numbers(part, true.shape, f"{name} of shape {true.shape} is wanted")
            if not np.allclose(mine, true):
                return f"at N = {N}, T = {T} your {name} is off by {np.abs(mine - true).max():.2g}."
    return None
