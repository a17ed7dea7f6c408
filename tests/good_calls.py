"""Arguments of calls that are right, into which the bad values are put."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import scb_edu as scb
from scb_edu.studies.least_summary import LeastBatch

TASK = scb.SCBTask.example()
MODEL = scb.LinearTransformer.initial(TASK)
SOFTMAX = scb.SoftmaxTransformer.initial(TASK)
RNG = np.random.default_rng(0)
BATCH = TASK.sample(4, RNG)
SLOPE = scb.gradient(MODEL, BATCH)
MU = TASK.stationary
training, theory, text = scb.training, scb.theory, scb.text
HERE = training.Parameters(np.eye(2), np.ones((5, 2)))
NOW = training.Moment()
SGD = scb.SGD(0.1)
CORPUS = text.Corpus.from_text("a rose is a rose is a rose")
NGRAM = text.NGram.fit(CORPUS, 2)
FLOW = scb.Flow(np.arange(1.0, 4), np.ones(3), np.ones(3))
FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [1, 2]})
MEDIANS = pd.DataFrame({"method": ["a"], "estimate": [1.0], "low": [0.5], "high": [2.0]})
STATUS = training.Status("finished", 1, "finished")
STAGE = training.Stage(SGD, 3, 4)
RUN = scb.train(TASK, MODEL, SGD, steps=1, batch_size=2, rng=np.random.default_rng(0))
RECORD = training.Record(0, 0, 0.0, 1.0, scb.Signals(0.0, 0.0), scb.Distances(0.0, 0.0), MODEL)
LEAST = LeastBatch("aligned", 10, 1.0, np.ones(2), 1.0, np.ones(2))
POOL = ThreadPoolExecutor(1)
FIGURE = Figure()
PICTURE = scb.figures.Picture(FIGURE, "An empty figure.")
OPTION = scb.exercises.Option("yes", "It is.", right=True)
WRONG = scb.exercises.Option("not at all", "It is not.")
QUESTION = scb.exercises.Question("Is it?", (OPTION, WRONG, WRONG), "sec", "Title")
QUIZ = scb.exercises.Quiz("ch1", (QUESTION,))
SLIDER = scb.widgets.Slider("T", "Context length", (1, 2), default=1)
PANEL = scb.widgets.Panel(lambda T: PICTURE, ("T",))
EXPLORER = scb.widgets.Explorer([SLIDER], [PANEL], question="What?")
PATHS = theory.FeedbackPaths(*(np.ones((2, 3)) for _ in range(5)))
SOFTMAX_FLOW = theory.SoftmaxFlow(np.arange(3.0), np.ones(3), np.ones(3), np.ones((3, 2)))
STUDY = scb.studies.Study("tiny", lambda rng: {"x": 1.0}, {"n": [1]}, 1)
OWN = scb.model.OwnExample(TASK.transition)
ANSWER = scb.exercises.Answer((0.5, 2.0), {"x * y < 0": "it is below zero."}, "look again.")
INSTANCES = {
    "SCBTask": TASK,
    "LinearTransformer": MODEL,
    "SoftmaxTransformer": SOFTMAX,
    "Transformer": MODEL,
    "Batch": BATCH,
    "Gradient": SLOPE,
    "Generator": RNG,
    "Parameters": HERE,
    "Moment": NOW,
    "Optimizer": SGD,
    "Corpus": CORPUS,
    "DataFrame": FRAME,
    "Signals": scb.Signals(0.0, 0.0),
    "Distances": scb.Distances(0.0, 0.0),
    "Status": STATUS,
    "Stage": STAGE,
    "Flow": FLOW,
    "GiantStep": theory.GiantStep(1.0, 0.1, 10),
    "Provenance": scb.experiments.Provenance("none", 0),
    "Executor": POOL,
    "Figure": FIGURE,
    "Axes": FIGURE.subplots(),
    "GradientComparison": scb.model.GradientComparison(1.0, 0.0),
    "Trajectory": RUN,
    "Slider": SLIDER,
    "Panel": PANEL,
    "Picture": PICTURE,
    "Option": OPTION,
    "Question": QUESTION,
    "Path": FLOW,
    "LeastBatch": LEAST,
    "FallingSpending": theory.FallingSpending(1.0, 1.0, 1.0),
    "Checkpoint": "file",
    "Record": RECORD,
}
OWNERS = {
    **INSTANCES,
    "Answer": ANSWER,
    "OwnExample": OWN,
    "Adam": training.Adam(0.1),
    "Averaged": training.Averaged(SGD),
    "ColumnScaling": SGD,
    "Momentum": training.Momentum(0.1),
    "ProjectedSGD": training.ProjectedSGD(0.1),
    "ProximalGradient": scb.ProximalGradient(0.1, 0.01),
    "SGD": SGD,
    "FeedbackPaths": PATHS,
    "SoftmaxFlow": SOFTMAX_FLOW,
    "NGram": NGRAM,
    "Study": STUDY,
    "Explorer": EXPLORER,
    "Quiz": QUIZ,
    "Playground": scb.widgets.playground(),
}
TOKENS, LAST = BATCH.tokens, BATCH.last
SEQUENCE = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2])
UPDATE = {"parameters": HERE, "gradient": HERE, "state": (), "moment": NOW}
STEP = {"model": MODEL, "gradient": SLOPE, "stationary": MU}
NUMBERS = np.arange(1.0, 6)
RUNNING = {"task": TASK, "model": MODEL, "rng": RNG}
AFTER = {"task": TASK, "learning_rate": 0.02, "batch_size": 64}
DOWN = {**AFTER, "pretrained": MODEL}
GOOD = {
    "model.Batch": {"tokens": TOKENS, "last": LAST, "output": BATCH.output},
    "model.LinearTransformer": {"value": MODEL.value, "attention": MODEL.attention},
    "model.SoftmaxTransformer": {"value": MODEL.value, "logits": MODEL.attention},
    "model.LinearTransformer.from_signals": {"task": TASK, "value": 0.5, "attention": 0.5},
    "model.LinearTransformer.predict": {"tokens": TOKENS, "last": LAST},
    "model.SoftmaxTransformer.predict": {"tokens": TOKENS, "last": LAST},
    "model.SCBTask": {"transition": TASK.transition, "attention": TASK.attention},
    "model.SCBTask.output_distribution": {"tokens": TOKENS, "last": LAST},
    "model.SCBTask.random": {"vocab_size": 3, "context_length": 4, "sparsity": 2, "rng": RNG},
    "model.SCBTask.sample": {"batch_size": 2, "rng": RNG},
    "model.attention_cosine": {
        "first": TASK.attention,
        "second": TASK.attention,
        "stationary": MU,
    },
    "model.compare_gradients": {"estimate": NUMBERS, "truth": NUMBERS},
    "model.effective_support_size": {"attention": TASK.attention, "stationary": MU},
    "model.noise_scale": {"estimates": [NUMBERS], "truth": NUMBERS, "batch_size": 2},
    "model.precondition": {"gradient": SLOPE, "stationary": MU},
    "model.random_attention": {"vocab_size": 3, "context_length": 4, "sparsity": 2, "rng": RNG},
    "model.random_transition": {"vocab_size": 3, "rng": RNG},
    "model.token_attention": {
        "attention": TASK.attention,
        "tokens": TOKENS,
        "last": LAST,
        "vocab_size": 3,
    },
    **{f"training.{name}.update": UPDATE for name in ("SGD", "ProximalGradient", "ProjectedSGD")},
    **{
        f"training.{name}.step": STEP
        for name in (
            "SGD",
            "ProximalGradient",
            "ProjectedSGD",
            "Adam",
            "Momentum",
            "Averaged",
            "ColumnScaling",
            "Optimizer",
        )
    },
    "training.train": {**RUNNING, "optimizer": SGD, "steps": 3, "batch_size": 2},
    "training.train_stages": {**RUNNING, "stages": [STAGE]},
    "training.Stage": {"optimizer": SGD, "steps": 3, "batch_size": 2},
    "training.soft_threshold": {"x": NUMBERS, "threshold": 0.5},
    "theory.attention_noise": AFTER,
    "theory.thresholded_mass": {**AFTER, "penalty": 0.01},
    "theory.skewed_mass": AFTER,
    "theory.escape_chance": AFTER,
    "theory.hyperbola_slide": AFTER,
    "theory.value_noise": AFTER,
    "theory.transfer_noise": DOWN,
    "theory.transfer_chance": DOWN,
    "theory.transfer_boundary": DOWN,
    "theory.feedback_strength": {**AFTER, "start": MODEL},
    "theory.feedback_paths": {**AFTER, "start": MODEL, "t_end": 1.0, "runs": 2, "rng": RNG},
    "theory.transfer_samples": {**AFTER, "theta": 0.5},
    "theory.constant_spending": {"task": TASK, "chance": 0.9},
    "theory.penalised_flow": {"task": TASK, "penalty": 0.1, "start": (0.1, 0.1), "t_end": 1.0},
    "text.Corpus": {"tokens": [0, 1, 0], "vocabulary": ("a", "b"), "unit": "character"},
    "text.Corpus.from_text": {"text": "a rose is a rose"},
    "text.Corpus.encode": {"text": "rose"},
    "text.Corpus.decode": {"tokens": [0, 1]},
    "text.Corpus.task": {"attention": np.full((2, CORPUS.vocab_size), 0.5)},
    "text.NGram.predict": {"tokens": [[0, 1]], "last": [0]},
    "text.NGram.fit": {"corpus": CORPUS, "order": 2},
    "text.generate": {"source": TASK, "length": 3, "rng": RNG},
    "text.windows": {"sequence": SEQUENCE, "context_length": 3},
    "text.sequence_loss": {"source": TASK, "sequence": SEQUENCE, "context_length": 8},
    "text.train_on_sequence": {
        "model": MODEL,
        "sequence": SEQUENCE,
        "optimizer": SGD,
        "stationary": MU,
        "steps": 1,
        "batch_size": 1,
        "rng": RNG,
    },
    "text.lag_joint_distribution": {"window": np.full((3, 3), 1 / 9), "lag": 1},
    "text.nll": {"distributions": np.full((2, 3), 1 / 3), "output": [0, 1]},
    "text.interpolate": {
        "prediction": np.full((2, 3), 1 / 3),
        "background": np.full(3, 1 / 3),
        "weight": 0.5,
    },
    "experiments.agree": {"what": "it", "measured": 1.0, "expected": 1.0, "within": 0.1},
    "experiments.bootstrap_groups": {
        "groups": [NUMBERS, NUMBERS],
        "statistic": lambda a, b: float(a.mean() - b.mean()),
        "rng": RNG,
        "resamples": 9,
    },
    "experiments.bootstrap_interval": {"values": NUMBERS, "rng": RNG, "resamples": 9},
    "experiments.wilson_interval": {"count": 2, "total": 3},
    "experiments.quantile_interval": {"values": NUMBERS},
    "experiments.summarise": {"table": FRAME, "by": "b", "value": "a", "rng": RNG},
    "experiments.sweep": {"function": lambda rng, n: {"x": 1.0}, "grid": {"n": [1]}, "seeds": 1},
    "experiments.Provenance": {"command": "none", "seed": 0},
    "experiments.code_hash": {"function": datetime.date},
    "figures.ladder": {"medians": {"excess": MEDIANS}, "runs": MEDIANS, "names": {"a": "A"}},
    "figures.sgd_window": {**dict.fromkeys(("contexts", "largest", "smallest"), NUMBERS)},
    "exercises.Answer": {"right": 0.5, "wrong": {2.0: "it is not 2."}, "otherwise": "no."},
    "exercises.check": {"name": "ch1-law", "answer": 1.0},
    "studies.Study.slice": {"points": [{"n": 1}], "seeds": 1},
}
mpl.use("agg")
