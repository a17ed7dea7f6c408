"""Tidy tables of results, one row a result: pandas frames, and files that say where they are from.

The types of the columns are ``int64``, ``float64``, ``bool`` and ``str``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.files import replacing
from scb_edu.support.signatures import checked

Scalar = bool | int | float | str

TYPES = {bool: "bool", int: "int64", float: "float64", str: "str"}
"""The types of values, and of the columns that hold them."""

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


def frame_of(rows: Sequence[Mapping[str, Scalar]]) -> pd.DataFrame:
    """Return a table of rows with the same columns, which come in the order of the first row."""
    names = list(rows[0])
    for row in rows:
        _refuse_other_columns(row, names)
    return pd.DataFrame({name: _column(name, [row[name] for row in rows]) for name in names})


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


def _column(name: str, values: Sequence[Scalar]) -> pd.Series:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:  # both whole numbers and fractions: real numbers
        kinds = {float}
    if len(kinds) > 1:
        words = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise ScbError(f"{name}: expected values of one type, got {words} in one column.")
    try:
        return pd.Series(values, dtype=TYPES[kinds.pop()])
    except OverflowError as error:
        raise ScbError(f"{name}: expected whole numbers of 64 bits, got a larger one.") from error


# Where they are from


def _versions() -> str:
    packages = {"numpy": "numpy", "scipy": "scipy", "scb_edu": "scb-edu"}
    found = [f"{name} {metadata.version(package)}" for name, package in packages.items()]
    return ", ".join([f"python {platform.python_version()}", *found])


@checked
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
    code : str
        The hash of the code that the runs depend on, as `code_hash` finds it.
    seconds : float, optional
        Of a processor, that the runs took, added up.

    Raises
    ------
    ScbError
        A word is empty or has more than one line, or a number is none.

    Notes
    -----
    Book: under-the-hood, sec-studies.

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
    code: str = "unknown"
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse what says nothing, or is more than a line."""
        for name in ("command", "versions", "code"):
            words = getattr(self, name)
            if words.splitlines() != [words.strip()]:
                raise ScbError(f"{name}: expected one line of words, got {words!r}.")
        object.__setattr__(self, "seed", checks.natural("seed", self.seed))
        if self.seconds is not None:
            seconds = checks.non_negative_number("seconds", self.seconds)
            object.__setattr__(self, "seconds", seconds)


# Files

MARK = "# scb_edu table, sha256 of what follows: "


@checked
def save_table(path: str | os.PathLike[str], table: pd.DataFrame, provenance: Provenance) -> None:
    """Write a table as CSV under two lines that say where it is from; all of it or nothing.

    Parameters
    ----------
    path : str or path
        A file there is replaced.
    table : pandas.DataFrame
        Columns of ``int64``, ``float64``, ``bool`` and ``str``; at least one row, and the rows
        numbered from 0.
    provenance : Provenance

    Raises
    ------
    ScbError
        The table is empty, or it would not come back from the file as it is.

    Notes
    -----
    Each number is written with as many digits as bring it back exactly.

    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> import tempfile, pathlib, pandas as pd
    >>> from scb_edu import experiments
    >>> table = pd.DataFrame({"T": [8], "loss": [0.1]})
    >>> source = experiments.Provenance("python study.py", 0, versions="numpy 2.4.6")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "study.csv"
    ...     experiments.save_table(file, table, source)
    ...     print(file.read_text(), end="")  # doctest: +ELLIPSIS
    # scb_edu table, sha256 of what follows: ...
    # {"command": "python study.py", "seed": 0, ... "types": {"T": "int64", "loss": "float64"}}
    "T","loss"
    8,0.1
    """
    checks.new_file("path", path)
    checks.table("table", table)
    head = asdict(provenance) | {"types": _types(table)}
    # strings in quotes, numbers as repr gives them
    rows = table.to_csv(
        index=False, na_rep="nan", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"
    )
    content = f"# {json.dumps(head)}\n{rows}"
    _refuse_unless_it_comes_back(table, content)
    try:
        with replacing(Path(path), "w", encoding="utf-8", newline="") as file:
            file.write(f"{MARK}{_digest(content)}\n{content}")
    except OSError as error:
        raise ScbError(f"path: expected a file that can be written, got: {error}.") from error


@checked
def load_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table that ``save_table`` wrote, to the last bit.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    pandas.DataFrame
        Its ``attrs`` hold the fields of its `Provenance` by name.

    Raises
    ------
    ScbError
        There is no such file, it was not written by ``save_table``, or it was changed since.

    Notes
    -----
    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> import tempfile, pathlib, pandas as pd
    >>> from scb_edu import experiments
    >>> table = pd.DataFrame({"T": [8], "loss": [0.1]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "study.csv"
    ...     experiments.save_table(file, table, experiments.Provenance("python study.py", 0))
    ...     again = experiments.load_table(file)
    >>> again.equals(table), again.attrs["command"]
    (True, 'python study.py')
    """
    first, _, content = _text(path).partition("\n")
    if first != f"{MARK}{_digest(content)}":
        raise _damaged(path, "another file, or one that was changed since it was written")
    try:
        return _parsed(content)
    except Exception as error:  # foreign rows can fail in every way that a reader knows
        raise _damaged(path, f"rows that are not as its head says ({error})") from error


def _types(table: pd.DataFrame) -> dict[str, str]:
    types = {name: str(kind) for name, kind in table.dtypes.items()}
    for name, kind in types.items():
        if kind not in TYPES.values():
            raise ScbError(
                f"table: expected columns of {', '.join(TYPES.values())}, got {kind} in {name!r}; "
                "convert it first."
            )
    return types


def _parsed(content: str) -> pd.DataFrame:
    head, _, rows = content.partition("\n")
    known = json.loads(head.removeprefix("# "))
    types = known.pop("types")
    table = pd.read_csv(
        io.StringIO(rows, newline=""),
        header=0,
        names=list(types),
        dtype=types,
        # an empty string is one, and so is the word NA
        keep_default_na=False,
        na_values={name: ["nan"] for name, kind in types.items() if kind == "float64"},
        skip_blank_lines=False,
    )
    table.attrs = known
    return table


def _refuse_unless_it_comes_back(table: pd.DataFrame, content: str) -> None:
    try:
        content.encode()
        same = _parsed(content).equals(table)
    except ValueError:
        same = False
    if not same:
        raise ScbError(
            "table: expected names that differ, nothing missing and rows numbered from 0 "
            "(reset_index), got a table that would not come back from a file as it is."
        )


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _text(path: str | os.PathLike[str]) -> str:
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise ScbError(f"path: expected a table to read, got: {error}.") from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "bytes that are no text") from error


def _damaged(path: object, found: str) -> ScbError:
    return ScbError(f"path: expected a table that save_table wrote in {path}, got {found}.")
