"""The checked exercises of the welcome page."""

from __future__ import annotations

from typing import Any

from scb_edu.exercises.checking import exercise
from scb_edu.model.task import SCBTask
from scb_edu.theory.dynamics import escape_time


@exercise("ch0-wait")
def _wait(answer: Any) -> str | None:
    for T in (24, 240, 2400):
        mine, true = float(answer(T)), escape_time(SCBTask.example(T), 0.5)
        if abs(mine - escape_time(SCBTask.example(T), 0.5, signal="value")) < 1e-3:
            return "that is when V is half way; stage 1 ends when the attention is."
        if abs(mine - true) > 1e-3:
            return f"for T = {T} the wait is {true:.2f}, and yours is {mine:.2f}."
    return None
