"""The exercises as they stand in the chapters: a cell to fill in, and the same cell filled in."""

import ast
import re

import numpy as np
import pandas as pd
import pytest
from conftest import BOOK, chapters

import scb_edu as scb
from scb_edu import exercises
from scb_edu.exercises import checking

CHAPTERS = [name for name in chapters() if re.match(r"0[1-9]-", name)]
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HIDDEN = ":tags: [hide-cell]\n"


def section(name):
    """The exercises of a chapter, without what comes after them."""
    text = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    title = "Three questions to take along" if name == "index" else "Exercises"
    return re.split(r"^## ", text.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def checks(source):
    """The names of the exercises that a text checks."""
    return re.findall(r'exercises\.check\("([\w-]+)"', source)


def cells(name, *, solved):
    """The cells that check an exercise, by its name: those to fill in, or the solutions."""
    found = {}
    for source in CELL.findall(section(name)):
        if source.startswith(HIDDEN) == solved and checks(source):
            [exercise] = checks(source)
            assert exercise not in found
            found[exercise] = source.removeprefix(HIDDEN)
    return found


PAGES = ["index", *CHAPTERS]
ASKED = {name: source for page in PAGES for name, source in cells(page, solved=False).items()}
SOLVED = {name: source for page in PAGES for name, source in cells(page, solved=True).items()}


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_four_checked_exercises_and_an_easy_one_first(page):
    texts = re.findall(r"^:::\{exercise\}.*?^:::$", section(page), re.MULTILINE | re.DOTALL)
    kinds = [re.search(r"^\*(Easy|Coding|Open)\b", text, re.MULTILINE)[1] for text in texts]
    assert kinds[0] == "Easy"
    assert kinds[-1] == "Open"
    assert len(cells(page, solved=False)) >= 4
    assert kinds.count("Open") == 1
    assert len(kinds) - 1 == len(cells(page, solved=False))


@pytest.mark.parametrize("page", CHAPTERS)
def test_an_exercise_stands_in_its_own_chapter_and_is_solved_there(page):
    asked, solved = list(cells(page, solved=False)), list(cells(page, solved=True))
    assert asked == solved
    assert {name.partition("-")[0] for name in asked} == {f"ch{int(page[:2])}"}


def test_every_exercise_of_a_chapter_stands_on_its_page():
    own = {name for name in checking._EXERCISES if re.match(r"ch[0-9]-", name)}
    assert own == set(ASKED) == set(SOLVED)


def parts(source):
    """What is filled in, and the call of the check, as they are written."""
    *before, call = ast.parse(source).body
    [answer] = {ast.unparse(arg) for arg in call.value.args[1:]}
    functions = [node for node in before if isinstance(node, ast.FunctionDef)]
    made = [node for node in functions if node.name == answer] or [
        node
        for node in before
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == answer
    ]
    return made[-1], ast.unparse(call)


@pytest.mark.parametrize("name", ASKED)
def test_a_cell_is_its_solution_with_the_answer_left_out(name):
    (asked, call), (solved, same_call) = parts(ASKED[name]), parts(SOLVED[name])
    assert call == same_call
    assert type(asked) is type(solved)
    if isinstance(asked, ast.FunctionDef):
        assert ast.unparse(asked.args) == ast.unparse(solved.args)
        assert ast.unparse(asked.body) == "..."
        assert ast.unparse(solved.body) != "..."
    else:
        assert ast.unparse(asked.value) == "None"
        assert len(ast.parse(ASKED[name]).body) == 2


@pytest.mark.parametrize("name", ASKED)
def test_a_cell_as_it_stands_is_not_answered_yet(name):
    assert result(ASKED[name], "") == checking.NOT_ANSWERED


def given(page):
    """What the solutions of a chapter take from the cells above them."""
    long = scb.SCBTask.example(1000)
    task = scb.SCBTask.example(8) if page < "03" else long
    sizes = {"T": task.context_length, "N": task.vocab_size}
    return {"task": task, **sizes, "mu": long.stationary, "K_P": long.transition_energy}


def result(source, page):
    """Run a cell and return the verdict at its end."""
    *before, call = ast.parse(source).body
    names = {"np": np, "pd": pd, "scb": scb, "exercises": exercises, **given(page)}
    names |= {name: getattr(scb.experiments, name) for name in ("agree", "holds", "show_table")}
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(call.value), "cell", "eval"), names).words


@pytest.mark.parametrize("name", SOLVED)
def test_a_solution_is_right(name):
    [page] = [page for page in PAGES if name in cells(page, solved=True)]
    assert result(SOLVED[name], page) == "Right."


@pytest.mark.parametrize("name", SOLVED)
def test_no_hint_has_the_last_line_of_the_solution(name):
    solved, _ = parts(SOLVED[name])
    last = solved.body[-1].value if isinstance(solved, ast.FunctionDef) else solved.value
    hints = " ".join(checking._EXERCISES[name].hints).replace(" ", "")
    written = ast.unparse(last).replace(" ", "")
    assert written.isidentifier() or written not in hints
