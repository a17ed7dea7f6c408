"""The studies of the feedback: what the noise of A does to a run, and runs without that noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from scb_edu.experiments.intervals import wilson_interval
from scb_edu.model.norms import weighted_inner_product, weighted_square_norm
from scb_edu.model.own_example import as_in_the_book
from scb_edu.model.similarity import off_support_mass
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals
from scb_edu.studies.ch5_algorithm import exact_escape
from scb_edu.studies.ch6_sample_complexity import (
    BATCH,
    LOOK,
    PATIENCE,
    escape_points,
    leave_saddle,
    plain_task,
)
from scb_edu.studies.ch6_sample_complexity import DECIDED as VALUE_DECIDED
from scb_edu.studies.ch7_transfer import DECIDED as SIDE_DECIDED
from scb_edu.studies.ch7_transfer import (
    SIDE_BATCH,
    SIDE_LENGTHS,
    SIDE_RATE,
    SIDE_THETAS,
    chances,
    choose_side,
    downstream,
    pretrained,
    simulated_sides,
)
from scb_edu.studies.study import Study
from scb_edu.support.checks import Array
from scb_edu.theory.complexity import escape_chance
from scb_edu.theory.dynamics import (
    SignalConstants,
    escape_time,
    escape_time_limit,
    population_step,
    separatrix,
)
from scb_edu.theory.feedback import feedback_paths, feedback_strength, hyperbola_slide
from scb_edu.theory.finetuning import transfer, transfer_samples
from scb_edu.training import train
from scb_edu.training.optimizers import (
    Moment,
    Optimizer,
    Parameters,
    ProjectedSGD,
    ProximalGradient,
)

PATHS = 100  # of a simulation
MANY = {"context_length": 400, "learning_rate": 0.025, "batch_size": 1}
SKEW_RATE = 0.02
SLIDE_RATE, SLIDE_BATCH = 0.05, 640  # the noise of rate 0.005 and batches of 64, in fewer steps
EDGE_PENALTY, EDGE_TIME = 0.003, 80.0


@dataclass(frozen=True)
class OnItsLine(ProximalGradient):
    """The proximal method, which puts A back on its line from uniform to Q after each step.

    The noise of A that is not on the line is gone before V sees it: what is left is alpha_A.

    Parameters
    ----------
    learning_rate, penalty, attention_rate
        As for ``ProximalGradient``.
    task : SCBTask
        Whose Q the line leads to: no method that a learner could use.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> task = scb.SCBTask.example(50)
    >>> run = scb.train(task, scb.LinearTransformer.initial(task), OnItsLine(0.1, task=task),
    ...                 steps=20, batch_size=4, rng=np.random.default_rng(0))
    >>> line = scb.LinearTransformer.from_signals(task, 0.0, run.signals.attention[-1])
    >>> bool(np.allclose(run.model.attention, line.attention))
    True
    """

    task: SCBTask = field(kw_only=True)

    def update(
        self, parameters: Parameters, gradient: Parameters, state: Any, moment: Moment
    ) -> tuple[Parameters, Any]:
        """Return the parameters after a step of the method, A on its line."""
        (V, W), state = super().update(parameters, gradient, state, moment)
        task, far = self.task, self._far.astype(W.dtype)
        along = weighted_inner_product(W, far, task.stationary) / task.attention_energy
        return Parameters(V, 1 / len(W) + W.dtype.type(along) * far), state

    @cached_property
    def _far(self) -> Array:
        """Q - 11^T/T, whose columns sum to zero."""
        return np.asfortranarray(self.task.attention - 1 / self.task.context_length)


def escape(
    rng: np.random.Generator,
    *,
    way: str,
    context_length: int,
    learning_rate: float,
    batch_size: int,
) -> dict[str, Any]:
    """Train from scratch until alpha_V has chosen a side, as it is ("free") or "on its line"."""
    method = _method(way, learning_rate, context_length)
    return leave_saddle(rng, context_length, method, batch_size)


def side(rng: np.random.Generator, *, theta: float, context_length: int) -> dict[str, Any]:
    """Train from a related V with A on its line until alpha_A has chosen a side."""
    method = _method("on its line", SIDE_RATE, context_length)
    return choose_side(rng, "related", theta, context_length, method)


def _method(way: str, rate: float, context_length: int) -> Optimizer:
    if way == "free":
        return ProximalGradient(rate)
    return OnItsLine(rate, task=SCBTask.example(context_length))


def simulated_escape(
    rng: np.random.Generator, *, context_length: int, learning_rate: float, batch_size: int
) -> dict[str, Any]:
    """Return the share of simulated paths that do what ``escape`` counts as right."""
    task = SCBTask.example(context_length)
    paths = feedback_paths(
        task,
        LinearTransformer.initial(task),
        learning_rate,
        batch_size,
        t_end=PATIENCE,
        points=round(PATIENCE / learning_rate / LOOK),
        runs=PATHS,
        rng=rng,
        until=("value", VALUE_DECIDED),
    )
    return {"right": paths.share("value", VALUE_DECIDED), "scatter": paths.scatter[-1].mean()}


def simulated_side(
    rng: np.random.Generator, *, theta: float, context_length: int
) -> dict[str, Any]:
    """Return the share of simulated paths that do what ``side`` counts as right."""
    task = SCBTask.example(context_length)
    paths = simulated_sides(task, pretrained("related", theta, task, rng), PATHS, rng)
    return {
        "right": paths.share("attention", SIDE_DECIDED),
        "scatter": paths.scatter[-1].mean(),
    }


def skewed(rng: np.random.Generator, *, task: str, size: int, penalty: float) -> dict[str, Any]:
    """Start at the truth, and measure what stays outside the support, signed and absolute."""
    which = skewed_task(task, size)
    run = train(
        which,
        LinearTransformer.oracle(which, dtype=np.float32),
        ProximalGradient(SKEW_RATE, penalty),
        steps=2000,
        batch_size=BATCH,
        rng=rng,
        record_every=20,
        record={"signed": signed_mass, "outside": off_support_mass},
    )
    late = run.step > 1000
    columns = {**run.columns, "alpha_V": run.signals.value, "alpha_A": run.signals.attention}
    return {name: column[late].mean() for name, column in columns.items()}


def skewed_task(task: str, size: int) -> SCBTask:
    """Return a task of ``skewed``: "tokens", N of them and T = 1000, or "length", T and N = 3."""
    if task == "length":
        return SCBTask.example(size)
    return plain_task(size, 1000, 2, np.random.default_rng(size))


def signed_mass(model: Any, task: SCBTask) -> float:
    """Return the sum of the weights off the support, with their signs, on average over tokens."""
    weights = np.where(task.attention == 0, model.attention, 0)
    return float(weights.sum(axis=0, dtype=float) @ task.stationary)


def edge(rng: np.random.Generator, *, theta: float, learning_rate: float) -> dict[str, Any]:
    """Start with wrong knowledge and a penalty; measure how near to its edge V comes.

    A step multiplies what V holds beside the truth by 1 - rate (K_Q alpha_A^2 + e + 1/T): the
    edge is where this is -1.
    """
    run = downstream(
        rng,
        "related",
        theta,
        250,
        ProximalGradient(learning_rate, EDGE_PENALTY),
        steps=round(EDGE_TIME / learning_rate),
        batch_size=BATCH,
        record={"scatter": scatter_energy},
    )
    late, attention = len(run.step) // 2, run.signals.attention
    scatter = run.columns["scatter"][late:]
    whole = SCBTask.example(250).attention_energy * attention[late:] ** 2 + scatter
    return {
        "edge": np.median(whole) * learning_rate / 2,
        "share": np.median(scatter / whole),
        "alpha_A": np.median(attention[late:]),
        "ended": run.status.ended,
    }


def scatter_energy(model: Any, task: SCBTask) -> float:
    """Return e, the energy of A off its line from uniform to Q."""
    line = LinearTransformer.from_signals(task, 0.0, signals(model, task).attention)
    return weighted_square_norm(model.attention - line.attention, task.stationary)


def slide(
    rng: np.random.Generator, *, context_length: int, start: str, time: float
) -> dict[str, Any]:
    """Train without a penalty from the truth, or from where the slide should end ("there")."""
    task = SCBTask.example(context_length)
    ends = hyperbola_slide(task, SLIDE_RATE, SLIDE_BATCH)
    value, attention = (1.0, 1.0) if start == "truth" else (ends.value, ends.attention)
    run = train(
        task,
        LinearTransformer.from_signals(task, value, attention, dtype=np.float32),
        ProximalGradient(SLIDE_RATE),
        steps=round(time / SLIDE_RATE),
        batch_size=SLIDE_BATCH,
        rng=rng,
    )
    late = 2 * len(run.step) // 3
    value, attention = run.signals.value[late:].mean(), run.signals.attention[late:].mean()
    return {"alpha_V": value, "alpha_A": attention, "ok": run.status.ok}


def shares(table: pd.DataFrame, keys: Sequence[str], name: str) -> pd.DataFrame:
    """Return the share of runs on the right side at each point, with its Wilson interval.

    Parameters
    ----------
    table : DataFrame
        One row a run, with a column ``right``.
    keys : sequence of str
        The columns that make a point; they index the result.
    name : str
        Of the share; its interval has the endings ``_low`` and ``_high``.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({"T": [100] * 4, "right": [True, True, False, True]})
    >>> shares(runs, ["T"], "measured").round(2).iloc[0].tolist()
    [0.75, 0.3, 0.95]
    """
    groups = table.groupby(list(keys))["right"]
    rows = {key: wilson_interval(int(right.sum()), right.size) for key, right in groups}
    index = pd.MultiIndex.from_tuples(rows, names=keys)
    columns = [name, f"{name}_low", f"{name}_high"]
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


def escapes(free: pd.DataFrame, system: pd.DataFrame, line: pd.DataFrame) -> pd.DataFrame:
    """Return what leaves the saddle rightly: measured, by both predictions, and on the line.

    Parameters
    ----------
    free, system, line : DataFrame
        The studies complexity-escape, feedback-escape-system and feedback-escape.

    Returns
    -------
    DataFrame
        A row a point: ``context_length``, ``learning_rate``, ``batch_size``; the shares
        ``measured`` and ``line`` (nan where not run) with their intervals; ``system`` and
        ``formula``; ``strength``, chi at the V where a run decides.
    """
    keys = ["context_length", "learning_rate", "batch_size"]
    table = _joined(free, system, line, keys)
    points = [(SCBTask.example(T), rate, B) for T, rate, B in table.index]
    table["formula"] = [escape_chance(*point) for point in points]
    table["strength"] = [
        feedback_strength(task, LinearTransformer.from_signals(task, VALUE_DECIDED, 0.0), rate, B)
        for task, rate, B in points
    ]
    return table.reset_index()


def sides(free: pd.DataFrame, system: pd.DataFrame, line: pd.DataFrame) -> pd.DataFrame:
    """Return what takes the right side from a related V, as ``escapes`` does.

    Parameters
    ----------
    free, system, line : DataFrame
        The studies transfer-sides, feedback-sides-system and feedback-sides.

    Returns
    -------
    DataFrame
        A row a point: ``theta``, ``context_length``, and the columns of ``escapes``; ``strength``
        is chi at the start of one related V.
    """
    table = _joined(free, system, line, ["theta", "context_length"])
    lengths, thetas = SIDE_LENGTHS, SIDE_THETAS
    cells = pd.DataFrame(chances(lengths, thetas), index=thetas, columns=lengths)
    table["formula"] = [cells.loc[point] for point in table.index]
    table["strength"] = [_side_strength(*point) for point in table.index]
    return table.reset_index()


def _side_strength(theta: float, context_length: int) -> float:
    task = SCBTask.example(context_length)
    start = pretrained("related", theta, task, np.random.default_rng(0))
    return feedback_strength(task, start, SIDE_RATE, SIDE_BATCH)


def _joined(
    free: pd.DataFrame, system: pd.DataFrame, line: pd.DataFrame, keys: list[str]
) -> pd.DataFrame:
    means = system.groupby(keys)["right"].mean().rename("system")
    return shares(free, keys, "measured").join(means).join(shares(line, keys, "line"))


@as_in_the_book()  # the frequencies that it tries are of three tokens
def conditions() -> pd.DataFrame:
    """Return how far formulas hold where what they assume is not so, by exact gradients.

    Returns
    -------
    DataFrame
        ``formula``, ``setting``, and ``off``, the formula over what is exact, less 1.

    Notes
    -----
    The escape time and the margin want r T far above 1; the lower edge of the window of SGD wants
    tokens that are equally frequent; the flow of a downstream run does not want the same mu.

    Examples
    --------
    >>> table = conditions()
    >>> print(table[table["setting"] == "r T = 27"].to_string(index=False, float_format="%.3f"))
        formula  setting    off
    escape time r T = 27 -0.022
         margin r T = 27 -0.018
    """
    rows = [row for length in (3, 10, 27, 100) for row in _long_contexts(length)]
    rows += [_equal_tokens(mu) for mu in ((1, 1, 1), (5, 3, 2), (7, 2, 1))]
    rows += [_same_tokens(weight) for weight in (0.0, 0.6)]
    return pd.DataFrame(rows, columns=["formula", "setting", "off"])


def _long_contexts(length: float) -> list[tuple[str, str, float]]:
    """Return how far escape time and margin are off at r T."""
    K_P, K_Q, _ = SignalConstants.of(SCBTask.example(1000))
    task, setting = (K_P, K_Q, length / math.sqrt(K_P * K_Q)), f"r T = {length:g}"
    time = escape_time_limit(task, 0.5) / escape_time(task, 0.5)
    value, attention = separatrix(task)
    margin = -1 / (length * np.interp(0, attention[::-1], value[::-1]))
    return [("escape time", setting, time - 1), ("margin", setting, margin - 1)]


def _equal_tokens(counts: tuple[int, ...]) -> tuple[str, str, float]:
    """Return how far N t(1/2) is from the time of plain descent, where some tokens are rare."""
    mu, rate = np.array(counts) / sum(counts), 0.2
    attention = 0.5 * np.repeat(np.eye(100)[:, : len(mu)], 2, axis=0)[:100]
    task = SCBTask(0.5 * np.eye(len(mu)) + 0.5 * mu[:, None], attention, mu)
    frequencies = ", ".join(f"{share:.2f}" for share in mu)
    off = len(mu) * escape_time(task, 0.5) / exact_escape(task, rate, ProjectedSGD) - 1
    return "lower edge of SGD", f"mu = {frequencies}", off


def _same_tokens(weight: float) -> tuple[str, str, float]:
    """Return how far the flow is from a start V = P' whose own mu is another one."""
    task, way = SCBTask.example(400), {"learning_rate": 0.02, "batch_size": 1}
    other = (1 - weight) * task.stationary + weight * np.eye(3)[0]
    start = LinearTransformer(0.3 * task.transition + 0.7 * other[:, None], np.ones((1, 3)))
    model, steps = transfer(start, task), 0
    while signals(model, task).attention < 0.5:
        model, steps = population_step(model, task, 0.02), steps + 1
    off = transfer_samples(task, 0.3, **way) / steps - 1
    return "downstream flow", f"{weight:.0%} of mu' on the first token", off


def _loud(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the points where the noise of A is loud, for runs with A on its line."""
    return [
        {"way": "on its line", **point}
        for point in points
        if point["batch_size"] <= 0.2 * point["learning_rate"] * point["context_length"] + 1e-9
    ]


SIDES = {"theta": SIDE_THETAS, "context_length": SIDE_LENGTHS}
SKEWS = [*(("tokens", N) for N in (2, 3, 5, 8)), *(("length", T) for T in (250, 1000, 4000))]
STUDIES = [
    Study("feedback-escape", escape, _loud(escape_points()), seeds=60),
    Study("feedback-escape-system", simulated_escape, escape_points(), seeds=10),
    Study("feedback-many", escape, [{"way": "free", **MANY}], seeds=1000),
    Study("feedback-many-line", escape, [{"way": "on its line", **MANY}], seeds=300),
    Study("feedback-sides", side, SIDES, seeds=40),
    Study("feedback-sides-system", simulated_side, SIDES, seeds=10),
    Study(
        "feedback-skew",
        skewed,
        [{"task": t, "size": n, "penalty": beta} for t, n in SKEWS for beta in (0.01, 0.02)],
        seeds=8,
    ),
    Study("feedback-edge", edge, {"theta": (-0.3,), "learning_rate": (0.01, 0.02, 0.04)}, seeds=96),
    Study(
        "feedback-slide",
        slide,
        [
            {"context_length": 50, "start": "truth", "time": 1000.0},
            {"context_length": 100, "start": "truth", "time": 3000.0},
            {"context_length": 200, "start": "there", "time": 1500.0},
        ],
        seeds=3,
    ),
]
