"""A solution is one fold: its words, its code and what the code shows.

In the source a hidden cell stands below the words, for Jupyter, which runs it there.
"""

from docutils import nodes
from sphinx_exercise.nodes import solution_node

HIDDEN = "tag_hide-cell"


def next_of(node):
    """Return what stands below a node, if anything does."""
    place = node.parent.index(node) + 1
    return node.parent[place] if place < len(node.parent) else None


def move_into(solution, cell):
    """Put a hidden cell into the fold above it; there it needs no fold of its own."""
    cell.parent.remove(cell)
    cell["classes"].remove(HIDDEN)
    cell.attributes.pop("hide_mode", None)
    solution += cell


def fold_once(app, doctree):
    """Go through the solutions of a page."""
    for solution in list(doctree.findall(solution_node)):
        below = next_of(solution)
        if isinstance(below, nodes.container) and HIDDEN in below["classes"]:
            move_into(solution, below)


def setup(app):
    """Register what the functions above do."""
    app.connect("doctree-read", fold_once)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
