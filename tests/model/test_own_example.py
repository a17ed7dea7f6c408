"""A task of one's own in the place of the running example: the same rule for every N, Q and T."""

import numpy as np
import pytest

import scb_edu as scb
from scb_edu.model import OwnExample, use_example
from scb_edu.model.own_example import as_in_the_book

RING = [[0.1, 0.1, 0.1, 0.7], [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]]


@pytest.fixture(autouse=True)
def the_books_own_afterwards():
    yield
    use_example()


@pytest.mark.parametrize("T", [2, 3, 8, 25, 100])
def test_with_the_books_numbers_it_is_the_books_example(T):
    book = scb.SCBTask.example(T)
    own = OwnExample([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]]).task(T)
    assert own.transition.tolist() == book.transition.tolist()
    assert own.attention.tolist() == book.attention.tolist()


def test_every_token_looks_at_q_places_that_are_spread_over_the_context():
    Q = OwnExample(RING, [0.5, 0.3, 0.2], 12).task().attention
    for k in range(4):
        first = 1 + 2 * k
        found = {t: Q[t % 12, k] for t in (first, first + 4, first + 8)}
        assert list(found.values()) == [0.5, 0.3, 0.2]
    assert np.count_nonzero(Q) == 12


@pytest.mark.parametrize(("weights", "least"), [([1.0], 2), ([0.5, 0.3, 0.2], 3)])
def test_a_context_has_room_for_two_places_and_for_all_that_are_looked_at(weights, least):
    assert OwnExample(RING, weights, least).context_length == least
    with pytest.raises(scb.ScbError, match=f"context_length: .* at least {least}, got {least - 1}"):
        OwnExample(RING, weights, least - 1)


def test_it_takes_the_place_of_the_example_everywhere_and_gives_it_back():
    from scb_edu.studies.ch6_sample_complexity import fixed_task

    use_example(RING, weights=[1.0], context_length=20)
    assert repr(scb.SCBTask.example()) == repr(fixed_task(3, 20))
    assert (
        scb.SCBTask.example(context_length=50).transition == scb.SCBTask(RING, np.eye(4)).transition
    ).all()
    with as_in_the_book():
        assert scb.SCBTask.example().vocab_size == 3
    assert scb.SCBTask.example().vocab_size == 4
    use_example()
    assert scb.SCBTask.example().context_length == 8


def test_stored_runs_stand_beside_the_theory_of_the_example_that_they_are_of():
    from scb_edu.studies import headline_runs, headline_table

    runs = headline_runs()
    runs = runs[(runs["way"] == "constant") & (runs["context_length"] == 100)]
    before = headline_table(runs)
    use_example(RING)
    assert headline_table(runs).equals(before)


def test_a_file_says_what_the_arguments_say(tmp_path):
    file = tmp_path / "task.toml"
    file.write_text(f"transition = {RING}\nweights = [0.9, 0.1]\ncontext_length = 30\n")
    read, given = OwnExample.read(file).task(), OwnExample(RING, [0.9, 0.1], 30).task()
    assert (read.attention == given.attention).all()
    assert (read.transition == given.transition).all()


def test_what_is_of_three_tokens_alone_is_left_as_it_is():
    from scb_edu.studies import feedback

    before = feedback.conditions()
    use_example(RING)
    assert feedback.conditions().equals(before)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"transition": [[0.5, 0.5], [0.4, 0.5]]}, "^transition: expected every column to sum"),
        (
            {"transition": RING, "weights": [0.5, 0.4]},
            "^weights: expected every column to sum to 1",
        ),
        ({"transition": RING, "weights": [1.0, 0.0]}, "^weights: expected numbers above 0, got 0"),
        ({"transition": RING, "weights": []}, "^weights: expected at least one entry"),
        ({"transition": RING, "context_length": 1}, "^context_length: .* at least 2, got 1"),
        ({"transition": RING, "weights": [0.25] * 4, "context_length": 3}, "at least 4, got 3"),
    ],
)
def test_what_is_no_task_is_refused_and_the_example_stays(arguments, words):
    with pytest.raises(scb.ScbError, match=words):
        use_example(**arguments)
    assert scb.SCBTask.example().vocab_size == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("weights = [1.0]", r"expected 'transition', .* got \['weights'\]"),
        ("transition = [[1.0]]\nP = 1", r"got \['P', 'transition'\]"),
        ("transition = [[", "expected a TOML file with a task"),
        (None, "expected a TOML file with a task"),
    ],
)
def test_a_file_that_is_none_is_refused(text, words, tmp_path):
    file = tmp_path / "task.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(scb.ScbError, match=f"^path: .*{words}|^path: {words}"):
        OwnExample.read(file)
