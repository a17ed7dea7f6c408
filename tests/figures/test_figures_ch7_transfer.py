"""Pictures of transfer: what they draw is the data, the words say the right numbers."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

import scb_edu as scb
from scb_edu import exercises, figures, widgets

T = np.array([250.0, 1000.0, 4000.0])
SURE = (T, 2 * T, 1.5 * T, 3 * T, np.array([1.0, 1.0, 0.9]))
LOST = (
    T,
    np.array([500.0, 4000.0, np.inf]),
    np.array([400.0, 3000.0, 9000.0]),
    np.array([600.0, np.inf, np.inf]),
    np.array([1.0, 0.6, 0.2]),
)


def test_what_is_carried_adds_up_and_has_one_scale():
    rng = np.random.default_rng(0)
    along, beside = rng.normal(size=(2, 3, 3))
    picture = figures.carried(along + beside, along, beside, 0.3)
    drawn = [ax.images[0] for ax in picture.figure.axes]
    total, first, second = (image.get_array() for image in drawn)
    np.testing.assert_allclose(total, first + second)
    assert len({image.get_clim() for image in drawn}) == 1
    assert f"a rest up to {np.abs(beside).max():.2f} beside it" in picture.words
    assert "0.3 times the truth" in picture.words


def test_medians_stand_where_the_data_say_but_for_a_step_aside():
    picture = figures.samples_and_arrivals({"sure": SURE, "lost": LOST}, {})
    top, low = picture.figure.axes
    for container, rows in zip(top.containers, (SURE, LOST), strict=True):
        seen = np.isfinite(rows[1])
        x, y = container[0].get_xydata().T
        np.testing.assert_allclose(x, rows[0][seen], rtol=0.09)
        np.testing.assert_array_equal(y, rows[1][seen])
    sure = np.array(top.containers[0][2][0].get_segments())[:, :, 1].T
    np.testing.assert_allclose(sure, SURE[2:4])
    np.testing.assert_array_equal(low.lines[1].get_ydata(), LOST[4])


def test_an_interval_that_reaches_never_has_a_triangle_and_a_median_of_never_is_not_drawn():
    top = figures.samples_and_arrivals({"lost": LOST}, {}).figure.axes[0]
    marks = [line for line in top.lines if line.get_marker() == "^" and len(line.get_xdata())]
    (triangle,) = marks
    assert triangle.get_xdata().tolist() == [1000.0]
    assert top.containers[0][0].get_xdata().tolist() == [250.0, 1000.0]


def test_never_is_said_in_words():
    words = figures.samples_and_arrivals({"lost": LOST}, {}).words
    assert "lost: 500 at T = 250 (100%) to never at T = 4000 (20%)" in words


def test_a_formula_has_the_colour_of_its_points():
    top = figures.samples_and_arrivals({"sure": SURE}, {"sure": (T, T)}).figure.axes[0]
    dashed = next(line for line in top.lines if line.get_linestyle() == "--")
    assert to_hex(dashed.get_color()) == to_hex(top.containers[0][0].get_color())


def test_the_map_writes_each_share_at_its_place_and_the_boundary_over_it():
    shares = np.array([[0.1, 0.2, 0.3], [0.7, 0.8, 0.9]])
    boundary = (np.array([100, 200, 400]), np.array([0.01, 0.02, 0.04]))
    picture = figures.side_map([100, 200, 400], [0.0, 0.05], shares, boundary)
    ax = picture.figure.axes[0]
    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found[2, 0.05] == "0.90"
    assert found[0, 0.0] == "0.10"
    line = ax.lines[-1]
    np.testing.assert_allclose(line.get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(line.get_ydata(), boundary[1])
    assert "theta = 0.05: 0.70 at T = 100" in picture.words
    assert "Boundary of the formula: theta = 0.01 to 0.04" in picture.words


def test_the_race_draws_every_run_and_the_median():
    samples = np.array([0, 100, 200])
    excess = np.array([[0.3, 0.2, 0.1], [0.3, 0.3, 0.3], [0.3, 0.1, 0.05]])
    ax = figures.race({"a": (samples, excess)}).figure.axes[0]
    assert len(ax.lines) == 4
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), [0.3, 0.2, 0.1])
    words = figures.race({"a": (samples, excess)}).words
    assert "a: median 0.3000 to 0.1000 after 200, runs end between 0.0500 and 0.3000" in words


def test_the_course_is_drawn_beside_the_flow():
    task = scb.SCBTask.example()
    start = scb.LinearTransformer.initial(task)
    method, rng = scb.ProximalGradient(0.1), np.random.default_rng(0)
    run = scb.train(task, start, method, steps=30, batch_size=8, rng=rng, record_every=10)
    flow = (np.array([0, 240.0]), np.array([0, 0.25]), np.array([0, 0.75]))
    picture = figures.transfer_course(run, flow, "not yet")
    ax = picture.figure.axes[0]
    drawn = [np.asarray(line.get_ydata()).tolist() for line in ax.lines]
    for path in (flow[1], flow[2], run.signals.value, run.signals.attention):
        assert path.tolist() in drawn
    assert "by the flow 0.25 and 0.75" in picture.words
    assert f"alpha_V is {run.signals.value[-1]:.2f}" in picture.words


def test_the_explorer_starts_where_its_controls_say():
    explorer = widgets.transfer_run()
    (panel,) = explorer.panels
    picture = panel.draw(theta=0.3, T=50)
    solid = [line for line in picture.figure.axes[0].lines if line.get_linestyle() == "-"]
    starts = [line.get_ydata()[0] for line in solid]
    assert any(first == pytest.approx(0.3, abs=1e-6) for first in starts)
    assert picture.words.startswith("half way and beyond")
    scratch = panel.draw(theta=explorer.controls[0].values[0], T=50)
    assert scratch.words != panel.draw(theta=0.0, T=50).words


def test_twice_the_correlation_saves_a_logarithm():
    right = np.log(2) / np.sqrt(0.14 * 0.52)
    assert exercises.check("ch7-double", right).passed
    assert "time is s divided by r" in exercises.check("ch7-double", np.log(2)).words
    assert "root" in exercises.check("ch7-double", np.log(2) / (0.14 * 0.52)).words
    assert not exercises.check("ch7-double", 1.0).passed


def test_the_split_is_checked_in_both_parts():
    def right(V, P, mu):
        true, far = P - mu[:, None], V - mu[:, None]
        theta = np.sum(mu * far * true) / np.sum(mu * true**2)
        return theta, far - theta * true

    def unweighted(V, P, mu):
        true, far = P - mu[:, None], V - mu[:, None]
        theta = np.sum(far * true) / np.sum(true**2)
        return theta, far - theta * true

    assert exercises.check("ch7-split", right).passed
    assert "weigh" in exercises.check("ch7-split", unweighted).words
    wrong = exercises.check("ch7-split", lambda V, P, mu: (right(V, P, mu)[0], V)).words
    assert "some entry of R" in wrong
    assert "Not answered" in exercises.check("ch7-split", None).words
