"""The explorers of the headline: the race of two ways, and the schedule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.figures.headline import LOOKS
from scb_edu.model.task import SCBTask
from scb_edu.studies.headline import CHANCE
from scb_edu.studies.headline_summary import schedule_cells
from scb_edu.studies.study import stored
from scb_edu.support.signatures import checked
from scb_edu.theory.schedules import constant_spending, falling_spending
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import refuse_task

RACERS = ("constant", "scheduled", "related", "tempered", "aligned", "pretrained")
HORIZON = (30, 500_000)


@checked
def headline_race(task: SCBTask | None = None) -> Explorer:
    """Return two ways of training and the context length over their stored runs.

    Parameters
    ----------
    task : None
        The runs are stored: no other task can be shown.

    Returns
    -------
    Explorer
        The signal alpha_A of four runs of each over the samples seen, on the same axes.

    Raises
    ------
    ScbError
        A task is given.

    Notes
    -----
    Samples of a pretraining are not counted. Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.headline_race().controls]
    ['T', 'first', 'second']
    """
    refuse_task(task, "widgets.transfer_run(task) trains on it from what is carried over.")
    courses = stored("headline-courses")

    def left(T: int, first: str) -> Picture:
        return _course(courses, T, first)

    def right(T: int, second: str) -> Picture:
        return _course(courses, T, second)

    lengths = Slider("T", "Context length T", (100, 400, 1600, 6400), 1600, format="{:,}")
    controls = [
        lengths,
        Slider("first", "Left", RACERS, default="scheduled", format=_name),
        Slider("second", "Right", RACERS, default="aligned", format=_name),
    ]
    panels = [Panel(left, ("T", "first")), Panel(right, ("T", "second"))]
    question = "Which way needs more samples when the context grows, and which does not?"
    return Explorer(controls, panels, question=question)


def _name(way: str) -> str:
    return LOOKS[way][0]


def _course(courses: pd.DataFrame, T: int, way: str) -> Picture:
    mine = courses[(courses["way"] == way) & (courses["context_length"] == T)]
    return figures.headline_race(mine, way=way, horizon=HORIZON)


@checked
def spending_schedule(task: SCBTask | None = None) -> Explorer:
    """Return the two numbers of b(t) over its course, and over what it costs and how sure it is.

    Parameters
    ----------
    task : None
        The runs are stored: no other task can be shown.

    Returns
    -------
    Explorer
        b(t) at T = 1600 beside the constant b of the headline; and for all schedules the share on
        the right side against the samples to half way, by theory and in stored runs.

    Raises
    ------
    ScbError
        A task is given.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.spending_schedule().controls]
    ['c', 'd']
    """
    refuse_task(task, "widgets.playground(task, batch_size=schedule) spends by one on it.")
    cells = schedule_cells(stored("headline-schedules"))
    shown = SCBTask.example(int(cells["context_length"].iloc[0]))
    constant = constant_spending(shown, CHANCE)
    time = np.linspace(0, 40, 161)

    def course(c: float, d: float) -> Picture:
        falling = falling_spending(shown, c, d)
        return figures.spending_course(time, np.array([falling(t) for t in time]), constant)

    def cost(c: float, d: float) -> Picture:
        return figures.schedule_cost(cells, c=c, d=d)

    values = {name: sorted(set(cells[name])) for name in ("c", "d")}
    controls = [
        Slider("c", "c, of the beginning", values["c"], default=values["c"][2], format="{:g}"),
        Slider("d", "d, of the floor", values["d"], default=values["d"][2], format="{:g}"),
    ]
    panels = [Panel(course, ("c", "d")), Panel(cost, ("c", "d"))]
    question = "Where can a schedule save samples, and where does saving cost runs?"
    return Explorer(controls, panels, question=question)
