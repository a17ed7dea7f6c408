"""Pictures of chapter 3: where gradients land, how noisy they are, and what tames them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from scb_edu.figures.palette import ATTENTION, THEORY, TRUTH, VALUE
from scb_edu.figures.picture import (
    Picture,
    heatmap,
    new_figure,
    styled,
    token_names,
)
from scb_edu.model.gradients import Gradient
from scb_edu.model.similarity import GradientComparison
from scb_edu.model.task import Batch
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn


@drawn(context="N", residual="N")
@styled()
def where_it_lands(gradient: Gradient, batch: Batch, context: Array, residual: Array) -> Picture:
    """Draw the gradient of one sample: all of V, and a single column of A.

    Parameters
    ----------
    gradient : Gradient
        Of a batch of one.
    batch : Batch
        That batch.
    context, residual : (N,) arrays
        h = X a_k and r = V h - e_o.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 03-gradients, eq-sample-gradient.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu import figures
    >>> task, rng = scb.SCBTask.example(), np.random.default_rng(0)
    >>> model, batch = scb.LinearTransformer.initial(task), task.sample(1, rng)
    >>> h = scb.model.token_attention(model.attention, batch.tokens, batch.last, 3)[0]
    >>> r = model.value @ h
    >>> figures.where_it_lands(scb.gradient(model, batch), batch, h, r).words[:26]
    'One sample: all 9 entries '
    """
    figure, (left, right) = new_figure(4.8, 3.4, ncols=2)
    N, k = len(context), int(batch.last[0])
    names = token_names(N)
    heatmap(left, gradient.value, color=VALUE)
    _zeros_as_dots(left, gradient.value)
    left.set(title="dV = r hᵀ", aspect="auto")
    _ticks(left.xaxis, [f"{name}\n{h:.2f}" for name, h in zip(names, context, strict=True)])
    _ticks(left.yaxis, [f"{name}  {r:+.2f}" for name, r in zip(names, residual, strict=True)])
    left.set(xlabel="source token and h", ylabel="output token and r")
    heatmap(right, gradient.attention, color=ATTENTION)
    _zeros_as_dots(right, gradient.attention)
    right.set_title("dA: one column")
    right.set_aspect("auto")
    _ticks(right.xaxis, names)
    _ticks(right.yaxis, [f"{t}: {names[x]}" for t, x in enumerate(batch.tokens[0])])
    right.set(xlabel="last token", ylabel="position and its token")
    moved = np.flatnonzero(gradient.attention.any(axis=0))
    words = (
        f"One sample: {_count(gradient.value)} of the gradient of V differ from zero, and only "
        f"column {' and '.join(names[n] for n in moved)} of the gradient of A, the column of "
        f"its last token {names[k]}; there, positions that hold the same token get the same "
        f"number, {_per_token(gradient.attention[:, k], batch.tokens[0], names)}."
    )
    return Picture(figure, words)


@drawn(sizes="n", errors="repeats n")
@styled()
def error_against_samples(sizes: Sequence[int], errors: Array, slope: float) -> Picture:
    """Draw the relative error of sampled gradients against the number of samples.

    Parameters
    ----------
    sizes : (n,) sequence of int
        Batch sizes M.
    errors : (repeats, n) array
        Relative errors, a row for each repeat.
    slope : float
        Of the fitted line in logarithms.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import figures
    >>> figures.error_against_samples([1, 4], np.array([[1.0, 0.5], [1.0, 0.5]]), -0.5)
    The relative error falls from 1.00 at M = 1 to 0.50 at M = 4; the fitted slope is -0.50.
    """
    mean, spread = errors.mean(axis=0), errors.std(axis=0)
    figure, ax = new_figure(4.6, 3.3)
    # the formula's line goes through the middle of the measurements
    level = np.exp(np.mean(np.log(mean * np.sqrt(sizes))))
    ax.plot(sizes, level / np.sqrt(sizes), "--", color=THEORY, label="1/√M")
    ax.errorbar(sizes, mean, spread, fmt="o", color=ATTENTION, capsize=3, label="measured")
    _logarithmic(ax, sizes)
    _plain_numbers(ax, mean)
    ax.set(xlabel="samples M", ylabel="relative error of dA")
    ax.legend()
    words = (
        f"The relative error falls from {mean[0]:.2f} at M = {sizes[0]} to {mean[-1]:.2f} "
        f"at M = {sizes[-1]}; the fitted slope is {slope:.2f}."
    )
    return Picture(figure, words)


@drawn(before="rows N", after="rows N", stationary="N")
@styled()
def columns_before_after(before: Array, after: Array, stationary: Array) -> Picture:
    """Draw a gradient's columns before and after they are divided by the mass of their token.

    Parameters
    ----------
    before, after : (rows, N) arrays
    stationary : (N,) array
        mu.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 03-gradients, eq-precondition.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import figures
    >>> picture = figures.columns_before_after(np.diag([0.8, 0.2]), np.eye(2), np.array([0.8, 0.2]))
    >>> picture.words[:64]
    'Before, the columns have lengths 0.800, 0.200, in step with the '
    """
    figure, axes = new_figure(4.6, 6.0, nrows=2)
    for ax, matrix, title in zip(axes, (before, after), ("before", "after"), strict=True):
        heatmap(ax, matrix, numbers=False)
        names = token_names(len(matrix))
        rows = zip(names, stationary, np.linalg.norm(matrix, axis=0), strict=True)
        _ticks(ax.xaxis, [f"{name}\n{share:.2f}\n{length:.3f}" for name, share, length in rows])
        _ticks(ax.yaxis, names)
        ax.set(
            xlabel="source token, share μ, length",
            ylabel="output token",
            title=title,
            aspect="auto",
        )
    words = (
        f"Before, the columns have lengths {_numbers(before)}, in step with the shares "
        f"{', '.join(f'{share:.2f}' for share in stationary)}; after the division they have "
        f"lengths {_numbers(after)}."
    )
    return Picture(figure, words)


@drawn(plain="steps N", preconditioned="steps N", stationary="N")
@styled()
def learning_by_token(plain: Array, preconditioned: Array, stationary: Array) -> Picture:
    """Draw how fast each column of A is learned, with and without the division by mu.

    Parameters
    ----------
    plain, preconditioned : (steps, N) arrays
        Error of each column, as a share of its error at step 0.
    stationary : (N,) array
        mu.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 03-gradients, eq-precondition.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import figures
    >>> fast, slow = 0.5 ** np.arange(4), 0.9 ** np.arange(4)
    >>> both = np.stack([fast, slow], axis=1), np.stack([fast, fast], axis=1)
    >>> figures.learning_by_token(*both, np.array([0.9, 0.1]))
    After 3 steps the plain descent leaves 12 %, 73 % of the error in columns A, B; the \
preconditioned one leaves 12 % to 12 % in every column.
    """
    figure, ax = new_figure(4.8, 3.6)
    steps, last = np.arange(len(plain)), len(plain) - 1
    names = token_names(len(stationary))
    for k, share in enumerate(stationary):
        fade = 1 - 0.7 * k / len(stationary)  # rarer tokens are paler
        ax.plot(steps, plain[:, k], color=ATTENTION, alpha=fade)
        ax.annotate(
            f"{names[k]}  μ = {share:.2f}",
            (last, plain[-1, k]),
            (6, 0),
            textcoords="offset points",
            va="center",
        )
    ax.plot(steps, preconditioned, "--", color=TRUTH)
    ax.plot([], [], color=ATTENTION, label="plain, one line per column")
    ax.plot([], [], "--", color=TRUTH, label="preconditioned, all columns")
    ax.set(xlabel="steps", ylabel="share of the error left", ylim=(0, 1.02), xlim=(0, last))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1))
    end = preconditioned[-1]
    words = (
        f"After {last} steps the plain descent leaves {', '.join(f'{x:.0%}' for x in plain[-1])} "
        f"of the error in columns {', '.join(names)}; the preconditioned one leaves "
        f"{end.min():.0%} to {end.max():.0%} in every column."
    ).replace("%", " %")
    return Picture(figure, words)


@drawn(contexts="n", along="n", across="n", formulas="n")
@styled()
def curvature(
    contexts: Sequence[int], along: Array, across: Array, formulas: tuple[Array, Array]
) -> Picture:
    """Draw the curvature of the population loss in a column of A against the context length.

    Parameters
    ----------
    contexts : (n,) sequence of int
        T.
    along, across : (n,) arrays
        Measured along 1/sqrt(T), and along a direction that sums to zero.
    formulas : pair of (n,) arrays
        The same two by the formula.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 03-gradients, eq-curvature.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import figures
    >>> up, flat = np.array([1.0, 10.0]), np.array([0.1, 0.1])
    >>> figures.curvature([10, 100], up, flat, (up, flat))
    From T = 10 to T = 100 the curvature along the direction of all ones grows from 1 to 10; \
in a direction that sums to zero it stays at 0.1.
    """
    figure, ax = new_figure(4.6, 3.3)
    ax.plot(contexts, formulas[0], "--", color=THEORY, label="formula")
    ax.plot(contexts, formulas[1], "--", color=THEORY)
    ax.plot(contexts, along, "o", color=ATTENTION, label="along 1")
    ax.plot(contexts, across, "s", color=VALUE, label="sum zero")
    _logarithmic(ax, contexts)
    ax.set(xlabel="context length T", ylabel="curvature of the loss")
    ax.legend()
    words = (
        f"From T = {contexts[0]} to T = {contexts[-1]} the curvature along the direction of all "
        f"ones grows from {along[0]:.3g} to {along[-1]:.3g}; in a direction that sums to zero "
        f"it stays at {across[-1]:.3g}."
    )
    return Picture(figure, words)


@drawn(exact="T", sampled="T")
@styled()
def push_on_column(
    exact: Array,
    sampled: Array,
    samples: int,
    close: GradientComparison,
    limits: tuple[float, float] | None = None,
) -> Picture:
    """Draw the push on one column of A, sampled and exact: minus the gradient at each position.

    Parameters
    ----------
    exact, sampled : (T,) arrays
    samples : int
        M.
    close : GradientComparison
        Of the whole gradient of A.
    limits : (low, high), optional
        The ends of the vertical axis, the same for pictures that are to be compared.

    Returns
    -------
    Picture
        4 inches wide, for a panel.

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu import figures
    >>> exact, noisy = np.array([0.0, 1.0, 0.0]), np.array([0.1, 0.9, 0.0])
    >>> figures.push_on_column(exact, noisy, 64, scb.model.compare_gradients(noisy, exact))
    M = 64 samples at T = 3: cosine 0.99 with the exact gradient of A, relative error 0.14. \
The one position that should rise ranks 1 among the sampled pushes.
    """
    figure, ax = new_figure(4, 3.5)
    positions = np.arange(len(exact))
    targets = positions[exact > 0]
    width = 3.0 if len(exact) <= 32 else 1.0
    ax.vlines(positions, 0, sampled, color=ATTENTION, linewidth=width, label="sampled")
    ax.plot(
        targets, exact[targets], "o", color=TRUTH, mfc="none", mew=1.6, ms=9, label="exact peak"
    )
    ax.axhline(0, color=THEORY, linewidth=0.8)
    ax.set(xlabel="position t", ylabel="push on column A", ylim=limits)
    _legend_above(ax)
    ranks = sorted(int((sampled > sampled[t]).sum()) + 1 for t in targets)
    words = (
        f"M = {samples} samples at T = {len(exact)}: cosine {close.cosine:.2f} with the exact "
        f"gradient of A, relative error {close.relative_error:.2f}. {_ranked(ranks)}"
    )
    return Picture(figure, words)


@drawn(sizes="n", cosines="n")
@styled()
def cosine_against_samples(
    sizes: Sequence[int], cosines: Array, needed: float, context_length: int, samples: int
) -> Picture:
    """Draw the cosine between sampled and exact gradient against the number of samples.

    Parameters
    ----------
    sizes : (n,) sequence of int
        M.
    cosines : (n,) array
        Measured.
    needed : float
        M*, the number of samples at which noise and signal are equally long.
    context_length : int
        T, for the words.
    samples : int
        The M to mark, one of the sizes.

    Returns
    -------
    Picture
        4 inches wide, for a panel.

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import figures
    >>> figures.cosine_against_samples([10, 1000], np.array([0.3, 0.95]), 100, 8, 1000)
    At T = 8 noise and signal are equally long at M = 100 samples; the cosine at M = 1000 is 0.95.
    """
    figure, ax = new_figure(4, 3.5)
    fine = np.geomspace(sizes[0], 4 * sizes[-1], 60)
    ax.plot(fine, 1 / np.sqrt(1 + needed / fine), "--", color=THEORY, label="formula")
    ax.plot(sizes, cosines, "o", color=ATTENTION, label="sampled")
    here = list(sizes).index(samples)
    ax.plot(samples, cosines[here], "o", color=TRUTH, mfc="none", mew=1.6, ms=13)
    ax.axvline(needed, color=THEORY, linewidth=1)
    ax.text(needed, 0.03, f"M* = {needed:.0f} ", color=THEORY, ha="right")
    _logarithmic(ax, sizes, log_y=False)
    ax.set(xlabel="samples M", ylabel="cosine", ylim=(0, 1.04), xlim=(0.8 * fine[0], fine[-1]))
    _legend_above(ax)
    words = (
        f"At T = {context_length} noise and signal are equally long at M = {needed:.0f} samples; "
        f"the cosine at M = {samples} is {cosines[here]:.2f}."
    )
    return Picture(figure, words)


def _ticks(axis: object, labels: Sequence[str]) -> None:
    axis.set_ticks(range(len(labels)), labels)  # type: ignore[attr-defined]


def _zeros_as_dots(ax: Axes, matrix: Array) -> None:
    """Write a dot where an entry is exactly zero: nothing landed there."""
    for text, entry in zip(ax.texts, matrix.flat, strict=False):
        if entry == 0:
            text.set_text("·")


def _logarithmic(ax: Axes, values: Sequence[int], *, log_y: bool = True) -> None:
    """Scale the axes, with a tick at every second of the values and their plain numbers."""
    ax.set_xscale("log")
    if log_y:
        ax.set_yscale("log")
    shown = list(values)[:: 1 if len(values) < 5 else 2]
    ax.set_xticks(shown, [str(value) for value in shown])
    ax.minorticks_off()


def _legend_above(ax: Axes) -> None:
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, columnspacing=1.2)


def _plain_numbers(ax: Axes, values: Array) -> None:
    ticks = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
    inside = [x for x in ticks if values.min() / 2 <= x <= values.max() * 2]
    ax.set_yticks(inside, [f"{x:g}" for x in inside])


def _count(matrix: Array) -> str:
    moved = int(np.count_nonzero(matrix))
    return f"all {moved} entries" if moved == matrix.size else f"{moved} entries"


def _numbers(matrix: Array) -> str:
    return ", ".join(f"{length:.3f}" for length in np.linalg.norm(matrix, axis=0))


def _per_token(column: Array, tokens: Array, names: Sequence[str]) -> str:
    found = {int(x): float(column[t]) for t, x in enumerate(tokens)}
    return ", ".join(f"{found[x]:+.2f} for {names[x]}" for x in sorted(found))


def _ranked(ranks: Sequence[int]) -> str:
    if len(ranks) == 1:
        return f"The one position that should rise ranks {ranks[0]} among the sampled pushes."
    listed = " and ".join(map(str, ranks))
    return f"The {len(ranks)} positions that should rise rank {listed} among the sampled pushes."
