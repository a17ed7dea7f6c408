"""What a page holds packed, as one small text; explorer.js and quiz.mjs unpack it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence


def packed(drawings: Sequence[Sequence[Sequence[str]]]) -> str:
    """Return the drawings of all panels: each line that they share is stored once.

    Parameters
    ----------
    drawings : for each panel, for each frame, its lines

    Returns
    -------
    str
        In base64, deflated: JSON with ``lines``, and for each panel and each frame the numbers of
        its lines.

    Examples
    --------
    >>> text = packed([[["<svg>", "1", "</svg>"], ["<svg>", "2", "</svg>"]]])
    >>> zlib.decompress(base64.b64decode(text), -15).decode()
    '{"lines":["<svg>","1","</svg>","2"],"frames":[[[0,1,2],[0,3,2]]]}'
    """
    known: dict[str, int] = {}
    frames = [
        [[known.setdefault(line, len(known)) for line in lines] for lines in panel]
        for panel in drawings
    ]
    text = json.dumps({"lines": list(known), "frames": frames}, separators=(",", ":"))
    return deflated(text)


def deflated(text: str) -> str:
    """Return a text deflated, in base64.

    Examples
    --------
    >>> zlib.decompress(base64.b64decode(deflated("α")), -15).decode()
    'α'
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(text.encode()) + deflate.flush()).decode()
