"""A file is written whole or not at all, by one process or by two."""

import pytest

from scb_edu.support.files import replacing


def test_what_fails_leaves_the_file_of_before_and_no_draft(tmp_path):
    file = tmp_path / "file"
    file.write_text("before")
    with pytest.raises(OSError, match="No space"):
        write_half(file)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def write_half(file):
    with replacing(file, "w") as draft:
        draft.write("half")
        raise OSError(28, "No space left on device")


def test_two_processes_write_drafts_of_their_own(tmp_path, monkeypatch):
    file = tmp_path / "file"
    with replacing(file, "w") as one:
        one.write("o")
        one.flush()
        with monkeypatch.context() as other:
            other.setattr("os.getpid", lambda: 0)
            with replacing(file, "w") as two:
                two.write("two")
        assert file.read_text() == "two"
        one.write("ne")
    assert file.read_text() == "one"
    assert list(tmp_path.iterdir()) == [file]
