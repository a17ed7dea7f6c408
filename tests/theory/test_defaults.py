"""What is left out of a call is what its documentation says."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import theory, training

TASK = scb.SCBTask.example(100)
STEP = theory.GiantStep(2.0, 0.01, 2000)
SPENDING = 300.0
CALLS = {
    "least_samples": (theory.least_samples, (TASK,), {"chance": 0.9}),
    "sure_samples": (theory.sure_samples, (TASK, SPENDING), {"chance": 0.9, "level": 0.5}),
    "selection_samples": (theory.selection_samples, (TASK, 3.0), {"correlation": 1.0}),
    "attention_noise": (theory.attention_noise, (TASK, 0.01, 64), {"penalty": 0.0}),
    "giant_step": (theory.giant_step, (TASK,), {"value": 0.5, "share": 0.5, "miss": 0.05}),
    "support_chance": (theory.support_chance, (TASK, STEP), {"value": 0.5}),
    "escape_time": (theory.escape_time, (TASK, 0.5), {"start": (0, 0), "signal": "attention"}),
    "excess_time": (theory.excess_time, (TASK, 0.5), {"start": (0, 0)}),
    "transfer_time": (theory.transfer_time, (TASK, 0.1), {"level": 0.5}),
    "transfer_samples": (
        lambda **options: theory.transfer_samples(
            TASK, 0.1, learning_rate=0.1, batch_size=8, **options
        ),
        (),
        {"level": 0.5, "beside": 0.0},
    ),
    "signal_flow": (
        lambda **options: theory.signal_flow(TASK, t_end=9, **options).attention.tolist(),
        (),
        {"start": (0, 0), "points": 400},
    ),
    "transfer_flow": (
        lambda **options: theory.transfer_flow(TASK, 0.1, t_end=9, **options).value.tolist(),
        (),
        {"beside": 0, "points": 400},
    ),
    "softmax oracle": (
        lambda **options: scb.SoftmaxTransformer.oracle(TASK, **options).logits.tolist(),
        (),
        {"floor": 1e-9, "dtype": np.float64},
    ),
    "random transition": (
        lambda **options: scb.model.random_transition(
            3, np.random.default_rng(0), **options
        ).tolist(),
        (),
        {"concentration": 1.0},
    ),
    "random task": (
        lambda **options: scb.SCBTask.random(
            3, 5, 2, np.random.default_rng(0), **options
        ).transition.tolist(),
        (),
        {"concentration": 1.0},
    ),
}


@pytest.mark.parametrize(("function", "given", "defaults"), CALLS.values(), ids=CALLS)
def test_a_function_takes_the_documented_value_where_none_is_given(function, given, defaults):
    assert function(*given) == function(*given, **defaults)


def test_an_optimiser_has_the_documented_settings_unless_told():
    for left_out, told in (
        (training.Momentum(0.1), training.Momentum(0.1, momentum=0.9)),
        (training.Adam(0.1), training.Adam(0.1, decay=0.9, square_decay=0.999, floor=1e-8)),
        (training.ProximalGradient(0.1), training.ProximalGradient(0.1, penalty=0.0)),
        (training.Averaged(training.SGD(0.1)), training.Averaged(training.SGD(0.1), burn_in=0)),
        (training.Moment(), training.Moment(step=0, samples=0, time=0.0, is_softmax=False)),
    ):
        assert left_out == told
    assert training.Checkpoint("run.npz").every == 10_000
    assert scb.SCBTask.example().context_length == 8
