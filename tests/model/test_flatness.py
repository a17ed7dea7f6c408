"""Tasks with nothing to learn: an energy of rounding counts as none, and one error says so."""

import math

import numpy as np
import pytest

import scb_edu as scb

EDGE = [[0.9, 0.5], [0.1, 0.5]]


@pytest.mark.parametrize("N", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("T", [1, 3, 7, 49, 1000, 12_345])
def test_uniform_attention_has_no_energy(N, T):
    P = scb.model.random_transition(N, np.random.default_rng(N))
    for weight in (1 / T, np.float32(1 / T), float(f"{1 / T:.9e}")):
        assert scb.SCBTask(P, np.full((T, N), weight)).attention_energy == 0.0
    divided = np.ones((T, N)) / np.array([T * (1 + k * 1e-9) for k in range(N)])
    assert scb.SCBTask(P, divided).attention_energy == 0.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("N", [2, 3, 10, 100])
def test_a_transition_of_equal_columns_has_no_energy(N, seed):
    rng = np.random.default_rng(seed)
    mu = rng.dirichlet(np.full(N, 0.5)) + 1e-9
    Q = np.eye(3)[:, np.arange(N) % 3]
    for column in (mu / mu.sum(), np.float32(mu / mu.sum())):
        assert scb.SCBTask(np.tile(column[:, None], N), Q).transition_energy == 0.0


@pytest.mark.parametrize("step", [1e-6, 1e-4, 1e-2])
def test_a_small_energy_is_kept(step):
    """Two tokens at 1/2 +- step: K_P = 2 step^2; two positions at 1/2 +- step: the same."""
    square = [[0.5 + step, 0.5 - step], [0.5 - step, 0.5 + step]]
    task = scb.SCBTask(square, square)
    assert task.transition_energy == pytest.approx(2 * step**2, rel=1e-9)
    assert task.attention_energy == pytest.approx(2 * step**2, rel=1e-9)


def flat(part):
    """A task of seven positions whose transition, or whose attention, is uniform but rounded."""
    P = scb.model.random_transition(2, np.random.default_rng(0))
    if part == "attention":
        return scb.SCBTask(P, np.full((7, 2), 0.1428571428571))
    return scb.SCBTask(np.tile(P.sum(axis=1, keepdims=True) / 2, 2), np.eye(7)[:, :2])


NEEDS = {
    "attention": [
        scb.theory.SignalConstants.of,
        scb.theory.growth_rate,
        lambda task: scb.escape_time(task, 0.5),
        lambda task: scb.theory.softmax_flow(task, 7, t_end=1),
        lambda task: scb.theory.escape_chance(task, 0.1, 4),
    ],
    "transition": [
        scb.theory.SignalConstants.of,
        scb.theory.growth_rate,
        scb.theory.initial_signal_std,
        lambda task: scb.theory.samples_needed(task, 1),
        lambda task: scb.theory.attention_noise(task, 0.1, 4),
        lambda task: scb.theory.softmax_flow(task, 7, t_end=1),
        lambda task: scb.theory.softmax_snap_time(task, 7),
        lambda task: scb.theory.correlated_task(task, 0.5, np.random.default_rng(0)),
    ],
}


@pytest.mark.parametrize(
    ("part", "call"), [(part, call) for part, calls in NEEDS.items() for call in calls]
)
def test_what_needs_energy_says_that_there_is_none(part, call):
    with pytest.raises(scb.ScbError, match=rf"^task: expected one whose {part} is not uniform"):
        call(flat(part))


def test_a_signal_towards_a_uniform_truth_is_no_number():
    rough = scb.LinearTransformer(EDGE, np.random.default_rng(0).random((7, 2)))
    assert math.isnan(scb.signals(rough, flat("attention")).attention)
    assert math.isnan(scb.signals(rough, flat("transition")).value)
    assert math.isfinite(scb.signals(rough, flat("attention")).value)


@pytest.mark.parametrize("T", [3, 7, 1000, 100_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_uniform_map_is_like_no_other_however_it_is_rounded(T, dtype):
    task = scb.SCBTask.example(T)
    uniform = np.full((T, 3), 1 / T, dtype) * dtype(3)
    found = scb.model.attention_cosine(uniform, task.attention, task.stationary)
    assert math.isnan(found)


@pytest.mark.parametrize("step", [1e-6, 1e-2])
def test_a_map_that_is_nearly_uniform_has_a_direction(step):
    task = scb.SCBTask.example(10_000)
    model = scb.LinearTransformer.from_signals(task, 0, step)
    found = scb.model.attention_cosine(model.attention, task.attention, task.stationary)
    assert found == pytest.approx(1, abs=1e-6)
