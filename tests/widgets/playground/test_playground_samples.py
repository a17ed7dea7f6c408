"""The playground's random numbers: the generator, the law of the samples, what lanes share.

The tests of a law draw with a fixed seed, so they repeat. Each fails a right sampler for one seed
in a thousand.
"""

from itertools import product

import numpy as np
import pytest
from node import ask, given, settings
from scipy.stats import chisquare

import scb_edu as scb

SIGNIFICANCE = 1e-3
WORDS = 2**32


def splitmix(seed):
    z = (seed + 0x9E3779B9) % WORDS
    z = (z ^ z >> 16) * 0x21F0AAAD % WORDS
    z = (z ^ z >> 15) * 0x735A2D97 % WORDS
    return z ^ z >> 15


def sfc32(seed, stream, count):
    """The generator in Python's whole numbers, which do not overflow."""
    state = [splitmix(stream) ^ seed]
    for _ in range(4):
        state.append(splitmix(state[-1]))
    a, b, c, d = state[1:]
    words = []
    for _ in range(16 + count):
        total = (a + b + d) % WORDS
        d = (d + 1) % WORDS
        a = b ^ b >> 9
        b = c * 9 % WORDS
        c = ((c << 21 | c >> 11) + total) % WORDS
        words.append(total)
    return words[16:]


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (1, 2), (4294967295, 3)])
def test_the_generator_is_sfc32(seed, stream):
    (found,) = ask({"do": "words", "seed": seed, "stream": stream, "count": 1000})
    assert found == sfc32(seed, stream, 1000)


def test_seeds_and_streams_have_nothing_in_common():
    pairs = list(product(range(20), range(4)))
    jobs = ({"do": "words", "seed": s, "stream": k, "count": 100} for s, k in pairs)
    words = [word for found in ask(*jobs) for word in found]
    # 8,000 words: two of them are the same by chance with a probability of 0.7 %
    assert len(set(words)) == len(words)


def law_of(task, positions):
    """The chance of each (tokens at the positions, last, output), cell by cell."""
    N, mu = task.vocab_size, task.stationary
    cells = np.array(list(product(range(N), repeat=len(positions) + 2)))
    seen, last, output = cells[:, :-2], cells[:, -2], cells[:, -1]
    law = mu[seen].prod(axis=1) * mu[last]
    there = np.array([task.attention[t][last] for t in positions])  # how likely each is looked at
    looked = sum(q * task.transition[output, x] for q, x in zip(there, seen.T, strict=True))
    return law * (looked + (1 - there.sum(axis=0)) * (task.transition @ mu)[output])


def fits(task, positions, size, seed):
    """Whether the counts of so many samples are those of the law, by their chi-square."""
    own = settings(task="given", T=task.context_length)
    job = {"do": "counts", "given": given(task), "size": size, "seed": seed, "settings": own}
    counts = np.array(ask(job | {"positions": positions})[0])
    expected = law_of(task, positions) * size
    possible = expected > 0
    assert counts.sum() == size
    assert not counts[~possible].any()
    return chisquare(counts[possible], expected[possible]).pvalue > SIGNIFICANCE


SKEWED = scb.SCBTask(
    [[0.9, 0.3, 0.7], [0.1, 0.6, 0.0], [0.0, 0.1, 0.3]],
    [[0.1, 0.5, 0.0], [0.0, 0.5, 0.0], [0.9, 0.0, 0.0], [0.0, 0.0, 1.0]],
)
DRAWN = scb.SCBTask.random(5, 30, 3, np.random.default_rng(0))


@pytest.mark.parametrize("positions", [[], [0], [1, 3], [0, 1, 2]])
def test_samples_follow_the_law(positions):
    assert fits(SKEWED, positions, 100_000, seed=1)


@pytest.mark.parametrize("k", range(5))
def test_samples_of_a_random_task_follow_the_law(k):
    looked_at = np.flatnonzero(DRAWN.attention[:, k])[:2].tolist()
    assert fits(DRAWN, looked_at, 100_000, seed=k)


def test_another_law_would_be_seen():
    mu = SKEWED.stationary * [1.05, 1, 1]
    task = scb.SCBTask(SKEWED.transition, SKEWED.attention)
    object.__setattr__(task, "stationary", mu / mu.sum())  # what Python hands over, 5 % off
    own = settings(task="given", T=4)
    job = {"do": "counts", "given": given(task), "size": 100_000, "seed": 1, "settings": own}
    counts = np.array(ask(job | {"positions": [1]})[0])
    expected = law_of(SKEWED, [1]) * 100_000
    assert chisquare(counts[expected > 0], expected[expected > 0]).pvalue < SIGNIFICANCE


def test_each_chance_is_right_to_a_word():
    own = settings(task="given", T=30)
    (ends,) = ask({"do": "ends", "settings": own, "given": given(DRAWN)})
    assert ends[-1] == WORDS
    assert np.abs(ends - DRAWN.stationary.cumsum() * WORDS).max() <= 0.51


def test_samples_do_not_depend_on_the_batches_that_they_come_in():
    own = settings(task="random", N=4, T=20, Q=3)
    cuts = [[12], [1] * 12, [5, 4, 3]]
    found = ask(*({"do": "draw", "settings": own, "sizes": c, "seed": 7} for c in [*cuts, cuts[0]]))
    assert all(drawn == found[0] for drawn in found)
    other = ask({"do": "draw", "settings": own, "sizes": [12], "seed": 8})
    assert other[0] != found[0]


def test_the_position_that_is_marked_is_the_one_that_was_drawn():
    task = scb.SCBTask.example(20)
    job = {"do": "sources", "settings": settings(T=20), "size": 20_000, "seed": 5}
    last, source, token, output = np.array(ask(job)[0]).T
    for k in range(3):
        found = np.bincount(source[last == k], minlength=20)
        assert set(np.flatnonzero(found)) == set(np.flatnonzero(task.attention[:, k]))
        expected = task.attention[:, k] * found.sum()
        assert chisquare(found[found > 0], expected[found > 0]).pvalue > SIGNIFICANCE
        following = np.bincount(output[token == k], minlength=3)
        assert chisquare(following, task.transition[:, k] * following.sum()).pvalue > SIGNIFICANCE
