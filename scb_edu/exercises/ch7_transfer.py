"""The checked exercises of chapter 7."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import (
    call,
    exercise,
    known_mistake,
    number,
    numbers,
    pair,
    value_exercise,
)
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals


@value_exercise(
    "ch7-double",
    "Look at where theta stands in s_a: if it is small, only in a logarithm.",
    "In the difference of the two times only the ratio of the correlations is left; time "
    "is s over r.",
    "Begin with r = np.sqrt(0.14 * 0.52).",
)
def _saving_of_twice() -> Answer:
    rate = math.sqrt(0.14 * 0.52)
    return Answer(
        right=math.log(2) / rate,
        wrong={
            math.log(2): "that is s; time is s divided by r = sqrt(K_P K_Q).",
            math.log(2) / rate**2: "r is the root of K_P K_Q.",
        },
        otherwise="{x:.3g} is not it: take the difference of s_a for the two correlations.",
        rtol=0.01,
    )


@value_exercise(
    "ch7-fall",
    "Look at where theta stands in the batch of the giant step, with tau_V as it is.",
    "The push is proportional to theta, and the batch goes with the square of noise over push.",
    "Begin with ratio = 0.4 / 0.1.",
)
def _price_of_a_weaker_correlation() -> Answer:
    return Answer(
        right=16,
        wrong={
            4: "theta is squared.",
            2: "the batch goes with the square of theta, not with its root.",
            1: "that is so for an aligned V; of a related one the noise stays.",
            1 / 16: "a weaker push needs more samples, not fewer.",
        },
        otherwise="{x:.3g} is not it: divide the two batches.",
        rtol=0.01,
    )


@exercise(
    "ch7-arrival",
    "Look at the formula from the inside: first what stands in place of theta.",
    "h_a is an arsinh, in NumPy np.arcsinh, of a ratio; time is h_a over r.",
    "Begin with r = np.sqrt(K_P * K_Q).",
)
def _time_without_feedback(answer: Any) -> str | None:
    for K_P, K_Q, T, theta, a in ((0.14, 0.52, 1000, 0.01, 0.1), (0.4, 0.1, 50, 0.3, 0.5)):
        mine, r = number(call(answer, K_P, K_Q, T, theta, a)), math.sqrt(K_P * K_Q)
        ratio, start = math.sqrt(K_Q / K_P), theta + 1 / (r * T)
        true = math.asinh(a * ratio / start) / r
        wrong = {
            math.asinh(a * ratio / theta) / r: "the push 1/T is worth a start, too: 1/(rT).",
            math.asinh(a / ratio / start) / r: "K_P and K_Q are swapped under the root.",
            math.log(2 * a * ratio / start) / r: "log 2x is good for large x only: take arsinh.",
            r * true: "that is h_a; time is h_a over r.",
        }
        if hint := known_mistake(mine, wrong, rtol=1e-6):
            return hint
        if not np.isclose(mine, true, rtol=1e-6):
            return f"at T = {T}, theta = {theta} it is {true:.3f}, and yours {mine:.3f}."
    return None


@exercise(
    "ch7-split",
    "Look at V less mu and P less mu: how much of the second is in the first?",
    "theta is an inner product over a squared length, columns weighed by mu; R is what is left.",
    "Begin with true, far = P - mu[:, None], V - mu[:, None].",
)
def _along_and_beside(answer: Any) -> str | None:
    rng = np.random.default_rng(7)
    for N in (3, 5):
        task = SCBTask.random(N, 2, 1, rng, concentration=0.5)
        mu, P = task.stationary, task.transition
        rest = rng.normal(size=(N, N))
        rest -= signals(LinearTransformer(mu[:, None] + rest, task.attention), task).value * (
            P - mu[:, None]
        )
        V = mu[:, None] + 0.3 * (P - mu[:, None]) + rest
        found, beside = pair(call(answer, V, P, mu), "a pair (theta, R) is wanted")
        theta = number(found, "theta is one number")
        beside = numbers(beside, (N, N), f"R of shape {(N, N)} is wanted")
        if not np.isclose(theta, 0.3):
            return f"N = {N}: theta is 0.3, and yours is {theta:.4f}; weigh columns by mu."
        if not np.allclose(beside, rest):
            return f"N = {N}: theta is right; some entry of R is off."
    return None
