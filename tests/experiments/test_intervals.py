"""Wilson's interval of a share."""

import numpy as np
import pytest
from scipy.stats import binomtest

from scb_edu import ScbError, experiments


@pytest.mark.parametrize(("count", "total"), [(0, 5), (5, 5), (7, 60), (59, 60)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_it_is_the_interval_of_wilson(count, total, level):
    oracle = binomtest(count, total).proportion_ci(level, method="wilson")
    found = experiments.wilson_interval(count, total, level=level)
    assert found.estimate == count / total
    assert found[1:] == pytest.approx((oracle.low, oracle.high), abs=1e-12)


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
