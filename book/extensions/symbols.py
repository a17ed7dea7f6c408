"""The symbols of notation.md lead to their rows there, and the search knows them by name.

A formula in the text that is exactly a symbol of the tables becomes a quiet link to its row: the
first of each section only. Where a letter has several meanings, those of the same chapter count;
a letter that could mean something of another chapter is no link.
"""

import re
import unicodedata
from functools import cache
from itertools import chain, count
from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

PAGE = "notation"
EVERYWHERE = {"N", "T", "Q", "P", "V", "A", "D", "k", r"\mu", r"\eta", r"\lambda", r"\beta"}
NOT_HERE = (nodes.title, nodes.reference, nodes.table, nodes.term, addnodes.pending_xref)
GREEK = {
    unicodedata.name(letter).removeprefix("GREEK SMALL LETTER ").lower(): letter
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
} | {"lambda": "λ", "varepsilon": "ε", "epsilon": "ε", "varphi": "φ"}


class Row(NamedTuple):
    """A row of the tables: its cells, the anchors of its symbols, the pages that it is from."""

    cells: list[nodes.entry]
    anchors: dict[str, str]
    pages: set[str]


def table_rows(doctree):
    """Yield the rows of the tables of symbols, each a list of five cells."""
    for body in doctree.findall(nodes.tbody):
        yield from (row.children for row in body.children if len(row.children) == 5)


def symbol_of(formula):
    """Return the symbol in a cell; of a definition, p = P X q, what is defined."""
    return formula.astext().split(" = ")[0].strip()


def name_of(code):
    """Return a code name without what stands before a dot or in brackets."""
    return re.sub(r"[(\[].*", "", code.astext()).split(".")[-1]


def spoken(symbol):
    r"""Return the words one searches a symbol by: for \alpha_A they are alpha_A and α_A."""
    plain = re.sub(r"[\\{} ]", "", symbol)
    greek = re.match(r"\\([a-z]+)", symbol)
    letter = GREEK.get(greek[1]) if greek else None
    return [plain, plain.replace(greek[1], letter, 1)] if letter else [plain]


class NameRows(SphinxTransform):
    """Give each symbol and code name of the tables an anchor and a place in the index."""

    default_priority = 840  # before the entries of the index are collected

    def apply(self):
        """Go through the cells for symbols and for code."""
        for symbols, _, codes, _, _ in table_rows(self.document) if is_notation(self.env) else []:
            for formula in list(symbols.findall(nodes.math)):
                self.name(formula, "symbol", spoken(symbol_of(formula)))
            for code in list(codes.findall(nodes.literal)):
                self.name(code, "code", [name_of(code)])

    def name(self, node, kind, words):
        """Name a node after its first word; the index has those that can be typed."""
        wanted = f"{kind}-{nodes.make_id(words[0])}".rstrip("-")
        numbered = (f"{wanted}-{number}" for number in count(2))
        anchor = next(a for a in chain([wanted], numbered) if a not in self.document.ids)
        node["ids"] = [anchor]
        self.document.ids[anchor] = node
        typed = [word for word in words if re.fullmatch(r"\w+", word)]
        entries = [("single", word, anchor, "main", None) for word in typed]
        node.parent.insert(node.parent.index(node), addnodes.index(entries=entries))


def is_notation(env):
    """Say whether the page that is read is that of the tables."""
    return env.current_document.docname == PAGE


def anchors_of(cell):
    """Return the anchors of the symbols in a cell, by symbol."""
    return {symbol_of(formula): formula["ids"][0] for formula in cell.findall(nodes.math)}


def pages_of(env, cell):
    """Return the pages that the cell "First" leads to."""
    equations, labels = env.domains["math"].equations, env.domains["std"].labels
    targets = [link["reftarget"] for link in cell.findall(addnodes.pending_xref)]
    return {(equations.get(target) or labels.get(target) or [""])[0] for target in targets}


@cache
def rows(env):
    """Return the rows of the tables, once all pages are read."""
    if PAGE not in env.found_docs:
        return []
    return [
        Row(cells, anchors_of(cells[0]), pages_of(env, cells[4]))
        for cells in table_rows(env.get_doctree(PAGE))
    ]


def meanings(env, symbol, page):
    """Return the rows that a symbol stands for on a page, none where that is not certain.

    They are those from this page, or else those from earlier ones, if they agree on the page. A
    bare letter may stand for anything elsewhere, but for the few of the whole book.
    """
    found = [row for row in rows(env) if symbol in row.anchors]
    here = [row for row in found if page in row.pages]
    if here or (re.fullmatch(r"\w|\\[A-Za-z]+", symbol) and symbol not in EVERYWHERE):
        return here
    earlier = [row for row in found if row.pages and min(row.pages) < page]
    return earlier if len({min(row.pages) for row in earlier}) == 1 else []


def ancestors(node):
    """Yield the nodes that a node is in, from the inside out."""
    while node := node.parent:
        yield node


def section_of(formula):
    """Return the section of the page that a formula is in, or None in a title, link or table."""
    above = list(ancestors(formula))
    if any(isinstance(node, NOT_HERE) for node in above):
        return None
    sections = [node for node in above if isinstance(node, nodes.section)]
    return sections[-2] if len(sections) > 1 else None


def link_symbols(app, doctree, page):
    """Make the first mention of a symbol in each section a link to its row."""
    seen = set()
    for formula in [] if page == PAGE else list(doctree.findall(nodes.math)):
        section, symbol = section_of(formula), formula.astext().strip()
        if section is None or (id(section), symbol) in seen:
            continue
        if found := meanings(app.env, symbol, page):
            seen.add((id(section), symbol))
            uri = f"{app.builder.get_relative_uri(page, PAGE)}#{found[0].anchors[symbol]}"
            link = nodes.reference("", "", refuri=uri, internal=True, classes=["quiet"])
            formula.replace_self(link)
            link += formula


def setup(app):
    """Register what the functions above do."""
    app.add_transform(NameRows)
    app.connect("doctree-resolved", link_symbols)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
