"""The searched batches: the fit, the claims that the words make, and a slice of each study anew."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import scb_edu as scb
from scb_edu.studies import STUDIES, least_batches, least_slopes, least_table, stored
from scb_edu.studies.headline import WAYS
from scb_edu.studies.headline_least import FACTORS, LENGTHS, ONE_STEP, on_multiple
from scb_edu.studies.least_summary import LeastBatch, clean_samples, least_factors, samples_at
from scb_edu.training import Moment

NAMES = ("least-aligned", "least-slow", "least-giant")


@pytest.fixture(scope="module")
def batches():
    return least_batches(rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def table(batches):
    return least_table(batches).set_index(["way", "context_length"])


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_table_is_of_the_study_as_it_stands(name):
    runs, study = stored(name), STUDIES[name]
    assert runs.attrs["command"] == study.command
    assert runs.attrs["seed"] == study.seed != STUDIES["headline"].seed
    points = np.prod([len(values) for values in study.grid.values()])
    key = ["way", "context_length", "factor", "seed"]
    assert len(runs[key].drop_duplicates()) == study.seeds * points


SLICES = {
    "least-aligned": [("aligned", 100, 0.74), ("aligned", 1600, 0.43)],
    "least-slow": [("related", 100, 0.3), ("tempered", 400, 0.3), ("scheduled", 100, 0.67)],
    "least-giant": [("related giant", 100, 0.74)],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_slice_that_is_run_anew_is_what_was_stored(name):
    points = [dict(zip(("way", "context_length", "factor"), p, strict=True)) for p in SLICES[name]]
    new = STUDIES[name].slice(points, 2)
    old = pd.DataFrame(points).merge(stored(name)).query("seed < 2")
    assert new["fate"].tolist() == old["fate"].tolist()
    # a look at a run, where another processor rounds otherwise
    assert new["half"].tolist() == pytest.approx(old["half"].tolist(), rel=0.05)


# The fit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("middle", "width"), [(0.5, 0.1), (0.3, 0.6)])
def test_the_least_factor_of_exact_shares_is_exact(middle, width):
    logs, total = np.log(FACTORS), np.full(len(FACTORS), 10**7)
    right = np.round(total * norm.cdf((logs - np.log(middle)) / width))
    expected = middle * np.exp(norm.ppf(0.9) * width)
    assert least_factors(logs, right[None], total) == pytest.approx(expected, rel=1e-3)


def test_the_fit_has_the_largest_likelihood():
    """Beside a search over all lines on a fine grid."""
    logs, right, total = np.log([0.3, 0.5, 0.8, 1.3]), np.array([3, 14, 31, 39]), np.full(4, 40)
    lines = [(at, slope) for at in np.linspace(-1.2, -0.2, 401) for slope in np.linspace(1, 4, 301)]
    at, slope = np.array(lines).T
    share = norm.cdf(slope[:, None] * (logs - at[:, None]))
    likelihood = (right * np.log(share) + (total - right) * np.log1p(-share)).sum(axis=1)
    best = likelihood.argmax()
    expected = np.exp(at[best] + norm.ppf(0.9) / slope[best])
    assert least_factors(logs, right[None], total) == pytest.approx(expected, rel=0.01)


def test_shares_that_leap_have_a_factor_between_the_two():
    found = least_factors(np.log([0.5, 0.6, 0.72]), np.array([[0, 0, 60]]), np.full(3, 60))
    assert 0.6 < found < 0.73


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """400 runs at each of 6 factors, 60 times: 57 expected, at least 51."""
    rng, factors, inside = np.random.default_rng(1), np.array(FACTORS), 0
    truth = 0.4 * np.exp(norm.ppf(0.9) * 0.4)
    chance = norm.cdf(np.log(factors / 0.4) / 0.4)
    pairs = list(zip(factors, chance, strict=True))
    for _ in range(60):
        half = [np.where(rng.random(60) < p, 100 * f, np.inf) for f, p in pairs]
        runs = pd.DataFrame({"factor": np.repeat(factors, 60), "half": np.concatenate(half)})
        found = LeastBatch.of("related", 100, runs, rng)
        low, high = np.quantile(found.factors, (0.025, 0.975))
        inside += low <= truth <= high
    assert inside >= 51


def test_samples_between_two_factors():
    medians = pd.Series({0.5: 100.0, 1.0: 400.0})
    assert samples_at(medians, np.array([0.5, np.sqrt(0.5)])).tolist() == pytest.approx([100, 200])


def test_a_power_law_has_its_slope():
    def batch(T):
        drawn = T**0.4 * np.exp(np.linspace(-0.05, 0.05, 101))
        return LeastBatch("related", T, 1.0, np.ones(101), T**0.4, drawn)

    found = least_slopes([batch(T) for T in (100, 400, 1600)]).iloc[0]
    assert found["slope"] == pytest.approx(0.4)
    assert (found["shortest"], found["longest"]) == (100, 1600)
    longer = least_slopes([batch(T) for T in (100, 400, 1600)], shortest=400).iloc[0]
    assert (longer["slope"], longer["shortest"]) == (pytest.approx(0.4), 400)


def test_a_multiple_of_a_way_has_multiples_of_its_batches():
    task = scb.SCBTask.example(100)
    begin = WAYS["related"](task, np.random.default_rng(0))
    (usual,), (half,) = begin.stages, on_multiple(begin, 0.5).stages
    for time in (0.0, 5.0, 20.0):
        moment = Moment(time=time)
        assert abs(half.batch_at(moment) - usual.batch_at(moment) / 2) <= 0.5
    assert on_multiple(begin, 1e-9).stages[0].batch_at(Moment()) == 1
    assert (half.steps, half.optimizer) == (usual.steps, usual.optimizer)


def test_the_predicted_batch_is_that_of_the_formula():
    """(2 z Q / theta)^2 N tau / K_P^2 with z^2 = 2 log(N T), by hand."""
    task = scb.SCBTask.example(400)
    D = np.diag(task.stationary) - np.outer(task.stationary, task.stationary)
    tau, K_P = np.trace(D @ task.transition @ D @ task.transition.T), task.transition_energy
    expected = 16 * 2 * np.log(1200) * 3 * tau / K_P**2
    assert clean_samples("aligned", task) == pytest.approx(expected, rel=1e-3)  # terms of 1 / T
    assert clean_samples("related giant", task) == pytest.approx(100 * expected, rel=1e-3)
    assert np.isnan(clean_samples("related", task))


# The claims ------------------------------------------------------------------------------------


def test_one_step_rises_like_a_logarithm_from_400_on(batches, table):
    slopes = least_slopes(batches, shortest=400).set_index("way").loc[list(ONE_STEP)]
    assert (slopes["low"] > 0.05).all()
    assert (slopes["high"] < 0.2).all()
    ratio = (table["samples"] / table["predicted"]).loc[list(ONE_STEP)]
    late = ratio[ratio.index.get_level_values("context_length") >= 400]
    assert late.between(0.3, 0.5).all()
    assert table.loc[("aligned", 100), "samples"] > 1.5 * table.loc[("aligned", 400), "samples"]


def test_a_rest_costs_one_over_the_square_of_the_correlation(table):
    for T in LENGTHS:
        ratio = table.loc[("related giant", T), "samples"] / table.loc[("aligned", T), "samples"]
        assert ratio == pytest.approx(100, rel=0.25)


def test_the_batch_of_the_other_studies_is_enough(table):
    assert (table.loc[list(ONE_STEP), "factor_high"] < 1).all()


def test_small_steps_rise_a_little_faster_than_a_root(batches):
    slopes = least_slopes(batches).set_index("way")
    for way in ("related", "tempered"):
        assert slopes.loc[way, "low"] > 0.5
        assert slopes.loc[way, "high"] < slopes.loc["scheduled", "low"]


def test_less_spending_loses_runs_in_small_steps():
    runs = stored("least-slow")
    share = np.isfinite(runs["half"]).groupby([runs["way"], runs["context_length"], runs["factor"]])
    lost = 1 - share.mean()
    for way in ("related", "tempered"):
        assert (lost[way][:, 0.2] > 0.5).all()
        assert (lost[way][:, 1.5] <= 0.05).all()
