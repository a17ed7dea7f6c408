from .gradients import (
    Gradient,
    GradientComparison,
    SoftmaxGradient,
    bayes_loss,
    compare_gradients,
    gradient,
    loss,
    population_gradient,
    population_loss,
    precondition,
)
from .information import entropy, output_entropy
from .similarity import attention_cosine, effective_support_size, off_support_mass
from .task import Batch, SCBTask, random_attention, random_transition, token_attention
from .transformer import (
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
    "Gradient",
    "GradientComparison",
    "LinearTransformer",
    "SCBTask",
    "Signals",
    "SoftmaxGradient",
    "SoftmaxTransformer",
    "attention_cosine",
    "bayes_loss",
    "compare_gradients",
    "distances",
    "effective_support_size",
    "entropy",
    "gradient",
    "loss",
    "off_support_mass",
    "output_entropy",
    "population_gradient",
    "population_loss",
    "precondition",
    "random_attention",
    "random_transition",
    "signals",
    "token_attention",
]
