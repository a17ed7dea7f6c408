"""What a link stands for goes with the page, so that tips.js can show it in place.

The number of an equation brings the formula, that of a figure or a table its caption, a citation
its entry, a term its definition, a symbol its rows. All of a page is in one JSON script at the end
of its text: nothing is fetched, and the page works from disk.
"""

import json
import os
import posixpath
from functools import cache
from html import escape

import symbols
import terms
from docutils import nodes
from numbered import numbered_table, table_title
from sphinx import addnodes
from sphinxcontrib.bibtex.domain import Citation
from sphinxcontrib.bibtex.transforms import BibliographyTransform


def place_of(link, page):
    """Return the page and the anchor that a link on a page leads to."""
    if "refid" in link:
        return page, link["refid"]
    path, _, anchor = link.get("refuri", "").partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path or f"{page}.html"))
    return target.removesuffix(".html"), anchor


@cache
def doctree_of(app, page):
    """Return a page as it was read; the glossary with the links in its definitions."""
    env, doctree = app.env, app.env.get_doctree(page)
    if page != terms.PAGE:
        return doctree
    return env.get_and_resolve_doctree(page, app.builder, tags=app.tags, doctree=doctree)


@cache
def anchored(app, page):
    """Return what stands on a page by its anchors: nodes, and entries of the bibliography."""
    elements = doctree_of(app, page).findall(nodes.Element)
    found = {anchor: node for node in elements for anchor in node["ids"]}
    cited = app.env.domains["cite"].citations
    return found | {one.citation_id: one for one in cited if one.bibliography_key.docname == page}


def lead_on(app, link, source, page):
    """Let a link that was written for one page lead from another to where it led."""
    target, anchor = place_of(link, source)
    if target in app.env.found_docs:
        link.attributes.pop("refid", None)
        link["refuri"] = f"{app.builder.get_relative_uri(page, target)}#{anchor}".rstrip("#")


def html(app, parts, source, page):
    """Render nodes of one page for another, without anchors, which would be there twice."""
    rendered = []
    for part in parts:
        part = part.deepcopy()
        for node in part.findall(nodes.Element):
            node["ids"] = []
        for link in part.findall(nodes.reference):
            lead_on(app, link, source, page)
        rendered.append(app.builder.render_partial(part)["fragment"].strip())
    short = "".join(rendered).replace(" notranslate nohighlight", "")
    return short.replace(' class="docutils literal notranslate"', "")


def title_of(env, page):
    """Return "chapter 4, Two stages", or the title of a page that has no number."""
    number = env.toc_secnumbers.get(page, {}).get("")
    title = env.titles[page].astext()
    return f"chapter {number[0]}, {title}" if number else title


def equation(app, node, link, page):
    """Return the formula that an equation's number stands for, and where it is from."""
    source, formula = place_of(link, page)[0], node.deepcopy()
    formula["number"] = None
    place = f"Equation {link.astext()}, {title_of(app.env, source)}"
    return html(app, [formula], source, page), place


def resolve(app, part, page):
    """Let the references in a part of a page, as it was read, lead to where they should."""
    for found in list(part.findall(addnodes.pending_xref)):
        resolver = app.env.domains[found["refdomain"]].resolve_xref
        place = found["reftype"], found["reftarget"], found, found[0].deepcopy()
        found.replace_self(resolver(app.env, page, app.builder, *place) or found[0])


def caption(app, node, link, page):
    """Return the caption that the number of a figure or a table stands for."""
    source, words = place_of(link, page)[0], [nodes.Text(table_title(node))]
    if isinstance(node, nodes.figure):
        words = next(node.findall(nodes.caption)).deepcopy().children
    text = nodes.paragraph("", "", *words)
    resolve(app, text, source)
    return html(app, [text], source, page), f"{link.astext()}, {title_of(app.env, source)}"


def entry(app, citation, link, page):
    """Return the entry of the bibliography that a citation stands for."""
    text = BibliographyTransform.backend.paragraph(citation.formatted_entry)
    return html(app, [text], place_of(link, page)[0], page), "Bibliography"


def term(app, node, link, page):
    """Return a term of the glossary with its definition."""
    definition = html(app, node.parent[-1].children, place_of(link, page)[0], page)
    return f"<p><strong>{escape(node.astext())}</strong></p>{definition}", "Glossary"


def row(app, node, link, page):
    """Return what the tables say of a symbol: for each meaning a line, its code and its shape."""
    lines = []
    for found in symbols.meanings(app.env, link.astext().strip(), page):
        cells = (html(app, cell.children, symbols.PAGE, page) for cell in found.cells[:4])
        symbol, meaning, *more = (cell.removeprefix("<p>").removesuffix("</p>") for cell in cells)
        aside = ", ".join(filter(None, more))
        lines.append(f"<dt>{symbol}</dt><dd>{meaning}<div>{aside}</div></dd>")
    return f"<dl>{''.join(lines)}</dl>", "Notation"


def kind(node):
    """Return the function that knows what to show of a target, or None."""
    kinds = {nodes.math_block: equation, Citation: entry, nodes.term: term, nodes.math: row}
    kinds |= {nodes.figure: caption, numbered_table: caption}
    return kinds.get(type(node))


def tips_of(app, doctree, page):
    """Return by the address of each link what is shown in its place, as HTML."""
    tips = {}
    for link in doctree.findall(nodes.reference):
        target, anchor = place_of(link, page)
        node = anchored(app, target).get(anchor) if target in app.env.found_docs else None
        if show := kind(node):
            address = link.get("refuri") or f"#{link['refid']}"
            text, place = show(app, node, link, page)
            there = f'<a href="{escape(address)}">{escape(place)}</a>'
            tips[address] = f'{text}<p class="tip-place">{there}</p>'
    return tips


def add_tips(app, page, template, context, doctree):
    """Append the tips of a page to its text, and let it have MathJax for their formulas."""
    if doctree is not None and (tips := tips_of(app, doctree, page)):
        data = json.dumps(tips, ensure_ascii=False).replace("</", "<\\/")
        context["body"] += f'<script type="application/json" id="tips">{data}</script>'
        context["has_maths_elements"] = True


def note_change(app, env, added, changed, removed):
    """Remember whether any page is read anew: its formulas and terms stand in others, too."""
    env.pages_changed = bool(added | changed | removed)
    return []


def rewrite_all(app, env):
    """After a change, write the tips of all pages anew; not for a quick look at one."""
    quick = "SCB_EDU_PAGE" in os.environ
    return env.found_docs if env.pages_changed and not quick else []


def setup(app):
    """Register what the functions above do."""
    app.connect("env-get-outdated", note_change)
    app.connect("env-updated", rewrite_all)
    app.add_css_file("reader.css")
    app.add_js_file("tips.js")
    app.connect("html-page-context", add_tips, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
