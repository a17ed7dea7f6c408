"""Write what a teacher hands out: notebooks without solutions, and those that otter-grader reads.

Usage: python book/hand_out.py [--task my_task.toml] [book/04-two-stages.md ...]

_build/student holds the chapters for students: nothing is run, each exercise waits for its answer.
With a task of your own, as `make_yours.py` takes it, their first cell puts that in place.
_build/instructor holds chapters with exercises for `otter assign`, which makes from them a
notebook for students and a grader: each exercise is a question, its solution and its test marked.
"""

import argparse
import re
import sys
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import jupytext
from make_yours import put_in_place
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from write_lessons import BOOK, blocks, chapters, fold_plumbing, name_cells, save

from scb_edu import ScbError
from scb_edu.model import OwnExample

OUT = BOOK.parent / "_build"
LABEL = re.compile(r"^:label: (\S+)$", flags=re.MULTILINE)
CHECK = re.compile(r"^exercises\.check\(\"(?P<name>[\w-]+)\", (?P<answer>\w+)\)$", re.MULTILINE)
IMPORTS = re.compile(r"\A(?:(?:from|import) .*\n+)*")
# a student has the notebook, not the folder that it was made in
IN_THE_FOLDER = re.compile(r"\*\*To run it\*\*.*?(?=\n\n|\Z)", flags=re.DOTALL)
IN_JUPYTERLAB = "**To run it**, choose *Run All Cells* in the menu *Run*."
FOR_TEACHERS = ("teach-it",)  # pages that no student gets
PLACES = ("*Your words: double-click here.*", "# your lines\n")


class Exercise(NamedTuple):
    """What a chapter asks, the cell for the answer if there is one, and what solves it."""

    question: str
    answer: NotebookNode | None
    words: list[str]
    solution: list[NotebookNode]


# Reading


def pieces(cells):
    """Yield the cells of a chapter in their order, and an Exercise for each of its exercises."""
    exercise = None
    for kind, cell in blocks(cells):
        if exercise and (kind in ("text", "exercise") or (kind == "code" and exercise.words)):
            yield exercise
            exercise = None
        if kind == "exercise":
            exercise = Exercise(cell.source, None, [], [])
        elif kind == "solution":
            exercise.words.append(cell.source)
        elif kind == "hidden":
            exercise.solution.append(cell)
        elif exercise:
            exercise = exercise._replace(answer=cell)
        else:
            yield cell
    if exercise:
        yield exercise


# Writing


def student_cells(exercise):
    """Return the cells in which a student reads a question and answers it."""
    words, lines = PLACES
    empty = [new_markdown_cell(words), new_code_cell(lines)]
    return [
        new_markdown_cell(exercise.question),
        *([exercise.answer] if exercise.answer else empty),
    ]


def instructor_cells(exercise):
    """Return the cells of a question that otter-grader understands."""
    if exercise.answer is None:
        config = f"name: {LABEL.search(exercise.question)[1]}\nmanual: true\npoints: 1"
        solution, tests = [marked(cell.source) for cell in exercise.solution], []
    else:
        check = CHECK.search(exercise.answer.source)
        config = f"name: {check['name']}\npoints: 1"
        solution, tests = [solved(exercise, check)], between("TESTS", [test(check)])
    words = [new_markdown_cell(text) for text in exercise.words]
    question = [new_markdown_cell(exercise.question)]
    return between("QUESTION", question + between("SOLUTION", words + solution) + tests, config)


def between(block, cells, config=""):
    """Return cells between the raw cells with which otter-grader begins and ends a block."""
    begin = f"# BEGIN {block}\n{config}".strip()
    return [new_raw_cell(begin), *cells, new_raw_cell(f"# END {block}")]


def marked(code):
    """Return code as a cell that is empty in what a student gets."""
    return new_code_cell(f"# BEGIN SOLUTION NO PROMPT\n{code.strip()}\n# END SOLUTION")


def solved(exercise, check):
    """Return the cell of an answer, solved; a student gets the cell that waits for it."""
    before = exercise.answer.source[: check.start()]
    imports = IMPORTS.match(before)[0]  # what is in the prompt is not run
    waiting = before.removeprefix(imports).rstrip()
    gap = before[len(imports + waiting) :]
    prompt = f'""" # BEGIN PROMPT\n{waiting}\n"""; # END PROMPT\n'
    return new_code_cell(imports + prompt + marked(code_of(exercise)).source + gap + check[0])


def code_of(exercise):
    """Return the code that solves an exercise, without the check."""
    return CHECK.sub("", "\n\n".join(cell.source for cell in exercise.solution))


def test(check):
    """Return the cell that fails, with the words of the check, unless the answer is right."""
    return new_code_cell(f"verdict = {check[0]}\nassert verdict.passed, str(verdict)")


def config_cell(name):
    """Return the cell that says what `otter assign` makes."""
    lines = ("# ASSIGNMENT CONFIG", f"name: {name}", "generate: true", "check_all_cell: true")
    return new_raw_cell("\n".join((*lines, "export_cell:", "  pdf: false")))


def hand_out(page, cells_of, first=()):
    """Return a chapter as a notebook that was not run, its exercises as `cells_of` writes them."""
    notebook = jupytext.read(page)
    notebook.metadata.pop("jupytext")
    parts = pieces(notebook.cells)
    written = (cells_of(part) if isinstance(part, Exercise) else [part] for part in parts)
    notebook.cells = [*first, *chain.from_iterable(written)]
    for cell in notebook.cells:
        cell.source = IN_THE_FOLDER.sub(IN_JUPYTERLAB, cell.source)
    name_cells(notebook.cells)
    fold_plumbing(notebook.cells)
    return notebook


def write(notebook, folder, page):
    """Write a notebook under the name of its page."""
    file = OUT / folder / f"{page.stem}.ipynb"
    file.parent.mkdir(parents=True, exist_ok=True)
    save(notebook, file)
    print(f"wrote {file.relative_to(OUT.parent)}")


def for_students(page, own=None):
    """Return a chapter for students, about the running example or a task of your own."""
    notebook = hand_out(page, student_cells)
    if own:
        put_in_place(own, notebook)
    return notebook


def main(names, task=None):
    """Write the notebooks of the named pages, or of all; with the task of a file, for students."""
    own = OwnExample.read(task) if task else None
    pages = [page for page in chapters() if page.stem not in FOR_TEACHERS]
    for page in map(Path, names) if names else pages:
        write(for_students(page, own), "student", page)
        # a solution that states numbers is of the book's own task, and so is its grader
        if not own and "{exercise}" in page.read_text("utf-8"):
            graded = hand_out(page, instructor_cells, [config_cell(page.stem)])
            write(graded, "instructor", page)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", help="a file with a task of your own")
    parser.add_argument("names", nargs="*", metavar="page")
    try:
        main(**vars(parser.parse_args()))
    except ScbError as error:
        sys.exit(f"hand_out: {error}")
    except OSError as error:
        sys.exit(f"hand_out: {error}\nThe notebooks written before are kept.")
