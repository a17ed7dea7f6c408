"""Tables come back from a file to the last bit; intervals cover as often as they should."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scb_edu import ScbError
from scb_edu.experiments import (
    Interval,
    Provenance,
    bootstrap_interval,
    load_table,
    save_table,
    summarise,
)
from scb_edu.experiments.tables import tidy_table

SOURCE = Provenance("make study", seed=3, versions="numpy 2.4.6, python 3.11.7")
TABLE = tidy_table(
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
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def test_a_table_comes_back_to_the_last_bit(file):
    table, source = load_table(str(file))
    assert same(table, TABLE)
    assert source == SOURCE


def test_a_file_says_first_where_it_is_from(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:6] == [
        "# command: make study",
        "# versions: numpy 2.4.6, python 3.11.7",
        "# seed: 3",
        "# types: int64, U15, float64, bool",
        "# rows: 3",
        '"T","method","loss","ended"',
    ]
    assert lines[6] == '250,"so-called ""SGD""",0.30000000000000004,True'


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
WORDS = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda w: not w.endswith("\0"))
VALUES = st.sampled_from([st.floats(), st.booleans(), st.integers(-(2**63), 2**63 - 1), WORDS])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_table_comes_back(tmp_path_factory, data):
    columns = data.draw(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
    rows = data.draw(st.lists(st.fixed_dictionaries(columns), min_size=1, max_size=5))
    path = tmp_path_factory.mktemp("any") / "table.csv"
    table = tidy_table(rows)
    save_table(path, table, SOURCE)
    assert str(load_table(path)[0].tolist()) == str(table.tolist())
    assert load_table(path)[0].dtype == table.dtype


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


def changed(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


DAMAGE = {
    "another first line": ("# command", "# comment", "got '# comment: make study' where '# comm"),
    "no command": ("make study", "", "command: expected one line"),
    "no seed": ("# seed: 3", "# seed: three", "got 'three' for seed"),
    "another type": ("int64", "int32", "column 'T' of the type 'int32'"),
    "a type too few": (
        ", bool",
        "",
        "int64, U15, float64 for the columns T, method, loss, e",
    ),
    "one name twice": ('"T",', '"loss",', "for the columns loss, method, loss, ended"),
    "a row too few": ("# rows: 3", "# rows: 4", "3 rows where 4 were saved"),
    "a row too many": ("# rows: 3", "# rows: 2", "3 rows where 2 were saved"),
    "an entry too many": ("\n250,", "\n250,1,", "5 entries for 4 columns in row 1"),
    "a word for a number": ("\n250,", "\nmany,", "'many' for 'T' in row 1"),
    "half a token": ("\n250,", "\n2.5,", "'2.5' for 'T' in row 1"),
    "a word for a real": ("0.30000000000000004", "0.3.0", "'0.3.0' for 'loss' in row 1"),
    "a number for a truth": ("True", "1", "'1' for 'ended' in row 1"),
    "too large": ("\n250,", f"\n{2**63},", "T: expected whole numbers of 64 bits"),
    "too long": ("so-called", "the so-called", "method: .*fit into <U15"),
    "an open quote": ('"so-called', '"so-called" ', "path: .*got"),
}


@pytest.mark.parametrize(("old", "new", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_refused_in_words(file, old, new, message):
    text = file.read_bytes().decode()
    file.write_bytes(changed(text, old, new).encode())
    with pytest.raises(ScbError, match=message):
        load_table(file)


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(ScbError, match=r"path: expected a table to read, got: .*nothing.csv"):
        load_table(tmp_path / "nothing.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\n" * 9)
    with pytest.raises(ScbError, match="got bytes that are no text"):
        load_table(tmp_path / "bytes.csv")


PLAIN = np.array([(1, 2.0)], dtype=[("T", int), ("loss", float)])
UNSAVED = {
    "a plain array": (np.ones(3), "table: expected a structured array .*got ndarray"),
    "a list": ([1], r"table: expected a structured array \(n,\), got list"),
    "a single row": (PLAIN[0], "table: expected a structured array"),
    "no rows": (PLAIN[:0], "table: expected at least one row"),
    "single precision": (PLAIN.astype([("T", int), ("loss", "f4")]), "got float32 in 'loss'"),
    "objects": (PLAIN.astype([("T", object), ("loss", float)]), "got object in 'T'; convert"),
}


@pytest.mark.parametrize(("table", "message"), UNSAVED.values(), ids=UNSAVED)
def test_what_would_not_come_back_is_not_saved(tmp_path, table, message):
    with pytest.raises(ScbError, match=message):
        save_table(tmp_path / "study.csv", table, SOURCE)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr("csv.writer", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        save_table(file, PLAIN, SOURCE)
    assert file.read_bytes() == before


@pytest.mark.parametrize("words", ["", " padded", "two\nlines", "two\u2028lines", 3, None])
def test_provenance_is_one_line_of_words(words):
    with pytest.raises(ScbError, match=r"command: expected one line of words, got"):
        Provenance(words, 0)
    with pytest.raises(ScbError, match=r"versions: expected one line of words, got"):
        Provenance("make study", 0, versions=words)


@pytest.mark.parametrize("seed", [1.0, True, "0", None])
def test_the_seed_of_provenance_is_a_whole_number(seed):
    with pytest.raises(ScbError, match=r"seed: expected a whole number, got"):
        Provenance("make study", seed)


def test_a_string_that_numpy_would_shorten_is_refused():
    with pytest.raises(ScbError, match=r"word: .*final NUL"):
        tidy_table([{"word": "a\0"}])


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
    "level 1": ({"level": 1.0}, "level: .*between 0 and 1, got 1.0"),
    "level 95": ({"level": 95}, "level: .*got 95"),
    "level 0": ({"level": 0}, "level: .*got 0"),
    "no resamples": ({"resamples": 0}, "resamples: .*at least 1, got 0"),
    "no function": ({"statistic": "median"}, "statistic: expected a function.*got str"),
    "many values": ({"statistic": np.sort}, "statistic: .*one number.*got shape"),
}


@pytest.mark.parametrize(("wrong", "message"), INTERVALS.values(), ids=INTERVALS)
def test_an_interval_refuses_in_words(wrong, message):
    with pytest.raises(ScbError, match=message):
        bootstrap_interval(**{"values": [1.0, 2.0], "rng": rng()} | wrong)


# Summaries


def study():
    """Three groups that do not lie together, of 3, 2 and 1 rows."""
    rows = [
        (9, "b", 1.0),
        (8, "a", 5.0),
        (9, "b", 2.0),
        (8, "b", 7.0),
        (9, "b", 9.0),
        (8, "a", 6.0),
    ]
    return np.array(rows, dtype=[("T", int), ("method", "U1"), ("loss", float)])


def test_a_summary_has_a_row_for_each_group_in_order_of_appearance():
    table = summarise(study(), ["T", "method"], "loss", rng=rng())
    assert table.dtype.names == ("T", "method", "count", "estimate", "low", "high")
    groups = table[["T", "method", "count", "estimate"]].tolist()
    assert groups == [(9, "b", 3, 2.0), (8, "a", 2, 5.5), (8, "b", 1, 7.0)]
    assert (table.dtype["T"], table.dtype["count"]) == (np.int64, np.int64)


def test_a_summary_has_the_intervals_of_its_groups():
    random = rng()
    table = summarise(study(), "T", "loss", statistic=np.mean, level=0.5, rng=rng())
    for row, values in zip(table, ([1.0, 2.0, 9.0], [5.0, 7.0, 6.0]), strict=True):
        expected = bootstrap_interval(values, statistic=np.mean, level=0.5, rng=random)
        assert row[["estimate", "low", "high"]].tolist() == expected


def test_a_summary_by_nothing_is_one_row():
    assert summarise(study(), [], "loss", rng=rng())["count"].tolist() == [6]


def test_a_summary_can_be_saved(tmp_path):
    table = summarise(study(), ["T", "method"], "loss", rng=rng())
    save_table(tmp_path / "summary.csv", table, SOURCE)
    assert same(load_table(tmp_path / "summary.csv")[0], table)


SUMMARIES = {
    "an unknown group": ({"by": "N"}, "table: expected a column 'N', got only T, method, loss"),
    "an unknown value": ({"value": "cost"}, "table: expected a column 'cost'"),
    "one name twice": ({"by": ["T", "T"]}, "by: .*leaves free, got 'T'"),
    "words": ({"by": "T", "value": "method"}, "values: .*got strings"),
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
    table = np.array([(1, 2.0)], dtype=[(name, int), ("loss", float)])
    with pytest.raises(ScbError, match=f"by: .*leaves free, got '{name}'"):
        summarise(table, name, "loss", rng=rng())
