"""The tests themselves: each can fail, and those of Hypothesis try the same in every run."""

import ast
import textwrap
from collections import defaultdict
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from strategies import FUZZ, examples

HERE = Path(__file__).parent
TREES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(HERE.rglob("*.py"))}
RAISERS = {"raises", "warns", "fail"}  # of pytest
BEGINNINGS = ("assert_", "to_have_", "to_be_")  # of NumPy and of Playwright


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def called(node):
    """The last names of what a node calls: `c` of `a.b.c()`."""
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return {getattr(call, "attr", getattr(call, "id", "")) for call in calls}


def asserts_itself(node):
    if any(isinstance(inner, ast.Assert) for inner in ast.walk(node)):
        return True
    return any(name.startswith(BEGINNINGS) or name in RAISERS for name in called(node))


def asserting_helpers(trees):
    """Names of functions, fixtures too, that assert, or that call or ask for one that does."""
    helpers = defaultdict(list)
    for tree in trees:
        for node in functions(tree):
            helpers[node.name].append(node)
    asserting = {name for name, nodes in helpers.items() if all(map(asserts_itself, nodes))}
    before = -1
    while len(asserting) > before:
        before = len(asserting)
        asserting |= {
            name for name, nodes in helpers.items() if all(uses(n) & asserting for n in nodes)
        }
    return asserting


def uses(node):
    return called(node) | {argument.arg for argument in node.args.args}


def without_assertion(trees):
    """The tests that cannot fail but by an accident."""
    helpers = asserting_helpers(trees)
    tests = [node for tree in trees for node in functions(tree) if node.name.startswith("test_")]
    return [t.name for t in tests if not asserts_itself(t) and not uses(t) & helpers]


def test_no_test_is_without_an_assertion():
    assert without_assertion(TREES.values()) == []


def test_a_test_without_an_assertion_is_seen():
    source = """
        def says(x):
            assert x

        def hands_on(x):
            says(x)

        def silent(x):
            return x

        def test_a(): assert 1
        def test_b(): hands_on(1)
        def test_c(): np.testing.assert_allclose(1, 1)
        def test_d():
            with pytest.raises(ValueError): int("a")
        def test_e(hands_on): pass
        def test_f(): silent(1)
        def test_g(): 1 == 2
    """
    assert without_assertion([ast.parse(textwrap.dedent(source))]) == ["test_f", "test_g"]


# Hypothesis


def decorators(node):
    """The names of the decorators of a function, called or not."""
    bare = (getattr(d, "func", d) for d in node.decorator_list)
    return {getattr(d, "attr", getattr(d, "id", "")) for d in bare}


def names_of_examples(tree):
    """What a file calls its settings from `examples`, the call itself included."""
    assigned = (node for node in ast.walk(tree) if isinstance(node, ast.Assign))
    return {"examples"} | {a.targets[0].id for a in assigned if called(a.value) == {"examples"}}


def test_a_test_of_hypothesis_says_how_many_examples_it_tries():
    for tree in TREES.values():
        drawn = [n for n in functions(tree) if "given" in decorators(n) and "test_" in n.name]
        assert [n.name for n in drawn if not decorators(n) & names_of_examples(tree)] == []


def tried(settings):
    """The numbers that a test draws."""
    numbers = []

    @settings
    @given(st.integers())
    def test(number):
        numbers.append(number)

    test()
    return numbers


def test_the_examples_are_the_same_in_every_run(monkeypatch):
    monkeypatch.delenv(FUZZ, raising=False)
    first, second = (tried(examples(20)) for _ in range(2))
    assert len(first) == 20
    assert first == second


def test_fuzzing_tries_more_of_them_and_others(monkeypatch):
    monkeypatch.setenv(FUZZ, "100")
    first, second = (tried(examples(5)) for _ in range(2))
    assert len(first) == len(second) == 100
    assert first != second
