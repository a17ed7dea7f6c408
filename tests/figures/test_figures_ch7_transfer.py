"""Pictures of transfer: what they draw is the data, the words say the right numbers."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import exercises, figures, widgets


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
