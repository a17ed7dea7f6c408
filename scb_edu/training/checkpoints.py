"""Keep a run on disk, so that one killed at any moment goes on as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, is_dataclass
from itertools import accumulate, count
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.files import replacing
from scb_edu.support.signatures import checked
from scb_edu.training.optimizers import parameters_of
from scb_edu.training.steps import Descent
from scb_edu.training.trajectory import Recorder, Status

FORMAT = "scb_edu checkpoint 3"


@checked
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
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> import scb_edu as scb
    >>> scb.training.Checkpoint("run.npz", every=1000).every
    1000
    """

    path: str | os.PathLike[str]
    every: int = 10_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "every", checks.positive_int("every", self.every))
        checks.new_file("path", self.path)


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
    Book: under-the-hood, sec-long-runs.
    """
    label = json.dumps([FORMAT, identity, sorted(arrays)])
    try:
        with replacing(Path(checkpoint.path), "wb") as file:
            np.savez(file, label=label, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise ScbError(
            f"checkpoint: expected a file that can be written, got {checkpoint.path}: {error}."
        ) from error


def load(checkpoint: Checkpoint, identity: Callable[[int], str]) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of a run, or None where nothing was kept yet.

    Parameters
    ----------
    checkpoint : Checkpoint
    identity : function of a step
        What the run which wants to go on is known by after so many steps.

    Raises
    ------
    ScbError
        The file is damaged, is no checkpoint, or belongs to another run. It is left as it is.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.
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
    try:
        step = int(json.loads(str(arrays["state"]))[0])
    except Exception as error:
        raise _refusal(path, f"one whose state cannot be read ({error})") from error
    if owner != identity(step):
        raise _refusal(
            path,
            "that of another run: its task, model, the stages up to there, what it records, or the "
            "state of rng at the start differ (make the generator anew from its seed)",
        )
    return arrays


def _refusal(path: Path, got: str) -> ScbError:
    return ScbError(
        f"checkpoint: expected {path} to be a checkpoint of this run, got {got}. "
        "It was left as it is; name another file, or move it away to start anew."
    )


class Keeper:
    """Keeps one run on disk, or does nothing where no checkpoint was asked for.

    Parameters
    ----------
    checkpoint : Checkpoint, path or None
    descent : Descent
    recorder : Recorder
        At the start of the run: what they hold then is part of what tells it from others.
    plan : sequence of Stage
    settings : object
        What else the run was asked for.

    Notes
    -----
    A run is known by its start and by the steps that it has made, not by those still to come: so
    one that has ended can be given more of them. Book: under-the-hood, sec-long-runs.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | str | os.PathLike[str] | None,
        descent: Descent,
        recorder: Recorder,
        plan: Sequence[Any],
        settings: object,
    ) -> None:
        if isinstance(checkpoint, str | os.PathLike):
            checkpoint = Checkpoint(checks.new_file("checkpoint", checkpoint))
        self.checkpoint = checkpoint
        self.descent, self.recorder, self.plan = descent, recorder, plan
        if self.checkpoint:  # it reads every array
            task = descent.supply.packing.task
            start = (task.transition, task.attention, task.stationary, *descent.parameters)
            state = as_text(descent.supply.state())
            self.origin = fingerprint(start, descent.moment.is_softmax, settings, state)

    def identity(self, step: int) -> str:
        """Return what tells the run from every other: where it began, and what it did since."""
        past = []
        for stage in self.plan:
            past.append((stage.optimizer, stage.batch_size, min(stage.steps, step)))
            if (step := step - stage.steps) <= 0:
                break
        return fingerprint(self.origin, past if past[0][-1] else ())

    def tick(self) -> None:
        """Keep the run if it is time to."""
        if self.checkpoint and self.descent.moment.step % self.checkpoint.every == 0:
            self.save(None)

    def save(self, status: Status | None) -> None:
        """Write the run to its file."""
        if not self.checkpoint:
            return
        descent, last = self.descent, self.recorder.last
        recorded = parameters_of(last.model) if last else descent.parameters
        step, samples, time = descent.moment[:3]
        state = [step, samples, time, astuple(status) if status else None, self.recorder.every]
        leaves = {f"state {i}": leaf for i, leaf in enumerate(_leaves(descent.state))}
        arrays = {
            "value": descent.value,
            "weights": descent.weights,
            "recorded_value": recorded.value,
            "recorded_weights": recorded.weights,
            "state": np.array(json.dumps(state)),
            "supply": np.array(as_text(descent.supply.state())),
        }
        save(self.checkpoint, self.identity(step), arrays | leaves | self.recorder.kept())

    def load(self) -> Status | None:
        """Go back to what the file holds, if there is one; return how the run ended, if it did."""
        if not self.checkpoint or not (found := load(self.checkpoint, self.identity)):
            return None
        try:
            return self._restore(found)
        except Exception as error:  # what was put together by hand can fail in every way
            got = f"one whose parts do not fit together ({checks.brief(str(error))})"
            raise _refusal(Path(self.checkpoint.path), got) from error

    def _restore(self, found: Mapping[str, NDArray[Any]]) -> Status | None:
        descent, plan = self.descent, self.plan
        for name in ("value", "recorded_value", "weights", "recorded_weights"):
            there = descent.value if "value" in name else descent.weights
            checks.shape_is(name, checks.numbers(name, found[name]), there.shape, "the model's")
        step, samples, time, status, self.recorder.every = json.loads(str(found["state"]))
        descent.moment = descent.moment._replace(step=step, samples=samples, time=time)
        descent.value, descent.weights = found["value"], np.asfortranarray(found["weights"])
        ends = list(accumulate(stage.steps for stage in plan))
        at = min(bisect_right(ends, step), len(plan) - 1)
        descent.enter(plan[at].optimizer)
        if step > ends[at] - plan[at].steps:
            leaves = (found[f"state {i}"] for i in count())
            descent.state = _rebuilt(descent.state, leaves)
        model = descent.kind(found["recorded_value"], found["recorded_weights"])
        self.recorder.restore(found, model)
        descent.supply.restore(*from_text(str(found["supply"])))
        return Status(*status) if status else None


def _leaves(state: Any) -> Iterator[NDArray[Any]]:
    """Yield the numbers and arrays of a state, depth first."""
    if isinstance(state, tuple):
        for part in state:
            yield from _leaves(part)
    elif isinstance(state, np.ndarray | np.generic | int | float):
        yield np.asarray(state)
    else:
        raise ScbError(
            "optimizer: expected a state that a checkpoint can hold: a number, an array, or a "
            f"tuple of states, got {type(state).__name__}."
        )


def _rebuilt(form: Any, leaves: Iterator[NDArray[Any]]) -> Any:
    """Return a state of the same form, with other leaves."""
    if isinstance(form, tuple):
        parts = [_rebuilt(part, leaves) for part in form]
        return type(form)(*parts) if hasattr(form, "_fields") else tuple(parts)
    leaf = next(leaves)
    return leaf if isinstance(form, np.ndarray) else leaf.item()


def fingerprint(*parts: object) -> str:
    """Return a digest that tells one run from another.

    Of arrays, numbers, texts, frozen dataclasses (their fields) and functions (their code and what
    they close over, not the globals that they read), and of tuples and lists of these.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> from scb_edu.training.checkpoints import fingerprint
    >>> fingerprint("a", 1) == fingerprint("a", 1), fingerprint("a", 1) == fingerprint("a", 2)
    (True, False)
    """
    digest = hashlib.sha256()
    for word in _words(parts):
        digest.update(word)
        digest.update(b"\0")
    return digest.hexdigest()


def _words(part: Any) -> Iterator[bytes]:
    """Yield what a value is, in bytes that are the same in every process."""
    if isinstance(part, np.ndarray):
        yield f"{part.dtype.str}{part.shape}".encode()
        yield np.ascontiguousarray(part).tobytes()
    elif isinstance(part, tuple | list):
        yield f"{len(part)} parts".encode()
        for inner in part:
            yield from _words(inner)
    elif is_dataclass(part) and not isinstance(part, type):
        yield f"{type(part).__module__}.{type(part).__qualname__}".encode()
        yield from _words([getattr(part, entry.name) for entry in fields(part)])
    elif isinstance(part, FunctionType):
        cells = [cell.cell_contents for cell in part.__closure__ or ()]
        yield from _words([part.__code__, part.__defaults__, cells])
    elif isinstance(part, CodeType):
        yield from _words([part.co_code, part.co_names, part.co_consts])
    else:
        yield repr(part.item() if isinstance(part, np.generic) else part).encode()


def as_text(state: object) -> str:
    """Return the state of a generator, alone or in a tuple, as text.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.training.checkpoints import as_text, from_text
    >>> rng = np.random.default_rng(0)
    >>> before = as_text(rng.bit_generator.state)
    >>> first = rng.random()
    >>> rng.bit_generator.state = from_text(before)
    >>> rng.random() == first
    True
    """
    return json.dumps(state, default=np.ndarray.tolist, sort_keys=True)


def from_text(text: str) -> Any:
    """Return what ``as_text`` wrote.

    Notes
    -----
    Book: under-the-hood, sec-long-runs.

    Examples
    --------
    >>> from scb_edu.training.checkpoints import as_text, from_text
    >>> from_text(as_text({"has_uint32": 0}))
    {'has_uint32': 0}
    """
    return json.loads(text, object_hook=_with_arrays)


def _with_arrays(state: dict[str, Any]) -> dict[str, Any]:
    # some generators keep lists of words, and take them back as arrays only
    return {k: np.array(v, np.uint64) if isinstance(v, list) else v for k, v in state.items()}
