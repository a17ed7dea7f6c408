"""The explorers of chapter 3: controls over its pictures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.gradients import gradient, population_gradient, precondition
from scb_edu.model.similarity import compare_gradients, noise_scale
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support.checks import Array
from scb_edu.widgets.explorer import Explorer, Panel, Slider

PUSH_LIMITS = (-0.12, 0.14)  # hold the noisiest batch: what shrinks is the noise, not the axis


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
        close = compare_gradients(sampled, exact)
        return figures.push_on_column(exact[:, 0], sampled[:, 0], samples, close, PUSH_LIMITS)

    def cosine(samples: int, context: int, seed: int) -> Picture:
        exact = _attention_push(context)
        drawn = {M: _attention_push(context, M, seed) for M in sizes}
        needed = np.mean([noise_scale([one], exact, M) for M, one in drawn.items()])
        cosines = np.array([compare_gradients(one, exact).cosine for one in drawn.values()])
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
