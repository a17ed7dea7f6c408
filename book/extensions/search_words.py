"""The search finds a symbol and a code name however it is typed, and shows where it found it.

A page with α_A in a formula is found by alpha_A and by α_A, one with `soft_threshold` or
`ProximalGradient` also by its words. The index takes such words from the page's keywords.

The theme shows the text around a hit by fetching its page, which a page from disk may not: the
texts of all pages lie beside the search, in a script of their own, and search.js hands them out.
"""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from symbols import GREEK

TEX = re.compile(r"\\(?:var)?(" + "|".join(GREEK) + r")(?![a-z])(_\w)?")
LETTERS = {letter: name for name, letter in GREEK.items() if not name.startswith("var")}
TYPED = re.compile(f"([{''.join(LETTERS)}])(_[A-Za-z0-9])?(?![a-z])")
NAME = re.compile(r"\b(?:[a-z]+(?:_[a-z]+)+|(?:[A-Z][a-z]+){2,})\b")
PART = re.compile(r"[A-Z]?[a-z]+")


def other_spellings(doctree):
    """Return the words that a reader may type for what stands in the formulas and the code."""
    words = set()
    for formula in doctree.findall(nodes.math):
        words |= {GREEK[name] + (index or "") for name, index in TEX.findall(formula.astext())}
    for text in doctree.findall(nodes.Text):
        words |= {LETTERS[letter] + index for letter, index in TYPED.findall(text)}
    for code in doctree.findall(nodes.literal):
        names = NAME.findall(code.astext())
        words |= {part.lower() for name in names for part in PART.findall(name)}
    return words


def add_keywords(app, doctree):
    """Write the other spellings into the head of the page, where the index finds them."""
    if words := other_spellings(doctree):
        content = ", ".join(sorted(words))
        doctree.insert(0, nodes.meta(name="keywords", content=content, lang="en"))


SILENT = (nodes.raw, nodes.comment, nodes.image, nodes.meta)
APART = (nodes.TextElement, nodes.entry, nodes.Sequential)  # between these is a space
SPOKEN = {**GREEK, "times": "×", "cdot": "·", "le": "≤", "ge": "≥", "approx": "≈", "infty": "∞"}
SAID = {"sqrt", "log", "exp", "nabla", "partial", "sum", "max", "min", "tilde", "hat", "bar"}


def in_letters(tex):
    r"""Return a formula as one would type it: \alpha_A is α_A."""

    def word(found):
        name = found[1]
        return SPOKEN.get(name, f" {name} " if name in SAID else " ")

    plain = re.sub(r"\\([a-zA-Z]+) ?", word, tex)
    plain = re.sub(r"\\[,;:!]", "", re.sub(r"(aligned|cases|matrix)\b", "", plain))
    return re.sub(r"[\\{}$&]|\s+", " ", plain)


def is_bare_label(node):
    """A reference that is shown as a number has none yet, only the label that it points to."""
    return isinstance(node, addnodes.pending_xref) and node.astext() == node["reftarget"]


def text_of(node):
    """Return the words below a node as HTML that has nothing but sections."""
    if isinstance(node, SILENT) or is_bare_label(node):
        return ""
    if isinstance(node, nodes.Text):
        return html.escape(node)
    if isinstance(node, nodes.math | nodes.math_block):
        return html.escape(in_letters(node.astext()))
    words = "".join(map(text_of, node.children))
    if isinstance(node, nodes.section):
        return f'<section id="{node["ids"][0]}">{words}</section>\n'
    inline = isinstance(node, nodes.Inline) or not isinstance(node, APART)
    return words if inline else f"{words} "


def write_texts(app, error):
    """Write what search.js answers with when the theme asks for a page that was found."""
    if error or app.builder.name != "html":
        return
    texts = {name: text_of(app.env.get_doctree(name)) for name in sorted(app.env.found_docs)}
    script = f"const TEXTS = {json.dumps(texts, ensure_ascii=False)};\n"
    Path(app.outdir, "_static", "search-texts.js").write_text(script, encoding="utf-8")


def load_texts(app, name, template, context, doctree):
    """Load the texts where one searches."""
    if name == "search":
        app.add_js_file("search-texts.js")
        app.add_js_file("search.js")


def setup(app):
    """Register what the functions above do."""
    app.connect("doctree-read", add_keywords)
    app.connect("html-page-context", load_texts)
    app.connect("build-finished", write_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
