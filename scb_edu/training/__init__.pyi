from .checkpoints import Checkpoint
from .loop import Stage, train, train_stages
from .optimizers import (
    SGD,
    BreakdownError,
    ColumnScaling,
    Moment,
    Optimizer,
    Parameters,
    ProjectedSGD,
    ProximalGradient,
    Schedule,
    soft_threshold,
)
from .rivals import Adam, Averaged, Momentum
from .trajectory import Record, Status, Trajectory

__all__ = [
    "SGD",
    "Adam",
    "Averaged",
    "BreakdownError",
    "Checkpoint",
    "ColumnScaling",
    "Moment",
    "Momentum",
    "Optimizer",
    "Parameters",
    "ProjectedSGD",
    "ProximalGradient",
    "Record",
    "Schedule",
    "Stage",
    "Status",
    "Trajectory",
    "soft_threshold",
    "train",
    "train_stages",
]
