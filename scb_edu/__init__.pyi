from . import exercises, experiments, figures, model, studies, text, theory, training, widgets
from .model import (
    Batch,
    Distances,
    Gradient,
    LinearTransformer,
    SCBTask,
    Signals,
    SoftmaxTransformer,
    bayes_loss,
    distances,
    gradient,
    loss,
    population_gradient,
    population_loss,
    precondition,
    signals,
)
from .support import ScbError
from .theory import Flow, escape_time, signal_flow
from .training import SGD, ProximalGradient, Trajectory, soft_threshold, train

__version__: str

__all__ = [
    "SGD",
    "Batch",
    "Distances",
    "Flow",
    "Gradient",
    "LinearTransformer",
    "ProximalGradient",
    "SCBTask",
    "ScbError",
    "Signals",
    "SoftmaxTransformer",
    "Trajectory",
    "bayes_loss",
    "distances",
    "escape_time",
    "exercises",
    "experiments",
    "figures",
    "gradient",
    "loss",
    "model",
    "population_gradient",
    "population_loss",
    "precondition",
    "signal_flow",
    "signals",
    "soft_threshold",
    "studies",
    "text",
    "theory",
    "train",
    "training",
    "widgets",
]
