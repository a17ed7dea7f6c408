"""The intervals of a share and of a quantile."""

import numpy as np
import pytest
from scipy import stats

from scb_edu import ScbError, experiments


def wilson(count, total, level):
    """The shares p from which the count is within z deviations: the roots of a parabola."""
    z = stats.norm.ppf((1 + level) / 2)
    share = count / total
    # (share - p)^2 = z^2 p (1 - p) / total
    return np.sort(np.roots([1 + z**2 / total, -(2 * share + z**2 / total), share**2]))


@pytest.mark.parametrize(("count", "total"), [(0, 5), (5, 5), (7, 60), (59, 60)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_it_is_the_interval_of_wilson(count, total, level):
    found = experiments.wilson_interval(count, total, level=level)
    assert found.estimate == count / total
    assert found[1:] == pytest.approx(wilson(count, total, level), abs=1e-7)
    assert 0 <= found.low <= found.high <= 1


def test_it_takes_the_counts_of_arrays():
    right = np.array([True, False, True])
    assert experiments.wilson_interval(right.sum(), right.size).estimate == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("arguments", "level", "name"),
    [
        ((3, 2), 0.95, "count"),
        ((-1, 2), 0.95, "count"),
        ((True, 2), 0.95, "count"),
        ((0, 0), 0.95, "total"),
        ((1, 2), 1.0, "level"),
    ],
)
def test_what_is_not_as_described_is_refused(arguments, level, name):
    with pytest.raises(ScbError, match=name):
        experiments.wilson_interval(*arguments, level=level)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.25])
@pytest.mark.parametrize("n", [40, 41, 100])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_a_quantile_is_that_of_coins(n, quantile, level):
    """Its ends are order statistics, the innermost that miss as seldom as asked on each side."""
    found = experiments.quantile_interval(np.arange(1.0, n + 1), quantile, level=level)
    below = stats.binom(n, quantile).cdf  # below(k - 1): fewer than k values under the quantile
    miss = (1 - level) / 2
    low, high = int(found.low), int(found.high)
    assert below(low - 1) <= miss < below(low)
    assert 1 - below(high - 1) <= miss < 1 - below(high - 2)


@pytest.mark.parametrize("quantile", [0.5, 0.9])
def test_the_interval_of_a_quantile_holds_it_as_often_as_it_says(quantile):
    """At least 95 %, whatever the distribution; 400 trials scatter by 1.1 %."""
    draws = np.random.default_rng(3).exponential(size=(400, 50))
    truth = -np.log(1 - quantile)
    found = [experiments.quantile_interval(draw, quantile) for draw in draws]
    assert np.mean([low <= truth <= high for _, low, high in found]) > 0.92


def test_the_interval_of_a_quantile_counts_never():
    found = experiments.quantile_interval([np.inf] * 8 + [1.0] * 12)
    assert (found.estimate, found.low) == (1, 1)
    assert np.isinf(found.high)
    assert experiments.quantile_interval([np.inf] * 11 + [1.0] * 9).estimate == np.inf
    assert experiments.quantile_interval([*range(38), np.inf, np.inf], 0.9).estimate == 35.5


def test_few_values_bound_no_quantile():
    assert experiments.quantile_interval([1, 2, 3]) == (2, -np.inf, np.inf)
    assert experiments.quantile_interval(range(6)) == (2.5, 0, 5)
    assert experiments.quantile_interval(range(35), 0.9).high == np.inf
    assert experiments.quantile_interval(range(36), 0.9).high == 35


@pytest.mark.parametrize(
    ("values", "options", "name"),
    [
        ([], {}, "values"),
        ([1.0, np.nan], {}, "values"),
        (["a"], {}, "values"),
        ([[1.0], [2.0, 3.0]], {}, "values"),
        ([1.0], {"quantile": 1.0}, "quantile"),
        ([1.0], {"quantile": "half"}, "quantile"),
        ([1.0], {"level": 0}, "level"),
    ],
)
def test_a_quantile_of_something_else_is_refused(values, options, name):
    with pytest.raises(ScbError, match=f"{name}: expected"):
        experiments.quantile_interval(values, **options)


def test_the_interval_of_a_slope_is_as_wide_as_error_propagation_says():
    """The slope of log means over log x is a sum of log means, whose variances are known."""
    rng, x = np.random.default_rng(0), np.log([1.0, 2.0, 4.0])
    groups = [rng.normal(10 * n, n, size=400) for n in (1, 2, 4)]

    def slope(*samples):
        return np.polyfit(x, np.log([np.mean(sample) for sample in samples]), 1)[0]

    found = experiments.bootstrap_groups(groups, slope, resamples=2000, rng=rng)
    parts = [np.std(group) / np.mean(group) / 20 for group in groups]
    share = (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    deviation = np.sqrt(np.sum((share * parts) ** 2))
    assert found.estimate == slope(*groups)
    # 2,000 resamples know an end of the interval to about 5 %
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.15)


def test_an_interval_rests_on_as_many_resamples_as_asked_for():
    values, calls = np.arange(50.0), []

    def mean(sample):
        calls.append(len(sample))
        return float(np.mean(sample))

    def asked(resamples):
        calls.clear()
        options = {"resamples": resamples, "rng": np.random.default_rng(0)}
        experiments.bootstrap_interval(values, statistic=mean, **options)
        one = len(calls)
        experiments.bootstrap_groups([values], mean, **options)
        return np.array([one, len(calls) - one])

    assert (asked(30) - asked(10)).tolist() == [20, 20]


def test_groups_hold_never_and_refuse_what_is_none():
    rng = np.random.default_rng(0)
    groups = [[1.0, 2.0, 2.0, 3.0, np.inf], [4.0, 5.0, 5.0, 6.0]]
    ratio = experiments.bootstrap_groups(
        groups, lambda few, many: np.median(many) / np.median(few), rng=rng
    )
    assert ratio.estimate == 2.5
    for bad, name in (([], "groups"), ([[1.0]], "groups"), ([[1.0, np.nan]], "groups")):
        with pytest.raises(ScbError, match=name):
            experiments.bootstrap_groups(bad, np.mean, rng=rng)
    with pytest.raises(ScbError, match="statistic"):
        experiments.bootstrap_groups(groups, lambda few, many: np.max(few), rng=rng)


def test_the_error_of_a_mean_is_that_of_scipy():
    values = np.random.default_rng(0).normal(3, 2, size=37)
    mean, error = experiments.mean_with_error(values)
    assert mean == pytest.approx(sum(values) / 37)
    assert error == pytest.approx(stats.sem(values))


@pytest.mark.parametrize(
    ("values", "words"), [([1.0], "at least two"), ([1.0, np.nan], "values: .*nan")]
)
def test_a_mean_without_an_error_is_refused(values, words):
    with pytest.raises(ScbError, match=words):
        experiments.mean_with_error(values)
