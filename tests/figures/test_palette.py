import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from scb_edu.figures import palette
from scb_edu.figures.palette import (
    ATTENTION,
    DARK,
    DARK_PAPER,
    GREEN,
    INK,
    INK_ON_COLOR,
    PAPER,
    PURPLE,
    THEORY,
    TRUTH,
    VALUE,
    contrast,
    darkened,
    ink_on,
    twin,
)

GREYS = ["#222222", "#444444", "#555555"]  # of the figures' words
# How red-blind, green-blind and blue-blind readers see linear RGB (Machado et al. 2009, severity 1)
BLIND = {
    "usual": np.eye(3),
    "red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}


def lab(color, sight):
    """CIE L*a*b* of a colour as it is seen, written out here: the oracle of differences."""
    levels = np.array(to_rgb(color))
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    seen = (BLIND[sight] @ linear).clip(0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ seen
        / [0.9505, 1, 1.089]
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_is_that_of_wcag():
    assert contrast("#ffffff", "#000000") == 21
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # known from WCAG


@pytest.mark.parametrize("color", DARK.values())
def test_every_colour_is_seen_in_the_dark(color):
    assert contrast(color, DARK_PAPER) >= 4.5


@pytest.mark.parametrize("color", [VALUE, ATTENTION, GREEN, TRUTH, THEORY, PURPLE])
def test_the_colours_of_lines_are_seen_on_paper(color):
    assert contrast(color, PAPER) >= (3 if color != PURPLE else 2.9)


@pytest.mark.parametrize("grey", [*GREYS, TRUTH, THEORY])
def test_words_are_read_in_both_themes(grey):
    assert contrast(grey, PAPER) >= 4.5
    assert contrast(twin(grey), DARK_PAPER) >= 4.5


@pytest.mark.parametrize("sight", BLIND)
def test_the_dark_colours_of_lines_differ_for_everybody(sight):
    seen = [lab(DARK[color], sight) for color in (VALUE, ATTENTION, GREEN, PURPLE, TRUTH)]
    apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert apart > 12  # 2 is just seen


def test_tints_keep_their_share():
    for color, dark in DARK.items():
        for share in (0, 0.3, 1):
            tint = 1 + share * (np.array(to_rgb(color)) - 1)
            expected = np.array(to_rgb(DARK_PAPER)) * (1 - share) + share * np.array(to_rgb(dark))
            np.testing.assert_allclose(darkened(tint), expected, atol=1e-12)


@pytest.mark.parametrize(
    "shades",
    [
        ("#b7e4cf", "#66c2a4", GREEN, "#00664a", "#00241a"),
        ("#F2A267", "#E07B2E", "#B34700", "#6B2B00"),
    ],
)
def test_deeper_on_paper_is_brighter_in_the_dark(shades):
    on_paper = [contrast(color, PAPER) for color in shades]
    in_the_dark = [contrast(twin(color), DARK_PAPER) for color in shades]
    assert on_paper == sorted(on_paper)
    assert in_the_dark == sorted(in_the_dark)
    assert min(np.diff(in_the_dark)) > 1


def test_an_image_is_darkened_pixel_by_pixel():
    pixels = np.random.default_rng(0).random((2, 3, 3))
    for at in np.ndindex(2, 3):
        np.testing.assert_allclose(darkened(pixels)[at], darkened(pixels[at]))


@pytest.mark.parametrize("color", [VALUE, ATTENTION, GREEN, PURPLE])
@pytest.mark.parametrize("share", np.linspace(0, 1, 21))
def test_numbers_in_cells_are_read_in_both_themes(color, share):
    cell = to_hex(tuple(1 + share * (np.array(to_rgb(color)) - 1)))
    ink = ink_on(cell)
    assert ink in (INK, PAPER.lower(), INK_ON_COLOR)
    assert contrast(ink, cell) >= 3.5
    assert contrast(twin(ink), twin(cell)) >= 3.5


def test_the_dark_palette_names_each_colour_of_the_light_one():
    light = {v for n, v in vars(palette).items() if n.isupper() and isinstance(v, str)}
    assert light - {PAPER, INK, INK_ON_COLOR, DARK_PAPER, THEORY} == set(DARK)
