"""The playground's steps and closed forms beside the library's, on the same batches."""

import numpy as np
import oracles
import pytest
from node import ask, digits, given, matrix, settings

import scb_edu as scb
from scb_edu.training import Adam, Momentum, ProjectedSGD
from scb_edu.training.optimizers import BreakdownError, Moment, parameters_of
from scb_edu.training.steps import LARGEST_LOSS

TASKS, STEPS, SIZE = 50, 200, 8
AT = (1, 20, 101, STEPS)
RATE, PENALTY, LATER = 0.04, 0.02, 100 * 0.04  # the penalty begins at half of the steps
METHODS = {
    "plain": scb.SGD(RATE),
    "projected": ProjectedSGD(RATE),
    "preconditioned": scb.ProximalGradient(RATE),
    "proximal": scb.ProximalGradient(
        RATE, scb.theory.penalty_from(LATER, PENALTY), attention_rate=2 * RATE
    ),
    "momentum": Momentum(RATE / 4),
    "adam": Adam(RATE / 4),
}


def draw_task(i):
    rng = np.random.default_rng(i)
    N, T = int(rng.integers(2, 6)), int(rng.integers(4, 13))
    return scb.SCBTask.random(N, T, int(rng.integers(1, 4)), rng)


@pytest.fixture(scope="module")
def tasks():
    """Random small tasks, and batches of each."""
    drawn = [draw_task(i) for i in range(TASKS)]
    rng = np.random.default_rng(1)
    return [(task, [task.sample(SIZE, rng) for _ in range(STEPS)]) for task in drawn]


def states_of_the_library(start, task, optimizer, batches):
    """The model after some of the steps."""
    here, kind, mu = parameters_of(start), type(start), task.stationary
    state = optimizer.init(here)
    moment = Moment(stationary=mu, is_softmax=kind is scb.SoftmaxTransformer)
    for i, batch in enumerate(batches, 1):
        slope = parameters_of(scb.gradient(kind(*here), batch))
        here, state = optimizer.update(here, slope, state, moment)
        moment = moment.after(SIZE, optimizer.rates(moment)[0])
        if i in AT:
            yield kind(*here)


def job(task, method, attention, batches):
    optimizer = METHODS[method]
    rate, attention_rate = optimizer.rates()
    own = settings(
        task="given",
        T=task.context_length,
        method=method,
        attention=attention,
        rate=rate,
        ratio=attention_rate / rate,
        penalty=PENALTY,
        penaltyFrom=LATER,
    )
    texts = [digits(batch) for batch in batches]
    return {"do": "steps", "settings": own, "given": given(task), "at": AT, "batches": texts}


def relative_error(found, expected):
    return np.abs(matrix(found, len(expected)) - expected).max() / np.abs(expected).max()


def worst_error(tasks, method, attention, optimizer):
    kind = scb.SoftmaxTransformer if attention == "softmax" else scb.LinearTransformer
    found = ask(*(job(task, method, attention, batches) for task, batches in tasks))
    errors = [
        error
        for (task, batches), states in zip(tasks, found, strict=True)
        for state, model in zip(
            states,
            states_of_the_library(kind.initial(task), task, optimizer, batches),
            strict=True,
        )
        for error in (
            relative_error(state["V"], model.value),
            relative_error(state["A"], model.attention),
        )
    ]
    assert len(errors) == 2 * len(AT) * len(tasks)
    return max(errors)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_is_that_of_the_library(tasks, method):
    assert worst_error(tasks, method, "linear", METHODS[method]) < 1e-10


@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_softmax_attention_is_that_of_the_library(tasks, method):
    # the library refuses a penalty there; the playground leaves it out
    without = scb.ProximalGradient(RATE, attention_rate=2 * RATE)
    optimizer = without if method == "proximal" else METHODS[method]
    assert worst_error(tasks[::5], method, "softmax", optimizer) < 1e-10


def step_that_breaks_down(task, optimizer, batches):
    """At which step the library's run breaks down, and how."""
    here = scb.LinearTransformer.initial(task)
    for step, batch in enumerate(batches, start=1):
        if scb.loss(here, batch) > LARGEST_LOSS:
            return "diverged", step
        try:
            here = optimizer.step(here, scb.gradient(here, batch), task.stationary)
        except BreakdownError as error:
            return error.ended, step
    raise AssertionError("it did not break down")


@pytest.mark.parametrize(
    ("ended", "optimizer", "own"),
    [
        ("vanished", scb.ProximalGradient(0.02, 9.0), {"rate": 0.02, "penalty": 9.0}),
        ("diverged", scb.ProximalGradient(2.0, 0.01), {"rate": 2, "penalty": 0.01}),
        ("diverged", scb.SGD(9.0), {"rate": 9.0, "method": "plain"}),
    ],
)
def test_a_step_that_cannot_be_made_ends_the_run_as_in_the_library(ended, optimizer, own):
    task = scb.SCBTask.example(20)
    batches = [task.sample(SIZE, np.random.default_rng(i)) for i in range(80)]
    expected = step_that_breaks_down(task, optimizer, batches)
    job = {"do": "steps", "settings": settings(T=20, **own), "at": [len(batches)]}
    (state,) = ask(job | {"batches": [digits(batch) for batch in batches]})[0]
    assert (state["status"]["name"], state["step"]) == expected
    assert state["samples"] == SIZE * state["step"]
    assert expected[0] == ended
    assert state["status"]["words"].startswith(f"{ended.capitalize()}: ")


def test_what_is_measured_is_what_the_library_measures(tasks):
    rng = np.random.default_rng(2)
    pairs = [
        (task, scb.LinearTransformer(rng.normal(size=(N, N)), rng.normal(size=(T, N))))
        for task, _ in tasks
        for N, T in [(task.vocab_size, task.context_length)]
    ]
    found = ask(
        *(
            {
                "do": "start",
                "settings": settings(task="given", T=task.context_length, start="given"),
                "given": given(task, model=model),
            }
            for task, model in pairs
        )
    )
    for (task, model), state in zip(pairs, found, strict=True):
        alpha, far = scb.signals(model, task), scb.distances(model, task)
        excess = scb.population_loss(model, task) - scb.bayes_loss(task)
        assert state["signals"]["value"] == pytest.approx(alpha.value, rel=1e-12, abs=1e-12)
        assert state["signals"]["attention"] == pytest.approx(alpha.attention, rel=1e-12, abs=1e-12)
        assert state["excess"] == pytest.approx(excess, rel=1e-12)
        assert state["errors"]["value"] * task.transition_energy**0.5 == pytest.approx(
            far.value, rel=1e-12
        )
        assert state["errors"]["attention"] * task.attention_energy**0.5 == pytest.approx(
            far.attention, rel=1e-12
        )


def test_the_constants_of_a_task_are_the_library_s(tasks):
    jobs = (
        {"do": "task", "settings": settings(task="given", T=task.context_length)}
        | {
            "given": {"P": given(task)["P"]}
            | {key: given(task)[key] for key in ("positions", "weights")}
        }
        for task, _ in tasks
    )
    for (task, _), found in zip(tasks, ask(*jobs), strict=True):
        assert found["mu"] == pytest.approx(task.stationary, rel=1e-14)
        assert found["KP"] == pytest.approx(task.transition_energy, rel=1e-12, abs=1e-15)
        assert found["KQ"] == pytest.approx(task.attention_energy, rel=1e-12)
        assert found["bayes"] == pytest.approx(scb.bayes_loss(task), rel=1e-12)


@pytest.mark.parametrize("T", [8, 9, 250])
def test_the_example_is_the_library_s(T):
    task, (found,) = scb.SCBTask.example(T), ask({"do": "task", "settings": settings(T=T)})
    np.testing.assert_allclose(matrix(found["P"], 3), task.transition, rtol=1e-15)
    np.testing.assert_array_equal(matrix(found["attention"], T), task.attention)


RANDOM = [
    settings(task="random", N=N, T=T, Q=Q, peak=peak, seed=seed)
    for seed, (N, T, Q) in enumerate([(2, 8, 1), (3, 50, 2), (5, 9, 4), (8, 400, 3)] * 3)
    for peak in (0, 0.25, 0.5, 1)
]


def test_a_random_task_is_one_of_the_library():
    found = ask(*({"do": "task", "settings": own} for own in RANDOM))
    for own, task in zip(RANDOM, found, strict=True):
        P, Q = matrix(task["P"], own["N"]), matrix(task["attention"], own["T"])
        assert [P.sum(axis=0), Q.sum(axis=0)] == [pytest.approx(np.ones(own["N"]), abs=1e-14)] * 2
        assert (np.count_nonzero(Q, axis=0) == own["Q"]).all()
        scb.SCBTask(P, Q, task["mu"])  # it finds no fault
        assert task["mu"] == pytest.approx(oracles.stationary(P), rel=1e-8)
        assert P @ task["mu"] == pytest.approx(np.array(task["mu"]), abs=1e-15)


def test_a_peak_makes_p_peaked():
    def energy(peak):
        jobs = (
            {"do": "task", "settings": settings(task="random", N=4, peak=peak, seed=seed)}
            for seed in range(20)
        )
        return np.mean([task["KP"] for task in ask(*jobs)])

    flat, usual, sharp = energy(0), energy(0.5), energy(1)
    assert 0 < flat < usual / 10
    rng = np.random.default_rng(0)
    library = [scb.SCBTask.random(4, 8, 1, rng).transition_energy for _ in range(100)]
    # the law of SCBTask.random: four standard errors of the 20 fail once in 16,000
    assert abs(usual - np.mean(library)) < 4 * np.std(library) / 20**0.5
    assert sharp == pytest.approx(0.99**2 * 0.75)  # a permutation, one part in a hundred uniform


def start_of(task, **own):
    job = {"do": "start", "settings": settings(task="given", T=task.context_length, **own)}
    return matrix(ask(job | {"given": given(task)})[0]["V"], task.vocab_size)


def test_an_aligned_start_is_on_the_line_to_the_truth(tasks):
    task = tasks[3][0]
    expected = scb.LinearTransformer.from_signals(task, 0.3, 0).value
    np.testing.assert_allclose(start_of(task, start="aligned", theta=0.3), expected, atol=1e-15)


@pytest.mark.parametrize("theta", [-1, -0.2, 0, 0.7])
def test_a_related_start_has_the_energy_of_the_truth_and_the_correlation_asked_for(theta):
    task = draw_task(4)
    mu, N = task.stationary, task.vocab_size
    assert N > 2
    V = start_of(task, start="related", theta=theta)
    model = scb.LinearTransformer(V, np.full((task.context_length, N), 1 / task.context_length))
    assert scb.signals(model, task).value == pytest.approx(theta, abs=1e-12)
    assert V.sum(axis=0) == pytest.approx(np.ones(N), abs=1e-13)
    assert V @ mu == pytest.approx(mu, abs=1e-13)
    assert (V - mu[:, None]) ** 2 @ mu @ np.ones(N) == pytest.approx(task.transition_energy)


def test_a_tempered_start_is_the_library_s():
    task = draw_task(4)
    V = start_of(task, start="related", theta=0.4)
    uniform = scb.LinearTransformer.initial(task).attention
    expected = scb.theory.temper(scb.LinearTransformer(V, uniform), task, 0.2).value
    found = start_of(task, start="tempered", theta=0.4, share=0.2)
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_with_two_tokens_nothing_fits_beside_the_truth():
    task = scb.SCBTask([[0.9, 0.5], [0.1, 0.5]], np.eye(8)[:, :2])
    line = scb.LinearTransformer.from_signals(task, 0.4, 0).value
    np.testing.assert_allclose(start_of(task, start="related", theta=0.4), line, atol=1e-15)
