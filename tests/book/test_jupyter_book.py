"""Jupyter Book reads every page without a complaint, from the same myst.yml.

The theme is what needs the internet, so a stub stands in for it: what is built is the content.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from conftest import BOOK, ROOT, pages

# Complaints that are no fault of a page, each with its reason
EXPECTED = {
    r'unexpected option "mystnb" provided': "cell metadata for the other builder",
    r"'jupytext' extra key ignored: cell_metadata_filter": "for jupytext, which has no other place",
}


def build_content(folder):
    """Run Jupyter Book in a folder; it finds a Node.js in this environment if there is one."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["jupyter-book", "build", "--site", "--ci"],
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )


def complaints(done):
    """What went to standard error, but for what is expected."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return [line for line in lines if not any(re.search(known, line) for known in EXPECTED)]


def write_description(folder, whole):
    """Write what Jupyter Book is to read, and a stub for the theme."""
    (folder / "myst.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    (folder / "stub").mkdir()
    (folder / "stub" / "template.yml").write_text("jtex: v1\nkind: site\ntitle: Stub\n")


@pytest.fixture
def copy(tmp_path):
    """The book in another folder, with a stub for the theme."""
    shutil.copytree(BOOK, tmp_path / "book", ignore=shutil.ignore_patterns("lessons", "_*"))
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


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("See {eq}`eq-nowhere`.", "eq-nowhere"),
        ("See {cite:t}`nobody1999`.", "nobody1999"),
        (":::{nothing}\n:::", "unknown directive: nothing"),
        (r"$\nothing$", "Undefined control sequence"),
    ],
)
def test_a_broken_page_is_complained_about(copy, body, complaint):
    with (copy / "book" / "glossary.md").open("a") as page:
        page.write(f"\n\n{body}\n")
    done = build_content(copy)
    assert done.returncode == 0  # so the exit status alone says nothing
    assert complaint in "\n".join(complaints(done))


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
