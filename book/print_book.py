"""Print the built book as one PDF: python book/print_book.py FOLDER_OF_PAGES FILE.pdf.

The pages are joined to one document, so that its links, its outline and its tags are one too.
Chromium prints it twice: only a print can tell on which page a chapter begins.
"""

import html
import io
import json
import os
import posixpath
import re
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup
from built_pages import SCRIPTS, put_back, set_aside
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter

from scb_edu import exercises

BOOK = yaml.safe_load(Path(__file__).parents[1].joinpath("myst.yml").read_text("utf-8"))["project"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
NEEDED = re.compile(r"MathJax|mathjax|print\.js")
SETTLED = """async () => {
  await MathJax.startup.promise;
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => (image.loading = 'eager', image.decode())));
}"""
NUMBER_CONTENTS = """pages => document.querySelectorAll('.book-contents .page').forEach(
  place => { place.textContent = pages[place.dataset.of]; })"""


# The pages, joined


def parts(toc):
    """Yield (title, names of pages) for each part; the first page is a part without a title."""
    for part in toc:
        entries = part.get("children", [part])
        files = (Path(entry["file"]).relative_to("book") for entry in entries)
        yield part.get("title", ""), [file.with_suffix("").as_posix() for file in files]


def from_root(name, link):
    """Return what a page links to, seen from the folder of all pages."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(link)))


def new_link(name, link, names):
    """Return where a link of a page leads inside the joined document; None: it is not there."""
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return link
    page = from_root(name, url.path).removesuffix(".html") if url.path else name
    if page not in names:
        return None
    return f"#{page}--{unquote(url.fragment)}" if url.fragment else f"#{page}"


def read_article(text, name, names):
    """Return the article of a page, with names that no other page has."""
    article = BeautifulSoup(SCRIPTS.sub("", text), "html.parser").find("article")
    for heading_link in article.select(".headerlink"):
        heading_link.decompose()
    for element in article.select("[id]"):
        element["id"] = f"{name}--{element['id']}"
    for link in article.select("a[href]"):
        link["href"] = new_link(name, link["href"], names)
        if link["href"] is None:
            link.unwrap()
    for image in article.select("img[src]:not([src^='data:'])"):
        image["src"] = from_root(name, image["src"])
    for quiz in article.select(".scb-quiz"):
        quiz.append(answers(quiz["data-chapter"]))
    article["id"] = name
    article["class"] = [*article.get("class", []), "of-book"]
    return article


def answers(chapter):
    """Return the answers to the questions of a chapter, which in a page are a script's to give."""
    key = BeautifulSoup('<p class="scb-key"></p>', "html.parser").p
    key.string = exercises.quiz(chapter).answers
    return key


def headings(article):
    """Yield (level, title, id) of a page, of its sections, and of the solutions at its end."""
    yield 1, article.h1.get_text(), article["id"]
    for heading in article.select("h2"):
        heading["id"] = f"{heading.parent['id']}-heading"  # its section may begin a page before it
        yield 2, heading.get_text(), heading["id"]
    if solution := article.select_one(".solution"):
        yield 2, "Solutions", f"{solution['id']}-on"  # print.js makes this section


def contents(articles, toc):
    """Return the table of contents, with places for the numbers of the pages."""
    lines = []
    for title, names in parts(toc):
        lines += [f'<p class="part">{html.escape(title)}</p>'] if title else []
        for level, heading, target in (h for name in names for h in headings(articles[name])):
            entry = f'<a href="#{target}">{html.escape(heading)}</a>'
            place = f'<span class="page" data-of="{target}">000</span>'
            lines.append(f'<p class="level-{level}">{entry}<span class="dots"></span>{place}</p>')
    return f'<nav class="book-contents"><h1>Contents</h1>{"".join(lines)}</nav>'


def running_heads(articles):
    """Return the style that names the page of the book at the top of each sheet."""
    rules = []
    for at, (name, article) in enumerate(articles.items()):
        title = json.dumps(article.h1.get_text(), ensure_ascii=False)
        rules.append(f"@page part{at} {{ @top-center {{ content: {title} }} }}")
        rules.append(f'[id="{name}"] {{ page: part{at} }}')
    return f"<style>{' '.join(rules)}</style>"


def head(text):
    """Return the style sheets and the scripts that paper needs."""
    scripts = [script for script in SCRIPTS.findall(text) if NEEDED.search(script)]
    return "\n".join(re.findall(r"<link\b[^>]*stylesheet[^>]*>", text) + scripts)


def authors(book):
    """Return the names of those who wrote it."""
    return ", ".join(person["name"] for person in book["authors"])


def title_page(book):
    """Return the first page."""
    lines = (book.get("subtitle", ""), authors(book), book.get("description", ""))
    words = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f'<header class="title-page"><h1>{html.escape(book["title"])}</h1>{words}</header>'


def join_pages(folder, book):
    """Return the pages of a built book as one document."""
    names = [name for _, page_names in parts(book["toc"]) for name in page_names]
    texts = {name: folder.joinpath(f"{name}.html").read_text("utf-8") for name in names}
    drawings = []
    articles = {
        name: read_article(set_aside(text, drawings), name, names) for name, text in texts.items()
    }
    joined = (
        '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{html.escape(book['title'])}</title>{head(texts[names[0]])}"
        f"{running_heads(articles)}</head><body>"
        '<main class="bd-main"><div class="bd-content"><div class="bd-article-container">'
        f'<div class="bd-article">{title_page(book)}{contents(articles, book["toc"])}</div>'
        f"{''.join(map(str, articles.values()))}</div></div></main></body></html>"
    )
    return put_back(joined, drawings)


# Printing


def find_browser(playwright):
    """Return the path of a Chromium: CHROMIUM, the system's, or Playwright's own; or None."""
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *BROWSERS))
    own = Path(playwright.chromium.executable_path)
    return next(filter(None, found), str(own) if own.exists() else None)


def page_numbers(pdf):
    """Return the page, from 1, of every place in a PDF that a link leads to."""
    reader = PdfReader(io.BytesIO(pdf))
    places = reader.named_destinations.items()
    found = {name: reader.get_destination_page_number(place) + 1 for name, place in places}
    return {name.removeprefix("/"): number for name, number in found.items()}


def print_twice(page):
    """Return the open document as a PDF whose contents have the numbers of the pages."""
    paper = {"format": "A4", "print_background": True}
    numbers = page_numbers(page.pdf(**paper))
    page.evaluate(NUMBER_CONTENTS, numbers)
    pdf = page.pdf(**paper, outline=True, tagged=True)
    if page_numbers(pdf) != numbers:
        raise RuntimeError("The contents changed the pages: give their numbers a fixed width.")
    return pdf


def describe(pdf, book):
    """Return the PDF with the title, the authors and the subject of the book."""
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)  # the rest stays as it is
    subject = book.get("description", "")
    writer.add_metadata({"/Title": book["title"], "/Author": authors(book), "/Subject": subject})
    described = io.BytesIO()
    writer.write(described)
    return described.getvalue()


def print_book(browser, folder, book):
    """Return a built book as a PDF."""
    # beside the pages, so that pictures and style sheets are found
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".html") as joined:
        joined.write(join_pages(folder, book))
        joined.flush()
        page = browser.new_page(color_scheme="light")
        page.goto(Path(joined.name).resolve().as_uri(), timeout=0)  # it takes its time
        page.evaluate(SETTLED)
        pdf = print_twice(page)
        page.close()
    return describe(pdf, book)


def main(folder, file):
    """Print the book that is in a folder into a file."""
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            sys.exit("expected Chromium on the path, found none: install it, or set CHROMIUM.")
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        file.write_bytes(print_book(browser, folder, BOOK))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
