"""Training live in the page: in JupyterLab as a widget, in a book without a kernel."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, SoftmaxTransformer, signals
from scb_edu.support import checks
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import FALLEN, FLAT, Flow, excess_time, growth_rate, signal_flow
from scb_edu.training.optimizers import Optimizer
from scb_edu.widgets.explorer import Frame
from scb_edu.widgets.inline import asset, joined, mimebundle, script_json
from scb_edu.widgets.playground_settings import (
    DEFAULTS,
    BatchSize,
    Lane,
    Settings,
    check_sizes,
    lane_settings,
    second_lane,
    task_settings,
    within,
)

__all__ = ["CHARTS", "CONTROLS", "Playground", "playground"]

LARGEST_PLAYGROUND = 150_000  # bytes that one may add to a page
CHARTS = ("attention", "value", "signals", "portrait", "loss", "many", "samples")
"""What a playground can draw."""
CONTROLS = (
    *(name for name in DEFAULTS if name not in ("version", "other", "steps")),
    "preset",
    "export",
    "link",
)
"""What a reader can be given to change: settings, ready comparisons, and the way out."""
MANY = 20  # seeds side by side
GROWTH_TIMES = 50.0  # how far the still picture follows the flow
QUESTION = "What happens while it learns?"
METHODS = {
    "plain": "plain SGD",
    "projected": "projected SGD",
    "preconditioned": "the preconditioned, projected gradient",
    "proximal": "the proximal method",
    "momentum": "momentum",
    "adam": "Adam",
}


@checked
def playground(
    task: SCBTask | None = None,
    model: LinearTransformer | SoftmaxTransformer | None = None,
    optimizer: Optimizer | None = None,
    *,
    batch_size: BatchSize = 64,
    penalty_from: float = 0.0,
    seed: int = 1,
    beside: Mapping[str, Any] | None = None,
    many: bool = False,
    question: str = QUESTION,
    controls: Sequence[str] | None = None,
    charts: Sequence[str] | None = None,
    log: bool = False,
    speed: int = 1,
    autoplay: bool = False,
    link: bool = False,
) -> Playground:
    """Return a playground: training that a reader starts, watches and changes.

    Parameters
    ----------
    task : SCBTask, optional
        With up to 8 tokens and contexts of 8 to 4000 positions; the running example if left out.
    model : LinearTransformer or SoftmaxTransformer, optional
        Where the run starts; from scratch if left out.
    optimizer : Optimizer, optional
        ``SGD``, ``ProjectedSGD``, ``ProximalGradient``, ``Momentum`` or ``Adam``, with constant
        rates; if left out, the proximal method, for softmax the preconditioned gradient.
    batch_size : int or FallingSpending
        1 to 4096, or the schedule of chapter 6, ``falling_spending(task, c=1.7, d=4)``.
    penalty_from : float
        The time, learning rate times steps, from which the penalty acts.
    seed : int
        Of the samples. The page draws its own random numbers: they follow the law of the task, and
        are others than those of ``train``.
    beside : mapping, optional
        What a second run on the same samples has in place of ``model``, ``optimizer``,
        ``batch_size`` or ``penalty_from``.
    many : bool
        Whether to run twenty seeds at once.
    question : str
        What the reader should find out.
    controls, charts : sequences of str, optional
        Names out of ``CONTROLS`` and ``CHARTS``; all if left out.
    log : bool
        Whether the samples are counted on a logarithmic axis.
    speed : int
        From 1, a hundred steps a second, to 100, as many as there is time for.
    autoplay : bool
        Whether it starts by itself when it comes into view; never for a reader who asked for less
        motion.
    link : bool
        Whether the address of the page keeps the settings.

    Returns
    -------
    Playground

    Raises
    ------
    ScbError
        An argument is not as described, or is something that the page cannot run.

    Notes
    -----
    Book: train-it-yourself, sec-train-it-yourself.

    Examples
    --------
    >>> import scb_edu as scb
    >>> from scb_edu import widgets
    >>> task = scb.SCBTask.example(100)
    >>> both = widgets.playground(task, optimizer=scb.SGD(0.02),
    ...                           beside={"optimizer": scb.ProximalGradient(0.02, penalty=0.005)})
    >>> both.settings["method"], both.settings["other"]
    ('plain', {'method': 'proximal'})
    """
    checks.sentence("question", question)
    task = SCBTask.example(DEFAULTS["T"]) if task is None else task
    check_sizes(task)
    first = Lane(model, optimizer, batch_size, penalty_from)
    lanes, pretrained = _lanes(first, beside, task, many)
    sizes, given = task_settings(task, pretrained)
    view = {
        "seed": int(within("seed", checks.natural("seed", seed), "seed")),
        "log": bool(log),
        "speed": int(within("speed", checks.positive_int("speed", speed), "speed")),
    }
    start = (0.0, 0.0) if model is None else _start_of(model, task)
    return Playground(
        {**DEFAULTS, **sizes, **lanes, **view},
        given,
        task,
        start,
        question=question,
        controls=_known("controls", controls, CONTROLS),
        charts=_known("charts", charts, CHARTS),
        autoplay=autoplay,
        link=link,
    )


def _lanes(
    first: Lane, beside: Mapping[str, Any] | None, task: SCBTask, many: bool
) -> tuple[Settings, Settings | None]:
    """Return the settings of one run or two, and the model that has to be given for them."""
    settings, given = lane_settings(first, task)
    if beside is None:
        return {**settings, "lanes": MANY if many else 1}, given
    if many:
        raise ScbError("many: expected False where something stands beside, got True.")
    other, given_other = lane_settings(second_lane(first, beside), task)
    if given and given_other and given != given_other:
        raise ScbError(
            "beside: expected one pretrained model in a playground, got two that differ; "
            "a start from scratch or along P - mu 1^T needs no model of its own."
        )
    whole = {**DEFAULTS, **settings}
    different = {name: value for name, value in other.items() if whole[name] != value}
    if not different:
        raise ScbError(f"beside: expected something that differs, got {dict(beside)}.")
    return {**settings, "lanes": 2, "other": different}, given or given_other


def _start_of(model: LinearTransformer | SoftmaxTransformer, task: SCBTask) -> tuple[float, float]:
    found = signals(model, task)
    return found.value, found.attention


def _known(what: str, names: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...] | None:
    if names is None:
        return None
    for name in names:
        if name not in known:
            raise ScbError(f"{what}: expected names out of {tuple(known)}, got {name!r}.")
    return tuple(names)


@checked
@dataclass(frozen=True, repr=False, eq=False)
class Playground:
    """Training that a reader starts, watches and changes; made by ``playground``.

    To be left as the last expression of a cell. In JupyterLab it is a widget whose settings and
    trajectory can be read while it runs. Where a book is built (the environment variable
    ``SCB_EDU_FRAMES`` is ``1``) it is a piece of HTML that trains without a kernel and without a
    network; where scripts may not run it is a still picture.

    Parameters
    ----------
    begin : dict
        All settings, as it opens.
    given : dict, optional
        What the page cannot make by itself: a task, a pretrained model.
    task : SCBTask
    start : (alpha_V, alpha_A)
        Where the first run begins.
    question : str
    controls, charts : tuples of str, optional
    autoplay, link : bool

    Raises
    ------
    ScbError
        When it is shown: it would add more than 150,000 bytes to a page.

    Notes
    -----
    Book: train-it-yourself, sec-train-it-yourself.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.playground(question="How long is the wait?")  # doctest: +ELLIPSIS
    How long is the wait?
    Training to run here: the proximal method, learning rate 0.02, 64 samples a step, ...
    """

    begin: Settings
    given: Settings | None
    task: SCBTask
    start: tuple[float, float]
    question: str = QUESTION
    controls: tuple[str, ...] | None = None
    charts: tuple[str, ...] | None = None
    autoplay: bool = False
    link: bool = False

    @property
    def settings(self) -> Settings:
        """The settings as they stand now, also after a reader in JupyterLab moved controls."""
        return deepcopy(self._progress.get("settings") or self.begin)

    @property
    def trajectory(self) -> pd.DataFrame:
        """What was recorded of the runs so far, a row a record, with the number of its lane.

        Examples
        --------
        >>> from scb_edu import widgets
        >>> list(widgets.playground().trajectory.columns)
        ['lane', 'samples', 'alpha_V', 'alpha_A', 'excess']
        """
        lanes = [_records(*lane) for lane in enumerate(self._progress.get("lanes", ()), start=1)]
        return pd.concat([_records(0, {}), *lanes], ignore_index=True)

    @property
    def python(self) -> str:
        """The lines of Python that do the same; empty while it runs and until it was shown."""
        return str(self._progress.get("python", ""))

    @property
    def _progress(self) -> Mapping[str, Any]:
        shown = "widget" in vars(self)
        return self.widget.progress if shown else {}

    @cached_property
    def widget(self) -> Any:
        """The widget of JupyterLab, made when it is first shown."""
        return _widget_class()(**self._traits, css=asset("playground.css"))

    @property
    def _traits(self) -> dict[str, Any]:
        """What the page or the widget is told, but for scripts and styles."""
        lists = {
            name: getattr(self, name) and list(getattr(self, name))
            for name in ("controls", "charts")
        }
        names = ("given", "question", "autoplay", "link")
        return {"settings": self.begin, **{name: getattr(self, name) for name in names}, **lists}

    @cached_property
    def still(self) -> Picture:
        """The picture that stands where no script may run, the signals with exact gradients."""
        end = GROWTH_TIMES / growth_rate(self.task)
        flow = signal_flow(self.task, start=self.start, t_end=end, points=2001)
        path = Flow(flow.t[2:], flow.value[2:], flow.attention[2:])  # a log axis has no 0
        return figures.signal_stages(path, *self._stages(flow))

    def _stages(self, flow: Flow) -> tuple[float, float]:
        """Return when stage 1 and the fall end: never, if the run goes to the wrong side."""
        if flow.value[-1] < 0 or np.allclose(self.start, 1):
            return math.inf, math.inf
        first, fall = (excess_time(self.task, left, start=self.start) for left in (FLAT, FALLEN))
        return first, fall

    @property
    def words(self) -> str:
        """The question, what is to run, and what exact gradients do."""
        return "\n".join([self.question, _told(self.begin), f"With exact gradients: {self.still}"])

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return mimebundle(self)

    def page(self) -> str:
        """Return HTML that trains without a kernel, and is a still picture without scripts.

        Raises
        ------
        ScbError
            If it is more than 150,000 bytes.
        """
        page = _page(self)
        size = len(page.encode())
        if size > LARGEST_PLAYGROUND:
            raise ScbError(
                f"playground: expected at most {LARGEST_PLAYGROUND:,} bytes in a page, got "
                f"{size:,}. Give it a model with uniform attention, or a task that looks at fewer "
                "positions."
            )
        return page


def _records(lane: int, told: Mapping[str, Any]) -> pd.DataFrame:
    names = {"samples": "samples", "value": "alpha_V", "attention": "alpha_A", "excess": "excess"}
    columns = {name: np.array(told.get(key, ()), dtype=float) for key, name in names.items()}
    frame = pd.DataFrame({"lane": lane, **columns})
    return frame.astype({"lane": int, "samples": int})


def _told(settings: Settings) -> str:
    """Return in a sentence or two what is to run."""
    penalty = f", penalty {settings['penalty']:g}" if settings["method"] == "proximal" else ""
    attention = "softmax attention, " if settings["attention"] == "softmax" else ""
    return (
        f"Training to run here: {attention}{METHODS[settings['method']]}, learning rate "
        f"{settings['rate']:g}, {_told_batch(settings)}{penalty}; N = {settings['N']}, "
        f"T = {settings['T']:,}, Q = {settings['Q']}.{_told_lanes(settings)}"
    )


def _told_batch(settings: Settings) -> str:
    if settings["schedule"] == "falling":
        return "as many samples a step as the falling schedule says"
    return f"{settings['batch']:,} sample{'s' * (settings['batch'] > 1)} a step"


def _told_lanes(settings: Settings) -> str:
    if settings["lanes"] == MANY:
        return f" {MANY} seeds at once."
    different = ", ".join(f"{name} {value}" for name, value in settings["other"].items())
    return f" Beside it, on the same samples: {different}." if different else ""


# The page without a kernel -------------------------------------------------------------------

STILL = (
    "This picture stands where no script runs: the two signals with exact gradients. Where scripts "
    "run, training does, in its place."
)


MODULES = [f"live/{name}" for name in ("training", "settings", "charts", "controls", "view")]


def _page(playground: Playground) -> str:
    """HTML with no ids and no requests; without scripts it shows the still picture."""
    data = {**playground._traits, "progress": {}, "css": asset("playground.css")}
    return (
        f'<div class="scb-live"><figure class="scb-still">'
        f"<figcaption>{html.escape(playground.question)}</figcaption>"
        f"{Frame.of(playground.still).image}<p>{STILL}</p></figure>"
        f'<script type="application/json">{script_json(data)}</script>'
        f'<script type="module">{joined(MODULES)}\n{asset("playground.js")}</script></div>\n'
    )


# The live widget -----------------------------------------------------------------------------


@cache
def _widget_class() -> Any:
    """Return the class of the widget, made when it is first shown: its packages load slowly."""
    import anywidget
    import traitlets

    whole = {
        name: kind().tag(sync=True)
        for name, kind in {
            "settings": traitlets.Dict,
            "progress": traitlets.Dict,
            "question": traitlets.Unicode,
            "css": traitlets.Unicode,
            "autoplay": traitlets.Bool,
            "link": traitlets.Bool,
        }.items()
    }
    optional = {
        name: kind(allow_none=True).tag(sync=True)
        for name, kind in {
            "given": traitlets.Dict,
            "controls": traitlets.List,
            "charts": traitlets.List,
        }.items()
    }
    parts = {**whole, **optional, "_esm": joined(MODULES), "__module__": __name__}
    return type("PlaygroundWidget", (anywidget.AnyWidget,), parts)
