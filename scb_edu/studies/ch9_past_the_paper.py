"""The studies of chapter 9: one layer on a real text, and on sequences that it made itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scb_edu.experiments.intervals import Interval, bootstrap_interval
from scb_edu.model.random_tasks import random_attention
from scb_edu.model.task import Batch, SCBTask
from scb_edu.model.transformer import Distances, LinearTransformer, Transformer, distances, signals
from scb_edu.studies.study import Study, data_file
from scb_edu.support.checks import Array, Tokens
from scb_edu.text.corpus import Corpus, NGram
from scb_edu.text.sequences import (
    clip_and_normalize,
    generate,
    interpolate,
    nll,
    square_losses,
    train_on_sequence,
    windows,
)
from scb_edu.training import train
from scb_edu.training.optimizers import ProximalGradient

SHARES = (0.8, 0.1)  # of the text: to learn from, to choose settings by; the rest is held out
LONGEST = 16  # contexts: all models are judged from the same places on
PIECES = 15  # of the held-out text, about 900 characters each
SMOOTHINGS = (0.3, 1.0, 3.0, 10.0, 30.0)  # of the tables of counts, to choose from
MIXTURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # weights of the unigram law to choose from
STEPS = ((0.05, 2000), (0.01, 1000))  # learning rate and how many steps
PENALTY = 0.002
BATCH = 256
LETTER_CONTEXT = 32  # of the Sparse Contextual Bigram on top of the letters
TOKENS_MADE = 20_000  # of the one sequence of the running example
WORD_GROUPS = 5
COUNTED = {"unigram": 1, "bigram": 2, "trigram": 3}
LAYERS = {"layer, last letter inside": True, "layer, last letter outside": False}
SCHEDULES = ("fresh", "anywhere", "in order")


@lru_cache(maxsize=4)
def alice(unit: str = "character", vocab_size: int | None = None) -> tuple[Corpus, Corpus, Corpus]:
    """Return the book's text in three parts: to learn from, to choose settings by, held out."""
    with data_file("alice.txt") as path:
        text = Corpus.from_file(path, unit=unit)
    first, second, third = text.split(*SHARES, vocab_size=vocab_size)
    return first, second, third


def window_start(corpus: Corpus, context_length: int) -> tuple[LinearTransformer, Array]:
    """Return the uniform model for a text, and the stationary law mu of its bigram."""
    N, T = corpus.vocab_size, context_length
    task = corpus.task(np.full((T, N), 1 / T))
    return LinearTransformer.initial(task), task.stationary


def window_model(
    corpus: Corpus, context_length: int, rng: np.random.Generator, *, with_last: bool
) -> LinearTransformer:
    """Train one layer on windows of a text, first with large steps and then with small ones."""
    model, mu = window_start(corpus, context_length)
    for rate, steps in STEPS:
        model = train_on_sequence(
            model,
            corpus.tokens,
            ProximalGradient(rate, PENALTY),
            stationary=mu,
            steps=steps,
            batch_size=BATCH,
            rng=rng,
            with_last=with_last,
        )
    return model


def judged(
    model: NGram | LinearTransformer, tokens: Tokens, *, with_last: bool = False
) -> tuple[Array, Tokens]:
    """Return the raw predictions (B, N) and what came (B,), at all places with a long context."""
    T = model.context_length if isinstance(model, NGram) else len(model.attention)
    ends = np.arange(LONGEST, len(tokens) - 1)
    batch = windows(tokens, T, ends=ends, with_last=with_last)
    return model.predict(batch.tokens, batch.last), batch.output


def best_mixture(prediction: Array, output: Tokens, unigram: Array) -> float:
    """Return the weight of the unigram law with the smallest surprise."""
    cost = [nll(interpolate(prediction, unigram, w), output).mean() for w in MIXTURES]
    return MIXTURES[int(np.argmin(cost))]


def in_pieces(values: Array) -> Array:
    """Return the means of consecutive pieces of the held-out text, equally long but for one."""
    return np.array([piece.mean() for piece in np.array_split(values, PIECES)])


class Scores(NamedTuple):
    """How well a model predicts the held-out text, in each of its pieces (15,)."""

    surprise: Array  # nats for a letter
    loss: Array  # 1/2 ||e_o - f||^2

    def perplexity(self, rng: np.random.Generator) -> Interval:
        """Return exp of the mean surprise, with a bootstrap interval over the pieces."""
        mean = bootstrap_interval(self.surprise, statistic=np.mean, rng=rng)
        return Interval(*(float(np.exp(end)) for end in mean))

    def mean_loss(self, rng: np.random.Generator) -> Interval:
        """Return the mean loss, with a bootstrap interval over the pieces."""
        return bootstrap_interval(self.loss, statistic=np.mean, rng=rng)


@lru_cache(maxsize=8)
def counted(order: int) -> tuple[NGram, float]:
    """Return the table of counts of an order, with the smoothing that the second part prefers."""
    learn, second, _ = alice()
    models = {smoothing: NGram.fit(learn, order, smoothing) for smoothing in SMOOTHINGS}

    def cost(smoothing: float) -> float:
        return float(nll(*judged(models[smoothing], second.tokens)).mean())

    best = min(SMOOTHINGS, key=cost)
    return models[best], best


def scores_of(laws: Array, prediction: Array, output: Tokens) -> Scores:
    """Return the scores of laws (B, N) by surprise, and of raw predictions (B, N) by the loss."""
    loss = square_losses(prediction, output)
    return Scores(in_pieces(nll(laws, output)), in_pieces(loss))


def counted_scores(order: int) -> Scores:
    """Return the scores of a table of counts, at the places where all models are judged."""
    laws, output = judged(counted(order)[0], alice()[2].tokens)
    return scores_of(laws, laws, output)


def layer_scores(table: pd.DataFrame, context_length: int, with_last: bool) -> Scores:
    """Return the scores of one layer on the real text, the mean over the stored seeds."""
    some = table[(table["context_length"] == context_length) & (table["with_last"] == with_last)]
    means = some[~some["shuffled"]].groupby("piece")[["surprise", "loss"]].mean()
    return Scores(means["surprise"].to_numpy(), means["loss"].to_numpy())


def text_windows(
    rng: np.random.Generator, *, context_length: int, with_last: bool, shuffled: bool
) -> Sequence[dict[str, Any]]:
    """Train on windows of the text, and judge the model on held-out text, piece by piece."""
    parts = [part.shuffled(rng) if shuffled else part for part in alice()]
    learn, second, held_out = parts
    model = window_model(learn, context_length, rng, with_last=with_last)
    unigram = learn.distribution(1)
    weight = best_mixture(*judged(model, second.tokens, with_last=with_last), unigram)
    prediction, output = judged(model, held_out.tokens, with_last=with_last)
    score = scores_of(interpolate(prediction, unigram, weight), prediction, output)
    run = {
        "weight": weight,
        # the mean weight on the newest position, and how often a prediction is no law
        "newest": round(float(model.attention[-1] @ unigram), 4),
        "negative": round(float((prediction < 0).any(axis=1).mean()), 4),
    }
    pairs = np.round([score.surprise, score.loss], 6).T.tolist()  # a small file
    return [{"piece": i, "surprise": s, "loss": half} | run for i, (s, half) in enumerate(pairs)]


def letters_task(corpus: Corpus, rng: np.random.Generator) -> SCBTask:
    """Return a Sparse Contextual Bigram over letters: P of a text, and a random Q."""
    Q = random_attention(corpus.vocab_size, LETTER_CONTEXT, 2, rng)
    return corpus.task(Q)


def text_scb(rng: np.random.Generator, *, shuffled: bool) -> Sequence[dict[str, Any]]:
    """Learn a Sparse Contextual Bigram whose P is that of the text, from fresh samples."""
    learn = alice()[0]
    task = letters_task(learn.shuffled(rng) if shuffled else learn, rng)
    run = train(
        task,
        LinearTransformer.initial(task, dtype=np.float32),
        ProximalGradient(0.05, PENALTY),
        steps=2400,
        batch_size=BATCH,
        rng=rng,
        record_every=200,
    )
    columns = {
        "samples": run.samples,
        "alpha_v": run.signals.value,
        "alpha_a": run.signals.attention,
        "distance_v": run.distances.value,
        "distance_a": run.distances.attention,
    }
    return [
        {name: float(values[i]) for name, values in columns.items()}
        | {"energy": task.transition_energy}
        for i in range(len(run.samples))
    ]


def schedule(rng: np.random.Generator, *, schedule: str) -> dict[str, Any]:
    """Train on as many windows in three ways: fresh ones, or those of one long sequence."""
    task, optimizer, B = SCBTask.example(8), ProximalGradient(0.1, 0.01), 16
    start = LinearTransformer.initial(task)
    model: Transformer
    steps = (TOKENS_MADE - task.context_length - 1) // B  # in order: each window once
    if schedule == "fresh":
        model = train(task, start, optimizer, steps=steps, batch_size=B, rng=rng).model
    else:
        model = train_on_sequence(
            start,
            generate(task, TOKENS_MADE, rng),
            optimizer,
            stationary=task.stationary,
            steps=steps,
            batch_size=B,
            rng=rng,
            in_order=schedule == "in order",
        )
    alpha, far = signals(model, task), distances(model, task)
    return {
        "alpha_v": alpha.value,
        "alpha_a": alpha.attention,
        "distance_v": far.value,
        "distance_a": far.attention,
    }


def text_words(rng: np.random.Generator, *, vocab_size: int) -> Sequence[dict[str, Any]]:
    """Learn a Sparse Contextual Bigram over words, and look at its columns by their frequency."""
    learn = alice("word", vocab_size)[0]
    task = learn.task(random_attention(vocab_size, 16, 2, rng))
    run = train(
        task,
        LinearTransformer.initial(task, dtype=np.float32),
        ProximalGradient(0.02, 0.001),
        steps=3000,
        batch_size=512,
        rng=rng,
    )
    P, mu, count = task.transition, task.stationary, learn.counts(1)
    square = {
        "error": np.square(run.model.value - P).sum(axis=0),
        "size": np.square(P - mu[:, None]).sum(axis=0),  # what there is to learn
        "counting": (1 - np.square(P).sum(axis=0)) / count,  # how well the text itself knows it
    }
    groups = np.array_split(np.argsort(-mu, kind="stable"), WORD_GROUPS)
    return [
        {"group": place, "frequency": float(mu[group].mean())}
        | {name: round(float(np.sqrt(each[group].mean())), 5) for name, each in square.items()}
        for place, group in enumerate(groups)
    ]


def copies(tokens: Tokens, length: int) -> Tokens:
    """Guess what followed when the last ``length`` tokens occurred before.

    Returns
    -------
    (L,) array
        The guess for each place, made before it is seen; -1 where there is none.
    """
    followed: dict[bytes, int] = {}
    guess = np.full(len(tokens), -1)
    for at in range(length, len(tokens)):
        key = tokens[at - length : at].tobytes()
        guess[at] = followed.get(key, -1)
        followed[key] = int(tokens[at])
    return guess


def favourites(order: int) -> Tokens:
    """Return the letter that a table of counts likes best, for the held-out text.

    Returns
    -------
    (L - LONGEST - 1,) array
        From the first place on at which the models are judged.
    """
    laws, _ = judged(counted(order)[0], alice()[2].tokens)
    return np.asarray(laws.argmax(axis=1))


class Writer(NamedTuple):
    """A model of letters and the windows it reads."""

    source: NGram | LinearTransformer
    context_length: int
    with_last: bool


@lru_cache(maxsize=4)
def window_example(with_last: bool, shuffled: bool = False) -> LinearTransformer:
    """Return one layer with T = 8, trained on windows of the text or of the shuffled text."""
    learn, rng = alice()[0], np.random.default_rng(0)
    return window_model(learn.shuffled(rng) if shuffled else learn, 8, rng, with_last=with_last)


def writer(name: str) -> Writer:
    """Return one of the models that the explorer of chapter 9 lets speak."""
    if name in COUNTED:
        model = counted(COUNTED[name])[0]
        return Writer(model, model.context_length, False)
    return Writer(window_example(LAYERS[name]), 8, LAYERS[name])


def expected(name: str, before: Tokens) -> Array:
    """Return the law (N,) that a model gives the letter after some tokens; the newest is last."""
    model = writer(name)
    place = len(before) - 1
    batch = windows(
        np.append(before, before[-1:]),  # what came is not read
        model.context_length,
        ends=[place],
        with_last=model.with_last,
    )
    return np.asarray(clip_and_normalize(model.source.predict(batch.tokens, batch.last))[0])


def written(name: str, length: int, seed: int) -> str:
    """Return letters that a model writes after the first ones of the held-out text."""
    model, held_out = writer(name), alice()[2]
    made = generate(
        model.source,
        length,
        np.random.default_rng(seed),
        start=held_out.tokens[: model.context_length + 1],
        with_last=model.with_last,
    )
    return held_out.decode(made)


def sequences_of(task: SCBTask, length: int, count: int, rng: np.random.Generator) -> Tokens:
    """Make many sequences, each from an independent context in front: (count, T + 1 + length)."""
    batch = task.sample(count, rng)
    start = np.column_stack([batch.tokens, batch.last])
    return np.column_stack([start, generate(task, length, rng, start=start)])


def all_windows(sequences: Tokens, context_length: int) -> Batch:
    """Return the windows of many sequences (count, L), one sequence after the other."""
    parts = [windows(row, context_length) for row in sequences]
    return Batch(
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.last for part in parts]),
        np.concatenate([part.output for part in parts]),
    )


def short_sequence(length: int, seed: int) -> Distances[float]:
    """Train the running example on one sequence, however short, and say how far it stays away."""
    task, rng = SCBTask.example(8), np.random.default_rng(seed)
    model = train_on_sequence(
        LinearTransformer.initial(task),
        generate(task, length, rng),
        ProximalGradient(0.1, 0.01),
        stationary=task.stationary,
        steps=1000,
        batch_size=16,
        rng=rng,
    )
    return distances(model, task)


def _window_points() -> list[dict[str, Any]]:
    """Return the settings; alone in its context, a token before the last is not of interest."""
    real = [(T, with_last, False) for with_last in (True, False) for T in (1, 2, 4, 8, 16)]
    settings = [*real, (8, True, True), (8, False, True)]
    names = ("context_length", "with_last", "shuffled")
    return [dict(zip(names, setting, strict=True)) for setting in settings]


STUDIES = [
    Study("text-windows", text_windows, _window_points(), seeds=10),
    Study("text-scb", text_scb, {"shuffled": (False, True)}, seeds=10),
    Study("text-words", text_words, {"vocab_size": (200,)}, seeds=10),
    Study("text-schedules", schedule, {"schedule": SCHEDULES}, seeds=20),
]
