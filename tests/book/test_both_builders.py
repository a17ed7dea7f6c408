"""Jupyter Book and Sphinx give the same book: the same numbers, on things and in references.

Sphinx's are read from its pages, Jupyter Book's from the trees that its theme would show. How many
references there have to be is counted in the sources.
"""

import json
import re
import shutil
from itertools import pairwise

import pytest
import yaml
from conftest import BOOK, ROOT, pages
from mystmd import build_content, complaints, nodes, remember_runs, words, write_description

ROLE = re.compile(r"\{(?:eq|numref|ref|prf:ref)\}`")
FORMULA = re.compile(r'<span class="math notranslate nohighlight">.*?</span>', re.DOTALL)
LINK = re.compile(r'<a class="reference internal" href="([^"]*)">(.*?)</a>', re.DOTALL)
BOX = re.compile(
    r'admonition" id="([^"]+)">\s*<p class="admonition-title">'
    r'<span class="caption-number">(.*?)</span>'
)
CAPTION = re.compile(
    r'<(?:figcaption>\s*<p|caption[^>]*)>(<span class="caption-number">.*?)</(?:p|caption)>',
    re.DOTALL,
)
QUOTES = str.maketrans("“”‘’\xa0", "\"\"'' ")


@pytest.fixture(scope="module")
def site(tmp_path_factory, book):
    """The pages of Jupyter Book by their places, from what the cells showed in Sphinx's run."""
    folder = tmp_path_factory.mktemp("mystmd")
    shutil.copytree(BOOK, folder / "book", ignore=shutil.ignore_patterns("lessons", "_build"))
    whole = yaml.safe_load((ROOT / "myst.yml").read_text(encoding="utf-8"))
    write_description(folder, {**whole, "site": {**whole["site"], "template": "./stub"}})
    remember_runs(folder, book.parent / "jupyter_execute")
    done = build_content(folder, "--execute", "--strict")
    assert done.returncode == 0, done.stderr
    assert complaints(done) == []
    assert "Executing" not in done.stdout  # else the two showed different runs
    read = [json.loads(path.read_text("utf-8")) for path in folder.glob("_build/site/content/*")]
    return {page["location"]: page for page in read}


@pytest.fixture(params=pages())
def name(request):
    return request.param


@pytest.fixture
def html(name, book):
    """The article of a page that Sphinx built, formulas left out."""
    text = (book / f"{name}.html").read_text("utf-8")
    return FORMULA.sub("", text[text.index("<article") : text.index("</article")])


@pytest.fixture
def page(name, site):
    """A page of Jupyter Book, as it is handed to the theme."""
    return site[f"/book/{name}.md"]


@pytest.fixture
def tree(page):
    return page["mdast"]


def plain(text):
    """What HTML or a text says: in one line, with straight quotes, without Sphinx's link sign."""
    text = re.sub(r'<a class="headerlink".*?</a>', "", text)
    text = re.sub(r"<[^>]+>", "", text).replace("&amp;", "&").replace("&lt;", "<")
    return " ".join(text.replace("&gt;", ">").translate(QUOTES).split())


def label(address):
    """The label behind an address: 02-one.html#equation-eq-excess leads to eq-excess."""
    return address.split("#")[-1].removeprefix("equation-")


def without_titles(html):
    """A page without the titles of solutions, which name their exercises unasked."""
    return re.sub(r'<p class="admonition-title">.*?</p>', "", html, flags=re.DOTALL)


def test_references_say_the_same(name, html, tree):
    found = re.findall(
        r'<a class="reference internal" href="([^"]*)">(.*?)</a>', without_titles(html)
    )
    expected = [(label(at), plain(text)) for at, text in found if re.match(r"[a-z]+-", label(at))]
    expected = [pair for pair in expected if not pair[0].startswith("term-")]
    links = nodes(without_solutions(tree), "crossReference", "link")
    got = [(node["label"], plain(words(node))) for node in links if "label" in node]
    assert got == expected
    assert len(got) == len(ROLE.findall((BOOK / f"{name}.md").read_text("utf-8")))


def without_solutions(tree):
    """A tree without the titles of solutions."""
    kept = [c for c in tree.get("children") or () if c["type"] != "admonitionTitle"]
    return {**tree, "children": [without_solutions(c) if "children" in c else c for c in kept]}


def test_equations_have_the_same_numbers(html, tree):
    found = re.findall(r'<span class="eqno">\(([\d.]+)\)<a class="headerlink" href="([^"]+)"', html)
    numbered = [node for node in nodes(tree, "math") if node.get("enumerator")]
    got = [(node["enumerator"], node["label"]) for node in numbered]
    assert got == [(number, label(at)) for number, at in found]


def test_figures_and_tables_have_the_same_numbers_and_words(html, tree):
    shown = [words(next(nodes(node, "caption"))) for node in nodes(tree, "container")]
    assert list(map(number_and_words, shown)) == list(map(number_and_words, CAPTION.findall(html)))


def number_and_words(caption):
    """A caption's number and its long words: Jupyter Book writes short formulas as text."""
    return re.match(r"\w+ [\d.]*\d", plain(caption))[0], re.findall(r"[a-z]{4,}", plain(caption))


def test_exercises_and_theorems_have_the_same_numbers(html, tree):
    found = BOX.findall(html)
    numbered = [node for node in nodes(tree, "exercise", "proof") if node.get("enumerator")]
    got = [(node["label"], kind(node), node["enumerator"]) for node in numbered]
    assert got == [(at, *plain(number).lower().split()) for at, number in found]


def kind(node):
    """What a box is called: exercise, definition, theorem."""
    return node["type"] if node["type"] == "exercise" else node["kind"]


def test_chapters_have_the_same_number_and_title(html, page):
    [title] = re.findall(r"<h1>(.*?)</h1>", html)
    front = page["frontmatter"]
    number = f"{front['enumerator']}. " if "enumerator" in front else ""
    assert plain(title) == plain(number + front["title"])


def test_the_bibliography_is_complete(site, book):
    entries = re.findall(r"^@\w+\{([^,]+),", (BOOK / "references.bib").read_text("utf-8"), re.M)
    listed = site["/book/bibliography.md"]["references"]["cite"]["order"]
    assert sorted(listed) == sorted(entries)
    page = (book / "bibliography.html").read_text("utf-8")
    assert page.count('role="listitem"') == len(entries)


def test_what_a_cell_prints_stands_in_one_box(tree):
    for box in nodes(tree, "outputs"):
        outputs = [node["jupyter_data"] for node in nodes(box, "output")]
        streams = [one.get("name") for one in outputs]
        assert [two for two in pairwise(streams) if two[0] and two[0] == two[1]] == []


def test_no_line_breaks_between_a_formula_and_its_punctuation(tree):
    lines = [node["children"] for node in everything(tree) if breaks(node)]
    for before, after in (pair for line in lines for pair in pairwise(line)):
        cut = before["type"] == "inlineMath" and re.match(r"[.,;:!?)]", after.get("value", ""))
        assert not cut, (before["value"], after["value"])


def breaks(node):
    """Whether a line may break between the children of a node."""
    return node.get("children") and node.get("style") != {"whiteSpace": "nowrap"}


def everything(tree):
    """A tree and all nodes in it."""
    yield tree
    for child in tree.get("children") or ():
        yield from everything(child)
