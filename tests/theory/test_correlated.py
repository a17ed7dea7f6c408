"""Correlated tasks: the correlation, what stays, and what cannot be had."""

import numpy as np
import pytest
from scipy.optimize import linprog

import scb_edu as scb
from scb_edu.theory.correlated import SLACK, CorrelatedTransitions

TASKS = {
    N: scb.SCBTask.random(N, 6, 2, np.random.default_rng(N), concentration=c)
    for N, c in [(2, 1.0), (4, 0.1), (5, 1.0), (10, 1.0), (30, 0.5)]
} | {3: scb.SCBTask.example()}

STAYS = np.array([0.6, 0.6, 0.6, 0.3])
REPEATING = scb.SCBTask(np.diag(STAYS) + (1 - STAYS) / 4, np.ones((1, 4)))


def correlation(P, X, mu):
    """The definition, column by column."""
    both = sum(mu[m] * (X[:, m] - mu) @ (P[:, m] - mu) for m in range(len(mu)))
    return both / sum(mu[m] * (P[:, m] - mu) @ (P[:, m] - mu) for m in range(len(mu)))


@pytest.mark.parametrize("N", TASKS)
@pytest.mark.parametrize("theta", [-0.1, 0.0, 0.03, 0.5, 0.999])
def test_the_correlation_is_the_one_asked_for_and_mu_stays(N, theta):
    task = TASKS[N]
    other = scb.theory.correlated_task(task, theta, np.random.default_rng(7))
    assert correlation(task.transition, other.transition, task.stationary) == pytest.approx(
        theta, abs=1e-8
    )
    np.testing.assert_allclose(other.stationary, task.stationary, rtol=1e-14)
    np.testing.assert_allclose(other.transition @ task.stationary, task.stationary, atol=1e-12)
    np.testing.assert_array_equal(other.attention, task.attention)
    # mu is the only stationary law: the chain forgets where it began
    settled = np.linalg.matrix_power(other.transition, 1 << 20)
    np.testing.assert_allclose(settled, np.tile(task.stationary[:, None], N), atol=1e-6)


@pytest.mark.parametrize("N", [3, 5, 10, 30])
@pytest.mark.parametrize("theta", [-0.1, 0.0, 0.5, 0.999])
def test_the_energy_is_the_same_where_it_can_be(N, theta):
    other = scb.theory.correlated_task(TASKS[N], theta, np.random.default_rng(1))
    assert other.transition_energy == pytest.approx(TASKS[N].transition_energy, rel=1e-8)


@pytest.mark.parametrize("theta", [-0.5, 0.2])
def test_two_tokens_leave_no_choice(theta):
    """For N = 2 the only transition is mu 1^T + theta (P - mu 1^T), of energy theta^2 K_P."""
    task = TASKS[2]
    other = scb.theory.correlated_task(task, theta, np.random.default_rng(0))
    U = task.stationary[:, None]
    np.testing.assert_allclose(other.transition, U + theta * (task.transition - U), atol=1e-12)
    assert other.transition_energy == pytest.approx(theta**2 * task.transition_energy)


def test_one_is_the_task_itself_and_draws_differ_else():
    task, rng = TASKS[5], np.random.default_rng(0)
    np.testing.assert_allclose(
        scb.theory.correlated_task(task, 1, rng).transition, task.transition, rtol=1e-15
    )
    first, second = (scb.theory.correlated_task(task, 0.5, rng).transition for _ in range(2))
    assert np.abs(first - second).max() > 0.01
    again = scb.theory.correlated_task(task, 0.5, np.random.default_rng(3)).transition
    np.testing.assert_array_equal(
        again, scb.theory.correlated_task(task, 0.5, np.random.default_rng(3)).transition
    )


def test_a_lively_transition_has_relatives_with_less_energy():
    """A permutation has the largest energy there is: near theta = 1 no other one reaches it."""
    cycle = np.roll(np.eye(4), 1, axis=0) * 0.99 + 0.0025
    task = scb.SCBTask(cycle, np.ones((1, 4)))
    other = scb.theory.correlated_task(task, 0.9, np.random.default_rng(0))
    assert other.transition_energy <= task.transition_energy * (1 + 1e-9)
    assert other.transition_energy > 0.9**2 * task.transition_energy
    assert (other.transition > 0).all()


def feasible_least(task):
    """The smallest correlation, from a programme written without the library, entry by entry."""
    P, mu, N = task.transition, task.stationary, task.vocab_size
    K = sum(mu[m] * (P[n, m] - mu[n]) ** 2 for n in range(N) for m in range(N))
    cost = [(P[n, m] - mu[n]) * mu[m] / K for n in range(N) for m in range(N)]
    rows, right = [], []
    for m in range(N):
        rows.append([float(j == m) for _ in range(N) for j in range(N)])
        right.append(1.0)
    for n in range(N):
        rows.append([mu[j] * (i == n) for i in range(N) for j in range(N)])
        right.append(mu[n])
    return linprog(cost, A_eq=rows, b_eq=right, method="highs-ds").fun


@pytest.mark.parametrize(("vocab_size", "stay"), [(2, 0.9), (5, 0.6), (10, 0.9)])
def test_the_end_of_the_interval_is_feasible_and_beyond_it_is_an_error_that_names_it(
    vocab_size, stay
):
    """Tokens that mostly repeat: little can be taken against them. The last one repeats less."""
    stays = np.full(vocab_size, stay)
    stays[-1] /= 2
    P = np.diag(stays) + (1 - stays) / vocab_size
    task = scb.SCBTask(P, np.ones((1, vocab_size)))
    least = feasible_least(task)
    assert -1 < least < -0.01
    at_end = scb.theory.correlated_task(task, least + 1e-7, np.random.default_rng(0))
    assert correlation(P, at_end.transition, task.stationary) == pytest.approx(least, abs=1e-6)
    with pytest.raises(scb.ScbError, match=rf"theta: expected .* between {least:.6g} and 1"):
        scb.theory.correlated_task(task, least - 1e-4, np.random.default_rng(0))


@pytest.mark.parametrize(("beyond", "is_refused"), [(0.5e-9, False), (1.5e-9, True)])
def test_a_correlation_counts_as_the_end_up_to_a_billionth_beyond_it(beyond, is_refused):
    task = REPEATING
    theta = feasible_least(task) - beyond
    if is_refused:
        with pytest.raises(scb.ScbError, match=r"^theta: .* between -0\.656085 and"):
            scb.theory.correlated_task(task, theta, np.random.default_rng(0))
    else:
        at_end = scb.theory.correlated_task(task, theta, np.random.default_rng(0))
        assert correlation(task.transition, at_end.transition, task.stationary) == pytest.approx(
            theta, abs=1e-8
        )


def test_minus_one_may_need_more_energy():
    """In the running example 2 mu 1^T - P has negative entries, and only that has energy K_P."""
    task = TASKS[3]
    assert (2 * task.stationary[:, None] - task.transition).min() < 0
    other = scb.theory.correlated_task(task, -1, np.random.default_rng(0))
    assert correlation(task.transition, other.transition, task.stationary) == pytest.approx(-1)
    assert other.transition_energy > task.transition_energy


def test_a_fresh_attention_is_as_sparse():
    task = TASKS[5]
    other = scb.theory.correlated_task(task, 0.5, np.random.default_rng(0), attention="fresh")
    assert other.attention.shape == task.attention.shape
    assert (np.count_nonzero(other.attention, axis=0) == task.sparsity).all()
    assert np.abs(other.attention - task.attention).max() > 0.1


def test_wrong_input_is_named():
    task, rng = TASKS[3], np.random.default_rng(0)
    with pytest.raises(scb.ScbError, match=r"theta: .* and 1, got 1\.01"):
        scb.theory.correlated_task(task, 1.01, rng)
    with pytest.raises(scb.ScbError, match=r"theta: .* between -1 and 1, got -1\.01"):
        scb.theory.correlated_task(task, -1.01, rng)
    with pytest.raises(scb.ScbError, match="theta: expected real numbers"):
        scb.theory.correlated_task(task, "much", rng)
    with pytest.raises(scb.ScbError, match="attention: expected 'fresh' or None, got 'old'"):
        scb.theory.correlated_task(task, 0.1, rng, attention="old")
    with pytest.raises(scb.ScbError, match="rng: expected"):
        scb.theory.correlated_task(task, 0.1, 0)
    flat = scb.SCBTask(np.full((2, 2), 0.5), np.ones((1, 2)))
    with pytest.raises(scb.ScbError, match="task: expected one whose transition is not uniform"):
        scb.theory.correlated_task(flat, 0.5, rng)


# The search


def relatives(task, theta):
    return CorrelatedTransitions(task.transition, task.stationary, theta)


def test_the_climb_goes_on_while_the_energy_is_too_small_and_grows():
    """From the point of least energy, inside: it ends where no vertex that way is higher."""
    cycle = np.roll(np.eye(5), 1, axis=0) * 0.98 + 0.004
    search = relatives(scb.SCBTask(cycle, np.ones((1, 5))), 0.3)
    inside = 0.2 + 0.3 * (cycle - 0.2)
    assert search.energy(inside) == pytest.approx(0.09 * search.full_energy)
    top = search._climbed(inside)
    assert search.energy(top) > 2 * search.energy(inside)
    further = search.energy(search._vertex((top - 0.2) / 5))
    assert search.energy(top) >= search.full_energy or further < search.energy(top) + 1e-6


def test_a_correlation_that_the_solver_cannot_reach_is_refused():
    with pytest.raises(scb.ScbError, match=r"^theta: .* that can be had, got 5"):
        relatives(TASKS[3], 5.0)._vertex(np.ones((3, 3)))


def calm_by_hand(search, rng):
    """Frank and Wolfe's method from the middle of as many vertices as there are tokens."""
    mu, K = search.stationary, search.full_energy
    point = sum(search._vertex(rng.normal(size=(len(mu), len(mu)))) for _ in mu) / len(mu)
    for _ in range(50):
        far = point - mu[:, None]
        if np.sum(mu * far**2) < 0.8 * K:
            break
        step = search._vertex(-far * mu) - point
        share = -np.sum(far * mu * step) / np.sum(mu * step**2)
        point = point + min(0.5, share) * step
    return point


@pytest.mark.parametrize(
    ("task", "near", "seed"), [(REPEATING, 0.98, 1), (TASKS[4], 0.5, 3)], ids=["0.35", "0.58"]
)
def test_a_point_of_little_energy_is_looked_for_step_by_step(task, near, seed):
    """One step is enough, of share 0.35, or of 0.5 where the lowest point is at 0.58."""
    search = relatives(task, near * relatives(task, 0.0).least())
    found = search._calm(np.random.default_rng(seed))
    by_hand = calm_by_hand(search, np.random.default_rng(seed))
    np.testing.assert_allclose(found, by_hand, atol=1e-10)
    assert search.energy(found) < 0.8 * search.full_energy


@pytest.mark.parametrize("seed", [0, 1])
def test_the_energy_is_met_on_a_way_that_goes_down_before_it_goes_up(seed):
    """The calm end is not the calmest here: half the way's slope at its start is no zero."""
    search = relatives(REPEATING, 0.95 * feasible_least(REPEATING))
    rng = np.random.default_rng(seed)
    calm = search._calm(rng)
    far, way = calm - search.stationary[:, None], search._lively(rng) - calm
    slope = np.sum(search.stationary * far * way)
    assert slope > 0.1 * search.full_energy if seed == 0 else slope < -0.1 * search.full_energy
    drawn = search.draw(np.random.default_rng(seed))
    assert search.energy(drawn) == pytest.approx(search.full_energy, rel=1e-9)


def test_a_search_for_little_energy_that_finds_none_ends_after_fifty_rounds():
    """Three vertices for the middle where it begins, then one each round; any would be too far."""
    rng, asked = np.random.default_rng(0), []

    class Going(CorrelatedTransitions):
        full_energy = 0.0

        def _vertex(self, direction):
            asked.append(direction)
            return rng.dirichlet(np.ones(3), size=3).T

    Going(np.eye(3), np.ones(3) / 3, -1.0)._calm(rng)
    assert len(asked) == 3 + 50


def test_where_there_is_one_transition_only_no_way_is_gone():
    search, speck = relatives(TASKS[3], 0.3), 1e-6 * np.ones((3, 3))
    calm = search._calm(np.random.default_rng(0))
    assert search._share(calm, speck) == 0.0
    assert search._share(calm, 1000 * speck) > 0.0


def test_what_a_solver_left_open_is_mended_the_shortest_way():
    """The rules hold again, and no step along them would have been nearer."""
    task, rng = TASKS[4], np.random.default_rng(0)
    search, mu = relatives(task, 0.3), task.stationary
    exact = search._calm(rng)
    assert exact.min() > 1e-3
    blurred = exact + 1e-4 * rng.normal(size=exact.shape)
    mended = search._mended(blurred)
    np.testing.assert_allclose(mended.sum(axis=0), 1, rtol=1e-13)
    np.testing.assert_allclose(mended @ mu, mu, rtol=1e-13)
    assert correlation(task.transition, mended, mu) == pytest.approx(0.3, rel=1e-12)
    for other in (exact, search._vertex(rng.normal(size=exact.shape))):
        assert np.vdot(other - mended, mended - blurred) == pytest.approx(0, abs=1e-14)


class Scripted(CorrelatedTransitions):
    """Its points are their own energies, and come from a list."""

    full_energy = 1.0
    energy = _vertex = _climbed = lambda self, x: x
    _direction = lambda self, numbers: next(numbers)  # noqa: E731


@pytest.mark.parametrize(
    ("energies", "best", "drawn"),
    [([0.2, 0.5, 1.0, 2.0], 1.0, 3), ([0.3, 0.6, *[0.1] * 20], 0.6, 8)],
)
def test_a_lively_vertex_is_drawn_again_eight_times_at_most(energies, best, drawn):
    numbers = iter(energies)
    assert Scripted(np.eye(2), np.ones(2) / 2, 0.0)._lively(numbers) == best
    assert len(list(numbers)) == len(energies) - drawn


class Stairs(Scripted):
    """From each step, which is its own energy, the next one of a list."""

    _climbed = CorrelatedTransitions._climbed
    _slope = lambda self, x: x  # noqa: E731
    _vertex = lambda self, x: self.transition[self.transition.index(x) + 1]  # noqa: E731


@pytest.mark.parametrize(
    ("energies", "top"),
    [
        ([0.2, 0.5, 1.0, 2.0], 1.0),  # enough
        ([0.2, 0.5, 0.5 + 2e-10, 0.9], 0.5),  # grows no more
        ([0.5, 0.5 + SLACK, 0.5], 0.5 + SLACK),
        ([0.5, 0.5 + 1.5e-9, 0.5], 0.5 + 1.5e-9),
        ([1.5, 2.0], 1.5),
    ],
)
def test_a_climb_ends_where_the_energy_is_enough_or_grows_by_less_than_a_billionth(energies, top):
    assert Stairs(energies, np.ones(2) / 2, 0.0)._climbed(energies[0]) == top


def test_the_transition_of_least_energy_may_have_zeros():
    """Of the identity on four tokens, at -1/3: what stays has no chance at all."""
    eye = np.eye(4)
    calm = CorrelatedTransitions(eye, np.full(4, 0.25), -1 / 3)._calm(np.random.default_rng(0))
    np.testing.assert_allclose(calm, (1 - eye) / 3, atol=1e-15)
