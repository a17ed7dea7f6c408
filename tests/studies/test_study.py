"""The book's data is found where chapters and their notebooks run; every study is stored whole."""

from pathlib import Path

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.studies import STUDIES, stored
from scb_edu.studies import ch9_past_the_paper as letters

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", [".", "book", "book/lessons"])
def test_a_table_is_found_from_where_a_chapter_runs(folder, monkeypatch):
    monkeypatch.chdir(ROOT / folder)
    table = stored("complexity-noise")
    assert table.attrs["command"] == STUDIES["complexity-noise"].command
    assert len(table) > 0


def test_a_table_that_is_nowhere_is_asked_for_in_words():
    with pytest.raises(scb.ScbError, match=r"name: expected a table .*got 'of-nothing.csv'"):
        stored("of-nothing")


def test_the_tables_come_with_the_package_wherever_one_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [*STUDIES, "bench"]:
        assert len(stored(name))
    assert letters.alice.__wrapped__()[0].vocab_size == 27


@pytest.mark.parametrize("name", STUDIES)
def test_a_stored_table_holds_every_point_with_every_seed(name):
    study = STUDIES[name]
    table = stored(name)
    assert table.attrs["seed"] == study.seed
    assert set(table["seed"].tolist()) == set(range(study.seeds))
    kept = (ROOT / "scb_edu" / "studies" / "data" / f"{name}.csv").stat().st_size
    assert kept < 300_000


def test_the_stored_speed_is_what_chapter_5_says_of_it():
    table = stored("bench")
    assert (table["dense_ratio"] > 2).all()
    assert (table["indices_ratio"] > 2).all()
    assert (table["careful_indices_ratio"] < table["indices_ratio"]).all()
    largest = table[table["vocab_size"] == 1000]
    assert 0.8 < largest["careful_indices_ratio"].item() < 1.25
    assert (table["memory"] < 50).all()


def test_what_chapter_6_says_of_runs_that_do_not_count():
    escapes = stored("complexity-escape")
    assert len(escapes) == 1800
    assert np.count_nonzero(~escapes["decided"]) == 9
    second = stored("complexity-second")
    eight = second[(second["vocab_size"] == 8) & (second["context_length"] == 500)]
    arrived = {int(B): eight["reached"][eight["batch_size"] == B].sum() for B in (64, 128)}
    steps = {B: np.median(eight["steps"][eight["batch_size"] == B]) for B in (64, 128)}
    assert arrived[64] < 20 == arrived[128]
    assert 64 * steps[64] < 128 * steps[128]
