"""Pictures of chapter 9: they draw what the data say, the words say the right numbers."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu import exercises, figures, widgets
from scb_edu.studies import ch9_past_the_paper as letters

P = np.array([[0.1, 0.8, 0.3], [0.9, 0.0, 0.3], [0.0, 0.2, 0.4]])
NAMES = ["a", "b", "␣"]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_the_table_of_letters_is_p_with_its_names():
    picture = figures.letter_table(P, NAMES)
    (ax,) = picture.figure.axes
    np.testing.assert_array_equal(ax.images[0].get_array(), P)
    assert ticks(ax.xaxis) == ticks(ax.yaxis) == NAMES
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("letter", "the next letter")
    assert "Likeliest: b after a 0.90, a after b 0.80, ␣ after ␣ 0.40" in picture.words


def test_courses_are_drawn_with_their_intervals():
    x = np.array([0.0, 1.0, 2.0])
    value, attention = (x, x - 0.1, x + 0.2), (x / 4, x / 4, x)
    picture = figures.learned_courses(
        {"one": (100 * x, value, attention), "two": (x, value, value)}
    )
    for ax, (middle, low, high) in zip(picture.figure.axes, (value, attention), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata().T, (100 * x, middle))
        edge = ax.collections[0].get_paths()[0].vertices
        assert (edge[:, 1].min(), edge[:, 1].max()) == (low.min(), high.max())
    first = picture.figure.axes[0].lines
    assert first[0].get_marker() != first[1].get_marker()
    assert "one: after 200 samples alpha_V is 2.00 and alpha_A 0.50." in picture.words


def test_every_entry_is_a_point():
    V = P + 0.1
    picture = figures.entries(P, V, NAMES, 0.5)
    ax = picture.figure.axes[0]
    points = np.asarray(ax.collections[0].get_offsets())
    np.testing.assert_allclose(points, np.column_stack([P.ravel(), V.ravel()]))
    assert [text.get_text() for text in ax.texts] == ["b after a", "a after b", "␣ after ␣"]
    assert "correlation 0.50. b after a: 0.90 in P, 1.00 in V." in picture.words


def test_maps_share_a_scale_and_have_the_newest_on_top():
    first = np.array([[0.1, -0.4, 0.0], [0.9, 1.4, 1.0]])
    second = first[::-1]
    picture = figures.letter_maps({"in": first, "out": second}, NAMES)
    axes = [ax for ax in picture.figure.axes if ax.get_title(loc="left")]
    for ax, A in zip(axes, (first, second), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), A[::-1])
        assert ax.images[0].get_clim() == (-1.4, 1.4)
        assert ticks(ax.xaxis) == NAMES
    assert "in: the newest position has a mean weight of 1.10" in picture.words
    assert "other 1 have -0.10 together" in picture.words


def test_scores_have_a_row_a_model_and_a_panel_a_score():
    rows = {"one": (2.0, 1.5, 2.5), "two": (1.0, 0.5, 1.2)}
    picture = figures.scores({"perplexity": rows, "loss": {"one": (3.0, 3.0, 3.0)}})
    ax, other = picture.figure.axes
    assert ticks(ax.yaxis) == ["one", "two"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1.5, 2.5])
    assert [line.get_xdata()[0] for line in ax.lines[1::2]] == [2.0, 1.0]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first model is on top
    assert (ax.get_xlabel(), other.get_xlabel()) == ("perplexity", "loss")
    assert picture.words == (
        "perplexity: one 2 (1.5 to 2.5), two 1 (0.5 to 1.2). loss: one 3 (3 to 3)."
    )


def test_a_sequence_has_its_loss_its_levels_and_its_dependence():
    x = np.arange(1, 5)
    loss = np.array([0.4, 0.3, 0.2, 0.25])
    apart = np.array([0.1, 0.3, 0.2])
    picture = figures.along_a_sequence(x, (loss, loss - 0.01, loss + 0.01), (0.35, 0.22), apart)
    top, bottom = picture.figure.axes
    np.testing.assert_array_equal(top.lines[0].get_ydata(), loss)
    assert [line.get_ydata()[0] for line in top.lines[1:]] == [0.35, 0.22]
    assert [bar.get_height() for bar in bottom.patches] == apart.tolist()
    assert "0.400 at the first made token, 0.250 at the last" in picture.words
    assert "by 0.30, at lag 2" in picture.words


def test_the_letter_that_came_has_a_colour_of_its_own():
    picture = figures.next_letter(P[:, 0], 1, NAMES, "aba", "bigram")
    (ax,) = picture.figure.axes
    assert [bar.get_height() for bar in ax.patches] == P[:, 0].tolist()
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert colors[0] == colors[2] != colors[1]
    assert ax.get_ylim() == (0, 1)
    assert picture.words == (
        "After 'aba' the bigram expects b 0.90, a 0.10, ␣ 0.00; b came, which had 0.90."
    )


def test_lines_are_written_as_they_are():
    picture = figures.lines_of_text(["one ", "two"], "trigram")
    assert [text.get_text() for text in picture.figure.axes[0].texts] == ["one ", "two"]
    assert picture.words == "trigram writes: one two"


def test_the_explorer_asks_the_model_at_the_place():
    explorer = widgets.text_models()
    law, lines = (panel.draw for panel in explorer.panels)
    held_out = letters.alice()[2]
    for place in widgets.PLACES:
        bars = law(model="bigram", place=place).figure.axes[0].patches
        column = letters.counted(2)[0].table[:, held_out.tokens[place]]
        np.testing.assert_allclose([bar.get_height() for bar in bars], column)
    assert "After 'ey slipped the g' the trigram" in law(model="trigram", place=166).words
    assert "u came" in law(model="unigram", place=166).words
    text = lines(model="unigram", seed=2)
    assert text.words == f"unigram writes: {letters.written('unigram', 170, 2)}"
    shown = [line.get_text() for line in text.figure.axes[0].texts]
    assert [len(line) for line in shown] == [34] * 5


@pytest.mark.parametrize(
    ("answer", "hint"), [(3.2, "averaged"), (5, "averaged"), (2, "bits"), (9, "9 is not")]
)
def test_a_wrong_perplexity_gets_a_hint(answer, hint):
    assert hint in exercises.check("ch9-perplexity", answer).words


def test_the_right_perplexity_passes():
    assert exercises.check("ch9-perplexity", 4.0).passed


def slide(task, start, length, rng, *, late=0, keep=False):
    tokens, T = list(start), task.context_length
    for _ in range(length):
        end = len(tokens) - 1 + late
        law = task.output_distribution([tokens[end - T : end]], [tokens[-1]])[0]
        tokens.append(int(rng.choice(task.vocab_size, p=law)))
    return tokens if keep else tokens[T + 1 :]


def oldest_only(task, start, length, rng):
    """An answer that reads the oldest token of the context whatever Q says."""
    tokens, T = list(start), task.context_length
    for _ in range(length):
        tokens.append((tokens[-T - 1] + 1) % 5)
    return tokens[T + 1 :]


def test_the_sliding_exercise_knows_the_usual_slips():
    def check(**slip):
        return exercises.check("ch9-slide", lambda *given: slide(*given, **slip))

    assert check().passed
    assert "only chooses positions" in check(late=1).words
    assert "new tokens only" in check(keep=True).words
    assert "expected" in exercises.check("ch9-slide", lambda *_: [0] * 12).words
    assert "looking at position 2" in exercises.check("ch9-slide", oldest_only).words
    assert not exercises.check("ch9-slide", lambda *_: None).passed


def test_the_sample_text_of_the_explorer_is_legible_on_a_phone():
    """A line of letters fits its picture, whose 4.4 inches a phone shows 340 pixels wide."""
    picture = figures.lines_of_text(["m" * widgets.LINE], "widest")
    figure = picture.figure
    figure.canvas.draw()
    box = figure.axes[0].texts[0].get_window_extent()
    assert box.x1 < figure.bbox.width
    size = figure.axes[0].texts[0].get_fontsize() * 96 / 72 * 340 / (4.4 * 96)
    assert size > 11


def test_words_of_the_task_of_letters():
    task = letters.letters_task(letters.alice()[0], np.random.default_rng(0))
    assert isinstance(task, scb.SCBTask)
    assert (task.vocab_size, task.context_length, task.sparsity) == (27, 32, 2)


def test_what_the_reader_should_have_seen():
    """After 'slipped the g' no model likes u best; after 'up at th' all but one like e best."""
    held_out, guinea, the = letters.alice()[2], 166, 117
    names = (*letters.COUNTED, *letters.LAYERS)
    for place, came in ((guinea, "u"), (the, "e")):
        assert held_out.vocabulary[held_out.tokens[place + 1]] == came
        laws = {name: letters.expected(name, held_out.tokens[: place + 1]) for name in names}
        liked = {name for name, law in laws.items() if held_out.vocabulary[law.argmax()] == came}
        assert liked == (set() if place == guinea else set(names) - {"unigram"})
        assert place in widgets.PLACES
