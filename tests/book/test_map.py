"""The page that shows the way: what it says of the chapters, and how long its paths are."""

import re

import pytest
from conftest import BOOK, pages

LABEL = re.compile(r"^\(([\w-]+)\)=$", flags=re.MULTILINE)
REFERENCE = re.compile(r"\{ref\}`[^`]*<([\w-]+)>`")
WORDS_A_MINUTE = 200


def text_of(page):
    return (BOOK / f"{page}.md").read_text("utf-8")


def part(title):
    """The text of the map below a heading that begins so."""
    return re.search(rf"^## {title}.*?(?=^## |\Z)", text_of("map"), re.DOTALL | re.MULTILINE)[0]


def section_of(label):
    """What stands below the heading with a label, up to the next of chapters and sections."""
    pattern = rf"^\({label}\)=\n\n#+ (.*?)(?=^(?:\([\w-]+\)=\n\n)?##? |\Z)"
    page = next(name for name in pages() if f"({label})=" in text_of(name))
    return re.search(pattern, text_of(page), re.DOTALL | re.MULTILINE)[1]


def words(markdown):
    """How many words there are to read, without code and displayed formulas."""
    for silent in (
        r"^```\{(?:code-cell|math)\}.*?^```$",
        r"\$\$.*?\$\$",
        r"^[:`]{3,}.*$",
        r"^:\w+:.*$",
    ):
        markdown = re.sub(silent, "", markdown, flags=re.DOTALL * ("*?" in silent) | re.MULTILINE)
    return len(markdown.split())


def needs_of(text):
    """The labels of chapters in a text, without those of sections."""
    heads = {LABEL.search(text_of(page))[1] for page in pages() if page[0].isdigit()}
    return [label for label in REFERENCE.findall(text) if label in heads]


def test_the_map_says_what_the_heads_of_the_chapters_say():
    entries = re.findall(r"^\d+\. .*?(?=^\d|^$)", part("What needs what"), re.DOTALL | re.MULTILINE)
    told = {chapter: set(needed) for chapter, *needed in map(needs_of, entries)}
    for page in (page for page in pages() if page[0].isdigit()):
        head = re.search(
            r"^\*\*(?:You need|It needs)\*\*.*?\*\*It takes",
            text_of(page),
            re.DOTALL | re.MULTILINE,
        )
        assert told.pop(LABEL.search(text_of(page))[1]) == set(needs_of(head[0])), page
    assert told == {}


@pytest.mark.parametrize(("path", "minutes"), [("Ten minutes", 10), ("An hour", 60)])
def test_a_path_takes_the_time_it_says(path, minutes):
    steps = REFERENCE.findall("\n".join(re.findall(r"^- .*", part(path), re.MULTILINE)))
    assert len(steps) == len(set(steps))
    assert (
        0.75 <= sum(words(section_of(step)) for step in steps) / (WORDS_A_MINUTE * minutes) <= 1.05
    )


def test_a_term_reads_every_chapter_in_order():
    term = part("A term")
    read = list(dict.fromkeys(needs_of(term)))
    assert read == [LABEL.search(text_of(page))[1] for page in pages() if page[0].isdigit()]
    weeks = [
        int(n)
        for cell in re.findall(r"^\| ([\d, ]+) \|", term, re.MULTILINE)
        for n in cell.split(",")
    ]
    assert weeks == list(range(1, 15))
