"""A study: one function, its grid and its seeds, whose table the book stores."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scb_edu.experiments.dependencies import code_hash
from scb_edu.experiments.journal import canonical
from scb_edu.experiments.runs import points_of
from scb_edu.experiments.sweeps import Result, sweep
from scb_edu.experiments.tables import Provenance, load_table, save_table
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.training import train
from scb_edu.training.optimizers import Optimizer
from scb_edu.training.trajectory import Trajectory


@checked
@dataclass(frozen=True, eq=False)
class Study:
    """Runs whose results are computed once and stored in the package.

    Parameters
    ----------
    name : str
        Of the study, and of its file.
    function : callable
        One run: ``function(rng, **point)``.
    grid : mapping, or sequence of mappings
        The points, as ``experiments.sweep`` takes them.
    seeds : int
        Runs at each point.
    seed : int
        Of the whole study.

    Notes
    -----
    Book: under-the-hood, sec-studies.
    """

    name: str
    function: Callable[..., Result]
    grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]
    seeds: int
    seed: int = 0

    def __post_init__(self) -> None:
        checks.sentence("name", self.name)
        checks.positive_int("seeds", self.seeds)

    @property
    def command(self) -> str:
        """What to type to compute the table anew."""
        return f"python -m scb_edu.studies {self.name}"

    @checked
    def compute(self, executor: Executor, cache: str | os.PathLike[str] | None) -> pd.DataFrame:
        """Run what the cache lacks, with a progress bar, and return the whole table."""
        code = self.code  # before the runs: the files may change while they go on
        table = sweep(
            self.function,
            self.grid,
            seeds=self.seeds,
            seed=self.seed,
            executor=executor,
            cache=cache,
            progress=True,
        )
        table.attrs["code"] = code
        return table

    @checked
    def slice(self, points: Sequence[Mapping[str, Any]], seeds: int) -> pd.DataFrame:
        """Run the first seeds of some points anew, here and now; the stored rows say the same."""
        with ThreadPoolExecutor(1) as here:
            return sweep(self.function, points, seeds=seeds, seed=self.seed, executor=here)

    @property
    def code(self) -> str:
        """The hash of all that the table depends on, code (`code_hash`), points and seeds."""
        parts = [code_hash(self.function), points_of(self.grid), self.seeds, self.seed]
        return hashlib.sha256(canonical(parts).encode()).hexdigest()[:16]

    @checked
    def known(self, folder: Path) -> Mapping[str, Any]:
        """Return the provenance of the table in a folder; empty where there is no such table."""
        file = Path(folder) / f"{self.name}.csv"
        return load_table(file).attrs if file.exists() else {}

    @checked
    def store(self, table: pd.DataFrame, folder: Path) -> Path:
        """Write a table that was computed, with its provenance, and return the file."""
        checks.table("table", table)
        if not {"seconds", "code"} <= set(table.attrs):
            raise ScbError("table: expected one that compute() returned, got one without its code.")
        file, seconds = Path(folder) / f"{self.name}.csv", round(table.attrs["seconds"], 1)
        source = Provenance(self.command, self.seed, code=table.attrs["code"], seconds=seconds)
        save_table(file, table, source)
        return file


def from_scratch(context_length: int, optimizer: Optimizer, **options: Any) -> Trajectory:
    """Train on the running example from the initial point, in float32; options as for ``train``."""
    task = SCBTask.example(context_length)
    return train(task, LinearTransformer.initial(task, dtype=np.float32), optimizer, **options)


@checked
def stored(name: str) -> pd.DataFrame:
    """Read a table that came with the package.

    Parameters
    ----------
    name : str
        Of the study.

    Returns
    -------
    pandas.DataFrame
        Its ``attrs`` say where it is from: ``command``, ``seed``, ``versions``, ``code`` and
        ``seconds``, the fields of `scb_edu.experiments.Provenance`.

    Raises
    ------
    ScbError
        There is no such table, or it is damaged.

    Notes
    -----
    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> from scb_edu.studies import stored
    >>> stored("complexity-noise").attrs["command"]
    'python -m scb_edu.studies complexity-noise'
    """
    with data_file(f"{name}.csv") as path:
        return load_table(path)


@contextmanager
def data_file(name: str) -> Iterator[Path]:
    """Give a file of data that came with the package, on the disk while it is in use.

    Parameters
    ----------
    name : str
        With its ending.

    Raises
    ------
    ScbError
        There is no such file.

    Notes
    -----
    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> from scb_edu.studies.study import data_file
    >>> with data_file("alice.txt") as path:
    ...     path.name
    'alice.txt'
    """
    file = files("scb_edu.studies") / "data" / name
    if not file.is_file():
        raise ScbError(f"name: expected a table or a text of the package, got {name!r}.")
    with as_file(file) as path:
        yield path
