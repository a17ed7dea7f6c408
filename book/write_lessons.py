"""Run the chapters and write their notebooks to book/lessons.

Usage: python book/write_lessons.py [book/01-bigrams.md ...]
Written twice from the same chapters, the notebooks are the same: no random ids, no times, no
widget models.
"""

import os
import sys
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
    """Return the page as a notebook, its cells named by their position."""
    notebook = jupytext.read(page)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook


def run(notebook):
    """Execute the notebook as JupyterLab would; an error in a cell is raised."""
    resources = {"metadata": {"path": str(BOOK / "lessons")}}
    NotebookClient(
        notebook, timeout=300, record_timing=False, coalesce_streams=True, resources=resources
    ).execute()


def forget_the_run(notebook):
    """Drop what differs from run to run: widget models, and the Python that happened to be used."""
    for name in ("widgets", "language_info"):
        notebook.metadata.pop(name, None)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)


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
