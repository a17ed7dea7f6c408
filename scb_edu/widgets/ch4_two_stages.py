"""The explorers of chapter 4: controls over its pictures."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.figures.ch4_two_stages import ROOM
from scb_edu.model.task import SCBTask
from scb_edu.studies.ch4_two_stages import BATCHES, LENGTHS, PENALTIES, TIME, walks
from scb_edu.studies.study import stored
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import (
    FALLEN,
    FLAT,
    Flow,
    escape_time,
    escape_time_limit,
    excess_time,
    saddle,
    separatrix,
    signal_flow,
    signal_rate,
)
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import refuse_task, task_or_example

Pair: TypeAlias = tuple[float, float]


@checked
def escape(task: SCBTask | None = None) -> Explorer:
    """Return sparsity and level over the escape time against the context length.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own: K_P is then its own, and its attention one of those to choose from.

    Returns
    -------
    Explorer
        Measured on the flow and by the formula, for attention spread evenly over Q positions of a
        context that is much longer (K_Q = 1/Q), and K_P = 0.14.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.escape().controls]
    ['positions', 'level']
    """
    K_P, own = (0.14, 2.0) if task is None else _own_spread(task)
    spreads = sorted({1.0, 2.0, 4.0, 8.0, own})
    contexts, levels = np.geomspace(100, 1e6, 9), (0.05, 0.2, 0.5)
    slowest = escape_time((K_P, 1 / spreads[-1], contexts[-1]), levels[-1])

    def times(positions: float, level: float) -> Picture:
        tasks = [(K_P, 1 / positions, T) for T in contexts]
        return figures.escape_times(
            contexts,
            [escape_time(task, level) for task in tasks],
            [escape_time_limit(task, level) for task in tasks],
            level=level,
            step=math.log(10) / math.sqrt(K_P / positions),
            top=135 if task is None else 1.05 * slowest,
        )

    controls = [
        Slider("positions", "Positions looked at, Q", spreads, default=own, format="{:.3g}"),
        Slider("level", "Level that ends the wait", levels, default=0.5),
    ]
    question = "What does a factor of ten in T cost when attention is spread over more positions?"
    return Explorer(controls, [Panel(times, ("positions", "level"))], question=question)


@checked
def two_signals(task: SCBTask | None = None) -> Explorer:
    """Return context length, the two energies and the start over the path of the two signals.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own: the two energies are then its own, and contexts ten and a hundred times
        as long have the same weights.

    Returns
    -------
    Explorer
        The signals over time with the two stages, and the path in their plane with the watershed.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.two_signals().controls]
    ['T', 'K_P', 'K_Q', 'start']
    """
    line = np.linspace(-ROOM, ROOM, 141)
    plane = np.meshgrid(line, line)

    def signals(T: int, start: Pair, K_P: float = math.nan, K_Q: float = math.nan) -> Picture:
        constants = (K_P, K_Q, T) if task is None else _longer(task, T)
        path = _whole_path(constants, start)
        course = Flow(path.t[1:], path.value[1:], path.attention[1:])  # a log axis has no 0
        first, fall = (math.inf, math.inf) if path.value[-1] < 0 else _stages(constants, start)
        return figures.signal_stages(course, first, fall, small=True)

    def portrait(T: int, start: Pair, K_P: float = math.nan, K_Q: float = math.nan) -> Picture:
        constants = (K_P, K_Q, T) if task is None else _longer(task, T)
        field = (*plane, *signal_rate(constants, *plane))
        border = separatrix(constants, reach=3)
        point = (0.0, saddle(constants).attention)
        return figures.phase_portrait(
            field, [_whole_path(constants, start)], point, watershed=border, small=True
        )

    starts = ((-0.1, 0.0), (0.0, 0.0), (0.1, 0.0), (1.0, 0.0))
    controls = [
        *_sizes(task),
        Slider("start", "Start (α_V, α_A)", starts, default=(0.0, 0.0), format=_pair),
    ]
    names = tuple(control.name for control in controls)
    panels = [Panel(draw, names) for draw in (signals, portrait)]
    question = "Which starts find the truth, and which part of the wait depends on T?"
    return Explorer(controls, panels, question=question)


@checked
def sampled_runs(task: SCBTask | None = None) -> Explorer:
    """Return context length, batch size and penalty over stored runs in the plane of the signals.

    Parameters
    ----------
    task : None
        The runs are stored: no other task can be shown.

    Returns
    -------
    Explorer
        Runs from scratch with samples, in green and purple, over the path with exact gradients.

    Raises
    ------
    ScbError
        A task is given.

    Notes
    -----
    Book: 04-two-stages, sec-sampled-portrait.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.sampled_runs().controls]
    ['T', 'batch', 'penalty']
    """
    refuse_task(task, "widgets.playground(task) trains on it, twenty runs at once if many=True.")
    table = stored("stages-portrait")
    line = np.linspace(-ROOM, ROOM, 141)
    plane = np.meshgrid(line, line)

    def portrait(T: int, batch: int, penalty: float) -> Picture:
        shown = SCBTask.example(T)
        point = {"context_length": T, "batch_size": batch, "penalty": penalty}
        runs = walks(table, start="scratch", **point)
        field = (*plane, *signal_rate(shown, *plane))
        flow, border = signal_flow(shown, t_end=TIME), separatrix(shown, reach=3)
        return figures.sampled_portrait(
            field, {f"{len(runs)} runs from scratch": runs}, flow, border
        )

    controls = [
        Slider("T", "Context length T", LENGTHS, default=400, format="{:,}"),
        Slider("batch", "Batch size B", BATCHES, default=16),
        Slider("penalty", "Penalty", PENALTIES, default=0.0),
    ]
    question = "What decides the side of a run, and what moves the place where it ends?"
    return Explorer(controls, [Panel(portrait, ("T", "batch", "penalty"))], question=question)


def _sizes(task: SCBTask | None) -> list[Slider]:
    """Return the controls of T and of the two energies, which a task of one's own has."""
    if task is not None:
        T = task_or_example(task).context_length
        return [Slider("T", "Context length T", (T, 10 * T, 100 * T), default=T, format="{:,}")]
    return [
        Slider("T", "Context length T", (10, 100, 1000), default=100, format="{:,}"),
        Slider("K_P", "Energy of P, K_P", (0.1, 0.4), default=0.1),
        Slider("K_Q", "Energy of Q, K_Q", (0.1, 0.4), default=0.4),
    ]


def _longer(task: SCBTask, T: int) -> tuple[float, float, int]:
    """Return K_P, K_Q and T of a task whose weights stand in a context of T positions."""
    return task.transition_energy, _squared_weights(task) - 1 / T, T


def _squared_weights(task: SCBTask) -> float:
    """Return what K_Q is in a very long context."""
    return task.attention_energy + 1 / task.context_length


def _own_spread(task: SCBTask) -> tuple[float, float]:
    """Return K_P of a task, and over how many positions its attention is spread."""
    own = task_or_example(task)
    return own.transition_energy, 1 / _squared_weights(own)


def _stages(task: tuple[float, float, int], start: Pair) -> tuple[float, float]:
    """Return when stage 1 and the fall end from a start."""
    first, fall = (excess_time(task, left, start=start) for left in (FLAT, FALLEN))
    return first, fall


def _pair(point: Pair) -> str:
    return "({:g}, {:g})".format(*point)


@lru_cache(maxsize=64)
def _whole_path(task: tuple[float, float, int], start: Pair) -> Flow:
    """Return the start, and the path from time 1 to 20,000, evenly on a logarithmic axis."""
    flow = signal_flow(task, start=start, t_end=2e4, points=40_001)
    at = np.append(0, np.unique(np.geomspace(2, 40_000, 300).round().astype(int)))
    return Flow(flow.t[at], flow.value[at], flow.attention[at])
