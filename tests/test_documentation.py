"""Every public name is documented, and its link into the book leads somewhere."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import scb_edu

BOOK = Path(__file__).parents[1] / "book"
FACES = ["scb_edu", "scb_edu.figures", "scb_edu.widgets", "scb_edu.exercises", "scb_edu.explorer"]


def public(face):
    module = importlib.import_module(face)
    for name in module.__all__:
        yield f"{face}.{name}", getattr(module, name)


def with_methods(entries):
    for name, item in entries:
        yield name, item
        if inspect.isclass(item):
            for key, member in vars(item).items():
                if not key.startswith("_") and callable(getattr(item, key)):
                    yield f"{name}.{key}", getattr(item, key)
                elif isinstance(member, property):
                    yield f"{name}.{key}", member


ENTRIES = dict(entry for face in FACES for entry in with_methods(public(face)))
FUNCTIONS = {n: i for n, i in ENTRIES.items() if callable(i)}
NAMED = {n: i for n, i in ENTRIES.items() if n.startswith("scb_edu.") and n.count(".") == 1}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_public_name_has_a_docstring(name):
    words = inspect.getdoc(ENTRIES[name])
    assert words
    assert words.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_callable_has_an_example(name):
    if inspect.ismethod(FUNCTIONS[name]) or inspect.isroutine(FUNCTIONS[name]):
        assert ">>>" in inspect.getdoc(FUNCTIONS[name])


def references(item):
    for page, labels in re.findall(r"Book: ([\w-]+), ([^.]+)\.", inspect.getdoc(item) or ""):
        for label in re.findall(r"(?:eq|sec)-[\w-]+", labels):
            yield page, label


@pytest.mark.parametrize("name", NAMED)
def test_a_name_of_the_library_says_where_the_book_explains_it(name):
    if name != "scb_edu.ScbError":
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
