"""What the pages say one should have seen in their playgrounds, seen in the runs themselves."""

import ast
from functools import cache

import jupytext
import numpy as np
import pytest
from conftest import BOOK
from node import ask, constants, settings

import scb_edu as scb
from scb_edu import widgets

WHERE = {"scb": scb, "np": np, "widgets": widgets, "task": scb.SCBTask.example()}
SEEDS = range(20)


@cache
def playground(page):
    """The first playground of a page, made by its own cell."""
    cells = jupytext.read(BOOK / f"{page}.md").cells
    source = next(c.source for c in cells if "widgets.playground(" in c.source)
    *before, last = ast.parse(source).body
    names = dict(WHERE)
    exec(compile(ast.Module(before, []), page, "exec"), names)
    return eval(compile(ast.Expression(last.value), page, "eval"), names)


def lanes(page, **own):
    """The settings of the lanes of a page's playground, with what a reader changed."""
    first = playground(page).settings | own
    return [first, first | first["other"]][: first["lanes"]]


def train(*runs, time, seed=None):
    """The states of runs after so much time, or where they arrived."""
    asked = [
        {"do": "train", "settings": run, "steps": round(time / run["rate"]), "until": "arrived"}
        for run in runs
    ]
    return ask(*(job | ({} if seed is None else {"seed": seed}) for job in asked))


def many(time, **run):
    """The states of twenty seeds."""
    run = settings(**run)
    seeds = [run["seed"] + at for at in SEEDS]
    job = {"do": "train", "settings": run, "steps": round(time / run["rate"]), "until": "arrived"}
    return ask(*(job | {"seed": seed} for seed in seeds))


def right(states):
    """How many have fallen on the right side."""
    return sum(state["ends"]["fall"] is not None for state in states)


def stage_1(states):
    return [state["ends"]["one"] for state in states]


# Train it yourself --------------------------------------------------------------------------------


def test_what_a_longer_context_does_to_the_wait():
    for T, samples in ((100, 35_000), (1000, 61_000)):
        [end] = stage_1(train(settings(T=T, method="preconditioned"), time=24))
        assert end == pytest.approx(samples, rel=0.1)


def test_noise_decides_in_a_long_context_with_a_small_batch():
    [state] = train(settings(T=1000, method="preconditioned", batch=2), time=60)
    assert state["ends"]["fall"] is None


def test_when_the_penalty_kills_a_run():
    arrived = {penalty: right(many(12, T=100, penalty=penalty)) for penalty in (0.02, 0.1, 0.3)}
    assert arrived[0.02] == 20
    assert 5 < arrived[0.1] < 18
    assert arrived[0.3] < 5
    assert right(many(24, T=100, penalty=0.3, penaltyFrom=20)) == 20


def test_a_penalty_that_takes_everything():
    [state] = train(settings(T=100, penalty=0.5), time=1)
    assert state["status"]["name"] == "vanished"
    assert (state["step"], state["samples"]) == (1, 64)


def test_what_a_little_knowledge_is_worth():
    [preset] = [p for p in constants()["PRESETS"] if "little knowledge" in p["question"]]
    both = settings(**preset["settings"])
    scratch, finetuned = stage_1(train(both, both | both["other"], time=20))
    assert finetuned < scratch / 2


# Chapters -----------------------------------------------------------------------------------------


def test_the_welcome_page_trains_until_it_arrives():
    [state] = train(*lanes("index"), time=20)
    assert state["status"]["name"] == "arrived"


def test_plain_sgd_needs_three_times_the_samples():
    plain, proximal = stage_1(train(*lanes("05-algorithm"), time=50))
    assert plain / proximal == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize(("T", "enough"), [(100, 4), (400, 8)])
def test_the_batch_with_which_twenty_seeds_fall_on_the_right_side(T, enough):
    run = playground("06-sample-complexity").settings | {"T": T}
    less, all_of_them = (right(many(45, **run | {"batch": B})) for B in (enough // 2, enough))
    assert less < all_of_them == 20


@pytest.mark.parametrize("T", [1000, 2000])
def test_a_tenth_saves_more_than_half_of_stage_1(T):
    scratch, finetuned = stage_1(train(*lanes("07-transfer", T=T), time=14))
    assert scratch is None or finetuned < scratch / 2


def test_softmax_leaves_later_and_falls_in_fewer_samples():
    linear, softmax = (state["ends"] for state in train(*lanes("08-softmax"), time=25))
    assert softmax["one"] > linear["one"]
    assert softmax["fall"] - softmax["one"] < linear["fall"] - linear["one"]
