"""The book builds without a warning, and its pages hold what they promise."""

import re
import runpy
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from conftest import BOOK, build_book, pages, small_book
from docutils import nodes

LARGEST_PAGE = 1_200_000  # bytes of a page with its output images
LARGEST_EXPLORER = 1_000_000
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Tags(HTMLParser):
    """Every element of a page as (name, attributes)."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, *names):
        return [attrs for tag, attrs in self.found if tag in names]


@pytest.fixture(params=pages())
def page(request, book):
    return book / f"{request.param}.html"


@pytest.fixture
def text(page):
    return page.read_text(encoding="utf-8")


@pytest.fixture
def tags(text):
    return Tags(text)


def test_builds_without_a_warning(build):
    assert build.status == 0, build.log


def test_every_chapter_is_in_the_description():
    assert {path.stem for path in BOOK.glob("*.md")} == set(pages())


def test_every_page_leads_to_every_other(page, tags):
    linked = {attrs.get("href") for attrs in tags.named("a")}
    assert {f"{name}.html" for name in pages() if name != page.stem} <= linked


def test_every_output_image_has_words(tags):
    # the mark stands beside the title, and so has no words of its own
    images = [i for i in tags.named("img") if "logo__image" not in i.get("class", "")]
    words = [image.get("alt", "") for image in images]
    assert [w for w in words if len(w) <= 20] == []


def test_every_figure_has_words(tags):
    figures = [a for a in tags.named("svg") if a.get("class", "").startswith("scb-figure")]
    assert all(figure["role"] == "img" for figure in figures)
    assert [f["aria-label"] for f in figures if len(f["aria-label"]) <= 20] == []


def test_no_two_things_of_a_page_have_one_id(tags):
    """Letters and marks of figures have ids, and a page holds many figures."""
    ids = [
        attrs["id"] for _, attrs in tags.found if re.match("[sx][0-9a-f]{5}", attrs.get("id") or "")
    ]
    assert len(set(ids)) == len(ids)


def test_nothing_is_loaded_from_elsewhere(tags):
    loaded = [a.get(LOADED[tag], "") or "" for tag, a in tags.found if tag in LOADED]
    assert [url for url in loaded if re.match(r"(https?:)?//", url)] == []


def test_page_is_small_enough(page, text, tags):
    images = {a["src"] for a in tags.named("img") if not a["src"].startswith("data:")}
    pictures = sum((page.parent / name).stat().st_size for name in images)
    assert len(text.encode()) + pictures <= LARGEST_PAGE


def test_explorers_are_small_enough(text):
    explorers = re.findall(r'<div class="scb-explorer">.*?</script></div>', text, flags=re.DOTALL)
    assert len(explorers) == text.count('class="scb-explorer"')
    assert [len(e) for e in explorers if len(e.encode()) > LARGEST_EXPLORER] == []


def test_no_live_widget_is_left_behind(text):
    assert "application/vnd.jupyter" not in text
    assert "require.min.js" not in text


def test_every_link_inside_the_book_leads_somewhere(page, tags):
    for attrs in tags.named("a"):
        url = urlsplit(attrs.get("href") or "")
        if url.scheme or url.netloc or not (url.path or url.fragment):
            continue
        target = page.parent / unquote(url.path) if url.path else page
        assert target.exists(), attrs["href"]
        if url.fragment and target.suffix == ".html":
            assert unquote(url.fragment) in identifiers(target), attrs["href"]


def identifiers(page, known={}):  # noqa: B006 - remembers pages over the whole run
    if page not in known:
        known[page] = {a["id"] for _, a in Tags(page.read_text("utf-8")).found if "id" in a}
    return known[page]


def test_bibliography_has_the_labels_and_links_of_the_text(book):
    text = (book / "bibliography.html").read_text(encoding="utf-8")
    assert ">Ren et al., 2024</a>" in text
    assert ">Shannon, 1948</a>" in text
    links = [a["href"] for a in Tags(text).named("a") if "arxiv.org" in a.get("href", "")]
    assert links
    assert len(links) == len(set(links))


def test_link_to_an_exercise_begins_at_its_first_letter(text):
    assert not re.search(r"Solution to\s*<a [^>]*>\s", text)


def test_style_sheets_load_nothing_from_elsewhere(book):
    for sheet in book.joinpath("_static").rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text("utf-8"))


# A build that goes wrong has to say so: a small book with the same conf.py


BROKEN = {
    "equation": ("See {eq}`eq-nowhere`.", "eq-nowhere"),
    "section": ("See {ref}`words <sec-nowhere>`.", "sec-nowhere"),
    "citation": ("See {cite:t}`nobody1999`.", "nobody1999"),
    "cell": ("```{code-cell}\n1 / 0\n```", "ZeroDivisionError"),
    "caption": ("**Figure.** *Of nothing.*", "a caption of a figure stands below no cell"),
    "table": (
        "(tab-no)=\n```{code-cell}\nprint(1)\n```",
        "the cell below (tab-no)= shows no table",
    ),
    "figure": ("See {numref}`fig-nowhere`.", "fig-nowhere"),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    bodies = {name: f"# Page\n\n{body}" for name, (body, _) in BROKEN.items()}
    source = small_book(folder, {"index": "# Book", **bodies}, [("Pages", list(BROKEN))])
    return build_book(source, folder)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_page_fails_the_build(broken, name):
    """With one build for all: what is wrong is said of the page that it is wrong with."""
    assert broken.status != 0
    told = re.split(r"^(?=/)", broken.log, flags=re.MULTILINE)  # a path, and what is wrong there
    told = [one for one in told if re.match(rf"\S*/{name}\.md.*(WARNING|ERROR)", one)]
    assert BROKEN[name][1] in "".join(told)


def test_punctuation_stays_with_its_formula(monkeypatch):
    monkeypatch.setenv("SCB_EDU_FRAMES", "1")  # reading conf.py sets it: put back afterwards
    keep_punctuation = runpy.run_path(str(BOOK / "conf.py"))["keep_punctuation"]
    same = ", and "
    line = nodes.paragraph("", "", nodes.emphasis("", "first"), nodes.Text(same))
    line += [nodes.math("", "a"), nodes.Text(same), nodes.math("", "b"), nodes.Text(".")]
    keep_punctuation(None, line)
    spans = [child.astext() for child in line.findall(nodes.inline)]
    assert (line.astext(), spans) == ("first, and a, and b.", ["a,", "b."])
