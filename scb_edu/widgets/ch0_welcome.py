"""The explorers of the welcome page: controls over its pictures."""

from __future__ import annotations

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import Flow, signal_flow, stages
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import task_or_example


@checked
def two_stages(task: SCBTask | None = None) -> Explorer:
    """Return the moving picture of the welcome page: V and A on their way from uniform to truth.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example.

    Returns
    -------
    Explorer
        One control, the time; the matrices and the signals of the exact flow at that time.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.two_stages().controls[0].labels[:3]
    ('0.4', '0.5', '0.6')
    """
    shown = task_or_example(task, 24)
    end, fall = stages(shown)
    t_end = 400 if task is None else 30 * fall  # the same shares of the axis
    flow = signal_flow(shown, t_end=t_end, points=4001)
    stops, path = (  # even on a log axis
        np.unique(np.geomspace(4, 4000, points).round().astype(int)) for points in (36, 400)
    )
    path = np.union1d(stops, path)  # so that the dots stand where the slider does
    times, value, attention = flow.t[path], flow.value[path], flow.attention[path]
    limits = (_largest_value(shown, flow), float(shown.attention.max()))

    def matrices(time: float) -> Picture:
        at = int(np.searchsorted(flow.t, time))
        model = LinearTransformer.from_signals(shown, flow.value[at], flow.attention[at])
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


def _largest_value(task: SCBTask, flow: Flow) -> float:
    """Return the largest entry of V on its way: it overshoots, which A does not."""
    models = (LinearTransformer.from_signals(task, top, 0) for top in (0, flow.value.max()))
    return max(float(model.value.max()) for model in models)
