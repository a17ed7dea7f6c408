"""See how a transformer learns: the Sparse Contextual Bigram, step by step."""

from scb_edu.dynamics import (
    Flow,
    SignalConstants,
    escape_time,
    escape_time_limit,
    flow_invariant,
    growth_rate,
    population_step,
    saddle,
    signal_flow,
    signal_rate,
)
from scb_edu.errors import ScbError
from scb_edu.gradients import (
    Gradient,
    SoftmaxGradient,
    bayes_loss,
    gradient,
    loss,
    population_gradient,
    population_loss,
    precondition,
)
from scb_edu.task import Batch, SCBTask, attend
from scb_edu.transformer import (
    Distances,
    LinearTransformer,
    Signals,
    SoftmaxTransformer,
    distances,
    signals,
)

__all__ = [
    "Batch",
    "Distances",
    "Flow",
    "Gradient",
    "LinearTransformer",
    "SCBTask",
    "ScbError",
    "SignalConstants",
    "Signals",
    "SoftmaxGradient",
    "SoftmaxTransformer",
    "attend",
    "bayes_loss",
    "distances",
    "escape_time",
    "escape_time_limit",
    "flow_invariant",
    "gradient",
    "growth_rate",
    "loss",
    "population_gradient",
    "population_loss",
    "population_step",
    "precondition",
    "saddle",
    "signal_flow",
    "signal_rate",
    "signals",
]
