"""The closed forms of noise, against enumeration and simulation."""

import math
from itertools import product

import numpy as np
import pytest
from oracles import every_sample, preconditioned, sample_gradient

import scb_edu as scb
from scb_edu.theory.complexity import settled_energy

TINY = [(2, 3, 1), (3, 4, 2), (3, 1, 1), (2, 6, 3)]


def initial(task):
    N, T = task.vocab_size, task.context_length
    return np.outer(task.stationary, np.ones(N)), np.full((T, N), 1 / T)


def push_of_sample(task, V, A, sample):
    """What one sample says about d alpha_V / dt, with dense matrices."""
    P, mu = task.transition, task.stationary
    step, _ = preconditioned(*sample_gradient(V, A, *sample), mu)
    far = P - np.outer(mu, np.ones(len(mu)))
    energy = sum(mu[k] * far[:, k] @ far[:, k] for k in range(len(mu)))
    return -sum(mu[k] * step[:, k] @ far[:, k] for k in range(len(mu))) / energy


def enumerated(task):
    """Mean and standard deviation of the first push, over every sample with its probability."""
    law = every_sample(task.transition, task.stationary, task.attention)
    pairs = [(w, push_of_sample(task, *initial(task), rest)) for w, *rest in law]
    mean = sum(w * push for w, push in pairs)
    return mean, math.sqrt(sum(w * (push - mean) ** 2 for w, push in pairs))


@pytest.mark.parametrize("sizes", TINY)
def test_the_first_push_has_the_stated_mean_and_noise(sizes):
    task = scb.SCBTask.random(*sizes, np.random.default_rng(sum(sizes)))
    mean, noise = enumerated(task)
    assert mean == pytest.approx(1 / task.context_length, rel=1e-11)
    assert scb.theory.initial_signal_std(task) == pytest.approx(noise, rel=1e-11)


def test_samples_needed_lift_the_signal_over_the_noise_that_often():
    task = scb.SCBTask.random(3, 4, 2, np.random.default_rng(5))
    mean, noise = enumerated(task)
    for snr in (0.5, 1, 3):
        assert mean / (noise / math.sqrt(scb.theory.samples_needed(task, snr))) == pytest.approx(
            snr
        )


def test_samples_needed_tend_to_the_formula_for_long_contexts():
    for seed in range(5):
        task = scb.SCBTask.random(4, 20_000, 2, np.random.default_rng(seed))
        P, mu = task.transition, task.stationary
        D = np.diag(mu) - np.outer(mu, mu)
        limit = 20_000 * np.trace(D @ P @ D @ P.T) / np.trace(P @ D @ P.T) ** 2
        assert scb.theory.samples_needed(task, 1) == pytest.approx(limit, rel=1e-3)


def test_where_the_last_token_looks_does_not_matter_at_the_start():
    P = scb.model.random_transition(3, np.random.default_rng(0))
    pointers = [scb.model.random_attention(3, 9, Q, np.random.default_rng(Q)) for Q in (1, 3, 9)]
    noises = {
        round(scb.theory.initial_signal_std(scb.SCBTask(P, pointer)), 12) for pointer in pointers
    }
    assert len(noises) == 1


def test_a_value_push_is_how_far_a_step_moves_the_signal():
    task = scb.SCBTask.random(3, 5, 2, np.random.default_rng(1))
    model = scb.LinearTransformer.from_signals(task, 0.3, 0.4)
    slope = scb.gradient(model, task.sample(7, np.random.default_rng(2)))
    step = scb.precondition(slope, task.stationary)
    moved = scb.LinearTransformer(model.value - 0.01 * step.value, model.attention)
    speed = (scb.signals(moved, task).value - 0.3) / 0.01
    assert scb.theory.initial_signal_drift(slope, task) == pytest.approx(speed)


def share_on_the_right_side(task, rate, batch, runs, rng):
    """Two numbers in small steps, the linear flow at the start with normal noise on alpha_V."""
    T, K_P, K_Q = task.context_length, task.transition_energy, task.attention_energy
    v, a = np.zeros((2, runs))
    for _ in range(round(12 / (rate * math.sqrt(K_P * K_Q)))):
        noise = scb.theory.initial_signal_std(task) / math.sqrt(batch) * rng.normal(size=runs)
        v, a = v + rate * ((1 - v) / T + K_Q * a + noise), a + rate * K_P * v
    return np.mean(v > 0)


@pytest.mark.parametrize(("batch", "T"), [(4, 200), (4, 1000), (16, 1000)])
def test_the_chance_to_escape_is_that_of_a_noisy_linear_flow(batch, T):
    task, runs = scb.SCBTask.example(T), 4000
    share = share_on_the_right_side(task, 0.05, batch, runs, np.random.default_rng(batch * T))
    chance = scb.theory.escape_chance(task, 0.05, batch)
    # 4 standard deviations: fails by chance in 1 of 16,000 cases; 0.01 for steps of finite size
    assert abs(share - chance) < 0.01 + 4 * math.sqrt(chance * (1 - chance) / runs)


def test_the_chance_to_escape_goes_from_a_coin_toss_to_certainty():
    task = scb.SCBTask.example(1000)
    chances = [scb.theory.escape_chance(task, 0.1, B) for B in (1, 10, 100, 10_000)]
    assert chances == sorted(chances)
    assert 0.5 < scb.theory.escape_chance(scb.SCBTask.example(10**6), 0.1, 1) < 0.51
    assert chances[-1] > 0.999
    # only B over rate counts
    assert scb.theory.escape_chance(task, 0.02, 8) == pytest.approx(
        scb.theory.escape_chance(task, 0.04, 16)
    )


def simulated_attention_noise(task, rate, batch, steps, rng):
    """V stays at P; A moves by literal, dense, preconditioned and projected steps."""
    P, Q, mu = task.transition, task.attention, task.stationary
    N = task.vocab_size
    A, far = np.array(Q), []
    for step in range(steps):
        data = task.sample(batch, rng)
        X = np.eye(N)[data.tokens]  # (B, T, N)
        residual = np.einsum("btn,tb->bn", X, A[:, data.last]) @ P.T - np.eye(N)[data.output]
        push = np.einsum("btn,bn->bt", X, residual @ P)  # X^T V^T r
        slope = np.zeros_like(A)
        np.add.at(slope.T, data.last, push / batch)
        slope /= mu
        A = A - rate * (slope - slope.mean(axis=0))
        if step >= steps // 4:
            far.append(np.sum(mu * (A - Q) ** 2))
    return math.sqrt(np.mean(far))


@pytest.mark.parametrize(("rate", "batch", "T"), [(0.1, 64, 60), (0.1, 16, 60), (0.05, 16, 200)])
def test_the_noise_of_the_attention_around_the_truth(rate, batch, T):
    task = scb.SCBTask.example(T)
    # a mean over some 20 times the memory 1 / (2 rate K_P) of the noise, and over 3 T weights:
    # its own scatter is about 3 %
    found = simulated_attention_noise(
        task, rate, batch, round(80 / rate), np.random.default_rng(T + batch)
    )
    assert scb.theory.attention_noise(task, rate, batch) == pytest.approx(found, rel=0.1)


def test_the_noise_that_the_soft_threshold_leaves():
    """Entries outside the support, one by one: noise, then the threshold, for a long time."""
    task, rate, batch, rng = scb.SCBTask.example(500), 0.01, 64, np.random.default_rng(3)
    P, mu, q = task.transition, task.stationary, task.attention[:, 0]
    D = np.diag(mu) - np.outer(mu, mu)
    S = P @ D @ P.T
    noise = np.sqrt((np.trace(S @ D) - q @ q * np.trace(S @ S)) / (batch * mu))  # (N,)
    penalty = 0.1 * noise.mean()
    entries = np.zeros((4000, 3))
    for _ in range(6000):
        entries = entries + rate * noise * rng.normal(size=entries.shape)
        entries -= np.clip(entries, -rate * penalty, rate * penalty)
    found = math.sqrt(499 * np.sum(mu * np.mean(entries**2, axis=0)))
    # the steps are not infinitely small: 1 % in the square, and 2 % of scatter
    assert scb.theory.attention_noise(task, rate, batch, penalty) == pytest.approx(found, rel=0.04)


def pushes_off_support(task, k):
    """Every push of one sample on a weight outside the support of q_k, at the truth: (n, 2).

    A row has its chance and its value, token by token on the support, for every output.
    """
    P, mu, N = task.transition, task.stationary, task.vocab_size
    true, q = P - mu[:, None], [weight for weight in task.attention[:, k] if weight > 0]
    rows = []
    for tokens in product(range(N), repeat=len(q)):
        context = sum(weight * P[:, x] for weight, x in zip(q, tokens, strict=True))
        for weight, source in zip(q, tokens, strict=True):
            for output, here in product(range(N), repeat=2):
                chance = weight * np.prod(mu[list(tokens)]) * P[output, source] * mu[here]
                residual = context - np.eye(N)[output]
                rows.append((chance, -residual @ true[:, here]))
    return np.array(rows)


def test_the_skewed_mass_has_the_moments_of_every_sample():
    """Three positions with unequal weights, tokens that are not alike."""
    task = scb.SCBTask.random(3, 50, 3, np.random.default_rng(8), concentration=0.3)
    rate, B, total, noise = 0.02, 16, 0.0, 0.0
    for k, mass in enumerate(task.stationary):
        chance, push = pushes_off_support(task, k).T
        assert chance @ push == pytest.approx(0, abs=1e-12)
        second, third = chance @ push**2, chance @ push**3
        total += mass * rate * 50 * third / (3 * B * mass * second)
        noise += mass * second / (B * mass)
    assert scb.theory.skewed_mass(task, rate, B) == pytest.approx(total, rel=1e-9)
    mass = scb.theory.thresholded_mass(task, rate, B, 0.01)
    assert mass == pytest.approx(50 * rate * noise / (2 * 0.01), rel=1e-9)


def test_with_two_tokens_that_are_alike_nothing_is_skewed():
    task = scb.SCBTask([[0.8, 0.2], [0.2, 0.8]], np.eye(50)[:, :2])
    assert scb.theory.skewed_mass(task, 0.02, 16) == pytest.approx(0, abs=1e-15)


def test_a_skewed_weight_under_a_threshold_is_not_zero_on_average():
    """x <- S(x + eta zeta): E x = eta kappa_3 / (3 g^2) and E |x| = eta g^2 / (2 beta).

    Both are for a penalty far below g; here it is a tenth. 60,000 weights, 300 looks apart by a
    tenth of their memory: E x scatters by about 3 %.
    """
    eta, g, skew, rng = 0.1, 1.0, 2.0, np.random.default_rng(0)  # an exponential less its mean
    beta, x = 0.1 * g, np.zeros(60_000)
    looks = []
    for step in range(1200):
        x = x + eta * (rng.exponential(size=x.size) - 1)
        x = x - np.clip(x, -eta * beta, eta * beta)
        if step > 600 and step % 10 == 0:
            looks.append((x.mean(), np.abs(x).mean()))
    mean, size = np.mean(looks, axis=0)
    assert mean == pytest.approx(eta * skew / 3, rel=0.12)
    assert size == pytest.approx(eta * g**2 / (2 * beta), rel=0.1)


@pytest.mark.parametrize("T", [2, 3, 5])
def test_the_energy_that_noise_keeps_up_position_by_position(T):
    """A column of A has T - 1 free directions: the projection takes one away."""
    task = scb.SCBTask.random(3, T, 2, np.random.default_rng(T))
    P, mu, rate, value = task.transition, task.stationary, 0.05, 0.7
    D, samples = np.diag(mu) - np.outer(mu, mu), 16 * mu
    S, kept = P @ D @ P.T, 0.0
    for k in range(3):
        weights = sum(weight**2 for weight in task.attention[:, k])
        noise = (np.trace(D @ S) - weights * np.trace(S @ S)) / samples[k]
        feeding = sum([np.trace(S @ S) / samples[k]] * (T - 1), np.trace(S) ** 2)
        pull = 2 * np.trace(S) - rate * value**2 * feeding
        kept += mu[k] * sum([rate * noise / pull] * (T - 1))
    assert settled_energy(task, rate, samples, value) == pytest.approx(kept, rel=1e-10)


def test_noise_that_feeds_on_itself_has_no_end():
    task = scb.SCBTask.example(4000)
    assert scb.theory.attention_noise(task, 0.01, 64) < 1
    assert scb.theory.attention_noise(task, 0.5, 64) == math.inf


def test_a_transition_without_energy_is_refused():
    flat = scb.SCBTask(np.full((2, 2), 0.5), np.ones((1, 2)))
    push = scb.population_gradient(scb.LinearTransformer.initial(flat), flat)
    for call in (
        lambda: scb.theory.initial_signal_std(flat),
        lambda: scb.theory.samples_needed(flat, 1),
        lambda: scb.theory.escape_chance(flat, 0.1, 4),
        lambda: scb.theory.attention_noise(flat, 0.1, 4),
        lambda: scb.theory.skewed_mass(flat, 0.1, 4),
        lambda: scb.theory.thresholded_mass(flat, 0.1, 4, 0.1),
        lambda: scb.theory.initial_signal_drift(push, flat),
    ):
        with pytest.raises(scb.ScbError, match="energy"):
            call()


def test_what_is_not_as_described_is_refused():
    task = scb.SCBTask.example()
    with pytest.raises(scb.ScbError, match="snr"):
        scb.theory.samples_needed(task, 0)
    with pytest.raises(scb.ScbError, match="learning_rate"):
        scb.theory.escape_chance(task, -1, 4)
    with pytest.raises(scb.ScbError, match="batch_size"):
        scb.theory.attention_noise(task, 0.1, 0.5)
    with pytest.raises(scb.ScbError, match="penalty"):
        scb.theory.attention_noise(task, 0.1, 4, -0.1)
    with pytest.raises(scb.ScbError, match="penalty"):
        scb.theory.thresholded_mass(task, 0.1, 4, 0)
    with pytest.raises(scb.ScbError, match="task"):
        scb.theory.initial_signal_std((0.1, 0.4, 100))
    with pytest.raises(scb.ScbError, match="gradient"):
        scb.theory.initial_signal_drift(scb.Gradient(np.eye(2), np.eye(2)), task)
