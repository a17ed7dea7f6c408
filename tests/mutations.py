"""Small changes to a program that its tests should notice: all of a file, one at a time.

Left alone are documentation, annotations, decorators, the words of an error, and options that make
no difference.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
PAIRS = [
    ("min", "max"),
    ("argmin", "argmax"),
    ("minimum", "maximum"),
    ("any", "all"),
    ("sum", "mean"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("floor", "ceil"),
    ("sin", "cos"),
    ("exp", "expm1"),
    ("log", "log1p"),
    ("cumsum", "cumprod"),
]
RENAMED = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
BUILT_IN = ("min", "max", "any", "all")
UNTOUCHED = (ast.JoinedStr, ast.Raise, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)
SPARED = ("strict", "copy")  # of a zip: asserts what holds already; of astype: saves time alone
OPAQUE = {"ScbError", "TypeVar", "cast", "Literal"}  # words of an error, types


@dataclass(frozen=True)
class Mutant:
    """One change: where, what stood there, what stands there now, and the whole file with it."""

    file: str
    function: str
    line: int
    around: tuple[tuple[int, int], ...]  # lines: the statement, the function, the class, the file
    before: str
    after: str
    line_before: str
    line_after: str
    source: str

    @property
    def key(self):
        """What stays the same when lines are added above."""
        return self.file, self.function, self.line_before, self.line_after


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its text."""
    lines, tree = source.splitlines(keepends=True), ast.parse(source)
    spans = sorted({*_spans(tree), (1, len(lines))}, key=lambda span: span[1] - span[0])
    for node, function, new in _changes(tree, ""):
        before = ast.get_source_segment(source, node)
        after = _text(node, new)
        old = "".join(lines[node.lineno - 1 : node.end_lineno])
        now = _replaced(lines, node, after)
        flat = (" ".join(text.split()) for text in (before, after, old, now))
        around = tuple((a, b) for a, b in spans if a <= node.lineno <= b)
        whole = "".join([*lines[: node.lineno - 1], now, *lines[node.end_lineno :]])
        yield Mutant(file, function, node.lineno, around, *flat, whole)


def _spans(tree):
    """The lines of each statement, of one that holds others also those above the first of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            yield node.lineno, node.end_lineno
            if inner := getattr(node, "body", None):
                yield node.lineno, max(node.lineno, inner[0].lineno - 1)


def _text(node, new):
    text = ast.unparse(new)
    return f"({text})" if isinstance(node, ast.expr) and not _is_closed(new) else text


def _is_closed(node):
    return isinstance(node, ast.Constant | ast.Name | ast.Call | ast.Attribute | ast.keyword)


def _replaced(lines, node, text):
    """The lines of a node with other text in its place; columns count bytes."""
    first, last = lines[node.lineno - 1].encode(), lines[node.end_lineno - 1].encode()
    return first[: node.col_offset].decode() + text + last[node.end_col_offset :].decode()


def _changes(node, function):
    """Each (node, name of its function, new node) below a node."""
    for child in _children(node):
        inside = function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inside = f"{function}.{child.name}".lstrip(".")
        yield from ((child, inside, new) for new in _changed(child, node))
        if not _is_opaque(child):
            yield from _changes(child, inside)


def _is_opaque(node):
    called = node.func if isinstance(node, ast.Call) else None
    name = getattr(called, "id", getattr(called, "attr", ""))
    return isinstance(node, UNTOUCHED) or name in OPAQUE


def _children(node):
    """The parts of a node that are code."""
    skipped = {"decorator_list", "annotation", "returns", "bases", "type_comment"}
    for name, value in ast.iter_fields(node):
        if name in skipped:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and not _is_documentation(part):
                yield part


def _is_documentation(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changed(node, parent):
    """What could stand in the place of a node."""
    if node is getattr(parent, "test", None) and isinstance(node, ast.Call | ast.Name):
        yield ast.UnaryOp(ast.Not(), node)
    if way := WAYS.get(type(node)):
        yield from way(node, parent)


def _with(node, **parts):
    new = copy.copy(node)
    for name, value in parts.items():
        setattr(new, name, value)
    return new


def _of_compare(node, _parent):
    for at, op in enumerate(node.ops):
        for other in COMPARED[type(op)]:
            yield _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])


def _of_binop(node, _parent):
    if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return
    yield _with(node, op=COMPUTED[type(node.op)]())


def _of_augassign(node, _parent):
    yield _with(node, op=COMPUTED[type(node.op)]())
    yield ast.Pass()


def _of_boolop(node, _parent):
    yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    for at in range(len(node.values)):
        rest = node.values[:at] + node.values[at + 1 :]
        yield rest[0] if len(rest) == 1 else _with(node, values=rest)


def _of_unaryop(node, _parent):
    yield node.operand


def _of_constant(node, parent):
    value = node.value
    if isinstance(value, bool):
        if getattr(parent, "arg", "") not in SPARED:
            yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        if value > 0 and not (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div)):
            yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)


def _of_attribute(node, _parent):
    if node.attr in RENAMED and isinstance(node.ctx, ast.Load):
        yield _with(node, attr=RENAMED[node.attr])


def _of_name(node, _parent):
    if node.id in BUILT_IN and isinstance(node.ctx, ast.Load):
        yield _with(node, id=RENAMED[node.id])


def _of_call(node, _parent):
    """The call without one of its options."""
    if _is_opaque(node):
        return
    for at, option in enumerate(node.keywords):
        if option.arg not in (None, *SPARED):
            yield _with(node, keywords=node.keywords[:at] + node.keywords[at + 1 :])


def _of_ifexp(node, _parent):
    yield _with(node, body=node.orelse, orelse=node.body)


def _without(_node, _parent):
    yield ast.Pass()


def _of_break(_node, _parent):
    yield ast.Continue()


WAYS = {
    ast.Compare: _of_compare,
    ast.BinOp: _of_binop,
    ast.AugAssign: _of_augassign,
    ast.BoolOp: _of_boolop,
    ast.UnaryOp: _of_unaryop,
    ast.Constant: _of_constant,
    ast.Attribute: _of_attribute,
    ast.Name: _of_name,
    ast.Call: _of_call,
    ast.IfExp: _of_ifexp,
    ast.Expr: _without,
    ast.Raise: _without,
    ast.Break: _of_break,
}
