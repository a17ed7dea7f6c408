"""The checked exercises of chapter 4."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scb_edu.exercises.checking import call, exercise, known_mistake, number, numbers
from scb_edu.theory.dynamics import separatrix


@exercise(
    "ch4-extra-time",
    "Look at where T stands in the escape time: only in a logarithm.",
    "The difference of two logarithms is the logarithm of the ratio, and the rest cancels.",
    "Begin with rate = np.sqrt(0.14 * 0.52).",
)
def _extra_time(answer: Any) -> str | None:
    mine, rate = number(answer), math.sqrt(0.14 * 0.52)
    wrong = {
        math.log(10) / rate: "that is the price of one factor of ten, and here are three.",
        3 / rate: "the logarithm is the natural one: log(10) is 2.3, not 1.",
        3 * math.log(10): "it is divided by sqrt(K_P K_Q).",
    }
    if hint := known_mistake(mine, wrong):
        return hint
    if np.isclose(mine, 3 * math.log(10) / rate, rtol=5e-3):
        return None
    return f"{mine:.3g} is not it: take the difference of the escape time at the two T."


@exercise(
    "ch4-saddle",
    "Look at the second equation: where is it zero, if not on the hyperbola?",
    "There alpha_V is fixed; put it into the first equation, which must be zero as well.",
    "Begin with 1 / T + K_Q * alpha_A = 0.",
)
def _where_the_flow_stands_still(answer: Any) -> str | None:
    place = numbers(answer, (2,), "a pair (alpha_V, alpha_A) is wanted")
    wrong = {
        (0, 0): "at the origin the push on alpha_V is 1/T.",
        (1, 1): "that is the truth; there is one more place.",
        (0, 0.025): "there both pushes on alpha_V go up: which sign has alpha_A?",
        (-0.025, 0): "the two are swapped.",
    }
    if hint := known_mistake(place, wrong, rtol=1e-5, atol=1e-4):
        return hint
    if np.allclose(place, (0, -0.025), atol=1e-4):
        return None
    v, a = place
    pushes = (1 - v) / 100 + 0.4 * a * (1 - v * a), v * (1 - v * a)
    return f"there d alpha_V/dt is {pushes[0]:.3g}, and d alpha_A/dt is K_P times {pushes[1]:.3g}."


@exercise(
    "ch4-corner",
    "Look at the line on which the run leaves the origin, and at the hyperbola.",
    "On the line alpha_V = c alpha_A with c = sqrt(K_Q / K_P); on the hyperbola their "
    "product is 1.",
    "Begin with c = np.sqrt(0.025 / 0.4).",
)
def _corner(answer: Any) -> str | None:
    v, a = numbers(answer, (2,), "a pair (alpha_V, alpha_A) is wanted")
    if np.allclose((v, a), (0.5, 2), rtol=0.02):
        return None
    if np.allclose((v, a), (2, 0.5), rtol=0.02):
        return "the two are swapped: V has the larger energy here, so it moves less along its line."
    if not np.isclose(v * a, 1, rtol=0.02):
        return f"the corner is on the hyperbola, but your product is {v * a:.3g}."
    return "on the way there alpha_V = sqrt(K_Q/K_P) alpha_A."


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
