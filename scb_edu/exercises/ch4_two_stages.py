"""The checked exercises of chapter 4."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, number, value_exercise
from scb_edu.theory.dynamics import separatrix


@value_exercise(
    "ch4-extra-time",
    "Look at where T stands in the escape time: only in a logarithm.",
    "The difference of two logarithms is the logarithm of the ratio, and the rest cancels.",
    "Begin with rate = np.sqrt(0.14 * 0.52).",
)
def _extra_time() -> Answer:
    rate = math.sqrt(0.14 * 0.52)
    return Answer(
        right=3 * math.log(10) / rate,
        wrong={
            math.log(10) / rate: "that is the price of one factor of ten, and here are three.",
            3 / rate: "the logarithm is the natural one: log(10) is 2.3, not 1.",
            3 * math.log(10): "it is divided by sqrt(K_P K_Q).",
        },
        otherwise="{x:.3g} is not it: take the difference of the escape time at the two T.",
    )


@value_exercise(
    "ch4-saddle",
    "Look at the second equation: where is it zero, if not on the hyperbola?",
    "There alpha_V is fixed; put it into the first equation, which must be zero as well.",
    "Begin with 1 / T + K_Q * alpha_A = 0.",
)
def _where_the_flow_stands_still() -> Answer:
    return Answer(
        right=(0, -0.025),
        wrong={
            (0, 0): "at the origin the push on alpha_V is 1/T.",
            (1, 1): "that is the truth; there is one more place.",
            (0, 0.025): "there both pushes on alpha_V go up: which sign has alpha_A?",
            (-0.025, 0): "the two are swapped.",
        },
        otherwise="there d alpha_V/dt is {(1 - x) / 100 + 0.4 * y * (1 - x * y):.3g}, and"
        " d alpha_A/dt is K_P times {x * (1 - x * y):.3g}.",
        asks="a pair (alpha_V, alpha_A)",
        rtol=1e-5,
        atol=1e-4,
    )


@value_exercise(
    "ch4-corner",
    "Look at the line on which the run leaves the origin, and at the hyperbola.",
    "On the line alpha_V = c alpha_A with c = sqrt(K_Q / K_P); on the hyperbola their "
    "product is 1.",
    "Begin with c = np.sqrt(0.025 / 0.4).",
)
def _corner() -> Answer:
    return Answer(
        right=(0.5, 2),
        wrong={
            (
                2,
                0.5,
            ): "the two are swapped: V has the larger energy here, so it moves less along its"
            " line.",
            "abs(x * y - 1) > 0.02": "the corner is on the hyperbola, but your product is"
            " {x * y:.3g}.",
        },
        otherwise="on the way there alpha_V = sqrt(K_Q/K_P) alpha_A.",
        asks="a pair (alpha_V, alpha_A)",
        rtol=0.02,
    )


@exercise(
    "ch4-border",
    "Look at a run after a long time: on which side of zero are its signals?",
    "Keep one start that is lost and one that is found, and halve what lies between.",
    "Begin with lost, found = -10 / (T * np.sqrt(K_P * K_Q)), 0.0.",
)
def _border(answer: Any) -> str | None:
    for K_P, K_Q, T in ((0.14, 0.52, 20), (0.4, 0.2, 300)):
        mine = number(call(answer, K_P, K_Q, T))
        value, attention = separatrix((K_P, K_Q, T))
        true = float(np.interp(0, attention[::-1], value[::-1]))
        if mine >= 0:
            return f"the border is below zero, and yours is {mine:.3g}."
        if not np.isclose(mine, true, rtol=2e-3):
            return f"at K_P = {K_P}, K_Q = {K_Q}, T = {T} it is {true:.5f}, and yours {mine:.5f}."
    return None
