"""Pictures of one layer: what of a head is left, what each matrix knows, the loss between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from scb_edu.figures.palette import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    THEORY,
    TRUTH,
    VALUE,
)
from scb_edu.figures.picture import (
    Picture,
    heatmap,
    new_figure,
    styled,
    token_names,
)
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn

# what a model knows, from nothing to both, and its colour on this page
COLORS = {
    "neither": THEORY,
    "where only": ATTENTION,  # A alone
    "what only": VALUE,  # V alone
    "both": GREEN,
}
ZERO: Any = {"color": THEORY, "size": "large", "ha": "center", "va": "center"}
# lines of equal excess loss, in units of the excess of a model that knows nothing
LEVELS = (1 / 16, 1 / 4, 1, 2)


@drawn(scores="d d", readout="N d")
@styled()
def head_blocks(scores: ArrayLike, readout: ArrayLike, vocab_size: int) -> Picture:
    """Draw the two matrices of a head by blocks: who looks at whom, and what is read there.

    Parameters
    ----------
    scores : (d, d) array
        W_K^T W_Q with d = N + T + 1: rows are what a key offers (token, position), columns what
        the query asks with (token, position).
    readout : (N, d) array
        W_O W_V: columns are what a position offers.
    vocab_size : int
        N, where the token part of a row or column ends.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-head.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.zeros((5, 5))
    >>> scores[2:4, :2] = [[1, 0], [0, 1]]
    >>> head_blocks(scores, np.eye(2, 5), 2)
    Two matrices of a head in blocks. Scores, 5 by 5: 2 entries are not zero, all of them in the \
2 by 2 block where the position of the key meets the token of the query. Readout, 2 by 5: 2 \
entries are not zero, all of them where the token is read.
    """
    W, R, N = np.asarray(scores), np.asarray(readout), vocab_size
    figure, (top, bottom) = new_figure(4.4, 6.3, nrows=2, height_ratios=[len(W), len(R) + 0.5])
    heatmap(top, W, color=ATTENTION, numbers=False)
    heatmap(bottom, R, color=VALUE, numbers=False)
    top.set_title(r"Scores $W_K^\top W_Q$: only the block $A$ is used")
    bottom.set_title(r"Readout $W_O W_V$: only the block $V$ is used")
    top.set(xlabel="what the query asks with", ylabel="what the key offers")
    bottom.set(xlabel="what an attended position offers", ylabel="output")
    middles = ((N - 1) / 2, (N + len(W) - 1) / 2)  # of the token part and of the position part
    for ax in (top, bottom):
        ax.axvline(N - 0.5, color=THEORY, linewidth=1)
        ax.set_xticks(middles, ["token", "position"])
        ax.set_yticks([])
        ax.spines[:].set_visible(True)
    top.axhline(N - 0.5, color=THEORY, linewidth=1)
    top.set_yticks(middles, ["token", "position"], rotation=90, va="center")
    for key, query in [(0, 0), (0, 1), (1, 1)]:
        top.text(middles[query], middles[key], "0", **ZERO)
    bottom.text(middles[1], (len(R) - 1) / 2, "0", **ZERO)
    return Picture(figure, _words_of_blocks(W, R, N))


def _words_of_blocks(W: Array, R: Array, N: int) -> str:
    T = len(W) - N - 1
    inside = np.count_nonzero(W[N : N + T, :N])
    where = "all" if inside == np.count_nonzero(W) else str(inside)
    read = np.count_nonzero(R[:, :N])
    token = "all" if read == np.count_nonzero(R) else str(read)
    return (
        f"Two matrices of a head in blocks. Scores, {len(W)} by {len(W)}: {np.count_nonzero(W)} "
        f"entries are not zero, {where} of them in the {T} by {N} block where the position of the "
        f"key meets the token of the query. Readout, {len(R)} by {len(W)}: {np.count_nonzero(R)} "
        f"entries are not zero, {token} of them where the token is read."
    )


@drawn(base="N", crowd="N", pointer="N", truth="N")
@styled()
def prediction_parts(
    base: ArrayLike, crowd: ArrayLike, pointer: ArrayLike, truth: ArrayLike
) -> Picture:
    """Draw the three parts that add up to the truth: no knowledge, the crowd, the pointer.

    Parameters
    ----------
    base, crowd, pointer, truth : (N,) arrays
        mu, what the whole context adds to it, what the positions looked at add beyond that, and
        the law of the output.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-parts.

    Examples
    --------
    >>> prediction_parts([0.5, 0.5], [0.1, -0.1], [0.3, -0.3], [0.9, 0.1])
    Three parts and their sum, for each output token. No knowledge: 0.50, 0.50. Crowd: +0.10, \
-0.10. Pointer: +0.30, -0.30. Truth: 0.90, 0.10.
    """
    bars = [np.asarray(part) for part in (base, crowd, pointer, truth)]
    titles = [r"$\mu$", "+ crowd", "+ pointer", "= truth"]
    colors = [THEORY, VALUE, GREEN, TRUTH]
    figure, axes = new_figure(5.2, 2.4, ncols=4, sharey=True)
    for ax, heights, title, color in zip(axes, bars, titles, colors, strict=True):
        ax.bar(range(len(heights)), heights, color=color, width=0.7)
        ax.axhline(0, color=THEORY, linewidth=0.8)
        ax.set_title(title)
        ax.set_xticks(range(len(heights)), token_names(len(heights)))
    axes[0].set_ylabel("probability")
    figure.supxlabel("output token", fontsize="medium")
    return Picture(
        figure,
        f"Three parts and their sum, for each output token. No knowledge: {_row(bars[0])}. "
        f"Crowd: {_row(bars[1], '+.2f')}. Pointer: {_row(bars[2], '+.2f')}. "
        f"Truth: {_row(bars[3])}.",
    )


@drawn(predictions="B N", truth="B N", contexts="B")
@styled()
def corner_predictions(
    predictions: Mapping[str, ArrayLike], truth: ArrayLike, contexts: Sequence[str]
) -> Picture:
    """Draw what models of different knowledge predict for a few contexts, beside the truth.

    Parameters
    ----------
    predictions : mapping from a name in ``COLORS`` to (B, N) array
    truth : (B, N) array
        The law of the output.
    contexts : sequence of B str
        What the reader should know of each context.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-family.

    Examples
    --------
    >>> guess = {"neither": [[0.5, 0.5]], "both": [[0.9, 0.1]]}
    >>> corner_predictions(guess, [[0.9, 0.1]], ["1 1 0, then 0"])
    Predictions beside the truth. 1 1 0, then 0: truth 0.90, 0.10; neither 0.50, 0.50; both \
0.90, 0.10.
    """
    for name in predictions:
        checks.known("predictions, a name", name, list(COLORS))
    rows = {name: np.asarray(row) for name, row in predictions.items()}
    law = np.asarray(truth)
    figure, axes = new_figure(
        5.2, 1.5 + 1.3 * len(law), nrows=len(law), ncols=len(rows), sharey=True, squeeze=False
    )
    for line, context, exact, at in zip(axes, contexts, law, range(len(law)), strict=True):
        for ax, (name, guess) in zip(line, rows.items(), strict=True):
            _bars_beside_truth(ax, guess[at], exact, COLORS[name])
        _title_across(line, context)
    axes[len(law) // 2][0].set_ylabel("probability")
    for ax, name in zip(axes[-1], rows, strict=True):
        ax.set_xlabel(name, color=COLORS[name], fontweight="bold")
    return Picture(
        figure, f"Predictions beside the truth. {_words_of_corners(rows, law, contexts)}"
    )


def _words_of_corners(rows: Mapping[str, Array], law: Array, contexts: Sequence[str]) -> str:
    sentences = []
    for at, context in enumerate(contexts):
        guesses = "; ".join(f"{name} {_row(guess[at])}" for name, guess in rows.items())
        sentences.append(f"{context}: truth {_row(law[at])}; {guesses}.")
    return " ".join(sentences)


@drawn(lengths="n", losses="n")
@styled()
def losses_by_length(lengths: Sequence[int], losses: Mapping[str, ArrayLike]) -> Picture:
    """Draw the loss of models of different knowledge against the length of the context.

    Parameters
    ----------
    lengths : sequence of n int
        T.
    losses : mapping from a name in ``COLORS`` to (n,) array

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> losses_by_length([8, 80], {"what only": [0.32, 0.33], "both": [0.29, 0.29]})
    Loss against context length, from T = 8 to 80. what only: from 0.3200 to 0.3300. both: from \
0.2900 to 0.2900.
    """
    for name in losses:
        checks.known("losses, a name", name, list(COLORS))
    curves = {name: np.asarray(curve) for name, curve in losses.items()}
    figure, ax = new_figure(4.8, 3.2)
    for name, curve in curves.items():
        # knowing nothing may hide below another curve: it is drawn wider
        width, mark = (7, "") if name == "neither" else (2, "o")
        ax.semilogx(lengths, curve, lw=width, marker=mark, color=COLORS[name], label=name)
    ax.set(xlabel="context length $T$", ylabel="population loss (dimensionless)")
    ax.grid(axis="y")
    ax.legend(loc="center right")
    ends = [f"{name}: from {c[0]:.4f} to {c[-1]:.4f}." for name, c in curves.items()]
    return Picture(
        figure,
        f"Loss against context length, from T = {lengths[0]} to {lengths[-1]}. {' '.join(ends)}",
    )


@drawn(alphas="n", excess="n n")
@styled()
def loss_surfaces(
    alphas: ArrayLike,
    excess: Mapping[str, ArrayLike],
    saddles: Sequence[tuple[float, float]],
) -> Picture:
    """Draw the excess loss over the two signals, for a few tasks, one above the other.

    Parameters
    ----------
    alphas : (n,) array
        The values of alpha_V and of alpha_A.
    excess : mapping from a title to (n, n) array
        Loss minus irreducible loss; rows are alpha_A, columns alpha_V.
    saddles : sequence of (alpha_V, alpha_A), one for each surface

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.linspace(-1.2, 1.2, 13)
    >>> excess = 0.1 * (1 - np.outer(a, a)) ** 2
    >>> loss_surfaces(a, {"T = 8": excess}, [(0, -0.3)])
    Excess loss over alpha_V and alpha_A. T = 8: lowest 0.0000, highest 0.5954, saddle at \
(0.00, -0.30); truth at (1, 1), mirror point at (-1, -1).
    """
    surfaces = {title: np.asarray(surface) for title, surface in excess.items()}
    figure, axes = new_figure(4.4, 3.9 * len(surfaces), nrows=len(surfaces), squeeze=False)
    words = []
    for ax, (title, surface), point in zip(axes.flat, surfaces.items(), saddles, strict=True):
        _draw_surface(ax, np.asarray(alphas), surface, point)
        ax.set_title(title)
        words.append(
            f"{title}: lowest {surface.min():.4f}, highest {surface.max():.4f}, "
            f"saddle at ({point[0]:.2f}, {point[1]:.2f})"
        )
    return Picture(
        figure,
        f"Excess loss over alpha_V and alpha_A. {'. '.join(words)}; "
        "truth at (1, 1), mirror point at (-1, -1).",
    )


@drawn(alphas="n", excess="n n")
@styled()
def surface_point(
    alphas: ArrayLike,
    excess: ArrayLike,
    saddle: tuple[float, float],
    point: tuple[float, float],
    loss: float,
    best: float,
) -> Picture:
    """Draw where a model of the family stands on the surface of the loss.

    Parameters
    ----------
    alphas : (n,) array
    excess : (n, n) array
        Rows are alpha_A, columns alpha_V.
    saddle, point : (alpha_V, alpha_A)
    loss, best : float
        The loss at the point, and the irreducible loss.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.linspace(-1.2, 1.2, 13)
    >>> surface_point(a, 0.1 * (1 - np.outer(a, a)) ** 2, (0, -0.3), (0.5, 1.0), 0.325, 0.3)
    At alpha_V = 0.50, alpha_A = 1.00 the loss is 0.3250, which is 0.0250 above the irreducible \
loss.
    """
    figure, ax = new_figure(3.6, 3.6)
    _draw_surface(ax, np.asarray(alphas), np.asarray(excess), saddle)
    ax.plot(*point, "o", color=f"{AMBER}a0", markersize=13, markeredgecolor="black", zorder=5)
    ax.set_title(f"Loss {loss:.4f} = {best:.4f} + {abs(loss - best):.4f}")
    return Picture(
        figure,
        f"At alpha_V = {point[0]:.2f}, alpha_A = {point[1]:.2f} the loss is {loss:.4f}, "
        f"which is {abs(loss - best):.4f} above the irreducible loss.",
    )


@drawn(prediction="N", truth="N")
@styled()
def prediction_beside_truth(prediction: ArrayLike, truth: ArrayLike, context: str) -> Picture:
    """Draw one prediction as bars, and the law of the output as dashed lines.

    Parameters
    ----------
    prediction, truth : (N,) arrays
    context : str
        What the reader should know of the context.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 02-linear-transformer, eq-prediction.

    Examples
    --------
    >>> prediction_beside_truth([0.6, 0.4], [0.9, 0.1], "After A")
    After A: prediction 0.60, 0.40; truth 0.90, 0.10.
    """
    guess, law = np.asarray(prediction), np.asarray(truth)
    figure, ax = new_figure(3.6, 3.6)
    _bars_beside_truth(ax, guess, law, GREEN)
    ax.set(xlabel="output token", ylabel="probability", ylim=(-0.1, 0.9))
    ax.set_title(context)
    ax.legend(loc="upper right")
    return Picture(figure, f"{context}: prediction {_row(guess)}; truth {_row(law)}.")


def _title_across(line: Sequence[Axes], words: str) -> None:
    for ax in line:
        ax.set_title(" ")  # keeps the room
    title = line[0].annotate(words, (0, 1), (0, 8), "axes fraction", "offset points")
    title.set_in_layout(False)  # or the first pair of axes would be as wide as its title


def _bars_beside_truth(ax: Axes, guess: Array, law: Array, color: str) -> None:
    places = np.arange(len(law))
    left, right = places - 0.42, places + 0.42
    ax.hlines(law, left, right, TRUTH, (0, (2, 1)), zorder=3, label="truth")
    ax.bar(places, guess, color=color, width=0.7, label="prediction")
    ax.axhline(0, color=THEORY, linewidth=0.8)
    ax.set_xticks(places, token_names(len(law)))


def _draw_surface(ax: Axes, alphas: Array, excess: Array, saddle: tuple[float, float]) -> None:
    middle = np.abs(alphas).argmin()
    start = excess[middle, middle]
    levels = [level * start for level in LEVELS]
    shades = ["#ffffff", "#e8eff5", "#d3e0ea", "#b3c6d5", "#8fa9bf"]
    ax.contourf(alphas, alphas, excess, [-start, *levels], colors=shades, extend="max")
    ax.contour(alphas, alphas, excess, [start], colors="#555555")
    _mark(ax, (1, 1), "*", TRUTH, "truth")
    _mark(ax, (-1, -1), "D", PURPLE, "mirror")
    _mark(ax, (0, 0), "s", "white", "start")
    _mark(ax, saddle, "X", ATTENTION, "saddle")
    ax.set(xlabel=r"$\alpha_V$ (dimensionless)", ylabel=r"$\alpha_A$ (dimensionless)")
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")


def _mark(ax: Axes, at: tuple[float, float], marker: str, color: str, name: str) -> None:
    ax.plot(*at, marker, color=color, markeredgecolor="black", markersize=9, zorder=4)
    # the saddle may be close to the start, the truth to the edge: their names go to the left
    side, align = (-8, "right") if name in ("saddle", "truth") else (8, "left")
    lift = 6 if name in ("saddle", "start") else -4  # off the line that runs through both
    text = ax.annotate(name, at, (side, lift), textcoords="offset points", ha=align)
    text.set_in_layout(False)


def _row(numbers: Array, form: str = ".2f") -> str:
    return ", ".join(format(number, form) for number in numbers)
