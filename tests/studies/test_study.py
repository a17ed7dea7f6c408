"""The book's data is found where chapters and their notebooks run; every study is stored whole."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import experiments
from scb_edu.studies import STUDIES, Study, stored
from scb_edu.studies import __main__ as command
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


def test_the_stored_speed_is_what_the_page_under_the_hood_says_of_it():
    table = stored("bench")
    assert (table["dense_ratio"] > 2).all()
    assert (table["indices_ratio"] > 2).all()
    assert (table["careful_indices_ratio"] < table["indices_ratio"]).all()
    largest = table[table["vocab_size"] == 1000]
    assert 0.8 < largest["careful_indices_ratio"].item() < 1.25
    assert 1.75 < largest["jax_indices_ratio"].item() < 2.25
    assert (table["memory"] < 50).all()


def test_what_chapter_6_says_of_runs_that_do_not_count():
    escapes = stored("complexity-escape")
    assert len(escapes) == 1800
    assert np.count_nonzero(~escapes["decided"]) == 11


def draw(rng, x):
    return {"y": rng.normal() + x}


TINY = Study("tiny", draw, {"x": [1, 2]}, seeds=2)


def test_the_code_of_a_study_is_its_function_its_points_and_its_seeds():
    same = [TINY, replace(TINY, name="other"), replace(TINY, grid=[{"x": 1}, {"x": 2}])]
    assert len({study.code for study in same}) == 1
    others = [{"function": letters.text_scb}, {"grid": {"x": [1]}}, {"seeds": 3}, {"seed": 1}]
    assert len({replace(TINY, **other).code for other in others} | {TINY.code}) == 5


@pytest.fixture
def _only_tiny(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "STUDIES", {"tiny": TINY})
    monkeypatch.chdir(tmp_path)


def run(capsys, *arguments):
    """What the command says line by line, and its exit status."""
    status = 0
    try:
        command.main(["--jobs", "1", "--output", "data", *arguments])
    except SystemExit as end:
        status = end.code
    return capsys.readouterr().out.splitlines(), status


@pytest.mark.usefixtures("_only_tiny")
def test_only_what_was_changed_is_computed_and_the_command_says_it_first(capsys, monkeypatch):
    assert run(capsys, "--check") == (
        ["tiny: not there, takes an unknown time in 1 processes"],
        1,
    )
    lines, _ = run(capsys)
    assert lines[1:] == ["tiny (1 of 1)", f"{Path('data', 'tiny.csv')}: 4 rows"]
    table = experiments.load_table("data/tiny.csv")
    assert table.attrs["code"] == TINY.code
    assert table.attrs["command"] == TINY.command
    assert table.attrs["seconds"] >= 0
    before = Path("data/tiny.csv").stat().st_mtime_ns
    assert run(capsys, "--check") == (["tiny: up to date"], 0)
    assert run(capsys) == (["tiny: up to date"], 0)
    assert Path("data/tiny.csv").stat().st_mtime_ns == before
    table_is_damaged(capsys)
    cache_is_damaged(capsys)
    monkeypatch.setattr(command, "STUDIES", {"tiny": replace(TINY, seeds=3)})
    lines, status = run(capsys, "--check")
    assert lines == ["tiny: of an earlier code, takes about 0.0 minutes in 1 processes"]
    assert status == 1
    assert "6 rows" in run(capsys)[0][-1]


def table_is_damaged(capsys):
    """It is computed anew, here of runs that are all kept."""
    table = Path("data/tiny.csv")
    whole = table.read_text()
    table.write_text(whole[:-9])
    told = "tiny: damaged, takes an unknown time in 1 processes"
    assert run(capsys, "--check") == ([told], 1)
    assert run(capsys)[1] == 0
    assert table.read_text() == whole


def cache_is_damaged(capsys):
    """The command ends in words, the table stays as it is."""
    table, cache = Path("data/tiny.csv"), Path("_build/studies/tiny.jsonl")
    table.write_text("cut")
    runs = cache.read_text()
    cache.write_text(runs.replace("result", "Result", 1))
    _, status = run(capsys)
    assert status.startswith("studies: cache: expected the results of a sweep, got line 2 of")
    assert status.endswith("are kept.")
    assert table.read_text() == "cut"
    cache.write_text(runs)
    assert run(capsys)[1] == 0


def test_the_stored_tables_have_the_names_of_provenance():
    for name in [*STUDIES, "bench"]:
        assert experiments.Provenance(**stored(name).attrs).code
