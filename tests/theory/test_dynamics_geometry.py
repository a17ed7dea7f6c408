"""The shape of the flow: its linearisation, its watershed, and where stage 1 ends."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

import scb_edu as scb

exact = examples(25)
energies = st.floats(0.05, 1.0)
coordinates = st.floats(-1.5, 1.5)


@exact
@given(energies, energies, st.floats(1, 1e4), coordinates, coordinates)
def test_jacobian_agrees_with_finite_differences_of_the_velocity(K_P, K_Q, T, v, a):
    task = (K_P, K_Q, T)
    rows = [
        oracles.numerical_gradient(
            lambda y, i=i: scb.theory.signal_rate(task, *y)[i], np.array([v, a]), 1e-4
        )
        for i in (0, 1)
    ]
    np.testing.assert_allclose(scb.theory.signal_jacobian(task, v, a), rows, atol=1e-7)


@pytest.mark.parametrize("task", [(0.14, 0.52, 10), (0.14, 0.52, 1000), (0.4, 0.2, 100)])
@pytest.mark.parametrize("where", [0.1, 0.9])
def test_runs_on_the_two_sides_of_the_watershed_part(task, where):
    """Runge-Kutta from a hair above ends at the truth, from a hair below never gets there."""
    value, attention = scb.theory.separatrix(task, reach=0.8)
    at = int(np.interp(where, [0, 1], [0, len(value) - 1]))
    above = oracles.flow(*task, (value[at], attention[at] + 0.01), [0, 60])[-1]
    below = oracles.flow(*task, (value[at], attention[at] - 0.01), [0, 60])[-1]
    assert above[0] > 0.3
    assert above[1] > 0.3
    assert below[0] < 0
    assert below[1] < -0.3


def test_watershed_runs_through_the_saddle_from_left_to_right_and_as_far_as_asked():
    task = (0.3, 0.3, 50)
    value, attention = scb.theory.separatrix(task, reach=0.7, points=30)
    point = scb.theory.saddle(task)
    assert len(value) == len(attention) == 59
    assert (value[29], attention[29]) == (point.value, point.attention)
    assert (np.diff(value) > 0).all()
    for end in (0, -1):
        farthest = max(abs(value[end]), abs(attention[end] - point.attention))
        assert farthest == pytest.approx(0.7, abs=1e-6)


def test_watershed_of_long_contexts_is_a_straight_line():
    """Without 1/T it is alpha_V = -sqrt(K_Q/K_P) alpha_A, a zero line of the invariant."""
    value, attention = scb.theory.separatrix((0.1, 0.4, 1e8), reach=1.0)
    np.testing.assert_allclose(value, -2 * attention, atol=1e-5)


def test_watershed_reaches_as_near_and_as_far_as_it_says():
    """The saddle is at -500: beside it, a small step would be rounded away."""
    task = (0.3, 1e-3, 2)
    for reach in (501e-9, 1e3):
        value, attention = scb.theory.separatrix(task, reach=reach, points=2)
        assert len(value) == 3
        away = np.abs([value, attention + 500]).max(axis=0)[[0, 2]]
        assert away / reach == pytest.approx([1, 1], rel=1e-6)
    for reach in (499e-9, 1001.0):
        with pytest.raises(scb.ScbError, match=r"reach: .* from 5e-07 to 1000, got"):
            scb.theory.separatrix(task, reach=reach, points=2)
    with pytest.raises(scb.ScbError, match=r"reach: .* from 1e-09 to 1000, got"):
        scb.theory.separatrix((0.2, 0.2, 10), reach=0.99e-9, points=2)


@pytest.mark.parametrize("arguments", [{"reach": 0}, {"reach": "far"}, {"points": 1}])
def test_watershed_refuses_what_it_cannot_draw(arguments):
    with pytest.raises(scb.ScbError, match=next(iter(arguments))):
        scb.theory.separatrix((0.2, 0.2, 10), **arguments)
