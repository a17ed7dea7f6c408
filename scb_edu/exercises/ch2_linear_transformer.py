"""The checked exercises of chapter 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, numbers, value_exercise
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals


@value_exercise(
    "ch2-worst-corner",
    "Look at the two terms of the excess: which one sees the product of the signals?",
    "Signals of one sign have a right pointer, others a wrong one; then the crowd decides.",
    "Begin with the second term where the signs differ: K_P K_Q / 2 times 2 squared.",
    about="its answer is the same for every task",
)
def _worst_corner() -> Answer:
    asks = "a pair (alpha_V, alpha_A), each of them -1 or 1"
    return Answer(
        right=(-1, 1),
        wrong={
            "abs(abs(x) - 1) + abs(abs(y) - 1) > 1e-6": f"it asks for {asks}.",
            "x * y > 0": "here the product of the signals is 1: the pointer is right.",
        },
        otherwise="the pointer is wrong, but the crowd is right: one corner is worse.",
        asks=asks,
        rtol=0,
    )


@value_exercise(
    "ch2-half",
    "Look at the two terms of the excess: only one of them has alpha_A in it.",
    "A square is smallest where it is zero.",
    "Begin with 1 - 0.5 * alpha_A.",
    about="its answer is the same for every task",
)
def _attention_for_half_a_value() -> Answer:
    return Answer(
        right=2,
        wrong={0.5: "1/2 is alpha_V; what has to be 1 is the product of the two."},
        otherwise="with that alpha_A the product of the signals is {x / 2:.3g}: no minimum yet.",
        rtol=1e-3,
    )


@exercise(
    "ch2-prediction",
    "Look at X times a column of A: it adds up one-hot tokens, each with its weight.",
    "V times a one-hot token is a column of V: take the columns that the tokens name.",
    "Begin with columns = V[:, tokens].",
)
def _prediction(answer: Any) -> str | None:
    rng = np.random.default_rng(5)
    for N, T in [(2, 1), (3, 5), (4, 7)]:
        model = LinearTransformer(rng.normal(size=(N, N)), rng.normal(size=(T, N)))
        tokens, last = rng.integers(N, size=T), int(rng.integers(N))
        right = model.predict(tokens[None], [last])[0]
        found = call(answer, model.value, model.attention, tokens, last)
        mine = numbers(found, (N,), f"a vector of shape ({N},) is wanted for N = {N}")
        if not np.allclose(mine, right):
            return f"N = {N}, T = {T}: some entry is off by {np.abs(mine - right).max():.2g}."
    return None


@exercise(
    "ch2-signals",
    "Look at what is projected: V less mu in every column, and A less 1/T.",
    "A projection is an inner product over a squared length; in both, column k has weight mu_k.",
    "Begin with toward_P = task.transition - task.stationary[:, None].",
)
def _signals_by_hand(answer: Any) -> str | None:
    rng = np.random.default_rng(6)
    for N, T, Q in [(2, 3, 1), (3, 8, 2), (5, 6, 3)]:
        task = SCBTask.random(N, T, Q, rng, concentration=0.5)
        V = task.transition + 0.1 * rng.normal(size=(N, N))
        A = task.attention + 0.1 * rng.normal(size=(T, N))
        right = vars(signals(LinearTransformer(V, A), task)).values()
        found = numbers(call(answer, V, A, task), (2,), "a pair (alpha_V, alpha_A) is wanted")
        for name, mine, true in zip(("V", "A"), found, right, strict=True):
            if not np.isclose(mine, true):
                return f"N = {N}, T = {T}: alpha_{name} is {true:.4f}, and yours is {mine:.4f}."
    return None
