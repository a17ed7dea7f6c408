"""A check says what it compared, in the same words on every processor, or says what is wrong."""

import re

import numpy as np
import pytest

from scb_edu import ScbError, experiments
from scb_edu.experiments.agreement import Check


@pytest.mark.parametrize(
    ("measured", "expected", "within", "words"),
    [
        (0.26789, 0.2683, 0.005, "measured 0.268, formula 0.268, within 0.5 %"),
        (-2.004, -2, 0.0025, "measured -2.00, formula -2.00, within 0.25 %"),
        (41_230, 40_000, 0.1, "measured 41,230, formula 40,000, within 10 %"),
        (1 + 1e-10, 1, 1e-9, "measured 1.00, formula 1.00, within 1e-09"),
        (
            [0.1, 0.2],
            [0.1, 0.2],
            0.01,
            "measured 0.100 to 0.200, formula 0.100 to 0.200, within 1 %",
        ),
        ([5.0, 5.01], 5, 0.01, "measured 5.00 to 5.01, formula 5.00, within 1 %"),
    ],
)
def test_it_says_what_it_compared(capsys, measured, expected, within, words):
    experiments.agree("x", measured, expected, within=within)
    assert capsys.readouterr().out == f"✓ x: {words}\n"


def test_a_cell_may_hold_several(capsys):
    experiments.agree("x", 1, 1, within=0.1, names=("sampled", "exact"), digits=2)
    experiments.holds("y < z", np.bool_(True))
    assert capsys.readouterr().out == "✓ x: sampled 1.0, exact 1.0, within 10 %\n✓ y < z\n"


@pytest.mark.parametrize("off", [-0.0101, 0.0101])
def test_the_allowance_is_relative_and_both_ways(off):
    experiments.agree("x", 30 * (1 + 0.98 * off), 30, within=0.01)
    with pytest.raises(ScbError, match=r"^x: expected .* within 1 %, got .*, off by 1\.01 %\.$"):
        experiments.agree("x", 30 * (1 + off), 30, within=0.01)


def test_what_disagrees_is_the_worst_entry():
    words = "within 5 %, got runs 2.50, theory 2.00, off by 25 % at entry 0, 1."
    with pytest.raises(ScbError, match=f"^x: expected runs and theory {re.escape(words)}$"):
        experiments.agree("x", [[1.1, 2.5]], [[1, 2]], within=0.05, names=("runs", "theory"))


@pytest.mark.parametrize(
    ("measured", "expected", "within", "argument"),
    [
        (np.nan, 1, 0.1, "measured"),
        (1, np.nan, 0.1, "expected"),
        (np.inf, np.inf, 0.1, "measured"),
        ([1, 2], [1, 2, 3], 0.1, "expected"),
        (1, [1, 1], 0.1, "expected"),
        (0, 0, 0.1, "expected"),
        ([], [], 0.1, "measured"),
        ("1", 1, 0.1, "measured"),
        (True, 1, 0.1, "measured"),
        (1, 1, np.nan, "within"),
        (1, 1, -0.1, "within"),
    ],
)
def test_what_cannot_be_compared_is_refused(measured, expected, within, argument):
    with pytest.raises(ScbError, match=f"^{argument}: expected"):
        experiments.agree("x", measured, expected, within=within)


def test_what_does_not_hold_is_said():
    with pytest.raises(ScbError, match=r"^5 < 4: expected this to hold, got False\.$"):
        experiments.holds("5 < 4", 5 < 4)


@pytest.mark.parametrize("condition", [np.array([True, True]), 1, None, "yes"])
def test_only_a_truth_value_is_a_condition(condition):
    with pytest.raises(ScbError, match=r"^condition: expected True or False"):
        experiments.holds("x", condition)


def test_a_page_gets_its_words_escaped():
    shown = Check("a < b & c")._repr_mimebundle_()
    assert shown["text/plain"] == "✓ a < b & c"
    assert "a &lt; b &amp; c</div>" in shown["text/html"]


# Checks that are collected


@pytest.fixture
def collecting():
    experiments.collect_checks()
    yield
    experiments.collect_checks(False)


def test_collected_checks_say_that_they_do_not_hold_and_do_not_stop(collecting, capsys):
    experiments.holds("four is odd", False)
    experiments.agree("x", [1, 3], [1, 2], within=0.1, digits=2)
    experiments.agree("y", [1, 2, 3], [1, 2], within=0.1)
    experiments.holds("three is odd", True)
    assert capsys.readouterr().out.splitlines() == [
        "✗ four is odd: expected this to hold, got False.",
        "✗ x: expected measured and formula within 10 %, got measured 3.0, formula 2.0, "
        "off by 50 % at entry 1.",
        "✗ y: expected: expected shape (3,) or one, got (2,).",
        "✓ three is odd",
    ]


def test_what_is_no_check_still_stops(collecting):
    with pytest.raises(ScbError, match=r"^within: "):
        experiments.agree("x", 1, 1, within=-1)
    with pytest.raises(ScbError, match=r"^condition: "):
        experiments.holds("x", np.array([True, False]))


def test_a_refutation_is_found_in_the_outputs_of_a_notebook():
    bundle = experiments.Refutation("a < b", "expected this & got that")._repr_mimebundle_()
    assert bundle["application/vnd.scb-refutation+json"] == {
        "what": "a < b",
        "words": "expected this & got that",
    }
    assert "does not hold" in bundle["text/html"]
    assert "a &lt; b: expected this &amp; got that" in bundle["text/html"]
