"""Chapter 5's claims, from its stored data; and a slice of the studies, run anew."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scb_edu as scb
from scb_edu import experiments
from scb_edu.studies import STUDIES
from scb_edu.studies.ch5_algorithm import (
    RECORDS,
    RUNGS,
    SAMPLES,
    WINNERS,
    best_runs,
    course,
    exact_escape,
    grid_cells,
    largest_curvature,
    medians_by,
    race,
    rung,
)

DATA = Path(__file__).parents[2] / "scb_edu" / "studies" / "data"
NAMES = ("grid", "ladder", "lengths", "batches")


def load(name):
    return experiments.load_table(DATA / f"algorithm-{name}.csv")


def last_rows():
    """The 20 fresh runs of each rung, where they end."""
    courses = load("ladder")
    return courses[courses["samples"] == SAMPLES]


def of(table, **wanted):
    keep = np.ones(len(table), dtype=bool)
    for name, value in wanted.items():
        keep &= np.isclose(table[name], value) if name != "method" else table[name] == value
    return table[keep]


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_table_is_of_the_study_as_it_stands(name):
    table = load(name)
    study = STUDIES[f"algorithm-{name}"]
    assert (table.attrs["command"], table.attrs["seed"]) == (study.command, study.seed)
    keys = list(study.grid[0])
    points = [tuple(point.values()) for point in study.grid]
    stored = table[keys].drop_duplicates()
    assert list(stored.itertuples(index=False, name=None)) == points
    rows = RECORDS + 1 if name == "ladder" else 1
    assert len(table) == len(points) * study.seeds * rows
    assert (DATA / f"algorithm-{name}.csv").stat().st_size < 300_000


def test_the_names_of_the_rungs_are_their_optimisers():
    kinds = [scb.SGD, scb.training.ProjectedSGD, scb.ProximalGradient, scb.ProximalGradient]
    for name, kind in zip(RUNGS, kinds, strict=True):
        assert type(rung(name, 0.1, 0.2 if name == "l1" else 0.0)) is kind
    assert rung("l1", 0.1, 0.2).threshold() == pytest.approx(0.02)


@pytest.mark.parametrize("method", RUNGS)
def test_each_rung_runs_at_the_best_point_of_its_grid_and_not_at_its_edge(method):
    grid = load("grid")
    mine = of(grid, method=method)
    points = sorted(set(zip(mine["learning_rate"], mine["penalty"], strict=True)))
    medians = [
        np.median(of(mine, learning_rate=rate, penalty=penalty)["attention"])
        for rate, penalty in points
    ]
    rate, penalty = points[int(np.argmin(medians))]
    assert (rate, penalty) == WINNERS[method]
    assert mine["learning_rate"].min() < rate < mine["learning_rate"].max()
    if method == "l1":
        assert mine["penalty"].min() < penalty < mine["penalty"].max()


def test_the_reported_seeds_are_not_those_that_chose():
    assert STUDIES["algorithm-ladder"].seed != STUDIES["algorithm-grid"].seed
    assert STUDIES["algorithm-ladder"].seeds >= 10


def test_the_proximal_run_ends_closer_than_plain_sgd():
    """The claim of the chapter: A at most 1/2.5 and V at most 1/5 as far as plain SGD's."""
    last = last_rows()
    plain, l1 = of(last, method="plain"), of(last, method="l1")
    assert np.median(l1["attention"]) <= np.median(plain["attention"]) / 2.5
    assert np.median(l1["value"]) <= np.median(plain["value"]) / 5
    # also beside the rate at which plain SGD is best at V
    grid = load("grid")
    mine = of(grid, method="plain")
    best = min(
        np.median(of(mine, learning_rate=rate)["value"])
        for rate in np.unique(mine["learning_rate"])
    )
    assert np.median(l1["value"]) <= best / 5


def test_what_the_chapter_says_about_the_ladder():
    last = last_rows()
    interval = {
        (column, method): experiments.bootstrap_interval(
            of(last, method=method)[column], rng=np.random.default_rng(0)
        )
        for column in ("attention", "value")
        for method in RUNGS
    }
    # A: the two rungs in the middle are alike, the last one is far below
    middle = [interval["attention", m].estimate for m in ("projected", "preconditioned")]
    assert abs(middle[0] - middle[1]) < 0.02
    assert interval["attention", "l1"].high < 0.5 * min(middle)
    # V: projecting is what mends it
    assert interval["value", "projected"].high < interval["value", "plain"].low / 5


def test_plain_sgd_fails_on_two_sides():
    grid = load("grid")
    mine = of(grid, method="plain")
    slow = of(mine, learning_rate=0.005)
    fast = of(mine, learning_rate=0.04)
    assert np.all(slow["ended"] == "finished")
    assert np.all(np.abs(slow["alpha_A"]) < 0.02)
    assert np.all(fast["ended"] == "diverged")
    others = of(grid, method="projected", learning_rate=0.04)
    assert np.all(others["ended"] == "finished")


def test_the_penalty_has_a_window():
    grid = load("grid")

    def median(penalty):
        method = "l1" if penalty else "preconditioned"
        some = of(grid, method=method, learning_rate=0.01, penalty=penalty)
        return np.median(some["attention"])

    assert median(0.01) < 0.5 * median(0.0)
    assert median(0.01) < 0.5 * median(0.04)


def test_a_slice_run_anew_gives_the_stored_rows():
    """The same points and seeds; the arithmetic of another machine may differ a little."""
    lengths = load("lengths")
    for method, rate in (("plain", 0.04), ("l1", 0.01)):
        stored = of(lengths, method=method, context_length=125, learning_rate=rate).iloc[0]
        with ThreadPoolExecutor(1) as pool:
            point = {name: stored[name] for name in STUDIES["algorithm-grid"].grid[0]}
            again = experiments.sweep(race, [point], seeds=1, executor=pool)
        for name in ("attention", "value", "alpha_A", "loss"):
            assert again[name][0] == pytest.approx(stored[name], rel=0.05, abs=0.002)
        assert again["ended"][0] == stored["ended"]


@pytest.mark.parametrize("method", RUNGS)
def test_a_fresh_run_of_each_rung_ends_among_the_stored_ones(method):
    """A seed that is nowhere stored. One in 21 would be the nearest, one in 21 the farthest."""
    rate, penalty = WINNERS[method]
    rng = np.random.default_rng(11)
    fresh = course(rng, method=method, learning_rate=rate, penalty=penalty)
    stored = of(last_rows(), method=method)["attention"]
    assert fresh[-1]["samples"] == SAMPLES
    assert 0.5 * stored.min() < fresh[-1]["attention"] < 2 * stored.max()


def test_the_window_of_plain_sgd_has_the_edges_of_the_formula():
    task = scb.SCBTask.example(125)
    mu = task.stationary
    steep = 125 * mu.max() * mu @ mu
    assert largest_curvature(task) == pytest.approx(steep, rel=0.02)
    assert exact_escape(task, 1 / steep) == pytest.approx(3 * scb.escape_time(task, 0.5), rel=0.01)


def handmade(rows):
    names = ["method", "penalty", "learning_rate", "batch_size", "attention", "value", "alpha_A"]
    return pd.DataFrame(rows, columns=names)


def test_best_runs_are_those_of_the_rate_with_the_smallest_median():
    table = handmade(
        [
            *[
                ("plain", 0, 0.1, 8, far, 0.0, 0.0) for far in (0.3, 0.3, 9.0)
            ],  # median .3, mean 3.2
            *[("plain", 0, 0.2, 8, far, 0.0, 0.0) for far in (0.5, 0.5, 0.1)],
            *[("plain", 0, 0.1, 64, far, 0.0, 0.0) for far in (0.7, 0.7)],
            *[("plain", 0, 0.2, 64, far, 0.0, 0.0) for far in (0.6, 0.6)],
            ("l1", 0.01, 0.2, 8, 0.01, 0.0, 0.0),
            ("l1", 0.01, 0.1, 64, 0.02, 0.0, 0.0),
        ]
    )
    best = best_runs(table, "batch_size")
    assert best["learning_rate"].tolist() == [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.1]
    assert best["method"].tolist() == ["plain"] * 5 + ["l1"] * 2
    medians = medians_by(best, "batch_size", np.random.default_rng(0))
    assert medians["attention"]["plain"]["estimate"].tolist() == [0.3, 0.6]
    assert medians["attention"]["l1"]["batch_size"].tolist() == [8, 64]


def test_grid_cells_have_a_row_for_each_penalty():
    table = handmade(
        [
            ("plain", 0.0, 0.1, 64, 9.0, 0.0, 0.9),  # of another method
            ("preconditioned", 0.0, 0.1, 64, 1.0, 0.0, 0.4),
            ("preconditioned", 0.0, 0.2, 64, 2.0, 0.0, 0.6),
            ("l1", 0.5, 0.1, 64, 3.0, 0.0, 0.5),
            ("l1", 0.5, 0.2, 64, 4.0, 0.0, 0.9),
            ("l1", 0.5, 0.2, 64, 8.0, 0.0, 0.2),
        ]
    )
    cells = grid_cells(table)
    assert cells["distance"].to_numpy().tolist() == [[1.0, 2.0], [3.0, 6.0]]
    assert cells["found"].to_numpy().tolist() == [[0.0, 1.0], [0.0, 0.5]]
    assert cells["found"].index.tolist() == [0.0, 0.5]
    assert cells["found"].columns.tolist() == [0.1, 0.2]
