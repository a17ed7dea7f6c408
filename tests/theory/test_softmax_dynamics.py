"""The reduced flow of softmax attention against steps of the whole model; when it snaps."""

import math

import numpy as np
import pytest

import scb_edu as scb


def stepped(task, ratio, t_end, count):
    """Euler's method on the whole model, V and T x N logits, with the closed-form gradient."""
    h = t_end / count
    V, W = np.tile(task.stationary[:, None], task.vocab_size), np.zeros_like(task.attention)
    for _ in range(count):
        slope = scb.population_gradient(scb.SoftmaxTransformer(V, W), task)
        V = V - h * slope.value / task.stationary
        W = W - h * ratio * slope.logits / task.stationary
    return scb.SoftmaxTransformer(V, W)


@pytest.mark.parametrize("ratio", [1, 9, 81])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_flow_is_the_limit_of_small_steps_of_the_whole_model(ratio, seed):
    task = scb.SCBTask.random(3, 9, 2, np.random.default_rng(seed))
    t_end = 60 / math.sqrt(ratio)
    flow = scb.theory.softmax_flow(task, ratio, t_end=t_end)
    coarse, fine = (stepped(task, ratio, t_end, n) for n in (1500, 3000))
    alpha = [scb.signals(model, task) for model in (coarse, fine)]
    # the error of Euler's method halves with the step: twice the fine minus the coarse has none
    for name in ("value", "attention"):
        first, second = (getattr(each, name) for each in alpha)
        assert getattr(flow, name)[-1] == pytest.approx(2 * second - first, abs=2e-3)
    support = np.nonzero(task.attention)
    extrapolated = 2 * fine.attention[support] - coarse.attention[support]
    np.testing.assert_allclose(flow.weights[-1], extrapolated, atol=3e-3)


def test_at_the_start_all_is_uniform_and_only_v_is_pushed():
    task = scb.SCBTask.example(50)
    flow = scb.theory.softmax_flow(task, 2500, t_end=1e-2)
    np.testing.assert_allclose(flow.weights[0], 1 / 50)
    assert flow.value[-1] == pytest.approx(1e-2 / 50, rel=1e-3)
    assert abs(flow.attention[-1]) < 1e-5


def test_at_the_start_softmax_with_a_square_ratio_is_linear_attention():
    task = scb.SCBTask.example(2000)
    soft = scb.theory.softmax_flow(task, 2000**2, t_end=0.5)
    line = scb.signal_flow(task, t_end=0.5)
    assert soft.value[-1] == pytest.approx(line.value[-1], rel=0.02)
    assert soft.attention[-1] == pytest.approx(line.attention[-1], rel=0.05)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("T", "ratio"), [(8, 1e10), (20, 1e11)])
def test_what_the_solver_cannot_follow_is_told_in_words_alone(T, ratio):
    """Logits that it tries overflowed, or it warned of its own."""
    with pytest.raises(scb.ScbError, match=r"^t_end: expected a path that can be followed"):
        scb.theory.softmax_flow(scb.SCBTask.example(T), ratio, t_end=1e15)


def test_a_ratio_has_bounds():
    task = scb.SCBTask.example()
    assert scb.theory.softmax_flow(task, 1e12, t_end=1).value[-1] == pytest.approx(0.379, abs=1e-3)
    assert scb.theory.softmax_flow(task, 1e-60, t_end=1).attention[-1] < 1e-60
    for ratio in (1.001e12, 9e-61):
        with pytest.raises(scb.ScbError, match=r"^ratio: expected a number from 1e-60 to 1e\+12"):
            scb.theory.softmax_flow(task, ratio, t_end=1)


def test_a_context_without_other_positions():
    task = scb.SCBTask([[0.8, 0.3], [0.2, 0.7]], [[0.7, 0.4], [0.3, 0.6]])
    flow = scb.theory.softmax_flow(task, 4, t_end=400)
    np.testing.assert_allclose(flow.weights.sum(axis=1), 2)
    np.testing.assert_allclose(flow.weights[-1], [0.7, 0.4, 0.3, 0.6], atol=0.01)
    assert flow.value[-1] == pytest.approx(1, abs=0.01)


def copying(T, q):
    """Two tokens, P a coin that copies with chance .8, and every last token with the weights q."""
    attention = np.zeros((T, 2))
    attention[: len(q)] = np.array(q)[:, None]
    return scb.SCBTask([[0.8, 0.2], [0.2, 0.8]], attention)


@pytest.mark.parametrize(("T", "ratio"), [(10, 1), (1000, 7)])
def test_with_one_position_the_snap_is_known_exactly(T, ratio):
    task = copying(T, [1.0])
    assert task.transition_energy == pytest.approx(0.18)
    exact = T * math.sqrt(math.pi / (2 * ratio * 0.18))
    assert scb.theory.softmax_snap_time(task, ratio) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("q", [(1.0,), (0.6, 0.4), (0.5, 0.3, 0.2)])
def test_the_snap_is_that_of_the_flow_in_long_contexts(q):
    task = copying(20_000, q)
    ratio = 20_000**2
    formula = scb.theory.softmax_snap_time(task, ratio)
    flow = scb.theory.softmax_flow(task, ratio, t_end=1.2 * formula)
    assert flow.arrival(0, q[0] / 2) == pytest.approx(formula, rel=2e-3)


@pytest.mark.parametrize("ratio", [1, 16])
def test_with_a_fixed_ratio_the_wait_grows_like_the_context(ratio):
    waits = []
    for T in (1000, 10_000):
        task = scb.SCBTask.example(T)
        flow = scb.theory.softmax_flow(task, ratio, t_end=25 * T / math.sqrt(ratio))
        waits.append(flow.arrival(0, 0.3))
    assert math.log10(waits[1] / waits[0]) == pytest.approx(1, abs=0.06)


def test_an_arrival_lies_between_the_steps_around_it():
    flow = scb.theory.SoftmaxFlow(
        np.array([0.0, 1.0, 2.0]), np.zeros(3), np.zeros(3), np.array([[0.1], [0.2], [0.6]])
    )
    assert flow.arrival(0, 0.3) == pytest.approx(1.25)
    assert flow.arrival(0, 0.05) == 0
    assert flow.arrival(0, 0.7) == math.inf


def test_what_does_not_fit_is_refused_in_words():
    task = scb.SCBTask.example(8)
    for bad in (0, -1, float("nan"), "1"):
        with pytest.raises(scb.ScbError, match="ratio"):
            scb.theory.softmax_flow(task, bad, t_end=1)
        with pytest.raises(scb.ScbError, match="ratio"):
            scb.theory.softmax_snap_time(task, bad)
    with pytest.raises(scb.ScbError, match="t_end"):
        scb.theory.softmax_flow(task, 1, t_end=0)
    with pytest.raises(scb.ScbError, match="task"):
        scb.theory.softmax_flow((0.1, 0.5, 10), 1, t_end=1)
    with pytest.raises(scb.ScbError, match="task"):
        scb.theory.softmax_snap_time(None, 1)
