"""`make help` tells of every target, with its time, and of every variable."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = " ".join(re.findall(r"^\.PHONY: (.*)", MAKEFILE, flags=re.MULTILINE)).split()
VARIABLES = re.findall(r"^(\w+) \?=", MAKEFILE, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def told():
    if not shutil.which("make"):
        pytest.skip("There is no make here.")
    return subprocess.check_output(["make", "help"], cwd=ROOT, text=True)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_told_with_its_time(told, target):
    (what,) = re.findall(rf"^  make {target} +(.*)$", told, flags=re.MULTILINE)
    assert re.search(r"\(.*(once|second|minute|hour|Ctrl-C).*\)$", what)
    assert len(what) < 88


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_told(told, name):
    assert re.search(rf"^  {name} +\w", told, flags=re.MULTILINE)


def test_the_lock_of_the_javascript_tools_names_no_address():
    own = json.loads((ROOT / "tests/js/package.json").read_text("utf-8"))["devDependencies"]
    lock = json.loads((ROOT / "tests/js/package-lock.json").read_text("utf-8"))["packages"]
    found = {name.removeprefix("node_modules/"): part for name, part in lock.items() if name}
    assert {name: part["version"] for name, part in found.items()} == own
    assert all("resolved" not in part and "integrity" in part for part in found.values())
