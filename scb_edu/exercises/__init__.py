"""Answers checked where they are written: ``exercises.check("ch1-law", my_answer)``."""

from scb_edu.exercises import (  # noqa: F401, each registers its exercises
    ch0_welcome,
    ch1_bigrams,
    ch2_linear_transformer,
    ch3_gradients,
    ch4_two_stages,
    ch5_algorithm,
    ch6_sample_complexity,
    ch7_transfer,
    ch8_softmax,
    ch9_past_the_paper,
)
from scb_edu.exercises.answers import Answer
from scb_edu.exercises.checking import check, exercise, value_exercise
from scb_edu.exercises.quizzes import Option, Question, Quiz, quiz
from scb_edu.exercises.verdicts import Verdict

__all__ = [
    "Answer",
    "Option",
    "Question",
    "Quiz",
    "Verdict",
    "check",
    "exercise",
    "quiz",
    "value_exercise",
]
