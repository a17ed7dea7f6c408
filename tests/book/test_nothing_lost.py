"""What writes notebooks and decks leaves a whole file, and says in words why it stopped."""

import make_slides
import make_yours
import nbformat
import pytest
import write_lessons
from make_yours import Chapter, Finding
from nbclient.exceptions import DeadKernelError

FULL = OSError(28, "No space left on device")


def test_a_notebook_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    def half(notebook, draft):
        draft.write("{")
        raise FULL

    file = tmp_path / "lesson.ipynb"
    empty = nbformat.v4.new_notebook()
    write_lessons.save(empty, file)
    before = file.read_bytes()
    assert nbformat.read(file, as_version=4) == empty
    monkeypatch.setattr(nbformat, "write", half)
    with pytest.raises(OSError, match="No space"):
        write_lessons.save(nbformat.v4.new_notebook(metadata={"new": True}), file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("error", [FULL, DeadKernelError("Kernel died")])
def test_lessons_end_in_words_and_those_of_before_are_kept(error, monkeypatch):
    written = []

    def write(page):
        if page.name == "b.md":
            raise error
        written.append(page.name)

    monkeypatch.setattr(write_lessons, "write", write)
    with pytest.raises(SystemExit) as end:
        write_lessons.main(["a.md", "b.md", "c.md"])
    assert end.value.code == f"write_lessons: b.md: {error}\nThe lessons written before are kept."
    assert written == ["a.md"]


def test_who_stops_between_two_chapters_has_the_report_on_the_first(tmp_path, monkeypatch):
    def make(page, own):
        if page.stem == "b":
            raise KeyboardInterrupt
        return Chapter(
            "a", findings=[Finding("There", "check", "it: is not so")], sections=["There"]
        )

    task = tmp_path / "task.toml"
    task.write_text("transition = [[0.5, 0.5], [0.5, 0.5]]\nweights = [1]\ncontext_length = 9\n")
    monkeypatch.setattr(make_yours, "OUT", tmp_path / "out")
    monkeypatch.setattr(make_yours, "make", make)
    with pytest.raises(KeyboardInterrupt):
        make_yours.main(task, ["a.md", "b.md"])
    assert "it: is not so" in (tmp_path / "out" / "report-a-b.md").read_text("utf-8")


def test_a_deck_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    page, deck = tmp_path / "page.html", tmp_path / "deck.html"
    page.write_text(
        "<script>window.MathJax = {}</script><article><h1>T</h1><section><h2>Why?</h2></section>"
    )
    make_slides.write_deck(page, deck, "Why?")
    before = deck.read_text()
    assert "Why?" in before
    monkeypatch.setattr(make_slides, "put_back", lambda *parts: "half\ud800")  # no file takes it
    with pytest.raises(UnicodeEncodeError):
        make_slides.write_deck(page, deck, "Why?")
    assert deck.read_text() == before
