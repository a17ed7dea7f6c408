"""The noise of A feeds back on V: its mean path, its noise, and the slide it ends in."""

import math

import numpy as np
import pytest
from oracles import mean_gradient, preconditioned, square_norm

import scb_edu as scb
from scb_edu.theory import feedback

TINY = [(2, 3, 1), (3, 4, 2), (2, 5, 2)]


def parts(task, V, A):
    """alpha_V, alpha_A, and what is left of V and A beside the two lines."""
    P, Q, mu, T = task.transition, task.attention, task.stationary, task.context_length
    true, far = P - mu[:, None], Q - 1 / T
    moved, spread = V - mu[:, None], A - 1 / T
    v = np.sum(mu * moved * true) / square_norm(true, mu)
    a = np.sum(mu * spread * far) / square_norm(far, mu)
    return v, a, moved - v * true, spread - a * far


# The mean path ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", TINY)
def test_the_four_numbers_move_as_exact_gradients_of_full_matrices_say(sizes):
    """Any V with V mu = mu, any A whose columns sum to 1; the gradient by enumeration."""
    rng = np.random.default_rng(sum(sizes))
    task = scb.SCBTask.random(*sizes, rng)
    mu, (N, T) = task.stationary, (task.vocab_size, task.context_length)
    far = rng.normal(size=(N, N))
    V = far + (mu - far @ mu)[:, None]
    A = rng.normal(size=(T, N))
    A += (1 - A.sum(axis=0)) / T
    dV, dA = preconditioned(*mean_gradient(V, A, task.transition, mu, task.attention), mu)
    v, a, R, E = parts(task, V, A)
    dv, da, dR, dE = parts(task, mu[:, None] - dV, 1 / T - (dA - dA.mean(axis=0)))
    expected = dv, da, 2 * np.sum(mu * R * dR), 2 * np.sum(mu * E * dE)
    found = scb.theory.feedback_rate(task, v, a, square_norm(R, mu), square_norm(E, mu))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_without_scatter_it_is_the_flow_of_a_downstream_run():
    for point in [(0.2, 0.1), (-0.5, 2.0)]:
        rate = scb.theory.feedback_rate((0.2, 0.5, 100), *point, 0.0, 0.0)
        assert rate[:2] == pytest.approx(scb.theory.signal_rate((0.2, 0.5, 100), *point))


def test_without_noise_the_simulation_is_the_flow():
    task = scb.SCBTask.example(100)
    other = scb.theory.correlated_task(task, 0.2, np.random.default_rng(0))
    start = scb.LinearTransformer.oracle(other)
    options = {"t_end": 30, "points": 6}
    paths = scb.theory.feedback_paths(
        task, start, 0.002, 1e14, runs=1, rng=np.random.default_rng(0), **options
    )
    beside = 0.96 * task.transition_energy
    flow = scb.theory.transfer_flow(task, 0.2, beside=beside, t_end=30, points=7)
    np.testing.assert_allclose(paths.t, flow.t)
    np.testing.assert_allclose(paths.value[:, 0], flow.value, atol=0.002)
    np.testing.assert_allclose(paths.attention[:, 0], flow.attention, atol=0.002)
    assert paths.beside[0, 0] == pytest.approx(beside)
    assert paths.scatter.max() < 1e-9


# The noise -------------------------------------------------------------------------------------


def test_a_step_has_the_noise_of_real_gradients():
    """The same start, one step of each: 800 batches of 8, and 4,000 simulated steps.

    A deviation scatters by 2.5 % (800), an energy by less; four times that is allowed.
    """
    task = scb.SCBTask.random(4, 120, 2, np.random.default_rng(5))
    other = scb.theory.correlated_task(task, 0.2, np.random.default_rng(0))
    start = scb.theory.transfer(scb.LinearTransformer.oracle(other), task)
    rng, rows = np.random.default_rng(1), []
    for _ in range(800):
        slope = scb.gradient(start, task.sample(8, rng))
        after = scb.ProximalGradient(1.0).step(start, slope, task.stationary)
        v, a, R, E = parts(task, after.value, after.attention)
        rows.append((v, a, square_norm(R, task.stationary), square_norm(E, task.stationary)))
    real = np.array(rows)
    paths = scb.theory.feedback_paths(
        task, start, 1.0, 8, t_end=1, points=1, runs=4000, rng=np.random.default_rng(2)
    )
    for column, mine in enumerate((paths.value[-1], paths.attention[-1])):
        assert mine.mean() == pytest.approx(real[:, column].mean(), abs=0.01)
        assert mine.std() == pytest.approx(real[:, column].std(), rel=0.12)
    assert paths.scatter[-1].mean() == pytest.approx(real[:, 3].mean(), rel=0.06)


def test_where_the_strength_is_small_the_chance_is_that_of_the_first_steps():
    """1,000 paths: a share scatters by 0.016; three of these are allowed."""
    task = scb.SCBTask.example(1000)
    other = scb.theory.correlated_task(task, 0.0, np.random.default_rng(0))
    start = scb.LinearTransformer.oracle(other)
    setting = 0.02, 160
    assert scb.theory.feedback_strength(task, start, *setting) < 0.4
    options = {"t_end": 60, "runs": 1000, "rng": np.random.default_rng(3)}
    paths = scb.theory.feedback_paths(task, start, *setting, until=("attention", 0.3), **options)
    chance = scb.theory.transfer_chance(task, start, *setting)
    assert 0.6 < chance < 0.9
    assert paths.share("attention", 0.3) == pytest.approx(chance, abs=0.05)


def test_where_it_is_large_right_knowledge_is_lost_and_wrong_knowledge_saved():
    """With ten times the noise the formula is far off at both ends, and V has been held back."""
    task, shares = scb.SCBTask.example(1600), {}
    for theta in (-0.05, 0.05):
        other = scb.theory.correlated_task(task, theta, np.random.default_rng(0))
        start = scb.LinearTransformer.oracle(other)
        assert scb.theory.feedback_strength(task, start, 0.04, 32) > 5
        options = {"t_end": 60, "runs": 500, "rng": np.random.default_rng(3)}
        paths = scb.theory.feedback_paths(
            task, start, 0.04, 32, until=("attention", 0.3), **options
        )
        shares[theta] = paths.share("attention", 0.3)
        assert paths.scatter[-1].mean() > 0.2
        chance = scb.theory.transfer_chance(task, start, 0.04, 32)
        assert np.sign(theta) * (chance - shares[theta]) > 0.08
    assert shares[-0.05] + 0.3 < shares[0.05]


def test_the_strength_is_its_formula():
    task = scb.SCBTask.random(3, 40, 2, np.random.default_rng(8), concentration=0.3)
    mu, P = task.stationary, task.transition
    D = np.diag(mu) - np.outer(mu, mu)
    start = scb.LinearTransformer.oracle(task)
    K_P, K_Q, T = task.transition_energy, task.attention_energy, 40
    b = (1 + 1 / (T * K_Q)) / T
    growth = (math.sqrt(b**2 + 4 * K_P * K_Q) - b) / 2
    chi = 0.1 * T / 8 * 3 * np.trace(D @ P @ D @ P.T) / growth**2
    assert scb.theory.feedback_strength(task, start, 0.1, 8) == pytest.approx(chi)


def test_a_path_stands_still_once_it_has_decided():
    task = scb.SCBTask.example(100)
    start = scb.LinearTransformer.initial(task)
    options = {"t_end": 60, "runs": 50, "rng": np.random.default_rng(0)}
    paths = scb.theory.feedback_paths(task, start, 0.1, 8, until=("value", 0.3), **options)
    for path in np.abs(paths.value).T:
        first = np.argmax(path > 0.3)
        assert (path[first:] == path[first]).all()
    assert paths.share("value", 0.3) == (paths.value[-1] > 0.3).mean()


def test_wrong_settings_are_named():
    task = scb.SCBTask.example(100)
    start = scb.LinearTransformer.initial(task)
    right = {"t_end": 1.0, "runs": 2, "rng": np.random.default_rng(0)}
    for name, wrong in [
        ("t_end", 0),
        ("runs", 0),
        ("points", 0),
        ("until", ("loss", 0.3)),
        ("rng", None),
    ]:
        with pytest.raises(scb.ScbError, match=name):
            scb.theory.feedback_paths(task, start, 0.1, 8, **(right | {name: wrong}))
    other = scb.LinearTransformer(np.eye(2), np.ones((5, 2)) / 5)
    with pytest.raises(scb.ScbError, match=r"start\.value"):
        scb.theory.feedback_paths(task, other, 0.1, 8, **right)
    for function in (scb.theory.hyperbola_slide, scb.theory.skewed_mass):
        with pytest.raises(scb.ScbError, match="learning_rate"):
            function(task, 0, 8)
        with pytest.raises(scb.ScbError, match="batch_size"):
            function(task, 0.1, 0.5)


# The slide -------------------------------------------------------------------------------------


@pytest.mark.parametrize("T", [50, 100, 400])
def test_the_slide_ends_where_the_mean_path_stands_still(T):
    task = scb.SCBTask.example(T)
    ends = scb.theory.hyperbola_slide(task, 0.001, 64)
    scatter = scb.theory.attention_noise(task, 0.001, 64) ** 2  # with V = P, to first order
    velocity = scb.theory.feedback_rate(task, ends.value, ends.attention, 0.0, scatter)[:2]
    np.testing.assert_allclose(velocity, 0, atol=1e-3 * scatter)
    assert ends.attention == pytest.approx(1 + T * scatter, rel=1e-3)


def test_noise_that_would_feed_on_itself_at_the_truth_has_a_slide_all_the_same():
    task = scb.SCBTask.example(400)
    assert math.isinf(scb.theory.attention_noise(task, 1.0, 1))
    ends = scb.theory.hyperbola_slide(task, 1.0, 1)
    assert 0 < ends.value < 0.01
    assert ends.value * ends.attention == pytest.approx(1)


def test_more_runs_than_fit_the_memory_or_steps_than_anyone_waits_for_are_refused(monkeypatch):
    """Nine numbers a run; a hundred million steps."""
    task = scb.SCBTask.example(100)
    start = scb.LinearTransformer.initial(task)

    def paths(**options):
        given = {"t_end": 1.0, "runs": 2, "rng": np.random.default_rng(0)} | options
        return scb.theory.feedback_paths(task, start, 1.0, 8, **given)

    with pytest.raises(scb.ScbError, match=r"^runs: .* numbers, got 1000000008;"):
        paths(runs=111_111_112)
    with pytest.raises(scb.ScbError, match=r"^t_end: expected a number from 0 to 1e\+08"):
        paths(t_end=1e8 + 1)
    taken = []
    monkeypatch.setattr(feedback, "_moved", lambda s, _, steps, *__: taken.append(steps) or s)
    paths(t_end=1e8, points=2)
    assert taken == [5e7, 5e7]
    with pytest.raises(scb.ScbError, match=r"^points: .* at most"):
        paths(points=10**12)
