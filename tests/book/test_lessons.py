"""Each chapter's notebook is the chapter: the same cells, run, with the same header."""

import importlib
import os
import re
import shutil

import jupytext
import nbformat
import pytest
import yaml
from conftest import BOOK, chapters

LESSONS = BOOK / "lessons"
SOLUTION = {"source_hidden": True, "outputs_hidden": True}
PLUMBING = {"source_hidden": True}
DIRECTIVE = re.compile(r"^:::+ *\{(exercise|solution)\} (.*)$|^#+ ", re.MULTILINE)


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


def solution_cells(notebook):
    """The code cells after a solution, before the next exercise or heading."""
    inside = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = [match[1] for match in DIRECTIVE.finditer(cell.source)]
            inside = found[-1] == "solution" if found else inside
        elif inside:
            yield cell


def solutions(source):
    """The text of each solution directive, from its opening line."""
    return re.findall(r"^:::\{solution\}.*?^:::$", source, re.MULTILINE | re.DOTALL)


@pytest.fixture
def write_lessons(monkeypatch):
    """The script that writes the notebooks, as a module."""
    monkeypatch.syspath_prepend(BOOK)
    return importlib.import_module("write_lessons")


def test_there_is_one_notebook_for_each_chapter():
    assert {path.stem for path in LESSONS.glob("*.ipynb")} == set(chapters())


def test_the_notebook_holds_the_cells_of_the_chapter(source, twin):
    assert inputs(twin) == inputs(jupytext.reads(source, fmt="md:myst")), "run `make lessons`"


def test_the_notebook_is_valid(twin):
    nbformat.validate(twin)


def test_the_notebook_was_run(twin):
    code = [cell for cell in twin.cells if cell.cell_type == "code"]
    assert {cell.execution_count for cell in code} == {1}  # what it counts is no content
    assert any(cell.outputs for cell in code)


def test_no_cell_ended_in_an_error(twin):
    outputs = [out for cell in twin.cells for out in cell.get("outputs", ())]
    assert [out.evalue for out in outputs if out.output_type == "error"] == []


def shown(notebook):
    """What each cell prints and says, without pictures and what is alive, which differ by place."""
    return [
        [out.get("text", out.get("data", {}).get("text/plain", "")).rstrip() for out in outputs]
        for outputs in (cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    ]


def test_the_notebook_shows_what_the_page_shows(name, twin, book):
    """The book's build ran the same cells, on this processor and not on the lessons' one."""
    ran = nbformat.read(book.parent / "jupyter_execute" / f"{name}.ipynb", as_version=4)
    assert shown(twin) == shown(ran), "run `make lessons`"


def test_nothing_of_a_single_run_is_kept(twin):
    assert "widgets" not in twin.metadata
    assert "vnd.jupyter.widget-view" not in nbformat.writes(twin)


def test_the_header_is_kept(source, twin):
    expected = header(source)
    pairing = expected.pop("jupytext")
    # else JupyterLab drops what only the notebook has: that its solutions are folded
    assert pairing["cell_metadata_filter"] == "tags,mystnb,-all"
    representation = pairing["text_representation"]
    assert representation["format_name"] == "myst"
    assert representation["extension"] == ".md"  # else jupytext reads it as plain Markdown
    kept = {key: value for key, value in twin.metadata.items() if key != "jupytext"}
    assert kept == expected


def pair_in(folder, name):
    """A copy of a chapter and its notebook as a project of its own."""
    lessons = folder / "book" / "lessons"
    lessons.mkdir(parents=True)
    for path in (f"book/{name}.md", f"book/lessons/{name}.ipynb", "pyproject.toml"):
        shutil.copyfile(BOOK.parent / path, folder / path)
    return lessons.parent / f"{name}.md", lessons / f"{name}.ipynb"


def make_newer(path, than):
    os.utime(path, ns=(than.stat().st_mtime_ns + 10**9,) * 2)


@pytest.mark.parametrize("newer", ["chapter", "notebook"])
def test_a_sync_leaves_the_chapter_as_it_is(name, newer, tmp_path):
    from jupytext.cli import jupytext as sync

    page, twin = pair_in(tmp_path, name)
    make_newer(*((page, twin) if newer == "chapter" else (twin, page)))
    sync(["--quiet", "--sync", str(twin)])
    assert page.read_bytes() == (BOOK / page.name).read_bytes()
    assert twin.read_bytes() == (LESSONS / twin.name).read_bytes()


# Names of cells


def names(notebook):
    return [cell.id for cell in notebook.cells]


def test_each_cell_has_the_name_that_its_page_gives_it(name, twin, write_lessons):
    assert names(twin) == names(write_lessons.rebuild(BOOK / f"{name}.md"))
    assert len(set(names(twin))) == len(twin.cells)


NEW = "```{code-cell} ipython3\nnew = 1\n```\n\n"


@pytest.mark.parametrize("count", [0, 3, 8])
def test_a_new_cell_leaves_the_names_of_all_others(name, source, count, tmp_path, write_lessons):
    """It stands before a code cell, so that no text is cut in two."""
    old = write_lessons.rebuild(BOOK / f"{name}.md")
    places = [found.start() for found in re.finditer(r"^```\{code-cell\}", source, re.MULTILINE)]
    at = places[count % len(places)]
    page = tmp_path / "page.md"
    page.write_text(source[:at] + NEW + source[at:])
    new = write_lessons.rebuild(page)
    [at] = [number for number, cell in enumerate(new.cells) if cell.source == "new = 1"]
    assert names(new)[:at] + names(new)[at + 1 :] == names(old)


def test_cells_that_say_the_same_have_different_names(write_lessons):
    new = nbformat.v4
    cells = [new.new_code_cell("x"), new.new_markdown_cell("x"), *map(new.new_code_cell, "xyx")]
    write_lessons.name_cells(cells)
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == 5
    assert [ids[2], ids[4]] == [f"{ids[0]}-2", f"{ids[0]}-3"]
    assert all(re.fullmatch(r"[0-9a-f]{12}(-\d+)?", cell) for cell in ids)


# Nobody's answer is shown before it is asked for


def test_solutions_are_folded_in_the_pages_and_in_jupyterlab(twin):
    cells = list(solution_cells(twin))
    assert bool(cells) == any("{solution}" in cell.source for cell in twin.cells)
    for cell in cells:
        assert cell.metadata.get("tags") == ["hide-cell"], cell.source
        assert cell.metadata.get("jupyter") == SOLUTION, cell.source


def test_the_line_that_jupyterlab_shows_of_a_folded_solution_gives_nothing_away(twin):
    for cell in solution_cells(twin):
        first = cell.source.splitlines()[0]
        assert "exercises.check(" not in cell.source or re.match("# |def |for ", first), first


def test_nothing_else_is_folded(twin):
    plumbing = [c for c in twin.cells if c.metadata.get("tags") == ["hide-input"]]
    assert all(cell.metadata.jupyter == PLUMBING for cell in plumbing)
    folded = [cell for cell in twin.cells if "jupyter" in cell.metadata]
    assert [c for c in folded if c not in plumbing] == list(solution_cells(twin))


def test_the_words_of_a_solution_are_folded(source):
    assert source.count("{solution}") == len(solutions(source))
    assert bool(solutions(source)) == ("{exercise}" in source)
    for solution in solutions(source):
        assert ":class: dropdown" in solution.split("\n\n")[0], solution


@pytest.mark.parametrize("opened", ["chapter", "notebook"])
@pytest.mark.parametrize("newer", ["chapter", "notebook"])
def test_jupyterlab_opens_a_pair_with_its_solutions_folded(name, opened, newer, tmp_path):
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class as paired

    page, twin = pair_in(tmp_path, name)
    make_newer(*((page, twin) if newer == "chapter" else (twin, page)))
    path = (page if opened == "chapter" else twin).relative_to(tmp_path).as_posix()
    lab = paired(LargeFileManager)(root_dir=str(tmp_path), outdated_text_notebook_margin=60)
    cells = list(solution_cells(lab.get(path, type="notebook")["content"]))
    assert bool(cells) == ("{solution}" in page.read_text("utf-8"))
    assert [cell.metadata.get("jupyter") for cell in cells] == [SOLUTION] * len(cells)


def test_an_exercise_asks_before_it_shows_an_answer(twin):
    """What stands open is unwritten, says so, and comes before what is folded."""
    open_cells = [cell for cell in twin.cells if cell not in list(solution_cells(twin))]
    asked = [cell for cell in open_cells if "exercises.check(" in cell.source]
    for cell in asked:
        assert re.search(r" = None  #|\.\.\.", cell.source), cell.source
        [output] = cell.outputs
        assert output.data["text/plain"].startswith("Not answered yet"), cell.source
    answered = [cell for cell in solution_cells(twin) if "exercises.check(" in cell.source]
    assert [checked(cell) for cell in asked] == [checked(cell) for cell in answered]


def checked(cell):
    return re.search(r"exercises\.check\(\"([\w-]+)\"", cell.source)[1]
