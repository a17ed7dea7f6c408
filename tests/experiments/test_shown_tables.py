"""Tables that a page shows: numbers one can read, columns that stand below each other."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from scb_edu import ScbError, experiments
from scb_edu.experiments.shown_tables import _table, written


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.26789, 3, "0.268"),
        (0.26789, 1, "0.3"),
        (9.996, 3, "10.0"),
        (0.0, 3, "0"),
        (-0.0, 3, "0"),
        (-12.34, 2, "-12"),
        (182_003.7, 3, "182,004"),
        (9_999_999.0, 3, "1.00e+07"),
        (1.5e-4, 2, "0.00015"),
        (1.5e-5, 2, "1.5e-05"),
        (25_600, 1, "25,600"),
        (np.int64(10**9), 3, "1,000,000,000"),
        (np.float32(0.5), 3, "0.500"),
        (np.nan, 3, "–"),
        (np.inf, 3, "∞"),
        (-np.inf, 3, "−∞"),
    ],
)
def test_a_number_has_the_digits_that_are_asked_for(number, digits, text):
    assert written(number, digits) == text


FRAME = pd.DataFrame(
    {"way": ["a < b", "plain"], "share": [0.975, np.nan], "right": [True, False], "T": [100, 6400]}
)


def test_plain_text_is_aligned(capsys):
    experiments.show_table(FRAME, "Two ways.", digits={"share": 2})
    first, *rows = capsys.readouterr().out.splitlines()
    assert first == "Two ways."
    assert [row.split() for row in rows] == [
        ["way", "share", "right", "T"],
        ["a", "<", "b", "0.97", "yes", "100"],
        ["plain", "–", "no", "6,400"],
    ]
    assert len({len(row) for row in rows}) == 1


def test_an_interval_is_its_estimate_with_both_ends(capsys):
    found = [experiments.Interval(0.5, 0.25, 1200.0), experiments.Interval(1, 1, 1)]
    experiments.show_table(pd.DataFrame({"share": found}), "Shares.", digits=2)
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.strip() for row in rows] == [
        "0.50 (0.25\u00a0to\u00a01,200)",
        "1.0 (1.0\u00a0to\u00a01.0)",
    ]


def test_a_page_gets_a_table_with_a_name_that_the_keyboard_reaches():
    box = ElementTree.fromstring(_table(FRAME, "Two & two.", 3)._repr_mimebundle_()["text/html"])
    assert (box.get("tabindex"), box.get("role"), box.get("aria-label")) == (
        "0",
        "region",
        "Two & two.",
    )
    assert box.findtext(".//caption") == "Two & two."
    assert [cell.text for cell in box.iterfind(".//th")] == list(FRAME.columns)
    assert [cell.text for cell in box.iterfind(".//td")][:4] == ["a < b", "0.975", "yes", "100"]


def test_an_index_with_a_name_comes_first():
    by = FRAME.set_index(["T", "way"])
    assert list(_table(by, "x", 3).texts.columns) == ["T", "way", "share", "right"]
    assert list(_table(FRAME[["T"]], "x", 3).texts.columns) == ["T"]


@pytest.mark.parametrize(
    ("frame", "caption", "digits", "argument"),
    [
        ([1, 2], "x", 3, "frame"),
        (FRAME[:0], "x", 3, "frame"),
        (FRAME, " ", 3, "caption"),
        (FRAME, "x", 0, "digits"),
        (FRAME, "x", {"shar": 2}, "digits"),
        (FRAME, "x", {"share": 2.5}, "digits"),
    ],
)
def test_what_cannot_be_shown_is_refused(frame, caption, digits, argument):
    with pytest.raises(ScbError, match=f"^{argument}.*: expected"):
        experiments.show_table(frame, caption, digits=digits)
