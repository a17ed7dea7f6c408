"""Slides say what the built pages say: every picture and every claim, and no solution."""

import functools
import re
from itertools import chain

import make_slides
import pytest
from bs4 import BeautifulSoup
from conftest import BOOK, pages

from scb_edu import exercises

CHAPTERS = [name for name in pages() if name == "index" or name[0].isdigit()]


@pytest.fixture(scope="module")
def decks(book, tmp_path_factory):
    """The folder of the decks of the built book."""
    folder = tmp_path_factory.mktemp("slides")
    make_slides.main(book, folder)
    return folder


@functools.cache
def soup(file):
    """A page without scripts, of its drawings only what they are called."""
    text = re.sub(r"<script\b.*?</script>", "", file.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"(<svg\b[^>]*>).*?</svg>", r"\1</svg>", text, flags=re.DOTALL)
    return BeautifulSoup(text, "html.parser")


def words(elements):
    """What elements say, whatever the spaces in it."""
    return [" ".join(element.get_text().split()) for element in elements]


def outside_solutions(elements):
    return [one for one in elements if not one.find_parent(class_="solution")]


def article(section):
    """A small page of a chapter."""
    part = f"<section><h2>Why?</h2>{section}</section>"
    return make_slides.read_article(f"<article><section><h1>T</h1>{part}</section></article>")


def slides(section):
    page = article(section)
    return list(make_slides.of_section(page.select_one("section section")))


def figure(caption="", drawing="<svg></svg>"):
    return (
        f'<figure class="numbered"><div class="scb-picture">{drawing}</div><figcaption><p>'
        f'<span class="caption-number">Figure 1 </span><span class="caption-text">{caption}</span>'
        "</p></figcaption></figure>"
    )


def check(text):
    return f'<div class="scb-check">{text}</div>'


# The whole book


def test_each_chapter_has_a_deck(decks):
    assert {file.stem for file in decks.glob("*.html")} == set(CHAPTERS)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_deck_has_every_picture_and_every_claim_once(name, book, decks):
    page, deck = soup(book / f"{name}.html"), soup(decks / f"{name}.html")
    figures = outside_solutions(page.select("article figure.numbered"))
    checks = outside_solutions(page.select("article .scb-check"))
    assert figures
    numbers = [one for one in words(deck.select(".caption-number")) if one.startswith("Figure")]
    assert numbers == words(figure.select_one(".caption-number") for figure in figures)
    assert sorted(words(deck.select(".scb-check"))) == sorted(words(checks))
    drawn = [figure.svg["aria-label"] for figure in figures]
    assert [one.svg["aria-label"] for one in deck.select(".picture")] == drawn


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_deck_begins_with_the_question_and_ends_with_those_of_the_chapter(name, decks):
    deck = soup(decks / f"{name}.html").select(".slide")
    assert [one["id"] for one in deck] == [str(at) for at in range(1, len(deck) + 1)]
    assert deck[0].h1
    assert deck[0].select_one(".said").get_text().endswith("?")
    if name != "index":
        [row] = re.findall(
            rf"^\| {int(name[:2])}\. .*", (BOOK / "index.md").read_text("utf-8"), re.M
        )
        assert deck[0].select_one(".said").get_text() == row.split("|")[2].strip()
        asked = exercises.quiz(f"ch{int(name[:2])}").questions
        assert words(one.h2 for one in deck[-len(asked) :]) == [
            f"{at}. {question.text}" for at, question in enumerate(asked, start=1)
        ]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_deck_stands_alone(name, decks):
    """No link leads out of it, no name is there twice, and its script lies beside it."""
    text = (decks / f"{name}.html").read_text("utf-8")
    deck = soup(decks / f"{name}.html")
    assert re.findall(r'(?:src|href)="(?!#)([^"]*)"', text) == ["mathjax/tex-chtml.js"]
    assert (decks / "mathjax/tex-chtml.js").is_file()
    assert len(list((decks / "mathjax").rglob("*.woff"))) > 10
    ids = [one["id"] for one in deck.select("[id]")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("names", "missing"), [([], "index"), (["10-none"], "10-none")])
def test_a_page_that_was_not_built_is_named(names, missing, tmp_path):
    if names:
        (tmp_path / "index.html").touch()
    with pytest.raises(SystemExit, match=f"expected the page {missing}.html .* run `make book`"):
        make_slides.main(tmp_path, tmp_path / "out", *names)


# A section


def test_what_is_checked_stands_beside_the_picture_that_it_follows():
    parts = (check("early"), figure("one."), check("first"), figure("two."), check("second"))
    first, second = slides("".join(parts))
    assert first.kind == second.kind == "picture"
    assert [text in first.said for text in ("early", "first", "second")] == [True, True, False]
    assert "second" in second.said


def test_what_has_no_room_beside_a_picture_comes_on_the_next_slide():
    many = "".join(check(f"claim {at} " + "x" * 60) for at in range(16))
    beside, below, further = slides(figure("one.") + many)
    found = [re.findall(r"claim (\d+)", slide.said) for slide in (beside, below, further)]
    assert list(chain.from_iterable(found)) == [str(at) for at in range(16)]
    assert [slide.kind for slide in (beside, below, further)] == ["picture", "words", "words"]


def test_the_formula_is_the_one_that_the_chapter_refers_to_most():
    rare, key = (
        f'<div class="math" id="equation-{name}"><span class="eqno">(1)</span>{name}</div>'
        for name in ("rare", "key")
    )
    links = "".join(f'<a href="#equation-{name}">1</a>' for name in ("rare", "key", "key"))
    [slide] = slides(rare + key + links)
    assert "key" in slide.seen
    assert "rare" not in slide.seen
    assert "id=" not in slide.seen


def test_a_solution_is_on_no_slide():
    solution = f'<div class="solution">{check("secret")}</div>'
    [slide] = slides(check("open") + solution)
    assert "open" in slide.said
    assert "secret" not in slide.said


def table(rows, columns):
    row = "<tr>" + "<td>0</td>" * columns + "</tr>"
    return f'<div class="scb-table"><table>{row * rows}</table></div>'


@pytest.mark.parametrize(
    ("rows", "columns", "shown"), [(9, 6, True), (10, 2, False), (2, 7, False)]
)
def test_a_table_that_cannot_be_read_from_afar_is_left_out(rows, columns, shown):
    [slide] = slides(table(rows, columns) + check("one"))
    assert ("<table" in slide.seen) == shown


def test_a_long_caption_ends_with_a_sentence():
    """Sentences end between formulas and words, too."""
    long = f"{'a' * 150}. Half <b>b{'c' * 60}.</b> More of it. {'d' * 500}."
    [slide] = slides(figure(long))
    caption = BeautifulSoup(slide.said, "html.parser").select_one(".caption-text")
    assert caption.get_text() == f"{'a' * 150}. Half b{'c' * 60}."


def test_a_short_caption_stays_as_it_is():
    text = "One. Two <b>three</b>."
    [slide] = slides(figure(text))
    assert text in slide.said


def test_the_parts_of_a_drawing_keep_their_names():
    drawing = '<svg><path id="p"></path><use href="#p"></use></svg>'
    [slide] = slides(figure("One.", drawing))
    assert 'id="p"' in slide.seen
    assert 'href="#p"' in slide.seen
