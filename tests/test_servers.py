"""What servers would run keeps to what the project says of itself; no server has tried it."""

import re

import pytest
import yaml
from conftest import ROOT

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
BINDER = ROOT / "binder"


def steps(path):
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("path", [*WORKFLOWS, BINDER / "requirements.txt"], ids=lambda p: p.name)
def test_a_file_says_that_it_was_not_tried_and_names_no_host(path):
    text = path.read_text("utf-8")
    assert text.startswith("# Not tried here")
    assert not re.search(r"https?:|\.(com|org|io)\b", text)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_runs_make_and_uses_only_the_standard_actions(path):
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", name) for name in used)
    runs = [step["run"].split() for step in steps(path) if "run" in step]
    assert runs
    # make is not on every system; Python, which has the same commands, is
    assert all(
        (words[0] == "make" and words[1] in TARGETS)
        or (words[:2] == ["python", "-m"] and words[2] in ("pip", "pytest", "sphinx"))
        for words in runs
    )


def test_other_systems_test_and_build_what_make_does():
    make = (ROOT / "Makefile").read_text("utf-8")
    core = " ".join(re.findall(r"^CORE \+?:?= (.*)", make, re.MULTILINE))
    options = re.search(r"sphinx-build -j \$\(JOBS\) (--nit.*) \$\(HTML\)", make)[1]
    runs = [step.get("run") for step in steps(ROOT / ".github/workflows/platforms.yml")]
    assert runs[-2:] == [
        f"python -m pytest -n 2 --doctest-modules {core}",
        f"python -m sphinx -j 4 {options} _build/html",
    ]


def test_binder_has_the_python_and_the_versions_of_the_tests():
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert (BINDER / "runtime.txt").read_text().strip() == f"python-{oldest}"
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    constraint, library = [line for line in lines if not line.startswith("#")]
    assert (BINDER / constraint.removeprefix("--constraint ")).samefile(ROOT / "constraints.txt")
    assert library == ".[lab]"
