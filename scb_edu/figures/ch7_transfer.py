"""Pictures of transfer: what is carried over, what it saves, and where it is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

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
    token_names,
)
from scb_edu.support.checks import Array
from scb_edu.training.trajectory import Trajectory

TRIPLE = (6.6, 2.6)
TALL = (5.6, 6.2)
SINGLE = (5.4, 3.6)
MAP = (5.4, 5.0)
PANEL = (4.2, 3.2)
LOOKS = (
    (TRUTH, "X"),
    (PURPLE, "D"),
    (SKY, "v"),
    (ATTENTION, "s"),
    (GREEN, "^"),
    (VALUE, "o"),
    (AMBER, "P"),
)

Rows: TypeAlias = Sequence[Array]
"""T, medians, lower and upper ends (inf: never) and shares that arrive: five (n,) arrays."""
Curve: TypeAlias = tuple[Array, Array]


@styled()
def carried(deviation: Array, along: Array, beside: Array, theta: float) -> Picture:
    """Draw what a pretrained V knows as a part along the truth and a part beside it.

    Parameters
    ----------
    deviation, along, beside : (N, N) arrays
        P' - mu 1^T, theta (P - mu 1^T), and the rest.
    theta : float

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, eq-correlation.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import carried
    >>> along = np.array([[0.1, -0.1], [-0.1, 0.1]])
    >>> carried(along, along, 0 * along, 1.0)
    What a pretrained V knows, entries up to 0.10, is 1 times the truth, up to 0.10, and a rest up \
to 0.00 beside it.
    """
    figure, axes = new_figure(*TRIPLE, ncols=3)
    parts = [deviation, along, beside]
    largest = float(max(np.abs(part).max() for part in parts))
    titles = ["pretrained", rf"= {theta:g} × truth", "+ beside it"]
    names = token_names(len(deviation))
    for ax, part, title in zip(axes, parts, titles, strict=True):
        heatmap(ax, part, limits=(-largest, largest), form="{:+.2f}")
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.set_title(title)
    sizes = [f"{np.abs(part).max():.2f}" for part in parts]
    words = (
        f"What a pretrained V knows, entries up to {sizes[0]}, is {theta:g} times the truth, up to "
        f"{sizes[1]}, and a rest up to {sizes[2]} beside it."
    )
    return Picture(figure, words)


@styled()
def samples_and_arrivals(points: Mapping[str, Rows], formulas: Mapping[str, Curve]) -> Picture:
    """Draw the samples until the attention is half way over T, and the share of runs that arrive.

    Parameters
    ----------
    points : mapping from names to five (n,) arrays
        T, medians, lower and upper ends of their intervals, and shares. A median of inf is not
        drawn; an interval that reaches inf has an arrow.
    formulas : mapping from names to two (m,) arrays
        Dashed; a name that ``points`` has too gives its curve the same colour.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, eq-transfer-samples.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import samples_and_arrivals
    >>> T, never = np.array([250.0, 4000.0]), np.array([2e4, np.inf])
    >>> samples_and_arrivals({"scratch": (T, never, never, never, np.array([1, 0.4]))}, {})
    Median samples until alpha_A is above 1/2, and share of runs that arrive. scratch: 20,000 at \
T = 250 (100%) to never at T = 4000 (40%).
    """
    figure, (top, low) = new_figure(*TALL, nrows=2, height_ratios=(2.1, 1), sharex=True)
    looks = dict(zip(points, LOOKS, strict=False))
    for name, curve in formulas.items():
        color = looks[name][0] if name in looks else THEORY
        top.plot(*curve, color=color, linestyle="--", linewidth=1.2, zorder=1)
    asides = np.geomspace(0.93, 1.08, len(points)) if len(points) > 1 else np.ones(1)
    for (name, (T, *rest)), aside in zip(points.items(), asides, strict=True):
        color, marker = looks[name]
        _draw_medians(top, (T * aside, *rest[:3]), name, color, marker)
        low.plot(T * aside, rest[3], color=color, marker=marker, markersize=5, linewidth=1)
    _name_lengths(top, np.unique(np.concatenate([rows[0] for rows in points.values()])))
    top.set(yscale="log", ylabel="samples until half way")
    _plain_counts(top)
    top.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    low.set(ylim=(-0.05, 1.05), ylabel="share that arrives", xlabel="$T$")
    return Picture(figure, _ends_in_words(points))


@styled()
def side_map(
    lengths: Sequence[int], thetas: Sequence[float], shares: Array, boundary: Curve
) -> Picture:
    """Draw the share of runs on the right side in the plane of T and theta, with the boundary.

    Parameters
    ----------
    lengths : (n,) sequence
        T, each the same factor above the one before.
    thetas : (m,) sequence
    shares : (m, n) array
    boundary : two (k,) arrays
        T and theta of the formula, dashed.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, eq-transfer-boundary.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import side_map
    >>> side_map([100, 200], [0.0, 0.1], np.array([[0.5, 0.4], [1, 0.9]]),
    ...          (np.array([100, 200]), np.array([0.02, 0.05])))
    Share of runs on the right side. theta = 0: 0.50 at T = 100, 0.40 at T = 200; theta = 0.1: \
1.00 at T = 100, 0.90 at T = 200. Boundary of the formula: theta = 0.02 to 0.05.
    """
    figure, ax = new_figure(*MAP)
    places = np.arange(len(lengths))
    tint = LinearSegmentedColormap.from_list("share", ["#ffffff", VALUE])
    for row, theta in enumerate(thetas):
        for column, share in enumerate(shares[row]):
            ax.scatter(column, theta, s=620, color=tint(share), edgecolor="#999999", zorder=1)
            ink = "white" if share > 0.6 else "#222222"
            number = ax.text(column, theta, f"{share:.2f}", color=ink, size=9.5)
            number.set(ha="center", va="center")
    where = np.interp(np.log(boundary[0]), np.log(np.asarray(lengths, dtype=float)), places)
    # behind the circles: their numbers stay legible
    ax.plot(where, boundary[1], color=ATTENTION, linestyle="--", zorder=0, label="95 % by formula")
    ax.set_xticks(places, [f"{T:,}" for T in lengths])
    ax.set_yticks(thetas, [f"{theta:g}" for theta in thetas])
    step = min(np.diff(sorted(thetas)))
    ax.set(xlabel="$T$", ylabel=r"correlation $\theta$", xlim=(-0.5, len(lengths) - 0.5))
    ax.set_ylim(min(thetas) - 0.7 * step, max(thetas) + 0.7 * step)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    rows = "; ".join(
        f"theta = {theta:g}: "
        + ", ".join(f"{share:.2f} at T = {T}" for T, share in zip(lengths, row, strict=True))
        for theta, row in zip(thetas, shares, strict=True)
    )
    ends = f"{boundary[1][0]:.2f} to {boundary[1][-1]:.2f}"
    words = f"Share of runs on the right side. {rows}. Boundary of the formula: theta = {ends}."
    return Picture(figure, words)


@styled()
def race(runs: Mapping[str, Curve]) -> Picture:
    """Draw the excess loss over the samples: every run thin, the median of each group thick.

    Parameters
    ----------
    runs : mapping from two names to samples (n,) and excess losses (seeds, n)

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, sec-transfer.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import race
    >>> race({"finetuned": (np.array([0, 64]), np.array([[0.3, 0.2], [0.5, 0.4]]))})
    Excess loss over samples. finetuned: median 0.4000 to 0.3000 after 64, runs end between 0.2000 \
and 0.4000.
    """
    figure, ax = new_figure(*SINGLE)
    styles = ((GREEN, "-"), (PURPLE, (0, (4, 1.5))))
    for (name, (samples, excess)), (color, style) in zip(runs.items(), styles, strict=False):
        ax.plot(samples, excess.T, color=color, linestyle=style, linewidth=0.7, alpha=0.6)
        middle = np.median(excess, axis=0)
        ax.plot(samples, middle, color=color, linestyle=style, linewidth=2.6, label=name)
    ax.set(yscale="log", ylabel="excess loss")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    count_samples(ax, 5)
    ax.legend(loc="lower left")
    ends = "; ".join(
        f"{name}: median {np.median(excess[:, 0]):.4f} to {np.median(excess[:, -1]):.4f} after "
        f"{samples[-1]:,}, runs end between {excess[:, -1].min():.4f} and "
        f"{excess[:, -1].max():.4f}"
        for name, (samples, excess) in runs.items()
    )
    return Picture(figure, f"Excess loss over samples. {ends}.")


@styled()
def transfer_course(run: Trajectory, flow: tuple[Array, Array, Array], title: str) -> Picture:
    """Draw the signals of one downstream run over the samples seen, beside those of the flow.

    Parameters
    ----------
    run : Trajectory
    flow : (samples, alpha_V, alpha_A), three (n,) arrays
        Drawn thin and grey.
    title : str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, eq-transfer-flow.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import transfer_course
    >>> task = scb.SCBTask.example()
    >>> start = scb.LinearTransformer.initial(task)
    >>> run = scb.train(task, start, scb.ProximalGradient(0.1), steps=9, batch_size=8,
    ...                 rng=np.random.default_rng(0))
    >>> transfer_course(run, (run.samples, 0 * run.loss, 0 * run.loss), "short")
    ... # doctest: +ELLIPSIS
    short: after 72 samples alpha_V is ... and alpha_A ...; by the flow 0.00 and 0.00.
    """
    figure, ax = new_figure(*PANEL)
    ax.axhline(0, color="#999999", linewidth=0.8)
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    samples, *signals = flow
    for path, color, label in zip(signals, (VALUE, ATTENTION), ("V", "A"), strict=True):
        ax.plot(samples, path, color=color, linewidth=1.2, linestyle=":")
        course = run.signals.value if label == "V" else run.signals.attention
        dashes = "-" if label == "V" else (0, (4, 1))
        ax.plot(run.samples, course, color=color, linestyle=dashes, label=rf"$\alpha_{label}$")
    ax.plot([], [], color=THEORY, linewidth=1.2, linestyle=":", label="flow")
    ax.set(ylim=(-2.1, 2.1), title=title)
    ax.set_xlim(0, samples[-1])
    count_samples(ax, 4)
    ax.legend(loc="lower right", ncols=3)
    words = (
        f"{title}: after {run.samples[-1]:,} samples alpha_V is {run.signals.value[-1]:.2f} and "
        f"alpha_A {run.signals.attention[-1]:.2f}; by the flow {signals[0][-1]:.2f} and "
        f"{signals[1][-1]:.2f}."
    )
    return Picture(figure, words)


def _draw_medians(ax: Axes, rows: Rows, name: str, color: str, marker: str) -> None:
    """Draw medians that are finite with their intervals; an arrow where one reaches inf."""
    seen = np.isfinite(rows[1])
    T, median, low, high = (np.asarray(part)[seen] for part in rows)
    open_ended = ~np.isfinite(high)
    top = np.where(open_ended, median * 1.6, high)
    reach = [median - low, top - median]
    looks: Any = {"fmt": marker, "color": color, "markersize": 5, "capsize": 2.5, "elinewidth": 1.4}
    ax.errorbar(T, median, yerr=reach, label=name, **looks)
    ax.plot(T[open_ended], top[open_ended], linestyle="", marker="^", color=color, markersize=6)


def _name_lengths(ax: Axes, lengths: Array) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(lengths.tolist()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda T, _: f"{T:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())


def _plain_counts(ax: Axes) -> None:
    """Write counts in full: 10,000, 20,000, 50,000."""
    ticks = [digit * 10**power for power in range(3, 7) for digit in (1, 2, 5)]
    ax.yaxis.set_major_locator(FixedLocator([float(tick) for tick in ticks]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    ax.yaxis.set_minor_locator(NullLocator())


def _ends_in_words(points: Mapping[str, Rows]) -> str:
    ends = "; ".join(
        f"{name}: {_count(y[0])} at T = {T[0]:.0f} ({share[0]:.0%}) to {_count(y[-1])} at "
        f"T = {T[-1]:.0f} ({share[-1]:.0%})"
        for name, (T, y, _, _, share) in points.items()
    )
    lead = "Median samples until alpha_A is above 1/2, and share of runs that arrive. "
    return f"{lead}{ends}."


def _count(samples: float) -> str:
    return f"{samples:,.0f}" if np.isfinite(samples) else "never"
