"""Draw the way of a batch into book/_static/architecture.svg, from the table of architecture.md.

Usage: python book/draw_architecture.py
A page in the dark turns the drawing's light and dark round (`book/_static/book.css`): one file
serves both.
"""

import re
from itertools import groupby
from pathlib import Path

from scb_edu.figures import AMBER, ATTENTION, GREEN, VALUE

BOOK = Path(__file__).resolve().parent
DRAWING = BOOK / "_static" / "architecture.svg"
ROW = re.compile(r"^\| (\w+) \| ([^|,:]+)[^|]*\| `(\w+)/\w+\.py` \|$", re.MULTILINE)
INKS = {"text": AMBER, "model": VALUE, "training": ATTENTION, "figures": GREEN}
LEFT, WIDTH, HEIGHT, PITCH, RIGHT = 96, 330, 46, 64, 44  # of the boxes, in pixels
STYLE = """
text { font-family: "DejaVu Sans", Verdana, sans-serif; font-size: 13px; fill: #222 }
.name { font-weight: bold; font-size: 15px }
.arrow { fill: none; stroke: #555; stroke-width: 1.6; marker-end: url(#head) }
"""
HEAD = """<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker>"""


def steps():
    """Return each step of the table: its name, what happens in it, its package."""
    return ROW.findall((BOOK / "architecture.md").read_text(encoding="utf-8"))


def top(number):
    """Return where a box begins."""
    return 8 + number * PITCH


def box(number, name, what, package):
    """Return a step."""
    y, ink = top(number), INKS[package]
    frame = f'rx="6" fill="{ink}" fill-opacity="0.12" stroke="{ink}" stroke-width="1.5"'
    return (
        f'<rect x="{LEFT}" y="{y}" width="{WIDTH}" height="{HEIGHT}" {frame}/>'
        f'<text class="name" x="{LEFT + 12}" y="{y + 19}">{name}</text>'
        f'<text x="{LEFT + 12}" y="{y + 37}">{what.strip()}</text>'
    )


def arrow(number):
    """Return the arrow from a box to the next."""
    x = LEFT + WIDTH / 2
    return f'<path class="arrow" d="M{x} {top(number) + HEIGHT}V{top(number + 1) - 1}"/>'


def bracket(package, first, last):
    """Return the name of a package beside its boxes."""
    start, end = top(first), top(last) + HEIGHT
    return (
        f'<path d="M{LEFT - 10} {start}V{end}" stroke="{INKS[package]}" stroke-width="4"/>'
        f'<text x="{LEFT - 20}" y="{(start + end) / 2 + 5}" text-anchor="end">{package}</text>'
    )


def way_back(later, earlier):
    """Return the arrow from a later box to an earlier one, on the right."""
    x, start, end = LEFT + WIDTH, top(later) + HEIGHT / 2, top(earlier) + HEIGHT / 2
    words = f'<text transform="translate({x + 38} {(start + end) / 2}) rotate(-90)"'
    return (
        f'<path class="arrow" d="M{x} {start}h22V{end}h-21"/>'
        f'{words} text-anchor="middle">again, with a fresh batch</text>'
    )


def draw(rows):
    """Return the drawing."""
    names, packages = [row[0] for row in rows], [row[2] for row in rows]
    parts = [box(number, *row) for number, row in enumerate(rows)]
    parts += [arrow(number) for number in range(len(rows) - 1)]
    for package, run in groupby(range(len(rows)), packages.__getitem__):
        first, *rest = run
        parts.append(bracket(package, first, [first, *rest][-1]))
    parts.append(way_back(names.index("record"), names.index("batch")))
    width, height = LEFT + WIDTH + RIGHT, top(len(rows) - 1) + HEIGHT + 8
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{HEAD}'
    return "\n".join([head, *parts, "</svg>\n"])


if __name__ == "__main__":
    DRAWING.write_text(draw(steps()), encoding="utf-8")
