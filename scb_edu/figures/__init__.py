"""Results in, pictures out: no computation here."""

from scb_edu.figures.gradients import (
    columns_before_after,
    cosine_against_samples,
    curvature,
    error_against_samples,
    learning_by_token,
    push_on_column,
    where_it_lands,
)
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
from scb_edu.figures.welcome import moving_matrices, moving_signals, plateau

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
    "columns_before_after",
    "cosine_against_samples",
    "curvature",
    "error_against_samples",
    "heatmap",
    "learning_by_token",
    "moving_matrices",
    "moving_signals",
    "new_figure",
    "plateau",
    "push_on_column",
    "styled",
    "where_it_lands",
]
