"""Controls over pictures: live in JupyterLab, and alive without a kernel in the rendered book."""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from scb_edu.figures.picture import Picture, styled
from scb_edu.figures.places import Places, shared_places
from scb_edu.figures.vector import named
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.pages import in_a_book
from scb_edu.support.signatures import checked
from scb_edu.widgets.inline import asset, mimebundle, script_json
from scb_edu.widgets.packing import packed

__all__ = ["Explorer", "Frame", "Panel", "Slider"]

LARGEST_PAGE = 1_000_000  # bytes that one explorer may add to a page
NEXT_FRAME = 0.1  # of the bytes of a panel's first frame: most lines are in an earlier one
STEP_MS = 125  # between two positions while playing: eight a second

Position = tuple[int, ...]  # for each control that a panel depends on, which of its values


@checked
@dataclass(frozen=True)
class Slider:
    """A control with discrete positions; also used to choose a seed.

    Parameters
    ----------
    name : str
        The keyword argument that drawing functions receive.
    label : str
        What the reader sees.
    values : sequence
        At least two.
    default : object
        One of `values`.
    format : callable or str
        How a value is shown: ``format(value)``, or a string such as ``"{:.2f}"``.

    Raises
    ------
    ScbError
        If there are fewer than two values, or `default` is not one of them.

    Examples
    --------
    >>> Slider("T", "Context length", (10, 100, 1000), default=100, format="{:,}").labels
    ('10', '100', '1,000')
    """

    name: str
    label: str
    values: Sequence[Any]
    default: Any
    format: Callable[[Any], str] | str = str

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        checks.sentence("label", self.label)
        if isinstance(self.format, str) and len(self.values):
            checks.form("format", self.format, self.values[0])
        if not self.name.isidentifier():
            raise ScbError(f"name: expected a Python name, got {checks.brief(self.name)}.")
        if len(self.values) < 2:
            got = checks.brief(self.values)
            raise ScbError(f"values of {self.name!r}: expected at least two, got {got}.")
        if not any(self.default is value or self.default == value for value in self.values):
            among, got = checks.brief(self.values), checks.brief(self.default)
            raise ScbError(f"default of {self.name!r}: expected one of {among}, got {got}.")

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as the reader sees them."""
        shown = self.format.format if isinstance(self.format, str) else self.format
        return tuple(str(shown(value)) for value in self.values)

    @property
    def start(self) -> int:
        """The position of the default."""
        return self.values.index(self.default)


@checked
@dataclass(frozen=True)
class Panel:
    """One picture of an explorer.

    Parameters
    ----------
    draw : callable
        Returns a `Picture`; called with the values of the controls in `depends` as keyword
        arguments.
    depends : tuple of str
        Names of controls. The fewer, the fewer frames in the page.
    """

    draw: Callable[..., Picture]
    depends: str | tuple[str, ...]

    def __post_init__(self) -> None:
        depends = (self.depends,) if isinstance(self.depends, str) else tuple(self.depends)
        object.__setattr__(self, "depends", depends)

    @property
    def title(self) -> str:
        """What messages call this panel."""
        return getattr(self.draw, "__name__", type(self.draw).__name__)


class Frame(NamedTuple):
    """A picture as JupyterLab shows it."""

    source: str  # a data URI
    words: str
    width: int  # in CSS pixels
    height: int

    @classmethod
    def of(cls, picture: Picture) -> Frame:
        """Encode a picture."""
        data = base64.b64encode(picture.webp()).decode()
        return cls(f"data:image/webp;base64,{data}", picture.words, *picture.pixels)

    @property
    def image(self) -> str:
        """The HTML element; panels shrink to four fifths before they go below each other."""
        return (
            f'<img class="scb-panel" src="{self.source}" alt="{html.escape(self.words)}" '
            f'width="{self.width}" height="{self.height}" style="flex:1 1 {0.8 * self.width:.0f}px;'
            f'min-width:0;max-width:min(100%,{self.width}px);height:auto">'
        )


class Drawing(NamedTuple):
    """A picture as a page without a kernel shows it."""

    lines: tuple[str, ...]  # of an SVG element
    words: str
    width: int  # in CSS pixels

    @property
    def panel(self) -> str:
        """The HTML element; panels shrink to four fifths before they go below each other."""
        return (
            f'<div class="scb-panel" style="flex:1 1 {0.8 * self.width:.0f}px;'
            f'max-width:min(100%,{1.1 * self.width:.0f}px)">{"".join(self.lines)}</div>'
        )


@checked
@dataclass(frozen=True, repr=False, eq=False)
class Explorer:
    """Controls over pictures, to be left as the last expression of a cell.

    In JupyterLab it is an ipywidget: only panels that depend on the control that moved are drawn
    anew, and each picture only once. Where a book is built (the environment variable
    ``SCB_EDU_FRAMES`` is ``1``) it is a piece of HTML that holds every frame of every panel,
    and lives without a kernel.

    Parameters
    ----------
    controls : sequence of Slider
    panels : sequence of Panel
    question : str
        What the reader should find out by moving the controls.
    play : str, optional
        The name of the control that a Play button runs through.
    autoplay : bool
        Whether a page plays by itself, once, when the explorer comes into view. Never for a
        reader who asked for less motion.

    Raises
    ------
    ScbError
        If a name is used twice or unknown, or there are no panels; and when it is shown, if its
        frames are more than 1,000,000 bytes.

    Notes
    -----
    *The contract of an explorer of the book* (``tests/widgets/test_explorers.py`` checks it). It is
    what a public function of a chapter's module returns, without arguments.

    - A drawing function is pure: the same values give the same picture, randomness comes from a
      seed among them. It draws without a warning and within about 0.1 s, since a page needs every
      frame; about 60 frames of two small panels fit the megabyte.
    - The words of its picture say what is seen, numbers included, so that they differ from one
      position of a control to another.
    - The question ends with a question mark, the labels of a control differ, and the default view
      means something before anyone touches it.

    Examples
    --------
    >>> from scb_edu.figures import new_figure
    >>> def line(slope):
    ...     figure, ax = new_figure(4, 3)
    ...     ax.plot([0, 1], [0, slope])
    ...     return Picture(figure, f"A line that rises by {slope}.")
    >>> slope = Slider("slope", "Slope", (1, 2, 3), default=2)
    >>> Explorer([slope], [Panel(line, ("slope",))], question="How steep is it?")
    How steep is it?
    A line that rises by 2.
    """

    controls: Sequence[Slider]
    panels: Sequence[Panel]
    question: str = field(kw_only=True)
    play: str | None = field(default=None, kw_only=True)
    autoplay: bool = field(default=False, kw_only=True)
    _shown: dict[tuple[int, Position], Frame] = field(init=False, default_factory=dict)
    _drawn: dict[tuple[int, Position], Drawing] = field(init=False, default_factory=dict)
    _places: Places = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        checks.sentence("question", self.question)
        object.__setattr__(self, "controls", tuple(self.controls))
        object.__setattr__(self, "panels", tuple(self.panels))
        if not self.panels:
            raise ScbError("panels: expected at least one, got none.")
        names = [control.name for control in self.controls]
        if len(set(names)) < len(names):
            raise ScbError(f"controls: expected different names, got {names}.")
        for panel in self.panels:
            _check_known(f"depends of panel {panel.title!r}", panel.depends, names)
        if self.play is not None:
            _check_known("play", (self.play,), names)

    @checked
    def frame(self, panel: int, position: Position) -> Frame:
        """Return a panel's frame for JupyterLab, drawn at most once."""
        position = self._known(panel, position)
        if (panel, position) not in self._shown:
            picture = self._draw(panel, position)
            with shared_places(picture.figure, self._places):
                self._shown[panel, position] = Frame.of(picture)
        return self._shown[panel, position]

    @checked
    def drawing(self, panel: int, position: Position) -> Drawing:
        """Return a panel's drawing for a page, drawn at most once."""
        position = self._known(panel, position)
        if (panel, position) not in self._drawn:
            picture = self._draw(panel, position)
            with shared_places(picture.figure, self._places):
                lines = [named(line, f"{self._mark}{panel}-") for line in picture.svg_lines()]
            self._drawn[panel, position] = Drawing(tuple(lines), picture.words, picture.pixels[0])
        return self._drawn[panel, position]

    def _known(self, panel: int, position: Position) -> Position:
        """Return the position of a panel's controls as the tuple that it is kept by."""
        names = self.panels[checks.index("panel", panel, len(self.panels))].depends
        if len(position) != len(names):
            expected = f"a place for each of {names}"
            raise ScbError(f"position: expected {expected}, got {checks.brief(position)}.")
        counts = (len(self._control(name).values) for name in names)
        return tuple(
            checks.index(f"position[{i}]", at, count)
            for i, (at, count) in enumerate(zip(position, counts, strict=True))
        )

    def _draw(self, panel: int, position: Position) -> Picture:
        names = self.panels[panel].depends
        values = {n: self._control(n).values[at] for n, at in zip(names, position, strict=True)}
        with styled():
            picture = self.panels[panel].draw(**values)
        if not isinstance(picture, Picture):
            title = self.panels[panel].title
            raise ScbError(f"draw of panel {title!r}: expected a Picture, got {type(picture)}.")
        return picture

    def _control(self, name: str) -> Slider:
        return next(control for control in self.controls if control.name == name)

    def _start(self, panel: int) -> Position:
        return tuple(self._control(name).start for name in self.panels[panel].depends)

    @property
    def words(self) -> str:
        """The question, and what the untouched view shows."""
        seen = self.drawing if in_a_book() else self.frame
        starts = (seen(panel, self._start(panel)) for panel in range(len(self.panels)))
        return "\n".join([self.question, *(start.words for start in starts)])

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return mimebundle(self)

    def page(self) -> str:
        """Return HTML with every frame of every panel, that lives without a kernel.

        Raises
        ------
        ScbError
            If it is more than 1,000,000 bytes.
        """
        panels = range(len(self.panels))
        expected = [self.estimate(panel) for panel in panels]
        if sum(expected) > 2 * LARGEST_PAGE:  # do not draw for minutes what cannot fit
            raise self._too_large(expected, "about ")
        page = _page(self)
        if len(page.encode()) > LARGEST_PAGE:
            raise self._too_large([len(packed([self._lines(panel)])) for panel in panels], "")
        return page

    @checked
    def estimate(self, panel: int) -> int:
        """Return about how many bytes a panel adds to a page, by its default frame alone."""
        checks.index("panel", panel, len(self.panels))
        first = len(packed([[self.drawing(panel, self._start(panel)).lines]]))
        return first + round(NEXT_FRAME * first * (self._count(panel) - 1))

    def _lines(self, panel: int) -> list[tuple[str, ...]]:
        return [drawing.lines for drawing in self.drawings(panel)]

    @cached_property
    def _mark(self) -> str:
        """What the ids of this explorer begin with: other explorers stand in the page too."""
        names = [self.question, *(panel.title for panel in self.panels)]
        return "x" + hashlib.sha256("\n".join(names).encode()).hexdigest()[:5]

    @checked
    def drawings(self, panel: int) -> Iterator[Drawing]:
        """Return a panel's drawing at every position; the control named last moves fastest."""
        checks.index("panel", panel, len(self.panels))
        lengths = (len(self._control(name).values) for name in self.panels[panel].depends)
        return (self.drawing(panel, at) for at in itertools.product(*map(range, lengths)))

    def _count(self, panel: int) -> int:
        return math.prod(len(self._control(name).values) for name in self.panels[panel].depends)

    def _too_large(self, sizes: Sequence[int], about: str) -> ScbError:
        rows = [
            f"{panel.title}: {self._count(at)} frames of {panel.depends}, {about}{size:,} bytes"
            for at, (panel, size) in enumerate(zip(self.panels, sizes, strict=True))
        ]
        return ScbError(
            f"Explorer: expected at most {LARGEST_PAGE:,} bytes in a page, got {about}"
            f"{sum(sizes):,}. Give a control fewer values, let a panel depend on fewer controls, "
            "or draw smaller or simpler pictures.\n  " + "\n  ".join(rows)
        )

    @cached_property
    def widget(self) -> Any:
        """The ipywidget, made when it is first shown."""
        return _widget(self)


def _check_known(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ScbError(f"{what}: expected names of controls out of {known}, got {name!r}.")


# The page without a kernel -------------------------------------------------------------------


def _page(explorer: Explorer) -> str:
    """HTML with no ids and no requests; without scripts it shows the default."""
    panels = range(len(explorer.panels))
    images = "".join(explorer.drawing(panel, explorer._start(panel)).panel for panel in panels)
    return (
        f'<div class="scb-explorer"><style>{asset("explorer.css")}</style>'
        f"<figure><figcaption>{html.escape(explorer.question)}</figcaption>"
        f'<fieldset hidden><legend class="scb-hidden">Controls</legend>'
        f"{''.join(map(_control, explorer.controls))}</fieldset>"
        f'<div class="scb-panels">{images}</div>'
        f'<p class="scb-hidden" role="status"></p></figure>'
        f'<script type="application/json">{script_json(_data(explorer))}</script>'
        f"<script>{asset('explorer.js')}</script></div>\n"
    )


def _control(control: Slider) -> str:
    last, start = len(control.values) - 1, control.start
    shown = html.escape(control.labels[start])
    return (
        f'<div class="scb-control"><label><span>{html.escape(control.label)}</span>'
        f'<input type="range" min="0" max="{last}" value="{start}" aria-valuetext="{shown}" '
        f'autocomplete="off" data-name="{control.name}"></label>'
        f'<output aria-live="off">{shown}</output></div>'
    )


def _data(explorer: Explorer) -> dict[str, Any]:
    """Everything that the script needs."""
    names = [control.name for control in explorer.controls]
    return {
        "labels": [control.labels for control in explorer.controls],
        "play": None if explorer.play is None else names.index(explorer.play),
        "autoplay": explorer.autoplay,
        "step": STEP_MS,
        "depends": [[names.index(name) for name in panel.depends] for panel in explorer.panels],
        "packed": packed([explorer._lines(p) for p in range(len(explorer.panels))]),
    }


# The live widget -----------------------------------------------------------------------------


def _widget(explorer: Explorer) -> Any:
    import ipywidgets  # only when shown: it takes longer to import than all the rest

    sliders = {control.name: _slider(control) for control in explorer.controls}
    images = [ipywidgets.HTML() for _ in explorer.panels]

    def redraw(panel: int) -> None:
        position = tuple(sliders[name].index for name in explorer.panels[panel].depends)
        images[panel].value = _live_image(explorer, panel, position)

    for at, panel in enumerate(explorer.panels):
        redraw(at)
        for name in panel.depends:
            sliders[name].observe(lambda _, at=at: redraw(at), names="index")
    question = ipywidgets.HTML(f"<strong>{html.escape(explorer.question)}</strong>")
    rows = [_row(slider, name == explorer.play) for name, slider in sliders.items()]
    wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap")
    return ipywidgets.VBox([question, *rows, ipywidgets.Box(images, layout=wrap)])


def _slider(control: Slider) -> Any:
    import ipywidgets

    return ipywidgets.SelectionSlider(
        options=[(label, at) for at, label in enumerate(control.labels)],
        value=control.start,
        description=control.label,
        continuous_update=False,
        style={"description_width": "initial"},  # a long label is not cut
        layout=ipywidgets.Layout(width="100%", max_width="36rem"),
    )


def _row(slider: Any, played: bool) -> Any:
    """Return the slider, with buttons that run through its positions if it is to be played."""
    import ipywidgets

    if not played:
        return slider
    last = len(slider.options) - 1
    play = ipywidgets.Play(value=slider.index, max=last, interval=2 * STEP_MS)
    ipywidgets.jslink((play, "value"), (slider, "index"))
    return ipywidgets.HBox([slider, play])


def _live_image(explorer: Explorer, panel: int, position: Position) -> str:
    """Return the panel's element; what goes wrong after a move is told where the reader looks."""
    try:
        return explorer.frame(panel, position).image
    except Exception as error:
        if position == explorer._start(panel):
            raise  # the untouched view: the cell itself fails
        what = html.escape(f"{type(error).__name__}: {error}")
        return f'<p role="alert">This picture could not be drawn. {what}</p>'
