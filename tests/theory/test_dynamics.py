"""The flow of the two signals: against Runge-Kutta, full matrices and its own laws."""

import math
from types import SimpleNamespace

import numpy as np
import oracles
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import examples, matrices

import scb_edu as scb
from scb_edu.theory import dynamics
from scb_edu.theory.dynamics import BORDER

exact = examples(25)
energies = st.floats(0.05, 1.0)


@exact
@given(energies, energies, st.floats(1, 1e4), st.floats(-1, 1), st.floats(-1, 1))
def test_flow_agrees_with_runge_kutta(K_P, K_Q, T, alpha_V, alpha_A):
    flow = scb.signal_flow((K_P, K_Q, T), start=(alpha_V, alpha_A), t_end=40, points=21)
    path = oracles.flow(K_P, K_Q, T, (alpha_V, alpha_A), flow.t, substeps=160)
    np.testing.assert_allclose(np.stack([flow.value, flow.attention], axis=1), path, atol=1e-6)


@exact
@given(matrices(largest_vocab=3, largest_context=3), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_the_signals_tell_the_loss_of_the_family(drawn, alpha_V, alpha_A):
    """By enumeration of every sample, for the family and for the best predictor."""
    P, Q, _, _ = drawn
    task = scb.SCBTask(P, Q)
    assume(min(task.transition_energy, task.attention_energy) > 1e-3)
    model = scb.LinearTransformer.from_signals(task, alpha_V, alpha_A)
    mu = task.stationary
    total = oracles.mean_loss(model.value, model.attention, P, mu, Q)
    excess = total - oracles.bayes_loss(P, mu, Q)
    assert scb.theory.signal_loss(task, alpha_V, alpha_A) == pytest.approx(excess, abs=1e-10)


@exact
@given(matrices(largest_vocab=3, largest_context=3), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_full_matrices_stay_in_the_family_and_move_at_the_signal_rate(drawn, alpha_V, alpha_A):
    """The velocity of the matrices, by enumeration, is that of the two numbers."""
    P, Q, _, _ = drawn
    task = scb.SCBTask(P, Q)
    assume(min(task.transition_energy, task.attention_energy) > 1e-3)
    model = scb.LinearTransformer.from_signals(task, alpha_V, alpha_A)
    mu = task.stationary
    raw = oracles.mean_gradient(model.value, model.attention, P, mu, Q)
    push_V, push_A = oracles.preconditioned(*raw, mu)
    rate_V, rate_A = scb.theory.signal_rate(task, alpha_V, alpha_A)
    np.testing.assert_allclose(-push_V, rate_V * (P - mu[:, None]), atol=1e-10)
    np.testing.assert_allclose(-push_A, rate_A * (Q - 1 / len(Q)), atol=1e-10)


def test_descent_on_full_matrices_follows_the_flow():
    """Small Euler steps from the start; the error halves with the step (order 1)."""
    task = scb.SCBTask.example()
    flow = scb.signal_flow(task, t_end=20, points=2)
    errors = []
    for steps in (1000, 2000):
        model = scb.LinearTransformer.initial(task)
        for _ in range(steps):
            model = scb.theory.population_step(model, task, 20 / steps)
        found = scb.signals(model, task)
        errors.append(abs(found.attention - flow.attention[-1]))
        inside = scb.LinearTransformer.from_signals(task, found.value, found.attention)
        np.testing.assert_allclose(model.value, inside.value, atol=1e-10)
        np.testing.assert_allclose(model.attention, inside.attention, atol=1e-10)
    assert errors[0] < 2e-3
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)


@exact
@given(energies, energies, st.floats(2, 1e5))
def test_the_flow_rests_at_the_saddle_and_at_the_truth_only(K_P, K_Q, T):
    task = (K_P, K_Q, T)
    point = scb.theory.saddle(task)
    assert scb.theory.signal_rate(task, point.value, point.attention) == pytest.approx(
        (0, 0), abs=1e-15
    )
    assert scb.theory.signal_rate(task, 1.0, 1.0) == (0, 0)
    assert scb.theory.signal_rate(task, -1.0, -1.0) == pytest.approx((2 / T, 0))


@exact
@given(energies, energies, st.floats(2, 1e5))
def test_growth_rate_is_the_eigenvalue_at_the_saddle(K_P, K_Q, T):
    task, point = (K_P, K_Q, T), scb.theory.saddle((K_P, K_Q, T))
    at = np.array([point.value, point.attention])
    jacobian = np.array(
        [
            oracles.numerical_gradient(lambda y, i=i: scb.theory.signal_rate(task, *y)[i], at, 1e-4)
            for i in (0, 1)
        ]
    )
    assert scb.theory.growth_rate(task) == pytest.approx(
        np.linalg.eigvals(jacobian).real.max(), abs=1e-6
    )


def test_escape_time_is_when_the_flow_crosses_the_level():
    task = (0.14, 0.5, 300)
    for signal in ("value", "attention"):
        t = scb.escape_time(task, 0.4, signal=signal)
        flow = scb.signal_flow(task, t_end=t, points=50)
        path = getattr(flow, signal)
        assert path[-1] == pytest.approx(0.4, abs=1e-6)
        assert (path[:-1] < 0.4).all()


def test_escape_time_grows_by_a_fixed_step_for_each_factor_of_ten():
    times = [scb.escape_time((0.2, 0.5, T), 0.5) for T in (1e4, 1e5, 1e6)]
    step = math.log(10) / math.sqrt(0.2 * 0.5)
    assert np.diff(times) == pytest.approx([step, step], rel=1e-3)


@exact
@given(energies, energies)
def test_escape_time_approaches_its_limit(K_P, K_Q):
    level = 0.7 * (K_P / K_Q) ** 0.25
    assume(level < 0.95)
    gaps = [
        abs(
            scb.escape_time((K_P, K_Q, T), level)
            - scb.theory.escape_time_limit((K_P, K_Q, T), level)
        )
        for T in (1e5, 1e6)
    ]
    assert gaps[1] * scb.theory.growth_rate((K_P, K_Q, 1e6)) < 1e-3
    assert gaps[1] < gaps[0] / 5


def test_escape_time_on_the_wrong_side_is_infinite_and_at_the_level_zero():
    assert scb.escape_time((0.2, 0.5, 100), 0.5, start=(-0.5, -0.5)) == math.inf
    assert scb.escape_time((0.2, 0.5, 100), 0.5, start=(0.0, 0.6)) == 0


def test_a_share_of_the_excess_is_left_when_it_is_first_so_small():
    task = scb.SCBTask.example(300)
    for start in ((0.0, 0.0), (0.5, 0.0), (-0.3, 0.2)):
        for left in (0.95, 0.5, 0.02):
            t = scb.theory.excess_time(task, left, start=start)
            flow = scb.signal_flow(task, start=start, t_end=t, points=200)
            excess = scb.theory.signal_loss(task, flow.value, flow.attention)
            assert excess[-1] / excess[0] == pytest.approx(left, rel=1e-5)
            assert (np.diff(excess) < 0).all()


@exact
@given(energies, energies)
def test_the_stages_are_those_of_a_logistic_curve(K_P, K_Q):
    """x = alpha_V alpha_A has x' = 2 r x (1 - x), and (1 - x)^2 of the excess is left."""
    r = math.sqrt(K_P * K_Q)
    x = 1 - np.sqrt([0.9, 0.1])
    logit = np.log(x / (1 - x))
    assert np.diff(logit)[0] / 2 == pytest.approx(1.844, abs=1e-3)
    tasks = [(K_P, K_Q, T) for T in (1e5, 1e6)]
    ends = [scb.theory.stages(task) for task in tasks]
    for task, end in zip(tasks, ends, strict=True):
        assert end.fall - end.first == pytest.approx(np.diff(logit)[0] / (2 * r), rel=1e-3)
        flow = scb.signal_flow(task, t_end=end.first, points=2)
        assert flow.value[-1] * flow.attention[-1] == pytest.approx(BORDER, rel=1e-2)
    assert ends[1].first - ends[0].first == pytest.approx(math.log(10) / r, rel=1e-3)


def test_the_truth_has_no_excess_and_a_share_is_one():
    with pytest.raises(scb.ScbError, match="start: expected a point with an excess loss"):
        scb.theory.excess_time((0.2, 0.5, 100), 0.5, start=(1, 1))
    for share in (0, 0.99e-15, 1 - 0.99e-9, 1, 2):
        with pytest.raises(scb.ScbError, match="left: expected a number from 1e-15 to 1 - 1e-09"):
            scb.theory.excess_time((0.2, 0.5, 100), share)


@pytest.mark.parametrize("T", [10, 100, 1e4])
def test_the_last_times_grow_as_the_slow_rate_of_the_truth_says(T):
    """A factor of ten of the excess takes ln 10 over twice that rate, one of the distance once."""
    task = (0.2, 0.5, T)
    slow = -np.linalg.eigvals(scb.theory.signal_jacobian(task, 1, 1)).max()
    excess = [scb.theory.excess_time(task, left) for left in (1e-10, 1e-15)]
    assert np.diff(excess)[0] * 2 * slow / math.log(10) == pytest.approx(5, abs=0.01)
    start = {"start": (0.2, 0.0)}
    level = [scb.escape_time(task, 1 - short, **start) for short in (1e-4, 1e-7)]
    assert np.diff(level)[0] * slow / math.log(10) == pytest.approx(3, abs=0.01)
    with pytest.raises(scb.ScbError, match="level: expected a number below 1, by 1e-07 at least"):
        scb.escape_time(task, 1 - 0.99e-7, **start)


@pytest.mark.parametrize("T", [10, 100, 1e4])
def test_the_first_times_are_those_of_a_push_alone(T):
    """alpha_V = t/T, and alpha_A = K_P t^2 / 2T: what else moves them is far smaller."""
    value, attention = (
        scb.escape_time((0.2, 0.5, T), 1e-9, signal=s) for s in ("value", "attention")
    )
    assert value == pytest.approx(1e-9 * T, rel=1e-4)
    assert attention == pytest.approx(math.sqrt(2 * T * 1e-9 / 0.2), rel=1e-3)
    with pytest.raises(scb.ScbError, match="level: expected one above the start, 0, by 1e-09"):
        scb.escape_time((0.2, 0.5, T), 0.99e-9)


def test_the_invariant_changes_at_the_stated_rate():
    """Exactly conserved in the limit of large T, and else d/dt = 2 aV (1 - aV)/(K_Q T)."""
    K_P, K_Q, T = task = (0.2, 0.5, 50.0)
    flow = scb.signal_flow(task, start=(0.2, -0.1), t_end=60, points=20001)
    drift = np.gradient(scb.theory.flow_invariant(task, flow.value, flow.attention), flow.t)
    stated = 2 * flow.value * (1 - flow.value) / (K_Q * T)
    np.testing.assert_allclose(drift[1:-1], stated[1:-1], atol=1e-6)
    still = scb.signal_flow((K_P, K_Q, 1e12), start=(0.2, -0.1), t_end=60)
    levels = scb.theory.flow_invariant((K_P, K_Q, 1e12), still.value, still.attention)
    np.testing.assert_allclose(levels, levels[0], atol=1e-7)


def test_stage_two_ends_at_the_truth():
    flow = scb.signal_flow(scb.SCBTask.example(), t_end=2000)
    assert [flow.value[-1], flow.attention[-1]] == pytest.approx([1, 1], abs=1e-6)


def test_tuple_and_task_are_the_same():
    task = scb.SCBTask.example()
    constants = (task.transition_energy, task.attention_energy, task.context_length)
    assert scb.escape_time(task, 0.5) == scb.escape_time(constants, 0.5)


def test_a_path_that_the_solver_gives_up_is_laid_to_its_start(monkeypatch):
    failed = SimpleNamespace(success=False, message="too steep")
    monkeypatch.setattr(dynamics, "solve_ivp", lambda *_, **__: failed)
    with pytest.raises(scb.ScbError, match=r"^start: .* can be followed, got: too steep$"):
        scb.signal_flow((0.1, 0.5, 100), t_end=1)


def test_the_level_is_waited_for_where_the_energies_are_small_and_the_context_is_short():
    """Growth takes 2,200 units of time here, T only 2."""
    task = (0.05, 0.05, 2)
    time = scb.escape_time(task, 0.5)
    assert time > 0
    path = oracles.flow(*task, (0, 0), np.linspace(0, time, 50))
    assert path[-1, 1] == pytest.approx(0.5, abs=1e-6)
    assert (path[:-1, 1] < 0.5).all()


def asked_of_the_solver(monkeypatch, call):
    """The options with which a call solves its first flow."""
    asked = {}

    def solver(_rate, _span, start, _method, **options):
        asked.update(options, start=np.array(start))
        return SimpleNamespace(success=False, message="none")

    monkeypatch.setattr(dynamics, "solve_ivp", solver)
    with pytest.raises(scb.ScbError, match="can be followed, got: none"):
        call()
    return asked


@pytest.mark.parametrize(("T", "smallest"), [(10, 1e-12), (1e6, 1e-15)])
def test_a_flow_is_followed_to_a_relative_1e9_from_the_first_push_on(monkeypatch, T, smallest):
    """An error counts beside 1/T, which the signals start from, or beside a thousandth."""
    for call in (
        lambda: scb.signal_flow((0.2, 0.5, T), t_end=1),
        lambda: scb.escape_time((0.2, 0.5, T), 0.5),
        lambda: scb.theory.transfer_flow((0.2, 0.5, T), 0.1, t_end=1),
    ):
        asked = asked_of_the_solver(monkeypatch, call)
        assert asked["rtol"] == 1e-9
        assert asked["atol"] / smallest == pytest.approx(1)


def test_a_flow_with_a_penalty_is_followed_to_1e7(monkeypatch):
    asked = asked_of_the_solver(
        monkeypatch,
        lambda: scb.theory.penalised_flow((0.2, 0.5, 1e5), 1e-4, start=(1, 0.5), t_end=1),
    )
    assert (asked["rtol"], asked["atol"] / 1e-12) == pytest.approx((1e-7, 1), abs=0)


@pytest.mark.parametrize("reach", [1e-3, 0.5, 20.0])
def test_the_watershed_is_followed_as_precisely_as_it_begins_near_the_saddle(monkeypatch, reach):
    asked = asked_of_the_solver(
        monkeypatch, lambda: scb.theory.separatrix((0.2, 0.3, 50), reach=reach)
    )
    away = np.linalg.norm(asked["start"])
    assert away == pytest.approx(1e-6 * max(reach, math.sqrt(reach)), rel=1e-12, abs=0)
    assert asked["rtol"] == 1e-9
    assert asked["atol"] == pytest.approx(1e-9 * away, rel=1e-12, abs=0)


@pytest.mark.parametrize(("share", "found"), [(0.999, True), (1.001, False)])
def test_a_level_is_waited_for_100_contexts_and_100_times_of_growth(share, found):
    """A number that rises as the time does, to a level just before and just after that."""
    constants = dynamics.SignalConstants(0.04, 0.04, 50.0)
    wait = 100 * (50 + 1 / scb.theory.growth_rate(constants))

    def solve(end, **options):
        return dynamics.follow("start", lambda _t, _y: (1.0,), (0.0,), end, scale=1.0, **options)

    time = dynamics.arrival(constants, solve, 0, share * wait)
    assert time == pytest.approx(share * wait if found else math.inf)


def test_a_path_that_gets_nowhere_ends_after_300000_looks(monkeypatch):
    looks = []

    def solver(rate, *_, **__):
        for look in range(400_000):
            looks.append(look)
            rate(0.0, (0.0, 0.0))

    monkeypatch.setattr(dynamics, "solve_ivp", solver)
    with pytest.raises(scb.ScbError, match=r"^start: .* asked 300,000 times for the rate"):
        scb.signal_flow((0.2, 0.5, 100), t_end=1)
    assert len(looks) == 300_001


@pytest.mark.parametrize(
    "call",
    [
        lambda **options: scb.signal_flow((0.2, 0.5, 100), t_end=1, **options),
        lambda **options: scb.theory.transfer_flow((0.2, 0.5, 9), 0.1, t_end=1, **options),
        lambda **options: scb.theory.penalised_flow(
            (0.2, 0.5, 9), 0.1, start=(1, 0.1), t_end=1, **options
        ),
    ],
)
def test_as_many_times_are_reported_as_asked_for_and_400_unless_told(call):
    assert len(call().t) == 400
    assert [len(call(points=n).t) for n in (2, 7)] == [2, 7]
    with pytest.raises(scb.ScbError, match="points: expected a whole number of at least 2, got 1"):
        call(points=1)
    with pytest.raises(scb.ScbError, match=r"points: .* at most"):
        call(points=10**12)


def test_a_watershed_has_200_points_on_each_side_and_ends_at_three_halves_unless_told():
    value, attention = scb.theory.separatrix((0.2, 0.3, 50))
    again = scb.theory.separatrix((0.2, 0.3, 50), reach=1.5, points=200)
    np.testing.assert_array_equal([value, attention], again)
    assert len(value) == 399


@pytest.mark.parametrize(
    ("end", "side"),
    [
        ((0.26, 0.26), "right"),
        ((0.24, 0.9), "stuck"),
        ((0.9, 0.24), "stuck"),
        ((0.1, -0.24), "stuck"),
        ((0.1, -0.26), "wrong"),
        ((0.25, 0.25), "stuck"),
        ((0.1, -0.25), "stuck"),
    ],
)
def test_a_run_has_left_the_saddle_where_its_signals_are_a_quarter(end, side):
    assert scb.theory.side_of_saddle(*end) == side


LIMITS = {
    "transition_energy": (lambda x: scb.theory.saddle((x, 0.5, 100)), 1e-30, 1e6),
    "attention_energy": (lambda x: scb.theory.saddle((0.2, x, 100)), 1e-30, 1e6),
    "context_length": (lambda x: scb.theory.saddle((0.2, 0.5, x)), 1, 1e30),
    "t_end": (lambda x: dynamics.time_until(x), 1e-60, 1e20),
    "start": (lambda x: dynamics._start_point((x, 0.0)), -1e6, 1e6),
}


@pytest.mark.parametrize(("call", "least", "most"), LIMITS.values(), ids=LIMITS)
def test_numbers_are_taken_as_far_as_the_solver_can_go_with_them(call, least, most):
    call(least)
    call(most)
    for beyond in (least - 0.1 * abs(least), 1.1 * most):
        with pytest.raises(scb.ScbError, match=": expected "):
            call(beyond)
