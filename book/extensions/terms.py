"""The terms of the glossary lead to their definitions.

The first mention on each page becomes a quiet link. Terms of several words cannot be mistaken; of
the single words only those below are linked, which no sentence uses otherwise.
"""

import re
from functools import cache

from docutils import nodes
from sphinx import addnodes
from symbols import ancestors

PAGE = "glossary"
SINGLE = re.split(
    r"\s+",
    """bigram creep crowd entropy finetuning hyperbola invariant logits margin oracle perplexity
    pointer preconditioning pretraining residual saddle sgd slide snap sparsity tempered trigram
    unbiased unigram watershed""",
)
PROSE = (nodes.paragraph, nodes.caption)
NOT_HERE = (
    *(nodes.title, nodes.reference, addnodes.pending_xref, nodes.literal, nodes.math),
    *(nodes.table, nodes.term, nodes.block_quote),
)


@cache
def anchors(env):
    """Return the anchors of the terms that are linked, by the term in small letters."""
    if PAGE not in env.found_docs:
        return {}
    found = {term[0].lower(): term["ids"][0] for term in env.get_doctree(PAGE).findall(nodes.term)}
    return {term: at for term, at in found.items() if term in SINGLE or re.search(r"[\s\d-]", term)}


def is_prose(text):
    """Say whether a text is in a paragraph or caption, and in no title, link, code or table."""
    above = list(ancestors(text))
    elsewhere = any(isinstance(node, NOT_HERE) for node in above)
    return not elsewhere and any(isinstance(node, PROSE) for node in above)


def pieces(text, pattern, link, seen):
    """Yield a text in pieces: the first mention of each term is a link."""
    at = 0
    for found in pattern.finditer(text):
        term = found[1].lower()
        if term not in seen:
            seen.add(term)
            yield nodes.Text(text[at : found.start()])
            yield link(term, found[0])
            at = found.end()
    yield nodes.Text(text[at:])


def link_terms(app, doctree, page):
    """Make the first mention of each term on a page a link to its definition."""
    known = anchors(app.env)
    if page == PAGE or not known:
        return
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})(?:e?s)?\b", re.IGNORECASE)
    glossary, seen = app.builder.get_relative_uri(page, PAGE), set()

    def link(term, words):
        uri = f"{glossary}#{known[term]}"
        return nodes.reference("", words, refuri=uri, internal=True, classes=["quiet"])

    for text in filter(is_prose, list(doctree.findall(nodes.Text))):
        parts = list(pieces(text, pattern, link, seen))
        if len(parts) > 1:
            text.parent.replace(text, parts)


def setup(app):
    """Register what the functions above do."""
    app.connect("doctree-resolved", link_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
