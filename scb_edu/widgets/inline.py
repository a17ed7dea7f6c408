"""What the pieces of a page that live without a kernel have in common."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def asset(name: str, package: str = "scb_edu.widgets") -> str:
    """Return a script or a style sheet of a package as text."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def script_json(data: Any) -> str:
    """Return JSON that cannot close the script element that it stands in."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")
