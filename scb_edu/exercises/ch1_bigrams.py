"""The checked exercises of chapter 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.checking import call, exercise, known_mistake, number, numbers
from scb_edu.model.gradients import bayes_loss
from scb_edu.model.task import SCBTask


@exercise(
    "ch1-stationary",
    "Look at one step of P: which share of A leaves, and which share of B comes over?",
    "A law stays if as many steps lead from A to B as from B to A.",
    "Begin with 0.1 * mu_A = 0.5 * mu_B; and the two add up to 1.",
)
def _stationary_law(answer: Any) -> str | None:
    mu = numbers(answer, (2,), "two numbers are wanted, one for each token")
    if abs(mu.sum() - 1) > 1e-6:
        return f"your two numbers add up to {mu.sum():.3g}; probabilities add up to 1."
    after = np.array([[0.9, 0.5], [0.1, 0.5]]) @ mu
    if np.abs(after - mu).max() > 1e-3:
        return f"one step of P carries your law to {after.round(3).tolist()}: it does not stay."
    return None


@exercise(
    "ch1-law",
    "The last token is B, so look at column B of Q: which positions have weight?",
    "Each of these positions holds a token, and each token has a column of P: mix the columns.",
    "Begin with 0.6 times the column of the token at position 3.",
)
def _law_of_output(answer: Any) -> str | None:
    law = numbers(answer, (3,), "three numbers are wanted, the chances of A, B and C")
    if abs(law.sum() - 1) > 1e-2:
        return f"your numbers add up to {law.sum():.3g}; a law is a column of P, not a row."
    if np.abs(law - [0.34, 0.26, 0.4]).max() < 5e-3:
        return "the two weights are swapped: which position has the larger one?"
    if np.abs(law - [0.46, 0.24, 0.3]).max() > 5e-3:
        return "mix the columns of P that belong to the tokens at positions 3 and 7, 0.6 to 0.4."
    return None


@exercise(
    "ch1-sharp",
    "Look at the last term of the irreducible loss: it has the squared weights of each pointer.",
    "The other terms stay; the squares of one weight of 1 add up to 1, those of .6 and .4 to less.",
    "Begin with squares = 0.6**2 + 0.4**2.",
)
def _one_position_instead_of_two(answer: Any) -> str | None:
    mine = number(answer)
    wrong = {
        0.141 * 0.48: "the loss is one half of the mean square: the 1/2 is missing.",
        0.0705
        * 0.52: "that is what two positions bring; asked is how much more one of them would.",
        0.0705: "that is what one position brings; asked is how much more than two of them.",
        0.26: "that is the loss with one position; asked is the fall.",
    }
    if hint := known_mistake(mine, wrong):
        return hint
    if np.isclose(mine, 0.0705 * 0.48, rtol=0.01):
        return None
    return f"{mine:.4g} is not it: only the sum of the squared weights changes."


@exercise(
    "ch1-bayes-loss",
    "Look at the energies in the formula: both are sums over columns, weighed by mu.",
    "mu @ (M**2).sum(axis=0) is the mean square length of the columns of a matrix M.",
    "Begin with energy = mu @ (P**2).sum(axis=0) - mu @ mu.",
)
def _closed_bayes_loss(answer: Any) -> str | None:
    rng = np.random.default_rng(1)
    for N, T, Q in [(3, 8, 2), (4, 5, 1), (2, 6, 3), (6, 9, 4)]:
        task = SCBTask.random(N, T, Q, rng, concentration=0.5)
        truth = bayes_loss(task)
        mine = number(call(answer, task.transition, task.attention, task.stationary))
        if np.isclose(mine, 2 * truth, atol=1e-9, rtol=0):
            return "the loss is one half of the mean square: the 1/2 is missing."
        if not np.isclose(mine, truth, atol=1e-9, rtol=0):
            return f"for N={N}, T={T}, Q={Q} it should be {truth:.4f}, and yours is {mine:.4f}."
    return None
