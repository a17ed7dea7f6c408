"""Results in, pictures out: no computation here."""

from scb_edu.figures.picture import (
    AMBER,
    ATTENTION,
    GREEN,
    PURPLE,
    SKY,
    THEORY,
    TRUTH,
    VALUE,
    YELLOW,
    Picture,
    heatmap,
    new_figure,
    styled,
)
from scb_edu.figures.welcome import moving_matrices, moving_signals

__all__ = [
    "AMBER",
    "ATTENTION",
    "GREEN",
    "PURPLE",
    "SKY",
    "THEORY",
    "TRUTH",
    "VALUE",
    "YELLOW",
    "Picture",
    "heatmap",
    "moving_matrices",
    "moving_signals",
    "new_figure",
    "styled",
]
