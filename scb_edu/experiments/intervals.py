"""Intervals by bootstrap: how sure a statistic of a few seeds is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

MOST_COUNTED = 10**15
"""The most that can be counted without losing one of them in a double."""


@checked
class Interval(NamedTuple):
    """A statistic of a sample and the interval that its own scatter gives it.

    Book: under-the-hood, eq-bootstrap.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> experiments.Interval(0.5, 0.25, 0.75).low
    0.25
    """

    estimate: float
    low: float
    high: float


@checked
def bootstrap_interval(
    values: ArrayLike,
    *,
    statistic: Callable[..., Any] = np.median,
    level: float = 0.95,
    resamples: int = 9999,
    rng: np.random.Generator,
) -> Interval:
    """Return a statistic of a sample with its bootstrap interval (percentile method).

    The sample is drawn anew from itself many times. The middle ``level`` of the statistics of
    these samples is the interval. It needs no formula for the scatter of a median.

    Parameters
    ----------
    values : (n,) array of numbers or booleans
        One for each seed. The mean of booleans is a share.
    statistic : callable
        Takes an array, and ``axis`` where it can; the median unless told.
    level : float
        Between 0 and 1.
    resamples : int
        How many samples are drawn.
    rng : numpy.random.Generator

    Returns
    -------
    Interval
        ``estimate``, ``low`` and ``high``. All three agree where all values agree: a share of 20
        in 20 gets no width, although 20 more runs might say otherwise.

    Raises
    ------
    ScbError
        An argument is not as described, or a value is not finite.

    Notes
    -----
    The interval is a little too narrow for small samples: of 20 normal values, the interval of
    level 0.95 for the mean holds the truth in about 93 of 100 cases.

    Book: under-the-hood, eq-bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import experiments
    >>> interval = experiments.bootstrap_interval(range(21), rng=np.random.default_rng(0))
    >>> interval.estimate, interval.low < 10 < interval.high
    (10.0, True)
    """
    sample = _sample(values)
    checks.share("level", level)
    checks.positive_int("resamples", resamples, most=checks.MOST_CALLS)
    estimate = _estimate(statistic, sample)
    if sample.min() == sample.max():
        return Interval(estimate, estimate, estimate)
    return Interval(estimate, *_percentiles(sample, statistic, level, resamples, rng))


def _percentiles(
    sample: checks.Array,
    statistic: Callable[..., Any],
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    # scipy.stats takes as long to import as all else together, and who only trains needs none
    from scipy import stats

    result = stats.bootstrap(
        (sample,),
        statistic,
        n_resamples=resamples,
        batch=max(1, 1_000_000 // sample.size),  # the samples drawn at once stay under 8 MB
        confidence_level=level,
        # BCa would correct a bias that it reads off leaving one value out, which hardly moves a
        # median: the percentile method is the one that suits any statistic
        method="percentile",
        rng=rng,
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


@checked
def bootstrap_groups(
    groups: Sequence[ArrayLike],
    statistic: Callable[..., Any],
    *,
    level: float = 0.95,
    resamples: int = 999,
    rng: np.random.Generator,
) -> Interval:
    """Return a statistic of several samples together with its bootstrap interval.

    Each sample is drawn anew from itself, and the statistic asked again: a slope over their
    medians, a ratio of two of them.

    Parameters
    ----------
    groups : sequence of (n,) arrays of numbers
        At least two values each; their sizes may differ. inf is welcome, nan is not.
    statistic : callable
        Takes as many arrays as there are groups and returns a finite number.
    level : float
        Between 0 and 1.
    resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    Interval

    Raises
    ------
    ScbError
        An argument is not as described.

    Notes
    -----
    Book: under-the-hood, eq-bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import experiments
    >>> groups = [[9, 10, 11, 10], [21, 20, 19, 20]]
    >>> ratio = experiments.bootstrap_groups(
    ...     groups, lambda few, many: np.mean(many) / np.mean(few), rng=np.random.default_rng(0))
    >>> ratio.estimate, ratio.low < 2 < ratio.high
    (2.0, True)
    """
    from scipy import stats

    samples = [_ordered(values, f"groups[{i}]") for i, values in enumerate(groups)]
    if not samples or min(sample.size for sample in samples) < 2:
        raise ScbError("groups: expected samples of at least two values each.")
    checks.share("level", level)
    estimate = checks.finite_number("statistic, its result", statistic(*samples))
    result = stats.bootstrap(
        samples,
        statistic,
        vectorized=False,
        n_resamples=checks.positive_int("resamples", resamples, most=checks.MOST_CALLS),
        confidence_level=level,
        method="percentile",
        rng=rng,
    )
    low, high = result.confidence_interval
    return Interval(float(estimate), float(low), float(high))


@checked
def mean_with_error(values: ArrayLike) -> tuple[float, float]:
    """Return the mean of independent values, and its standard error.

    Parameters
    ----------
    values : (n,) array of numbers
        At least two.

    Returns
    -------
    (float, float)
        The mean, and the standard deviation of the values over the root of n.

    Raises
    ------
    ScbError
        There are fewer than two, or one is not finite.

    Notes
    -----
    Book: 01-bigrams, eq-bayes-loss.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> experiments.mean_with_error([1, 3, 1, 3, 2])
    (2.0, 0.4472135954999579)
    """
    sample = _sample(values)
    if sample.size < 2:
        raise ScbError("values: expected at least two, whose scatter can be seen, got 1.")
    return float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(sample.size))


@checked
def wilson_interval(count: int, total: int, *, level: float = 0.95) -> Interval:
    """Return a share with the interval of Wilson, which has a width even for none and all.

    It holds every share that would give what was counted within the usual scatter.

    Parameters
    ----------
    count, total : int
        ``count`` of ``total`` runs.
    level : float
        Between 0 and 1.

    Returns
    -------
    Interval
        ``estimate`` is count / total.

    Raises
    ------
    ScbError
        ``total`` is not at least 1, ``count`` is not between 0 and ``total``, or ``level`` is not
        between 0 and 1.

    Notes
    -----
    Book: under-the-hood, eq-wilson.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> [round(end, 2) for end in experiments.wilson_interval(20, 20)]
    [1.0, 0.84, 1.0]
    """
    from scipy import stats

    n, k = checks.positive_int("total", total, most=MOST_COUNTED), checks.natural("count", count)
    if k > n:
        raise ScbError(f"count: expected a whole number from 0 to {n}, got {count!r}.")
    checks.share("level", level)
    ends = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    return Interval(k / n, float(ends.low), float(ends.high))


@checked
def quantile_interval(values: ArrayLike, quantile: float = 0.5, *, level: float = 0.95) -> Interval:
    """Return a quantile of a sample with an interval between two of its values.

    How many of n values lie below the true quantile is a matter of tossing n coins, whatever the
    distribution of the values. So the k-th smallest is above it, and the k-th largest below, with
    chances that are known exactly. Only the order counts: a value may be inf, "never".

    Parameters
    ----------
    values : (n,) array of numbers
        Infinite ones are welcome, nan is not.
    quantile : float
        Between 0 and 1; the median unless told.
    level : float
        Between 0 and 1. The interval holds the true quantile at least that often.

    Returns
    -------
    Interval
        ``estimate`` is a value of the sample, or the mean of two. ``low`` is -inf and ``high`` inf
        where the sample is too small to say: 6 values for a median, 36 for the 90th percentile.

    Raises
    ------
    ScbError
        An argument is not as described.

    Notes
    -----
    Book: 07-transfer, sec-transfer.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import experiments
    >>> experiments.quantile_interval([*range(14), *[np.inf] * 6])
    Interval(estimate=9.5, low=5.0, high=inf)
    """
    from scipy import stats

    sample = _ordered(values)
    for name, number in (("quantile", quantile), ("level", level)):
        checks.share(name, number)
    found = stats.quantile_test(sample, p=quantile).confidence_interval(level)
    low = -np.inf if np.isnan(found.low) else float(found.low)
    high = np.inf if np.isnan(found.high) else float(found.high)
    return Interval(_quantile(sample, quantile), low, high)


@checked
def summarise(
    table: pd.DataFrame,
    by: str | Sequence[str],
    value: str,
    *,
    statistic: Callable[..., Any] = np.median,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a statistic of one column with its interval, for each group of rows.

    Parameters
    ----------
    table : pandas.DataFrame
    by : str or sequence of str
        The columns whose values make a group; groups come in the order of their first row.
    value : str
        The column of numbers or booleans that is summarised.
    statistic, level, rng
        As for ``bootstrap_interval``.

    Returns
    -------
    pandas.DataFrame
        The columns ``by``, then ``count``, ``estimate``, ``low`` and ``high``.

    Raises
    ------
    ScbError
        A column is missing or has the name of one of the result, or a value is not finite.

    Notes
    -----
    Book: under-the-hood, eq-bootstrap.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scb_edu import experiments
    >>> table = pd.DataFrame({"T": [8, 8, 9], "loss": [1.0, 1.0, 2.0]})
    >>> experiments.summarise(table, "T", "loss", rng=np.random.default_rng(0))
       T  count  estimate  low  high
    0  8      2       1.0  1.0   1.0
    1  9      1       2.0  2.0   2.0
    """
    names = [by] if isinstance(by, str) else list(by)
    checks.table("table", table)
    _refuse_taken(names)
    for name, column in [*(("by", each) for each in names), ("value", value)]:
        checks.known(name, column, list(table))
    rows = [
        (*key, len(values), *bootstrap_interval(values, statistic=statistic, level=level, rng=rng))
        for key, values in table.groupby(names, sort=False, dropna=False)[value]
    ]
    return pd.DataFrame(rows, columns=[*names, "count", *Interval._fields])


def _sample(values: ArrayLike) -> checks.Array:
    array = np.asarray(values)
    array = array.astype(float) if array.dtype == bool else array
    return np.asarray(checks.real_array("values", array, 1), dtype=np.float64)


def _estimate(statistic: Callable[..., Any], sample: checks.Array) -> float:
    estimate = np.asarray(statistic(sample))
    if estimate.ndim:
        raise ScbError(f"statistic: expected it to return one number, got shape {estimate.shape}.")
    return float(estimate)


def _ordered(values: ArrayLike, name: str = "values") -> checks.Array:
    try:
        sample = np.sort(np.asarray(values, dtype=float), axis=None)
    except (TypeError, ValueError) as error:
        raise ScbError(f"{name}: expected numbers or inf, got {checks.brief(values)}.") from error
    if not sample.size or np.isnan(sample).any():
        raise ScbError(
            f"{name}: expected numbers or inf, at least one, got {checks.brief(values)}."
        )
    return sample


def _quantile(ordered: checks.Array, quantile: float) -> float:
    # through the rank: between two infinite values numpy finds nan
    rank = np.quantile(np.arange(ordered.size), quantile, method="averaged_inverted_cdf")
    return float(ordered[[int(np.floor(rank)), int(np.ceil(rank))]].mean())


def _refuse_taken(names: Sequence[str]) -> None:
    if not names:
        raise ScbError("by: expected at least one name of a column, got none.")
    for name in names:
        if name in ("count", *Interval._fields) or names.count(name) > 1:
            raise ScbError(f"by: expected names that the result leaves free, got {name!r}.")
