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
    "new_figure",
    "styled",
]
