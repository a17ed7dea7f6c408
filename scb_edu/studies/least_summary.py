"""The least batches: where nine runs in ten are half way, by a probit fit, and slopes in T."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtri

from scb_edu.model.own_example import as_in_the_book
from scb_edu.model.task import SCBTask
from scb_edu.studies.headline import THETA
from scb_edu.studies.headline_least import ONE_STEP, STUDIES
from scb_edu.studies.headline_summary import QUANTILE, power_of_length
from scb_edu.studies.study import stored
from scb_edu.support import checks
from scb_edu.support.checks import Array
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.finetuning import selection_samples
from scb_edu.theory.schedules import least_samples

RESAMPLES = 200
LOG_ROOT_2_PI = 0.5 * math.log(2 * math.pi)
FLATTEST, STEEPEST = 0.1, 30.0  # of a fit, per unit of log factor; steepest where shares leap
NEWTON_STEPS = 60  # of at most 2 each


@dataclass(frozen=True, eq=False)
class LeastBatch:
    """By how much the batches of a way can be multiplied, so that nine runs in ten are half way.

    Parameters
    ----------
    way : str
    context_length : int
    factor : float
        The least multiple.
    factors : (resamples,) array
        The same of each bootstrap sample.
    samples, samples_drawn : float and (resamples,) array
        What the median run that arrives has spent then.

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.
    """

    way: str
    context_length: int
    factor: float
    factors: Array
    samples: float
    samples_drawn: Array

    @classmethod
    def of(
        cls, way: str, context_length: int, runs: pd.DataFrame, rng: np.random.Generator
    ) -> LeastBatch:
        """Return the least multiple by the runs of one way at one T.

        Parameters
        ----------
        way : str
        context_length : int
        runs : pandas.DataFrame
            ``factor`` and ``half``, the samples to half way, inf for never.
        rng : numpy.random.Generator
        """
        groups = runs.assign(right=np.isfinite(runs["half"])).groupby("factor")["right"]
        logs, right, total = np.log(list(groups.groups)), groups.sum(), groups.size().to_numpy()
        # a bootstrap sample of so many yes and no is a binomial number of yes
        drawn = rng.binomial(total, right / total, (RESAMPLES, len(total)))
        factors = least_factors(logs, np.vstack([right, drawn]), total)
        arrived = runs[np.isfinite(runs["half"])].groupby("factor")["half"].median()
        spent = samples_at(arrived, factors)
        found = (float(factors[0]), factors[1:], float(spent[0]), spent[1:])
        return cls(way, context_length, *found)


def least_factors(log_factors: Array, right: Array, total: Array) -> Array:
    """Return the factor at which nine runs in ten are right, by a probit fit in its logarithm.

    Newton's method on the likelihood, which is concave, for all rows at once.

    Parameters
    ----------
    log_factors, total : (n,) arrays
        The factors, and how many runs there were at each.
    right : (rows, n) array
        How many of them were right.

    Returns
    -------
    (rows,) array

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.studies.least_summary import least_factors
    >>> least_factors(np.log([0.5, 1.0, 2.0]), np.array([[1, 90, 100]]), np.full(3, 100)).round(2)
    array([1.])
    """
    x = log_factors - log_factors.mean()
    height, slope = np.zeros(len(right)), np.full(len(right), 3.0)
    for _ in range(NEWTON_STEPS):
        at = height[:, None] + slope[:, None] * x  # (rows, n), in probits
        up, tilt = _newton_step(at, x, right, total - right, slope)
        short = np.maximum(1.0, np.maximum(abs(up), abs(tilt)) / 2)
        height, slope = height + up / short, np.clip(slope + tilt / short, FLATTEST, STEEPEST)
    return np.asarray(np.exp(log_factors.mean() + (ndtri(QUANTILE) - height) / slope))


def _newton_step(
    at: Array, x: Array, right: Array, wrong: Array, slope: Array
) -> tuple[Array, Array]:
    """Return by how much the height and the slope of each row's line have to change."""
    yes, no = _hazard(at), _hazard(-at)
    pull = right * yes - wrong * no  # the slope of the log likelihood in each probit,
    bend = right * yes * (yes + at) + wrong * no * (no - at)  # and minus its curvature
    lift, turn = pull.sum(1), pull @ x
    stuck = np.where(turn > 0, slope >= STEEPEST, slope <= FLATTEST)
    turn, mixed = np.where(stuck, 0.0, [turn, bend @ x])
    level, lever = bend.sum(1), bend @ x**2
    area = np.maximum(level * lever - mixed**2, 1e-12)
    return (lever * lift - mixed * turn) / area, (level * turn - mixed * lift) / area


def _hazard(at: Array) -> Array:
    """Return the normal density over the chance to be below."""
    return np.asarray(np.exp(-0.5 * at**2 - LOG_ROOT_2_PI - log_ndtr(at)))


def samples_at(arrived: pd.Series, factor: float | Array) -> Array:
    """Return the median samples at a factor, between those of the grid on a straight line of logs.

    Parameters
    ----------
    arrived : pandas.Series
        The median samples of the runs that arrive, by factor.
    factor : float or array

    Examples
    --------
    >>> import pandas as pd
    >>> from scb_edu.studies.least_summary import samples_at
    >>> round(float(samples_at(pd.Series({0.5: 600.0, 2.0: 2400.0}), 1.0)))
    1200
    """
    logs = np.log(arrived.index.to_numpy(dtype=float))
    return np.asarray(np.exp(np.interp(np.log(factor), logs, np.log(arrived))))


@checked
def least_batches(*, rng: np.random.Generator) -> list[LeastBatch]:
    """Return the least multiples of all ways and context lengths, by the stored runs.

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.studies import least_batches
    >>> first = least_batches(rng=np.random.default_rng(0))[0]
    >>> first.way, first.context_length, round(first.factor, 1)
    ('aligned', 100, 0.8)
    """
    runs = pd.concat([stored(study.name) for study in STUDIES], ignore_index=True)
    groups = runs.groupby(["way", "context_length"], sort=False)
    return [LeastBatch.of(way, T, some, rng) for (way, T), some in groups]


@checked
def least_table(batches: Sequence[LeastBatch]) -> pd.DataFrame:
    """Return the least batches as the rows of a table.

    Parameters
    ----------
    batches : sequence of LeastBatch

    Returns
    -------
    pandas.DataFrame
        ``way``, ``vocab_size``, ``context_length``; the ``factor`` with which nine runs in ten
        are half way, and its interval, ``factor_low`` and ``factor_high``; the ``samples`` with
        ``low`` and ``high``; what is ``predicted`` for one step, if none of its weights may be
        wrong (nan for other ways); and ``least``, the price from scratch.

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.studies import least_table
    >>> from scb_edu.studies.least_summary import LeastBatch
    >>> batch = LeastBatch("related", 100, 0.5, np.array([0.4, 0.6]), 90.0, np.array([80.0, 99.0]))
    >>> least_table([batch])[["way", "context_length", "samples", "least"]].round(0)
           way  context_length  samples  least
    0  related             100     90.0  384.0
    """
    _refuse_none(batches)
    return pd.DataFrame([_row(batch) for batch in batches])


def _refuse_none(batches: Sequence[LeastBatch]) -> None:
    if not len(batches):
        raise ScbError("batches: expected at least one, got none.")


def _row(batch: LeastBatch) -> dict[str, object]:
    with as_in_the_book():
        task = SCBTask.example(batch.context_length)
    ends = np.quantile(batch.factors, (0.025, 0.975))
    low, high = np.quantile(batch.samples_drawn, (0.025, 0.975))
    return {
        "way": batch.way,
        "vocab_size": task.vocab_size,
        "context_length": batch.context_length,
        **dict(zip(("factor", "factor_low", "factor_high"), (batch.factor, *ends), strict=True)),
        **dict(zip(("samples", "low", "high"), (batch.samples, low, high), strict=True)),
        "predicted": clean_samples(batch.way, task),
        "least": least_samples(task, QUANTILE),
    }


def clean_samples(way: str, task: SCBTask) -> float:
    """Return the batch of one step by the formula, with z = sqrt(2 log(N T)): no wrong weight.

    Parameters
    ----------
    way : str
        Of one step; nan for others.
    task : SCBTask
    """
    if way not in ONE_STEP:
        return math.nan
    z = math.sqrt(2 * math.log(task.vocab_size * task.context_length))
    return selection_samples(task, z, THETA if way == "related giant" else 1.0)


@checked
def least_slopes(batches: Sequence[LeastBatch], *, shortest: int = 0) -> pd.DataFrame:
    """Return the power of T of the least samples of each way, with a bootstrap interval.

    Parameters
    ----------
    batches : sequence of LeastBatch
    shortest : int
        Context lengths from here on are fitted.

    Returns
    -------
    pandas.DataFrame
        ``way``, ``slope``, ``low``, ``high``, and the ``shortest`` and ``longest`` context.

    Notes
    -----
    Book: 07-transfer, sec-headline-finetuned.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.studies import least_slopes
    >>> from scb_edu.studies.least_summary import LeastBatch
    >>> batches = [LeastBatch("related", T, 1.0, np.ones(2), T**0.5, np.array([T**0.5] * 2))
    ...            for T in (100, 400)]
    >>> round(float(least_slopes(batches)["slope"][0]), 3)
    0.5
    """
    least = checks.natural("shortest", shortest)
    _refuse_none(batches)
    ways = dict.fromkeys(batch.way for batch in batches)
    mine = {way: [b for b in batches if b.way == way and b.context_length >= least] for way in ways}
    for way, some in mine.items():
        if len({batch.context_length for batch in some}) < 2:
            name = "shortest" if least else "batches"
            raise ScbError(f"{name}: expected two context lengths or more of {way!r}, got fewer.")
    return pd.DataFrame([{"way": way, **_slope(some)} for way, some in mine.items()])


def _slope(batches: Sequence[LeastBatch]) -> dict[str, float]:
    return power_of_length(
        np.array([batch.context_length for batch in batches]),
        [batch.samples for batch in batches],
        [batch.samples_drawn for batch in batches],
    )
