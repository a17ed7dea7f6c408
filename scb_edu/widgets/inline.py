"""What the pieces of a page that live without a kernel have in common."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from typing import Any

FRAMES_VARIABLE = "SCB_EDU_FRAMES"  # "1" while a book is built


def in_a_book() -> bool:
    """Return whether a book is being built, whose pages have no kernel."""
    return os.environ.get(FRAMES_VARIABLE) == "1"


def asset(name: str) -> str:
    """Return a script or a style sheet of this package as text."""
    return files("scb_edu.widgets").joinpath(name).read_text(encoding="utf-8")


def script_json(data: Any) -> str:
    """Return JSON that cannot close the script element that it stands in."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")
