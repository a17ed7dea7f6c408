"""Models in single precision: sums over long contexts lose nothing that double precision keeps."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.model.gradients import centred, to_logits
from scb_edu.model.transformer import softmax

LENGTHS = (8, 1000, 100_000)
KINDS = ("start", "half way", "rough", "softmax")


def model_of(kind, task):
    """A model in float32 whose parameters are laid out row by row."""
    T, rng = task.context_length, np.random.default_rng(1)
    half = scb.LinearTransformer.from_signals(task, 0.5, 0.5, dtype=np.float32)
    if kind == "start":
        return scb.LinearTransformer.initial(task, dtype=np.float32)
    if kind == "half way":
        return half
    noise = rng.normal(size=(T, 3)).astype(np.float32)
    if kind == "rough":
        return scb.LinearTransformer(half.value, half.attention + noise / np.float32(T))
    return scb.SoftmaxTransformer(half.value, noise)


def in_double(model):
    """The very same numbers in float64."""
    return type(model)(*(np.asarray(array, dtype=float) for array in vars(model).values()))


cases = pytest.mark.parametrize(
    ("kind", "T"), [(kind, T) for kind in KINDS for T in LENGTHS], ids=str
)


@cases
def test_the_population_gradient_is_that_of_the_same_numbers_in_double(kind, T):
    task = scb.SCBTask.example(T)
    model = model_of(kind, task)
    found = scb.population_gradient(model, task)
    exact = scb.population_gradient(in_double(model), task)
    for part, truth in zip(vars(found).values(), vars(exact).values(), strict=True):
        np.testing.assert_allclose(part, truth, rtol=1e-5, atol=1e-6 * np.abs(truth).max())


@cases
def test_loss_signals_and_distances_are_those_of_the_same_numbers_in_double(kind, T):
    task = scb.SCBTask.example(T)
    model = model_of(kind, task)
    exact = in_double(model)
    tight = {"rel": 1e-6, "abs": 1e-7}
    assert scb.population_loss(model, task) == pytest.approx(
        scb.population_loss(exact, task), **tight
    )
    for measure in (scb.signals, scb.distances):
        found, truth = measure(model, task), measure(exact, task)
        assert vars(found) == pytest.approx(vars(truth), **tight)


@pytest.mark.parametrize("T", LENGTHS)
def test_the_preconditioner_centres_with_the_whole_precision_of_float32(T):
    rng, mu = np.random.default_rng(0), np.array([0.2, 0.3, 0.5], dtype=np.float32)
    slope = (1 + rng.normal(size=(T, 3)) / 100).astype(np.float32)
    step = scb.precondition(scb.Gradient(np.eye(3, dtype=np.float32), slope), mu)
    exact = scb.precondition(scb.Gradient(np.eye(3), slope.astype(float)), mu.astype(float))
    assert step.attention.dtype == np.float32
    np.testing.assert_allclose(step.attention, exact.attention, atol=1e-6)
    np.testing.assert_allclose(centred(slope), slope - slope.mean(axis=0, dtype=float), atol=1e-7)


def test_softmax_in_float32_stays_float32_and_its_columns_sum_to_one():
    logits = np.random.default_rng(0).normal(size=(100_000, 3)).astype(np.float32)
    weights = softmax(logits)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=0, dtype=float), 1, atol=2e-7)
    np.testing.assert_allclose(weights, softmax(logits.astype(float)), rtol=2e-6)


def test_the_gradient_of_logits_in_float32():
    rng = np.random.default_rng(0)
    attention = softmax(rng.normal(size=(100_000, 3)))
    slope = 1 + rng.normal(size=attention.shape) / 1e4
    single = slope.astype(np.float32), attention.astype(np.float32)
    found, exact = to_logits(*single), to_logits(*(each.astype(float) for each in single))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, atol=1e-6 * attention.max())


@pytest.mark.parametrize("T", LENGTHS)
def test_the_attention_on_a_token_in_float32(T):
    task, rng = scb.SCBTask.example(T), np.random.default_rng(0)
    batch, model = task.sample(3, rng), scb.LinearTransformer.initial(task, dtype=np.float32)
    found, exact = (
        scb.model.token_attention(each.attention, batch.tokens, batch.last, 3)
        for each in (model, in_double(model))
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=1e-7)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_gradients_of_any_size_are_compared_in_double(size):
    """In float32 the square of 1e-30 is zero, and that of 1e30 infinite."""
    truth = np.full((100_000, 1), size, dtype=np.float32)
    found = scb.model.compare_gradients(-truth, truth)
    assert found.cosine == pytest.approx(-1, abs=1e-9)
    assert found.relative_error == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize("dtype", ["int64", "nonsense", np.float16])
@pytest.mark.parametrize("kind", [scb.LinearTransformer, scb.SoftmaxTransformer])
def test_a_model_is_of_single_or_double_precision(kind, dtype):
    with pytest.raises(scb.ScbError, match=r"^dtype: expected float32 or float64, got "):
        kind.initial(scb.SCBTask.example(), dtype=dtype)
