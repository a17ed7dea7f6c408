"""What a result depends on: a hash of the code that a function reaches by name."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import io
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked

OWN = "scb_edu"
ASIDE = tuple(f"{OWN}.{package}" for package in ("figures", "widgets", "exercises"))
"""What no run depends on, although ``import scb_edu`` gives it."""

WHOLE = "*"
ALWAYS = ""  # the statements of a module that define nothing


class Place(NamedTuple):
    """A name that is defined at the top of a module, or all of them."""

    module: str
    name: str


class Part(NamedTuple):
    """One statement at the top of a module: its bare text, and what it uses."""

    text: str
    uses: frozenset[Place]


@checked
def code_hash(function: Callable[..., Any]) -> str:
    """Return a hash of the code that a function depends on: its own and all that it names.

    From the function on, every name that stands in its text is looked up at the top of its
    module, every import is followed, and so on: functions, classes, constants. So are the bare
    statements of each module, but for those under ``if __name__ == "__main__"``. Followed are
    modules of ``scb_edu`` (not its figures, widgets and exercises) and of the function's own
    package. Comments, docstrings and blank lines make no difference.

    What is not covered: other packages (NumPy's version, say), data that are read from files, and
    what is looked up by a string (``getattr``).

    Parameters
    ----------
    function : callable
        Defined with def at the top of a module. One of a notebook counts with its own text alone.

    Returns
    -------
    str
        16 hexadecimal digits, the same on every machine.

    Raises
    ------
    ScbError
        The function has no name at the top of a module, or its source is not to be had.

    Notes
    -----
    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> from scb_edu.studies import STUDIES
    >>> len(experiments.code_hash(STUDIES["complexity-noise"].function))
    16
    """
    reached = _reached(place_of(function), _source_of(function))
    whole = "\n".join(f"{place.module}.{place.name}\n{reached[place]}" for place in sorted(reached))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _reached(home: Place, source: str) -> dict[Place, str]:
    """Return the text at every place that is reached from a function, itself included."""
    reached: dict[Place, str] = {}
    waiting = [home]
    while waiting:
        place = waiting.pop()
        if place in reached or not _is_followed(place.module, home.module):
            continue
        parts = _parts_at(place, source if place.module == home.module else _source(place.module))
        reached[place] = "\n".join(part.text for part in parts)
        waiting += [Place(place.module, ALWAYS), *(use for part in parts for use in part.uses)]
    return reached


def place_of(function: Any) -> Place:
    """Return where a function is defined; raise unless that is the top of a module."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name or "<" in name:  # <lambda>, <locals>: many may have this name
        raise ScbError(
            "function: expected one that was defined with def at the top of a module, so that the "
            f"cache knows it by its name, got {function!r}."
        )
    if module == "__main__" and (spec := getattr(sys.modules[module], "__spec__", None)):
        module = spec.name  # python -m module
    return Place(module, name.partition(".")[0])


# Sources


def _source_of(function: Any) -> str:
    """Return the source of a function's module, or its own where there is no module file."""
    try:
        file = inspect.getsourcefile(function)
        if file and Path(file).is_file():
            return Path(file).read_text("utf-8")
        return inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise ScbError(
            f"function: expected one whose source can be read, for the cache, got {function!r}."
        ) from error


def _source(module: str) -> str:
    """Return the source of a module; that of a package with its stub, whose names load lazily."""
    spec = _spec(module)
    file = Path(spec.origin) if spec and spec.origin else None
    if file is None or file.suffix != ".py":
        return ""
    stub = file.with_suffix(".pyi")
    return "\n".join(path.read_text("utf-8") for path in (file, stub) if path.is_file())


def _spec(module: str) -> Any:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):  # its parent is no package, or is not there
        return None


def _is_followed(module: str, home: str) -> bool:
    aside = any(module == package or module.startswith(f"{package}.") for package in ASIDE)
    return not aside and module.partition(".")[0] in (OWN, home.partition(".")[0])


# Parts of a module


def _parts_at(place: Place, source: str) -> list[Part]:
    parts = _parts(place.module, source)
    if place.name == WHOLE:
        return [part for each in parts.values() for part in each]
    return list(parts.get(place.name, ()))


@lru_cache(maxsize=256)
def _parts(module: str, source: str) -> dict[str, list[Part]]:
    """Return the statements at the top of a module by the names that they define."""
    tree = ast.parse(source)
    lines = _bare_lines(source, tree)
    parts: dict[str, list[Part]] = {}
    for statement in tree.body:
        if _is_for_scripts(statement):
            continue
        for name, part in _split(statement, module, lines):
            parts.setdefault(name, []).append(part)
    return parts


def _is_for_scripts(statement: ast.stmt) -> bool:
    """Tell ``if __name__ == "__main__"``, which holds the grid of a sweep more often than a run."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'"


def _split(statement: ast.stmt, module: str, lines: Sequence[str]) -> Iterator[tuple[str, Part]]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias, target in _imports(statement, module):
            yield alias, Part(f"{alias} is {target.module} {target.name}", frozenset({target}))
        return
    uses = {Place(module, node.id) for node in ast.walk(statement) if isinstance(node, ast.Name)}
    uses |= {target for node in ast.walk(statement) for _, target in _imports(node, module)}
    part = Part(_text(statement, lines), frozenset(uses))
    for name in _defined(statement) or [ALWAYS]:
        yield name, part


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [node for target in targets for node in ast.walk(target)]
        return [node.id for node in names if isinstance(node, ast.Name)]
    return []


def _imports(node: ast.AST, module: str) -> Iterator[tuple[str, Place]]:
    """Return what an import binds, and where that is."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], Place(alias.name, WHOLE)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, module)
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            is_module = base.partition(".")[0] in (OWN, module.partition(".")[0]) and _spec(inner)
            target = Place(inner, WHOLE) if is_module else Place(base, alias.name)
            yield alias.asname or alias.name, target


def _base(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    spec = _spec(module)
    package = module if spec and spec.submodule_search_locations else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


def _bare_lines(source: str, tree: ast.Module) -> list[str]:
    """Return the lines of a source without its comments and without strings that do nothing."""
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            for row in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[row] = lines[row][: node.col_offset] if row == node.lineno - 1 else ""
    return lines


def _text(statement: ast.stmt, lines: Sequence[str]) -> str:
    decorators = getattr(statement, "decorator_list", [])
    first = min(node.lineno for node in (statement, *decorators))
    block = lines[first - 1 : statement.end_lineno]
    return "\n".join(line.rstrip() for line in block if line.strip())
