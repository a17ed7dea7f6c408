"""The flow where the push 1/T is tiny: relative to it nothing is lost, up to T = 1e15."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from scipy.linalg import expm

import scb_edu as scb
from scb_edu.theory.finetuning import growing_mode

K_P, K_Q = 0.2, 0.5
R = math.sqrt(K_P * K_Q)
CONTEXTS = [10.0**n for n in range(4, 16)]


@pytest.mark.parametrize("T", CONTEXTS)
def test_the_escape_time_is_its_limit_but_for_terms_of_log_t_over_t(T):
    exact = scb.theory.escape_time_limit((K_P, K_Q, T), 0.5)
    found = scb.escape_time((K_P, K_Q, T), 0.5)
    assert found == pytest.approx(exact, abs=50 * math.log(T) / T + 1e-6)


@pytest.mark.parametrize("T", CONTEXTS)
def test_samples_from_scratch_are_those_of_the_formula(T):
    formula = scb.theory.transfer_time((K_P, K_Q, T), 0.0)
    found = scb.theory.transfer_samples((K_P, K_Q, T), 0.0, learning_rate=1, batch_size=1)
    assert found == pytest.approx(formula, abs=50 * math.log(T) / T + 1e-6)


@pytest.mark.parametrize("T", CONTEXTS)
@pytest.mark.parametrize("beside", [0.0, 0.1, 1.0])
def test_stage_one_is_the_linear_flow(T, beside):
    """alpha_V' = 1/T + K_Q alpha_A, alpha_A' = K_P alpha_V - K_R alpha_A, by an exponential."""
    linear = np.array([[0, K_Q, 1 / T], [K_P, -beside, 0], [0, 0, 0]])
    flow = scb.theory.transfer_flow((K_P, K_Q, T), 0.0, t_end=5, beside=beside, points=6)
    exact = np.array([expm(linear * t)[:2, 2] for t in flow.t]).T
    np.testing.assert_allclose([flow.value, flow.attention], exact, rtol=1e-6 + 20 / T)
    if not beside:
        plain = scb.signal_flow((K_P, K_Q, T), t_end=5, points=6)
        np.testing.assert_allclose([plain.value, plain.attention], exact, rtol=1e-6 + 20 / T)


@pytest.mark.parametrize("reach", [1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("T", [100, 1e12])
def test_near_the_saddle_the_watershed_is_a_straight_line(T, reach):
    task = (K_P, K_Q, T)
    value, attention = scb.theory.separatrix(task, reach=reach, points=20)
    saddle = scb.theory.saddle(task)
    rates, ways = np.linalg.eig(scb.theory.signal_jacobian(task, 0, saddle.attention))
    slow = ways[:, rates.real.argmin()].real
    away = np.abs(attention - saddle.attention - value * slow[1] / slow[0])
    assert away.max() < 5 * reach**2 + 1e-4 * reach
    assert np.abs([value[0], value[-1]]).min() > 0.5 * reach


def exact_growth_rate(K_P, K_Q, T):
    """The root by arithmetic with 400 digits."""
    getcontext().prec = 400
    P, Q, length = Decimal(K_P), Decimal(K_Q), Decimal(T)
    b = (1 + 1 / (length * Q)) / length
    return float(((b * b + 4 * P * Q).sqrt() - b) / 2)


@pytest.mark.parametrize("K_P", [1e-12, 1e-6, 0.2])
@pytest.mark.parametrize("K_Q", [1e-30, 1e-12, 1e-6, 0.5])
@pytest.mark.parametrize("T", [1.0, 10.0, 1e6])
def test_the_growth_rate_of_small_energies(K_P, K_Q, T):
    found = scb.theory.growth_rate((K_P, K_Q, T))
    assert found == pytest.approx(exact_growth_rate(K_P, K_Q, T), rel=1e-13, abs=0)


@pytest.mark.parametrize("spread", [1e-7, 1e-4, 0.1])
def test_a_run_from_scratch_grows_at_that_rate_in_nearly_uniform_tasks(spread):
    P = np.array([[0.5 + spread, 0.5 - spread], [0.5 - spread, 0.5 + spread]])
    task = scb.SCBTask(P, P)
    growth, _, _ = growing_mode(task, scb.LinearTransformer.initial(task))
    constants = task.transition_energy, task.attention_energy, task.context_length
    assert growth == pytest.approx(exact_growth_rate(*constants), rel=1e-9, abs=0)
