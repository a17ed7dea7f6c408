"""Every sample of a tiny task, against one that is listed by four loops."""

import numpy as np
import oracles
import pytest

import scb_edu as scb
from scb_edu.model import listing


def test_the_samples_and_their_chances_are_those_of_the_oracle():
    task = scb.SCBTask.random(3, 4, 2, np.random.default_rng(0))
    listed = oracles.every_sample(task.transition, task.stationary, task.attention)
    wanted = {(tokens, last, output): chance for chance, tokens, last, output in listed}
    samples = scb.model.every_sample(task)
    found = {
        (tuple(one.tokens[0].tolist()), int(one.last[0]), int(one.output[0])): chance
        for chance, one in samples
    }
    assert len(samples) == 3**6
    assert found == pytest.approx(wanted, abs=1e-15)


def test_each_is_a_batch_of_one_that_the_library_takes():
    task = scb.SCBTask.random(2, 3, 1, np.random.default_rng(1))
    model = scb.LinearTransformer.from_signals(task, 0.3, 0.7)
    drawn = task.sample(1, np.random.default_rng(2))
    for _, one in scb.model.every_sample(task):
        assert one.tokens.shape == (1, 3)
        assert one.tokens.dtype == one.last.dtype == one.output.dtype == drawn.tokens.dtype
        assert np.isfinite(scb.loss(model, one))


def test_a_task_that_is_not_tiny_is_refused():
    with pytest.raises(scb.ScbError, match=r"task: .* 100,000 samples, got 3\^11 of them"):
        scb.model.every_sample(scb.SCBTask.example(9))
    assert len(scb.model.every_sample(scb.SCBTask.example(8))) == 3**10


def test_a_hundred_thousand_samples_are_few_enough(monkeypatch):
    """Ten tokens, three positions; without their laws the list stays empty, and quick."""
    monkeypatch.setattr(listing, "_laws", lambda _task, contexts, _last: [()] * len(contexts))
    task = scb.SCBTask(np.full((10, 10), 0.1), np.full((3, 10), 1 / 3))
    assert scb.model.every_sample(task) == []
