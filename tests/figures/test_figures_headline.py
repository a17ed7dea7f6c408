"""The headline's pictures: what they show, and what their words say."""

import numpy as np
import pandas as pd
import pytest

import scb_edu as scb
from scb_edu import figures

pytestmark = pytest.mark.filterwarnings("error")


def rows(way, samples, predicted=np.nan):
    lengths = (100, 400, 1600)[: len(samples)]
    return [
        {
            "way": way,
            "context_length": T,
            "samples": x,
            "low": 0.9 * x if np.isfinite(x) else 700.0,
            "high": 1.2 * x,
            "predicted": predicted,
            "least": 3.8 * T,
        }
        for T, x in zip(lengths, samples, strict=True)
    ]


@pytest.fixture
def table():
    scratch = rows("constant", (1900.0, 8000.0, np.inf), predicted=2000.0)
    return pd.DataFrame([*scratch, *rows("aligned", (1202.0, 1202.0, 1202.0))])


def test_samples_and_what_is_missing_are_told(table):
    words = figures.headline_samples(table, ways=["constant", "aligned"]).words
    assert words == (
        "samples until half way over context length T. "
        "scratch, constant b: 1,900 at 100 to 8,000 at 400; not 90 % at 1,600. "
        "V aligned, one step: 1,200 at 100 to 1,200 at 1,600."
    )


def test_both_axes_are_logarithmic_and_measurement_and_theory_are_where_they_should_be(table):
    (ax,) = figures.headline_samples(table, ways=["constant"]).figure.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "context length $T$"
    points = ax.containers[0][0].get_xydata()
    assert points.tolist() == [[100, 1900], [400, 8000]]
    lines = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert [set(line.get_ydata()) for line in lines] == [{2000.0}]
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert dotted[0].get_ydata().tolist() == pytest.approx([380, 1520, 6080])
    crosses = [line for line in ax.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [line.get_xdata().tolist() for line in crosses] == [[1600]]


def test_the_least_price_belongs_to_starts_from_scratch(table):
    (ax,) = figures.headline_samples(table, ways=["aligned"]).figure.axes
    assert not [line for line in ax.lines if line.get_linestyle() == ":"]


def test_a_point_without_an_upper_bound_has_a_bar_below_only():
    some = pd.DataFrame(rows("aligned", (1000.0,))).assign(high=np.inf)
    (ax,) = figures.headline_samples(some, ways=["aligned"]).figure.axes
    (bar,) = ax.containers[0][2][0].get_segments()
    assert bar[:, 1].tolist() == pytest.approx([900, 1000])


@pytest.mark.parametrize("draw", [figures.headline_samples, figures.headline_bill])
def test_an_unknown_way_is_refused(draw, table):
    with pytest.raises(scb.ScbError, match=r"ways: expected some of .*'aligned'.*got 'none'"):
        draw(table, ways=["none"])


def bill():
    usual = {"first": 1202.0, "second": 15_000.0, "total": 24_000.0, "low": 2e4, "high": 5e4}
    trained = {"way": "pretrained", "pretraining": 22_000.0, **usual, "total": 46_000.0}
    lost = {**usual, "way": "constant", "pretraining": 0.0, "total": np.inf, "high": np.inf}
    return pd.DataFrame([trained, lost])


def test_the_bill_stacks_its_parts_and_says_them():
    picture = figures.headline_bill(bill(), ways=["pretrained", "constant"])
    assert picture.words == (
        "Samples up to the truth. V really trained, one step: pretraining 22,000, to half way "
        "1,200, from there on 15,000; 90 % in 46,000. scratch, constant b: to half way 1,200, "
        "from there on 15,000; not 90 %."
    )
    (ax,) = picture.figure.axes
    bars = [patch for patch in ax.patches if patch.get_width() and patch.get_y() < 0.5]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
    assert ends == [(0, 22_000), (22_000, 23_202), (23_202, 38_202)]


def test_a_race_shows_each_run_and_counts_those_on_the_right_side():
    courses = pd.DataFrame(
        {
            "seed": [0, 0, 0, 0, 1, 1],
            "samples": [0, 500, 3000, 4000, 0, 800],
            "alpha_A": [0, 0.4, 0.7, 0.98, 0, -0.6],
        }
    )
    picture = figures.headline_race(courses, way="scheduled", horizon=(10, 1e5))
    assert picture.words == (
        "scratch, b(t) falls: 1 of 2 runs are half way, after 3,000 samples at most, and 1 end "
        "with alpha_A within a tenth of 1, after 4,000 at most."
    )
    (ax,) = picture.figure.axes
    drawn = [line.get_xdata().tolist() for line in ax.lines[2:]]
    assert drawn == [[500, 3000, 4000], [800]]
    lost = figures.headline_race(courses[courses["seed"] == 1], way="aligned", horizon=(10, 1e5))
    assert lost.words == "V aligned, one step: 0 of 1 runs are half way."
