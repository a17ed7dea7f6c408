"""The reference of the library: its docstrings on pages, and links both ways.

A docstring says where the book explains its name, in one line: `Book: 04-two-stages, eq-flow
sec-stages.` That line becomes links, and the section that holds the label names the function at its
end. A name in the running text of a page links to its entry, once in a section.
"""

import inspect
import re
from collections import defaultdict
from functools import cache

from docutils import nodes

import scb_edu

PLACE = re.compile(r"Book: ([\w-]+), ((?:eq|sec)-[^.]+)\.")
LABEL = re.compile(r"(?:eq|sec)-[\w-]+")
NAME = re.compile(r"(?:scb_edu\.|scb\.)?([A-Za-z_][\w.]*\w)(?:\(.*\))?", re.DOTALL)
PAGES = "api/"


@cache
def public():
    """Return the public things by their full names, `scb_edu.theory.escape_time` and so on."""
    packages = [name for name in scb_edu.__all__ if inspect.ismodule(getattr(scb_edu, name))]
    faces = {f"scb_edu.{name}": getattr(scb_edu, name) for name in packages}
    return {
        f"{face}.{name}": getattr(faces[face], name)
        for face in faces
        for name in faces[face].__all__
    }


@cache
def full_names():
    """Return the full name behind each way to write it: with its package, or with its own alone."""
    short = defaultdict(set)
    for full in public():
        short[full.split(".", 2)[2]].add(full)
    alone = {name: full for name, (full, *more) in short.items() if not more}
    return {full.split(".", 1)[1]: full for full in public()} | alone


def full_name(written):
    """Return the public name that a piece of code is, or None: a class's own parts are its."""
    found = NAME.fullmatch(written)
    parts = found[1].split(".") if found else []
    for end in range(len(parts), 0, -1):
        if (full := full_names().get(".".join(parts[:end]))) and is_part(full, parts[end:]):
            return ".".join([full, *parts[end:]])
    return None


def is_part(full, rest):
    """Whether a public thing has its docstring under a further name, or none is asked for."""
    thing = public()[full]
    return not rest or (len(rest) == 1 and inspect.isclass(thing) and rest[0] in vars(thing))


@cache
def explained():
    """Return the names that each label of the book explains."""
    names = defaultdict(list)
    for full, thing in public().items():
        for _, labels in PLACE.findall(inspect.getdoc(thing) or ""):
            for label in LABEL.findall(labels):
                names[label].append(full)
    return names


def link_docstring(app, what, name, thing, options, lines):
    """Make links of the line that says where the book explains a name; |x| is no substitution."""
    prose = (line if ">>>" in line or "``" in line else line.replace("|", "\\|") for line in lines)
    lines[:] = PLACE.sub(links, "\n".join(prose)).split("\n")


def links(place):
    """Return `Book: chapter, label label.` as a chapter's title with its labels linked."""
    page, labels = place.groups()
    linked = (
        f":{'eq' if label[:2] == 'eq' else 'ref'}:`{label}`" for label in LABEL.findall(labels)
    )
    return f"Book: :doc:`/{page}`, {', '.join(linked)}."


def skip_plain_fields(app, what, name, thing, skip, options):
    """Leave out the fields of named tuples: their class says what they are."""
    return True if (thing.__doc__ or "").startswith("Alias for field number") else None


def link_names(app, doctree, page):
    """Link the names in the text to their entries, and end sections with the names they explain."""
    if page.startswith(PAGES):
        return
    for section in list(doctree.findall(nodes.section)):
        written = {}
        for literal in own(section, nodes.literal):
            if not isinstance(literal.parent, (nodes.reference, nodes.title)):
                written.setdefault(full_name(literal.astext()), literal)
        for name, literal in written.items():
            if link := entry(app, page, name, literal.deepcopy()):
                literal.replace_self(link)
        end_section(app, section, page)


def own(section, kind):
    """Yield the nodes of a kind in a section that are in none of its subsections."""
    for child in section.children:
        if not isinstance(child, nodes.section):
            yield from child.findall(kind)


def entry(app, page, name, words):
    """Return a link to a name's entry, or None if it has none."""
    if (found := app.env.domaindata["py"]["objects"].get(name)) is None:
        return None
    place = f"{app.builder.get_relative_uri(page, found.docname)}#{found.node_id}"
    return nodes.reference("", "", words, refuri=place, internal=True, classes=["in-library"])


def end_section(app, section, page):
    """Say at a section's end which names of the library its labels explain."""
    formulas = (
        formula["label"] for formula in own(section, nodes.math_block) if formula.get("label")
    )
    names = [name for label in (*section["ids"], *formulas) for name in explained().get(label, ())]
    links = [
        entry(app, page, name, nodes.literal(text=name.split(".", 2)[2]))
        for name in dict.fromkeys(names)
    ]
    if links:
        line = nodes.paragraph("", "In the library: ", classes=["in-library"])
        for at, link in enumerate(links):
            line += [nodes.Text(", "), link] if at else [link]
        after = next(
            (at for at, child in enumerate(section) if isinstance(child, nodes.section)), None
        )
        section.insert(len(section) if after is None else after, line)


def find_error(app, env, link, words):
    """Find the library's one error where a docstring names it without its package."""
    if link["reftarget"] == "ScbError":
        return entry(app, link["refdoc"], "scb_edu.ScbError", words)
    return None


def setup(app):
    """Register what the functions above do; needs sphinx.ext.autodoc and napoleon."""
    app.add_css_file("library.css")
    app.connect("autodoc-process-docstring", link_docstring, priority=400)  # before napoleon's 500
    app.connect("autodoc-skip-member", skip_plain_fields)
    app.connect("missing-reference", find_error)
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
