"""Sweeps: one function, a grid of points, many seeds, on any executor; and what to make of them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    as_completed,
)
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from scb_edu.experiments.dependencies import code_hash, place_of
from scb_edu.experiments.journal import Journal, opened
from scb_edu.experiments.runs import Run, Work, a_grid, points_of, runs_of
from scb_edu.experiments.tables import frame_of, in_words
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked, known_as

MOST_PROCESSES = 1024
Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]
Result = Mapping[str, Any] | Sequence[Mapping[str, Any]]

FORMAT = "scb_edu sweep, version 2"


@checked
def sweep(
    function: Callable[..., Result],
    grid: Grid,
    *,
    seeds: int,
    seed: int = 0,
    executor: Executor | None = None,
    cache: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Run a function at every point of a grid with several seeds; return one table of results.

    The random numbers of a run depend on its own point, its replicate and ``seed`` alone: not on
    the executor, not on the order, not on what else is in the grid. Nor do they depend on the
    function: two functions (two methods, say) at the same point meet the same data.

    Parameters
    ----------
    function : callable
        ``function(rng, **point)`` returns a mapping from names to numbers, strings or booleans,
        or a sequence of such mappings, which become several rows. For processes it has to be
        defined in a module.
    grid : mapping or sequence of mappings
        Names and the values that each takes: every combination is a point. Or the points.
    seeds : int
        How many replicates of each point. More of them later leave those of before as they are.
    seed : int
        The seed of the whole sweep.
    executor : concurrent.futures.Executor, optional
        Where the runs go; it is not shut down. Dask's is ``client.get_executor()``. Unless told:
        ``processes()``, for the time of the call.
    cache : path, optional
        A file, or an existing folder for a file of its own. Results are kept there as they come,
        and a run whose result is there is not run again, unless the function or the code that it
        depends on (see `code_hash`) was changed since. What the older code gave stays in the file.
    progress : bool
        Whether a bar is shown.

    Returns
    -------
    pandas.DataFrame
        A row for each result: the columns of the grid, ``seed`` (which replicate: 0, 1, ...) and
        the columns of the result, in the order of the grid. ``attrs["seconds"]`` are the seconds
        of a processor that the runs took, added up.

    Raises
    ------
    ScbError
        An argument is not as described; a run failed (all others were finished and kept first);
        a worker was lost; the cache belongs to something else, is damaged or in use (it is left
        as it is); or not all results have the same columns.

    Notes
    -----
    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from scb_edu import experiments
    >>> def scatter(rng, size):
    ...     return {"mean": rng.normal(size=size).mean()}
    >>> with ThreadPoolExecutor() as threads:
    ...     table = experiments.sweep(scatter, {"size": [9, 900]}, seeds=2, executor=threads)
    >>> table[["size", "seed"]].to_numpy().tolist()
    [[9, 0], [9, 1], [900, 0], [900, 1]]
    >>> experiments.sweep(scatter, {"size": [9]}, seeds=2)
    Traceback (most recent call last):
    ...
    scb_edu.support.errors.ScbError: function: expected ...
    """
    runs = runs_of(points_of(grid), checks.positive_int("seeds", seeds))
    work = Work(function, checks.natural("seed", seed))
    with _pool(executor, work) as pool, _journal(cache, work) as journal:
        _finish(pool, work, runs, journal, progress, where=cache)
        results = [(run, journal[run.key]) for run in runs]
    table = frame_of([run.key | row for run, result in results for row in result["rows"]])
    table.attrs["seconds"] = sum(result["seconds"] for _, result in results)
    return table


@checked
def processes(count: int | None = None) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, one for each core unless told, that suits ``sweep``.

    Each has one BLAS thread: as many threads as cores in as many processes would only get in
    each other's way. It ends when the process that made it does, even by a kill.

    Parameters
    ----------
    count : int, optional

    Returns
    -------
    concurrent.futures.ProcessPoolExecutor

    Raises
    ------
    ScbError
        ``count`` is not a whole number of at least 1.

    Notes
    -----
    Book: under-the-hood, sec-studies.

    Examples
    --------
    >>> from scb_edu import experiments
    >>> with experiments.processes(2) as pool:
    ...     print(pool.submit(max, 3, 4).result())
    4
    """
    return ProcessPoolExecutor(
        None if count is None else checks.positive_int("count", count, most=MOST_PROCESSES),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
    )


def _start_worker() -> None:
    threadpool_limits(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    # the worker of a killed parent would wait for work until the machine is switched off
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


# Where they run and where their results are kept


@contextlib.contextmanager
def _pool(executor: Any, work: Work) -> Iterator[Executor]:
    if executor is None:
        _refuse_unless_importable(work.function)
        with processes() as pool:
            yield pool
    else:
        yield executor


def an_executor(name: str, value: Any) -> Any:
    """Return ``value`` if it is an executor."""
    expected = "a concurrent.futures.Executor (for Dask: client.get_executor())"
    checks.instance(name, value, Executor, expected)
    return value


known_as(Executor, an_executor)
known_as(Grid, a_grid)


def _refuse_unless_importable(function: object) -> None:
    """Raise where another process could not import the function by its name."""
    try:
        unseen = b"__main__" in pickle.dumps(function) and not _main_is_a_file()
    except Exception:  # pickle fails in many ways
        unseen = True
    if unseen:
        raise ScbError(
            "function: expected one that other processes can import, got "
            f"{getattr(function, '__qualname__', function)!r}. Define it with def at the top of a "
            "module and import that, or stay in this process: "
            "executor=concurrent.futures.ThreadPoolExecutor()."
        )


def _main_is_a_file() -> bool:
    # not so in a notebook, at a prompt and with python -c
    return hasattr(sys.modules["__main__"], "__file__")


@contextlib.contextmanager
def _journal(cache: Any, work: Work) -> Iterator[Journal]:
    if cache is None:
        yield Journal()
        return
    name = f"{place_of(work.function).module}.{work.function.__qualname__}"
    path = Path(cache)
    if path.is_dir():
        path = path / f"{name}.seed{work.seed}.jsonl"
    owner = {"format": FORMAT, "function": name, "seed": work.seed}
    with opened(path, owner, code_hash(work.function)) as journal:
        yield journal


def _finish(
    pool: Executor,
    work: Work,
    runs: Sequence[Run],
    journal: Journal,
    progress: bool,
    where: object,
) -> None:
    """Run what the journal lacks; raise once nothing more can be done."""
    missing = [run for run in runs if run.key not in journal]
    bar = tqdm(total=len(runs), initial=len(runs) - len(missing), disable=not progress)
    futures: dict[Future[Any], int] = {}
    errors: dict[int, BaseException] = {}
    with bar, _cancelled_at_last(futures):
        futures.update((_submitted(pool, work, run), place) for place, run in enumerate(missing))
        for future in as_completed(futures):
            place = futures[future]
            if (error := _error(future)) is None:
                journal.add(missing[place].key, future.result())
                bar.update()
            else:
                errors[place] = error
    failures = [(missing[place], errors[place]) for place in sorted(errors)]
    _raise_failure(failures, len(runs))
    _raise_lost(failures, len(runs), where)


@contextlib.contextmanager
def _cancelled_at_last(futures: Mapping[Future[Any], int]) -> Iterator[None]:
    """Leave no run waiting, however this ends."""
    try:
        yield
    finally:
        for future in futures:
            future.cancel()


def _submitted(pool: Executor, work: Work, run: Run) -> Future[Any]:
    try:
        return pool.submit(work, run.point, run.replicate)
    except BrokenExecutor as error:  # it broke while the runs before this one were handed over
        future: Future[Any] = Future()
        future.set_exception(error)
        return future


def _error(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _raise_failure(failures: Sequence[tuple[Run, BaseException]], total: int) -> None:
    own = [(run, error) for run, error in failures if not isinstance(error, LOST)]
    if own:
        run, error = own[0]
        others = f" So did {len(own) - 1} more of {total} runs." if own[1:] else ""
        raise ScbError(
            f"function: the run with {in_words(run.key)} failed with "
            f"{type(error).__name__}: {error}{others}"
        ) from error


def _raise_lost(failures: Sequence[tuple[Run, BaseException]], total: int, where: object) -> None:
    if failures:
        kept = "without a cache nothing was kept" if where is None else "the others are kept"
        raise ScbError(
            f"executor: lost a worker (killed, out of memory, or unable to start) with "
            f"{len(failures)} of {total} runs to do; {kept}. Call again to go on."
        ) from failures[0][1]


LOST = (BrokenExecutor, CancelledError)
"""What an executor says about a run that it could not finish."""
