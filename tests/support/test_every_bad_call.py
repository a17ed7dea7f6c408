"""Every bad call of the table is answered: by an ScbError that begins with the argument's name."""

import contextlib
import inspect
import re
import signal
import warnings
from collections import Counter

import pytest
from bad_calls import public, rows

import scb_edu as scb
from scb_edu.theory import dynamics

SECONDS = 5  # a call that takes longer hangs
NO_ARGUMENT = "takes no argument"


class TooLongError(BaseException):
    """A call that hangs."""


@contextlib.contextmanager
def limited():
    def stop(*_):
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def answer(row):
    """What a bad call is answered with."""
    try:
        with warnings.catch_warnings(), limited():
            warnings.simplefilter("error")  # of NumPy and SciPy: none escapes
            row.call()
    except scb.ScbError as error:
        return str(error)
    except (Exception, TooLongError) as other:
        return f"{type(other).__name__} instead of ScbError: {other}"
    return "Nothing is said."


def is_right(row, message):
    return re.match(rf"{re.escape(row.argument)}\b", message) and len(message) < 300


@pytest.mark.parametrize("name", {row.of: None for row in rows()})
def test_every_bad_call_is_answered(name):
    answers = {row.id: (row, answer(row)) for row in rows() if row.of == name}
    assert {of: said for of, (row, said) in answers.items() if not is_right(row, said)} == {}


def arguments(item):
    """How many arguments a public name takes; none for what is no function and no class."""
    if inspect.isclass(item):
        own = item.__new__ if issubclass(item, tuple) else item.__init__
        return len(inspect.signature(own).parameters) - 1
    return len(inspect.signature(item).parameters) if inspect.isfunction(item) else 0


NAMES = {path: arguments(item) for path, item in public()}


def test_the_table_is_long_and_its_rows_differ():
    assert len(rows()) >= 3000
    assert max(Counter(row.id for row in rows()).values()) == 1


@pytest.mark.parametrize("path", [path for path, count in NAMES.items() if count])
def test_every_public_name_that_takes_an_argument_is_in_three_rows(path):
    assert sum(row.of == path or row.of.startswith(f"{path}.") for row in rows()) >= 3


def test_a_path_that_gets_nowhere_ends(monkeypatch):
    monkeypatch.setattr(dynamics, "EVALUATIONS", 10)
    with pytest.raises(scb.ScbError, match=r"^start: expected a path that can be followed.* 10 t"):
        scb.signal_flow((0.1, 0.5, 100), t_end=1000)


def test_a_start_too_far_away_is_told_from_a_path_that_gets_nowhere():
    with pytest.raises(scb.ScbError, match=r"^start\[1\]: expected a number from -1e\+06 to"):
        scb.signal_flow((0.1, 0.5, 100), start=(0, 2e6), t_end=1)
