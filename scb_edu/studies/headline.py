"""The headline: how many samples each way of training takes, from the first one to the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scb_edu.model.task import SCBTask
from scb_edu.model.transformer import LinearTransformer, signals
from scb_edu.studies.ch6_sample_complexity import fixed_task
from scb_edu.studies.stage2 import at_the_truth
from scb_edu.studies.study import Study
from scb_edu.theory.complexity import beside_energy, crossed_variance, samples_needed
from scb_edu.theory.correlated import correlated_task
from scb_edu.theory.dynamics import escape_time
from scb_edu.theory.finetuning import (
    growing_mode,
    selection_samples,
    temper,
    transfer,
    transfer_samples,
)
from scb_edu.theory.schedules import (
    FallingSpending,
    batch_schedule,
    constant_spending,
    falling_spending,
    penalty_from,
)
from scb_edu.theory.second_stage import giant_step as theory_step
from scb_edu.training import train_stages
from scb_edu.training.loop import Stage
from scb_edu.training.optimizers import SGD, ProximalGradient
from scb_edu.training.trajectory import Trajectory

RATE = 0.05  # with constant b: 1.4 % of a growth time of the example
PATIENCE = 1.8  # how much longer than the flow a run may take to half way
LOOKS = 100  # at a run before half way
HALF_WAY = 0.5

CHANCE = 0.96  # of the right side, by the formula; the noise of A leaves some 0.02 less
# from here to PLAIN: by a scan on other seeds
LEADS = 0.03  # alpha_A at which they lead where V is pretrained

THETA = 0.1  # what the pretrained V of the finetuned ways is worth
GIANT_RATE = 0.4  # over alpha_V: of the one giant step
CLEARANCE = 1.4  # over 1/T: of its threshold, at least
GIANT_DEVIATIONS = 3.27  # of the noise, that its threshold takes: 1,200 samples for the example
SHARE = 0.05  # what tempering leaves
RELATED, TEMPERED = 5.0, 2.0  # where b(t) begins, in units of the feedback of the noise of A
# N: by how much b is larger than the formulas say, where the noise of A feeds back
CONSTANT_AHEAD = {3: 1.0, 5: 2.0, 10: 7.0}
FALLING_AHEAD = {3: 1.0, 5: 2.0, 10: 3.0}
KNOWN_AHEAD = {3: 1.0, 5: 1.0, 10: 1.6}
PLAIN = {100: (8.0, 2), 400: (6.0, 2), 1600: (8.0, 4)}  # T: rate times T, and batch size
PLAIN_SAMPLES = 60  # over T: after these, plain SGD is given up
PRETRAINING_LENGTH = 50
PRETRAINING_CHANCE = 0.99


@dataclass(frozen=True)
class Slow:
    """A slow beginning whose b(t) falls, and whose penalty is zero until the support leads."""

    floor: float  # d: b(t) ends at d sqrt(T)
    faint: float  # the penalty, in units of K_P
    rate: float = RATE
    leading: float = 4.0  # growth times after which the positions of the support lead


# by a scan on other seeds; beyond FAR a step of the first penalty takes more than 2 / T
SCRATCH, KNOWN = Slow(6.0, 0.03), Slow(8.0, 0.03)
FAR_SCRATCH = Slow(12.0, 0.06, rate=0.02, leading=5.0)
FAR_RELATED, FAR_TEMPERED = Slow(20.0, 0.03), Slow(20.0, 0.1)
FAR = 10_000

FINISH = (
    # rate of V over 1 / K_Q, of A over 1 / K_P, penalty over K_P, deviations that it takes, steps
    (0.5, 0.02, 0.14, 3.0, 1),  # V first: A only loses what is small
    (1.0, 0.85, 0.14, 3.0, 2),
    (0.5, 0.85, 0.115, 3.3, 5),
    (0.5, 0.85, 0.09, 3.6, 4),
    (0.5, 0.85, 0.05, 3.6, 3),
)
"""The second stage, one rule for all ways and tasks: Newton's scale, then ever finer."""


@dataclass(frozen=True)
class Beginning:
    """A way of training up to half way: where it starts, what it does, what was spent before."""

    model: LinearTransformer
    stages: Sequence[Stage]
    pretraining: int = 0


def run(
    rng: np.random.Generator, *, way: str, vocab_size: int, context_length: int
) -> dict[str, Any]:
    """Train one run of one way; return the samples to half way and to the end, inf for never."""
    task = fixed_task(vocab_size, context_length)
    begin = WAYS[way](task, rng)
    first = to_half_way(task, begin, rng)
    half = samples_if(is_half_way(first), first)
    end = math.inf
    if math.isfinite(half):
        second = to_the_end(task, model_of(first), rng)
        end = half + samples_if(has_arrived(second), second)
    seen = {"fate": fate(first), "off_line": off_line(task, first)}
    return {"half": half, "end": end, "pretraining": begin.pretraining, **seen}


def to_half_way(task: SCBTask, begin: Beginning, rng: np.random.Generator) -> Trajectory:
    """Train the first stage until alpha_A has passed 1/2 on either side."""
    steps = sum(stage.steps for stage in begin.stages)
    return train_stages(
        task,
        begin.model,
        begin.stages,
        rng=rng,
        record_every=max(1, steps // LOOKS),
        stop=lambda record: abs(record.signals.attention) > HALF_WAY,
    )


def to_the_end(task: SCBTask, model: LinearTransformer, rng: np.random.Generator) -> Trajectory:
    """Train the second stage until both matrices are near the truth."""
    stop = at_the_truth(task)
    return train_stages(task, model, finish(task), rng=rng, record_every=1, stop=stop)


def finish(task: SCBTask) -> list[Stage]:
    """Return the second stage: few steps, each with a batch that lets its threshold find Q."""
    K_P, K_Q = task.transition_energy, task.attention_energy
    noise = task.vocab_size * samples_needed(task, 1.0) / task.context_length  # N tau / K_P^2
    return [
        Stage(
            ProximalGradient(rate / K_Q, share * K_P, attention_rate=attention_rate / K_P),
            steps,
            math.ceil(noise * (deviations / share) ** 2),
        )
        for rate, attention_rate, share, deviations, steps in FINISH
    ]


def samples_if(arrived: bool, trajectory: Trajectory) -> float:
    """Return the samples of a run that arrived; inf of another."""
    return float(trajectory.samples[-1]) if arrived else math.inf


def model_of(trajectory: Trajectory) -> LinearTransformer:
    """Return the model at the end of a run."""
    return LinearTransformer(trajectory.model.value, trajectory.model.attention)


def has_arrived(second: Trajectory) -> bool:
    """Whether a second stage ended near the truth."""
    return second.status.ended == "stopped"


def is_half_way(first: Trajectory) -> bool:
    """Whether a first stage ended half way on the right side."""
    return fate(first) == "half way"


def fate(first: Trajectory) -> str:
    """Return how a first stage ended."""
    if not first.status.ok:
        return "diverged"
    if first.status.ended != "stopped":
        return "undecided"
    right = first.signals.attention[-1] > 0 and first.signals.value[-1] > 0
    return "half way" if right else "wrong side"


def off_line(task: SCBTask, first: Trajectory) -> float:
    """Return e at the end of a first stage, the energy of A off the line of the signals."""
    along = (1 - first.signals.attention[-1]) ** 2 * task.attention_energy
    return float(first.distances.attention[-1] ** 2 - along)


def slowly(time: float, b: float | FallingSpending, penalty: Any, rate: float) -> Stage:
    """Return a stage of that much time (of the flow, with patience) in small steps."""
    return Stage(
        ProximalGradient(rate, penalty), round(PATIENCE * time / rate), batch_schedule(b, rate)
    )


def constant(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From scratch with constant b, about 0.7 T; no penalty."""
    b = CONSTANT_AHEAD[task.vocab_size] * constant_spending(task, CHANCE)
    rate = max(1, round(RATE * b)) / b  # a whole batch
    stage = slowly(escape_time(task, HALF_WAY), b, 0.0, rate)
    return Beginning(LinearTransformer.initial(task, dtype=np.float32), [stage])


def scheduled(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From scratch with b(t) = max(c T e^(-lambda t), d sqrt(T)), the penalty zero at first."""
    return falling_from_scratch(task, *scheduled_spending(task))


def scheduled_spending(task: SCBTask) -> tuple[FallingSpending, Slow]:
    """Return b(t) and the other settings of the scheduled way."""
    T, ahead = task.context_length, FALLING_AHEAD[task.vocab_size]
    slow = FAR_SCRATCH if T > FAR else SCRATCH
    c = 2 * ahead * constant_spending(task, CHANCE) / T
    return falling_spending(task, c, ahead * slow.floor), slow


def falling_from_scratch(task: SCBTask, b: FallingSpending, slow: Slow = SCRATCH) -> Beginning:
    """From scratch with a b(t)."""
    penalty = penalty_from(slow.leading / b.decay, slow.faint * task.transition_energy)
    stage = slowly(escape_time(task, HALF_WAY), b, penalty, slow.rate)
    return Beginning(LinearTransformer.initial(task, dtype=np.float32), [stage])


def plain(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From scratch with plain SGD, at its best rate and batch of a scan on other seeds."""
    T = task.context_length
    scaled, batch = PLAIN[T]
    stage = Stage(SGD(scaled / T), round(PLAIN_SAMPLES * T / batch), batch)
    return Beginning(LinearTransformer.initial(task, dtype=np.float32), [stage])


def aligned(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From V = mu 1^T + theta (P - mu 1^T), with one giant step."""
    model = LinearTransformer.from_signals(task, THETA, 0.0, dtype=np.float32)
    return Beginning(model, [giant_step(task, THETA)])


def giant_step(task: SCBTask, known: float, correlation: float = 1.0) -> Stage:
    """Return one step that finds the positions of Q, for V with that alpha_V."""
    penalty = theory_step(task, known).penalty  # half the push on a weight
    # in short contexts the threshold has to clear the weights 1/T first
    rate = max(GIANT_RATE / known, CLEARANCE / (task.context_length * penalty))
    batch = math.ceil(selection_samples(task, GIANT_DEVIATIONS, correlation))
    return Stage(ProximalGradient(rate, penalty), 1, batch)


def related(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From V = P', with correlation theta and a rest beside it; b(t) falls."""
    slow = FAR_RELATED if task.context_length > FAR else KNOWN
    return from_related(task, correlated_task(task, THETA, rng), 1.0, RELATED, slow)


def related_giant(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From V = P' with one giant step, whose batch is 1 / theta^2 times as large."""
    other = correlated_task(task, THETA, rng)
    start = transfer(LinearTransformer.oracle(other, dtype=np.float32), task)
    return Beginning(start, [giant_step(task, THETA, THETA)])


def tempered(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From V = mu 1^T + eps (P' - mu 1^T), with the same P'; b(t) falls."""
    slow = FAR_TEMPERED if task.context_length > FAR else KNOWN
    return from_related(task, correlated_task(task, THETA, rng), SHARE, TEMPERED, slow)


def from_related(
    task: SCBTask, other: SCBTask, share: float, ahead: float, slow: Slow
) -> Beginning:
    """Return the slow start from the V of another task, tempered."""
    known = transfer(LinearTransformer.oracle(other, dtype=np.float32), task)
    model = temper(known, task, share)
    growth, _, _ = growing_mode(task, model)
    T, N, K_P = task.context_length, task.vocab_size, task.transition_energy
    crossed = [crossed_variance(P, task.stationary) for P in (task.transition, other.transition)]
    # the noise that A brings into V: it grows with T, against a signal that does not
    feedback = math.sqrt(T * N * math.prod(crossed)) / (K_P * growth * THETA)
    more = KNOWN_AHEAD[N]
    b = FallingSpending(more * ahead * feedback, more * slow.floor * math.sqrt(T), growth)
    times = [time_to(task, model, level) for level in (LEADS, HALF_WAY)]
    penalty = penalty_from(times[0], slow.faint * K_P)
    return Beginning(model, [slowly(times[1], b, penalty, slow.rate)])


def time_to(task: SCBTask, model: LinearTransformer, level: float) -> float:
    """Return when the flow of a finetuned run has that alpha_A."""
    known, rest = signals(model, task).value, float(beside_energy(model.value, task))
    return transfer_samples(task, known, learning_rate=1, batch_size=1, level=level, beside=rest)


def pretrained(task: SCBTask, rng: np.random.Generator) -> Beginning:
    """From a V that was trained from scratch, to the end, in short contexts with another Q."""
    short = SCBTask.random(task.vocab_size, PRETRAINING_LENGTH, task.sparsity, rng)
    other = SCBTask(task.transition, short.attention)
    spent, model = 0, None
    while model is None:
        model, samples = pretraining(other, rng)
        spent += samples  # a run that failed was paid for, too
    start = transfer(model, task)
    return Beginning(start, [giant_step(task, 1.0)], spent)


def pretraining(other: SCBTask, rng: np.random.Generator) -> tuple[LinearTransformer | None, int]:
    """Train from scratch with large batches; return the model, if it arrived, and the samples."""
    b = constant_spending(other, PRETRAINING_CHANCE)
    stage = slowly(escape_time(other, HALF_WAY), b, 0.0, RATE)
    start = LinearTransformer.initial(other, dtype=np.float32)
    first = to_half_way(other, Beginning(start, [stage]), rng)
    if not is_half_way(first):
        return None, int(first.samples[-1])
    second = to_the_end(other, model_of(first), rng)
    model = model_of(second) if has_arrived(second) else None
    return model, int(first.samples[-1] + second.samples[-1])


WAYS: dict[str, Callable[[SCBTask, np.random.Generator], Beginning]] = {
    "constant": constant,
    "scheduled": scheduled,
    "plain": plain,
    "aligned": aligned,
    "related": related,
    "related giant": related_giant,
    "tempered": tempered,
    "pretrained": pretrained,
}
"""The ways of training by name."""


def course(
    rng: np.random.Generator, *, way: str, vocab_size: int, context_length: int
) -> list[dict[str, Any]]:
    """Train one run of one way to the end; return its thinned course, a row for each look."""
    task = fixed_task(vocab_size, context_length)
    first = to_half_way(task, WAYS[way](task, rng), rng)
    rows = course_of(first, 0, math.ceil(len(first.step) / COURSE_LOOKS))
    if is_half_way(first):
        second = to_the_end(task, model_of(first), rng)
        rows += course_of(second, int(first.samples[-1]), 1)[1:]
    return rows


def course_of(trajectory: Trajectory, before: int, every: int) -> list[dict[str, Any]]:
    """Return every so-manieth record, and the last one."""
    at = sorted({*range(0, len(trajectory.step), every), len(trajectory.step) - 1})
    return [
        {
            "samples": before + int(trajectory.samples[place]),
            "alpha_V": trajectory.signals.value[place],
            "alpha_A": trajectory.signals.attention[place],
            "loss": trajectory.loss[place],
        }
        for place in at
    ]


def by_schedule(
    rng: np.random.Generator, *, c: float, d: float, context_length: int
) -> dict[str, Any]:
    """Train one run from scratch with b(t) = max(c T e^(-lambda t), d sqrt(T)) to half way."""
    task = SCBTask.example(context_length)
    first = to_half_way(task, falling_from_scratch(task, falling_spending(task, c, d)), rng)
    return {"half": samples_if(is_half_way(first), first), "fate": fate(first)}


COURSE_LOOKS = 25  # of a first stage that are kept
TASK_LENGTHS = (100, 400)
DEAR = ("plain", "related giant")  # many steps of few samples, and many samples


def _points(vocab_size: int, lengths: Sequence[int], ways: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"way": way, "vocab_size": vocab_size, "context_length": T} for T in lengths for way in ways
    ]


QUICK = [way for way in WAYS if way not in DEAR]
HANDED = [way for way in QUICK if way != "pretrained"]


STUDIES = [
    Study("headline", run, _points(3, (100, 400), QUICK), seeds=200),
    Study("headline-1600", run, _points(3, (1600,), QUICK), seeds=100),
    Study("headline-6400", run, _points(3, (6400,), QUICK), seeds=60),
    Study("headline-25600", run, _points(3, (25_600,), QUICK), seeds=36),
    Study("headline-plain", run, _points(3, tuple(PLAIN), ["plain"]), seeds=40),
    Study("headline-giant", run, _points(3, (100, 400, 1600, 6400), ["related giant"]), seeds=36),
    Study(
        "headline-tasks",
        run,
        [*_points(5, TASK_LENGTHS, HANDED), *_points(10, TASK_LENGTHS, HANDED)],
        seeds=40,
    ),
    Study(
        "headline-courses",
        course,
        {"way": QUICK, "vocab_size": (3,), "context_length": (100, 400, 1600, 6400)},
        seeds=4,
        seed=1,
    ),
    Study(
        "headline-schedules",
        by_schedule,
        {"c": (0.8, 1.2, 1.94, 3.0), "d": (2.0, 4.0, 6.0, 10.0), "context_length": (1600,)},
        seeds=40,
        seed=2,
    ),
]
"""The running example at each T, ways that take long apart; two random tasks; courses."""
