"""Sweeps: the same numbers anywhere, nothing lost, nothing run twice, and clear refusals."""

import hashlib
import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from functools import partial

import numpy as np
import psutil
import pytest
import sweeps
from forks import FORK
from tqdm import tqdm

from scb_edu import ScbError, experiments
from scb_edu.experiments import sweep

GRID = {"size": [3, 50, 8], "word": ["one", "another"]}


class Backwards(Executor):
    """Nothing at first; then all, the last one first."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, *args):
        future = Future()
        self.waiting.append((future, function, args))
        if len(self.waiting) == 12:
            for future_, function_, args_ in reversed(self.waiting):
                future_.set_result(function_(*args_))
        return future


SERIAL = sweeps.Serial()


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SWEEP_FOLDER", str(tmp_path))


@pytest.fixture(scope="module")
def serial_table():
    return sweep(sweeps.draw, GRID, seeds=2, executor=SERIAL)


def same(one, other):
    """Equal in types and values to the last bit: -0.0 is not 0.0, and nan is itself."""
    values = [str(frame.to_dict("list")) for frame in (one, other)]
    return one.dtypes.equals(other.dtypes) and values[0] == values[1]


def rows_of(table):
    return list(table.itertuples(index=False, name=None))


# The same numbers anywhere


def test_a_table_has_a_row_for_each_run_in_the_order_of_the_grid(serial_table):
    expected = [(s, w, r) for s in (3, 50, 8) for w in ("one", "another") for r in (0, 1)]
    assert rows_of(serial_table[["size", "word", "seed"]]) == expected
    types = {"size": "int64", "word": "str", "seed": "int64", "mean": "float64"}
    types |= {"largest": "int64", "positive": "bool", "name": "str"}
    assert list(serial_table.dtypes.map(str).items()) == list(types.items())
    assert len(set(serial_table["mean"])) == 12


def test_the_numbers_of_a_run_are_those_of_its_digest():
    """Stored results hang on it, so it is written out once more."""
    table = sweep(sweeps.noted, {"size": [250]}, seeds=3, seed=7, executor=SERIAL)
    digest = hashlib.blake2b(b'{"size":250}', digest_size=16).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in (0, 4, 8, 12)]
    for replicate in range(3):
        key = np.random.SeedSequence(7, spawn_key=(*words, replicate))
        assert table["number"][replicate] == np.random.default_rng(key).integers(2**62)


def test_another_seed_gives_other_numbers(serial_table):
    other = sweep(sweeps.draw, GRID, seeds=2, seed=1, executor=SERIAL)
    assert not set(other["mean"]) & set(serial_table["mean"])


def test_threads_give_the_same(serial_table):
    with ThreadPoolExecutor(4) as threads:
        assert same(sweep(sweeps.draw, GRID, seeds=2, executor=threads), serial_table)
        assert threads.submit(int).result() == 0  # not shut down


def test_processes_give_the_same(serial_table):
    assert same(sweep(sweeps.draw, GRID, seeds=2), serial_table)


def test_forked_processes_give_the_same(serial_table):
    with ProcessPoolExecutor(2, FORK) as pool:
        assert same(sweep(sweeps.draw, GRID, seeds=2, executor=pool), serial_table)


def test_the_order_of_completion_does_not_matter(serial_table):
    assert same(sweep(sweeps.draw, GRID, seeds=2, executor=Backwards()), serial_table)


def test_neither_the_order_nor_the_rest_of_the_grid_matters(serial_table):
    whole = set(rows_of(serial_table))
    for sizes in itertools.permutations(GRID["size"], 2):
        grid = {"size": sizes, "word": ["another"]}
        assert set(rows_of(sweep(sweeps.draw, grid, seeds=1, executor=SERIAL))) < whole


def test_points_are_a_grid_as_well_and_names_may_come_in_any_order(serial_table):
    points = [{"word": word, "size": size} for size in GRID["size"] for word in GRID["word"]]
    table = sweep(sweeps.draw, points, seeds=2, executor=SERIAL)
    assert list(table)[:2] == ["word", "size"]
    assert same(table[["mean"]], serial_table[["mean"]])


def test_equal_numbers_of_any_type_are_one_point():
    tables = [
        sweep(sweeps.noted, {"size": sizes}, seeds=1, executor=SERIAL)
        for sizes in ([8], [8.0], np.array([8]), np.array([8], np.float32))
    ]
    assert len({int(table["number"][0]) for table in tables}) == 1


def test_two_functions_at_one_point_meet_the_same_numbers():
    one = sweep(sweeps.draw, {"size": [1]}, seeds=3, executor=SERIAL)
    two = sweep(sweeps.records, {"size": [1]}, seeds=3, executor=SERIAL)
    assert one["mean"].tolist() == two["x"].tolist()


def test_more_seeds_leave_those_of_before():
    few, many = (sweep(sweeps.draw, {"size": [4]}, seeds=n, executor=SERIAL) for n in (2, 5))
    assert same(few, many[:2])


def test_a_run_may_give_several_rows():
    table = sweep(sweeps.records, {"size": [1, 3]}, seeds=2, executor=SERIAL)
    assert table["step"].tolist() == [0, 0, 0, 1, 2, 0, 1, 2]
    assert table["seed"].tolist() == [0, 1, 0, 0, 0, 1, 1, 1]


def test_a_grid_may_be_a_single_point_without_names():
    table = sweep(nameless, {}, seeds=2, executor=SERIAL)
    assert list(table) == ["seed", "x"]


def nameless(rng):
    return {"x": rng.normal()}


def test_a_process_of_the_pool_has_one_thread_of_blas(monkeypatch):
    for library in ("OPENBLAS", "OMP", "MKL"):  # each would take two
        monkeypatch.setenv(f"{library}_NUM_THREADS", "2")
    assert sweep(sweeps.threads_of_blas, {"size": [1]}, seeds=2)["threads"].tolist() == [1, 1]


def test_progress_counts_the_runs(capsys):
    sweep(sweeps.draw, {"size": [4]}, seeds=3, executor=SERIAL, progress=True)
    assert "3/3" in capsys.readouterr().err
    sweep(sweeps.draw, {"size": [4]}, seeds=3, executor=SERIAL)
    assert capsys.readouterr().err == ""
    assert not tqdm._instances


# Kept as they come


def kept(cache):
    """The keys of the whole lines of a cache, read without the library."""
    lines = cache.read_bytes().split(b"\n")[1:-1] if cache.exists() else []
    return [json.loads(line[9:])["key"] for line in lines]


def test_a_second_call_runs_nothing_and_gives_the_same(tmp_path, serial_table):
    cache = tmp_path / "new" / "cache"
    for _ in range(2):
        table = sweep(sweeps.draw, GRID, seeds=2, executor=SERIAL, cache=cache)
        assert same(table, serial_table)
    assert len(kept(cache)) == 12
    before = cache.read_bytes()
    sweep(sweeps.draw, {"size": [8], "word": ["one"]}, seeds=1, executor=Executor(), cache=cache)
    assert cache.read_bytes() == before


def test_a_table_says_how_long_its_runs_took_wherever_they_are_from(tmp_path):
    grid = {"size": [1, 2, 3]}
    first = sweep(sweeps.draw, grid, seeds=1, executor=SERIAL, cache=tmp_path / "c")
    again = sweep(sweeps.draw, grid, seeds=1, executor=Executor(), cache=tmp_path / "c")
    assert first.attrs["seconds"] == again.attrs["seconds"] > 0


def test_only_what_is_missing_is_run(tmp_path):
    cache = tmp_path / "cache"
    sweep(sweeps.noted, {"size": [1, 2]}, seeds=2, executor=SERIAL, cache=cache)
    sweep(sweeps.noted, {"size": [3, 2, 1]}, seeds=3, executor=SERIAL, cache=str(cache))
    assert sorted(sweeps.notes("calls")) == list("111222333")


def test_the_types_of_points_survive_the_cache(tmp_path):
    """A point that was kept as a fraction still is the whole number that it equals."""
    first = sweep(sweeps.noted, {"size": [8.0]}, seeds=1, executor=SERIAL, cache=tmp_path / "c")
    again = sweep(sweeps.noted, {"size": [8]}, seeds=1, executor=Executor(), cache=tmp_path / "c")
    assert (first["size"].dtype, again["size"].dtype) == (np.float64, np.int64)
    assert first["number"].item() == again["number"].item()


def test_a_folder_holds_a_file_for_each_function_and_seed(tmp_path):
    (tmp_path / "all").mkdir()
    for function, seed in ((sweeps.draw, 0), (sweeps.noted, 0), (sweeps.draw, 5)):
        arguments = {"seeds": 1, "seed": seed, "executor": SERIAL, "cache": tmp_path / "all"}
        sweep(function, {"size": [1]}, **arguments)
    names = {"sweeps.draw.seed0.jsonl", "sweeps.draw.seed5.jsonl", "sweeps.noted.seed0.jsonl"}
    assert {path.name for path in (tmp_path / "all").iterdir()} == names


def test_odd_numbers_survive_the_cache(tmp_path):
    fresh, again = (
        sweep(sweeps.odd, {"size": range(6)}, seeds=1, executor=e, cache=tmp_path / "c")
        for e in (SERIAL, Executor())
    )
    assert same(fresh, again)
    assert str(fresh["x"].tolist()) == "[nan, inf, -inf, -0.0, 1e-320, 0.30000000000000004]"


@pytest.fixture
def _timeless(monkeypatch):
    """Every run takes no time at all, so that a line is the same when it is written again."""
    monkeypatch.setattr("scb_edu.experiments.runs.time.thread_time", lambda: 0.0)


@pytest.mark.usefixtures("_timeless")
def test_a_line_torn_at_any_byte_is_run_again(tmp_path):
    cache = tmp_path / "cache"
    run = partial(sweep, sweeps.noted, {"size": [1, 2]}, seeds=1, cache=cache)
    table = run(executor=SERIAL)
    whole = cache.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for length in range(last, len(whole)):
        cache.write_bytes(whole[:length])
        assert same(run(executor=SERIAL), table)
        assert cache.read_bytes() == whole
    assert len(sweeps.notes("calls")) == 2 + len(whole) - last


@pytest.mark.usefixtures("_timeless")
def test_a_first_line_torn_at_any_byte_is_begun_again(tmp_path):
    cache = tmp_path / "cache"
    run = partial(sweep, sweeps.noted, {"size": [1]}, seeds=1, executor=SERIAL, cache=cache)
    run()
    whole = cache.read_bytes()
    for length in range(whole.find(b"\n") + 2):
        cache.write_bytes(whole[:length])
        run()
        assert cache.read_bytes() == whole


def test_damage_at_any_byte_is_refused_or_harmless(tmp_path):
    cache = tmp_path / "cache"
    run = partial(sweep, sweeps.noted, {"size": [1, 2]}, seeds=1, executor=SERIAL, cache=cache)
    table, whole = run(), cache.read_bytes()
    for place in range(len(whole) - 1):
        damaged = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        cache.write_bytes(damaged)
        with pytest.raises(ScbError, match=r"^cache: .*left as it is"):
            run()
        assert cache.read_bytes() == damaged
    # the last line break: without it the line is torn, and run again
    cache.write_bytes(whole[:-1] + b"?")
    assert same(run(), table)


FOREIGN = {
    "another function": (
        sweeps.draw,
        0,
        r"function = 'sweeps.draw', got function = 'sweeps.noted'",
    ),
    "another seed": (sweeps.noted, 1, "seed = 1, got seed = 0"),
}


@pytest.mark.parametrize(("function", "seed", "words"), FOREIGN.values(), ids=FOREIGN)
def test_a_cache_of_something_else_is_refused_and_untouched(tmp_path, function, seed, words):
    cache = tmp_path / "cache"
    sweep(sweeps.noted, {"size": [1]}, seeds=1, executor=SERIAL, cache=cache)
    before = cache.read_bytes(), cache.stat().st_mtime_ns
    with pytest.raises(ScbError, match=words):
        sweep(function, {"size": [1]}, seeds=1, seed=seed, executor=SERIAL, cache=cache)
    assert (cache.read_bytes(), cache.stat().st_mtime_ns) == before


@pytest.mark.parametrize("content", [b"\n", b"T,loss\n1,2\n", b"hello", b"\xff\x00" * 99, b"{}\n"])
def test_a_file_of_something_else_is_refused_and_untouched(tmp_path, content):
    cache = tmp_path / "thesis.txt"
    cache.write_bytes(content)
    with pytest.raises(ScbError, match=r"line 1 of .*thesis.txt"):
        sweep(sweeps.noted, {"size": [1]}, seeds=1, executor=SERIAL, cache=cache)
    assert cache.read_bytes() == content
    assert not sweeps.notes("calls")


def test_a_cache_in_use_by_another_process_is_refused(tmp_path):
    cache = tmp_path / "cache"
    one = FORK.Process(target=sweep_and_wait, args=(tmp_path, cache))
    one.start()
    sweeps.wait_for(lambda: sweeps.notes("pids"))
    with pytest.raises(ScbError, match=r"cache: .*nobody uses.*cache"):
        sweep(sweeps.waits_for_go, {"size": [1]}, seeds=1, executor=SERIAL, cache=cache)
    (tmp_path / "go").touch()
    one.join(sweeps.PATIENCE)
    assert one.exitcode == 0
    sweep(sweeps.waits_for_go, {"size": [1]}, seeds=1, executor=Executor(), cache=cache)


def sweep_and_wait(folder, cache):
    os.environ["SWEEP_FOLDER"] = str(folder)
    sweep(sweeps.waits_for_go, {"size": [1]}, seeds=1, executor=sweeps.Serial(), cache=cache)


def test_a_full_disk_is_said_in_words_and_what_is_done_is_kept(tmp_path):
    cache = tmp_path / "cache"
    one = FORK.Process(target=sweep_on_a_full_disk, args=(tmp_path, cache))
    one.start()
    one.join(sweeps.PATIENCE)
    assert one.exitcode == 0
    assert 2 < len(kept(cache)) < 10
    before = kept(cache)
    table = sweeps.small_sweep(tmp_path, cache, "then", 10)
    assert len(sweeps.notes("then")) == len(table) - len(before)
    assert kept(cache)[: len(before)] == before
    assert same(table, sweeps.small_sweep(tmp_path, None, "whole", 10))


def sweep_on_a_full_disk(folder, cache):
    """No file may have more bytes: the last write falls short, as on a disk without room."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    words = r"^cache: expected a file that can be written, got .*cache: File too large.* are kept"
    with pytest.raises(ScbError, match=words):
        sweeps.small_sweep(folder, cache, "full", 10)


def test_a_cache_that_cannot_be_there_is_refused_in_words(tmp_path):
    (tmp_path / "file").touch()
    words = "cache: expected a file that can be written, got .*: (Not a directory|File exists)"
    for path in (tmp_path / "file" / "cache", tmp_path / "file" / "folder" / "cache"):
        with pytest.raises(ScbError, match=words):
            sweep(sweeps.noted, {"size": [1]}, seeds=1, executor=SERIAL, cache=path)
    assert not sweeps.notes("calls")


def test_a_damaged_line_can_be_taken_out_as_the_refusal_says(tmp_path):
    cache = tmp_path / "cache"
    run = partial(sweep, sweeps.noted, {"size": [1, 2, 3]}, seeds=1, executor=SERIAL, cache=cache)
    table = run()
    lines, size = cache.read_bytes().splitlines(keepends=True), kept(cache)[1]["size"]
    cache.write_bytes(b"".join([*lines[:2], b"x" + lines[2][1:], *lines[3:]]))
    with pytest.raises(ScbError, match=r"got line 3 of .*delete that line to have its run again"):
        run()
    cache.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert same(run(), table)
    assert sweeps.notes("calls") == ["1", "2", "3", str(size)]


# Runs that fail, workers that die, processes that are killed


def test_a_failing_run_is_named_and_the_others_are_kept(tmp_path):
    run = partial(sweep, sweeps.fails_at_two, {"size": [1, 2, 3]}, seeds=2, cache=tmp_path / "c")
    with pytest.raises(
        ScbError, match=r"size = 2, seed = 0 failed with KeyError.*1 more of 6"
    ) as e:
        run(executor=SERIAL)
    assert isinstance(e.value.__cause__, KeyError)
    assert len(kept(tmp_path / "c")) == 4
    (tmp_path / "mended").touch()
    assert same(
        run(executor=SERIAL), sweep(sweeps.fails_at_two, GRID_123, seeds=2, executor=SERIAL)
    )
    assert sorted(sweeps.notes("calls")[:8]) == list("11222233")


GRID_123 = {"size": [1, 2, 3]}


def test_a_failing_run_of_a_process_is_named():
    with pytest.raises(
        ScbError, match=r"size = 2, seed = 0 failed with KeyError: 'no such thing'$"
    ):
        sweep(sweeps.fails_at_two, GRID_123, seeds=1)


def test_an_error_that_does_not_survive_pickle_breaks_no_pool():
    words = "failed with RuntimeError: DemandingError: it broke because it was made so"
    with pytest.raises(ScbError, match=words):
        sweep(sweeps.fails_demandingly, {"size": [1]}, seeds=1)


def test_a_killed_worker_loses_nothing_that_was_done(tmp_path):
    grid, cache = {"size": range(10)}, tmp_path / "cache"
    run = partial(sweep, sweeps.kills_its_worker_once, grid, seeds=1, cache=cache)
    words = r"lost a worker.*\d of 10.*others are kept.*Call again"
    with experiments.processes(1) as pool, pytest.raises(ScbError, match=words):
        run(executor=pool)
    before = kept(cache)
    assert len(before) == len(sweeps.notes("calls")) - 1 == 5
    (tmp_path / "mended").touch()
    table = run()
    assert same(table, sweep(sweeps.kills_its_worker_once, grid, seeds=1, executor=SERIAL))
    assert kept(cache)[:5] == before
    assert sorted(sweeps.notes("calls")[6:11]) == list("56789")


class Breaks(sweeps.Serial):
    """It breaks at the third run, while runs are still being handed over."""

    def submit(self, function, point, replicate):
        if point["size"] == 3:
            raise BrokenExecutor("it broke")
        return super().submit(function, point, replicate)


def test_an_executor_that_breaks_early_loses_nothing_that_was_done(tmp_path):
    cache = tmp_path / "cache"
    with pytest.raises(ScbError, match=r"lost a worker .* 2 of 6 runs") as caught:
        sweep(sweeps.noted, GRID_123, seeds=2, executor=Breaks(), cache=cache)
    assert isinstance(caught.value.__cause__, BrokenExecutor)
    assert len(kept(cache)) == 4


def test_a_cancelled_run_counts_as_lost():
    with pytest.raises(ScbError, match=r"lost a worker .* 2 of 2 runs"):
        sweep(sweeps.draw, {"size": [1]}, seeds=2, executor=Cancels())


class Cancels(Executor):
    def submit(self, function, *args):
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_without_a_cache_a_lost_worker_says_that_nothing_was_kept():
    with pytest.raises(ScbError, match=r"10 of 10|nothing was kept"):
        sweep(sweeps.kills_its_worker_once, {"size": [5]}, seeds=1)


@pytest.fixture
def _interruptible():
    """A shell that starts something in the background has it ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_keeps_what_was_done_and_leaves_nothing_waiting(tmp_path):
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(1) as thread, pytest.raises(KeyboardInterrupt):
        sweep(interrupts, {"size": range(200)}, seeds=1, executor=thread, cache=cache)
    # the thread has ended, and ran what was left to it
    assert 3 <= len(kept(cache)) <= len(sweeps.notes("calls")) < 200


def interrupts(rng, size):
    sweeps.note("calls", size)
    if size == 3:
        sweeps.wait_for(lambda: len(kept(sweeps.folder() / "cache")) == 3)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    if size > 3:  # time for the signal to arrive
        time.sleep(0.05)
    return {"x": 1}


def test_a_dozen_kills_lose_nothing_and_run_nothing_twice(tmp_path):
    rng, kills, finished = random.Random(2410), 0, 0
    expected = sweeps.small_sweep(tmp_path, None, "expected", 60)
    while kills < 12 or not finished:
        cache = tmp_path / f"cache{finished}"
        kills += killed_until_done(rng, cache)
        table = sweeps.small_sweep(tmp_path, cache, "nothing", 60)
        assert not sweeps.notes("nothing")
        assert same(table, expected)
        finished += 1


def killed_until_done(rng, cache):
    """Sweep in processes that are killed at random moments; return how many were.

    A moment is counted in runs: so each gets on, however slow the disk is.
    """
    for turn in itertools.count():
        log, before = f"{cache.name}.{turn}", {tuple(key.values()) for key in kept(cache)}
        process = FORK.Process(target=sweeps.small_sweep, args=(cache.parent, cache, log, 60))
        process.start()
        wait_for_runs(rng.randint(1, 12), log, process)
        process.join(rng.uniform(0, 0.005))
        process.kill()
        process.join(sweeps.PATIENCE)
        numbers = number_of_each(cache)
        calls = list(map(int, sweeps.notes(log)))
        assert len(calls) == len(set(calls))
        assert not {numbers[key] for key in before} & set(calls)
        assert before <= numbers.keys()
        if process.exitcode == 0:
            return turn
        assert process.exitcode == -signal.SIGKILL


def wait_for_runs(count, log, process):
    sweeps.wait_for(lambda: len(sweeps.notes(log)) >= count or process.exitcode is not None)


def number_of_each(cache):
    lines = cache.read_bytes().split(b"\n")[1:-1] if cache.exists() else []
    records = [json.loads(line[9:]) for line in lines]
    return {tuple(r["key"].values()): r["result"]["rows"][0]["number"] for r in records}


def test_a_killed_process_leaves_no_workers_behind(tmp_path):
    program = "from scb_edu import experiments; import sweeps; experiments.sweep("
    program += "sweeps.waits_for_go, {'size': [1, 2]}, seeds=1)"
    path = os.path.dirname(sweeps.__file__)
    environment = os.environ | {"PYTHONPATH": path}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as parent:
        sweeps.wait_for(lambda: len(sweeps.notes("pids")) == min(2, os.cpu_count()))
        parent.kill()
    for pid in map(int, sweeps.notes("pids")):
        sweeps.wait_for(lambda pid=pid: gone(pid))
        assert gone(pid)


def gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# Refusals


def given(function=sweeps.draw, grid=GRID_123, seeds=1, executor=SERIAL, **others):
    return {"function": function, "grid": grid, "seeds": seeds, "executor": executor} | others


WRONG = {
    "no function": (given(function=3), "function: expected a function, got 3"),
    "no seeds": (given(seeds=0), "seeds: .*at least 1, got 0"),
    "half a seed": (given(seed=0.5), "seed: .*whole number of at least 0, got 0.5"),
    "a negative seed": (given(seed=-1), "seed: .*at least 0, got -1"),
    "a seed that is a truth": (given(seed=True), "seed: .*got True"),
    "no grid": (given(grid=3), "grid: expected a mapping.*got 3"),
    "a string": (given(grid="size"), "grid: expected a mapping"),
    "no points": (given(grid=[]), r"grid: .*filled sequence of points, got \[\]"),
    "no mappings": (given(grid=[1, 2]), r"grid: .*got \[1, 2\]"),
    "no values": (given(grid={"size": []}), r"grid 'size': .*filled sequence.*got \[\]"),
    "one value": (given(grid={"size": 3}), "grid 'size': .*got 3"),
    "a word": (given(grid={"word": "abc"}), "grid 'word': .*got 'abc'"),
    "a list of lists": (given(grid={"size": [[1]]}), "grid 'size': .*a boolean, got list"),
    "nothing": (given(grid={"size": [None]}), "grid 'size': .*got NoneType"),
    "a complex number": (given(grid={"size": [1j]}), "grid 'size': .*got complex"),
    "a name that is no word": (given(grid={3: [1]}), "grid: expected names of columns, got 3"),
    "an empty name": (given(grid={"": [1]}), "grid: expected names of columns, got ''"),
    "rng": (given(grid={"rng": [1]}), "grid: .*other than rng and seed, got 'rng'"),
    "seed": (given(grid={"seed": [1]}), "grid: .*other than rng and seed, got 'seed'"),
    "uneven points": (
        given(grid=[{"size": 1}, {"word": "a"}]),
        "grid: expected the names size in every point, got word",
    ),
    "twice": (given(grid={"size": [1, 2, 1.0]}), "grid: .*each point once, got size = 1.0 twice"),
    "mixed types": (given(grid={"size": [1, "a"]}), "size: .*one type, got int and str"),
    "truths and numbers": (given(grid={"size": [1.5, 2, True]}), "got bool, float and int|and"),
    "too large": (given(grid={"size": [2**63]}), "size: .*64 bits"),
    "an executor": (given(executor=3), r"executor: .*client.get_executor\(\)\), got int"),
    "a lambda": (
        given(function=lambda rng, size: {"x": 1}, executor=None),
        r"function: .*can import, got '.*lambda.*ThreadPoolExecutor\(\)",
    ),
    "a lambda and a cache": (
        given(function=lambda rng, size: {"x": 1}, cache="nowhere"),
        "function: .*defined with def at the top",
    ),
    "a part and a cache": (given(function=partial(sweeps.draw), cache="nowhere"), "at the top"),
    "a result that is no mapping": (given(function=lambda rng, size: 3.0), "mapping.*got 3.0"),
    "a result without rows": (given(function=lambda rng, size: []), r"filled sequence.*got \[\]"),
    "a result of numbers": (given(function=lambda rng, size: [1]), r"mapping.*got \[1\]"),
    "a long result": (
        given(function=lambda rng, size: list(range(99))),
        r"got \[0, .{50,}\.\.\.",
    ),
    "a nested result": (
        given(function=lambda rng, size: {"x": [1]}),
        "size = 1, seed = 0 failed with ScbError: result 'x': .*got list",
    ),
    "an array": (given(function=lambda rng, size: {"x": np.ones(2)}), "result 'x': .*got ndarray"),
    "a taken name": (given(function=lambda rng, size: {"size": 1}), "leaves free, got 'size'"),
    "the name seed": (given(function=lambda rng, size: [{"seed": 1}]), "leaves free, got 'seed'"),
    "a number for a name": (given(function=lambda rng, size: {1: 1}), "result: .*columns, got 1"),
    "other columns": (
        given(function=sweeps.of_another_column),
        "rows: expected the columns size, seed, x in .* got size, seed, y where size = 2, seed = 0",
    ),
    "another type": (given(function=sweeps.of_another_type), "x: .*one type, got float and str"),
    "wrong arguments": (given(function=nameless), "failed with TypeError.*'size'"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_refused_in_words(arguments, message):
    with pytest.raises(ScbError, match=message):
        sweep(**arguments)


def test_a_function_of_a_notebook_is_refused_before_a_pool_fails(monkeypatch):
    monkeypatch.setattr(sweeps.draw, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "draw", sweeps.draw, raising=False)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    with pytest.raises(ScbError, match=r"function: .*other processes can import, got 'draw'"):
        sweep(sweeps.draw, {"size": [1]}, seeds=1)
    assert len(sweep(sweeps.draw, {"size": [1]}, seeds=1, executor=SERIAL)) == 1


def test_a_module_that_is_run_keeps_its_name_in_the_cache(tmp_path):
    (tmp_path / "study.py").write_text(STUDY)
    for command in (["-m", "study"], ["-c", "import study; study.main()"]):
        subprocess.run([sys.executable, *command], cwd=tmp_path, check=True, timeout=60)
    header = (tmp_path / "cache").read_text().splitlines()[0]
    assert "study.one" in header


STUDY = """
from concurrent.futures import ThreadPoolExecutor
from scb_edu import experiments

def one(rng, size):
    return {"x": 1}

def main():
    with ThreadPoolExecutor(1) as thread:
        experiments.sweep(one, {"size": [1]}, seeds=1, executor=thread, cache="cache")

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("count", [0, 1.5, True])
def test_a_pool_of_no_processes_is_refused(count):
    with pytest.raises(ScbError, match=r"count: .*at least 1"):
        experiments.processes(count)


def test_numpy_values_become_plain_ones():
    values = {"a": np.float32(0.1), "b": np.int8(3), "c": np.bool_(True), "d": np.str_("x")}
    table = sweep(lambda rng: values | {"e": np.array(2.0)}, {}, seeds=1, executor=SERIAL)
    assert rows_of(table) == [(0, float(np.float32(0.1)), 3, True, "x", 2.0)]
