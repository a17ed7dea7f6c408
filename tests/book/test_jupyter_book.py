"""Jupyter Book reads every page without a complaint, from the same myst.yml.

The theme is what needs the internet, so a stub stands in for it: what is built is the content.
"""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from conftest import BOOK, ROOT, pages
from mystmd import build_content, complaints, write_description


@pytest.fixture
def copy(tmp_path):
    """The book in another folder, with a stub for the theme."""
    shutil.copytree(BOOK, tmp_path / "book", ignore=shutil.ignore_patterns("lessons", "_build"))
    whole = yaml.safe_load((ROOT / "myst.yml").read_text(encoding="utf-8"))
    whole["site"]["template"] = "./stub"
    write_description(tmp_path, whole)
    return tmp_path


def test_every_page_is_read_without_a_complaint(copy):
    done = build_content(copy)
    assert done.returncode == 0, done.stderr
    assert complaints(done) == []
    built = re.findall(r"Built book/(\S+)\.md", done.stdout)
    assert sorted(built) == sorted(pages())


BROKEN = {
    "glossary": ("See {eq}`eq-nowhere`.", "eq-nowhere"),
    "map": ("See {cite:t}`nobody1999`.", "nobody1999"),
    "notation": (":::{nothing}\n:::", "unknown directive: nothing"),
    "bibliography": (r"$\nothing$", "Undefined control sequence"),
}


def test_broken_pages_are_complained_about(copy):
    for name, (body, _) in BROKEN.items():
        with (copy / "book" / f"{name}.md").open("a") as page:
            page.write(f"\n\n{body}\n")
    done = build_content(copy)
    assert done.returncode == 0  # so the exit status alone says nothing
    said = complaints(done)
    for name, (_, complaint) in BROKEN.items():
        assert any(f"{name}.md" in line and complaint in line for line in said), (name, said)


def test_a_playground_is_the_same_html(tmp_path, monkeypatch):
    """What a cell left in its notebook: a large output becomes a file beside the page."""
    from scb_edu import widgets

    monkeypatch.setenv("SCB_EDU_FRAMES", "1")
    new, shown = nbformat.v4, widgets.playground()._repr_mimebundle_()
    output = new.new_output("execute_result", data=shown, execution_count=1)
    cell = new.new_code_cell("widgets.playground()", outputs=[output], execution_count=1)
    notebook = new.new_notebook(cells=[new.new_markdown_cell("# Page"), cell])
    nbformat.write(notebook, tmp_path / "page.ipynb")
    project = {"title": "T", "toc": [{"file": "page.ipynb"}]}
    write_description(tmp_path, {"version": 1, "project": project, "site": {"template": "./stub"}})
    done = build_content(tmp_path)
    assert complaints(done) == []
    site = tmp_path / "_build" / "site"
    page = json.loads((site / "content" / "index.json").read_text("utf-8"))
    [found] = re.findall(r'"text/html": ?({[^{}]*})', json.dumps(page))
    held = site / "public" / Path(json.loads(found)["path"]).name
    assert held.read_text("utf-8") == shown["text/html"]
