"""Legal calls at the ends of what is legal, each with its right answer: exact, or by hand."""

import math
import tempfile
from itertools import product
from pathlib import PurePosixPath

import numpy as np
import pytest

import scb_edu as scb

theory, text = scb.theory, scb.text
RNG = np.random.default_rng(7)
N, T, B = 3, 4, 5
V = np.round(RNG.normal(size=(N, N)), 1)  # exact enough in single precision
A = np.round(RNG.normal(size=(T, N)), 1)
P = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]])
Q = np.array([[0.5, 0.0, 0.25], [0.5, 0.0, 0.25], [0.0, 0.5, 0.5], [0.0, 0.5, 0.0]])
MU = np.full(N, 1 / 3)
TOKENS = RNG.integers(0, N, (B, T))
LAST, OUTPUT = RNG.integers(0, N, B), RNG.integers(0, N, B)
K = (0.14, 0.52, 1e15)
RATE = math.sqrt(0.14 * 0.52)


class OwnArray(np.ndarray):
    """An array of somebody else's class."""


class OwnTask(scb.SCBTask):
    """A task with another name."""


class OwnModel(scb.LinearTransformer):
    """A model with another name."""


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def every_other(array):
    """A view with strides."""
    wide = np.repeat(array, 2, axis=0)
    return wide[::2]


def mapped(array):
    """A copy on the disk."""
    with tempfile.TemporaryFile() as file:  # the map keeps it
        found = np.memmap(file, array.dtype, "w+", shape=array.shape)
    found[:] = array
    return found


FORMS = {
    "list": np.ndarray.tolist,
    "tuple": lambda array: tuple(map(tuple, array)) if array.ndim > 1 else tuple(array),
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "memory-mapped": mapped,
    "subclass": lambda array: array.view(OwnArray),
    "strided": every_other,
    "reversed twice": lambda array: array[::-1].copy()[::-1],
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "long": lambda array: array.astype(np.longdouble if array.dtype.kind == "f" else np.uint64),
}


# The same by hand: loops over plain numbers


def prediction(value, attention, tokens, last):
    """f, entry by entry."""
    rows = []
    for context, k in zip(tokens, last, strict=True):
        row = [0.0] * len(value)
        for n, (t, x) in product(range(len(value)), enumerate(context)):
            row[n] += float(value[n][x]) * float(attention[t][k])
        rows.append(row)
    return np.array(rows)


def mean_loss(value, attention, tokens, last, output):
    residual = prediction(value, attention, tokens, last)
    for row, o in zip(residual, output, strict=True):
        row[o] -= 1
    return sum(x * x for row in residual for x in row) / (2 * len(residual))


def weighted(matrix, mu):
    return math.sqrt(sum(mu[k] * x * x for row in matrix for k, x in enumerate(row)))


def bits(column):
    return -sum(p * math.log2(p) for p in column if p)


def task_of(form=np.asarray):
    return scb.SCBTask(form(P), form(Q), form(MU))


def model_of(form=np.asarray):
    return scb.LinearTransformer(form(V), form(A))


def batch_of(form=np.asarray):
    return scb.Batch(form(TOKENS), form(LAST), form(OUTPUT))


def mean_of_all_losses():
    """The population loss of the task, over every context, last token and output."""
    total = 0.0
    for context in product(range(N), repeat=T):
        for k, o in product(range(N), repeat=2):
            chance = sum(Q[t][k] * P[o][x] for t, x in enumerate(context)) / N ** (T + 1)
            total += chance * mean_loss(V, A, [context], [k], [o])
    return total


FORMED = {
    "loss": (lambda f: scb.loss(model_of(f), batch_of(f)), mean_loss(V, A, TOKENS, LAST, OUTPUT)),
    "predict": (
        lambda f: model_of(f).predict(f(TOKENS), f(LAST)),
        prediction(V, A, TOKENS, LAST),
    ),
    "output_distribution": (
        lambda f: task_of(f).output_distribution(f(TOKENS), f(LAST)),
        prediction(P, Q, TOKENS, LAST),
    ),
    "population_loss": (
        lambda f: scb.population_loss(model_of(f), task_of(f)),
        mean_of_all_losses(),
    ),
    "distances": (lambda f: scb.distances(model_of(f), task_of(f)).value, weighted(V - P, MU)),
    "entropy": (lambda f: scb.model.entropy(f(P)), [bits(column) for column in P.T]),
    "token_attention": (
        lambda f: scb.model.token_attention(f(A), f(TOKENS), f(LAST), N),
        prediction(np.eye(N), A, TOKENS, LAST),
    ),
    "soft_threshold": (
        lambda f: scb.soft_threshold(f(A), 0.5),
        [[math.copysign(max(abs(a) - 0.5, 0), a) for a in row] for row in A.tolist()],
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("call", "answer"), FORMED.values(), ids=FORMED)
def test_an_array_may_come_in_any_form(call, answer, form):
    np.testing.assert_allclose(call(form), answer, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["loss", "predict", "distances", "population_loss"])
def test_single_precision_is_as_good_as_its_digits(name):
    call, answer = FORMED[name]
    single = lambda array: array.astype(np.float32) if array.dtype.kind == "f" else array  # noqa: E731
    np.testing.assert_allclose(call(single), answer, rtol=1e-5, atol=1e-6)


# One token, one position, all positions, hardly any mass

ONE = scb.SCBTask([[1.0]], [[0.75], [0.25]])
HERE = scb.SCBTask([[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]])  # T = 1: the other token follows
WIDE = scb.SCBTask(P, np.full((T, N), 1 / T))  # Q = T
NINE = scb.SCBTask.example(9)
RARE = scb.SCBTask([[1 - 1e-9, 0.5], [1e-9, 0.5]], [[1.0, 0.0], [0.0, 1.0]])
LONG = scb.SCBTask(P, np.eye(10**6, N))
STILL = scb.LinearTransformer.initial
ANSWERS = {
    "N = 1, loss": (lambda: scb.bayes_loss(ONE), 0.0),
    "N = 1, energy": (lambda: ONE.transition_energy, 0.0),
    "N = 1, attention energy": (lambda: ONE.attention_energy, 0.125),
    "N = 1, mu": (lambda: ONE.stationary, [1.0]),
    "N = 1, sparsity": (lambda: ONE.sparsity, 2),
    "N = 1, prediction": (lambda: STILL(ONE).predict([[0, 0]], [0]), [[1.0]]),
    "N = 1, law": (lambda: ONE.output_distribution([[0, 0]], [0]), [[1.0]]),
    "N = 1, entropy": (lambda: scb.model.output_entropy(ONE), 0.0),
    "N = 1, samples": (lambda: len(scb.model.every_sample(ONE)), 1),
    "N = 1, sample": (lambda: ONE.sample(3, RNG).output, [0, 0, 0]),
    "N = 1, gradient": (lambda: scb.gradient(STILL(ONE), ONE.sample(3, RNG)).value, [[0.0]]),
    "N = 1, signal of V": (lambda: scb.signals(STILL(ONE), ONE).value, math.nan),
    "N = 1, signal of A": (lambda: scb.signals(STILL(ONE), ONE).attention, 0.0),
    "N = 1, distance": (lambda: scb.distances(STILL(ONE), ONE).attention, math.sqrt(0.125)),
    "N = 1, random": (lambda: scb.SCBTask.random(1, 1, 1, RNG).transition, [[1.0]]),
    "N = 1, names": (lambda: scb.figures.token_names(1) == ["A"], True),
    "T = 1, loss": (lambda: scb.bayes_loss(HERE), 0.0),
    "T = 1, energy": (lambda: HERE.transition_energy, 0.5),
    "T = 1, attention energy": (lambda: HERE.attention_energy, 0.0),
    "T = 1, law": (lambda: HERE.output_distribution([[0], [1]], [0, 0]), [[0, 1], [1, 0]]),
    "T = 1, output": (
        lambda: (lambda b: b.output + b.tokens[:, 0])(HERE.sample(50, RNG)),
        np.ones(50),
    ),
    "T = 1, start": (lambda: STILL(HERE).attention, [[1.0, 1.0]]),
    "T = 1, softmax": (lambda: scb.SoftmaxTransformer.initial(HERE).attention, [[1.0, 1.0]]),
    "T = 1, entropy": (lambda: scb.model.output_entropy(HERE), 0.0),
    "T = 1, initial std": (lambda: theory.initial_signal_std(HERE), math.sqrt(0.0)),
    "T = 1, windows": (lambda: text.windows([0, 1, 2], 1).tokens, [[0]]),
    "T = 1, window law": (lambda: text.window_distribution(HERE), [[0.25, 0.25], [0.25, 0.25]]),
    "Q = T, energy": (lambda: WIDE.attention_energy, 0.0),
    "Q = T, sparsity": (lambda: WIDE.sparsity, T),
    "Q = T, signal": (lambda: scb.signals(STILL(WIDE), WIDE).attention, math.nan),
    "Q = T, off support": (lambda: scb.model.off_support_mass(STILL(WIDE), WIDE), 0.0),
    "Q = T, support": (lambda: scb.model.effective_support_size(WIDE.attention, MU), 4.0),
    "Q = T, cosine": (lambda: scb.model.attention_cosine(WIDE.attention, Q, MU), math.nan),
    "Q = T, random": (
        lambda: np.count_nonzero(scb.model.random_attention(2, 5, 5, RNG), axis=0),
        [5, 5],
    ),
    "tiny mu": (lambda: RARE.stationary[1], 1e-9 / (0.5 + 1e-9)),
    "tiny mu, sample": (lambda: RARE.sample(100, np.random.default_rng(0)).last.max(), 0),
    "tiny mu, precondition": (
        lambda: scb.precondition(scb.Gradient(np.eye(2), np.eye(2)), [1 - 1e-9, 1e-9]).value[1, 1],
        1e9,
    ),
    "tiny mu, oracle": (
        lambda: scb.population_loss(scb.LinearTransformer.oracle(RARE), RARE),
        sum(m * (1 - p @ p) / 2 for m, p in zip(RARE.stationary, RARE.transition.T, strict=True)),
    ),
    "tiny entries, entropy": (lambda: scb.model.entropy([1.0, 1e-300]), 0.0),
    "tiny floor": (lambda: scb.SoftmaxTransformer.oracle(HERE, floor=1e-300).attention, [[1, 1]]),
    "T = 10^6, energy": (lambda: LONG.attention_energy, 1 - 1e-6),
    "T = 10^6, start": (lambda: scb.signals(STILL(LONG), LONG).attention, 0.0),
    "T = 10^6, distance": (lambda: scb.distances(STILL(LONG), LONG).attention ** 2, 1 - 1e-6),
    # the flow at T = 10^15: each factor of ten costs log(10) / sqrt(K_P K_Q)
    "T = 10^15, growth": (lambda: theory.growth_rate(K), RATE),
    "T = 10^15, saddle": (lambda: theory.saddle(K).attention, -1 / (1e15 * 0.52)),
    "T = 10^15, rate": (lambda: theory.signal_rate(K, 0.0, 0.0), (1e-15, 0.0)),
    "T = 10^15, loss": (lambda: theory.signal_loss(K, 1.0, 0.0), 0.14 * 0.52 / 2),
    "T = 10^15, truth": (lambda: theory.signal_loss(K, 1.0, 1.0), 0.0),
    "T = 10^15, escape": (
        lambda: scb.escape_time(K, 0.01) - scb.escape_time((0.14, 0.52, 1e14), 0.01),
        math.log(10) / RATE,
    ),
    "T = 10^15, limit": (
        lambda: theory.escape_time_limit(K, 0.01) - theory.escape_time_limit((*K[:2], 1e14), 0.01),
        math.log(10) / RATE,
    ),
    "T = 10^15, stages": (
        lambda: theory.stages(K).first - theory.stages((0.14, 0.52, 1e14)).first,
        math.log(10) / RATE,
    ),
    "T = 10^15, first moment": (
        lambda: scb.signal_flow(K, t_end=1e-3, points=2).value[-1] * 1e15,
        1e-3,
    ),
    "T = 10^30, escape": (
        lambda: scb.escape_time((*K[:2], 1e30), 0.01) - scb.escape_time((*K[:2], 1e29), 0.01),
        math.log(10) / RATE,
    ),
    "an endless rate": (  # the noise that is kept grows with it
        lambda: theory.hyperbola_slide(NINE, 1e50, 8).attention / 1e37,
        theory.hyperbola_slide(NINE, 1e13, 8).attention,
    ),
    "a run that bursts": (
        lambda: np.isfinite(
            theory.feedback_paths(
                NINE, STILL(NINE), 13, 4, t_end=13e3, runs=2, rng=np.random.default_rng(0)
            ).value[[0, -1]]
        ),
        [[True, True], [False, False]],
    ),
    "yes and no": (lambda: scb.ProximalGradient(1.0).direction([[True], [False]]), [[0.5], [-0.5]]),
    "single precision, rate": (
        lambda: theory.signal_rate(K, 0.0, np.float32([2.0**80]))[0] / 2.0**80,
        [0.52],
    ),
    "T = 1, flow": (  # K_Q alone, with A at 0 the value follows 1 - exp(-t)
        lambda: theory.signal_rate((0.1, 0.1, 1), 0.0, 0.0),
        (1.0, 0.0),
    ),
    "late, the truth": (lambda: scb.signal_flow((*K[:2], 10), t_end=1e12).value[-1], 1.0),
    "far, the product": (  # on the hyperbola at once
        lambda: (lambda f: f.value[-1] * f.attention[-1])(
            scb.signal_flow((0.14, 0.52, 1e9), start=(1e3, 0.0), t_end=1.0)
        ),
        1.0,
    ),
    "there already": (lambda: scb.escape_time(K, -5.0), 0.0),
    "equal energies": (
        lambda: theory.escape_time_limit((1e-6, 1e-6, 1e9), 0.5) * 1e-6,
        math.log(1e3) - math.log(0.75) / 2,
    ),
    "a large rate": (lambda: scb.SGD(1e300).rates(), (1e300, 1e300)),
    "a small rate": (lambda: scb.SGD(5e-324).rates(), (5e-324, 5e-324)),
    "a rate of single precision": (lambda: scb.SGD(np.float32(0.5)).rates(), (0.5, 0.5)),
    "a rate in an array": (lambda: scb.SGD(np.array(0.5)).rates(), (0.5, 0.5)),
    "a whole rate": (lambda: scb.SGD(1).rates(), (1, 1)),
    "threshold 0": (lambda: scb.soft_threshold([1.0, -1.0], 0), [1.0, -1.0]),
    "threshold above all": (lambda: scb.soft_threshold([1.0, -1.0], 1e30), [0.0, 0.0]),
    "an empty array": (lambda: scb.soft_threshold(np.empty(0), 1.0), []),
    "momentum 0": (lambda: scb.training.Momentum(0.1, momentum=0).momentum, 0),
    "ids of 8 bytes": (
        lambda: HERE.output_distribution(np.array([[1]], np.uint64), np.array([0], np.uint64)),
        [[1, 0]],
    ),
    "ids of 1 byte": (
        lambda: HERE.output_distribution(np.array([[1]], np.int8), np.array([0], np.int8)),
        [[1, 0]],
    ),
    "a size of NumPy": (lambda: HERE.sample(np.uint8(2), RNG).tokens.shape, (2, 1)),
    "another generator": (
        lambda: HERE.sample(2, np.random.Generator(np.random.MT19937(0))).tokens.shape,
        (2, 1),
    ),
    "a task of one's own": (lambda: scb.bayes_loss(OwnTask(HERE.transition, HERE.attention)), 0.0),
    "a model of one's own": (
        lambda: scb.loss(OwnModel(V, A), batch_of()),
        mean_loss(V, A, TOKENS, LAST, OUTPUT),
    ),
    "a batch of one": (
        lambda: scb.loss(OwnModel(np.eye(2), [[1, 1]]), scb.Batch([[0]], [1], [0])),
        0.0,
    ),
    "whole numbers": (lambda: scb.LinearTransformer([[1]], [[2]]).predict([[0]], [0]), [[2.0]]),
    "large entries": (
        lambda: scb.loss(scb.LinearTransformer([[1e50]], [[1e-50]]), scb.Batch([[0]], [0], [0])),
        0.0,
    ),
    "logits far apart": (
        lambda: scb.SoftmaxTransformer([[1.0]], [[1e300], [-1e300]]).attention,
        [[1.0], [0.0]],
    ),
    "one count": (lambda: text.Corpus.from_text("ab").counts(1), [1, 1]),
    "all the text": (lambda: text.Corpus.from_text("ab").counts(2).sum(), 1),
    "nll of the certain": (lambda: text.nll([[1.0, 0.0]], [0]), [0.0]),
    "nll of the rare": (lambda: text.nll([[1.0, 1e-300]], [1]), [300 * math.log(10)]),
    "weight 0": (lambda: text.interpolate([[1.0, 3.0]], [0.5, 0.5], 0), [[0.25, 0.75]]),
    "weight 1": (lambda: text.interpolate([[1.0, 3.0]], [0.5, 0.5], 1), [[0.5, 0.5]]),
    "count 0": (lambda: scb.experiments.wilson_interval(0, 1).low, 0.0),
    "all of them": (lambda: scb.experiments.wilson_interval(7, 7).high, 1.0),
    "one value": (lambda: scb.experiments.bootstrap_interval([3.0], rng=RNG), (3.0, 3.0, 3.0)),
    "equal values": (lambda: scb.experiments.mean_with_error([2, 2]), (2.0, 0.0)),
    "infinite values": (
        lambda: scb.experiments.quantile_interval([1.0, math.inf, math.inf]).estimate,
        math.inf,
    ),
    "a path of another kind": (
        lambda: scb.training.Checkpoint(PurePosixPath("run.npz")).every,
        10_000,
    ),
    "a slider of two": (lambda: scb.widgets.Slider("T", "T", range(2), default=1).start, 1),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("call", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_an_extreme_call_has_the_right_answer(call, answer):
    np.testing.assert_allclose(call(), answer, rtol=1e-6, atol=1e-12)


def test_there_are_at_least_a_hundred():
    assert len(ANSWERS) + len(FORMS) * len(FORMED) >= 170
