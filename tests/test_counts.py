"""What a newcomer has to hold in mind stays below the limits of counts.py."""

import counts

SOURCE = '''"""The module.

Three lines of it.
"""

# a comment
LEVEL = 1  # code with a comment
"""What the level is."""


def outer(
    a,
):
    """Say what it does."""
    text = """two
    lines"""

    def inner():
        return text

    return inner, a
'''


def test_lines_of_code_are_neither_documentation_nor_blank():
    assert sorted(counts.code_lines(SOURCE)) == [7, 11, 12, 13, 15, 16, 18, 19, 21]
    assert dict(counts.function_lengths(SOURCE)) == {"outer": 8, "inner": 2}


def test_the_library_stays_small():
    found = counts.counts()
    assert {what: many for what, many in found.items() if many > counts.MOST[what]} == {}
