"""The checked exercises of chapter 6."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import call, exercise, number, value_exercise
from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.theory.complexity import initial_signal_std, samples_needed
from scb_edu.theory.dynamics import growth_rate


@value_exercise(
    "ch6-samples",
    "Look at how noise falls when more samples are averaged.",
    "The ratio grows with the square root of the number of samples.",
    "Begin with ratio = np.sqrt(samples / 2340).",
    about=1000,
)
def _samples_for_twice(task: SCBTask) -> Answer:
    return Answer(
        right=samples_needed(task, 2),
        wrong={
            2 * samples_needed(task, 1): "the number of samples goes with the square of the ratio.",
            samples_needed(task, 1): "that is for a ratio of 1.",
        },
        otherwise="{x:.4g} is not it: mean 1/T, deviation initial_signal_std(task) / sqrt(M).",
        rtol=0.02,
    )


@value_exercise(
    "ch6-odds",
    "Look at z: the push is z deviations above zero, and the wrong side is below zero.",
    "The chance is the share of a normal distribution below z; z grows with the root of M_seen.",
    "Begin with z = np.sqrt(9360 / 2340).",
)
def _chance_with_four_times_the_samples() -> Answer:
    law = NormalDist()
    return Answer(
        right=law.cdf(2),
        wrong={
            law.cdf(1): "that is the chance with M_1 samples.",
            2 * law.cdf(2) - 1: "only one tail is the wrong side: do not take off both.",
            1 - law.cdf(2): "that is the chance of the wrong side.",
            f"abs(x - {law.cdf(4)}) < 1e-5": "z is the root of the number of samples over M_1.",
        },
        otherwise="{x:.3g} is not it: how many deviations is the push above zero?",
        rtol=0,
        atol=2e-3,
    )


@value_exercise(
    "ch6-batch",
    "Look at M_seen, the samples that decide the side: it grows with the batch.",
    "The chance is 0.99 where sqrt(M_seen / M_1) is 2.326.",
    "Begin with seen = 2.326**2 * scb.theory.samples_needed(scb.SCBTask.example(10_000), 1).",
    about=10_000,
)
def _batch_for_safety(task: SCBTask) -> Answer:
    refuse_flat(task, "attention")  # it would never leave the saddle
    deviations = NormalDist().inv_cdf(0.99)
    right = deviations**2 * samples_needed(task, 1) * 0.01 * growth_rate(task) / 2
    chance = f"Phi({deviations} * sqrt(x / {right}))"
    return Answer(
        right=right,
        wrong={
            "x <= 0": "a batch has at least one sample.",
            f"x < {right}": f"with that batch the chance is {{{chance}:.3g}}: too small.",
        },
        otherwise=f"with that batch the chance is {{{chance}:.4g}}: there is a smaller one.",
        rtol=0.03,
    )


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
