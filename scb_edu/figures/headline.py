"""Pictures of the headline: samples against context length, and what they are spent on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

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
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import drawn

SIZE = (4.8, 4.9)  # of the headline: legible on a phone, so the legend stands below
BILL = 5.0
# name in the legend, colour and marker: colour and shape say the same, so that either may fail
LOOKS = {
    "constant": ("scratch, constant b", VALUE, "o"),
    "scheduled": ("scratch, b(t) falls", ATTENTION, "s"),
    "plain": ("scratch, plain SGD", PURPLE, "D"),
    "related": ("V related, b(t) falls", AMBER, "v"),
    "tempered": ("V tempered, b(t) falls", SKY, "P"),
    "related giant": ("V related, one step", TRUTH, "X"),
    "aligned": ("V aligned, one step", GREEN, "^"),
    "pretrained": ("V really trained, one step", "#7A4F9A", "*"),
}
NEAR = 0.1  # the truth, in alpha_A
FROM_SCRATCH = ("constant", "scheduled", "plain")
PARTS = (("pretraining", "#BBBBBB"), ("first", ATTENTION), ("second", VALUE))
NAMES = {"pretraining": "pretraining", "first": "to half way", "second": "from there on"}


@drawn(table="way context_length samples low high", ways="k")
@styled()
def headline_samples(
    table: pd.DataFrame, *, ways: Sequence[str], label: str = "samples until half way"
) -> Picture:
    """Draw the samples of each way against the context length, both axes logarithmic.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``studies.headline_table`` returns it, or divided by T.
    ways : sequence of str
        Which of its ways, in the order of the legend.
    label : str
        Of the vertical axis.

    Returns
    -------
    Picture
        Percentiles with their bounds; dashed what was predicted, dotted the least price of a sure
        start from scratch. Crosses at the upper edge: not 90 % arrive.

    Raises
    ------
    ScbError
        A way is not in the table.

    Notes
    -----
    Book: 06-sample-complexity, sec-headline.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scb_edu.figures import headline_samples
    >>> row = {"way": "constant", "vocab_size": 3, "samples": 2000.0, "low": 1900.0}
    >>> row |= {"high": 2100.0, "predicted": 1950.0, "least": 400.0}
    >>> table = pd.DataFrame([row | {"context_length": T} for T in (100, 400)])
    >>> headline_samples(table, ways=["constant"])
    samples until half way over context length T. scratch, constant b: 2,000 at 100 to 2,000 at 400.
    """
    figure, ax = new_figure(*SIZE)
    rows = {way: _rows(table, way) for way in ways}
    asides = 1.035 ** (np.arange(len(ways)) - (len(ways) - 1) / 2)  # side by side, not on top
    for (way, some), aside in zip(rows.items(), asides, strict=True):
        _draw_way(ax, way, some, aside)
    if any(way in FROM_SCRATCH for way in ways):
        least = table.drop_duplicates("context_length").sort_values("context_length")
        ax.plot(least["context_length"], least["least"], color=THEORY, linestyle=":", linewidth=1.6)
        _name_curve(ax, least, r"$z^2 M_1$")
    ax.set(xscale="log", yscale="log", xlabel="context length $T$", ylabel=label)
    _name_lengths(ax, sorted(set(table["context_length"])))
    _mark_never(ax, rows, dict(zip(ways, asides, strict=True)))
    figure.legend(loc="outside lower center", ncols=min(2, len(ways)), handletextpad=0.3)
    told = " ".join(_told(way, some) for way, some in rows.items())
    return Picture(figure, f"{label} over context length T. {told}")


def _rows(table: pd.DataFrame, way: str) -> pd.DataFrame:
    some = table[table["way"] == way].sort_values("context_length")
    if some.empty:
        raise ScbError(f"ways: expected some of {sorted(set(table['way']))}, got {way!r}.")
    return some


def _draw_way(ax: Axes, way: str, rows: pd.DataFrame, aside: float) -> None:
    name, color, marker = LOOKS[way]
    known = rows[np.isfinite(rows["predicted"])]
    ax.plot(known["context_length"], known["predicted"], color=color, linestyle="--", linewidth=1.2)
    seen = rows[np.isfinite(rows["samples"])]
    ends = seen["high"].where(np.isfinite(seen["high"]), seen["samples"])  # no bound: no bar
    bars = (seen["samples"] - seen["low"].clip(lower=0), ends - seen["samples"])
    style: dict[str, Any] = {"linestyle": "none", "markersize": 6, "elinewidth": 1.4, "capsize": 2}
    x = seen["context_length"] * aside
    ax.errorbar(x, seen["samples"], bars, color=color, marker=marker, label=name, **style)


def _mark_never(ax: Axes, rows: dict[str, pd.DataFrame], asides: dict[str, float]) -> None:
    """Put a cross at the upper edge where a percentile is missing."""
    top = ax.get_ylim()[1]
    for way, some in rows.items():
        lost = some.loc[~np.isfinite(some["samples"]), "context_length"] * asides[way]
        if lost.empty:
            continue  # an unclipped line without points would be laid out at the figure's corner
        ax.plot(lost, [top] * len(lost), "x", color=LOOKS[way][1], clip_on=False, markersize=8)
    if any(not np.isfinite(some["samples"]).all() for some in rows.values()):
        ax.plot([], [], "x", color=TRUTH, label="not nine in ten")
    ax.set_ylim(top=top)


def _name_curve(ax: Axes, rows: pd.DataFrame, name: str) -> None:
    """Put the name below the beginning of the curve, where no point is."""
    first = rows.iloc[0]
    at = (first["context_length"], first["least"])
    style: dict[str, Any] = {"color": THEORY, "va": "top"}
    ax.annotate(name, at, (10, 2), textcoords="offset points", **style)


def _name_lengths(ax: Axes, lengths: Sequence[int]) -> None:
    """Put ticks where something was measured, and none between."""
    ax.set_xticks(lengths, [f"{T:,}" for T in lengths])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="y", which="major")


def _told(way: str, rows: pd.DataFrame) -> str:
    seen = rows[np.isfinite(rows["samples"])]
    lost = rows.loc[~np.isfinite(rows["samples"]), "context_length"]
    words = [f"not 90 % at {T:,}" for T in lost]
    if len(seen):
        ends = [f"{_short(row.samples)} at {row.context_length:,}" for row in seen.itertuples()]
        words = [" to ".join(dict.fromkeys((ends[0], ends[-1]))), *words]
    return f"{LOOKS[way][0]}: {'; '.join(words)}."


def _short(number: float) -> str:
    """Write a number with three digits that count."""
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


@drawn(bill="way", ways="k")
@styled()
def headline_bill(bill: pd.DataFrame, *, ways: Sequence[str], title: str = "") -> Picture:
    """Draw what each way pays up to the truth: pretraining, to half way, and from there on.

    Parameters
    ----------
    bill : pandas.DataFrame
        As ``studies.headline_bill`` returns it.
    ways : sequence of str
        Which of its ways, from the top.
    title : str

    Returns
    -------
    Picture
        Bars of medians; a dot for the samples within which nine runs in ten arrive, with its
        bounds.

    Raises
    ------
    ScbError
        A way is not in the table.

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import headline_bill
    >>> row = {"way": "aligned", "pretraining": 0.0, "first": 1200.0, "second": 14_000.0}
    >>> bill = pd.DataFrame([{**row, "total": 20_000.0, "low": 19_000.0, "high": 21_000.0}])
    >>> headline_bill(bill, ways=["aligned"])  # doctest: +ELLIPSIS
    Samples up to the truth. V aligned, one step: to half way 1,200, from there on 14,000; 90 % ...
    """
    figure, ax = new_figure(BILL, 1.5 + 0.4 * len(ways))
    told = []
    for place, way in enumerate(ways):
        row = _bill_of(bill, way)
        _draw_bill(ax, place, row)
        told.append(_bill_told(way, row))
    ax.set_yticks(range(len(ways)), [LOOKS[way][0] for way in ways])
    ax.invert_yaxis()
    ax.set(xlabel="samples", title=title)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.locator_params(axis="x", nbins=4)
    _name_parts(ax)
    return Picture(figure, f"Samples up to the truth. {' '.join(told)}")


def _bill_of(bill: pd.DataFrame, way: str) -> pd.Series:
    rows = bill[bill["way"] == way]
    if len(rows) != 1:
        raise ScbError(f"ways: expected some of {sorted(bill['way'])}, got {way!r}.")
    return rows.iloc[0]


def _draw_bill(ax: Axes, place: int, row: pd.Series) -> None:
    left = 0.0
    for part, color in PARTS:
        ax.barh(place, row[part], left=left, color=color, height=0.6)
        left += row[part]
    if math.isfinite(row["total"]):
        high = row["high"] if math.isfinite(row["high"]) else row["total"]
        bars = [[row["total"] - row["low"]], [high - row["total"]]]
        ax.errorbar(row["total"], place, xerr=bars, color=TRUTH, marker="o", capsize=2)


def _name_parts(ax: Axes) -> None:
    for part, color in PARTS:
        ax.barh(0, 0, color=color, label=NAMES[part])
    ax.plot([], [], "o", color=TRUTH, label="90 % of runs")
    ax.figure.legend(ncols=2, loc="outside lower center")


def _bill_told(way: str, row: pd.Series) -> str:
    parts = ", ".join(f"{NAMES[p]} {_short(row[p])}" for p, _ in PARTS if row[p] > 0)
    whole = f"90 % in {_short(row['total'])}" if math.isfinite(row["total"]) else "not 90 %"
    return f"{LOOKS[way][0]}: {parts}; {whole}."


@drawn(courses="seed samples alpha_A")
@styled()
def headline_race(courses: pd.DataFrame, *, way: str, horizon: tuple[float, float]) -> Picture:
    """Draw the signal alpha_A of a few runs of one way over the samples seen.

    Parameters
    ----------
    courses : pandas.DataFrame
        ``seed``, ``samples``, ``alpha_A``: the rows of one way at one T.
    way : str
    horizon : two float
        The ends of the axis of samples, which is logarithmic.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import headline_race
    >>> rows = pd.DataFrame({"seed": 0, "samples": [0, 900, 2000], "alpha_A": [0.0, 0.6, 1.0]})
    >>> headline_race(rows, way="aligned", horizon=(100, 10_000))
    V aligned, one step: 1 of 1 runs are half way, after 900 samples at most, and 1 end with \
alpha_A within a tenth of 1, after 2,000 at most.
    """
    figure, ax = new_figure(4.0, 3.1)
    checks.known("way", way, list(LOOKS))
    name, color, _ = LOOKS[way]
    ax.axhline(0.5, color="#999999", linewidth=0.8)
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    for _, rows in courses.groupby("seed"):
        seen = rows[rows["samples"] > 0]  # a log axis has no 0
        ax.plot(seen["samples"], seen["alpha_A"], color=color, linewidth=1.4)
    ax.set(xscale="log", xlim=horizon, ylim=(-1.3, 1.5), title=name)
    ax.set(xlabel="samples seen", ylabel=r"$\alpha_A$")
    return Picture(figure, f"{name}: {_race_told(courses)}.")


def _race_told(courses: pd.DataFrame) -> str:
    """Say after how many samples the last of the runs was half way, and the last at the truth."""
    total = courses["seed"].nunique()
    half = courses[courses["alpha_A"] > 0.5].groupby("seed")["samples"].first()
    if half.empty:
        return f"0 of {total} runs are half way"
    last = courses.groupby("seed").last()
    there = last[abs(last["alpha_A"] - 1) < NEAR]
    words = f"{len(half)} of {total} runs are half way, after {half.max():,} samples at most"
    if there.empty:
        return words
    ends = f"after {there['samples'].max():,} at most"
    return f"{words}, and {len(there)} end with alpha_A within a tenth of 1, {ends}"


@drawn(cells="c d chance predicted share samples")
@styled()
def schedule_cost(cells: pd.DataFrame, *, c: float, d: float) -> Picture:
    """Draw the chance of the right side against the samples to half way, for schedules b(t).

    Parameters
    ----------
    cells : pandas.DataFrame
        One row for each ``c`` and ``d``: ``chance`` and ``predicted`` by theory, ``share`` and
        the median of the ``samples`` of stored runs, all per position of the context.
    c, d : float
        The schedule that is pointed out.

    Returns
    -------
    Picture

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.figures import schedule_cost
    >>> row = {"c": 2.0, "d": 6.0, "chance": 0.96, "predicted": 8.0, "share": 0.95, "samples": 8.5}
    >>> schedule_cost(pd.DataFrame([row]), c=2.0, d=6.0)
    c = 2, d = 6: right side by theory 0.96, seen 0.95; samples over T by theory 8, seen 8.5.
    """
    figure, ax = new_figure(4.0, 3.1)
    ax.plot(cells["predicted"], cells["chance"], "o", color=THEORY, mfc="none", label="theory")
    ax.plot(cells["samples"], cells["share"], "s", color=ATTENTION, alpha=0.45, label="runs")
    mine = cells[(cells["c"] == c) & (cells["d"] == d)].iloc[0]
    for x, y, color, marker in (
        (mine["predicted"], mine["chance"], THEORY, "o"),
        (mine["samples"], mine["share"], ATTENTION, "s"),
    ):
        ax.plot(x, y, marker, color=color, markersize=12, markeredgecolor=TRUTH)
    ax.set(xlabel="samples to half way, over $T$", ylabel="share on the right side")
    ax.set(ylim=(0.45, 1.03), xlim=(0, None))
    ax.legend(fontsize="small", loc="lower right")
    theory = f"right side by theory {mine['chance']:.2f}, seen {mine['share']:.2f}"
    cost = f"by theory {_short(mine['predicted'])}, seen {_short(mine['samples'])}"
    return Picture(figure, f"c = {c:g}, d = {d:g}: {theory}; samples over T {cost}.")


@drawn(time="n", spending="n")
@styled()
def spending_course(time: np.ndarray, spending: np.ndarray, constant: float) -> Picture:
    """Draw b(t) beside a constant b, on a logarithmic axis.

    Parameters
    ----------
    time, spending : (n,) arrays
    constant : float

    Returns
    -------
    Picture

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import spending_course
    >>> spending_course(np.array([0.0, 9.0]), np.array([900.0, 90.0]), 300.0)
    b(t) falls from 900 to 90 samples per unit of time; the constant is 300.
    """
    figure, ax = new_figure(4.0, 3.1)
    ax.axhline(constant, color=VALUE, label="constant b")
    ax.plot(time, spending, color=ATTENTION, label="b(t)")
    ax.set(yscale="log", ylim=(30, 10_000), xlabel="time", ylabel="samples per unit of time")
    ax.legend(fontsize="small")
    ends = f"from {_short(spending[0])} to {_short(spending[-1])} samples per unit of time"
    return Picture(figure, f"b(t) falls {ends}; the constant is {_short(constant)}.")
