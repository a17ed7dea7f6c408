"""A lesson in JupyterLab: run whole, one slider moved by keyboard, the picture changed."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

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

SOLUTIONS = """() => jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.getMetadata('tags')?.includes('hide-cell'))
  .map(cell => [cell.inputHidden, cell.outputHidden])"""


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


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on loopback over a copy of the lessons; yields its address."""
    lessons = shutil.copytree(BOOK / "lessons", tmp_path / "lessons")
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


def test_a_lesson_runs_and_its_slider_moves_the_picture(lab, browser):
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{lab}/lab/tree/{LESSON}?reset")
        page.wait_for_function(IDLE)
        folded = page.evaluate(SOLUTIONS)
        assert folded == [[True, True]] * 4
        assert page.evaluate(RUN_ALL)
        page.wait_for_function(IDLE)
        assert page.evaluate(ERRORS) == []
        # JupyterLab shows the output of whatever it runs; the code stays folded
        assert page.evaluate(SOLUTIONS) == [[True, False]] * 4

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


def sources(pictures):
    pictures.first.wait_for()
    return pictures.evaluate_all("images => images.map(image => image.src)")
