"""Run the chapters and write their notebooks to book/lessons.

Usage: python book/write_lessons.py [book/01-bigrams.md ...]
Written twice from the same chapters, the notebooks are the same: no random ids, no counts, no
times, no widget models.
"""

import hashlib
import os
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parent
WIDGET = "application/vnd.jupyter.widget-view+json"


def chapters():
    """Return the pages that have code to run."""
    pages = sorted(BOOK.glob("*.md"))
    return [page for page in pages if "```{code-cell}" in page.read_text("utf-8")]


def rebuild(page):
    """Return the page as a notebook, its cells named, those folded that the page folds."""
    notebook = jupytext.read(page)
    name_cells(notebook.cells)
    fold_cells(notebook.cells)
    return notebook


def name_cells(cells):
    """Name each cell by what it says: it keeps its name when others come, go or change."""
    seen = Counter()
    for cell in cells:
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[name] += 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"


FOLDED = {
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
    "hide-input": {"source_hidden": True},
}


def fold_cells(cells):
    """Fold what the pages fold in JupyterLab as well, which does not know the tags.

    Not in the chapters: Jupyter Book complains of such metadata, and JupyterLab takes them from
    the notebook even if it opens the chapter, its pair.
    """
    for cell in cells:
        for tag in set(FOLDED).intersection(cell.metadata.get("tags", ())):
            cell.metadata["jupyter"] = FOLDED[tag]


def run(notebook):
    """Execute the notebook as JupyterLab would; an error in a cell is raised."""
    resources = {"metadata": {"path": str(BOOK / "lessons")}}
    NotebookClient(
        notebook, timeout=300, record_timing=False, coalesce_streams=True, resources=resources
    ).execute()


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


def main(names):
    """Write the notebooks of the named pages, or of all."""
    os.environ.pop("SCB_EDU_FRAMES", None)  # frames belong to the pages
    for page in map(Path, names) if names else chapters():
        notebook = rebuild(page)
        run(notebook)
        forget_the_run(notebook)
        nbformat.validate(notebook)
        twin = BOOK / "lessons" / f"{page.stem}.ipynb"
        jupytext.write(notebook, twin)
        print(f"wrote {twin.relative_to(BOOK.parent)}")


if __name__ == "__main__":
    main(sys.argv[1:])
