"""The checked exercises of chapter 9."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.checking import call, exercise, number, numbers
from scb_edu.model.task import SCBTask
from scb_edu.text.sequences import generate


@exercise(
    "ch9-perplexity",
    "Look at the surprise at each kind of place: -log of the chance of what came.",
    "Perplexity is exp of the mean surprise.",
    "Begin with surprises = -np.log([1 / 2, 1 / 8]).",
)
def _perplexity_of_two_chances(answer: Any) -> str | None:
    mine = number(answer)
    wrong = {
        16 / 5: "the surprises are averaged, not the chances: log 2 and log 8.",
        5.0: "the surprises are averaged, not their exponentials: log 2 and log 8.",
        2.0: "2 is the mean surprise in bits; the perplexity is 2 to that power.",
    }
    for known, hint in wrong.items():
        if np.isclose(mine, known, rtol=5e-3):
            return hint
    if np.isclose(mine, 4, rtol=5e-3):
        return None
    return f"{mine:.3g} is not it: exp of the mean of -log of the chance of what came."


@exercise(
    "ch9-slide",
    "Look at which tokens are the context: the T before the last one.",
    "The last token chooses positions, the context gives the law; draw from it, append, go on.",
    "Begin with tokens, T = list(start), task.context_length.",
)
def _sliding_sequence(answer: Any) -> str | None:
    circle = np.roll(np.eye(5), 1, axis=0)
    for T, position in ((1, 0), (3, 0), (3, 2)):
        looked_at = np.zeros((T, 5))
        looked_at[position] = 1
        task, start = SCBTask(circle, looked_at), list(range(T + 1))
        right = generate(task, 12, np.random.default_rng(0), start=start).tolist()
        found = call(answer, task, start, 12, np.random.default_rng(0))
        mine = numbers(found, (-1,), "a list of 12 tokens is wanted").tolist()
        if mine[: T + 1] == start and len(mine) == T + 13:
            return "return the new tokens only, without the start."
        late = [start[position + 1] + 1, *right[1:]]
        if mine[:1] == late[:1] != right[:1]:
            return "the last token is not in the context: it only chooses positions."
        if mine != right:
            yours = ", ".join(f"{token:g}" for token in mine)
            return f"T = {T}, looking at position {position}: expected {right}, yours is [{yours}]."
    return None
