"""Softmax attention under exact gradients: the flow of its logits, when the first weight snaps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad

from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import follow, time_until

RATIOS = (1e-60, 1e12)
"""Of the two rates: beyond, the solver meets the rounding of the logits."""
HIGHEST = 500.0
"""No path leads to such a logit; the solver may try one, and its exponential is not to overflow."""


@checked
@dataclass(frozen=True, eq=False)
class SoftmaxFlow:
    """The course of a softmax transformer under exact gradients.

    Parameters
    ----------
    t : (R,) array
        Time, at the steps of the solver: they are close together where much happens.
    value, attention : (R,) arrays
        The signals alpha_V and alpha_A.
    weights : (R, S) array
        The attention on each of the S pairs (position, token) of the support of Q, in the order
        of ``np.nonzero(task.attention)``.

    Notes
    -----
    Book: 08-softmax, eq-softmax-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.theory.softmax_flow(scb.SCBTask.example(), 8, t_end=5).weights[0].tolist()
    [0.125, 0.125, 0.125, 0.125, 0.125, 0.125]
    """

    t: Array
    value: Array
    attention: Array
    weights: Array

    @checked
    def arrival(self, weight: int, level: float) -> float:
        """Return when a weight first reaches a level; inf if it does not.

        Examples
        --------
        >>> import scb_edu as scb
        >>> task = scb.SCBTask.example()
        >>> scb.theory.softmax_flow(task, 8, t_end=5).arrival(0, 0.125)
        0.0
        """
        checks.index("weight", weight, self.weights.shape[1])
        above = np.flatnonzero(self.weights[:, weight] >= level)
        if not above.size:
            return math.inf
        near = slice(max(above[0] - 1, 0), above[0] + 1)
        return float(np.interp(level, self.weights[near, weight], self.t[near]))


@checked
def softmax_flow(task: SCBTask, ratio: float, *, t_end: float) -> SoftmaxFlow:
    """Follow softmax attention from the initial point, with the exact preconditioned gradient.

    Parameters
    ----------
    task : SCBTask
    ratio : float
        Rate of the logits over that of V, at most 1e12. Time is counted in units of the rate of V.
    t_end : float

    Returns
    -------
    SoftmaxFlow

    Raises
    ------
    ScbError
        An argument is not as described, the task has no energy, or the solver failed.

    Notes
    -----
    V stays in the family mu 1^T + alpha_V (P - mu 1^T), and all positions off the support of a
    column stay alike, so that a few numbers are enough for any T.
    Book: 08-softmax, eq-softmax-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> flow = scb.theory.softmax_flow(scb.SCBTask.example(100), 100, t_end=500)
    >>> bool(flow.attention[-1] > 0.8)
    True
    """
    refuse_flat(task, "transition", "attention")
    state = _Support(task, checks.within("ratio", ratio, *RATIOS))
    end = time_until(t_end)
    start = np.zeros(1 + state.weight.size)
    # logits are up to T^2 times as fast as V: with more precision the solver meets their rounding
    push = 1 / task.context_length
    found = follow("t_end", state.rate, start, end, scale=push, precision=1e-7)
    weights = np.array([state.attention(logits)[0] for logits in found.y[1:].T])
    hit = weights @ (state.weight * task.stationary[state.token])
    alpha_A = (hit - 1 / task.context_length) / task.attention_energy
    return SoftmaxFlow(found.t, found.y[0], alpha_A, weights)


@checked
def softmax_snap_time(task: SCBTask, ratio: float) -> float:
    """Return when the first weight of softmax attention snaps, for long contexts and large ratios.

    Parameters
    ----------
    task : SCBTask
    ratio : float
        Rate of the logits over that of V.

    Returns
    -------
    float
        In the time of ``softmax_flow``: T / sqrt(ratio) times a number that depends on P and on
        the weights of Q only.

    Raises
    ------
    ScbError
        An argument is not as described, or the task has no transition energy.

    Notes
    -----
    It is exact in the limit of a T and a ratio that go to infinity: sqrt(ratio) has to be large.
    Book: 08-softmax, eq-softmax-rate.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> copying = scb.SCBTask([[0.0, 1.0], [1.0, 0.0]], np.eye(50)[:, :2])  # Q = 1, K_P = 1/2
    >>> round(scb.theory.softmax_snap_time(copying, 4) / (25 * np.pi**0.5), 6)
    1.0
    """
    refuse_flat(task, "transition")
    c = checks.positive_number("ratio", ratio)
    position, token = np.nonzero(task.attention)
    q = task.attention[position, token]
    share, largest = task.stationary[token], q.max()

    def slowness(u: float) -> float:
        # z = (1 - exp(-u^2)) / largest takes the root off the start and the pole off the end
        left = 1 - q / largest * -np.expm1(-u * u)  # (S,), 1 - q_t z
        speed = np.sqrt(-2 * task.transition_energy * (share @ np.log(left)))
        return float(2 * u * np.exp(-u * u) / largest / speed)

    unit = quad(slowness, 0, 6)[0]  # exp(-36): nothing is left
    return float(task.context_length / np.sqrt(c) * unit)


class _Support:
    """What the flow needs of a task: the weights of its support, and how many others there are."""

    def __init__(self, task: SCBTask, ratio: float) -> None:
        position, self.token = np.nonzero(task.attention)  # (S,) each
        self.weight = task.attention[position, self.token]
        self.mu, self.energy, self.ratio = task.stationary, task.transition_energy, ratio
        self.others = task.context_length - self._sum(np.ones(self.weight.size))  # (N,)

    def attention(self, logits: Array) -> tuple[Array, Array]:
        """Return the weights on the support (S,) and on each other position (N,)."""
        # logits of a column add up to zero: the others share what the support has not
        rest = -self._sum(logits) / np.maximum(self.others, 1)
        own, other = np.exp(np.minimum(logits, HIGHEST)), np.exp(np.minimum(rest, HIGHEST))
        total = self._sum(own) + self.others * other
        return own / total[self.token], other / total

    def rate(self, _: float, state: Array) -> Array:
        """Return the speed of alpha_V and of the logits on the support."""
        alpha = state[0]
        a, other = self.attention(state[1:])
        hit = self._sum(self.weight * a)  # (N,), <q_k, a_k>
        square = self._sum(a * a) + self.others * other * other  # (N,), ||a_k||^2
        slope = self.energy * alpha * (alpha * a - self.weight)
        mean = self.energy * alpha * (alpha * square - hit)  # (N,), <a_k, slope>
        logits = -self.ratio * a * (slope - mean[self.token])
        return np.concatenate([[self.mu @ (hit - alpha * square)], logits])

    def _sum(self, numbers: Array) -> Array:
        """Add up the numbers of the support by token: (S,) to (N,)."""
        return np.bincount(self.token, numbers, minlength=self.mu.size).astype(float)
