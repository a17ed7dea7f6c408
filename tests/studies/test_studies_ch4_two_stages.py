"""Chapter 4's runs with samples: what its words say of them, and a slice of them run anew."""

from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

import scb_edu as scb
from scb_edu.studies import STUDIES, stored
from scb_edu.studies import ch4_two_stages as sampled

STUDY = STUDIES["stages-portrait"]
KEYS = ["start", "context_length", "batch_size", "penalty"]


@pytest.fixture(scope="module")
def table():
    return stored(STUDY.name)


def ends(table, **point):
    return sampled.ends(table, [point])


def test_the_stored_table_is_of_the_study_as_it_stands(table):
    assert (table.attrs["command"], table.attrs["seed"]) == (STUDY.command, STUDY.seed)
    assert table.groupby([*KEYS, "seed"]).ngroups == len(STUDY.grid) * STUDY.seeds
    assert table["time"].max() == sampled.TIME
    file = Path(sampled.__file__).parent / "data" / f"{STUDY.name}.csv"
    assert file.stat().st_size < 200_000


@pytest.mark.parametrize("point", [STUDY.grid[0], STUDY.grid[7], STUDY.grid[-1]])
def test_a_slice_run_anew_is_what_is_stored(table, point):
    """The early part alone: later a run would show on which processor it was made."""
    anew = STUDY.slice([point], 1)
    old = table.merge(anew[[*KEYS, "seed"]].drop_duplicates())
    early = [frame[frame["time"] <= 10].reset_index(drop=True) for frame in (anew, old)]
    assert len(early[0]) > 3
    assert_frame_equal(*early, atol=0.002, rtol=0, check_like=True)


def test_only_runs_that_ran_off_on_the_wrong_side_ended_early(table):
    last = table.groupby([*KEYS, "seed"]).last()
    early = last[last["time"] < sampled.TIME]
    assert len(early) == 3
    assert (early["alpha_A"] < -5).all()


def test_a_path_begins_where_its_start_says(table):
    for start, value in (("scratch", 0.0), ("aligned", sampled.THETA), ("related", sampled.THETA)):
        for path in sampled.walks(table, start=start, penalty=0.0, **sampled.SHOWN):
            assert (path.value[0], path.attention[0]) == (pytest.approx(value, abs=1e-3), 0)


def test_the_penalty_moves_the_end_towards_the_truth(table):
    """In the median of the runs on the right side, at every length and batch."""
    for T in sampled.LENGTHS:
        for B in sampled.BATCHES:
            point = {"start": "scratch", "context_length": T, "batch_size": B}
            free, held = (ends(table, **point, penalty=p).iloc[0] for p in sampled.PENALTIES)
            assert np.hypot(held["α_V"] - 1, held["α_A"] - 1) < np.hypot(
                free["α_V"] - 1, free["α_A"] - 1
            ), point


def test_with_the_penalty_the_end_does_not_wait_for_the_creep(table):
    """At T = 1600 and B = 64 the runs are nearly there when the flow has hardly left its corner."""
    task = scb.SCBTask.example(1600)
    corner = (task.attention_energy / task.transition_energy) ** 0.25
    assert scb.signal_flow(task, t_end=sampled.TIME, points=2).value[-1] > 0.98 * corner
    point = {"start": "scratch", "context_length": 1600, "batch_size": 64, "penalty": 0.004}
    end = ends(table, **point).iloc[0]
    assert abs(end["α_A"] - 1) < 0.1
    assert abs(end["α_V"] - 1) < 0.15
