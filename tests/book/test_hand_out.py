"""What a teacher hands out: no word of a solution, all else, and the marks of otter-grader."""

import ast
import functools
import re

import hand_out
import jupytext
import nbformat
import pytest
import yaml
from conftest import BOOK, chapters
from nbclient import NotebookClient

SOLUTION = re.compile(r"^:::\{solution\}.*?^:::$", re.MULTILINE | re.DOTALL)
TO_RUN = re.compile(r"\*\*To run it\*\*(?:.+\n?)+")
WITH_EXERCISES = [n for n in chapters() if "{exercise}" in (BOOK / f"{n}.md").read_text("utf-8")]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """All notebooks, by folder and chapter, as a teacher's command writes them."""
    folder = tmp_path_factory.mktemp("out") / "_build"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hand_out, "OUT", folder)
        hand_out.main([])
    files = folder.rglob("*.ipynb")
    return {(file.parent.name, file.stem): nbformat.read(file, as_version=4) for file in files}


@functools.cache
def chapter(name):
    """A chapter's cells, by another way than the library's: jupytext alone."""
    return jupytext.read(BOOK / f"{name}.md").cells


def hidden(cell):
    return "hide-cell" in cell.metadata.get("tags", ())


def text(cells):
    """The words of cells of text, whatever the lines and the cells are that they stand in."""
    joined = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return TO_RUN.sub(hand_out.IN_JUPYTERLAB, SOLUTION.sub("", joined)).split()


def code(cells):
    return [cell.source.strip() for cell in cells if cell.cell_type == "code" and not hidden(cell)]


def test_there_is_a_notebook_for_each_chapter(written):
    students = {name for folder, name in written if folder == "student"}
    assert students == set(chapters())
    assert {name for folder, name in written if folder == "instructor"} == set(WITH_EXERCISES)


# For students


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_no_line_of_a_solution_is_handed_out(name, written):
    cells = chapter(name)
    source = "\n".join(cell.source for cell in cells if not hidden(cell))
    solutions = [cell.source for cell in cells if hidden(cell)] + SOLUTION.findall(source)
    assert len(solutions) >= 6
    elsewhere = SOLUTION.sub("", source)
    lines = {line.strip() for solution in solutions for line in solution.splitlines()}
    secret = [line for line in lines if len(line) > 7 and line not in elsewhere]
    assert len(secret) >= 2 * len(solutions)
    handed_out = nbformat.writes(written["student", name])
    given = "\n".join(cell.source for cell in written["student", name].cells)
    assert [line for line in secret if line in given] == []
    assert "{solution}" not in handed_out
    assert "hide-cell" not in handed_out


@pytest.mark.parametrize("name", chapters())
def test_all_else_is_handed_out_and_nothing_was_run(name, written):
    notebook = written["student", name]
    own = [cell for cell in notebook.cells if cell.source not in hand_out.PLACES]
    assert code(own) == code(chapter(name))
    assert text(own) == text(chapter(name))
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    assert "jupytext" not in notebook.metadata


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_each_exercise_is_followed_by_a_place_for_the_answer(name, written):
    cells = written["student", name].cells
    at = [i for i, cell in enumerate(cells) if cell.source.startswith(":::{exercise}")]
    assert len(at) == len(re.findall(r"^:::\{exercise\}", "\n".join(sources(chapter(name))), re.M))
    for one in at:
        words, lines = (cell.source for cell in cells[one + 1 : one + 3])
        assert (words, lines) == hand_out.PLACES or re.search(r" = None  #|\.\.\.", words)


def sources(cells):
    return [cell.source for cell in cells]


@pytest.mark.parametrize("name", ["index", "02-linear-transformer"])
def test_the_first_run_works_from_top_to_bottom(name, written, tmp_path):
    """Where no other file of the book is."""
    notebook = written["student", name]
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    checks = [cell for cell in notebook.cells if "exercises.check(" in cell.source]
    said = [cell.outputs[-1].data["text/plain"] for cell in checks]
    assert said == ["Not answered yet: write your answer, then run the cell again."] * len(said)


# For otter-grader


def tree(cells):
    """The blocks of a notebook: [("QUESTION", config, [cell, ("SOLUTION", ...), ...]), ...]."""
    open_blocks = [("", "", [])]
    for cell in cells:
        mark = re.match(r"# (BEGIN|END) ([A-Z]+)\n?", cell.source)
        if cell.cell_type != "raw" or not mark:
            open_blocks[-1][2].append(cell)
        elif mark[1] == "BEGIN":
            open_blocks.append((mark[2], cell.source[mark.end() :], []))
        else:
            done = open_blocks.pop()
            assert done[0] == mark[2], "blocks cross"
            open_blocks[-1][2].append(done)
    [(_, _, top)] = open_blocks
    return top


def questions(notebook):
    return [part for part in tree(notebook.cells) if isinstance(part, tuple)]


def for_students(source):
    """The code that otter-grader leaves of a solution: what its documentation says of the marks."""
    source = re.sub(
        r"^# BEGIN SOLUTION NO PROMPT\n.*?^# END SOLUTION\n?", "", source, flags=re.M | re.S
    )
    return re.sub(r"^.*# (BEGIN|END) PROMPT\n", "", source, flags=re.M).strip()


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_the_first_cell_says_what_is_made(name, written):
    first = written["instructor", name].cells[0]
    assert (first.cell_type, first.source.splitlines()[0]) == ("raw", "# ASSIGNMENT CONFIG")
    assert yaml.safe_load(first.source)["name"] == name


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_each_exercise_is_a_question_with_a_name_of_its_own(name, written):
    found = questions(written["instructor", name])
    names = [yaml.safe_load(config)["name"] for _, config, _ in found]
    waiting = [lines for lines in code(chapter(name)) if "exercises.check(" in lines]
    assert {kind for kind, _, _ in found} == {"QUESTION"}
    assert len(set(names)) == len(found) == "\n".join(sources(chapter(name))).count("{exercise}")
    tested = [one for one in names if one.startswith("ch")]
    assert tested == [re.search(r"check\(\"(.+?)\"", lines)[1] for lines in waiting]


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_a_question_has_its_solution_and_its_test(name, written):
    for _, config, (asked, solution, *tests) in questions(written["instructor", name]):
        assert asked.source.startswith(":::{exercise}")
        words, *rest = solution[2]
        assert (solution[0], words.source[:13]) == ("SOLUTION", ":::{solution}")
        assert yaml.safe_load(config).get("manual", False) == (tests == [])
        assert all(ast.parse(cell.source).body for cell in rest)
        for kind, _, [test] in tests:
            assert kind == "TESTS"
            check, claim = ast.parse(test.source).body
            assert ast.unparse(claim) == "assert verdict.passed, str(verdict)"
            assert ast.unparse(check.value) in rest[0].source.replace('"', "'")


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_what_otter_grader_leaves_is_the_cell_that_waits_for_an_answer(name, written):
    solved = [code(part[2][1][2]) for part in questions(written["instructor", name])]
    left = [lines for one in solved for lines in map(for_students, one) if lines]
    waiting = [lines for lines in code(chapter(name)) if "exercises.check(" in lines]
    assert [lines.split() for lines in left] == [lines.split() for lines in waiting]
