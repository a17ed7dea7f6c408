"""Tables come back from a file to the last bit; intervals cover as often as they should."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

from scb_edu import ScbError
from scb_edu.experiments import (
    Interval,
    Provenance,
    bootstrap_interval,
    load_table,
    save_table,
    summarise,
)
from scb_edu.experiments.tables import frame_of
from scb_edu.support import files

SOURCE = Provenance("make study", 3, "numpy 2.4.6, python 3.11.7", code="c0de", seconds=0.5)
TABLE = frame_of(
    [
        {"T": 250, "method": 'so-called "SGD"', "loss": 0.1 + 0.2, "ended": True},
        {"T": -1, "method": "", "loss": float("nan"), "ended": False},
        {"T": 2**63 - 1, "method": "# two\r\nlines, √", "loss": -5e-324, "ended": True},
    ]
)


def rng():
    return np.random.default_rng(20)


# Files


@pytest.fixture
def file(tmp_path):
    save_table(tmp_path / "study.csv", TABLE, SOURCE)
    return tmp_path / "study.csv"


def same(one, other):
    """Equal in names, order, types and values: -0.0 is not 0.0, and nan is itself."""
    values = [str(frame.to_dict("list")) for frame in (one, other)]
    return one.dtypes.equals(other.dtypes) and values[0] == values[1]


def test_a_table_comes_back_to_the_last_bit(file):
    table = load_table(str(file))
    assert same(table, TABLE)
    assert Provenance(**table.attrs) == SOURCE
    assert json.loads(json.dumps(table.attrs)) == table.attrs  # what other formats can keep


def test_a_file_says_first_where_it_is_from(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1].removeprefix("# ")) == {
        **{"command": "make study", "seed": 3, "versions": "numpy 2.4.6, python 3.11.7"},
        **{"code": "c0de", "seconds": 0.5},
        "types": {"T": "int64", "method": "str", "loss": "float64", "ended": "bool"},
    }
    assert lines[2:4] == [
        '"T","method","loss","ended"',
        '250,"so-called ""SGD""",0.30000000000000004,True',
    ]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
AWKWARD = [
    "",
    "nan",
    "NA",
    "None",
    "True",
    "1e5",
    "inf",
    " 1",
    "a,b",
    '"',
    "\r",
    "\n",
    "\r\n",
    "#",
    "\0",
    "a\0",
]
WORDS = st.sampled_from(AWKWARD) | st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.floats() | st.sampled_from([-0.0, 5e-324, -2.2e-308, 1.7976931348623157e308])
VALUES = st.sampled_from([NUMBERS, st.booleans(), st.integers(-(2**63), 2**63 - 1), WORDS])


@examples(100)
@given(st.data())
def test_any_table_comes_back(tmp_path_factory, data):
    columns = data.draw(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
    rows = data.draw(st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=5))
    path = tmp_path_factory.mktemp("any") / "table.csv"
    table = frame_of(rows)
    save_table(path, table, SOURCE)
    again = load_table(path)
    assert same(again, table)
    assert str(again.to_dict("list")) == str({n: [row[n] for row in rows] for n in rows[0]})


def test_the_versions_at_work_are_noted_unless_told():
    words = Provenance("make study", 0).versions
    assert f"numpy {np.__version__}" in words
    for name in ("python 3.", "scipy 1.", "scb_edu 0."):
        assert name in words


def test_a_file_cut_anywhere_is_refused(file):
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(ScbError, match=r"^path: .*study.csv, got"):
            load_table(file)


def test_a_file_changed_anywhere_is_refused(file):
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ScbError, match=r"^path: .*study.csv, got"):
            load_table(file)


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", "# command: make study\n", "\0" * 99])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "other.csv").write_text(text)
    with pytest.raises(ScbError, match=r"path: expected a table that save_table wrote .* another"):
        load_table(tmp_path / "other.csv")


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(ScbError, match=r"path: expected a table to read, got: .*nothing.csv"):
        load_table(tmp_path / "nothing.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\n" * 9)
    with pytest.raises(ScbError, match="got bytes that are no text"):
        load_table(tmp_path / "bytes.csv")


PLAIN = pd.DataFrame({"T": [1, 2], "loss": [2.0, 3.0]})
TWICE = pd.DataFrame([[1, 2]], columns=["T", "T"])
UNSAVED = {
    "an array": (np.ones(3), r"table: expected a pandas.DataFrame, got ndarray"),
    "a column": (PLAIN["T"], "table: expected a pandas.DataFrame, got Series"),
    "no rows": (PLAIN[:0], "table: expected at least one row"),
    "single precision": (PLAIN.astype({"loss": "float32"}), "got float32 in 'loss'; convert"),
    "objects": (PLAIN.astype({"T": object}), "got object in 'T'; convert"),
    "labels of rows": (PLAIN[1:], "rows numbered from 0"),
    "one name twice": (TWICE, "names that differ"),
    "a number for a name": (PLAIN.set_axis([1, 2], axis=1), "would not come back"),
    "a missing string": (pd.DataFrame({"word": ["a", None]}, dtype="str"), "nothing missing"),
    "half a character": (pd.DataFrame({"word": ["\ud800"]}), "would not come back"),
}


@pytest.mark.parametrize(("table", "message"), UNSAVED.values(), ids=UNSAVED)
def test_what_would_not_come_back_is_not_saved(tmp_path, table, message):
    with pytest.raises(ScbError, match=message):
        save_table(tmp_path / "study.csv", table, SOURCE)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(ScbError, match="path: expected a file that can be written, got: full"):
        save_table(file, PLAIN, SOURCE)
    assert file.read_bytes() == before


@pytest.mark.parametrize("words", ["", " padded", "two\nlines", "two\u2028lines", 3, None])
@pytest.mark.parametrize("name", ["command", "versions", "code"])
def test_provenance_is_one_line_of_words(name, words):
    with pytest.raises(ScbError, match=rf"{name}: expected (one line of words|a str), got"):
        Provenance(**{"command": "make study", "seed": 0, name: words})


@pytest.mark.parametrize("seed", [1.0, True, "0", None, -1])
def test_the_seed_of_provenance_is_a_whole_number(seed):
    with pytest.raises(ScbError, match=r"seed: expected a whole number of at least 0, got"):
        Provenance("make study", seed)


def test_numbers_of_numpy_are_numbers_of_provenance(tmp_path):
    source = Provenance("make study", np.int64(3), seconds=np.float32(0.5))
    save_table(tmp_path / "study.csv", TABLE, source)
    assert load_table(tmp_path / "study.csv").attrs["seed"] == 3
    with pytest.raises(ScbError, match=r"seconds: .*0 or above"):
        Provenance("make study", 0, seconds=-1)


# Intervals


def share_of_hits(statistic, level, trials, size=20):
    random = rng()
    samples = random.normal(size=(trials, size))
    keywords = {"statistic": statistic, "level": level, "resamples": 999, "rng": random}
    intervals = [bootstrap_interval(sample, **keywords) for sample in samples]
    return np.mean([low <= 0 <= high for _, low, high in intervals])


def test_an_interval_for_the_mean_holds_the_truth_as_often_as_documented():
    """In 92.6 % of cases (3000 trials), so 600 trials lie within 89 to 96 % but for 1 in 1000.

    An interval of level 0.9 (86.8 %) is caught with chance 0.95, one of level 0.8 surely.
    """
    assert 0.89 <= share_of_hits(np.mean, 0.95, 600) <= 0.96


def test_an_interval_for_the_median_holds_the_truth_as_often_as_it_should():
    """In 93.6 % of cases, so 400 trials lie within 89.5 to 97.5 % but for 1 in 1000."""
    assert 0.895 <= share_of_hits(np.median, 0.95, 400) <= 0.975


def test_the_level_is_the_share_of_resamples_inside():
    """The mean of n values scatters by s / sqrt(n): a normal interval, for a large sample."""
    sample = rng().normal(size=2000)
    for level, z in ((0.5, 0.6745), (0.9, 1.6449), (0.99, 2.5758)):
        interval = bootstrap_interval(sample, statistic=np.mean, level=level, rng=rng())
        half = z * sample.std() / np.sqrt(2000)
        assert interval.estimate == sample.mean()
        assert abs(interval.low - (sample.mean() - half)) < 0.08 * half
        assert abs(interval.high - (sample.mean() + half)) < 0.08 * half


@pytest.mark.parametrize("values", [[3], [2.5] * 20, [True] * 5, np.zeros(4, np.float32)])
def test_equal_values_give_an_interval_without_width_or_warning(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interval = bootstrap_interval(values, rng=rng())
    assert interval == Interval(values[0], values[0], values[0])


def test_nearly_equal_values_give_no_warning_either():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interval = bootstrap_interval([1.0] * 19 + [9.0], rng=rng())
    assert interval == (1.0, 1.0, 1.0)


def test_a_share_has_an_interval():
    ended = np.arange(20) < 15
    estimate, low, high = bootstrap_interval(ended, statistic=np.mean, rng=rng())
    assert (estimate, low, high) == (0.75, 0.55, 0.95)


def test_a_statistic_without_axis_will_do():
    interval = bootstrap_interval([1.0, 2, 5], statistic=lambda x: max(x), resamples=99, rng=rng())
    assert interval.estimate == interval.high == 5


def test_an_interval_is_the_same_for_the_same_generator_and_leaves_global_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (bootstrap_interval([1, 2, 3, 9], rng=rng()) for _ in range(2))
    assert one == two
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


INTERVALS = {
    "no numbers": ({"values": ["a"]}, "values: .*real numbers, got strings"),
    "not finite": ({"values": [1.0, np.inf]}, r"values: .*finite.*got inf at \[1\]"),
    "none": ({"values": []}, "values: .*at least one entry"),
    "a matrix": ({"values": [[1.0]]}, r"values: .*1 dimension, got shape \(1, 1\)"),
    "no generator": ({"rng": 0}, r"rng: .*Generator, got int"),
    "level 1": ({"level": 1.0}, "level: .*between 0 and 1, got 1"),
    "level 95": ({"level": 95}, "level: .*got 95"),
    "level 0": ({"level": 0}, "level: .*got 0"),
    "no resamples": ({"resamples": 0}, "resamples: .*at least 1, got 0"),
    "no function": ({"statistic": "median"}, "statistic: expected a function, got 'median'"),
    "many values": ({"statistic": np.sort}, "statistic: .*one number.*got shape"),
}


@pytest.mark.parametrize(("wrong", "message"), INTERVALS.values(), ids=INTERVALS)
def test_an_interval_refuses_in_words(wrong, message):
    with pytest.raises(ScbError, match=message):
        bootstrap_interval(**{"values": [1.0, 2.0], "rng": rng()} | wrong)


# Summaries


def study():
    """Three groups that do not lie together, of 3, 2 and 1 rows."""
    return pd.DataFrame(
        {
            "T": [9, 8, 9, 8, 9, 8],
            "method": ["b", "a", "b", "b", "b", "a"],
            "loss": [1.0, 5.0, 2.0, 7.0, 9.0, 6.0],
        }
    )


def test_a_summary_has_a_row_for_each_group_in_order_of_appearance():
    table = summarise(study(), ["T", "method"], "loss", rng=rng())
    assert list(table) == ["T", "method", "count", "estimate", "low", "high"]
    groups = table[["T", "method", "count", "estimate"]].itertuples(index=False, name=None)
    assert list(groups) == [(9, "b", 3, 2.0), (8, "a", 2, 5.5), (8, "b", 1, 7.0)]
    assert table.dtypes.map(str).tolist() == ["int64", "str", "int64", *["float64"] * 3]


def test_a_summary_has_the_intervals_of_its_groups():
    random = rng()
    table = summarise(study(), "T", "loss", statistic=np.mean, level=0.5, rng=rng())
    found = table[["estimate", "low", "high"]].itertuples(index=False, name=None)
    for row, values in zip(found, ([1.0, 2.0, 9.0], [5.0, 7.0, 6.0]), strict=True):
        assert row == bootstrap_interval(values, statistic=np.mean, level=0.5, rng=random)


def test_a_summary_of_a_share_and_by_a_value_that_is_missing():
    table = pd.DataFrame({"x": [np.nan, 1.0, np.nan], "right": [True, True, False]})
    found = summarise(table, "x", "right", statistic=np.mean, rng=rng())
    assert found["count"].tolist() == [2, 1]
    assert found["estimate"].tolist() == [0.5, 1.0]


def test_a_summary_can_be_saved(tmp_path):
    table = summarise(study(), ["T", "method"], "loss", rng=rng())
    save_table(tmp_path / "summary.csv", table, SOURCE)
    assert same(load_table(tmp_path / "summary.csv"), table)


SUMMARIES = {
    "an unknown group": ({"by": "N"}, "by: expected one of 'T', 'method', 'loss', got 'N'"),
    "an unknown value": ({"value": "cost"}, "value: expected one of .* got 'cost'"),
    "no group": ({"by": []}, "by: expected at least one name"),
    "one name twice": ({"by": ["T", "T"]}, "by: .*leaves free, got 'T'"),
    "words": ({"by": "T", "value": "method"}, "values: .*real numbers"),
    "no table": ({"table": [1]}, "table: .*got list"),
    "no rows": ({"table": study()[:0]}, "table: .*at least one row"),
    "no generator": ({"rng": None}, "rng: .*got NoneType"),
}


@pytest.mark.parametrize(("wrong", "message"), SUMMARIES.values(), ids=SUMMARIES)
def test_a_summary_refuses_in_words(wrong, message):
    with pytest.raises(ScbError, match=message):
        summarise(**{"table": study(), "by": "T", "value": "loss", "rng": rng()} | wrong)


@pytest.mark.parametrize("name", ["count", "estimate", "low", "high"])
def test_a_group_may_not_have_the_name_of_a_result(name):
    table = pd.DataFrame({name: [1], "loss": [2.0]})
    with pytest.raises(ScbError, match=f"by: .*leaves free, got '{name}'"):
        summarise(table, name, "loss", rng=rng())
