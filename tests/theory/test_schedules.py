"""The price of a sure start, beside quadrature, other schedules and a simulated noisy flow."""

import math
import warnings

import numpy as np
import pytest
from scipy.integrate import IntegrationWarning, quad, solve_ivp
from scipy.special import ndtri

import scb_edu as scb
from scb_edu import theory
from scb_edu.training import Moment

TASK = scb.SCBTask.example(1000)


def test_for_a_constant_the_chance_is_the_one_of_chapter_6():
    for b in (100.0, 700.0, 3000.0):
        assert theory.start_chance(TASK, b) == pytest.approx(
            theory.escape_chance(TASK, 0.01, 0.01 * b), abs=1e-8
        )


def test_a_constant_for_a_chance_has_that_chance():
    for chance in (0.6, 0.9, 0.99):
        b = theory.constant_spending(TASK, chance)
        assert theory.start_chance(TASK, b) == pytest.approx(chance, abs=1e-7)


@pytest.mark.parametrize("chance", [0.8, 0.9, 0.99])
def test_the_schedule_that_falls_like_the_growth_pays_just_the_least_price(chance):
    """With no floor to speak of: z^2 M_1 in all, half of what the same noise asks of a constant."""
    rate = theory.growth_rate(TASK)
    first = 2 * theory.constant_spending(TASK, chance)
    best = theory.FallingSpending(first, 1e-12, rate)
    assert theory.start_chance(TASK, best) == pytest.approx(chance, abs=1e-6)
    paid = quad(best, 0, 200, limit=400)[0]
    assert paid == pytest.approx(theory.least_samples(TASK, chance), rel=1e-5)


def test_no_other_schedule_is_as_cheap():
    """Cauchy and Schwarz, tried: forms at random, scaled to the same chance, cost more."""
    rate, rng = theory.growth_rate(TASK), np.random.default_rng(0)
    for _ in range(20):
        width, height = rng.uniform(0.2, 3), rng.uniform(-0.9, 3)

        def form(t, width=width, height=height):
            return math.exp(-rate * t) * (1 + height * math.exp(-width * rate * t))

        z = theory.start_snr(TASK, form)
        paid = quad(form, 0, 200, limit=400)[0] * (ndtri(0.9) / z) ** 2
        assert paid > theory.least_samples(TASK, 0.9) * (1 + 1e-6)


def test_least_samples_grow_like_the_context_length_alone():
    prices = [theory.least_samples(scb.SCBTask.example(T)) / T for T in (100, 1000, 10_000)]
    assert max(prices) / min(prices) < 1.001
    assert prices[1] == pytest.approx(ndtri(0.9) ** 2 * theory.samples_needed(TASK, 1) / 1000)


def arrivals(task, spending, runs, rng, rate=0.05, level=0.5):
    """The two signals with normal noise on alpha_V, step by step: samples to the level, or inf."""
    T, K_P, K_Q = task.context_length, task.transition_energy, task.attention_energy
    v, a, spent = np.zeros(runs), np.zeros(runs), 0.0
    needed = np.full(runs, math.inf)
    for step in range(round(80 / rate)):
        b = spending(step * rate)
        spent += rate * b
        # the step's batch has rate * b samples
        noise = theory.initial_signal_std(task) / math.sqrt(rate * b) * rng.normal(size=runs)
        push = (1 - v) / T + K_Q * a * (1 - v * a)
        v, a = v + rate * (push + noise), a + rate * K_P * v * (1 - v * a)
        needed[(a > level) & ~np.isfinite(needed)] = spent
        v[a < -level], a[a < -level] = 0.0, -1.0  # lost: it stays away
    return needed


@pytest.mark.parametrize("way", ["constant", "falling"])
def test_sure_samples_are_those_of_a_noisy_flow(way):
    runs = 4000
    spending = {
        "constant": lambda _t: 700.0,
        "falling": theory.falling_spending(TASK, c=1.7, d=4),
    }[way]
    needed = np.sort(arrivals(TASK, spending, runs, np.random.default_rng(1)))
    # the rank of the 90th percentile at 4 deviations: fails by chance in 1 of 16,000 cases
    slack = 4 * math.sqrt(0.9 * 0.1 * runs)
    low, high = (needed[round(0.9 * runs + side * slack)] for side in (-1, 1))
    formula = theory.sure_samples(TASK, spending)
    # 3 %: steps of finite size, and the bend of the flow
    assert 0.97 * low < formula < 1.03 * high
    chance = theory.start_chance(TASK, spending)
    share = np.isfinite(needed).mean()
    assert abs(share - chance) < 0.01 + 4 * math.sqrt(chance * (1 - chance) / runs)


def test_sure_samples_without_noise_are_those_of_the_flow():
    huge = 1e9
    flow = solve_ivp(
        lambda _t, y: scb.theory.signal_rate(TASK, *y),
        (0, 60),
        (0.0, 0.0),
        rtol=1e-9,
        atol=1e-12,
        dense_output=True,
    )
    time = theory.sure_samples(TASK, huge) / huge
    assert flow.sol(time)[1] == pytest.approx(0.5, abs=2e-3)


def test_where_the_right_side_is_no_sure_thing_no_samples_are_enough():
    b = theory.constant_spending(TASK, 0.89)
    assert theory.sure_samples(TASK, b, chance=0.9) == math.inf
    assert math.isfinite(theory.sure_samples(TASK, b, chance=0.88))


def test_the_chosen_constant_is_within_an_eighth_of_the_cheapest():
    """The cheapest constant leaves the right side at little more than .9: too near the edge."""
    for T in (100, 1600, 25_600):
        task = scb.SCBTask.example(T)
        grid = theory.constant_spending(task, 0.9) * np.linspace(1.01, 2, 60)
        cheapest = min(theory.sure_samples(task, b) for b in grid)
        chosen = theory.sure_samples(task, theory.constant_spending(task, 0.93))
        assert cheapest < chosen < 1.125 * cheapest


def test_batches_follow_the_schedule_and_never_vanish():
    falling = theory.falling_spending(scb.SCBTask.example(400), c=1.7, d=4)
    batch = theory.batch_schedule(falling, 0.05)
    rate = theory.growth_rate(scb.SCBTask.example(400))
    assert batch(Moment(time=2.0)) == pytest.approx(0.05 * 680 * math.exp(-2 * rate))
    assert batch(Moment(time=1000.0)) == pytest.approx(4)
    assert theory.batch_schedule(0.1, 0.05)(Moment()) == 1


def test_a_late_penalty_begins_at_its_time():
    penalty = theory.penalty_from(3.0, 0.004)
    assert [penalty(Moment(time=t)) for t in (0.0, 2.99, 3.0, 9.0)] == [0, 0, 0.004, 0.004]


def test_a_threshold_at_half_the_push_is_that_many_deviations_of_the_noise():
    """Equal tokens: literal pushes on weights off the support, whatever alpha_V is."""
    N, T, z = 4, 60, 2.0
    circle = np.roll(np.eye(N), 1, axis=0)
    attention = np.zeros((T, N))
    attention[:2] = 0.5
    task = scb.SCBTask(0.5 * circle + 0.5 / N, attention)
    for eps in (0.1, 1.0):
        model = scb.LinearTransformer.from_signals(task, eps, 0.0)
        batch = task.sample(40_000, np.random.default_rng(2))
        X = np.eye(N)[batch.tokens]  # (B, T, N)
        residual = X.mean(axis=1) @ model.value.T - np.eye(N)[batch.output]
        pushes = -np.einsum("btn,bn->bt", X, residual @ model.value) / task.stationary[0]
        pushes *= (batch.last == 0)[:, None]  # of the column of token 0
        noise = pushes[:, 2:].std()
        half = eps * task.transition_energy / (2 * 2)
        needed = (z * noise / half) ** 2
        assert theory.selection_samples(task, z) == pytest.approx(needed, rel=0.05)


def test_what_is_not_as_described_is_refused():
    for call, name in (
        (lambda: theory.least_samples(TASK, 0.5), "chance"),
        (lambda: theory.sure_samples(TASK, 700.0, chance=1.0), "chance"),
        (lambda: theory.start_snr(TASK, 0), "spending"),
        (lambda: theory.falling_spending(TASK, 0, 1), "c"),
        (lambda: theory.batch_schedule(1.0, 0), "learning_rate"),
        (lambda: theory.penalty_from(-1, 0.1), "time"),
        (lambda: theory.FallingSpending(1.0, 0.0, 1.0), "floor"),
        (lambda: theory.selection_samples(TASK, 0), "deviations"),
        (lambda: theory.temper(scb.LinearTransformer.initial(TASK), TASK, 0), "share"),
    ):
        with pytest.raises(scb.ScbError, match=name):
            call()


def test_tempering_shrinks_what_is_known_and_its_square_shrinks_the_noise():
    rng = np.random.default_rng(0)
    other = theory.correlated_task(TASK, 0.3, rng)
    model = theory.transfer(scb.LinearTransformer.oracle(other), TASK)
    mild = theory.temper(model, TASK, 0.1)
    assert scb.signals(mild, TASK).value == pytest.approx(0.03)
    np.testing.assert_allclose(mild.value @ TASK.stationary, TASK.stationary, atol=1e-12)
    crossed = [theory.complexity.crossed_variance(m.value, TASK.stationary) for m in (model, mild)]
    assert crossed[1] / crossed[0] == pytest.approx(0.01)


def jumping(pieces, end):
    """200 or 100 samples per unit of time by turns, from 0 to the end."""
    return lambda t: 200.0 if math.floor(pieces * t / end) % 2 else 100.0


def test_a_schedule_that_jumps_often_is_added_up_piece_by_piece():
    rate = theory.growth_rate(TASK)
    jumps = jumping(24, 20 / rate)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z, paid = theory.start_snr(TASK, jumps), theory.sure_samples(TASK, jumps, chance=0.6)
    ends = 20 / rate * np.arange(25) / 24
    parts = -np.diff(np.exp(-2 * rate * ends)) / (2 * rate)
    noise = np.sum(parts / np.where(np.arange(24) % 2, 200, 100))
    assert z == pytest.approx(1 / (rate * math.sqrt(theory.samples_needed(TASK, 1) * noise)))
    time = theory.escape_time(TASK, 0.5) - math.log(1 - ndtri(0.6) / z) / rate
    lengths = np.diff(np.minimum(ends, time))
    assert paid == pytest.approx(np.sum(lengths * np.where(np.arange(24) % 2, 200, 100)), rel=1e-6)


def test_the_start_is_over_after_twenty_growth_times():
    times = []
    theory.start_snr(TASK, lambda t: times.append(t) or 700.0)
    assert 19 < max(times) * theory.growth_rate(TASK) <= 20


@pytest.mark.parametrize("price", [theory.start_snr, theory.sure_samples])
def test_a_schedule_without_any_pattern_is_given_up_after_200_pieces(price):
    """Each piece is looked at in 21 places; to cut one adds two."""
    rng, looks = np.random.default_rng(0), []

    def wild(_t):
        looks.append(rng.uniform(1000, 3000))
        return looks[-1]

    with pytest.warns(IntegrationWarning, match="subdivisions \\(200\\)"):
        price(TASK, wild)
    assert len(looks) == (1 if price is theory.start_snr else 2) * 21 * (2 * 200 - 1)
