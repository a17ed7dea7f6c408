"""Pictures of chapter 2: the words say the numbers, the panels draw the data."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import figures, widgets
from scb_edu.figures.ch2_linear_transformer import COLORS

TASK = scb.SCBTask.example()
SAMPLE = TASK.sample(2, np.random.default_rng(7))
TRUTH = TASK.output_distribution(SAMPLE.tokens, SAMPLE.last)
CORNERS = {"neither": (0, 0), "where only": (0, 1), "what only": (1, 0), "both": (1, 1)}


def heights(ax):
    return [bar.get_height() for bar in ax.patches]


def guesses():
    models = {n: scb.LinearTransformer.from_signals(TASK, *at) for n, at in CORNERS.items()}
    return {n: model.predict(SAMPLE.tokens, SAMPLE.last) for n, model in models.items()}


def blocks():
    scores, readout = np.zeros((12, 12)), np.zeros((3, 12))
    scores[3:11, :3], readout[:, :3] = TASK.attention, TASK.transition
    return scores, readout


def test_head_blocks_draws_the_matrices_and_counts_what_is_outside_the_block():
    scores, readout = blocks()
    picture = figures.head_blocks(scores, readout, 3)
    top, bottom = picture.figure.axes
    np.testing.assert_array_equal(top.images[0].get_array(), scores)
    np.testing.assert_array_equal(bottom.images[0].get_array(), readout)
    assert "6 entries are not zero, all of them in the 8 by 3 block" in picture.words
    scores[0, 0] = readout[0, 5] = 1  # token against token, and a value that tells its position
    words = figures.head_blocks(scores, readout, 3).words
    assert "7 entries are not zero, 6 of them in the 8 by 3 block" in words
    assert "10 entries are not zero, 9 of them where the token is read" in words


def test_prediction_parts_are_signed_bars():
    picture = figures.prediction_parts([0.5, 0.5], [-0.1, 0.1], [0.3, -0.3], [0.7, 0.3])
    drawn = [heights(ax) for ax in picture.figure.axes]
    np.testing.assert_allclose(drawn, [[0.5, 0.5], [-0.1, 0.1], [0.3, -0.3], [0.7, 0.3]])
    assert "Crowd: -0.10, +0.10. Pointer: +0.30, -0.30." in picture.words


def test_corner_predictions_have_one_pair_of_axes_for_each_context_and_model():
    rows = guesses()
    picture = figures.corner_predictions(rows, TRUTH, ["first", "second"])
    axes = np.reshape(picture.figure.axes, (2, 4))
    for at in range(2):
        for ax, guess in zip(axes[at], rows.values(), strict=True):
            np.testing.assert_allclose(heights(ax), guess[at])
            lines = [segment[0, 1] for segment in ax.collections[0].get_segments()]
            np.testing.assert_allclose(lines, TRUTH[at])
    numbers = ", ".join(f"{p:.2f}" for p in TRUTH[1])
    assert f"second: truth {numbers}; neither" in picture.words


def test_losses_by_length_draws_every_curve_in_its_colour():
    losses = {name: np.linspace(0.3, 0.3 + at / 100, 3) for at, name in enumerate(COLORS)}
    picture = figures.losses_by_length([8, 16, 32], losses)
    (ax,) = picture.figure.axes
    for line, (name, curve) in zip(ax.lines, losses.items(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve)
        assert (line.get_label(), line.get_color()) == (name, COLORS[name])
    assert "from T = 8 to 32" in picture.words
    assert "both: from 0.3000 to 0.3300" in picture.words


def surface(alphas, task=TASK):
    return scb.theory.signal_loss(task, alphas[None, :], alphas[:, None])


def marks(ax):
    return {line.get_marker(): tuple(line.get_xydata()[0]) for line in ax.lines}


def thick_line(ax):
    return np.concatenate([path.vertices for path in ax.collections[-1].get_paths()]).T


def test_loss_surfaces_mark_truth_mirror_and_saddle():
    alphas = np.linspace(-1.2, 1.2, 25)
    picture = figures.loss_surfaces(alphas, {"T = 8": surface(alphas)}, [(0.0, -0.316)])
    (ax,) = picture.figure.axes
    assert marks(ax) == {"*": (1, 1), "D": (-1, -1), "s": (0, 0), "X": (0.0, -0.316)}
    highest = 0.141118 / 2 * ((1 + 1.2) ** 2 / 8 + 0.395 * (1 + 1.2**2) ** 2)  # at (-1.2, 1.2)
    assert f"highest {highest:.4f}, saddle at (0.00, -0.32)" in picture.words


def test_the_thick_line_is_the_level_of_the_start():
    """On it the loss is that of knowing nothing, and it runs through alpha_V = 0."""
    alphas = np.linspace(-1.2, 1.2, 25)
    (ax,) = figures.loss_surfaces(alphas, {"": surface(alphas)}, [(0, -0.3)]).figure.axes
    value, attention = thick_line(ax)
    level = scb.theory.signal_loss(TASK, 0, 0)
    np.testing.assert_allclose(scb.theory.signal_loss(TASK, value, attention), level, rtol=0.02)
    assert np.abs(value).min() < 1e-6


@pytest.mark.parametrize("length", [8, 32, 128])
def test_no_line_strikes_the_names_of_start_and_saddle(length):
    task, alphas = scb.SCBTask.example(length), np.linspace(-1.2, 1.2, 49)
    low = (scb.theory.saddle(task).value, scb.theory.saddle(task).attention)
    picture = figures.loss_surfaces(alphas, {"": surface(alphas, task)}, [low])
    (ax,) = picture.figure.axes
    picture.png(96)  # places the texts
    names = [text for text in ax.texts if text.get_text() in ("start", "saddle")]
    lines = [ax.transData.transform_path(path) for path in ax.collections[-1].get_paths()]
    assert len(names) == 2
    for name in names:
        box = name.get_window_extent()
        assert not any(line.intersects_bbox(box, filled=False) for line in lines)


def test_surface_point_says_and_draws_where_the_model_stands():
    alphas = np.linspace(-1.2, 1.2, 25)
    picture = figures.surface_point(alphas, surface(alphas), (0, -0.3), (0.5, -0.25), 0.35, 0.29)
    (ax,) = picture.figure.axes
    assert marks(ax)["o"] == (0.5, -0.25)
    assert ax.get_title(loc="left") == "Loss 0.3500 = 0.2900 + 0.0600"
    assert "alpha_V = 0.50, alpha_A = -0.25 the loss is 0.3500, which is 0.0600" in picture.words


def test_prediction_beside_truth_draws_both():
    picture = figures.prediction_beside_truth([0.6, 0.4], [0.9, 0.1], "After A")
    (ax,) = picture.figure.axes
    assert heights(ax) == [0.6, 0.4]
    assert [s[0, 1] for s in ax.collections[0].get_segments()] == [0.9, 0.1]
    assert picture.words == "After A: prediction 0.60, 0.40; truth 0.90, 0.10."


def test_the_loss_landscape_shows_the_model_that_the_sliders_name():
    explorer = widgets.loss_landscape()
    task = scb.SCBTask.example(32)
    sample = task.sample(1, np.random.default_rng(1))
    positions = np.flatnonzero(task.attention[:, sample.last[0]])
    # the title of the panel: the last token is C and both positions hold C
    assert [sample.last[0], *sample.tokens[0, positions]] == [2, 2, 2]
    for at, corner in {(0, 0): (-1, -1), (6, 3): (1, 0), (6, 6): (1, 1)}.items():
        model = scb.LinearTransformer.from_signals(task, *corner)
        guess = model.predict(sample.tokens, sample.last)[0]
        assert ", ".join(f"{p:.2f}" for p in guess) in explorer.frame(0, at).words
        assert f"loss is {scb.population_loss(model, task):.4f}" in explorer.frame(1, at).words


def test_the_loss_landscape_draws_alpha_v_to_the_right_and_alpha_a_upwards():
    task = scb.SCBTask.example(32)
    (ax,) = widgets.loss_landscape().panels[1].draw(value=1.0, attention=-1.0).figure.axes
    level = scb.theory.signal_loss(task, 0, 0)
    np.testing.assert_allclose(scb.theory.signal_loss(task, *thick_line(ax)), level, rtol=0.02)
    assert marks(ax)["o"] == (1, -1)
    assert (ax.get_xlabel()[:9], ax.get_ylabel()[:9]) == (r"$\alpha_V", r"$\alpha_A")


@pytest.mark.parametrize("name", ["value", "attention"])
def test_the_loss_landscape_reaches_from_the_mirror_to_the_truth(name):
    (control,) = [c for c in widgets.loss_landscape().controls if c.name == name]
    assert (control.values[0], control.default, control.values[-1]) == (-1, 0, 1)
