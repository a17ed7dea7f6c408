"""What chapter 6 says of stage 2, from its stored data; and a slice of each study, run anew."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scb_edu as scb
from scb_edu import experiments
from scb_edu.studies import STUDIES, stage2

DATA = Path(__file__).parents[2] / "scb_edu" / "studies" / "data"
NAMES = ("lengths", "sizes", "truth", "trained", "batches", "creep")
T_VALUES = np.array([125.0, 500, 2000, 8000])


def load(name):
    return experiments.load_table(DATA / f"stage2-{name}.csv")


def rows(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    return table


def both():
    return pd.concat([load("lengths"), load("sizes")])


def generator():
    return np.random.default_rng(0)


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_table_is_of_the_study_as_it_stands(name):
    table, study = load(name), STUDIES[f"stage2-{name}"]
    grid = study.grid
    points = np.prod([len(v) for v in grid.values()]) if isinstance(grid, dict) else len(grid)
    assert table.attrs["command"] == study.command
    assert len(table) == study.seeds * points
    assert (DATA / f"stage2-{name}.csv").stat().st_size < 300_000


# One step


@pytest.mark.parametrize("kind", ["plain", "example"])
def test_one_step_needs_no_more_samples_in_longer_contexts(kind):
    """64 times the context, and the batch for 95 % changes by less than its error bars."""
    table = rows(load("lengths"), kind=kind)
    slope = stage2.over_sizes(table, "context_length", stage2.exponent, generator())
    assert slope.low < 0 < slope.high
    assert max(-slope.low, slope.high) < 0.1  # a root of T would be 0.5
    spread = stage2.over_sizes(table, "context_length", stage2.spread, generator())
    assert spread.estimate < 1.35


def test_one_step_hardly_depends_on_the_vocabulary_but_on_the_sparsity():
    table = rows(both(), kind="plain", context_length=500)
    by_N = stage2.over_sizes(rows(table, sparsity=2), "vocab_size", stage2.exponent, generator())
    assert max(-by_N.low, by_N.high) < 0.25
    by_Q = rows(table, vocab_size=3)
    steep = stage2.over_sizes(by_Q, "sparsity", stage2.exponent, generator())
    assert steep.low > 2.4
    # with one position there is no noise to share between weights: from 2 on it is the square
    upper = stage2.over_sizes(by_Q[by_Q["sparsity"] > 1], "sparsity", stage2.exponent, generator())
    assert upper.low < 2 < upper.high


def test_at_the_batch_of_the_recipe_the_support_is_found_as_often_as_the_formula_says():
    for (kind, N, T, Q, B), runs in both().groupby([*stage2.SIZE, "batch_size"]):
        task = stage2.draw_task(kind, N, T, Q, generator())
        step = scb.theory.giant_step(task, share=stage2.SHARE[kind])._replace(batch_size=B)
        chance = scb.theory.support_chance(task, step)
        share = experiments.wilson_interval(int(runs["found"].sum()), len(runs), level=0.999)
        # 48 points: by chance one in 20 sets has one outside
        if N == 3:
            assert share.low - 0.01 < chance < share.high + 0.01, (kind, N, T, Q, B)
    for N in (5, 8):  # samples of each token are few: their noise is skewed, and one loses some
        runs = rows(load("sizes"), vocab_size=N, factor=0.7)
        task = stage2.draw_task("plain", N, 500, 2, generator())
        step = scb.theory.giant_step(task)._replace(batch_size=int(runs["batch_size"].iloc[0]))
        lost = scb.theory.support_chance(task, step) - runs["found"].mean()
        assert 0 < lost < 0.3


def test_the_recipe_of_the_example_finds_the_support_in_95_of_100_runs():
    summary = stage2.step_summary(rows(load("lengths"), kind="example"), generator())
    assert (summary["share_low"] > 0.95).all()
    assert summary["recipe"].is_monotonic_increasing
    assert summary["recipe"].iloc[-1] / summary["recipe"].iloc[0] < 1.5


def test_the_batch_needed_is_where_the_95th_percentile_passes_the_goal():
    table = pd.DataFrame(
        {
            "batch_size": np.repeat([100, 400], 100),
            "distance": np.concatenate([np.full(100, 0.5), np.full(100, 0.125)]),
        }
    )
    assert stage2.batch_needed(table, generator()).estimate == pytest.approx(200)


# To the truth


def medians(name, size, **values):
    table = rows(load(name), kind="plain", **values)
    groups = [runs["truth"].to_numpy() for _, runs in table.groupby(size)]

    def slope(*samples):
        return stage2.exponent(sizes, np.array([np.median(found) for found in samples]))

    sizes = np.array(sorted(set(table[size])), dtype=float)
    return experiments.bootstrap_groups(groups, slope, rng=generator())


@pytest.mark.parametrize("name", ["truth", "trained"])
def test_the_samples_to_the_truth_are_flat_in_the_context(name):
    slope = medians(name, "context_length", vocab_size=3, sparsity=2)
    assert max(-slope.low, slope.high) < 0.1
    summary = stage2.truth_summary(rows(load(name), kind="plain", vocab_size=3, sparsity=2))
    assert summary["samples"].max() / summary["samples"].min() < 1.4
    assert summary["samples"].between(6000, 10_000).all()


def test_a_real_end_of_stage_1_is_as_good_as_a_clean_start():
    for T in (500, 2000, 8000):
        clean, trained = (
            experiments.quantile_interval(
                rows(load(name), kind="plain", vocab_size=3, context_length=T, sparsity=2)["truth"]
            )
            for name in ("truth", "trained")
        )
        assert clean.low <= trained.high
        assert trained.low <= clean.high


def test_the_samples_to_the_truth_grow_with_the_tokens_and_the_positions():
    by_N = medians("truth", "vocab_size", context_length=500, sparsity=2)
    assert 0.5 < by_N.low < by_N.high < 1.0
    by_Q = medians("truth", "sparsity", context_length=500, vocab_size=3)
    assert 2.0 < by_Q.low < by_Q.high < 2.5
    assert np.isfinite(load("truth")["truth"]).all()


# The penalty


def test_a_batch_that_lifts_the_penalty_over_the_noise_is_the_cheapest():
    table = load("batches")
    for T in (500, 2000):
        some = rows(table, context_length=T, relative_rate=0.04)
        cost = some.groupby("batch_size")["samples"].median()
        assert cost.idxmin() == 2048
        assert cost[2048] == 2048  # one step
        assert cost[cost.index < 512].min() > 2 * cost[2048]
    old = rows(table, context_length=2000, relative_rate=0.01)
    cost = old.groupby("batch_size")["samples"].median()
    assert cost[128] > 4 * cost[2048]  # the earlier study never tried a batch above 256


def test_the_penalty_replaces_the_creep():
    table = load("creep")
    for goal, factor in (("within_0.25", 15), ("within_0.1", 150)):
        best = table.groupby(["penalty", "per_time"])[goal].median().groupby("penalty").min()
        assert best[0.0] > factor * best[0.01]
    assert np.isinf(rows(table, penalty=0.0, per_time=2000)["within_0.1"]).all()


# Slices


SLICES = {
    "lengths": {"kind": "plain", "vocab_size": 3, "context_length": 125, "sparsity": 2}
    | {"factor": 0.7},
    "sizes": {"kind": "plain", "vocab_size": 3, "context_length": 500, "sparsity": 1}
    | {"factor": 0.5},
    "truth": {"kind": "plain", "vocab_size": 3, "context_length": 125, "sparsity": 2}
    | {"start": "clean"},
    "trained": {"kind": "plain", "vocab_size": 3, "context_length": 125, "sparsity": 2}
    | {"start": "trained"},
    "batches": {"context_length": 500, "batch_size": 2048, "relative_rate": 0.04},
    "creep": {"penalty": 0.01, "per_time": 2000},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_slice_that_is_run_anew_is_what_was_stored(name):
    keys = [*SLICES[name], "seed"]
    fresh = STUDIES[f"stage2-{name}"].slice([SLICES[name]], seeds=4)
    stored = fresh[keys].merge(load(name), on=keys)
    assert list(fresh) == list(stored)
    for column in fresh.select_dtypes("number"):
        assert fresh[column].tolist() == pytest.approx(stored[column].tolist(), rel=1e-3), column


def test_other_seeds_agree_within_the_error_bars():
    """One step at fresh seeds: the share near the support, two intervals that overlap."""
    point = SLICES["lengths"]
    stored = load("lengths")
    for name, value in point.items():
        stored = stored[stored[name] == value]
    fresh = [
        stage2.one_step(np.random.default_rng(seed), **point)["distance"] for seed in range(60)
    ]
    old, new = (
        experiments.wilson_interval(int((np.asarray(far) < stage2.SUPPORT).sum()), len(far))
        for far in (stored["distance"], fresh)
    )
    assert new.low <= old.high
    assert old.low <= new.high


def test_stage_1_ends_where_the_signals_say():
    task = stage2.draw_task("plain", 3, 125, 2, generator())
    model = stage2.end_of_stage_1(task, generator())
    found = scb.signals(model, task)
    assert 0.05 < found.value * found.attention < 0.08
    _, expected = stage2.begin(task, "trained", generator())
    assert found.value == pytest.approx(expected, rel=0.2)


def test_one_size_changes_and_the_others_stay():
    table = stage2.changing(both(), "vocab_size")
    assert table["vocab_size"].unique().tolist() == [2, 3, 5, 8]
    assert set(table["context_length"]) == {500}
    assert set(table["sparsity"]) == {2}
    assert set(table["kind"]) == {"plain"}
    longer = stage2.changing(both(), "context_length", "example")
    assert longer["context_length"].unique().tolist() == [125, 500, 2000, 8000]
