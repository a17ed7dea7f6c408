"""Paper: nothing is cut, nothing waits for a hand, and the whole book is one PDF."""

import io
import re
import unicodedata

import print_book
import pytest
from bs4 import BeautifulSoup
from conftest import BOOK, PATIENCE, description, pages
from paper import AFTER, BEFORE, CUT, SHEET
from pypdf import PdfReader

from scb_edu import exercises


@pytest.fixture
def sheet(browser):
    """Open a page as it will be printed, for a reader whose system is dark."""
    page = browser.new_page(viewport=SHEET, color_scheme="dark", reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


WIDE = """<html><head><style>{css}</style></head><body><article class="bd-article"><section>
<div class="math"><mjx-container display="true" style="display: block; overflow: auto">
<mjx-math style="display: inline-block; width: 90em">x</mjx-math></mjx-container></div>
<div class="scb-table" style="overflow-x: auto"><table><tr>{cells}</tr></table></div>
<div class="highlight"><pre style="overflow: auto">{code}</pre></div>
</section></article><script>{script}</script></body></html>"""


def test_what_is_too_wide_for_paper_is_set_smaller_or_broken(sheet):
    css, script = (BOOK.joinpath("_static", f"print.{kind}").read_text() for kind in ("css", "js"))
    cells = "<td>some words</td>" * 30
    sheet.set_content(WIDE.format(css=css, script=script, cells=cells, code="code " * 99))
    assert sheet.evaluate(CUT) != []
    sheet.evaluate(BEFORE)
    assert sheet.evaluate(CUT) == []


def test_what_a_reader_moved_is_printed_as_it_opens_and_moved_back(sheet, book):
    sheet.goto(book.joinpath("03-gradients.html").as_uri())
    explorer = sheet.locator(".scb-explorer").first
    state = "e => [...e.querySelectorAll('.scb-panel, output')].map(n => n.innerHTML)"
    opened = explorer.evaluate(state)
    explorer.locator("input").first.press("ArrowLeft")
    moved = explorer.evaluate(state)
    assert moved != opened
    sheet.evaluate(BEFORE)
    assert explorer.evaluate(state) == opened
    sheet.evaluate(AFTER)
    assert explorer.evaluate(state) == moved


# The joined pages


@pytest.mark.parametrize(
    ("page", "link", "new"),
    [
        ("one", "#here", "#one--here"),
        ("one", "two.html#there", "#two--there"),
        ("one", "two.html", "#two"),
        ("part/three", "../two.html#there", "#two--there"),
        ("one", "genindex.html", None),
        ("one", "https://arxiv.org/abs/2410.23438", "https://arxiv.org/abs/2410.23438"),
    ],
)
def test_a_link_leads_to_the_place_in_the_joined_book(page, link, new):
    assert print_book.new_link(page, link, ["one", "two", "part/three"]) == new


def test_a_drawing_is_joined_as_it_is(tmp_path):
    drawing = '<svg viewBox="0 0 9 9"><clipPath id="a"/><path clip-path="url(#a)"/></svg>'
    page = f"<article><section id='s'><h1>A</h1>{drawing}</section></article>"
    tmp_path.joinpath("one.html").write_text(page)
    book = {"title": "B", "authors": [], "toc": [{"file": "book/one.md"}]}
    assert drawing in print_book.join_pages(tmp_path, book)


def test_questions_are_joined_with_their_answers():
    page = f"<article><section><h1>A</h1>{exercises.quiz('ch4').page()}</section></article>"
    key = print_book.read_article(page, "one", ["one"]).select_one(".scb-quiz > .scb-key")
    assert key.get_text() == "Answers: 1 c, 2 a, 3 b, 4 d, 5 b"


def test_an_article_keeps_no_script_and_names_nothing_twice():
    text = '<article><h1 id="a">A</h1><script>1 < 2</script><a href="x.html">x</a></article>'
    article = print_book.read_article(text, "one", ["one"])
    assert str(article) == '<article class="of-book" id="one"><h1 id="one--a">A</h1>x</article>'


# The PDF, of a few pages


FEW = ("train-it-yourself", "09-past-the-paper", "bibliography")


class Pdf:
    """A PDF, its pages as text, and the pages of the book that are in it."""

    def __init__(self, data, names):
        self.reader = PdfReader(io.BytesIO(data))
        self.names = names
        self.text = [plain(page.extract_text()) for page in self.reader.pages]
        # a sentence may go on below the head of the next sheet: chapter and number
        self.body = [
            re.sub(rf"^.*? {number} ", "", text, count=1)
            for number, text in enumerate(self.text, start=1)
        ]
        self.starts = print_book.page_numbers(data)


def plain(text):
    """A text without ligatures and with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def letters(text):
    """Nothing but the letters and digits: a printed line may end anywhere."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def printed(browser, book, names):
    few = {**description(), "toc": [{"file": f"book/{name}.md"} for name in names]}
    return Pdf(print_book.print_book(browser, book, few), names)


@pytest.fixture(scope="module")
def pdf(browser, book):
    return printed(browser, book, FEW)


def articles(pdf, book):
    for name in pdf.names:
        text = book.joinpath(f"{name}.html").read_text("utf-8")
        yield name, BeautifulSoup(print_book.SCRIPTS.sub("", text), "html.parser").article


def check_pages(pdf):
    """Every page of the book begins on a sheet of its own, with its number at the foot."""
    starts = [pdf.starts[name] for name in pdf.names]
    assert all(a < b for a, b in zip(starts, [*starts[1:], len(pdf.text) + 1], strict=True))
    for number, text in enumerate(pdf.text[1:], start=2):
        assert re.search(rf"(^| ){number}( |$)", text)


def check_contents(pdf, book):
    """The contents name each section with the page that it is on."""
    listed = " ".join(pdf.text[1 : pdf.starts[pdf.names[0]] - 1])
    for name, article in articles(pdf, book):
        for heading in article.select("h1, h2"):
            title = plain(heading.get_text().removesuffix("#"))
            numbers = [int(n) for n in re.findall(rf"{re.escape(title)} (\d+)", listed)]
            shown = [n for n in numbers if letters(title) in letters(pdf.text[n - 1])]
            assert shown, (name, title)


def check_solutions(pdf, book):
    """What a solution says stands after the word Solutions, in its chapter."""
    for name, article in articles(pdf, book):
        if not article.select(".solution"):
            continue
        first = article.select_one(".solution")["id"]
        chapter = letters(" ".join(pdf.body[pdf.starts[f"{name}--{first}-on"] - 1 :]))
        chapter = chapter[chapter.index("Solutions") :]
        for solution in article.select(".solution"):
            for math in solution.select(".math"):
                math.replace_with("\n")
            chunks = [letters(line) for line in solution.get_text("\n").splitlines()]
            lost = [chunk for chunk in chunks if len(chunk) > 12 and chunk not in chapter]
            assert lost == [], name


def test_pages_of_the_pdf(pdf):
    check_pages(pdf)


def test_contents_of_the_pdf(pdf, book):
    check_contents(pdf, book)


def test_solutions_of_the_pdf(pdf, book):
    check_solutions(pdf, book)


def test_no_plumbing_in_the_pdf(pdf):
    for words in ("Show the code", "Hide the code", "Not answered yet", "Click to"):
        assert not any(words in text for text in pdf.text)


def test_the_pdf_says_what_it_is(pdf):
    root, about = pdf.reader.trailer["/Root"], pdf.reader.metadata
    assert about.title == description()["title"]
    assert about.author == ", ".join(person["name"] for person in description()["authors"])
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    tops = [entry.title for entry in pdf.reader.outline if not isinstance(entry, list)]
    assert tops == [
        description()["title"],
        "Contents",
        "Train it yourself",
        "9. Past the paper",
        "Bibliography",
    ]


def test_links_lead_from_chapter_to_chapter(pdf):
    chapter = range(pdf.starts[FEW[1]] - 1, pdf.starts[FEW[2]] - 1)
    notes = [
        note.get_object() for at in chapter for note in pdf.reader.pages[at].get("/Annots", [])
    ]
    targets = {str(note["/Dest"]).removeprefix("/") for note in notes if "/Dest" in note}
    assert any(target.startswith("bibliography--") for target in targets)
    assert targets <= set(pdf.starts)


@pytest.mark.slow
def test_the_whole_book(browser, book):
    pdf = printed(browser, book, pages())
    check_pages(pdf)
    check_contents(pdf, book)
    check_solutions(pdf, book)
