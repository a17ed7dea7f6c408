"""Pictures of transfer: what is carried over, and a downstream run beside the flow."""

from __future__ import annotations

import numpy as np

from scb_edu.figures.palette import ATTENTION, THEORY, TRUTH, VALUE
from scb_edu.figures.picture import (
    Picture,
    count_samples,
    heatmap,
    new_figure,
    styled,
    token_names,
)
from scb_edu.support.checks import Array
from scb_edu.support.signatures import drawn
from scb_edu.training.trajectory import Trajectory

TRIPLE = (5.2, 2.5)
PANEL = (4.2, 3.2)


@drawn(deviation="N N", along="N N", beside="N N")
@styled()
def carried(deviation: Array, along: Array, beside: Array, theta: float) -> Picture:
    """Draw what a pretrained V knows as a part along the truth and a part beside it.

    Parameters
    ----------
    deviation, along, beside : (N, N) arrays
        P' - mu 1^T, theta (P - mu 1^T), and the rest.
    theta : float

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, eq-correlation.

    Examples
    --------
    >>> import numpy as np
    >>> from scb_edu.figures import carried
    >>> along = np.array([[0.1, -0.1], [-0.1, 0.1]])
    >>> carried(along, along, 0 * along, 1.0)
    What a pretrained V knows, entries up to 0.10, is 1 times the truth, up to 0.10, and a rest up \
to 0.00 beside it.
    """
    figure, axes = new_figure(*TRIPLE, ncols=3, sharey=True)
    parts = [deviation, along, beside]
    largest = float(max(np.abs(part).max() for part in parts))
    titles = ["pretrained", rf"= {theta:g} × truth", "+ beside it"]
    names = token_names(len(deviation))
    for ax, part, title in zip(axes, parts, titles, strict=True):
        heatmap(ax, part, limits=(-largest, largest), form="{:+.2f}")
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.set(title=title, aspect="auto")
    sizes = [f"{np.abs(part).max():.2f}" for part in parts]
    words = (
        f"What a pretrained V knows, entries up to {sizes[0]}, is {theta:g} times the truth, up to "
        f"{sizes[1]}, and a rest up to {sizes[2]} beside it."
    )
    return Picture(figure, words)


@drawn(flow="n")
@styled()
def transfer_course(run: Trajectory, flow: tuple[Array, Array, Array], title: str) -> Picture:
    """Draw the signals of one downstream run over the samples seen, beside those of the flow.

    Parameters
    ----------
    run : Trajectory
    flow : (samples, alpha_V, alpha_A), three (n,) arrays
        Drawn thin and grey.
    title : str

    Returns
    -------
    Picture

    Notes
    -----
    Book: 07-transfer, eq-transfer-flow.

    Examples
    --------
    >>> import numpy as np, scb_edu as scb
    >>> from scb_edu.figures import transfer_course
    >>> task = scb.SCBTask.example()
    >>> start = scb.LinearTransformer.initial(task)
    >>> run = scb.train(task, start, scb.ProximalGradient(0.1), steps=9, batch_size=8,
    ...                 rng=np.random.default_rng(0))
    >>> transfer_course(run, (run.samples, 0 * run.loss, 0 * run.loss), "short")
    ... # doctest: +ELLIPSIS
    short: after 72 samples alpha_V is ... and alpha_A ...; by the flow 0.00 and 0.00.
    """
    figure, ax = new_figure(*PANEL)
    ax.axhline(0, color="#999999", linewidth=0.8)
    ax.axhline(1, color=TRUTH, linestyle="--", linewidth=1)
    samples, *signals = flow
    for path, color, label in zip(signals, (VALUE, ATTENTION), ("V", "A"), strict=True):
        ax.plot(samples, path, color=color, linewidth=1.2, linestyle=":")
        course = run.signals.value if label == "V" else run.signals.attention
        dashes = "-" if label == "V" else (0, (4, 1))
        ax.plot(run.samples, course, color=color, linestyle=dashes, label=rf"$\alpha_{label}$")
    ax.plot([], [], color=THEORY, linewidth=1.2, linestyle=":", label="flow")
    ax.set(ylim=(-2.1, 2.1), title=title)
    ax.set_xlim(0, samples[-1])
    count_samples(ax, 4)
    ax.legend(loc="lower right", ncols=3)
    words = (
        f"{title}: after {run.samples[-1]:,} samples alpha_V is {run.signals.value[-1]:.2f} and "
        f"alpha_A {run.signals.attention[-1]:.2f}; by the flow {signals[0][-1]:.2f} and "
        f"{signals[1][-1]:.2f}."
    )
    return Picture(figure, words)
