"""Pictures of softmax attention: what is drawn is the data, and the words say the right numbers."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

import scb_edu as scb
from scb_edu import exercises, figures, widgets

X = np.array([10.0, 20.0, 40.0])


def lines_of(ax):
    return {line.get_label(): line for line in ax.lines}


def test_the_maps_are_drawn_on_one_scale():
    truth, other = np.eye(5)[:, :3], 0.25 * np.ones((5, 3))
    picture = figures.attention_maps({"truth": truth, "softmax": other}, likeness={"softmax": 0.5})
    shown = [ax for ax in picture.figure.axes if ax.get_title(loc="left") in ("truth", "softmax")]
    for ax, each in zip(shown, (truth, other), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), each)
        assert ax.images[0].get_clim() == (0, 1)
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["A", "B", "C"]
    assert "softmax 0.50" in picture.words


def test_negative_weights_have_a_colour_of_their_own():
    faint, strong = np.full((2, 2), -0.01), np.full((2, 2), -0.5)
    for each, low in ((faint, 0), (strong, -1)):
        picture = figures.attention_maps({"truth": np.eye(2), "a": each}, likeness={"a": 1})
        assert picture.figure.axes[0].images[0].get_clim() == (low, 1)


def test_the_value_matrices_stand_beside_the_first():
    P, V = np.array([[0.75, 0.5], [0.25, 0.5]]), np.array([[0.7, 0.5], [0.25, 0.53]])
    picture = figures.value_matrices({"P": P, "softmax": V})
    for ax, each in zip(picture.figure.axes, (P, V), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), each)
    assert "softmax 0.05" in picture.words


def test_the_courses_have_their_bands():
    bands = {"softmax": (X, 1 / X, 0.8 / X, 1.5 / X), "linear": (X, 2 / X, 1 / X, 3 / X)}
    picture = figures.softmax_courses({"loss": bands, "outside": {"linear, l1": bands["linear"]}})
    top, bottom = picture.figure.axes
    assert top.get_yscale() == bottom.get_yscale() == "log"
    for name, (x, y, low, high) in bands.items():
        np.testing.assert_array_equal(lines_of(top)[name].get_xydata(), np.transpose([x, y]))
        band = top.collections[list(bands).index(name)].get_paths()[0].vertices
        assert {*low, *high} <= set(band[:, 1])
    looks = {(line.get_marker(), to_hex(line.get_color())) for line in [*top.lines, *bottom.lines]}
    assert all(len(set(column)) == 3 for column in zip(*looks, strict=True))
    assert "loss: softmax 0.1 to 0.025, linear 0.2 to 0.05." in picture.words


def test_weights_that_are_zero_are_counted_and_not_drawn():
    sizes = {"softmax": np.array([0.5, 0.4, 0.07, 0.03]), "linear": np.array([0.9, 0.1, 0, 0])}
    picture = figures.weights_by_size(sizes, 2)
    ax = picture.figure.axes[0]
    assert len(lines_of(ax)["linear"].get_ydata()) == 2
    np.testing.assert_array_equal(lines_of(ax)["softmax"].get_ydata(), sizes["softmax"])
    border = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert set(border[0].get_xdata()) == {2.5}
    assert "softmax: 0 of 4 are zero, the largest off the support 0.07" in picture.words
    assert "linear: 2 of 4 are zero, the largest off the support 0" in picture.words


def test_a_snap_is_told_by_its_ends_and_its_middle():
    t, up = np.array([0.0, 1, 2, 3]), np.array([0.1, 0.1, 0.5, 0.5])
    picture = figures.snaps({"a": (t, {"first": up, "other": up[::-1]}), "b": (t, {"first": up})})
    assert picture.words.startswith("a: first from 0.1 to 0.5, half-way at 1.5; other from 0.5 to")
    top = picture.figure.axes[0]
    np.testing.assert_array_equal(lines_of(top)["first"].get_xydata(), np.transpose([t, up]))
    assert top.get_yscale() == "log"


def test_a_wait_and_its_formula_have_one_colour():
    picture = figures.waits(X, {"linear": X, "softmax": 4 * X}, {"softmax": 3 * X})
    ax = picture.figure.axes[0]
    (dashed,) = [line for line in ax.lines if line.get_linestyle() == "--"]
    np.testing.assert_array_equal(dashed.get_ydata(), 3 * X)
    assert dashed.get_color() == lines_of(ax)["softmax"].get_color()
    assert "softmax: 40 at T = 10 to 160 at T = 40 (formula 30 to 120)" in picture.words
    assert "linear: 10 at T = 10 to 40 at T = 40;" in picture.words


def test_the_step_is_marked_on_every_course():
    courses = {"softmax": (X, 1 / X), "linear, l1": (X, 2 / X)}
    picture = figures.marked_losses(courses, 20)
    ax = picture.figure.axes[0]
    points = sorted(tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xdata()) == 1)
    np.testing.assert_allclose(points, [(20, 0.05), (20, 0.1)])
    assert picture.words == "Excess loss at step 20: softmax 0.05, linear, l1 0.1."


def test_the_explorer_shows_the_runs_at_the_step_that_is_asked_for():
    explorer = widgets.softmax_training()
    maps, losses = (panel.draw for panel in explorer.panels)
    assert "softmax 0.037" in losses(T=20, step=0).words
    late = maps(T=20, step=4500)
    assert "softmax 1.00" in late.words
    truth, line, soft = (ax.images[0].get_array() for ax in late.figure.axes[:3])
    np.testing.assert_array_equal(truth, scb.SCBTask.example(20).attention)
    assert np.abs(soft - truth).max() < 0.1
    assert np.abs(line - truth).max() < 0.1
    start = maps(T=20, step=0)
    np.testing.assert_allclose(start.figure.axes[2].images[0].get_array(), 1 / 20, rtol=1e-6)


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [(2500, True, ""), (5, False, "twice"), (250_000, False, "ratio"), (7, False, "not it")],
)
def test_the_rate_of_the_logits(answer, passed, words):
    verdict = exercises.check("ch8-rate", answer)
    assert verdict.passed is passed
    assert words in verdict.words


def centred_cosine(A, B, mu):
    A, B = (each - each.mean(axis=0) for each in (A, B))
    return np.trace(A * mu @ B.T) / np.sqrt(np.trace(A * mu @ A.T) * np.trace(B * mu @ B.T))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            lambda A, B, mu: (
                np.trace(A * mu @ B.T) / np.sqrt(np.trace(A * mu @ A.T) * np.trace(B * mu @ B.T))
            ),
            "uniform",
        ),
        (lambda A, B, mu: centred_cosine(A, B, np.ones_like(mu)), "weights mu"),
        (lambda A, B, mu: 0.5, "yours"),
        (lambda A, B, mu: None, "Not answered"),
    ],
)
def test_slips_in_the_similarity_are_named(answer, words):
    verdict = exercises.check("ch8-similarity", answer)
    assert not verdict.passed
    assert words in verdict.words
    assert exercises.check("ch8-similarity", centred_cosine).passed
