"""Pictures of the task: its three parts, one sequence step by step, what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import ArrayLike

from scb_edu.figures.palette import (
    AMBER,
    ATTENTION,
    GREEN,
    INK,
    INK_ON_COLOR,
    PURPLE,
    SKY,
    THEORY,
    TRUTH,
    VALUE,
    YELLOW,
    ink_on,
)
from scb_edu.figures.picture import (
    Picture,
    heatmap,
    new_figure,
    styled,
    token_names,
)
from scb_edu.model.task import SCBTask
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import drawn

TOKEN_COLORS = (SKY, AMBER, GREEN, PURPLE, YELLOW, "#BBBBBB")
FAINT = 0.28  # opacity of what is there but not looked at
STEPS = 5  # of `sequence`
OUTPUT_ROW = -3.7  # the height at which `sequence` draws the output
WIDTH = 4.6  # inches of a picture of its own: still readable on a phone


@drawn(laws="steps N N", stationary="N")
@styled()
def settling(laws: ArrayLike, stationary: ArrayLike) -> Picture:
    """Draw how a bigram forgets its first token.

    Parameters
    ----------
    laws : (steps, N, N) array
        ``laws[j, n, m]`` is the chance of token n, j steps after token m.
    stationary : (N,) array
        mu, where all of them end.

    Returns
    -------
    Picture
        One panel a token, one line a first token.

    Notes
    -----
    Book: 01-bigrams, eq-stationary.

    Examples
    --------
    >>> import numpy as np
    >>> P = np.array([[0.9, 0.5], [0.1, 0.5]])
    >>> settling([np.linalg.matrix_power(P, j) for j in range(4)], [5 / 6, 1 / 6])
    After 3 steps the chances of A, B are 0.83, 0.17 within 0.1, whatever the first token was.
    """
    chances, mu = np.asarray(laws), np.asarray(stationary)
    names = token_names(len(mu))
    rows = -(-len(mu) // 2)
    figure, axes = new_figure(WIDTH, 2.2 * rows, nrows=rows, ncols=2, sharey=True, squeeze=False)
    for n, ax in zip(range(len(mu)), axes.flat, strict=False):
        for m, first in enumerate(names):
            ax.plot(chances[:, n, m], ".-", color=TOKEN_COLORS[m % 6], label=f"{first} first")
        ax.axhline(mu[n], color=TRUTH, linestyle="--", linewidth=1.2, label=r"$\mu$", zorder=0)
        ax.set(title=f"Chance of {names[n]}", xlabel="steps later", ylim=(0, 1.02))
        ax.set_xticks(range(0, len(chances), 2))
    for ax in axes[:, 0]:
        ax.set_ylabel("probability")
    _legend_beside(axes, len(mu))
    gap = np.abs(chances[-1] - mu[:, None]).max()
    words = (
        f"After {len(chances) - 1} steps the chances of {', '.join(names)} are "
        f"{_listed(mu)} within {_above(gap)}, whatever the first token was."
    )
    return Picture(figure, words)


def _legend_beside(axes: np.ndarray, used: int) -> None:
    """Put the legend into the cell of the grid that is left over, or into the last panel."""
    lines = axes.flat[0].get_legend_handles_labels()
    spare = used < axes.size
    axes.flat[-1].legend(*lines, loc="center" if spare else "upper right")
    if spare:
        axes.flat[-1].set_axis_off()


@drawn()
@styled()
def task_parts(task: SCBTask) -> Picture:
    """Draw P and Q of a task, and mu below P.

    Parameters
    ----------
    task : SCBTask

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task_parts(scb.SCBTask.example()).words.split(".")[0]
    'A task with 3 tokens and 8 positions'
    """
    figure, axes = new_figure(WIDTH, 4.4, nrows=2, ncols=2, gridspec_kw={"height_ratios": [1.6, 1]})
    _transition(axes[0, 0], task.transition)
    _stationary(axes[1, 0], task.stationary)
    tall = axes[0, 1].get_gridspec()[:, 1]
    axes[1, 1].remove()
    axes[0, 1].set_subplotspec(tall)
    _attention(axes[0, 1], task.attention)
    names = token_names(task.vocab_size)
    looks = ", ".join(
        f"{name} at {_positions(column)}"
        for name, column in zip(names, task.attention.T, strict=True)
    )
    words = (
        f"A task with {task.vocab_size} tokens and {task.context_length} positions. "
        f"The stationary distribution of {', '.join(names)} is {_listed(task.stationary, 3)}. "
        f"The last token looks at positions: {looks}."
    )
    return Picture(figure, words)


def _transition(ax: Axes, transition: Array) -> None:
    heatmap(ax, transition, limits=(0, 1))
    names = token_names(len(transition))
    ax.set_aspect("auto")
    ax.set(title="Transition $P$", xlabel="source token $m$", ylabel="output $n$")
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)


def _stationary(ax: Axes, stationary: Array) -> None:
    """Draw mu as bars that stand below the columns of P."""
    N = len(stationary)
    ax.bar(range(N), stationary, color=THEORY, width=0.7)
    for n, mass in enumerate(stationary):
        y = mass + 0.02 * stationary.max()
        ax.text(n, y, f"{mass:.3f}", ha="center", va="bottom", fontsize="small")
    ax.set(title=r"Stationary $\mu$", xlabel="token", yticks=[], xlim=(-0.5, N - 0.5))
    ax.set_ylim(0, stationary.max() * 1.25)
    ax.spines["left"].set_visible(False)
    ax.set_xticks(range(N), token_names(N))
    ax.tick_params(length=0)


def _attention(ax: Axes, attention: Array, title: str = "Attention $Q$") -> None:
    T, N = attention.shape
    image = heatmap(ax, attention, color=ATTENTION, limits=(0, 1), numbers=False)
    ax.set_aspect("auto")
    if T <= 8:
        for t, k in np.argwhere(attention > 0.15):  # less is a pale cell without a number
            ink = ink_on(to_hex(tuple(image.to_rgba(attention[t, k]))))
            ax.text(k, t, f"{attention[t, k]:.1f}", ha="center", va="center", color=ink)
    ax.set(title=title, xlabel="last token $k$", ylabel="position $t$")
    ax.set_xticks(range(N), token_names(N))
    ax.set_yticks(range(0, T, 1 if T <= 8 else T // 4))
    for edge in np.arange(1, N) - 0.5:
        ax.axvline(edge, color="#e6e6e6", linewidth=1)


@drawn(tokens="T")
@styled()
def sequence(
    task: SCBTask,
    tokens: Sequence[int],
    last: int,
    position: int,
    output: int,
    *,
    steps: int = STEPS,
) -> Picture:
    """Draw how one output comes about, up to one of five steps.

    Parameters
    ----------
    task : SCBTask
    tokens : sequence of T token ids
        The context.
    last : int
        The last token k.
    position : int
        The position s that was drawn from column k of Q.
    output : int
        What was drawn from column ``tokens[position]`` of P.
    steps : int
        1 the tokens, 2 where the last one looks, 3 the position drawn, 4 the column of P,
        5 the output.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task = scb.SCBTask.example(4)
    >>> sequence(task, [2, 1, 0, 0], last=0, position=1, output=1, steps=3)
    Step 3 of 5: position 1 is drawn; it holds B. Context C B A A, last token A.
    """
    checks.index("position", position, task.context_length)
    for name, token in (("last", last), ("output", output)):
        checks.index(name, token, task.vocab_size)
    checks.token_ids("tokens", tokens, 1, task.vocab_size)
    checks.shape_is("tokens", np.asarray(tokens), (task.context_length,), "(T,)")
    checks.positive_int("steps", steps, most=STEPS)
    names = token_names(task.vocab_size)
    figure, ax = new_figure(4.3, 3.4)
    source, end = int(tokens[position]), len(tokens) + 0.7
    _boxes(ax, [names[x] for x in tokens], tokens, position if steps > 2 else None)
    _box(ax, end, 0, names[last], last, edge=ATTENTION)
    ax.text(end, -0.85, "last", ha="center", color=ATTENTION)
    if steps > 1:
        _glances(ax, task.attention[:, last], position if steps > 2 else None)
    if steps > 3:
        _column(ax, task.transition[:, source], names, position, output if steps > 4 else None, end)
    if steps > 4:
        _box(ax, end, OUTPUT_ROW, names[output], output, edge=VALUE)
    else:
        _box(ax, end, OUTPUT_ROW, "?", None, edge=THEORY)
    ax.text(end, OUTPUT_ROW - 0.85, "output", ha="center", color=VALUE)
    telling = _telling(task, names, tokens, last, position, output)[steps - 1]
    ax.set_title(f"{steps}. {telling[0].upper()}{telling[1:]}.")
    ax.set(xlim=(-0.7, len(tokens) + 1.4), ylim=(-5.3, 2.1))
    ax.set_axis_off()
    context = " ".join(names[x] for x in tokens)
    words = f"Step {steps} of {STEPS}: {telling}. Context {context}, last token {names[last]}."
    return Picture(figure, words)


def _telling(
    task: SCBTask, names: list[str], tokens: Sequence[int], last: int, position: int, output: int
) -> list[str]:
    source = names[tokens[position]]
    plural = "s" if np.count_nonzero(task.attention[:, last]) > 1 else ""
    return [
        f"a context of {len(tokens)} tokens, then the last token {names[last]}",
        f"{names[last]} looks at position{plural} {_positions(task.attention[:, last])}",
        f"position {position} is drawn; it holds {source}",
        f"the output follows column {source} of P",
        f"{names[output]} is drawn from that column",
    ]


def _box(ax: Axes, x: float, y: float, name: str, token: int | None, **style: Any) -> None:
    color = "white" if token is None else TOKEN_COLORS[token % 6]
    edge = style.get("edge")
    box = FancyBboxPatch(
        (x - 0.36, y - 0.36),
        0.72,
        0.72,
        boxstyle="round,pad=0.05,rounding_size=0.12",
        facecolor=color,
        edgecolor=edge or "white",
        linewidth=2.5 if edge else 1,
        alpha=style.get("alpha", 1),
    )
    ax.add_patch(box)
    ink = INK if token is None or style.get("alpha", 1) < 1 else INK_ON_COLOR
    ax.text(x, y, name, ha="center", va="center", size=13, weight="bold", color=ink)


def _boxes(ax: Axes, names: list[str], tokens: Sequence[int], chosen: int | None) -> None:
    for t, (name, token) in enumerate(zip(names, tokens, strict=True)):
        faint = chosen is not None and t != chosen
        edge = "#222222" if t == chosen else None
        _box(ax, t, 0, name, token, alpha=FAINT if faint else 1, edge=edge)
        ax.text(t, -0.85, str(t), ha="center", color="#555555")


def _glances(ax: Axes, weights: Array, chosen: int | None) -> None:
    """Arcs from the last token to the positions it looks at, as wide as their weights."""
    last = len(weights) + 0.7
    for t in np.flatnonzero(weights).tolist():
        alpha = FAINT if chosen is not None and t != chosen else 1
        bend = (0.16 + 0.9 / (last - t + 1)) * (last - t)  # in data units: no width cuts it off
        corners = [(last, 0.5), ((last + t) / 2, 0.5 + bend), (t, 0.5)]
        arc = FancyArrowPatch(
            path=Path(corners, [Path.MOVETO, Path.CURVE3, Path.CURVE3]),
            arrowstyle="-|>,head_width=3.5,head_length=6",
            linewidth=1 + 4 * weights[t],
            color=ATTENTION,
            alpha=alpha,
        )
        ax.add_patch(arc)
        # low enough for the arc to a position further left to pass above it
        ax.text(t - 0.15, 0.6, f"{weights[t]:.2g}", color=ATTENTION, ha="right", weight="bold")


def _column(
    ax: Axes, column: Array, names: list[str], position: int, output: int | None, out: float
) -> None:
    """Draw the law of the output as bars, with an arrow from the source token down to it."""
    left, long, height = 1.6, 3.6, 2.4 / len(column)
    line: Any = {"arrowstyle": "-|>", "color": "#222222", "linewidth": 1.6}
    ax.annotate("", (left + 0.9, OUTPUT_ROW + 1.45), (position, -1.1), arrowprops=line)
    for n, chance in enumerate(column):
        y = OUTPUT_ROW + 1.2 - (n + 0.5) * height
        bar = Rectangle((left, y - 0.4 * height), long * chance, 0.8 * height, color=VALUE)
        bar.set_alpha(1 if output in (None, n) else FAINT)
        ax.add_patch(bar)
        ax.text(left - 0.25, y, names[n], ha="right", va="center", weight="bold")
        ax.text(left + long * chance + 0.15, y, f"{chance:.2g}", va="center")
        if n == output:
            start = (left + long * chance + 0.95, y)
            ax.annotate("", (out - 0.5, OUTPUT_ROW), start, arrowprops=line | {"color": VALUE})


@drawn(law="...", seen="...", error="...")
@styled()
def frequencies(law: ArrayLike, seen: ArrayLike, error: ArrayLike) -> Picture:
    """Draw frequencies of a sampler against the probabilities of a formula.

    Parameters
    ----------
    law, seen, error : arrays of one shape
        Probabilities, relative frequencies and their standard errors.

    Returns
    -------
    Picture
        Above, one against the other; below, the difference in standard errors.

    Notes
    -----
    Book: 01-bigrams, eq-conditional-mean.

    Examples
    --------
    >>> frequencies([0.2, 0.8], [0.21, 0.79], [0.01, 0.01])
    2 frequencies against their probabilities: the largest difference is 1.0 standard errors.
    """
    p, f, e = (np.ravel(part) for part in (law, seen, error))
    figure, (top, bottom) = new_figure(
        WIDTH, 4.4, nrows=2, sharex=True, gridspec_kw={"height_ratios": [2, 1]}
    )
    top.plot([0, 1], [0, 1], "--", color=TRUTH, linewidth=1.2)
    top.plot(p, f, "o", color=VALUE, markersize=5)
    top.set(ylabel="frequency in the sample", xlim=(0, p.max() + 0.1), ylim=(0, p.max() + 0.1))
    gap = (f - p) / e
    reach = max(3.0, np.abs(gap).max() + 0.5)
    bottom.axhspan(-2, 2, color="#eeeeee")
    bottom.axhline(0, color=TRUTH, linestyle="--", linewidth=1.2)
    bottom.plot(p, gap, "o", color=VALUE, markersize=5)
    bottom.set(
        xlabel="probability by the formula",
        ylabel="difference\n(std. errors)",
        ylim=(-reach, reach),
    )
    words = (
        f"{len(p)} frequencies against their probabilities: the largest difference is "
        f"{np.abs(gap).max():.1f} standard errors."
    )
    return Picture(figure, words)


@drawn()
@styled()
def task_gallery(tasks: Mapping[str, SCBTask]) -> Picture:
    """Draw P above Q for a few named tasks, two tasks beside each other.

    Parameters
    ----------
    tasks : mapping of str to SCBTask

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import scb_edu as scb
    >>> task_gallery({"example": scb.SCBTask.example(), "long": scb.SCBTask.example(20)})
    P and Q of 2 tasks. example: T = 8, Q = 2. long: T = 20, Q = 2.
    """
    if not tasks:
        raise ScbError("tasks: expected at least one, got none.")
    rows = -(-len(tasks) // 2)
    figure, axes = new_figure(
        WIDTH, 4.1 * rows, nrows=2 * rows, ncols=2, gridspec_kw={"height_ratios": [1, 1.9] * rows}
    )
    cells = [(axes[2 * i, side], axes[2 * i + 1, side]) for i in range(rows) for side in (0, 1)]
    for (name, task), (top, bottom) in zip(tasks.items(), cells, strict=False):
        _transition(top, task.transition)
        _attention(bottom, task.attention, title="")
        top.set(title=name, xlabel="")
    for ax in axes[:, 1]:
        ax.set_ylabel("")
    if len(tasks) < len(cells):
        for ax in cells[-1]:
            ax.remove()
    sizes = " ".join(
        f"{name}: T = {task.context_length}, Q = {task.sparsity}." for name, task in tasks.items()
    )
    return Picture(figure, f"P and Q of {len(tasks)} tasks. {sizes}".replace("\n", " "))


@drawn()
@styled()
def predictors(losses: Mapping[str, float], floor: float) -> Picture:
    """Draw the losses of named predictors above the loss that nobody goes below.

    Parameters
    ----------
    losses : mapping of str to float
    floor : float
        The irreducible loss.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-bayes-loss.

    Examples
    --------
    >>> predictors({"blind": 0.33, "best": 0.29}, 0.29)
    Losses: blind 0.330, best 0.290. The irreducible loss is 0.290.
    """
    figure, ax = new_figure(WIDTH, 0.9 + 0.42 * len(losses))
    for row, loss in enumerate(losses.values()):
        ax.barh(row, min(floor, loss), color="#cfcfcf", height=0.6)
        ax.barh(row, max(loss - floor, 0), left=floor, color=VALUE, height=0.6)
        ax.text(loss + 0.01, row, f"{loss:.3f}", va="center")
    ax.axvline(floor, color=TRUTH, linestyle="--", linewidth=1.2)
    ax.set_yticks(range(len(losses)), losses)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="loss (dimensionless)", xlim=(0, max(losses.values()) * 1.25))
    ax.set_ylim(len(losses) - 0.5, -0.9)
    ax.text(floor - 0.006, -0.42, "irreducible", ha="right", va="bottom", color=TRUTH)
    listed = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
    return Picture(figure, f"Losses: {listed}. The irreducible loss is {floor:.3f}.")


@drawn(counts="n", bits="n", losses="n")
@styled()
def spreading(
    counts: Sequence[int],
    bits: Sequence[float],
    losses: Sequence[float],
    *,
    blind: tuple[float, float],
    known: tuple[float, float],
) -> Picture:
    """Draw entropy and irreducible loss against the number of positions looked at.

    Parameters
    ----------
    counts : sequence of int
        Q.
    bits, losses : sequences of float
        Conditional entropy and irreducible loss for each Q.
    blind, known : (bits, loss)
        For someone who sees nothing, and for someone who sees the source token.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-entropy.

    Examples
    --------
    >>> spreading([1, 2], [1.3, 1.4], [0.26, 0.3], blind=(1.6, 0.33), known=(1.3, 0.26))
    From Q = 1 to Q = 2 the entropy rises from 1.300 to 1.400 bits and the loss from 0.260 to 0.300.
    """
    figure, axes = new_figure(WIDTH, 5.0, nrows=2, sharex=True)
    for ax, values, low, high, name, color in (
        (axes[0], bits, known[0], blind[0], "entropy (bits)", PURPLE),
        (axes[1], losses, known[1], blind[1], "irreducible loss", VALUE),
    ):
        ax.axhline(high, color=THEORY, linestyle="--", linewidth=1.2)
        ax.axhline(low, color=THEORY, linestyle="--", linewidth=1.2)
        ax.plot(counts, values, "o-", color=color)
        gap = high - low
        ax.text(counts[-1], high + 0.04 * gap, "sees nothing", color=THEORY, ha="right")
        ax.text(counts[-1], low - 0.12 * gap, "sees the source", color=THEORY, ha="right")
        ax.set(ylabel=name, xticks=counts)
        ax.set_ylim(low - 0.2 * gap, high + 0.2 * gap)
    axes[-1].set_xlabel("positions looked at, $Q$")
    words = (
        f"From Q = {counts[0]} to Q = {counts[-1]} the entropy rises from {bits[0]:.3f} to "
        f"{bits[-1]:.3f} bits and the loss from {losses[0]:.3f} to {losses[-1]:.3f}."
    )
    return Picture(figure, words)


@drawn(transition="N N", stationary="N")
@styled()
def transition_panel(transition: Array, stationary: Array) -> Picture:
    """Draw P and mu as one panel of an explorer.

    Parameters
    ----------
    transition : (N, N) array
    stationary : (N,) array

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-stationary.

    Examples
    --------
    >>> import numpy as np
    >>> transition_panel(np.full((2, 2), 0.5), np.full(2, 0.5))
    P for 2 tokens, its largest entry 0.50; the stationary distribution is 0.50, 0.50.
    """
    figure, axes = new_figure(4.0, 2.5, ncols=2, gridspec_kw={"width_ratios": [1.6, 1]})
    heatmap(axes[0], transition, limits=(0, 1), numbers=len(transition) <= 4, form="{:.2f}")
    names = token_names(len(transition))
    axes[0].set_xticks(range(len(names)), names)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set(title="$P$", xlabel="source", ylabel="output")
    axes[1].barh(range(len(names)), stationary, color=THEORY, height=0.7)
    axes[1].set(title=r"$\mu$", xlabel="probability", xlim=(0, 1), xticks=[0, 0.5, 1])
    axes[1].set_yticks(range(len(names)), names)
    axes[1].invert_yaxis()
    words = (
        f"P for {len(names)} tokens, its largest entry {transition.max():.2f}; "
        f"the stationary distribution is {_listed(stationary)}."
    )
    return Picture(figure, words)


@drawn(attention="T N")
@styled()
def attention_panel(attention: Array) -> Picture:
    """Draw Q as one panel of an explorer.

    Parameters
    ----------
    attention : (T, N) array

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> import scb_edu as scb
    >>> attention_panel(scb.SCBTask.example().attention)
    Q for 3 last tokens and 8 positions; after A it looks at 1 (0.6) and 5 (0.4).
    """
    figure, ax = new_figure(4.0, 2.5)
    T, N = attention.shape
    heatmap(ax, attention.T, color=ATTENTION, limits=(0, 1), numbers=False)
    ax.set_aspect("auto")
    ax.set_xticks(range(0, T, 1 if T <= 8 else T // 8))
    ax.set_yticks(range(N), token_names(N))
    ax.set_xticks([], minor=True)
    ax.set_yticks(np.arange(1, N) - 0.5, minor=True)
    ax.grid(which="minor", color="#e6e6e6", linewidth=1)
    ax.tick_params(which="both", length=0)
    ax.set(title="$Q$, a row for each last token", xlabel="position", ylabel="last token")
    words = (
        f"Q for {N} last tokens and {T} positions; "
        f"after A it looks at {_positions(attention[:, 0])}."
    )
    return Picture(figure, words)


@drawn(bits="3", losses="3")
@styled()
def unknown_panel(bits: Sequence[float], losses: Sequence[float], largest: float) -> Picture:
    """Draw what stays unknown to three readers of a sequence, as one panel of an explorer.

    Parameters
    ----------
    bits, losses : three numbers each
        Entropy and loss of one who sees nothing, of one who sees context and last token, and of
        one who is told the source as well.
    largest : float
        The end of the scale of the bits, log2 N.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 01-bigrams, eq-entropy.

    Examples
    --------
    >>> print(unknown_panel([1.6, 1.4, 1.3], [0.33, 0.29, 0.26], 1.58).words.split(";")[0])
    Unknown to one who sees nothing: 1.60 bits, loss 0.330
    """
    readers = ["nothing", "context, $k$", "the source"]
    figure, axes = new_figure(4.0, 1.9, ncols=2, sharey=True)
    for ax, values, end, form in ((axes[0], bits, largest, ".2f"), (axes[1], losses, 0.5, ".3f")):
        ax.barh(readers, values, color=["#cfcfcf", VALUE, THEORY], height=0.62)
        for row, value in enumerate(values):
            ax.text(value + 0.03 * end, row, f"{value:{form}}", va="center")
        ax.set(xlim=(0, end * 1.4), xticks=[])  # the numbers stand beside the bars
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0].invert_yaxis()
    axes[0].set(title="Unknown (bits)", ylabel="one who sees")
    axes[1].set_title("Loss")
    words = (
        f"Unknown to one who sees nothing: {bits[0]:.2f} bits, loss {losses[0]:.3f}; "
        f"context and last token: {bits[1]:.2f} bits, loss {losses[1]:.3f}; "
        f"the source too: {bits[2]:.2f} bits, loss {losses[2]:.3f}."
    )
    return Picture(figure, words)


def _positions(weights: Array) -> str:
    """Return the positions that have weight, in words: 1 (0.6) and 5 (0.4)."""
    parts = [f"{t} ({weights[t]:.1f})" for t in np.flatnonzero(weights)]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _listed(numbers: Array, digits: int = 2) -> str:
    return ", ".join(f"{number:.{digits}f}" for number in numbers)


def _above(gap: float) -> str:
    """Return the first of 0.1, 0.05, 0.01, ... that is not below the gap."""
    rulers = [10.0**power * digit for power in range(-8, 0) for digit in (1, 5)]
    return f"{next((ruler for ruler in rulers if ruler >= gap), 1.0):.1g}"
