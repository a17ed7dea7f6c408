"""What the files that describe the project say of it agrees."""

import re
import tomllib

import pytest
import yaml
from conftest import BOOK, ROOT, description
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import scb_edu

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
PAPER = CITATION["references"][0]
NAMES = [f"{one['family-names']}, {one['given-names']}" for one in PAPER["authors"]]


def test_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[1]
    assert scb_edu.__version__ == CITATION["version"] == newest


def test_title():
    book = description()
    assert CITATION["title"].lower() == f"{book['title']}: {book['subtitle']}".lower()
    assert README.splitlines()[0].lower() == f"# {book['title']}".lower()


def test_authors():
    authors = [one["name"] for one in CITATION["authors"]]
    assert authors == [one["name"] for one in description()["authors"]]
    assert authors == [one["name"] for one in PROJECT["authors"]]


def test_licence():
    assert PROJECT["license"] == CITATION["license"] == description()["license"]
    assert (ROOT / "LICENSE").read_text("utf-8").startswith(f"{PROJECT['license']} License")


@pytest.mark.parametrize("file", [ROOT / "README.md", BOOK / "references.bib"])
def test_paper(file):
    """The paper is that of CITATION.cff, capitals, braces and line ends aside."""
    entries = re.split(r"^@", file.read_text("utf-8"), flags=re.MULTILINE)
    [entry] = [one for one in entries if one.lower().startswith("inproceedings{ren")]
    said = " ".join(re.sub(r"[{}]", "", entry).lower().split())
    number = PAPER["identifiers"][0]["value"].lower().removeprefix("arxiv:")
    for words in (PAPER["title"], " and ".join(NAMES), str(PAPER["year"]), number):
        assert words.lower() in said
    assert PAPER["collection-title"].split(" in ")[0].lower() in said


def test_oldest_python():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    said = {"README.md": README, "Makefile": (ROOT / "Makefile").read_text("utf-8")}
    for name, text in said.items():
        assert set(re.findall(r"Python (\d\.\d+) or newer", text)) == {oldest}, name
    flow = (ROOT / ".github/workflows/platforms.yml").read_text("utf-8")
    assert oldest in re.findall(r'"(\d\.\d+)"', flow)


def test_oldest_versions():
    """The oldest versions are the bounds of pyproject.toml; the tested ones keep to them."""
    extras = {**PROJECT["optional-dependencies"], "bench": [], "fuzz": []}
    asked = [Requirement(line) for line in sum(extras.values(), PROJECT["dependencies"])]
    bounds = {r.name: r.specifier for r in asked if r.name != "scb-edu"}
    oldest, tested = pinned("constraints-oldest.txt"), pinned("constraints.txt")
    lowest = {n: [one.version for one in s if one.operator == ">="] for n, s in bounds.items()}
    assert oldest == {canonicalize_name(n): version for n, [version] in lowest.items()}
    assert all(s.contains(tested[canonicalize_name(n)]) for n, s in bounds.items())


def pinned(name):
    """The versions that a file of constraints names."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    parts = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(package): version for package, version in parts}


def test_a_commit_is_checked_by_the_same_commands():
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [hook["entry"] for hook in repo["hooks"]] == ["make check"]
