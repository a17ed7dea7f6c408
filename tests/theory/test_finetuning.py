"""A downstream run: where it starts, how long it takes, and what the noise is worth."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

import scb_edu as scb
from scb_edu.theory import finetuning
from scb_edu.theory.complexity import attention_push_variance

TASK = scb.SCBTask.example(1000)


def related(theta, seed=0, task=TASK):
    return scb.LinearTransformer.oracle(
        scb.theory.correlated_task(task, theta, np.random.default_rng(seed))
    )


# The start -----------------------------------------------------------------------------------


@pytest.mark.parametrize("theta", [-0.3, 0.0, 0.1, 1.0])
def test_the_run_starts_with_the_correlation_as_its_signal(theta):
    start = scb.theory.transfer(related(theta), TASK)
    found = scb.signals(start, TASK)
    assert found.value == pytest.approx(theta, abs=1e-8)
    assert found.attention == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(start.attention, np.full((1000, 3), 1 / 1000))


def test_the_context_may_be_longer_downstream():
    short = scb.LinearTransformer.oracle(scb.SCBTask.example(50), dtype=np.float32)
    start = scb.theory.transfer(short, TASK)
    assert start.attention.shape == (1000, 3)
    assert start.attention.dtype == np.float32
    np.testing.assert_array_equal(start.value, short.value)


def test_the_attention_can_be_kept():
    model = related(0.1)
    kept = scb.theory.transfer(model, TASK, attention="kept")
    np.testing.assert_array_equal(kept.attention, model.attention)
    np.testing.assert_array_equal(kept.value, model.value)


@pytest.mark.parametrize("attention", ["uniform", "kept"])
def test_a_softmax_model_stays_one(attention):
    model = scb.SoftmaxTransformer.oracle(TASK, dtype=np.float32)
    start = scb.theory.transfer(model, TASK, attention=attention)
    assert isinstance(start, scb.SoftmaxTransformer)
    assert start.logits.dtype == np.float32
    expected = model.attention if attention == "kept" else np.full((1000, 3), 1 / 1000)
    np.testing.assert_allclose(start.attention, expected, rtol=1e-6)


def test_a_start_that_does_not_fit_is_refused():
    short = scb.LinearTransformer.oracle(scb.SCBTask.example(50))
    with pytest.raises(scb.ScbError, match="attention: expected 'uniform' or 'kept', got 'old'"):
        scb.theory.transfer(related(0.1), TASK, attention="old")
    with pytest.raises(scb.ScbError, match=r"model\.attention: expected shape .*1000, 3.*50, 3"):
        scb.theory.transfer(short, TASK, attention="kept")
    with pytest.raises(scb.ScbError, match=r"model\.value: expected shape .*3, 3.*2, 2"):
        scb.theory.transfer(scb.LinearTransformer(np.eye(2), np.ones((5, 2)) / 5), TASK)
    with pytest.raises(scb.ScbError, match=r"model: expected a LinearT.* got ndarray"):
        scb.theory.transfer(np.eye(3), TASK)
    with pytest.raises(scb.ScbError, match="task: expected an SCBTask"):
        scb.theory.transfer(related(0.1), "task")


# How long it takes ---------------------------------------------------------------------------


def steps_of_matrices(theta, rate, level):
    """Euler steps of the exact gradients, on the full matrices, until alpha_A is at the level."""
    model, steps = scb.LinearTransformer.from_signals(TASK, theta, 0), 0
    while scb.signals(model, TASK).attention < level:
        model, steps = scb.theory.population_step(model, TASK, rate), steps + 1
    return steps


@pytest.mark.parametrize("theta", [0.1, 0.5])
def test_the_samples_are_those_of_exact_gradients(theta):
    steps = steps_of_matrices(theta, 0.02, 0.4)
    samples = scb.theory.transfer_samples(TASK, theta, learning_rate=0.02, batch_size=10, level=0.4)
    assert samples == pytest.approx(10 * steps, rel=0.01)


def test_knowledge_beside_the_truth_slows_the_exact_path_as_the_flow_says():
    """V = P' is not on the family; full matrices and exact gradients against three numbers."""
    model, steps = scb.theory.transfer(related(0.2), TASK), 0
    P, mu = TASK.transition, TASK.stationary
    rest = model.value - mu[:, None] - 0.2 * (P - mu[:, None])
    beside = sum(mu[m] * rest[:, m] @ rest[:, m] for m in range(3))
    while scb.signals(model, TASK).attention < 0.4:
        model, steps = scb.theory.population_step(model, TASK, 0.02), steps + 1
    settings = {"learning_rate": 0.02, "batch_size": 1, "level": 0.4}
    found = scb.theory.transfer_samples(TASK, 0.2, beside=beside, **settings)
    assert found == pytest.approx(steps, rel=0.01)
    assert found > 1.1 * scb.theory.transfer_samples(TASK, 0.2, **settings)


def test_the_flow_follows_the_full_matrices_all_the_way():
    """Small Euler steps of exact gradients from V = P', which err by the order of their rate."""
    task = scb.SCBTask.example(50)
    model, rate = scb.theory.transfer(related(0.2, task=task), task), 0.005
    rest = task.transition_energy * (1 - 0.2**2)  # of related transitions with the same energy
    flow = scb.theory.transfer_flow(task, 0.2, t_end=30, beside=rest, points=4)
    for at in range(1, 4):
        for _ in range(round(10 / rate)):
            model = scb.theory.population_step(model, task, rate)
        found = scb.signals(model, task)
        assert found.value == pytest.approx(flow.value[at], abs=0.005)
        assert found.attention == pytest.approx(flow.attention[at], abs=0.005)


def test_with_nothing_beside_it_is_the_flow_of_chapter_4():
    mine = scb.theory.transfer_flow(TASK, 0.1, t_end=50, points=5)
    plain = scb.signal_flow(TASK, start=(0.1, 0), t_end=50, points=5)
    for name in ("t", "value", "attention"):
        np.testing.assert_allclose(getattr(mine, name), getattr(plain, name), atol=1e-7)
    for wrong in ({"t_end": 0}, {"points": 1}, {"beside": -1}):
        with pytest.raises(scb.ScbError, match=next(iter(wrong))):
            scb.theory.transfer_flow(TASK, 0.1, **({"t_end": 1} | wrong))


def test_below_the_watershed_it_never_arrives():
    assert math.isinf(scb.theory.transfer_samples(TASK, -0.1, learning_rate=0.1, batch_size=1))


@pytest.mark.parametrize("theta", [0.02, 0.1, 0.6])
@pytest.mark.parametrize("level", [0.1, 0.5])
def test_the_formula_is_the_integral_along_the_hyperbola(theta, level):
    """alpha_A' = K_P alpha_V (1 - alpha_V alpha_A), alpha_V^2 = theta^2 + alpha_A^2 K_Q/K_P."""
    K_P, K_Q, T = 0.14, 0.5, 1e12

    def slowness(a):
        v = math.sqrt(theta**2 + a**2 * K_Q / K_P)
        return 1 / (K_P * v * (1 - v * a))

    assert scb.theory.transfer_time((K_P, K_Q, T), theta, level) == pytest.approx(
        quad(slowness, 0, level)[0], rel=1e-6
    )


@pytest.mark.parametrize("theta", [0.0, 0.01, 0.1, 1.0])
def test_the_formula_is_the_flow_in_long_contexts(theta):
    task = (0.14, 0.5, 1e6)
    exact = scb.escape_time(task, 0.4, start=(theta, 0))
    assert scb.theory.transfer_time(task, theta, 0.4) == pytest.approx(exact, rel=1e-4)
    if theta == 0:
        assert exact == pytest.approx(scb.theory.escape_time_limit(task, 0.4), rel=1e-4)


def test_a_time_that_is_not_in_the_formula_is_refused():
    with pytest.raises(scb.ScbError, match=r"theta: expected a number above -1/\(rT\) = -0\.00"):
        scb.theory.transfer_time(TASK, -0.1)
    with pytest.raises(scb.ScbError, match="level: expected one that is reached before"):
        scb.theory.transfer_time(TASK, 0.1, 0.99)
    for name, wrong in [
        ("learning_rate", 0),
        ("batch_size", 0.5),
        ("theta", "x"),
        ("level", 2),
        ("beside", -1),
    ]:
        right = {"theta": 0.1, "learning_rate": 0.1, "batch_size": 1}
        with pytest.raises(scb.ScbError, match=name):
            scb.theory.transfer_samples(TASK, **(right | {name: wrong}))


# What the noise is worth -----------------------------------------------------------------------


def growing_mode(task, value):
    """Rate and left eigenvector of the linear flow, by numpy; scaled to 1 for alpha_V."""
    K_P, K_Q, T = task.transition_energy, task.attention_energy, task.context_length
    mu, P = task.stationary, task.transition
    far, true = value - mu[:, None], P - mu[:, None]
    theta = np.einsum("nm,nm,m->", far, true, mu) / K_P
    K_R = np.einsum("nm,nm,m->", far - theta * true, far - theta * true, mu)
    a = -1 / (T * K_Q)
    rates, left = np.linalg.eig(np.array([[-1 / T - K_Q * a**2, K_Q], [K_P, -K_R]]).T)
    best = rates.real.argmax()
    return rates[best].real, (left[1, best] / left[0, best]).real, theta, K_R


def test_the_noise_of_the_growing_signal_is_that_of_real_gradients():
    """1,500 batches: a deviation scatters by 2 %; four of these are allowed."""
    task = scb.SCBTask.random(4, 60, 2, np.random.default_rng(5))
    start = scb.theory.transfer(related(0.2, task=task), task)
    K_Q, T = task.attention_energy, task.context_length
    growth, share, _, _ = growing_mode(task, start.value)
    rng, moved = np.random.default_rng(1), []
    for _ in range(1500):
        slope = scb.gradient(start, task.sample(8, rng))
        push = scb.precondition(slope, task.stationary).attention
        far = task.attention - 1 / T
        attention = -np.einsum("tk,tk,k->", push, far, task.stationary) / K_Q
        moved.append(scb.theory.initial_signal_drift(slope, task) + share * attention)
    # one step of rate 1: noise s of a run is that of a step over the root of twice the growth
    expected = np.std(moved) / math.sqrt(2 * growth)
    assert scb.theory.transfer_noise(task, start, 1, 8) == pytest.approx(expected, rel=0.08)


def test_the_growing_mode_is_the_eigenvector_of_the_linear_flow():
    task = scb.SCBTask.random(4, 60, 2, np.random.default_rng(5))
    model = related(0.2, task=task)
    growth, share, _, _ = growing_mode(task, model.value)
    found = finetuning.growing_mode(task, model)
    assert found == pytest.approx((growth, share, 1 / (growth * 60)))


def attention_variance(task, V):
    """The variance of one sample's push on alpha_A, position by position and token by token."""
    P, Q, mu, N = task.transition, task.attention, task.stationary, task.vocab_size
    moved = V - (V @ mu)[:, None]
    w = np.array([[moved[o, x] - mu @ moved[:, x] for x in range(N)] for o in range(N)])
    pointed = sum(mu[x] * P[o, x] * w[o, x] ** 2 for o in range(N) for x in range(N))
    others = sum(mu[x] * mu[o] * w[o, x] ** 2 for o in range(N) for x in range(N))
    mean = sum(mu[x] * P[o, x] * w[o, x] for o in range(N) for x in range(N))
    total = 0.0
    for k in range(N):
        for q in Q[:, k]:
            far = (q - 1 / len(Q)) ** 2
            total += mu[k] * far * (q * pointed + (1 - q) * others)
    return total / task.attention_energy**2 - mean**2


def test_the_noise_is_that_of_its_formula_where_tokens_are_not_alike():
    """Sum by sum, for a mu far from uniform and a V that is no transition."""
    task = scb.SCBTask.random(3, 40, 2, np.random.default_rng(8), concentration=0.3)
    far = np.random.default_rng(2).normal(size=(3, 3))
    V = far + (task.stationary - far @ task.stationary)[:, None]
    model = scb.LinearTransformer(V, np.full((40, 3), 1 / 40))
    growth, share, _, _ = growing_mode(task, V)
    second = share**2 * attention_variance(task, V)
    s = math.sqrt(0.1 / 8 * (scb.theory.initial_signal_std(task) ** 2 + second) / (2 * growth))
    assert scb.theory.transfer_noise(task, model, 0.1, 8) == pytest.approx(s, rel=1e-9)


def nearly_permuted(shift, N=10):
    """The next token is `shift` further in a circle nine times of ten, else any."""
    return 0.9 * np.roll(np.eye(N), shift, axis=0) + 0.1 / N


def pushes_on_attention(task, V, samples, rng):
    """What single samples say about d alpha_A / dt at uniform attention, from their gradients."""
    N, T, K_Q = task.vocab_size, task.context_length, task.attention_energy
    batch = task.sample(samples, rng)
    context = np.stack([(batch.tokens == m).mean(axis=1) for m in range(N)], axis=1)
    residual = context @ V.T - np.eye(N)[batch.output]
    slope = np.take_along_axis(residual @ V, batch.tokens.astype(int), axis=1)  # (B, T)
    far = task.attention - 1 / T
    return -np.einsum("bt,tb->b", slope, far[:, batch.last]) / K_Q


def test_the_noise_of_the_attention_is_smaller_where_the_output_says_what_to_rule_out():
    """Nine times smaller than with an output that does not depend on the token at the support.

    100,000 samples: pushes are rare and large (a kurtosis near 100), so their variance scatters by
    3 %; four of these are allowed, and one for what falls like 1/T.
    """
    T, N, rng = 400, 10, np.random.default_rng(1)
    attention = np.zeros((T, N))
    attention[rng.choice(T, N, replace=False), np.arange(N)] = 1
    task, V = scb.SCBTask(nearly_permuted(1), attention), nearly_permuted(3)
    seen = np.concatenate([pushes_on_attention(task, V, 1000, rng) for _ in range(100)])
    found = float(attention_push_variance(task, V))
    assert found == pytest.approx(seen.var(), rel=0.15)
    D = np.eye(N) / N - 1 / N**2
    assert np.trace(D @ V @ D @ V.T) / task.attention_energy > 8 * found


def test_from_scratch_the_chance_is_that_of_chapter_6():
    start = scb.LinearTransformer.initial(TASK)
    for B in (2, 16):
        mine = scb.theory.transfer_chance(TASK, start, 0.02, B)
        assert mine == pytest.approx(scb.theory.escape_chance(TASK, 0.02, B), abs=1e-12)


def linear_runs(task, model, rate, batch, runs, rng):
    """The linear flow with normal noise, in its own two variables, step by step."""
    K_P, K_Q, T = task.transition_energy, task.attention_energy, task.context_length
    _, share, theta, K_R = growing_mode(task, model.value)
    scatter = math.sqrt(attention_variance(task, model.value) / batch)
    first = scb.theory.initial_signal_std(task) / math.sqrt(batch)
    v, a = np.full(runs, theta), np.zeros(runs)
    for _ in range(round(20 / rate)):
        dv = 1 / T - v / T + K_Q * a + first * rng.normal(size=runs)
        da = K_P * v - K_R * a + scatter * rng.normal(size=runs)
        v, a = v + rate * dv, a + rate * da
    return v + share * a > 0


@pytest.mark.parametrize("theta", [-0.01, 0.0, 0.01])
def test_the_chance_is_that_of_the_linear_model(theta):
    """2,000 runs: a share scatters by 0.011; three of these and a bit for the step size."""
    model = related(theta)
    right = linear_runs(TASK, model, 0.02, 64, 2000, np.random.default_rng(3)).mean()
    assert scb.theory.transfer_chance(TASK, model, 0.02, 64) == pytest.approx(right, abs=0.04)


@pytest.mark.parametrize("T", [100, 4000])
def test_at_the_boundary_the_chance_is_95_percent(T):
    task = scb.SCBTask.example(T)
    theta = scb.theory.transfer_boundary(task, related(0.0, task=task), 0.1, 16)
    # the same V but for its part along P: that part makes hardly any noise of its own
    moved = related(0.0, task=task).value + theta * (task.transition - task.stationary[:, None])
    at = scb.LinearTransformer(moved, np.full((T, 3), 1 / T))
    assert scb.theory.transfer_chance(task, at, 0.1, 16) == pytest.approx(0.95, abs=0.005)


def test_the_noise_falls_with_the_root_of_the_batch():
    small, large = (scb.theory.transfer_noise(TASK, related(0.0), 0.02, B) for B in (16, 64))
    assert small == pytest.approx(2 * large)
    assert scb.theory.transfer_noise(TASK, related(0.0), 0.08, 64) == pytest.approx(2 * large)


@pytest.mark.parametrize("name", ["transfer_noise", "transfer_chance", "transfer_boundary"])
def test_wrong_settings_are_named(name):
    function = getattr(scb.theory, name)
    with pytest.raises(scb.ScbError, match="learning_rate"):
        function(TASK, related(0.1), -1, 64)
    with pytest.raises(scb.ScbError, match=r"batch_size: expected at least 1, got 0\.5"):
        function(TASK, related(0.1), 0.1, 0.5)
    with pytest.raises(scb.ScbError, match="pretrained: expected"):
        function(TASK, np.eye(3), 0.1, 64)


@pytest.mark.parametrize(("theta", "level"), [(1.0, 0.1), (1.0, 0.7), (3.0, 0.2), (0.1, 0.9)])
def test_the_time_is_that_of_the_flow_where_much_is_known_and_where_little_is(theta, level):
    """K_P = 16 K_Q: from theta = 1 on, what the hyperbola bends with is large from the start."""
    task = (0.8, 0.05, 1e9)
    exact = scb.escape_time(task, level, start=(theta, 0))
    assert scb.theory.transfer_time(task, theta, level) == pytest.approx(exact, rel=1e-5)
    flow = scb.signal_flow(task, start=(theta, 0), t_end=exact, points=2)
    assert flow.value[-1] * flow.attention[-1] < 1


@pytest.mark.parametrize("level", [1e-8, 1e-14, 1e-17, 1e-30])
@pytest.mark.parametrize("theta", [0.1, 3.0])
def test_the_time_to_a_low_level_keeps_its_digits(theta, level):
    """Nothing bends yet: alpha_A grows as K_P push, with push = theta + 1/(rT)."""
    K_P, K_Q, T = 0.8, 0.05, 1e9
    rate = K_P * (theta + 1 / (math.sqrt(K_P * K_Q) * T))
    found = scb.theory.transfer_time((K_P, K_Q, T), theta, level)
    assert found * rate / level == pytest.approx(1, rel=1e-14 + 3 * level)


def test_the_ends_of_what_is_asked():
    settings = {"learning_rate": 0.1, "batch_size": 1}
    assert scb.theory.transfer_samples(TASK, 0.1, level=0, **settings) == 0
    assert 0 <= scb.theory.transfer_time((1, 1, 10), 0.1, 1e-30) < 1e-9
    with pytest.raises(scb.ScbError, match=r"level: expected .*got 9e-31"):
        scb.theory.transfer_time((1, 1, 10), 0.1, 9e-31)
    with pytest.raises(scb.ScbError, match=r"theta: expected a number above -1/\(rT\) = -0\.25"):
        scb.theory.transfer_time((1, 1, 4), -0.25)
    with pytest.raises(scb.ScbError, match=r"beside: expected .*0 or above, got -1"):
        scb.theory.transfer_flow(TASK, 0.1, t_end=1, beside=-1)
    with pytest.raises(scb.ScbError, match="theta"):
        scb.theory.transfer_flow(TASK, 2e300, t_end=1)


def test_the_flow_is_as_exact_where_all_signals_are_tiny():
    """Linear there: alpha_V = sinh(rt) / (rT), alpha_A = (cosh(rt) - 1) / (K_Q T)."""
    K_P, K_Q, T, t = 0.2, 0.5, 1e12, 30.0
    r = math.sqrt(K_P * K_Q)
    flow = scb.theory.transfer_flow((K_P, K_Q, T), 0.0, t_end=t, points=2)
    assert flow.value[-1] * r * T == pytest.approx(math.sinh(r * t), rel=1e-6)
    assert flow.attention[-1] * K_Q * T == pytest.approx(math.cosh(r * t) - 1, rel=1e-6)
