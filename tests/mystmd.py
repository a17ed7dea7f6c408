"""Jupyter Book 2 without its theme, which is what needs the internet: only the content is built."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

# Complaints that are no fault of a page, each with its reason
EXPECTED = {
    r'unexpected option "mystnb" provided': "cell metadata for the other builder",
    r"'jupytext' extra key ignored: cell_metadata_filter": "for jupytext, which has no other place",
}


def build_content(folder, *options):
    """Run Jupyter Book in a folder; it finds a Node.js in this environment if there is one."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    return subprocess.run(
        ["jupyter-book", "build", "--site", "--ci", *options],
        cwd=folder,
        env={**kept, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )


def complaints(done):
    """What went to standard error, but for what is expected."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return [line for line in lines if not any(re.search(known, line) for known in EXPECTED)]


def write_description(folder, whole):
    """Write what Jupyter Book is to read, and a stub for the theme."""
    (folder / "myst.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    (folder / "stub").mkdir()
    (folder / "stub" / "template.yml").write_text("jtex: v1\nkind: site\ntitle: Stub\n")


def remember_runs(folder, notebooks):
    """Hand over what cells have shown already: Jupyter Book runs no page that it remembers."""
    memory = folder / "_build" / "execute"
    memory.mkdir(parents=True)
    for path in notebooks.glob("*.ipynb"):
        notebook = json.loads(path.read_text("utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        shown = [[joined(output) for output in cell["outputs"]] for cell in cells]
        (memory / f"{name_of_run(cells)}.json").write_text(json.dumps(shown), encoding="utf-8")


def name_of_run(cells):
    """The name under which Jupyter Book remembers cells that were run."""
    code = ["".join(cell["source"]) for cell in cells]
    told = [{"kind": "block", "content": text, "raisesException": False} for text in code]
    text = "python3" + json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.md5(text.encode()).hexdigest()


def joined(output):
    """An output with texts in one piece, as a kernel sends them; a notebook has lists of lines."""
    if isinstance(output, dict):
        return {key: joined(part) for key, part in output.items()}
    lines = isinstance(output, list) and all(isinstance(line, str) for line in output)
    return "".join(output) if lines else output


def nodes(node, *kinds):
    """All nodes of a tree of these types, parents first."""
    for child in node.get("children") or ():
        if child["type"] in kinds:
            yield child
        yield from nodes(child, *kinds)


def words(node):
    """What a node says, without its formulas."""
    if "children" in node:
        return "".join(map(words, node["children"]))
    return "" if node["type"] == "inlineMath" else node.get("value", "")
