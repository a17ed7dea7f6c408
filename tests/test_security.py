"""Nothing from outside is run: no pickle, no eval, no shell; servers are for one machine."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT

SOURCES = sorted(path for folder in ("scb_edu", "book") for path in (ROOT / folder).rglob("*.py"))
# Modules that run what they read, and calls that run a text
MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "read_pickle", "to_pickle"}
LOADERS = {"np.load", "numpy.load", "yaml.load"}  # yaml.safe_load makes nothing but data
# What is let pass, and why: neither reads bytes that this process did not make just before
ALLOWED = {
    # an error that does not survive the way back from a worker would break the pool
    ("scb_edu/experiments/runs.py", "import pickle"),
    ("scb_edu/experiments/runs.py", "pickle.loads"),
    ("scb_edu/experiments/runs.py", "pickle.dumps"),
    # a function that no worker could import is refused before a pool fails; nothing is loaded
    ("scb_edu/experiments/sweeps.py", "import pickle"),
    ("scb_edu/experiments/sweeps.py", "pickle.dumps"),
}


def name_of(node):
    """The name of what is called, with that of the module before a pickle's."""
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        return f"{owner}.{node.attr}" if owner in MODULES else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_compiled_pattern(call):
    return isinstance(call.func, ast.Attribute) and name_of(call.func.value) == "re"


def risks(tree):
    """Yield in words what a module does that could run what it was given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            homes = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            yield from (f"import {home}" for home in homes if home.split(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            name, options = name_of(node.func), {word.arg: word.value for word in node.keywords}
            if name.split(".")[0] in MODULES or (name in CALLS and not is_compiled_pattern(node)):
                yield name
            yield from (
                f"{name}({option}={ast.unparse(options[option])})"
                for option in ("shell", "allow_pickle")
                if option in options and ast.unparse(options[option]) != "False"
            )
            # NumPy's is safe unless told; it has to say so here, lest the default changes
            if ast.unparse(node.func) in LOADERS and "allow_pickle" not in options:
                yield ast.unparse(node.func)


def found(sources):
    for path in sources:
        where = path.relative_to(ROOT).as_posix()
        yield from ((where, risk) for risk in risks(ast.parse(path.read_text("utf-8"))))


def test_no_source_runs_what_it_reads():
    assert set(found(SOURCES)) == ALLOWED
    assert len(SOURCES) > 100


@pytest.mark.parametrize(
    ("source", "risk"),
    [
        ("import pickle as p", "import pickle"),
        ("from pickle import loads", "import pickle"),
        ("eval(text)", "eval"),
        ("builtins.exec(text)", "exec"),
        ("os.system(text)", "system"),
        ("subprocess.run(text, shell=True)", "run(shell=True)"),
        ("np.load(path, allow_pickle=True)", "load(allow_pickle=True)"),
        ("np.load(path)", "np.load"),
        ("yaml.load(text)", "yaml.load"),
        ("pandas.read_pickle(path)", "read_pickle"),
        ("re.compile(text)", None),
        ("np.load(path, allow_pickle=False)", None),
        ("load(checkpoint, identity)", None),
    ],
)
def test_a_risk_is_seen(source, risk):
    assert list(risks(ast.parse(source))) == ([risk] if risk else [])


def recipe(target):
    """The commands of a target of the Makefile."""
    text = Path(ROOT, "Makefile").read_text("utf-8")
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, flags=re.MULTILINE)[1]


def test_the_servers_are_heard_on_this_machine_alone():
    assert "--bind 127.0.0.1" in recipe("serve")
    assert "--ip=127.0.0.1" in recipe("lab")


def test_jupyterlab_keeps_its_token():
    """Jupyter Server makes one for each start, unless told otherwise."""
    assert not re.search(r"token|password|disable_check_xsrf|allow_origin", recipe("lab"))


def needed():
    """The packages of pyproject.toml, required and optional, without versions and extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.match(r"[\w-]+", line)[0] for group in groups for line in group}
    return names - {project["name"]}


def explained():
    """The packages of the table in CONTRIBUTING.md that have a reason; `-proof` is short."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## Why each dependency is there")[1]
    for names, why in re.findall(r"^\| (?!package)([^|-][^|]*) \| ([^|]+) \|$", text, re.MULTILINE):
        if not names.startswith("*npm*") and len(why.split()) > 1:
            for name in re.sub(r"\*\w+\*", "", names).split(","):
                yield re.sub(r"\[.*\]", "", name.strip().replace("-", "sphinx-", name[:2] == " -"))


def test_each_dependency_has_its_reason_and_each_reason_its_dependency():
    assert set(explained()) == needed()
