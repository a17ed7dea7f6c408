"""A transition that is correlated with another one, at random but for what is asked of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse
from scipy.optimize import linprog

from scb_edu.model.norms import weighted_inner_product, weighted_square_norm
from scb_edu.model.random_tasks import random_attention
from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

SLACK = 1e-9
"""How far beyond the feasible interval a correlation still counts as its end."""

TRIES = 8
"""Random vertices that are tried for one with enough energy."""

ROUNDS = 50
"""Rounds of the search for a transition of little energy; a few are nearly always enough."""


@dataclass(frozen=True, eq=False)
class CorrelatedTransitions:
    """The transitions X >= 0 with columns of sum 1, X mu = mu and correlation theta with P.

    A polytope: bounded, convex, with flat sides. The energy is that of a transition, K_X.

    Examples
    --------
    >>> import numpy as np
    >>> mu = np.full(3, 1 / 3)
    >>> P = 0.7 * np.eye(3) + 0.1
    >>> X = CorrelatedTransitions(P, mu, 0.5).draw(np.random.default_rng(0))
    >>> deviation = P - mu[:, None]
    >>> round(float(np.vdot(X - mu[:, None], deviation) / np.vdot(deviation, deviation)), 8)
    0.5
    """

    transition: Array  # (N, N), P
    stationary: Array  # (N,), mu
    theta: float

    def draw(self, rng: np.random.Generator) -> Array:
        """Draw a transition of the same energy as P, or as near to it as was found."""
        calm = self._calm(rng)
        if self.energy(calm) >= self.full_energy:
            return self._mended(calm)
        way = self._lively(rng) - calm
        return self._mended(calm + self._share(calm, way) * way)

    def _calm(self, rng: np.random.Generator) -> Array:
        """Return a transition with room for more energy: the one of least energy, if it is simple.

        Otherwise Frank and Wolfe's method goes down towards it from the middle of a few vertices.
        """
        simple = self._uniform + self.theta * self._deviation
        if (simple >= 0).all():
            return np.asarray(simple)  # nothing shorter has this inner product with P - mu 1^T
        point: Array = np.mean(
            [self._vertex(self._direction(rng)) for _ in self.stationary], axis=0
        )
        for _ in range(ROUNDS):
            if self.energy(point) < 0.8 * self.full_energy:
                break
            step = self._vertex(-self._slope(point)) - point
            downhill = -float(np.vdot(self._slope(point), step))
            # never all the way: a vertex has zeros, and a mixture with one has not
            point = point + min(0.5, downhill / max(self._square(step), SLACK)) * step
        return point

    def energy(self, X: Array) -> float:
        """Return ||X - mu 1^T||_mu^2."""
        return self._square(X - self._uniform)

    @cached_property
    def full_energy(self) -> float:
        """K_P."""
        return self._square(self._deviation)

    @cached_property
    def form(self) -> Array:
        """The (N, N) weights whose inner product with X is its correlation with P."""
        return np.asarray(self._deviation * self.stationary / self.full_energy)

    def least(self) -> float:
        """Return the smallest correlation that any transition with this mu has with P."""
        rules, right = self._rules[:-1], self._right[:-1]
        found = linprog(self.form.ravel(), A_eq=rules, b_eq=right, method="highs")
        return float(found.fun)

    def _lively(self, rng: np.random.Generator) -> Array:
        """Return a random vertex with at least the energy of P, or the best of a few."""
        best = self._climbed(self._vertex(self._direction(rng)))
        for _ in range(TRIES - 1):
            if self.energy(best) >= self.full_energy:
                break
            best = max(best, self._climbed(self._vertex(self._direction(rng))), key=self.energy)
        return best

    def _climbed(self, vertex: Array) -> Array:
        """Go from vertex to vertex while the energy is too small and grows."""
        while self.energy(vertex) < self.full_energy:
            higher = self._vertex(self._slope(vertex))
            if self.energy(higher) < self.energy(vertex) + SLACK:
                break
            vertex = higher
        return vertex

    def _share(self, calm: Array, way: Array) -> float:
        """Return how far along the way the energy is K_P: the root of a quadratic."""
        start = calm - self._uniform
        square = self._square(way)
        if square < SLACK:
            return 0.0  # there is one transition only
        half = weighted_inner_product(start, way, self.stationary)
        missing = self.full_energy - self._square(start)
        # the very end is a vertex, and its zeros may cut tokens off
        return min(0.999, (math.sqrt(half**2 + square * missing) - half) / square)

    def _vertex(self, direction: Array) -> Array:
        """Return the transition that lies furthest in a direction: a linear programme."""
        found = linprog(-direction.ravel(), A_eq=self._rules, b_eq=self._right, method="highs")
        if not found.success:
            raise ScbError(
                f"theta: expected a correlation that can be had, got {self.theta:.6g}, for which "
                f"the solver found no transition: {found.message}"
            )
        return np.asarray(found.x.reshape(self.transition.shape))

    def _direction(self, rng: np.random.Generator) -> Array:
        return rng.normal(size=self.transition.shape)

    def _slope(self, X: Array) -> Array:
        """Return half the gradient of the energy."""
        return np.asarray((X - self._uniform) * self.stationary)

    def _square(self, matrix: Array) -> float:
        return weighted_square_norm(matrix, self.stationary)

    def _mended(self, X: Array) -> Array:
        """Take the solver's rounding out of X."""
        error = self._right - self._rules @ X.ravel()
        mend = np.linalg.lstsq(self._rules.toarray(), error, rcond=None)[0]
        return np.asarray((X + mend.reshape(X.shape)).clip(0))

    @cached_property
    def _rules(self) -> scipy.sparse.csr_array:
        """The rows that X, laid out row by row, is multiplied by: (2N + 1, N * N)."""
        one, eye = np.ones((1, len(self.stationary))), scipy.sparse.eye_array(len(self.stationary))
        columns = scipy.sparse.kron(one, eye)
        rows, form = scipy.sparse.kron(eye, self.stationary[None]), self.form.reshape(1, -1)
        return scipy.sparse.csr_array(scipy.sparse.vstack([columns, rows, form]))

    @cached_property
    def _right(self) -> Array:
        """What the rows have to give: sums of 1, mu, and theta."""
        return np.concatenate([np.ones(len(self.stationary)), self.stationary, [self.theta]])

    @property
    def _uniform(self) -> Array:
        return np.broadcast_to(self.stationary[:, None], self.transition.shape)

    @property
    def _deviation(self) -> Array:
        return np.asarray(self.transition - self.stationary[:, None])


def correlated_transition(
    transition: Array, stationary: Array, theta: float, rng: np.random.Generator
) -> Array:
    """Return a random transition with the same mu and the correlation theta with P.

    Parameters
    ----------
    transition : (N, N) array
        P, column-stochastic, with some energy.
    stationary : (N,) array
        mu.
    theta : float
        From the smallest that is feasible, at least -1, to 1.
    rng : numpy.random.Generator

    Returns
    -------
    (N, N) array
        With the energy of P where one was found. For theta = 1, P itself.

    Raises
    ------
    ScbError
        No transition has this correlation.

    Examples
    --------
    >>> import numpy as np
    >>> mu, P = np.full(3, 1 / 3), 0.7 * np.eye(3) + 0.1
    >>> X = correlated_transition(P, mu, 0.5, np.random.default_rng(0))
    >>> bool(np.allclose(X @ mu, mu) and np.allclose(X.sum(axis=0), 1))
    True
    """
    relatives = CorrelatedTransitions(transition, stationary, theta)
    if not -1 <= theta <= 1 or (theta < 0 and theta < relatives.least() - SLACK):
        low = max(-1.0, relatives.least())
        raise ScbError(
            f"theta: expected a correlation between {low:.6g} and 1, got {theta:.6g}; "
            "no transition with this stationary law has it. Take one between."
        )
    return transition if theta == 1 else relatives.draw(rng)


@checked
def correlated_task(
    task: SCBTask, theta: float, rng: np.random.Generator, *, attention: str | None = None
) -> SCBTask:
    """Return a random task whose transition has the correlation theta with that of a task.

    Parameters
    ----------
    task : SCBTask
    theta : float
        <P' - mu 1^T, P - mu 1^T>_mu / K_P, from -1 to 1 where feasible; 1 gives P itself.
    rng : numpy.random.Generator
    attention : "fresh", optional
        A new random attention of the same sparsity; without it, the same attention.

    Returns
    -------
    SCBTask
        With the same mu, and with the same transition energy where such a one was found: for
        two tokens, and near the ends of the feasible interval, there is none.

    Raises
    ------
    ScbError
        The correlation is not feasible (the error says which are), the transition has no
        energy, or another argument is not as described.

    Notes
    -----
    Book: 07-transfer, eq-related.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example()
    >>> other = scb.theory.correlated_task(task, 0.1, np.random.default_rng(0))
    >>> round(scb.signals(scb.LinearTransformer.oracle(other), task).value, 8)
    0.1
    >>> round(other.transition_energy / task.transition_energy, 8)
    1.0
    """
    refuse_flat(task, "transition")
    wanted = checks.real_number("theta", theta)
    if attention not in (None, "fresh"):
        raise ScbError(f"attention: expected 'fresh' or None, got {attention!r}.")
    P = correlated_transition(task.transition, task.stationary, wanted, rng)
    if attention is None:
        return SCBTask(P, task.attention, task.stationary)
    sizes = task.vocab_size, task.context_length, task.sparsity
    return SCBTask(P, random_attention(*sizes, rng), task.stationary)
