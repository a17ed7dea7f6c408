"""Pictures of the methods side by side: the same samples, several rules, every run shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from scb_edu.figures.picture import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    SKY,
    THEORY,
    TRUTH,
    VALUE,
    Picture,
    count_samples,
    heatmap,
    new_figure,
    styled,
)
from scb_edu.support.checks import Array

SINGLE = (5.4, 3.4)
DOUBLE = (5.0, 6.0)  # one above the other, so that the words stay readable on a phone
COLORS = {"plain": PURPLE, "projected": AMBER, "preconditioned": SKY, "l1": GREEN}
MARKS = {"plain": "s", "projected": "^", "preconditioned": "D", "l1": "o"}
DISTANCES = {"attention": "distance of A to Q", "value": "distance of V to P"}
SHADES = (PURPLE, SKY, VALUE, TRUTH)  # of rising penalties
GREENS = ("#b7e4cf", "#66c2a4", "#009E73", "#00664a", "#00241a")  # of rising penalties
LOST = "X"  # a run that diverged or vanished


@styled()
def method_courses(runs: pd.DataFrame, start: tuple[float, float]) -> Picture:
    """Draw the distances over the samples seen: every run thin, the median of each method thick.

    Parameters
    ----------
    runs : pandas.DataFrame
        Rows of a run are records: ``method``, ``seed``, ``samples``, ``attention``, ``value``.
        All runs have the same records.
    start : (attention, value)
        The two distances before training, drawn dashed.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-sgd.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import method_courses
    >>> runs = pd.DataFrame({"method": "plain", "seed": 0, "samples": [0, 64],
    ...                      "attention": [0.7, 0.6], "value": [0.4, 0.3]})
    >>> method_courses(runs, (0.7, 0.4))
    Median distance after 64 samples, of A and of V: plain 0.600 and 0.300.
    """
    figure, axes = new_figure(*DOUBLE, nrows=2, sharex=True)
    ends = []
    for method in _in_order(runs["method"]):
        mine = runs[runs["method"] == method]
        courses = mine.pivot(index="samples", columns="seed", values=list(DISTANCES))
        for ax, column in zip(axes, DISTANCES, strict=True):
            lines = courses[column]  # (records, runs)
            ax.plot(lines.index, lines, color=COLORS[method], linewidth=0.7, alpha=0.5)
            ax.plot(lines.index, lines.median(axis=1), color=COLORS[method], linewidth=3)
        last = [courses[column].iloc[-1].median() for column in DISTANCES]
        ends.append(f"{method} {last[0]:.3f} and {last[1]:.3f}")
        axes[0].plot([], [], color=COLORS[method], linewidth=3, label=method)
    for ax, label, first in zip(axes, DISTANCES.values(), start, strict=True):
        ax.axhline(first, color=TRUTH, linestyle="--", linewidth=1)
        ax.set(yscale="log", title=_title(label))
        _plain_ticks(ax)
    count_samples(axes[1], ticks=4)
    axes[0].legend(loc="lower left")
    seen = int(runs["samples"].max())
    words = f"Median distance after {seen:,} samples, of A and of V: {'; '.join(ends)}."
    return Picture(figure, words)


@styled()
def sgd_window(
    contexts: ArrayLike, largest: ArrayLike, smallest: ArrayLike, runs: pd.DataFrame, *, steps: int
) -> Picture:
    """Draw between which learning rates plain SGD is both stable and fast enough, and its runs.

    Parameters
    ----------
    contexts, largest, smallest : (n,) arrays
        Context lengths, the rate at which steps become unstable, and the rate at which stage 1
        just ends within the steps.
    runs : pandas.DataFrame
        With the columns ``context_length``, ``learning_rate``, ``seed``, ``ended``, ``alpha_A``,
        and ``column_sum``, the largest at the end.
    steps : int

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-sgd-window.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import sgd_window
    >>> runs = pd.DataFrame({"context_length": 100, "learning_rate": [0.1, 0.9], "seed": 0,
    ...                      "ended": ["finished", "diverged"], "alpha_A": [0.9, 0.0],
    ...                      "column_sum": 1.0})
    >>> sgd_window([100, 200], [0.2, 0.1], [0.05, 0.06], runs, steps=4000)
    Too fast above 0.2 at T = 100, 0.1 at T = 200; too slow for 4,000 steps below 0.05 and 0.06. \
Of 2 runs, 1 diverged, 0 ended with a column sum off by more than 0.1, 0 were too slow, 1 arrived.
    """
    figure, ax = new_figure(*SINGLE)
    T = np.asarray(contexts, dtype=float)
    high, low = np.asarray(largest, dtype=float), np.asarray(smallest, dtype=float)
    ax.fill_between(T, low, high, where=high > low, color="#e9f5ef", zorder=0, interpolate=True)
    ax.plot(T, high, color=PURPLE, label="too fast above")
    ax.plot(T, low, color=TRUTH, linestyle="--", label="too slow below")
    counts = []
    for name, mark, color, chosen in _fates(runs):
        ax.plot(
            _spread(runs["context_length"][chosen], runs["seed"][chosen], 0.05),
            runs["learning_rate"][chosen],
            mark,
            color=color,
            markersize=5.5,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=name,
        )
        counts.append(int(chosen.sum()))
    ax.set(xscale="log", yscale="log", xlabel="context length $T$", ylabel="learning rate")
    _plain_ticks(ax)
    ax.set_xticks(T, [f"{x:,.0f}" for x in T])
    ax.minorticks_off()
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, columnspacing=1)
    words = (
        f"Too fast above {high[0]:.3g} at T = {T[0]:,.0f}, {high[-1]:.3g} at T = {T[-1]:,.0f}; "
        f"too slow for {steps:,} steps below {low[0]:.3g} and {low[-1]:.3g}. Of {len(runs)} runs, "
        f"{counts[0]} diverged, {counts[1]} ended with a column sum off by more than 0.1, "
        f"{counts[2]} were too slow, {counts[3]} arrived."
    )
    return Picture(figure, words)


def _fates(runs: pd.DataFrame) -> list[tuple[str, str, str, pd.Series]]:
    lost = runs["ended"] != "finished"
    swollen = ~lost & ((runs["column_sum"] - 1).abs() > 0.1)
    slow = ~lost & ~swollen & (runs["alpha_A"] < 0.5)
    rest = ~(lost | swollen | slow)
    return [
        ("diverged", LOST, TRUTH, lost),
        ("column sums off", "D", AMBER, swollen),
        ("too slow", "v", ATTENTION, slow),
        ("arrived", "o", GREEN, rest),
    ]


@styled()
def rate_grid(
    runs: pd.DataFrame,
    *,
    column: str = "attention",
    start: float,
    names: Mapping[str, str] | None = None,
) -> Picture:
    """Draw the final distance of every run of a grid over its learning rate, one panel a method.

    Parameters
    ----------
    runs : pandas.DataFrame
        With the columns ``method``, ``learning_rate``, ``penalty``, ``seed``, ``ended`` and
        the one that is drawn. A line joins the medians of one penalty.
    column : str
        "attention" or "value".
    start : float
        The distance before training, drawn dashed. Runs that broke down are crosses above all.
    names : mapping, optional
        What to call the methods.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import rate_grid
    >>> runs = pd.DataFrame({"method": "plain", "learning_rate": [0.1, 0.2], "penalty": 0.0,
    ...                      "seed": 0, "ended": ["finished", "diverged"], "attention": [0.4, 0.7]})
    >>> rate_grid(runs, start=0.7)
    Best median distance of A to Q: plain 0.400 at rate 0.1. 1 of 2 runs broke down.
    """
    methods = _in_order(runs["method"])
    tall = 0.7 + 2.1 * -(-len(methods) // 2)
    shape = {"nrows": -(-len(methods) // 2), "ncols": min(2, len(methods))}
    figure, axes = new_figure(5.6, tall, **shape, sharex=True, sharey=True, squeeze=False)
    top, best = _top(runs, column), []
    for ax, method in zip(axes.flat, methods, strict=False):
        mine = runs[runs["method"] == method]
        best.append(_grid_panel(ax, mine, column, top))
        ax.axhline(start, color=TRUTH, linestyle="--", linewidth=1)
        ax.set(xscale="log", yscale="log", title=(names or {}).get(method, method))
        _plain_ticks(ax)
    for ax in axes[-1]:
        ax.set_xlabel("learning rate")
        rates = np.unique(runs["learning_rate"])
        ax.set_xticks([0.002, 0.01, 0.04], ["0.002", "0.01", "0.04"])
        ax.set_xlim(rates[0] / 1.6, rates[-1] * 1.3)
        ax.minorticks_off()
    figure.supylabel(DISTANCES[column], fontsize=10.5)
    _name_penalties(figure, axes.flat[len(methods) - 1])
    broken = int((runs["ended"] != "finished").sum())
    found = "; ".join(f"{m} {words}" for m, words in zip(methods, best, strict=True))
    words = f"Best median {DISTANCES[column]}: {found}. {broken} of {len(runs)} runs broke down."
    return Picture(figure, words)


def _name_penalties(figure: Figure, ax: Axes) -> None:
    """Say below the panels which line belongs to which penalty, where there are several."""
    lines, names = ax.get_legend_handles_labels()
    if len(lines) > 1:
        where: Any = "outside lower center"  # matplotlib's types do not know the places outside
        figure.legend(lines, names, loc=where, ncols=len(lines), title="penalty")


def _grid_panel(ax: Axes, runs: pd.DataFrame, column: str, top: float) -> str:
    """Draw the runs of one method; return its best median in words."""
    method, best = runs["method"].iloc[0], (np.inf, 0.0, 0.0)
    penalties = np.unique(runs["penalty"])
    shades = dict(zip(penalties, GREENS if len(penalties) > 1 else [COLORS[method]], strict=False))
    for penalty, color in shades.items():
        group = runs[runs["penalty"] == penalty]
        medians = group.groupby("learning_rate")[column].median()
        best = min(best, (medians.min(), medians.idxmin(), penalty))
        ax.plot(medians, color=color, linewidth=1.4, label=f"{penalty:g}")
        fine = group["ended"] == "finished"
        x = _spread(group["learning_rate"], group["seed"], 0.06)
        ax.plot(x[fine], group[column][fine], MARKS[method], color=color, markersize=3, alpha=0.8)
        ax.plot(x[~fine], np.full((~fine).sum(), top), LOST, color=TRUTH, markersize=4.5)
    if len(penalties) > 1:
        return f"{best[0]:.3f} at rate {best[1]:g}, penalty {best[2]:g}"
    return f"{best[0]:.3f} at rate {best[1]:g}"


@styled()
def ladder(
    medians: Mapping[str, pd.DataFrame], runs: pd.DataFrame, *, names: Mapping[str, str]
) -> Picture:
    """Draw where the runs of each rung end: every run a dot, medians with intervals.

    Parameters
    ----------
    medians : mapping from "attention" and "value" to frames
        Of `scb_edu.experiments.summarise` by ``method``: ``estimate``, ``low``, ``high``.
    runs : pandas.DataFrame
        With the columns ``method``, ``seed``, ``attention``, ``value``.
    names : mapping
        What to call the methods, in the order of the ladder.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, pandas as pd, scb_edu as scb
    >>> from scb_edu.figures import ladder
    >>> runs = pd.DataFrame({"method": "l1", "seed": [0, 1], "attention": 0.1, "value": 0.02})
    >>> both = {column: scb.experiments.summarise(runs, "method", column,
    ...         rng=np.random.default_rng(0)) for column in ("attention", "value")}
    >>> ladder(both, runs, names={"l1": "with l1"})
    Median final distance of A and V: with l1 0.100 and 0.020.
    """
    figure, axes = new_figure(*DOUBLE, nrows=2, sharex=True)
    rows = {column: medians[column].set_index("method") for column in DISTANCES}
    for ax, (column, label) in zip(axes, DISTANCES.items(), strict=True):
        for place, method in enumerate(names):
            mine = runs[runs["method"] == method]
            x = place + 0.2 + 0.22 * np.linspace(-0.5, 0.5, max(len(mine), 2))[: len(mine)]
            ax.plot(x, mine[column], MARKS[method], color=COLORS[method], markersize=3.5, alpha=0.7)
            _whisker(ax, place - 0.12, rows[column].loc[method], TRUTH, MARKS[method])
        ax.set(yscale="log", title=_title(label), xlim=(-0.5, len(names) - 0.5))
        _plain_ticks(ax)
    axes[1].set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names.values()])
    parts = []
    for method, name in names.items():
        found = [rows[column].loc[method, "estimate"] for column in DISTANCES]
        parts.append(f"{name} {found[0]:.3f} and {found[1]:.3f}")
    return Picture(figure, f"Median final distance of A and V: {'; '.join(parts)}.")


@styled()
def best_against(
    medians: Mapping[str, Mapping[str, pd.DataFrame]],
    runs: pd.DataFrame,
    *,
    by: str,
    label: str,
    start: pd.DataFrame,
) -> Picture:
    """Draw the best final distances of two methods against the context length or the batch size.

    Parameters
    ----------
    medians : mapping from "attention" and "value" to mappings from method to frames
        With the columns ``by``, ``estimate``, ``low``, ``high``.
    runs : pandas.DataFrame
        The runs behind them, drawn as dots; those that broke down as crosses.
    by : str
        "context_length" or "batch_size".
    label : str
        Of the horizontal axis.
    start : pandas.DataFrame
        With the columns ``by``, ``attention`` and ``value``: distances before training.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, sec-algorithm.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import best_against
    >>> rows = pd.DataFrame({"batch_size": [8, 64], "estimate": [0.2, 0.1], "low": [0.1, 0.1],
    ...                      "high": [0.3, 0.1]})
    >>> runs = pd.DataFrame({"method": ["l1"], "batch_size": 8, "seed": 0, "attention": 0.2,
    ...                      "value": 0.2, "ended": "finished"})
    >>> start = pd.DataFrame({"batch_size": [8, 64], "attention": 0.7, "value": 0.4})
    >>> best_against({c: {"l1": rows} for c in ("attention", "value")}, runs, by="batch_size",
    ...              label="batch size", start=start)
    Median distance of A to Q from batch size 8 to 64: l1 0.200 to 0.100.
    """
    figure, axes = new_figure(*DOUBLE, nrows=2, sharex=True)
    for ax, (column, name) in zip(axes, DISTANCES.items(), strict=True):
        top = _top(runs, column)
        ax.plot(start[by], start[column], color=TRUTH, linestyle="--", linewidth=1)
        for side, (method, rows) in enumerate(medians[column].items()):
            shift = 1.06 ** (2 * side - 1)
            ax.plot(
                rows[by] * shift,
                rows["estimate"],
                color=COLORS[method],
                linewidth=1.4,
                label=method,
            )
            for _, row in rows.iterrows():
                _whisker(ax, row[by] * shift, row, COLORS[method], MARKS[method])
            mine = runs[runs["method"] == method]
            fine, x = mine["ended"] == "finished", mine[by] * shift * 1.1 ** (2 * side - 1)
            ax.plot(x[fine], mine[column][fine], ".", color=COLORS[method], alpha=0.6, markersize=5)
            ax.plot(x[~fine], np.full((~fine).sum(), top), LOST, color=TRUTH, markersize=5)
        ax.set(xscale="log", yscale="log", title=_title(name))
        _plain_ticks(ax)
        ticks = np.unique(start[by])
        ax.set_xticks(ticks, [f"{x:,}" for x in ticks])
        ax.minorticks_off()
    axes[1].set_xlabel(label)
    axes[0].legend(loc="best")
    words = []
    for method, rows in medians["attention"].items():
        first, last = rows.iloc[0], rows.iloc[-1]
        words.append(f"{method} {first['estimate']:.3f} to {last['estimate']:.3f}")
    ends = f"{first[by]:,.0f} to {last[by]:,.0f}"
    text = f"Median {DISTANCES['attention']} from {label} {ends}: "
    return Picture(figure, text + "; ".join(words) + ".")


@styled()
def penalty_map(rates: ArrayLike, penalties: ArrayLike, distance: Array, found: Array) -> Picture:
    """Draw the median distance of A, and the share of runs that found Q, over rate and penalty.

    Parameters
    ----------
    rates : (R,) array
    penalties : (P,) array
    distance, found : (P, R) arrays

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-rich-get-richer.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import penalty_map
    >>> penalty_map([0.01, 0.02], [0, 0.1], np.array([[0.3, 0.4], [0.1, 0.9]]), np.eye(2))
    Median distance of A to Q: smallest 0.100 at rate 0.01 and penalty 0.1, largest 0.900 at \
rate 0.02 and penalty 0.1. Shares that found Q: from 0 % to 100 %.
    """
    x, y = np.asarray(rates, dtype=float), np.asarray(penalties, dtype=float)
    figure, axes = new_figure(4.6, 6.0, nrows=2)
    titles = ("Median distance of A to Q", "Share of runs with $\\alpha_A$ > 1/2")
    for ax, cells, title, color in zip(
        axes, (distance, found), titles, (ATTENTION, GREEN), strict=True
    ):
        limits = (0.0, 1.0 if cells is found else float(distance.max()))
        heatmap(ax, cells, color=color, limits=limits, numbers=True)
        ax.set_xticks(range(len(x)), [f"{rate:g}" for rate in x])
        ax.set_yticks(range(len(y)), [f"{penalty:g}" for penalty in y])
        ax.set(title=title, ylabel="penalty", aspect="auto")
    axes[1].set_xlabel("learning rate")
    low, high = (
        np.unravel_index(at, distance.shape) for at in (distance.argmin(), distance.argmax())
    )
    words = (
        f"Median distance of A to Q: smallest {distance[low]:.3f} at rate {x[low[1]]:g} and "
        f"penalty {y[low[0]]:g}, largest {distance[high]:.3f} at rate {x[high[1]]:g} and penalty "
        f"{y[high[0]]:g}. Shares that found Q: from {100 * found.min():.0f} % to "
        f"{100 * found.max():.0f} %."
    )
    return Picture(figure, words)


@styled()
def shrinkage(
    y: Array, objectives: Mapping[float, Array], x: Array, shrunk: Array, threshold: float
) -> Picture:
    """Draw what the soft threshold minimises, for some x, and what it does to all x.

    Parameters
    ----------
    y : (n,) array
        Candidates.
    objectives : mapping from x to (n,) array
        1/2 (y - x)^2 + threshold |y| at the candidates.
    x, shrunk : (m,) arrays
        Numbers, and what they become.
    threshold : float

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-soft-threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import shrinkage
    >>> y = np.array([0.0, 1.0, 2.0])
    >>> shrinkage(y, {2.0: (y - 2) ** 2 / 2 + y}, y, np.array([0.0, 0.0, 1.0]), 1.0)
    With threshold 1, x = 2 becomes 1.00.
    """
    figure, (valley, rule) = new_figure(*DOUBLE, nrows=2)
    moved = []
    for number, (color, values) in zip(
        objectives, zip((VALUE, GREEN, ATTENTION), objectives.values(), strict=False), strict=False
    ):
        low = int(np.argmin(values))
        valley.plot(y, values, color=color, label=f"$x$ = {number:g}")
        valley.plot(y[low], values[low], "o", color=color, markersize=7)
        rule.plot(number, y[low], "o", color=color, markersize=7)
        moved.append(f"x = {number:g} becomes {y[low] + 0.0:.2f}")
    valley.set(xlabel="$y$", title=r"$\frac{1}{2}(y - x)^2 + \theta |y|$, and its minimum")
    valley.legend(loc="upper center", ncols=len(objectives))
    valley.set_ylim(top=1.25 * max(values.max() for values in objectives.values()))
    rule.plot(x, x, color=THEORY, linestyle="--", linewidth=1)
    rule.plot(x, shrunk, color=TRUTH)
    rule.set(xlabel="$x$", title=r"$S_\theta(x)$", aspect="auto")
    return Picture(figure, f"With threshold {threshold:g}, {', '.join(moved)}.")


@styled()
def columns_by_position(columns: Mapping[str, Array], truth: Array) -> Picture:
    """Draw columns of A over the positions, one above the other, with the truth as circles.

    Parameters
    ----------
    columns : mapping from a title to a (T,) array
    truth : (T,) array
        The column of Q; its positions are circled.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-soft-threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import columns_by_position
    >>> columns_by_position({"no penalty": np.array([0.9, 0.1])}, np.array([1.0, 0.0]))
    no penalty: 0 of 2 weights are exactly zero, and the others off the support reach 0.100.
    """
    figure, axes = new_figure(
        5.4, 1.0 + 1.9 * len(columns), nrows=len(columns), sharex=True, sharey=True, squeeze=False
    )
    support, words = np.flatnonzero(truth), []
    for ax, (title, column) in zip(axes[:, 0], columns.items(), strict=True):
        ax.vlines(np.arange(len(column)), 0, column, color=ATTENTION, linewidth=0.8)
        ax.plot(support, truth[support], "o", color=TRUTH, markerfacecolor="none", markersize=9)
        ax.set(title=title, ylabel="weight")
        zero, off = int((column == 0).sum()), np.delete(column, support)
        words.append(
            f"{title}: {zero:,} of {len(column):,} weights are exactly zero, and the others off "
            f"the support reach {np.abs(off).max():.3f}"
        )
    axes[-1, 0].set_xlabel("position")
    return Picture(figure, f"{'; '.join(words)}.")


@styled()
def positions_left(
    samples: Array, left: Mapping[float, Array], signal: Mapping[float, Array]
) -> Picture:
    """Draw how many positions keep a weight while training goes on, for several penalties.

    Parameters
    ----------
    samples : (R,) array
    left : mapping from a penalty to (R,) arrays
        Weights above zero, the mean over the columns of A.
    signal : mapping from a penalty to (R,) arrays
        alpha_A.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-rich-get-richer.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import positions_left
    >>> positions_left(np.array([0, 64]), {0.01: np.array([9.0, 2.0])}, {0.01: np.zeros(2)})
    After 64 samples: penalty 0.01 leaves 2 positions and alpha_A = 0.00.
    """
    figure, (upper, lower) = new_figure(*DOUBLE, nrows=2, sharex=True)
    for (penalty, count), color in zip(left.items(), SHADES, strict=False):
        upper.plot(samples, count, color=color)
        lower.plot(samples, signal[penalty], color=color, label=f"penalty {penalty:g}")
    upper.set(yscale="log", title="Positions with weight, per column")
    _plain_ticks(upper)
    lower.legend(loc="upper left", bbox_to_anchor=(0, 0.95))
    lower.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    lower.set_title(r"Signal $\alpha_A$")
    count_samples(lower, ticks=5)
    ends = ", ".join(
        f"penalty {p:g} leaves {count[-1]:.0f} positions and "
        f"alpha_A = {round(float(signal[p][-1]), 2) + 0.0:.2f}"  # never -0.00
        for p, count in left.items()
    )
    return Picture(figure, f"After {samples[-1]:,} samples: {ends}.")


@styled()
def rare_columns(
    samples: Array, errors: Mapping[str, Array], masses: Sequence[tuple[str, float]]
) -> Picture:
    """Draw the error of the column of a common and of a rare token, for several methods.

    Parameters
    ----------
    samples : (R,) array
    errors : mapping from a method to (R, 2) arrays
        Of the common column (solid) and of the rare one (dotted).
    masses : two pairs of a name and the mass of that token

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import rare_columns
    >>> rare_columns(np.array([0, 9]), {"l1": np.array([[1.0, 1.0], [0.1, 0.2]])},
    ...              [("A", 0.5), ("E", 0.03)])
    After 9 samples the error of columns A and E is: l1 0.10 and 0.20.
    """
    figure, ax = new_figure(*SINGLE)
    for method, lines in errors.items():
        for place, style in enumerate(("-", ":")):
            ax.plot(samples, lines[:, place], style, color=COLORS[method])
        ax.plot([], [], color=COLORS[method], label=method)
    (common, much), (rare, little) = masses
    ax.set_title(f"solid: {common}, μ = {much:.2f}; dotted: {rare}, μ = {little:.2f}")
    ax.set(yscale="log", ylabel="distance of the column")
    count_samples(ax)
    ax.set_ylim(0.004, 1.2)
    _plain_ticks(ax)
    ax.legend(loc="lower left")
    ends = "; ".join(f"{m} {e[-1, 0]:.2f} and {e[-1, 1]:.2f}" for m, e in errors.items())
    both = " and ".join(name for name, _ in masses)
    words = f"After {samples[-1]:,} samples the error of columns {both} is: {ends}."
    return Picture(figure, words)


@styled()
def two_runs(runs: Mapping[str, Any], start: float, *, title: str) -> Picture:
    """Draw the distance of A over the samples for one run of each method: a panel.

    Parameters
    ----------
    runs : mapping from a method to Trajectory
    start : float
        The distance before training, drawn dashed.
    title : str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, sec-algorithm.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import two_runs
    >>> task = scb.SCBTask.example()
    >>> run = scb.train(task, scb.LinearTransformer.initial(task), scb.SGD(0.1), steps=2,
    ...                 batch_size=8, rng=np.random.default_rng(0))
    >>> two_runs({"plain": run}, 0.5, title="rate 0.1")  # doctest: +ELLIPSIS
    plain: A ends 0.6... away, V 0.3..., finished.
    """
    figure, ax = new_figure(4.0, 3.2)
    words = []
    for method, run in runs.items():
        away = np.maximum(run.distances.attention, 1e-9)
        ax.plot(run.samples, away, color=COLORS[method], label=method)
        if not run.status.ok:
            ax.plot(run.samples[-1], min(away[-1], 2.0), LOST, color=TRUTH, clip_on=False)
        words.append(
            f"{method}: A ends {away[-1]:.2f} away, V {run.distances.value[-1]:.2f}, "
            f"{run.status.ended}"
        )
    ax.axhline(start, color=TRUTH, linestyle="--", linewidth=1)
    ax.set(yscale="log", ylim=(0.02, 2.5), title=title)
    ax.set_xlim(0, max(run.samples[-1] for run in runs.values()))
    count_samples(ax, ticks=4)
    ax.set_ylabel(DISTANCES["attention"])
    _plain_ticks(ax)
    ax.legend(loc="lower left")
    return Picture(figure, "; ".join(words) + ".")


# Parts


def _in_order(methods: pd.Series) -> list[str]:
    return [name for name in COLORS if name in set(methods)]


def _title(label: str) -> str:
    return label[0].upper() + label[1:]


def _spread(x: pd.Series, seeds: pd.Series, width: float) -> pd.Series:
    """Move points a little to the side by their seed, so that all are seen on a log axis."""
    middle = (seeds - seeds.mean()) / max(1, np.ptp(seeds)) if len(seeds) else seeds
    return x * np.exp(width * 2 * middle)


def _top(runs: pd.DataFrame, column: str) -> float:
    fine = runs[column][runs["ended"] == "finished"]
    return 1.3 * float(fine.max()) if len(fine) else 1.0


def _whisker(ax: Axes, x: float, row: Any, color: str, mark: str) -> None:
    ax.plot([x, x], [row["low"], row["high"]], color=color, linewidth=1.6)
    ax.plot(x, row["estimate"], mark, color=color, markersize=7, markeredgecolor="white")


def _plain_ticks(ax: Axes) -> None:
    """Write 0.1 and not 10^-1, at 1, 2 and 5 of every decade."""
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
