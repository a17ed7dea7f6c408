"""The field in a page that an answer is written into and that judges it, without a kernel."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass

from scb_edu.exercises.answers import Answer
from scb_edu.exercises.verdicts import Verdict
from scb_edu.widgets.inline import asset, joined, script_json
from scb_edu.widgets.packing import deflated

MODULES = ("alive", "arithmetic", "field")


@dataclass(frozen=True)
class Field:
    """An exercise whose answer is a number or a few, as it stands in a page.

    It has no ids and makes no requests. Where no script runs, and on paper, it is a line to write
    on. The right answer is packed, not to be read in passing.
    """

    name: str
    hints: tuple[str, ...]
    answer: Answer

    def page(self) -> str:
        """Return the HTML."""
        script = joined(MODULES, __package__)
        return (
            f'<div class="scb-field" data-name="{html.escape(self.name)}">'
            f"<style>{asset('field.css', __package__)}</style>"
            f"<label><span>Your answer, {html.escape(self.answer.asks)}:</span> "
            '<span class="scb-line"></span></label><div role="status"></div>'
            f'<script type="application/json">{script_json({"packed": self.packed})}</script>'
            f'<script type="module">{script}</script></div>\n'
        )

    @property
    def packed(self) -> str:
        """What field.mjs knows of the exercise."""
        hint = "{hint}" if self.hints else ""
        looks = {"right": (True, ""), "wrong": (False, hint), "open": (None, "")}
        boxes = {
            name: Verdict(passed, "{words}", hint).box() for name, (passed, hint) in looks.items()
        }
        told = {**self.answer.data, "hints": self.hints, "boxes": boxes}
        return deflated(json.dumps(told, allow_nan=False))
