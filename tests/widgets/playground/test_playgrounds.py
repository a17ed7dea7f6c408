"""What Python tells the page: settings from objects, refusals, its text, what comes back."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from elements import Elements
from node import constants

import scb_edu as scb
from scb_edu import widgets
from scb_edu.support.errors import ScbError
from scb_edu.theory import falling_spending
from scb_edu.training import Adam, Averaged, Momentum, ProjectedSGD
from scb_edu.widgets import playgrounds
from scb_edu.widgets.inline import joined
from scb_edu.widgets.playground_settings import DEFAULTS, LIMITS

VIEW = "application/vnd.jupyter.widget-view+json"
TASK = scb.SCBTask.example(100)
RANDOM = scb.SCBTask.random(4, 50, 3, np.random.default_rng(0))
SCRATCH = scb.LinearTransformer.initial(TASK)
SOFT = scb.SoftmaxTransformer.initial(TASK)


def pretrained(task=TASK, theta=0.3, seed=0):
    other = scb.theory.correlated_task(task, theta, np.random.default_rng(seed))
    return scb.theory.transfer(scb.LinearTransformer.oracle(other), task)


def chosen(**arguments):
    """The settings that differ from the defaults, but for those of the task."""
    settings = widgets.playground(TASK, **arguments).settings
    return {k: v for k, v in settings.items() if k not in ("task", "T") and DEFAULTS[k] != v}


def matrix(numbers, rows):
    """What a flat list means: one column after the other."""
    return [numbers[n::rows] for n in range(rows)]


def test_defaults_and_limits_are_the_pages_own():
    assert constants()["DEFAULTS"] == DEFAULTS
    limits = constants()["LIMITS"]
    assert {name: (limits[name]["min"], limits[name]["max"]) for name in LIMITS} == LIMITS


# Settings from objects -----------------------------------------------------------------------


def test_without_arguments_it_is_the_defaults():
    assert widgets.playground().settings == DEFAULTS


@pytest.mark.parametrize("T", [8, 99, 4000])
def test_the_running_example_is_known_at_any_length(T):
    playground = widgets.playground(scb.SCBTask.example(T))
    assert playground.settings == {**DEFAULTS, "T": T}
    assert playground.given is None


def test_any_other_task_is_given_to_the_last_bit():
    playground = widgets.playground(RANDOM)
    settings, given = playground.settings, playground.given
    assert [settings[name] for name in ("task", "N", "T", "Q")] == ["given", 4, 50, 3]
    assert matrix(given["P"], 4) == RANDOM.transition.tolist()
    assert given["mu"] == RANDOM.stationary.tolist()
    Q = np.zeros((50, 4))
    for k, (positions, weights) in enumerate(
        zip(given["positions"], given["weights"], strict=True)
    ):
        Q[positions, k] = weights
    assert np.array_equal(Q, RANDOM.attention)


def test_the_example_with_one_more_position_is_another_task():
    Q = TASK.attention.copy()
    Q[50, 0] += 1e-3
    other = scb.SCBTask(TASK.transition, Q / Q.sum(axis=0))
    assert widgets.playground(other).settings["task"] == "given"


METHODS = [
    (scb.SGD(0.1), {"method": "plain", "rate": 0.1}),
    (ProjectedSGD(0.1), {"method": "projected", "rate": 0.1}),
    (scb.ProximalGradient(0.1), {"method": "preconditioned", "rate": 0.1}),
    (scb.ProximalGradient(0.1, 0.25), {"rate": 0.1, "penalty": 0.25}),
    (scb.ProximalGradient(0.02, 0.005), {}),
    (Momentum(0.1), {"method": "momentum", "rate": 0.1}),
    (Adam(0.1), {"method": "adam", "rate": 0.1}),
    (scb.SGD(0.1, attention_rate=0.5), {"method": "plain", "rate": 0.1, "ratio": 5}),
]


@pytest.mark.parametrize(("optimizer", "settings"), METHODS)
def test_a_method_is_its_settings(optimizer, settings):
    assert chosen(optimizer=optimizer) == settings


def test_the_falling_schedule_of_chapter_6_is_known():
    falling = falling_spending(TASK, c=1.7, d=4)
    assert chosen(batch_size=falling) == {"schedule": "falling"}
    assert chosen(batch_size=7, penalty_from=12) == {"batch": 7, "penaltyFrom": 12}


STARTS = [
    (SCRATCH, {}),
    (scb.LinearTransformer.initial(TASK, dtype=np.float32), {}),
    (scb.LinearTransformer.from_signals(TASK, 0.25, 0), {"start": "aligned", "theta": 0.25}),
    (scb.LinearTransformer.from_signals(TASK, -0.5, 0), {"start": "aligned", "theta": -0.5}),
    (scb.LinearTransformer.from_signals(TASK, 1.5, 0), {"start": "given"}),
    (scb.LinearTransformer.from_signals(TASK, 0, 0.1), {"start": "given"}),
    (pretrained(), {"start": "given"}),
    (SOFT, {"attention": "softmax", "method": "preconditioned"}),
]


@pytest.mark.parametrize(("model", "settings"), STARTS)
def test_a_model_is_its_start(model, settings):
    assert chosen(model=model) == settings


def test_a_pretrained_model_is_given_with_its_task_and_uniform_attention_is_not():
    model = pretrained()
    playground = widgets.playground(TASK, model)
    given = playground.given
    assert playground.settings["task"] == "given"
    assert matrix(given["P"], 3) == TASK.transition.tolist()
    assert set(given["model"]) == {"value"}
    assert matrix(given["model"]["value"], 3) == model.value.tolist()


@pytest.mark.parametrize("kind", [scb.LinearTransformer, scb.SoftmaxTransformer])
def test_the_attention_of_a_model_is_given_where_it_is_its_own(kind):
    model = kind.oracle(TASK)
    name = "logits" if kind is scb.SoftmaxTransformer else "attention"
    given = widgets.playground(TASK, model).given["model"]
    assert set(given) == {"value", name}
    assert matrix(given[name], 100) == getattr(model, name).tolist()


def test_a_softmax_model_has_the_rates_that_its_optimiser_says():
    assert chosen(model=SOFT, optimizer=scb.SGD(0.1)) == {
        "attention": "softmax",
        "method": "plain",
        "rate": 0.1,
        "ratio": 1,
    }


def test_a_second_lane_holds_only_what_differs():
    both = widgets.playground(
        TASK, optimizer=scb.SGD(0.02), beside={"optimizer": scb.ProximalGradient(0.02, 0.01)}
    )
    assert both.settings["lanes"] == 2
    assert both.settings["other"] == {"method": "proximal", "penalty": 0.01}


def test_scratch_beside_a_model_of_the_readers_own():
    both = widgets.playground(TASK, beside={"model": pretrained()})
    assert both.settings["start"] == "scratch"
    assert both.settings["other"] == {"start": "given"}
    assert set(both.given["model"]) == {"value"}


def test_softmax_beside_linear():
    other = widgets.playground(TASK, SCRATCH, beside={"model": SOFT}).settings["other"]
    assert other == {"attention": "softmax", "method": "preconditioned"}


def test_many_seeds():
    assert chosen(many=True) == {"lanes": 20}


def test_the_settings_of_one_are_not_those_of_another():
    first, second = widgets.playground(), widgets.playground()
    first.settings["T"] = 9
    first.settings["other"]["rate"] = 9
    assert first.settings == second.settings
    assert second.settings["other"] == DEFAULTS["other"] == {}


# Refusals -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own(scb.SGD):
    """An optimiser that the page has never heard of."""


def of(optimizer):
    return lambda: widgets.playground(TASK, optimizer=optimizer)


FLAT = scb.SCBTask(np.full((2, 2), 0.5), [[1, 0], [0, 1], *[[0, 0]] * 8])
MISTAKES = [
    (lambda: widgets.playground("example"), r"task: .*SCBTask"),
    (lambda: widgets.playground(scb.SCBTask.example(7)), r"task.context_length: .*8 to 4000.* 7"),
    (lambda: widgets.playground(scb.SCBTask.example(4001)), r"task.context_length: .*got 4001"),
    (
        lambda: widgets.playground(scb.SCBTask.random(9, 20, 2, np.random.default_rng(0))),
        r"task.vocab_size: .*2 to 8.*got 9",
    ),
    (lambda: widgets.playground(FLAT), r"task: .*transition is not uniform"),
    (lambda: widgets.playground(TASK, "scratch"), r"model: .*LinearTransformer.*got str"),
    (lambda: widgets.playground(RANDOM, SCRATCH), r"model.value: .*\(4, 4\), got \(3, 3\)"),
    (of("SGD"), r"optimizer: .*got 'SGD'"),
    (of(Own(0.1)), r"optimizer: .*SGD, ProjectedSGD, .*got Own; scb.train"),
    (of(Averaged(scb.SGD(0.1))), r"optimizer: .*got Averaged"),
    (of(scb.SGD(lambda moment: 0.1)), r"optimizer.learning_rate: .*number.*function"),
    (of(scb.SGD(0.1, attention_rate=lambda moment: 0.1)), r"optimizer.attention_rate: .*function"),
    (of(scb.SGD(1e-4, attention_rate=10)), r"attention_rate over that of V: .*10000.*got 100000"),
    (of(scb.SGD(11)), r"optimizer.learning_rate: .*1e-05 to 10.*got 11"),
    (of(scb.ProximalGradient(0.1, 1.5)), r"optimizer.penalty: .*0 to 1.*got 1.5"),
    (
        of(scb.ProximalGradient(0.1, scb.theory.penalty_from(3, 0.1))),
        r"optimizer.penalty: .*function.*penalty_from=time",
    ),
    (of(Momentum(0.1, momentum=0.5)), r"optimizer.momentum: .*0.9 in a playground, got 0.5"),
    (of(Adam(0.1, floor=1e-3)), r"optimizer.floor: .*1e-08.*got 0.001"),
    (
        lambda: widgets.playground(TASK, SOFT, scb.ProximalGradient(0.1, 0.1)),
        r"penalty: expected 0 for softmax",
    ),
    (lambda: widgets.playground(batch_size=0), r"batch_size: .*at least 1, got 0"),
    (lambda: widgets.playground(batch_size=5000), r"batch_size: .*1 to 4096.*got 5000"),
    (lambda: widgets.playground(batch_size=lambda moment: 8), r"batch_size: .*another function"),
    (
        lambda: widgets.playground(TASK, batch_size=falling_spending(TASK, 2, 4)),
        r"batch_size: .*c=1.7, d=4.0.*first=170.*first=200",
    ),
    (lambda: widgets.playground(penalty_from=-1), r"penalty_from: .*0 or above, got -1"),
    (lambda: widgets.playground(seed=-1), r"seed: .*at least 0, got -1"),
    (lambda: widgets.playground(seed=2**32), r"seed: .*4.29497e\+09"),
    (lambda: widgets.playground(speed=101), r"speed: .*1 to 100.*got 101"),
    (lambda: widgets.playground(beside={}), r"beside: .*model.*got \[\]"),
    (lambda: widgets.playground(beside={"rate": 1}), r"beside: .*optimizer.*got \['rate'\]"),
    (lambda: widgets.playground(beside={"batch_size": 64}), r"beside: .*something that differs"),
    (lambda: widgets.playground(many=True, beside={"batch_size": 8}), r"many: .*False"),
    (
        lambda: widgets.playground(TASK, pretrained(), beside={"model": pretrained(seed=1)}),
        r"beside: .*one pretrained model",
    ),
    (lambda: widgets.playground(controls=["T", "colour"]), r"controls: .*'preset'.*got 'colour'"),
    (lambda: widgets.playground(charts=["pie"]), r"charts: .*'portrait'.*got 'pie'"),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES)
def test_what_the_page_cannot_do_is_refused_in_words(mistake, message):
    with pytest.raises(ScbError, match=message):
        mistake()


# Its mimebundle -----------------------------------------------------------------------------------


@pytest.fixture
def building(monkeypatch):
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")


def test_in_a_notebook_it_is_a_widget():
    shown = widgets.playground()._repr_mimebundle_()
    assert set(shown) == {VIEW, "text/plain"}


def test_in_a_book_it_is_html_and_leaves_no_widget_behind(building):
    import ipywidgets

    before = set(ipywidgets.widget._instances)
    shown = widgets.playground()._repr_mimebundle_()
    assert set(shown) == {"text/html", "text/plain"}
    assert set(ipywidgets.widget._instances) == before


def test_its_words_are_the_same_in_both(building, monkeypatch):
    playground = widgets.playground(TASK, question="Why <so> long?")
    in_a_book = playground._repr_mimebundle_()["text/plain"]
    monkeypatch.delenv("SCB_EDU_FRAMES")
    assert playground._repr_mimebundle_()["text/plain"] == in_a_book == repr(playground)
    question, run, flow = in_a_book.splitlines()
    assert question == "Why <so> long?"
    assert run == (
        "Training to run here: the proximal method, learning rate 0.02, 64 samples a step, "
        "penalty 0.005; N = 3, T = 100, Q = 2."
    )
    assert flow.startswith("With exact gradients: Stage 1 ends at time 10.8, ")


def test_its_words_tell_what_stands_beside_it():
    falling = falling_spending(TASK, c=1.7, d=4)
    both = widgets.playground(
        TASK, batch_size=1, beside={"optimizer": scb.SGD(0.5), "batch_size": falling}
    )
    assert ", 1 sample a step, " in both.words
    told = "Beside it, on the same samples: method plain, rate 0.5, schedule falling."
    assert told in both.words
    assert "20 seeds at once." in widgets.playground(TASK, many=True).words
    falling_words = widgets.playground(TASK, batch_size=falling).words
    assert "as the falling schedule says" in falling_words


def test_the_words_of_a_run_to_the_wrong_side_and_of_one_at_the_truth():
    wrong = widgets.playground(TASK, scb.LinearTransformer.from_signals(TASK, -0.5, 0))
    assert "Stage 1 does not end" in wrong.words
    assert widgets.playground(TASK, scb.LinearTransformer.oracle(TASK)).words


def test_importing_imports_no_widgets():
    ask = "import sys, scb_edu.widgets.playgrounds as p; p.playground()"
    code = f"{ask}; sys.exit('ipywidgets' in sys.modules or 'anywidget' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# The page without a kernel ------------------------------------------------------------------------


HOSTILE = "</script><!-- <script>alert('x')</script> & \u2028 Why?"


@pytest.fixture(scope="module")
def page():
    return Elements(widgets.playground(RANDOM, question=HOSTILE).page())


def test_the_page_is_well_formed_and_asks_nothing_of_the_network(page):
    assert page.open == []
    values = [value for _, attributes, _ in page.found for value in attributes.values() if value]
    assert not any("//" in value and not value.startswith("data:") for value in values)
    assert not any("id" in attributes for _, attributes, _ in page.found)  # nothing to collide
    addresses = re.findall(r"https?://[^\s\"'`\\]*", "".join(page.text["script"]))
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}  # the name of a language


def test_its_data_cannot_close_their_element(page):
    data = page.text["script"][0]
    assert "<" not in data
    told = json.loads(data)
    assert told["question"] == HOSTILE
    assert told["settings"] == widgets.playground(RANDOM).settings
    assert told["given"] == widgets.playground(RANDOM).given


def test_its_script_stands_in_the_page_as_text(page):
    """A policy knows it by its hash then; and nothing in it begins or ends an element."""
    script = page.text["script"][1]
    assert page.all("script")[1] == {"type": "module"}
    assert script.startswith(joined(playgrounds.MODULES))
    assert not re.search(r"</?script|<!--", script)


def test_without_scripts_a_picture_with_words_stands_there(page):
    [image] = page.all("img")
    still = widgets.playground(RANDOM).still
    assert image["alt"] == still.words
    assert len(still.words) > 20
    assert page.text["figcaption"] == [HOSTILE]
    assert page.text["p"][0].startswith("This picture stands where no script runs")


@pytest.mark.parametrize("task", [None, scb.SCBTask.random(8, 4000, 4, np.random.default_rng(0))])
def test_it_adds_at_most_150_kilobytes_to_a_page(task):
    assert len(widgets.playground(task).page().encode()) <= 150_000


def test_what_is_too_large_for_a_page_is_refused_and_is_a_widget_still():
    task = scb.SCBTask.random(8, 4000, 4, np.random.default_rng(0))
    noisy = scb.LinearTransformer(task.transition, np.random.default_rng(0).random((4000, 8)))
    playground = widgets.playground(task, noisy)
    with pytest.raises(ScbError, match=r"150,000 bytes in a page, got .*uniform attention"):
        playground.page()
    assert VIEW in playground._repr_mimebundle_()


# What comes back ----------------------------------------------------------------------------------


LANE = {
    "samples": [0, 64],
    "value": [0.0, 0.25],
    "attention": [0.0, -0.5],
    "excess": [0.1, None],  # what JSON makes of infinity
}


def test_before_it_is_shown_nothing_has_come_back():
    playground = widgets.playground()
    assert playground.trajectory.empty
    assert playground.python == ""
    assert "widget" not in vars(playground)


def test_settings_trajectory_and_python_are_read_while_it_runs():
    playground = widgets.playground(TASK)
    lanes = [LANE, {**LANE, "value": [0.5, 0.75]}]
    playground.widget.progress = {
        "settings": {**DEFAULTS, "T": 999},
        "python": "import scb_edu",
        "lanes": lanes,
    }
    assert playground.settings["T"] == 999
    assert playground.python == "import scb_edu"
    frame = playground.trajectory
    assert frame["lane"].tolist() == [1, 1, 2, 2]
    assert frame["samples"].tolist() == [0, 64, 0, 64]
    assert frame["alpha_V"].tolist() == [0.0, 0.25, 0.5, 0.75]
    assert frame["alpha_A"].tolist() == [0.0, -0.5] * 2
    assert frame["excess"].isna().tolist() == [False, True] * 2


def test_the_widget_is_told_all_that_the_page_is():
    playground = widgets.playground(RANDOM, pretrained(RANDOM), charts=["loss"], autoplay=True)
    told = json.loads(Elements(playground.page()).text["script"][0])
    assert playground.widget._esm == joined(playgrounds.MODULES)
    assert {name: getattr(playground.widget, name) for name in told} == told
