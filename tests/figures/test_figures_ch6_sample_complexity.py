"""Pictures of sample complexity: the points are the data, the words say the right numbers."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

import scb_edu as scb
from scb_edu import exercises, figures

X = np.array([100.0, 1000.0])
FIRST = (X, 2 * X, 1.5 * X, 2.5 * X)
SECOND = (X, np.array([0.05, 0.5]), np.array([0.04, 0.4]), np.array([0.06, 0.6]))


def bars(ax):
    """Each series as drawn: its name, its points, and the ends of its bars."""
    for container in ax.containers:
        line, _, (segments,) = container
        ends = np.array(segments.get_segments())  # (n, 2, 2)
        yield container.get_label(), line.get_xydata().T, ends[:, :, 1].T


def test_measurements_stand_where_the_data_say_with_their_intervals():
    picture = figures.measured({"a": FIRST, "b": SECOND}, {}, labels=("$T$", "samples"))
    ax = picture.figure.axes[0]
    for (name, points, ends), rows in zip(bars(ax), (FIRST, SECOND), strict=True):
        assert name == "ab"[rows is SECOND]
        np.testing.assert_allclose(points, rows[:2])
        np.testing.assert_allclose(ends, rows[2:])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert "a: 200 at 100 to 2000 at 1000" in picture.words
    assert "b: 0.05 at 100 to 0.5 at 1000" in picture.words


def test_a_formula_has_the_colour_of_its_measurement():
    curves = {"a": (X, X), "other": (X, 3 * X)}
    ax = figures.measured({"a": FIRST}, curves, labels=("$T$", "M")).figure.axes[0]
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert [to_hex(line.get_color()) for line in dashed] == [
        figures.VALUE.lower(),
        figures.THEORY.lower(),
    ]
    np.testing.assert_array_equal(dashed[1].get_ydata(), 3 * X)


def test_series_differ_in_shape_as_well_as_in_colour():
    many = {str(i): FIRST for i in range(6)}
    ax = figures.measured(many, {}, labels=("T", "M")).figure.axes[0]
    shapes = [container[0].get_marker() for container in ax.containers]
    colors = [to_hex(container[0].get_color()) for container in ax.containers]
    assert len(set(shapes)) == len(set(colors)) == 6


def test_an_interval_that_rounding_turned_inside_out_is_drawn():
    tight = (X, X, X + 1e-13, X - 1e-13)
    assert figures.measured({"a": tight}, {}, labels=("T", "M")).words


def test_how_many_samples_for_a_ratio_of_two():
    need = scb.theory.samples_needed(scb.SCBTask.example(1000), 2)
    assert exercises.check("ch6-samples", need).passed
    assert "square" in exercises.check("ch6-samples", need / 2).words
    assert "ratio of 1" in exercises.check("ch6-samples", need / 4).words
    assert not exercises.check("ch6-samples", 10).passed


def test_the_batch_for_a_safe_escape():
    assert "too small" in exercises.check("ch6-batch", 8).words
    assert "smaller one" in exercises.check("ch6-batch", 4096).words
    assert not exercises.check("ch6-batch", None).passed


def test_the_noise_is_estimated_from_batches():
    def right(task, rng, scale=8):
        start = scb.LinearTransformer.initial(task)
        pushes = [
            scb.theory.initial_signal_drift(scb.gradient(start, task.sample(64, rng)), task)
            for _ in range(1000)
        ]
        return scale * np.std(pushes)

    assert exercises.check("ch6-noise", right).passed
    assert "batch of 64" in exercises.check("ch6-noise", lambda t, r: right(t, r, 1)).words
    assert not exercises.check("ch6-noise", lambda t, r: 1.0).passed


def test_samples_by_size_keep_one_look_a_name_and_draw_the_formula_dashed():
    panels = {"T": {"a": FIRST, "b": SECOND}, "Q": {"b": SECOND}}
    picture = figures.samples_by_size(panels, {"T": (X, 3 * X)})
    left, right = picture.figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("$T$", "$Q$")
    colors = [
        {c.get_label(): to_hex(c[0].get_color()) for c in ax.containers} for ax in (left, right)
    ]
    assert colors[0]["b"] == colors[1]["b"] != colors[0]["a"]
    (dashed,) = (line for line in left.lines if line.get_linestyle() == "--")
    np.testing.assert_array_equal(dashed.get_ydata(), 3 * X)
    for (_, points, ends), rows in zip(bars(left), (FIRST, SECOND), strict=True):
        np.testing.assert_allclose(points, rows[:2])
        np.testing.assert_allclose(ends, rows[2:])
    assert "over T, a: 200 at 100 to 2000 at 1000" in picture.words


def test_shares_stand_between_their_predictions():
    table = pd.DataFrame({"theta": [0.0, 0.1], "measured": [0.5, 0.8], "line": [0.6, 0.7]})
    table = table.assign(formula=[0.6, 0.9], system=[0.55, 0.85])
    for name in ("measured", "line"):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.1
    groups = {"$T$ = 100": table, "$T$ = 400": table}
    picture = figures.predicted_shares(groups, "theta", r"correlation $\theta$")
    for ax in picture.figure.axes:
        lines = [np.asarray(line.get_ydata()).tolist() for line in ax.lines]
        assert [0.6, 0.9] in lines
        assert [0.55, 0.85] in lines
        drawn = {name: points[1].tolist() for name, points, _ in bars(ax)}
        assert drawn == {"measured": [0.5, 0.8], "A on its line": [0.6, 0.7]}
        assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.1"]
    assert "over correlation theta, as measured" in picture.words
    assert "T = 400: 0 has 0.50, 0.60, 0.55, 0.60, 0.1 has 0.80, 0.90, 0.85, 0.70" in picture.words


def test_skewed_weights_stand_beside_their_formula():
    rows = (X, np.array([0.0, 0.1]), np.array([-0.01, 0.09]), np.array([0.01, 0.11]))
    curve = (X, np.array([0.0, 0.2]))
    picture = figures.skewed_weights({"N": rows, "T": rows}, {"N": curve, "T": curve})
    for ax in picture.figure.axes:
        dashed = next(line for line in ax.lines if line.get_linestyle() == "--")
        np.testing.assert_array_equal(dashed.get_ydata(), curve[1])
        ((_, points, ends),) = bars(ax)
        np.testing.assert_array_equal(points, rows[:2])
        np.testing.assert_allclose(ends, rows[2:])
    assert "T: 0.00 at 100 to 0.10 at 1000, by the formula 0.00 to 0.20" in picture.words
