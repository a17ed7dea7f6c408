"""The explorers of chapter 2: controls over its pictures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.figures.picture import token_names
from scb_edu.model.gradients import (
    bayes_loss,
)
from scb_edu.model.task import Batch, SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support.signatures import checked
from scb_edu.theory.dynamics import (
    saddle,
    signal_loss,
)
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import task_or_example


@checked
def loss_landscape(task: SCBTask | None = None) -> Explorer:
    """Return the two signals over a prediction beside the truth, and over the loss.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example with T = 32.

    Returns
    -------
    Explorer
        The prediction for one context, whose last token looks at C twice in the running example.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, or its P or Q is uniform.

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.loss_landscape().controls[0].labels
    ('-1', '-2/3', '-1/3', '0', '1/3', '2/3', '1')
    """
    shown = task_or_example(task, 32)
    sample = shown.sample(1, np.random.default_rng(1))
    truth = shown.output_distribution(sample.tokens, sample.last)[0]
    best, bottom, seen = bayes_loss(shown), saddle(shown), _seen(shown, sample)
    alphas = np.linspace(-1.2, 1.2, 97)
    excess = signal_loss(shown, alphas[None, :], alphas[:, None])

    def prediction(value: float, attention: float) -> Picture:
        model = LinearTransformer.from_signals(shown, value, attention)
        guess = model.predict(sample.tokens, sample.last)[0]
        return figures.prediction_beside_truth(guess, truth, seen)

    def surface(value: float, attention: float) -> Picture:
        loss = best + signal_loss(shown, value, attention)
        low = (bottom.value, bottom.attention)
        return figures.surface_point(alphas, excess, low, (value, attention), loss, best)

    thirds = [step / 3 for step in range(-3, 4)]
    controls = [
        Slider(name, label, thirds, default=0.0, format=_as_fraction)
        for name, label in [("value", "What: alpha_V"), ("attention", "Where: alpha_A")]
    ]
    panels = [Panel(draw, ("value", "attention")) for draw in (prediction, surface)]
    question = "Which signal helps alone, and can two wrongs make a right?"
    return Explorer(controls, panels, question=question)


def _seen(task: SCBTask, sample: Batch) -> str:
    """Return in words what the last token of a sample looks at."""
    names, last = token_names(task.vocab_size), int(sample.last[0])
    looked = [names[sample.tokens[0, t]] for t in np.flatnonzero(task.attention[:, last])]
    *first, end = looked
    found = f"{', '.join(first)} and {end}" if first else end
    return f"After {names[last]}, looking at {found}"


def _as_fraction(number: float) -> str:
    return str(Fraction(number).limit_denominator(9))
