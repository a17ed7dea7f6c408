"""The checked exercises of the welcome page."""

from __future__ import annotations

from typing import Any

import numpy as np

from scb_edu.exercises.checking import call, exercise, number
from scb_edu.model.task import SCBTask
from scb_edu.theory.dynamics import escape_time


@exercise(
    "ch0-wait",
    "The context length is part of the task: each length needs a task of its own.",
    "scb.escape_time says when a signal of the exact flow reaches a level, by default the"
    " attention.",
    "Begin with task = scb.SCBTask.example(context_length).",
)
def _wait(answer: Any) -> str | None:
    for T in (24, 240, 2400):
        task, mine = SCBTask.example(T), number(call(answer, T))
        if np.isclose(mine, escape_time(task, 0.5, signal="value"), atol=1e-3, rtol=0):
            return "that is when V is half way; asked is when the attention is."
        true = escape_time(task, 0.5)
        if not np.isclose(mine, true, atol=1e-3, rtol=0):
            return f"for T = {T} the wait is {true:.2f}, and yours is {mine:.2f}."
    return None
