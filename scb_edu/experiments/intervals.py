"""Intervals by bootstrap: how sure a statistic of a few seeds is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from scb_edu.experiments.tables import Table, joined, refuse_unless_table
from scb_edu.support import checks
from scb_edu.support.errors import ScbError


class Interval(NamedTuple):
    """A statistic of a sample and the interval that its own scatter gives it.

    Book: 06-sample-complexity, eq-bootstrap.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> experiments.Interval(0.5, 0.25, 0.75).low
    0.25
    """

    estimate: float
    low: float
    high: float


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

    Book: 06-sample-complexity, eq-bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import experiments
    >>> interval = experiments.bootstrap_interval(range(21), rng=np.random.default_rng(0))
    >>> interval.estimate, interval.low < 10 < interval.high
    (10.0, True)
    """
    sample = _sample(values)
    checks.generator("rng", rng)
    _refuse_level(level)
    checks.positive_int("resamples", resamples)
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
    Book: 06-sample-complexity, eq-wilson.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> [round(end, 2) for end in experiments.wilson_interval(20, 20)]
    [1.0, 0.84, 1.0]
    """
    n = checks.positive_int("total", total)
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 0 <= count <= n:
        raise ScbError(f"count: expected a whole number from 0 to {n}, got {count!r}.")
    _refuse_level(level)
    z, share = NormalDist().inv_cdf((1 + level) / 2), count / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    # rounding may leave a hair outside
    return Interval(share, float(max(middle - reach, 0)), float(min(middle + reach, 1)))


def summarise(
    table: Table,
    by: str | Sequence[str],
    value: str,
    *,
    statistic: Callable[..., Any] = np.median,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Table:
    """Return a statistic of one column with its interval, for each group of rows.

    Parameters
    ----------
    table : structured array
    by : str or sequence of str
        The columns whose values make a group; groups come in the order of their first row.
    value : str
        The column of numbers or booleans that is summarised.
    statistic, level, rng
        As for ``bootstrap_interval``.

    Returns
    -------
    structured array
        The columns ``by``, then ``count``, ``estimate``, ``low`` and ``high``.

    Raises
    ------
    ScbError
        A column is missing or has the name of one of the result, or a value is not finite.

    Notes
    -----
    Book: 06-sample-complexity, eq-bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu import experiments
    >>> table = np.array([(8, 1.0), (8, 1.0), (9, 2.0)], dtype=[("T", int), ("loss", float)])
    >>> experiments.summarise(table, "T", "loss", rng=np.random.default_rng(0)).tolist()
    [(8, 2, 1.0, 1.0, 1.0), (9, 1, 2.0, 2.0, 2.0)]
    """
    names = [by] if isinstance(by, str) else list(by)
    refuse_unless_table(table, [*names, value])
    _refuse_taken(names)
    groups: dict[Hashable, list[int]] = {}
    keys = [table[name].tolist() for name in names]
    for index in range(len(table)):
        groups.setdefault(tuple(key[index] for key in keys), []).append(index)
    first = table[[rows[0] for rows in groups.values()]]
    intervals = [
        bootstrap_interval(table[value][rows], statistic=statistic, level=level, rng=rng)
        for rows in groups.values()
    ]
    columns = {name: first[name] for name in names}
    columns["count"] = np.array([len(rows) for rows in groups.values()], np.int64)
    for place, name in enumerate(Interval._fields):
        columns[name] = np.array([interval[place] for interval in intervals])
    return joined(columns, len(groups))


def _sample(values: ArrayLike) -> checks.Array:
    array = np.asarray(values)
    array = array.astype(float) if array.dtype == bool else array
    return np.asarray(checks.real_array("values", array, 1), dtype=np.float64)


def _estimate(statistic: object, sample: checks.Array) -> float:
    if not callable(statistic):
        raise ScbError(
            f"statistic: expected a function of an array, got {type(statistic).__name__}."
        )
    estimate = np.asarray(statistic(sample))
    if estimate.ndim:
        raise ScbError(f"statistic: expected it to return one number, got shape {estimate.shape}.")
    return float(estimate)


def _refuse_level(level: object) -> None:
    if not 0 < checks.real_number("level", level) < 1:
        raise ScbError(f"level: expected a number between 0 and 1, got {level}.")


def _refuse_taken(names: Sequence[str]) -> None:
    for name in names:
        if name in ("count", *Interval._fields) or names.count(name) > 1:
            raise ScbError(f"by: expected names that the result leaves free, got {name!r}.")
