"""Similarity and sparsity of attention maps against loops, exact values and laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import scb_edu as scb


def cosine_by_loops(A, B, mu):
    T, N = len(A), len(mu)
    ab = aa = bb = 0.0
    for k in range(N):
        mean_a = sum(A[t][k] for t in range(T)) / T
        mean_b = sum(B[t][k] for t in range(T)) / T
        for t in range(T):
            a, b = A[t][k] - mean_a, B[t][k] - mean_b
            ab, aa, bb = ab + mu[k] * a * b, aa + mu[k] * a * a, bb + mu[k] * b * b
    return ab / math.sqrt(aa * bb)


@examples(100)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(1, 4))
def test_similarity_is_the_cosine_counted_by_hand(seed, T, N):
    rng = np.random.default_rng(seed)
    A, B, mu = rng.normal(size=(T, N)), rng.normal(size=(T, N)), rng.dirichlet(np.full(N, 3))
    found = scb.model.attention_cosine(A, B, mu)
    assert found == pytest.approx(cosine_by_loops(A.tolist(), B.tolist(), mu.tolist()))
    # neither the length of a map counts, nor what all positions have in common
    assert scb.model.attention_cosine(3 * A + 5, B, mu) == pytest.approx(found)
    assert scb.model.attention_cosine(B, A, mu) == pytest.approx(found)


def test_a_uniform_map_is_like_nothing():
    task = scb.SCBTask.example(5)
    uniform = np.full((5, 3), 0.2)
    assert math.isnan(scb.model.attention_cosine(uniform, task.attention, task.stationary))


def test_rare_tokens_count_less():
    A = np.array([[1.0, 1.0], [0.0, 0.0]])
    B = np.array([[1.0, 0.0], [0.0, 1.0]])  # alike for token 0, opposite for token 1
    assert scb.model.attention_cosine(A, B, np.array([0.9, 0.1])) == pytest.approx(0.8)


@pytest.mark.parametrize("T", [4, 8, 100])
def test_uniform_attention_leaves_what_is_off_the_support(T):
    task = scb.SCBTask.example(T)
    start = scb.LinearTransformer.initial(task)
    assert scb.model.off_support_mass(start, task) == pytest.approx(1 - 2 / T)
    assert scb.model.off_support_mass(scb.LinearTransformer.oracle(task), task) == 0
    floor = 1e-3  # the oracle of softmax keeps (T - 2) floors of 1 + T floors
    soft = scb.SoftmaxTransformer.oracle(task, floor=floor)
    assert scb.model.off_support_mass(soft, task) == pytest.approx(
        (T - 2) * floor / (1 + T * floor)
    )


def test_negative_weights_and_rare_tokens_off_the_support():
    task = scb.SCBTask([[0.9, 0.6], [0.1, 0.4]], [[1.0, 0.0], [0.0, 1.0]])  # mu = 6/7, 1/7
    model = scb.LinearTransformer(task.transition, [[1.2, -0.7], [-0.2, 1.7]])
    assert scb.model.off_support_mass(model, task) == pytest.approx((6 * 0.2 + 0.7) / 7)


def test_effective_positions_are_exact_for_even_weights():
    mu = np.array([0.75, 0.25])
    A = np.array([[0.5, 0.25], [-0.5, 0.25], [0.0, 0.25], [0.0, 0.25]])
    assert scb.model.effective_support_size(A, mu) == pytest.approx(0.75 * 2 + 0.25 * 4)
    assert scb.model.effective_support_size(7 * A, mu) == pytest.approx(2.5)
    task = scb.SCBTask.example(30)
    entropy = -(0.6 * math.log(0.6) + 0.4 * math.log(0.4))
    assert scb.model.effective_support_size(task.attention, task.stationary) == pytest.approx(
        math.exp(entropy)
    )


def test_maps_that_do_not_fit_are_refused_in_words():
    task = scb.SCBTask.example(8)
    A, mu = task.attention, task.stationary
    with pytest.raises(scb.ScbError, match=r"second.*shape"):
        scb.model.attention_cosine(A, A[:5], mu)
    with pytest.raises(scb.ScbError, match=r"first.*shape"):
        scb.model.attention_cosine(A, A, mu[:2])
    with pytest.raises(scb.ScbError, match="attention"):
        scb.model.effective_support_size(np.full((2, 2), np.nan), np.full(2, 0.5))
    with pytest.raises(scb.ScbError, match="attention"):
        scb.model.effective_support_size(np.eye(2) * [1, 0], np.full(2, 0.5))
    with pytest.raises(scb.ScbError, match=r"model\.attention"):
        scb.model.off_support_mass(scb.LinearTransformer.initial(scb.SCBTask.example(9)), task)
