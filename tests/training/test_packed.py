"""The fast path: its batches follow the law, its gradients are those of the plain version."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from strategies import matrices

import scb_edu as scb
from scb_edu.training.packed import MOST_CODES, Packing

exact = settings(max_examples=60, deadline=None, derandomize=True)


def columns(A, tokens):
    return np.asfortranarray(A[:, tokens])


@exact
@given(matrices(largest_vocab=7, largest_context=9), st.integers(1, 40), st.integers(0, 1000))
def test_its_gradient_is_that_of_the_plain_version_on_the_same_batch(drawn, B, seed):
    P, Q, V, A = drawn
    packing = Packing(scb.SCBTask(P, Q))
    packed = packing.draw(B, np.random.default_rng(seed))
    batch = packing.unpack(packed)
    fast = packing.gradient(V, columns(A, packed.tokens), packed)
    model = scb.LinearTransformer(V, A)
    plain = scb.gradient(model, batch)
    np.testing.assert_array_equal(packed.tokens, np.unique(batch.last))
    assert fast.loss == pytest.approx(scb.loss(model, batch), rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(fast.value, plain.value, atol=1e-12)
    np.testing.assert_allclose(fast.attention, plain.attention[:, packed.tokens], atol=1e-12)
    others = np.delete(plain.attention, packed.tokens, axis=1)
    assert not others.any()  # a last token that is not in the batch has no gradient


@pytest.mark.parametrize(("N", "T", "B"), [(3, 200, 64), (10, 50, 200), (17, 30, 9), (300, 20, 40)])
def test_it_agrees_in_float32_too_and_at_sizes_with_and_without_packing(N, T, B):
    rng = np.random.default_rng(N)
    task = scb.SCBTask.random(N, T, 2, rng)
    packing = Packing(task, np.float32)
    model = scb.LinearTransformer(
        rng.normal(size=(N, N)).astype(np.float32), rng.normal(size=(T, N)).astype(np.float32)
    )
    packed = packing.draw(B, rng)
    fast = packing.gradient(model.value, columns(model.attention, packed.tokens), packed)
    plain = scb.gradient(model, packing.unpack(packed))
    assert fast.value.dtype == fast.attention.dtype == np.float32
    scale = np.abs(plain.attention).max()
    np.testing.assert_allclose(fast.value, plain.value, atol=2e-6 * np.abs(plain.value).max())
    np.testing.assert_allclose(fast.attention, plain.attention[:, packed.tokens], atol=2e-6 * scale)


@pytest.mark.parametrize(("N", "width"), [(1, 8), (2, 8), (3, 5), (4, 4), (16, 2), (17, 1)])
def test_as_many_tokens_share_a_code_as_fit(N, width):
    packing = Packing(scb.SCBTask.random(N, 2, 1, np.random.default_rng(0)))
    assert packing.width == width
    assert packing.digits.shape == (N**width, width)
    assert N**width <= MOST_CODES
    assert len(np.unique(packing.digits, axis=0)) == N**width


def test_every_sample_is_drawn_as_often_as_the_law_says():
    """Chi-square over all 32 samples of a tiny task; a right sampler fails once in 10,000 seeds."""
    P, Q = np.array([[0.8, 0.3], [0.2, 0.7]]), np.array([[0.7, 0.0], [0.3, 0.4], [0.0, 0.6]])
    packing = Packing(scb.SCBTask(P, Q))
    batch = packing.unpack(packing.draw(200_000, np.random.default_rng(1)))
    bits = 2 ** np.arange(5)  # a sample as one number
    seen = np.bincount(np.column_stack([batch.tokens, batch.last, batch.output]) @ bits)
    expected = np.zeros(32)
    for weight, tokens, last, output in oracles.every_sample(P, oracles.stationary(P), Q):
        expected[np.dot((*tokens, last, output), bits)] = weight
    assert chisquare(seen, expected * 200_000).pvalue > 1e-4


def test_samples_that_share_a_code_are_independent():
    """Two neighbours' tokens at one position: chi-square against the product of their laws."""
    task = scb.SCBTask([[0.6, 0.2], [0.4, 0.8]], [[1.0, 0.0], [0.0, 1.0]])
    packing = Packing(task)
    batch = packing.unpack(packing.draw(400_000, np.random.default_rng(2)))
    first, second = batch.tokens[:-1:2, 0], batch.tokens[1::2, 0]
    seen = np.bincount(2 * first + second, minlength=4)
    mu = oracles.stationary(np.array([[0.6, 0.2], [0.4, 0.8]]))
    assert chisquare(seen, np.outer(mu, mu).ravel() * len(first)).pvalue > 1e-4


def test_the_mean_of_its_gradients_is_the_population_gradient():
    """Within 5 standard errors, entry by entry, 12 + 9 entries."""
    task = scb.SCBTask.example(4)
    packing = Packing(task)
    rng = np.random.default_rng(3)
    V, A = rng.normal(size=(3, 3)), rng.normal(size=(4, 3))
    truth = scb.population_gradient(scb.LinearTransformer(V, A), task)
    seen = []
    for _ in range(2000):
        packed = packing.draw(50, rng)
        fast = packing.gradient(V, columns(A, packed.tokens), packed)
        dA = np.zeros_like(A)
        dA[:, packed.tokens] = fast.attention
        seen.append(np.concatenate([fast.value.ravel(), dA.ravel()]))
    error = np.std(seen, axis=0) / np.sqrt(len(seen))
    exact_mean = np.concatenate([truth.value.ravel(), truth.attention.ravel()])
    assert (np.abs(np.mean(seen, axis=0) - exact_mean) < 5 * error).all()


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_a_batch_has_a_positive_whole_size(size):
    with pytest.raises(scb.ScbError, match="batch_size"):
        Packing(scb.SCBTask.example()).draw(size, np.random.default_rng(0))


def test_randomness_comes_from_a_generator():
    with pytest.raises(scb.ScbError, match="rng"):
        Packing(scb.SCBTask.example()).draw(3, 7)
