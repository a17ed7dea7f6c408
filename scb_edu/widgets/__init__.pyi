from .ch0_welcome import two_stages
from .ch1_bigrams import build_a_task, one_sequence
from .ch2_linear_transformer import loss_landscape
from .ch3_gradients import PUSH_LIMITS, gradient_noise
from .ch4_two_stages import escape, sampled_runs, two_signals
from .ch5_algorithm import algorithm_race
from .ch7_transfer import transfer_run
from .ch8_softmax import softmax_training
from .ch9_past_the_paper import LINE, PLACES, text_models
from .explorer import Explorer, Panel, Slider
from .headline import headline_race, spending_schedule
from .playgrounds import CHARTS, CONTROLS, Playground, playground

__all__ = [
    "CHARTS",
    "CONTROLS",
    "LINE",
    "PLACES",
    "PUSH_LIMITS",
    "Explorer",
    "Panel",
    "Playground",
    "Slider",
    "algorithm_race",
    "build_a_task",
    "escape",
    "gradient_noise",
    "headline_race",
    "loss_landscape",
    "one_sequence",
    "playground",
    "sampled_runs",
    "softmax_training",
    "spending_schedule",
    "text_models",
    "transfer_run",
    "two_signals",
    "two_stages",
]
