"""The changes that `make mutants` makes are small programs, each of another meaning."""

import ast

import mutants
import pytest
from mutations import mutants as mutants_of

SOURCE = '''"""A module of 2 lines."""

LEVEL = 3


@decorated(limit=5)
def clipped(x: Literal[7], low: float = 0.5) -> Array:
    """Return 1."""
    if not x.any() and low < 1:
        raise ScbError(f"x: expected {2}, got {x + 1}")
    total = f(
        x,
        axis=0,
    )
    total -= x.min(axis=1)
    zip(x, x, strict=True)
    return total if flag else -total
'''
CHANGES = {
    ("", "3", "4"),
    ("", "3", "2"),
    ("clipped", "0.5", "1.0"),
    ("clipped", "not x.any() and low < 1", "(not x.any() or low < 1)"),
    ("clipped", "not x.any() and low < 1", "(not x.any())"),
    ("clipped", "not x.any() and low < 1", "(low < 1)"),
    ("clipped", "not x.any()", "x.any()"),
    ("clipped", "x.any", "x.all"),
    ("clipped", "low < 1", "(low <= 1)"),
    ("clipped", "low < 1", "(low >= 1)"),
    ("clipped", "1", "2"),
    ("clipped", "1", "0"),
    ("clipped", 'raise ScbError(f"x: expected {2}, got {x + 1}")', "pass"),
    ("clipped", "f( x, axis=0, )", "f(x)"),
    ("clipped", "0", "1"),
    ("clipped", "total -= x.min(axis=1)", "total += x.min(axis=1)"),
    ("clipped", "total -= x.min(axis=1)", "pass"),
    ("clipped", "x.min(axis=1)", "x.min()"),
    ("clipped", "x.min", "x.max"),
    ("clipped", "zip(x, x, strict=True)", "pass"),
    ("clipped", "flag", "(not flag)"),
    ("clipped", "total if flag else -total", "(-total if flag else total)"),
    ("clipped", "-total", "total"),
}


def test_each_change_is_made_once_and_documentation_is_left_alone():
    made = list(mutants_of("m.py", SOURCE))
    assert {(m.function, m.before, m.after) for m in made} == CHANGES
    assert len({m.source for m in made} - {SOURCE}) == len(made) == len(CHANGES) + 2  # of axis=1


def test_a_mutant_is_the_file_with_one_place_changed():
    (mutant,) = [m for m in mutants_of("m.py", SOURCE) if m.before == "x.min"]
    assert mutant.source == SOURCE.replace("x.min", "x.max")
    assert mutant.line == 15
    assert mutant.around == ((15, 15), (7, 17), (1, 17))


@pytest.mark.parametrize("letters", ["é = x * 2", "f('ü', 'é', x * 2)"])
def test_letters_outside_of_ascii_move_nothing(letters):
    product = [mutant.source for mutant in mutants_of("m.py", letters) if mutant.before == "x * 2"]
    assert product == [letters.replace("x * 2", "(x / 2)")]


def test_every_mutant_of_a_file_can_be_read():
    file = mutants.ROOT / "scb_edu" / "model" / "task.py"
    made = list(mutants_of("task.py", file.read_text("utf-8")))
    assert len(made) > 100
    for mutant in made[::9]:
        ast.parse(mutant.source)


def test_what_is_said_to_make_no_difference_can_still_be_made():
    """An entry whose code is another one by now would hide nothing, and nobody would know."""
    files = {file for file, *_ in mutants.equivalents()}
    made = {
        mutant.key for f in files for mutant in mutants_of(f, (mutants.ROOT / f).read_text("utf-8"))
    }
    assert mutants.equivalents() <= made


def test_the_quick_tests_of_a_changed_line_run_first():
    known = {
        "lines": {"scb_edu/model/a.py": {"3": ["tests/text/t.py::x", "tests/model/test_a.py::y"]}},
        "seconds": {"tests/text/t.py::x": 1, "tests/model/test_a.py::y": 2, "tests/model/b.py": 9},
    }
    changed = next(mutants_of("scb_edu/model/a.py", "import f\n\nLEVEL = 3\n"))
    tests, seconds = mutants.tests_of(changed, known)
    assert (tests, seconds) == (["tests/model/test_a.py::y", "tests/text/t.py::x"], 3)
    alone = {"lines": {}, "seconds": known["seconds"]}
    assert mutants.tests_of(changed, alone) == (
        ["tests/model/test_a.py::y", "tests/model/b.py"],
        11,
    )
