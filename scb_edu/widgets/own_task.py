"""A task of the reader's own in an explorer of the running example."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from scb_edu.model.task import SCBTask, refuse_flat
from scb_edu.support.errors import ScbError
from scb_edu.widgets.explorer import Slider

OfLength = Callable[[int], SCBTask]
ITS_OWN = 0  # in place of a length that no control gives


def task_or_example(task: SCBTask | None, *context_length: int) -> SCBTask:
    """Return the reader's task, or the running example; raise if there is nothing to learn."""
    if task is None:
        return SCBTask.example(*context_length)
    refuse_flat(task, "transition", "attention")
    return task


def with_lengths(task: SCBTask | None, lengths: Slider) -> tuple[OfLength, list[Slider]]:
    """Return the task of a length, and its control: the reader's task has one length alone."""
    if task is None:
        return lru_cache(SCBTask.example), [lengths]
    own = task_or_example(task)
    return lambda _: own, []


def refuse_task(task: SCBTask | None, instead: str) -> None:
    """Raise if a task is given to an explorer whose runs are stored."""
    if task is not None:
        raise ScbError(
            "task: expected None, got an SCBTask: these are stored runs of the running example, "
            f"and too many to compute anew. {instead}"
        )
