"""The ten packages: an import goes only up the list in CONTRIBUTING, and never in a circle."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOT = REPOSITORY / "scb_edu"
# the one list of layers, from the ground up
PACKAGES = re.findall(
    r"^\| `(\w+)/` \|", (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
)
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT)
CHAPTERS = {f"ch{p.stem.replace('-', '_').lstrip('0')}" for p in REPOSITORY.glob("book/[0-9]*.md")}


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


NAMES = {module_name(path) for path in [*MODULES, ROOT / "__init__.py"]}


def imported(path):
    """The modules of the library that a file imports, wherever in the file it does."""
    package = path.parent.relative_to(ROOT.parent).parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in NAMES)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            inner = [f"{module}.{alias.name}" for alias in node.names]
            # a package that is imported for one of its modules is not itself meant
            found = [name if name in NAMES else module for name in inner]
            yield from (name for name in found if name in NAMES)


def climbs(path):
    """The imports of a file that go up, or to the library as a whole."""
    own = PACKAGES.index(path.parent.name)
    for name in imported(path):
        package = name.split(".")[1] if "." in name else ""
        if package not in PACKAGES or PACKAGES.index(package) > own:
            yield name


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_down(path):
    assert not list(climbs(path))


def test_there_are_ten_packages_and_each_is_in_the_list():
    folders = {path.parent.name for path in MODULES}
    assert len(PACKAGES) == 10
    assert set(PACKAGES) == folders
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]


def test_no_module_imports_itself_by_a_detour():
    graph = {module_name(path): set(imported(path)) - {module_name(path)} for path in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(MODULES)


def test_modules_of_a_chapter_are_named_alike():
    for package in ("figures", "studies", "widgets", "exercises"):
        own = {path.stem for path in (ROOT / package).glob("ch[0-9]*.py")}
        assert own <= CHAPTERS | {"ch0_welcome"}
        assert package == "studies" or own == CHAPTERS | {"ch0_welcome"}


@pytest.mark.parametrize(
    "line",
    [
        "from scb_edu import figures",
        "import scb_edu.text.corpus",
        "from scb_edu.theory import dynamics",
        "import scb_edu as scb",
        "from ..text import corpus",
    ],
)
def test_a_climbing_import_is_seen(line, monkeypatch):
    """The check itself: a core module that imports what stands on it is caught."""
    core = ROOT / "model" / "task.py"
    text = core.read_text("utf-8") + f"\n{line}\n"
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: text)
    assert list(climbs(core))
