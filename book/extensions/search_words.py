"""The search finds a symbol and a code name however it is typed.

A page with α_A in a formula is found by alpha_A and by α_A, one with `soft_threshold` or
`ProximalGradient` also by its words. The index takes such words from the page's keywords.
"""

import re

from docutils import nodes
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


def setup(app):
    """Register what the functions above do."""
    app.connect("doctree-read", add_keywords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
