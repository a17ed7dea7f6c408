"""The explorers of chapter 6: controls over its pictures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.studies.ch6_sample_complexity import schedule_summary
from scb_edu.studies.study import stored
from scb_edu.support.checks import Array
from scb_edu.theory.dynamics import escape_time
from scb_edu.theory.schedules import (
    FallingSpending,
    constant_spending,
    falling_spending,
    least_samples,
    start_chance,
    sure_samples,
)
from scb_edu.widgets.explorer import Explorer, Panel, Slider

CHANCES = np.linspace(0.55, 0.99, 45)


def schedule() -> Explorer:
    """Return the two numbers of a schedule and T over what it spends, and what it buys.

    Returns
    -------
    Explorer
        Above, b(t) with its chance and price by the formulas, beside the constant b with the same
        chance. Below, stored runs of all these schedules at T = 1600.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.schedule().controls]
    ['c', 'd', 'T']
    """

    def spent(c: float, d: float, T: int) -> Picture:
        task = SCBTask.example(T)
        b = falling_spending(task, c, d)
        time = np.linspace(0, escape_time(task, 0.5), 120)
        chance, price = start_chance(task, b), sure_samples(task, b) / T
        curves = {
            "schedule": np.array([b(t) for t in time]) / T,
            "constant, same chance": np.full(len(time), constant_spending(task, chance) / T),
            "least price, same chance": _cheapest(task, chance, time) / T,
        }
        reached = f"nine of ten within {price:.1f} T" if np.isfinite(price) else "not nine of ten"
        return figures.spending(time, curves, f"chance {chance:.2f}, {reached}")

    def bought(c: float, d: float) -> Picture:
        table = _stored_schedules()
        chosen = int(np.flatnonzero((table["c"] == c) & (table["d"] == d))[0])
        task = SCBTask.example(1600)
        least = np.array([least_samples(task, float(chance)) for chance in CHANCES]) / 1600
        return figures.prices_and_chances(table, (least, CHANCES), chosen)

    controls = [
        Slider("c", "c, of the beginning", (0.8, 1.2, 1.94, 3.0), default=1.94),
        Slider("d", "d, of the floor", (2.0, 4.0, 6.0, 10.0), default=6.0),
        Slider("T", "Context length T", (400, 1600, 6400), default=1600, format="{:,}"),
    ]
    panels = [Panel(spent, ("c", "d", "T")), Panel(bought, ("c", "d"))]
    return Explorer(controls, panels, question="What does a schedule cost, and what does it buy?")


def _cheapest(task: SCBTask, chance: float, time: Array) -> Array:
    """Return the b(t) of the least price for that chance, at some times."""
    growth = falling_spending(task, 1.0, 1.0).decay
    best = FallingSpending(growth * least_samples(task, chance), 1e-6, growth)
    return np.array([best(t) for t in time])


@lru_cache(maxsize=1)
def _stored_schedules() -> pd.DataFrame:
    return schedule_summary(stored("headline-schedules"))
