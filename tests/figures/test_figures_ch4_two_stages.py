"""Pictures of the two stages: the words say the right numbers, the lines are the data."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

import scb_edu as scb
from scb_edu import exercises, figures, studies, widgets
from scb_edu.figures.ch4_two_stages import FALL, STAGES
from scb_edu.studies import STUDIES
from scb_edu.studies import ch4_two_stages as sampled

TASK = (0.14, 0.5, 100)


def lines(ax, color):
    return [line for line in ax.lines if to_hex(line.get_color()) == color.lower()]


def path(times, value, attention):
    return scb.Flow(*(np.asarray(part, dtype=float) for part in (times, value, attention)))


def test_numbers_and_matrices_tells_the_largest_gap():
    flow = path([0, 1, 2], [0, 0.5, 1], [0, 0.2, 0.4])
    off = path([0, 1, 2], [0, 0.5, 1.03], [0, 0.25, 0.4])
    picture = figures.numbers_and_matrices(flow, off)
    assert "0.050 away" in picture.words
    assert "alpha_V is 1.00 and alpha_A is 0.40" in picture.words
    solid, dots = lines(picture.figure.axes[0], figures.VALUE)
    np.testing.assert_array_equal(solid.get_ydata(), flow.value)
    np.testing.assert_array_equal(dots.get_ydata(), off.value)


def portrait(starts, **options):
    side = np.linspace(-1.75, 1.75, 41)
    grid = np.meshgrid(side, side)
    paths = [scb.signal_flow(TASK, start=start, t_end=300, points=900) for start in starts]
    field = (*grid, *scb.theory.signal_rate(TASK, *grid))
    return figures.phase_portrait(field, paths, (0, scb.theory.saddle(TASK).attention), **options)


def test_portrait_colours_paths_by_their_side_and_counts_them():
    picture = portrait([(0, 0), (0.5, 0.5), (-0.5, -0.5)])
    assert "Of 3 paths, 2 end beside the truth" in picture.words
    ax = picture.figure.axes[0]
    assert len([x for x in lines(ax, figures.GREEN) if len(x.get_xdata()) > 1]) == 2
    assert len([x for x in lines(ax, figures.PURPLE) if len(x.get_xdata()) > 1]) == 1
    assert {"truth", "saddle", "mirror\npoint"} <= {text.get_text() for text in ax.texts}


def test_portrait_stands_still_where_the_velocity_is_zero():
    """The contours that are drawn lie on alpha_V = 0, the hyperbola, and the other nullcline."""
    contours = portrait([(0, 0)], small=True).figure.axes[0].collections
    by_color = {to_hex(c.get_edgecolor()[0]): c for c in contours if len(c.get_edgecolor())}
    for color, number in ((figures.VALUE, 0), (figures.ATTENTION, 1)):
        points = np.concatenate([p.vertices for p in by_color[color.lower()].get_paths()])
        assert len(points) > 40
        assert np.abs(scb.theory.signal_rate(TASK, *points.T)[number]).max() < 0.01


def test_small_portrait_tells_the_story_of_its_path():
    right, wrong = (portrait([(v, 0.0)], small=True) for v in (0.5, -0.5))
    assert right.words.startswith("From (0.5, 0) the path reaches")
    assert "on the wrong side of the saddle at (0, -0.020)" in wrong.words


def test_early_growth_draws_run_and_formula():
    t = np.array([0.0, 1.0, 2.0])
    runs, formula = {10: np.array([0.1, 0.2, 0.4])}, {10: np.array([0.05, 0.2, 0.5])}
    picture = figures.early_growth(t, runs, formula)
    assert "T = 10 grows from 0.1 to 0.400" in picture.words
    run, dashed = picture.figure.axes[0].lines
    np.testing.assert_array_equal(run.get_ydata(), runs[10])
    np.testing.assert_array_equal(dashed.get_ydata(), formula[10])


def test_balance_draws_what_moved():
    side = np.linspace(-1, 1, 11)
    grid = np.meshgrid(side, side)
    moved = (np.array([1.0, 10.0]), np.array([0.01, 0.14]), np.array([0.02, 0.5]))
    run = scb.signal_flow(TASK, t_end=60)
    picture = figures.balance((*grid, scb.theory.flow_invariant(TASK, *grid)), [run], moved)
    assert "V has moved 0.140 and A 0.500" in picture.words
    value, attention = picture.figure.axes[1].lines
    np.testing.assert_array_equal(value.get_ydata(), moved[1])
    np.testing.assert_array_equal(attention.get_ydata(), moved[2])


def test_shifted_runs_mark_the_crossings():
    runs = {T: scb.signal_flow((0.14, 0.5, T), t_end=40) for T in (10, 1000)}
    picture = figures.shifted_runs(runs, {10: 9.25, 1000: 24.75}, 0.5)
    assert picture.words == "alpha_A crosses 0.5 at time 9.2 for T = 10, 24.8 for T = 1,000."
    dots = [line for line in picture.figure.axes[0].lines if line.get_marker() == "o"]
    assert [(d.get_xdata()[0], d.get_ydata()[0]) for d in dots] == [(9.25, 0.5), (24.75, 0.5)]


@pytest.mark.parametrize("top", [None, 135])
def test_escape_times_draw_flow_and_formula(top):
    picture = figures.escape_times([10, 1000], [9, 24.5], [7, 24.4], level=0.5, step=8.58, top=top)
    assert top is None or picture.figure.axes[0].get_ylim() == (0, top)
    assert "9.0 for T = 10, 24.5 for T = 1,000; a factor of ten costs 8.6" in picture.words
    formula, flow = picture.figure.axes[0].lines
    assert formula.get_ydata().tolist() == [7, 24.4]
    assert flow.get_ydata().tolist() == [9, 24.5]


def shades(ax):
    """The spans behind a curve, (colour, from, to)."""
    return [(to_hex(p.get_facecolor()), p.get_x(), p.get_x() + p.get_width()) for p in ax.patches]


def test_stages_are_shaded_up_to_their_border():
    run = path([1, 10, 100], [0, 0.6, 1], [0, 0.4, 0.9])
    picture = figures.signal_stages(run, 20.0, 40.0, loss=[1, 0.1, 0.01])
    assert "Stage 1 ends at time 20, with alpha_V = 0.64 and alpha_A = 0.46" in picture.words
    assert "the fall is over at time 40;" in picture.words
    for ax in picture.figure.axes:
        assert shades(ax) == [(STAGES[0], 1, 20), (STAGES[1], 20, 100), (FALL, 20, 40)]
    (loss,) = lines(picture.figure.axes[1], figures.SKY)
    assert loss.get_ydata().tolist() == [1, 0.1, 0.01]


def test_stages_of_a_run_that_never_gets_there_or_is_there_already():
    run = path([1, 10, 100], [-0.1, -0.8, -0.9], [0, -0.9, -1.1])
    lost = figures.signal_stages(run, np.inf, np.inf, small=True)
    assert lost.words == "Stage 1 does not end; at the end the signals are -0.90, -1.10."
    assert [color for color, *_ in shades(lost.figure.axes[0])] == [STAGES[0]]
    there = figures.signal_stages(run, 0.0, 2.0, small=True)
    assert [color for color, *_ in shades(there.figure.axes[0])] == [STAGES[1], FALL]
    assert there.words.startswith("Stage 1 is over at once, the fall at time 2;")


def test_the_explorer_of_the_signals_shades_the_stages_of_the_chapter():
    course, _ = widgets.two_signals().panels
    picture = course.draw(T=1000, K_P=0.1, K_Q=0.4, start=(0.0, 0.0))
    first, fall = scb.theory.stages((0.1, 0.4, 1000))
    border = shades(picture.figure.axes[0])[-1]
    assert border == (FALL, pytest.approx(first), pytest.approx(fall))


SAMPLED = {
    "right": path([0, 1], [0, 0.9], [0, 1.2]),
    "right, with less": path([0, 1], [0.1, 0.7], [0, 0.8]),
    "wrong": path([0, 1], [0, -0.1], [0, -9.0]),
    "wrong, V above 0": path([0, 1], [0, 0.2], [0, -8.0]),
    "stuck": path([0, 1], [0, 0.2], [0, 0.4]),
}


def sampled_portrait(**runs):
    line = np.linspace(-1.75, 1.75, 21)
    grid = np.meshgrid(line, line)
    field = (*grid, *scb.theory.signal_rate(TASK, *grid))
    flow = scb.signal_flow(TASK, t_end=60)
    return figures.sampled_portrait(field, runs, flow, scb.theory.separatrix(TASK)), flow


def test_sampled_portrait_tells_the_fate_of_its_runs():
    picture, flow = sampled_portrait(all=list(SAMPLED.values()), lost=[SAMPLED["wrong"]])
    assert f"The flow is at ({flow.value[-1]:.2f}, {flow.attention[-1]:.2f})." in picture.words
    assert "all: 2 right, 2 wrong, 1 stuck; the right ones in the median at (0.80, 1.00)." in (
        picture.words
    )
    assert picture.words.endswith("lost: 0 right, 1 wrong, 0 stuck.")


@pytest.mark.parametrize(
    ("name", "color"),
    [
        ("right", figures.GREEN),
        ("right, with less", figures.SKY),
        ("wrong", figures.PURPLE),
        ("wrong, V above 0", figures.PURPLE),
        ("stuck", figures.AMBER),
    ],
)
def test_sampled_portrait_colours_a_run_by_its_fate(name, color):
    run = SAMPLED[name]
    picture, flow = sampled_portrait(one=[run])
    course, end = lines(picture.figure.axes[0], color)
    assert course.get_xydata().tolist() == np.column_stack([run.value, run.attention]).tolist()
    assert end.get_xydata().tolist() == [[run.value[-1], run.attention[-1]]]
    [drawn] = [x for x in lines(picture.figure.axes[0], figures.TRUTH) if x.get_linestyle() == "--"]
    np.testing.assert_array_equal(drawn.get_ydata(), flow.attention)


def test_axes_of_the_explorer_stay_where_they_are():
    """Whether a run is found or lost, its names lie inside the axes and move nothing."""
    signals, portrait = widgets.two_signals().panels
    for panel in (signals, portrait):
        places = []
        for start, K_P in [((0.0, 0.0), 0.1), ((0.0, 0.0), 0.4), ((-0.1, 0.0), 0.1)]:
            picture = panel.draw(T=1000, K_P=K_P, K_Q=0.4, start=start)
            picture.webp()  # the layout is made when it is drawn
            places.append(picture.figure.axes[0].get_position().bounds)
        np.testing.assert_allclose(places[1:], [places[0]] * 2)


def test_wrong_side_draws_sizes():
    run = path([1, 10, 100], [-0.8, -0.4, -0.2], [-1.25, -2.5, -5])
    picture = figures.wrong_side(run, [1, 0.5, 0.2])
    assert "alpha_V goes from -0.8 to -0.2 and alpha_A from -1.25 to -5" in picture.words
    attention, value, creep = picture.figure.axes[0].lines
    assert attention.get_ydata().tolist() == [1.25, 2.5, 5]
    assert value.get_ydata().tolist() == [0.8, 0.4, 0.2]
    assert creep.get_ydata().tolist() == [1, 0.5, 0.2]


# Explorers and exercises ---------------------------------------------------------------------


def test_explorer_of_the_escape_says_the_step():
    explorer = widgets.escape()
    one, two = (explorer.panels[0].draw(positions=Q, level=0.5).words for Q in (1, 2))
    assert one.endswith("costs 6.2.")
    assert two.endswith("costs 8.7.")  # sqrt(2) times as much


@pytest.mark.parametrize(
    ("T", "start", "signals", "plane"),
    [
        (10, (-0.1, 0.0), "Stage 1 ends at time", "reaches (1.00, 1.00)"),
        (1000, (-0.1, 0.0), "Stage 1 does not end", "on the wrong side"),
        (100, (1.0, 0.0), "Stage 1 is over at once", "From (1, 0) the path reaches (1.00, 1.00)"),
    ],
)
def test_explorer_of_the_two_signals_tells_who_finds_the_truth(T, start, signals, plane):
    values = {"T": T, "K_P": 0.1, "K_Q": 0.4, "start": start}
    course, portrait = (panel.draw(**values).words for panel in widgets.two_signals().panels)
    assert signals in course
    assert plane in portrait


@pytest.mark.parametrize("T", [100, 1600])
def test_explorer_of_the_sampled_runs_shows_the_stored_ones(T):
    [panel] = widgets.sampled_runs().panels
    picture = panel.draw(T=T, batch=64, penalty=0.004)
    stored = studies.stored("stages-portrait")
    runs = sampled.walks(stored, start="scratch", context_length=T, batch_size=64, penalty=0.004)
    curves = [x.get_xydata().tolist() for x in picture.figure.axes[0].lines]
    assert all(np.column_stack([run.value, run.attention]).tolist() in curves for run in runs)
    assert len(runs) == STUDIES["stages-portrait"].seeds


def border(K_P, K_Q, T):
    lost, found = -10 / (T * np.sqrt(K_P * K_Q)), 0.0
    for _ in range(20):
        middle = (lost + found) / 2
        run = scb.signal_flow((K_P, K_Q, T), start=(middle, 0), t_end=400, points=2)
        lost, found = (lost, middle) if run.value[-1] > 0 else (middle, found)
    return found


@pytest.mark.parametrize(
    ("name", "right", "wrong", "hint"),
    [
        ("ch4-extra-time", 25.6, 8.53, "three"),
        ("ch4-extra-time", 25.601, 11.12, "natural"),
        ("ch4-extra-time", 25.6, 6.908, "divided"),
        ("ch4-extra-time", 25.6, 1000, "growth is exponential"),
        ("ch4-extra-time", 25.6, 500, "difference"),
        ("ch4-corner", (0.5, 2), (2, 0.5), "swapped"),
        ("ch4-corner", [0.5, 2.0], (1, 2), "product is 2"),
        ("ch4-corner", (0.5, 2), (0.8, 1.25), "on the way"),
        ("ch4-border", border, lambda *_: 0.1, "below zero"),
        ("ch4-border", border, lambda P, Q, T: -1 / (T * np.sqrt(P * Q)), "too short for it"),
    ],
)
def test_exercises_of_chapter_4(name, right, wrong, hint):
    assert exercises.check(name, right).passed
    refused = exercises.check(name, wrong)
    assert not refused.passed
    assert hint in refused.words


def test_the_last_approach_is_drawn_with_and_without_a_penalty():
    task, start = (0.14, 0.52, 125), (1.38, 0.72)
    flows = {
        f"penalty {penalty:g}": scb.theory.penalised_flow(task, penalty, start=start, t_end=9)
        for penalty in (0.0, 0.01)
    }
    later = {
        name: scb.Flow(flow.t[1:], flow.value[1:], flow.attention[1:])
        for name, flow in flows.items()
    }
    picture = figures.with_and_without_penalty(later)
    value, attention = picture.figure.axes
    for place, flow in enumerate(later.values()):
        np.testing.assert_array_equal(value.lines[place].get_ydata(), flow.value)
        np.testing.assert_array_equal(attention.lines[place].get_ydata(), flow.attention)
    assert value.get_xscale() == "log"
    assert "penalty 0.01" in picture.words
    assert "1.00 and 1.00 at time 9." in picture.words
