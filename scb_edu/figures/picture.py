"""A picture is a figure and the words that say what it shows."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, is_color_like, to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike
from PIL import Image

from scb_edu.figures.palette import AMBER, ATTENTION, GREEN, PURPLE, SKY, TRUTH, VALUE, ink_on
from scb_edu.figures.vector import for_a_page, svg, svg_lines
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.pages import in_a_book
from scb_edu.support.signatures import checked, drawn

# A 4 inch panel is shown 340 pixels wide on a phone, at 0.885 of its size: 10.5 points become 9.3.
STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 10.5,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 11.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=[VALUE, ATTENTION, GREEN, PURPLE, SKY, AMBER, TRUTH]),
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "grid.color": "#e6e6e6",
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
PIXELS_PER_INCH = 96  # a CSS pixel is 1/96 inch
SIZES, DPIS = (0.1, 100.0), (10, 2400)
"""Inches, and dots to an inch, that a picture can have."""
FRAME_DPI = 144  # of a WebP frame: one and a half device pixels to a CSS pixel
PICTURE_DPI = 200  # of a PNG picture
_STYLE_LOCK = threading.RLock()  # matplotlib's settings are global: one drawing at a time


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the book's style; a context manager, and a decorator of drawing functions.

    Matplotlib reads its settings when an artist is made, so ``@styled()`` belongs on every
    function that draws. The settings are put back afterwards.

    Examples
    --------
    >>> with styled():
    ...     matplotlib.rcParams["axes.spines.top"]
    False
    """
    with _STYLE_LOCK, matplotlib.rc_context(STYLE):
        yield


@drawn()
@styled()
def new_figure(width: float, height: float, **subplots: Any) -> tuple[Figure, Any]:
    """Make a figure in the book's style, known to no global state.

    Parameters
    ----------
    width, height : float
        In inches. A panel of an explorer is best 4 wide, a picture of its own at most 7.3.
    **subplots
        As for `matplotlib.figure.Figure.subplots`: ``nrows``, ``ncols``, ``sharey``, ...

    Returns
    -------
    (Figure, Axes or array of Axes)

    Examples
    --------
    >>> figure, axes = new_figure(7, 3, ncols=2)
    >>> axes.shape
    (2,)
    """
    for name, inches in (("width", width), ("height", height)):
        checks.within(name, inches, *SIZES)
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(**subplots)


@checked
@dataclass(frozen=True, repr=False, eq=False)
class Picture:
    """A matplotlib figure and the words that say what it shows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Best made by `new_figure`.
    words : str
        One or two sentences with the numbers that matter: the alternative text in a page and the
        plain text in a notebook.

    Raises
    ------
    ScbError
        If there are no words.

    Examples
    --------
    >>> figure, ax = new_figure(4, 3)
    >>> Picture(figure, "An empty pair of axes.")
    An empty pair of axes.
    """

    figure: Figure
    words: str

    def __post_init__(self) -> None:
        if not self.words.strip():
            got = checks.brief(self.words)
            raise ScbError(f"words must say what the picture shows; got {got}")

    def __repr__(self) -> str:
        return self.words

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the picture in CSS pixels."""
        width, height = self.figure.get_size_inches()
        return round(width * PIXELS_PER_INCH), round(height * PIXELS_PER_INCH)

    @checked
    def webp(self, dpi: float = FRAME_DPI) -> bytes:
        """Return the picture as a WebP file, without loss: text stays crisp."""
        out = io.BytesIO()
        self._image(dpi).convert("RGB").save(out, "WEBP", lossless=True, quality=50, method=2)
        return out.getvalue()

    @checked
    def png(self, dpi: float = PICTURE_DPI) -> bytes:
        """Return the picture as a PNG file."""
        out = io.BytesIO()
        self._image(dpi).save(out, "PNG", optimize=True)
        return out.getvalue()

    @checked
    def save(self, path: str | Path) -> None:
        """Write the picture to a file; the ending of its name says in which format."""
        checks.new_file("path", path)
        ending, known = Path(path).suffix[1:], self.figure.canvas.get_supported_filetypes()
        if ending and ending.lower() not in known:
            raise ScbError(f"path: expected an ending such as .png or .svg, got {ending!r}.")
        with styled():
            self.figure.savefig(path, dpi=PICTURE_DPI)

    def _image(self, dpi: float) -> Image.Image:
        """Return the drawn figure; straight from the canvas, which is faster than `savefig`."""
        checks.within("dpi", dpi, *DPIS)
        usual = self.figure.dpi
        canvas: Any = FigureCanvasAgg(self.figure)
        try:
            with styled():
                self.figure.dpi = dpi
                canvas.draw()
                drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        finally:
            self.figure.dpi = usual
        return _few_colors(drawn)

    def svg(self) -> str:
        """Return the picture as a piece of SVG for a page, light and dark: see `vector.svg`."""
        with styled():
            return svg(self.figure, self.words)

    def svg_lines(self) -> list[str]:
        """Return that piece of SVG line by line, with ids of its own: see `vector.svg_lines`."""
        with styled():
            return svg_lines(self.figure, self.words)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        if in_a_book():
            with styled():
                page = for_a_page(self.figure, self.words)
            return {"text/html": page, "text/plain": self.words}, {}
        width, height = self.pixels
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.words}
        return data, {"image/png": {"width": width, "height": height}}


def _few_colors(image: Image.Image) -> Image.Image:
    """Return the image with at most 256 colours: it looks the same, in a third of the bytes."""
    few = image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = few.getpalette() or []
    few.putpalette([255 if level >= 253 else level for level in palette])  # white stays white
    return few


@drawn()
def heatmap(
    ax: Axes,
    matrix: ArrayLike,
    *,
    color: str = VALUE,
    limits: tuple[float, float] | None = None,
    numbers: bool | None = None,
    form: str = "{:.2f}",
) -> AxesImage:
    """Draw a matrix as coloured cells, and write its numbers into them when it is small.

    White is zero and `color` is large; where a matrix has negative entries they are purple.

    Parameters
    ----------
    ax : Axes
    matrix : array_like of shape (rows, columns)
    color : str
        `VALUE` for what belongs to V and P, `ATTENTION` for what belongs to A and Q.
    limits : (low, high), optional
        The ends of the colour scale. By default 0 (or minus the largest magnitude, when there
        are negative entries) and the largest magnitude.
    numbers : bool, optional
        Whether to write the numbers. By default up to 8 rows and columns.
    form : str
        How a number is written.

    Returns
    -------
    AxesImage
        For `Figure.colorbar`.

    Raises
    ------
    ScbError
        If `matrix` has not two axes.

    Examples
    --------
    >>> figure, ax = new_figure(4, 3)
    >>> image = heatmap(ax, [[0.75, 0.25], [0.25, 0.75]])
    >>> [text.get_text() for text in ax.texts]
    ['0.75', '0.25', '0.25', '0.75']
    """
    cells = np.asarray(matrix, dtype=float)
    if cells.ndim != 2 or not cells.size:
        raise ScbError(f"matrix must have shape (rows, columns); got shape {cells.shape}")
    if not is_color_like(color):
        raise ScbError(f"color: expected one that matplotlib knows, got {checks.brief(color)}.")
    checks.form("form", form, 0.0)
    low, high = limits if limits is not None else _limits(cells)
    with styled():
        image = ax.imshow(
            cells, cmap=_tint(color, low < 0), vmin=low, vmax=high, interpolation="none"
        )
        ax.spines[:].set_visible(False)
        if max(cells.shape) <= 8:
            _outline_cells(ax, cells.shape)
        if numbers if numbers is not None else max(cells.shape) <= 8:
            _write_numbers(ax, cells, image, form)
        return image


def _limits(cells: np.ndarray) -> tuple[float, float]:
    largest = float(np.abs(cells).max()) or 1.0
    return (-largest if cells.min() < 0 else 0.0), largest


def _tint(color: str, signed: bool) -> Colormap:
    ends = [PURPLE, "white", color] if signed else ["white", color]
    return LinearSegmentedColormap.from_list("tint", ends)


def _outline_cells(ax: Axes, shape: tuple[int, ...]) -> None:
    """Give every row and column a tick, and part the cells by white lines."""
    rows, columns = shape
    ax.set_xticks(range(columns))
    ax.set_yticks(range(rows))
    ax.tick_params(length=0)
    ax.vlines(np.arange(1, columns) - 0.5, -0.5, rows - 0.5, color="white")
    ax.hlines(np.arange(1, rows) - 0.5, -0.5, columns - 0.5, color="white")


def _write_numbers(ax: Axes, cells: np.ndarray, image: AxesImage, form: str) -> None:
    shades = image.to_rgba(cells)  # (rows, columns, 4)
    for (row, column), number in np.ndenumerate(cells):
        ink = ink_on(to_hex(tuple(shades[row, column])))
        text = ax.text(column, row, form.format(number), color=ink, ha="center", va="center")
        text.set_in_layout(False)  # it lies inside the axes: three times as fast


@drawn()
def token_names(vocab_size: int) -> list[str]:
    """Return A, B, C, ... for the tokens 0, 1, 2, ...; numbers when letters run out.

    Parameters
    ----------
    vocab_size : int

    Notes
    -----
    Book: 01-bigrams, sec-bigrams.

    Examples
    --------
    >>> token_names(3)
    ['A', 'B', 'C']
    """
    checks.positive_int("vocab_size", vocab_size, least=0, most=checks.MOST_CALLS)
    if vocab_size > 26:
        return [str(token) for token in range(vocab_size)]
    return [chr(ord("A") + token) for token in range(vocab_size)]


def count_samples(ax: Axes, ticks: int | None = None) -> None:
    """Let the horizontal axis count the samples seen, in full numbers.

    Parameters
    ----------
    ax : Axes
    ticks : int, optional
        At most so many steps between ticks; long numbers need room.

    Examples
    --------
    >>> figure, ax = new_figure(4, 3)
    >>> count_samples(ax)
    >>> ax.get_xlabel()
    'samples seen'
    """
    ax.set_xlabel("samples seen")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    if ticks is not None:
        ax.locator_params(axis="x", nbins=ticks)
