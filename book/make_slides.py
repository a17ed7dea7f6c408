"""Make slides of the built book: python book/make_slides.py FOLDER_OF_PAGES FOLDER [PAGE ...].

A deck is one file for each chapter, plain HTML that works from disk: what a section asks, its
pictures, and what is claimed and checked. All of it is taken from the built pages, so that no
number is written twice. The script that sets formulas lies beside the decks.
"""

import copy
import html
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup
from built_pages import SCRIPTS, put_back, set_aside

from scb_edu import exercises
from scb_edu.support.files import replacing

HERE = Path(__file__).resolve().parent / "slides"
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2")
SETTINGS = re.compile(r"<script>window\.MathJax = .*?</script>")
SENTENCE = re.compile(r"(?<=[.?!])\s(?=\S)")
# what there is room for, in letters, lines, rows and columns
CAPTION, LINE = 200, 50
BESIDE, ALONE, ON_A_SLIDE = 6, 9, 16  # with a formula under a picture's checks, and without
ROWS, COLUMNS = 9, 6


class Slide(NamedTuple):
    """A heading, what is seen, and what is said about it."""

    kind: str
    title: str
    seen: str = ""
    said: str = ""


# Reading a page


def read_article(text):
    """Return the article of a page without its scripts, its solutions and its links."""
    article = BeautifulSoup(SCRIPTS.sub("", text), "html.parser").find("article")
    for unwanted in article.select(".headerlink, .solution, .scb-playground"):
        unwanted.decompose()
    for explorer in article.select("figure.numbered .scb-explorer"):
        explorer.replace_with(explorer.select_one(".scb-panels"))  # as it stands before it is moved
    count_references(article)
    for link in article.select("a"):
        link.unwrap()
    return article


def count_references(article):
    """Write on each numbered equation how often the chapter refers to it, instead of its name."""
    links = [link["href"] for link in article.select("a[href^='#equation-']")]
    for equation in [number.parent for number in article.select(".eqno")]:
        equation["data-cited"] = links.count(f"#{equation.attrs.pop('id')}")


def joined(elements):
    """Return elements below each other as HTML."""
    return "".join(map(str, elements))


def inside(element):
    """Return what is inside an element as HTML."""
    return joined(element.contents)


def is_summary(section):
    """Whether a section sums up the chapter."""
    return bool(section.h2) and section.h2.get_text() == "What this chapter said"


def sections(article):
    """Return the parts of a chapter that show, derive or check something, or sum it up."""
    found = [heading.parent for heading in article.select("section > h2")]
    found.insert(0, introduction(article))
    return [one for one in found if is_summary(one) or one.select_one(".scb-check, figure, .eqno")]


def introduction(article):
    """Return what stands above the first section."""
    whole = copy.copy(article.h1.parent)
    for section in whole.select("section"):
        section.decompose()
    return whole


def key_equation(section):
    """Return the numbered equation of a section that the chapter refers to most often, or none."""
    equations = [number.parent for number in section.select(".eqno")]
    return str(max(equations, key=lambda one: int(one["data-cited"]), default=""))


def questions(welcome):
    """Return {page: question} for the chapters, as the welcome page lists them."""
    page = BeautifulSoup(SCRIPTS.sub("", welcome), "html.parser")
    links = page.select("td:first-child a")
    asked = {link["href"]: link.find_parent("tr").select("td")[-1] for link in links}
    return {url.split(".html")[0]: cell.get_text(strip=True) for url, cell in asked.items()}


# What a slide has room for


def shortened(caption):
    """Return a caption up to the end of the sentence that fills its room."""
    before, room = "", CAPTION
    for child in list(caption.children):
        words = child.get_text()
        if room is None:
            child.extract()
        elif isinstance(child, str) and (end := sentence_end(before[-1:] + words, room)):
            child.replace_with(words[: end - len(before[-1:])])
            room = None
        else:
            before, room = words, room - len(words)
    return caption


def sentence_end(text, room):
    """Return where the first sentence ends that fills the room, or None."""
    ends = [space.start() for space in SENTENCE.finditer(text)]
    return next((end for end in ends if end >= room), None)


def lines(check):
    """Return how many lines a check takes."""
    return 1 + len(check.get_text()) // LINE


def fill(checks, room):
    """Return the first checks, as many as there is room for, and the others."""
    at = 0
    while at < len(checks) and lines(checks[at]) <= room:
        room -= lines(checks[at])
        at += 1
    return checks[:at], checks[at:]


def small_tables(section, most):
    """Return the tables of a section that can be read from afar, of so many rows at most."""
    tables = [(one, one.select("tr")) for one in section.select(".scb-table")]
    return [
        one
        for one, rows in tables
        if len(rows) <= most and len(rows[0].select("td, th")) <= COLUMNS
    ]


# The slides of a chapter


def of_section(section):
    """Yield the slides of a section: its pictures, and what has no room beside them."""
    title, equation = inside(section.h2 or section.h1), key_equation(section)
    figures, loose = pictures(section)
    roomy = all(sum(map(lines, checks)) <= BESIDE for _, checks in figures)
    rest, tables = list(loose), small_tables(section, ROWS - equation.count("\n"))
    for figure, checks in figures:
        beside, others = fill(checks, BESIDE if roomy else ALONE)
        yield picture(title, figure, joined(beside) + (equation if roomy else ""))
        equation, rest = "" if roomy else equation, rest + others
    while rest or equation:
        below, rest = fill(rest, ON_A_SLIDE)
        yield Slide("words", title, equation + joined(tables[:1]), joined(below))
        tables, equation = tables[1:], ""


def pictures(section):
    """Return the figures of a section with the checks from each to the next, and all others.

    What is checked above the first figure belongs to it; without a figure all checks are others.
    """
    found, before = [], []
    for element in section.select("figure.numbered, .scb-check"):
        if element.name == "figure":
            found.append((element, before))
            before = []
        else:
            (found[-1][1] if found else before).append(element)
    return found, before


def picture(title, figure, said):
    """Return the slide of a figure: its drawings, its caption, and what else is said."""
    number, caption = figure.select(".caption-number, .caption-text")[:2]
    caption = f'<p class="caption">{number}{shortened(caption)}</p>'
    return Slide(
        "picture", title, str(figure.select_one(".scb-picture, .scb-panels")), caption + said
    )


def summary(section):
    """Return the slide of what a chapter said."""
    return Slide("summary", inside(section.h2), said=joined(section.select("ul")))


def of_quiz(quiz):
    """Yield a slide for each question at the end of a chapter, its answer folded."""
    known = exercises.quiz(quiz["data-chapter"]).questions
    for asked, question in zip(quiz.select("fieldset"), known, strict=True):
        options = [label.select("span") for label in asked.select("label")]
        rows = "".join(f"<p>{letter} {text}</p>" for letter, text in options)
        [(letter, why)] = [
            (letter.get_text(), option.why)
            for (letter, _), option in zip(options, question.options, strict=True)
            if option.right
        ]
        answer = f"<details><summary>Answer</summary><p>{letter} {html.escape(why)}</p></details>"
        yield Slide("quiz", inside(asked.legend), said=rows + answer)


def slides(article, question):
    """Yield the slides of a chapter."""
    yield Slide("title", inside(article.h1), said=f"<p>{html.escape(question)}</p>")
    for section in sections(article):
        yield from [summary(section)] if is_summary(section) else of_section(section)
    for quiz in article.select(".scb-quiz"):
        yield from of_quiz(quiz)


# Writing


def slide_html(slide, number, last):
    """Return a slide as an element whose name is its number."""
    level = "h1" if slide.kind == "title" else "h2"
    parts = (("seen", slide.seen), ("said", slide.said))
    body = "".join(f'<div class="{name}">{part}</div>' for name, part in parts if part)
    label = f'id="{number}" tabindex="-1" aria-label="Slide {number}"'
    return (
        f'<section class="slide {slide.kind}" {label}>'
        f'<{level}>{slide.title}</{level}><div class="body">{body}</div>'
        f'<p class="number">{number} / {last}</p></section>'
    )


def deck(title, settings, shown):
    """Return slides as a document."""
    style, script = (
        HERE.joinpath(name).read_text("utf-8") for name in ("slides.css", "slides.mjs")
    )
    body = "\n".join(slide_html(slide, at, len(shown)) for at, slide in enumerate(shown, start=1))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>\n{style}</style>{settings}"
        '<script defer src="mathjax/tex-chtml.js"></script></head>\n'
        f"<body><main class='mathjax_ignore'>{body}</main>"
        f"<script type='module'>\n{script}</script></body></html>\n"
    )


def copy_mathjax(pages, folder):
    """Put the script that sets formulas, and its fonts, beside the decks."""
    for name in MATHJAX:
        source, target = pages / "_static/mathjax" / name, folder / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)


def chapters(pages):
    """Return the names of the chapters: the welcome page, and the pages with a number."""
    return ["index", *sorted(page.stem for page in pages.glob("[0-9]*.html"))]


def write_deck(page, file, question):
    """Write the deck of a built page; without a question it begins with the first on the page."""
    text, drawings = page.read_text("utf-8"), []
    article = read_article(set_aside(text, drawings))
    shown = list(slides(article, question or article.h2.get_text()))
    written = deck(article.h1.get_text(), SETTINGS.search(text)[0], shown)
    with replacing(file, "w", encoding="utf-8") as draft:
        draft.write(put_back(written, drawings))
    print(f"wrote {file}, {len(shown)} slides")


def main(pages, folder, *names):
    """Write the decks of the named chapters, or of all."""
    pages, folder = Path(pages), Path(folder)
    for name in ("index", *names):
        if not (pages / f"{name}.html").exists():
            sys.exit(
                f"expected the page {name}.html in {pages}, found none: run `make book` first."
            )
    copy_mathjax(pages, folder)
    asked = questions(pages.joinpath("index.html").read_text("utf-8"))
    for name in names or chapters(pages):
        write_deck(pages / f"{name}.html", folder / f"{name}.html", asked.get(name))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.splitlines()[0])
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"make_slides: {error}\nThe decks written before are kept.")
