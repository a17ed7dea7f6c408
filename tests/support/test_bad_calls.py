"""Nothing but ScbError for the wrong kind of object: no AttributeError from the inside."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.theory.finetuning import growing_mode

TASK = scb.SCBTask.example()
MODEL = scb.LinearTransformer.initial(TASK)
BATCH = TASK.sample(4, np.random.default_rng(0))
RNG = np.random.default_rng(0)
theory, model_package, text = scb.theory, scb.model, scb.text

OF_A_TASK = {
    "population_loss": lambda task: scb.population_loss(MODEL, task),
    "population_gradient": lambda task: scb.population_gradient(MODEL, task),
    "bayes_loss": scb.bayes_loss,
    "signals": lambda task: scb.signals(MODEL, task),
    "distances": lambda task: scb.distances(MODEL, task),
    "initial": scb.LinearTransformer.initial,
    "oracle": scb.LinearTransformer.oracle,
    "from_signals": lambda task: scb.LinearTransformer.from_signals(task, 0, 0),
    "softmax initial": scb.SoftmaxTransformer.initial,
    "softmax oracle": scb.SoftmaxTransformer.oracle,
    "output_entropy": model_package.output_entropy,
    "off_support_mass": lambda task: model_package.off_support_mass(MODEL, task),
    "population_step": lambda task: theory.population_step(MODEL, task, 0.1),
    "initial_signal_std": theory.initial_signal_std,
    "initial_signal_drift": lambda task: theory.initial_signal_drift(
        scb.gradient(MODEL, BATCH), task
    ),
    "samples_needed": lambda task: theory.samples_needed(task, 1.0),
    "attention_noise": lambda task: theory.attention_noise(task, 0.1, 4),
    "transfer": lambda task: theory.transfer(MODEL, task),
    "transfer_chance": lambda task: theory.transfer_chance(task, MODEL, 0.1, 4),
    "growing_mode": lambda task: growing_mode(task, MODEL),
    "correlated_task": lambda task: theory.correlated_task(task, 0.5, RNG),
    "softmax_flow": lambda task: theory.softmax_flow(task, 1, t_end=1),
    "softmax_snap_time": lambda task: theory.softmax_snap_time(task, 1),
    "window_distribution": text.window_distribution,
    "growth_rate": theory.growth_rate,
    "escape_time": lambda task: scb.escape_time(task, 0.5),
    "escape_chance": lambda task: theory.escape_chance(task, 0.1, 4),
}

OF_A_MODEL = {
    "loss": lambda model: scb.loss(model, BATCH),
    "gradient": lambda model: scb.gradient(model, BATCH),
    "population_loss": lambda model: scb.population_loss(model, TASK),
    "population_gradient": lambda model: scb.population_gradient(model, TASK),
    "signals": lambda model: scb.signals(model, TASK),
    "distances": lambda model: scb.distances(model, TASK),
    "off_support_mass": lambda model: model_package.off_support_mass(model, TASK),
    "population_step": lambda model: theory.population_step(model, TASK, 0.1),
    "transfer": lambda model: theory.transfer(model, TASK),
    "transfer_noise": lambda model: theory.transfer_noise(TASK, model, 0.1, 4),
    "transfer_chance": lambda model: theory.transfer_chance(TASK, model, 0.1, 4),
}


@pytest.mark.parametrize("thing", [None, "task", 3, MODEL, BATCH], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("call", OF_A_TASK.values(), ids=OF_A_TASK)
def test_what_needs_a_task_says_so(call, thing):
    with pytest.raises(scb.ScbError, match=r"^task: expected an SCBTask"):
        call(thing)


@pytest.mark.parametrize("thing", [None, "model", 3, TASK, BATCH], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("call", OF_A_MODEL.values(), ids=OF_A_MODEL)
def test_what_needs_a_model_says_so(call, thing):
    with pytest.raises(scb.ScbError, match=r"^(model|pretrained): expected a LinearTransformer"):
        call(thing)


@pytest.mark.parametrize("thing", [None, TASK, (1, 2, 3)], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("call", [scb.loss, scb.gradient])
def test_what_needs_a_batch_says_so(call, thing):
    with pytest.raises(scb.ScbError, match=r"^batch: expected a Batch"):
        call(MODEL, thing)


SOFTMAX = scb.gradient(scb.SoftmaxTransformer.initial(TASK), BATCH)


@pytest.mark.parametrize("thing", [None, MODEL, SOFTMAX], ids=lambda x: type(x).__name__)
def test_what_needs_a_gradient_says_so(thing):
    with pytest.raises(scb.ScbError, match=r"^gradient: expected a Gradient"):
        scb.precondition(thing, TASK.stationary)
    with pytest.raises(scb.ScbError, match=r"^gradient: expected a Gradient"):
        theory.initial_signal_drift(None, TASK)


@pytest.mark.parametrize("points", [1, 0, 2.0, None, True])
@pytest.mark.parametrize(
    "call",
    [
        lambda points: scb.signal_flow(TASK, t_end=1, points=points),
        lambda points: theory.separatrix(TASK, points=points),
        lambda points: theory.transfer_flow(TASK, 0.1, t_end=1, points=points),
    ],
)
def test_a_course_has_two_points_or_more(call, points):
    with pytest.raises(scb.ScbError, match=r"^points: expected a whole number of at least 2, got"):
        call(points)
