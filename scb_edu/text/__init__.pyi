from .corpus import Corpus, NGram
from .sequences import (
    clip_and_normalize,
    generate,
    interpolate,
    lag_joint_distribution,
    nll,
    sequence_loss,
    train_on_sequence,
    window_distribution,
    windows,
)

__all__ = [
    "Corpus",
    "NGram",
    "clip_and_normalize",
    "generate",
    "interpolate",
    "lag_joint_distribution",
    "nll",
    "sequence_loss",
    "train_on_sequence",
    "window_distribution",
    "windows",
]
