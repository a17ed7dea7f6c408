"""What the tests share: the list of pages, the built book, a browser."""

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

# the first needs PyTorch, which only `make bench` installs; both are no tests
collect_ignore = ["benchmarks", "fuzz"]

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"


def description():
    """What myst.yml says of the project."""
    return yaml.safe_load((ROOT / "myst.yml").read_text(encoding="utf-8"))["project"]


def pages():
    """The names of all pages, in reading order: index, 01-..., notation, ..."""
    parts = [part.get("children", [part]) for part in description()["toc"]]
    return [Path(entry["file"]).stem for part in parts for entry in part]


def chapters():
    """The pages that have code to run, and so a notebook."""
    return [p for p in pages() if "```{code-cell}" in (BOOK / f"{p}.md").read_text("utf-8")]


class ByFile(LoadFileScheduling):
    """The tests of a file go to one process; those of many pages or calls go one by one."""

    def _split_scope(self, nodeid):
        one = re.search(r"(?:browser/test_pages|support/test_fuzzed_calls)\.py::.*\[(.+)\]", nodeid)
        return f"one {one[1]}" if one else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


@pytest.fixture(autouse=True, scope="session")
def no_frames():
    """Only a book's build draws all frames."""
    os.environ.pop("SCB_EDU_FRAMES", None)


# The book


class Build(NamedTuple):
    """A built book, and how building it went."""

    html: Path
    status: int
    log: str


# Between a kernel's look for a free port and its use of it another process may have taken it: it
# dies, or is waited for in vain
PORT_TAKEN = ("Kernel died before replying to kernel_info", "Kernel didn't respond in 60 seconds")


def build_book(source, folder):
    """Build a book as `make book` does."""
    strict = ["-j", "4", "--no-color", "--nitpicky", "--fail-on-warning", "--keep-going"]
    command = ["-m", "sphinx", *strict, "-d", folder / "doctrees", source, folder / "html"]
    for _ in range(3):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
        if not any(sign in done.stderr for sign in PORT_TAKEN):
            break
    return Build(folder / "html", done.returncode, done.stdout[-2000:] + done.stderr)


HEADER = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

"""


PATIENCE = 180_000  # ms, for a page to load where two processors have five things to do


def small_book(folder, bodies, parts=None):
    """Write pages into a folder, and what the whole book is built with; return its source."""
    source = folder / "book"
    if parts is not None:
        shutil.copytree(BOOK, source, ignore=shutil.ignore_patterns("*.md", "lessons", "_build"))
        toc = [{"file": "book/index.md"}]
        for title, names in parts:
            toc += [{"title": title, "children": [{"file": f"book/{name}.md"} for name in names]}]
        project = {**description(), "title": "T", "toc": toc}
        (folder / "myst.yml").write_text(yaml.safe_dump({"project": project}))
        bodies = {**bodies, "api/index": "# Library\n", "api/status": "# Status\n"}
    for name, body in bodies.items():
        (source / f"{name}.md").write_text(HEADER + body)
    return source


@pytest.fixture(scope="session")
def build(tmp_path_factory, worker_id):
    """The book, built once; SCB_EDU_BOOK may name a folder that holds a built one."""
    if built := os.environ.get("SCB_EDU_BOOK"):
        return Build(Path(built).resolve(), 0, "")
    own = tmp_path_factory.getbasetemp()
    return build_once((own if worker_id == "master" else own.parent) / "book")


def build_once(folder):
    """The build in a folder that all processes of the tests share; the first one there makes it."""
    told = folder.with_suffix(".json")
    with FileLock(folder.with_suffix(".lock")):
        if not told.exists():
            told.write_text(json.dumps(build_book(BOOK, folder)[1:]))
        return Build(folder / "html", *json.loads(told.read_text()))


@pytest.fixture(scope="session")
def book(build):
    """The folder of the built pages."""
    if not (build.html / "index.html").exists():
        pytest.fail(f"The book was not built.\n{build.log}")
    return build.html


# The browser

# A reader who lets no page keep anything
NO_STORAGE = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no') }})"


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; where CI is true there has to be one."""
    from playwright.sync_api import sync_playwright
    from print_book import FLAGS, find_browser

    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            say("NO BROWSER: NOTHING WAS TRIED IN A PAGE. Install Chromium, or set CHROMIUM.")
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@contextlib.contextmanager
def alone(browser, folder, body, ready, *, style=":root{color-scheme:light dark}"):
    """What opens a page from disk that holds nothing but a piece of the book; no error is left.

    ``ready`` waits for what a page has as soon as its script has run.
    """
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>T</title>'
    main = f'<main class="bd-article"><h1>T</h1>{body}</main>'
    file = folder / "page.html"
    file.write_text(f"{head}<style>{style}</style>{main}", encoding="utf-8")
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page, page.wrong = context.new_page(), []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))

    def open_it(script=""):
        page.add_init_script(script)
        page.goto(file.as_uri())
        ready(page)
        return page

    yield open_it
    context.close()
    assert page.wrong == []


@contextlib.contextmanager
def served(folder):
    """Serve a folder on loopback and yield its address."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
