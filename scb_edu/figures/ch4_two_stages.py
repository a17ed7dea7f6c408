"""Pictures of the two stages: paths of the two signals over time, and in their plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from scb_edu.figures.palette import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    SKY,
    THEORY,
    TRUTH,
    VALUE,
)
from scb_edu.figures.picture import (
    Picture,
    new_figure,
    styled,
)
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn
from scb_edu.theory.dynamics import SIDES, side_of_saddle

PANEL = (3.4, 3.1)  # inches: two panels stand side by side in a page
SINGLE = (5.4, 3.1)
WIDE = (5.4, 3.0)
DOUBLE = (4.6, 5.8)  # one above the other: side by side the words are too small on a phone
STAGES = ("#eeeeee", "#fff8dc")  # behind stage 1 and 2; lighter would run into the white
FALL = "#f6e6ac"  # behind the fall of the loss, where stage 2 begins
INK = "#333333"  # of words
TIME = "time: learning rate × steps"
ROOM = 1.75  # how far the plane of the signals is drawn


class Path(Protocol):
    """What is drawn of a `scb_edu.Flow`: times and the two signals."""

    @property
    def t(self) -> Array:
        """Times, (n,)."""

    @property
    def value(self) -> Array:
        """alpha_V, (n,)."""

    @property
    def attention(self) -> Array:
        """alpha_A, (n,)."""


Curve: TypeAlias = tuple[Array, Array]


@drawn()
@styled()
def numbers_and_matrices(numbers: Path, matrices: Path) -> Picture:
    """Draw the signals of a run on full matrices over the path of the two numbers.

    Parameters
    ----------
    numbers : Flow
        Drawn as lines.
    matrices : Flow
        What `scb_edu.signals` reads off the matrices, drawn as dots.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> import scb_edu as scb
    >>> from scb_edu.figures import numbers_and_matrices
    >>> path = scb.signal_flow((0.2, 0.5, 100), t_end=60, points=61)
    >>> numbers_and_matrices(path, path)  # doctest: +ELLIPSIS
    Lines: the two numbers; dots: the full matrices, never more than 0.000 away. After 60 ...
    """
    figure, ax = new_figure(*SINGLE)
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    gap = 0.0
    for name, color, label in _SIGNALS:
        line, dots = getattr(numbers, name), getattr(matrices, name)
        ax.plot(numbers.t, line, color=color)
        ax.plot(matrices.t, dots, "o", color=color, markersize=5, clip_on=False)
        _name_end(ax, numbers.t, line, label, color)
        gap = max(gap, float(np.abs(np.interp(matrices.t, numbers.t, line) - dots).max()))
    ax.set(xlabel=TIME, ylabel="signal (dimensionless)", xlim=(0, numbers.t[-1]))
    words = (
        f"Lines: the two numbers; dots: the full matrices, never more than {gap:.3f} away. After "
        f"{numbers.t[-1]:g} units of time alpha_V is {numbers.value[-1]:.2f} and alpha_A is "
        f"{numbers.attention[-1]:.2f}."
    )
    return Picture(figure, words)


@drawn(field="n m", watershed="k")
@styled()
def phase_portrait(
    field: tuple[Array, Array, Array, Array],
    paths: Sequence[Path],
    saddle: tuple[float, float],
    *,
    watershed: Curve | None = None,
    small: bool = False,
) -> Picture:
    """Draw the plane of the two signals: where the flow points, rests and goes.

    Parameters
    ----------
    field : four (n, n) arrays
        alpha_V and alpha_A on a grid, and their velocities there.
    paths : sequence of Flow
        Green where they end with alpha_V above zero, purple elsewhere.
    saddle : (alpha_V, alpha_A)
    watershed : (value, attention), optional
    small : bool
        Whether to draw a panel of an explorer, without arrows and names.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-fixed-points.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import phase_portrait
    >>> task = (0.2, 0.5, 100)
    >>> grid = np.meshgrid(np.linspace(-1.7, 1.7, 50), np.linspace(-1.7, 1.7, 50))
    >>> paths = [scb.signal_flow(task, start=(0, a), t_end=99) for a in (-0.5, 0.0)]
    >>> phase_portrait((*grid, *scb.theory.signal_rate(task, *grid)), paths, (0, -0.02))
    The saddle is at (0, -0.020), the truth at (1, 1). Of 2 paths, 1 end beside the truth.
    """
    figure, ax = new_figure(*(PANEL if small else (5.4, 5.0)))
    _standing_still(ax, field, thin=small)
    if not small:
        _arrows(ax, field)
        _name_lines(ax)
    if watershed is not None:
        ax.plot(*watershed, color=TRUTH, linestyle=":", linewidth=1.6)
    for path in paths:
        _draw_path(ax, path, arrow=not small)
    _landmarks(ax, saddle, names=not small)
    _plane(ax)
    if small:
        ax.set_title("Plane of the signals")
    right = sum(bool(path.value[-1] > 0) for path in paths)
    words = (
        f"The saddle is at (0, {saddle[1]:.3f}), the truth at (1, 1). "
        f"Of {len(paths)} paths, {right} end beside the truth."
    )
    if small:
        words = _story(paths[0], saddle)
    return Picture(figure, words)


@drawn(field="n m", watershed="k")
@styled()
def sampled_portrait(
    field: tuple[Array, Array, Array, Array],
    runs: Mapping[str, Sequence[Path]],
    flow: Path,
    watershed: Curve,
) -> Picture:
    """Draw runs with samples over the plane of the two signals, a panel for each group of them.

    Parameters
    ----------
    field : four (n, n) arrays
        alpha_V and alpha_A on a grid, and their velocities there.
    runs : mapping from a title to a sequence of Flow
        Green from scratch and blue where V knew something at the start, if both signals end above
        1/4; purple where alpha_A ends below -1/4; amber where a run is stuck between. A dot where
        one ends.
    flow : Flow
        The path with exact gradients as far as the runs go, drawn dashed.
    watershed : (value, attention)

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, sec-sampled-portrait.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import sampled_portrait
    >>> task = (0.2, 0.5, 100)
    >>> grid = np.meshgrid(np.linspace(-1.7, 1.7, 50), np.linspace(-1.7, 1.7, 50))
    >>> path = scb.signal_flow(task, t_end=60)
    >>> field = (*grid, *scb.theory.signal_rate(task, *grid))
    >>> sampled_portrait(field, {"Runs": [path]}, path, scb.theory.separatrix(task))
    The flow is at (1.21, 0.82). Runs: 1 right, 0 wrong, 0 stuck; the right ones in the median at \
(1.21, 0.82).
    """
    count = len(runs)  # one above the other: side by side the words are too small on a phone
    figure, axes = new_figure(4.2, 3.9 * count, nrows=count, sharex=True, squeeze=False)
    for ax, (title, paths) in zip(axes[:, 0], runs.items(), strict=True):
        _standing_still(ax, field, thin=True)
        ax.plot(*watershed, color=TRUTH, linestyle=":", linewidth=1.6)
        for path in paths:
            _draw_run(ax, path)
        ax.plot(flow.value, flow.attention, color=TRUTH, linestyle="--", linewidth=1.6)
        ax.plot(1, 1, "*", color=TRUTH, markersize=14, markeredgecolor="white")
        _plane(ax)
        ax.set_title(title)
    told = " ".join(f"{title}: {_ends(paths)}" for title, paths in runs.items())
    at = f"({flow.value[-1]:.2f}, {flow.attention[-1]:.2f})"
    return Picture(figure, f"The flow is at {at}. {told}")


@drawn(times="n", runs="n", rate="n")
@styled()
def early_growth(times: ArrayLike, runs: Mapping[int, Array], rate: Mapping[int, Array]) -> Picture:
    """Draw the distance from the saddle on a logarithmic axis: growth is a straight line.

    Parameters
    ----------
    times : (n,) array
    runs : mapping from T to (n,) array
        How far alpha_A is above the saddle.
    rate : mapping from T to (n,) array
        What the linearised flow says, drawn dashed.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-growth-rate.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import early_growth
    >>> t = np.linspace(0, 10, 5)
    >>> early_growth(t, {100: np.exp(t) / 200}, {100: np.exp(t) / 200})
    Distance from the saddle, on a logarithmic axis: T = 100 grows from 0.005 to 110.132.
    """
    t = np.asarray(times, dtype=float)
    figure, ax = new_figure(*SINGLE)
    shades = _shades(len(runs))
    names = _lengths(runs)
    for (T, run), color in zip(runs.items(), shades, strict=True):
        ax.plot(t, run, color=color)
        ax.plot(t, rate[T], color=THEORY, linestyle="--", linewidth=1.4)
        ax.text(t[0] + 0.3, run[0] * 1.7, names[T], color=INK, va="bottom")
    ax.set(yscale="log", xlabel=TIME, ylabel=r"$\alpha_A$ above the saddle", xlim=(t[0], t[-1]))
    ax.set_ylim(top=3)
    ends = ", ".join(f"T = {T:,} grows from {r[0]:.3g} to {r[-1]:.3f}" for T, r in runs.items())
    return Picture(figure, f"Distance from the saddle, on a logarithmic axis: {ends}.")


@drawn(levels="n m", moved="k")
@styled()
def balance(
    levels: tuple[Array, Array, Array], paths: Sequence[Path], moved: tuple[Array, Array, Array]
) -> Picture:
    """Draw the level lines of the invariant with paths, and what the two matrices have moved.

    Parameters
    ----------
    levels : three (n, n) arrays
        alpha_V and alpha_A on a grid, and the invariant there.
    paths : sequence of Flow
    moved : three (m,) arrays
        Times of one run, and how far V and A have moved from uniform, squared.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-invariant.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import balance
    >>> grid = np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 20))
    >>> path = scb.signal_flow((0.2, 0.5, 100), t_end=60)
    >>> level = scb.theory.flow_invariant((0.2, 0.5, 100), *grid)
    >>> moved = (path.t[1:], 0.2 * path.value[1:] ** 2, 0.5 * path.attention[1:] ** 2)
    >>> balance((*grid, level), [path], moved)  # doctest: +ELLIPSIS
    Paths follow the level lines of the invariant. V and A rise equally far until ...
    """
    figure, (plane, course) = new_figure(*DOUBLE, nrows=2, height_ratios=(1.45, 1))
    V, A, invariant = levels
    plane.set_title("Level lines of $I$")
    plane.contour(V, A, invariant, levels=11, colors="#c4c4c4", linewidths=1, linestyles="solid")
    plane.contour(V, A, invariant, levels=[0], colors="#555555", linewidths=1.4)
    plane.contour(V, A, V * A, levels=[1], colors=ATTENTION, linewidths=1.2)  # the hyperbola
    for path in paths:
        _draw_path(plane, path, arrow=True)
    _plane(plane)
    t, value, attention = moved
    course.plot(t, value, color=VALUE)
    course.plot(t, attention, color=ATTENTION, linestyle=(0, (4, 1.5)))
    sides = ("bottom", "top") if value[-1] > attention[-1] else ("top", "bottom")
    _name_end(course, t, value, r"$V$", VALUE, sides[0])
    _name_end(course, t, attention, r"$A$", ATTENTION, sides[1])
    course.set(xscale="log", yscale="log", xlabel=TIME, title="Squared distance")
    words = (
        "Paths follow the level lines of the invariant. V and A rise equally far until the creep; "
        f"at the end V has moved {value[-1]:.3f} and A {attention[-1]:.3f} (squared distances)."
    )
    return Picture(figure, words)


@drawn()
@styled()
def shifted_runs(runs: Mapping[int, Path], crossings: Mapping[int, float], level: float) -> Picture:
    """Draw one run for each context length, and the time at which each crosses a level.

    Parameters
    ----------
    runs : mapping from T to Flow
    crossings : mapping from T to float
        When alpha_A crosses the level.
    level : float

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> import scb_edu as scb
    >>> from scb_edu.figures import shifted_runs
    >>> runs = {T: scb.signal_flow((0.2, 0.5, T), t_end=50) for T in (100, 1000)}
    >>> shifted_runs(runs, {100: 12.5, 1000: 19.0}, 0.5)
    alpha_A crosses 0.5 at time 12.5 for T = 100, 19.0 for T = 1,000.
    """
    figure, ax = new_figure(*SINGLE)
    ax.axhline(level, color=THEORY, linestyle="--", linewidth=1)
    names = _lengths(runs)
    for (T, run), color in zip(runs.items(), _shades(len(runs)), strict=True):
        ax.plot(run.t, run.attention, color=color)
        ax.plot(crossings[T], level, "o", color=color, markersize=6)
        ax.annotate(
            names[T],
            (crossings[T], level),
            xytext=(-5, 3),  # above and before: there a rising curve leaves room
            textcoords="offset points",
            color=INK,
            ha="right",
            va="bottom",
        )
    end = max(run.t[-1] for run in runs.values())
    ax.set(xlabel=TIME, ylabel=r"signal $\alpha_A$ (dimensionless)", xlim=(0, end), ylim=(-0.03, 1))
    times = ", ".join(f"{crossings[T]:.1f} for T = {T:,}" for T in runs)
    return Picture(figure, f"alpha_A crosses {level:g} at time {times}.")


@drawn(contexts="n", measured="n", formula="n")
@styled()
def escape_times(
    contexts: ArrayLike,
    measured: ArrayLike,
    formula: ArrayLike,
    *,
    level: float,
    step: float,
    top: float | None = None,
) -> Picture:
    """Draw the escape time against the context length, measured and by the formula.

    Parameters
    ----------
    contexts, measured, formula : (n,) arrays
    level : float
    step : float
        What a factor of ten costs, by the formula.
    top : float, optional
        Where the vertical axis ends, the same for all pictures of an explorer: it is a panel.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> from scb_edu.figures import escape_times
    >>> escape_times([10, 100, 1000], [9, 16, 24], [7, 16, 24], level=0.5, step=8.5)
    Time to reach 0.5: 9.0 for T = 10, 24.0 for T = 1,000; a factor of ten costs 8.5.
    """
    T, times = np.asarray(contexts, dtype=float), np.asarray(measured, dtype=float)
    figure, ax = new_figure(*(SINGLE if top is None else (4.2, 3.2)))
    ax.plot(T, np.asarray(formula, dtype=float), color=THEORY, linestyle="--", label="formula")
    ax.plot(T, times, "o", color=ATTENTION, label="flow")
    ax.set(xscale="log", xlabel=r"context length $T$", ylabel=rf"time until $\alpha_A$ = {level:g}")
    ax.set_title(f"A factor of ten costs {step:.1f}")
    if top is not None:
        ax.set(ylim=(0, top))
    ax.legend(loc="upper left")
    words = (
        f"Time to reach {level:g}: {times[0]:.1f} for T = {T[0]:,.0f}, {times[-1]:.1f} for "
        f"T = {T[-1]:,.0f}; a factor of ten costs {step:.1f}."
    )
    return Picture(figure, words)


@drawn(loss="n")
@styled()
def signal_stages(
    path: Path,
    stage_end: float,
    fall_end: float,
    *,
    loss: ArrayLike | None = None,
    small: bool = False,
) -> Picture:
    """Draw the signals over logarithmic time with the two stages, and the loss below them.

    Parameters
    ----------
    path : Flow
        Its times are above 0.
    stage_end, fall_end : float
        When stage 1 ends, and the fall of the loss with which stage 2 begins.
    loss : (n,) array, optional
        The excess loss along the path, for a second pair of axes.
    small : bool
        Whether to draw a panel of an explorer, on axes that do not change.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, sec-stages.

    Examples
    --------
    >>> import scb_edu as scb
    >>> from scb_edu.figures import signal_stages
    >>> whole = scb.signal_flow((0.1, 0.4, 100), t_end=4000, points=4001)
    >>> path = scb.Flow(whole.t[1:], whole.value[1:], whole.attention[1:])
    >>> signal_stages(path, *scb.theory.stages((0.1, 0.4, 100)))
    Stage 1 ends at time 13.2, with alpha_V = 0.32 and alpha_A = 0.14; the fall is over at time \
22.6; at the end the signals are 1.00, 1.00.
    """
    width = PANEL if small else DOUBLE if loss is not None else SINGLE
    figure, axes = new_figure(*width, nrows=1 if loss is None else 2, squeeze=False)
    ax = axes[0, 0]
    shown = np.clip(path.attention, -1.6, None), np.clip(path.value, -1.6, None)
    _shade_stages(ax, path.t, stage_end, fall_end)
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    ax.axhline(0, color="#999999", linewidth=0.8)
    ax.plot(path.t, shown[0], color=ATTENTION)
    ax.plot(path.t, shown[1], color=VALUE)
    ax.set(xscale="log", xlabel=TIME, title="Signals", xlim=(path.t[0], path.t[-1]))
    ax.set_ylim((-1.5, 2.05) if small else (min(-0.05, shown[0].min()), 1.75))
    _name_in_shade(ax, path, small=small)
    if loss is not None:
        _shade_stages(axes[1, 0], path.t, stage_end, fall_end)
        _draw_loss(axes[1, 0], path.t, np.asarray(loss, dtype=float))
    return Picture(figure, _stages_in_words(path, stage_end, fall_end))


@drawn(creep="n")
@styled()
def wrong_side(path: Path, creep: ArrayLike) -> Picture:
    """Draw how a run on the wrong side creeps away, on logarithmic axes.

    Parameters
    ----------
    path : Flow
        Times above 0 and alpha_V below 0.
    creep : (n,) array
        What the formula says for -alpha_V.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, sec-two-stages.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import wrong_side
    >>> t = np.array([1e3, 1e6])
    >>> wrong_side(scb.Flow(t, -(t ** (-1 / 3)), -(t ** (1 / 3))), t ** (-1 / 3))
    On the wrong side alpha_V goes from -0.1 to -0.01 and alpha_A from -10 to -100: no end.
    """
    figure, ax = new_figure(*SINGLE)
    ax.plot(path.t, -path.attention, color=ATTENTION)
    ax.plot(path.t, -path.value, color=VALUE)
    ax.plot(path.t, creep, color=THEORY, linestyle="--", linewidth=1.6)
    middle = len(path.t) // 2
    for signal, label, color, side in (  # beside a rising curve and a falling one
        (path.attention, r"$-\alpha_A$", ATTENTION, "right"),
        (path.value, r"$-\alpha_V$", VALUE, "left"),
    ):
        ax.text(path.t[middle], -signal[middle] * 1.25, label, color=color, ha=side, va="bottom")
    ax.text(0.04, 0.08, "dashed: slope -1/3", color=THEORY, transform=ax.transAxes)
    ax.set(xscale="log", yscale="log", xlabel=TIME, ylabel="size of the signal")
    ends = [-path.value[0], -path.value[-1], -path.attention[0], -path.attention[-1]]
    v0, v1, a0, a1 = (f"-{end:.3g}" for end in ends)
    words = (
        f"On the wrong side alpha_V goes from {v0} to {v1} and alpha_A from {a0} to {a1}: no end."
    )
    return Picture(figure, words)


@drawn()
@styled()
def with_and_without_penalty(flows: Mapping[str, Path]) -> Picture:
    """Draw the two signals of several flows over time, from where they meet the hyperbola.

    Parameters
    ----------
    flows : mapping from names to Flow
        Without the time 0: the axis of time is logarithmic.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 04-two-stages, eq-creep.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import with_and_without_penalty
    >>> end = scb.Flow(np.array([1.0, 9.0]), np.array([1.4, 1.1]), np.array([0.7, 0.9]))
    >>> with_and_without_penalty({"no penalty": end})
    No penalty: the signals are 1.40 and 0.70 at time 1, 1.10 and 0.90 at time 9.
    """
    figure, axes = new_figure(*WIDE, ncols=2, sharey=True)
    styles = zip(flows.items(), ("-", (0, (4, 1.5)), ":"), strict=False)
    for (name, flow), style in styles:
        axes[0].plot(flow.t, flow.value, color=VALUE, linestyle=style, label=name)
        axes[1].plot(flow.t, flow.attention, color=ATTENTION, linestyle=style, label=name)
    for ax, title in zip(axes, (r"$\alpha_V$", r"$\alpha_A$"), strict=True):
        ax.axhline(1, color=TRUTH, linestyle="--", linewidth=0.8)
        ax.set(xscale="log", xlabel=TIME, title=title)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3, fontsize="small")
    words = [
        f"{name}: the signals are {flow.value[0]:.2f} and {flow.attention[0]:.2f} at time "
        f"{flow.t[0]:g}, {flow.value[-1]:.2f} and {flow.attention[-1]:.2f} at time "
        f"{flow.t[-1]:g}"
        for name, flow in flows.items()
    ]
    text = "; ".join(words)
    return Picture(figure, f"{text[0].upper()}{text[1:]}.")


_SIGNALS = (("value", VALUE, r"$\alpha_V$"), ("attention", ATTENTION, r"$\alpha_A$"))


def _shades(count: int) -> list[str]:
    """Four oranges, light to dark: short contexts to long ones."""
    oranges = ["#F2A267", "#E07B2E", "#B34700", "#6B2B00"]
    return oranges[-count:] if count <= 4 else oranges * count


def _lengths(runs: Mapping[int, Any]) -> dict[int, str]:
    """Name the context lengths; only the first says what the numbers are, to save room."""
    return {T: f"{T:,}" if at else f"T = {T:,}" for at, T in enumerate(runs)}


def _name_end(ax: Axes, t: Array, line: Array, label: str, color: str, va: str = "center") -> None:
    ax.annotate(
        label,
        (t[-1], line[-1]),
        xytext=(5, 0),
        textcoords="offset points",
        color=color,
        va=va,
        annotation_clip=False,
    )


def _plane(ax: Axes) -> None:
    ax.set(xlabel=r"$\alpha_V$, signal in $V$", ylabel=r"$\alpha_A$, signal in $A$")
    ax.set(xlim=(-ROOM, ROOM), ylim=(-ROOM, ROOM), aspect="equal")
    ax.set_xticks([-1, 0, 1])
    ax.set_yticks([-1, 0, 1])


def _standing_still(ax: Axes, field: tuple[Array, Array, Array, Array], *, thin: bool) -> None:
    """Draw the lines where one of the two velocities is zero."""
    V, A, rate_V, rate_A = field
    width = 0.9 if thin else 1.2
    ax.contour(V, A, rate_A, levels=[0], colors=ATTENTION, linewidths=width)
    ax.contour(V, A, rate_V, levels=[0], colors=VALUE, linewidths=width)


def _arrows(ax: Axes, field: tuple[Array, Array, Array, Array]) -> None:
    """Directions of the flow; a square root brings slow and fast to one scale."""
    every = max(1, len(field[0]) // 17)
    V, A, rate_V, rate_A = (part[every // 2 :: every, every // 2 :: every] for part in field)
    speed = np.hypot(rate_V, rate_A) + 1e-12
    scale = np.sqrt(speed / speed.max()) / speed
    ax.quiver(V, A, rate_V * scale, rate_A * scale, color="#a9a9a9", width=0.0028, scale=17)


def _name_lines(ax: Axes) -> None:
    _label(ax, -0.04, 0.62, "A stands still", ATTENTION, rotation=90, ha="right", va="center")
    _label(ax, -1.7, 0.06, "V stands still", VALUE, ha="left", va="bottom")
    _label(ax, 0.95, -0.38, "watershed", TRUTH, ha="left", va="bottom")


def _label(ax: Axes, x: float, y: float, words: str, color: str, **where: Any) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # over the arrows
    ax.text(x, y, words, color=color, bbox=box, **where)


def _draw_path(ax: Axes, path: Path, *, arrow: bool) -> None:
    color = GREEN if path.value[-1] > 0 else PURPLE
    ax.plot(path.value, path.attention, color=color)
    ax.plot(path.value[0], path.attention[0], "o", color=color, markersize=5)
    farthest = np.maximum(np.abs(path.value), np.abs(path.attention))
    inside = np.flatnonzero(farthest < ROOM - 0.1)
    if not arrow or len(inside) < 3:
        return
    way = np.hypot(np.diff(path.value[inside]), np.diff(path.attention[inside])).cumsum()
    at = inside[int(np.searchsorted(way, way[-1] / 2))]  # half way along
    ax.annotate(
        "",
        (path.value[at + 1], path.attention[at + 1]),
        (path.value[at], path.attention[at]),
        arrowprops={"arrowstyle": "-|>", "color": color, "mutation_scale": 14, "shrinkB": 0},
    )


def _draw_run(ax: Axes, path: Path) -> None:
    color = {"right": GREEN, "wrong": PURPLE, "stuck": AMBER}[
        side_of_saddle(path.value[-1], path.attention[-1])
    ]
    if color == GREEN and path.value[0] > 0.01:
        color = SKY
    ax.plot(path.value, path.attention, color=color, linewidth=1.1, alpha=0.8)
    ax.plot(path.value[-1], path.attention[-1], "o", color=color, markersize=5)


def _ends(paths: Sequence[Path]) -> str:
    """Say on which sides runs end, and where those on the right side do."""
    ends = np.array([(path.value[-1], path.attention[-1]) for path in paths])  # (n, 2)
    fates = np.array([side_of_saddle(*end) for end in ends])
    counts = [f"{(fates == end).sum()} {end}" for end in SIDES]
    if "right" not in fates:
        return f"{', '.join(counts)}."
    v, a = np.median(ends[fates == "right"], axis=0)
    return f"{', '.join(counts)}; the right ones in the median at ({v:.2f}, {a:.2f})."


def _landmarks(ax: Axes, saddle: tuple[float, float], *, names: bool) -> None:
    ax.plot(*saddle, "X", color=TRUTH, markersize=8, markeredgecolor="white", clip_on=True)
    ax.plot(1, 1, "*", color=TRUTH, markersize=14, markeredgecolor="white")
    ax.plot(-1, -1, "D", color="white", markersize=6, markeredgecolor=TRUTH)
    if names:
        _label(ax, 1.12, 1.08, "truth", TRUTH, ha="left", va="bottom")
        _label(ax, -0.12, saddle[1] - 0.08, "saddle", TRUTH, ha="right", va="top")
        _label(ax, -1.12, -1.08, "mirror\npoint", TRUTH, ha="right", va="top")


def _story(path: Path, saddle: tuple[float, float]) -> str:
    start = f"From ({path.value[0]:g}, {path.attention[0]:g})"
    if path.value[-1] > 0:
        return f"{start} the path reaches ({path.value[-1]:.2f}, {path.attention[-1]:.2f})."
    return (
        f"{start}, on the wrong side of the saddle at (0, {saddle[1]:.3f}), the path ends at "
        f"({path.value[-1]:.2f}, {path.attention[-1]:.1f}) and creeps on."
    )


def _shade_stages(ax: Axes, t: Array, stage_end: float, fall_end: float) -> None:
    border, fallen = np.clip([stage_end, fall_end], t[0], t[-1])
    for start, end, number in ((t[0], border, 1), (border, t[-1], 2)):
        if end > start:
            ax.axvspan(start, end, color=STAGES[number - 1], linewidth=0, zorder=0)
            _name_stage(ax, t, start, end, f"stage {number}")
    if fallen > border:
        ax.axvspan(border, fallen, color=FALL, linewidth=0, zorder=0)


def _name_stage(ax: Axes, t: Array, start: float, end: float, name: str) -> None:
    """Write a name in the middle of its span on a logarithmic axis, where there is room."""
    if np.log(end / start) > 0.15 * np.log(t[-1] / t[0]):
        place, where = ax.get_xaxis_transform(), np.sqrt(start * end)
        ax.text(where, 0.98, name, transform=place, color="#444444", ha="center", va="top")


def _name_in_shade(ax: Axes, path: Path, *, small: bool) -> None:
    """Write the names where the curves are furthest apart, inside the axes."""
    apart = _furthest_apart(path)
    upper = path.value[apart] >= path.attention[apart]
    names: list[Any] = [(path.value, r"$\alpha_V$", VALUE, upper)]
    names.append((path.attention, r"$\alpha_A$", ATTENTION, not upper))
    for line, label, color, above in names:
        rises = line[min(apart + 1, len(line) - 1)] > line[apart - 1]
        ax.text(
            path.t[apart] * (1.2 if rises != above else 0.83),  # off the flank of the curve
            float(line[apart]) + (0.06 if above else -0.06),
            label,
            color=color,
            ha="left" if rises != above else "right",
            va="bottom" if above else "top",
        )
    ax.set_yticks([-1, 0, 1] if small else [0, 0.5, 1, 1.5])
    if small:
        ax.minorticks_off()


def _furthest_apart(path: Path) -> int:
    """Return where both curves are in view and furthest apart; late, where they are one."""
    along = np.log(path.t / path.t[0]) / np.log(path.t[-1] / path.t[0])
    low, high = np.minimum(path.value, path.attention), np.maximum(path.value, path.attention)
    seen = (along > 0.12) & (along < 0.85) & (low > -1.2) & (high < 1.6)
    gap = np.where(seen, high - low, 0)
    return int(np.argmax(gap) if gap.max() > 0.1 else np.searchsorted(along, 0.8))


def _draw_loss(ax: Axes, t: Array, loss: Array) -> None:
    ax.plot(t, loss, color=SKY)
    ax.set(xscale="log", yscale="log", xlabel=TIME, title="Excess loss", xlim=(t[0], t[-1]))
    ax.set_ylim(top=loss.max() * 200)  # room for the names of the stages


def _stages_in_words(path: Path, stage_end: float, fall_end: float) -> str:
    end = f"at the end the signals are {path.value[-1]:.2f}, {path.attention[-1]:.2f}."
    if not np.isfinite(stage_end):
        return f"Stage 1 does not end; {end}"
    if stage_end <= path.t[0]:
        return f"Stage 1 is over at once, the fall at time {fall_end:.3g}; {end}"
    v, a = (np.interp(stage_end, path.t, line) for line in (path.value, path.attention))
    return (
        f"Stage 1 ends at time {stage_end:.3g}, with alpha_V = {v:.2f} and alpha_A = {a:.2f}; "
        f"the fall is over at time {fall_end:.3g}; {end}"
    )
