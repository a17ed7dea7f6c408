import pytest

import scb_edu as scb
from scb_edu import exercises
from scb_edu.exercises import ch4_two_stages, checking


def accept(answer):
    return None


@pytest.fixture
def registry(monkeypatch):
    """The registry, and what a test adds is taken out again."""
    monkeypatch.setattr(checking, "_CHECKS", dict(checking._CHECKS))
    return checking._CHECKS


def in_module(module):
    def test(answer):
        return None

    test.__module__ = module
    return test


def test_names_are_known_and_used_once(registry):
    with pytest.raises(scb.ScbError, match=r"expected one of .*'ch1-law'"):
        exercises.check("ch1-lawn", 1)
    with pytest.raises(scb.ScbError, match="taken"):
        exercises.exercise("ch1-law")(accept)


@pytest.mark.parametrize(
    "name", ["border", "ch-border", "ch4", "ch4-", "ch4_border", "Ch4-border", "ch4-a b", "ch4--a"]
)
def test_a_name_is_the_chapter_and_words(registry, name):
    with pytest.raises(scb.ScbError, match=r'name: expected .* as in "ch4-border", got'):
        exercises.exercise(name)(accept)
    assert name not in registry


def test_an_exercise_belongs_to_the_chapter_of_its_module(registry):
    with pytest.raises(scb.ScbError, match=r"'ch5-border' in scb_edu.exercises.ch4_two_stages"):
        exercises.exercise("ch5-border")(in_module(ch4_two_stages.__name__))
    exercises.exercise("ch4-another-one")(in_module(ch4_two_stages.__name__))
    exercises.exercise("ch12-of-a-teacher")(in_module("__main__"))
    assert {"ch4-another-one", "ch12-of-a-teacher"} < set(registry)


def test_a_check_that_raises_becomes_a_verdict(registry):
    exercises.exercise("ch1-broken")(lambda answer: answer / 0)
    assert repr(exercises.check("ch1-broken", 1)).startswith("Your answer stopped with ZeroDiv")


@pytest.mark.parametrize("shape", [(2, 3), (2, -1), (-1, 3), (-1, -1)])
def test_a_length_may_be_left_open(shape):
    answer = [[1, 2, 3], [4, 5, 6]]
    assert checking.numbers(answer, shape, "six numbers are wanted").tolist() == answer


@pytest.mark.parametrize("shape", [(6,), (3, -1), (-1, 2), (2, 3, -1), ()])
def test_another_shape_is_refused_in_words(shape):
    with pytest.raises(checking._RefusedError, match=r"six are wanted, and .* shape \(2, 3\)"):
        checking.numbers([[1, 2, 3], [4, 5, 6]], shape, "six are wanted")
