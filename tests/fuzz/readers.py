"""Damaged and forged files for the two readers: a checkpoint of a run, a stored table.

`python tests/fuzz/readers.py checkpoint --runs 10000` (or `table`). Each file is read, or refused
by an ScbError that names the argument; any other end is printed.
"""

import argparse
import io
import json
import random
import re
import sys
import tempfile
import traceback
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

FORGED = 0x80  # a first byte from here on: what follows is the seed of a forgery
READ, REFUSED = "read", "refused"


@cache
def library():
    import scb_edu as scb
    from scb_edu import experiments
    from scb_edu.experiments import tables

    return scb, experiments, tables


def resumed(path):
    """A short run that goes on from a file, if there is one."""
    scb, *_ = library()
    task = scb.SCBTask([[0.9, 0.5], [0.1, 0.5]], [[1.0, 0.0], [0.0, 1.0]])
    return scb.train(
        task,
        scb.LinearTransformer.initial(task),
        scb.training.Momentum(0.1),
        steps=4,
        batch_size=2,
        rng=np.random.default_rng(0),
        record={"one": lambda model, task: 1.0},
        snapshot_every=2,
        checkpoint=scb.training.Checkpoint(path, every=2),
    )


def a_table(path):
    _, experiments, _ = library()
    import pandas as pd

    frame = pd.DataFrame({"n": [1, -2], "x": [0.5, np.nan], "yes": [True, False], "s": ["", "NA"]})
    experiments.save_table(path, frame, experiments.Provenance("none", 0, versions="none"))


WRITERS = {"checkpoint": resumed, "table": a_table}


def read_table(path):
    return library()[1].load_table(path)


READERS = {"checkpoint": resumed, "table": read_table}


@cache
def good(kind):
    """The bytes of a file that is whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        WRITERS[kind](path)
        return path.read_bytes()


# Forgeries: files that pass for whole, with something else inside


def forged_checkpoint(rng):
    """A whole archive with the right label, some of its arrays lost or exchanged."""
    with np.load(io.BytesIO(good("checkpoint"))) as file:
        arrays = {name: file[name] for name in file.files}
    kind, owner, _ = json.loads(str(arrays.pop("label")))
    for _ in range(rng.choice([1, 1, 2])):
        name = rng.choice(sorted(arrays))
        if rng.random() < 0.2:
            del arrays[name]
        else:
            arrays[name] = _exchanged(rng, arrays[name])
    file = io.BytesIO()
    np.savez(file, label=json.dumps([kind, owner, sorted(arrays)]), **arrays)
    return file.getvalue()


def _exchanged(rng, array):
    if array.dtype.kind == "U" and rng.random() < 0.7:
        return np.array(_damaged(rng, str(array).encode()).decode("utf-8", "replace"))
    other = [np.zeros(3), np.zeros((0, 2)), np.array("word"), array * 0 if array.ndim else array]
    other += [array[..., None], array.ravel()[:1], np.full(array.shape, np.nan), np.array(True)]
    return rng.choice(other)


def forged_table(rng):
    """A changed table whose digest is right again."""
    _, _, content = good("table").decode().partition("\n")
    changed = _damaged(rng, content.encode()).decode("utf-8", "replace")
    tables = library()[2]
    return f"{tables.MARK}{tables._digest(changed)}\n{changed}".encode()


FORGERS = {"checkpoint": forged_checkpoint, "table": forged_table}


def _damaged(rng, data):
    """Bytes with a few of them changed, lost, doubled or put in."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at, many = rng.randrange(len(data) + 1), rng.randint(0, 12)
        piece = rng.choice(
            [bytes(data[at : at + many]), rng.randbytes(many), b'"', b"[]", b"9" * 30]
        )
        data[at : at + rng.randint(0, many)] = piece
    return bytes(data)


# Trying one


class Found:
    """How reading ended, and each other end once: its kind, where it was, and an input."""

    def __init__(self, kind, folder):
        self.kind, self.path = kind, Path(folder) / "file"
        self.ends, self.others = Counter(), {}

    def look(self, data):
        data = self._input(bytes(data))
        self.path.write_bytes(data)
        scb, *_ = library()
        try:
            READERS[self.kind](self.path)
            self.ends[READ] += 1
        except scb.ScbError as error:
            names = re.match(r"(checkpoint|path)\b", str(error))
            self.ends[REFUSED if names else "refused without a name"] += 1
            if not names:
                self.others.setdefault(str(error)[:60], data)
        except Exception as error:
            trace = traceback.extract_tb(error.__traceback__)
            own = [frame.name for frame in trace if "scb_edu" in frame.filename] or ["?"]
            what = f"{type(error).__name__} in {own[-1]}: {error} ({trace[-1].name})"
            self.ends["other error"] += 1
            self.others.setdefault(re.sub(r"\d+", "#", what)[:120], data)

    def _input(self, data):
        if len(data) > 1 and data[0] >= FORGED:
            return FORGERS[self.kind](random.Random(data[1:]))
        return data

    def report(self):
        print(f"{self.kind}: {sum(self.ends.values())} files, {dict(self.ends)}")
        for what in self.others:
            print(f"  {what}")


def random_inputs(kind, runs, seed):
    """Half of them damaged files, half forgeries."""
    rng = random.Random(seed)
    for _ in range(runs):
        whole = rng.random() < 0.5
        yield _damaged(rng, good(kind)) if whole else bytes([FORGED]) + rng.randbytes(8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=READERS)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = Found(given.kind, folder)
        for data in random_inputs(given.kind, given.runs, given.seed):
            found.look(data)
        found.report()
    return bool(found.others)


if __name__ == "__main__":
    sys.exit(main())
