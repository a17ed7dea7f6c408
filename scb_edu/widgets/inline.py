"""What the pieces of a page that live without a kernel have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, Protocol

from scb_edu.support.pages import in_a_book


class Piece(Protocol):
    """What is alive in a page without a kernel, and a widget in JupyterLab."""

    @property
    def words(self) -> str:
        """What it says as plain text."""
        ...

    @property
    def widget(self) -> Any:
        """The widget."""
        ...

    def page(self) -> str:
        """Return the HTML."""
        ...


def mimebundle(piece: Piece) -> dict[str, Any]:
    """Return what Jupyter is to show of a piece: its HTML in a book, else its widget."""
    if in_a_book():
        # no widget beside it: its state would stay behind in the page, without a kernel
        return {"text/html": piece.page(), "text/plain": piece.words}
    shown = piece.widget._repr_mimebundle_()
    data = shown[0] if isinstance(shown, tuple) else shown  # anywidget has metadata, too
    return {**data, "text/plain": piece.words}


def asset(name: str, package: str = "scb_edu.widgets") -> str:
    """Return a script or a style sheet of a package as text."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


# what a page has no use for: other modules, and what is there for who reads the source
SOURCE_ONLY = re.compile(
    r'^import \{.*?\} from "\./\w+\.mjs";\n|^ *//.*?\n|^ */\*\*(?:(?!\*/).)*\*/\n',
    re.DOTALL | re.MULTILINE,
)


def joined(modules: Iterable[str], package: str = "scb_edu.widgets") -> str:
    """Return modules of a package joined to one: a page from disk may import no file."""
    return "\n".join(SOURCE_ONLY.sub("", asset(f"{name}.mjs", package)) for name in modules)


def script_json(data: Any) -> str:
    """Return JSON that cannot close the script element that it stands in."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")
