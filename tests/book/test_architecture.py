"""What the page Architecture says of the library is so."""

import re

import draw_architecture
import numpy as np
import pytest
import test_layering as layering
from conftest import BOOK, ROOT
from test_words import words

import scb_edu as scb

TEXT = (BOOK / "architecture.md").read_text("utf-8")
LAYERS = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", TEXT, re.MULTILINE))
WAY = re.findall(r"^\| (\w+) \| [^|]+ \| `([\w/]+\.py)` \|$", TEXT, re.MULTILINE)


def test_the_packages_stand_in_the_order_of_the_layers():
    assert list(LAYERS) == layering.PACKAGES


@pytest.mark.parametrize("package", layering.PACKAGES)
def test_a_package_is_made_with_what_it_imports(package):
    modules = [path for path in layering.MODULES if path.parent.name == package]
    names = {name for path in modules for name in layering.imported(path)}
    found = {name.split(".")[1] for name in names if "." in name} - {package}
    assert re.findall(r"`(\w+)`", LAYERS[package]) == [p for p in layering.PACKAGES if p in found]


def test_the_way_of_a_batch_can_be_gone():
    task = scb.SCBTask.example()
    here = {"task": task, "model": scb.LinearTransformer.initial(task), "scb": scb}
    here["rng"] = np.random.default_rng(0)
    *calls, last = re.search(r"```python\n(.*?)\n```", TEXT, re.DOTALL)[1].splitlines()
    exec("\n".join(calls), here)
    picture = eval(last, here)
    assert here["weights"].shape == (8, len(here["batch"].last))
    assert here["run"].loss[-1] < here["loss"]
    assert "the floor is" in picture.words


def test_every_step_has_its_module():
    assert len(WAY) == 10
    assert all((ROOT / "scb_edu" / module).is_file() for _, module in WAY)


def test_seven_lines_are_the_step_of_the_method():
    """Preconditioned by hand, SGD steps where the method of the paper does."""
    task, rng = scb.SCBTask.example(), np.random.default_rng(0)
    model, batch = scb.LinearTransformer.initial(task), task.sample(64, rng)
    slope = scb.gradient(model, batch)
    push = scb.precondition(slope, task.stationary)
    by_hand = scb.SGD(0.1).step(model, push, task.stationary)
    whole = scb.ProximalGradient(0.1).step(model, slope, task.stationary)
    np.testing.assert_allclose(by_hand.value, whole.value, rtol=1e-12)
    np.testing.assert_allclose(by_hand.attention, whole.attention, rtol=1e-12)


def test_the_drawing_is_of_the_table():
    steps = draw_architecture.steps()
    assert [name for name, *_ in steps] == [name for name, *_ in WAY]
    assert draw_architecture.DRAWING.read_text("utf-8") == draw_architecture.draw(steps)


def test_every_recipe_is_there():
    recipes = re.findall(r'\| "([^"]+)" \|$', TEXT, re.MULTILINE)
    told = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(recipes) == 8
    assert [name for name in recipes if f"\n### {name}\n" not in told] == []


def test_the_page_is_short():
    assert words(TEXT) <= 1500
