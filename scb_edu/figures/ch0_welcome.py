"""The pictures of the welcome page: the two matrices on their way, and the two signals beside."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from scb_edu.figures.palette import ATTENTION, GREEN, THEORY, TRUTH, VALUE
from scb_edu.figures.picture import (
    Picture,
    heatmap,
    new_figure,
    styled,
    token_names,
)
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn

SIZE = (3.4, 3.0)  # inches: two panels stand side by side in a page
STAGE_1, STAGE_2 = "#eeeeee", "#fff8dc"  # a level of 240 or more would run into the white
COVER = (4.6, 2.7)  # inches
THICKEST = 5  # of a cover's lines, in distances from line to line
OFFSET: Any = {"textcoords": "offset points", "color": "#444444"}


@drawn(value="N N", attention="T N")
@styled()
def moving_matrices(
    value: ArrayLike,
    attention: ArrayLike,
    *,
    time: float,
    limits: tuple[float, float] = (1.0, 1.0),
) -> Picture:
    """Draw the attention matrix and the value matrix of a model at one moment.

    Parameters
    ----------
    value : (N, N) array
        V, drawn with its numbers.
    attention : (T, N) array
        A, one row to a position.
    time : float
        The moment, for the title.
    limits : (value, attention)
        The numbers that have the full colour, the same for every moment.

    Returns
    -------
    Picture

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu.figures import moving_matrices
    >>> moving_matrices([[0.7, 0.4], [0.3, 0.6]], [[0.25, 0.5], [0.75, 0.5]], time=3.0)
    At time 3: weights in A from 0.25 to 0.75, entries of V from 0.30 to 0.70.
    """
    V, A = np.asarray(value, dtype=float), np.asarray(attention, dtype=float)
    figure, (left, right) = new_figure(*SIZE, ncols=2, width_ratios=(1, 1.7))
    heatmap(left, A, color=ATTENTION, limits=(0, limits[1]), numbers=False)
    heatmap(right, V, color=VALUE, limits=(0, limits[0]))
    left.set_aspect("auto")
    right.set_anchor("N")  # its title level with the other
    _name_axes(left, "A: where", "last token", "position")
    _name_axes(right, "V: what", "source token", "output")
    right.set_yticks(range(len(V)), token_names(len(V)))
    words = (
        f"At time {time:.3g}: weights in A from {A.min():.2f} to {A.max():.2f}, "
        f"entries of V from {V.min():.2f} to {V.max():.2f}."
    )
    return Picture(figure, words)


@drawn(times="n", value="n", attention="n")
@styled()
def moving_signals(
    times: ArrayLike, value: ArrayLike, attention: ArrayLike, *, now: float, stage_end: float
) -> Picture:
    """Draw the two signals over time, the two stages, and the current moment.

    Parameters
    ----------
    times, value, attention : (n,) arrays
        The path: increasing times above 0, alpha_V and alpha_A.
    now : float
        The current moment; the path is drawn bold up to the last of the times that is not later.
    stage_end : float
        When stage 1 ends.

    Returns
    -------
    Picture

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu.figures import moving_signals
    >>> moving_signals([1, 10, 100], [0.1, 0.9, 1], [0.0, 0.6, 1], now=10, stage_end=9.0)
    At time 10, in stage 2: the signal in V is 0.90 and the signal in A is 0.60; the truth is 1.
    """
    t, V, A = (np.asarray(numbers, dtype=float) for numbers in (times, value, attention))
    here = int(np.searchsorted(t, now, side="right")) - 1
    figure, ax = new_figure(*SIZE)
    _shade_stages(ax, t[0], stage_end, t[-1])
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    ax.axvline(t[here], ymax=0.86, color="#555555", linewidth=1)  # below the stages' names
    for path, color in ((V, VALUE), (A, ATTENTION)):
        ax.plot(t, path, color=color, linewidth=1, alpha=0.35)
        ax.plot(t[: here + 1], path[: here + 1], color=color)
        (dot,) = ax.plot(t[here], path[here], "o", color=color, markersize=7, clip_on=False)
        dot.set_in_layout(False)  # it may reach over the edge: the axes stay where they are
    _name_curves(ax, t, V, A)
    ax.set(xscale="log", xlim=(t[0], t[-1]), ylim=(-0.04, 1.75))
    ax.set(xlabel="time: learning rate × steps", title="Signals: 0 uniform, 1 truth")
    ax.set_yticks([0, 0.5, 1])
    ax.xaxis.set_major_formatter("{x:g}")
    words = (
        f"At time {t[here]:.3g}, in stage {1 if t[here] < stage_end else 2}: the signal in V is "
        f"{V[here]:.2f} and the signal in A is {A[here]:.2f}; the truth is 1."
    )
    return Picture(figure, words)


def _name_axes(ax: Axes, title: str, across: str, down: str) -> None:
    ax.set_title(title)
    ax.set(xlabel=across, ylabel=down)
    names = token_names(round(ax.get_xlim()[1] + 0.5))
    ax.set_xticks(range(len(names)), names)


def _name_curves(ax: Axes, t: Array, V: Array, A: Array) -> None:
    """Write the names where the two curves are furthest apart."""
    apart = int(np.argmax(V - A))
    ax.text(t[apart], V[apart] + 0.04, r"$\alpha_V$", color=VALUE, ha="center", va="bottom")
    ax.text(t[apart], A[apart] - 0.08, r"$\alpha_A$", color=ATTENTION, ha="left", va="top")


def _shade_stages(ax: Axes, first: float, boundary: float, last: float) -> None:
    spans = [(first, boundary, 1, STAGE_1), (boundary, last, 2, STAGE_2)]
    for start, end, number, color in spans:
        ax.axvspan(start, end, color=color, linewidth=0, zorder=0)
        middle = np.sqrt(start * end)  # of a logarithmic axis
        ax.text(middle, 1.62, f"stage {number}", ha="center", va="center", color="#444444")


@drawn(times="n", losses="n")
@styled()
def plateau(times: ArrayLike, losses: ArrayLike, *, floor: float, stage_end: float) -> Picture:
    """Draw the loss over time: flat at first, then a sudden fall to the floor.

    Parameters
    ----------
    times, losses : (n,) arrays
        Increasing times, and the loss of the model at those times.
    floor : float
        The irreducible loss, which no predictor beats.
    stage_end : float
        When stage 1 ends.

    Returns
    -------
    Picture

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu.figures import plateau
    >>> plateau([0, 10, 20], [0.5, 0.4, 0.3], floor=0.3, stage_end=10)
    The loss falls from 0.5000 to 0.3000; the floor is 0.3000. Stage 1 ends at time 10.0.
    """
    t, loss = np.asarray(times, dtype=float), np.asarray(losses, dtype=float)
    figure, ax = new_figure(5.4, 2.8)
    ax.axvspan(t[0], stage_end, color=STAGE_1, linewidth=0, zorder=0)
    ax.axvspan(stage_end, t[-1], color=STAGE_2, linewidth=0, zorder=0)
    ax.plot(t, loss, color=GREEN)
    ax.axhline(floor, color=TRUTH, linestyle="--", linewidth=1)
    ax.annotate("no predictor gets below this line", (t[-1], floor), (0, 4), ha="right", **OFFSET)
    for start, end, number in ((t[0], stage_end, 1), (stage_end, t[-1], 2)):
        ax.annotate(
            f"stage {number}", ((start + end) / 2, loss.max()), (0, 6), ha="center", **OFFSET
        )
    ax.set(xlim=(t[0], t[-1]), ylim=(floor - 0.1 * np.ptp(loss), loss.max() + 0.25 * np.ptp(loss)))
    ax.set(xlabel="time: learning rate × steps", ylabel="loss (dimensionless)")
    words = (
        f"The loss falls from {loss[0]:.4f} to {loss[-1]:.4f}; the floor is {floor:.4f}. "
        f"Stage 1 ends at time {stage_end:.1f}."
    )
    return Picture(figure, words)


@drawn(samples="n", attention="n T", truth="T")
@styled()
def cover(samples: ArrayLike, attention: ArrayLike, truth: ArrayLike) -> Picture:
    """Draw one column of the attention while it is trained: all positions alike, then a few left.

    Parameters
    ----------
    samples : (n,) array
        Samples seen, increasing.
    attention : (n, T) array
        The weight of each position, after so many samples.
    truth : (T,) array
        The task's own weights; the lines of positions that have one are in colour.

    Returns
    -------
    Picture
        One line a position, as thick as its weight: for the welcome page.

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu.figures import cover
    >>> cover([0, 100], [[0.5, 0.5], [0.9, 0.1]], [1, 0]).words.split(":")[0]
    'The weights of 2 positions over 100 samples of training'
    """
    seen, weights, goal = (np.asarray(numbers, float) for numbers in (samples, attention, truth))
    figure, ax = new_figure(*COVER)
    half = 0.5 * THICKEST * weights.clip(min=0) / goal.max()
    for place in np.argsort(goal):  # those that stay over those that go
        line, color = half[:, place], ATTENTION if goal[place] else THEORY
        ax.fill_between(seen, place - line, place + line, color=color, linewidth=0)
        if goal[place]:
            at = (seen[-1], place)
            ax.annotate(f"position {place}", at, (6, 0), va="center", **OFFSET)
    ax.set(xlim=(seen[0], seen[-1]), ylim=(len(goal), -2))
    ax.set_axis_off()
    below: Any = {"va": "top", "transform": ax.transAxes, "color": "#444444"}
    ax.text(0, -0.01, f"all {len(goal)} positions alike", **below)
    ax.text(1, -0.01, f"{seen[-1]:,.0f} samples", ha="right", **below)
    return Picture(figure, _cover_told(seen, weights, goal))


def _cover_told(seen: Array, weights: Array, goal: Array) -> str:
    grown = " and ".join(f"{weights[-1, t]:.1f} at {t}" for t in np.flatnonzero(goal))
    others = np.abs(weights[-1, goal == 0]).max(initial=0)
    return (
        f"The weights of {len(goal)} positions over {seen[-1]:,.0f} samples of training: lines "
        f"that are alike at first, {weights[0].mean():.3f} each; then few grow, to {grown}, and "
        f"the others thin out, none above {np.ceil(20 * others) / 20:.2f}."
    )
