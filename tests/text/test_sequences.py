"""Sliding contexts, losses along a sequence, and the law that a window settles in."""

from itertools import product

import numpy as np
import oracles
import pytest
from scipy import stats

import scb_edu as scb

CYCLE = np.roll(np.eye(4), 1, axis=0)  # n is followed by n + 1


def pointer(T, position, N):
    """An attention that looks at one position whatever the last token is."""
    Q = np.zeros((T, N))
    Q[position] = 1
    return Q


def lively(seed, N=3, T=3):
    """A task whose attention depends on the last token, as matrices."""
    rng = np.random.default_rng(seed)
    P = 0.9 * rng.dirichlet(np.ones(N), size=N).T + 0.1 / N
    return P, rng.dirichlet(np.full(T, 0.4), size=N).T


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_task_without_chance_generates_the_sequence_that_is_known(position):
    task = scb.SCBTask(CYCLE, pointer(3, position, 4))
    start = [2, 0, 3, 1]
    found = scb.text.generate(task, 40, np.random.default_rng(0), start=start)
    known = list(start)
    for _ in range(40):  # the context holds the three tokens before the last one
        known.append((known[-4:-1][position] + 1) % 4)
    assert found.tolist() == known[4:]


def test_many_sequences_are_generated_side_by_side():
    task = scb.SCBTask(CYCLE, pointer(2, 1, 4))
    starts = np.array([[0, 1, 2], [3, 3, 0]])
    both = scb.text.generate(task, 9, np.random.default_rng(0), start=starts)
    for start, row in zip(starts, both, strict=True):
        alone = scb.text.generate(task, 9, np.random.default_rng(0), start=start)
        np.testing.assert_array_equal(row, alone)


def test_the_first_token_follows_the_law_of_the_task():
    """Chi-square at error rate 1 in 1000, for a task and for the model that is its truth."""
    P, Q = lively(1)
    task = scb.SCBTask(P, Q)
    start = np.tile([2, 0, 1, 1], (30_000, 1))
    law = P @ oracles.one_hot([2, 0, 1], 3) @ Q[:, 1]
    for source in (task, scb.LinearTransformer.oracle(task), scb.SoftmaxTransformer.oracle(task)):
        drawn = scb.text.generate(source, 1, np.random.default_rng(2), start=start)[:, 0]
        seen = np.bincount(drawn, minlength=3)
        assert stats.chisquare(seen, 30_000 * law).pvalue > 1e-3


def test_later_tokens_follow_it_too():
    """The third token, by adding up all ways to the third; chi-square at 1 in 1000."""
    P, Q = lively(3)
    start = [0, 2, 1, 2]
    law = np.zeros(3)
    for first, second in product(range(3), repeat=2):
        way = [*start, first, second]
        chance = 1.0
        for at in (4, 5):
            context, last = way[at - 4 : at - 1], way[at - 1]
            chance *= oracles.prediction(P, Q, context, last)[way[at]]
        law += chance * oracles.prediction(P, Q, way[2:5], way[5])
    task = scb.SCBTask(P, Q)
    drawn = scb.text.generate(task, 3, np.random.default_rng(4), start=np.tile(start, (30_000, 1)))
    seen = np.bincount(drawn[:, 2], minlength=3)
    assert stats.chisquare(seen, 30_000 * law).pvalue > 1e-3


def test_without_a_start_the_task_draws_one():
    task = scb.SCBTask.example()
    found = scb.text.generate(task, 30, np.random.default_rng(0))
    assert found.shape == (30,)
    again = scb.text.generate(task, 30, np.random.default_rng(0))
    np.testing.assert_array_equal(found, again)


def test_a_table_of_counts_generates_only_what_it_has_seen():
    corpus = scb.text.Corpus.from_text("abcabcabc")
    model = scb.text.NGram.fit(corpus, 3, smoothing=1e-12)
    start = corpus.encode("ab")
    found = corpus.decode(scb.text.generate(model, 7, np.random.default_rng(0), start=start))
    assert found == "cabcabc"


def test_windows_are_cut_as_by_hand():
    x = np.random.default_rng(0).integers(0, 9, 20)
    for T, inside in product((1, 4), (False, True)):
        batch = scb.text.windows(x, T, with_last=inside)
        assert len(batch.last) == 20 - T - 1
        for row, end in enumerate(range(T, 19)):
            shift = int(inside)
            assert batch.tokens[row].tolist() == x[end - T + shift : end + shift].tolist()
            assert (batch.last[row], batch.output[row]) == (x[end], x[end + 1])
        ends = np.array([T, 18, 7])
        some = scb.text.windows(x, T, ends=ends, with_last=inside)
        np.testing.assert_array_equal(some.tokens, batch.tokens[ends - T])
        np.testing.assert_array_equal(some.output, batch.output[ends - T])


def test_a_context_may_end_with_the_last_token():
    """A model that looks at the newest position only is then a bigram: a known walk."""
    model = scb.LinearTransformer(CYCLE, pointer(3, 2, 4))
    rng, start = np.random.default_rng(0), [0, 0, 0, 2]
    found = scb.text.generate(model, 6, rng, start=start, with_last=True)
    assert found.tolist() == [3, 0, 1, 2, 3, 0]
    walk = [0, 0, 0, 2, 3, 0, 1, 3]
    loss = scb.text.sequence_loss(model, walk, 3, with_last=True)
    np.testing.assert_array_equal(loss, [0, 0, 0, 1])


@pytest.mark.parametrize("kind", ["task", "linear", "softmax"])
def test_the_loss_at_every_position_is_that_of_its_window_alone(kind):
    P, Q = lively(5, N=3, T=4)
    task = scb.SCBTask(P, Q)
    V = np.random.default_rng(6).normal(size=(3, 3))
    source = {
        "task": task,
        "linear": scb.LinearTransformer(V, Q),
        "softmax": scb.SoftmaxTransformer(V, np.log(Q + 1e-300)),
    }[kind]
    V = P if kind == "task" else V
    x = scb.text.generate(task, 30, np.random.default_rng(7))
    found = scb.text.sequence_loss(source, x, 4)
    known = [oracles.sample_loss(V, Q, x[t - 4 : t], x[t], x[t + 1]) for t in range(4, 29)]
    np.testing.assert_allclose(found, known, atol=1e-12)


def chain(P, Q):
    """The law of the sliding window as the eigenvector of a dense matrix."""
    T, N = Q.shape
    every = list(product(range(N), repeat=T + 1))
    place = {window: i for i, window in enumerate(every)}
    move = np.zeros((len(every), len(every)))
    for window in every:
        law = oracles.prediction(P, Q, window[:T], window[T])
        for n in range(N):
            move[place[(*window[1:], n)], place[window]] += law[n]
    return oracles.stationary(move).reshape((N,) * (T + 1))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_law_of_windows_is_that_of_the_dense_chain(seed):
    P, Q = lively(seed, N=2 + seed % 2, T=3)
    found = scb.text.window_distribution(scb.SCBTask(P, Q))
    np.testing.assert_allclose(found, chain(P, Q), atol=1e-10)


def test_one_column_of_attention_keeps_mu_and_other_columns_do_not():
    P, Q = lively(8, T=3)
    same = scb.SCBTask(P, np.tile(Q[:, :1], 3))
    law = scb.text.window_distribution(same)
    np.testing.assert_allclose(law.sum(axis=(0, 1, 2)), same.stationary, atol=1e-10)
    free = scb.SCBTask(P, Q)
    off = np.abs(scb.text.window_distribution(free).sum(axis=(0, 1, 2)) - free.stationary).sum()
    assert off > 1e-4


def test_the_law_of_windows_is_what_long_sequences_show():
    """Pairs at lag 2 of 4,000 sequences far from their start; chi-square at 1 in 1000."""
    P, Q = lively(9, T=3)
    task = scb.SCBTask(P, Q)
    batch = task.sample(4000, np.random.default_rng(10))
    start = np.column_stack([batch.tokens, batch.last])
    made = scb.text.generate(task, 60, np.random.default_rng(11), start=start)
    seen = np.zeros((3, 3))
    np.add.at(seen, (made[:, -1], made[:, -3]), 1)
    pairs = scb.text.lag_joint_distribution(scb.text.window_distribution(task), 2)
    assert stats.chisquare(seen.ravel(), 4000 * pairs.ravel()).pvalue > 1e-3


def test_pairs_are_marginals_of_the_window():
    law = np.random.default_rng(0).dirichlet(np.ones(81)).reshape(3, 3, 3, 3)
    for lag in (1, 2, 3):
        known = np.zeros((3, 3))
        for window in product(range(3), repeat=4):
            known[window[3], window[3 - lag]] += law[window]
        np.testing.assert_allclose(scb.text.lag_joint_distribution(law, lag), known, atol=1e-15)


def test_training_on_windows_finds_the_task_that_made_them():
    """The truth is the best predictor of any window, whatever the law of windows is."""
    task = scb.SCBTask.example(4)
    x = scb.text.generate(task, 20_000, np.random.default_rng(0))
    for in_order in (False, True):
        model = scb.text.train_on_sequence(
            scb.LinearTransformer.initial(task),
            x,
            scb.ProximalGradient(0.1, 0.005),
            stationary=task.stationary,
            steps=900,
            batch_size=32,
            rng=np.random.default_rng(1),
            in_order=in_order,
        )
        far = scb.distances(model, task)
        assert max(far.value, far.attention) < 0.2


def test_a_step_of_training_is_that_of_the_optimizer_on_those_windows():
    """In order: the first batch has the first windows, and goes round at the end."""
    task, optimizer = scb.SCBTask.example(4), scb.ProximalGradient(0.3, 0.01)
    x = scb.text.generate(task, 12, np.random.default_rng(0))  # 7 windows
    start = scb.LinearTransformer.from_signals(task, 0.5, 0.2)
    model = start
    for places in ([4, 5, 6, 7, 8], [9, 10, 4, 5, 6]):
        slope = scb.gradient(model, scb.text.windows(x, 4, ends=places))
        model = optimizer.step(model, slope, task.stationary)
    options = {"stationary": task.stationary, "steps": 2, "batch_size": 5, "in_order": True}
    found = scb.text.train_on_sequence(start, x, optimizer, rng=np.random.default_rng(0), **options)
    np.testing.assert_allclose(found.value, model.value)
    np.testing.assert_allclose(found.attention, model.attention)


def test_all_windows_are_drawn_equally_often():
    """Where V = 0 the gradient of V counts what came; 9 windows, chi-square at 1 in 1000."""
    x = np.arange(11)
    start = scb.LinearTransformer(np.zeros((11, 11)), np.ones((1, 11)))
    model = scb.text.train_on_sequence(
        start,
        x,
        scb.SGD(1.0),
        stationary=np.full(11, 1 / 11),
        steps=1,
        batch_size=9000,
        rng=np.random.default_rng(0),
    )
    # V[o, x] is the share of the window with the token x in its context
    shares = 9000 * model.value.sum(axis=1)[2:]
    assert shares.sum() == pytest.approx(9000)
    assert stats.chisquare(shares).pvalue > 1e-3


def test_a_prediction_becomes_a_law():
    np.testing.assert_allclose(
        scb.text.clip_and_normalize([[0.3, -0.2, 0.1], [2.0, 0.0, 2.0]]),
        [[0.75, 0, 0.25], [0.5, 0, 0.5]],
    )


def test_a_mixture_is_between_its_parts():
    found = scb.text.interpolate([[3.0, -1.0, 1.0]], [0.2, 0.3, 0.5], 0.1)
    np.testing.assert_allclose(found, [[0.695, 0.03, 0.275]])


def test_perplexity_of_a_fair_die_is_its_sides():
    cost = scb.text.nll(np.full((5, 6), 1 / 6), [0, 1, 2, 3, 5])
    np.testing.assert_allclose(np.exp(cost), 6)
    cost = scb.text.nll(np.array([[0.5, 0.5], [0.25, 0.75]]), [0, 0])
    np.testing.assert_allclose(cost, [np.log(2), np.log(4)])


TASK = scb.SCBTask.example(4)
MODEL = scb.LinearTransformer.initial(TASK)
RNG = np.random.default_rng(0)
OPTIONS = {"stationary": TASK.stationary, "steps": 1, "batch_size": 1}
ERRORS = {
    "no start": (lambda: scb.text.generate(MODEL, 3, RNG), "start: .*T \\+ 1.*LinearTransformer"),
    "short start": (
        lambda: scb.text.generate(TASK, 3, RNG, start=[0, 1]),
        "start: expected contexts of T = ",
    ),
    "ids of a start": (
        lambda: scb.text.generate(TASK, 3, RNG, start=[0] * 4 + [3]),
        "start: .*0 to 2",
    ),
    "length": (lambda: scb.text.generate(TASK, 0, RNG), "length: "),
    "rng": (lambda: scb.text.generate(TASK, 3, 0), "rng: .*Generator"),
    "source": (lambda: scb.text.generate("task", 3, RNG, start=[0, 0]), "source: .*got str"),
    "nothing left": (
        lambda: scb.text.generate(
            scb.LinearTransformer(-np.eye(2), np.ones((1, 2))), 3, RNG, start=[0, 0]
        ),
        "prediction: expected an entry above 0.*row 0",
    ),
    "short sequence": (lambda: scb.text.windows([0, 1, 2], 2), "sequence: .*T \\+ 2 = 4.*got 3"),
    "no sequence": (lambda: scb.text.windows([[0, 1]], 2), "sequence: .*1 dimension"),
    "early end": (lambda: scb.text.windows(np.arange(9), 3, ends=[2]), "ends: .*T = 3 on, got 2"),
    "late end": (lambda: scb.text.windows(np.arange(9), 3, ends=[8]), "ends: .*0 to 7, got 8"),
    "weight": (lambda: scb.text.interpolate([[1.0]], [1.0], 1.1), "weight: .*0 to 1, got 1.1"),
    "zero chance": (
        lambda: scb.text.nll(np.array([[1.0, 0.0]]), [1]),
        "distributions: .*chance above 0.*at 0; mix",
    ),
    "wrong outputs": (lambda: scb.text.nll(np.array([[1.0, 0.0]]), [1, 0]), "output: "),
    "too many windows": (
        lambda: scb.text.window_distribution(scb.SCBTask.example(14)),
        "task: .*2,000,000",
    ),
    "lag": (
        lambda: scb.text.lag_joint_distribution(np.full((2, 2), 0.25), 2),
        "lag: .*T = 1, got 2",
    ),
    "training": (
        lambda: scb.text.train_on_sequence(MODEL, [0, 1], scb.SGD(1.0), rng=RNG, **OPTIONS),
        "sequence: ",
    ),
    "training rng": (
        lambda: scb.text.train_on_sequence(MODEL, [0] * 9, scb.SGD(1.0), rng=0, **OPTIONS),
        "rng: ",
    ),
}


@pytest.mark.parametrize(("wrong", "message"), ERRORS.values(), ids=ERRORS)
def test_wrong_input_is_told_in_words(wrong, message):
    with pytest.raises(scb.ScbError, match=message):
        wrong()


def test_windows_that_do_not_settle_are_told(monkeypatch):
    from scb_edu.text import sequences as generation

    monkeypatch.setattr(generation, "MOST_ROUNDS", 2)
    with pytest.raises(scb.ScbError, match="still moves after 2 tokens"):
        scb.text.window_distribution(scb.SCBTask.example(4))


WHOLE = [np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.int64, np.uint64]


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("with_last", [False, True])
def test_the_places_of_windows_may_come_in_any_type_of_whole_number(dtype, with_last):
    """255 + 1 is 0 in uint8, and 3 - 5 is 254: the places are added to as plain integers."""
    sequence = np.arange(1000)
    ends = np.array([3, 100, 127, 255, 900])
    ends = ends[ends <= np.iinfo(dtype).max]
    plain = scb.text.windows(sequence, 3, ends=ends, with_last=with_last)
    found = scb.text.windows(sequence, 3, ends=ends.astype(dtype), with_last=with_last)
    assert found.output.tolist() == (ends + 1).tolist()
    for name in ("tokens", "last", "output"):
        assert getattr(found, name).tolist() == getattr(plain, name).tolist()


@pytest.mark.parametrize("dtype", WHOLE)
def test_token_ids_may_come_in_any_type_of_whole_number(dtype):
    task, rng = scb.SCBTask.example(), np.random.default_rng(0)
    batch = task.sample(40, rng)
    cast = scb.Batch(*(each.astype(dtype) for each in vars(batch).values()))
    model, ngram = scb.LinearTransformer.oracle(task), scb.text.NGram(np.full((3,) * 4, 1 / 3))
    for rule in (model.predict, task.output_distribution, ngram.predict):
        np.testing.assert_array_equal(rule(cast.tokens, cast.last), rule(batch.tokens, batch.last))
    assert scb.loss(model, cast) == scb.loss(model, batch)
    np.testing.assert_array_equal(
        scb.gradient(model, cast).attention, scb.gradient(model, batch).attention
    )
    rows = (np.tile(each.tokens[0], 9) for each in (batch, cast))
    losses = [scb.text.sequence_loss(model, row, 8) for row in rows]
    np.testing.assert_array_equal(*losses)
    starts = np.column_stack([cast.tokens, cast.last])
    drawn = [
        scb.text.generate(task, 5, np.random.default_rng(1), start=start)
        for start in (starts, starts.astype(int))
    ]
    np.testing.assert_array_equal(*drawn)
    ids = np.tile(cast.tokens[0], 9)
    corpus = scb.text.Corpus(ids, ("a", "b", "c"), "character")
    assert corpus.counts(3).sum() == len(ids) - 2
    assert (
        corpus.counts(2).tolist()
        == scb.text.Corpus(ids.astype(int), ("a", "b", "c"), "character").counts(2).tolist()
    )


def test_groups_of_many_tokens_are_counted_where_their_numbers_pass_the_type_of_a_token():
    """300 tokens are kept in two bytes; 300 * 300 pairs have numbers that two bytes do not hold."""
    ids = np.arange(600) * 7 % 300
    corpus = scb.text.Corpus(ids, tuple(map(str, range(300))), "word")
    seen = {}
    for pair in zip(ids[1:].tolist(), ids[:-1].tolist(), strict=True):
        seen[pair] = seen.get(pair, 0) + 1
    table = corpus.counts(2)
    assert {tuple(at): int(table[tuple(at)]) for at in np.argwhere(table).tolist()} == seen
