"""The pictures of the welcome page say and draw what their data are."""

import re

import numpy as np
import pytest
from conftest import BOOK

import scb_edu as scb
from scb_edu import exercises, figures, widgets

TIMES = np.array([1.0, 10.0, 100.0])
VALUE = np.array([0.1, 1.25, 1.0])
ATTENTION = np.array([0.0, 0.6, 0.9])


def test_the_cover_has_a_line_a_position_as_thick_as_its_weight():
    weights = np.array([[0.25] * 4, [0.1, 0.6, 0.3, -0.1]])
    picture = figures.cover([0, 1000], weights, [0, 0.6, 0.4, 0])
    (ax,) = picture.figure.axes
    assert len(ax.collections) == 4
    ends = []
    for line in ax.collections:
        corners = line.get_paths()[0].vertices
        ends.append(np.ptp(corners[corners[:, 0] == 1000, 1]))
    np.testing.assert_allclose(sorted(ends), 5 / 0.6 * np.array([0, 0.1, 0.3, 0.6]), atol=1e-9)
    assert "0.6 at 1 and 0.3 at 2" in picture.words
    assert "4 positions over 1,000 samples" in picture.words
    assert [text.get_text() for text in ax.texts][:2] == ["position 2", "position 1"]


def draw_signals(now, stage_end=5.0):
    return figures.moving_signals(TIMES, VALUE, ATTENTION, now=now, stage_end=stage_end)


def test_matrices_are_drawn_and_told_as_they_are():
    A, V = np.array([[0.2, 0.9], [0.8, 0.1]]), np.array([[0.65, 0.3], [0.35, 0.7]])
    picture = figures.moving_matrices(V, A, time=12.34)
    left, right = (ax.images[0].get_array() for ax in picture.figure.axes)
    np.testing.assert_array_equal(left, A)
    np.testing.assert_array_equal(right, V)
    assert picture.words == (
        "At time 12.3: weights in A from 0.10 to 0.90, entries of V from 0.30 to 0.70."
    )


def test_full_colour_means_the_same_at_every_moment():
    pictures = [figures.moving_matrices([[x]], [[x]], time=1, limits=(2, 3)) for x in (0.1, 1.9)]
    for picture in pictures:
        limits = [ax.images[0].get_clim() for ax in picture.figure.axes]
        assert limits == [(0, 3), (0, 2)]


@pytest.mark.parametrize(("now", "bold"), [(1.0, 1), (10.0, 2), (99.0, 2), (100.0, 3)])
def test_path_is_bold_up_to_now(now, bold):
    lines = draw_signals(now).figure.axes[0].lines
    for color, path in ((figures.VALUE, VALUE), (figures.ATTENTION, ATTENTION)):
        pale, dark, dot = (line for line in lines if line.get_color() == color)
        np.testing.assert_array_equal(pale.get_ydata(), path)
        np.testing.assert_array_equal(dark.get_ydata(), path[:bold])
        assert (*dot.get_xdata(), *dot.get_ydata()) == (TIMES[bold - 1], path[bold - 1])


@pytest.mark.parametrize(("now", "stage"), [(1.0, 1), (10.0, 2)])
def test_words_tell_the_stage_and_both_signals(now, stage):
    at = TIMES.tolist().index(now)
    words = draw_signals(now).words
    assert words.startswith(f"At time {now:g}, in stage {stage}: ")
    found = [float(number) for number in re.findall(r"\d\.\d\d", words)]
    assert found == [VALUE[at], ATTENTION[at]]


def test_stages_meet_where_stage_1_ends():
    first, second = draw_signals(10.0, stage_end=7.0).figure.axes[0].patches
    assert first.get_x() + first.get_width() == pytest.approx(7.0)
    assert second.get_x() == pytest.approx(7.0)


def test_axes_stay_where_they_are_while_the_picture_moves():
    times, places = [1.0, 10.0, 400.0], []  # no tick at the right edge, where the dot ends
    for now in times:
        picture = figures.moving_signals(times, VALUE, ATTENTION, now=now, stage_end=5.0)
        picture.webp()  # the layout is made when it is drawn
        places.append(picture.figure.axes[0].get_position().bounds)
    np.testing.assert_allclose(places[1:], [places[0]] * 2)


def test_plateau_draws_the_losses_and_the_floor():
    picture = figures.plateau([0, 1, 2], [0.5, 0.45, 0.31], floor=0.3, stage_end=1.5)
    curve, floor = picture.figure.axes[0].lines
    np.testing.assert_array_equal(curve.get_ydata(), [0.5, 0.45, 0.31])
    assert set(floor.get_ydata()) == {0.3}
    assert "0.5000 to 0.3100; the floor is 0.3000. Stage 1 ends at time 1.5." in picture.words


def test_explorer_runs_from_uniform_to_the_truth():
    explorer = widgets.two_stages()
    task = scb.SCBTask.example(24)
    last = len(explorer.controls[0].values) - 1
    assert explorer.controls[0].start == last  # untouched, it shows the whole story
    assert explorer.play == "time"
    assert explorer.autoplay
    first = explorer.frame(0, (0,)).words
    assert f"weights in A from {1 / 24:.2f} to {1 / 24:.2f}" in first
    P, Q = task.transition, task.attention
    assert f"A from {Q.min():.2f} to {Q.max():.2f}" in explorer.frame(0, (last,)).words
    assert f"V from {P.min():.2f} to {P.max():.2f}" in explorer.frame(0, (last,)).words


def test_explorer_changes_stage_where_a_tenth_of_the_excess_is_gone():
    explorer = widgets.two_stages()
    task = scb.SCBTask.example(24)
    end = scb.theory.stages(task).first
    moments = explorer.controls[0].values
    after = next(at for at, time in enumerate(moments) if time >= end)
    assert "in stage 1" in explorer.frame(1, (after - 1,)).words
    assert "in stage 2" in explorer.frame(1, (after,)).words
    second = explorer.panels[1].draw(time=moments[after]).figure.axes[0].patches[1]
    assert second.get_x() == pytest.approx(end)
    path = scb.signal_flow(task, t_end=end, points=2)
    left = scb.theory.signal_loss(task, path.value, path.attention)
    assert left[1] / left[0] == pytest.approx(0.9, abs=1e-4)


def test_explorer_shows_one_time_in_both_panels():
    explorer = widgets.two_stages()
    for time in explorer.controls[0].values:
        pictures = [panel.draw(time=time) for panel in explorer.panels]
        times = {picture.words.split()[2].strip(":,") for picture in pictures}
        assert len(times) == 1, times


def test_check_of_the_wait():
    def wait(context_length):
        return scb.escape_time(scb.SCBTask.example(context_length), 0.5)

    def wait_of_value(context_length):
        return scb.escape_time(scb.SCBTask.example(context_length), 0.5, signal="value")

    assert exercises.check("ch0-wait", wait).passed
    assert "V is half way" in exercises.check("ch0-wait", wait_of_value).words
    assert "T = 24" in exercises.check("ch0-wait", lambda T: 1.0).words


def test_bibtex_to_copy_is_the_one_in_use():
    entry = (BOOK / "references.bib").read_text("utf-8").split("\n\n")[0].strip()
    assert entry in (BOOK / "index.md").read_text("utf-8")
