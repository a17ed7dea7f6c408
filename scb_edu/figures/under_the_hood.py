"""Pictures of the appendix on how things are run: what a training step costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scb_edu.figures.palette import AMBER, GREEN, PURPLE, SKY
from scb_edu.figures.picture import (
    Picture,
    new_figure,
    styled,
)
from scb_edu.support.signatures import drawn

# column of the table, name, colour, marker, where its ratio stands; drawn in this order
SPEED_CODES = (
    ("ours", "this library", GREEN, "o", None),
    ("numpy", "this library, without Numba", GREEN, "P", None),
    ("careful_indices", "PyTorch, with care", SKY, "^", 8),
    ("jax_indices", "JAX, compiled", PURPLE, "s", -19),
    ("dense", "PyTorch, from the formulas", AMBER, "D", 8),
)


@drawn(table="vocab_size context_length batch_size ours numpy careful_indices jax_indices dense")
@styled()
def speed(table: pd.DataFrame) -> Picture:
    """Draw how long one training step takes, for the library, for PyTorch and for JAX.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each size, as ``make bench`` stores them: ``vocab_size``, ``context_length``,
        ``batch_size``; microseconds ``ours``, ``numpy``, ``careful_indices``, ``jax_indices``,
        ``dense``; and for each but the first, with ``_ratio`` behind the name, how many times as
        long as ours.

    Returns
    -------
    Picture

    Notes
    -----
    Book: under-the-hood, sec-speed.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import speed
    >>> names = ["numpy", "careful_indices", "jax_indices", "dense"]
    >>> row = {"vocab_size": 3, "context_length": 1000, "batch_size": 64, "ours": 80}
    >>> row |= {name: 80.0 * k for k, name in enumerate(names, 2)}
    >>> row |= {f"{name}_ratio": k for k, name in enumerate(names, 2)}
    >>> speed(pd.DataFrame([row]))
    One training step in microseconds. N = 3, T = 1,000, B = 64: 80; without Numba 2.0 times as \
long, PyTorch with care 3.0 times, JAX 4.0 times, PyTorch from the formulas 5.0 times.
    """
    figure, ax = new_figure(4.6, 1.3 + 0.75 * len(table))
    places = np.arange(len(table))
    times = table[[column for column, *_ in SPEED_CODES]]
    ax.hlines(places, times.min(axis=1), times.max(axis=1), color="#cccccc", zorder=1)
    for column, name, color, marker, _ in SPEED_CODES:
        ax.plot(table[column], places, marker, color=color, markersize=8, label=name)
    rows = [row for _, row in table.iterrows()]
    for place, row in enumerate(rows):
        _write_ratios(ax, place, row)
    ax.set_yticks(places, [_size(row, "\n") for row in rows])
    ax.set(xscale="log", xlabel="microseconds a step", ylim=(len(table) - 0.5, -0.6))
    ax.margins(x=0.1)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=1)
    return Picture(figure, f"One training step in microseconds. {' '.join(map(_story, rows))}")


def _write_ratios(ax: Axes, place: int, row: Any) -> None:
    """Write beside each rival's mark how many times as long it takes."""
    for column, *_, lift in SPEED_CODES:
        if lift is None:
            continue
        text = ax.annotate(
            f"{_times(row[f'{column}_ratio'])}×",
            (row[column], place),
            (0, lift),
            textcoords="offset points",
            ha="center",
            color="#333333",
        )
        text.set_in_layout(False)


def _size(row: Any, gap: str = " ") -> str:
    N, T, B = (int(row[name]) for name in ("vocab_size", "context_length", "batch_size"))
    return f"N = {N:,}, T = {T:,},{gap}B = {B:,}"


def _story(row: Any) -> str:
    numpy, careful, jax, dense = (_times(row[f"{code[0]}_ratio"]) for code in SPEED_CODES[1:])
    return (
        f"{_size(row)}: {row['ours']:,.0f}; without Numba {numpy} times as long, PyTorch with "
        f"care {careful} times, JAX {jax} times, PyTorch from the formulas {dense} times."
    )


def _times(ratio: float) -> str:
    """Write a ratio with two digits."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
