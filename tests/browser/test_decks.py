"""Slides in a browser: keys, addresses, a phone, paper; nothing is cut off, nothing is fetched."""

import io

import make_slides
import pytest
from axe import violations
from pypdf import PdfReader

READY = """() => [...document.querySelectorAll('.slide')]
  .every(slide => slide.style.getPropertyValue('--fit'))"""
CUT_OFF = """() => [...document.querySelectorAll('.slide')].filter(slide => {
  const room = slide.getBoundingClientRect();
  return [...slide.querySelectorAll('h1, h2, p, svg.scb-figure, table, .scb-check, mjx-math')]
    .map(part => part.getBoundingClientRect())
    .some(part => part.width && (part.left < room.left || part.right > room.right + 1
      || part.top < room.top || part.bottom > room.bottom + 1));
}).map(slide => slide.id)"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('.said *, td')]
  .filter(part => part.innerText?.trim() && !part.closest('mjx-container, svg'))
  .map(part => parseFloat(getComputedStyle(part).fontSize)))"""
SEEN = """() => [...document.querySelectorAll('.slide')]
  .filter(slide => slide.checkVisibility({visibilityProperty: true})).map(slide => slide.id)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def decks(book, tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    make_slides.main(book, folder, "04-two-stages", "07-transfer")
    return folder


@pytest.mark.parametrize(("name", "scheme"), [("04-two-stages", "light"), ("07-transfer", "dark")])
def test_a_deck(name, scheme, decks, browser):
    with browser.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme=scheme
    ) as context:
        page = context.new_page()
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        for event in ("requestfailed", "pageerror"):
            page.on(event, lambda what: wrong.append(str(what)))
        page.goto(f"{(decks / name).as_uri()}.html#3")
        page.wait_for_function(READY)
        last = str(page.locator(".slide").count())

        assert page.evaluate(SEEN) == ["3"]
        for key, number in (
            ("ArrowRight", "4"),
            ("ArrowLeft", "3"),
            ("End", last),
            ("ArrowRight", last),
            ("Home", "1"),
            ("PageDown", "2"),
        ):
            page.keyboard.press(key)
            assert page.evaluate(SEEN) == [number]
            assert page.url.endswith(f"#{number}")
        assert page.locator(".slide.on .number").inner_text() == f"2 / {last}"

        assert page.locator("mjx-container").count() > 10
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate(SMALLEST) >= 12

        pdf = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
        assert [str(len(pdf.pages)), *pdf.pages[0].mediabox[2:]] == [last, 960, 540]

        page.set_viewport_size({"width": 390, "height": 844})
        assert len(page.evaluate(SEEN)) == int(last)
        assert page.evaluate(TOO_WIDE) == 0
        assert violations(page, context="main") == []  # of all slides at once
        assert wrong == []
        assert {url.split(":")[0] for url in asked} <= {"file", "data"}
