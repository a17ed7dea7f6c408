"""The checked exercises of chapter 8."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, number, numbers, value_exercise
from scb_edu.model.norms import weighted_inner_product, weighted_square_norm
from scb_edu.model.similarity import attention_cosine
from scb_edu.support.checks import Array


@value_exercise(
    "ch8-rate",
    "Look at what softmax does to a small change of its logits, when each weight is 1/T.",
    "The gradient goes back through the softmax, and the step goes forward through it.",
    "Begin with 1 / 500, the factor on one of these two ways.",
)
def _rate_of_logits() -> Answer:
    return Answer(
        right=0.01 * 500**2,
        wrong={
            0.01 * 500: "1/T counts twice: once on the way back, once on the way forward.",
            500**2: "that is the ratio; the rate of the logits is the ratio times the rate of V.",
        },
        otherwise="{x:.4g} is not it: what does a step of rate 1 move the weights by?",
        rtol=0.01,
    )


@value_exercise(
    "ch8-logit",
    "Look at the weight of that position: its exponential over the sum of all.",
    "Half is where its exponential is as large as all the others together.",
    "Begin with np.exp(w) = how many others there are.",
)
def _logit_of_half_the_weight() -> Answer:
    return Answer(
        right=math.log(999),
        wrong={
            math.log10(999): "the logarithm is the natural one, since softmax takes exp.",
            999: "that is the exponential of the logit.",
        },
        # (x - 500 + |x + 500|) / 2 is x, and -500 at least
        otherwise="with that logit the position has the weight"
        " {1 / (1 + 999 * exp(-(x - 500 + abs(x + 500)) / 2)):.3g}.",
        rtol=2e-3,
    )


@exercise(
    "ch8-slope",
    "Look at J: a diagonal matrix less an outer product.",
    "diag(a) times g is a * g, and a a^T times g is a times a number, the mean of g under a.",
    "Begin with mean = a @ g.",
)
def _gradient_of_the_logits(answer: Any) -> str | None:
    rng = np.random.default_rng(9)
    for T in (3, 7):
        a, g = rng.dirichlet(np.ones(T)), rng.normal(size=T)
        mine = numbers(call(answer, a, g), (T,), f"a vector of shape ({T},) is wanted")
        if np.allclose(mine, a * g):
            return "a step along all logits alike changes no weight: the mean of g comes off."
        if np.allclose(mine, g - a @ g):
            return "each entry counts with its own weight: diag(a) stands in both terms."
        if np.allclose(mine, a * (g - g.mean())):
            return "the mean of g is taken with the weights a."
        right = a * (g - a @ g)
        if not np.allclose(mine, right):
            return f"T = {T}: some entry is off by {np.abs(mine - right).max():.2g}."
    return None


@exercise(
    "ch8-similarity",
    "Look at two maps that know nothing: what do they have in common?",
    "Take the mean off each column; then it is a cosine in which column k has the weight mu_k.",
    "Begin with A, B = A - A.mean(axis=0), B - B.mean(axis=0).",
)
def _cosine_of_maps(answer: Any) -> str | None:
    rng = np.random.default_rng(8)
    for T, N in [(4, 2), (9, 3)]:
        mu = rng.dirichlet(np.full(N, 2.0))
        A, B = rng.dirichlet(np.ones(T), size=(2, N)).transpose(0, 2, 1)
        mine, right = number(call(answer, A, B, mu)), attention_cosine(A, B, mu)
        if np.isclose(mine, _plain_cosine(A, B, mu)):
            return "take off the uniform part first: maps that know nothing would be the same."
        if np.isclose(mine, attention_cosine(A, B, np.full(N, 1 / N))):
            return "the columns count with the weights mu."
        if not np.isclose(mine, right):
            return f"T = {T}, N = {N}: it is {right:.3f}, and yours {mine:.3f}."
    return None


def _plain_cosine(A: Array, B: Array, mu: Array) -> float:
    """Return the cosine after a common slip: the uniform part stays in."""
    sizes = weighted_square_norm(A, mu) * weighted_square_norm(B, mu)
    return weighted_inner_product(A, B, mu) / math.sqrt(sizes)
