"""The pictures of chapter 1 draw what the data say, and their words say the right numbers."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

import scb_edu as scb
from scb_edu import figures, widgets

TASK = scb.SCBTask.example()
CONTEXT = [2, 0, 0, 1, 2, 1, 0, 2]  # C A A B C B A C


def axes(picture):
    return picture.figure.axes


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def bars(ax):
    return [patch for patch in ax.patches if type(patch) is Rectangle]


def _crosses(ax, arc, box):
    """Whether an arc passes through a box of the screen; its path is in data coordinates."""
    curve = ax.transData.transform(arc.get_path().to_polygons(closed_only=False)[0])
    steps = np.linspace(0, 1, 50)[:, None, None]
    points = (1 - steps) * curve[:-1] + steps * curve[1:]
    return box.count_contains(points.reshape(-1, 2)) > 0


def test_token_names_run_out_of_letters():
    assert figures.token_names(26)[-1] == "Z"
    assert figures.token_names(27)[-1] == "26"


def test_settling_draws_a_line_for_every_token_and_start():
    laws = np.array([np.linalg.matrix_power(TASK.transition, j) for j in range(5)])
    picture = figures.settling(laws, TASK.stationary)
    for n, ax in enumerate(axes(picture)[:3]):
        for m, line in enumerate(ax.lines[:3]):
            np.testing.assert_allclose(line.get_ydata(), laws[:, n, m])
        assert ax.lines[3].get_ydata()[0] == TASK.stationary[n]
    gap = np.abs(laws[-1] - TASK.stationary[:, None]).max()
    said = float(re.search(r"within ([\d.]+),", picture.words)[1])
    assert gap <= said < 10 * gap
    assert "After 4 steps" in picture.words
    spare = axes(picture)[3]  # the fourth cell of the grid holds the legend, and no lines
    assert not spare.lines
    assert not spare.axison
    labels = [text.get_text() for text in spare.get_legend().get_texts()]
    assert labels == ["A first", "B first", "C first", r"$\mu$"]


def test_the_parts_of_a_task_are_its_arrays():
    picture = figures.task_parts(TASK)
    transition, attention, stationary = axes(picture)
    np.testing.assert_array_equal(transition.images[0].get_array(), TASK.transition)
    np.testing.assert_array_equal(attention.images[0].get_array(), TASK.attention)
    assert [bar.get_height() for bar in bars(stationary)] == TASK.stationary.tolist()
    assert stationary.get_xlim() == transition.get_xlim()  # each bar below its column of P
    assert sorted(texts(attention)) == ["0.4"] * 3 + ["0.6"] * 3
    assert "0.345, 0.379, 0.276" in picture.words
    assert "B at 3 (0.6) and 7 (0.4)" in picture.words


@pytest.mark.parametrize("steps", range(1, 6))
def test_a_sequence_unfolds_step_by_step(steps):
    picture = figures.sequence(TASK, CONTEXT, last=1, position=3, output=0, steps=steps)
    (ax,) = axes(picture)
    arcs = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arcs) == (2 if steps > 1 else 0)
    assert len(bars(ax)) == (3 if steps > 3 else 0)
    assert ("?" in texts(ax)) == (steps < 5)
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    faint = [t for t, box in enumerate(boxes[:8]) if box.get_alpha() < 1]
    assert faint == ([0, 1, 2, 4, 5, 6, 7] if steps > 2 else [])
    assert picture.words.startswith(f"Step {steps} of 5: ")
    assert picture.words.endswith("Context C A A B C B A C, last token B.")


@pytest.mark.parametrize("last", range(3))
@pytest.mark.parametrize("choice", [0, 1])
def test_no_arc_strikes_through_a_weight(last, choice):
    position = int(np.flatnonzero(TASK.attention[:, last])[choice])
    (ax,) = axes(figures.sequence(TASK, CONTEXT, last=last, position=position, output=0))
    ax.figure.canvas.draw()
    arcs = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    weights = [text for text in ax.texts if text.get_text() and text.get_position()[1] > 0.1]
    assert sorted(text.get_text() for text in weights) == ["0.4", "0.6"]
    for text, arc in itertools.product(weights, arcs):
        assert not _crosses(ax, arc, text.get_window_extent().padded(2))


def test_a_sequence_draws_weights_and_column_to_scale():
    picture = figures.sequence(TASK, CONTEXT, last=1, position=3, output=0)
    (ax,) = axes(picture)
    wide, narrow = (p.get_linewidth() for p in ax.patches if isinstance(p, FancyArrowPatch))
    assert (wide - 1) / (narrow - 1) == pytest.approx(0.6 / 0.4)
    widths = np.array([bar.get_width() for bar in bars(ax)])
    np.testing.assert_allclose(widths / widths.sum(), TASK.transition[:, 1])
    assert [bar.get_alpha() == 1 for bar in bars(ax)] == [True, False, False]


def test_frequencies_lie_where_the_data_say():
    law, seen, error = np.array([[0.2, 0.8]]), np.array([[0.17, 0.83]]), np.array([[0.01, 0.02]])
    picture = figures.frequencies(law, seen, error)
    top, bottom = axes(picture)
    np.testing.assert_allclose(top.lines[1].get_ydata(), [0.17, 0.83])
    np.testing.assert_allclose(bottom.lines[1].get_ydata(), [-3, 1.5])
    assert "3.0 standard errors" in picture.words


def test_a_gallery_shows_every_task():
    one, two = TASK, scb.SCBTask(TASK.transition, np.ones((1, 3)))
    three = scb.SCBTask(np.full((2, 2), 0.5), np.ones((1, 2)))
    panels = axes(figures.task_gallery({"one": one, "two": two, "three": three}))
    expected = [
        (one.transition, "one"),
        (two.transition, "two"),
        (one.attention, ""),
        (two.attention, ""),
        (three.transition, "three"),
        (three.attention, ""),
    ]
    for ax, (matrix, title) in zip(panels, expected, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), matrix)
        assert ax.get_title("left") == title


def test_predictors_stand_on_the_irreducible_loss():
    picture = figures.predictors({"blind": 0.33, "best": 0.29}, 0.29)
    (ax,) = axes(picture)
    assert [bar.get_width() for bar in bars(ax)] == pytest.approx([0.29, 0.04, 0.29, 0])
    assert picture.words == "Losses: blind 0.330, best 0.290. The irreducible loss is 0.290."


def test_spreading_draws_both_curves_between_their_bounds():
    picture = figures.spreading(
        [1, 2], [1.3, 1.4], [0.26, 0.3], blind=(1.6, 0.33), known=(1.2, 0.2)
    )
    for ax, values, bounds in zip(
        axes(picture), ([1.3, 1.4], [0.26, 0.3]), ([1.6, 1.2], [0.33, 0.2]), strict=True
    ):
        assert [line.get_ydata()[0] for line in ax.lines[:2]] == bounds
        assert list(ax.lines[2].get_ydata()) == values


def test_panels_draw_their_arrays():
    transition, stationary = axes(figures.transition_panel(TASK.transition, TASK.stationary))
    np.testing.assert_array_equal(transition.images[0].get_array(), TASK.transition)
    assert [bar.get_width() for bar in bars(stationary)] == TASK.stationary.tolist()
    (attention,) = axes(figures.attention_panel(TASK.attention))
    np.testing.assert_array_equal(attention.images[0].get_array(), TASK.attention.T)
    bits, losses = axes(figures.unknown_panel([1.5, 1.4, 1.3], [0.3, 0.25, 0.2], 1.58))
    assert [bar.get_width() for bar in bars(bits)] == [1.5, 1.4, 1.3]
    assert texts(losses) == ["0.300", "0.250", "0.200"]


# What the chapter says about its explorers ---------------------------------------------------


def test_the_six_sequences_are_as_the_chapter_says():
    draw = widgets.one_sequence().panels[0].draw
    unlikely, different = [], []
    for seed in range(1, 7):
        words = [draw(seed=seed, step=step).words for step in range(1, 6)]
        position = int(re.search(r"position (\d)", words[2])[1])
        if f"{position} (0.4)" in words[1]:
            unlikely.append(seed)
        source = re.search(r"column (\w) of P", words[3])[1]
        if re.search(r": (\w) is drawn", words[4])[1] != source:
            different.append(seed)
    assert unlikely == [2, 3, 5]
    assert different == [4, 6]


@pytest.fixture(scope="module")
def unknown():
    """(bits, losses) of the three readers for every position of the controls."""
    explorer = widgets.build_a_task()
    panel = explorer.panels[2]
    assert panel.depends == ("N", "Q", "peak", "seed")  # and not on T
    values = [explorer._control(name).values for name in panel.depends]
    numbers = {}
    for position in itertools.product(*values):
        words = panel.draw(**dict(zip(panel.depends, position, strict=True))).words
        found = re.findall(r"([\d.]+) bits, loss ([\d.]+\d)", words)
        numbers[position] = np.array(found, dtype=float)
    return numbers


def test_with_one_position_the_source_is_known(unknown):
    for (_, Q, peak, _), numbers in unknown.items():
        if Q == 1:
            assert (numbers[1] == numbers[2]).all()
        elif peak == 1:  # a P that is nearly uniform or hardly random hides the difference
            assert (numbers[1] > numbers[2]).all()


def test_fewer_positions_make_the_output_easier_to_guess(unknown):
    for (N, Q, peak, seed), numbers in unknown.items():
        if Q > 1:
            fewer = unknown[N, Q // 2, peak, seed]
            assert (fewer[1] <= numbers[1]).all()
            assert (fewer[[0, 2]] == numbers[[0, 2]]).all()  # the same P


def test_a_peaked_transition_makes_the_output_easier_to_guess(unknown):
    for (N, Q, peak, seed), numbers in unknown.items():
        if peak < 10:
            flatter = unknown[N, Q, 10 * peak, seed]
            assert (numbers[1] < flatter[1]).all()


def test_a_peaked_transition_may_leave_one_token_nearly_alone(unknown):
    blind = {key: numbers[0, 0] for key, numbers in unknown.items() if key[:3] == (3, 1, 0.1)}
    assert [seed for (*_, seed), bits in blind.items() if bits < 0.2] == [2, 3]


def test_the_length_of_the_context_leaves_the_floor_where_it_is():
    P = TASK.transition
    tasks = [
        scb.SCBTask(P, scb.model.random_attention(3, T, 2, np.random.default_rng([1, 1])))
        for T in (8, 16, 32)
    ]
    for measure in (scb.bayes_loss, scb.model.output_entropy):
        np.testing.assert_allclose([measure(task) for task in tasks], measure(tasks[0]), rtol=1e-12)
