"""Chapter 5's claims, from its stored data; and a slice of the studies, run anew."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scb_edu as scb
from scb_edu import experiments
from scb_edu.studies import STUDIES
from scb_edu.studies.ch5_algorithm import (
    METHODS,
    SAMPLES,
    WINNERS,
    best_by_batch,
    best_points,
    course,
    exact_escape,
    excess_share,
    falling_rate,
    largest_curvature,
    late_penalty,
    median_excess,
    optimizer_of,
    penalty_cells,
    rescaled,
    standing,
)

DATA = Path(__file__).parents[2] / "scb_edu" / "studies" / "data"
NAMES = ("scan", "runs", "window", "penalty", "slide")
KEYS = ["learning_rate", "penalty", "batch_size"]
TASK = scb.SCBTask.example(50)


def load(name):
    return experiments.load_table(DATA / f"ladder-{name}.csv")


def last_rows():
    """The 20 fresh runs of each method, where they end."""
    return load("runs").groupby(["method", "seed"]).tail(1)


def medians(column):
    return last_rows().groupby("method")[column].median()


# The parts


def test_the_names_of_the_methods_are_their_optimisers():
    kinds = [scb.SGD, scb.training.ProjectedSGD, scb.ProximalGradient, scb.ProximalGradient]
    kinds += [scb.ProximalGradient, scb.training.Momentum, scb.training.Adam, scb.SGD]
    kinds += [scb.training.Averaged]
    for method, kind in zip(METHODS, kinds, strict=True):
        penalty = 0.2 if method in ("l1", "late") else 0.0
        assert type(optimizer_of(method, 0.1, penalty, task=TASK, batch_size=64)) is kind
    mean = optimizer_of("averaged", 0.1, task=TASK, batch_size=64)
    assert mean.burn_in == SAMPLES // 64 // 2


def test_a_late_penalty_begins_after_four_times_of_growth():
    penalty, wait = late_penalty(TASK, 0.3), 4 / scb.theory.growth_rate(TASK)
    early, late = (scb.training.Moment(time=t) for t in (0.999 * wait, 1.001 * wait))
    assert (penalty(early), penalty(late)) == (0.0, 0.3)
    assert optimizer_of("late", 0.1, 0.3, task=TASK, batch_size=8).threshold(late) == 0.1 * 0.3


@pytest.mark.parametrize(("samples", "rate"), [(0, 0.4), (499, 0.4), (750, 0.2), (990, 0.008)])
def test_a_falling_rate_is_constant_and_then_a_straight_line_to_zero(samples, rate):
    schedule = falling_rate(0.4, 1000)
    assert schedule(scb.training.Moment(samples=samples)) == pytest.approx(rate)


def test_the_common_factor_is_taken_out_and_predicts_the_same():
    rng = np.random.default_rng(0)
    model = scb.LinearTransformer(rng.normal(size=(3, 3)), rng.random((50, 3)))
    mended, factor = rescaled(model, TASK)
    batch = TASK.sample(20, rng)
    np.testing.assert_allclose(
        mended.predict(batch.tokens, batch.last), model.predict(batch.tokens, batch.last)
    )
    assert mended.attention.sum(axis=0) @ TASK.stationary == pytest.approx(1)
    np.testing.assert_allclose(factor * mended.attention, model.attention)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_standing_does_not_see_the_factor(factor):
    some = scb.LinearTransformer.from_signals(TASK, 0.5, 0.8)
    same = scb.LinearTransformer(some.value / factor, factor * some.attention)
    found, plain = standing(same, TASK), standing(some, TASK)
    assert found.pop("column_sum") == pytest.approx(factor)
    assert plain.pop("column_sum") == pytest.approx(1)
    assert found == pytest.approx(plain)
    assert found["excess"] == pytest.approx(  # eq-signal-loss, an expression of its own
        scb.theory.signal_loss(TASK, 0.5, 0.8) / scb.theory.signal_loss(TASK, 0.0, 0.0)
    )


def test_excess_shares_of_start_and_truth():
    models = scb.LinearTransformer.initial(TASK), scb.LinearTransformer.oracle(TASK)
    losses = np.array([scb.population_loss(model, TASK) for model in models])
    np.testing.assert_allclose(excess_share(losses, TASK), [1, 0], atol=1e-12)


def test_the_window_of_plain_sgd_has_the_edges_of_the_formula():
    task = scb.SCBTask.example(125)
    mu = task.stationary
    steep = 125 * mu.max() * mu @ mu
    assert largest_curvature(task) == pytest.approx(steep, rel=0.02)
    assert exact_escape(task, 1 / steep) == pytest.approx(3 * scb.escape_time(task, 0.5), rel=0.01)


def scanned(*rows):
    names = ["method", "batch_size", "learning_rate", "penalty", "excess", "alpha_A", "ended"]
    return pd.DataFrame(rows, columns=names)


SCANNED = scanned(
    *[("plain", 8, 0.1, 0.0, e, 0.9, "finished") for e in (0.3, 0.3, 9.0)],  # median .3, mean 3.2
    *[("plain", 8, 0.2, 0.0, e, 0.9, "finished") for e in (0.5, 0.5, 0.1)],
    *[("plain", 8, 0.3, 0.0, 0.2, a, "finished") for a in (0.9, 0.9, -0.9)],  # one is lost
    *[("plain", 64, 0.2, 0.0, e, 0.0, "diverged") for e in (0.1, 0.1)],  # infinite
    ("l1", 64, 0.1, 0.01, 0.02, 0.9, "finished"),
    ("l1", 64, 0.1, 0.02, 0.01, 0.9, "finished"),
)


def test_a_run_that_broke_down_counts_as_infinite():
    middle = median_excess(SCANNED).set_index(["method", *KEYS])["excess"]
    assert middle["plain", 0.1, 0.0, 8] == 0.3
    assert middle["plain", 0.2, 0.0, 64] == np.inf


def test_the_best_point_has_the_smallest_median_of_those_where_no_run_is_lost():
    best = best_points(SCANNED)
    assert best["method"].tolist() == ["plain", "l1"]  # in the order of the ladder
    assert best[["learning_rate", "penalty", "batch_size"]].to_numpy().tolist() == [
        [0.1, 0.0, 8],
        [0.1, 0.02, 64],
    ]
    by_batch = best_by_batch(SCANNED)
    assert by_batch.loc["plain SGD", 8] == 0.2  # lost or not
    assert by_batch.loc["with l1", 64] == 0.01
    assert np.isnan(by_batch.loc["with l1", 8])
    assert list(by_batch.index) == list(METHODS.values())


def test_penalty_cells_have_a_row_for_each_penalty():
    rows = [
        ("plain", 0.0, 0.1, 9.0, 0.9),  # of another method
        ("l1", 0.1, 0.1, 1.0, 0.4),
        ("l1", 0.1, 0.2, 2.0, 0.6),
        ("l1", 0.5, 0.1, 3.0, 0.5),
        ("l1", 0.5, 0.2, 4.0, 0.9),
        ("l1", 0.5, 0.2, 8.0, 0.2),
    ]
    names = ["method", "penalty", "learning_rate", "attention", "alpha_A"]
    cells = penalty_cells(pd.DataFrame(rows, columns=names), "l1")
    assert cells["distance"].to_numpy().tolist() == [[1.0, 2.0], [3.0, 6.0]]
    assert cells["found"].to_numpy().tolist() == [[0.0, 1.0], [0.0, 0.5]]
    assert cells["found"].index.tolist() == [0.1, 0.5]
    assert cells["found"].columns.tolist() == [0.1, 0.2]


# The stored tables


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_table_is_of_the_study_as_it_stands(name):
    table, study = load(name), STUDIES[f"ladder-{name}"]
    assert (table.attrs["command"], table.attrs["seed"]) == (study.command, study.seed)
    stored = table[list(study.grid[0])].drop_duplicates()
    points = [tuple(point.values()) for point in study.grid]
    assert list(stored.itertuples(index=False, name=None)) == points


@pytest.mark.parametrize("method", METHODS)
def test_each_method_runs_at_the_best_point_of_its_scan_and_not_at_its_edge(method):
    scan = load("scan")
    best = best_points(scan).set_index("method").loc[method]
    assert best[list(WINNERS[method])].to_dict() == WINNERS[method]
    mine = scan[(scan["method"] == method) & (scan["batch_size"] == best["batch_size"])]
    rates = mine["learning_rate"]
    assert rates.min() < best["learning_rate"] < rates.max()


def test_the_reported_seeds_are_not_those_that_chose():
    assert STUDIES["ladder-runs"].seed != STUDIES["ladder-scan"].seed
    assert STUDIES["ladder-runs"].seeds == 20


def slices():
    scan = STUDIES["ladder-scan"]
    for method in ("plain", "l1", "momentum"):
        mine = [p for p in scan.grid if p["method"] == method]
        yield scan, max(mine, key=lambda point: point["batch_size"])
    yield STUDIES["ladder-slide"], STUDIES["ladder-slide"].grid[0]


@pytest.mark.parametrize(("study", "point"), list(slices()))
def test_a_slice_run_anew_gives_the_stored_rows(study, point):
    """The same points and seeds; the arithmetic of another machine may differ a little."""
    table = experiments.load_table(DATA / f"{study.name}.csv")
    same = np.all([table[name] == value for name, value in point.items()], axis=0)
    stored = table[same].iloc[0]
    again = study.slice([point], seeds=1).iloc[0]
    for name in set(again.index) - {*point, "ended", "seed"}:
        assert again[name] == pytest.approx(stored[name], rel=0.05, abs=0.005), name


@pytest.mark.parametrize("method", ["preconditioned", "l1", "late"])
def test_a_fresh_run_ends_among_the_stored_ones(method):
    """A seed that is nowhere stored. One in 21 would be the nearest, one in 21 the farthest."""
    fresh = course(np.random.default_rng(11), method=method, **WINNERS[method])
    stored = last_rows().set_index("method").loc[method, "excess"]
    assert fresh[-1]["samples"] == SAMPLES
    assert 0.5 * stored.min() < fresh[-1]["excess"] < 2 * stored.max()


# What the chapter says of them


def test_a_threshold_takes_the_excess_down_and_nothing_else_does():
    excess = medians("excess")
    others = excess.drop(["l1", "late"])
    assert others.min() > 0.05
    assert excess[["l1", "late"]].max() < 0.01
    assert others.min() > 8 * excess["late"]


def test_plain_sgd_has_a_window():
    window = load("window")
    plain = window[window["context_length"] == 2000]
    assert not ((plain["ended"] == "finished") & (plain["alpha_A"] > 0.5)).any()
    fast = window[window["learning_rate"] == 28 / window["context_length"]]
    astray = (fast["column_sum"] - 1).abs() > 0.1
    assert len(fast) == 15
    assert (astray | (fast["ended"] == "diverged")).all()


def test_the_slide_is_that_of_the_formula():
    slides = load("slide")
    mine = slides[slides["method"] == "preconditioned"]
    for T, measured in mine.groupby("context_length")["alpha_A"].mean().items():
        end = scb.theory.hyperbola_slide(scb.SCBTask.example(T), 0.1, 1280).attention
        assert measured == pytest.approx(end, rel=0.05)
        assert measured > 1
    held = slides[slides["method"] == "l1"]["alpha_A"]
    assert held.to_numpy() == pytest.approx(1, abs=0.02)


def test_a_late_penalty_loses_no_run_where_a_constant_one_does():
    table = load("penalty")
    timely = table[(table["learning_rate"] >= 0.02) & (table["penalty"] <= 0.02)]
    share = timely.assign(found=timely["alpha_A"] > 0.5).groupby("method")["found"].mean()
    assert share["late"] > 0.95
    assert share["l1"] < 0.7
