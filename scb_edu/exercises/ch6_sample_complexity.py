"""The checked exercises of chapter 6."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from scb_edu.exercises.checking import call, exercise, number
from scb_edu.model.task import SCBTask
from scb_edu.theory.complexity import escape_chance, initial_signal_std, samples_needed


@exercise(
    "ch6-samples",
    "Look at how noise falls when more samples are averaged.",
    "The ratio grows with the square root of the number of samples.",
    "Begin with ratio = np.sqrt(samples / 2340).",
)
def _samples_for_twice(answer: Any) -> str | None:
    mine, task = number(answer), SCBTask.example(1000)
    if np.isclose(mine, 2 * samples_needed(task, 1), rtol=0.02):
        return "the number of samples goes with the square of the ratio."
    if np.isclose(mine, samples_needed(task, 1), rtol=0.02):
        return "that is for a ratio of 1."
    if np.isclose(mine, samples_needed(task, 2), rtol=0.02):
        return None
    return f"{mine:.4g} is not it: mean 1/T, deviation initial_signal_std(task) / sqrt(M)."


@exercise(
    "ch6-odds",
    "Look at z: the push is z deviations above zero, and the wrong side is below zero.",
    "The chance is the share of a normal distribution below z; z grows with the root of M_seen.",
    "Begin with z = np.sqrt(9360 / 2340).",
)
def _chance_with_four_times_the_samples(answer: Any) -> str | None:
    mine, law = number(answer), NormalDist()
    wrong = {
        law.cdf(1): "that is the chance with M_1 samples.",
        2 * law.cdf(2) - 1: "only one tail is the wrong side: do not take off both.",
        1 - law.cdf(2): "that is the chance of the wrong side.",
        law.cdf(4): "z is the root of the number of samples over M_1.",
    }
    for known, hint in wrong.items():
        if np.isclose(mine, known, rtol=0, atol=1e-5 if known > 0.999 else 2e-3):
            return hint
    if np.isclose(mine, law.cdf(2), rtol=0, atol=2e-3):
        return None
    return f"{mine:.3g} is not it: how many deviations is the push above zero?"


@exercise(
    "ch6-batch",
    "Look at M_seen, the samples that decide the side: it grows with the batch.",
    "The chance is 0.99 where sqrt(M_seen / M_1) is 2.326.",
    "Begin with seen = 2.326**2 * scb.theory.samples_needed(scb.SCBTask.example(10_000), 1).",
)
def _batch_for_safety(answer: Any) -> str | None:
    batch = number(answer)
    if batch <= 0:
        return "a batch has at least one sample."
    chance = escape_chance(SCBTask.example(10_000), 0.01, batch)
    if chance < 0.989:
        return f"with that batch the chance is {chance:.3f}: too small."
    if chance > 0.991:
        return f"with that batch the chance is {chance:.4f}: there is a smaller one."
    return None


@exercise(
    "ch6-noise",
    "Look at the pushes of several batches at the initial point: no two are the same.",
    "Their standard deviation is the noise of a batch; one sample is louder by the root "
    "of its size.",
    "Begin with start = scb.LinearTransformer.initial(task).",
)
def _estimated_noise(answer: Any) -> str | None:
    for task in (SCBTask.example(20), SCBTask.random(4, 50, 2, np.random.default_rng(0))):
        true = initial_signal_std(task)
        mine = number(call(answer, task, np.random.default_rng(1)))
        if np.isclose(mine * 8, true, rtol=0.1):
            return "this is the noise of a batch of 64; that of one sample is 8 times as large."
        if not np.isclose(mine, true, rtol=0.1):  # 2,000 samples scatter by 2 %
            return f"at T = {task.context_length} it is {true:.3f}, and yours {mine:.3f}."
    return None
