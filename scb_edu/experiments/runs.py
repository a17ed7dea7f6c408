"""The runs of a sweep: the points of a grid, the random numbers and the rows of each run."""

from __future__ import annotations

import hashlib
import math
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from scb_edu.experiments.journal import canonical
from scb_edu.experiments.tables import Scalar, frame_of, in_words, plain_value
from scb_edu.support import checks
from scb_edu.support.errors import ScbError

Point = dict[str, Scalar]


@dataclass(frozen=True)
class Run:
    """A point of the grid and which of its replicates."""

    point: Point
    replicate: int

    @property
    def key(self) -> Point:
        """The point and the replicate in one; a grid has no name ``seed`` of its own."""
        return self.point | {"seed": self.replicate}


@dataclass(frozen=True)
class Work:
    """What a worker gets: the function and the seed of the sweep."""

    function: Callable[..., Any]
    seed: int

    def __post_init__(self) -> None:
        if not callable(self.function):
            kind = type(self.function).__name__
            raise ScbError(f"function: expected a function of (rng, **point), got {kind}.")

    def __call__(self, point: Point, replicate: int) -> dict[str, Any]:
        """Return the rows of one run, and the seconds of a processor that it took."""
        try:
            start, rng = time.thread_time(), _generator(self.seed, point, replicate)
            rows = _rows(self.function(rng, **point), taken=(*point, "seed"))
            return {"rows": rows, "seconds": time.thread_time() - start}
        except Exception as error:
            if (portable := _portable(error)) is error:
                raise
            raise portable from None


def _generator(seed: int, point: Point, replicate: int) -> np.random.Generator:
    # The digest of the point stands where SeedSequence.spawn has a running number: a running
    # number would change with the order and with the other points of the grid, this does not.
    digest = hashlib.blake2b(canonical(point).encode(), digest_size=16).digest()
    words = np.frombuffer(digest, "<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*words, replicate)))


def _portable(error: Exception) -> Exception:
    """Return the error, or one in its place where it would not survive the way to the caller."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _rows(result: Any, taken: Sequence[str]) -> list[Point]:
    rows = [result] if isinstance(result, Mapping) else result
    if not isinstance(rows, Sequence) or not rows or not all(isinstance(r, Mapping) for r in rows):
        raise ScbError(
            "function: expected it to return a mapping from names to values, or a filled "
            f"sequence of such mappings, got {checks.brief(result)}."
        )
    for name in taken:
        if any(name in row for row in rows):
            raise ScbError(f"function: expected names that the grid leaves free, got {name!r}.")
    return [_plain_row("result", row) for row in rows]


def _plain_row(owner: str, row: Mapping[str, Any]) -> Point:
    for name in row:
        if not isinstance(name, str) or not name:
            raise ScbError(f"{owner}: expected names of columns, got {name!r}.")
    return {str(name): plain_value(f"{owner} {name!r}", value) for name, value in row.items()}


def points_of(grid: Any) -> list[Point]:
    """Return the points of a grid, their values as Python's own."""
    if isinstance(grid, Mapping):
        axes = [_axis(name, values) for name, values in grid.items()]
        _refuse_many(math.prod(map(len, axes)))
        points = [dict(zip(grid, values, strict=True)) for values in product(*axes)]
    elif isinstance(grid, Sequence) and grid and all(isinstance(p, Mapping) for p in grid):
        points = [dict(point) for point in grid]
    else:
        raise _no_grid(grid)
    _refuse_names(points)
    plain = [_plain_row("grid", point) for point in points]
    frame_of(plain)  # what cannot become a column is better known before the runs than after
    return plain


def a_grid(_name: str, grid: Any) -> Any:
    """Return ``grid`` if it is a mapping or a sequence; what is in it, ``points_of`` asks."""
    if not isinstance(grid, Mapping | Sequence) or isinstance(grid, str | bytes):
        raise _no_grid(grid)
    return grid


def _no_grid(grid: object) -> ScbError:
    return ScbError(
        "grid: expected a mapping from names to values, or a filled sequence of points, "
        f"got {checks.brief(grid)}."
    )


def _refuse_many(count: int) -> None:
    if count > checks.MOST_CALLS:
        raise ScbError(f"grid: expected at most {checks.MOST_CALLS:,} points, got {count:,}.")


def _axis(name: str, values: Any) -> list[Any]:
    single = isinstance(values, str | Mapping) or not hasattr(values, "__iter__")
    _refuse_many(0 if single or not hasattr(values, "__len__") else len(values))
    axis = [] if single else list(values)
    if not axis:
        raise ScbError(f"grid {name!r}: expected a filled sequence of values, got {values!r}.")
    return axis


def _refuse_names(points: Sequence[Mapping[str, Any]]) -> None:
    for point in points:
        if point.keys() != points[0].keys():
            raise ScbError(
                f"grid: expected the names {', '.join(points[0])} in every point, "
                f"got {', '.join(point)}."
            )
    for name in ("rng", "seed"):
        if name in points[0]:
            raise ScbError(f"grid: expected names other than rng and seed, got {name!r}.")


def runs_of(points: Sequence[Point], seeds: int) -> list[Run]:
    """Return the runs, point by point; raise if a point comes twice."""
    count = len(points) * seeds
    if count > checks.MOST_CALLS:
        most = f"{checks.MOST_CALLS:,} runs in all"
        raise ScbError(f"seeds: expected at most {most}, got {checks.brief(count)}; take fewer.")
    seen: set[str] = set()
    for point in points:
        if canonical(point) in seen:
            raise ScbError(f"grid: expected each point once, got {in_words(point)} twice.")
        seen.add(canonical(point))
    return [Run(point, replicate) for point in points for replicate in range(seeds)]
