"""An optimiser that someone writes: what its update returns is what a run does."""

from dataclasses import dataclass

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.training import Averaged, ColumnScaling, Moment, Optimizer, Parameters
from scb_edu.training.packed import Supply, is_column_scaling

TASK = scb.SCBTask.random(4, 12, 2, np.random.default_rng(0))


@dataclass(frozen=True)
class SignDescent(Optimizer):
    def update(self, parameters, gradient, state, moment):
        rate, attention_rate = self.rates(moment)
        V = parameters.value - rate * np.sign(gradient.value)
        W = parameters.weights - attention_rate * np.sign(gradient.weights)
        return Parameters(V, W), state


@dataclass(frozen=True)
class Clipped(scb.SGD):
    """A rung of the ladder with an update of its own: the whole gradient has a largest length."""

    def update(self, parameters, gradient, state, moment):
        length = np.sqrt(sum(np.square(part).sum() for part in gradient))
        shrunk = Parameters(*(part * min(1, 0.05 / length) for part in gradient))
        return super().update(parameters, shrunk, state, moment)


@dataclass(frozen=True)
class NonNegative(scb.training.ProjectedSGD):
    """A rung with a proximal step of its own, which knows nothing of ``out``."""

    def proximal(self, attention, moment, out=None):
        return np.maximum(attention, 0)


@dataclass(frozen=True)
class Counting(Optimizer):
    """The state matters: the n-th step has n times the rate."""

    def init(self, parameters):
        return 0, Parameters(*parameters)

    def update(self, parameters, gradient, state, moment):
        count, first = state[0] + 1, state[1]
        moved = (p - 0.01 * count * g for p, g in zip(parameters, gradient, strict=True))
        return Parameters(*moved), (count, first)

    def result(self, parameters, state):
        return Parameters(*((p + q) / 2 for p, q in zip(parameters, state[1], strict=True)))


METHODS = [
    *(SignDescent(0.01, attention_rate=0.002), Clipped(0.5), NonNegative(0.1)),
    *(Counting(1.0), scb.training.Momentum(0.05), scb.training.Adam(0.01)),
    *(Averaged(scb.ProximalGradient(0.05, 0.01)), Averaged(scb.training.Adam(0.01), burn_in=7)),
]


def literally(method, model, steps, batch_size):
    """Follow the contract step by step: whole gradients of plain batches, nothing in place."""
    supply = Supply(TASK, np.float64, np.random.default_rng(1))
    kind, moment = type(model), Moment(stationary=TASK.stationary)
    moment = moment._replace(is_softmax=kind is scb.SoftmaxTransformer)
    here = Parameters(*vars(model).values())
    state = method.init(here)
    for _ in range(steps):
        batch = supply.packing.unpack(supply.next(batch_size))
        slope = Parameters(*vars(scb.gradient(kind(*here), batch)).values())
        here, state = method.update(here, slope, state, moment)
        moment = moment.after(batch_size, method.rates(moment)[0])
    return kind(*method.result(here, state))


def train(method, model=None, *, steps=20, batch_size=16, **options):
    model = scb.LinearTransformer.initial(TASK) if model is None else model
    rng = np.random.default_rng(1)
    return scb.train(TASK, model, method, steps=steps, batch_size=batch_size, rng=rng, **options)


@pytest.mark.parametrize("batch_size", [2, 16])  # two samples leave columns without a gradient
@pytest.mark.parametrize("kind", [scb.LinearTransformer, scb.SoftmaxTransformer])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: f"{type(m).__name__}-{m}"[:40])
def test_a_run_is_what_the_update_says(method, kind, batch_size):
    if kind is scb.SoftmaxTransformer and "penalty" in repr(method):
        with pytest.raises(scb.ScbError, match="penalty: expected 0 for softmax"):
            train(method, kind.initial(TASK))
        return
    rng = np.random.default_rng(5)
    start = kind(rng.normal(size=(4, 4)), rng.dirichlet(np.ones(12), 4).T)
    right = literally(method, start, 20, batch_size)
    run = train(method, start, batch_size=batch_size)
    assert run.status.ok
    for name, array in vars(right).items():
        assert np.abs(array - getattr(start, name)).max() > 1e-4  # it moved
        np.testing.assert_allclose(getattr(run.model, name), array, atol=1e-10)


def test_the_quick_path_is_for_those_that_declare_it_and_keep_to_it():
    assert all(map(is_column_scaling, [scb.SGD(1.0), scb.ProximalGradient(1.0), NonNegative(1.0)]))
    assert not any(map(is_column_scaling, [Clipped(1.0), SignDescent(1.0), Averaged(scb.SGD(1.0))]))
    assert isinstance(Clipped(1.0), ColumnScaling)


def test_a_non_negative_attention_stays_so():
    start = scb.LinearTransformer(np.eye(4), np.full((12, 4), 1 / 12))
    assert train(NonNegative(0.5), start, steps=50).model.attention.min() == 0
    assert train(scb.training.ProjectedSGD(0.5), start, steps=50).model.attention.min() < 0


@dataclass(frozen=True)
class Careless(Optimizer):
    answer: object = None

    def update(self, parameters, gradient, state, moment):
        if self.answer == "in place":
            parameters.weights[0] = 1
        return self.answer


@pytest.mark.parametrize("answer", [None, 3, (Parameters(np.eye(4), np.eye(4)), ()), "no"])
def test_an_answer_of_another_form_is_refused(answer):
    with pytest.raises(scb.ScbError, match=r"optimizer: expected update to return \(Parameters"):
        train(Careless(0.1, answer=answer))


@dataclass(frozen=True)
class Forgetful(SignDescent):
    start: object = None

    def init(self, parameters):
        return self.start


@pytest.mark.parametrize("start", [None, {"v": 0}, [1.0], (0, ({"v": 0},))], ids=repr)
def test_a_state_that_a_checkpoint_cannot_hold_is_refused_before_the_first_step(start, tmp_path):
    steps = []
    options = {"checkpoint": tmp_path / "run.npz", "stop": steps.append}
    with pytest.raises(scb.ScbError, match="optimizer: expected a state that a checkpoint can"):
        train(Forgetful(0.1, start=start), **options)
    assert not steps
    assert not list(tmp_path.iterdir())


def test_what_an_optimizer_is_given_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="read-only"):
        train(Careless(0.1, answer="in place"))


def test_an_overflow_in_a_method_of_ones_own_is_divergence():
    run = train(SignDescent(1e307, attention_rate=1.0), steps=200)
    assert run.status.ended == "diverged"
    assert np.isfinite(run.model.value).all()


# The rivals, against loops that are written from their papers


def slopes(seed=0, count=6):
    rng = np.random.default_rng(seed)
    return [Parameters(rng.normal(size=(2, 2)), rng.normal(size=(3, 2))) for _ in range(count)]


def walked(method, given):
    here = Parameters(np.zeros((2, 2)), np.zeros((3, 2)))
    state, path = method.init(here), []
    for slope in given:
        here, state = method.update(here, slope, state, Moment())
        path.append(method.result(here, state))
    return path


def test_momentum_entry_by_entry():
    given = slopes()
    x = velocity = 0.0
    for slope in given:
        velocity = 0.8 * velocity + slope.value[0, 1]
        x -= 0.1 * velocity
    there = walked(scb.training.Momentum(0.1, momentum=0.8), given)[-1]
    assert there.value[0, 1] == pytest.approx(x, rel=1e-12)


def test_adam_entry_by_entry():
    given = slopes()
    x = m = v = 0.0
    for step, slope in enumerate(given, 1):
        g = slope.weights[2, 1]
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        x -= 0.1 * (m / (1 - 0.9**step)) / ((v / (1 - 0.99**step)) ** 0.5 + 1e-8)
    there = walked(scb.training.Adam(0.1, square_decay=0.99), given)[-1]
    assert there.weights[2, 1] == pytest.approx(x, rel=1e-12)


def test_the_average_is_the_mean_of_the_iterates_after_the_burn_in():
    given = slopes()
    path = walked(scb.SGD(0.1), given)
    for burn_in in (0, 2):
        mean = walked(Averaged(scb.SGD(0.1), burn_in=burn_in), given)[-1]
        right = np.mean([there.value for there in path[burn_in:]], axis=0)
        np.testing.assert_allclose(mean.value, right, rtol=1e-12)


def test_averaging_quietens_the_noise_around_the_truth():
    """Around the truth, the mean of 3,000 iterates is nearer than a typical one of them."""
    truth = scb.LinearTransformer.oracle(TASK)
    plain = np.median(train(scb.SGD(0.05), truth, steps=3000).distances.value[50:])
    mean = train(Averaged(scb.SGD(0.05)), truth, steps=3000).distances.value[-1]
    assert mean < plain / 2


# Schedules


def test_a_schedule_is_asked_at_each_step_for_rate_penalty_and_batch():
    seen = []

    def falling(moment):
        seen.append((moment.step, moment.samples, round(moment.time, 12)))
        return 0.1 / (1 + moment.step)

    method = scb.ProximalGradient(falling, lambda moment: 0.01 * (moment.step >= 2))
    run = train(method, steps=4, batch_size=lambda moment: 10 - 2.4 * moment.step, record_every=1)
    assert run.samples.tolist() == [0, 10, 18, 23, 26]  # 10, 7.6, 5.2, 2.8, rounded
    np.testing.assert_allclose(run.time, [0, 0.1, 0.15, 0.55 / 3, 0.625 / 3])
    assert set(seen) >= {(0, 0, 0.0), (1, 10, 0.1), (2, 18, 0.15)}


def test_a_schedule_that_changes_at_a_step_is_two_stages():
    stages = [
        scb.training.Stage(scb.ProximalGradient(0.05), 12, 8),
        scb.training.Stage(scb.ProximalGradient(0.02, 0.01), 8, 32),
    ]
    start = scb.LinearTransformer.initial(TASK)
    two = scb.training.train_stages(TASK, start, stages, rng=np.random.default_rng(1))
    late = scb.ProximalGradient(
        lambda moment: 0.05 if moment.step < 12 else 0.02,
        lambda moment: 0.0 if moment.step < 12 else 0.01,
    )
    one = train(late, steps=20, batch_size=lambda moment: 8 if moment.step < 12 else 32)
    np.testing.assert_array_equal(one.model.attention, two.model.attention)


def test_a_batch_that_falls_with_time_uses_the_samples_of_its_integral():
    """B(t) = b eta e^(-lambda t) over time 8 draws b (1 - e^(-8 lambda))/lambda samples."""
    eta, b, growth = 0.02, 4000.0, 0.5
    run = train(
        scb.ProximalGradient(eta),
        steps=400,
        batch_size=lambda moment: b * eta * np.exp(-growth * moment.time),
        record_every=400,
    )
    assert run.samples[-1] == pytest.approx(b * (1 - np.exp(-8 * growth)) / growth, rel=0.02)


WRONG = {
    "rate": (lambda: train(scb.SGD(lambda moment: -1)), "learning_rate: .*above 0, got -1"),
    "rate of A": (
        lambda: train(scb.SGD(0.1, attention_rate=lambda moment: np.nan)),
        "attention_rate: .*finite",
    ),
    "penalty": (
        lambda: train(scb.ProximalGradient(0.1, lambda moment: -0.1)),
        "penalty: .*0 or above",
    ),
    "batch": (
        lambda: train(scb.SGD(0.1), batch_size=lambda m: 0.2),
        "batch_size: .*least 1, got 0",
    ),
    "words": (lambda: train(scb.SGD(0.1), batch_size=lambda m: "8"), "batch_size: .*got strings"),
    "momentum": (lambda: scb.training.Momentum(0.1, 1.0), "momentum: .*below 1, got 1"),
    "decay": (lambda: scb.training.Adam(0.1, decay=-1), "decay: .*at least 0"),
    "averaged": (lambda: Averaged("sgd"), "optimizer: expected one such as"),
    "burn in": (lambda: Averaged(scb.SGD(0.1), burn_in=-1), "burn_in: .*at least 0"),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(scb.ScbError, match=message):
        call()
