"""Stage 2 under a penalty: the giant step, the noise of V, and what replaces the creep."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import scb_edu as scb
from scb_edu.studies.ch6_sample_complexity import plain_task
from scb_edu.theory.second_stage import entry_variance

EXAMPLE = scb.SCBTask.example(200)


def sample_pushes(task, alpha, size, rng):
    """Each sample's push on its column of A at uniform attention, centred: (size, T) and tokens."""
    mu, N = task.stationary, task.vocab_size
    V = mu[:, None] + alpha * (task.transition - mu[:, None])
    data = task.sample(size, rng)
    X = np.eye(N)[data.tokens]  # (size, T, N)
    residual = X.mean(axis=1) @ V.T - np.eye(N)[data.output]
    push = -np.einsum("btn,bn->bt", X, residual @ V)
    return push - push.mean(axis=1, keepdims=True), data.last


def test_a_sample_pushes_the_weights_with_the_stated_mean_and_noise():
    """Off the support and on it, against literal samples; terms of order 1/T are left out."""
    task, alpha, rng = EXAMPLE, 0.5, np.random.default_rng(0)
    parts = [sample_pushes(task, alpha, 5000, rng) for _ in range(8)]
    pushes, last = (np.concatenate(part) for part in zip(*parts, strict=True))
    variance = entry_variance(task, alpha)
    for k in range(3):
        mine, q = pushes[last == k], task.attention[:, k]
        on, off = q > 0, q == 0
        # 10,000 samples know a variance to about 2 %
        assert mine[:, on].var(axis=0) == pytest.approx(variance[on, k], rel=0.08)
        assert mine[:, off].var() == pytest.approx(variance[off, k][0], rel=0.03)
        expected = alpha * task.transition_energy * (q[on] - 1 / 200)
        assert mine[:, on].mean(axis=0) == pytest.approx(expected, abs=0.005)


def test_the_batch_of_a_giant_step_grows_like_the_logarithm_of_the_context():
    for N, T, Q in ((3, 125, 2), (3, 8000, 2), (5, 500, 2), (3, 500, 4)):
        task = plain_task(N, T, Q, np.random.default_rng(0))
        for share, value in ((0.5, 0.5), (0.3, 1.0)):
            step = scb.theory.giant_step(task, value, share=share, miss=0.1)
            size = 2 / share**2 * math.log(N * T / 0.1) * Q**2 / task.transition_energy
            assert step.batch_size == pytest.approx(size, abs=1)
            assert step.penalty == pytest.approx(share * value * task.transition_energy / Q)
            assert step.attention_rate * step.penalty > 2 / T  # clears the weights 1/T away


def test_the_support_survives_as_often_as_normal_numbers_do():
    """Push, noise and threshold by themselves, column by column, drawn many times."""
    task, rng = scb.SCBTask.example(50), np.random.default_rng(1)
    step = scb.theory.giant_step(task, share=0.35)._replace(batch_size=2200)
    variance = entry_variance(task, 0.5)
    noise = np.sqrt(variance / (2200 * task.stationary))
    found = 0
    for _ in range(2000):
        push = 0.5 * task.transition_energy * (task.attention - 1 / 50)
        moved = 1 / 50 + step.attention_rate * (push + noise * rng.normal(size=noise.shape))
        kept = np.abs(moved) > step.attention_rate * step.penalty
        found += np.array_equal(kept, task.attention > 0)
    chance = scb.theory.support_chance(task, step)
    assert 0.2 < chance < 0.9
    # 4 standard deviations: fails by chance in 1 of 16,000 cases
    assert abs(found / 2000 - chance) < 4 * math.sqrt(chance * (1 - chance) / 2000)


def test_threshold_and_division_only_stretch_what_has_no_zero_yet():
    """A - 1/T is multiplied by 1 / (1 - T eta penalty), to the last digit."""
    rng, T = np.random.default_rng(0), 40
    A = rng.dirichlet(np.full(T, 50.0), size=3).T
    rate, penalty = 0.5, 0.6 * A.min() / 0.5
    after = scb.ProximalGradient(rate, penalty).proximal(A)
    np.testing.assert_allclose(after - 1 / T, (A - 1 / T) / (1 - T * rate * penalty), atol=1e-14)


def test_full_matrices_follow_the_flow_under_a_penalty():
    """Proximal steps with exact gradients; the error halves with the step (order 1)."""
    task, penalty, start = scb.SCBTask.example(60), 0.004, (1.3, 0.4)
    flow = scb.theory.penalised_flow(task, penalty, start=start, t_end=2, points=2)
    assert 0.6 < flow.attention[-1] < 0.9  # no weight is used up yet
    errors = []
    for steps in (100, 200):
        optimizer = scb.ProximalGradient(2 / steps, penalty)
        model = scb.LinearTransformer.from_signals(task, *start)
        for _ in range(steps):
            slope = scb.population_gradient(model, task)
            model = optimizer.step(model, slope, task.stationary)
        found = scb.signals(model, task)
        errors.append([found.value - flow.value[-1], found.attention - flow.attention[-1]])
        inside = scb.LinearTransformer.from_signals(task, found.value, found.attention)
        np.testing.assert_allclose(model.attention, inside.attention, atol=1e-12)
    assert np.abs(errors[0]).max() < 0.01
    np.testing.assert_allclose(np.divide(*errors), 2, atol=0.15)


@pytest.mark.parametrize("attention", [1.0, 1 - 1e-13, 1 - 1e-9])
@pytest.mark.parametrize("value", [0.5, 0.65625])
def test_from_where_the_pointer_is_used_up_v_alone_moves(value, attention):
    """SciPy's search for the arrival failed where the start was one, for the second value."""
    task = scb.SCBTask.example()
    flow = scb.theory.penalised_flow(task, 0.1, start=(value, attention), t_end=1)
    np.testing.assert_allclose(flow.attention, 1, atol=2e-9)
    left = (1 - value) * np.exp(-(task.attention_energy + 1 / 8) * flow.t)
    np.testing.assert_allclose(flow.value, 1 - left, atol=1e-7)


def test_a_pointer_of_one_is_let_go_where_v_is_too_large():
    flow = scb.theory.penalised_flow((0.14, 0.52, 8), 0.0, start=(1.5, 1.0), t_end=0.01, points=2)
    rate = 0.14 * 1.5 * (1 - 1.5)
    assert flow.attention[-1] - 1 == pytest.approx(0.01 * rate, rel=0.02)


def test_without_a_penalty_it_is_the_flow_and_with_one_it_replaces_the_creep():
    task = (0.14, 0.52, 500)
    plain = scb.signal_flow(task, start=(0.5, 0.0), t_end=20)
    free = scb.theory.penalised_flow(task, 0.0, start=(0.5, 0.0), t_end=20)
    np.testing.assert_allclose(free.value, plain.value, atol=1e-5)
    np.testing.assert_allclose(free.attention, plain.attention, atol=1e-5)
    ends = []
    for T in (500, 5000):
        paths = [
            scb.theory.penalised_flow((0.14, 0.52, T), penalty, start=(1.38, 0.72), t_end=10)
            for penalty in (0.0, 0.01)
        ]
        ends.append([path.value[-1] for path in paths])
        assert paths[1].attention.max() < 1 + 1e-3
    assert ends[0][0] > 1.3  # the creep has hardly begun
    assert ends[1][0] > 1.37
    assert max(end[1] for end in ends) < 1.01  # T is no matter


def test_once_the_other_weights_are_used_up_v_alone_moves_for_however_long():
    """Beside SciPy's RK45 on the two equations, where LSODA once took ever smaller steps."""
    K_P, K_Q, T, penalty = 0.0457, 0.57, 100, 0.004  # of five words

    def rate(_t, y):
        push = K_P * y[0] * (1 - y[0] * y[1]) + T * penalty * y[1]
        return (1 - y[0]) / T + K_Q * y[1] * (1 - y[0] * y[1]), push if y[1] < 1 else 0.0

    start, times = (1.88, 0.53), np.linspace(0, 60, 61)
    other = solve_ivp(rate, (0, 60), start, "RK45", t_eval=times, rtol=1e-8, max_step=0.05)
    flow = scb.theory.penalised_flow((K_P, K_Q, T), penalty, start=start, t_end=60, points=61)
    np.testing.assert_array_equal(flow.t, times)
    np.testing.assert_allclose((flow.value, flow.attention), other.y, atol=2e-4)
    assert flow.attention[-1] == 1


@pytest.mark.parametrize(("rate", "batch"), [(0.5, 200), (1.0, 400), (1.5, 400)])
def test_the_noise_of_the_value_matrix_around_the_truth(rate, batch):
    task = scb.SCBTask.example(60)
    run = scb.train(
        task,
        scb.LinearTransformer.oracle(task),
        scb.ProximalGradient(rate, attention_rate=1e-9),
        steps=1500,
        batch_size=batch,
        rng=np.random.default_rng(0),
        record_every=1,
    )
    found = math.sqrt(np.mean(run.distances.value[50:] ** 2))
    assert scb.theory.value_noise(task, rate, batch) == pytest.approx(found, rel=0.06)


def test_what_is_not_as_described_is_refused():
    step = scb.theory.giant_step(EXAMPLE)
    for call, name in (
        (lambda: scb.theory.giant_step(EXAMPLE, 0), "value"),
        (lambda: scb.theory.giant_step(EXAMPLE, share=1), "share"),
        (lambda: scb.theory.giant_step(EXAMPLE, miss=0), "miss"),
        (lambda: scb.theory.support_chance(EXAMPLE, step, -1), "value"),
        (lambda: scb.theory.value_noise(EXAMPLE, 2, 10), "learning_rate"),
        (lambda: scb.theory.penalised_flow(EXAMPLE, -1, start=(1, 0.5), t_end=1), "penalty"),
        (lambda: scb.theory.penalised_flow(EXAMPLE, 1, start=(1, 1.5), t_end=1), "start"),
    ):
        with pytest.raises(scb.ScbError, match=name):
            call()


@pytest.mark.parametrize("T", [100, 6400])
def test_the_threshold_of_a_giant_step_is_four_times_the_root_of_the_context_uniform_weights(T):
    step = scb.theory.giant_step(scb.SCBTask.example(T))
    assert step.attention_rate * step.penalty * T == pytest.approx(4 * math.sqrt(T))
