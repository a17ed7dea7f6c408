"""Each page says which scripts may run in it, keeps to that, and works: from disk and served."""

import pytest
import test_pages
from conftest import served
from policy import CHARSET, HANDLERS, INLINE, MARK, hashes, policy, put_in_head
from test_pages import check_alive

visit = test_pages.visit  # its fixture
# What would run if it could: a script, one from data, what an image does when it fails, text that
# becomes code, a module from data, a question to a network. What runs says so; what does not, the
# page tells, each kind in its own words.
FOREIGN = """async () => {
  const [ran, refused] = [[], []];
  window.ran = (what) => ran.push(what);
  document.addEventListener('securitypolicyviolation', ({effectiveDirective, blockedURI}) =>
    refused.push(`${effectiveDirective} ${blockedURI.split(':')[0]}`));
  await new Promise((go) => setTimeout(go)); // the browser lets who looks at a page use eval
  for (const script of [{text: 'ran("script")'}, {src: 'data:text/javascript,ran("data")'}])
    document.body.append(Object.assign(document.createElement('script'), script));
  document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="ran(1)">');
  try { eval('window.ran("eval")') } catch {}
  await fetch(location.href).then(() => ran.push('fetch'), () => {});
  await import('data:text/javascript,ran("module")').catch(() => {});
  await new Promise((go) => setTimeout(go));
  return [ran, refused.sort()];
}"""
REFUSED = [
    "script-src eval",
    "script-src-attr inline",
    "script-src-elem data",
    "script-src-elem data",
    "script-src-elem inline",
]


def test_the_hash_of_a_script_is_that_of_the_standard():
    # the example of https://www.w3.org/TR/CSP3/#external-hash and of RFC 4648's alphabet
    expected = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert hashes(["alert('Hello, world.');"]) == expected


def test_what_is_data_and_what_lies_beside_needs_no_hash():
    data = '<script type="application/json">{}</script><script src="a.js"></script>'
    own = '<script type="module">\na\n</script><script>b</script><script>b</script>'
    assert INLINE.findall(data + own) == ["\na\n", "b", "b"]
    assert policy(data + own).count("sha256-") == 2 + len(HANDLERS)


def test_a_page_gets_its_policy_before_all_that_it_loads_and_once(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f"<head>{CHARSET}<script>b</script></head>")
    for _ in range(2):
        put_in_head(page)
    text = page.read_text()
    assert text.count(MARK) == 1
    assert text.index(CHARSET) < text.index(MARK) < text.index("<script")


def test_every_page_has_one(book):
    found = [page for page in book.rglob("*.html") if "_static" not in page.parts]
    assert len(found) > 20
    assert all(MARK in page.read_text("utf-8") for page in found)


def check_pieces(page):
    """A slider moves its picture, a field answers, a playground trains, the theme prints."""
    explorer = page.locator(".scb-explorer").first
    panels = "explorer => [...explorer.querySelectorAll('.scb-panel')].map(one => one.innerHTML)"
    before = explorer.evaluate(panels)
    explorer.locator("input[type=range]").first.press("ArrowRight")
    assert explorer.evaluate(panels) != before
    page.locator(".scb-field input").first.fill("0")
    page.locator(".scb-field input").first.press("Enter")
    page.locator(".scb-field [role=status]", has_text="Not yet").first.wait_for()
    page.get_by_role("button", name="Step").first.click()
    page.locator(".scb-words", has_text=", 1 step.").first.wait_for()
    page.evaluate("() => { window.print = () => { window.printed = true } }")
    page.locator(f"[onclick='{HANDLERS[0]}']").first.dispatch_event("click")
    assert page.evaluate("window.printed")


@pytest.mark.parametrize("at", ["disk", "server"])
def test_a_page_works_under_its_policy_and_nothing_foreign_runs(at, visit, book):
    with served(book) as address:
        base = address if at == "server" else book.as_uri()
        visited = visit(f"{base}/04-two-stages.html")
        check_pieces(visited.page)
        check_alive(visited)
        assert visited.page.evaluate(FOREIGN) == [
            [],
            [f"connect-src {base.split(':')[0]}", *REFUSED],
        ]
