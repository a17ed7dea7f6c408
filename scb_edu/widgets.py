"""The explorers of the book: controls over figures, computed by the library."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from scb_edu import figures
from scb_edu.checks import Array
from scb_edu.dynamics import (
    Flow,
    escape_time,
    escape_time_limit,
    saddle,
    signal_flow,
    signal_loss,
    signal_rate,
    watershed,
)
from scb_edu.explorer import Explorer, Panel, Slider
from scb_edu.figures import Picture
from scb_edu.figures.dynamics import ROOM
from scb_edu.finetuning import transfer_flow
from scb_edu.gradients import (
    bayes_loss,
    closeness,
    gradient,
    population_gradient,
    population_loss,
    precondition,
)
from scb_edu.information import entropy, output_entropy
from scb_edu.optimizers import ProximalGradient
from scb_edu.similarity import similarity
from scb_edu.studies.algorithm import rung
from scb_edu.studies.softmax import trained
from scb_edu.studies.study import from_scratch
from scb_edu.studies.text import COUNTED, LAYERS, alice, expected, written
from scb_edu.studies.transfer import downstream, fate
from scb_edu.task import SCBTask, random_attention, random_transition
from scb_edu.trajectory import Trajectory
from scb_edu.transformer import LinearTransformer, distances

__all__ = [
    "build_a_task",
    "escape",
    "gradient_noise",
    "loss_landscape",
    "one_sequence",
    "sample_run",
    "softmax_training",
    "text_models",
    "transfer_run",
    "two_signals",
    "two_stages",
]

# Welcome -------------------------------------------------------------------------------------


def two_stages() -> Explorer:
    """Return the moving picture of the welcome page: V and A on their way from uniform to truth.

    Returns
    -------
    Explorer
        One control, the time; the matrices and the signals of the exact flow at that time.

    Notes
    -----
    Book: index, sec-welcome.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.two_stages().controls[0].labels[:3]
    ('0.4', '0.5', '0.6')
    """
    task = SCBTask.example(24)
    flow = signal_flow(task, t_end=400, points=4001)
    stops, path = (  # even on a log axis
        np.unique(np.geomspace(4, 4000, points).round().astype(int)) for points in (36, 400)
    )
    path = np.union1d(stops, path)  # so that the dots stand where the slider does
    times, value, attention = flow.t[path], flow.value[path], flow.attention[path]
    end = escape_time(task, 0.5)
    limits = (0.85, float(task.attention.max()))  # V overshoots, A does not

    def matrices(time: float) -> Picture:
        at = int(np.searchsorted(flow.t, time))
        model = LinearTransformer.from_signals(task, flow.value[at], flow.attention[at])
        return figures.moving_matrices(model.value, model.attention, time=time, limits=limits)

    def signals(time: float) -> Picture:
        return figures.moving_signals(times, value, attention, now=time, stage_end=end)

    moments = flow.t[stops].tolist()
    return Explorer(
        [Slider("time", "Training time", moments, default=moments[-1], format="{:.3g}")],
        [Panel(matrices, ("time",)), Panel(signals, ("time",))],
        question="When does the model find out what to say, and where to look?",
        play="time",
        autoplay=True,
    )


# Chapter 1 -----------------------------------------------------------------------------------


def one_sequence() -> Explorer:
    """Return the running example step by step: where the last token looks, what comes out.

    Returns
    -------
    Explorer
        Two controls, the step and the sequence.

    Notes
    -----
    Book: 01-bigrams, eq-scb.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> print(widgets.one_sequence().words.splitlines()[1].split(":")[0])
    Step 5 of 5
    """
    task = SCBTask.example()

    def sequence(step: int, seed: int) -> Picture:
        rng = np.random.default_rng(seed)
        *tokens, last = rng.choice(task.vocab_size, task.context_length + 1, p=task.stationary)
        position = int(rng.choice(task.context_length, p=task.attention[:, last]))
        output = int(rng.choice(task.vocab_size, p=task.transition[:, tokens[position]]))
        return figures.sequence(task, tokens, int(last), position, output, steps=step)

    return Explorer(
        [
            Slider("step", "Step", range(1, 6), default=5),
            Slider("seed", "Sequence", range(1, 7), default=1),
        ],
        [Panel(sequence, ("seed", "step"))],
        question="Which position does the last token pick, and what comes out?",
        play="step",
    )


def build_a_task() -> Explorer:
    """Return a task to build: P, Q, and how much of the output stays unknown.

    Returns
    -------
    Explorer
        Five controls: N, T, Q, how peaked P is, and the seed of the random numbers.

    Notes
    -----
    P and Q are drawn from generators of their own: a control changes nothing else.
    Book: 01-bigrams, eq-bayes-loss.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.build_a_task().controls]
    ['N', 'T', 'Q', 'peak', 'seed']
    """

    def task(N: int, T: int, Q: int, peak: float, seed: int) -> SCBTask:
        P = random_transition(N, np.random.default_rng([seed, 0]), concentration=peak)
        return SCBTask(P, random_attention(N, T, Q, np.random.default_rng([seed, 1])))

    def transition(N: int, peak: float, seed: int) -> Picture:
        built = task(N, 1, 1, peak, seed)
        return figures.transition_panel(built.transition, built.stationary)

    def attention(N: int, T: int, Q: int, seed: int) -> Picture:
        return figures.attention_panel(task(N, T, Q, 1.0, seed).attention)

    def unknown(N: int, Q: int, peak: float, seed: int) -> Picture:
        # of any length that holds Q positions: the weights are the same for all
        built, pointer = task(N, Q, Q, peak, seed), task(N, 1, 1, peak, seed)
        nothing = float(entropy(built.stationary))
        bits = [nothing, output_entropy(built), output_entropy(pointer)]
        blind = population_loss(LinearTransformer.initial(built), built)
        losses = [blind, bayes_loss(built), bayes_loss(pointer)]
        return figures.unknown_panel(bits, losses, float(np.log2(N)))

    peaks = {10.0: "nearly uniform", 1.0: "mixed", 0.1: "peaked"}
    return Explorer(
        [
            Slider("N", "Tokens, N", (3, 6), default=3),
            Slider("T", "Context length, T", (8, 16, 32), default=8),
            Slider("Q", "Positions looked at, Q", (1, 2, 4), default=2),
            Slider("peak", "How peaked P is", tuple(peaks), default=1.0, format=peaks.__getitem__),
            Slider("seed", "Seed", (1, 2, 3), default=1),
        ],
        [
            Panel(transition, ("N", "peak", "seed")),
            Panel(attention, ("N", "T", "Q", "seed")),
            Panel(unknown, ("N", "Q", "peak", "seed")),
        ],
        question="What makes the output easier to guess: a shorter context, fewer positions, "
        "or a more peaked P?",
    )


# Chapter 2 -----------------------------------------------------------------------------------


def loss_landscape() -> Explorer:
    """Return the two signals over a prediction beside the truth, and over the loss.

    Returns
    -------
    Explorer
        The running example with T = 32, and one context whose last token looks at C twice.

    Notes
    -----
    Book: 02-linear-transformer, eq-excess.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> widgets.loss_landscape().controls[0].labels
    ('-1', '-2/3', '-1/3', '0', '1/3', '2/3', '1')
    """
    task = SCBTask.example(32)
    sample = task.sample(1, np.random.default_rng(1))
    truth = task.output_distribution(sample.tokens, sample.last)[0]
    best, bottom = bayes_loss(task), saddle(task)
    alphas = np.linspace(-1.2, 1.2, 97)
    excess = signal_loss(task, alphas[None, :], alphas[:, None])

    def prediction(value: float, attention: float) -> Picture:
        model = LinearTransformer.from_signals(task, value, attention)
        guess = model.predict(sample.tokens, sample.last)[0]
        return figures.prediction_beside_truth(guess, truth, "After C, looking at C and C")

    def surface(value: float, attention: float) -> Picture:
        loss = best + signal_loss(task, value, attention)
        low = (bottom.value, bottom.attention)
        return figures.surface_point(alphas, excess, low, (value, attention), loss, best)

    thirds = [step / 3 for step in range(-3, 4)]
    controls = [
        Slider(name, label, thirds, default=0.0, format=_as_fraction)
        for name, label in [("value", "What: alpha_V"), ("attention", "Where: alpha_A")]
    ]
    panels = [Panel(draw, ("value", "attention")) for draw in (prediction, surface)]
    question = "Which signal helps alone, and can two wrongs make a right?"
    return Explorer(controls, panels, question=question)


def _as_fraction(number: float) -> str:
    return str(Fraction(number).limit_denominator(9))


# Chapter 3 -----------------------------------------------------------------------------------


PUSH_LIMITS = (-0.12, 0.14)  # hold the noisiest batch: what shrinks is the noise, not the axis


def gradient_noise() -> Explorer:
    """Return batch size and context length over a sampled and the exact gradient of A.

    Returns
    -------
    Explorer
        The push on one column, and the cosine of the whole gradient. The model stands at
        alpha_V = 1/2, alpha_A = 0.

    Notes
    -----
    Book: 03-gradients, eq-batch-error.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.gradient_noise().controls]
    ['samples', 'context', 'seed']
    """
    sizes = (16, 64, 256, 1024, 4096)

    def push(samples: int, context: int, seed: int) -> Picture:
        exact = _attention_push(context)
        sampled = _attention_push(context, samples, seed)
        close = closeness(sampled, exact)
        return figures.push_on_column(exact[:, 0], sampled[:, 0], samples, close, PUSH_LIMITS)

    def cosine(samples: int, context: int, seed: int) -> Picture:
        exact = _attention_push(context)
        close = [closeness(_attention_push(context, M, seed), exact) for M in sizes]
        needed = np.mean([M * c.relative_error**2 for M, c in zip(sizes, close, strict=True)])
        cosines = np.array([c.cosine for c in close])
        return figures.cosine_against_samples(sizes, cosines, float(needed), context, samples)

    controls = [
        Slider("samples", "Samples M", sizes, default=1024),
        Slider("context", "Context length T", (8, 32, 128, 512), default=128),
        Slider("seed", "Seed", (0, 1), default=0),
    ]
    panels = [Panel(draw, ("samples", "context", "seed")) for draw in (push, cosine)]
    question = "How many samples until the direction of A's gradient is visible?"
    return Explorer(controls, panels, question=question)


@lru_cache(maxsize=64)
def _attention_push(context: int, samples: int | None = None, seed: int = 0) -> Array:
    """Minus the preconditioned gradient of A (T, N): exact, or from a number of samples."""
    task = SCBTask.example(context)
    model = LinearTransformer.from_signals(task, 0.5, 0)
    if samples is None:
        raw = population_gradient(model, task)
    else:
        raw = gradient(model, task.sample(samples, np.random.default_rng([seed, samples])))
    return -precondition(raw, task.stationary).attention


# Chapter 4 -----------------------------------------------------------------------------------


def escape() -> Explorer:
    """Return sparsity and level over the escape time against the context length.

    Returns
    -------
    Explorer
        Measured on the flow and by the formula, for attention spread evenly over Q positions of a
        context that is much longer (K_Q = 1/Q), and K_P = 0.14.

    Notes
    -----
    Book: 04-two-stages, eq-escape-time.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.escape().controls]
    ['positions', 'level']
    """
    K_P, contexts = 0.14, np.geomspace(100, 1e6, 9)

    def times(positions: int, level: float) -> Picture:
        tasks = [(K_P, 1 / positions, T) for T in contexts]
        return figures.escape_times(
            contexts,
            [escape_time(task, level) for task in tasks],
            [escape_time_limit(task, level) for task in tasks],
            level=level,
            step=math.log(10) / math.sqrt(K_P / positions),
            small=True,
        )

    controls = [
        Slider("positions", "Positions looked at, Q", (1, 2, 4, 8), default=2),
        Slider("level", "Level that ends the wait", (0.05, 0.2, 0.5), default=0.5),
    ]
    question = "What does a factor of ten in T cost when attention is spread over more positions?"
    return Explorer(controls, [Panel(times, ("positions", "level"))], question=question)


def two_signals() -> Explorer:
    """Return context length, the two energies and the start over the path of the two signals.

    Returns
    -------
    Explorer
        The signals over time with the two stages, and the path in their plane with the watershed.

    Notes
    -----
    Book: 04-two-stages, eq-flow.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.two_signals().controls]
    ['T', 'K_P', 'K_Q', 'start']
    """
    line = np.linspace(-ROOM, ROOM, 141)
    plane = np.meshgrid(line, line)

    def signals(T: int, K_P: float, K_Q: float, start: tuple[float, float]) -> Picture:
        task, path = (K_P, K_Q, T), _whole_path((K_P, K_Q, T), start)
        course = Flow(path.t[1:], path.value[1:], path.attention[1:])  # a log axis has no 0
        return figures.signal_stages(course, escape_time(task, 0.5, start=start), small=True)

    def portrait(T: int, K_P: float, K_Q: float, start: tuple[float, float]) -> Picture:
        task = (K_P, K_Q, T)
        field = (*plane, *signal_rate(task, *plane))
        border = watershed(task, reach=3)
        point = (0.0, saddle(task).attention)
        return figures.phase_portrait(
            field, [_whole_path(task, start)], point, watershed=border, small=True
        )

    starts = ((-0.1, 0.0), (0.0, 0.0), (0.1, 0.0), (1.0, 0.0))
    controls = [
        Slider("T", "Context length T", (10, 100, 1000), default=100, format="{:,}"),
        Slider("K_P", "Energy of P, K_P", (0.1, 0.4), default=0.1),
        Slider("K_Q", "Energy of Q, K_Q", (0.1, 0.4), default=0.4),
        Slider("start", "Start (α_V, α_A)", starts, default=(0.0, 0.0), format=_pair),
    ]
    panels = [Panel(draw, ("T", "K_P", "K_Q", "start")) for draw in (signals, portrait)]
    question = "Which starts find the truth, and which part of the wait depends on T?"
    return Explorer(controls, panels, question=question)


def _pair(point: tuple[float, float]) -> str:
    return "({:g}, {:g})".format(*point)


@lru_cache(maxsize=64)
def _whole_path(task: tuple[float, float, int], start: tuple[float, float]) -> Flow:
    """Return the start, and the path from time 1 to 20,000, evenly on a logarithmic axis."""
    flow = signal_flow(task, start=start, t_end=2e4, points=40_001)
    at = np.append(0, np.unique(np.geomspace(2, 40_000, 300).round().astype(int)))
    return Flow(flow.t[at], flow.value[at], flow.attention[at])


# Chapter 5 -----------------------------------------------------------------------------------


def algorithm_race() -> Explorer:
    """Return learning rate, penalty and batch size over one run of each of two methods.

    Returns
    -------
    Explorer
        Plain SGD and the proximal method at T = 100, with the same rate and 32,000 samples each.

    Notes
    -----
    Book: 05-algorithm, sec-algorithm.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.algorithm_race().controls]
    ['rate', 'penalty', 'batch']
    """
    start = distances(LinearTransformer.initial(SCBTask.example(100)), SCBTask.example(100))

    def race(rate: float, penalty: float, batch: int) -> Picture:
        runs = {
            "plain": _race_of_samples("plain", rate, 0.0, batch),
            "l1": _race_of_samples("l1", rate, penalty, batch),
        }
        return figures.two_runs(runs, start.attention, title="T = 100, one run each")

    controls = [
        Slider("rate", "Learning rate", (0.01, 0.03, 0.1, 0.3), default=0.03),
        Slider("penalty", "Penalty", (0.0, 0.003, 0.01, 0.03), default=0.01),
        Slider("batch", "Batch size", (16, 64, 256), default=64),
    ]
    question = "Where does each method work, and what stops it elsewhere?"
    return Explorer(controls, [Panel(race, ("rate", "penalty", "batch"))], question=question)


@lru_cache(maxsize=128)
def _race_of_samples(method: str, rate: float, penalty: float, batch: int) -> Trajectory:
    return from_scratch(
        100,
        rung(method, rate, penalty),
        steps=32_000 // batch,
        batch_size=batch,
        rng=np.random.default_rng(0),
    )


# Chapter 6 -----------------------------------------------------------------------------------


def sample_run() -> Explorer:
    """Return context length, batch size and seed over one run from the initial point.

    Returns
    -------
    Explorer
        The two signals over the samples seen. A changed control trains a new model.

    Notes
    -----
    The learning rate is 0.1 and there is no penalty, as in the study of the escape.
    Book: 06-sample-complexity, eq-escape-chance.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.sample_run().controls]
    ['T', 'B', 'seed']
    """

    def course(T: int, B: int, seed: int) -> Picture:
        run = _short_run(T, B, seed)
        return figures.one_run(run, _fate(run))

    controls = [
        Slider("T", "Context length T", (50, 200, 800), default=200),
        Slider("B", "Batch size B", (2, 8, 32, 128), default=8),
        Slider("seed", "Seed", (1, 2, 3, 4), default=1),
    ]
    question = "Which batches are large enough for which contexts?"
    return Explorer(controls, [Panel(course, ("T", "B", "seed"))], question=question)


def _short_run(T: int, B: int, seed: int) -> Trajectory:
    return from_scratch(
        T,
        ProximalGradient(0.1),
        steps=400,
        batch_size=B,
        rng=np.random.default_rng(seed),
        record_every=10,
    )


def _fate(run: Trajectory) -> str:
    attention = run.signals.attention[-1]
    if not run.status.ok:
        return "diverged"
    if abs(attention) < 0.5:
        return "undecided"
    return "right side" if attention > 0 else "wrong side"


# Chapter 7 -----------------------------------------------------------------------------------


def transfer_run() -> Explorer:
    """Return what is carried over and the context length over one downstream run.

    Returns
    -------
    Explorer
        The two signals over the samples seen, beside the flow. A changed control trains anew.

    Notes
    -----
    Learning rate 0.05, penalty 0.003, batch size 64, 400 steps; one P' for each correlation.
    Book: 07-transfer, eq-transfer-flow.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.transfer_run().controls]
    ['theta', 'T']
    """

    def course(theta: float, T: int) -> Picture:
        task, scratch = SCBTask.example(T), math.isnan(theta)
        known = 0.0 if scratch else theta
        rng, start = np.random.default_rng(1), "scratch" if scratch else "related"
        method, batches = ProximalGradient(0.05, 0.003), {"steps": 400, "batch_size": 64}
        run = downstream(rng, start, known, T, method, record_every=10, **batches)
        beside = 0.0 if scratch else (1 - theta**2) * task.transition_energy
        flow = transfer_flow(task, known, t_end=20, beside=beside)
        samples = flow.t * batches["batch_size"] / method.learning_rate
        paths = (samples, flow.value, flow.attention)
        return figures.transfer_course(run, paths, _end_of(run))

    values = (math.nan, -0.1, 0.0, 0.03, 0.1, 0.3, 1.0)
    controls = [
        Slider("theta", "Correlation θ", values, default=0.1, format=_correlation),
        Slider("T", "Context length T", (50, 200, 800), default=200),
    ]
    question = "How much has to be known before for the wait to vanish?"
    return Explorer(controls, [Panel(course, ("theta", "T"))], question=question)


def _correlation(theta: float) -> str:
    return "from scratch" if math.isnan(theta) else f"{theta:g}"


def _end_of(run: Trajectory) -> str:
    if run.signals.attention[-1] > 0.5:
        return "half way and beyond"
    return "not yet" if fate(run) == "stuck" else fate(run)


# Chapter 8 -----------------------------------------------------------------------------------


def softmax_training() -> Explorer:
    """Return context length and step over a run of softmax attention beside one of linear.

    Returns
    -------
    Explorer
        The attention maps beside the truth, and the excess losses with the step marked. Both runs
        see the same samples.

    Notes
    -----
    Book: 08-softmax, sec-softmax.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.softmax_training().controls]
    ['T', 'step']
    """

    def maps(T: int, step: int) -> Picture:
        task, runs = SCBTask.example(T), _pair_of_runs(T)
        seen = {name: run.snapshots[run.snapshot_step == step][0] for name, run in runs.items()}
        likeness = {
            name: similarity(A, task.attention, task.stationary) for name, A in seen.items()
        }
        shown = {"truth": task.attention, **seen}
        return figures.attention_maps(shown, likeness=likeness, small=True)

    def losses(T: int, step: int) -> Picture:
        best = bayes_loss(SCBTask.example(T))
        courses = {name: (run.step, run.loss - best) for name, run in _pair_of_runs(T).items()}
        return figures.marked_losses(courses, step)

    steps = (0, 100, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 3300, 4500)
    controls = [
        Slider("T", "Context length T", (20, 60), default=60),
        Slider("step", "Step", steps, default=600, format="{:,}"),
    ]
    panels = [Panel(draw, ("T", "step")) for draw in (maps, losses)]
    question = "Which of the two finds the positions first, and does it find them one by one?"
    return Explorer(controls, panels, question=question)


@lru_cache(maxsize=4)
def _pair_of_runs(T: int) -> dict[str, Trajectory]:
    return {
        name: trained(method, SCBTask.example(T), 0, (3000, 1500), records=45, dtype=np.float64)
        for name, method in (("linear, l1", "l1"), ("softmax", "softmax"))
    }


# Chapter 9 -----------------------------------------------------------------------------------


LINE = 34  # letters of a written line: what a phone shows
PLACES = (23, 117, 166, 174, 282, 365)  # of last letters in the held-out text


def text_models() -> Explorer:
    """Return a model and a place of the text over the law of the next letter, and what it writes.

    Returns
    -------
    Explorer
        Tables of counts and one layer on real windows; a layer is trained when it is first asked.

    Notes
    -----
    Book: 09-past-the-paper, eq-perplexity.

    Examples
    --------
    >>> from scb_edu import widgets
    >>> [control.name for control in widgets.text_models().controls]
    ['model', 'place', 'seed']
    """
    held_out = alice()[2]

    def law(model: str, place: int) -> Picture:
        before = held_out.tokens[: place + 1]
        shown = held_out.decode(before[-16:])
        came = int(held_out.tokens[place + 1])
        return figures.next_letter(expected(model, before), came, held_out.names, shown, model)

    def lines(model: str, seed: int) -> Picture:
        text = written(model, 5 * LINE, seed)
        return figures.lines_of_text([text[i : i + LINE] for i in range(0, 5 * LINE, LINE)], model)

    names = (*COUNTED, *LAYERS)
    ends = {
        place: f"…{held_out.decode(held_out.tokens[place - 9 : place + 1])}" for place in PLACES
    }
    controls = [
        Slider("model", "Model", names, default="bigram"),
        Slider("place", "After", PLACES, default=PLACES[2], format=ends.__getitem__),
        Slider("seed", "Seed of the writing", (1, 2, 3), default=1),
    ]
    panels = [Panel(law, ("model", "place")), Panel(lines, ("model", "seed"))]
    question = "What does each model know of the next letter, and what does its writing look like?"
    return Explorer(controls, panels, question=question)
