"""Pictures, explorer and exercises of chapter 5: words and marks are those of the data."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import scb_edu as scb
from scb_edu import exercises, figures, widgets
from scb_edu.experiments import summarise
from scb_edu.figures.ch5_algorithm import COLORS, LOST

RUN = ["method", "learning_rate", "penalty", "context_length", "batch_size", "seed"]
RUN += ["attention", "value", "alpha_A", "column_sum", "ended", "excess"]


def table(*rows):
    return pd.DataFrame(rows, columns=RUN)


def run(method="plain", rate=0.1, penalty=0.0, seed=0, A=0.5, V=0.3, **more):
    other = {"T": 100, "B": 64, "signal": 0.9, "sums": 1.0, "ended": "finished", "excess": 0.5}
    other |= more
    front = (method, rate, penalty, other["T"], other["B"], seed, A, V)
    return (*front, other["signal"], other["sums"], other["ended"], other["excess"])


def marks(ax, marker):
    """All points that are drawn with a marker, (x, y)."""
    lines = [line for line in ax.lines if line.get_marker() == marker and len(line.get_xdata())]
    return [tuple(map(float, at)) for line in lines for at in zip(*line.get_data(), strict=True)]


def lines_of(ax, color):
    return [line for line in ax.lines if to_hex(line.get_color()) == color.lower()]


def test_courses_show_every_run_and_the_median():
    rows = [
        ("l1", seed, samples, 1 - samples * (1 + seed**2) / 1000, 0.4)
        for seed in range(3)
        for samples in (0, 64, 128)
    ]
    runs = pd.DataFrame(rows, columns=["method", "seed", "samples", "excess", "attention"])
    picture = figures.method_courses(runs, 0.7, names={"l1": "with l1"})
    assert picture.words == (
        "Median after 128 samples of the excess loss and of the distance of A: "
        "with l1 0.74 and 0.4."
    )
    upper, lower = picture.figure.axes
    drawn = [line.get_ydata() for line in lines_of(upper, COLORS["l1"]) if len(line.get_ydata())]
    assert len(drawn) == 4
    np.testing.assert_allclose(drawn[3], drawn[1])  # the median of three is the middle one
    assert [set(ax.lines[-1].get_ydata()) for ax in (upper, lower)] == [{1.0}, {0.7}]  # the start


def test_window_sorts_runs_by_their_fate():
    runs = table(
        run(rate=0.5, ended="diverged"),
        run(rate=0.3, sums=1.3),
        run(rate=0.2, sums=0.8, signal=0.1),  # off first, slow second
        run(rate=0.01, signal=0.4),
        run(rate=0.1),
    )
    picture = figures.sgd_window([100, 200], [0.2, 0.1], [0.02, 0.03], runs, steps=4000)
    assert (
        "1 diverged, 2 ended with a column sum off by more than 0.1, 1 were too slow, 1 arrived"
        in picture.words
    )
    ax = picture.figure.axes[0]
    assert [y for _, y in marks(ax, LOST)] == [0.5]
    assert [y for _, y in marks(ax, "D")] == [0.3, 0.2]
    assert [y for _, y in marks(ax, "v")] == [0.01]
    assert [y for _, y in marks(ax, "o")] == [0.1]


def test_rates_and_batches_has_a_line_for_each_batch_and_marks_what_broke_down():
    rows = [
        ("plain", 8, 0.01, 0.2),
        ("plain", 8, 0.02, 0.1),
        ("plain", 64, 0.02, 0.9),
        ("plain", 64, 0.1, np.inf),
        ("projected", 64, 0.1, 0.11),
    ]
    middle = pd.DataFrame(rows, columns=["method", "batch_size", "learning_rate", "excess"])
    names = {"plain": "plain SGD", "projected": "projected"}
    picture = figures.rates_and_batches(middle, names=names)
    assert picture.words == (
        "Smallest excess loss: plain SGD 0.1 with batches of 8, 0.9 with batches of 64; "
        "projected 0.11 with batches of 64."
    )
    upper, lower = picture.figure.axes
    drawn = [line for line in upper.lines if line.get_marker() == "o"]
    assert [line.get_ydata().tolist() for line in drawn] == [[0.2, 0.1], [0.9]]
    np.testing.assert_allclose(drawn[0].get_xdata(), [0.01 / 8, 0.02 / 8])
    ((x, height),) = marks(upper, LOST)
    assert np.isclose(x, 0.1 / 64)
    assert height > 0.9  # above all that did not break down
    assert marks(lower, LOST) == []
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["8", "64"]


def test_ladder_draws_medians_intervals_and_runs():
    runs = table(*(run("l1", seed=s, A=0.1 + s / 100, V=0.02) for s in range(5)))
    columns = ("excess", "attention", "value")
    rng = np.random.default_rng(0)
    medians = {c: summarise(runs, "method", c, rng=rng) for c in columns}
    picture = figures.ladder(medians, runs, names={"l1": "with l1"})
    assert picture.words == (
        "Median excess loss, distance of A and of V: with l1 0.5, 0.12 and 0.02."
    )
    middle = picture.figure.axes[1]
    assert [text.get_text() for text in middle.get_yticklabels()] == ["with l1"]
    assert [x for x, _ in marks(middle, ".")] == pytest.approx([0.1, 0.11, 0.12, 0.13, 0.14])
    ((estimate, _),) = marks(middle, "D")
    assert estimate == pytest.approx(0.12)
    (bar,) = [line for line in middle.lines if line.get_marker() == "None"]
    row = medians["attention"].iloc[0]
    assert list(bar.get_xdata()) == [row["low"], row["high"]]


def test_slides_are_marks_over_the_line_of_the_formula():
    runs = pd.DataFrame({"context_length": [50, 50, 100], "alpha_A": [1.0, 1.2, 1.4]})
    one = pd.DataFrame({"context_length": [100], "alpha_A": [1.0]})
    picture = figures.slide_over_context(
        [50, 100], [1.15, 1.5], {"preconditioned": runs, "with l1": one}
    )
    assert picture.words == (
        "alpha_A by the formula: 1.15 at T = 50 to 1.50 at T = 100; measured: preconditioned 1.10 "
        "to 1.40; with l1 1.00."
    )
    (ax,) = picture.figure.axes
    (formula,) = [line for line in ax.lines if line.get_label() == "formula"]
    assert formula.get_ydata().tolist() == [1.15, 1.5]
    assert marks(ax, "o") == [(50.0, 1.0), (50.0, 1.2), (100.0, 1.4)]


def test_penalty_maps_write_their_cells():
    far = {"constant": np.array([[0.3, 0.4], [0.1, 1.2]]), "late": np.full((2, 2), 0.25)}
    picture = figures.penalty_maps([0.01, 0.02], [0, 0.1], far)
    assert "constant, smallest 0.10 at rate 0.01 and penalty 0.1" in picture.words
    assert "largest 1.20 at rate 0.02 and penalty 0.1; late, smallest 0.25" in picture.words
    cells = [[text.get_text() for text in ax.texts] for ax in picture.figure.axes]
    assert cells == [["0.30", "0.40", "0.10", "1.20"], ["0.25"] * 4]


def test_shrinkage_marks_the_minimum():
    y = np.linspace(-2, 2, 401)
    cost = {1.5: (y - 1.5) ** 2 / 2 + np.abs(y), -0.2: (y + 0.2) ** 2 / 2 + np.abs(y)}
    picture = figures.shrinkage(y, cost, y, scb.soft_threshold(y, 1.0), 1.0)
    assert picture.words == "With threshold 1, x = 1.5 becomes 0.50, x = -0.2 becomes 0.00."
    _, rule = picture.figure.axes
    np.testing.assert_allclose(marks(rule, "o"), [(1.5, 0.5), (-0.2, 0.0)], atol=1e-9)


def test_columns_count_exact_zeros():
    truth = np.array([0.0, 1.0, 0.0, 0.0])
    picture = figures.columns_by_position({"some": np.array([0.0, 0.8, 0.2, -0.3])}, truth)
    assert (
        "1 of 4 weights are exactly zero, and the others off the support reach 0.300"
        in picture.words
    )
    assert marks(picture.figure.axes[0], "o") == [(1.0, 1.0)]


def test_positions_left_and_rare_columns_say_the_last_values():
    samples = np.array([0, 640])
    picture = figures.positions_left(
        samples, {0.1: np.array([9.0, 2.0])}, {0.1: np.array([0.0, 0.75])}
    )
    assert picture.words == (
        "After 640 samples: penalty 0.1 leaves 2 positions and alpha_A = 0.75."
    )
    picture = figures.rare_columns(
        samples, {"l1": np.array([[1.0, 0.9], [0.1, 0.25]])}, [("A", 0.5), ("E", 0.03)]
    )
    assert picture.words == "After 640 samples the error of columns A and E is: l1 0.10 and 0.25."
    solid, dotted = lines_of(picture.figure.axes[0], COLORS["l1"])[:2]
    assert solid.get_ydata()[-1] == 0.1
    assert dotted.get_ydata()[-1] == 0.25


def test_the_race_is_two_runs_of_the_library():
    explorer = widgets.algorithm_race()
    assert explorer.question.endswith("elsewhere?")
    (panel,) = explorer.panels
    picture = panel.draw(rate=0.3, penalty=0.01, batch=64)
    task = scb.SCBTask.example(100)
    start = scb.LinearTransformer.initial(task, dtype=np.float32)
    runs = [
        scb.train(task, start, optimizer, steps=500, batch_size=64, rng=np.random.default_rng(0))
        for optimizer in (scb.SGD(0.3), scb.ProximalGradient(0.3, 0.01))
    ]
    floor, first = scb.bayes_loss(task), scb.population_loss(start, task)
    share = (runs[1].loss[-1] - floor) / (first - floor)
    assert f"excess loss {share:.2g} of that at the start" in picture.words.split("; ")[1]


def test_a_run_that_diverges_ends_in_a_cross():
    task = scb.SCBTask.example(100)
    start, rng = scb.LinearTransformer.initial(task), np.random.default_rng(0)
    run = scb.train(task, start, scb.SGD(3.0), steps=50, batch_size=64, rng=rng)
    picture = figures.two_runs({"plain SGD": (run, run.loss)}, title="too fast")
    assert picture.words.endswith("of that at the start, diverged.")
    assert len(marks(picture.figure.axes[0], LOST)) == 1


def test_what_the_chapter_says_about_the_race():
    (panel,) = widgets.algorithm_race().panels

    def ends(rate, penalty, batch):
        words = panel.draw(rate=rate, penalty=penalty, batch=batch).words.split("; ")
        return [float(part.split("excess loss ")[1].split(" of")[0]) for part in words]

    plain, proximal = ends(0.1, 0.01, 64)  # the default
    assert proximal < 0.5 * plain < 0.2
    plain, proximal = ends(0.1, 0.01, 256)
    assert proximal < 0.05 < 0.9 < plain
    plain, proximal = ends(0.1, 0.0, 16)
    assert proximal > plain


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([0.4, 0.2, 0.05, 0], "divide the column"),
        (np.array([0.5, 0.3, 0.15, 0]) / 0.95, "hard threshold"),
        (np.array([0.4, 0.2, 0.05, -0.05]) / 0.6, "stops at zero"),
        ([1, 2], "four weights"),
        ([0.25, 0.25, 0.25, 0.25], "take 0.1 off"),
    ],
)
def test_column_by_hand(answer, hint):
    assert exercises.check("ch5-threshold", [0.615, 0.308, 0.077, 0]).passed
    refused = exercises.check("ch5-threshold", answer)
    assert not refused.passed
    assert hint in refused.words


def a_step(V, A, dV, dA, mu, rate, penalty, *, center=True, share=None, divide=True):
    slope = dA / mu
    y = A - rate * (slope - center * slope.mean(axis=0))
    theta = rate * penalty if share is None else share * penalty
    y = np.sign(y) * np.maximum(np.abs(y) - theta, 0)
    return V - rate * dV / mu, y / (y.sum(axis=0) if divide else 1)


@pytest.mark.parametrize(
    ("slip", "hint"),
    [
        ({"center": False}, "A is off by"),
        ({"share": 1.0}, "learning rate times the penalty"),
        ({"divide": False}, "columns of A sum to"),
    ],
)
def test_step_of_ones_own(slip, hint):
    assert exercises.check("ch5-step", a_step).passed
    with np.errstate(invalid="ignore", divide="ignore"):
        refused = exercises.check("ch5-step", lambda *parts: a_step(*parts, **slip))
    assert not refused.passed
    assert hint in refused.words
    plain = exercises.check("ch5-step", lambda V, A, dV, *rest: (V - 0.1 * dV, A))
    assert "V is off by" in plain.words
