"""Wrong input: the message names the argument, what was expected and what came."""

import numpy as np
import pytest

import scb_edu as scb

P2, Q2 = [[0.9, 0.5], [0.1, 0.5]], [[1.0, 0.0], [0.0, 1.0]]
TASK = scb.SCBTask(P2, Q2)
MODEL = scb.LinearTransformer.initial(TASK)
RNG = np.random.default_rng(0)
BATCH = TASK.sample(3, RNG)

TASKS = {
    "columns do not sum to one": ([[0.9, 0.5], [0.2, 0.5]], Q2, "transition: .*1.1 in column 0"),
    "rows do instead": ([[0.9, 0.1], [0.5, 0.5]], Q2, "transition: .*Its rows do: pass the transp"),
    "attention columns": (P2, [[1.0, 0.0], [0.0, 0.5]], "attention: .*0.5 in column 1"),
    "negative": ([[1.5, 0.5], [-0.5, 0.5]], Q2, r"transition: .*negative, got -0.5 at \[1, 0\]"),
    "nan": ([[0.9, np.nan], [0.1, 0.5]], Q2, r"transition: .*finite.*got nan at \[0, 1\]"),
    "infinite": (P2, [[np.inf, 0.0], [0.0, 1.0]], r"attention: .*finite.*got inf at \[0, 0\]"),
    "complex": ([[1j, 0], [1, 1]], Q2, "transition: .*real numbers, got complex"),
    "strings": ([["a", "b"], ["c", "d"]], Q2, "transition: .*real numbers, got strings"),
    "booleans": (np.eye(2, dtype=bool), Q2, "transition: .*real numbers, got booleans"),
    "objects": ([[None, 1], [1, 0]], Q2, "transition: .*real numbers, got entries of type object"),
    "ragged": ([[0.9, 0.5], [0.1]], Q2, "transition: .*rectangular"),
    "not square": ([[0.5, 0.5]], Q2, r"transition: .*square.*got shape \(1, 2\)"),
    "one dimension": ([0.5, 0.5], Q2, r"transition: .*2 dimensions, got shape \(2,\)"),
    "empty": (np.empty((0, 0)), Q2, r"transition: .*at least one entry"),
    "mismatch": (P2, [[1.0, 1.0, 1.0]], r"attention: .*\(T, N\) = \(1, 2\), got \(1, 3\)"),
    "two closed sets": (np.eye(2), Q2, "transition: .*unique.*tokens 0 and 1 never reach"),
    "a token that dies out": (
        [[1.0, 0.5], [0.0, 0.5]],
        Q2,
        "transition: .*mass, got 0 for token 1",
    ),
}


@pytest.mark.parametrize(("P", "Q", "message"), TASKS.values(), ids=TASKS)
def test_a_task_says_what_is_wrong(P, Q, message):
    with pytest.raises(scb.ScbError, match=message):
        scb.SCBTask(P, Q)


STATIONARY = {
    "wrong": ([0.5, 0.5], "stationary: .*P mu = mu"),
    "zero": ([1.0, 0.0], "stationary: .*mass, .*got 0 for token 1"),
    "shape": ([1.0], r"stationary: .*\(N,\) = \(2,\)"),
    "sum": ([0.5, 0.6], "stationary: .*sum to 1"),
}


@pytest.mark.parametrize(("mu", "message"), STATIONARY.values(), ids=STATIONARY)
def test_a_given_stationary_distribution_is_checked(mu, message):
    with pytest.raises(scb.ScbError, match=message):
        scb.SCBTask(P2, Q2, mu)


CUT = {
    "two closed sets": (np.eye(2), [0.5, 0.5], "unique stationary distribution, got 2 sets"),
    "two pairs": (
        np.kron(np.eye(2), [[0.9, 0.5], [0.1, 0.5]]),
        np.kron([0.5, 0.5], [5 / 6, 1 / 6]),
        "tokens 0 and 2 never reach each other",
    ),
    # a mass within the tolerance of P mu = mu, though in truth there is none
    "a token that dies out": ([[1.0, 0.5], [0.0, 0.5]], [1 - 1e-7, 1e-7], "got 0 for token 1"),
}


@pytest.mark.parametrize(("P", "mu", "message"), CUT.values(), ids=CUT)
def test_a_chain_that_falls_apart_is_refused_with_its_stationary_distribution_too(P, mu, message):
    with pytest.raises(scb.ScbError, match=f"transition: .*{message}"):
        scb.SCBTask(P, np.eye(len(P)), mu)


@pytest.mark.parametrize("size", [0, -1, 2.0, 2.5, True, "3", None, np.nan, [1]])
def test_batch_size_is_a_positive_whole_number(size):
    with pytest.raises(scb.ScbError, match=r"batch_size: expected a whole number of at least 1"):
        TASK.sample(size, RNG)


@pytest.mark.parametrize("rng", [0, None, np.random, np.random.RandomState(0)])
def test_only_a_generator_is_a_source_of_randomness(rng):
    with pytest.raises(scb.ScbError, match=r"rng: expected a numpy.random.Generator, got"):
        TASK.sample(1, rng)
    with pytest.raises(scb.ScbError, match=r"rng: .*default_rng"):
        scb.SCBTask.random(2, 2, 1, rng)


def batch_of(**changes):
    return scb.Batch(**{**vars(BATCH), **changes})


CALLS = {
    "more positions than there are": (
        lambda: scb.SCBTask.random(3, 2, 3, RNG),
        "sparsity: expected at most context_length = 2",
    ),
    "no concentration": (
        lambda: scb.SCBTask.random(3, 2, 1, RNG, concentration=0),
        "concentration: expected a number above 0",
    ),
    "example too short": (lambda: scb.SCBTask.example(1), "context_length: .*at least 2"),
    "token out of range": (
        lambda: MODEL.predict([[0, 2]], [0]),
        r"tokens: expected token ids from 0 to 1, got 2 at \[0, 1\]",
    ),
    "negative token": (
        lambda: scb.loss(MODEL, batch_of(output=np.array([0, -1, 0]))),
        r"output: .*got -1 at \[1\]",
    ),
    "tokens are not whole": (lambda: MODEL.predict([[0.0, 1.0]], [0]), "tokens: .*whole numbers"),
    "wrong context length": (
        lambda: MODEL.predict([[0]], [0]),
        r"tokens: .*\(1, 2\), got \(1, 1\)",
    ),
    "last does not fit": (lambda: MODEL.predict([[0, 0]], [0, 1]), r"last: .*\(B,\) = \(1,\)"),
    "flat tokens": (lambda: MODEL.predict([0, 1], [0]), "tokens: .*2 dimensions"),
    "empty batch": (lambda: MODEL.predict(np.empty((0, 2), int), []), "tokens: .*filled array"),
    "outputs do not fit": (
        lambda: scb.gradient(MODEL, batch_of(output=np.array([0]))),
        r"output: .*\(B,\) = \(3,\), got \(1,\)",
    ),
    "law of wrong tokens": (
        lambda: TASK.output_distribution([[0, 5]], [0]),
        "tokens: expected token ids from 0 to 1",
    ),
    "value not square": (lambda: scb.LinearTransformer([[1.0, 0.0]], Q2), "value: .*square"),
    "attention does not fit": (
        lambda: scb.LinearTransformer(P2, [[1.0]]),
        r"attention: .*\(T, N\) = \(1, 2\)",
    ),
    "logits not finite": (
        lambda: scb.SoftmaxTransformer(P2, [[np.inf, 0.0]]),
        r"logits: .*finite.*\[0, 0\]",
    ),
    "floor": (lambda: scb.SoftmaxTransformer.oracle(TASK, floor=0), "floor: .*above 0"),
    "signal": (lambda: scb.LinearTransformer.from_signals(TASK, np.nan, 0), "value: .*finite"),
    "another task": (
        lambda: scb.signals(MODEL, scb.SCBTask.example()),
        r"model.value: .*\(N, N\) = \(3, 3\), got \(2, 2\)",
    ),
    "population of another task": (
        lambda: scb.population_gradient(MODEL, scb.SCBTask(P2, np.ones((1, 2)))),
        r"model.attention: .*\(T, N\) = \(1, 2\), got \(2, 2\)",
    ),
    "preconditioner of nothing": (
        lambda: scb.precondition(scb.gradient(MODEL, BATCH), [1.0, 0.0]),
        "stationary: .*mass, .*got 0 for token 1; the preconditioner divides",
    ),
    "preconditioner's shape": (
        lambda: scb.precondition(scb.gradient(MODEL, BATCH), [1.0]),
        r"stationary: .*\(N,\) = \(2,\)",
    ),
    "learning rate": (
        lambda: scb.theory.population_step(MODEL, TASK, 0),
        "learning_rate: .*above 0",
    ),
    "not a task": (lambda: scb.theory.growth_rate("task"), "task: expected an SCBTask or"),
    "two numbers": (lambda: scb.theory.growth_rate((0.1, 0.2)), "task: expected an SCBTask or"),
    "no energy": (lambda: scb.theory.growth_rate((0.0, 0.2, 10)), "transition_energy: .*above 0"),
    "no context": (lambda: scb.theory.growth_rate((0.1, 0.2, 0.5)), "context_length: .*at least 1"),
    "no time": (lambda: scb.signal_flow(TASK, t_end=0), "t_end: .*above 0"),
    "one point": (lambda: scb.signal_flow(TASK, t_end=1, points=1), "points: .*at least 2"),
    "start": (lambda: scb.signal_flow(TASK, start=(0, 0, 0), t_end=1), r"start: .*\(2,\)"),
    "level": (lambda: scb.escape_time(TASK, 1.0), "level: expected a number below 1"),
    "which signal": (
        lambda: scb.escape_time(TASK, 0.5, signal="V"),
        "signal: expected .*value.*got 'V'",
    ),
    "level of stage 2": (
        lambda: scb.theory.escape_time_limit((0.01, 0.9, 100), 0.5),
        "level: expected a number below .*use escape_time",
    ),
}


@pytest.mark.parametrize(("call", "message"), CALLS.values(), ids=CALLS)
def test_a_call_says_what_is_wrong(call, message):
    with pytest.raises(scb.ScbError, match=message):
        call()


def test_an_scb_error_is_a_value_error():
    assert issubclass(scb.ScbError, ValueError)
