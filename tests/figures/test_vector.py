import re

import numpy as np
import pytest
from elements import Elements

from scb_edu.figures import ATTENTION, Picture, heatmap, new_figure, styled
from scb_edu.figures.vector import COLUMN


@pytest.fixture
@styled()
def picture():
    figure, ax = new_figure(4, 3)
    ax.plot([0, 1, 2], [0, 2, 1], "o-", label="line")
    ax.set(xscale="symlog", xlabel="time", title=r"A line $\alpha_V$")
    return Picture(figure, 'A line from 0 to "2" & {back}.')


@pytest.fixture
def building(monkeypatch):
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")


def ids(text):
    return [attributes["id"] for _, attributes, _ in Elements(text).found if "id" in attributes]


def test_it_is_one_well_formed_element_with_words(picture):
    text = picture.svg()
    root = Elements(text)
    assert root.open == []
    (svg,) = root.all("svg")
    assert svg["aria-label"] == 'A line from 0 to "2" & {back}.'
    assert (svg["role"], svg["viewbox"], svg["width"]) == ("img", "0 0 288 216", "384")
    assert "<style" not in text  # it would reach the whole page
    assert "http" not in text


def test_every_colour_has_a_twin(picture):
    bare = re.sub(r"light-dark\([^)]*\)", "", picture.svg())
    assert not re.search(r"(fill|stroke):#", bare)
    assert "light-dark(#0072b2,#4aa5e0)" in picture.svg()


def test_the_page_shows_through(picture):
    """No rectangle of paper is drawn, and the figure has its own back afterwards."""
    assert "#ffffff" not in picture.svg()
    assert picture.figure.patch.get_visible()
    assert picture.figure.dpi == new_figure(4, 3)[0].dpi


def test_whatever_is_referred_to_is_there_under_a_name_of_its_own(picture):
    text = picture.svg()
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    assert used == set(ids(text))
    assert len(set(ids(text))) == len(ids(text))
    other = Picture(picture.figure, "Other words.").svg()
    assert not set(ids(text)) & set(ids(other))


def test_numbers_are_rounded_where_nobody_sees_it(picture):
    text = re.sub(r"(scale|matrix)\([^)]*\)", "", picture.svg())
    assert not re.search(r"\d\.\d{3}", text)
    assert "scale(0.105 -0.105)" in picture.svg()  # letters keep their size


def test_twice_is_the_same(picture):
    assert picture.svg() == picture.svg()
    assert len(picture.svg()) < 25_000


def test_in_a_book_a_picture_is_drawn_for_a_phone_and_for_a_desk(picture, building):
    data, _ = picture._repr_mimebundle_()
    assert set(data) == {"text/html", "text/plain"}
    page = Elements(data["text/html"])
    narrow, wide = page.all("svg")
    assert (narrow["width"], wide["width"]) == ("384", f"{96 * COLUMN:.0f}")
    assert "display:none" in wide["style"]  # where no style sheet chooses, one is seen
    assert "display:none" not in narrow["style"]
    assert len(set(ids(data["text/html"]))) == len(ids(data["text/html"]))
    assert tuple(picture.figure.get_size_inches()) == (4, 3)


def test_square_cells_gain_nothing_by_width(building):
    figure, ax = new_figure(4, 3)
    heatmap(ax, np.eye(3))
    page = Picture(figure, "A unit matrix.")._repr_mimebundle_()[0]["text/html"]
    assert len(Elements(page).all("svg")) == 1


def test_a_matrix_is_cells_of_its_colours():
    figure, ax = new_figure(4, 3)
    heatmap(ax, [[1, 0.0, 1], [0, 1, 1]], color=ATTENTION, numbers=False)
    text = Picture(figure, "A matrix.").svg()
    assert "<image" not in text
    assert (
        'd="M0 0h1v1h-1zM2 0h1v1h-1zM1 1h2v1h-2z" style="fill:light-dark(#d55e00,#ff8548)"' in text
    )


def test_a_large_matrix_is_an_image_for_each_theme():
    figure, ax = new_figure(4, 3)
    heatmap(ax, np.random.default_rng(0).random((50, 60)))
    images = Elements(Picture(figure, "A matrix.").svg()).all("image")
    assert [image["class"] for image in images] == ["only-light", "only-dark"]
    assert images[0]["href"] != images[1]["href"]
