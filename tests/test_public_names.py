"""What each package makes public: complete, there, and loaded no sooner than it is used."""

import ast
import importlib
import inspect
import operator
import re
import subprocess
import sys
from pathlib import Path

import pytest

import scb_edu
from scb_edu.widgets import Explorer

ROOT = Path(scb_edu.__file__).parent
STUBS = sorted(ROOT.rglob("__init__.pyi"))
PACKAGES = sorted(path.parent for path in ROOT.rglob("__init__.py"))
CHANGELOG = (ROOT.parent / "CHANGELOG.md").read_text(encoding="utf-8")
HEAVY = ("numpy", "scipy", "matplotlib", "pandas", "PIL", "ipywidgets", "IPython", "tqdm")


def dotted(folder):
    return ".".join(folder.relative_to(ROOT.parent).parts)


def stubbed(stub):
    """The names that a stub imports, and those that it lists."""
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    imports = (node for node in body if isinstance(node, ast.ImportFrom))
    named = {alias.asname or alias.name for node in imports for alias in node.names}
    (listed,) = (node.value for node in body if isinstance(node, ast.Assign))
    return named, ast.literal_eval(listed)


def defined(package, kind):
    """The public functions of a package that return such a thing."""
    for path in sorted((ROOT / package).glob("[a-z]*.py")):
        module = importlib.import_module(f"scb_edu.{package}.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and function.__annotations__["return"] == kind:
                yield name


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.parent.name)
def test_a_stub_lists_what_it_imports(stub):
    named, listed = stubbed(stub)
    assert named == set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("folder", PACKAGES, ids=dotted)
def test_every_public_name_is_there(folder):
    package = importlib.import_module(dotted(folder))
    assert package.__all__
    for name in package.__all__:
        assert getattr(package, name) is not None


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.parent.name)
def test_a_package_has_the_names_of_its_stub(stub):
    package = importlib.import_module(dotted(stub.parent))
    assert set(package.__all__) == set(stubbed(stub)[1])
    assert set(package.__all__) <= set(dir(package))


def test_every_explorer_is_public():
    made = {n for n in scb_edu.widgets.__all__ if inspect.isfunction(getattr(scb_edu.widgets, n))}
    assert made - {"playground"} == set(defined("widgets", Explorer.__name__))


def test_every_drawing_function_of_a_chapter_is_public():
    drawn = set(defined("figures", "Picture"))
    assert len(drawn) > 50
    assert drawn <= set(scb_edu.figures.__all__)


def test_importing_the_library_loads_nothing():
    ask = "import sys, scb_edu; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", ask]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.split(".")[0] in HEAVY] == []
    assert [name for name in loaded if name.split(".")[0] == "scb_edu"] == ["scb_edu"]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`scb\.([\w.]+)`", CHANGELOG))))
def test_a_name_that_the_changelog_gives_is_there(name):
    assert operator.attrgetter(name)(scb_edu) is not None
