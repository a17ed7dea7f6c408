"""Pictures of chapter 3: words say the right numbers, panels draw what the data say."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import exercises, figures, widgets


@pytest.fixture
def sample():
    """One sample whose last token is B, with context A, A, C and output C."""
    batch = scb.Batch(np.array([[0, 0, 2]]), np.array([1]), np.array([2]))
    model = scb.LinearTransformer(np.arange(9.0).reshape(3, 3) / 5, np.full((3, 3), 0.5))
    h = np.array([1.0, 0.0, 0.5])
    r = model.value @ h - np.eye(3)[2]
    return scb.gradient(model, batch), batch, h, r


def cells(ax):
    return np.array(ax.images[0].get_array())


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label).get_xydata()


def test_a_sample_lands_in_one_column_of_a(sample):
    gradient, batch, h, r = sample
    picture = figures.where_it_lands(gradient, batch, h, r)
    left, right = picture.figure.axes
    np.testing.assert_allclose(cells(left), np.outer(r, h))
    np.testing.assert_allclose(cells(right), gradient.attention)
    assert [label.get_text() for label in right.get_yticklabels()] == ["0: A", "1: A", "2: C"]
    # token B is not in the context: a column of dV is zero; columns A and C of dA are
    assert "6 entries of the gradient of V" in picture.words
    assert "only column B of the gradient of A, the column of its last token B" in picture.words
    b = r @ np.arange(9.0).reshape(3, 3) / 5
    assert f"{b[0]:+.2f} for A, {b[2]:+.2f} for C" in picture.words
    assert [text.get_text() for text in right.texts].count("·") == 6


def test_an_entry_that_rounds_to_zero_is_no_dot(sample):
    gradient, batch, h, r = sample
    small = scb.Gradient(gradient.value, np.array([[0, 1e-4, 0], [0, 1.0, 0], [0, 0, 0]]))
    right = figures.where_it_lands(small, batch, h, r).figure.axes[1]
    assert right.texts[1].get_text() == "0.00"
    assert right.texts[0].get_text() == "·"


def test_errors_are_drawn_with_their_mean_and_spread():
    errors = np.array([[1.0, 0.4, 0.2], [3.0, 0.6, 0.4]])
    picture = figures.error_against_samples([4, 16, 64], errors, -0.69)
    ax = picture.figure.axes[0]
    drawn = ax.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(drawn, [[4, 2], [16, 0.5], [64, 0.3]])
    (bars,) = ax.containers[0].lines[2]
    np.testing.assert_allclose(bars.get_segments()[0], [[4, 1], [4, 3]])
    theory = line(ax, "1/√M")
    np.testing.assert_allclose(theory[:, 1] * np.sqrt(theory[:, 0]), theory[0, 1] * 2)
    assert "from 2.00 at M = 4 to 0.30 at M = 64; the fitted slope is -0.69" in picture.words


def test_columns_before_and_after_say_their_lengths():
    before = np.array([[3.0, 0.0], [4.0, -0.1]])
    picture = figures.columns_before_after(before, before / [0.9, 0.1], np.array([0.9, 0.1]))
    np.testing.assert_allclose(cells(picture.figure.axes[0]), before)
    np.testing.assert_allclose(cells(picture.figure.axes[1]), before / [0.9, 0.1])
    assert "lengths 5.000, 0.100, in step with the shares 0.90, 0.10" in picture.words
    assert picture.words.endswith("lengths 5.556, 1.000.")
    ticks = [label.get_text() for label in picture.figure.axes[0].get_xticklabels()]
    assert ticks == ["A\n0.90\n5.000", "B\n0.10\n0.100"]


def test_learning_curves_are_labelled_where_they_end():
    plain = np.array([[1.0, 1.0], [0.5, 0.9], [0.25, 0.81]])
    both = np.array([[1.0, 1.0], [0.5, 0.4], [0.25, 0.16]])
    picture = figures.learning_by_token(plain, both, np.array([0.8, 0.2]))
    ax = picture.figure.axes[0]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), plain[:, 1])
    np.testing.assert_allclose(ax.lines[3].get_ydata(), both[:, 1])
    ends = {text.get_text(): text.xy for text in ax.texts}
    assert ends["B  μ = 0.20"] == (2, 0.81)
    assert "After 2 steps the plain descent leaves 25 %, 81 %" in picture.words
    assert "leaves 16 % to 25 % in every column" in picture.words


def test_curvature_keeps_the_two_directions_apart():
    along, across = np.array([2.0, 20.0]), np.array([0.3, 0.3])
    picture = figures.curvature([5, 50], along, across, (along * 1.1, across * 1.1))
    ax = picture.figure.axes[0]
    np.testing.assert_allclose(line(ax, "along 1"), [[5, 2], [50, 20]])
    np.testing.assert_allclose(line(ax, "sum zero"), [[5, 0.3], [50, 0.3]])
    np.testing.assert_allclose(line(ax, "formula")[:, 1], along * 1.1)
    assert "grows from 2 to 20; in a direction that sums to zero it stays at 0.3" in picture.words


def test_the_push_panel_ranks_the_positions_that_should_rise():
    exact = np.array([-0.1, 0.5, -0.1, 0.3])
    sampled = np.array([0.4, 0.6, -0.2, 0.1])
    picture = figures.push_on_column(exact, sampled, 7, scb.model.compare_gradients(sampled, exact))
    ax = picture.figure.axes[0]
    peaks = line(ax, "exact peak")
    np.testing.assert_allclose(peaks, [[1, 0.5], [3, 0.3]])
    tops = [segment[1, 1] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(tops, sampled)
    assert "rank 1 and 3" in picture.words
    # by hand: 0.31 / sqrt(0.36 * 0.57) and sqrt(0.31) / 0.6
    assert "cosine 0.68 " in picture.words
    assert "relative error 0.93" in picture.words


def test_the_cosine_panel_marks_the_chosen_batch():
    cosines = np.array([0.2, 0.5, 0.8])
    picture = figures.cosine_against_samples([10, 100, 1000], cosines, 300, 32, 100)
    ax = picture.figure.axes[0]
    np.testing.assert_allclose(line(ax, "sampled")[:, 1], cosines)
    assert any(np.allclose(drawn.get_xydata(), [[100, 0.5]]) for drawn in ax.lines)
    theory = line(ax, "formula")
    at = np.argmin(np.abs(theory[:, 0] - 300))
    assert theory[at, 1] == pytest.approx(0.5**0.5, abs=0.02)  # noise as long as signal
    assert "M = 300 samples; the cosine at M = 100 is 0.50" in picture.words


def test_explorer_shows_library_numbers():
    explorer = widgets.gradient_noise()
    words = [explorer.frame(panel, explorer._start(panel)).words for panel in (0, 1)]
    task = scb.SCBTask.example(128)
    model = scb.LinearTransformer.from_signals(task, 0.5, 0)
    drawn = scb.gradient(model, task.sample(1024, np.random.default_rng([0, 1024])))
    # the mean over positions out, and the columns by mu: written out here
    sampled = (drawn.attention - drawn.attention.mean(axis=0)) / task.stationary
    exact = 0.5 * task.transition_energy * (1 / 128 - task.attention)
    cosine = (sampled * exact).sum() / np.sqrt((sampled**2).sum() * (exact**2).sum())
    assert f"cosine {cosine:.2f}" in words[0]
    assert f"the cosine at M = 1024 is {cosine:.2f}" in words[1]
    ax = explorer.panels[0].draw(samples=1024, context=128, seed=0).figure.axes[0]
    tops = [segment[1, 1] for segment in ax.collections[0].get_segments()]
    np.testing.assert_allclose(tops, -sampled[:, 0], atol=1e-12)
    np.testing.assert_allclose(line(ax, "exact peak")[:, 1], -exact[[1, 65], 0], atol=1e-12)


def test_explorer_tells_its_frames_apart():
    explorer = widgets.gradient_noise()
    few, many = explorer.frame(0, (0, 0, 0)), explorer.frame(0, (1, 0, 0))
    other_seed = explorer.frame(0, (0, 0, 1))
    assert len({few.source, many.source, other_seed.source}) == 3


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("context", [8, 32, 128, 512])
def test_the_vertical_axis_stands_still_and_holds_the_noisiest_batch(context, seed):
    draw = widgets.gradient_noise().panels[0].draw
    for samples in (16, 4096):
        ax = draw(samples=samples, context=context, seed=seed).figure.axes[0]
        low, high = ax.get_ylim()
        assert (low, high) == widgets.PUSH_LIMITS
        ends = np.concatenate(ax.collections[0].get_segments())[:, 1]
        assert low < ends.min()
        assert ends.max() < high


@pytest.mark.parametrize("seed", [0, 1])
def test_peaks_stand_out_of_a_gradient_that_is_mostly_noise(seed):
    """What the chapter says of T = 512, M = 1024."""
    words = widgets.gradient_noise().frame(0, (3, 3, seed)).words
    assert words.startswith("M = 1024 samples at T = 512: cosine 0.3")
    assert "rank 1 and 2" in words


def literal_gradient(V, A, tokens, last, output):
    X = np.zeros((len(V), len(tokens)))
    X[tokens, np.arange(len(tokens))] = 1
    r = V @ X @ A[:, last] - np.eye(len(V))[output]
    dA = np.zeros_like(A)
    dA[:, last] = X.T @ V.T @ r
    return np.outer(r, X @ A[:, last]), dA


def test_the_gradient_exercise_takes_a_right_answer_and_names_a_wrong_part():
    assert exercises.check("ch3-gradient", literal_gradient).passed

    def wrong_sign(*sample):
        dV, dA = literal_gradient(*sample)
        return dV, -dA

    def transposed(*sample):
        dV, dA = literal_gradient(*sample)
        return dV, dA.T

    assert "your dA is off by" in exercises.check("ch3-gradient", wrong_sign).words
    told = exercises.check("ch3-gradient", transposed).words
    assert "dA of shape (1, 2) is wanted, and yours has shape (2, 1)" in told
    assert not exercises.check("ch3-gradient", lambda *sample: None).passed


def test_the_rate_exercise_knows_where_descent_turns():
    """The cap by trying: below it an error in the column sums shrinks, above it grows."""
    task = scb.SCBTask.example(1000)
    mu = task.stationary

    def grows(rate):
        A = np.full((1000, 3), 1.01 / 1000)
        model = scb.LinearTransformer(task.transition, A)
        step = scb.population_gradient(model, task).attention / mu
        return np.abs((A - rate * step).sum(axis=0) - 1).max() > 0.01

    low, high = 1e-4, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    assert exercises.check("ch3-stable-rate", low).passed
    for wrong, hint in [
        (low / mu.max(), "without precond"),
        (low / 2, "1/curvature"),
        (14.17, "with proj"),
    ]:
        verdict = exercises.check("ch3-stable-rate", wrong)
        assert not verdict.passed
        assert hint in verdict.words
