"""Keep a run on disk, so that one killed at any moment goes on as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.files import replacing

FORMAT = "scb_edu checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """Where a run is kept while it goes on, and how often.

    Parameters
    ----------
    path : str or Path
        Of one file; its folder must exist.
    every : int
        Steps between two writings.

    Raises
    ------
    ScbError
        ``every`` is not a whole number above zero, or the folder does not exist.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.training.Checkpoint("run.npz", every=1000).every
    1000
    """

    path: str | os.PathLike[str]
    every: int = 10_000

    def __post_init__(self) -> None:
        checks.positive_int("every", self.every)
        if not Path(self.path).parent.is_dir():
            raise ScbError(f"checkpoint: expected a file in a folder that exists, got {self.path}.")


def save(checkpoint: Checkpoint, identity: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays of a run to its file: all of them, or on a crash none.

    Parameters
    ----------
    checkpoint : Checkpoint
    identity : str
        What tells this run from every other, see ``fingerprint``.
    arrays : mapping of names to arrays

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.
    """
    label = json.dumps([FORMAT, identity, sorted(arrays)])
    with replacing(Path(checkpoint.path), "wb") as file:
        np.savez(file, label=label, **arrays)  # type: ignore[arg-type]


def load(checkpoint: Checkpoint, identity: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of a run, or None where nothing was kept yet.

    Parameters
    ----------
    checkpoint : Checkpoint
    identity : str
        That of the run which wants to go on.

    Raises
    ------
    ScbError
        The file is damaged, is no checkpoint, or belongs to another run. It is left as it is.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.
    """
    path = Path(checkpoint.path)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        kind, owner, names = json.loads(str(arrays.pop("label")))
    except Exception as error:  # foreign bytes can fail in every way that a reader knows
        raise _refusal(path, f"one that cannot be read ({error})") from error
    if kind != FORMAT:
        raise _refusal(path, f"one of format {kind!r}")
    if sorted(arrays) != names:
        raise _refusal(path, "one with arrays lost")
    if owner != identity:
        raise _refusal(
            path,
            "that of another run: its task, model, stages, what it records, or the state of rng "
            "at the start differ (make the generator anew from its seed)",
        )
    return arrays


def _refusal(path: Path, got: str) -> ScbError:
    return ScbError(
        f"checkpoint: expected {path} to be a checkpoint of this run, got {got}. "
        "It was left as it is; name another file, or move it away to start anew."
    )


def fingerprint(*parts: object) -> str:
    """Return a digest of arrays, texts and numbers that tells one run from another.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> from scb_edu.training.checkpoints import fingerprint
    >>> fingerprint("a", 1) == fingerprint("a", 1), fingerprint("a", 1) == fingerprint("a", 2)
    (True, False)
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def generator_state(rng: np.random.Generator) -> str:
    """Return the state of a generator as text.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.training.checkpoints import generator_state, restore_generator
    >>> rng = np.random.default_rng(0)
    >>> before = generator_state(rng)
    >>> first = rng.random()
    >>> restore_generator(rng, before)
    >>> rng.random() == first
    True
    """
    return json.dumps(rng.bit_generator.state, default=np.ndarray.tolist, sort_keys=True)


def restore_generator(rng: np.random.Generator, state: str) -> None:
    """Put a generator of the same kind back into a state.

    Notes
    -----
    Book: 05-algorithm, sec-long-runs.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.training.checkpoints import generator_state, restore_generator
    >>> one, other = np.random.default_rng(0), np.random.default_rng(1)
    >>> restore_generator(other, generator_state(one))
    >>> one.random() == other.random()
    True
    """
    rng.bit_generator.state = json.loads(state, object_hook=_with_arrays)


def _with_arrays(state: dict[str, Any]) -> dict[str, Any]:
    # some generators keep lists of words, and take them back as arrays only
    return {k: np.array(v, np.uint64) if isinstance(v, list) else v for k, v in state.items()}
