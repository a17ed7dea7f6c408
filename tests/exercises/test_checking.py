import contextlib
import signal
import sys
import threading
from html.parser import HTMLParser

import pytest

import scb_edu as scb
from scb_edu import exercises
from scb_edu.exercises import ch4_two_stages, checking, running


def accept(answer):
    return None


@pytest.fixture
def registry(monkeypatch):
    """The registry, and what a test adds is taken out again."""
    monkeypatch.setattr(checking, "_EXERCISES", dict(checking._EXERCISES))
    return checking._EXERCISES


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


# Hints


@pytest.fixture
def answer_42(registry, monkeypatch):
    """An exercise of its own, with hints, in a fresh process."""
    monkeypatch.setattr(checking, "_WRONG", type(checking._WRONG)())

    @exercises.exercise("ch1-everything", "Look up.", "Ask.", "Begin.")
    def everything(answer):
        return None if checking.number(answer) == 42 else "think deeper."

    return lambda answer, **asked: exercises.check("ch1-everything", answer, **asked)


FIRST, SECOND, THIRD = "Hint 1 of 3: Look up.", "Hint 2 of 3: Ask.", "Hint 3 of 3: Begin."


def test_each_wrong_answer_gets_the_next_hint_and_the_last_stays(answer_42):
    told = [answer_42(wrong).hint for wrong in (1, "42", 1, 1, [])]
    assert told == [FIRST, SECOND, THIRD, THIRD, THIRD]


def test_a_right_answer_begins_anew_and_gets_no_hint(answer_42):
    assert [answer_42(n).hint for n in (1, 2, 42, 3)] == [FIRST, SECOND, "", FIRST]


@pytest.mark.parametrize("empty", [None, ..., NotImplemented])
def test_nothing_counts_nothing(answer_42, empty):
    assert answer_42(None) == exercises.Verdict(None, checking.NOT_ANSWERED)
    assert answer_42(1).hint == FIRST
    assert answer_42(...).hint == ""
    assert answer_42(1).hint == SECOND


def test_each_exercise_counts_for_itself(answer_42):
    assert answer_42(1).hint == FIRST
    assert exercises.check("ch1-law", 1).hint.startswith("Hint 1 of 3")


def test_who_asks_gets_that_hint_and_it_counts_nothing(answer_42):
    assert answer_42(1, hint=3).hint == THIRD
    assert answer_42(None, hint=2).hint == SECOND
    assert answer_42(None, hint=2).passed is None
    assert answer_42(42, hint=2).hint == ""
    assert answer_42(1).hint == FIRST


@pytest.mark.parametrize("asked", [0, 4, -1, "1", 1.5])
def test_there_are_three_hints(answer_42, asked):
    with pytest.raises(scb.ScbError, match=r"hint: expected one of \[1, 2, 3\] for 'ch1-every"):
        answer_42(1, hint=asked)


@pytest.mark.parametrize("hints", [("one",), ("one", "two"), ("a", "b", "c", "d")])
def test_hints_are_three_or_none(registry, hints):
    with pytest.raises(scb.ScbError, match=rf"hints: expected 3 or none .* got {len(hints)}"):
        exercises.exercise("ch1-hints", *hints)


def test_an_exercise_without_hints_has_none(registry):
    exercises.exercise("ch1-bare")(lambda answer: "no.")
    assert repr(exercises.check("ch1-bare", 1)) == "Not yet: no."
    with pytest.raises(scb.ScbError, match=r"hint: expected one of \[\]"):
        exercises.check("ch1-bare", 1, hint=1)


# The box


class Seen(HTMLParser):
    """The words of a piece of HTML, and the classes of its boxes."""

    def __init__(self, source):
        super().__init__()
        self.words, self.classes, self.styles = "", [], ""
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.classes += dict(attributes).get("class", "").split()
        self.styles += dict(attributes).get("style", "")

    def handle_data(self, data):
        self.words += data


def shown(verdict):
    return verdict._repr_mimebundle_()


@pytest.mark.parametrize(
    ("passed", "mark", "name"), [(True, "✓", "right"), (False, "✗", "wrong"), (None, "○", "open")]
)
def test_a_verdict_is_a_box_with_a_mark_and_its_words(passed, mark, name):
    verdict = exercises.Verdict(passed, "Is 1 < 2 & so on?", "Hint 1 of 3: <look>.", "<b>0.5</b>")
    box = Seen(shown(verdict)["text/html"])
    assert set(box.classes) == {
        "scb-verdict",
        *(f"scb-verdict-{x}" for x in (name, "hint", "printed")),
    }
    lines = [f"{mark} Is 1 < 2 & so on?", "Hint 1 of 3: <look>.", "Your answer printed:<b>0.5</b>"]
    assert box.words.split("\n") == lines
    assert "color: inherit" in box.styles  # light or dark, the page decides


def test_the_three_verdicts_differ_by_more_than_their_colour():
    boxes = [Seen(shown(exercises.Verdict(p, "x"))["text/html"]) for p in (True, False, None)]
    assert len({box.words for box in boxes}) == len({box.styles for box in boxes}) == 3


def test_the_plain_text_is_the_words_the_hint_and_what_was_printed():
    verdict = exercises.Verdict(False, "No.", "Hint 1 of 3: look.", "0.5")
    text = "No.\nHint 1 of 3: look.\nYour answer printed:\n0.5"
    assert repr(verdict) == shown(verdict)["text/plain"] == text
    assert shown(exercises.Verdict(True, "Right."))["text/plain"] == "Right."


# What an answer may do


@pytest.fixture
def run(registry):
    """Check an answer by what its function returns: anything is right."""

    def returns(answer):
        checking.call(answer)

    exercises.exercise("ch1-run")(returns)
    return lambda answer: exercises.check("ch1-run", answer)


def endless():
    while True:
        pass


def endless_but_careful():
    while True:
        try:
            endless()
        except Exception:
            continue


def endless_and_deaf():
    while True:
        try:
            endless()
        except:  # noqa: E722, what a reader may write
            continue


def endless_and_deaf_twice():
    while True:
        try:
            endless_and_deaf()
        except BaseException:
            continue


class EndlessGenerator:
    """Catches everything in a generator, with a clean-up of its own."""

    def __call__(self):
        return sum(self.ones())

    def ones(self):
        while True:
            try:
                yield 1
            except BaseException:
                continue
            finally:
                len("")


@pytest.mark.parametrize(
    "answer",
    [
        endless,
        endless_but_careful,
        endless_and_deaf,
        endless_and_deaf_twice,
        EndlessGenerator(),
    ],
)
def test_an_endless_answer_is_stopped(run, monkeypatch, answer):
    monkeypatch.setattr(running, "SECONDS", 0.01)
    # raised where nothing can be raised, as in __del__, it is told to this; the next one comes
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    assert run(answer).words == "Not yet: it runs for more than 0.01 seconds; does it end?"


def test_an_alarm_that_comes_too_late_does_nothing(run):
    """It may be on its way when the answer ends; raised then, it would end the kernel."""
    alarms = []
    run(lambda: alarms.append(signal.getsignal(signal.SIGALRM)))
    alarms[0](signal.SIGALRM, sys._getframe())
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


OWN, ITS = accept.__code__, contextlib.contextmanager.__code__


@pytest.mark.parametrize(
    ("codes", "stopped"),
    [
        ([OWN], True),
        ([OWN, OWN], True),
        ([ITS, OWN], True),  # the answer asks contextlib for something
        ([OWN, ITS, OWN], True),
        ([ITS], False),  # the clean-up
        ([OWN, ITS], False),  # a hook or a tracer in it
        ([ITS, OWN, ITS], False),
    ],
)
def test_an_alarm_stops_the_answer_and_no_clean_up(monkeypatch, codes, stopped):
    """What runs is told from the frame below that of the `with`, from the last called on."""
    timers, frame = [], "asking"

    class Frame:
        def __init__(self, code, back):
            self.f_code, self.back = code, back

        @property
        def f_back(self):
            assert not timers  # a hook may run here too: the next alarm comes after it
            return self.back

    for code in reversed(codes):
        frame = Frame(code, frame)
    monkeypatch.setattr(signal, "setitimer", lambda *given: timers.append(given))
    alarm = running._Alarm("asking")
    alarm.end = 0.0
    with pytest.raises(running.TooLongError) if stopped else contextlib.nullcontext():
        alarm(signal.SIGALRM, frame)
    [(_, soon, later)] = timers
    assert soon < 0.001 < later


@pytest.fixture
def alarm():
    """An alarm of someone else, far away."""

    def handler(*_):
        raise AssertionError

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 1000, 7)
    yield handler
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


@pytest.mark.parametrize("answer", [lambda: 1, endless, lambda: 1 / 0, sys.exit])
def test_the_alarm_and_the_handlers_of_others_come_back(run, monkeypatch, alarm, answer):
    monkeypatch.setattr(running, "SECONDS", 0.01)
    interrupt = signal.getsignal(signal.SIGINT)
    run(answer)
    rest, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 900 < rest <= 1000
    assert interval == 7
    assert signal.getsignal(signal.SIGALRM) is alarm
    assert signal.getsignal(signal.SIGINT) is interrupt


def test_no_alarm_is_left(run):
    before = signal.getsignal(signal.SIGALRM)
    run(lambda: 1)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before


def timer(_=None):
    return signal.getitimer(signal.ITIMER_REAL)[0]


def test_the_time_is_limited_in_the_main_thread_alone(run):
    limits = []

    def answer():
        limits.append(timer())
        return 1

    other = threading.Thread(target=lambda: limits.append(run(answer).words))
    other.start()
    other.join()
    assert run(answer).passed
    assert limits[:2] == [0, "Right."]
    assert running.SECONDS / 2 < limits[2] <= running.SECONDS


def test_where_there_is_no_timer_there_is_no_limit(run, monkeypatch):
    set_timer = signal.setitimer
    monkeypatch.delattr(signal, "setitimer")
    assert run(lambda: 1 if timer() == 0 else None).passed
    assert set_timer(signal.ITIMER_REAL, 0) == (0, 0)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException])
def test_an_answer_cannot_end_the_kernel(run, error):
    def leave():
        raise error

    told = f"Your answer stopped with {error.__name__}: take out what would end the kernel."
    assert run(leave).words == told


@pytest.mark.parametrize("own", [KeyboardInterrupt, ValueError, SystemExit, None])
def test_a_real_interrupt_gets_through(run, own):
    """Even where the answer catches it and goes on, or on to another error."""

    def pressed():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if own:
                raise own from None

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            run(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_an_answer_prints_stands_below_the_words(run, capsys):
    def talks():
        print("first", 0.5)
        print("second", file=sys.stderr)
        return 1

    verdict = run(talks)
    assert repr(verdict) == "Right.\nYour answer printed:\nfirst 0.5\nsecond"
    assert capsys.readouterr() == ("", "")


def test_of_a_flood_the_beginning_is_shown(run, capsys):
    printed = run(lambda: print("ab" * 500_000)).printed
    assert printed == "ab" * 250 + "\n[cut: 1,000,001 characters, the first 500 are shown]"
    assert capsys.readouterr() == ("", "")


def test_an_answer_that_prints_instead_of_returning_is_told_so_and_shown_what_it_printed(run):
    verdict = run(lambda: print(42))
    assert verdict == exercises.Verdict(None, checking.NO_RETURN, printed="42")


def test_a_function_that_was_not_written_is_not_told_that_a_return_is_missing(run):
    def dots(): ...  # your lines

    def nothing():
        pass

    assert run(dots).words == run(nothing).words == checking.NOT_ANSWERED
    assert run({}.clear).words == checking.NO_RETURN  # written in C


def test_what_an_error_says_is_cut_as_well(run):
    def fails():
        raise ValueError("ab" * 1000)

    words = run(fails).words
    assert words.startswith("Your answer stopped with ValueError: abab")
    assert words.endswith(" ... (cut)")
    assert len(words) < 520
