"""Functions to sweep, in a module that other processes can import; one process to kill.

The folder in SWEEP_FOLDER is where runs leave notes, and where they look for orders.
"""

import os
import signal
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

from threadpoolctl import threadpool_info

from scb_edu import experiments

PATIENCE = 60


def folder():
    return Path(os.environ["SWEEP_FOLDER"])


def note(name, words):
    """Append a line; a single write, so that lines of several processes do not mix."""
    file = os.open(folder() / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{words}\n".encode())
    os.close(file)


def notes(name):
    path = folder() / name
    return path.read_text().splitlines() if path.exists() else []


def wait_for(ready):
    """Poll until something holds; fail loudly rather than wait for ever."""
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(ready)
        time.sleep(0.005)


class Serial(Executor):
    """Each run at once, in the process of the caller."""

    def submit(self, function, *args):
        future = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future


# Runs


def draw(rng, size, word="plain"):
    """A result with every type of column."""
    sample = rng.normal(size=size)
    return {
        "mean": sample.mean(),
        "largest": int(sample.argmax()),
        "positive": sample[0] > 0,
        "name": f"{word}, {size}",
    }


def noted(rng, size):
    note("calls", size)
    return {"number": rng.integers(2**62)}


def records(rng, size):
    """As many rows as the size says."""
    return [{"step": step, "x": rng.normal()} for step in range(size)]


def odd(rng, size):
    """Values that a plain JSON would not bring back."""
    return {"x": [float("nan"), float("inf"), -float("inf"), -0.0, 1e-320, 0.1 + 0.2][size]}


def fails_at_two(rng, size):
    note("calls", size)
    if size == 2 and not (folder() / "mended").exists():
        raise KeyError("no such thing")
    return {"x": rng.normal()}


class DemandingError(Exception):
    """It does not survive pickle: that calls it with one argument."""

    def __init__(self, what, why):
        super().__init__(f"{what} because {why}")


def fails_demandingly(rng, size):
    raise DemandingError("it broke", "it was made so")


def kills_its_worker_once(rng, size):
    note("calls", size)
    if size == 5 and not (folder() / "mended").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return {"x": rng.normal()}


def threads_of_blas(rng, size):
    return {"threads": max([lib["num_threads"] for lib in threadpool_info()], default=1)}


def waits_for_go(rng, size):
    """Be in the middle of it until told."""
    note("pids", os.getpid())
    wait_for((folder() / "go").exists)
    return {"x": rng.normal()}


def of_another_column(rng, size):
    return {"x": 1.0} if size == 1 else {"y": 1.0}


def of_another_type(rng, size):
    return {"x": 1.0} if size == 1 else {"x": "one"}


# A process to kill


def small_sweep(folder, cache, log, size):
    """A sweep of many small runs; which run is called goes to a log of its own."""
    os.environ |= {"SWEEP_FOLDER": str(folder), "SWEEP_LOG": log}
    with ThreadPoolExecutor(1) as thread:
        grid = {"size": range(size)}
        return experiments.sweep(small, grid, seeds=2, executor=thread, cache=cache)


def small(rng, size):
    number = int(rng.integers(2**62))
    note(os.environ["SWEEP_LOG"], number)
    # long enough for a kill in the middle of writing a line to be likely
    return {"number": number, "words": f"{number}" * 50}
