"""Every exercise: the right answer, typical mistakes with their hints, nonsense, spoilt arguments.

The right answers are numbers worked out by hand, or literal code without the library.
"""

import functools
import itertools
import math
import re
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import scb_edu as scb
from scb_edu.exercises import checking, running


class Case(NamedTuple):
    """The right answer to an exercise, and wrong ones with a word of the hint each gets."""

    right: object
    wrong: list


# Welcome


@functools.cache
def wait(T, signal=1):
    """When a signal is half way, from the two equations alone."""
    task = scb.SCBTask.example(T)
    K_P, K_Q = task.transition_energy, task.attention_energy

    def rate(_, x):
        v, a = x
        return (1 - v) / T + K_Q * a * (1 - v * a), K_P * v * (1 - v * a)

    def half(_, x):
        return x[signal] - 0.5

    half.terminal = True
    run = solve_ivp(rate, (0, 500), (0, 0), events=half, rtol=1e-11, atol=1e-13)
    return float(run.t_events[0][0])


CH0 = {
    "ch0-wait": Case(
        wait,
        [
            (lambda T: wait(T, signal=0), "V is half way"),
            (lambda T: 10 * wait(T), "for T = 24"),
            (lambda T: wait(24) * T / 24, "for T = 240"),
        ],
    )
}

# Chapter 1


def floor(P, Q, mu, half=0.5):
    square = mu @ mu + mu @ (Q**2).sum(0) * (mu @ (P**2).sum(0) - mu @ mu)
    return half * (1 - square)


CH1 = {
    "ch1-stationary": Case(
        (5 / 6, 1 / 6),
        [
            ((0.5, 0.5), r"to \[0.7, 0.3\]"),
            ((5, 1), "add up to 6"),
            ((1 / 6, 5 / 6), "does not stay"),
        ],
    ),
    "ch1-law": Case(
        [0.46, 0.24, 0.30],
        [
            ([0.34, 0.26, 0.40], "swapped"),
            ([0.7, 0.2, 0.1], "mix the columns"),
            ([0.46, 0.2, 0.3], "a column of P, not a row"),
        ],
    ),
    "ch1-sharp": Case(
        0.03384,
        [
            (0.0677, "1/2 is missing"),
            (0.03666, "what two positions bring"),
            (0.0705, "what one position brings"),
            (0.26, "asked is the fall"),
            (0.48, "sum of the squared weights"),
        ],
    ),
    "ch1-bayes-loss": Case(
        floor,
        [
            (lambda *parts: floor(*parts, half=1), "1/2 is missing"),
            (lambda P, Q, mu: floor(P, np.eye(len(mu)), mu), "it should be"),
            (lambda P, Q, mu: floor(P, Q, np.full(len(mu), 1 / len(mu))), "it should be"),
        ],
    ),
}

# Chapter 2


def literal_prediction(V, A, tokens, last):
    return V @ np.eye(len(V))[tokens].T @ A[:, last]


def projections(V, A, task, weights=None):
    mu, T = task.stationary, task.context_length
    w = mu if weights is None else weights
    P, Q = task.transition - mu[:, None], task.attention - 1 / T
    along_V = np.sum((V - mu[:, None]) * P * w) / np.sum(P**2 * w)
    return along_V, np.sum((A - 1 / T) * Q * w) / np.sum(Q**2 * w)


CH2 = {
    "ch2-worst-corner": Case(
        (-1, 1),
        [
            ((1, 1), "is 1"),
            ((-1, -1), "is 1"),
            ((1, -1), "one corner is worse"),
            ((2, 1), "a pair"),
        ],
    ),
    "ch2-half": Case(
        2.0,
        [
            (1, r"product of the signals is 0\.5:"),
            (0.5, "1/2 is alpha_V"),
            (-2, "product of the signals is -1:"),
        ],
    ),
    "ch2-prediction": Case(
        literal_prediction,
        [
            (lambda V, *rest: literal_prediction(V.T, *rest), "off by"),
            (lambda V, A, x, k: V[:, x] @ A.mean(axis=1), "off by"),
            (lambda V, A, x, k: (V[:, x] @ A[:, k]).sum(), r"shape \(2,\) is wanted"),
            (lambda V, A, x, k: V[:, x] @ A, r"yours has shape \(2, 2\)"),
        ],
    ),
    "ch2-signals": Case(
        projections,
        [
            (lambda V, A, task: projections(V, A, task, 1.0), "alpha_V is"),
            (lambda V, A, task: projections(V, A, task)[::-1], "alpha_V is"),
            (lambda V, A, task: (projections(V, A, task)[0], 1.0), "alpha_A is"),
            (lambda V, A, task: projections(V, A, task)[0], "a pair .* is wanted"),
        ],
    ),
}

# Chapter 3: P = example(1000), mu uniform, K_P = 0.14


def differences(V, A, tokens, last, output, sign=1.0):
    """Finite differences know no formula: the loss is a polynomial of degree two in each entry."""

    def loss(V, A):
        target = np.eye(len(V))[output]
        return 0.5 * np.sum((target - literal_prediction(V, A, tokens, last)) ** 2)

    def slope(which, at, h=1e-3):
        up, down = [V.copy(), A.copy()], [V.copy(), A.copy()]
        up[which][at] += h
        down[which][at] -= h
        return sign * (loss(*up) - loss(*down)) / (2 * h)

    shapes = (V.shape, A.shape)
    return tuple(
        np.array([slope(i, at) for at in np.ndindex(shape)]).reshape(shape)
        for i, shape in enumerate(shapes)
    )


def repairs(dV, dA, mu):
    """Column by column, as in the formula."""
    T, N = dA.shape
    bracket = np.eye(T) - np.ones((T, T)) / T
    columns = [bracket @ dA[:, k] / mu[k] for k in range(N)]
    return np.column_stack([dV[:, k] / mu[k] for k in range(N)]), np.column_stack(columns)


def stable_rates():
    """The curvature along all ones from the oracle's side: P and mu as printed in chapter 1."""
    P = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]])
    mu = np.linalg.matrix_power(P, 200)[:, 0]
    K_P = mu @ (P**2).sum(axis=0) - mu @ mu
    steepest = K_P + 1000 * mu @ mu
    return 2 / steepest, 2 / (mu.max() * steepest), 2 / K_P, 1 / steepest


STABLE, UNDIVIDED, PROJECTED, MINIMUM = stable_rates()
CH3 = {
    "ch3-stable-rate": Case(
        STABLE,
        [
            (UNDIVIDED, "without preconditioning"),
            (PROJECTED, "with projection"),
            (MINIMUM, "lands in the minimum"),
            (1.0, "over the largest curvature"),
        ],
    ),
    "ch3-unseen": Case(
        152,
        [
            (33, "once in the mean"),
            (151, r"0\.9899: too few"),
            (200, "fewer will do"),
            (-1, "at least one sample"),
        ],
    ),
    "ch3-repairs": Case(
        repairs,
        [
            (lambda dV, dA, mu: (dV, repairs(dV, dA, mu)[1]), "dV is off by"),
            (lambda dV, dA, mu: (dV / mu[:, None], dA), "you divide its rows"),
            (lambda dV, dA, mu: (dV / mu, dA / mu), "not centred"),
            (lambda dV, dA, mu: repairs(dV, dA / mu, mu), "dA is off by"),
            (lambda *parts: repairs(*parts)[::-1], r"dV of shape \(2, 2\) is wanted"),
        ],
    ),
    "ch3-gradient": Case(
        differences,
        [
            (lambda *parts: differences(*parts, sign=-1), "your dV is off"),
            (lambda *parts: (differences(*parts)[0], 0 * parts[1]), "your dA is off"),
            (lambda *parts: differences(*parts)[::-1], r"dV of shape \(2, 2\) is wanted"),
            (lambda *parts: differences(*parts)[0], "dV of shape|no pair"),
        ],
    ),
}

# Chapter 4


def signal_side(K_P, K_Q, T, v, steps=4000):
    """On which side a start (v, 0) ends: Runge-Kutta by hand."""

    def rate(x):
        return np.array(
            [(1 - x[0]) / T + K_Q * x[1] * (1 - x[0] * x[1]), K_P * x[0] * (1 - x[0] * x[1])]
        )

    x, h = np.array([v, 0.0]), 100 / math.sqrt(K_P * K_Q) / steps
    for _ in range(steps):
        k1 = rate(x)
        k2 = rate(x + h / 2 * k1)
        k3 = rate(x + h / 2 * k2)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(x + h * k3))
        if abs(x[1]) > 0.5:
            break
    return x[1] > 0


@functools.cache
def border(K_P, K_Q, T):
    lost, found = -10 / (T * math.sqrt(K_P * K_Q)), 0.0
    for _ in range(16):
        middle = (lost + found) / 2
        lost, found = (lost, middle) if signal_side(K_P, K_Q, T, middle) else (middle, found)
    return found


RATE = math.sqrt(0.14 * 0.52)
CH4 = {
    "ch4-extra-time": Case(
        3 * math.log(10) / RATE,
        [
            (math.log(10) / RATE, "one factor of ten"),
            (3 / RATE, "natural one"),
            (3 * math.log(10), "divided by sqrt"),
            (1000.0, "take the difference"),
        ],
    ),
    "ch4-saddle": Case(
        (0, -0.025),
        [
            ((0, 0), "the push on alpha_V is 1/T"),
            ((1, 1), "that is the truth"),
            ((0, 0.025), "which sign"),
            ((-0.025, 0), "swapped"),
            ((-1, -1), r"alpha_V/dt is 0\.02, and d alpha_A/dt is K_P times -?0"),
        ],
    ),
    "ch4-corner": Case(
        (0.5, 2),
        [
            ((2, 0.5), "swapped"),
            ((1, 1), "on the way there"),
            ((0.25, 1), "your product is 0.25"),
        ],
    ),
    "ch4-border": Case(
        border,
        [
            (lambda *at: -border(*at), "below zero"),
            (lambda K_P, K_Q, T: -1 / (T * math.sqrt(K_P * K_Q)), "it is -"),
            (lambda K_P, K_Q, T: border(0.14, 0.52, 20), "K_P = 0.4"),
        ],
    ),
}

# Chapter 5


def shrunk(entry, theta):
    if abs(entry) <= theta:
        return 0.0
    return entry - theta if entry > 0 else entry + theta


def step(V, A, dV, dA, mu, rate, penalty, *, centre=True, divide=True, precondition=True):
    slope = dA / mu if precondition else dA
    y = A - rate * (slope - centre * slope.mean(axis=0))
    y = np.where(y > 0, 1, -1) * np.maximum(np.abs(y) - rate * penalty, 0)
    return V - rate * (dV / mu if precondition else dV), y / y.sum(axis=0) if divide else y


def whole_penalty(V, A, dV, dA, mu, rate, penalty):
    return step(V, A, dV, dA, mu, rate, penalty / rate)


CH5 = {
    "ch5-threshold": Case(
        (8 / 13, 4 / 13, 1 / 13, 0),
        [
            ((0.4, 0.2, 0.05, 0), "divide the column by its sum"),
            ((10 / 19, 6 / 19, 3 / 19, 0), "hard threshold"),
            ((8 / 12, 4 / 12, 1 / 12, -1 / 12), "does not cross it"),
            ((0.5, 0.3, 0.15, 0.05), "take 0.1 off"),
        ],
    ),
    "ch5-steps": Case(
        100,
        [
            (2, "times the learning rate"),
            (0.5, "times the penalty"),
            (1e6, "divide once only"),
            (50, "one step take off"),
        ],
    ),
    "ch5-soft": Case(
        lambda y, theta: np.array([shrunk(entry, theta) for entry in y]),
        [
            (lambda y, theta: y * (abs(y) > theta), "hard threshold"),
            (lambda y, theta: np.maximum(y - theta, 0), "below zero are treated alike"),
            (lambda y, theta: np.sign(y) * (abs(y) - theta), "does not cross it"),
            (lambda y, theta: y - theta, "what becomes of the entry -"),
        ],
    ),
    "ch5-step": Case(
        step,
        [
            (functools.partial(step, precondition=False), "divide its columns"),
            (whole_penalty, "the learning rate times the penalty"),
            (functools.partial(step, divide=False), "columns of A sum to"),
            (functools.partial(step, centre=False), "A is off by"),
            (lambda *parts: step(*parts)[::-1], r"V of shape \(2, 2\) is wanted"),
        ],
    ),
}

# Chapter 6


def push_of_samples(task, rng, batch=1, draws=4000):
    """The scatter of the first push, from samples alone and the definition of alpha_V."""
    mu, P, T = task.stationary, task.transition, task.context_length
    toward, drawn = P - mu[:, None], task.sample(draws, rng)
    h = np.array([np.bincount(row, minlength=len(mu)) for row in drawn.tokens]) / T
    r = mu * h.sum(axis=1)[:, None] - np.eye(len(mu))[drawn.output]
    pushes = -np.sum((r @ toward) * h, axis=1) / np.sum(toward**2 * mu)
    return float(np.std(pushes.reshape(-1, batch).mean(axis=1)))


CH6 = {
    "ch6-samples": Case(
        4 * 2340,
        [
            (2 * 2340, "square of the ratio"),
            (2340, "for a ratio of 1"),
            (8 * 2340, "is not it"),
        ],
    ),
    "ch6-odds": Case(
        0.97725,
        [
            (0.841, "with M_1 samples"),
            (0.954, "only one tail"),
            (0.0228, "of the wrong side"),
            (0.99997, "z is the root"),
            (0.5, "how many deviations"),
        ],
    ),
    "ch6-batch": Case(
        170.9,
        [
            (20, "too small"),
            (500, "there is a smaller one"),
            (0, "at least one sample"),
            (-170.9, "at least one sample"),
        ],
    ),
    "ch6-noise": Case(
        push_of_samples,
        [
            (lambda task, rng: push_of_samples(task, rng, 64, 64_000), "of a batch of 64"),
            (lambda task, rng: push_of_samples(task, rng) ** 2, "at T = 20"),
            (lambda task, rng: 0.0, "at T = 20"),
        ],
    ),
}

# Chapter 7


def arrival(K_P, K_Q, T, theta, a):
    """arsinh x is the logarithm of x + sqrt(x^2 + 1)."""
    r = math.sqrt(K_P * K_Q)
    x = a * math.sqrt(K_Q / K_P) / (theta + 1 / (r * T))
    return math.log(x + math.sqrt(x**2 + 1)) / r


def late_arrival(K_P, K_Q, T, theta, a):
    r = math.sqrt(K_P * K_Q)
    return math.log(2 * a * math.sqrt(K_Q / K_P) / (theta + 1 / (r * T))) / r


def split(V, P, mu, weights=None):
    w = mu if weights is None else weights
    true, far = P - mu[:, None], V - mu[:, None]
    theta = np.sum(w * far * true) / np.sum(w * true**2)
    return theta, far - theta * true


CH7 = {
    "ch7-double": Case(
        math.log(2) / RATE,
        [
            (math.log(2), "that is s"),
            (math.log(2) / RATE**2, "the root of"),
            (1.0, "take the difference"),
        ],
    ),
    "ch7-fall": Case(
        16,
        [
            (4, "theta is squared"),
            (2, "not with its root"),
            (1, "aligned V"),
            (0.0625, "not fewer"),
            (10, "divide the two"),
        ],
    ),
    "ch7-arrival": Case(
        arrival,
        [
            (lambda K_P, K_Q, T, *at: arrival(K_P, K_Q, 1e12, *at), "the push 1/T"),
            (lambda K_P, K_Q, *at: arrival(K_Q, K_P, *at), "under the root"),
            (lambda *at: arrival(*at) * math.sqrt(at[0] * at[1]), "time is h_a over r"),
            (late_arrival, "take arsinh"),
            (lambda *at: 2 * arrival(*at), "at T = 1000, theta = 0.01 it is 12"),
        ],
    ),
    "ch7-split": Case(
        split,
        [
            (lambda V, P, mu: split(V, P, mu, 1.0), "weigh columns by mu"),
            (lambda V, P, mu: (0.3, V - mu[:, None]), "some entry of R"),
            (lambda V, P, mu: split(V, P, mu)[0], "no pair"),
            (lambda V, P, mu: split(V, P, mu)[::-1], "theta is one number"),
        ],
    ),
}

# Chapter 8


def similarity(A, B, mu, uniform=True):
    A, B = A - uniform * A.mean(axis=0), B - uniform * B.mean(axis=0)
    inner, sizes = (A * B).sum(0) @ mu, ((A * A).sum(0) @ mu, (B * B).sum(0) @ mu)
    return inner / math.sqrt(sizes[0] * sizes[1])


CH8 = {
    "ch8-rate": Case(
        2500,
        [
            (5, "counts twice"),
            (250_000, "that is the ratio"),
            (0.01, "is not it"),
        ],
    ),
    "ch8-logit": Case(
        6.9068,
        [
            (2.9996, "natural"),
            (999, "exponential of the logit"),
            (0.5, r"the weight 0\.00165"),
            (-1e6, "the weight 7"),
        ],
    ),
    "ch8-slope": Case(
        lambda a, g: (np.diag(a) - np.outer(a, a)) @ g,
        [
            (lambda a, g: a * g, "the mean of g comes off"),
            (lambda a, g: g - a @ g, "its own weight"),
            (lambda a, g: a * (g - g.mean()), "with the weights a"),
            (lambda a, g: a * (g + a @ g), "off by"),
            (lambda a, g: a @ g, r"shape \(3,\) is wanted"),
        ],
    ),
    "ch8-similarity": Case(
        similarity,
        [
            (lambda A, B, mu: similarity(A, B, mu, uniform=False), "uniform part first"),
            (lambda A, B, mu: similarity(A, B, np.ones(len(mu))), "with the weights mu"),
            (lambda A, B, mu: similarity(A, B, mu) ** 2, "T = 4, N = 2"),
        ],
    ),
}

# Chapter 9


def followers(tokens, N, *, divided=True, last=False):
    pairs = list(itertools.pairwise(tokens))
    counts = np.array([[pairs.count((m, n)) for m in range(N)] for n in range(N)])
    sums = [tokens.count(m) for m in range(N)] if last else counts.sum(axis=0)
    return counts / sums if divided else counts


def slide(task, start, length, rng, *, late=0, whole=False):
    tokens, T = list(start), task.context_length
    for _ in range(length):
        end = len(tokens) - 1 + late
        position = int(task.attention[:, tokens[-1]].argmax())  # these tasks look at one
        source = tokens[end - T : end][position]
        tokens.append(int(task.transition[:, source].argmax()))
    return tokens if whole else tokens[T + 1 :]


CH9 = {
    "ch9-perplexity": Case(
        4,
        [
            (16 / 5, "not the chances"),
            (5, "not their exponentials"),
            (2, "in bits"),
            (3, "exp of the mean"),
        ],
    ),
    "ch9-mixture": Case(
        0.96758,
        [
            (1.176, "chances are mixed"),
            (1.514, "swapped"),
            (1.396, "in bits"),
            (0.38, "that is the chance"),
            (1, "which chance"),
        ],
    ),
    "ch9-counts": Case(
        followers,
        [
            (lambda tokens, N: followers(tokens, N).T, "rows and columns"),
            (functools.partial(followers, divided=False), "divide each column"),
            (functools.partial(followers, last=True), "no follower"),
            (lambda tokens, N: np.full((N, N), 1 / N), "expected"),
        ],
    ),
    "ch9-slide": Case(
        slide,
        [
            (functools.partial(slide, whole=True), "without the start"),
            (functools.partial(slide, late=1), "only chooses positions"),
            (lambda *parts: slide(*parts)[:-1], "yours is"),
            (lambda task, start, length, rng: [0] * length, "expected"),
        ],
    ),
}

CASES = CH0 | CH1 | CH2 | CH3 | CH4 | CH5 | CH6 | CH7 | CH8 | CH9
VALUES = {name: case for name, case in CASES.items() if not callable(case.right)}
FUNCTIONS = {name: case for name, case in CASES.items() if callable(case.right)}
MISTAKES = [
    pytest.param(name, answer, hint, id=f"{name}-{number}")
    for name, case in CASES.items()
    for number, (answer, hint) in enumerate(case.wrong)
]


def each(cases):
    rows = [pytest.param(name, case.right, id=name) for name, case in cases.items()]
    return pytest.mark.parametrize(("name", "right"), rows)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process in which nothing was answered yet."""
    monkeypatch.setattr(checking, "_WRONG", type(checking._WRONG)())


def refused(name, answer):
    verdict = scb.exercises.check(name, answer)
    assert not verdict.passed, verdict
    return verdict.words


def changed(answer, change):
    """The answer with a change made to each of its numbers or arrays."""
    if isinstance(answer, tuple):
        return tuple(change(np.asarray(part)) for part in answer)
    return change(np.asarray(answer))


def test_no_exercise_is_missing_in_the_table():
    of_a_chapter = re.compile(r"scb_edu\.exercises\.ch\d")
    known = checking._EXERCISES.items()
    own = {name for name, each in known if of_a_chapter.match(each.test.__module__)}
    assert own == set(CASES)
    assert min(len(case.wrong) for case in CASES.values()) >= 3


@each(CASES)
def test_the_right_answer_passes(name, right):
    assert scb.exercises.check(name, right).words == "Right."


@pytest.mark.parametrize(("name", "answer", "hint"), MISTAKES)
def test_a_mistake_gets_its_hint(name, answer, hint):
    assert re.search(hint, refused(name, answer))


# What no reader means to answer


class Unspeakable:
    """Has no words, no length, no value."""

    def __repr__(self):
        raise ValueError("no words")

    __str__ = __len__ = __float__ = __array__ = __eq__ = __iter__ = __repr__
    __hash__ = None


class UnspeakableError(Unspeakable, Exception):
    """An error that cannot say what is wrong."""


NOT_FINITE = (np.nan, np.inf, -np.inf)
NO_NUMBERS = ("", "right", "0.5", b"0.5", ["a", "b"], {}, {1, 2}, object(), Unspeakable(), 1j, True)
NO_SHAPES = ([], [[]], [1, [2]], np.ones(7), np.ones((1, 1, 1)))


def not_numbers(right):
    """Answers of the right form that are no numbers, and answers of no form."""
    for bad in NOT_FINITE:
        yield changed(right, lambda part, bad=bad: np.full(part.shape, bad))
    yield changed(right, lambda part: part.astype(str))
    yield changed(right, lambda part: part.astype(complex))
    yield from NO_NUMBERS


def other_shapes(right):
    """The right numbers in other shapes: a dimension more, fewer, one entry more, one less."""
    yield changed(right, lambda part: part[None])
    yield changed(right, lambda part: part[..., None])
    yield changed(right, lambda part: np.append(part, 0.0))
    yield changed(right, lambda part: part.ravel()[:-1])
    yield changed(right, lambda part: 0.0 if part.ndim else [0.0])
    yield from NO_SHAPES


@each(CASES)
@pytest.mark.parametrize("empty", [None, ...])
def test_nothing_is_not_an_answer_yet(name, right, empty):
    assert refused(name, empty) == checking.NOT_ANSWERED


@each(VALUES)
def test_a_value_that_is_no_number_or_has_another_shape_is_refused(name, right):
    for answer in (*not_numbers(right), *other_shapes(np.asarray(right))):
        assert refused(name, answer).startswith(("Not yet", "Your answer stopped"))


@each(VALUES)
def test_nan_is_called_by_its_name(name, right):
    assert "nan" in refused(name, np.full(np.shape(right), np.nan))


@each(VALUES)
def test_a_value_whose_parts_are_empty_is_refused(name, right):
    refused(name, [None] * max(np.size(right), 1))


@each(VALUES)
def test_a_function_is_no_value(name, right):
    refused(name, lambda *_: right)


@each(FUNCTIONS)
def test_a_value_is_no_function(name, right):
    for answer in (*NOT_FINITE, *NO_NUMBERS, *NO_SHAPES, 1.0):
        assert refused(name, answer).startswith("Not yet: a function is wanted")


@each(FUNCTIONS)
def test_a_function_that_returns_nothing_is_not_an_answer_yet(name, right):
    def unwritten(*_):
        raise NotImplementedError

    for stub in (lambda *_: None, lambda *_: ..., unwritten):
        assert refused(name, stub) == checking.NOT_ANSWERED


def first_result(name, right):
    """What the right function returns for the first question of the check."""
    results = []
    scb.exercises.check(name, lambda *args: results.append(right(*args)))
    return results[0]


@each(FUNCTIONS)
@pytest.mark.parametrize("nonsense", [not_numbers, other_shapes])
def test_a_function_that_returns_no_numbers_or_another_shape_is_refused(name, right, nonsense):
    for result in nonsense(first_result(name, right)):
        refused(name, lambda *_, result=result: result)


@each(FUNCTIONS)
def test_a_function_with_other_arguments_is_told_so(name, right):
    assert "TypeError" in refused(name, lambda: 0.0)


@each(FUNCTIONS)
def test_a_function_that_stops_is_told_why_if_there_are_words(name, right):
    def fail(error):
        raise error

    stopped = "Your answer stopped with"
    assert refused(name, lambda *_: 1 / 0) == f"{stopped} ZeroDivisionError: division by zero"
    assert refused(name, lambda *_: fail(UnspeakableError())) == f"{stopped} UnspeakableError."


# Hints


def numbers_in(text):
    return {float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text)}


@each(CASES)
def test_wrong_answers_get_one_hint_after_the_other(name, right):
    told = [scb.exercises.check(name, "no idea").hint[:11] for _ in range(5)]
    assert told == [f"Hint {step} of 3" for step in (1, 2, 3, 3, 3)]
    assert scb.exercises.check(name, None).hint == ""


@each(CASES)
def test_hints_are_three_different_sentences(name, right):
    hints = checking._EXERCISES[name].hints
    assert len(set(hints)) == 3
    assert hints[2].startswith("Begin with ")
    assert all(hint[-1] in ".?" and len(hint) < 140 for hint in hints)


@each(VALUES)
def test_no_hint_has_the_numbers_of_the_solution(name, right):
    wanted = np.ravel(right)
    for hint in checking._EXERCISES[name].hints:
        given = np.array([*numbers_in(hint), np.inf])
        assert not all(np.isclose(given, n, rtol=0.02, atol=0).any() for n in wanted), hint


# What an answer does besides answering


def doing(right, act):
    """An answer that acts when it is asked for its value."""
    if callable(right):
        return lambda *_: act()

    class Active:
        def __array__(self, *_, **__):
            return act()

        def __iter__(self):
            return act()

    return Active()


@each(CASES)
def test_an_endless_answer_is_stopped(name, right, monkeypatch):
    def endless():
        while True:
            pass

    monkeypatch.setattr(running, "SECONDS", 0.02)
    assert "more than 0.02 seconds" in refused(name, doing(right, endless))


@each(CASES)
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_an_answer_that_leaves_is_told_so(name, right, error):
    def leave():
        raise error

    assert f"stopped with {error.__name__}" in refused(name, doing(right, leave))


@each(CASES)
def test_an_answer_that_prints_a_megabyte_is_kept_short(name, right, capsys):
    def talk():
        print("x" * 2**20)
        return np.array(np.nan)

    verdict = scb.exercises.check(name, doing(right, talk))
    assert not verdict.passed
    assert re.search(r"\[cut: [\d,]{9} characters, the first 500 are shown\]", verdict.printed)
    assert len(repr(verdict)) < 1500
    assert capsys.readouterr() == ("", "")


# Answers that change what they are given


def changeable(args):
    return [arg for arg in args if isinstance(arg, np.ndarray | list)]


def gets_arrays(name):
    """Whether the function of an exercise is given anything that it could change."""
    given = []
    scb.exercises.check(name, lambda *args: given.extend(changeable(args)))
    return bool(given)


SPOILABLE = {name: case for name, case in FUNCTIONS.items() if gets_arrays(name)}


def spoil(args):
    """Scale the entries of every array in place, each by its own factor; rotate the lists."""
    for arg in changeable(args):
        if isinstance(arg, list):
            arg.append(arg.pop(0))
        elif arg.dtype.kind == "f":
            arg *= np.linspace(0.5, 2, arg.size).reshape(arg.shape)


def test_most_functions_get_something_to_spoil():
    """Those whose function gets only numbers, a task or a generator are the few."""
    assert len(SPOILABLE) > len(FUNCTIONS) / 2


@each(SPOILABLE)
def test_a_right_answer_that_changes_its_arguments_is_told_so(name, right):
    def careless(*args):
        result = right(*deepcopy(args))
        spoil(args)
        return result

    assert "changes its argument" in refused(name, careless)


@each(SPOILABLE)
def test_a_wrong_answer_does_not_pass_by_changing_the_question(name, right):
    def cheat(*args):
        spoil(args)
        return right(*args)

    assert "changes its argument" in refused(name, cheat)


@each(SPOILABLE)
def test_a_function_that_works_on_its_own_copies_passes(name, right):
    def careful(*args):
        own = deepcopy(args)
        result = right(*args)
        spoil(own)
        return result

    assert scb.exercises.check(name, careful).passed


def test_fractions_are_numbers():
    from fractions import Fraction

    assert scb.exercises.check("ch1-stationary", (Fraction(5, 6), Fraction(1, 6))).passed


# A task of one's own


def rate_without_projection(task):
    mu, P = task.stationary, task.transition
    return 2 / (mu @ (P**2).sum(0) - mu @ mu + task.context_length * mu @ mu)


def fall_to_one_position(task):
    one = np.eye(task.context_length, task.vocab_size)
    P, mu = task.transition, task.stationary
    return floor(P, task.attention, mu) - floor(P, one, mu)


def law_by_hand(task):
    context = [0, 2, 1, 0, 1, 2, 0, 2]
    return sum(
        w * task.transition[:, x] for w, x in zip(task.attention[:, 1], context, strict=True)
    )


OWN_TASKS = {
    "ch1-law": law_by_hand,
    "ch1-sharp": fall_to_one_position,
    "ch3-stable-rate": rate_without_projection,
    "ch6-samples": lambda task: 4 * scb.theory.samples_needed(task, 1),
    "ch6-batch": lambda task: next(
        B for B in range(1, 10**6) if scb.theory.escape_chance(task, 0.01, B) > 0.99
    ),
}


@pytest.mark.parametrize("name", OWN_TASKS)
def test_an_answer_is_judged_against_a_task_of_ones_own(name):
    own = scb.SCBTask.random(3, 8, 2, np.random.default_rng(3), concentration=0.5)
    if name == "ch6-batch":
        own = scb.SCBTask.example(3000)
    answer = OWN_TASKS[name](own)
    assert scb.exercises.check(name, answer, task=own).passed
    assert not scb.exercises.check(name, answer).passed
    assert not scb.exercises.check(name, CASES[name].right, task=own).passed


def test_what_stands_in_the_place_of_the_running_example_is_judged_against():
    scb.model.use_example([[0.5, 0.1, 0.2], [0.3, 0.2, 0.7], [0.2, 0.7, 0.1]], [0.9, 0.1])
    try:
        answers = {
            name: OWN_TASKS[name](scb.SCBTask.example(8)) for name in ("ch1-law", "ch1-sharp")
        }
        assert all(scb.exercises.check(name, answer).passed for name, answer in answers.items())
    finally:
        scb.model.use_example()
    assert not any(scb.exercises.check(name, answer).passed for name, answer in answers.items())


@each({name: case for name, case in CASES.items() if name not in OWN_TASKS})
def test_an_exercise_with_its_own_numbers_refuses_a_task_and_says_why(name, right):
    reason = {
        "ch2-worst-corner": "its answer is the same for every task",
        "ch2-half": "its answer is the same for every task",
    }.get(name, checking.OWN_CASES if callable(right) else checking.OWN_NUMBERS)
    with pytest.raises(scb.ScbError, match=f"task: expected none for '{name}', because {reason}"):
        scb.exercises.check(name, right, task=scb.SCBTask.example(8))


@pytest.mark.parametrize("name", OWN_TASKS)
def test_what_is_no_task_is_refused(name):
    with pytest.raises(scb.ScbError, match="task: expected an SCBTask, got int"):
        scb.exercises.check(name, 1, task=8)


def test_a_task_that_an_exercise_cannot_be_asked_about_is_refused():
    with pytest.raises(scb.ScbError, match=r"expected 8 positions and 3 tokens .* got 9 and 3"):
        scb.exercises.check("ch1-law", None, task=scb.SCBTask.example(9))
    flat = scb.SCBTask(np.full((3, 3), 1 / 3), scb.SCBTask.example(8).attention)
    for name in ("ch3-stable-rate", "ch6-samples", "ch6-batch"):
        with pytest.raises(scb.ScbError, match="whose transition is not uniform"):
            scb.exercises.check(name, 1, task=flat)
    blind = scb.SCBTask(scb.SCBTask.example(8).transition, np.full((8, 3), 1 / 8))
    with pytest.raises(scb.ScbError, match="whose attention is not uniform"):
        scb.exercises.check("ch6-batch", 1, task=blind)


@pytest.mark.parametrize("answer", ["ch2-worst-corner", "ch2-half"])
def test_the_answers_that_are_the_same_for_every_task_are(answer):
    rng = np.random.default_rng(4)
    for _ in range(20):
        task = scb.SCBTask.random(4, 6, 2, rng, concentration=0.5)
        corners = list(itertools.product((-1, 1), repeat=2))
        worst = max(corners, key=lambda at: scb.theory.signal_loss(task, *at))
        best = min(np.arange(0, 4, 0.125), key=lambda a: scb.theory.signal_loss(task, 0.5, a))
        assert scb.exercises.check(answer, worst if answer == "ch2-worst-corner" else best).passed
