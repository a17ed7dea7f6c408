"""What a stranger installs: the wheel alone, in an empty environment, used from an empty folder."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import jupytext
import pytest
from conftest import BOOK, ROOT

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
OFFLINE = ["--no-deps", "--no-index"]
CLEAN = {
    key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SCB_EDU"))
}
SOURCES = ("pyproject.toml", "LICENSE")

WHERE = "import scb_edu; print(scb_edu.__file__)"
EXPLORERS = """
from scb_edu import widgets

for make in (widgets.escape, widgets.text_models):
    shown = make()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
print(len(widgets.escape().page()))
"""
STORED = """
from scb_edu import studies

for name in studies.STUDIES:
    print(name, len(studies.stored(name)))
"""


def examples(text):
    """The Python in a piece of Markdown."""
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


def lesson(name):
    """The code of a chapter's cells, one after the other."""
    cells = jupytext.read(BOOK / f"{name}.md").cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: the repository lends no left-overs and gets none."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "scb_edu", source / "scb_edu", ignore=shutil.ignore_patterns("*.pyc"))
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    build = [*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", built, source]
    subprocess.run(build, check=True, env=CLEAN)
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of a new environment that has the wheel, and borrows the other packages."""
    builder = venv.EnvBuilder(symlinks=os.name != "nt")
    folder = tmp_path_factory.mktemp("environment")
    builder.create(folder)
    python = builder.ensure_directories(folder).env_exe
    subprocess.run([*PIP, "--python", python, "install", *OFFLINE, wheel], check=True, env=CLEAN)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'), end='')"
    packages = subprocess.check_output([python, "-c", ask], text=True, env=CLEAN)
    # a plain path: the .pth files in there, an editable scb_edu among them, stay unread
    Path(packages, "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


@pytest.fixture
def run(python, tmp_path):
    """Run a script from an empty folder, far from the repository; return what it says."""

    def run(code):
        script, empty = tmp_path / "script.py", tmp_path / "empty"
        script.write_text(code, encoding="utf-8")
        empty.mkdir()
        done = subprocess.run(
            [python, script], cwd=empty, capture_output=True, text=True, env=CLEAN
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_wheel_holds_every_file_of_the_library_and_nothing_else(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = (path for path in (ROOT / "scb_edu").rglob("*") if path.is_file())
    ours = {
        path.relative_to(ROOT).as_posix() for path in files if path.parent.name != "__pycache__"
    }
    assert {"scb_edu/py.typed", "scb_edu/widgets/explorer.js"} < held
    assert held == ours


def test_the_library_is_the_installed_one(run, python):
    assert Path(run(WHERE).strip()).is_relative_to(Path(python).parents[1])


def test_the_example_of_the_readme_runs(run):
    assert run(examples((ROOT / "README.md").read_text(encoding="utf-8")))


def test_what_an_index_shows_has_a_running_example_and_links_that_hold(wheel, run):
    (name,) = (n for n in zipfile.ZipFile(wheel).namelist() if n.endswith(".dist-info/METADATA"))
    metadata = zipfile.ZipFile(wheel).read(name).decode()
    assert "Project-URL" not in metadata
    assert re.findall(r"\]\((?!https?://)", metadata) == []
    assert run(examples(metadata))


def test_explorers_are_shown(run):
    assert run(EXPLORERS)


def test_every_stored_table_is_read(run):
    from scb_edu.studies import STUDIES

    assert len(run(STORED).splitlines()) == len(STUDIES)


def test_a_lesson_runs(run):
    assert run(lesson("03-gradients"))
