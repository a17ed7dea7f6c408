"""How long after a key the page shows the next picture; not part of `make test`.

Run: pytest -s tests/benchmarks/page_speed.py
The clock starts before the key's event is handled and stops when the picture is decoded and the
frame that shows it begins.
"""

import statistics

import pytest
from conftest import pages

STEP = """async ([explorer, at, step]) => {
  const control = explorer.querySelectorAll('input[type=range]')[at];
  const start = performance.now();
  control.value = Number(control.value) + step;
  control.dispatchEvent(new Event('input', {bubbles: true}));
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


@pytest.mark.parametrize("name", pages())
def test_report_how_fast_pictures_change(browser, book, name):
    page = browser.new_page(reduced_motion="reduce")
    page.goto(book.joinpath(f"{name}.html").as_uri())
    for number, explorer in enumerate(page.locator(".scb-explorer").element_handles()):
        controls = len(explorer.query_selector_all("input[type=range]"))
        moves = [(at, step) for at in range(controls) for step in (-1, 1, 1, -1)]
        taken = [page.evaluate(STEP, [explorer, at, step]) for at, step in moves]
        median, worst = statistics.median(taken), max(taken)
        print(f"\n{name}, explorer {number}: median {median:.0f} ms, worst {worst:.0f} ms", end="")
    page.close()
