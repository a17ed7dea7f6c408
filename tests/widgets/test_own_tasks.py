"""Every explorer of the running example shows a task of the reader's own, or says why it cannot."""

import inspect
import re

import numpy as np
import pytest
from test_explorers import MAKERS, told

import scb_edu as scb
from scb_edu import widgets
from scb_edu.figures import styled
from scb_edu.widgets.explorer import LARGEST_PAGE

pytestmark = pytest.mark.filterwarnings("error")

WEIGHTS = (0.5, 0.3, 0.2)
PLACES = ((1, 4, 8), (2, 6, 10), (3, 7, 11), (0, 5, 9))  # of each last token
P = np.array(
    [[0.1, 0.2, 0.5, 0.3], [0.6, 0.1, 0.2, 0.2], [0.2, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.4]]
)
OF_NO_EXAMPLE = {"build_a_task", "text_models"}
STORED = ("sampled_runs", "headline_race", "spending_schedule")
TAKERS = [name for name in MAKERS if name not in {*OF_NO_EXAMPLE, *STORED}]


def own_task(T=12):
    """N = 4, Q = 3, the weights at the same positions in every context length."""
    Q = np.zeros((T, 4))
    for k, places in enumerate(PLACES):
        Q[places, k] = WEIGHTS
    return scb.SCBTask(P, Q)


TASK = own_task()


@pytest.fixture(params=TAKERS, scope="module")
def explorer(request):
    return getattr(widgets, request.param)(task=TASK)


def test_every_explorer_of_the_running_example_has_a_task():
    without = {n for n in MAKERS if "task" not in inspect.signature(getattr(widgets, n)).parameters}
    assert without == OF_NO_EXAMPLE


def test_it_keeps_the_contract_of_explorers(explorer):
    for control in explorer.controls:
        assert len(set(control.labels)) == len(control.values) > 1
        other = next(value for value in control.values if value != control.default)
        views = [told(explorer, **{control.name: v}) for v in (other, control.default)]
        assert views[0] != views[1], control.label
    panels = range(len(explorer.panels))
    assert sum(explorer.estimate(panel) for panel in panels) <= LARGEST_PAGE


def seen(name, panel, **moved):
    """What a panel says of the task, with some controls moved."""
    shown = getattr(widgets, name)(task=TASK)
    values = {control.name: control.default for control in shown.controls} | moved
    names = shown.panels[panel].depends
    assert set(moved) <= set(names)
    with styled():
        return shown.panels[panel].draw(**{n: values[n] for n in names}).words


@pytest.mark.parametrize(
    ("name", "panel", "moved", "words"),
    [
        ("two_stages", 0, {}, r"A from 0\.00 to 0\.50, entries of V from 0\.10 to 0\.60"),
        ("one_sequence", 0, {"step": 1}, r"Context ([A-D] ){11}[A-D], last token [A-D]"),
        (
            "loss_landscape",  # all three are C, so the truth is column C of P
            0,
            {"value": 1.0, "attention": 1.0},
            r"looking at C, C and C: prediction (0\.50, 0\.20, 0\.10, 0\.20); truth \1",
        ),
        ("gradient_noise", 0, {}, r"at T = 12: .* The 3 positions"),
        ("transfer_run", 0, {"theta": 1.0}, r"half way and beyond"),
        (
            "softmax_training",
            0,
            {"step": 3000},
            r"Similarity to the truth: linear, l1 (1\.00|0\.9)",
        ),
    ],
)
def test_it_shows_this_task(name, panel, moved, words):
    assert re.search(words, seen(name, panel, **moved))


def test_the_race_is_run_on_this_task():
    task, start = TASK, scb.LinearTransformer.initial(TASK, dtype=np.float32)
    steps = {"steps": 500, "batch_size": 64, "rng": np.random.default_rng(0)}
    run = scb.train(task, start, scb.SGD(0.1), **steps)
    floor = scb.bayes_loss(task)
    left = (run.loss[-1] - floor) / (scb.population_loss(start, task) - floor)
    assert f"plain SGD: excess loss {left:.2g} of" in seen("algorithm_race", 0)


def test_escape_offers_the_spread_of_its_attention():
    squares = sum(weight**2 for weight in WEIGHTS)
    control = widgets.escape(TASK).controls[0]
    assert control.default == pytest.approx(1 / squares)
    mu = np.linalg.matrix_power(P, 200)[:, 0]
    K_P = sum(mu[k] * P[:, k] @ P[:, k] for k in range(4)) - mu @ mu
    costs = np.log(10) / np.sqrt(K_P * squares)
    assert f"a factor of ten costs {costs:.1f}." in seen("escape", 0)


@pytest.mark.parametrize("T", [12, 120, 1200])
def test_two_signals_stretches_the_context_and_keeps_the_weights(T):
    words = seen("two_signals", 0, T=T)
    first, fall = (float(x) for x in re.findall(r"at time ([\d.]+)", words))
    assert (first, fall) == pytest.approx(scb.theory.stages(own_task(T)), rel=5e-3)


@pytest.mark.parametrize("name", ["gradient_noise", "transfer_run", "softmax_training"])
def test_a_task_has_one_length_so_that_no_control_changes_it(name):
    here, usual = (
        {control.name for control in getattr(widgets, name)(task).controls} for task in (TASK, None)
    )
    assert usual - here in ({"T"}, {"context"})
    assert here < usual


def test_transfer_run_leaves_out_what_no_transition_has():
    """A P that leads round a ring has no other with a negative correlation of a tenth."""
    rare = scb.SCBTask([[0.98, 0.5], [0.02, 0.5]], np.eye(8, 2))
    thetas = widgets.transfer_run(rare).controls[0].values
    assert -0.1 not in thetas
    assert 1.0 in thetas


@pytest.mark.parametrize("name", STORED)
def test_stored_runs_refuse_a_task_and_say_what_to_do(name):
    with pytest.raises(scb.ScbError, match=r"^task: expected None, .*stored runs.*widgets\.\w+\("):
        getattr(widgets, name)(task=TASK)


@pytest.mark.parametrize("name", [*TAKERS, *STORED])
def test_what_is_no_task_is_refused(name):
    with pytest.raises(scb.ScbError, match=r"^task: expected an SCBTask, got float\.$"):
        getattr(widgets, name)(task=0.5)


@pytest.mark.parametrize("name", TAKERS)
def test_a_task_in_which_nothing_is_to_learn_is_refused(name):
    flat = scb.SCBTask(np.full((2, 2), 0.5), np.eye(8, 2))
    with pytest.raises(scb.ScbError, match=r"^task: expected one whose transition is not uniform"):
        getattr(widgets, name)(task=flat)


def test_a_sequence_that_is_too_long_to_draw_is_refused():
    with pytest.raises(scb.ScbError, match=r"^task: expected at most 16 positions, .* = 120"):
        widgets.one_sequence(own_task(120))
