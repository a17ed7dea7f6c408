"""A cache knows the code that filled it: what was edited is run again, what was not is not."""

import importlib
import shutil
import sys

import pytest
import sweeps

from scb_edu import ScbError
from scb_edu.experiments import code_hash, dependencies, sweep
from scb_edu.experiments.dependencies import ASIDE, Place
from scb_edu.studies import STUDIES

STUDY = """
import math
from functools import lru_cache

import numpy as np
from tiny.helpers import shift

SCALE = {"small": 1, "large": 10}
OTHER = 3


def size(x):
    return SCALE["large"] * x


class Task:
    @staticmethod
    def run(x):
        return size(x)


def unrelated():
    return OTHER


def study(rng, x):
    '''a docstring'''
    # a comment
    from tiny import late

    return {"y": shift(Task.run(x)) + late.later(x) + rng.integers(1)}


if __name__ == "__main__":
    print("a grid of its own")
"""
INIT = """
import lazy_loader
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
"""
FILES = {
    "study.py": STUDY,
    "__init__.py": INIT,
    "__init__.pyi": 'from .lazy import add\n\n__all__ = ["add"]\n',
    "lazy.py": "def add(x, y):\n    return x + y\n\n\ndef unused(x, y):\n    return x\n",
    "helpers.py": "from tiny import add\n\n\ndef shift(x):\n    return add(x, 1)\n",
    "late.py": "def later(x):\n    return 0 * x\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a lazy stub, a helper, and a module that is imported late."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    forget()


def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "tiny"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def study():
    """The function as a new process would import it."""
    forget()
    return importlib.import_module("tiny.study").study


def edit(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def results(cache):
    table = sweep(study(), {"x": [1, 2]}, seeds=1, executor=sweeps.Serial(), cache=cache)
    return table["y"].tolist()


def test_an_edited_function_is_run_again_and_an_edit_taken_back_is_not(package, tmp_path):
    cache = tmp_path / "cache"
    assert results(cache) == [11, 21]
    edit(package / "study.py", "shift(Task.run(x))", "100 + shift(Task.run(x))")
    assert results(cache) == [111, 121]
    lines = cache.read_text().splitlines()
    assert len(lines) == 1 + 2 + 2  # nothing of the older code was lost
    edit(package / "study.py", "100 + ", "")
    assert results(cache) == [11, 21]
    assert cache.read_text().splitlines() == lines


EDITS = {
    "the function": ("study.py", "rng.integers(1)", "rng.integers(2)"),
    "a function that it calls": ("study.py", "* x\n", "* x + 5\n"),
    "a constant": ("study.py", '"large": 10', '"large": 20'),
    "a class": ("study.py", "return size(x)", "return 2 * size(x)"),
    "a decorator": ("study.py", "def size", "@lru_cache(maxsize=1)\ndef size"),
    "a module beside it": ("helpers.py", "add(x, 1)", "add(x, 2)"),
    "what a stub loads": ("lazy.py", "return x + y", "return x - y"),
    "an import in the function": ("late.py", "0 * x", "1 * x"),
    "where a name is from": ("helpers.py", "tiny import", "tiny.lazy import unused as"),
    "a bare statement": ("study.py", "OTHER = 3", "OTHER = 3\nSCALE.update(large=20)"),
}
IDLE_EDITS = {
    "a docstring": ("study.py", "a docstring", "another\n    and longer one"),
    "a comment": ("study.py", "    # a comment", "    # another"),
    "a comment behind code": ("study.py", "* x\n", "* x  # why\n"),
    "blank lines": ("study.py", "class Task", "\n\nclass Task"),
    "another function": ("study.py", "return OTHER", "return OTHER + 1"),
    "another constant": ("study.py", "OTHER = 3", "OTHER = 4"),
    "an unused function beside": ("lazy.py", "return x\n", "return y\n"),
    "what only a script does": ("study.py", "a grid of its own", "another grid"),
    "one more import": ("study.py", "import math", "import math\nimport cmath"),
}


@pytest.mark.parametrize(("file", "old", "new"), EDITS.values(), ids=EDITS)
def test_an_edit_of_what_a_function_depends_on_changes_its_hash(package, file, old, new):
    before = code_hash(study())
    edit(package / file, old, new)
    assert code_hash(study()) != before


@pytest.mark.parametrize(("file", "old", "new"), IDLE_EDITS.values(), ids=IDLE_EDITS)
def test_any_other_edit_does_not(package, file, old, new):
    before = code_hash(study())
    edit(package / file, old, new)
    assert code_hash(study()) == before


def test_the_folder_makes_no_difference(package, tmp_path, monkeypatch):
    before = code_hash(study())
    shutil.copytree(package, tmp_path / "elsewhere" / "tiny")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert code_hash(study()) == before


LIBRARY = {
    "the loop": ("scb_edu.training.steps", "LARGEST_LOSS = ", "LARGEST_LOSS = 2 * ", True),
    "a figure": ("scb_edu.figures.picture", "def ", "def new_", False),
    "another study": ("scb_edu.studies.ch6_sample_complexity", "BATCH = 64", "BATCH = 65", False),
}


@pytest.mark.parametrize(("module", "old", "new", "counts"), LIBRARY.values(), ids=LIBRARY)
def test_the_library_counts_as_far_as_a_study_uses_it(monkeypatch, module, old, new, counts):
    race, source = STUDIES["ladder-scan"].function, dependencies._source
    before = code_hash(race)
    assert old in source(module)
    changed = source(module).replace(old, new)
    monkeypatch.setattr(dependencies, "_source", lambda m: changed if m == module else source(m))
    assert (code_hash(race) != before) is counts


def test_no_study_depends_on_pictures_and_each_on_the_task():
    for function in {each.function for each in STUDIES.values()}:
        home = dependencies.place_of(function)
        reached = dependencies._reached(home, dependencies._source(home.module))
        assert reached[Place("scb_edu.model.task", "SCBTask")]
        assert not [place for place in reached if place.module.startswith(ASIDE)]


def test_a_function_of_a_notebook_counts_with_its_own_text(monkeypatch):
    monkeypatch.setattr(dependencies.inspect, "getsourcefile", lambda _: "<a cell>")
    found = []
    for text in ("def draw(rng):\n    return 1\n", "def draw(rng):\n    return 2\n"):
        monkeypatch.setattr(dependencies.inspect, "getsource", lambda _, text=text: text)
        found.append(code_hash(sweeps.draw))
    assert found[0] != found[1]


def test_a_function_without_a_source_has_no_cache(tmp_path):
    names = {"__name__": "nowhere"}
    exec("def study(rng): return {'x': 1}", names)
    with pytest.raises(ScbError, match=r"function: expected one whose source can be read"):
        sweep(names["study"], {}, seeds=1, executor=sweeps.Serial(), cache=tmp_path / "cache")
