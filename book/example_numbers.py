"""Where the prose of the book names numbers of the running example.

Usage: python book/example_numbers.py
It writes the list of places anew, example_numbers.txt, which tests/book/test_example_numbers.py
compares: who puts a number of the running example into prose sees it there. `make yours` says which
sentences to write anew for another task.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import scb_edu as scb

BOOK = Path(__file__).resolve().parent
LIST = BOOK / "example_numbers.txt"
SELF_TESTS = BOOK.parent / "scb_edu" / "exercises" / "data"

CELL = re.compile(r"\A---\n(?s:.*?)^---$|^```(?:\{code-cell\}|\w)(?s:.*?)^```$", re.MULTILINE)
SENTENCE = re.compile(r"(?<=[.?!:])\s+")
LENGTH = re.compile(r"SCBTask\.example\((?:context_length=)?(\d[\d_]*)\)")
DECIMAL = re.compile(r"(?<![\w.,\d])(\d*\.\d+)(?![\d.]*\d)")

ENTRY_WORDS = {
    "P": re.compile(r"column [A-C] of|running example"),
    "Q": re.compile(r"weight|example's|running example"),
}
"""What a sentence says that names an entry of P or Q: alone, 0.1 is a rate as often."""

SIZES = {
    "N": re.compile(r"\b[Tt]hree (?:words|tokens|numbers|columns)\b|\bN = 3\b"),
    "Q": re.compile(r"\b[Tt]wo (?:right )?positions\b|\bQ = 2\b"),
    "T": re.compile(r"\b[Ee]ight (?:context tokens|positions)\b|\bT = 8\b"),
    "mu, by hand": re.compile(r"7 \\mu_A|\\tfrac\{8\}\{11\}|10 to 11 to 8"),
}
"""What is written in words, or in a derivation."""


@dataclass(frozen=True)
class Place:
    """A sentence with a number of the running example."""

    page: str
    section: str
    kind: str  # prose, caption, exercise, solution, self-test
    number: str
    what: str
    sentence: str

    def __str__(self):
        return " | ".join((self.page, self.section, self.kind, self.number, self.what))


def sources():
    """Return the pages of the book by name."""
    return {page.stem: page.read_text("utf-8") for page in sorted(BOOK.glob("*.md"))}


@cache
def quantities():
    """Return what the numbers are called, by their value; those of every T that a cell asks for."""
    lengths = {int(T) for text in sources().values() for T in LENGTH.findall(text)}
    task = scb.SCBTask.example()
    found = {
        "mu": [float(share) for share in task.stationary],
        "K_P": [task.transition_energy],
        "irreducible loss": [scb.bayes_loss(task)],
        "loss of the initial point": [initial_loss(task)],
        "loss to win": [initial_loss(task) - scb.bayes_loss(task)],
        "entropy": [scb.model.output_entropy(task), float(scb.model.entropy(task.stationary))],
    }
    for T in sorted({task.context_length, *lengths}):
        for name, value in of_length(scb.SCBTask.example(T)).items():
            found.setdefault(name, []).append(value)
    return found


def initial_loss(task):
    """Return the loss of a model that knows nothing."""
    return scb.population_loss(scb.LinearTransformer.initial(task), task)


def of_length(task):
    """Return the numbers of the running example that depend on T."""
    rate, stages = scb.theory.growth_rate(task), scb.theory.stages(task)
    return {
        "K_Q": task.attention_energy,
        "growth rate": rate,
        "time for ten times the context": float(np.log(10)) / rate,
        "escape time": scb.escape_time(task, 0.5),
        "end of stage 1": stages.first,
        "end of the fall": stages.fall,
    }


def named(written):
    """Return what a number in the prose is of the running example, or None."""
    decimals = len(written.partition(".")[2])
    digits = len(written.replace(".", "").lstrip("0"))
    for name, values in quantities().items():
        least = 3 if re.search("time|end|entropy", name) else 2
        if digits >= least and any(round(v, decimals) == float(written) for v in values):
            return name
    return None


def entry(written, sentence):
    """Return the matrix that has a number as an entry, or None where the words are of neither."""
    task = scb.SCBTask.example()
    for name, matrix in {"P": task.transition, "Q": task.attention}.items():
        there = np.isclose(matrix, float(written), rtol=1e-9, atol=0).any()
        if there and ENTRY_WORDS[name].search(sentence):
            return f"entry of {name}"
    return None


def numbers(sentence):
    """Yield each number of the running example in a sentence, and what it is."""
    for written in DECIMAL.findall(sentence):
        what = named(written) or entry(written, sentence)
        if what:
            yield f"{float(written):g}", what
    for symbol, pattern in SIZES.items():
        for words in pattern.findall(sentence):
            yield words, symbol


def kind_of(block, inside):
    """Return what a block of text is, and the kind of what follows it."""
    if opened := re.search(r"\{(exercise|solution)\}", block):
        inside = opened[1]
    if re.search(r"^#", block, re.MULTILINE):
        inside = "prose"
    return ("caption" if "**Figure.**" in block else inside), inside


def in_page(page, text):
    """Yield the places of a page, in reading order."""
    section, inside = "", "prose"
    for block in re.split(r"\n\s*\n", CELL.sub("\n\n", text)):
        for heading in re.findall(r"^#+ (.*)", block, re.MULTILINE):
            section = heading.strip()
        kind, inside = kind_of(block, inside)
        for sentence in SENTENCE.split(" ".join(block.split())):
            for number, what in numbers(sentence):
                yield Place(page, section, kind, number, what, sentence)


def texts(told):
    """Yield every text of a self-test."""
    if isinstance(told, str):
        yield told
    for part in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from texts(part)


def in_self_test(path):
    """Yield the places of the questions of a chapter."""
    for count, question in enumerate(json.loads(path.read_text("utf-8")), 1):
        for text in texts(question):
            for number, what in numbers(text):
                yield Place(
                    path.stem, f"Test yourself, question {count}", "self-test", number, what, text
                )


def places():
    """Return all places, page after page."""
    found = [place for page, text in sources().items() for place in in_page(page, text)]
    return found + [p for path in sorted(SELF_TESTS.glob("*.json")) for p in in_self_test(path)]


def listed():
    """Return the list as text: a line for each number in a section, and how often it is there."""
    counts = Counter(map(str, places()))
    return "".join(f"{line} | {count}\n" for line, count in counts.items())


if __name__ == "__main__":
    LIST.write_text(listed(), encoding="utf-8")
    print(f"wrote {LIST.name}: {len(places())} places")
