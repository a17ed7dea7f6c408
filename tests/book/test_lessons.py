"""Each chapter's notebook is the chapter: the same cells, run, with the same header."""

import jupytext
import nbformat
import pytest
import yaml
from conftest import BOOK, chapters

LESSONS = BOOK / "lessons"


@pytest.fixture(params=chapters())
def name(request):
    return request.param


@pytest.fixture
def source(name):
    return (BOOK / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture
def twin(name):
    return nbformat.read(LESSONS / f"{name}.ipynb", as_version=4)


def header(source):
    return yaml.safe_load(source.split("---\n")[1])


def inputs(notebook):
    """What a notebook says, without what running it added."""
    return [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in notebook.cells]


def test_there_is_one_notebook_for_each_chapter():
    assert {path.stem for path in LESSONS.glob("*.ipynb")} == set(chapters())


def test_the_notebook_holds_the_cells_of_the_chapter(source, twin):
    assert inputs(twin) == inputs(jupytext.reads(source, fmt="md:myst")), "run `make lessons`"


def test_the_notebook_is_valid(twin):
    nbformat.validate(twin)


def test_the_notebook_was_run(twin):
    code = [cell for cell in twin.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)


def test_no_cell_ended_in_an_error(twin):
    outputs = [out for cell in twin.cells for out in cell.get("outputs", ())]
    assert [out.evalue for out in outputs if out.output_type == "error"] == []


def test_nothing_of_a_single_run_is_kept(twin):
    assert "widgets" not in twin.metadata
    assert "vnd.jupyter.widget-view" not in nbformat.writes(twin)


def test_the_header_is_kept(source, twin):
    expected = header(source)
    representation = expected.pop("jupytext")["text_representation"]
    assert representation["format_name"] == "myst"
    assert representation["extension"] == ".md"  # else jupytext reads it as plain Markdown
    kept = {key: value for key, value in twin.metadata.items() if key != "jupytext"}
    assert kept == expected


def test_a_sync_leaves_the_chapter_as_it_is(name, source, tmp_path):
    from jupytext.cli import jupytext as sync

    lessons = tmp_path / "book" / "lessons"
    lessons.mkdir(parents=True)
    page = lessons.parent / f"{name}.md"
    page.write_text(source)
    (tmp_path / "pyproject.toml").write_bytes((BOOK.parent / "pyproject.toml").read_bytes())
    twin = lessons / f"{name}.ipynb"
    twin.write_bytes((LESSONS / twin.name).read_bytes())
    sync(["--quiet", "--sync", str(twin)])
    assert page.read_text() == source
    assert twin.read_bytes() == (LESSONS / twin.name).read_bytes()
