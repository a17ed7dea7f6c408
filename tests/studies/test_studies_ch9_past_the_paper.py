"""Chapter 9's claims, from its stored data; and a slice of each study, run anew."""

import math
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

import scb_edu as scb
from scb_edu import experiments
from scb_edu.studies import STUDIES
from scb_edu.studies import ch9_past_the_paper as letters

DATA = Path(__file__).parents[2] / "scb_edu" / "studies" / "data"
NAMES = ("windows", "scb", "words", "schedules")
ROWS = {"windows": letters.PIECES, "scb": 13, "words": letters.WORD_GROUPS, "schedules": 1}


def load(name):
    return experiments.load_table(DATA / f"text-{name}.csv")


def points_in(grid):
    return math.prod(len(v) for v in grid.values()) if isinstance(grid, dict) else len(grid)


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_table_is_of_the_study_as_it_stands(name):
    table = load(name)
    study = STUDIES[f"text-{name}"]
    assert table.attrs["command"] == study.command
    assert study.seeds >= 10
    assert len(table) == study.seeds * points_in(study.grid) * ROWS[name]
    assert (DATA / f"text-{name}.csv").stat().st_size < 150_000


def perplexities():
    """The table of the chapter, with its intervals."""
    table, rng = load("windows"), np.random.default_rng(0)
    scores = {name: letters.counted_scores(order) for name, order in letters.COUNTED.items()}
    scores["inside"] = letters.layer_scores(table, 8, True)
    scores["outside"] = letters.layer_scores(table, 8, False)
    return scores, {name: score.perplexity(rng) for name, score in scores.items()}


def test_the_claims_of_the_table_follow_from_it():
    scores, found = perplexities()
    order = ["trigram", "bigram", "inside", "outside", "unigram"]
    assert sorted(found, key=lambda name: found[name].estimate) == order
    assert found["trigram"].high < found["bigram"].low
    assert found["inside"].high < found["outside"].low
    # paired, piece by piece: better in the loss, worse in surprise
    assert (scores["inside"].loss < scores["bigram"].loss).all()
    assert (scores["trigram"].loss < scores["inside"].loss).all()
    gap = scores["inside"].surprise - scores["bigram"].surprise
    assert (
        experiments.bootstrap_interval(gap, statistic=np.mean, rng=np.random.default_rng(0)).low > 0
    )


def test_the_counts_are_scored_on_held_out_text_as_a_loop_scores_them():
    """Perplexity and loss of the bigram, letter by letter, from the text alone."""
    learn, _, held_out = letters.alice()
    P = learn.distribution(2, letters.counted(2)[1])
    x = held_out.tokens
    pairs = [(int(x[t + 1]), int(x[t])) for t in range(letters.LONGEST, len(x) - 1)]
    surprise = [-math.log(P[n, m]) for n, m in pairs]
    loss = [0.5 * (1 - 2 * P[n, m] + P[:, m] @ P[:, m]) for n, m in pairs]
    found = letters.counted_scores(2)
    # pieces are equally long but for one letter, so their mean is nearly that of all letters
    assert found.surprise.mean() == pytest.approx(np.mean(surprise), rel=1e-4)
    assert found.loss.mean() == pytest.approx(np.mean(loss), rel=1e-4)
    first = len(pairs) // letters.PIECES + (len(pairs) % letters.PIECES > 0)
    assert found.surprise[0] == pytest.approx(np.mean(surprise[:first]))


def test_held_out_text_is_never_learned_from():
    learn, choose, held_out = letters.alice()
    assert len(held_out.tokens) > 13_000
    whole = scb.text.Corpus.from_file(DATA / "alice.txt")
    joined = [part.decode(part.tokens) for part in (learn, choose, held_out)]
    assert "".join(joined) == whole.decode(whole.tokens)
    unigram, smoothing = letters.counted(1)
    np.testing.assert_allclose(unigram.table, learn.distribution(1, smoothing), rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_smoothing_is_the_one_that_the_second_part_prefers(order):
    learn, choose, _ = letters.alice()
    x = choose.tokens

    def cost(s):
        law = learn.distribution(order, s)
        newest_first = [x[letters.LONGEST + 1 - back : len(x) - back] for back in range(order)]
        return -np.log(law[tuple(newest_first)]).mean()

    assert letters.counted(order)[1] == min(letters.SMOOTHINGS, key=cost)


def test_a_layer_that_sees_one_letter_is_the_bigram():
    table = load("windows")
    gap = letters.layer_scores(table, 1, True).loss - letters.counted_scores(2).loss
    assert np.abs(gap).max() < 1e-3


def test_a_shuffled_text_teaches_nothing_but_frequencies():
    table = load("windows")
    some = table[table["shuffled"]]
    unigram = letters.counted_scores(1).loss.mean()
    assert some["loss"].mean() == pytest.approx(unigram, abs=1e-3)
    assert abs(some["newest"].mean() - 1 / 8) < 0.03
    real = table[(table["context_length"] == 8) & ~table["shuffled"]]
    assert real["newest"].min() > 0.5


def test_letters_are_learned_and_shuffled_ones_leave_the_attention_where_it_was():
    table = load("scb")
    last = table[table["samples"] == table["samples"].max()]
    text, shuffled = last[~last["shuffled"]], last[last["shuffled"]]
    assert np.abs(text["alpha_v"] - 1).max() < 0.1
    assert np.abs(text["alpha_a"] - 1).max() < 0.1
    assert np.median(shuffled["alpha_a"]) < 0.2
    # the structure of the text is several hundred times what chance makes
    assert np.median(text["energy"]) / np.median(shuffled["energy"]) > 300


def test_one_sequence_teaches_as_well_as_fresh_samples():
    table = load("schedules")
    for name in ("distance_v", "distance_a"):
        by = experiments.summarise(table, "schedule", name, rng=np.random.default_rng(0))
        assert by["low"].max() < by["high"].min()


def test_rare_words_are_learned_worse_and_known_worse():
    table = load("words")
    by = {
        name: experiments.summarise(table, "group", name, rng=np.random.default_rng(0))
        for name in ("error", "counting")
    }
    assert (np.diff(by["error"]["estimate"]) > 0).all()
    assert (by["counting"]["estimate"] > by["error"]["high"]).all()


SLICES = {
    "windows": [{"context_length": 2, "with_last": True, "shuffled": False}],
    "scb": [{"shuffled": True}],
    "schedules": [{"schedule": "in order"}],
}
PLACES = {"windows": "piece", "scb": "samples", "schedules": "seed"}


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_that_is_run_anew_is_what_was_stored(name):
    table = load(name)
    keys = list(dict.fromkeys([*SLICES[name][0], "seed", PLACES[name]]))
    fresh = STUDIES[f"text-{name}"].slice(SLICES[name], seeds=1)
    stored = fresh[keys].merge(table, on=keys)[list(table)]
    assert_frame_equal(fresh, stored, rtol=1e-2, atol=1e-3)


def test_a_copy_is_what_followed_last_time():
    tokens = np.array([0, 1, 2, 0, 1, 3, 0, 1, 9], dtype=np.uint8)
    assert letters.copies(tokens, 2).tolist() == [-1, -1, -1, -1, -1, 2, -1, -1, 3]
    assert letters.copies(tokens, 1).tolist() == [-1, -1, -1, -1, 1, 2, -1, 1, 3]


def test_the_favourite_is_the_largest_entry():
    x = letters.alice()[2].tokens
    P = letters.counted(2)[0].table
    np.testing.assert_array_equal(letters.favourites(2), P[:, x[letters.LONGEST : -1]].argmax(0))


def test_sequences_keep_the_start_that_they_go_on_from():
    circle = np.roll(np.eye(3), 1, axis=0)
    task = scb.SCBTask(circle, [[0, 0, 0], [1, 1, 1]])
    made = letters.sequences_of(task, 6, 5, np.random.default_rng(0))
    assert made.shape == (5, 9)
    for row in made:
        for t in range(2, 8):  # the context before the last token ends one place earlier
            assert row[t + 1] == (row[t - 1] + 1) % 3
    batch = letters.all_windows(made, 2)
    assert len(batch.last) == 5 * 6
    assert batch.tokens[6].tolist() == made[1, :2].tolist()


def test_a_mixture_is_chosen_by_surprise():
    law = np.array([[1.0, 0.0]] * 4)
    output = np.array([0, 0, 0, 1])
    # (1 - w) + w/2 three times and w/2 once: best at w = 1/2
    assert letters.best_mixture(law, output, np.full(2, 0.5)) == 0.5


def test_what_a_table_expects_and_a_layer_reads():
    held_out = letters.alice()[2]
    before = held_out.tokens[:40]
    P = letters.counted(2)[0].table
    np.testing.assert_allclose(letters.expected("bigram", before), P[:, before[-1]])
    table = letters.counted(3)[0].table
    np.testing.assert_allclose(
        letters.expected("trigram", before), table[:, before[-1], before[-2]]
    )
    model = letters.window_example(True)
    one_hot = np.eye(27)[before[-8:]].T  # (N, T), the last letter inside
    f = np.clip(model.value @ one_hot @ model.attention[:, before[-1]], 0, None)
    found = letters.expected("layer, last letter inside", before)
    np.testing.assert_allclose(found, f / f.sum(), atol=1e-12)


def test_a_model_writes_the_same_for_a_seed_and_in_its_letters():
    one, two = (letters.written("trigram", 40, seed) for seed in (1, 2))
    assert one == letters.written("trigram", 40, 1) != two
    assert len(one) == 40
    assert set(one) <= set(letters.alice()[0].vocabulary)
