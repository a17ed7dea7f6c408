"""The explorers of the book: controls over figures, computed by the library."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.checks import Array
from scb_edu.dynamics import escape_time, signal_flow
from scb_edu.explorer import Explorer, Panel, Slider
from scb_edu.figures import Picture
from scb_edu.gradients import closeness, gradient, population_gradient, precondition
from scb_edu.task import SCBTask
from scb_edu.transformer import LinearTransformer

# Welcome -------------------------------------------------------------------------------------


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
    path = np.unique(np.geomspace(4, 4000, 400).round().astype(int))  # even on a log axis
    times, value, attention = flow.t[path], flow.value[path], flow.attention[path]
    end = escape_time(task, 0.5)
    limits = (0.85, float(task.attention.max()))  # V overshoots, A does not

    def matrices(time: float) -> Picture:
        at = int(np.searchsorted(flow.t, time))
        model = LinearTransformer.from_signals(task, flow.value[at], flow.attention[at])
        return figures.moving_matrices(model.value, model.attention, time=time, limits=limits)

    def signals(time: float) -> Picture:
        return figures.moving_signals(times, value, attention, now=time, stage_end=end)

    moments = flow.t[np.unique(np.geomspace(4, 4000, 36).round().astype(int))].tolist()
    return Explorer(
        [Slider("time", "Training time", moments, default=moments[-1], format="{:.3g}")],
        [Panel(matrices, ("time",)), Panel(signals, ("time",))],
        question="When does the model find out what to say, and where to look?",
        play="time",
        autoplay=True,
    )


# Chapter 3 -----------------------------------------------------------------------------------


def gradient_noise() -> Explorer:
    """Return batch size and context length over a sampled and the exact gradient of A.

    Returns
    -------
    Explorer
        The push on one column, and the cosine of the whole gradient. The model stands at
        alpha_V = 1/2, alpha_A = 0.

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.gradient_noise().controls]
    ['samples', 'context', 'seed']
    """
    sizes = (16, 64, 256, 1024, 4096)

    def push(samples: int, context: int, seed: int) -> Picture:
        exact = _attention_push(context)
        sampled = _attention_push(context, samples, seed)
        return figures.push_on_column(
            exact[:, 0], sampled[:, 0], samples, closeness(sampled, exact)
        )

    def cosine(samples: int, context: int, seed: int) -> Picture:
        exact = _attention_push(context)
        close = [closeness(_attention_push(context, M, seed), exact) for M in sizes]
        needed = np.mean([M * c.relative_error**2 for M, c in zip(sizes, close, strict=True)])
        cosines = np.array([c.cosine for c in close])
        return figures.cosine_against_samples(sizes, cosines, float(needed), context, samples)

    controls = [
        Slider("samples", "Samples M", sizes, default=1024),
        Slider("context", "Context length T", (8, 32, 128, 512), default=128),
        Slider("seed", "Seed", (0, 1), default=0),
    ]
    panels = [Panel(draw, ("samples", "context", "seed")) for draw in (push, cosine)]
    question = "How many samples until the direction of A's gradient is visible?"
    return Explorer(controls, panels, question=question)


@lru_cache(maxsize=64)
def _attention_push(context: int, samples: int | None = None, seed: int = 0) -> Array:
    """Minus the preconditioned gradient of A (T, N): exact, or from a number of samples."""
    task = SCBTask.example(context)
    model = LinearTransformer.from_signals(task, 0.5, 0)
    if samples is None:
        raw = population_gradient(model, task)
    else:
        raw = gradient(model, task.sample(samples, np.random.default_rng([seed, samples])))
    return -precondition(raw, task.stationary).attention
