"""What the pages bring along for tips.js, and which formulas and words are links for it."""

import json
import re

import pytest
from conftest import pages

LARGEST = 50_000  # bytes of all tips of a page
DATA = re.compile(r'<script type="application/json" id="tips">(.*?)</script>', re.DOTALL)
QUIET = re.compile(r'<a class="quiet[^>]*href="([^"]*)"[^>]*>(.*?)</a>')


@pytest.fixture(params=pages())
def text(request, book):
    return (book / f"{request.param}.html").read_text("utf-8")


def tips_in(text):
    found = DATA.search(text)
    return json.loads(found[1]) if found else {}


def test_every_quiet_link_and_every_equation_number_has_a_tip(text):
    numbers = re.findall(r'href="([^"]*#equation-[^"]*)">\(', text)
    assert {address for address, _ in QUIET.findall(text)} | set(numbers) <= set(tips_in(text))


def test_every_number_of_a_figure_or_table_has_its_caption(text):
    numbers = re.findall(r'href="([^"]*)"><span class="std std-numref">(.*?)</span>', text)
    for address, number in numbers:
        words, _, place = tips_in(text)[address].partition('<p class="tip-place">')
        assert len(words) > 20
        assert f">{number}, " in place


def test_a_link_on_a_symbol_has_a_name(text):
    links = re.findall(r'<a class="quiet[^>]*#symbol-[^>]*>', text)
    assert [link for link in links if not re.search(r' aria-label="symbol [^"]+"', link)] == []


def test_every_citation_brings_its_entry_once(text):
    cited = re.findall(r'class="bibtex-citation".{0,200}?href="([^"]*#id\d+)"', text, re.DOTALL)
    for address in cited:
        assert tips_in(text)[address].count("<p>") == 1


def test_tips_are_small_and_bring_no_anchor_of_their_own(text):
    tips = tips_in(text)
    assert len(json.dumps(tips)) < LARGEST
    assert [tip for tip in tips.values() if re.search(r"\bid=", tip)] == []


def test_a_symbol_is_linked_once_a_section(text):
    for section in re.split("<h2>", text)[1:]:
        symbols = [inside for address, inside in QUIET.findall(section) if "#symbol" in address]
        assert len(symbols) == len(set(symbols))


def test_titles_tables_and_links_hold_no_quiet_link(text):
    held = re.findall(r"<(h\d|table)\b(.*?)</\1>", text, re.DOTALL)
    assert [inside for _, inside in held if 'class="quiet' in inside] == []


# The same letter in two chapters, and words of the only row that it leads to
LETTERS = {
    ("04-two-stages", "c"): "slope",
    ("05-algorithm", "c"): "unseen",
    ("03-gradients", "r"): "residual",
    ("09-past-the-paper", "s"): "smoothing",
}


@pytest.mark.parametrize(("page", "letter"), LETTERS)
def test_a_letter_means_what_it_means_in_its_chapter(book, page, letter):
    text = (book / f"{page}.html").read_text("utf-8")
    linked = {address for address, inside in QUIET.findall(text) if rf"\({letter}\)" in inside}
    (tip,) = (tips_in(text)[address] for address in linked)
    assert tip.count("<dd>") == 1
    assert LETTERS[page, letter] in tip


@pytest.mark.parametrize(("page", "letter"), [("06-sample-complexity", "r"), ("05-algorithm", "y")])
def test_a_letter_that_may_mean_something_else_is_no_link(book, page, letter):
    text = (book / f"{page}.html").read_text("utf-8")
    assert rf"\({letter}\)" in text
    assert not any(rf"\({letter}\)" in inside for _, inside in QUIET.findall(text))


@pytest.mark.parametrize("word", ["α_A", "alpha_A", "μ", "proximal"])
def test_the_index_has_other_spellings(book, word):
    keywords = [
        re.search(r'<meta content="([^"]*)"[^>]*name="keywords"', path.read_text("utf-8"))
        for path in map(book.joinpath, (f"{name}.html" for name in pages()))
    ]
    assert any(found and word in found[1].split(", ") for found in keywords)
