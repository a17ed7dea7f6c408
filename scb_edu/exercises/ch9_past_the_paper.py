"""The checked exercises of chapter 9."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, numbers, value_exercise
from scb_edu.model.task import SCBTask
from scb_edu.text.sequences import generate


@value_exercise(
    "ch9-perplexity",
    "Look at the surprise at each kind of place: -log of the chance of what came.",
    "Perplexity is exp of the mean surprise.",
    "Begin with surprises = -np.log([1 / 2, 1 / 8]).",
)
def _perplexity_of_two_chances() -> Answer:
    return Answer(
        right=4,
        wrong={
            16 / 5: "the surprises are averaged, not the chances: log 2 and log 8.",
            5: "the surprises are averaged, not their exponentials: log 2 and log 8.",
            2: "2 is the mean surprise in bits; the perplexity is 2 to that power.",
        },
        otherwise="{x:.3g} is not it: exp of the mean of -log of the chance of what came.",
    )


@value_exercise(
    "ch9-mixture",
    "Look at what is mixed: the chances of the two, not their surprises.",
    "The mixture gives the letter a chance between the two; its surprise is -log of that.",
    "Begin with chance = 0.7 * 0.5 + 0.3 * 0.1.",
)
def _surprise_of_a_mixture() -> Answer:
    return Answer(
        right=-math.log(0.38),
        wrong={
            -0.7 * math.log(0.5) - 0.3 * math.log(0.1): "chances are mixed, not surprises.",
            -math.log(0.22): "the shares are swapped: 0.7 is that of the bigram.",
            -math.log2(0.38): "that is in bits: the logarithm is the natural one.",
            0.38: "that is the chance; the surprise is -log of it.",
        },
        otherwise="{x:.3g} is not it: which chance does the mixture give to the letter?",
    )


@exercise(
    "ch9-counts",
    "Look at the pairs of neighbours: each token with the one right after it.",
    "Each pair adds 1 in the row of the second and the column of the first; columns sum to 1.",
    "Begin with counts = np.zeros((N, N)).",
)
def _bigram_by_counting(answer: Any) -> str | None:
    for N, tokens in ((2, [0, 1, 1, 0, 0, 0, 0, 1]), (3, [0, 1, 2, 2, 0, 2, 1, 1, 0, 1, 2])):
        counts = np.zeros((N, N))
        np.add.at(counts, (tokens[1:], tokens[:-1]), 1)
        wanted = f"an array of shape {(N, N)} is wanted"
        mine, right = numbers(call(answer, tokens, N), (N, N), wanted), counts / counts.sum(axis=0)
        if np.allclose(mine, counts):
            return "these are the counts: divide each column by its sum."
        if np.allclose(mine, counts.T / counts.sum(axis=1)) or np.allclose(mine, right.T):
            return "rows and columns are swapped: column m holds what follows m."
        if np.allclose(mine, counts / np.bincount(tokens)):
            return "the last token of all has no follower: it does not count in its column."
        if not np.allclose(mine, right):
            return (
                f"{tokens}: expected {right.round(3).tolist()}, yours is {mine.round(3).tolist()}."
            )
    return None


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
