"""Numbers that the library computes here, to compare between versions and processors.

`python tests/versions.py` prints them as JSON; `python tests/versions.py --keep` writes them to
versions.json, with which tests/test_versions.py compares at 1e-9. The stored ones are of the
versions of constraints.txt. With other versions, or as another processor adds and multiplies:

    OPENBLAS_CORETYPE=Prescott python -m pytest tests/test_versions.py
"""

import json
import sys
from pathlib import Path

import numpy as np

import scb_edu as scb
from scb_edu import experiments, text, theory, training

STORED = Path(__file__).with_name("versions.json")
OPTIMISERS = {
    "SGD": scb.SGD(0.1),
    "ProjectedSGD": training.ProjectedSGD(0.1),
    "ProximalGradient": scb.ProximalGradient(0.05, penalty=0.01),
    "Momentum": training.Momentum(0.02),
    "Adam": training.Adam(0.01),
    "Averaged": training.Averaged(scb.SGD(0.1)),
}


def numbers():
    """Return all numbers by name; each is a float, or a list of some."""
    task = scb.SCBTask.random(
        vocab_size=5, context_length=60, sparsity=3, rng=np.random.default_rng(1)
    )
    parts = (of_a_task, of_a_batch, of_the_theory, of_tables)
    found = {name: value for part in parts for name, value in part(task).items()}
    found |= {f"200 steps of {name}": trained(one, task) for name, one in OPTIMISERS.items()}
    return {name: np.asarray(value).tolist() for name, value in found.items()}


def halfway(task):
    """Return a model between the start and the truth."""
    start, truth = scb.LinearTransformer.initial(task), scb.LinearTransformer.oracle(task)
    return scb.LinearTransformer(
        0.5 * start.value + 0.5 * truth.value, 0.7 * start.attention + 0.3 * truth.attention
    )


def both(pair):
    """Return what a pair says of V and of A."""
    return [pair.value, pair.attention]


def of_a_task(task):
    """Return what is exact: nothing is drawn."""
    model = halfway(task)
    slope = scb.precondition(scb.population_gradient(model, task), task.stationary)
    return {
        "stationary distribution": task.stationary,
        "energies": [task.transition_energy, task.attention_energy],
        "Bayes loss": scb.bayes_loss(task),
        "population loss": scb.population_loss(model, task),
        "preconditioned gradient of V": slope.value.ravel(),
        "signals": both(scb.signals(model, task)),
        "distances": both(scb.distances(model, task)),
    }


def of_a_batch(task):
    """Return what 64 samples say."""
    model, batch = halfway(task), task.sample(64, np.random.default_rng(2))
    slope = scb.gradient(model, batch)
    soft = scb.SoftmaxTransformer(model.value, np.log(1e-3 + task.attention))
    return {
        "sampled tokens": [batch.tokens.mean(), batch.last.mean(), batch.output.mean()],
        "loss": scb.loss(model, batch),
        "gradient of V": slope.value.ravel(),
        "gradient of A": slope.attention[:5].ravel(),
        "loss of softmax": scb.loss(soft, batch),
    }


def of_the_theory(task):
    """Return flows at their ends, and times."""
    flow = scb.signal_flow(task, t_end=40, points=5)
    snap = theory.softmax_flow(task, 60, t_end=200)
    return {
        "flow of V": flow.value,
        "flow of A": flow.attention,
        "separatrix": theory.separatrix(task, points=3)[1],
        "escape times": [scb.escape_time(task, level) for level in (0.1, 0.5, 0.9)],
        "softmax flow": [snap.value[-1], snap.attention[-1]],
        "correlated transition": theory.correlated_task(
            task, 0.5, np.random.default_rng(3)
        ).transition.ravel(),
        "samples needed": theory.samples_needed(task, 3.0),
        "chance to escape": theory.escape_chance(task, 0.5, 1),
    }


def of_tables(task):
    """Return intervals, and what a model of text is scored by."""
    rng = np.random.default_rng(4)
    resampled = experiments.bootstrap_interval(rng.normal(size=30), rng=rng)
    return {
        "Wilson interval": experiments.wilson_interval(17, 20),
        "bootstrap interval": [resampled.estimate, resampled.low, resampled.high],
        "sequence": text.generate(task, 200, np.random.default_rng(5)).mean(),
    }


def trained(optimizer, task):
    """Return where 200 steps of an optimiser end."""
    start = scb.LinearTransformer.initial(task)
    run = scb.train(task, start, optimizer, steps=200, batch_size=32, rng=np.random.default_rng(6))
    return [run.loss[-1], *both(scb.signals(run.model, task)), *run.model.value[0]]


if __name__ == "__main__":
    told = json.dumps(numbers(), indent=1) + "\n"
    if sys.argv[1:] == ["--keep"]:
        STORED.write_text(told, encoding="utf-8")
    else:
        print(told, end="")
