"""The explorers of chapter 1: controls over its pictures."""

from __future__ import annotations

import numpy as np

from scb_edu import figures
from scb_edu.figures import Picture
from scb_edu.model.gradients import (
    bayes_loss,
    population_loss,
)
from scb_edu.model.information import entropy, output_entropy
from scb_edu.model.random_tasks import random_attention, random_transition
from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer
from scb_edu.support.errors import ScbError
from scb_edu.support.signatures import checked
from scb_edu.widgets.explorer import Explorer, Panel, Slider
from scb_edu.widgets.own_task import task_or_example

LONGEST = 16  # positions that one can tell apart in a drawn sequence


@checked
def one_sequence(task: SCBTask | None = None) -> Explorer:
    """Return the running example step by step: where the last token looks, what comes out.

    Parameters
    ----------
    task : SCBTask, optional
        One of your own in place of the running example, with at most 16 positions: each is
        drawn. The running example, if `use_example` made it longer, is shown with 16.

    Returns
    -------
    Explorer
        Two controls, the step and the sequence.

    Raises
    ------
    ScbError
        ``task`` is not an SCBTask, its P or Q is uniform, or its contexts are longer.

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> print(widgets.one_sequence().words.splitlines()[1].split(":")[0])
    Step 5 of 5
    """
    shown = task_or_example(task)
    if task is None and shown.context_length > LONGEST:
        shown = SCBTask.example(LONGEST)
    if shown.context_length > LONGEST:
        raise ScbError(
            f"task: expected at most {LONGEST} positions, of which each is drawn, got "
            f"context_length = {shown.context_length}."
        )

    def sequence(step: int, seed: int) -> Picture:
        rng = np.random.default_rng(seed)
        *tokens, last = rng.choice(shown.vocab_size, shown.context_length + 1, p=shown.stationary)
        position = int(rng.choice(shown.context_length, p=shown.attention[:, last]))
        output = int(rng.choice(shown.vocab_size, p=shown.transition[:, tokens[position]]))
        return figures.sequence(shown, tokens, int(last), position, output, steps=step)

    return Explorer(
        [
            Slider("step", "Step", range(1, 6), default=5),
            Slider("seed", "Sequence", range(1, 7), default=1),
        ],
        [Panel(sequence, ("seed", "step"))],
        question="Which position does the last token pick, and what comes out?",
        play="step",
    )


def build_a_task() -> Explorer:
    """Return a task to build: P, Q, and how much of the output stays unknown.

    Returns
    -------
    Explorer
        Five controls: N, T, Q, how peaked P is, and the seed of the random numbers.

    Notes
    -----
    P and Q are drawn from generators of their own: a control changes nothing else.
    Book: 01-bigrams, eq-bayes-loss.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.build_a_task().controls]
    ['N', 'T', 'Q', 'peak', 'seed']
    """

    def task(N: int, T: int, Q: int, peak: float, seed: int) -> SCBTask:
        P = random_transition(N, np.random.default_rng([seed, 0]), concentration=peak)
        return SCBTask(P, random_attention(N, T, Q, np.random.default_rng([seed, 1])))

    def transition(N: int, peak: float, seed: int) -> Picture:
        built = task(N, 1, 1, peak, seed)
        return figures.transition_panel(built.transition, built.stationary)

    def attention(N: int, T: int, Q: int, seed: int) -> Picture:
        return figures.attention_panel(task(N, T, Q, 1.0, seed).attention)

    def unknown(N: int, Q: int, peak: float, seed: int) -> Picture:
        # of any length that holds Q positions: the weights are the same for all
        built, pointer = task(N, Q, Q, peak, seed), task(N, 1, 1, peak, seed)
        nothing = float(entropy(built.stationary))
        bits = [nothing, output_entropy(built), output_entropy(pointer)]
        blind = population_loss(LinearTransformer.initial(built), built)
        losses = [blind, bayes_loss(built), bayes_loss(pointer)]
        return figures.unknown_panel(bits, losses, float(np.log2(N)))

    peaks = {10.0: "nearly uniform", 1.0: "mixed", 0.1: "peaked"}
    return Explorer(
        [
            Slider("N", "Tokens, N", (3, 6), default=3),
            Slider("T", "Context length, T", (8, 16, 32), default=8),
            Slider("Q", "Positions looked at, Q", (1, 2, 4), default=2),
            Slider("peak", "How peaked P is", tuple(peaks), default=1.0, format=peaks.__getitem__),
            Slider("seed", "Seed", (1, 2, 3), default=1),
        ],
        [
            Panel(transition, ("N", "peak", "seed")),
            Panel(attention, ("N", "T", "Q", "seed")),
            Panel(unknown, ("N", "Q", "peak", "seed")),
        ],
        question="What makes the output easier to guess: a shorter context, fewer positions, "
        "or a more peaked P?",
    )
