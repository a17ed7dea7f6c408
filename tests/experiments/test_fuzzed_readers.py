"""The fuzzers of the readers: what they find is told apart; what they found stays mended."""

import numpy as np
import pytest
from fuzz import readers

from scb_edu import ScbError, experiments


@pytest.mark.parametrize("kind", readers.READERS)
def test_a_whole_file_is_read_and_damaged_ones_are_refused_in_words(kind, tmp_path):
    found = readers.Found(kind, tmp_path)
    found.look(readers.good(kind))
    assert found.ends == {readers.READ: 1}
    for data in readers.random_inputs(kind, 30, seed=2):
        found.look(data)
    assert found.others == {}
    assert set(found.ends) == {readers.READ, readers.REFUSED}


@pytest.mark.parametrize("kind", readers.READERS)
def test_a_file_around_its_own_inside_is_the_whole_one(kind, tmp_path):
    """What atheris begins with; of other insides it makes files that pass for whole."""
    found, pieces = readers.Found(kind, tmp_path), readers.insides(kind)
    for inside in pieces:
        found.look(readers.around(kind, inside))
    assert found.ends == {readers.READ: len(pieces)}
    found.look(readers.around(kind, b""))
    assert found.others == {}
    assert found.ends[readers.REFUSED] == 1


@pytest.mark.parametrize("error", [KeyError("types"), OverflowError("Overflow")])
def test_another_end_is_noticed(error, tmp_path, monkeypatch):
    def read(path):
        raise error

    monkeypatch.setitem(readers.READERS, "table", read)
    found = readers.Found("table", tmp_path)
    found.look(b"a")
    assert found.ends == {"other error": 1}
    assert len(found.others) == 1


FORGED = {
    "no types": ('"types": ', '"kinds": '),
    "head is none": ("# {", "# ["),
    "another type": ('"int64"', '"int65"'),
    "types of a word": ('{"n": "int64"', '{"n": "bool"'),
    "no number": ("\n-2,", "\nx,"),
    "too large a number": ("\n-2,", "\n" + "9" * 400 + ","),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_table_with_the_right_digest_and_wrong_rows_is_refused_in_words(what, tmp_path):
    """Found by the fuzzer: each ended in an error of json or of pandas."""
    tables, (old, new) = readers.library()[2], FORGED[what]
    content = readers.good("table").decode().partition("\n")[2]
    assert old in content
    content = content.replace(old, new)
    path = tmp_path / "table.csv"
    path.write_bytes(f"{tables.MARK}{tables._digest(content)}\n{content}".encode())
    with pytest.raises(ScbError, match=r"^path: expected a table that save_table wrote in .* head"):
        experiments.load_table(path)


def test_an_estimate_of_another_shape_is_named_by_its_place():
    """Found by Hypothesis: the message named an argument that noise_scale has not."""
    import scb_edu as scb

    with pytest.raises(ScbError, match=r"^estimates\[1\]: expected shape that of the truth = \(2,"):
        scb.model.noise_scale([np.ones(2), np.ones(3)], np.ones(2), 8)
