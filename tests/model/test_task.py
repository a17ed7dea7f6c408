"""The task: its law, its stationary distribution and its sampler."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from scipy import stats
from strategies import examples, matrices

import scb_edu as scb
from scb_edu.model.random_tasks import random_transition

exact = examples(30)


@exact
@given(matrices())
def test_stationary_distribution_is_the_limit_of_the_chain(drawn):
    P, Q, _, _ = drawn
    mu = scb.SCBTask(P, Q).stationary
    np.testing.assert_allclose(mu, oracles.stationary(P), atol=1e-10)


@exact
@given(matrices())
def test_output_distribution_is_the_conditional_law(drawn):
    P, Q, _, _ = drawn
    task = scb.SCBTask(P, Q)
    for weight, tokens, last, output in oracles.every_sample(P, task.stationary, Q):
        context = task.stationary[list(tokens)].prod() * task.stationary[last]
        law = task.output_distribution([tokens], [last])[0]
        assert law[output] == pytest.approx(weight / context, abs=1e-12)


@exact
@given(matrices())
def test_energies_are_the_square_distances_from_uniform(drawn):
    P, Q, _, _ = drawn
    task = scb.SCBTask(P, Q)
    mu, T = task.stationary, len(Q)
    D = np.diag(mu) - np.outer(mu, mu)
    assert task.transition_energy == pytest.approx(np.trace(P @ D @ P.T), abs=1e-12)
    K_Q = sum(mu[k] * Q[:, k] @ Q[:, k] for k in range(len(P))) - 1 / T
    assert task.attention_energy == pytest.approx(K_Q, abs=1e-12)


def test_sampler_follows_the_law_of_the_task():
    """Every (tokens, last, output) of a tiny task; chi-square, error rate 1 in 1000."""
    task = scb.SCBTask([[0.7, 0.5], [0.3, 0.5]], [[0.2, 0.0], [0.8, 0.9], [0.0, 0.1]])
    count = 200_000
    batch = task.sample(count, np.random.default_rng(1))
    shape = (2, 2, 2, 2, 2)
    drawn = np.bincount(
        np.ravel_multi_index((*batch.tokens.T, batch.last, batch.output), shape), minlength=32
    ).reshape(shape)
    expected = np.zeros(shape)
    for weight, tokens, last, output in oracles.every_sample(
        task.transition, task.stationary, task.attention
    ):
        expected[(*tokens, last, output)] = weight * count
    assert stats.chisquare(drawn.ravel(), expected.ravel()).pvalue > 1e-3


@pytest.mark.parametrize("vocab_size", [2, 8, 9, 256, 257, 1000])
def test_tokens_follow_mu_and_use_the_smallest_type(vocab_size):
    """Chi-square over the vocabulary, error rate 1 in 1000 a size."""
    rng = np.random.default_rng(vocab_size)
    task = scb.SCBTask.random(vocab_size, 50, 1, rng)
    tokens = task.sample(20_000, rng).tokens
    assert tokens.dtype == (np.uint8 if vocab_size <= 256 else np.uint16)
    counts = np.bincount(tokens.ravel(), minlength=vocab_size)
    assert stats.chisquare(counts, task.stationary * tokens.size).pvalue > 1e-3


def test_tokens_of_one_sample_are_independent():
    """Neighbouring positions share a random word; chi-square of pairs, error rate 1 in 1000."""
    task = scb.SCBTask.example(40)
    tokens = task.sample(20_000, np.random.default_rng(3)).tokens.astype(int)
    pairs = np.bincount((3 * tokens[:, :-1] + tokens[:, 1:]).ravel(), minlength=9).reshape(3, 3)
    assert stats.chi2_contingency(pairs).pvalue > 1e-3


def test_same_seed_same_samples_and_nothing_global():
    task = scb.SCBTask.example()
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (the global state is the subject)
    one, two = (task.sample(5, np.random.default_rng(7)) for _ in range(2))
    for name in ("tokens", "last", "output"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_seed_gives_these_tokens_for_ever():
    """Lessons print samples: a change of the stream must be seen and decided."""
    batch = scb.SCBTask.example().sample(2, np.random.default_rng(0))
    assert batch.tokens.tolist() == [[1, 2, 2, 1, 2, 1, 2, 0], [2, 0, 0, 0, 2, 0, 0, 0]]
    assert (batch.last.tolist(), batch.output.tolist()) == ([0, 0], [1, 0])


def test_one_token_and_one_position_leave_nothing_to_draw():
    task = scb.SCBTask.random(1, 1, 1, np.random.default_rng(0))
    batch = task.sample(3, np.random.default_rng(0))
    assert batch.tokens.tolist() == [[0]] * 3
    assert batch.output.tolist() == [0] * 3
    assert scb.bayes_loss(task) == 0


def test_a_large_task_fits():
    rng = np.random.default_rng(0)
    task = scb.SCBTask.random(1000, 2000, 5, rng)
    batch = task.sample(32, rng)
    assert task.sparsity == 5
    assert batch.tokens.shape == (32, 2000)
    np.testing.assert_allclose(task.transition @ task.stationary, task.stationary, atol=1e-14)


def test_random_attention_has_exactly_q_positions_in_every_column():
    task = scb.SCBTask.random(20, 30, 4, np.random.default_rng(0))
    assert (np.count_nonzero(task.attention, axis=0) == 4).all()


def test_a_concentrated_column_is_peaked():
    peaked, flat = (
        scb.SCBTask.random(20, 2, 1, np.random.default_rng(0), concentration=c).transition.max(0)
        for c in (0.01, 100.0)
    )
    assert np.median(peaked) > 0.9 > 0.2 > flat.max()


def test_a_periodic_chain_has_a_stationary_distribution():
    task = scb.SCBTask([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.ones((1, 3)))
    np.testing.assert_allclose(task.stationary, 1 / 3)


def test_a_law_that_is_stationary_for_some_tokens_only_is_refused():
    """The row of token 2 is constant, so P mu = mu holds there for any mu; it fails elsewhere."""
    P = [[0.8, 0.4, 0.3, 0.3], [0.1, 0.4, 0.3, 0.1], [0.1, 0.1, 0.1, 0.1], [0.0, 0.1, 0.3, 0.5]]
    mu = np.array([0.4, 0.4, 0.1, 0.1])
    gap = [sum(P[n][m] * mu[m] for m in range(4)) - mu[n] for n in range(4)]
    np.testing.assert_allclose(gap, [0.14, -0.16, 0, 0.02], atol=1e-15)
    with pytest.raises(scb.ScbError, match=r"P mu = mu, got a difference of 0\.16 at token 1;"):
        scb.SCBTask(P, np.ones((1, 4)), mu)


@pytest.mark.parametrize("P", [[[1, 0.5], [0, 0.5]], [[0.5, 0], [0.5, 1]]])
def test_a_token_that_is_left_for_ever_is_told_from_a_rare_one(P):
    """One way from each token to the other one makes no chain that comes back."""
    left = int(P[0][0] == 1)
    with pytest.raises(scb.ScbError, match=f"got 0 for token {left}: once left it is never"):
        scb.SCBTask(P, np.ones((1, 2)))


def test_the_task_is_frozen_and_keeps_its_own_copy():
    P = np.array([[0.5, 0.5], [0.5, 0.5]])
    task = scb.SCBTask(P, [[1.0, 1.0]])
    P[0, 0] = 9
    assert task.transition[0, 0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        task.transition[0, 0] = 9
    with pytest.raises(AttributeError):
        task.transition = P


def test_columns_are_scaled_to_sum_to_one():
    task = scb.SCBTask([[0.5 + 4e-7, 0.5], [0.5, 0.5]], [[1.0, 1.0]])
    np.testing.assert_allclose(task.transition.sum(axis=0), 1, atol=1e-15)


@pytest.mark.parametrize(
    ("tokens", "last", "output", "wrong"),
    [
        ((1, 2, 2), (1,), (1,), r"tokens: .* \(B, T\), got shape \(1, 2, 2\)"),
        ((1,), (1,), (1,), r"tokens: .* \(B, T\), got shape \(1,\)"),
        ((2, 3), (1,), (2,), r"last: .* \(B,\) = \(2,\), got \(1,\)"),
        ((2, 3), (2,), (1,), r"output: .* \(B,\) = \(2,\), got \(1,\)"),
        ((2, 3), (2, 1), (2, 1), r"last: .* \(B,\), got shape \(2, 1\)"),
    ],
)
def test_a_batch_has_one_last_token_and_one_output_for_each_context(tokens, last, output, wrong):
    with pytest.raises(scb.ScbError, match=wrong):
        scb.Batch(*(np.zeros(shape, int) for shape in (tokens, last, output)))


@pytest.mark.parametrize(
    ("call", "name", "numbers"),
    [
        (lambda rng: scb.SCBTask.example(333_333_334), "context_length", 1_000_000_002),
        (lambda rng: scb.SCBTask.example().sample(125_000_001, rng), "batch_size", 1_000_000_008),
        (lambda rng: scb.SCBTask.random(31_623, 2, 1, rng), "vocab_size", 31_623**2),
        (lambda rng: scb.SCBTask.random(10, 10**8 + 1, 1, rng), "context_length", 10**9 + 10),
    ],
)
def test_what_fits_no_memory_is_refused_before_it_is_made(call, name, numbers):
    with pytest.raises(scb.ScbError, match=rf"^{name}: .* 1,000,000,000 numbers, got {numbers};"):
        call(np.random.default_rng(0))


def test_a_random_transition_mixes_in_a_hundredth_of_uniform():
    """So every token can follow every other, however peaked the columns are."""
    P = random_transition(4, np.random.default_rng(0), concentration=1e-3)
    assert P.min() == pytest.approx(0.01 / 4, rel=1e-6)
    assert P.max() == pytest.approx(0.99 + 0.01 / 4, rel=1e-3)
