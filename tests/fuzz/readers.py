"""Damaged and forged files for the two readers: a checkpoint of a run, a stored table.

`python tests/fuzz/readers.py checkpoint --runs 10000` (or `table`). Each file is read, or refused
by an ScbError that names the argument; any other end is printed. With `--guided` atheris, which is
to be installed for it, makes the files: of what is inside the whole ones, by the lines they reach.
"""

import argparse
import io
import json
import os
import random
import re
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

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


@cache
def arrays_of_checkpoint():
    """Kind and owner of the label, and the other arrays by name."""
    with np.load(io.BytesIO(good("checkpoint"))) as file:
        arrays = {name: file[name] for name in file.files}
    kind, owner, _ = json.loads(str(arrays.pop("label")))
    return kind, owner, arrays


def archive(kind, owner, arrays):
    """A checkpoint that passes for whole."""
    file = io.BytesIO()
    np.savez(file, label=json.dumps([kind, owner, sorted(arrays)]), **arrays)
    return file.getvalue()


def sealed(content):
    """A table whose digest is right."""
    tables = library()[2]
    return f"{tables.MARK}{tables._digest(content)}\n{content}".encode()


def forged_checkpoint(rng):
    """A whole archive with the right label, some of its arrays lost or exchanged."""
    kind, owner, arrays = arrays_of_checkpoint()
    arrays = dict(arrays)
    for _ in range(rng.choice([1, 1, 2])):
        name = rng.choice(sorted(arrays))
        if rng.random() < 0.2:
            del arrays[name]
        else:
            arrays[name] = _exchanged(rng, arrays[name])
    return archive(kind, owner, arrays)


def _exchanged(rng, array):
    if array.dtype.kind == "U" and rng.random() < 0.7:
        return np.array(_damaged(rng, str(array).encode()).decode("utf-8", "replace"))
    other = [np.zeros(3), np.zeros((0, 2)), np.array("word"), array * 0 if array.ndim else array]
    other += [array[..., None], array.ravel()[:1], np.full(array.shape, np.nan), np.array(True)]
    return rng.choice(other)


def forged_table(rng):
    """A changed table whose digest is right again."""
    _, _, content = good("table").decode().partition("\n")
    return sealed(_damaged(rng, content.encode()).decode("utf-8", "replace"))


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

    def report(self):
        print(f"{self.kind}: {sum(self.ends.values())} files, {dict(self.ends)}")
        for what in self.others:
            print(f"  {what}", flush=True)


def random_inputs(kind, runs, seed):
    """Half of them damaged files, half forgeries."""
    rng = random.Random(seed)
    for _ in range(runs):
        yield _damaged(rng, good(kind)) if rng.random() < 0.5 else FORGERS[kind](rng)


# Files that atheris makes


def insides(kind):
    """What is inside a whole file, in pieces: the text of a table, each array of a checkpoint."""
    if kind == "table":
        return [good("table").partition(b"\n")[2]]
    _, _, arrays = arrays_of_checkpoint()
    texts = (str(a).encode() if a.dtype.kind == "U" else a.tobytes() for a in arrays.values())
    return [bytes([place]) + text for place, text in enumerate(texts)]


def around(kind, inside):
    """A file that passes for whole, with this inside."""
    if kind == "table":
        return sealed(inside.decode("utf-8", "replace"))
    label, owner, arrays = arrays_of_checkpoint()
    place, text = (inside[0], inside[1:]) if inside else (0, b"")
    name = list(arrays)[place % len(arrays)]
    return archive(label, owner, {**arrays, name: filled(arrays[name], text)})


def filled(array, data):
    """An array of the same type, and of the same shape where they fit, with other content."""
    if array.dtype.kind == "U":
        return np.array(data.decode("utf-8", "replace"))
    size = array.dtype.itemsize
    other = np.frombuffer(data[: len(data) // size * size], array.dtype)
    return other.reshape(array.shape) if other.size == array.size else other


def let_atheris_look(found, runs, seed):
    """Look at so many files, and end the process with 1 if one ended otherwise."""
    try:
        import atheris
    except ImportError:
        sys.exit('readers.py --guided: it needs atheris. On Linux: pip install -e ".[fuzz]"')
    with atheris.instrument_imports(include=["scb_edu"]):
        library()
    corpus = found.path.parent / "corpus"
    corpus.mkdir()
    for number, inside in enumerate(insides(found.kind)):
        (corpus / str(number)).write_bytes(inside)

    def look(inside):
        found.look(around(found.kind, inside))
        if sum(found.ends.values()) == runs:
            found.report()
            shutil.rmtree(corpus.parent)
            os._exit(bool(found.others))

    options = [f"-seed={seed}", "-max_len=2000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], look)
    atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=READERS)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guided", action="store_true", help="by atheris")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = Found(given.kind, folder)
        if given.guided:
            let_atheris_look(found, given.runs, given.seed)
        for data in random_inputs(given.kind, given.runs, given.seed):
            found.look(data)
        found.report()
    return bool(found.others)


if __name__ == "__main__":
    sys.exit(main())
