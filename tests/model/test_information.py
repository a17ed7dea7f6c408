from itertools import product

import numpy as np
import pytest
from hypothesis import given
from strategies import examples, matrices

import scb_edu as scb
from scb_edu.model import information


def slow_entropy(law):
    return -sum(p * np.log2(p) for p in law if p > 0)


def slow_output_entropy(P, mu, Q):
    """Every context of T tokens, every last token."""
    T, N = Q.shape
    total = 0.0
    for tokens in product(range(N), repeat=T):
        for last in range(N):
            law = [sum(Q[t, last] * P[n, tokens[t]] for t in range(T)) for n in range(N)]
            total += mu[last] * np.prod([mu[x] for x in tokens]) * slow_entropy(law)
    return total


@examples(25)
@given(matrices())
def test_output_entropy_agrees_with_every_context(drawn):
    P, Q, *_ = drawn
    task = scb.SCBTask(P, Q)
    slow = slow_output_entropy(P, task.stationary, Q)
    assert scb.model.output_entropy(task) == pytest.approx(slow, abs=1e-10)


def test_output_entropy_lies_between_a_known_source_and_a_blind_guess():
    rng = np.random.default_rng(0)
    for Q in (1, 2, 3):
        task = scb.SCBTask.random(4, 6, Q, rng)
        known = task.stationary @ scb.model.entropy(task.transition)
        blind = scb.model.entropy(task.stationary)
        if Q == 1:
            assert scb.model.output_entropy(task) == pytest.approx(known, abs=1e-12)
        else:
            assert known + 1e-3 < scb.model.output_entropy(task) < blind - 1e-3


def test_entropy_of_uniform_and_certain_laws():
    assert scb.model.entropy(np.full(8, 1 / 8)) == pytest.approx(3)
    assert scb.model.entropy([0.0, 1.0, 0.0]) == 0
    assert scb.model.entropy(np.full((4, 2, 3), 0.25)).tolist() == [[2] * 3] * 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([0.5, -0.5], "probabilities, none of them negative, got -0.5"),
        ([2.0, 0.0], "every column to sum to 1, got 2 in column 0"),
        ([0.5, 0.4], "every column to sum to 1, got 0.9"),
        ([[0.2, 0.8], [0.5, 0.5]], ".*got 0.7 in column 0. Its rows do: pass the transpose"),
    ],
)
def test_entropy_refuses_what_is_no_distribution(wrong, message):
    with pytest.raises(scb.ScbError, match=f"distributions: expected {message}"):
        scb.model.entropy(wrong)


def test_entropy_of_float32_and_of_a_certain_outcome():
    even = np.full(1000, 1 / 1000, dtype=np.float32)
    assert scb.model.entropy(even) == pytest.approx(np.log2(1000), rel=1e-12)
    assert np.copysign(1, scb.model.entropy([0.0, 1.0])) == 1


def test_too_long_a_list_is_refused_with_a_way_out():
    task = scb.SCBTask.random(30, 10, 5, np.random.default_rng(0))
    with pytest.raises(scb.ScbError, match=r"N = 30 and Q = 5; average entropy"):
        scb.model.output_entropy(task)


def test_one_token_leaves_nothing_unknown_however_many_positions():
    task = scb.SCBTask([[1.0]], np.full((200, 1), 1 / 200))
    assert scb.model.output_entropy(task) == 0


def test_random_parts_do_not_depend_on_each_other():
    """Explorers rely on it: a longer context moves the positions, and nothing else."""
    short, long = (scb.model.random_attention(5, T, 3, np.random.default_rng(1)) for T in (4, 40))
    np.testing.assert_array_equal(np.sort(short, axis=0)[-3:], np.sort(long, axis=0)[-3:])


def test_ten_million_ways_to_fill_the_positions_are_few_enough(monkeypatch):
    monkeypatch.setattr(information, "_entropy_after", lambda _task, last: float(last))
    tasks = [scb.SCBTask(np.full((10, 10), 0.1), np.full((Q, 10), 1 / Q)) for Q in (6, 7)]
    assert scb.model.output_entropy(tasks[0]) == pytest.approx(4.5)
    with pytest.raises(scb.ScbError, match="got N = 10 and Q = 7"):
        scb.model.output_entropy(tasks[1])


def test_positions_that_nobody_looks_at_tell_nothing():
    """The running example looks at two, of 8 or of 3,000."""
    short, long = (scb.model.output_entropy(scb.SCBTask.example(T)) for T in (8, 3000))
    assert long == pytest.approx(short, rel=1e-12)
