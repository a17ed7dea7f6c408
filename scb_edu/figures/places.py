"""Where the axes of a figure stand: worked out once for all frames that need the same room."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

Places = dict[Hashable, list[Bbox]]


@contextmanager
def shared_places(figure: Figure, known: Places) -> Iterator[None]:
    """Draw a figure within: its axes stand where those of an alike figure stood, if one is known.

    A layout measures every letter twice, which takes longer than to draw the figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    known : dict
        The places of the figures drawn so far; the figure's own are added.
    """
    if figure.get_layout_engine() is None:
        yield
        return
    room = _room(figure)
    if room in known:
        figure.set_layout_engine("none")
        for ax, place in zip(figure.axes, known[room], strict=True):
            ax.set_position(place, which="original")
    yield
    known[room] = [ax.get_position(original=True) for ax in figure.axes]


def _room(figure: Figure) -> Hashable:
    """Return what a layout makes room for: ticks follow from the limits."""
    axes = tuple(
        (ax.get_xlim(), ax.get_ylim(), ax.get_xscale(), ax.get_yscale(), *_labels(ax))
        for ax in figure.axes
    )
    return tuple(figure.get_size_inches()), figure.get_suptitle(), axes


def _labels(ax: Axes) -> tuple[str, ...]:
    return ax.get_xlabel(), ax.get_ylabel(), ax.get_title()
