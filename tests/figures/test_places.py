"""Frames that need the same room are laid out once, and look as if each had been alone."""

import pytest

from scb_edu.figures.picture import Picture, new_figure
from scb_edu.figures.places import shared_places


def picture(slope, top=1.0, name="y", title=""):
    figure, axes = new_figure(4, 3, ncols=2)
    axes[0].plot([0, 1], [0, slope])
    axes[0].set(ylim=(0, top), ylabel=name, title=title)
    axes[1].imshow([[slope, 1], [0, 1]])
    return Picture(figure, "A line beside four cells.")


def drawn(one, known):
    with shared_places(one.figure, known):
        return one.svg_lines()


def test_frames_that_need_the_same_room_are_laid_out_once(monkeypatch):
    laid_out = []
    engine = type(picture(0).figure.get_layout_engine())
    execute = engine.execute
    monkeypatch.setattr(engine, "execute", lambda *a: (laid_out.append(1), execute(*a))[1])
    known = {}
    for slope in (0.1, 0.2, 0.3):
        drawn(picture(slope), known)
    assert len(laid_out) == 1


def test_a_frame_looks_as_if_it_were_alone():
    known = {}
    drawn(picture(0.1), known)
    assert drawn(picture(0.7), known) == picture(0.7).svg_lines()


@pytest.mark.parametrize("other", [{"top": 12345.678}, {"name": "y\ny"}, {"title": "two\nlines"}])
def test_what_needs_more_room_gets_it(other):
    known = {}
    drawn(picture(0.1), known)
    assert drawn(picture(0.1, **other), known) == picture(0.1, **other).svg_lines()
    assert len(known) == 2


def test_a_figure_without_a_layout_stays_as_it_is():
    one = picture(0.1)
    one.figure.set_layout_engine("none")
    place = one.figure.axes[0].get_position().bounds
    drawn(one, {})
    assert one.figure.axes[0].get_position().bounds == place
