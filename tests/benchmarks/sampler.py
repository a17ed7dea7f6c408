"""Tokens a second: the look-up table beside ``Generator.choice``, in blocks that take turns.

Run it by hand: ``python tests/benchmarks/sampler.py``. It prints the median of the ratios.
"""

from statistics import median
from time import perf_counter

import numpy as np

from scb_edu.model.sampling import LookupTable

SHAPE = (64, 1000)
BLOCKS = 15
DRAWS = 20


def seconds(draw):
    """The time of one draw, in a block of draws: neither law pays for the memory of the other."""
    draw()
    start = perf_counter()
    for _ in range(DRAWS):
        draw()
    return (perf_counter() - start) / DRAWS


def compare(vocab_size, rng):
    p = rng.dirichlet(np.ones(vocab_size))
    table = LookupTable.of(p)
    pairs = [
        (
            seconds(lambda: table.draw(SHAPE, rng)),
            seconds(lambda: rng.choice(vocab_size, SHAPE, p=p)),
        )
        for _ in range(BLOCKS)
    ]
    ours, theirs = (1e9 * median(column) / np.prod(SHAPE) for column in zip(*pairs, strict=True))
    return ours, theirs, median(b / a for a, b in pairs)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    print("vocabulary   table ns/token   choice ns/token   ratio")
    for vocab_size in (2, 3, 10, 100, 1000, 10_000):
        ours, theirs, ratio = compare(vocab_size, rng)
        print(f"{vocab_size:10} {ours:16.2f} {theirs:17.1f} {ratio:7.1f}")
