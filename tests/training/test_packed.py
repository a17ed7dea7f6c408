"""The fast path: its batches follow the law, its gradients are those of the plain version."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from strategies import examples, matrices

import scb_edu as scb
from scb_edu.support import jit
from scb_edu.training import Moment, compiled
from scb_edu.training.packed import MOST_CODES, Packing, Supply, move, slopes

exact = examples(60)


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


@pytest.mark.parametrize("B", [1, 2, 7, 64])
def test_a_batch_has_no_more_rows_than_its_samples_need(B):
    packing = Packing(scb.SCBTask.example(5))
    packed = packing.draw(B, np.random.default_rng(B))
    _, count = np.unique(packed.last, return_counts=True)
    assert len(packed.codes) == np.ceil(count / packing.width).sum()
    assert len(packed.group) == len(packed.codes)


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


@pytest.mark.parametrize(("N", "T", "B"), [(3, 100, 7), (10, 50, 200), (17, 30, 9)])
def test_batches_drawn_together_are_as_independent_as_those_drawn_alone(N, T, B):
    """Each is a whole batch: its size, its last tokens in order, seats in rows of their token."""
    packing = Packing(scb.SCBTask.random(N, T, 2, np.random.default_rng(0)))
    batches = packing.draw_several(B, 5, np.random.default_rng(1))
    assert len({batch.codes.tobytes() for batch in batches}) == 5
    for batch in batches:
        assert batch.codes.shape == (len(batch.group), T)
        assert len(batch.last) == len(batch.output) == len(batch.seat) == B
        assert (np.diff(batch.last.astype(int)) >= 0).all()
        np.testing.assert_array_equal(batch.tokens, np.unique(batch.last))
        np.testing.assert_array_equal(
            batch.tokens[batch.group[batch.seat // packing.width]], batch.last
        )
        assert batch.share.sum() == pytest.approx(1)


def test_the_batches_of_a_draw_follow_the_law_one_by_one():
    """Chi-square of the output of the third of four batches, given its source by hand."""
    P, Q = np.array([[0.8, 0.3], [0.2, 0.7]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    packing = Packing(scb.SCBTask(P, Q))
    batch = packing.unpack(packing.draw_several(50_000, 4, np.random.default_rng(3))[2])
    source = batch.tokens[np.arange(50_000), batch.last]
    seen = np.bincount(4 * batch.last + 2 * source + batch.output, minlength=8)
    mu = oracles.stationary(P)
    law = mu[:, None, None] * mu[None, :, None] * P.T[None]  # last, source, output
    assert chisquare(seen, 50_000 * law.ravel()).pvalue > 1e-4


@pytest.mark.parametrize("used", [0, 1, 5, 16, 17])
def test_a_supply_goes_on_from_its_state(used):
    task = scb.SCBTask.example(20)
    one = Supply(task, np.float32, np.random.default_rng(4))
    for _ in range(used):
        one.next(6)
    other = Supply(task, np.float32, np.random.default_rng(5))
    other.restore(*one.state())
    for size in (6, 6, 7, 6):
        mine, theirs = one.next(size), other.next(size)
        np.testing.assert_array_equal(mine.codes, theirs.codes)
        np.testing.assert_array_equal(mine.output, theirs.output)


@pytest.mark.skipif(not jit.AVAILABLE, reason="needs Numba, the extra fast")
@pytest.mark.parametrize(("N", "T", "B"), [(1, 5, 4), (3, 200, 64), (10, 50, 200), (300, 20, 40)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_compiled_step_is_that_of_numpy(N, T, B, dtype):
    rng = np.random.default_rng(N)
    task = scb.SCBTask.random(N, T, 2, rng)
    packing, moment = Packing(task, dtype), Moment(stationary=task.stationary.astype(dtype))
    optimizer = scb.ProximalGradient(0.02, penalty=0.1 / T, attention_rate=0.01)
    V = rng.normal(size=(N, N)).astype(dtype)
    W = np.asfortranarray(rng.dirichlet(np.ones(T), N).T, dtype=dtype)
    mine, theirs = (V.copy(), W.copy(order="F")), (V.copy(), W.copy(order="F"))
    batch = packing.draw(B, rng)
    loss = compiled.descend(*mine, batch, packing, optimizer, moment, optimizer.rates(), np.inf)
    gradient = slopes(*theirs, batch, packing, moment)
    move(*theirs, gradient, optimizer, moment, optimizer.rates())
    exactness = 1e-12 if dtype is np.float64 else 1e-5
    assert loss == pytest.approx(gradient.loss, rel=exactness)
    for here, there, before in zip(mine, theirs, (V, W), strict=True):
        largest = np.abs(there - before).max()
        np.testing.assert_allclose(
            here - before, there - before, rtol=0, atol=exactness * max(largest, 1)
        )
        assert N == 1 or largest > 0


def test_the_compiled_step_moves_nothing_where_the_loss_is_too_large():
    task = scb.SCBTask.example(20)
    packing, moment = Packing(task), Moment(stationary=task.stationary)
    V, W = np.eye(3), np.full((20, 3), 0.05, order="F")
    batch = packing.draw(8, np.random.default_rng(0))
    rates = (0.1, 0.1)
    assert compiled.descend(V, W, batch, packing, scb.SGD(0.1), moment, rates, 1e-9) > 1e-9
    assert (np.eye(3) == V).all()
    assert (W == 0.05).all()


def test_a_column_that_vanishes_is_told_of_either_way(monkeypatch):
    task, optimizer = scb.SCBTask.example(50), scb.ProximalGradient(0.1, penalty=1)
    start, words = scb.LinearTransformer.initial(task), []
    for is_compiled in (True, False):
        monkeypatch.setattr(jit, "AVAILABLE", jit.AVAILABLE and is_compiled)
        rng = np.random.default_rng(0)
        words.append(
            scb.train(task, start, optimizer, steps=3, batch_size=4, rng=rng).status.message
        )
    assert words[0] == words[1]
    assert words[0].startswith("vanished")


def test_a_batch_too_large_for_any_memory_is_refused_before_it_is_drawn():
    """8 positions each: 125,000,000 samples are the first thousand million tokens."""
    supply = Supply(scb.SCBTask.example(), float, np.random.default_rng(0))
    with pytest.raises(scb.ScbError, match=r"^batch_size: expected a batch of at most 1,000,000,0"):
        supply.next(125_000_001)


def test_a_supply_hands_out_what_it_drew_in_the_order_of_the_draw():
    task = scb.SCBTask.example()
    supply = Supply(task, float, np.random.default_rng(0))
    handed = [supply.next(4) for _ in range(3)]
    drawn = Packing(task, float).draw_several(4, len(supply._drawn), np.random.default_rng(0))
    assert len(drawn) > 3
    for mine, theirs in zip(handed, drawn, strict=False):
        np.testing.assert_array_equal(mine.codes, theirs.codes)
        np.testing.assert_array_equal(mine.output, theirs.output)


@pytest.mark.parametrize(
    ("T", "B", "ahead"),
    [(1024, 256, 4), (1024, 300, 3), (64, 8, 16), (1024, 64, 16), (1024, 70, 15), (4096, 2048, 1)],
)
def test_as_many_batches_are_drawn_ahead_as_make_131072_codes_but_sixteen_at_most(T, B, ahead):
    """Two tokens: eight samples a code. Another number would make another run of the same seed."""
    task = scb.SCBTask.random(2, T, 1, np.random.default_rng(0))
    supply = Supply(task, np.float32, np.random.default_rng(0))
    supply.next(B)
    assert len(supply._drawn) == ahead


@pytest.fixture
def plain_loops(monkeypatch):
    """The loops that numba compiles, run by Python."""
    for name in ("_descend", "_shrink"):
        function = getattr(compiled, name)
        monkeypatch.setattr(compiled, name, getattr(function, "py_func", function))


@pytest.mark.parametrize("N", [2, 17])
@pytest.mark.usefixtures("plain_loops")
def test_the_loops_that_numba_compiles_are_those_of_numpy_in_plain_python_too(N):
    task = scb.SCBTask.random(N, 6, 2, np.random.default_rng(N))
    packing, moment = Packing(task), Moment(stationary=task.stationary)
    batch = packing.draw(20, np.random.default_rng(0))
    start = np.random.default_rng(1).normal(size=(N, N)), np.full((6, N), 1 / 6)
    for optimizer in (scb.SGD(0.1), scb.ProximalGradient(0.01, penalty=0.1)):
        rates, ends = (0.1, 0.02), []
        for is_plain in (False, True):
            V, W = start[0].copy(), np.array(start[1], order="F")
            if is_plain:
                loss = compiled.descend(V, W, batch, packing, optimizer, moment, rates, 1e6)
            else:
                gradient = slopes(V, W, batch, packing, moment)
                move(V, W, gradient, optimizer, moment, rates)
                loss = gradient.loss
            ends.append((V, W, loss))
        for mine, theirs in zip(*ends, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
        assert np.abs(ends[0][0] - start[0]).max() > 1e-3


@pytest.mark.usefixtures("plain_loops")
def test_the_compiled_threshold_is_soft_on_both_sides_of_zero():
    weights = np.array([[0.7, -0.3, 0.05, -0.05, 0.9], [0.2, 0.2, 0.2, 0.2, 0.3]])
    rows = weights.copy()
    assert compiled._shrink(rows, 0.1, 1e-3)
    shrunk = scb.training.soft_threshold(weights, 0.1)
    np.testing.assert_allclose(rows, shrunk / shrunk.sum(axis=1, keepdims=True), rtol=1e-15)


@pytest.mark.usefixtures("plain_loops")
def test_where_the_loss_is_the_largest_that_may_be_nothing_is_moved_nor_shrunk():
    task, optimizer = scb.SCBTask.example(20), scb.ProximalGradient(0.1, penalty=0.1)
    packing, moment = Packing(task), Moment(stationary=task.stationary)
    batch, losses = packing.draw(8, np.random.default_rng(0)), [np.inf]
    for _ in range(2):
        V, W = np.eye(3), np.full((20, 3), 0.05, order="F")
        how = (packing, optimizer, moment, (0.1, 0.1), losses[-1])
        losses.append(compiled.descend(V, W, batch, *how))
    assert losses[1] == losses[2]
    assert (np.eye(3) == V).all()
    assert (W == 0.05).all()


def test_a_column_that_sums_to_a_thousandth_is_divided_by_it_either_way():
    column = np.array([[1e-3], [0.0]])
    assert scb.ProximalGradient(0.1).proximal(column).tolist() == [[1], [0]]
    rows = column.T.copy()
    assert compiled._shrink(rows, 0.0, 1e-3)
    assert rows.tolist() == [[1, 0]]


class OwnDirection(scb.SGD):
    def direction(self, gradient):
        return gradient


class OwnProximal(scb.SGD):
    def proximal(self, attention, moment=None, out=None):
        return attention


class OwnUpdate(scb.SGD):
    def update(self, parameters, gradient, state, moment):
        return parameters, state


def test_the_compiled_step_is_taken_for_the_methods_that_it_makes_alone(monkeypatch):
    monkeypatch.setattr(jit, "AVAILABLE", True)
    assert all(compiled.suits(kind(0.1), Moment()) for kind in (scb.SGD, scb.ProximalGradient))
    own = (OwnDirection, OwnProximal, OwnUpdate, scb.training.Momentum)
    assert not any(compiled.suits(kind(0.1), Moment()) for kind in own)
    assert not compiled.suits(scb.SGD(0.1), Moment(is_softmax=True))
    monkeypatch.setattr(jit, "AVAILABLE", False)
    assert not compiled.suits(scb.SGD(0.1), Moment())
