"""Figures and tables of cells are numbered, and references say the number, also when it changes."""

import json
import re

import pytest
from conftest import build_book, small_book

PICTURE = """```{code-cell} ipython3
from IPython.display import display
svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
display({"image/svg+xml": svg, "text/plain": "Three bars, the last is the longest."}, raw=True)
```
"""
TABLES = """```{code-cell} ipython3
import pandas as pd
from scb_edu.experiments import show_table
show_table(pd.DataFrame({"T": [100]}), "First & foremost.")
show_table(pd.DataFrame({"T": [200]}), "Second.")
```
"""
PAGES = {
    "index": f"""(sec-start)=

# Start

See {{numref}}`fig-upright`, {{numref}}`tab-here` and {{numref}}`tab-first`.

{PICTURE}
**Figure.** *On the first page.*

(tab-here)=
{TABLES}""",
    "01-chapter": f"""# Chapter

{PICTURE}
**Figure.** *The $x$, and $y$.*

(tab-first)=
{TABLES}
{PICTURE}
(fig-upright)=
**Figure.** Upright *words*, from {{ref}}`the start <sec-start>`.
""",
    "last": f"""# Last

{PICTURE}
**Figure.** *Alone.*
""",
}
PARTS = [("Chapters", ["01-chapter"]), ("Reference", ["last"])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("numbered")


@pytest.fixture(scope="module")
def built(folder):
    """The pages as they are first built, by name."""
    return texts(build_book(small_book(folder, PAGES, PARTS), folder))


def texts(build):
    assert build.status == 0, build.log
    return {name: (build.html / f"{name}.html").read_text("utf-8") for name in PAGES}


def captions(text, element):
    """The words of all captions of one kind, without the link at their end."""
    found = re.findall(rf"<{element}[ >].*?</{element}>", text, re.DOTALL)
    return [
        " ".join(re.sub(r'<a class="headerlink".*?</a>|<[^>]+>', "", caption).split())
        for caption in found
    ]


def references(text):
    return re.findall(r'<span class="std std-numref">(.*?)</span>', text)


def test_figures_have_the_number_of_their_chapter(built):
    assert captions(built["01-chapter"], "figcaption") == [
        r"Figure 1.1 The \(x\), and \(y\).",
        "Figure 1.2 Upright words, from the start.",
    ]


def test_a_figure_holds_its_picture_with_its_words_and_no_word_figure_is_left(built):
    figures = re.findall(r"<figure[ >].*?</figure>", built["01-chapter"], re.DOTALL)
    assert [re.findall(r'<img alt="(.*?)"', figure) for figure in figures] == [
        ["Three bars, the last is the longest."],
    ] * 2
    assert "<strong>Figure" not in built["01-chapter"]
    assert "<em>The" not in figures[0]  # one style: upright, but what is stressed
    assert "<em>words</em>" in figures[1]


def test_tables_have_their_number_before_their_words(built):
    numbered = ["Table 1.1 First &amp; foremost.", "Table 1.2 Second."]
    assert captions(built["01-chapter"], "caption") == numbered


def test_pages_without_a_number_count_from_one(built):
    assert captions(built["index"], "figcaption") == ["Figure 1 On the first page."]
    assert captions(built["index"], "caption")[0] == "Table 1 First &amp; foremost."
    assert captions(built["last"], "figcaption") == ["Figure 1 Alone."]


def test_references_say_the_numbers_and_lead_there(built):
    assert references(built["index"]) == ["Figure 1.2", "Table 1", "Table 1.1"]
    assert 'href="01-chapter.html#fig-upright"' in built["index"]
    assert re.search(r"<figure [^>]*id=\"fig-upright\"", built["01-chapter"])
    assert '<div class="numbered" id="tab-first">' in built["01-chapter"]


def test_a_reference_brings_the_caption_with_its_own_references(built):
    tips = json.loads(re.search(r'id="tips">(.*?)</script>', built["index"], re.DOTALL)[1])
    shown = {
        address: re.sub(r' class=".*?"|</?span[^>]*>', "", tip) for address, tip in tips.items()
    }
    place = '<p><a href="{0}">{1}</a></p>'
    start = '<a href="#sec-start">the start</a>'
    table, figure = "First &amp; foremost.", f"Upright <em>words</em>, from {start}."
    for address, words, name in [
        ("01-chapter.html#fig-upright", figure, "Figure 1.2, chapter 1, Chapter"),
        ("01-chapter.html#tab-first", table, "Table 1.1, chapter 1, Chapter"),
        ("#tab-here", table, "Table 1, Start"),
    ]:
        assert shown[address] == f"<p>{words}</p>{place.format(address, name)}"


def test_a_new_figure_changes_references_on_pages_that_did_not_change(built, folder):
    more = PAGES["01-chapter"].replace("# Chapter\n", f"# Chapter\n\n{PICTURE}\n**Figure.** New.\n")
    again = texts(build_book(small_book(folder, {"01-chapter": more}), folder))
    assert captions(again["01-chapter"], "figcaption")[0] == "Figure 1.1 New."
    assert references(again["index"])[0] == "Figure 1.3"
