"""Losses and gradients against enumeration, finite differences and Monte Carlo."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, matrices

import scb_edu as scb

exact = examples(25)
tiny = matrices(largest_vocab=3, largest_context=3)


@exact
@given(tiny)
def test_population_loss_is_the_mean_over_every_sample(drawn):
    P, Q, V, A = drawn
    task = scb.SCBTask(P, Q)
    enumerated = oracles.mean_loss(V, A, P, task.stationary, Q)
    closed = scb.population_loss(scb.LinearTransformer(V, A), task)
    assert closed == pytest.approx(enumerated, rel=1e-8, abs=1e-8)


@exact
@given(tiny)
def test_population_gradient_is_the_mean_over_every_sample(drawn):
    P, Q, V, A = drawn
    task = scb.SCBTask(P, Q)
    dV, dA = oracles.mean_gradient(V, A, P, task.stationary, Q)
    closed = scb.population_gradient(scb.LinearTransformer(V, A), task)
    np.testing.assert_allclose(closed.value, dV, atol=1e-8)
    np.testing.assert_allclose(closed.attention, dA, atol=1e-8)


@exact
@given(tiny)
def test_softmax_population_gradient_is_the_slope_of_the_enumerated_loss(drawn):
    P, Q, V, W = drawn
    task = scb.SCBTask(P, Q)

    def mean_loss(logits):
        return oracles.mean_loss(V, oracles.softmax(logits), P, task.stationary, Q)

    closed = scb.population_gradient(scb.SoftmaxTransformer(V, W), task).logits
    np.testing.assert_allclose(closed, oracles.numerical_gradient(mean_loss, W), atol=1e-7)


@exact
@given(tiny)
def test_bayes_loss_is_that_of_the_best_predictor(drawn):
    P, Q, _, _ = drawn
    task = scb.SCBTask(P, Q)
    best = oracles.bayes_loss(P, task.stationary, Q)
    assert scb.bayes_loss(task) == pytest.approx(best, abs=1e-10)


@exact
@given(matrices(), st.integers(0, 1000))
def test_sample_loss_and_gradient_are_the_literal_ones(drawn, seed):
    P, Q, V, A = drawn
    batch = scb.SCBTask(P, Q).sample(6, np.random.default_rng(seed))
    samples = list(zip(batch.tokens, batch.last, batch.output, strict=True))
    model = scb.LinearTransformer(V, A)
    dV, dA = zip(*(oracles.sample_gradient(V, A, *s) for s in samples), strict=True)
    losses = [oracles.sample_loss(V, A, *s) for s in samples]
    assert scb.loss(model, batch) == pytest.approx(np.mean(losses))
    np.testing.assert_allclose(scb.gradient(model, batch).value, np.mean(dV, 0), atol=1e-12)
    np.testing.assert_allclose(scb.gradient(model, batch).attention, np.mean(dA, 0), atol=1e-12)


@pytest.mark.parametrize("kind", [scb.LinearTransformer, scb.SoftmaxTransformer])
def test_sample_gradient_is_the_slope_of_the_loss(kind):
    rng = np.random.default_rng(0)
    batch = scb.SCBTask.example().sample(7, rng)
    V, weights = rng.normal(size=(3, 3)), rng.normal(size=(8, 3))
    step = scb.gradient(kind(V, weights), batch)
    slope_V = oracles.numerical_gradient(lambda x: scb.loss(kind(x, weights), batch), V)
    slope_W = oracles.numerical_gradient(lambda x: scb.loss(kind(V, x), batch), weights)
    by_value, by_weights = vars(step).values()
    np.testing.assert_allclose(by_value, slope_V, atol=1e-8)
    np.testing.assert_allclose(by_weights, slope_W, atol=1e-8)


@pytest.mark.parametrize("kind", [scb.LinearTransformer, scb.SoftmaxTransformer])
def test_sample_means_agree_with_the_population(kind):
    """200 batches of 500; every entry within 5 standard errors."""
    rng = np.random.default_rng(0)
    task = scb.SCBTask.random(4, 6, 2, rng)
    model = kind(rng.normal(size=(4, 4)), rng.normal(size=(6, 4)))
    rows = []
    for _ in range(200):
        batch = task.sample(500, rng)
        parts = vars(scb.gradient(model, batch)).values()
        rows.append(np.hstack([scb.loss(model, batch), *(x.ravel() for x in parts)]))
    exact_parts = vars(scb.population_gradient(model, task)).values()
    truth = np.hstack([scb.population_loss(model, task), *(x.ravel() for x in exact_parts)])
    error = np.std(rows, axis=0, ddof=1) / np.sqrt(len(rows))
    assert (np.abs(np.mean(rows, axis=0) - truth) <= 5 * error + 1e-15).all()


def test_repeated_and_missing_last_tokens_land_in_their_own_columns():
    batch = scb.Batch(np.array([[0], [1], [2]]), np.array([2, 0, 2]), np.array([0, 0, 0]))
    V, A = np.arange(9.0).reshape(3, 3), np.array([[0.5, 1.0, 2.0]])
    dA = np.mean(
        [oracles.sample_gradient(V, A, *s)[1] for s in (([0], 2, 0), ([1], 0, 0), ([2], 2, 0))],
        axis=0,
    )
    found = scb.gradient(scb.LinearTransformer(V, A), batch).attention
    np.testing.assert_allclose(found, dA)
    assert found[0, 1] == 0


@exact
@given(tiny)
def test_precondition_divides_and_centres(drawn):
    P, Q, V, A = drawn
    mu = scb.SCBTask(P, Q).stationary
    step = scb.precondition(scb.Gradient(V, A), mu)
    step_V, step_A = oracles.preconditioned(V, A, mu)
    np.testing.assert_allclose(step.value, step_V, atol=1e-12)
    np.testing.assert_allclose(step.attention, step_A, atol=1e-12)


@exact
@given(tiny)
def test_no_model_beats_the_bayes_loss(drawn):
    P, Q, V, A = drawn
    task = scb.SCBTask(P, Q)
    assert scb.population_loss(scb.LinearTransformer(V, A), task) >= scb.bayes_loss(task) - 1e-12


def test_gradient_never_builds_a_dense_one_hot():
    """At N = 1000, T = 2000, B = 32 the one-hot context alone would be 512 MB."""
    import tracemalloc

    rng = np.random.default_rng(0)
    task = scb.SCBTask.random(1000, 2000, 2, rng)
    batch, model = task.sample(32, rng), scb.LinearTransformer.initial(task)
    tracemalloc.start()
    scb.gradient(model, batch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6


def test_the_preconditioner_wants_a_column_for_each_token():
    mu = np.array([0.5, 0.5])
    for name, V, A in (("value", (2, 3), (4, 2)), ("attention", (2, 2), (4, 3))):
        with pytest.raises(scb.ScbError, match=rf"gradient\.{name}: expected"):
            scb.precondition(scb.Gradient(np.ones(V), np.ones(A)), mu)
