"""One training step of the library beside the same step in PyTorch, one thread each.

Run: make bench. It prints the table and writes bench.csv into scb_edu/studies/data, which
the book draws. All take turns in one process. The clock counts the time of this process alone,
and the ratios are medians over pairs of neighbouring blocks: what else the machine does hardly
counts.
"""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from torch_step import CarefulTraining, PlainTraining

import scb_edu as scb
from scb_edu.experiments import Provenance, save_table

# (N, T, B), and how many times as fast as PyTorch, dense and with indices, the library means to be
GOALS = {
    (3, 1000, 64): (10, 6),
    (3, 5000, 64): (20, 10),
    (10, 1000, 256): (15, 5),
    (100, 1000, 64): (40, 2),
    (1000, 2000, 32): (40, 1.5),
}
LARGEST_MEMORY = 50  # MB beyond the model
RIVALS = {
    "dense": (PlainTraining, True),
    "indices": (PlainTraining, False),
    "careful_dense": (CarefulTraining, True),
    "careful_indices": (CarefulTraining, False),
}
OUTPUT = Path(__file__).parents[2] / "scb_edu" / "studies" / "data" / "bench.csv"
OPTIMIZER = scb.ProximalGradient(1e-3, penalty=1e-2)
ROUNDS = 11
BLOCK = 0.08  # seconds of steps between two looks at the clock, at least


def seconds(work):
    start = process_time()
    work()
    return process_time() - start


def library(task, batch_size):
    """How to time a number of steps of the public ``train``, without its start."""
    start, rng = scb.LinearTransformer.initial(task, dtype=np.float32), np.random.default_rng(0)

    def run(steps):
        options = {"batch_size": batch_size, "rng": rng, "record_every": 10**9}
        assert scb.train(task, start, OPTIMIZER, steps=steps, **options).status.ok

    return lambda steps: seconds(lambda: run(steps + 1)) - seconds(lambda: run(1))


def pytorch(task, batch_size, kind, dense):
    """How to time a number of steps of PyTorch."""
    refuse_another_algorithm(task, batch_size, kind, dense)
    training = kind(task, OPTIMIZER.learning_rate, OPTIMIZER.penalty, dense=dense)
    return lambda steps: seconds(lambda: [training.step(batch_size) for _ in range(steps)])


def refuse_another_algorithm(task, batch_size, kind, dense):
    """Compare some large steps on one batch: what is timed side by side must compute the same."""
    batch = task.sample(batch_size, np.random.default_rng(1))
    parts = [torch.tensor(x.astype(np.int64)) for x in (batch.tokens, batch.last, batch.output)]
    optimizer = scb.ProximalGradient(0.02, penalty=10 / task.context_length)
    training = kind(task, optimizer.learning_rate, optimizer.penalty, dense=dense)
    start = model = scb.LinearTransformer.initial(task)
    for _ in range(5):
        model = optimizer.step(model, scb.gradient(model, batch), task.stationary)
        training.learn(*parts)
    refuse_another_move(training.value.detach(), start.value, model.value)
    refuse_another_move(training.columns.T, start.attention, model.attention)


def refuse_another_move(there, start, here):
    move = here - start
    np.testing.assert_allclose(there.numpy() - start, move, rtol=0, atol=1e-3 * np.abs(move).max())


def step_times(racers):
    """The time of a step, (rounds, racers), in blocks that take turns."""
    steps = [max(1, round(BLOCK / max(race(3) / 3, 1e-4))) for race in racers]
    rounds = [[race(n) / n for race, n in zip(racers, steps, strict=True)] for _ in range(ROUNDS)]
    return np.array(rounds)


def memory(task, batch_size):
    """The most that a first short run takes at any moment, less the bytes of one model, in MB."""
    start = scb.LinearTransformer.initial(task, dtype=np.float32)
    rng = np.random.default_rng(0)
    tracemalloc.start()
    scb.train(task, start, OPTIMIZER, steps=3, batch_size=batch_size, rng=rng)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (peak - start.value.nbytes - start.attention.nbytes) / 1e6


def measure(size):
    """One row of the table: microseconds, how many times as long the rivals take, memory."""
    N, T, B = size
    task = scb.SCBTask.random(N, T, 2, np.random.default_rng(0))
    room = memory(task, B)  # before anything else fills the tables of the task
    rivals = [pytorch(task, B, *rival) for rival in RIVALS.values()]
    times = step_times([library(task, B), *rivals])
    ratios = np.median(times[:, 1:] / times[:, :1], axis=0)
    return {
        **{"vocab_size": N, "context_length": T, "batch_size": B},
        **dict(zip(["ours", *RIVALS], np.median(1e6 * times, axis=0).round(1), strict=True)),
        **dict(zip([f"{name}_ratio" for name in RIVALS], ratios.round(2), strict=True)),
        "memory": round(room, 2),
    }


def report(row, goals):
    N, T, B = list(row.values())[:3]
    print(f"\nN = {N}, T = {T}, B = {B}{'microseconds':>23} {'times':>7} {'goal':>6}")
    print(f"  {'ours':30}{row['ours']:12,.0f}")
    for name in RIVALS:
        goal, ratio = goals[name.endswith("indices")], row[f"{name}_ratio"]
        label = f"PyTorch, {name.replace('_', ', ')}"
        times = f"{row[name]:12,.0f} {ratio:7.1f} {goal:6}"
        print(f"  {label:30}{times}  {verdict(ratio >= goal)}")
    within = verdict(row["memory"] < LARGEST_MEMORY)
    print(
        f"  memory beyond the model {row['memory']:.1f} MB of {LARGEST_MEMORY}: {within}",
        flush=True,
    )


def verdict(holds):
    return "pass" if holds else "MISS"


def main():
    torch.set_num_threads(1)
    rows = []
    with threadpool_limits(1):
        for size, goals in GOALS.items():
            rows.append(measure(size))
            report(rows[-1], goals)
    source = Provenance("make bench", seed=0)
    source = replace(source, versions=f"{source.versions}, torch {torch.__version__}")
    OUTPUT.parent.mkdir(exist_ok=True)
    save_table(OUTPUT, pd.DataFrame(rows), source)


if __name__ == "__main__":
    main()
