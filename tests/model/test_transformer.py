"""The models, their signals and their distances."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, matrices

import scb_edu as scb

exact = examples(30)
MODELS = [scb.LinearTransformer, scb.SoftmaxTransformer]


@exact
@given(matrices(), st.integers(0, 1000))
def test_prediction_is_v_x_a(drawn, seed):
    P, Q, V, A = drawn
    batch = scb.SCBTask(P, Q).sample(5, np.random.default_rng(seed))
    linear = scb.LinearTransformer(V, A).predict(batch.tokens, batch.last)
    softmax = scb.SoftmaxTransformer(V, A).predict(batch.tokens, batch.last)
    for b in range(5):
        sample = batch.tokens[b], batch.last[b]
        np.testing.assert_allclose(linear[b], oracles.prediction(V, A, *sample), atol=1e-12)
        expected = oracles.prediction(V, oracles.softmax(A), *sample)
        np.testing.assert_allclose(softmax[b], expected, atol=1e-12)


@exact
@given(matrices(), st.floats(-2, 2), st.floats(-2, 2))
def test_signals_of_the_family_are_its_coordinates(drawn, alpha_V, alpha_A):
    P, Q, _, _ = drawn
    task = scb.SCBTask(P, Q)
    found = scb.signals(scb.LinearTransformer.from_signals(task, alpha_V, alpha_A), task)
    if task.transition_energy > 1e-8:
        assert found.value == pytest.approx(alpha_V, abs=1e-6)
    if task.attention_energy > 1e-8:
        assert found.attention == pytest.approx(alpha_A, abs=1e-6)


@exact
@given(matrices())
def test_distances_are_weighted_by_the_tokens_mass(drawn):
    P, Q, V, A = drawn
    task = scb.SCBTask(P, Q)
    found = scb.distances(scb.LinearTransformer(V, A), task)
    assert found.value**2 == pytest.approx(oracles.square_norm(V - P, task.stationary))
    assert found.attention**2 == pytest.approx(oracles.square_norm(A - Q, task.stationary))


def test_signals_ignore_what_is_orthogonal_to_the_truth():
    task = scb.SCBTask.example()
    model = scb.LinearTransformer.from_signals(task, 0.3, 0.4)
    noise = np.random.default_rng(0).normal(size=(8, 3))
    away = task.attention - 1 / 8
    for k in range(3):
        noise[:, k] -= noise[:, k] @ away[:, k] / (away[:, k] @ away[:, k]) * away[:, k]
    noisy = scb.LinearTransformer(model.value, model.attention + noise)
    assert scb.signals(noisy, task).attention == pytest.approx(0.4)


@pytest.mark.parametrize("model", MODELS)
def test_the_start_knows_only_mu(model):
    task = scb.SCBTask.example()
    batch = task.sample(4, np.random.default_rng(0))
    predicted = model.initial(task).predict(batch.tokens, batch.last)
    np.testing.assert_allclose(predicted, np.tile(task.stationary, (4, 1)), atol=1e-15)


@pytest.mark.parametrize("model", MODELS)
def test_the_oracle_predicts_the_law_of_the_output(model):
    task = scb.SCBTask.random(6, 15, 3, np.random.default_rng(0))
    batch = task.sample(50, np.random.default_rng(1))
    predicted = model.oracle(task).predict(batch.tokens, batch.last)
    law = task.output_distribution(batch.tokens, batch.last)
    np.testing.assert_allclose(predicted, law, atol=1e-7)


def test_uniform_truth_has_no_signal():
    task = scb.SCBTask([[0.5, 0.5], [0.5, 0.5]], [[1.0, 1.0]])
    found = scb.signals(scb.LinearTransformer.initial(task), task)
    assert np.isnan([found.value, found.attention]).all()


def test_softmax_survives_large_logits():
    model = scb.SoftmaxTransformer([[1.0]], [[1e4], [0.0], [-1e4]])
    assert model.attention.tolist() == [[1.0], [0.0], [0.0]]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_the_one_asked_for(model, dtype):
    task = scb.SCBTask.example()
    batch = task.sample(4, np.random.default_rng(0))
    start = model.initial(task, dtype=dtype)
    assert start.predict(batch.tokens, batch.last).dtype == dtype
    step = scb.gradient(start, batch)
    assert {array.dtype for array in vars(step).values()} == {np.dtype(dtype)}
    assert model.initial(task).value.dtype == np.float64


def test_models_keep_their_own_read_only_arrays():
    V = np.eye(2)
    model = scb.LinearTransformer(V, np.ones((3, 2)))
    V[0, 0] = 9
    assert model.value[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        model.attention[0, 0] = 9
