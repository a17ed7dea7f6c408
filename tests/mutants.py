"""`make mutants`: change the library a little, one place at a time; its tests have to notice.

A sample of all changes of ``mutations.py`` is tried, each in a copy of the tree, by the tests that
run the changed lines (a map that coverage.py measures first) until one fails. What none notices is
printed. Changes that make no difference stand in ``equivalent_mutants.toml``, with the reason.

    python tests/mutants.py --seed 0 --count 600 --packages model training theory --only TEXT

mutmut 3 changes no function under a decorator, and here nearly every public one has `@checked`;
cosmic-ray runs one command for all changes, in a new Python each.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from mutations import mutants

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "_build" / "mutants"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
PACKAGES = ("model", "training", "theory")
JOBS = 2
MEMORY = 8 * 2**30  # bytes of addresses for the tests of one mutant
MOST_SECONDS = 20  # of tests for one mutant, by the map
LIMIT = 60  # seconds for one mutant, or eight times what its tests take
KILLED, SURVIVED, EQUAL = "killed", "survived", "equivalent"
FORGET = shutil.ignore_patterns(".*", "_build", "lessons", "node_modules")


# Which tests run which lines


def known_tests():
    """Per file and line the tests that run it, per test its seconds; measured once a change."""
    map_file = FOLDER / "map.json"
    sources = [path for part in ("scb_edu", "tests") for path in (ROOT / part).rglob("*.py")]
    changed = max(path.stat().st_mtime for path in sources)
    if not map_file.exists() or map_file.stat().st_mtime < changed:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        measure()
        map_file.write_text(json.dumps(read_map()), encoding="utf-8")
    return json.loads(map_file.read_text(encoding="utf-8"))


def measure():
    """Run the tests of the packages, and of what refuses bad arguments, under coverage.py."""
    print("Measuring which test runs which line (minutes) ...", flush=True)
    folders = [f"{part}/{name}" for part in ("tests", "scb_edu") for name in PACKAGES]
    run = [sys.executable, "-m", "coverage", "run", f"--data-file={FOLDER / 'data'}"]
    run += ["-m", "pytest", "-q", "-n", "0", "-p", "contexts", "--doctest-modules"]
    run += [*folders, "tests/support", "tests/text"]
    own = environment(ROOT) | {"SCB_EDU_SECONDS": str(FOLDER / "seconds.json")}
    done = subprocess.run(run, cwd=ROOT, env=own, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The tests fail without any change.\n{done.stdout[-3000:]}")


def read_map():
    from coverage import CoverageData

    lines = defaultdict(lambda: defaultdict(set))
    for file in FOLDER.glob("data*"):
        data = CoverageData(str(file))
        data.read()
        for path in data.measured_files():
            for line, tests in data.contexts_by_lineno(path).items():
                lines[Path(path).relative_to(ROOT).as_posix()][line] |= set(tests) - {""}
    seconds = Counter()
    for file in FOLDER.glob("seconds*"):
        seconds.update(json.loads(file.read_text(encoding="utf-8")))
    found = {path: {n: sorted(tests) for n, tests in of.items()} for path, of in lines.items()}
    return {"lines": found, "seconds": seconds}


def environment(tree):
    """That of a process whose library and tests are those of a tree."""
    path = os.pathsep.join([str(tree), str(tree / "tests")])
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "CI": "true"}


def tests_of(mutant, known):
    """The tests that run what was changed: first those of its module, of its package, the quick.

    What is run at the import alone, or compiled, shows in no map: there whatever enters the
    function, the class, the file, at last all tests of the package.
    """
    lines, seconds = known["lines"].get(mutant.file, {}), known["seconds"]
    found = set()
    for first, last in mutant.around:
        found = found or {t for n in range(first, last + 1) for t in lines.get(str(n), ())}
    package, stem = mutant.file.split("/")[1], Path(mutant.file).stem
    own = {mutant.file, f"tests/{package}/test_{stem}.py"}
    found = found or {test for test in seconds if f"/{package}/" in test}

    def order(test):
        file = test.partition("::")[0]
        return file not in own, f"/{package}/" not in file, seconds.get(test, 1)

    return within(sorted(found, key=order), seconds)


def within(tests, seconds):
    """As many of the tests as there is time for, at least one."""
    spent, chosen = 0.0, []
    for test in tests:
        took = seconds.get(test) or sum(s for name, s in seconds.items() if name.startswith(test))
        if not chosen or spent + took < MOST_SECONDS:
            spent += took
            chosen.append(test)
    return chosen, spent


# One mutant: written into a copy of the tree, its tests run in a fork of a process that waits there


class Copy:
    """A copy of the tree, and a process in it that has loaded what all tests need."""

    def __init__(self, folder):
        self.tree = Path(folder) / "tree"
        shutil.copytree(ROOT, self.tree, ignore=FORGET)
        self.runner = subprocess.Popen(
            [sys.executable, str(self.tree / "tests" / "mutants.py"), "--serve"],
            cwd=self.tree,
            env=environment(self.tree),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.when = time.time_ns()

    def verdict(self, mutant, tests, seconds):
        """Whether the tests notice the mutant; they have to pass without it."""
        limit = max(LIMIT, 8 * seconds)
        with self._written(mutant):
            status = self._ask(tests, limit)
        if status == "4" and self._ask(tests, limit) != "0":  # a test has another name by now
            return "not tried"
        return SURVIVED if status == "0" else KILLED

    @contextlib.contextmanager
    def _written(self, mutant):
        file = self.tree / mutant.file
        text, times = file.read_text(encoding="utf-8"), file.stat()
        self.when += 2 * 10**9  # a compiled file goes by the seconds of its source
        file.write_text(mutant.source, encoding="utf-8")
        os.utime(file, ns=(self.when, self.when))
        yield
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _ask(self, tests, limit):
        print(json.dumps({"tests": tests, "limit": limit}), file=self.runner.stdin, flush=True)
        return self.runner.stdout.readline().strip()

    def close(self):
        self.runner.stdin.close()
        self.runner.wait()


def serve():
    """Run each job that comes in a fork of this process; print the status with which it ended."""
    import filelock  # noqa: F401
    import hypothesis  # noqa: F401
    import numba  # noqa: F401
    import pandas  # noqa: F401
    import pytest  # noqa: F401
    import yaml  # noqa: F401

    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            run_tests(job["tests"])
        print(ended(child, job["limit"]), flush=True)


def run_tests(tests):
    """Run tests in this process, silently, and end it with their status."""
    import pytest

    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.dont_write_bytecode = True
    quiet = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--doctest-modules"]
    os._exit(int(pytest.main([*quiet, *tests])))


def ended(child, limit):
    """The status of a fork, which is stopped at its limit."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "time"


# The sample


def all_mutants(packages):
    """Every mutant of the packages, in one order."""
    files = (path for name in packages for path in sorted((ROOT / "scb_edu" / name).glob("*.py")))
    for path in files:
        yield from mutants(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def equivalents():
    """The mutants that make no difference: file, function, before, after."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    return {(m["file"], m["function"], m["before"], m["after"]) for m in listed}


def try_all(sample):
    """Yield each mutant with its verdict, tried side by side."""
    same, known = equivalents(), known_tests()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(JOBS) as pool:
        copies = SimpleQueue()
        made = [Copy(Path(folder) / str(number)) for number in range(JOBS)]
        for copy in made:
            copies.put(copy)

        def one(mutant):
            tests, seconds = tests_of(mutant, known)
            if mutant.key in same or not tests:
                return mutant, EQUAL if mutant.key in same else SURVIVED, tests
            copy = copies.get()
            try:
                return mutant, copy.verdict(mutant, tests, seconds), tests
            finally:
                copies.put(copy)

        yield from pool.map(one, sample)
        for copy in made:
            copy.close()


def words(mutant):
    return f"{mutant.file}:{mutant.line} {mutant.line_before} -> {mutant.line_after}"


def show(mutant, verdict, tests):
    where = f"{mutant.file}:{mutant.line} {mutant.function}"
    print(f"\n{verdict}: {where}  ({len(tests)} tests)")
    print(f"  - {mutant.line_before}\n  + {mutant.line_after}", flush=True)


def report(counts):
    print(f"\n{'':44} tried killed equivalent survived")
    for file in sorted({file for file, _ in counts}):
        own = [counts[file, verdict] for verdict in (KILLED, EQUAL, SURVIVED)]
        print(f"{file:<44} {sum(own):5} {own[0]:6} {own[1]:10} {own[2]:8}")
    killed, survived = (
        sum(n for (_, v), n in counts.items() if v == w) for w in (KILLED, SURVIVED)
    )
    share = killed / max(1, killed + survived)
    print(f"Killed: {killed} of {killed + survived} that make a difference, {share:.1%}.")
    return share


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--count", type=int, default=600, help="size of the sample")
    parser.add_argument("--packages", nargs="+", default=PACKAGES)
    parser.add_argument("--only", default="", help="mutants that have this in file:line or text")
    parser.add_argument("--least", type=float, default=0.97, help="share that has to be killed")
    given = parser.parse_args()
    if given.serve:
        return serve()
    every = [m for m in all_mutants(given.packages) if given.only in words(m)]
    sample = random.Random(given.seed).sample(every, min(given.count, len(every)))
    print(f"{len(sample)} of {len(every)} mutants, seed {given.seed}", flush=True)
    counts = Counter()
    for mutant, verdict, tests in try_all(sample):
        counts[mutant.file, verdict] += 1
        if verdict not in (KILLED, EQUAL):
            show(mutant, verdict, tests)
        if (done := sum(counts.values())) % 50 == 0:
            print(f"\n{done} tried", flush=True)
    return report(counts) < given.least


if __name__ == "__main__":
    sys.exit(main())
