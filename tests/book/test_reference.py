"""The reference holds every public name, and book and library link to each other."""

import os
import re
import subprocess
import sys
from urllib.parse import unquote

import pytest
import reference
import status
from conftest import BOOK, ROOT
from test_documentation import PACKAGES

import scb_edu


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("scb.escape_time", "scb_edu.theory.escape_time"),
        ("escape_time", "scb_edu.theory.escape_time"),
        ("theory.stages", "scb_edu.theory.stages"),
        ("scb.train(task, start)", "scb_edu.training.train"),
        ("SCBTask.example(100)", "scb_edu.model.SCBTask.example"),
        ("scb.SCBTask.no_such_part", None),
        ("np.einsum", None),
        ("a @ b", None),
        ("", None),
    ],
)
def test_a_piece_of_code_is_known_by_any_of_its_names(written, full):
    assert reference.full_name(written) == full


def test_a_page_for_every_package_and_all_on_the_first():
    found = {path.stem for path in BOOK.joinpath("api").glob("*.md")} - {"index", "status"}
    first = BOOK.joinpath("api/index.md").read_text(encoding="utf-8")
    listed = first.split(":maxdepth: 1")[1].split("```")[0].split()
    assert found == set(listed) == set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_has_its_entry(name, book):
    text = book.joinpath(f"api/{name}.html").read_text(encoding="utf-8")
    ids = set(re.findall(r'<dt class="sig[^>]* id="([^"]+)"', text))
    package = getattr(scb_edu, name)
    things = {
        f"scb_edu.{name}.{item}" for item in package.__all__ if callable(getattr(package, item))
    }
    assert things <= ids


def test_a_section_names_the_functions_it_explains_and_they_name_the_section(book):
    chapter = book.joinpath("04-two-stages.html").read_text(encoding="utf-8")
    assert 'href="api/theory.html#scb_edu.theory.escape_time"' in chapter
    entry = book.joinpath("api/theory.html").read_text(encoding="utf-8")
    entry = entry.split('id="scb_edu.theory.escape_time"')[1].split('id="scb_edu.theory')[0]
    assert 'href="../04-two-stages.html#equation-eq-escape-time"' in entry


def test_links_into_the_reference_lead_somewhere(book):
    ids = {}
    for page in book.joinpath("api").glob("*.html"):
        ids[page.name] = set(re.findall(r'id="([^"]+)"', page.read_text(encoding="utf-8")))
    links = [
        (page.name, *link)
        for page in book.glob("[0-9]*.html")
        for link in re.findall(r'href="api/([\w.]+)#([^"]+)"', page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 200
    assert [link for link in links if unquote(link[2]) not in ids[link[1]]] == []


def test_the_page_of_the_build_has_its_date_its_versions_and_every_lesson(book):
    text = book.joinpath("api/status.html").read_text(encoding="utf-8")
    lessons = [path.stem for path in BOOK.joinpath("lessons").glob("*.ipynb")]
    assert [name for name in lessons if f'href="../{name}.html"' not in text] == []
    assert text.count("all cells ran") == len(lessons)
    assert all(f"<p>{name}</p>" in text for name in ("numpy", "sphinx", *status.needed()))


TINY = {
    "conf.py": "extensions = ['myst_nb', 'status']\nnb_execution_mode = 'off'\n",
    "index.md": "# Tiny\n\n```{build-versions}\n```\n\n```{page-runs}\n```\n",
}


def test_the_date_of_a_build_can_be_given(tmp_path):
    for name, text in TINY.items():
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    given = {
        "SOURCE_DATE_EPOCH": "86400",
        "PYTHONPATH": os.pathsep.join([str(BOOK / "extensions"), str(ROOT)]),
    }
    command = [sys.executable, "-m", "sphinx", "-q", "-W", tmp_path, tmp_path / "html"]
    subprocess.run(command, env=os.environ | given, check=True, capture_output=True)
    text = tmp_path.joinpath("html/index.html").read_text(encoding="utf-8")
    assert "02 January 1970, 00:00 UTC" in text
