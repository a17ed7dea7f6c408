"""Sphinx builds the book from the one description that Jupyter Book reads too: ../myst.yml.

Everything is local: a built page asks nothing of any network, and works from disk.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import yaml
from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.style.formatting.alpha import Style as AlphaStyle
from pybtex.style.labels import BaseLabelStyle
from sphinx_proof.domain import ProofDomain

HERE = Path(__file__).parent
BOOK = yaml.safe_load((HERE.parent / "myst.yml").read_text(encoding="utf-8"))["project"]
os.environ["SCB_EDU_FRAMES"] = "1"  # kernels inherit it: explorers bring their frames along

project = html_title = BOOK["title"]
author = ", ".join(person["name"] for person in BOOK["authors"])
copyright = f"{author} ({BOOK['license']} licence)"
sys.path.insert(0, str(HERE / "extensions"))
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "numbered",
    "myst_nb",
    "sphinx_design",
    "sphinx_proof",
    "sphinx_exercise",
    "sphinx_togglebutton",
    "sphinxcontrib.bibtex",
    # the book's own, each described at its top: what helps a reader along
    *("symbols", "terms", "tips", "chapter_map", "search_words", "solutions"),
    *("reference", "status", "policy"),
]
exclude_patterns = ["lessons"]
# Chapters are read side by side; this domain has nothing to merge and does not say so
ProofDomain.merge_domaindata = lambda *nothing: None

# MyST and its cells: all are run, an error is a warning (so -W fails), the static face is shown
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "force"
nb_execution_show_tb = True
nb_execution_timeout = 300
nb_code_prompt_show, nb_code_prompt_hide = "Show the code", "Hide the code"
nb_merge_streams = True  # what a slow cell prints stays in one box
ONE_PAGE = os.environ.get("SCB_EDU_PAGE")  # `make page` runs this one alone
nb_execution_excludepatterns = [
    page.name
    for page in HERE.glob("*.md")
    if "```{code-cell}" not in page.read_text("utf-8") or page.stem != (ONE_PAGE or page.stem)
]
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("*", "text/html", 1)]

# The reference, made of docstrings; the names of types in them are words, not links
napoleon_use_param = napoleon_use_rtype = napoleon_use_ivar = False
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"

# Numbers: chapter.equation, chapter.figure, chapter.exercise
numfig = math_numfig = True
numfig_format = {"figure": "Figure %s", "table": "Table %s"}
math_eqref_format = "({number})"

bibtex_bibfiles = [os.path.relpath(HERE.parent / name, HERE) for name in BOOK["bibliography"]]
bibtex_reference_style = "author_year"
bibtex_default_style = "as_cited"


class LabelsAsCited(BaseLabelStyle):
    """Label an entry as the chapters cite it: Ren et al., 2024."""

    def format_labels(self, entries):
        for entry in entries:
            names = [" ".join(person.last_names) for person in entry.persons["author"]]
            authors = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
            yield f"{authors}, {entry.fields['year']}"


class EntriesAsCited(AlphaStyle):
    """Sort and label by author and year; link to arXiv once."""

    default_label_style = LabelsAsCited

    def format_url(self, entry):
        return "" if "eprint" in entry.fields else super().format_url(entry)


register_plugin("pybtex.style.formatting", "as_cited", EntriesAsCited)

# MathJax comes out of a package and is copied beside the pages
MATHJAX = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"tex": {"macros": {name[1:]: tex for name, tex in BOOK["math"].items()}}}

html_theme = "sphinx_book_theme"
templates_path = ["_templates"]
html_static_path = ["_static", str(MATHJAX / "static")]
html_css_files = ["book.css", ("print.css", {"media": "print"})]
html_js_files = ["code-switch.js", "print.js"]
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "logo": {
        "text": BOOK["title"],
        "image_light": "_static/mark.svg",
        "image_dark": "_static/mark-dark.svg",
    },
}


# Made while Sphinx builds: Jupyter Book has no such pages
LIBRARY = {
    "title": "Library",
    "children": [{"file": "book/api/index.md"}, {"file": "book/api/status.md"}],
}


def docname(entry):
    """book/01-bigrams.md is 01-bigrams to Sphinx, whose source folder is book/."""
    return Path(entry["file"]).relative_to(HERE.name).with_suffix("").as_posix()


def toctree(part):
    """Return a part of the book as a toctree; chapters (01-...) are numbered."""
    names = [docname(entry) for entry in part["children"]]
    numbered = [":numbered: 1"] if names[0][0].isdigit() else []
    options = [":hidden:", f":caption: {part['title']}", *numbered]
    return "\n".join(["```{toctree}", *options, "", *names, "```"])


root_doc = docname(BOOK["toc"][0])
GLOSSARY = re.compile(r"^(:::+|```+)\{glossary\}.*?^\1", flags=re.DOTALL | re.MULTILINE)


def indent_definitions(app, name, source):
    """Jupyter Book wants `: definition` in a glossary, Sphinx an indented one."""
    source[0] = GLOSSARY.sub(lambda found: re.sub("(?m)^: ", "  ", found[0]), source[0])


def add_contents(app, name, source):
    """Hang the table of contents of myst.yml on the first page."""
    if name == root_doc:
        parts = [*BOOK["toc"][1:], LIBRARY]
        source[0] += "\n\n" + "\n\n".join(toctree(part) for part in parts) + "\n"


def deal_out(app, env, names):
    """Deal the pages to the processes one by one: those with cells would all go to the first."""
    names[:] = [name for first in range(app.parallel) for name in names[first :: app.parallel]]


UNFINISHED = "# Sphinx build info version 1\n# of a build\nconfig: unfinished\ntags: unfinished\n"


def count_as_unfinished(app, env, names):
    """Have the next build write all pages if this one is killed: Sphinx goes by the dates of files.

    A page of before, or half a page, is newer than its source. At the end Sphinx writes what is so.
    """
    if app.builder.format == "html":
        Path(app.outdir, ".buildinfo").write_text(UNFINISHED, "utf-8")


def say_what_images_show(app, doctree):
    """Give each output image the output's text/plain as its alternative text."""
    for bundle in doctree.findall(nodes.container):
        if bundle.get("nb_element") == "mime_bundle":
            words = {child["mime_type"]: child.astext() for child in bundle.children}
            for image in bundle.findall(nodes.image):
                image.setdefault("alt", words.get("text/plain", ""))


def free_space_of_link(app, doctree, name):
    """Let "Solution to Exercise 1" have its link begin at the word, not at the space before it."""
    for link in doctree.findall(nodes.reference):
        if isinstance(link.parent, nodes.title) and link.astext().startswith(" "):
            link.parent.insert(link.parent.index(link), nodes.Text(" "))
            link[0] = nodes.Text(link[0].lstrip())


def keep_punctuation(app, doctree):
    """Let no comma after a formula begin a line: set the two in a span that does not break."""
    for formula in list(doctree.findall(nodes.math)):
        line, at = formula.parent, formula.parent.index(formula)
        after = line[at + 1] if at + 1 < len(line) else None
        if isinstance(after, nodes.Text) and (mark := re.match("[,.;:!?)]+", after)):
            # by place: texts that say the same count as equal
            line[at + 1] = nodes.Text(after[mark.end() :])
            line[at] = glued = nodes.inline("", "", classes=["together"])
            glued += [formula, nodes.Text(mark[0])]


def offer_notebook(app, name, template, context, doctree):
    """Let the theme's download button offer the chapter's notebook."""
    twin = HERE / "lessons" / f"{name}.ipynb"
    if twin.exists():
        context["ipynb_source"] = twin.name
        shutil.copy(twin, Path(app.outdir, "_sources", twin.name))


def name_list_items(app, name, template, context, doctree):
    """Call the entries of the bibliography items of the list that they are in."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def hash_of_library():
    """When it changes, every cell is run again."""
    folders = HERE.parent / "scb_edu", HERE / "extensions"
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    source = b"".join(path.read_bytes() for path in files if path.suffix != ".pyc")
    return hashlib.sha256(source).hexdigest()


def setup(app):
    """Register what the functions above do."""
    app.add_config_value("library_hash", hash_of_library(), "env")
    app.connect("env-before-read-docs", deal_out)
    app.connect("env-before-read-docs", count_as_unfinished)
    app.connect("source-read", indent_definitions)
    app.connect("source-read", add_contents)
    app.connect("doctree-read", say_what_images_show)
    app.connect("doctree-read", keep_punctuation)
    app.connect("doctree-resolved", free_space_of_link)
    app.connect("html-page-context", offer_notebook)
    app.connect("html-page-context", name_list_items)
