"""Each chapter's notebook is the chapter: the same words and cells, run, with the same header."""

import importlib
import re
import shutil

import jupytext
import nbformat
import pytest
import yaml
from conftest import BOOK, chapters

LESSONS = BOOK / "lessons"
PLUMBING = {"source_hidden": True}
FOLDED = {"jp-MarkdownHeadingCollapsed": True}


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


def inputs(cells):
    """What cells say, without what running them added; words that follow each other are one."""
    said = []
    for cell in cells:
        if said and said[-1][0] == cell.cell_type == "markdown":
            said[-1] = ("markdown", f"{said[-1][1]}\n\n{cell.source}", [])
        else:
            said.append((cell.cell_type, cell.source, cell.metadata.get("tags", [])))
    return said


def in_the_notebook(source):
    """A chapter with the headings that JupyterLab folds by, and without the pages' own fold."""
    source = re.sub(r"^(:::\{exercise\}) (.*)$", r"### \2\n\n\1", source, flags=re.MULTILINE)
    source = re.sub(r"^(?=:::\{solution\})", "#### Solution\n\n", source, flags=re.MULTILINE)
    return source.replace(":class: dropdown\n", "")


def levels(cell):
    """The levels of the headings of a cell, where no code block is."""
    text = re.sub(r"^(```+).*?^\1$", "", cell.source, flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.MULTILINE)]


def below(cells, level):
    """The cells until a heading that is not lower."""
    for cell in cells:
        if cell.cell_type == "markdown" and min(levels(cell), default=7) <= level:
            return
        yield cell


def folds(notebook):
    """The cells that JupyterLab hides below each folded heading."""
    for at, heading in enumerate(notebook.cells):
        if heading.metadata == FOLDED:
            [level] = levels(heading)
            yield list(below(notebook.cells[at + 1 :], level))


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
    chapter = jupytext.reads(in_the_notebook(source), fmt="md:myst")
    assert inputs(twin.cells) == inputs(chapter.cells), "run `make lessons`"


def test_the_notebook_is_valid(twin):
    assert list(nbformat.validator.iter_validate(twin)) == []


def test_the_notebook_was_run(twin):
    code = [cell for cell in twin.cells if cell.cell_type == "code"]
    assert {cell.execution_count for cell in code} == {1}  # what it counts is no content
    assert any(cell.outputs for cell in code)


def test_no_cell_ended_in_an_error(twin):
    outputs = [out for cell in twin.cells for out in cell.get("outputs", ())]
    assert [out.evalue for out in outputs if out.output_type == "error"] == []


def shown(notebook):
    """What each cell prints and says, without pictures and what is alive, which differ by place."""
    return [said(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def said(outputs):
    """What is printed comes in as many pieces as the kernel likes: the first piece was given all.

    The build merges them in place, and leaves the others where they are.
    """
    printed, others = {}, []
    for out in outputs:
        if out.output_type == "stream":
            printed.setdefault(out.name, out.text.rstrip())
        else:
            others.append(out.get("data", {}).get("text/plain", "").rstrip())
    return [*printed.values(), *others]


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
    # else what JupyterLab keeps of a cell that is folded comes into the chapter
    assert pairing["cell_metadata_filter"] == "tags,mystnb,-all"
    representation = pairing["text_representation"]
    assert representation["format_name"] == "myst"
    assert representation["extension"] == ".md"  # else jupytext reads it as plain Markdown
    assert twin.metadata == expected  # without a pairing: what is written in a lesson stays there


def lab_in(folder, name):
    """A copy of a chapter and its lesson as a project of its own, and JupyterLab's way to files."""
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class as paired

    (folder / "book/lessons").mkdir(parents=True)
    for path in (f"book/{name}.md", f"book/lessons/{name}.ipynb", "pyproject.toml"):
        shutil.copyfile(BOOK.parent / path, folder / path)
    return paired(LargeFileManager)(root_dir=str(folder))


def test_what_is_written_in_a_lesson_stays_there(name, tmp_path):
    lab, path = lab_in(tmp_path, name), f"book/lessons/{name}.ipynb"
    lesson = lab.get(path, type="notebook")
    lesson["content"].cells[0].source = "An answer."
    lab.save(lesson, path)
    assert nbformat.read(tmp_path / path, as_version=4).cells[0].source == "An answer."
    assert (tmp_path / f"book/{name}.md").read_bytes() == (BOOK / f"{name}.md").read_bytes()


def test_a_chapter_that_jupyterlab_saves_stays_as_it_is(name, tmp_path):
    lab, path = lab_in(tmp_path, name), f"book/{name}.md"
    chapter = lab.get(path, type="notebook")
    for cell in chapter["content"].cells:
        cell.metadata["collapsed"] = True
    lab.save(chapter, path)
    assert (tmp_path / path).read_bytes() == (BOOK / f"{name}.md").read_bytes()
    lesson = f"book/lessons/{name}.ipynb"
    assert (tmp_path / lesson).read_bytes() == (BOOK.parent / lesson).read_bytes()


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


def test_a_solution_is_one_fold_in_jupyterlab(source, twin):
    """Its words, its code and what that shows; nothing else is hidden."""
    found = list(folds(twin))
    assert len(found) == source.count(":::{solution}")
    for words, *code in found:
        assert re.match(r":::\{solution\} [\w-]+\n(:label: .*\n)?\n", words.source)
        assert [cell.metadata.get("tags") for cell in code] == [["hide-cell"]] * len(code)
    hidden = [cell for fold in found for cell in fold]
    solved = [c for c in twin.cells if "hide-cell" in c.metadata.get("tags", ())]
    assert [cell for cell in hidden if cell.cell_type == "code"] == solved


def test_nothing_but_plumbing_is_folded_otherwise(twin):
    plumbing = [c for c in twin.cells if c.metadata.get("tags") == ["hide-input"]]
    assert all(cell.metadata.jupyter == PLUMBING for cell in plumbing)
    assert [c for c in twin.cells if "jupyter" in c.metadata] == plumbing


def test_the_words_of_a_solution_are_folded(source):
    assert source.count("{solution}") == len(solutions(source))
    assert bool(solutions(source)) == ("{exercise}" in source)
    for solution in solutions(source):
        assert ":class: dropdown" in solution.split("\n\n")[0], solution


def test_an_exercise_asks_before_it_shows_an_answer(twin):
    """What stands open is unwritten, says so, and comes before what is folded."""
    code = [
        cell
        for cell in twin.cells
        if cell.cell_type == "code" and "exercises.check(" in cell.source
    ]
    answered = [cell for cell in code if "hide-cell" in cell.metadata.get("tags", ())]
    asked = [cell for cell in code if cell not in answered]
    for cell in asked:
        assert re.search(r" = None  #|\.\.\.", cell.source), cell.source
        [output] = cell.outputs
        assert output.data["text/plain"].startswith("Not answered yet"), cell.source
    assert [checked(cell) for cell in asked] == [checked(cell) for cell in answered]


def checked(cell):
    return re.search(r"exercises\.check\(\"([\w-]+)\"", cell.source)[1]
