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
from scb_edu.support.signatures import checked
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import ITS_OWN, with_lengths

PUSH_LIMITS = (-0.12, 0.14)  # hold the noisiest batch: what shrinks is the noise, not the axis


@checked
def gradient_noise(task: SCBTask | None = None) -> Explorer:
    """Return batch size and context length over a sampled and the exact gradient of A.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example; its context length is then no control.

    Returns
    -------
    Explorer
        The push on one column, and the cosine of the whole gradient. The model stands at
        alpha_V = 1/2, alpha_A = 0.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

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

    lengths = Slider("context", "Context length T", (8, 32, 128, 512), default=128)
    of_length, own_lengths = with_lengths(task, lengths)
    limits = PUSH_LIMITS if task is None else _push_limits(task, sizes[0])

    def push(samples: int, seed: int, context: int = ITS_OWN) -> Picture:
        shown = of_length(context)
        exact, sampled = _attention_push(shown), _attention_push(shown, samples, seed)
        close = compare_gradients(sampled, exact)
        return figures.push_on_column(exact[:, 0], sampled[:, 0], samples, close, limits)

    def cosine(samples: int, seed: int, context: int = ITS_OWN) -> Picture:
        shown = of_length(context)
        exact = _attention_push(shown)
        drawn = {M: _attention_push(shown, M, seed) for M in sizes}
        needed = np.mean([noise_scale([one], exact, M) for M, one in drawn.items()])
        cosines = np.array([compare_gradients(one, exact).cosine for one in drawn.values()])
        return figures.cosine_against_samples(
            sizes, cosines, float(needed), shown.context_length, samples
        )

    controls = [
        Slider("samples", "Samples M", sizes, default=1024),
        *own_lengths,
        Slider("seed", "Seed", (0, 1), default=0),
    ]
    names = tuple(control.name for control in controls)
    panels = [Panel(draw, names) for draw in (push, cosine)]
    question = "How many samples until the direction of A's gradient is visible?"
    return Explorer(controls, panels, question=question)


def _push_limits(task: SCBTask, fewest: int) -> tuple[float, float]:
    """Return limits that hold the noisiest pushes on column A."""
    pushes = [_attention_push(task, fewest, seed)[:, 0] for seed in (0, 1)]
    return 1.05 * float(np.min(pushes)), 1.05 * float(np.max(pushes))


@lru_cache(maxsize=64)
def _attention_push(task: SCBTask, samples: int | None = None, seed: int = 0) -> Array:
    """Minus the preconditioned gradient of A (T, N): exact, or from a number of samples."""
    model = LinearTransformer.from_signals(task, 0.5, 0)
    if samples is None:
        raw = population_gradient(model, task)
    else:
        raw = gradient(model, task.sample(samples, np.random.default_rng([seed, samples])))
    return -precondition(raw, task.stationary).attention
