"""JupyterLab: a lesson runs, its slider moves a picture, a playground is read, a quiz answered."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from conftest import BOOK

LESSON = "01-bigrams.ipynb"
PATIENCE = 120_000  # milliseconds, for a busy machine
RUN_ALL = "() => jupyterapp.commands.execute('notebook:run-all-cells')"
IDLE = """() => {
  const context = window.jupyterapp?.shell?.currentWidget?.context;
  return context?.isReady && context.sessionContext.session?.kernel?.status === 'idle';
}"""
ERRORS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
  .flatMap(cell => cell.type === 'code' ? cell.outputs.toJSON() : [])
  .filter(output => output.output_type === 'error').map(output => output.evalue)"""

SOLUTIONS = """() => {
  const cells = jupyterapp.shell.currentWidget.content.widgets;
  const below = at => cells.slice(at + 1).findIndex(cell => cell.headingInfo?.level > 0);
  return cells.flatMap((cell, at) => cell.headingInfo?.text === 'Solution'
    ? [cells.slice(at + 1, at + 1 + below(at)).map(inner => inner.isHidden)] : []);
}"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until_answers(server, url, log):
    """Ask until the server answers, or has ended, or a minute is over."""
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/api/status", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.05)  # between two questions
    pytest.fail(f"JupyterLab did not start.\n{log.read_text()}")


PLAYGROUND = "playground.ipynb"
CELLS = (
    "import scb_edu as scb\nfrom scb_edu import widgets\n"
    "task, method = scb.SCBTask.example(100), scb.ProximalGradient(0.02)\n"
    "playground = widgets.playground(task, optimizer=method)\nplayground",
    "frame = playground.trajectory\n"
    "print(len(frame) > 10, frame['samples'].is_monotonic_increasing, frame['lane'].unique())\n"
    "print(playground.settings['T'], playground.settings['batch'])",
    "from scb_edu import exercises\nexercises.quiz('ch4')",
)
RUN_SECOND = """() => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
  return jupyterapp.commands.execute('notebook:run-cell');
}"""
PRINTED = """() => jupyterapp.shell.currentWidget.content.model.cells.get(1).outputs.toJSON()
  .map(output => output.text).join('')"""


def write_playground(folder):
    """Write a notebook with a playground, and a cell that reads it."""
    new = nbformat.v4
    notebook = new.new_notebook(cells=[new.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / PLAYGROUND)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on loopback over a copy of the lessons; yields its address."""
    tmp_path = tmp_path_factory.mktemp("lab")
    lessons = shutil.copytree(BOOK / "lessons", tmp_path / "lessons")
    write_playground(lessons)
    port, log = free_port(), tmp_path / "log"
    options = {
        "ServerApp.root_dir": lessons,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
        "LabApp.expose_app_in_browser": True,
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    command = [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items())]
    with (
        log.open("w") as out,
        subprocess.Popen(command, env={**os.environ, **own}, stdout=out, stderr=out) as server,
    ):
        wait_until_answers(server, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@contextlib.contextmanager
def opened(browser, address):
    """A notebook in JupyterLab, its kernel ready."""
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}?reset")
        page.wait_for_function(IDLE)
        yield page


def test_a_lesson_runs_and_its_slider_moves_the_picture(lab, browser):
    with opened(browser, f"{lab}/lab/tree/{LESSON}") as page:
        page.wait_for_function(f"({SOLUTIONS})().flat().filter(Boolean).length === 10")
        folded = [[True, True]] * 5  # words, and code with what it shows
        assert page.evaluate(SOLUTIONS) == folded
        assert page.evaluate(RUN_ALL)
        page.wait_for_function(IDLE)
        assert page.evaluate(ERRORS) == []
        assert page.evaluate(SOLUTIONS) == folded
        page.get_by_role("button", name="2 cells hidden").first.click()
        page.wait_for_function(f"!({SOLUTIONS})()[0].includes(true)")
        assert page.evaluate(SOLUTIONS) == [[False, False], *folded[1:]]

        slider = page.locator(".widget-slider [role=slider]").first
        slider.scroll_into_view_if_needed()
        pictures = page.locator("img.scb-panel")
        before = sources(pictures)
        assert before
        assert page.locator(".scb-explorer").count() == 0, "the static face is shown"
        slider.focus()
        at_start = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemin")
        slider.press("ArrowRight" if at_start else "ArrowLeft")
        page.wait_for_function(
            "before => [...document.querySelectorAll('img.scb-panel')].some(i => "
            "!before.includes(i.src) && i.alt.length > 20)",
            arg=before,
        )


def test_a_playground_is_read_from_python_while_it_runs_and_a_quiz_is_answered(lab, browser):
    with opened(browser, f"{lab}/lab/tree/{PLAYGROUND}") as page:
        assert page.evaluate(RUN_ALL)
        live = page.locator(".scb-playground")
        live.wait_for()
        assert page.locator(".scb-live").count() == 0, "the static face is shown"
        live.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        live.get_by_role("slider", name="Batch").press("ArrowLeft")
        live.get_by_role("button", name="Start").click()
        page.wait_for_function(
            "/[1-9]\\d{2} steps/.test(document.querySelector('.scb-words').textContent)"
        )
        page.evaluate(RUN_SECOND)
        page.wait_for_function(f"({PRINTED})().includes('100 32')")
        assert page.evaluate(PRINTED) == "True True [1]\n100 32\n"
        assert live.get_by_role("button", name="Pause").is_visible()
        live.press("Space")  # and JupyterLab leaves the key alone
        live.get_by_role("button", name="Start").wait_for()
        answer_by_keyboard(page, page.get_by_role("group").filter(has_text="309 parameters"))
        assert page.evaluate(ERRORS) == []


def answer_by_keyboard(page, question):
    """Choose the third answer and check it; JupyterLab leaves the keys alone."""
    question.get_by_role("button").wait_for()
    question.get_by_role("radio").first.press("Space")
    for key in ("ArrowDown", "ArrowDown", "Tab", "Enter"):
        page.keyboard.press(key)
    assert question.get_by_role("status").inner_text().startswith("✓ Right. V starts at")


def sources(pictures):
    pictures.first.wait_for()
    return pictures.evaluate_all("images => images.map(image => image.src)")
