"""What the library and the book's scripts do is the same under `python -O` and in every locale."""

import ast

import pytest
from conftest import BOOK, ROOT

FILES = sorted([*(ROOT / "scb_edu").rglob("*.py"), *BOOK.rglob("*.py")])


def calls_without_encoding(tree):
    """The lines that open a text in whatever encoding the machine has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not {k.arg for k in node.keywords} & {"encoding", None}:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if takes_text(name, node.args, is_method=isinstance(node.func, ast.Attribute)):
                yield node.lineno


def takes_text(name, args, *, is_method):
    """Whether a call reads or writes text, with no word on its encoding."""
    if name == "open":
        modes = args if is_method else args[1:]
        words = [mode.value for mode in modes if isinstance(mode, ast.Constant)]
        return not modes or any(set(str(word)) <= set("rwax+t") for word in words)
    return (name, len(args)) in {("read_text", 0), ("write_text", 1)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_source_asserts_nothing_and_says_how_text_is_written(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)] == []
    assert list(calls_without_encoding(tree)) == []


@pytest.mark.parametrize(
    ("line", "is_seen"),
    [
        ("path.read_text()", True),
        ("path.write_text(words)", True),
        ("path.open('w')", True),
        ("open(name)", True),
        ("open(name, 'w')", True),
        ("open(name, 'wb')", False),
        ("path.read_text('utf-8')", False),
        ("path.write_text(words, encoding='utf-8')", False),
        ("path.open('rb')", False),
        ("path.open(mode, **options)", False),
        ("Image.open(data)", False),
    ],
)
def test_a_text_without_encoding_is_seen(line, is_seen):
    assert bool(list(calls_without_encoding(ast.parse(line)))) == is_seen
