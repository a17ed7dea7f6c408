"""The explorers of chapter 4: controls over its pictures."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.figures.ch4_two_stages import ROOM
from scb_edu.model.task import SCBTask
from scb_edu.studies.ch4_two_stages import BATCHES, LENGTHS, PENALTIES, TIME, walks
from scb_edu.studies.study import stored
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


def escape() -> Explorer:
    """Return sparsity and level over the escape time against the context length.

    Returns
    -------
    Explorer
        Measured on the flow and by the formula, for attention spread evenly over Q positions of a
        context that is much longer (K_Q = 1/Q), and K_P = 0.14.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.escape().controls]
    ['positions', 'level']
    """
    K_P, contexts = 0.14, np.geomspace(100, 1e6, 9)

    def times(positions: int, level: float) -> Picture:
        tasks = [(K_P, 1 / positions, T) for T in contexts]
        return figures.escape_times(
            contexts,
            [escape_time(task, level) for task in tasks],
            [escape_time_limit(task, level) for task in tasks],
            level=level,
            step=math.log(10) / math.sqrt(K_P / positions),
            small=True,
        )

    controls = [
        Slider("positions", "Positions looked at, Q", (1, 2, 4, 8), default=2),
        Slider("level", "Level that ends the wait", (0.05, 0.2, 0.5), default=0.5),
    ]
    question = "What does a factor of ten in T cost when attention is spread over more positions?"
    return Explorer(controls, [Panel(times, ("positions", "level"))], question=question)


def two_signals() -> Explorer:
    """Return context length, the two energies and the start over the path of the two signals.

    Returns
    -------
    Explorer
        The signals over time with the two stages, and the path in their plane with the watershed.

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

    def signals(T: int, K_P: float, K_Q: float, start: tuple[float, float]) -> Picture:
        task, path = (K_P, K_Q, T), _whole_path((K_P, K_Q, T), start)
        course = Flow(path.t[1:], path.value[1:], path.attention[1:])  # a log axis has no 0
        first, fall = (math.inf, math.inf) if path.value[-1] < 0 else _stages(task, start)
        return figures.signal_stages(course, first, fall, small=True)

    def portrait(T: int, K_P: float, K_Q: float, start: tuple[float, float]) -> Picture:
        task = (K_P, K_Q, T)
        field = (*plane, *signal_rate(task, *plane))
        border = separatrix(task, reach=3)
        point = (0.0, saddle(task).attention)
        return figures.phase_portrait(
            field, [_whole_path(task, start)], point, watershed=border, small=True
        )

    starts = ((-0.1, 0.0), (0.0, 0.0), (0.1, 0.0), (1.0, 0.0))
    controls = [
        Slider("T", "Context length T", (10, 100, 1000), default=100, format="{:,}"),
        Slider("K_P", "Energy of P, K_P", (0.1, 0.4), default=0.1),
        Slider("K_Q", "Energy of Q, K_Q", (0.1, 0.4), default=0.4),
        Slider("start", "Start (α_V, α_A)", starts, default=(0.0, 0.0), format=_pair),
    ]
    panels = [Panel(draw, ("T", "K_P", "K_Q", "start")) for draw in (signals, portrait)]
    question = "Which starts find the truth, and which part of the wait depends on T?"
    return Explorer(controls, panels, question=question)


def sampled_runs() -> Explorer:
    """Return context length, batch size and penalty over stored runs in the plane of the signals.

    Returns
    -------
    Explorer
        Runs from scratch with samples, in green and purple, over the path with exact gradients.

    Notes
    -----
    Book: 04-two-stages, sec-sampled-portrait.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.sampled_runs().controls]
    ['T', 'batch', 'penalty']
    """
    table = stored("stages-portrait")
    line = np.linspace(-ROOM, ROOM, 141)
    plane = np.meshgrid(line, line)

    def portrait(T: int, batch: int, penalty: float) -> Picture:
        task = SCBTask.example(T)
        point = {"context_length": T, "batch_size": batch, "penalty": penalty}
        runs = walks(table, start="scratch", **point)
        field = (*plane, *signal_rate(task, *plane))
        flow, border = signal_flow(task, t_end=TIME), separatrix(task, reach=3)
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


def _stages(task: tuple[float, float, int], start: tuple[float, float]) -> tuple[float, float]:
    """Return when stage 1 and the fall end from a start."""
    first, fall = (excess_time(task, left, start=start) for left in (FLAT, FALLEN))
    return first, fall


def _pair(point: tuple[float, float]) -> str:
    return "({:g}, {:g})".format(*point)


@lru_cache(maxsize=64)
def _whole_path(task: tuple[float, float, int], start: tuple[float, float]) -> Flow:
    """Return the start, and the path from time 1 to 20,000, evenly on a logarithmic axis."""
    flow = signal_flow(task, start=start, t_end=2e4, points=40_001)
    at = np.append(0, np.unique(np.geomspace(2, 40_000, 300).round().astype(int)))
    return Flow(flow.t[at], flow.value[at], flow.attention[at])
