"""Pictures of softmax attention beside linear attention: maps, courses, waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

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
    count_samples,
    heatmap,
    new_figure,
    styled,
    token_names,
)
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn

MAPS = (5.4, 4.0)
VALUES = (5.6, 2.5)
COURSES = (5.0, 5.8)
SINGLE = (4.8, 3.6)
GROWTH = (5.0, 6.2)
PANEL = (4.0, 3.4)
SOFT, LINE, BARE = GREEN, ATTENTION, PURPLE
# colour and line say the same, so that either may fail
LOOKS = {
    "softmax": (SOFT, "-", "o"),
    "linear, l1": (LINE, (0, (4, 1.2)), "s"),
    "linear": (BARE, (0, (1, 1)), "^"),
}

Band = Sequence[Array]
"""Positions, estimates, and the lower and upper ends of their intervals: four (n,) arrays."""


@drawn(maps="T N")
@styled()
def attention_maps(
    maps: Mapping[str, Array], *, likeness: Mapping[str, float], small: bool = False
) -> Picture:
    """Draw attention maps side by side on one scale of colours.

    Parameters
    ----------
    maps : mapping from names to (T, N) arrays
    likeness : mapping from some of the names to float
        The similarity to the truth, for the words.
    small : bool
        Whether it is a panel of an explorer.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, eq-similarity.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import attention_maps
    >>> attention_maps({"truth": np.eye(4), "softmax": np.eye(4)}, likeness={"softmax": 1.0})
    Attention maps of truth, softmax. Similarity to the truth: softmax 1.00.
    """
    size = PANEL if small else MAPS
    figure, axes = new_figure(*size, ncols=len(maps), sharey=True)
    # one scale for all pictures of an explorer; a faint negative weight needs no second colour
    limits = (-1.0 if min(np.min(each) for each in maps.values()) < -0.02 else 0.0, 1.0)
    for ax, (name, each) in zip(axes, maps.items(), strict=True):
        image = heatmap(ax, each, color=ATTENTION, limits=limits, numbers=False)
        ax.set(title=name, xlabel="last token", aspect="auto")
        ax.set_xticks(range(each.shape[1]), token_names(each.shape[1]))
        ax.spines[:].set_visible(True)
    axes[0].set_ylabel("position")
    axes[0].yaxis.set_major_locator(MaxNLocator(6, integer=True))
    if not small:
        figure.colorbar(image, ax=axes, label="weight", shrink=0.8, aspect=25)
    close = ", ".join(f"{name} {number:.2f}" for name, number in likeness.items())
    return Picture(
        figure, f"Attention maps of {', '.join(maps)}. Similarity to the truth: {close}."
    )


@drawn(matrices="N N")
@styled()
def value_matrices(matrices: Mapping[str, Array]) -> Picture:
    """Draw value matrices side by side, with their numbers.

    Parameters
    ----------
    matrices : mapping from names to (N, N) arrays
        The first is the truth.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, sec-softmax.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import value_matrices
    >>> value_matrices({"P": np.eye(2), "softmax": 0.9 * np.eye(2)})
    Value matrices beside P. Largest difference in an entry: softmax 0.10.
    """
    figure, axes = new_figure(*VALUES, ncols=len(matrices))
    top = max(float(np.max(each)) for each in matrices.values())
    for ax, (name, each) in zip(axes, matrices.items(), strict=True):
        heatmap(ax, each, color=VALUE, limits=(0, top))
        names = token_names(len(each))
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.set(title=name, xlabel="source")
    axes[0].set_ylabel("output")
    (first, truth), *others = matrices.items()
    far = ", ".join(f"{name} {np.abs(each - truth).max():.2f}" for name, each in others)
    return Picture(figure, f"Value matrices beside {first}. Largest difference in an entry: {far}.")


@drawn()
@styled()
def softmax_courses(panels: Mapping[str, Mapping[str, Band]]) -> Picture:
    """Draw courses over the samples seen, one panel a quantity, with bands for their intervals.

    Parameters
    ----------
    panels : mapping from names of quantities to mappings from methods to four (n,) arrays
        Samples, medians, lower and upper ends.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, sec-softmax.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import softmax_courses
    >>> x = np.array([10.0, 20.0])
    >>> band = (x, 1 / x, 0.9 / x, 1.1 / x)
    >>> softmax_courses({"loss": {"softmax": band}, "outside": {"softmax": band}})
    loss: softmax 0.1 to 0.05. outside: softmax 0.1 to 0.05.
    """
    figure, axes = new_figure(*COURSES, nrows=len(panels), sharex=True)
    for ax, (title, bands) in zip(axes, panels.items(), strict=True):
        for name, (x, middle, low, high) in bands.items():
            color, line, marker = LOOKS[name]
            ax.plot(x, middle, color=color, linestyle=line, marker=marker, ms=3.5, label=name)
            ax.fill_between(x, low, high, color=color, alpha=0.25, linewidth=0)
        ax.set(yscale="log", title=title)
    count_samples(axes[-1], ticks=4)
    axes[0].legend(loc="upper right", fontsize="small")
    words = " ".join(
        f"{title}: "
        + ", ".join(f"{name} {y[0]:.2g} to {y[-1]:.2g}" for name, (_, y, *_) in bands.items())
        + "."
        for title, bands in panels.items()
    )
    return Picture(figure, words)


@drawn(weights="T")
@styled()
def weights_by_size(weights: Mapping[str, Array], sparsity: int) -> Picture:
    """Draw the weights of one column by their size, the largest first, on a logarithmic axis.

    Parameters
    ----------
    weights : mapping from methods to (T,) arrays
        A weight of exactly zero is not drawn: a logarithmic axis has no place for it.
    sparsity : int
        How many weights the truth has.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, eq-off-support.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import weights_by_size
    >>> weights_by_size({"softmax": np.array([0.9, 0.06, 0.04]), "linear": np.eye(3)[0]}, 1)
    Weights by size. softmax: 0 of 3 are zero, the largest off the support 0.06; linear: 2 of 3 ...
    """
    figure, ax = new_figure(*SINGLE)
    words = []
    for name, sizes in weights.items():
        color, _, marker = LOOKS[name]
        some = sizes[sizes > 0]
        ax.plot(np.arange(1, len(some) + 1), some, marker, color=color, ms=4, label=name)
        zeros, next_one = len(sizes) - len(some), sizes[sparsity]
        words.append(
            f"{name}: {zeros} of {len(sizes)} are zero, the largest off the support {next_one:.1g}"
        )
    ax.axvline(sparsity + 0.5, color=TRUTH, linestyle="--", linewidth=1)
    ax.set(yscale="log", xlabel="rank of the weight, by size", ylabel="size of the weight")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return Picture(figure, f"Weights by size. {'; '.join(words)}.")


@drawn()
@styled()
def snaps(panels: Mapping[str, tuple[Array, Mapping[str, Array]]]) -> Picture:
    """Draw how the weights of one last token grow under exact gradients, one panel a setting.

    Parameters
    ----------
    panels : mapping from titles to pairs of times (R,) and a mapping from names to (R,) arrays

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, eq-softmax-flow.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import snaps
    >>> snaps({"T = 10": (np.array([0.0, 1.0]), {"first": np.array([0.1, 0.6])})})
    T = 10: first from 0.1 to 0.6, half-way at 0.5.
    """
    figure, axes = new_figure(*GROWTH, nrows=len(panels), squeeze=False)
    colors, lines = (ATTENTION, AMBER, THEORY, VALUE), ("-", (0, (4, 1.2)), (0, (1, 1)), "-.")
    words = []
    for ax, (title, (t, curves)) in zip(axes[:, 0], panels.items(), strict=True):
        for (name, y), color, line in zip(curves.items(), colors, lines, strict=False):
            ax.plot(t, y, color=color, linestyle=line, label=name)
        ax.set(title=title, ylim=(1e-4, 2), yscale="log", xlabel="time")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter("{x:,g}")
        words.append(f"{title}: {'; '.join(_growth(n, t, y) for n, y in curves.items())}.")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return Picture(figure, " ".join(words))


def _growth(name: str, t: Array, y: Array) -> str:
    ends = f"{name} from {y[0]:.2g} to {y[-1]:.2g}"
    if y[-1] <= y[0]:
        return ends
    level = (y[0] + y[-1]) / 2
    at = int(np.argmax(y >= level))  # the first beyond it: at least 1
    half = np.interp(level, y[at - 1 : at + 1], t[at - 1 : at + 1])
    return f"{ends}, half-way at {half:.2g}"


@drawn(contexts="n", measured="n", formulas="n")
@styled()
def waits(contexts: Array, measured: Mapping[str, Array], formulas: Mapping[str, Array]) -> Picture:
    """Draw the time until attention forms against the context length, both axes logarithmic.

    Parameters
    ----------
    contexts : (n,) array
    measured, formulas : mappings from names to (n,) arrays
        A formula is dashed, in the colour of the measurement of its name.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, eq-softmax-rate.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import waits
    >>> T = np.array([10.0, 100.0])
    >>> waits(T, {"softmax": 3 * T}, {"softmax": 2 * T})
    Time until attention forms. softmax: 30 at T = 10 to 300 at T = 100 (formula 20 to 200).
    """
    figure, ax = new_figure(*SINGLE)
    looks = zip((ATTENTION, GREEN, VALUE, AMBER, PURPLE), "so^vD", strict=True)
    words = []
    for (name, y), (color, marker) in zip(measured.items(), looks, strict=False):
        ax.plot(contexts, y, marker, color=color, label=name)
        said = f"{name}: {y[0]:.3g} at T = {contexts[0]:g} to {y[-1]:.3g} at T = {contexts[-1]:g}"
        if name in formulas:
            rule = formulas[name]
            ax.plot(contexts, rule, color=color, linestyle="--", linewidth=1.4, zorder=1)
            said += f" (formula {rule[0]:.3g} to {rule[-1]:.3g})"
        words.append(said)
    ax.set(xscale="log", yscale="log", xlabel="$T$", ylabel="time")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return Picture(figure, f"Time until attention forms. {'; '.join(words)}.")


@drawn()
@styled()
def marked_losses(courses: Mapping[str, tuple[NDArray[Any], Array]], step: int) -> Picture:
    """Draw the excess loss of runs over their steps, and mark one step.

    Parameters
    ----------
    courses : mapping from methods to pairs of (R,) arrays
        Steps and excess losses.
    step : int
        The one to mark; it is among the steps.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 08-softmax, sec-softmax.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import marked_losses
    >>> marked_losses({"softmax": (np.array([0, 9]), np.array([0.5, 0.25]))}, 9)
    Excess loss at step 9: softmax 0.25.
    """
    figure, ax = new_figure(*PANEL)
    words = []
    for name, (steps, excess) in courses.items():
        color, line, marker = LOOKS[name]
        now = float(excess[np.searchsorted(steps, step)])
        ax.plot(steps, excess, color=color, linestyle=line, label=name)
        ax.plot([step], [now], marker, color=color, ms=8)
        words.append(f"{name} {now:.2g}")
    ax.axvline(step, color=THEORY, linewidth=1, linestyle=":")
    _loss_axes(ax)
    return Picture(figure, f"Excess loss at step {step:,}: {', '.join(words)}.")


def _loss_axes(ax: Axes) -> None:
    ax.set(yscale="log", xlabel="step", ylabel="excess loss")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper right")
