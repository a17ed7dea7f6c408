"""A figure as a piece of SVG for a page: sharp at any size, in the colours of the page's theme."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.textpath import TextToPath
from PIL import Image

from scb_edu.figures.palette import DARK_PAPER, PAPER, darkened, in_both_themes

COLUMN = 7.2  # inches: as wide as the text on a desk
MOST_CELLS = 1500  # a matrix of more is drawn as an image, not cell by cell
_NOTHING: Any = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_LETTERS = TextToPath()  # one for all figures: a formula is read once, not in every frame
_SETTINGS: Any = {"svg.fonttype": "path", "svg.hashsalt": "scb_edu", "image.composite_image": False}


def for_a_page(figure: Figure, words: str) -> str:
    """Return a figure as HTML: as it is, and drawn once more as wide as a column on a desk.

    A style sheet shows one of the two; without one the figure is seen as it is. A figure whose
    cells must stay square gains nothing by width.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    words : str
    """
    width, height = figure.get_size_inches()
    if width >= COLUMN or any(ax.get_aspect() != "auto" for ax in figure.axes):
        return f'<div class="scb-picture">{svg(figure, words)}</div>'
    lines = svg_lines(figure, words)
    try:
        figure.set_size_inches(COLUMN, height)
        wide = svg_lines(figure, words)
    finally:
        figure.set_size_inches(width, height)
    there = {line for line in lines if line.startswith("<path id=")}  # letters are stored once
    lines[0] = lines[0].replace("scb-figure", "scb-figure scb-narrow", 1)
    wide[0] = wide[0].replace("scb-figure", "scb-figure scb-wide", 1)
    wide[0] = wide[0].replace('style="', 'style="display:none;', 1)
    both = _marked([*lines, *(line for line in wide if line not in there)])
    return f'<div class="scb-picture">{both}</div>'


def svg(figure: Figure, words: str) -> str:
    """Return a drawn figure as an SVG element that can stand in a page beside others.

    Text is drawn as paths, so that it looks the same on every machine. There is no ground: the
    page's own shows. Colours are ``light-dark(...)`` of CSS and follow the page's colour scheme; a
    page that gives ``--scb-paper`` no value has the figure on paper of its own.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    words : str
        What it shows, for those who do not see it.

    Examples
    --------
    >>> from scb_edu.figures.picture import new_figure
    >>> text = svg(new_figure(4, 3)[0], "An empty pair of axes.")
    >>> text.startswith('<svg class="scb-figure" role="img" aria-label="An empty pair of axes."')
    True
    """
    return _marked(svg_lines(figure, words))


def _marked(lines: list[str]) -> str:
    """Give the ids of a figure a prefix of their own: others stand in the page too."""
    text = "\n".join(lines)
    return named(text, f"s{hashlib.sha256(text.encode()).hexdigest()[:5]}-")


def svg_lines(figure: Figure, words: str) -> list[str]:
    """Return the SVG element line by line: two figures that differ little have most in common.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    words : str
    """
    width, height = 72 * figure.get_size_inches()
    paper = f"var(--scb-paper,light-dark({PAPER},{DARK_PAPER}))"
    start = (
        f'<svg class="scb-figure" role="img" aria-label="{html.escape(words)}" '
        f'viewBox="0 0 {width:.6g} {height:.6g}" width="{width / 0.75:.0f}" '
        f'height="{height / 0.75:.0f}" stroke-linejoin="round" style="max-width:100%;height:auto;'
        f'background:{paper};fill:{in_both_themes("#000000")}">'
    )
    return [start, *_drawn(figure).split("\n"), "</svg>"]


def named(text: str, prefix: str) -> str:
    """Put a prefix before every id of a drawing."""
    return re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{prefix}", text)


def _drawn(figure: Figure) -> str:
    """Draw a figure, without its ground: one element a line."""
    out = io.StringIO()
    usual = figure.dpi
    white = [p for p in (figure.patch, *(ax.patch for ax in figure.axes)) if _is_paper(p)]
    try:
        for patch in white:
            patch.set_visible(False)
        with matplotlib.rc_context(_SETTINGS):
            _Canvas(figure, out).draw()
    finally:
        figure.dpi = usual
        for patch in white:
            patch.set_visible(True)
    return _small(_without_images(out.getvalue()))


class _Canvas(FigureCanvasSVG):
    """A canvas with one renderer: the one that draws measures the letters, too."""

    def __init__(self, figure: Figure, out: io.StringIO) -> None:
        super().__init__(figure)
        image_dpi, figure.dpi = figure.dpi, 72
        width, height = 72 * figure.get_size_inches()
        make: Any = RendererSVG
        self._renderer = make(width, height, out, image_dpi=image_dpi, metadata=_NOTHING)
        self._renderer._text2path = _LETTERS

    def get_renderer(self) -> Any:
        return self._renderer

    def draw(self) -> None:
        self.figure.draw(self._renderer)
        self._renderer.finalize()


def _is_paper(patch: Any) -> bool:
    return patch.get_visible() and to_hex(patch.get_facecolor()) == "#ffffff"


def _small(text: str) -> str:
    """Drop what a browser does not need, and give every colour its twin."""
    body = text[text.index("</defs>") + len("</defs>") : text.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL).replace("xlink:href", "href")
    body = body.replace("DejaVuSans-", "")  # every letter is of this font
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", body)
    body = re.sub(r"\s*\n\s*(?=[^<\s])", " ", body)  # the lines of a path are one
    body = re.sub(r"\s+([\"/])", r"\1", re.sub(r"([:;]) ", r"\1", body))
    body = re.sub(r' d="[^"]*"', lambda m: re.sub(r" ?([A-Za-z]) (?!=)", r"\1", m[0]), body)
    body = re.sub(r"(scale|matrix)\([^)]*\)|-?\d+\.\d+", _rounded, body)
    body = re.sub(r'transform="translate\(([\d.]+) 0\)"/>', r'x="\1"/>', body)  # of a letter
    body = re.sub(r"\b([mp][0-9a-f]{4})[0-9a-f]{6}\b", r"\1", body)  # an id is long enough
    body = re.sub(r"(?<=[: ])#[0-9a-f]{6}\b", lambda m: _twin(m[0]), body)
    body = re.sub(r"\s*\n\s*", "\n", _without_bare_groups(body)).strip()
    return "\n".join(_alike_together(body.split("\n")))


def _alike_together(lines: list[str]) -> Iterator[str]:
    """Write once what marks, ticks and arrows that follow each other have in common."""
    found = ((_MARK.fullmatch(line) or _PATH.fullmatch(line), line) for line in lines)
    for style, run in itertools.groupby(found, lambda pair: pair[0] and pair[0][2]):
        ones = [mark[1] if mark else line for mark, line in run]
        if style is None:
            yield from ones
        elif ones[0].startswith("<use"):
            yield f"<g{style}>{''.join(f'{one}/>' for one in ones)}</g>"
        else:
            yield f'<path d="{"".join(ones)}"{style}/>'


def _without_bare_groups(body: str) -> str:
    """Drop groups that say nothing, and empty definitions."""
    open_groups: list[str] = []

    def kept(found: re.Match[str]) -> str:
        if found[0] == "<g/>":
            return ""
        if found[0].startswith("<g"):
            open_groups.append(found[0])
        group = found[0] if found[0].startswith("<g") else open_groups.pop()
        return "" if group == "<g>" else found[0]

    return re.sub(r"</?g\b[^>]*>", kept, body)


def _rounded(found: re.Match[str]) -> str:
    """Write a number with two decimals: a hundredth of a point is not seen."""
    return found[0] if found[1] else f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


_MARK = re.compile(r'(<use href="[^"]+" x="[^"]+" y="[^"]+")( style="[^"]+")/>')
_PATH = re.compile(r'<path d="([^"]*)"((?:(?!opacity)[^>])*)/>')  # see-through ones may overlap
_twin = cache(in_both_themes)
_IMAGE = re.compile(
    r'<image xlink:href="data:image/png;base64,\s*([^"]+)" id="[^"]*" '
    r'width="\d+" height="\d+" transform="([^"]+)"[^>]*/>'
)


def _without_images(text: str) -> str:
    return _IMAGE.sub(lambda m: _cells(_pixels(m[1]), m[2]), text)


def _pixels(data: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def _cells(pixels: np.ndarray, place: str) -> str:
    """Draw a matrix as cells, those of one colour in one path; paper is not drawn."""
    if pixels.shape[0] * pixels.shape[1] > MOST_CELLS:
        return _two_images(pixels, place)
    runs: dict[str, list[str]] = {}
    for row, column, length in _runs(pixels):
        color = "#" + bytes(pixels[row, column]).hex()
        runs.setdefault(color, []).append(f"M{column} {row}h{length}v1h-{length}z")
    paths = (f'<path d="{"".join(d)}" style="fill: {c}"/>' for c, d in runs.items())
    body = "\n".join(path for path in paths if "#ffffff" not in path)
    return f'<g transform="{place}" shape-rendering="crispEdges">{body}</g>'


def _runs(pixels: np.ndarray) -> Any:
    """Yield row, column and length of every stretch of one colour."""
    for row, cells in enumerate(pixels):
        edges = np.flatnonzero((cells[1:] != cells[:-1]).any(1)) + 1
        starts = [0, *edges.tolist()]
        for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
            yield row, start, end - start


def _two_images(pixels: np.ndarray, place: str) -> str:
    """Return a large matrix as an image for each theme; style sheets show one."""
    dark = (255 * darkened(pixels / 255)).round().astype(np.uint8)
    rows, columns = pixels.shape[:2]
    return "".join(
        f'<image class="only-{theme}" href="data:image/png;base64,{_png(cells)}" '
        f'width="{columns}" height="{rows}" transform="{place}" style="image-rendering:pixelated"/>'
        for theme, cells in (("light", pixels), ("dark", dark))
    )


def _png(pixels: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
