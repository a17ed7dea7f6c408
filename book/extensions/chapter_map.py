"""The list of chapters on map.md becomes a map: arcs lead from each chapter to what it needs.

The list is the one source: of each entry the first reference is the chapter, the others are what it
needs. Jupyter Book and JupyterLab show the list as it stands; here it also has the arcs, which say
nothing that the words beside them do not. The welcome page gets a line that leads here, and that
memory.js turns into "Continue where you stopped".
"""

from docutils import nodes
from sphinx import addnodes

PAGE = "map"
WAY = '<a href="{address}">Find your way</a>: what to read in 10 minutes, an hour or a term.'
LINE = f'<p id="continue"><span>New here? {WAY}</span></p>'


def labels(entry):
    """Return the labels that an entry of the list refers to."""
    return [link["reftarget"] for link in entry.findall(addnodes.pending_xref)]


def arcs(spans):
    """Draw arcs from the middle of an entry up to entries so many places above it."""
    height = 100 * max(spans)
    paths = []
    for span in spans:
        end, bulge = height - 100 * span, max(0, 88 - 16 * span)
        paths.append(f'<path d="M100 {height}C{bulge} {height},{bulge} {end},100 {end}"/>')
    box = f'viewBox="0 0 100 {height}" preserveAspectRatio="none" style="height:{height}%"'
    return f'<svg aria-hidden="true" {box}>{"".join(paths)}</svg>'


def draw_map(app, doctree):
    """Give each chapter of the list its arcs."""
    if app.env.docname != PAGE:
        return
    chapters = next(doctree.findall(nodes.enumerated_list))
    chapters["classes"].append("chapter-map")
    places = {labels(entry)[0]: at for at, entry in enumerate(chapters)}
    for at, entry in enumerate(chapters):
        needed = [places[label] for label in labels(entry)[1:] if label in places]
        if needed:
            svg = arcs([at - place for place in needed])
            entry.insert(0, nodes.raw("", svg, format="html"))


def lead_to_map(app, page, template, context, doctree):
    """Put the line below the title of the welcome page."""
    if page == app.config.root_doc and PAGE in app.env.found_docs:
        address = app.builder.get_relative_uri(page, PAGE)
        line = LINE.format(address=address)
        context["body"] = context["body"].replace("</h1>", f"</h1>{line}", 1)


def setup(app):
    """Register what the functions above do."""
    app.add_js_file("memory.js")
    app.connect("doctree-read", draw_map)
    app.connect("html-page-context", lead_to_map)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
