"""The checked exercises of chapter 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, number, value_exercise
from scb_edu.model.gradients import bayes_loss
from scb_edu.model.task import SCBTask
from scb_edu.support.errors import ScbError


@value_exercise(
    "ch1-stationary",
    "Look at one step of P: which share of A leaves, and which share of B comes over?",
    "A law stays if as many steps lead from A to B as from B to A.",
    "Begin with 0.1 * mu_A = 0.5 * mu_B; and the two add up to 1.",
)
def _stationary_law() -> Answer:
    return Answer(
        right=(5 / 6, 1 / 6),
        wrong={
            "abs(x + y - 1) > 1e-6": "your two numbers add up to {x + y:.3g}; probabilities add up"
            " to 1."
        },
        otherwise="one step of P carries your law to [{0.9*x + 0.5*y:.3g}, {0.1*x + 0.5*y:.3g}]:"
        " it does not stay.",
        asks="two numbers, one for each token",
        rtol=0,
        atol=1 / 600,
    )


@value_exercise(
    "ch1-law",
    "The last token is B, so look at column B of Q: which positions have weight?",
    "Each of these positions holds a token, and each token has a column of P: mix the columns.",
    "Begin with 0.6 times the column of the token at position 3.",
    about=8,
)
def _law_of_output(task: SCBTask) -> Answer:
    if task.attention.shape != (8, 3):
        sizes = f"{task.context_length} and {task.vocab_size}"
        raise ScbError(f"task: expected 8 positions and 3 tokens for 'ch1-law', got {sizes}.")
    weights = task.attention[:, 1]
    at = np.flatnonzero(weights)
    laws = task.transition[:, np.array([0, 2, 1, 0, 1, 2, 0, 2])[at]]
    shares = " to ".join(f"{weight:.2g}" for weight in weights[at])
    places = " and ".join(map(str, at))
    return Answer(
        right=tuple(laws @ weights[at]),
        wrong={
            "abs(x + y + z - 1) > 0.01": "your numbers add up to {x + y + z:.3g}; a law is a column"
            " of P, not a row.",
            tuple(laws @ weights[at][::-1]): "the two weights are swapped: which position has the"
            " larger one?",
        },
        otherwise="mix the columns of P that belong to the tokens at positions"
        f" {places}, {shares}.",
        asks="three numbers, the chances of A, B and C",
        rtol=0,
        atol=5e-3,
    )


@value_exercise(
    "ch1-sharp",
    "Look at the last term of the irreducible loss: it has the squared weights of each pointer.",
    "The other terms stay; the squares of one weight of 1 add up to 1, those of .6 and .4 to less.",
    "Begin with squares = 0.6**2 + 0.4**2.",
    about=8,
)
def _one_position_instead_of_two(task: SCBTask) -> Answer:
    half = task.transition_energy / 2
    squares = float(task.stationary @ (task.attention**2).sum(axis=0))
    fall = half * (1 - squares)
    return Answer(
        right=fall,
        wrong={
            2 * fall: "the loss is one half of the mean square: the 1/2 is missing.",
            half * squares: "that is what two positions bring; asked is how much more one of them"
            " would.",
            half: "that is what one position brings; asked is how much more than two of them.",
            bayes_loss(task) - fall: "that is the loss with one position; asked is the fall.",
        },
        otherwise="{x:.4g} is not it: only the sum of the squared weights changes.",
        rtol=0.01,
    )


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
