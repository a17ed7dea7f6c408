"""The explorers of chapter 2: controls over its pictures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.gradients import (
    bayes_loss,
)
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.theory.dynamics import (
    saddle,
    signal_loss,
)
from scb_edu.widgets.explorer import Explorer, Panel, Slider


def loss_landscape() -> Explorer:
    """Return the two signals over a prediction beside the truth, and over the loss.

    Returns
    -------
    Explorer
        The running example with T = 32, and one context whose last token looks at C twice.

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.loss_landscape().controls[0].labels
    ('-1', '-2/3', '-1/3', '0', '1/3', '2/3', '1')
    """
    task = SCBTask.example(32)
    sample = task.sample(1, np.random.default_rng(1))
    truth = task.output_distribution(sample.tokens, sample.last)[0]
    best, bottom = bayes_loss(task), saddle(task)
    alphas = np.linspace(-1.2, 1.2, 97)
    excess = signal_loss(task, alphas[None, :], alphas[:, None])

    def prediction(value: float, attention: float) -> Picture:
        model = LinearTransformer.from_signals(task, value, attention)
        guess = model.predict(sample.tokens, sample.last)[0]
        return figures.prediction_beside_truth(guess, truth, "After C, looking at C and C")

    def surface(value: float, attention: float) -> Picture:
        loss = best + signal_loss(task, value, attention)
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


def _as_fraction(number: float) -> str:
    return str(Fraction(number).limit_denominator(9))
