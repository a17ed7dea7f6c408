"""The headline's table: percentiles with their bounds, what was predicted, and slopes in T."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scb_edu.experiments.intervals import Interval, quantile_interval, wilson_interval
from scb_edu.model.own_example import as_in_the_book
from scb_edu.model.task import SCBTask
from scb_edu.studies import headline
from scb_edu.studies.ch6_sample_complexity import fixed_task
from scb_edu.studies.study import stored
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import escape_time
from scb_edu.theory.schedules import (
    constant_spending,
    falling_spending,
    least_samples,
    start_chance,
    sure_samples,
)
from scb_edu.training.loop import Stage
from scb_edu.training.optimizers import START

QUANTILE = 0.9
ENOUGH = 0.8  # the share that arrives has to be above it for sure, or there is no percentile
TASKS_FOR_A_PREDICTION = 5  # P' that a predicted number is the median of
RESAMPLES = 2000
PARTS = ("", "-1600", "-6400", "-25600", "-plain", "-giant")  # of the running example
GROUP = ["way", "vocab_size", "context_length"]


def headline_runs() -> pd.DataFrame:
    """Return all runs on the running example, a row each; ``inf`` is never.

    Returns
    -------
    pandas.DataFrame
        ``way``, ``vocab_size``, ``context_length``, ``seed``, the samples until ``half`` way and
        until the ``end``, both after those of the ``pretraining``, and the ``fate``.

    Notes
    -----
    Book: 06-sample-complexity, sec-headline.

    Examples
    --------
    >>> from scb_edu.studies import headline_runs
    >>> sorted(set(headline_runs()["context_length"]))
    [100, 400, 1600, 6400, 25600]
    """
    names = [f"headline{part}" for part in PARTS]
    return pd.concat([stored(name) for name in names], ignore_index=True)


@checked
def headline_table(runs: pd.DataFrame, column: str = "half") -> pd.DataFrame:
    """Return the headline's table: a row for each way, task and T.

    Parameters
    ----------
    runs : pandas.DataFrame
        As ``headline_runs`` returns it, or the stored ``headline-tasks``.
    column : "half" or "end"

    Returns
    -------
    pandas.DataFrame
        ``seeds``; the ``share`` that arrives with its interval of Wilson, ``share_low`` and
        ``share_high``; ``samples``, within which 90 % of the runs arrive, with the bounds of the
        order statistics, ``low`` and ``high``; what was ``predicted`` for half way (nan where
        nothing was); and ``least``, the price z^2 M_1 from scratch. Where the share may be below
        0.8 there is no percentile: ``samples`` is inf.

    Notes
    -----
    Book: 06-sample-complexity, sec-headline.

    Examples
    --------
    >>> from scb_edu.studies import headline_runs, headline_table
    >>> table = headline_table(headline_runs()).set_index(["way", "context_length"])
    >>> [round(float(table.loc[("aligned", T), "samples"]), -2) for T in (100, 6400)]
    [1200.0, 1200.0]
    """
    checks.table("runs", runs, GROUP)
    checks.known("column", column, list(runs.columns))
    groups: Any = runs.groupby(GROUP, sort=False)[column]
    return pd.DataFrame([_row(way, N, T, seen, column) for (way, N, T), seen in groups])


@as_in_the_book()
def _row(way: str, vocab_size: int, T: int, samples: pd.Series, column: str) -> dict[str, Any]:
    task = fixed_task(vocab_size, T)
    share = wilson_interval(int(np.isfinite(samples).sum()), len(samples))
    found = quantile_interval(samples, QUANTILE)
    if share.low < ENOUGH:
        found = Interval(math.inf, found.low, math.inf)
    return {
        **dict(zip(GROUP, (way, vocab_size, T), strict=True)),
        "seeds": len(samples),
        **dict(zip(("share", "share_low", "share_high"), share, strict=True)),
        **dict(zip(("samples", "low", "high"), found, strict=True)),
        "predicted": predicted(way, task) if column == "half" else math.nan,
        "least": least_samples(task, QUANTILE),
    }


@checked
def per_position(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with all numbers of samples divided by T.

    Notes
    -----
    Book: 06-sample-complexity, sec-headline.

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.studies import per_position
    >>> row = {"context_length": 100, "samples": 700.0, "low": 600.0, "high": 800.0}
    >>> table = pd.DataFrame([{**row, "predicted": 750.0, "least": 400.0}])
    >>> per_position(table)["samples"].tolist()
    [7.0]
    """
    columns = ["samples", "low", "high", "predicted", "least"]
    checks.table("table", table, [*columns, "context_length"])
    return table.assign(**{name: table[name] / table["context_length"] for name in columns})


def predicted(way: str, task: SCBTask) -> float:
    """Return the samples to half way that theory gives a way; nan where there is none.

    From scratch: `sure_samples` of its b. With one giant step: its batch. Finetuned with a falling
    b(t): what it spends up to half way in the flow without noise, for the median P'.
    """
    if way == "constant":
        b = constant_spending(task, headline.CHANCE)
        return sure_samples(task, headline.CONSTANT_AHEAD[task.vocab_size] * b)
    if way == "scheduled":
        return sure_samples(task, headline.scheduled_spending(task)[0])
    if way in ("related", "tempered"):
        seeds = range(TASKS_FOR_A_PREDICTION)
        return float(np.median([_spent_by_the_flow(way, task, seed) for seed in seeds]))
    if way in ("aligned", "related giant", "pretrained"):
        known = headline.THETA if way == "related giant" else 1.0
        return float(headline.giant_step(task, 1.0, known).batch_at(START))
    return math.nan


def _spent_by_the_flow(way: str, task: SCBTask, seed: int) -> float:
    begin = headline.WAYS[way](task, np.random.default_rng(seed))
    return spent(begin.stages[0], headline.time_to(task, begin.model, headline.HALF_WAY))


def spent(stage: Stage, time: float) -> float:
    """Return the samples that a stage draws up to a time."""
    moment = START
    while moment.time < time:
        rate, _ = stage.optimizer.rates(moment)
        moment = moment.after(stage.batch_at(moment), rate)
    return float(moment.samples)


@checked
def headline_slopes(
    runs: pd.DataFrame, column: str = "half", *, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the slope of each way: of log samples in log T, with a bootstrap interval over seeds.

    Parameters
    ----------
    runs : pandas.DataFrame
        As for ``headline_table``.
    column : "half" or "end"
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        ``way``, ``vocab_size``, ``slope``, ``low``, ``high``, and the ``shortest`` and ``longest``
        context that it is fitted to: those with a percentile.

    Notes
    -----
    The seeds are drawn anew at each T. Resamples in which nine in ten no longer arrive are left
    out. Book: 06-sample-complexity, sec-headline.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.studies import headline_runs, headline_slopes
    >>> slopes = headline_slopes(headline_runs(), rng=np.random.default_rng(0)).set_index("way")
    >>> bool(slopes.loc["constant", "low"] > 1)
    True
    """
    table = headline_table(runs, column)
    rows = []
    for (way, N), some in table[np.isfinite(table["samples"])].groupby(GROUP[:2], sort=False):
        if len(some) > 1:
            T = some["context_length"].to_numpy()
            values = list(_values(runs, way, N, T, column))
            rows.append({"way": way, "vocab_size": N, **_slope(T, some["samples"], values, rng)})
    return pd.DataFrame(rows)


def _values(runs: pd.DataFrame, way: str, N: int, lengths: Array, column: str) -> Iterator[Array]:
    """Return the samples of the runs at each T."""
    mine = runs[(runs["way"] == way) & (runs["vocab_size"] == N)]
    for T in lengths:
        yield mine.loc[mine["context_length"] == T, column].to_numpy()


def _slope(
    T: Array, samples: pd.Series, values: Sequence[Array], rng: np.random.Generator
) -> dict[str, float]:
    drawn = [rng.choice(seen, (RESAMPLES, len(seen))) for seen in values]
    # a percentile that is a value of the sample: between a number and inf there is none
    tops = [np.quantile(seen, QUANTILE, axis=1, method="inverted_cdf") for seen in drawn]
    return power_of_length(T, samples, tops)


def power_of_length(lengths: Array, samples: ArrayLike, resampled: ArrayLike) -> dict[str, float]:
    """Return the slope of log samples in log T, its 95 % interval, and the ends of T.

    Parameters
    ----------
    lengths : (n,) array
        T.
    samples : (n,) array
    resampled : (n, resamples) array
        The same of each bootstrap sample; where one has an inf, it is left out.
    """
    x = np.log(lengths) - np.log(lengths).mean()
    weights = x / (x @ x)  # of the line of least squares
    with np.errstate(invalid="ignore"):  # inf less inf: left out below
        fits = weights @ np.log(resampled)  # (resamples,)
    low, high = np.quantile(fits[np.isfinite(fits)], (0.025, 0.975))
    found = {"slope": weights @ np.log(samples), "low": low, "high": high}
    return {**found, "shortest": lengths.min(), "longest": lengths.max()}


@checked
def headline_bill(runs: pd.DataFrame, context_length: int) -> pd.DataFrame:
    """Return what each way pays for what, up to the end: medians, and the whole in 90 % of cases.

    Parameters
    ----------
    runs : pandas.DataFrame
        As for ``headline_table``.
    context_length : int

    Returns
    -------
    pandas.DataFrame
        ``way``; medians of the samples of the ``pretraining``, of the ``first`` stage and of the
        ``second``, of the runs that arrive; ``total``, the 90th percentile of their sum with its
        bounds ``low`` and ``high``, as in ``headline_table``.

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> from scb_edu.studies import headline_bill, headline_runs
    >>> bill = headline_bill(headline_runs(), 6400).set_index("way")
    >>> bool(bill.loc["aligned", "second"] > bill.loc["aligned", "first"])
    True
    """
    T = checks.positive_int("context_length", context_length)
    checks.table("runs", runs, ("way", "context_length", "pretraining", "half", "end"))
    some = runs[runs["context_length"] == T]
    if some.empty:
        known = ", ".join(map(str, sorted(set(runs["context_length"]))))
        raise ScbError(f"context_length: expected one of {known}, got {T}.")
    return pd.DataFrame(
        [{"way": way, **_bill(one)} for way, one in some.groupby("way", sort=False)]
    )


def _bill(runs: pd.DataFrame) -> dict[str, float]:
    whole = runs["pretraining"] + runs["end"]
    arrived = runs[np.isfinite(whole)]
    share = wilson_interval(len(arrived), len(runs))
    total = quantile_interval(whole, QUANTILE)
    if share.low < ENOUGH:
        total = Interval(math.inf, total.low, math.inf)
    return {
        "pretraining": arrived["pretraining"].median(),
        "first": arrived["half"].median(),
        "second": (arrived["end"] - arrived["half"]).median(),
        **dict(zip(("total", "low", "high"), total, strict=True)),
    }


@checked
def schedule_cells(runs: pd.DataFrame) -> pd.DataFrame:
    """Return chance and cost of each schedule, by theory and in runs; samples are over T.

    Parameters
    ----------
    runs : pandas.DataFrame
        The stored ``headline-schedules``.

    Returns
    -------
    pandas.DataFrame
        ``c``, ``d``, ``context_length``; ``chance`` of the right side and ``predicted`` samples of
        the flow without noise, by theory; the ``share`` of runs half way, with Wilson's interval
        ``share_low``, ``share_high``, and the median ``samples`` of these.

    Notes
    -----
    Book: 06-sample-complexity, eq-falling-spending.

    Examples
    --------
    >>> from scb_edu.studies import schedule_cells, stored
    >>> len(schedule_cells(stored("headline-schedules")))
    16
    """
    checks.table("runs", runs, ("c", "d", "context_length", "half"))
    groups: Any = runs.groupby(["c", "d", "context_length"], sort=False)["half"]
    return pd.DataFrame([_cell(c, d, T, half) for (c, d, T), half in groups])


@as_in_the_book()
def _cell(c: float, d: float, T: int, half: pd.Series) -> dict[str, float]:
    task = SCBTask.example(T)
    stage = headline.falling_from_scratch(task, falling_spending(task, c, d)).stages[0]
    arrived = half[np.isfinite(half)]
    share = wilson_interval(len(arrived), len(half))
    return {
        **{"c": c, "d": d, "context_length": T},
        "chance": start_chance(task, falling_spending(task, c, d)),
        "predicted": spent(stage, escape_time(task, headline.HALF_WAY)) / T,
        **dict(zip(("share", "share_low", "share_high"), share, strict=True)),
        "samples": arrived.median() / T,
    }
