"""What a newcomer has to hold in mind, in numbers: `python tests/counts.py` prints the table.

A line of code is a line with a token on it that is neither comment nor documentation; a function
is as long as its lines of code, functions inside it included.
"""

import ast
import io
import statistics
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "scb_edu"
CORE = (
    "model/task.py",
    "model/transformer.py",
    "model/gradients.py",
    "training/optimizers.py",
    "training/loop.py",
    "training/steps.py",
)
# the one place of the limits: at most so many
MOST = {
    "top-level names": 35,
    "lines of the core": 850,  # a hundred of them refuse bad arguments
    "longest function of the core": 34,
    "median function": 6,
    "90th percentile of functions": 18,
    "seconds of `import scb_edu`": 0.2,
}
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
FRESH = "from time import perf_counter as now; t = now(); import scb_edu; print(now() - t)"


def lines_of(node):
    return set(range(node.lineno, node.end_lineno + 1))


def documentation(tree):
    """The lines of docstrings, and of strings that stand below a constant to say what it is."""
    bare = (node for node in ast.walk(tree) if isinstance(node, ast.Expr))
    strings = (e for e in bare if isinstance(e.value, ast.Constant) and type(e.value.value) is str)
    return set().union(*map(lines_of, strings))


def code_lines(source):
    """The numbers of the lines of code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = (range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in LAYOUT)
    return set().union(*spans) - documentation(ast.parse(source))


def function_lengths(source):
    """The name and the number of lines of code of every function."""
    code = code_lines(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, len(code & lines_of(node))


def read(paths):
    return [path.read_text(encoding="utf-8") for path in paths]


def lengths(paths):
    return [length for source in read(paths) for _, length in function_lengths(source)]


def lines(paths):
    return sum(len(code_lines(source)) for source in read(paths))


def names():
    """How many names the stub of the library makes public."""
    tree = ast.parse((ROOT / "__init__.pyi").read_text(encoding="utf-8"))
    lists = (node.value for node in tree.body if isinstance(node, ast.Assign))
    return sum(len(ast.literal_eval(value)) for value in lists)


def seconds_of_import(runs=7):
    """The median time of an import in a fresh process."""
    command = [sys.executable, "-c", FRESH]
    return statistics.median(float(subprocess.check_output(command)) for _ in range(runs))


def counts():
    """Everything but the time."""
    core, everywhere = lengths(ROOT / name for name in CORE), lengths(ROOT.rglob("*.py"))
    return {
        "top-level names": names(),
        "lines of the core": lines(ROOT / name for name in CORE),
        "longest function of the core": max(core),
        "median function": statistics.median(everywhere),
        "90th percentile of functions": statistics.quantiles(everywhere, n=10)[-1],
    }


def main():
    measured = {**counts(), "seconds of `import scb_edu`": seconds_of_import()}
    for what, number in measured.items():
        print(f"{what:<32} {number:8.4g}   at most {MOST[what]}")
    for name in CORE:
        print(f"  {name:<30} {lines([ROOT / name]):8}")


if __name__ == "__main__":
    main()
