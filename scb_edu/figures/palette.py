"""The colours of the book, on white paper and in the dark.

The light ones are Okabe and Ito's: told apart with any colour vision, and in print. In the dark
each has a lighter twin of the same hue, and paper and ink change places. Every other colour of a
figure is a tint, that is paper with some share of one of these; its twin is the same share of the
dark colour on the dark paper.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import ArrayLike

from scb_edu.support.checks import Array

VALUE = "#0072B2"  # everything about V and its signal alpha_V
ATTENTION = "#D55E00"  # everything about A and its signal alpha_A
TRUTH = "#000000"  # what should come out: drawn dashed
THEORY = "#767676"  # a formula beside a measurement
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
AMBER = "#E69F00"
YELLOW = "#F0E442"
PAPER = "#FFFFFF"
INK = "#222222"
INK_ON_COLOR = "#111111"  # on a cell that is bright in both themes

DARK_PAPER = "#121212"  # the ground of the book's pages in the dark
DARK = {
    TRUTH: "#F2F2F2",
    VALUE: "#4AA5E0",
    ATTENTION: "#FF8548",
    GREEN: "#2FC497",
    PURPLE: "#E39BC2",
    SKY: "#A6DBF7",
    AMBER: "#F2B733",
    YELLOW: "#F7EE8A",
}
# what a tint would have too bright: black on a bright cell, and the shade of a stage
_BY_HAND = {INK_ON_COLOR: DARK_PAPER, "#fff8dc": "#24211a"}
# shades that are deeper than their colour on paper are paler in the dark
_BY_HAND |= {"#00664a": "#8be3c8", "#00241a": "#d6f5eb", "#6b2b00": "#ffc7a8", "#7a4f9a": "#b48ad6"}
_TINTS = np.array([to_rgb(color) for color in DARK]) - 1  # from paper to the full colour
_DARK_TINTS = np.array([to_rgb(color) for color in DARK.values()]) - to_rgb(DARK_PAPER)


def darkened(colors: ArrayLike) -> Array:
    """Return what colours of a figure become in the dark.

    Parameters
    ----------
    colors : (..., 3) array_like
        Red, green and blue from 0 to 1. Each is read as the nearest tint of a colour of `DARK`.

    Returns
    -------
    (..., 3) array

    Examples
    --------
    >>> darkened([[1, 1, 1], [0, 0, 0]]).round(2).tolist()
    [[0.07, 0.07, 0.07], [0.95, 0.95, 0.95]]
    """
    off = np.asarray(colors, dtype=float)[..., None, :] - 1  # (..., 1, 3)
    share = ((off * _TINTS).sum(-1) / (_TINTS**2).sum(-1)).clip(0, 1)  # (..., colours)
    miss = ((off - share[..., None] * _TINTS) ** 2).sum(-1)
    best = miss.argmin(-1)[..., None]
    dark: Array = np.take_along_axis(share, best, -1) * _DARK_TINTS[best[..., 0]]
    return dark + to_rgb(DARK_PAPER)


def in_both_themes(color: str) -> str:
    """Return a CSS colour: this one in a light page, its twin in a dark one.

    Parameters
    ----------
    color : str
        As ``#rrggbb``.

    Examples
    --------
    >>> in_both_themes("#0072b2")
    'light-dark(#0072b2,#4aa5e0)'
    """
    return f"light-dark({color},{twin(color)})"


def twin(color: str) -> str:
    """Return what a colour of a figure is in the dark, as ``#rrggbb``.

    Examples
    --------
    >>> twin(VALUE)
    '#4aa5e0'
    """
    return _BY_HAND.get(color.lower()) or to_hex(tuple(darkened(to_rgb(color))))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG defines it.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    levels = np.array(to_rgb(color))
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def ink_on(cell: str) -> str:
    """Return the colour of text on a coloured cell that is read best in both themes.

    Examples
    --------
    >>> ink_on("#ffffff"), ink_on(VALUE), ink_on(ATTENTION)
    ('#222222', '#ffffff', '#111111')
    """
    dark = twin(cell)

    def worse(ink: str) -> float:
        return min(contrast(ink, cell), contrast(twin(ink), dark))

    return max((INK, PAPER.lower(), INK_ON_COLOR), key=worse)
