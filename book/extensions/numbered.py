"""Number the figures and the tables that cells show: Figure 4.3, Table 4.2.

In a source a figure is a code cell and, below it, a paragraph that begins with **Figure.**; a table
is what a cell shows with a <caption> in its HTML. A target (fig-NAME)= above the paragraph, or
(tab-NAME)= above the cell, lets {numref}`fig-NAME` say the number. A page without a chapter number
counts 1, 2, ... on its own.
"""

import copy
import html
import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

WORD = "Figure."
CAPTION = re.compile(r"(<caption[^>]*>)(.*?)</caption>", re.DOTALL)
logger = logging.getLogger(__name__)


class numbered_table(nodes.General, nodes.Element):  # noqa: N801 - docutils names nodes so
    """A table that a cell shows."""


def part(node, name):
    """Whether a node is this part of a cell: cell_code, cell_code_output, mime_bundle."""
    return isinstance(node, nodes.container) and node.get("nb_element") == name


def parts(node, name):
    """All parts of this name in a node, as a list: what is moved is not walked over."""
    return [found for found in node.findall(nodes.container) if part(found, name)]


def words_of(node):
    """The children of a paragraph, without the empty texts that a parser leaves beside emphasis."""
    return [child for child in node.children if child.astext() or not isinstance(child, nodes.Text)]


def is_caption(node):
    """Whether a paragraph begins with the bold word Figure."""
    first = next(iter(words_of(node)), None)
    return isinstance(first, nodes.strong) and first.astext() == WORD


def html_caption(node):
    """The caption in the HTML of an output, as a match, or None."""
    found = (CAPTION.search(raw.astext()) for raw in node.findall(nodes.raw))
    return next(filter(None, found), None)


def table_title(table):
    """What {ref} says of a table."""
    found = html_caption(table)
    return html.unescape(found[2]) if found else "Table"


def move_names(document, old, new, ids=None):
    """Let references to one node lead to another, which stands for it now."""
    moved = old["ids"] if ids is None else ids
    for name in [name for name in old["names"] if document.nameids.get(name) in moved]:
        old["names"].remove(name)
        new["names"].append(name)
    for label in list(moved):
        old["ids"].remove(label)
        new["ids"].append(label)
        document.ids[label] = new


def give_id(document, node, kind):
    """Give a node that nobody named an id of its own: without one it is not counted."""
    if not node["ids"]:
        taken = (f"{kind}-{count}" for count in range(1, len(document.ids) + 2))
        node["ids"].append(next(label for label in taken if label not in document.ids))
        document.ids[node["ids"][0]] = node


def cell_above(paragraph):
    """The cell above a caption; between the two there may be the caption's target."""
    siblings = paragraph.parent.children[: paragraph.parent.index(paragraph)]
    above = [node for node in siblings if not isinstance(node, nodes.target)]
    return above[-1] if above and part(above[-1], "cell_code") else None


def caption_of(paragraph):
    """Return the words of a caption: the number takes the place of the first, all are upright."""
    words = words_of(paragraph)[1:]
    if words and isinstance(words[0], nodes.Text):
        words[0] = nodes.Text(words[0].lstrip())
    words = words_of(nodes.caption("", "", *words))
    if len(words) == 1 and isinstance(words[0], nodes.emphasis):
        words = words[0].children
    return nodes.caption("", "", *words)


def make_figure(document, paragraph):
    """Put the last output of the cell above, with the caption, into a figure in its place."""
    figure = nodes.figure(classes=["numbered"])
    figure.source, figure.line = paragraph.source, paragraph.line
    cell = cell_above(paragraph)
    if cell is None:
        logger.warning("a caption of a figure stands below no cell", location=paragraph)
    shown = [node for output in parts(cell, "cell_code_output") for node in output] if cell else []
    move_names(document, paragraph, figure)
    give_id(document, figure, "figure")
    if shown and part(shown[-1], "mime_bundle"):
        shown[-1].replace_self(figure)
        figure += shown[-1]
        paragraph.parent.remove(paragraph)
    else:  # the page was not run
        paragraph.replace_self(figure)
    figure += caption_of(paragraph)


def make_tables(document, cell):
    """Wrap each table of a cell; the cell's target, if there is one, leads to the first."""
    tables = [make_table(bundle) for bundle in parts(cell, "mime_bundle") if html_caption(bundle)]
    named = [label for label in cell["ids"] if label.startswith("tab-")]
    if named and not tables:
        if parts(cell, "cell_code_output"):
            logger.warning("the cell below (%s)= shows no table", named[0], location=cell)
        tables = [numbered_table()]  # the page was not run
        cell += tables
    if named:
        move_names(document, cell, tables[0], named)
    for table in tables:
        give_id(document, table, "table")


def make_table(bundle):
    """Put a node around an output that Sphinx counts."""
    table = numbered_table()
    bundle.parent.replace(bundle, table)
    table += bundle
    return table


class FindNumbered(SphinxTransform):
    """Make figures and tables: targets have found their nodes (260), none is noted yet (850)."""

    default_priority = 800

    def apply(self, **_):
        """Go through the page once."""
        for paragraph in filter(is_caption, list(self.document.findall(nodes.paragraph))):
            make_figure(self.document, paragraph)
        for cell in parts(self.document, "cell_code"):
            make_tables(self.document, cell)


def count_on_pages(app, env):
    """Count from 1 on each page without a number; when a number changed, all pages are written."""
    for kinds in env.toc_fignumbers.values():
        for numbers in kinds.values():
            for count, label in enumerate(numbers, start=1):
                numbers[label] = (*numbers[label][:-1], count)
    before = getattr(env, "numbers_as_written", env.toc_fignumbers)
    env.numbers_as_written = copy.deepcopy(env.toc_fignumbers)
    return [] if before == env.toc_fignumbers else sorted(env.found_docs)


def write_table_numbers(app, doctree, name):
    """Put the number before the words of a table's caption."""
    for table in doctree.findall(numbered_table):
        number = app.env.toc_fignumbers[name]["table"][table["ids"][0]]
        words = app.config.numfig_format["table"] % ".".join(map(str, number))
        for raw in table.findall(nodes.raw):
            text = CAPTION.sub(
                rf'\1<span class="caption-number">{words} </span>\2</caption>', raw.astext()
            )
            raw.children = [nodes.Text(text)]


def visit_table(writer, node):
    """Open a box, to which references lead."""
    writer.body.append(writer.starttag(node, "div", classes=["numbered"]))


def depart_table(writer, node):
    """Close it."""
    writer.body.append("</div>\n")


def setup(app):
    """Register what stands above."""
    app.add_enumerable_node(numbered_table, "table", table_title, html=(visit_table, depart_table))
    app.add_transform(FindNumbered)
    app.connect("env-get-updated", count_on_pages, priority=900)
    app.connect("doctree-resolved", write_table_numbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
