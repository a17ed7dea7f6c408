"""The ladder of optimisers against literal versions, and the laws each rung keeps."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, matrices

import scb_edu as scb

exact = examples(60)
numbers = st.floats(-5, 5)
# one line a rung: the direction of (dV, dA) as a literal loop writes it
LADDER = {
    "plain": (scb.SGD, lambda dV, dA, mu: (dV, dA)),
    "projected": (
        scb.training.ProjectedSGD,
        lambda dV, dA, mu: (dV, oracles.preconditioned(dV, dA, np.ones_like(mu))[1]),
    ),
    "preconditioned": (scb.ProximalGradient, oracles.preconditioned),
}


@exact
@given(numbers, st.floats(0, 5))
def test_soft_threshold_minimises_what_it_should(x, threshold):
    """1/2 (y - x)^2 + threshold |y| has its minimum there: no point of a fine grid is lower."""
    y = float(scb.soft_threshold(np.array([x]), threshold)[0])

    def cost(z):
        return 0.5 * (z - x) ** 2 + threshold * np.abs(z)

    assert cost(y) <= cost(np.linspace(-6, 6, 2401)).min() + 1e-12
    assert y == 0 or abs(x) > threshold


@pytest.mark.parametrize("name", LADDER)
@exact
@given(matrices(largest_vocab=4), st.integers(0, 1000))
def test_a_step_goes_against_the_direction_of_its_rung(name, drawn, seed):
    kind, literal = LADDER[name]
    P, Q, V, _ = drawn
    task, rng = scb.SCBTask(P, Q), np.random.default_rng(seed)
    slope = scb.Gradient(rng.normal(size=V.shape), rng.normal(size=Q.shape))
    start = scb.LinearTransformer(V, Q)  # its columns sum to one
    after = kind(0.1, attention_rate=0.01).step(start, slope, task.stationary)
    step_V, step_A = literal(slope.value, slope.attention, task.stationary)
    np.testing.assert_allclose(after.value, V - 0.1 * step_V, atol=1e-10)
    np.testing.assert_allclose(after.attention, Q - 0.01 * step_A, atol=1e-10)
    np.testing.assert_array_equal(start.value, V)


@exact
@given(matrices(largest_vocab=4, largest_context=6), st.floats(0, 0.2))
def test_a_proximal_step_entry_by_entry(drawn, penalty):
    P, Q, V, A = drawn
    task = scb.SCBTask(P, Q)
    slope = scb.Gradient(np.zeros_like(V), 0.1 * A)
    start = scb.LinearTransformer(V, Q)
    rate = 0.2
    _, step = oracles.preconditioned(slope.value, slope.attention, task.stationary)
    expected = np.zeros_like(Q)
    for t, k in np.ndindex(Q.shape):
        moved = Q[t, k] - rate * step[t, k]
        expected[t, k] = np.sign(moved) * max(abs(moved) - rate * penalty, 0)
    sums = expected.sum(axis=0)
    if np.abs(sums).min() < 0.05:
        return  # near the breakdown, which has its own test
    after = scb.ProximalGradient(rate, penalty).step(start, slope, task.stationary)
    np.testing.assert_allclose(after.attention, expected / sums, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(after.attention.sum(axis=0), 1, atol=1e-12)


@pytest.mark.parametrize(
    "optimizer", [scb.training.ProjectedSGD(0.3), scb.ProximalGradient(0.3, 0.001)]
)
def test_projection_keeps_the_column_sums_and_plain_descent_does_not(optimizer):
    task = scb.SCBTask.example(20)
    rng = np.random.default_rng(0)
    model = scb.LinearTransformer(
        rng.normal(size=(3, 3)), scb.model.random_attention(3, 20, 5, rng)
    )
    slope = scb.gradient(model, task.sample(50, rng))
    sums = optimizer.step(model, slope, task.stationary).attention.sum(axis=0)
    np.testing.assert_allclose(sums, 1, atol=1e-12)
    plain = scb.SGD(0.3).step(model, slope, task.stationary).attention.sum(axis=0)
    assert np.abs(plain - 1).max() > 0.01


@pytest.mark.parametrize("optimizer", [scb.SGD(0.1), scb.ProximalGradient(0.1)])
def test_softmax_logits_move_against_their_direction(optimizer):
    task = scb.SCBTask.example(5)
    rng = np.random.default_rng(0)
    model = scb.SoftmaxTransformer(rng.normal(size=(3, 3)), rng.normal(size=(5, 3)))
    slope = scb.gradient(model, task.sample(50, rng))
    after = optimizer.step(model, slope, task.stationary)
    direction = slope.logits
    if isinstance(optimizer, scb.ProximalGradient):
        direction = oracles.preconditioned(slope.value, slope.logits, task.stationary)[1]
    np.testing.assert_allclose(after.logits, model.logits - 0.1 * direction, atol=1e-12)


def test_float32_stays_float32():
    task = scb.SCBTask.example()
    model = scb.LinearTransformer.initial(task, dtype=np.float32)
    slope = scb.gradient(model, task.sample(8, np.random.default_rng(0)))
    for optimizer in (
        scb.SGD(0.1),
        scb.training.ProjectedSGD(0.1),
        scb.ProximalGradient(0.1, 0.01),
    ):
        after = optimizer.step(model, slope, task.stationary)
        assert after.value.dtype == after.attention.dtype == np.float32


def test_a_column_that_is_thresholded_away_breaks_down_in_words():
    task = scb.SCBTask.example(8)
    model = scb.LinearTransformer.initial(task)
    slope = scb.population_gradient(model, task)
    optimizer = scb.ProximalGradient(1e-9, penalty=1e9)
    with pytest.raises(
        scb.training.BreakdownError, match=r"Try a smaller penalty.*0\.125"
    ) as caught:
        optimizer.step(model, slope, task.stationary)
    assert caught.value.ended == "vanished"


def test_one_vanished_column_is_enough():
    """The first column loses all its weight, the second keeps 0.9, which is the sum not meant."""
    model = scb.LinearTransformer(np.eye(2), [[0.05, 1.0], [0.05, 0.0]])
    flat = scb.Gradient(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(scb.training.BreakdownError, match=r"a column of A sums to 0 and"):
        scb.ProximalGradient(0.1, penalty=1).step(model, flat, np.array([0.5, 0.5]))


def test_an_overflow_breaks_down_in_words():
    model = scb.LinearTransformer([[1.0]], [[1.0]])
    slope = scb.Gradient(np.array([[1e300]]), np.array([[0.0]]))
    with (
        pytest.raises(scb.training.BreakdownError, match="smaller learning rate") as caught,
        np.errstate(over="ignore"),
    ):
        scb.SGD(1e300).step(model, slope, np.ones(1))
    assert caught.value.ended == "diverged"


WRONG = {
    "rate": (lambda: scb.SGD(0), "learning_rate: .*above 0, got 0"),
    "rate is text": (lambda: scb.SGD("a"), "learning_rate: .*got strings"),
    "nan": (lambda: scb.ProximalGradient(np.nan), "learning_rate: .*got nan"),
    "rate of A": (lambda: scb.SGD(0.1, attention_rate=-1), "attention_rate: .*above 0, got -1"),
    "penalty": (lambda: scb.ProximalGradient(0.1, -1), "penalty: .*0 or above, got -1"),
    "threshold": (lambda: scb.soft_threshold(np.ones(2), -1), "threshold: .*0 or above, got -1"),
    "penalty on logits": (
        lambda: _softmax_step(scb.ProximalGradient(0.1, 0.01)),
        "penalty: expected 0 for softmax",
    ),
    "another gradient": (
        lambda: scb.SGD(0.1).step(
            scb.SoftmaxTransformer([[1.0]], [[1.0]]),
            scb.Gradient(np.ones((1, 1)), np.ones((1, 1))),
            np.ones(1),
        ),
        "gradient: expected that of a SoftmaxTransformer, got Gradient",
    ),
}


def _softmax_step(optimizer):
    task = scb.SCBTask.example()
    model = scb.SoftmaxTransformer.initial(task)
    return optimizer.step(model, scb.population_gradient(model, task), task.stationary)


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(scb.ScbError, match=message):
        call()


@pytest.mark.parametrize("total", [0.9e-3, 1.1e-3])
def test_a_column_is_divided_by_its_sum_from_a_thousandth_on(total):
    attention = np.full((4, 2), 0.25)
    attention[:, 1] *= total
    step = lambda: scb.ProximalGradient(0.1).proximal(attention, scb.training.Moment())  # noqa: E731
    if total < 1e-3:
        with pytest.raises(scb.training.BreakdownError, match=r"a column of A sums to 0\.0009"):
            step()
    else:
        np.testing.assert_allclose(step(), 0.25)


def test_the_threshold_goes_by_the_rate_of_the_attention():
    optimizer = scb.ProximalGradient(0.5, attention_rate=0.2, penalty=0.3)
    assert optimizer.threshold() == pytest.approx(0.06)


def test_what_overflows_is_told_of_once_in_words_and_by_no_warning():
    model = scb.LinearTransformer([[1.0]], [[0.5], [0.5]])
    slope = scb.Gradient(np.zeros((1, 1)), np.full((2, 1), 1e308))  # the sum is too large, inf/inf
    with (
        np.errstate(all="raise"),
        pytest.raises(scb.training.BreakdownError, match="V or A overflowed"),
    ):
        scb.ProximalGradient(1.0).step(model, slope, np.ones(1))


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("optimizer", [scb.SGD(0.1), scb.ProximalGradient(0.1)])
def test_where_a_result_goes_has_to_be_able_to_hold_it(optimizer):
    attention = np.full((4, 2), 0.25)
    for out in (attention.tolist(), np.zeros((4, 2), int), read_only(np.zeros((4, 2)))):
        with pytest.raises(scb.ScbError, match="out: expected an array of floats to write to"):
            optimizer.proximal(attention, scb.training.Moment(), out)
    with pytest.raises(scb.ScbError, match="out: expected shape"):
        optimizer.proximal(attention, scb.training.Moment(), np.zeros((2, 4)))


def test_a_result_goes_where_it_is_wanted():
    out = np.zeros((2, 1))
    assert scb.ProximalGradient(0.5, penalty=0.2).proximal(np.array([[0.6], [0.1]]), out=out) is out
    assert out.tolist() == [[1], [0]]


HERE = scb.training.Parameters(np.eye(2), np.full((4, 2), 0.25))
METHOD = scb.ProximalGradient(0.1, penalty=0.1)
ASKED_WRONGLY = {
    "rates": (lambda: METHOD.rates(3), "moment: expected a Moment"),
    "threshold": (lambda: METHOD.threshold(3), "moment: expected a Moment"),
    "proximal": (lambda: scb.SGD(0.1).proximal(np.ones((2, 2)), 3), "moment: expected a Moment"),
    "update": (lambda: METHOD.update(HERE, HERE, (), 3), "moment: expected a Moment"),
    "from": (lambda: METHOD.update(3, HERE, (), scb.training.Moment()), "parameters: expected"),
    "against": (lambda: METHOD.update(HERE, 3, (), scb.training.Moment()), "gradient: expected"),
    "init": (lambda: METHOD.init(3), "parameters: expected Parameters"),
    "result": (lambda: METHOD.result(3, ()), "parameters: expected Parameters"),
    "words for mu": (lambda: scb.SGD(0.1).divisor("x"), "stationary: expected"),
    "mu too long": (lambda: one_step(np.ones(3)), r"stationary: expected shape \(N,\)"),
    "mu of zero": (lambda: one_step(np.zeros(2)), "stationary: .*the preconditioner divides"),
    "gradient": (lambda: one_step(np.ones(2), 5), "gradient, weights: expected shape"),
    "penalty": (
        lambda: scb.ProximalGradient(0.1, lambda moment: 0.0).check_softmax(),
        "penalty: expected 0 for softmax",
    ),
}


def one_step(mu, T=4):
    slope = scb.Gradient(np.eye(2), np.zeros((T, 2)))
    return METHOD.step(scb.LinearTransformer(*HERE), slope, mu)


@pytest.mark.parametrize(("call", "message"), ASKED_WRONGLY.values(), ids=ASKED_WRONGLY)
def test_a_method_that_is_asked_wrongly_says_so(call, message):
    with pytest.raises(scb.ScbError, match=message):
        call()


def test_a_method_without_a_wish_has_no_penalty_and_one_rate_which_is_named():
    assert scb.ProximalGradient(0.1).threshold() == 0
    assert scb.ProximalGradient(0.1).rates() == (0.1, 0.1)
    with pytest.raises(TypeError, match="positional"):
        scb.SGD(0.1, 0.2)
    assert scb.training.Moment() == (0, 0, 0, None, False)
