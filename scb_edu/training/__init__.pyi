from .checkpoints import Checkpoint
from .loop import Stage, train, train_stages
from .optimizers import (
    SGD,
    BreakdownError,
    Optimizer,
    ProjectedSGD,
    ProximalGradient,
    soft_threshold,
)
from .trajectory import Record, Status, Trajectory

__all__ = [
    "SGD",
    "BreakdownError",
    "Checkpoint",
    "Optimizer",
    "ProjectedSGD",
    "ProximalGradient",
    "Record",
    "Stage",
    "Status",
    "Trajectory",
    "soft_threshold",
    "train",
    "train_stages",
]
