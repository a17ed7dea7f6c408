"""`make help` tells of every target, with its time, and of every variable."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = " ".join(re.findall(r"^\.PHONY: (.*)", MAKEFILE, flags=re.MULTILINE)).split()
# as if no make had started these tests
ALONE = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
}
VARIABLES = re.findall(r"^(\w+) \?=", MAKEFILE, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def told():
    if not shutil.which("make"):
        pytest.skip("There is no make here.")
    return subprocess.check_output(["make", "help"], cwd=ROOT, env=ALONE, text=True)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_told_with_its_time(told, target):
    (what,) = re.findall(rf"^  make {target} +(.*)$", told, flags=re.MULTILINE)
    assert re.search(r"\(.*(once|second|minute|hour|Ctrl-C).*\)$", what)
    assert len(what) < 88


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_told(told, name):
    assert re.search(rf"^  {name} +\w", told, flags=re.MULTILINE)


@pytest.mark.skipif(os.name != "posix", reason="there are no such users here")
def test_a_folder_that_cannot_be_written_is_told_in_one_line():
    """Root may write everywhere, so it becomes nobody."""
    if not shutil.which("make"):
        pytest.skip("There is no make here.")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder, "Makefile").write_text(MAKEFILE, encoding="utf-8")
        Path(folder).chmod(0o555)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        run = partial(
            subprocess.run, cwd=folder, env=ALONE, capture_output=True, text=True, **nobody
        )
        done, asked = run(["make", "book"]), run(["make", "help"])
        Path(folder).chmod(0o755)
    assert (done.returncode, asked.returncode) == (2, 0)
    [told] = done.stderr.strip().splitlines()
    assert "Nothing can be written in this folder: copy it" in told
    assert done.stdout == ""


# Without make: a table of CONTRIBUTING.md says each target in commands of Python

TABLE = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## Without make")[1].split("\n## ")[0]
WITHOUT = {
    target: re.findall(r"`(python .*?)`", commands)
    for target, commands in re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", TABLE, re.MULTILINE)
}
NEEDS = {"TASK": ("yours",), "PAGE": ("page", "lesson", "lesson-test")}
GIVEN = {"TASK": "my_task.toml", "PAGE": "04-two-stages"}
RUN = re.compile(r"^(?:\w+=\S+ )?\S*/bin/(\S+)(.*?)(?: 2> /dev/null| \|.*)?$", re.MULTILINE)


def as_python(tool, rest):
    """A command of the environment as Python runs it."""
    module = {"python": "", "sphinx-build": "-m sphinx "}.get(tool, f"-m {tool} ")
    return f"python {module}{rest.strip()}".strip().replace("'", '"')


def recipe(target, folder):
    """What make would run for a target, with an environment that is there."""
    (folder / "bin").mkdir()
    extras = (".book", ".print", ".lab", ".test", ".bench", ".fuzz")
    for name in ("bin/python", "node_modules", *extras):
        (folder / name).touch()
    given = [f"{name}={GIVEN[name]}" for name, targets in NEEDS.items() if target in targets]
    old = ["-o", "_build/html/index.html", *(["-o", "check"] if target == "test" else [])]
    command = ["make", "-n", *old, target, f"VENV={folder}", "JOBS=4", "PORT=8000", *given]
    told = subprocess.check_output(command, cwd=ROOT, env=ALONE, text=True)
    return re.sub(r"\s*\\\n\s*", " ", told)


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in ("help", "clean")])
def test_a_target_is_told_without_make(target, tmp_path):
    if not shutil.which("make"):
        pytest.skip("There is no make here.")
    found = [as_python(*run) for run in RUN.findall(recipe(target, tmp_path))]
    assert WITHOUT[target] == found


def test_cleaning_is_told_without_make():
    [command] = WITHOUT["clean"]
    assert re.search(r"^\trm -rf (.*)$", MAKEFILE, re.MULTILINE)[1] == command.split("'")[1]


def test_the_lock_of_the_javascript_tools_names_no_address():
    own = json.loads((ROOT / "tests/js/package.json").read_text("utf-8"))["devDependencies"]
    lock = json.loads((ROOT / "tests/js/package-lock.json").read_text("utf-8"))["packages"]
    found = {name.removeprefix("node_modules/"): part for name, part in lock.items() if name}
    assert {name: part["version"] for name, part in found.items()} == own
    assert all("resolved" not in part and "integrity" in part for part in found.values())
