"""The studies of chapter 6: how many samples each stage of training asks for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scb_edu.model.gradients import Gradient
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.studies.study import Study, from_scratch
from scb_edu.support.checks import Array
from scb_edu.theory.complexity import initial_signal_drift
from scb_edu.training import train
from scb_edu.training.optimizers import Optimizer, ProximalGradient
from scb_edu.training.packed import Packing
from scb_edu.training.trajectory import Record

BATCH = 64
BATCHES = 128  # of a run that looks at the noise alone
DECIDED = 0.3  # |alpha_V| at which a run has left the saddle
PATIENCE = 60  # units of time for that: 16 times as long as alpha_V doubles
LOOK = 10  # steps between two looks


def first_pushes(task: SCBTask, rng: np.random.Generator) -> Array:
    """Return what each of many batches says about d alpha_V / dt at the initial point."""
    packing, start = Packing(task), LinearTransformer.initial(task)
    pushes = np.empty(BATCHES)
    for place in range(BATCHES):
        batch = packing.draw(BATCH, rng)
        columns = start.attention[:, batch.tokens]
        slope = packing.gradient(start.value, columns, batch)
        pushes[place] = initial_signal_drift(Gradient(slope.value, start.attention), task)
    return pushes


def first_push(rng: np.random.Generator, *, vocab_size: int, context_length: int) -> dict[str, Any]:
    """Measure mean and standard deviation of the first push on alpha_V, in one fixed task."""
    pushes = first_pushes(fixed_task(vocab_size, context_length), rng)
    return {"mean": pushes.mean(), "deviation": pushes.std(ddof=1) * math.sqrt(BATCH)}


def fixed_task(vocab_size: int, context_length: int) -> SCBTask:
    """Return the running example for N = 3, else a random task, with one P for all lengths."""
    if vocab_size == 3:
        return SCBTask.example(context_length)
    # P is drawn first: it does not depend on the context length
    return SCBTask.random(vocab_size, context_length, 2, np.random.default_rng(vocab_size))


def escape(
    rng: np.random.Generator, *, context_length: int, learning_rate: float, batch_size: int
) -> dict[str, Any]:
    """Train from the initial point, without a penalty, until alpha_V has chosen a side."""
    return leave_saddle(rng, context_length, ProximalGradient(learning_rate), batch_size)


def leave_saddle(
    rng: np.random.Generator, context_length: int, optimizer: Optimizer, batch_size: int
) -> dict[str, Any]:
    """Train with an optimiser of constant rate until alpha_V has chosen a side."""
    run = from_scratch(
        context_length,
        optimizer,
        steps=round(PATIENCE / optimizer.rates()[0]),
        batch_size=batch_size,
        rng=rng,
        record_every=LOOK,
        stop=_has_decided,
    )
    decided = run.status.ended == "stopped"
    right = decided and run.signals.value[-1] > 0
    return {"decided": decided, "right": right, "step": run.step[-1]}


def _has_decided(record: Record) -> bool:
    return abs(record.signals.value) > DECIDED


def around_truth(
    rng: np.random.Generator, *, penalty: float, context_length: int, steps: int = 1000
) -> dict[str, Any]:
    """Start at the truth, and measure how far from it the noise keeps A and V."""
    task = SCBTask.example(context_length)
    run = train(
        task,
        LinearTransformer.oracle(task, dtype=np.float32),
        ProximalGradient(0.02, penalty),
        steps=steps,
        batch_size=BATCH,
        rng=rng,
        record_every=20,
    )
    late = run.step > steps // 2
    far = np.square([run.distances.attention, run.distances.value])[:, late]
    attention, value = np.sqrt(far.mean(axis=1))
    return {"attention": attention, "value": value, "ok": run.status.ok}


def plain_task(
    vocab_size: int, context_length: int, sparsity: int, rng: np.random.Generator
) -> SCBTask:
    """Return a task with no rare tokens and no faint weights, for sizes to be compared fairly.

    Half of the time the output is the next token in a circle, else any token; each last token
    looks equally at Q random positions.
    """
    circle = np.roll(np.eye(vocab_size), 1, axis=0)
    attention = np.zeros((context_length, vocab_size))
    for column in attention.T:
        column[rng.choice(context_length, sparsity, replace=False)] = 1 / sparsity
    return SCBTask(0.5 * circle + 0.5 / vocab_size, attention)


def escape_points() -> list[dict[str, Any]]:
    """Return the points at which B / (rate T) takes the same values for every T and rate."""
    settings = [(T, 0.1) for T in (100, 200, 400, 800, 1600)] + [(400, 0.025)]
    return [
        {"context_length": T, "learning_rate": rate, "batch_size": round(ratio * rate * T)}
        for T, rate in settings
        for ratio in (0.1, 0.2, 0.5, 1, 2)
    ]


STUDIES = [
    Study(
        "complexity-noise",
        first_push,
        {"vocab_size": (2, 3, 10), "context_length": (100, 300, 1000, 3000, 10_000)},
        seeds=20,
    ),
    Study("complexity-escape", escape, escape_points(), seeds=60),
    Study(
        "complexity-truth",
        around_truth,
        [
            {"penalty": penalty, "context_length": T}
            for T in (250, 500, 1000, 2000, 4000)
            for penalty in (0.0, 0.01, 0.02, 0.04)
            if penalty in (0, 0.02) or T in (250, 1000, 4000)
        ],
        seeds=20,
    ),
]
