"""What the README says of the chapters is what the chapters say, and what it names is there."""

import re

import pytest
from conftest import BOOK, ROOT, chapters

# a page of the reference part may have code, too
CHAPTERS = [page for page in chapters() if page == "index" or page[0].isdigit()]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = dict(
    zip(CHAPTERS, re.findall(r"^\| (.+) \| (.+\?) \| (\d+) \|$", README, re.M), strict=True)
)


def first(pattern, text):
    return re.search(pattern, text, flags=re.MULTILINE)[1]


def text(page):
    return (BOOK / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_its_title_and_its_time(page):
    title, _, minutes = ROWS[page]
    number = "" if page == "index" else f"{int(page[:2])}. "
    assert title == number + first(r"^# (.+)$", text(page))
    assert minutes == first(
        r"(?:\*\*It takes\*\* about|\*\*How long\*\*:) (\d+) minutes", text(page)
    )


@pytest.mark.parametrize("page", CHAPTERS[1:])
def test_a_chapter_has_the_question_of_the_welcome_page(page):
    row = first(rf"^\| {int(page[:2])}\. .* \| (.+\?) \|$", text("index"))
    assert ROWS[page][1] == row


def test_only_pictures_are_named_by_a_path_and_they_are_small():
    local = re.findall(r"(!?)\[[^\]]*\]\((?!https?://)([^)]+)\)", README)
    assert len(local) == 2
    for picture, path in local:
        assert picture == "!"
        assert (ROOT / path).stat().st_size < 100_000


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|\n)make ([a-z-]+)", README))))
def test_a_target_that_is_named_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", re.findall(r"`([A-Z]+\.(?:md|cff)|\w+\.txt)`", README))
def test_a_file_that_is_named_exists(name):
    assert (ROOT / name).is_file()
