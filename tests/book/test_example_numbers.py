"""Where the prose names numbers of the running example: found, listed, and nothing unlisted."""

import example_numbers
import pytest
from example_numbers import LIST, in_page, listed, named

REMEDY = "run `python book/example_numbers.py`, and look at what is new"


def test_the_list_is_what_the_pages_say():
    old, new = LIST.read_text("utf-8").splitlines(), listed().splitlines()
    assert sorted(set(new) - set(old)) == [], REMEDY
    assert sorted(set(old) - set(new)) == [], REMEDY


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("0.2939", "irreducible loss"),
        (".294", "irreducible loss"),
        ("0.141", "K_P"),
        ("0.52", "K_Q"),
        (".268", "growth rate"),
        ("11.7", "escape time"),
        ("1.41", "entropy"),
        ("0.345", "mu"),
        ("0.2938", None),  # not to its last digit
        ("0.5", None),  # one digit is a rate as often
        ("1.4", None),
    ],
)
def test_a_number_is_known_by_its_digits(written, what):
    assert named(written) == what


PAGE = """---
title: 0.2939
---

# A page

The floor is 0.2939. A rate of 0.1 is none.

```{code-cell} ipython3
floor = 0.2939
```

## A section

The weights are 0.6 and .4, of two positions.

**Figure.** *The floor 0.294.*

:::{exercise} Easy
It has $K_P = 0.141$.
:::

:::{solution}
The rate is .27.
:::
"""


def test_places_are_found_with_their_section_and_kind():
    found = [(p.section, p.kind, p.number, p.what) for p in in_page("page", PAGE)]
    assert found == [
        ("A page", "prose", "0.2939", "irreducible loss"),
        ("A section", "prose", "0.6", "entry of Q"),
        ("A section", "prose", "0.4", "entry of Q"),
        ("A section", "prose", "two positions", "Q"),
        ("A section", "caption", "0.294", "irreducible loss"),
        ("A section", "exercise", "0.141", "K_P"),
        ("A section", "solution", "0.27", "growth rate"),
    ]


def test_a_new_place_is_not_in_the_list(monkeypatch):
    pages = example_numbers.sources()
    monkeypatch.setattr(
        example_numbers, "sources", lambda: {**pages, "new": "# New\n\nIts floor is 0.2939.\n"}
    )
    new = set(listed().splitlines()) - set(LIST.read_text("utf-8").splitlines())
    assert new == {"new | New | prose | 0.2939 | irreducible loss | 1"}
