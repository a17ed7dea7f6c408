"""Answers checked where they are written: ``exercises.check("ch1-law", my_answer)``."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from scb_edu.checks import Array
from scb_edu.complexity import escape_chance, samples_needed, start_noise
from scb_edu.dynamics import escape_time, watershed
from scb_edu.errors import ScbError
from scb_edu.generation import generate
from scb_edu.gradients import Gradient, bayes_loss, gradient
from scb_edu.norms import weighted_inner_product, weighted_square_norm
from scb_edu.optimizers import ProximalGradient, soft_threshold
from scb_edu.similarity import similarity
from scb_edu.task import Batch, SCBTask
from scb_edu.transformer import LinearTransformer, signals

__all__ = ["Verdict", "check", "exercise"]

Check: TypeAlias = Callable[[Any], str | None]

_CHECKS: dict[str, Check] = {}


@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether an answer is right, and what to say to its author.

    Parameters
    ----------
    passed : bool
    words : str

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> Verdict(True, "Right.")
    Right.
    """

    passed: bool
    words: str

    def __repr__(self) -> str:
        return self.words


class _NotAnsweredError(Exception):
    """The reader has not written the answer yet."""


def exercise(name: str) -> Callable[[Check], Check]:
    """Register a check under a name: it takes the answer, and returns a hint or, if right, None.

    Parameters
    ----------
    name : str

    Returns
    -------
    callable
        A decorator that leaves the check as it is.

    Raises
    ------
    ScbError
        The name is taken.

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> @exercises.exercise("doc-answer")
    ... def _answer(answer):
    ...     return None if answer == 42 else "Think deeper."
    >>> exercises.check("doc-answer", 41)
    Not yet: Think deeper.
    """

    def register(test: Check) -> Check:
        if name in _CHECKS:
            raise ScbError(f"name: expected a new one, got {name!r}, which is taken.")
        _CHECKS[name] = test
        return test

    return register


def check(name: str, answer: Any) -> Verdict:
    """Look at the answer to an exercise and say whether it is right, or give a hint.

    Parameters
    ----------
    name : str
        As in the exercise.
    answer : object
        A value or a function, as the exercise asks.

    Returns
    -------
    Verdict
        Never an exception: an answer that raises is told so in words.

    Raises
    ------
    ScbError
        There is no exercise of that name.

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> from scb_edu import exercises
    >>> exercises.check("ch1-law", None)
    Not answered yet: write your answer, then run the cell again.
    """
    if name not in _CHECKS:
        raise ScbError(f"name: expected one of {sorted(_CHECKS)}, got {name!r}.")
    try:
        hint = _CHECKS[name](_answered(answer))
    except (_NotAnsweredError, NotImplementedError):
        return Verdict(False, "Not answered yet: write your answer, then run the cell again.")
    except Exception as error:
        return Verdict(False, f"Your answer stopped with {type(error).__name__}: {error}")
    return Verdict(True, "Right.") if hint is None else Verdict(False, f"Not yet: {hint}")


def _answered(answer: Any) -> Any:
    """Return the answer; a function is watched, and counts as unwritten if it returns nothing."""
    if answer is None or answer is ...:
        raise _NotAnsweredError
    if not callable(answer):
        return answer

    @functools.wraps(answer)
    def watched(*args: Any, **kwargs: Any) -> Any:
        return _answered(answer(*args, **kwargs))

    return watched


# Welcome -------------------------------------------------------------------------------------


@exercise("ch0-wait")
def _wait(answer: Any) -> str | None:
    for T in (24, 240, 2400):
        mine, true = float(answer(T)), escape_time(SCBTask.example(T), 0.5)
        if abs(mine - escape_time(SCBTask.example(T), 0.5, signal="value")) < 1e-3:
            return "that is when V is half way; stage 1 ends when the attention is."
        if abs(mine - true) > 1e-3:
            return f"for T = {T} the wait is {true:.2f}, and yours is {mine:.2f}."
    return None


# Chapter 1 -----------------------------------------------------------------------------------


@exercise("ch1-stationary")
def _stationary_law(answer: Any) -> str | None:
    mu = np.asarray(answer, dtype=float)
    if mu.shape != (2,):
        return "two numbers are wanted, one for each token."
    if abs(mu.sum() - 1) > 1e-6:
        return f"your two numbers add up to {mu.sum():.3g}; probabilities add up to 1."
    after = np.array([[0.9, 0.5], [0.1, 0.5]]) @ mu
    if np.abs(after - mu).max() > 1e-3:
        return f"one step of P carries your law to {after.round(3).tolist()}: it does not stay."
    return None


@exercise("ch1-law")
def _law_of_output(answer: Any) -> str | None:
    law = np.asarray(answer, dtype=float)
    if law.shape != (3,):
        return "three numbers are wanted, the chances of A, B and C."
    if abs(law.sum() - 1) > 1e-2:
        return f"your numbers add up to {law.sum():.3g}; a law is a column of P, not a row."
    if np.abs(law - [0.34, 0.26, 0.4]).max() < 5e-3:
        return "the two weights are swapped: which position has the larger one?"
    if np.abs(law - [0.46, 0.24, 0.3]).max() > 5e-3:
        return "mix the columns of P that belong to the tokens at positions 3 and 7, 0.6 to 0.4."
    return None


@exercise("ch1-bayes-loss")
def _closed_bayes_loss(answer: Any) -> str | None:
    rng = np.random.default_rng(1)
    for N, T, Q in [(3, 8, 2), (4, 5, 1), (2, 6, 3), (6, 9, 4)]:
        task = SCBTask.random(N, T, Q, rng, concentration=0.5)
        mine = float(answer(task.transition, task.attention, task.stationary))
        truth = bayes_loss(task)
        if abs(mine - 2 * truth) < 1e-9:
            return "the loss is one half of the mean square: the 1/2 is missing."
        if abs(mine - truth) > 1e-9:
            return f"for N={N}, T={T}, Q={Q} it should be {truth:.4f}, and yours is {mine:.4f}."
    return None


# Chapter 2 -----------------------------------------------------------------------------------


@exercise("ch2-worst-corner")
def _worst_corner(answer: Any) -> str | None:
    corner = np.asarray(answer, dtype=float)
    if corner.shape != (2,) or not np.isin(corner, (-1, 1)).all():
        return "a pair (alpha_V, alpha_A) is wanted, each of them -1 or 1."
    if np.prod(corner) > 0:
        return "here the product of the signals is 1: the pointer is right."
    if corner[0] == 1:
        return "the pointer is wrong, but the crowd is right: one corner is worse."
    return None


@exercise("ch2-prediction")
def _prediction(answer: Any) -> str | None:
    rng = np.random.default_rng(5)
    for N, T in [(2, 1), (3, 5), (4, 7)]:
        model = LinearTransformer(rng.normal(size=(N, N)), rng.normal(size=(T, N)))
        tokens, last = rng.integers(N, size=T), int(rng.integers(N))
        mine = np.asarray(answer(model.value, model.attention, tokens, last))
        right = model.predict(tokens[None], [last])[0]
        if mine.shape != right.shape:
            return f"N = {N}: expected a vector of shape ({N},), got {mine.shape}."
        if not np.allclose(mine, right):
            return f"N = {N}, T = {T}: some entry is off by {np.abs(mine - right).max():.2g}."
    return None


@exercise("ch2-signals")
def _signals_by_hand(answer: Any) -> str | None:
    rng = np.random.default_rng(6)
    for N, T, Q in [(2, 3, 1), (3, 8, 2), (5, 6, 3)]:
        task = SCBTask.random(N, T, Q, rng, concentration=0.5)
        V = task.transition + 0.1 * rng.normal(size=(N, N))
        A = task.attention + 0.1 * rng.normal(size=(T, N))
        right = signals(LinearTransformer(V, A), task)
        mine = answer(V, A, task)
        for name, found, true in zip(("V", "A"), mine, vars(right).values(), strict=True):
            if not np.isclose(found, true):
                return f"N = {N}, T = {T}: alpha_{name} is {true:.4f}, and yours is {found:.4f}."
    return None


# Chapter 3 -----------------------------------------------------------------------------------


@exercise("ch3-stable-rate")
def _stable_rate(answer: Any) -> str | None:
    task = SCBTask.example(1000)
    mu, K_P = task.stationary, task.transition_energy
    steepest = K_P + 1000 * mu @ mu
    if np.isclose(answer, 2 / steepest, rtol=1e-3):
        return None
    if np.isclose(answer, 2 / (mu.max() * steepest), rtol=1e-3):
        return "this is the cap without preconditioning; the division removes the factor mu_k."
    if np.isclose(answer, 2 / K_P, rtol=1e-3):
        return "this is the cap with projection; without it, the direction of all ones is there."
    if np.isclose(answer, 1 / steepest, rtol=1e-3):
        return "at 1/curvature a step lands in the minimum; the error grows above twice that."
    return "the cap is 2 over the largest curvature; which direction and column has it?"


@exercise("ch3-gradient")
def _sample_gradient(answer: Any) -> str | None:
    rng = np.random.default_rng(3)
    for N, T in ((2, 1), (3, 5), (4, 7)):
        model = LinearTransformer(rng.normal(size=(N, N)), rng.normal(size=(T, N)))
        tokens, (last, output) = rng.integers(N, size=T), rng.integers(N, size=2)
        found = answer(model.value, model.attention, tokens, last, output)
        right = gradient(model, Batch(tokens[None], np.array([last]), np.array([output])))
        for name, mine, true in zip(("dV", "dA"), found, vars(right).values(), strict=True):
            if np.shape(mine) != true.shape:
                return f"{name} has shape {np.shape(mine)}, expected {true.shape}."
            if not np.allclose(mine, true):
                return f"at N = {N}, T = {T} your {name} is off by {np.abs(mine - true).max():.2g}."
    return None


# Chapter 4 -----------------------------------------------------------------------------------


@exercise("ch4-extra-time")
def _extra_time(answer: Any) -> str | None:
    rate = math.sqrt(0.14 * 0.52)
    wrong = {
        math.log(10) / rate: "that is the price of one factor of ten, and here are three.",
        3 / rate: "the logarithm is the natural one: log(10) is 2.3, not 1.",
        3 * math.log(10): "it is divided by sqrt(K_P K_Q).",
    }
    for number, hint in wrong.items():
        if np.isclose(answer, number, rtol=5e-3):
            return hint
    if np.isclose(answer, 3 * math.log(10) / rate, rtol=5e-3):
        return None
    return f"{float(answer):.3g} is not it: take the difference of the escape time at the two T."


@exercise("ch4-corner")
def _corner(answer: Any) -> str | None:
    v, a = (float(number) for number in answer)
    if np.allclose((v, a), (0.5, 2), rtol=0.02):
        return None
    if np.allclose((v, a), (2, 0.5), rtol=0.02):
        return "the two are swapped: V has the larger energy here, so it moves less along its line."
    if not np.isclose(v * a, 1, rtol=0.02):
        return f"the corner is on the hyperbola, but your product is {v * a:.3g}."
    return "on the way there alpha_V = sqrt(K_Q/K_P) alpha_A."


@exercise("ch4-border")
def _border(answer: Any) -> str | None:
    for K_P, K_Q, T in ((0.14, 0.52, 20), (0.4, 0.2, 300)):
        value, attention = watershed((K_P, K_Q, T))
        true = float(np.interp(0, attention[::-1], value[::-1]))
        mine = float(answer(K_P, K_Q, T))
        if mine >= 0:
            return f"the border is below zero, and yours is {mine:.3g}."
        if not np.isclose(mine, true, rtol=2e-3):
            return f"at K_P = {K_P}, K_Q = {K_Q}, T = {T} it is {true:.5f}, and yours {mine:.5f}."
    return None


# Chapter 5 -----------------------------------------------------------------------------------


@exercise("ch5-threshold")
def _column_after_threshold(answer: Any) -> str | None:
    column = np.asarray(answer, dtype=float)
    right = np.array([0.4, 0.2, 0.05, 0.0]) / 0.65
    if column.shape != (4,):
        return "four weights are wanted."
    if np.allclose(column, right * 0.65, atol=2e-3):
        return "the soft threshold is right; now divide the column by its sum."
    if np.allclose(column, np.array([0.5, 0.3, 0.15, 0.0]) / 0.95, atol=2e-3):
        return "that is the hard threshold: the soft one also moves the weights that stay."
    if np.allclose(column, np.array([0.4, 0.2, 0.05, -0.05]) / 0.6, atol=2e-3):
        return "a weight stops at zero, it does not cross it."
    if np.allclose(column, right, atol=2e-3):
        return None
    return "take 0.1 off each weight, stop at zero, and divide by what the column sums to."


@exercise("ch5-step")
def _proximal_step(answer: Any) -> str | None:
    rng = np.random.default_rng(5)
    for N, T in [(2, 4), (3, 7)]:
        mu = rng.dirichlet(np.full(N, 5.0))
        model = LinearTransformer(rng.normal(size=(N, N)), rng.dirichlet(np.ones(T), size=N).T)
        slope = Gradient(rng.normal(size=(N, N)), 0.1 * rng.normal(size=(T, N)))
        V, A = answer(model.value, model.attention, slope.value, slope.attention, mu, 0.1, 0.2)
        right = ProximalGradient(0.1, 0.2).update(model, slope, mu)
        if not np.allclose(V, right.value):
            return f"N = {N}: V is off by {np.abs(V - right.value).max():.2g}; divide its columns."
        if np.allclose(A, _threshold_at_penalty(model, slope, mu)):
            return "the threshold of A is the learning rate times the penalty."
        if not np.allclose(np.sum(A, axis=0), 1):
            return f"N = {N}: the columns of A sum to {np.sum(A, axis=0).round(3).tolist()}."
        if not np.allclose(A, right.attention):
            return f"N = {N}, T = {T}: A is off by {np.abs(A - right.attention).max():.2g}."
    return None


def _threshold_at_penalty(model: LinearTransformer, slope: Gradient, mu: Array) -> Array:
    """Return A after a common slip: the whole penalty is taken off in every step."""
    moved = ProximalGradient(0.1).update(model, slope, mu).attention
    shrunk = soft_threshold(moved, 0.2)
    return np.asarray(shrunk / np.where(shrunk.sum(axis=0) == 0, 1, shrunk.sum(axis=0)))


# Chapter 6 ---------------------------------------------------------------------------------------


@exercise("ch6-samples")
def _samples_for_twice(answer: Any) -> str | None:
    task = SCBTask.example(1000)
    if np.isclose(answer, 2 * samples_needed(task, 1), rtol=0.02):
        return "the number of samples goes with the square of the ratio."
    if np.isclose(answer, samples_needed(task, 1), rtol=0.02):
        return "that is for a ratio of 1."
    if np.isclose(answer, samples_needed(task, 2), rtol=0.02):
        return None
    return f"{float(answer):.4g} is not it: mean 1/T, deviation start_noise(task) / sqrt(M)."


@exercise("ch6-batch")
def _batch_for_safety(answer: Any) -> str | None:
    chance = escape_chance(SCBTask.example(10_000), 0.01, answer)
    if chance < 0.989:
        return f"with that batch the chance is {chance:.3f}: too small."
    if chance > 0.991:
        return f"with that batch the chance is {chance:.4f}: there is a smaller one."
    return None


@exercise("ch6-noise")
def _estimated_noise(answer: Any) -> str | None:
    for task in (SCBTask.example(20), SCBTask.random(4, 50, 2, np.random.default_rng(0))):
        mine, true = float(answer(task, np.random.default_rng(1))), start_noise(task)
        if np.isclose(mine * 8, true, rtol=0.1):
            return "this is the noise of a batch of 64; that of one sample is 8 times as large."
        if not np.isclose(mine, true, rtol=0.1):  # 2,000 samples scatter by 2 %
            return f"at T = {task.context_length} it is {true:.3f}, and yours {mine:.3f}."
    return None


# Chapter 7 ---------------------------------------------------------------------------------------


@exercise("ch7-double")
def _saving_of_twice(answer: Any) -> str | None:
    rate = math.sqrt(0.14 * 0.52)
    if np.isclose(answer, math.log(2) / rate, rtol=0.01):
        return None
    if np.isclose(answer, math.log(2), rtol=0.01):
        return "that is s; time is s divided by r = sqrt(K_P K_Q)."
    if np.isclose(answer, math.log(2) / (0.14 * 0.52), rtol=0.01):
        return "r is the root of K_P K_Q."
    return f"{float(answer):.3g} is not it: take the difference of s_a for the two correlations."


@exercise("ch7-split")
def _along_and_beside(answer: Any) -> str | None:
    rng = np.random.default_rng(7)
    for N in (3, 5):
        task = SCBTask.random(N, 2, 1, rng, concentration=0.5)
        mu, P = task.stationary, task.transition
        rest = rng.normal(size=(N, N))
        rest -= signals(LinearTransformer(mu[:, None] + rest, task.attention), task).value * (
            P - mu[:, None]
        )
        theta, beside = answer(mu[:, None] + 0.3 * (P - mu[:, None]) + rest, P, mu)
        if not np.isclose(theta, 0.3):
            return f"N = {N}: theta is 0.3, and yours is {float(theta):.4f}; weigh columns by mu."
        if not np.allclose(beside, rest):
            return f"N = {N}: theta is right; some entry of R is off."
    return None


# Chapter 8 ---------------------------------------------------------------------------------------


@exercise("ch8-rate")
def _rate_of_logits(answer: Any) -> str | None:
    if np.isclose(answer, 0.01 * 500, rtol=0.01):
        return "1/T counts twice: once on the way back, once on the way forward."
    if np.isclose(answer, 500**2, rtol=0.01):
        return "that is the ratio; the rate of the logits is the ratio times the rate of V."
    if np.isclose(answer, 0.01 * 500**2, rtol=0.01):
        return None
    return f"{float(answer):.4g} is not it: what does a step of rate 1 move the weights by?"


@exercise("ch8-similarity")
def _cosine_of_maps(answer: Any) -> str | None:
    rng = np.random.default_rng(8)
    for T, N in [(4, 2), (9, 3)]:
        mu = rng.dirichlet(np.full(N, 2.0))
        A, B = rng.dirichlet(np.ones(T), size=(2, N)).transpose(0, 2, 1)
        mine, right = float(answer(A, B, mu)), similarity(A, B, mu)
        if np.isclose(mine, _plain_cosine(A, B, mu)):
            return "take off the uniform part first: maps that know nothing would be the same."
        if np.isclose(mine, similarity(A, B, np.full(N, 1 / N))):
            return "the columns count with the weights mu."
        if not np.isclose(mine, right):
            return f"T = {T}, N = {N}: it is {right:.3f}, and yours {mine:.3f}."
    return None


def _plain_cosine(A: Array, B: Array, mu: Array) -> float:
    """Return the cosine after a common slip: the uniform part stays in."""
    sizes = weighted_square_norm(A, mu) * weighted_square_norm(B, mu)
    return weighted_inner_product(A, B, mu) / math.sqrt(sizes)


# Chapter 9 ---------------------------------------------------------------------------------------


@exercise("ch9-perplexity")
def _perplexity_of_two_chances(answer: Any) -> str | None:
    wrong = {
        16 / 5: "the surprises are averaged, not the chances: log 2 and log 8.",
        5.0: "the surprises are averaged, not their exponentials: log 2 and log 8.",
        2.0: "2 is the mean surprise in bits; the perplexity is 2 to that power.",
    }
    for number, hint in wrong.items():
        if np.isclose(answer, number, rtol=5e-3):
            return hint
    if np.isclose(answer, 4, rtol=5e-3):
        return None
    return f"{float(answer):.3g} is not it: exp of the mean of -log of the chance of what came."


@exercise("ch9-slide")
def _sliding_sequence(answer: Any) -> str | None:
    circle = np.roll(np.eye(5), 1, axis=0)
    for T, position in ((1, 0), (3, 0), (3, 2)):
        looked_at = np.zeros((T, 5))
        looked_at[position] = 1
        task, start = SCBTask(circle, looked_at), list(range(T + 1))
        right = generate(task, 12, np.random.default_rng(0), start=start).tolist()
        mine = np.asarray(answer(task, list(start), 12, np.random.default_rng(0))).tolist()
        if mine[: T + 1] == start and len(mine) == T + 13:
            return "return the new tokens only, without the start."
        late = [start[position + 1] + 1, *right[1:]]
        if mine[:1] == late[:1] != right[:1]:
            return "the last token is not in the context: it only chooses positions."
        if mine != right:
            return f"T = {T}, looking at position {position}: expected {right}, yours is {mine}."
    return None
