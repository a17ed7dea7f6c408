"""The checked exercises of chapter 3."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, numbers, pair, value_exercise
from scb_edu.model.gradients import Gradient, gradient, precondition
from scb_edu.model.task import Batch, SCBTask, refuse_flat
from scb_edu.model.transformer import LinearTransformer


@value_exercise(
    "ch3-stable-rate",
    "Look at the direction in which all positions move alike: nothing projects it away.",
    "The cap is 2 over the largest curvature, and the division takes mu_k out of the curvature.",
    "Begin with K_P + T * mu @ mu.",
    about=1000,
)
def _stable_rate(task: SCBTask) -> Answer:
    refuse_flat(task, "transition")
    mu, K_P = task.stationary, task.transition_energy
    steepest = float(K_P + task.context_length * mu @ mu)
    return Answer(
        right=2 / steepest,
        wrong={
            2
            / (float(mu.max()) * steepest): "this is the cap without preconditioning; the division"
            " removes the factor mu_k.",
            2 / K_P: "this is the cap with projection; without it, the direction of all ones is"
            " there.",
            1 / steepest: "at 1/curvature a step lands in the minimum; the error grows above twice"
            " that.",
        },
        otherwise="the cap is 2 over the largest curvature; which direction and column has it?",
        rtol=1e-3,
    )


@value_exercise(
    "ch3-unseen",
    "Look at the opposite: in what share of the batches does the token never come last?",
    "Samples are independent, so the chances to miss the token multiply.",
    "Begin with 0.97**M = 0.01.",
)
def _batch_that_sees_a_rare_token() -> Answer:
    few = "with {x:.4g} samples the chance is {1 - 0.97**x:.4g}: too few."
    return Answer(
        right=151.8,  # 151.1 to 152.5: where the chance is 0.99, and the next whole number
        wrong={
            1 / 0.03: "that many samples hold the token once in the mean, but often not at all.",
            "x <= 0": "a batch has at least one sample.",
            "x < 151.8": few,
        },
        otherwise="with {x:.4g} samples the chance is {1 - 0.97**x:.4g}: fewer will do.",
        rtol=0,
        atol=0.7,
    )


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
