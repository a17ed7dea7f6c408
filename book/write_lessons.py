"""Run the chapters and write their notebooks to book/lessons.

Usage: python book/write_lessons.py [book/01-bigrams.md ...]
Written twice from the same chapters, the notebooks are the same: no random ids, no counts, no
times, no widget models. They are no twins of the chapters: what a reader writes in a lesson stays
there, and a lesson has headings that no page has, because JupyterLab folds by headings alone.
"""

import hashlib
import os
import re
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_markdown_cell

from scb_edu.support.files import replacing

BOOK = Path(__file__).resolve().parent
DIRECTIVE = re.compile(
    r"^(:::+)\{(?P<kind>exercise|solution)\}.*?^\1$", flags=re.MULTILINE | re.DOTALL
)
EXERCISE = re.compile(r"^(:::+\{exercise\}) (.+)$", flags=re.MULTILINE)
DROPDOWN = ":class: dropdown\n"
WIDGET = "application/vnd.jupyter.widget-view+json"


def chapters():
    """Return the pages that have code to run."""
    pages = sorted(BOOK.glob("*.md"))
    return [page for page in pages if "```{code-cell}" in page.read_text("utf-8")]


def rebuild(page):
    """Return the page as a notebook, its cells named, those folded that the page folds."""
    notebook = jupytext.read(page)
    notebook.metadata.pop("jupytext", None)
    notebook.cells = list(fold_solutions(notebook.cells))
    name_cells(notebook.cells)
    fold_plumbing(notebook.cells)
    return notebook


def blocks(cells):
    """Yield (kind, cell): text, exercise, solution (its words), code, or hidden (its code)."""
    for cell in cells:
        if cell.cell_type == "markdown":
            yield from blocks_of_text(cell.source)
        else:
            yield "hidden" if "hide-cell" in cell.metadata.get("tags", ()) else "code", cell


def blocks_of_text(text):
    """Yield (kind, cell) for the directives of a cell of text, and for what stands around them."""
    at, parts = 0, []
    for found in DIRECTIVE.finditer(text):
        parts += [("text", text[at : found.start()]), (found["kind"], found[0])]
        at = found.end()
    for kind, part in [*parts, ("text", text[at:])]:
        if part.strip():
            yield kind, new_markdown_cell(part.strip())


def fold_solutions(cells):
    """Yield the cells with a folded heading above each solution: words, code and result in one.

    JupyterLab folds from a heading to the next that is not lower. So each exercise begins with one,
    its title; the page's own fold, which would be a second one, goes.
    """
    for kind, cell in blocks(cells):
        if kind == "exercise":
            cell.source = EXERCISE.sub(r"### \2\n\n\1", cell.source)
        elif kind == "solution":
            yield new_markdown_cell("#### Solution", metadata={"jp-MarkdownHeadingCollapsed": True})
            cell.source = cell.source.replace(DROPDOWN, "", 1)
        yield cell


def name_cells(cells):
    """Name each cell by what it says: it keeps its name when others come, go or change."""
    seen = Counter()
    for cell in cells:
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[name] += 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"


def fold_plumbing(cells):
    """Fold the code that the pages fold in JupyterLab as well, which does not know the tag."""
    for cell in cells:
        if "hide-input" in cell.metadata.get("tags", ()):
            cell.metadata["jupyter"] = {"source_hidden": True}


def run(notebook, *, timeout=300, **options):
    """Execute the notebook as JupyterLab would; an error in a cell is raised, if not allowed."""
    options |= {"timeout": timeout, "record_timing": False, "coalesce_streams": True}
    resources = {"metadata": {"path": str(BOOK / "lessons")}}
    NotebookClient(notebook, resources=resources, **options).execute()


def forget_the_run(notebook):
    """Drop what tells of the run: widget models, the Python that happened to be used, counts."""
    for name in ("widgets", "language_info"):
        notebook.metadata.pop(name, None)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)
        for numbered in (cell, *cell.get("outputs", ())):
            if "execution_count" in numbered:
                numbered["execution_count"] = 1  # a new cell changes no other; nbval wants a count


def save(notebook, file):
    """Write a notebook whole: a kill or a full disk leaves the one that is there."""
    nbformat.validate(notebook)
    with replacing(file, "w", encoding="utf-8") as draft:
        nbformat.write(notebook, draft)


def write(page):
    """Run a page and write its lesson."""
    notebook = rebuild(page)
    run(notebook)
    forget_the_run(notebook)
    lesson = BOOK / "lessons" / f"{page.stem}.ipynb"
    save(notebook, lesson)
    print(f"wrote {lesson.relative_to(BOOK.parent)}", flush=True)


def main(names):
    """Write the notebooks of the named pages, or of all."""
    os.environ.pop("SCB_EDU_FRAMES", None)  # frames belong to the pages
    for page in map(Path, names) if names else chapters():
        try:
            write(page)
        except (CellExecutionError, DeadKernelError, OSError) as error:
            sys.exit(f"write_lessons: {page.name}: {error}\nThe lessons written before are kept.")


if __name__ == "__main__":
    main(sys.argv[1:])
