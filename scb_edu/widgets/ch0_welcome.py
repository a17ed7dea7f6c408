"""The explorers of the welcome page: controls over its pictures."""

from __future__ import annotations

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.theory.dynamics import signal_flow, stages
from scb_edu.widgets.explorer import Explorer, Panel, Slider


def two_stages() -> Explorer:
    """Return the moving picture of the welcome page: V and A on their way from uniform to truth.

    Returns
    -------
    Explorer
        One control, the time; the matrices and the signals of the exact flow at that time.

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.two_stages().controls[0].labels[:3]
    ('0.4', '0.5', '0.6')
    """
    task = SCBTask.example(24)
    flow = signal_flow(task, t_end=400, points=4001)
    stops, path = (  # even on a log axis
        np.unique(np.geomspace(4, 4000, points).round().astype(int)) for points in (36, 400)
    )
    path = np.union1d(stops, path)  # so that the dots stand where the slider does
    times, value, attention = flow.t[path], flow.value[path], flow.attention[path]
    end = stages(task).first
    limits = (0.85, float(task.attention.max()))  # V overshoots, A does not

    def matrices(time: float) -> Picture:
        at = int(np.searchsorted(flow.t, time))
        model = LinearTransformer.from_signals(task, flow.value[at], flow.attention[at])
        return figures.moving_matrices(model.value, model.attention, time=time, limits=limits)

    def signals(time: float) -> Picture:
        return figures.moving_signals(times, value, attention, now=time, stage_end=end)

    moments = flow.t[stops].tolist()
    return Explorer(
        [Slider("time", "Training time", moments, default=moments[-1], format="{:.3g}")],
        [Panel(matrices, ("time",)), Panel(signals, ("time",))],
        question="When does the model find out what to say, and where to look?",
        play="time",
        autoplay=True,
    )
