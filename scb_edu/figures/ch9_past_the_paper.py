"""Pictures of chapter 9: letters after letters, one layer on a text, and made sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator

from scb_edu.figures.palette import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    SKY,
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
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn

DARKEST = 0.6  # chances of 0.6 or more are equally dark: most are far smaller
LETTERS = 8.5  # points of a letter on an axis that has 27 of them
COLORS = (VALUE, ATTENTION, GREEN, PURPLE, AMBER, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")

Rows: TypeAlias = tuple[Array, Array, Array]
"""Estimates, and the lower and upper ends of their intervals: three (n,) arrays."""


@drawn(transition="N N", names="N")
@styled()
def letter_table(transition: Array, names: Sequence[str]) -> Picture:
    """Draw P of a text, letter by letter.

    Parameters
    ----------
    transition : (N, N) array
    names : N of str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-corpus-bigram.

    Examples
    --------
    >>> import numpy as np
    >>> letter_table(np.array([[0.1, 0.8], [0.9, 0.2]]), ["a", "b"])  # doctest: +ELLIPSIS
    P of a text with 2 letters. Likeliest: b after a 0.90, a after ...
    """
    figure, ax = new_figure(4.4, 4.5)
    heatmap(ax, transition, limits=(0, DARKEST), numbers=False)
    _name_letters(ax.xaxis, names)
    _name_letters(ax.yaxis, names)
    ax.set(xlabel="letter", ylabel="the next letter")
    largest = [f"{pair} {transition[place]:.2f}" for pair, place in _largest(transition, names, 5)]
    words = f"P of a text with {len(names)} letters. Likeliest: {', '.join(largest)}."
    return Picture(figure, words)


@drawn()
@styled()
def learned_courses(courses: Mapping[str, tuple[Array, Rows, Rows]]) -> Picture:
    """Draw both signals over the samples for several kinds of runs, with their intervals.

    Parameters
    ----------
    courses : mapping from names to (samples, rows of alpha_V, rows of alpha_A)

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-shuffled-energy.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 1.0])
    >>> learned_courses({"text": (100 * x, (x, x, x), (x / 2, x, x))})
    text: after 100 samples alpha_V is 1.00 and alpha_A 0.50.
    """
    figure, axes = new_figure(4.6, 4.6, nrows=2, sharex=True)
    looks = zip(courses.items(), COLORS, MARKERS, strict=False)
    for (name, (samples, value, attention)), color, marker in looks:
        for ax, (middle, low, high) in zip(axes, (value, attention), strict=True):
            ax.fill_between(samples, low, high, color=color, alpha=0.25, linewidth=0)
            ax.plot(samples, middle, color=color, marker=marker, markersize=4, label=name)
    for ax, title in zip(axes, (r"$\alpha_V$", r"$\alpha_A$"), strict=True):
        ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
        ax.set_title(f"Signal {title}")
        ax.set_ylim(-0.1, None)
    axes[1].legend(loc="center right")
    count_samples(axes[1], 4)
    words = [
        f"{name}: after {samples[-1]:,.0f} samples alpha_V is {value[0][-1]:.2f} and alpha_A "
        f"{attention[0][-1]:.2f}."
        for name, (samples, value, attention) in courses.items()
    ]
    return Picture(figure, " ".join(words))


@drawn(truth="N N", learned="N N", names="N")
@styled()
def entries(truth: Array, learned: Array, names: Sequence[str], correlation: float) -> Picture:
    """Draw every entry of the learned V over that of P.

    Parameters
    ----------
    truth, learned : (N, N) arrays
    names : N of str
    correlation : float
        Of the two, as the caller measured it.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-corpus-bigram.

    Examples
    --------
    >>> import numpy as np
    >>> P = np.array([[0.1, 0.8], [0.9, 0.2]])
    >>> entries(P, P, ["a", "b"], 1.0)
    Learned V over P, entry by entry: correlation 1.00. b after a: 0.90 in P, 0.90 in V.
    """
    figure, ax = new_figure(4.2, 3.8)
    ends = np.array([0, max(truth.max(), learned.max())])
    ax.plot(ends, ends, color=TRUTH, linestyle="--", linewidth=1)
    ax.scatter(truth, learned, s=10, color=VALUE, alpha=0.5, linewidths=0)
    for pair, place in _largest(truth, names, 3):
        ax.annotate(
            pair,
            (truth[place], learned[place]),
            xytext=(-7, 1),
            textcoords="offset points",
            ha="right",
            va="center",
        )
    ax.set(xlabel="entry of $P$", ylabel="the same entry of $V$")
    pair, place = _largest(truth, names, 1)[0]
    words = (
        f"Learned V over P, entry by entry: correlation {correlation:.2f}. {pair}: "
        f"{truth[place]:.2f} in P, {learned[place]:.2f} in V."
    )
    return Picture(figure, words)


@drawn(maps="T N", names="N")
@styled()
def letter_maps(maps: Mapping[str, Array], names: Sequence[str]) -> Picture:
    """Draw where each last letter looks, one map below the other, on one colour scale.

    Parameters
    ----------
    maps : mapping from titles to (T, N) arrays
        The attention A; its last row is the newest position.
    names : N of str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, sec-real-windows.

    Examples
    --------
    >>> import numpy as np
    >>> letter_maps({"inside": np.array([[0.25, 0.0], [0.75, 1.0]])}, ["a", "b"])
    inside: the newest position has a mean weight of 0.88, the other 1 have 0.12 together.
    """
    figure, axes = new_figure(4.6, 2.5 * len(maps), nrows=len(maps), squeeze=False)
    top = max(float(np.abs(A).max()) for A in maps.values())
    for ax, (title, A) in zip(axes[:, 0], maps.items(), strict=True):
        image = heatmap(ax, A[::-1], color=ATTENTION, limits=(-top, top), numbers=False)
        ax.set_aspect("auto")
        _name_letters(ax.xaxis, names)
        ax.set_yticks(range(0, len(A), 2), range(1, len(A) + 1, 2))
        ax.set(title=title, ylabel="places back")
        figure.colorbar(image, ax=ax, pad=0.02)
    axes[-1, 0].set_xlabel("last letter")
    words = [
        f"{title}: the newest position has a mean weight of {A[-1].mean():.2f}, the other "
        f"{len(A) - 1} have {A[:-1].sum(axis=0).mean():.2f} together."
        for title, A in maps.items()
    ]
    return Picture(figure, " ".join(words))


@drawn()
@styled()
def scores(panels: Mapping[str, Mapping[str, Sequence[float]]]) -> Picture:
    """Draw scores with their intervals, one row a model, one panel a score.

    Parameters
    ----------
    panels : mapping from the names of scores to mappings from models to three numbers
        Estimate, lower and upper end.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-perplexity.

    Examples
    --------
    >>> scores({"perplexity": {"bigram": (9.3, 9.1, 9.5), "trigram": (5.8, 5.6, 6.1)}})
    perplexity: bigram 9.3 (9.1 to 9.5), trigram 5.8 (5.6 to 6.1).
    """
    rows = max(len(models) for models in panels.values())
    figure, axes = new_figure(
        4.6, (0.9 + 0.27 * rows) * len(panels), nrows=len(panels), squeeze=False
    )
    for ax, (score, models) in zip(axes[:, 0], panels.items(), strict=True):
        for row, (middle, low, high) in enumerate(models.values()):
            look = row % len(COLORS)
            ax.plot([low, high], [row, row], color=COLORS[look], linewidth=2.5, alpha=0.6)
            ax.plot(middle, row, color=COLORS[look], marker=MARKERS[look], markersize=6)
        ax.set_yticks(range(len(models)), list(models))
        ax.set_ylim(len(models) - 0.5, -0.5)
        ax.grid(axis="x")
        ax.set_axisbelow(True)
        ax.set_xlabel(score)
    words = [f"{score}: {_told(models)}." for score, models in panels.items()]
    return Picture(figure, " ".join(words))


@drawn(position="n", loss="n", dependence="T")
@styled()
def along_a_sequence(
    position: Array, loss: Rows, levels: tuple[float, float], dependence: Array
) -> Picture:
    """Draw the loss of the oracle along a made sequence, and how much its tokens depend.

    Parameters
    ----------
    position : (n,) array
        1 for the first token that is made.
    loss : three (n,) arrays
        Means over many sequences, and their intervals.
    levels : two float
        The irreducible loss of independent contexts, and that of sliding ones.
    dependence : (T,) array
        Total variation of two tokens from independent ones, at the lags 1 to T.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-sequence-loss.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.3, 0.2])
    >>> along_a_sequence(np.arange(1, 3), (x, x, x), (0.3, 0.2), np.array([0.0, 0.1])
    ...                  )  # doctest: +ELLIPSIS
    Loss of the oracle: 0.300 at the first made token, 0.200 at the last; 0.300 for ...
    """
    figure, axes = new_figure(4.6, 4.8, nrows=2)
    middle, low, high = loss
    axes[0].fill_between(position, low, high, color=VALUE, alpha=0.25, linewidth=0)
    axes[0].plot(position, middle, color=VALUE)
    for level, style, name in zip(levels, ("--", ":"), ("independent", "sliding"), strict=True):
        axes[0].axhline(level, color=TRUTH, linestyle=style, linewidth=1.4, label=name)
    axes[0].legend(loc="upper right", ncols=2, fontsize="small")
    axes[0].margins(y=0.25)
    axes[0].set(title="Loss of the oracle", xlabel="token of the made sequence")
    lags = np.arange(1, len(dependence) + 1)
    axes[1].bar(lags, dependence, color=PURPLE, width=0.7)
    axes[1].set(title="Dependence of two tokens", xlabel="places apart", ylabel="total variation")
    axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    words = (
        f"Loss of the oracle: {middle[0]:.3f} at the first made token, {middle[-1]:.3f} at the "
        f"last; {levels[0]:.3f} for independent contexts, {levels[1]:.3f} for sliding ones. "
        f"Two tokens depend most, by {dependence.max():.2f}, at lag {lags[dependence.argmax()]}."
    )
    return Picture(figure, words)


@drawn(law="N", names="N")
@styled()
def next_letter(law: Array, came: int, names: Sequence[str], before: str, model: str) -> Picture:
    """Draw what a model expects after a piece of text, and what came.

    Parameters
    ----------
    law : (N,) array
    came : int
        The token that came.
    names : N of str
    before : str
        The text up to here.
    model : str
        Its name.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-perplexity.

    Examples
    --------
    >>> import numpy as np
    >>> next_letter(np.array([0.25, 0.75]), 1, ["a", "b"], "abba", "bigram")
    After 'abba' the bigram expects b 0.75, a 0.25; b came, which had 0.75.
    """
    checks.index("came", came, len(names))
    figure, ax = new_figure(4.4, 2.9)
    colors = [ATTENTION if n == came else SKY for n in range(len(names))]
    ax.bar(range(len(names)), law, color=colors, width=0.8)
    ax.plot(came, law[came] + 0.05, marker="v", markersize=8, color=ATTENTION)  # seen where tiny
    _name_letters(ax.xaxis, names)
    ax.set(ylim=(0, 1), ylabel="probability", title=f"…{before}|{names[came]}")
    top = [f"{names[n]} {law[n]:.2f}" for n in np.argsort(-law, kind="stable")[:3]]
    words = (
        f"After '{before}' the {model} expects {', '.join(top)}; {names[came]} came, "
        f"which had {law[came]:.2f}."
    )
    return Picture(figure, words)


@drawn(lines="n")
@styled()
def lines_of_text(lines: Sequence[str], title: str) -> Picture:
    """Write generated lines.

    Parameters
    ----------
    lines : sequence of str
        About 34 characters each.
    title : str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 09-past-the-paper, eq-sliding.

    Examples
    --------
    >>> lines_of_text(["the rab", "bit"], "trigram")
    trigram writes: the rabbit
    """
    figure, ax = new_figure(4.4, 0.55 + 0.25 * len(lines))
    ax.set_axis_off()
    ax.set_title(title)
    for row, line in enumerate(lines):
        ax.text(
            0,
            1 - (row + 0.5) / len(lines),
            line,
            family="DejaVu Sans Mono",
            fontsize=12,
            va="center",
        ).set_in_layout(False)
    return Picture(figure, f"{title} writes: {''.join(lines)}")


def _name_letters(axis: Axis, names: Sequence[str]) -> None:
    axis.set_ticks(range(len(names)), names)
    axis.set_tick_params(labelsize=LETTERS, length=0, pad=2)


def _largest(matrix: Array, names: Sequence[str], count: int) -> list[tuple[str, tuple[int, int]]]:
    """Return the largest entries of P, each with its words: 'u after q'."""
    places = np.argsort(-matrix, axis=None, kind="stable")[:count]
    rows, columns = np.unravel_index(places, matrix.shape)
    return [
        (f"{names[n]} after {names[m]}", (int(n), int(m)))
        for n, m in zip(rows, columns, strict=True)
    ]


def _told(models: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(f"{name} {e:.3g} ({a:.3g} to {b:.3g})" for name, (e, a, b) in models.items())
