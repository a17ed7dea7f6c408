from .gradients import (
    Gradient,
    SoftmaxGradient,
    bayes_loss,
    gradient,
    loss,
    population_gradient,
    population_loss,
    precondition,
)
from .information import entropy, output_entropy
from .listing import every_sample
from .own_example import OwnExample, use_example
from .random_tasks import random_attention, random_transition
from .similarity import (
    GradientComparison,
    attention_cosine,
    compare_gradients,
    effective_support_size,
    noise_scale,
    off_support_mass,
)
from .task import Batch, SCBTask, token_attention
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
    "OwnExample",
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
    "every_sample",
    "gradient",
    "loss",
    "noise_scale",
    "off_support_mass",
    "output_entropy",
    "population_gradient",
    "population_loss",
    "precondition",
    "random_attention",
    "random_transition",
    "signals",
    "token_attention",
    "use_example",
]
