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


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_bad_call_is_answered(row):
    with warnings.catch_warnings(), limited():
        warnings.simplefilter("error")  # of NumPy and SciPy: none escapes
        with pytest.raises(scb.ScbError) as caught:
            row.call()
    message = str(caught.value)
    assert re.match(rf"{re.escape(row.argument)}\b", message), message
    assert len(message) < 300


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
