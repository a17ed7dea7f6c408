"""How close an estimate is to the truth, against turns by a known angle."""

import math

import numpy as np
import pytest

import scb_edu as scb


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180])
@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_a_turned_and_scaled_vector_gives_its_angle_and_its_distance(degrees, scale):
    turn = math.radians(degrees)
    truth = np.array([[2.0, 0.0], [0.0, 0.0]])
    estimate = 2 * scale * np.array([[math.cos(turn), 0.0], [0.0, math.sin(turn)]])
    found = scb.model.compare_gradients(estimate, truth)
    assert found.cosine == pytest.approx(math.cos(turn), abs=1e-12)
    # the law of cosines, in lengths of the truth
    distance = math.sqrt(max(0.0, 1 + scale**2 - 2 * scale * math.cos(turn)))
    assert found.relative_error == pytest.approx(distance, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-60, 1e-30, 1e59])
def test_gradients_of_any_size_are_compared(scale):
    estimate, truth = scale * np.array([[3.0, 4.0], [3.0, 0.0]])
    found = scb.model.compare_gradients(estimate, truth)
    assert (found.cosine, found.relative_error) == pytest.approx((0.6, 4 / 3), rel=1e-14)
    with pytest.raises(scb.ScbError, match=r"truth: .* at least 1e-60 in size, got 9\.9e-61"):
        scb.model.compare_gradients(np.ones(2), np.array([9.9e-61, 0.0]))


def test_an_estimate_of_zero_has_no_direction():
    found = scb.model.compare_gradients(np.zeros(3), np.ones(3))
    assert math.isnan(found.cosine)
    assert found.relative_error == pytest.approx(1)


@pytest.mark.parametrize(
    ("estimate", "truth", "words"),
    [
        (np.ones(3), np.zeros(3), "truth: .*direction.*got 0 at most"),
        (np.ones(3), np.ones(4), r"estimate: .*\(4,\), got \(3,\)"),
        (np.array([1.0, np.nan]), np.ones(2), r"estimate: .*nan at \[1\]"),
        (np.ones(2), np.array([np.inf, 1.0]), "truth: .*inf"),
    ],
)
def test_what_cannot_be_compared_is_refused(estimate, truth, words):
    with pytest.raises(scb.ScbError, match=words):
        scb.model.compare_gradients(estimate, truth)


def test_the_noise_scale_is_the_mean_squared_error_times_the_batch():
    truth = np.array([[3.0, 0.0], [0.0, 4.0]])  # of length 5
    off = [np.array([[0.0, 5.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [10.0, 0.0]])]
    found = scb.model.noise_scale([truth + each for each in off], truth, 8)
    assert found == pytest.approx(8 * (1 + 4) / 2, rel=1e-14)


def test_the_noise_scale_hardly_knows_the_batch():
    task = scb.SCBTask.example()
    model = scb.LinearTransformer.from_signals(task, 0.5, 0)
    truth = scb.population_gradient(model, task).attention
    rng = np.random.default_rng(0)
    few, many = (
        scb.model.noise_scale(
            [scb.gradient(model, task.sample(M, rng)).attention for _ in range(200)], truth, M
        )
        for M in (16, 256)
    )
    assert few == pytest.approx(many, rel=0.1)


@pytest.mark.parametrize(
    ("estimates", "batch_size", "words"),
    [
        ([], 8, "estimates: expected at least one"),
        ([np.ones(2)], 0, "batch_size"),
        ([np.ones(3)], 8, r"estimates\[0\]: .*\(2,\), got \(3,\)"),
    ],
)
def test_a_noise_scale_that_cannot_be_told_is_refused(estimates, batch_size, words):
    with pytest.raises(scb.ScbError, match=words):
        scb.model.noise_scale(estimates, np.ones(2), batch_size)
