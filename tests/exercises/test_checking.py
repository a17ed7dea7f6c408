import re

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import exercises
from scb_edu.exercises import checking


def test_every_check_knows_an_answer_that_is_not_written_yet():
    for name in checking._CHECKS:
        for empty in (None, ...):
            assert exercises.check(name, empty).words.startswith("Not answered yet"), name


def test_a_function_that_returns_nothing_or_says_so_is_not_answered():
    def unwritten(*_):
        raise NotImplementedError

    for stub in (lambda *_: None, lambda *_: ..., unwritten):
        assert "Not answered yet" in repr(exercises.check("ch1-bayes-loss", stub))


def test_an_answer_that_raises_is_told_so_in_words():
    verdict = exercises.check("ch1-bayes-loss", lambda *_: 1 / 0)
    assert not verdict.passed
    assert verdict.words == "Your answer stopped with ZeroDivisionError: division by zero"


def test_names_are_known_and_used_once():
    with pytest.raises(scb.ScbError, match=r"expected one of .*'ch1-law'"):
        exercises.check("ch1-lawn", 1)
    with pytest.raises(scb.ScbError, match="taken"):
        exercises.exercise("ch1-law")(lambda answer: None)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "hint"),
    [
        ("ch1-stationary", (5 / 6, 1 / 6), (0.5, 0.5), r"to \[0.7, 0.3\]"),
        ("ch1-stationary", [0.8333, 0.1667], (5, 1), "add up to 6"),
        ("ch1-law", [0.46, 0.24, 0.3], [0.34, 0.26, 0.40], "swapped"),
        ("ch1-law", (0.46, 0.24, 0.30), [0.7, 0.2, 0.1], "mix the columns"),
        ("ch1-law", (0.46, 0.24, 0.30), [0.46, 0.2, 0.3], "a column of P, not a row"),
    ],
)
def test_numbers_of_chapter_1(name, right, wrong, hint):
    assert exercises.check(name, right).passed
    refused = exercises.check(name, wrong)
    assert not refused.passed
    assert re.search(hint, refused.words)


def closed_form(P, Q, mu):
    square = mu @ mu + mu @ (Q**2).sum(0) * (mu @ (P**2).sum(0) - mu @ mu)
    return 0.5 * (1 - square)


def test_bayes_loss_of_chapter_1():
    assert exercises.check("ch1-bayes-loss", closed_form).words == "Right."
    double = exercises.check("ch1-bayes-loss", lambda *parts: 2 * closed_form(*parts))
    assert "1/2 is missing" in double.words
    ignores_attention = exercises.check(
        "ch1-bayes-loss", lambda P, Q, mu: closed_form(P, np.eye(len(mu)), mu)
    )
    assert "it should be" in ignores_attention.words


@pytest.mark.parametrize(
    ("corner", "hint"),
    [((1, 1), "is 1"), ((-1, -1), "is 1"), ((1, -1), "one corner is worse"), ((2, 1), "a pair")],
)
def test_worst_corner_of_chapter_2(corner, hint):
    corners = [(v, a) for v in (-1, 1) for a in (-1, 1)]
    worst = max(corners, key=lambda at: scb.theory.signal_loss((0.2, 0.5, 10), *at))
    assert exercises.check("ch2-worst-corner", worst).passed
    refused = exercises.check("ch2-worst-corner", corner)
    assert not refused.passed
    assert hint in refused.words


def test_prediction_of_chapter_2():
    def literal(V, A, tokens, last):
        return V @ np.eye(len(V))[tokens].T @ A[:, last]

    assert exercises.check("ch2-prediction", literal).passed
    transposed = exercises.check("ch2-prediction", lambda V, *rest: literal(V.T, *rest))
    assert "off by" in transposed.words
    assert "shape (2,)" in exercises.check("ch2-prediction", lambda *parts: 0.0).words


def test_signals_of_chapter_2():
    def projections(V, A, task, weights=None):
        mu, T = task.stationary, task.context_length
        w = mu if weights is None else weights
        P, Q = task.transition - mu[:, None], task.attention - 1 / T
        along_V = np.sum((V - mu[:, None]) * P * w) / np.sum(P**2 * w)
        return along_V, np.sum((A - 1 / T) * Q * w) / np.sum(Q**2 * w)

    assert exercises.check("ch2-signals", projections).passed
    unweighted = exercises.check("ch2-signals", lambda V, A, task: projections(V, A, task, 1.0))
    assert "alpha_V is" in unweighted.words
