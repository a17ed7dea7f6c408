"""What the page for teachers says of the other pages is so."""

import inspect
import json
import re
import tomllib

import jupytext
import numpy as np
import pytest
from conftest import BOOK, ROOT, pages
from test_words import HEAD, words

from scb_edu import widgets
from scb_edu.model import OwnExample

TEXT = (BOOK / "teach-it.md").read_text(encoding="utf-8")
SOURCES = {page: (BOOK / f"{page}.md").read_text(encoding="utf-8") for page in pages()}
CHAPTERS = [page for page in pages() if page[0].isdigit()]
EXERCISES = ROOT / "scb_edu" / "exercises" / "data"


def part(label):
    """A section of the page, from its label to the next one."""
    return re.split(r"^\(sec-[\w-]+\)=$", TEXT.split(f"({label})=", 1)[1], flags=re.MULTILINE)[0]


def rows(label):
    """The rows of the tables of a section, cell by cell, without their heads."""
    lines = [line for line in part(label).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines][1:]


def section(label):
    """The text of a section of another page, from its label to the next heading's."""
    (text,) = (text for text in SOURCES.values() if f"({label})=" in text)
    found = text.split(f"({label})=", 1)[1]
    return re.split(r"^\(sec-[\w-]+\)=$", found, flags=re.MULTILINE)[0]


def test_it_is_no_longer_than_a_teacher_reads_through():
    assert words(TEXT) <= 2500


def test_the_lecture_takes_the_time_of_its_title():
    minutes = sum(int(row[0]) for row in rows("sec-one-lecture"))
    assert f"## One lecture: {minutes} minutes" in TEXT
    assert 75 <= minutes <= 90


def test_the_week_reads_chapters_1_to_8_in_an_hour_each_time():
    read = [re.findall(r"<sec-[\w-]+>", row[1]) for row in rows("sec-one-week")]
    assert len(read) == 5
    heads = {f"<{re.search(r'sec-[a-z-]+', SOURCES[page])[0]}>": page for page in CHAPTERS}
    assert [heads[label] for labels in read for label in labels] == CHAPTERS[:8]
    for labels in read:
        assert sum(minutes(heads[label]) for label in labels) <= 60


def minutes(chapter):
    return int(HEAD.search(SOURCES[chapter])[1])


def test_the_times_are_those_of_the_chapters():
    (row,) = (row for row in rows("sec-before-class") if row[0] == "Minutes to read")
    assert [int(cell) for cell in row[1:]] == [minutes(chapter) for chapter in CHAPTERS]


def test_a_reading_group_meets_every_claim_of_the_paper_once():
    claims = [c for row in rows("sec-reading-group") for c in re.findall(r"C\d", row[1])]
    assert claims == re.findall(r"^\| (C\d) \|", SOURCES["index"], re.MULTILINE)


@pytest.mark.parametrize("row", rows("sec-misunderstandings"), ids=lambda row: row[1][:13])
def test_a_misunderstanding_is_a_question_and_its_page_answers(row):
    chapter, number = map(int, re.search(r"self-test (\d)\.(\d)", row[1]).groups())
    questions = json.loads((EXERCISES / f"ch{chapter}.json").read_text("utf-8"))
    assert f"<{questions[number - 1]['section']}>" in row[2]


@pytest.mark.parametrize("row", rows("sec-explorers"), ids=lambda row: row[0])
def test_an_explorer_stands_where_it_says_and_takes_what_it_says(row):
    name = row[0].strip("`")
    explorer = getattr(widgets, name)
    assert f"widgets.{name}(" in section(re.search(r"<(sec-[\w-]+)>", row[1])[1]) or (
        name == "algorithm_race" and f"widgets.{name}(" in SOURCES["05-algorithm"]
    )
    if row[3] == "yes":
        example = OwnExample([[0.9, 0.5], [0.1, 0.5]]).task()
        assert explorer(task=example).controls
    else:
        refuses = "task" in inspect.signature(explorer).parameters
        assert refuses == (row[3] == "stored runs")


def test_every_explorer_is_in_the_list():
    makers = {n for n in widgets.__all__ if inspect.isfunction(getattr(widgets, n))}
    assert {row[0].strip("`") for row in rows("sec-explorers")} == makers - {"playground"}


def test_the_file_says_what_the_cell_says(tmp_path):
    told = re.search(r"^```toml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[1]
    (cell,) = (c for c in jupytext.reads(TEXT, fmt="md:myst").cells if "four_words = " in c.source)
    names = {}
    exec(cell.source.split("my_task =")[0], names)
    (tmp_path / "my_task.toml").write_text(told)
    read, written = OwnExample.read(tmp_path / "my_task.toml").task(), names["four_words"].task()
    assert np.array_equal(read.transition, written.transition)
    assert np.array_equal(read.attention, written.attention)
    assert set(tomllib.loads(told)) == {"transition", "weights", "context_length"}
