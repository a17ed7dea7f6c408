"""What was run to build the book, how long each page took, with which versions, and when.

`{page-runs}` is the table of pages, `{build-versions}` that of versions.
"""

import os
import platform
import time
from importlib import metadata

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from packaging.requirements import Requirement
from sphinx.util.docutils import SphinxDirective

import scb_edu


class Place(nodes.General, nodes.Element):
    """Where a table goes when all pages have been run."""


class Table(SphinxDirective):
    """Leave a place for the table that the directive is named after."""

    def run(self):
        self.env.note_reread()  # what it says is of this build
        return [Place(table=self.name)]


def needed():
    """Return the packages that the library and the book's build ask for by name."""
    asked = (Requirement(line) for line in metadata.requires("scb-edu"))
    return sorted(r.name for r in asked if not r.marker or r.marker.evaluate({"extra": "book"}))


def table(name, caption, heads, rows):
    """Return a table of texts and nodes, with a name to link to and a caption."""
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    group += [nodes.thead("", row(heads)), nodes.tbody("", *map(row, rows))]
    return nodes.table("", nodes.title(text=caption), group, classes=["colwidths-auto"], ids=[name])


def row(cells):
    """Return a row of a table."""
    filled = [cell if isinstance(cell, nodes.Node) else nodes.Text(str(cell)) for cell in cells]
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in filled))


def fill_in(app, doctree, page):
    """Put the tables where they go."""
    for place in list(doctree.findall(Place)):
        place.replace_self(TABLES[place["table"]](app, page))


def page_runs(app, page):
    """Return the table of pages, those that have cells."""
    done = {name: NbMetadataCollector.get_exec_data(app.env, name) for name in app.env.found_docs}
    rows = [
        (
            link(app, page, name),
            f"{run['runtime']:.0f}",
            "all cells ran" if run["succeeded"] else "failed",
        )
        for name, run in sorted(done.items())
        if run
    ]
    return table("page-runs", "Pages, run at this build.", ("page", "seconds", "result"), rows)


def link(app, page, name):
    """Return a link from one page to another."""
    words = app.env.titles[name].astext()
    return nodes.reference(
        "", words, refuri=app.builder.get_relative_uri(page, name), internal=True
    )


def build_versions(app, page):
    """Return the table of versions that this build was made with."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    day = time.strftime("%d %B %Y, %H:%M UTC", time.gmtime(seconds))
    rows = [
        ("built on", day),
        ("scb_edu", scb_edu.__version__),
        ("Python", platform.python_version()),
    ]
    rows += [(name, metadata.version(name)) for name in needed()]
    return table("build-versions", "Build date and versions.", ("what", "version"), rows)


TABLES = {"page-runs": page_runs, "build-versions": build_versions}


def setup(app):
    """Register the two directives."""
    app.add_node(Place)
    for name in TABLES:
        app.add_directive(name, Table)
    app.connect("doctree-resolved", fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
