"""An import goes only to a lower layer."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "scb_edu"
# from the ground up; modules on one line do not import each other
FLOORS = [
    ["errors"],
    ["checks", "files"],
    ["tables", "journal", "checkpoints"],
    ["intervals", "runs", "norms"],
    ["sampling", "related"],
    ["corpus"],
    ["task"],
    ["transformer", "information", "packed"],
    ["gradients", "trajectory"],
    ["dynamics", "optimizers"],
    ["training", "generation", "complexity", "similarity", "softmax_dynamics"],
    ["experiments", "finetuning"],
    ["studies.study"],
    [
        "studies.algorithm",
        "studies.complexity",
        "studies.softmax",
        "studies.text",
        "studies.transfer",
    ],
    ["studies"],
    ["figures.picture"],
    ["figures"],
    ["explorer"],
    ["widgets", "exercises", "studies.__main__"],
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
MODULES = sorted(ROOT.rglob("*.py"))


def place(name):
    """The most exact entry of FLOORS that holds a module; nothing if none does."""
    while name and name not in FLOOR_OF:
        name = name.rpartition(".")[0]
    return name


def imported(path):
    """The modules of the package that a file imports, wherever in the file it does."""
    package = path.parent.relative_to(ROOT.parent).parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def is_module(name):
    path = ROOT.parent / Path(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_down(path):
    own = module_name(path)
    for name in filter(is_module, imported(path)):
        if not name.startswith("scb_edu") or own == "":
            continue
        if name == "scb_edu":
            continue  # the package itself; its members are named one by one
        other = name.removeprefix("scb_edu.")
        if place(other) == place(own) and own.partition(".")[0] == "figures":
            continue  # figures/__init__.py hands on what its modules draw
        assert FLOOR_OF[place(other)] < FLOOR_OF[place(own)], f"{own} imports {other}"


def test_every_module_has_a_floor():
    assert {place(module_name(path)) for path in MODULES if module_name(path)} == set(FLOOR_OF)


def test_a_climbing_import_is_seen(tmp_path, monkeypatch):
    """The check itself: a core module that imports the figures is caught."""
    bad = ROOT / "checks.py"
    text = bad.read_text() + "\nfrom scb_edu import figures\n"
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: text)
    with pytest.raises(AssertionError, match="checks imports figures"):
        test_imports_go_down(bad)
