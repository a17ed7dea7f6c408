"""Each built page says which scripts may run in it: a Content-Security-Policy in its head.

Those beside the pages, and those that stand in the page as it was built, which are told by their
hashes. So what gets into a page later, through a link or a reader's own input, runs nowhere, and no
script may ask anything of a network. A page from disk keeps it as one from a server does, since it
is no header.
"""

import base64
import hashlib
import re
from pathlib import Path

from sphinx.util import logging

INLINE = re.compile(r"<script(?![^>]*(?:\bsrc=|json))[^>]*>(.*?)</script>", flags=re.DOTALL)
CHARSET = '<meta charset="utf-8" />'
MARK = '<meta http-equiv="Content-Security-Policy"'
# what the theme's two buttons do
HANDLERS = ("window.print()", "toggleFullScreen()")


def hashes(scripts):
    """Return scripts as a policy names them, each once."""
    digests = {hashlib.sha256(script.encode()).digest() for script in scripts}
    return " ".join(sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))


def policy(text):
    """Return the policy under which a page works.

    Formulas and drawings bring styles of their own, drawings and glyphs of the theme are data.
    """
    rules = (
        "default-src 'none'",
        f"script-src 'self' {hashes(INLINE.findall(text))} 'unsafe-hashes' {hashes(HANDLERS)}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
    )
    return "; ".join(rules)


def put_in_head(page):
    """Write its policy into a page that has none yet."""
    text = page.read_text("utf-8")
    if MARK not in text:
        before, found, after = text.partition(CHARSET)
        if not found:
            logging.getLogger(__name__).warning(f"{page.name}: expected {CHARSET}, found none.")
        page.write_text(f'{before}{found}\n    {MARK} content="{policy(text)}" />{after}', "utf-8")


def put_in_heads(app, failed):
    """Write the policies when all pages are there."""
    if app.builder.format == "html" and not failed:
        for page in Path(app.outdir).rglob("*.html"):
            if "_static" not in page.relative_to(app.outdir).parts:
                put_in_head(page)


def setup(app):
    """Register what is done with the built pages."""
    app.connect("build-finished", put_in_heads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
