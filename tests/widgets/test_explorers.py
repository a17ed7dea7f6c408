"""What holds for every explorer of the book: a new one is covered as soon as it is public."""

import inspect

import pytest

from scb_edu import widgets
from scb_edu.figures import styled
from scb_edu.widgets.explorer import LARGEST_PAGE, Explorer

# a picture that had to be squeezed, a logarithm of 0: nothing that a reader should see
pytestmark = pytest.mark.filterwarnings("error")
FUNCTIONS = [name for name in widgets.__all__ if inspect.isfunction(getattr(widgets, name))]
MAKERS = [name for name in FUNCTIONS if name != "playground"]


@pytest.fixture(params=MAKERS, scope="module")
def explorer(request):
    return getattr(widgets, request.param)()


def told(explorer, **moved):
    """What the panels that depend on a moved control say."""
    values = {control.name: control.default for control in explorer.controls} | moved
    panels = (panel for panel in explorer.panels if set(moved) & set(panel.depends))
    with styled():
        return [panel.draw(**{n: values[n] for n in panel.depends}).words for panel in panels]


def ends(control):
    """The default and the values at the ends: no more than three pictures a panel."""
    return {*control.values[:1], control.default, *control.values[-1:]}


def test_it_asks_a_question_and_is_an_explorer(explorer):
    assert isinstance(explorer, Explorer)
    assert explorer.question.endswith("?")


def test_no_two_positions_of_a_control_are_called_alike(explorer):
    for control in explorer.controls:
        assert control.label
        assert len(set(control.labels)) == len(control.values), control.label


def test_every_control_moves_something_and_its_words_say_so(explorer):
    for control in explorer.controls:
        seen = [told(explorer, **{control.name: value}) for value in ends(control)]
        assert all(map(all, seen))
        assert len(set(map(tuple, seen))) == len(ends(control)), control.label


def test_all_its_frames_fit_a_page(explorer):
    """By the size of the default frame; the build of the book weighs them all."""
    panels = range(len(explorer.panels))
    assert sum(explorer.estimate(panel) for panel in panels) <= LARGEST_PAGE
