"""Whether a book is being built: its pages have no kernel, and a dark and a light theme."""

from __future__ import annotations

import os

FRAMES_VARIABLE = "SCB_EDU_FRAMES"  # "1" while a book is built


def in_a_book() -> bool:
    """Return whether a book is being built, whose pages have no kernel."""
    return os.environ.get(FRAMES_VARIABLE) == "1"
