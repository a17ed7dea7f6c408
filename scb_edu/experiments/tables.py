"""Tidy tables of results: one row a result, and files that say where they are from.

A table is a NumPy structured array: ``table["loss"]`` is a column, ``table[table["T"] == 250]``
are some of its rows. The types of its columns are ``int64``, ``float64``, ``bool`` and strings.
"""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from scb_edu.support.errors import ScbError
from scb_edu.support.files import replacing

Scalar = bool | int | float | str
Table = NDArray[np.void]
T = TypeVar("T")

# Tables from rows


def plain_value(name: str, value: object) -> Scalar:
    """Return a boolean, number or string as Python's own, so that it is the same after a file."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    for kinds, plain in _PLAIN:
        if isinstance(value, kinds):
            return plain(value)
    raise ScbError(f"{name}: expected a number, a string or a boolean, got {type(value).__name__}.")


# a bool is an int too, so it comes first
_PLAIN: tuple[tuple[tuple[type, ...], Callable[[Any], Scalar]], ...] = (
    ((bool, np.bool_), bool),
    ((int, np.integer), int),
    ((float, np.floating), float),
    ((str,), str),
)


def tidy_table(rows: Sequence[Mapping[str, Scalar]]) -> Table:
    """Return a table of rows with the same columns, which come in the order of the first row."""
    names = list(rows[0])
    for row in rows:
        _refuse_other_columns(row, names)
    columns = {name: _column(name, [row[name] for row in rows]) for name in names}
    return joined(columns, len(rows))


def in_words(row: Mapping[str, object]) -> str:
    """Return a row as ``T = 250, rate = 0.1``."""
    return ", ".join(f"{name} = {value}" for name, value in row.items())


def _refuse_other_columns(row: Mapping[str, Scalar], names: Sequence[str]) -> None:
    if row.keys() != set(names):
        shared = {name: row[name] for name in names if name in row}
        raise ScbError(
            f"rows: expected the columns {', '.join(names)} in every row, "
            f"got {', '.join(row)} where {in_words(shared)}."
        )


def _column(name: str, values: Sequence[Scalar]) -> NDArray[Any]:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:  # both whole numbers and fractions: real numbers
        kinds = {float}
    if len(kinds) > 1:
        words = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise ScbError(f"{name}: expected values of one type, got {words} in one column.")
    kind = kinds.pop()
    return _array(name, values, np.dtype(np.int64 if kind is int else kind))


def _array(name: str, values: Sequence[Scalar], dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        array = np.array(values, dtype)
    except OverflowError as error:
        raise ScbError(f"{name}: expected whole numbers of 64 bits, got a larger one.") from error
    if dtype.kind == "U" and array.tolist() != list(values):
        raise ScbError(f"{name}: expected strings that fit into {dtype}, without a final NUL.")
    return array


def joined(columns: Mapping[str, NDArray[Any]], length: int) -> Table:
    """Return columns of that length side by side as a table."""
    kinds = [(name, column.dtype) for name, column in columns.items()]
    table = np.empty(length, dtype=kinds)
    for name, column in columns.items():
        table[name] = column
    return table


def refuse_unless_table(table: object, names: Sequence[str] = ()) -> None:
    """Raise unless ``table`` is a table with at least one row and with the columns ``names``."""
    if not isinstance(table, np.ndarray) or table.dtype.names is None or table.ndim != 1:
        raise ScbError(f"table: expected a structured array (n,), got {type(table).__name__}.")
    if table.size == 0:
        raise ScbError("table: expected at least one row, got none.")
    for name in names:
        if name not in table.dtype.names:
            raise ScbError(
                f"table: expected a column {name!r}, got only {', '.join(table.dtype.names)}."
            )


# Files


def _versions() -> str:
    packages = {"numpy": "numpy", "scipy": "scipy", "scb_edu": "scb-edu"}
    found = [f"{name} {metadata.version(package)}" for name, package in packages.items()]
    return ", ".join([f"python {platform.python_version()}", *found])


@dataclass(frozen=True)
class Provenance:
    """Where a stored table is from: what it takes to compute it anew.

    Parameters
    ----------
    command : str
        What was typed, on one line.
    seed : int
        The seed of the sweep.
    versions : str
        Of Python and the packages; those at work now unless told.

    Raises
    ------
    ScbError
        A word is empty or has more than one line.

    Notes
    -----
    Book: 06-sample-complexity, sec-studies.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> source = experiments.Provenance("python -m scb_edu.studies window", seed=0)
    >>> source.versions.split()[0]
    'python'
    """

    command: str
    seed: int
    versions: str = field(default_factory=_versions)

    def __post_init__(self) -> None:
        """Refuse what would not come back from a file."""
        for name in ("command", "versions"):
            words = getattr(self, name)
            if not isinstance(words, str) or words.splitlines() != [words.strip()]:
                raise ScbError(f"{name}: expected one line of words, got {words!r}.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer):
            raise ScbError(f"seed: expected a whole number, got {self.seed!r}.")


def save_table(path: str | os.PathLike[str], table: Table, provenance: Provenance) -> None:
    """Write a table as CSV under lines that say where it is from; all of it or nothing.

    Parameters
    ----------
    path : str or path
        A file there is replaced.
    table : structured array
        Columns of ``int64``, ``float64``, ``bool`` and strings, at least one row.
    provenance : Provenance

    Raises
    ------
    ScbError
        The table is empty, or a column is of another type.

    Notes
    -----
    Each number is written with as many digits as bring it back exactly.

    Book: 06-sample-complexity, sec-studies.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> from scb_edu import experiments
    >>> table = np.array([(8, 0.1)], dtype=[("T", int), ("loss", float)])
    >>> source = experiments.Provenance("python study.py", 0, versions="numpy 2.4.6")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "study.csv"
    ...     experiments.save_table(file, table, source)
    ...     print(file.read_text(), end="")
    # command: python study.py
    # versions: numpy 2.4.6
    # seed: 0
    # types: int64, float64
    # rows: 1
    "T","loss"
    8,0.1
    """
    refuse_unless_table(table)
    head = {
        "command": provenance.command,
        "versions": provenance.versions,
        "seed": provenance.seed,
        "types": ", ".join(_type_word(name, table[name]) for name in table.dtype.names or ()),
        "rows": len(table),
    }
    with replacing(Path(path), "w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {name}: {value}\n" for name, value in head.items())
        # strings in quotes, numbers as repr gives them
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(table.dtype.names or ())
        writer.writerows(table.tolist())


def load_table(path: str | os.PathLike[str]) -> tuple[Table, Provenance]:
    """Read a table that ``save_table`` wrote, to the last bit.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    table : structured array
    provenance : Provenance

    Raises
    ------
    ScbError
        There is no such file, it was not written by ``save_table``, or a part of it is missing.

    Notes
    -----
    Book: 06-sample-complexity, sec-studies.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> from scb_edu import experiments
    >>> table = np.array([(8, 0.1)], dtype=[("T", int), ("loss", float)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "study.csv"
    ...     experiments.save_table(file, table, experiments.Provenance("python study.py", 0))
    ...     again, source = experiments.load_table(file)
    >>> again.tolist(), source.command
    ([(8, 0.1)], 'python study.py')
    """
    *head_lines, body = _text(path).split("\n", len(_HEAD))
    head = {
        name: _head_entry(path, name, line) for name, line in zip(_HEAD, head_lines, strict=True)
    }
    source = Provenance(head["command"], _parsed(path, "seed", int, head["seed"]), head["versions"])
    names, rows = _cells(path, body, _parsed(path, "rows", int, head["rows"]))
    types = head["types"].split(", ")
    if len(types) != len(names) or len(set(names)) != len(names):
        raise _damaged(path, f"the types {head['types']} for the columns {', '.join(names)}")
    columns = [
        _read_column(path, name, word, [row[place] for row in rows])
        for place, (name, word) in enumerate(zip(names, types, strict=True))
    ]
    return joined(dict(zip(names, columns, strict=True)), len(rows)), source


_HEAD = ("command", "versions", "seed", "types", "rows")
_PARSERS: dict[str, Callable[[str], Scalar]] = {
    "int64": int,
    "float64": float,
    "bool": {"True": True, "False": False}.__getitem__,
}


def _type_word(name: str, column: NDArray[Any]) -> str:
    if column.dtype.name not in _PARSERS and column.dtype.kind != "U":
        raise ScbError(
            f"table: expected columns of int64, float64, bool or strings, got {column.dtype} "
            f"in {name!r}; convert it first."
        )
    return column.dtype.str[1:] if column.dtype.kind == "U" else column.dtype.name


def _text(path: str | os.PathLike[str]) -> str:
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            text = file.read()
    except OSError as error:
        raise ScbError(f"path: expected a table to read, got: {error}.") from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "bytes that are no text") from error
    if not text.endswith("\n") or text.count("\n") <= len(_HEAD):
        raise _damaged(path, "a part of one")
    return text


def _damaged(path: object, found: str) -> ScbError:
    return ScbError(f"path: expected a table that save_table wrote in {path}, got {found}.")


def _head_entry(path: object, name: str, line: str) -> str:
    start = f"# {name}: "
    if not line.startswith(start):
        raise _damaged(path, f"{line[:40]!r} where '{start}...' should be")
    return line.removeprefix(start)


def _cells(path: object, body: str, expected: int) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns and the entries of every row, none of them missing."""
    try:
        names, *rows = csv.reader(io.StringIO(body, newline=""), strict=True)
    except csv.Error as error:
        raise _damaged(path, str(error)) from error
    if len(rows) != expected or not rows:
        raise _damaged(path, f"{len(rows)} rows where {expected} were saved")
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise _damaged(path, f"{len(row)} entries for {len(names)} columns in row {number}")
    return names, rows


def _read_column(path: object, name: str, word: str, cells: Sequence[str]) -> NDArray[Any]:
    if word not in _PARSERS and not (word[:1] == "U" and word[1:].isdecimal()):
        raise _damaged(path, f"a column {name!r} of the type {word!r}")
    parse = _PARSERS.get(word, str)
    values = [_parsed(path, f"{name!r} in row {i}", parse, cell) for i, cell in enumerate(cells, 1)]
    return _array(name, values, np.dtype(word))


def _parsed(path: object, what: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except (ValueError, KeyError) as error:
        raise _damaged(path, f"{text!r} for {what}") from error
