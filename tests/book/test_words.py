"""A chapter is no longer than a reader sits through: the words of its prose are counted."""

import re

import pytest
from conftest import BOOK, chapters

MOST = 4000
DENSE = {"05-algorithm": 3500, "06-sample-complexity": 3500, "07-transfer": 3500}
NO_PROSE = re.compile(
    r"\A---\n(?s:.*?)^---$"  # the header of the page
    r"|^```(?s:.*?)^```$"  # a cell, or a displayed formula
    r"|\$\$(?s:.*?)\$\$"
    r"|^:.*$"  # a directive's lines and options
    r"|^\([\w-]+\)=$",  # a label
    re.MULTILINE,
)


def words(source):
    """Count the words of a page; a formula in a line is one of them."""
    return len(re.sub(r"\$[^$]+\$", "formula", NO_PROSE.sub(" ", source)).split())


@pytest.mark.parametrize("name", chapters())
def test_a_chapter_is_not_too_long(name):
    found = words((BOOK / f"{name}.md").read_text(encoding="utf-8"))
    assert found <= DENSE.get(name, MOST)


SHOWN = re.compile(r"^\*\*Figure\.|\bwidgets\.\w+\(", re.MULTILINE)
HEAD = re.compile(r"\*\*It takes\*\* about (\d+) minutes")


@pytest.mark.parametrize("name", [name for name in chapters() if name[0].isdigit()])
def test_a_chapter_says_how_long_it_takes(name):
    """200 words a minute, and a minute for each figure or widget, to the next five."""
    source = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    minutes, said = words(source) / 200 + len(SHOWN.findall(source)), int(HEAD.search(source)[1])
    assert said % 5 == 0
    assert abs(said - minutes) <= 4  # it may be at an edge between two fives


def test_what_is_no_prose_is_not_counted():
    page = """---
title: no
---

(sec-no)=

# Two words

Three more, $a + b$:

$$
c
$$

```{code-cell} ipython3
:tags: [no]
no = "$"
```

:::{exercise} No
:label: no

*Last* two.
:::
"""
    assert words(page) == 8  # the sign of a heading is one
