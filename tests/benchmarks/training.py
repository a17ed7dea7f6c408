"""One training step of the library beside the same step in PyTorch and in JAX, one thread each.

Run: make bench. It prints the table and writes bench.csv into scb_edu/studies/data, which
the book draws. All take turns in one process. The clock counts the time of this process alone,
and the ratios are medians over pairs of neighbouring blocks: what else the machine does hardly
counts. With the path of another checkout, such as `git worktree add ../before HEAD~10`, its
library takes turns, too, in a process of its own: make bench BESIDE=../before
"""

import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from time import process_time

# JAX reads it when it is imported
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import scb_edu as scb
from scb_edu.experiments import Provenance, save_table

SIZES = [
    (3, 1000, 64),
    (3, 5000, 64),
    (10, 1000, 256),
    (100, 1000, 64),
    (1000, 2000, 32),
]
"""(N, T, B)."""
LONG = (3, 20000, 1000)
"""Printed and not stored: too large for the one-hot contexts of the rivals."""
LARGEST_MEMORY = 50  # MB beyond the model
OUTPUT = Path(__file__).parents[2] / "scb_edu" / "studies" / "data" / "bench.csv"
OPTIMIZER = scb.ProximalGradient(1e-3, penalty=1e-2)
ROUNDS = 11
BLOCK = 0.08  # seconds of steps between two looks at the clock, at least


def seconds(work):
    start = process_time()
    work()
    return process_time() - start


def library(task, batch_size, is_compiled=True):
    """How to time a number of steps of the public ``train``, without its start."""
    from scb_edu.support import jit

    start, rng = scb.LinearTransformer.initial(task, dtype=np.float32), np.random.default_rng(0)

    def run(steps):
        jit.AVAILABLE = is_compiled
        options = {"batch_size": batch_size, "rng": rng, "record_every": 10**9}
        assert scb.train(task, start, OPTIMIZER, steps=steps, **options).status.ok

    return lambda steps: seconds(lambda: run(steps + 1)) - seconds(lambda: run(1))


SERVER = """
import sys
import numpy as np
from time import process_time
from threadpoolctl import threadpool_limits
import scb_edu as scb
N, T, B = map(int, sys.argv[1:])
task = scb.SCBTask.random(N, T, 2, np.random.default_rng(0))
start, rng = scb.LinearTransformer.initial(task, dtype=np.float32), np.random.default_rng(0)
def run(steps):
    begin = process_time()
    scb.train(task, start, scb.ProximalGradient(1e-3, penalty=1e-2), steps=steps, batch_size=B,
              rng=rng, record_every=10**9)
    return process_time() - begin
with threadpool_limits(1):
    for line in sys.stdin:
        print(run(int(line) + 1) - run(1), flush=True)
"""


def another(checkout, size):
    """How to time a number of steps of the library of another checkout."""
    command = [sys.executable, "-c", SERVER, *map(str, size)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    pipe = subprocess.PIPE
    server = subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=pipe, stdout=pipe, text=True
    )

    def run(steps):
        server.stdin.write(f"{steps}\n")
        server.stdin.flush()
        return float(server.stdout.readline())

    return run


def rival(task, batch_size, kind, dense):
    """How to time a number of steps of PyTorch or JAX."""
    refuse_another_algorithm(task, batch_size, kind, dense)
    training = kind(task, OPTIMIZER.learning_rate, OPTIMIZER.penalty, dense=dense)
    return lambda steps: seconds(lambda: training.steps(steps, batch_size))


def refuse_another_algorithm(task, batch_size, kind, dense):
    """Compare some large steps on one batch: what is timed side by side must compute the same."""
    batch = task.sample(batch_size, np.random.default_rng(1))
    parts = [x.astype(np.int64) for x in (batch.tokens, batch.last, batch.output)]
    optimizer = scb.ProximalGradient(0.02, penalty=10 / task.context_length)
    training = kind(task, optimizer.learning_rate, optimizer.penalty, dense=dense)
    start = model = scb.LinearTransformer.initial(task)
    for _ in range(5):
        model = optimizer.step(model, scb.gradient(model, batch), task.stationary)
        training.learn(*parts)
    refuse_another_move(np.asarray(training.value), start.value, model.value)
    refuse_another_move(np.asarray(training.columns).T, start.attention, model.attention)


def refuse_another_move(there, start, here):
    move = here - start
    np.testing.assert_allclose(there - start, move, rtol=0, atol=1e-2 * np.abs(move).max())


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


def measure(size, rivals, beside):
    """One row of the table: microseconds, how many times as long the rivals take, memory."""
    N, T, B = size
    task = scb.SCBTask.random(N, T, 2, np.random.default_rng(0))
    room = memory(task, B)  # before anything else fills the tables of the task
    racers = {"ours": library(task, B), "numpy": library(task, B, is_compiled=False)}
    if beside:
        racers["before"] = another(beside, size)
    racers |= {name: rival(task, B, *how) for name, how in rivals.items()}
    times = step_times(list(racers.values()))
    ratios = np.median(times[:, 1:] / times[:, :1], axis=0)
    return {
        **{"vocab_size": N, "context_length": T, "batch_size": B},
        **dict(zip(racers, np.median(1e6 * times, axis=0).round(1), strict=True)),
        **dict(zip([f"{name}_ratio" for name in [*racers][1:]], ratios.round(2), strict=True)),
        "memory": round(room, 2),
    }


def report(row):
    N, T, B = list(row.values())[:3]
    print(f"\nN = {N}, T = {T}, B = {B}{'microseconds':>23} {'times ours':>11}")
    print(f"  {'ours':30}{row['ours']:12,.0f}")
    for name in [key.removesuffix("_ratio") for key in row if key.endswith("_ratio")]:
        print(f"  {name.replace('_', ', '):30}{row[name]:12,.0f} {row[f'{name}_ratio']:11.2f}")
    verdict = "pass" if row["memory"] < LARGEST_MEMORY else "MISS"
    print(f"  memory beyond the model {row['memory']:.1f} MB: {verdict}", flush=True)


def main(beside=None):
    import jax_step
    import torch
    import torch_step

    torch.set_num_threads(1)
    rivals = {
        "dense": (torch_step.PlainTraining, True),
        "indices": (torch_step.PlainTraining, False),
        "careful_dense": (torch_step.CarefulTraining, True),
        "careful_indices": (torch_step.CarefulTraining, False),
        "jax_dense": (jax_step.CarefulTraining, True),
        "jax_indices": (jax_step.CarefulTraining, False),
    }
    rows = []
    with threadpool_limits(1):
        for size in SIZES:
            rows.append(measure(size, rivals, beside))
            report(rows[-1])
        report(measure(LONG, {}, beside))
    source = Provenance("make bench", 0)
    versions = f"{source.versions}, torch {torch.__version__}, jax {jax_step.jax.__version__}"
    source = replace(source, versions=versions)
    OUTPUT.parent.mkdir(exist_ok=True)
    save_table(OUTPUT, pd.DataFrame(rows), source)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
