"""Pictures of sample complexity: measurements with their intervals, and formulas beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    NullFormatter,
    NullLocator,
    StrMethodFormatter,
)

from scb_edu.figures.palette import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    SKY,
    THEORY,
    VALUE,
)
from scb_edu.figures.picture import (
    Picture,
    new_figure,
    styled,
)
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn

SINGLE = (4.8, 3.8)
DOUBLE = (4.6, 5.4)
PANEL = (4.2, 3.2)
THREE = (5.4, 3.0)
SHARES = (5.2, 3.8)
SIZES = (5.2, 3.9)
# colour and shape say the same, so that either may fail
LOOKS = ((VALUE, "o"), (ATTENTION, "s"), (GREEN, "^"), (PURPLE, "D"), (AMBER, "v"), (SKY, "P"))

Points: TypeAlias = Sequence[Array]
"""Positions, estimates, and the lower and upper ends of their intervals: four (n,) arrays."""
Curve: TypeAlias = tuple[Array, Array]


@drawn()
@styled()
def measured(
    points: Mapping[str, Points],
    formulas: Mapping[str, Curve],
    *,
    labels: tuple[str, str],
    apart: bool = False,
) -> Picture:
    """Draw measurements with their intervals over dashed formulas, both axes logarithmic.

    Parameters
    ----------
    points : mapping from names to four (n,) arrays
        Positions, estimates, lower and upper ends.
    formulas : mapping from names to two (m,) arrays
        A name that ``points`` has too gives its curve the same colour.
    labels : two str
        Of the axes.
    apart : bool
        Whether points at one position are drawn side by side.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 06-sample-complexity, eq-samples-needed.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import measured
    >>> x = np.array([100.0, 1000.0])
    >>> measured({"N = 3": (x, x, x / 2, 2 * x)}, {}, labels=("T", "samples"))
    samples over T. N = 3: 100 at 100 to 1000 at 1000.
    """
    figure, ax = new_figure(*SINGLE)
    looks = dict(zip(points, LOOKS, strict=False))
    for name, (x, y) in formulas.items():
        color = looks[name][0] if name in looks else THEORY
        ax.plot(x, y, color=color, linestyle="--", linewidth=1.4, zorder=1)
    asides = _asides(len(points)) if apart else np.ones(len(points))
    for (name, (x, *rest)), aside in zip(points.items(), asides, strict=True):
        _draw_points(ax, (x * aside, *rest), name, *looks[name])
    ax.set(xscale="log", yscale="log", xlabel=labels[0], ylabel=labels[1])
    _name_positions(ax, np.unique(np.concatenate([x for x, *_ in points.values()])))
    _name_levels(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=_columns(points))
    ends = "; ".join(
        f"{name}: {_short(y[0])} at {_short(x[0])} to {_short(y[-1])} at {_short(x[-1])}"
        for name, (x, y, *_) in points.items()
    )
    return Picture(figure, f"{_plain(labels[1])} over {_plain(labels[0])}. {ends}.")


@drawn(groups="measured measured_low measured_high formula")
@styled()
def predicted_shares(groups: Mapping[str, pd.DataFrame], x: str, xlabel: str) -> Picture:
    """Draw shares of runs on the right side beside two predictions, a panel for each group.

    Parameters
    ----------
    groups : mapping from titles to DataFrames
        A row a point: ``measured`` and ``line`` (of runs with A on its line) with the ends of
        their intervals, ``measured_low`` and so on; ``formula`` and ``system``. Rows of one panel
        are drawn from left to right. A nan is not drawn.
    x : str
        The column that tells the points of a panel apart.
    xlabel : str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 06-sample-complexity, eq-feedback.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import predicted_shares
    >>> names = ["measured", "line", "formula", "system"]
    >>> table = pd.DataFrame([[0.6, 0.9, 0.9, 0.7]], columns=names).assign(
    ...     measured_low=0.5, measured_high=0.7, line_low=0.8, line_high=1.0, theta=0.1)
    >>> predicted_shares({"T = 100": table}, "theta", "correlation")
    Share of runs on the right side over correlation, as measured, by the first steps alone, with \
the feedback, and with A on its line. T = 100: 0.1 has 0.60, 0.90, 0.70, 0.90.
    """
    figure, axes = new_figure(*SHARES, ncols=len(groups), sharey=True, squeeze=False)
    for ax, (title, table) in zip(axes[0], groups.items(), strict=True):
        _draw_shares(ax, table)
        ax.set_xticks(range(len(table)), [f"{point:g}" for point in table[x]], rotation=90)
        ax.set(xlabel=xlabel, ylim=(-0.03, 1.03), xlim=(-0.6, len(table) - 0.4))
        ax.set_title(title)
    axes[0, 0].set_ylabel("share on the right side")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper left", ncols=2)
    rows = "; ".join(
        f"{_plain(title)}: " + ", ".join(_share_in_words(row, x) for _, row in table.iterrows())
        for title, table in groups.items()
    )
    words = (
        f"Share of runs on the right side over {_plain(xlabel)}, as measured, by the first steps "
        f"alone, with the feedback, and with A on its line. {rows}."
    )
    return Picture(figure, words)


def _draw_shares(ax: Axes, table: pd.DataFrame) -> None:
    places = np.arange(len(table))
    ax.plot(places, table["formula"], color=THEORY, linestyle="--", label="first steps alone")
    ax.plot(places, table["system"], color=PURPLE, linewidth=1.6, label="with the feedback")
    for name, label, color, marker, aside in (
        ("measured", "measured", VALUE, "o", 0.0),
        ("line", "A on its line", GREEN, "^", 0.15),
    ):
        rows = (table[column].to_numpy() for column in (name, f"{name}_low", f"{name}_high"))
        _draw_points(ax, (places + aside, *rows), label, color, marker)


def _share_in_words(row: pd.Series, x: str) -> str:
    shares = ", ".join(f"{row[name]:.2f}" for name in ("measured", "formula", "system", "line"))
    return f"{row[x]:g} has {shares}"


@drawn()
@styled()
def skewed_weights(points: Mapping[str, Points], formulas: Mapping[str, Curve]) -> Picture:
    """Draw the weight that skewed noise keeps outside the support, against sizes of the task.

    Parameters
    ----------
    points : mapping from names of sizes to four (n,) arrays
        Sizes, measured sums of weights, lower and upper ends; a panel each.
    formulas : mapping from the same names to two (m,) arrays
        Dashed.

    Returns
    -------
    Picture

    Notes
    -----
    Book: under-the-hood, eq-skewed-weight.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import skewed_weights
    >>> x, y = np.array([2.0, 8.0]), np.array([0.0, 0.25])
    >>> skewed_weights({"N": (x, y, y, y)}, {"N": (x, y)})
    Sum of the weights outside the support. N: 0.00 at 2 to 0.25 at 8, by the formula 0.00 to 0.25.
    """
    figure, axes = new_figure(*THREE, ncols=len(points), sharey=True, squeeze=False)
    for ax, (name, rows), look in zip(axes[0], points.items(), LOOKS, strict=False):
        ax.axhline(0, color="#999999", linewidth=0.8)
        ax.plot(*formulas[name], color=THEORY, linestyle="--", zorder=1, label="formula")
        _draw_points(ax, rows, "measured", *look)
        ax.set(xscale="log", xlabel=f"${name}$")
        _name_positions(ax, np.asarray(rows[0], dtype=float))
        ax.margins(x=0.15)
    axes[0, 0].set_ylabel("sum of weights off the support")
    axes[0, 0].legend(loc="upper left", fontsize="small")
    ends = "; ".join(
        f"{name}: {y[0]:.2f} at {x[0]:g} to {y[-1]:.2f} at {x[-1]:g}, by the formula "
        f"{formulas[name][1][0]:.2f} to {formulas[name][1][-1]:.2f}"
        for name, (x, y, *_) in points.items()
    )
    return Picture(figure, f"Sum of the weights outside the support. {ends}.")


@drawn()
@styled()
def samples_by_size(
    points: Mapping[str, Mapping[str, Points]], formulas: Mapping[str, Curve]
) -> Picture:
    """Draw several numbers of samples against three sizes of the task, side by side.

    Parameters
    ----------
    points : mapping from a name of a size to a mapping from names to four (n,) arrays
        Sizes, samples, lower and upper ends. A name has one colour in all panels.
    formulas : mapping from a name of a size to two (m,) arrays
        Drawn dashed.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 06-sample-complexity, eq-second-stage.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import samples_by_size
    >>> x = np.array([1.0, 2.0])
    >>> rows = {"truth": (x, 900 * x, 800 * x, 990 * x)}
    >>> samples_by_size({"T": rows, "Q": rows}, {"T": (x, 500 * x)})
    Samples of stage 2 over T, truth: 900 at 1 to 1800 at 2; over Q, truth: 900 at 1 to 1800 at 2.
    """
    figure, axes = new_figure(*SIZES, ncols=len(points), sharey=True)
    names = list(dict.fromkeys(name for rows in points.values() for name in rows))
    looks = dict(zip(names, LOOKS, strict=False))
    for ax, (size, series) in zip(axes, points.items(), strict=True):
        if size in formulas:
            ax.plot(*formulas[size], color=THEORY, linestyle="--", linewidth=1.4, label="formula")
        for name, rows in series.items():
            _draw_points(ax, rows, name, *looks[name])
            ax.plot(rows[0], rows[1], color=looks[name][0], linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel=f"${size}$")
        _name_positions(ax, np.unique(np.concatenate([x for x, *_ in series.values()])))
        ax.tick_params(axis="x", rotation=45)
        ax.margins(x=0.15)
    axes[0].set_ylabel("samples of stage 2")
    _name_levels(axes[0])
    handles = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2)
    parts = [
        f"over {size}, {name}: {_short(y[0])} at {x[0]:g} to {_short(y[-1])} at {x[-1]:g}"
        for size, series in points.items()
        for name, (x, y, *_) in series.items()
    ]
    return Picture(figure, f"Samples of stage 2 {'; '.join(parts)}.")


def _draw_points(ax: Axes, rows: Points, name: str, color: str, marker: str) -> None:
    x, y, low, high = (np.asarray(part, dtype=float) for part in rows)
    reach = np.clip([y - low, high - y], 0, None)  # rounding may leave a hair below zero
    ax.errorbar(
        x,
        y,
        yerr=reach,
        fmt=marker,
        color=color,
        markersize=5,
        elinewidth=1.4,
        capsize=2.5,
        label=name,
    )


def _columns(names: Mapping[str, object]) -> int:
    """Return how many names of a legend stand beside each other on a phone."""
    return max(1, 26 // max(map(len, names)))


def _asides(count: int) -> Array:
    """Return factors that part the points of several series at one position."""
    return np.geomspace(0.92, 1.09, count) if count > 1 else np.ones(1)


def _name_positions(ax: Axes, positions: Array) -> None:
    """Mark where measurements stand, and nothing else."""
    ax.xaxis.set_major_locator(FixedLocator(positions.tolist()))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())


def _name_levels(ax: Axes) -> None:
    """Write plain numbers, 1, 2, 5, 10, on a logarithmic axis of few decades."""
    low, high = ax.get_ylim()
    if high / low < 300:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:,.10g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def _plain(label: str) -> str:
    """Return a label as it may be read aloud."""
    spoken = {"\\|": "|", "\\,": " ", "\\mu": "mu", "\\eta": "rate", "\\theta": "theta", "$": ""}
    return reduce(lambda text, sign: text.replace(*sign), spoken.items(), label)
