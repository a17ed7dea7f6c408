"""What the charts of the playground draw: a pen writes their lines and words down."""

import numpy as np
import pytest
from node import ask, given, settings

import scb_edu as scb

WIDTHS = (334, 640)  # of a phone and of a desk


def draw(chart, w, steps=0, **own):
    """The lines, the words and the runs of a chart."""
    more = {key: own.pop(key) for key in ("given", "seeds") if key in own}
    job = {"do": "chart", "chart": chart, "w": w, "steps": steps, "settings": settings(**own)}
    return ask(job | more)[0]


def words(drawn):
    return [text["words"] for text in drawn["texts"]]


# Attention ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", WIDTHS)
def test_no_bar_is_drawn_over_the_numbers_of_the_axis_or_of_the_truth(w):
    task = scb.SCBTask.example(20)
    wild = 5 * np.random.default_rng(0).normal(size=(20, 3))
    model = scb.LinearTransformer(task.transition, wild)
    own = {"task": "given", "start": "given", "T": 20, "given": given(task, model=model)}
    drawn = draw("attention", w, **own)
    axis = next(text["y"] for text in drawn["texts"] if text["words"] == "19")
    truths = [text["y"] for text in drawn["texts"] if text["words"] in ("0.60", "0.40")]
    rows = [line["points"][1::2] for line in drawn["lines"] if line["color"] == "attention"]
    assert len(rows) == 3
    for row, of_the_row in zip(rows, np.reshape(truths, (3, 2)), strict=True):
        ys = [y for y in row if y is not None]
        assert max(ys) < axis - 9  # as high as a digit is
        assert min(of_the_row) < min(ys)  # the larger weight stands above every bar


# Many seeds ---------------------------------------------------------------------------------------


def bars(drawn):
    """The colours of the bars below the runs."""
    return [line["color"] for line in drawn["lines"] if line["width"] == 3]


@pytest.mark.parametrize("w", WIDTHS)
def test_only_runs_past_the_fall_are_green(w):
    own = {"T": 100, "penalty": 0.3, "batch": 64, "seeds": 20}
    assert bars(draw("many", w, **own)) == ["theory"] * 20
    drawn = draw("many", w, steps=400, **own)
    runs, colours = drawn["runs"], bars(drawn)
    past = [run["ends"]["fall"] is not None for run in runs]
    assert [colour == "green" for colour in colours] == past
    stuck = [run["status"]["name"] == "stuck" for run in runs]
    assert [colour == "amber" for colour in colours] == stuck
    assert set(colours) == {"green", "amber", "theory"}


def test_a_run_on_the_wrong_side_is_purple():
    own = {"T": 100, "method": "preconditioned", "batch": 4, "start": "aligned", "theta": -0.05}
    drawn = draw("many", 640, steps=900, seeds=20, **own)
    wrong = [run["status"]["name"] == "wrong" for run in drawn["runs"]]
    assert any(wrong)
    assert [colour == "purple" for colour in bars(drawn)] == wrong


@pytest.mark.parametrize("w", WIDTHS)
def test_colours_and_signs_are_explained_below(w):
    drawn = draw("many", w, T=20, seeds=20)
    legend = "still on the way, past the fall, ✓ arrived, … stuck, ∞ diverged, 0 vanished, "
    assert ", ".join(words(drawn)[-4:]) == legend + "✗ on the wrong side"
    assert all(0 < text["y"] < drawn["h"] for text in drawn["texts"])


# The last sample ----------------------------------------------------------------------------------


@pytest.mark.parametrize("w", WIDTHS)
def test_the_drawn_position_has_the_thick_frame_and_the_other_a_thin_one(w):
    drawn = draw("samples", w, steps=3, T=20, batch=1)
    widths = [line["width"] for line in drawn["lines"] if line["color"] == "ink"]
    assert sorted(widths) == [1.5, 3]
    law, source = words(drawn)[-2:]
    position = int(source.split(",")[0].removeprefix("Drawn: "))
    assert f" {position} (" in law
    frame = next(line["points"] for line in drawn["lines"] if line["width"] == 3)
    tokens = [line for line in drawn["lines"] if line["color"] != "ink"]
    x, _, end, _ = tokens[position]["points"]
    assert frame[0] == x
    assert frame[2] == pytest.approx(end, abs=1)
