"""Every public name is documented, and its link into the book leads somewhere."""

import contextlib
import functools
import importlib
import inspect
import re
import types
from pathlib import Path

import numpy as np
import pytest

import scb_edu

BOOK = Path(__file__).parents[2] / "book"
TASK = scb_edu.SCBTask.example()
PACKAGES = [name for name in scb_edu.__all__ if inspect.ismodule(getattr(scb_edu, name))]
FACES = [f"scb_edu.{name}" for name in PACKAGES]
CORE_FACES = ("model", "training", "theory", "text", "experiments")


def public(face):
    module = importlib.import_module(face)
    for name in module.__all__:
        yield f"{face}.{name}", getattr(module, name)


def with_methods(entries):
    for name, item in entries:
        if not callable(item):
            continue  # a constant: its comment says what it is
        yield name, item
        if inspect.isclass(item):
            inherited = {key for base in item.__mro__[1:] for key in vars(base)}
            for key, member in vars(item).items():
                # a method that replaces another is explained where it was first named
                if not key.startswith("_") and key not in inherited and isinstance(member, METHODS):
                    yield f"{name}.{key}", getattr(item, key)


METHODS = (types.FunctionType, classmethod, staticmethod, property, functools.cached_property)
ENTRIES = dict(entry for face in FACES for entry in with_methods(public(face)))
CORE = {n: i for n, i in ENTRIES.items() if n.split(".")[1] in CORE_FACES}
NAMED = {n: i for n, i in CORE.items() if n.count(".") == 2}
EXAMPLES = {
    n: i
    for n, i in ENTRIES.items()
    if (inspect.isfunction(i) and n.count(".") == 2) or (n in CORE and callable(i))
}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_public_name_has_a_docstring(name):
    words = inspect.getdoc(ENTRIES[name])
    assert words
    assert words.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_public_function_has_an_example_and_so_has_all_of_the_core(name):
    assert ">>>" in inspect.getdoc(EXAMPLES[name])


def references(item):
    for page, labels in re.findall(r"Book: ([\w-]+), ([^.]+)\.", inspect.getdoc(item) or ""):
        for label in re.findall(r"(?:eq|sec)-[\w-]+", labels):
            yield page, label


@pytest.mark.parametrize("name", NAMED)
def test_a_name_of_the_library_says_where_the_book_explains_it(name):
    assert list(references(NAMED[name]))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_link_into_the_book_leads_to_its_label(name):
    for page, label in references(ENTRIES[name]):
        text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
        assert re.search(rf"(:label: {label}$|\({label}\)=)", text, re.MULTILINE), (page, label)


def test_the_contract_of_public_names_holds():
    contract = (
        "SCBTask Batch LinearTransformer SoftmaxTransformer loss gradient Gradient "
        "population_loss population_gradient bayes_loss precondition signals Signals "
        "distances Distances signal_flow Flow escape_time ScbError"
    )
    assert set(contract.split()) <= set(scb_edu.__all__)
    assert len(scb_edu.__all__) <= 35


def code_names(page):
    """The names in the code column of the page's tables that begin at the library or a package."""
    text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
    tops = "|".join(scb_edu.__all__)
    return set(re.findall(rf"`(?:scb\.)?((?:{tops})(?:\.\w+)*)", text))


def leads_somewhere(name):
    """Whether a name is one of the library, or of a task, a batch or a model."""
    first, *rest = name.split(".")
    kinds = scb_edu.LinearTransformer, scb_edu.SoftmaxTransformer
    things = {
        "SCBTask": [TASK],
        "Batch": [TASK.sample(1, np.random.default_rng(0))],
        "model": [kind.initial(TASK) for kind in kinds],
    }
    for owner in (getattr(scb_edu, first), *things.get(first, ())):
        with contextlib.suppress(AttributeError):
            return functools.reduce(getattr, rest, owner) is not None
    return False


@pytest.mark.parametrize("page", ["notation", "glossary"])
def test_the_names_of_the_reference_pages_are_there(page):
    names = code_names(page)
    assert [name for name in names if not leads_somewhere(name)] == []
    assert page == "glossary" or len(names) > 50
