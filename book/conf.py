"""Sphinx builds the book from the same description as Jupyter Book does: ../myst.yml.

Everything is local: a built page asks nothing of any network.
"""

import importlib.util
import os
from pathlib import Path

import yaml
from docutils import nodes

HERE = Path(__file__).parent
BOOK = yaml.safe_load((HERE.parent / "myst.yml").read_text(encoding="utf-8"))["project"]
os.environ["SCB_EDU_FRAMES"] = "1"  # kernels inherit it: explorers bring their frames along

project = html_title = BOOK["title"]
author = ", ".join(person["name"] for person in BOOK["authors"])
copyright = f"{author}. Licence: {BOOK['license']}"
extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_proof",
    "sphinx_exercise",
    "sphinx_togglebutton",
    "sphinxcontrib.bibtex",
]
exclude_patterns = ["lessons", "_build"]

# MyST and its cells
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("*", "text/html", 1)]

# Numbers: chapter.equation, chapter.figure
numfig = math_numfig = True
math_eqref_format = "({number})"

bibtex_bibfiles = [str(Path("..", name)) for name in BOOK["bibliography"]]
bibtex_reference_style = "author_year"

# MathJax comes from a package and is copied beside the pages
mathjax_files = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"tex": {"macros": {name[1:]: tex for name, tex in BOOK["math"].items()}}}

html_theme = "sphinx_book_theme"
html_static_path = ["_static", str(mathjax_files / "static")]
html_css_files = ["book.css"]
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "use_download_button": False,
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
TOCTREES = "\n\n".join(toctree(part) for part in BOOK["toc"][1:])


def add_contents(app, name, source):
    """Hang the table of contents of myst.yml on the first page."""
    if name == root_doc:
        source[0] += f"\n\n{TOCTREES}\n"


def say_what_images_show(app, doctree):
    """Give each output image the output's text/plain as its alternative text."""
    bundles = doctree.findall(lambda n: isinstance(n, nodes.container) and n.get("nb_element") == "mime_bundle")
    for bundle in bundles:
        by_mime = {child["mime_type"]: child for child in bundle.children}
        if "text/plain" in by_mime:
            for image in bundle.findall(nodes.image):
                image.setdefault("alt", by_mime["text/plain"].astext())


def setup(app):
    """Register the two hooks."""
    app.connect("source-read", add_contents)
    app.connect("doctree-read", say_what_images_show)
