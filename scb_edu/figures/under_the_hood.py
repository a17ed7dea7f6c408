"""Pictures of the appendix on how things are run: what a training step costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from scb_edu.figures.picture import AMBER, GREEN, SKY, Picture, new_figure, styled

# column of the table, name, colour, marker; drawn in this order, from the fastest
SPEED_CODES = (
    ("ours", "this library", GREEN, "o"),
    ("careful_indices", "PyTorch, indices, with care", SKY, "^"),
    ("indices", "PyTorch, indices", SKY, "s"),
    ("dense", "PyTorch, one-hot", AMBER, "D"),
)


@styled()
def speed(table: pd.DataFrame) -> Picture:
    """Draw how long one training step takes, for the library and for PyTorch.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each size, as ``make bench`` stores them: ``vocab_size``, ``context_length``,
        ``batch_size``; microseconds ``ours``, ``careful_indices``, ``indices``, ``dense``; and
        for each of the last three, with ``_ratio`` behind the name, how many times as long as ours.

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
    >>> names = ["vocab_size", "context_length", "batch_size", "ours", "careful_indices",
    ...          "indices", "dense", "careful_indices_ratio", "indices_ratio", "dense_ratio"]
    >>> row = (3, 1000, 64, 200, 800, 1800, 3000, 4, 9, 15)
    >>> speed(pd.DataFrame([row], columns=names))
    One training step in microseconds. N = 3, T = 1,000, B = 64: 200; PyTorch takes 15 times as \
long with one-hot contexts, 9.0 times with indices, 4.0 times with indices and care.
    """
    figure, ax = new_figure(4.6, 1.3 + 0.75 * len(table))
    places = np.arange(len(table))
    times = table[[column for column, *_ in SPEED_CODES]]
    ax.hlines(places, times.min(axis=1), times.max(axis=1), color="#cccccc", zorder=1)
    for column, name, color, marker in SPEED_CODES:
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
    """Write beside each of PyTorch's marks how many times as long it takes."""
    # marks may be close: every second ratio stands below
    for column, lift in (("careful_indices", 8), ("indices", -19), ("dense", 8)):
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
    dense, indices, careful = (
        _times(row[f"{name}_ratio"]) for name in ("dense", "indices", "careful_indices")
    )
    return (
        f"{_size(row)}: {row['ours']:,.0f}; PyTorch takes {dense} times as long with one-hot "
        f"contexts, {indices} times with indices, {careful} times with indices and care."
    )


def _times(ratio: float) -> str:
    """Write a ratio with two digits."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"
