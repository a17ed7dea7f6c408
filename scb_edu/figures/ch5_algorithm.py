"""Pictures of the methods side by side: the same samples, several rules, every run shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from scb_edu.figures.palette import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    SKY,
    THEORY,
    TRUTH,
    VALUE,
)
from scb_edu.figures.picture import (
    Picture,
    count_samples,
    heatmap,
    new_figure,
    styled,
)
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn

SINGLE = (4.8, 3.6)
DOUBLE = (5.0, 6.0)  # one above the other, so that the words stay readable on a phone
DARK_GREEN = "#00664a"
COLORS = {"plain": PURPLE, "projected": AMBER, "preconditioned": SKY, "l1": GREEN}
COLORS |= {"late": DARK_GREEN, "momentum": THEORY, "adam": THEORY}
COLORS |= {"falling": THEORY, "averaged": THEORY}
MARKS = {"plain": "s", "projected": "^", "preconditioned": "D", "l1": "o", "late": "o"}
DISTANCES = {"attention": "distance of A to Q", "value": "distance of V to P"}
EXCESS = "excess loss, as a share of that at the start"
SHADES = (PURPLE, SKY, VALUE, TRUTH)  # of rising penalties
GREENS = ("#b7e4cf", "#66c2a4", "#009E73", "#00664a", "#00241a")  # of rising penalties
LOST = "X"  # a run that diverged or vanished


@drawn(runs="method seed samples excess attention")
@styled()
def method_courses(runs: pd.DataFrame, start: float, *, names: Mapping[str, str]) -> Picture:
    """Draw excess loss and distance of A over the samples: every run thin, medians thick.

    Parameters
    ----------
    runs : pandas.DataFrame
        Rows of a run are records: ``method``, ``seed``, ``samples``, ``excess``, ``attention``.
        All runs have the same records.
    start : float
        The distance of A before training, drawn dashed, as is an excess of one.
    names : mapping
        What to call the methods.

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
    ...                      "excess": [1.0, 0.2], "attention": [0.7, 0.3]})
    >>> method_courses(runs, 0.7, names={"plain": "plain SGD"})
    Median after 64 samples of the excess loss and of the distance of A: plain SGD 0.2 and 0.3.
    """
    figure, axes = new_figure(*DOUBLE, nrows=2, sharex=True)
    panels = {"excess": (1.0, EXCESS), "attention": (start, DISTANCES["attention"])}
    ends = []
    for method, name in names.items():
        mine = runs[runs["method"] == method]
        courses = mine.pivot(index="samples", columns="seed", values=list(panels))
        for ax, column in zip(axes, panels, strict=True):
            lines = courses[column]  # (records, runs)
            ax.plot(lines.index, lines, color=COLORS[method], linewidth=0.7, alpha=0.5)
            ax.plot(lines.index, lines.median(axis=1), color=COLORS[method], linewidth=3)
        last = [courses[column].iloc[-1].median() for column in panels]
        ends.append(f"{name} {last[0]:.2g} and {last[1]:.2g}")
        axes[0].plot([], [], color=COLORS[method], linewidth=3, label=name)
    for ax, (first, label) in zip(axes, panels.values(), strict=True):
        ax.axhline(first, color=TRUTH, linestyle="--", linewidth=1)
        ax.set(yscale="log", title=_title(label))
        _plain_ticks(ax)
    count_samples(axes[1], ticks=4)
    axes[0].legend(loc="lower left")
    seen = int(runs["samples"].max())
    text = f"Median after {seen:,} samples of the excess loss and of the distance of A: "
    return Picture(figure, f"{text}{'; '.join(ends)}.")


@drawn(
    contexts="n",
    largest="n",
    smallest="n",
    runs="context_length learning_rate seed ended alpha_A column_sum",
)
@styled()
def sgd_window(
    contexts: ArrayLike, largest: ArrayLike, smallest: ArrayLike, runs: pd.DataFrame, *, steps: int
) -> Picture:
    """Draw between which learning rates plain SGD is both stable and fast enough, and its runs.

    Parameters
    ----------
    contexts, largest, smallest : (n,) arrays
        Context lengths, the rate at which steps become unstable, and the rate at which a run is
        just half way at the end of the steps.
    runs : pandas.DataFrame
        With the columns ``context_length``, ``learning_rate``, ``seed``, ``ended``, ``alpha_A``,
        and ``column_sum``, the mean over the columns at the end.
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


@drawn(middle="method batch_size learning_rate excess")
@styled()
def rates_and_batches(middle: pd.DataFrame, *, names: Mapping[str, str]) -> Picture:
    """Draw the excess loss over the rate divided by the batch size, a line for each batch size.

    Parameters
    ----------
    middle : pandas.DataFrame
        With the columns ``method``, ``batch_size``, ``learning_rate`` and ``excess``, infinite
        where runs broke down: such a point is a cross above all others.
    names : mapping
        What to call the methods; a panel for each.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-ladder.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scb_edu.figures import rates_and_batches
    >>> middle = pd.DataFrame({"method": "plain", "batch_size": [8, 64, 64],
    ...                        "learning_rate": [0.01, 0.01, 0.1], "excess": [0.1, 1.0, np.inf]})
    >>> rates_and_batches(middle, names={"plain": "plain SGD"})
    Smallest excess loss: plain SGD 0.1 with batches of 8, 1 with batches of 64.
    """
    figure, axes = new_figure(
        5.0, 0.8 + 2.6 * len(names), nrows=len(names), sharex=True, sharey=True, squeeze=False
    )
    middle = middle[middle["method"].isin(names)]
    sizes, words = sorted(set(middle["batch_size"])), []
    top = 1.6 * middle["excess"][np.isfinite(middle["excess"])].max()
    for ax, (method, name) in zip(axes[:, 0], names.items(), strict=True):
        best = []
        for size, color in zip(sizes, GREENS, strict=False):
            line = middle[(middle["method"] == method) & (middle["batch_size"] == size)]
            if len(line):
                _excess_line(ax, line, color, top)
                best.append(f"{line['excess'].min():.2g} with batches of {size:,}")
        words.append(f"{name} {', '.join(best)}")
        ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
        ax.set(xscale="log", yscale="log", title=_title(name))
        _plain_ticks(ax)
    _name_batches(figure, sizes)
    axes[-1, 0].set_xlabel("learning rate / batch size")
    figure.supylabel(EXCESS, fontsize=10.5)
    return Picture(figure, f"Smallest excess loss: {'; '.join(words)}.")


def _excess_line(ax: Axes, line: pd.DataFrame, color: str, top: float) -> None:
    x, excess = line["learning_rate"] / line["batch_size"], line["excess"]
    fine = np.isfinite(excess)
    ax.plot(x[fine], excess[fine], "o-", color=color, linewidth=1.4, markersize=5)
    ax.plot(x[~fine], np.full((~fine).sum(), top), LOST, color=TRUTH, markersize=5)


def _name_batches(figure: Figure, sizes: Sequence[int]) -> None:
    lines = [Line2D([], [], color=color, marker="o") for color, _ in zip(GREENS, sizes)]  # noqa: B905
    where: Any = "outside upper center"  # matplotlib's types do not know the places outside
    figure.legend(lines, [f"{n:,}" for n in sizes], loc=where, ncols=len(sizes), title="batch size")


@drawn(medians="method estimate low high", runs="method excess attention value")
@styled()
def ladder(
    medians: Mapping[str, pd.DataFrame], runs: pd.DataFrame, *, names: Mapping[str, str]
) -> Picture:
    """Draw where the runs of each method end: every run a dot, medians with intervals.

    Parameters
    ----------
    medians : mapping from "excess", "attention" and "value" to frames
        Of `scb_edu.experiments.summarise` by ``method``: ``estimate``, ``low``, ``high``.
    runs : pandas.DataFrame
        With the columns ``method``, ``excess``, ``attention``, ``value``.
    names : mapping
        What to call the methods, from the top.

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
    >>> runs = pd.DataFrame({"method": "l1", "excess": [0.02, 0.02], "attention": 0.1,
    ...                      "value": 0.03})
    >>> all_three = {column: scb.experiments.summarise(runs, "method", column,
    ...              rng=np.random.default_rng(0)) for column in ("excess", "attention", "value")}
    >>> ladder(all_three, runs, names={"l1": "with l1"})
    Median excess loss, distance of A and of V: with l1 0.02, 0.1 and 0.03.
    """
    figure, axes = new_figure(5.4, 8.4, nrows=3)
    panels = {"excess": EXCESS, **DISTANCES}
    rows = {column: medians[column].set_index("method") for column in panels}
    for ax, (column, label) in zip(axes, panels.items(), strict=True):
        for place, method in enumerate(names):
            mine = runs[column][runs["method"] == method]
            y = place + 0.2 + 0.3 * np.linspace(-0.5, 0.5, len(mine))
            ax.plot(mine, y, ".", color=COLORS[method], markersize=5, alpha=0.7)
            _interval(ax, place - 0.22, rows[column].loc[method], COLORS[method])
        ax.set_yticks(range(len(names)), list(names.values()))
        ax.set(xscale="log", title=_title(label), ylim=(len(names) - 0.4, -0.6))
        _plain_ticks(ax, "x")
    parts = []
    for method, name in names.items():
        found = [f"{rows[column].loc[method, 'estimate']:.2g}" for column in panels]
        parts.append(f"{name} {found[0]}, {found[1]} and {found[2]}")
    text = "Median excess loss, distance of A and of V: "
    return Picture(figure, f"{text}{'; '.join(parts)}.")


@drawn(contexts="n", predicted="n", measured="context_length alpha_A")
@styled()
def slide_over_context(
    contexts: ArrayLike, predicted: ArrayLike, measured: Mapping[str, pd.DataFrame]
) -> Picture:
    """Draw where the signal of the attention ends that starts at the truth, over the length.

    Parameters
    ----------
    contexts, predicted : (n,) arrays
        Context lengths and the alpha_A of the formula.
    measured : mapping from a name to frames
        With the columns ``context_length`` and ``alpha_A``, a row a run.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-slide.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import slide_over_context
    >>> runs = pd.DataFrame({"context_length": [50, 100], "alpha_A": [1.1, 1.3]})
    >>> slide_over_context([50, 100], [1.1, 1.4], {"preconditioned": runs})
    alpha_A by the formula: 1.10 at T = 50 to 1.40 at T = 100; measured: preconditioned 1.10 to \
1.30.
    """
    figure, ax = new_figure(*SINGLE)
    T, ends = np.asarray(contexts), np.asarray(predicted)
    ax.plot(T, ends, color=THEORY, linestyle="--", label="formula")
    ax.axhline(1, color=TRUTH, linewidth=1)
    words, marks, colors = [], "osD", (SKY, AMBER, GREEN)
    for (name, runs), mark, color in zip(measured.items(), marks, colors, strict=False):
        ax.plot(runs["context_length"], runs["alpha_A"], mark, color=color, label=name, alpha=0.8)
        middle = runs.groupby("context_length")["alpha_A"].mean()
        words.append(f"{name} {' to '.join(f'{middle.iloc[at]:.2f}' for at in _ends(middle))}")
    ax.set(xlabel="context length $T$", ylabel=r"$\alpha_A$ at the end")
    ax.legend(loc="upper left")
    formula = f"{ends[0]:.2f} at T = {T[0]:g} to {ends[-1]:.2f} at T = {T[-1]:g}"
    return Picture(figure, f"alpha_A by the formula: {formula}; measured: {'; '.join(words)}.")


def _ends(values: pd.Series) -> tuple[int, ...]:
    return (0, -1) if len(values) > 1 else (0,)


@drawn(rates="R", penalties="P", distance="P R")
@styled()
def penalty_maps(rates: ArrayLike, penalties: ArrayLike, distance: Mapping[str, Array]) -> Picture:
    """Draw the median distance of A over rate and penalty, a panel for each way to use it.

    Parameters
    ----------
    rates : (R,) array
    penalties : (P,) array
    distance : mapping from a title to (P, R) arrays

    Returns
    -------
    Picture

    Notes
    -----
    Book: 05-algorithm, eq-rich-get-richer.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import penalty_maps
    >>> penalty_maps([0.01, 0.02], [0, 0.1], {"constant": np.array([[0.3, 0.4], [0.1, 0.9]])})
    Median distance of A to Q: constant, smallest 0.10 at rate 0.01 and penalty 0.1, largest 0.90 \
at rate 0.02 and penalty 0.1.
    """
    x, y = np.asarray(rates, dtype=float), np.asarray(penalties, dtype=float)
    figure, axes = new_figure(4.6, 0.4 + 2.8 * len(distance), nrows=len(distance), squeeze=False)
    top, words = max(float(cells.max()) for cells in distance.values()), []
    for ax, (title, cells) in zip(axes[:, 0], distance.items(), strict=True):
        heatmap(ax, cells, color=ATTENTION, limits=(0.0, top), numbers=True)
        ax.set_xticks(range(len(x)), [f"{rate:g}" for rate in x])
        ax.set_yticks(range(len(y)), [f"{penalty:g}" for penalty in y])
        ax.set(title=_title(title), ylabel="penalty", aspect="auto")
        small, large = (
            f"{cells.flat[at]:.2f} at rate {x[at % len(x)]:g} and penalty {y[at // len(x)]:g}"
            for at in (int(cells.argmin()), int(cells.argmax()))
        )
        words.append(f"{title}, smallest {small}, largest {large}")
    axes[-1, 0].set_xlabel("learning rate")
    return Picture(figure, f"Median distance of A to Q: {'; '.join(words)}.")


@drawn(y="n", objectives="n", x="m", shrunk="m")
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


@drawn(columns="T", truth="T")
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


@drawn(samples="R", left="R", signal="R")
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


@drawn(samples="R", errors="R 2", masses="2")
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
    count_samples(ax, ticks=4)
    ax.set_ylim(0.004, 1.2)
    _plain_ticks(ax)
    ax.legend(loc="lower left")
    ends = "; ".join(f"{m} {e[-1, 0]:.2f} and {e[-1, 1]:.2f}" for m, e in errors.items())
    both = " and ".join(name for name, _ in masses)
    words = f"After {samples[-1]:,} samples the error of columns {both} is: {ends}."
    return Picture(figure, words)


@drawn()
@styled()
def two_runs(runs: Mapping[str, tuple[Any, ArrayLike]], *, title: str) -> Picture:
    """Draw the excess loss over the samples for one run of each method: a panel.

    Parameters
    ----------
    runs : mapping from a name to a pair
        Of a Trajectory, and its (R,) excess loss as a share of that at the start.
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
    >>> run = scb.train(task, scb.LinearTransformer.initial(task), scb.SGD(0.1), steps=1,
    ...                 batch_size=8, rng=np.random.default_rng(0))
    >>> two_runs({"plain": (run, [1.0, 0.9])}, title="rate 0.1")
    plain: excess loss 0.9 of that at the start, finished.
    """
    figure, ax = new_figure(4.0, 3.2)
    words = []
    for (method, (run, shares)), color in zip(runs.items(), (PURPLE, GREEN), strict=False):
        excess = np.clip(shares, 1e-3, 3.0)
        ax.plot(run.samples, excess, color=color, label=method)
        if not run.status.ok:
            ax.plot(run.samples[-1], excess[-1], LOST, color=TRUTH, clip_on=False)
        last = f"{np.asarray(shares)[-1]:.2g} of that at the start"
        words.append(f"{method}: excess loss {last}, {run.status.ended}")
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    ax.set(yscale="log", ylim=(0.002, 3.0), title=title, ylabel="excess loss / start")
    ax.set_xlim(0, max(run.samples[-1] for run, _ in runs.values()))
    count_samples(ax, ticks=4)
    _plain_ticks(ax)
    ax.legend(loc="lower left")
    return Picture(figure, "; ".join(words) + ".")


# Parts


def _title(label: str) -> str:
    return label[0].upper() + label[1:]


def _spread(x: pd.Series, seeds: pd.Series, width: float) -> pd.Series:
    """Move points a little to the side by their seed, so that all are seen on a log axis."""
    middle = (seeds - seeds.mean()) / max(1, np.ptp(seeds)) if len(seeds) else seeds
    return x * np.exp(width * 2 * middle)


def _interval(ax: Axes, y: float, row: Any, color: str) -> None:
    ax.plot([row["low"], row["high"]], [y, y], color=color, linewidth=1.6)
    ax.plot(row["estimate"], y, "D", color=color, markersize=6, markeredgecolor="white")


def _plain_ticks(ax: Axes, which: Literal["x", "y"] = "y") -> None:
    """Write 0.1 and not 10^-1, at 1, 2 and 5 of every decade, or at 1 where there are many."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 60 * low else (1,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
