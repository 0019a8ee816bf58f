"""Make links that work in a checkout work on the site too.

Pages link to files of the repository by relative paths. Some of these files are pages of the site,
which include them. Other files become downloads, and folders plain text.
"""

import os.path
import re

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = {
    "CHANGELOG.md": "reference/changelog.md",
    "README.md": "index.md",
    "SECURITY.md": "explanation/security.md",
    "compat-fixtures/README.md": "reference/fixtures.md",
    "examples/gateway/README.md": "how-to/gateway.md",
    "plugin/README.md": "reference/plugin.md",
}
LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def setup(app):
    """Register with Sphinx."""
    app.connect("source-read", read_source)
    app.connect("include-read", read_included)
    return {"version": "1", "parallel_read_safe": True}


def read_source(app, docname, source):
    """Rewrite the links of a page."""
    source[0] = rewrite(source[0], os.path.dirname(f"docs/{docname}"))


def read_included(app, path, docname, source):
    """Rewrite the links of an included file; its path is relative to docs/."""
    source[0] = rewrite(source[0], os.path.dirname(os.path.normpath(f"docs/{path}")))


def rewrite(text, folder):
    """Return `text` with its links as the site has them. `folder` is where they start from."""
    return LINK.sub(lambda link: site_link(*link.groups(default=""), folder=folder) or link[0], text)


def site_link(text, target, anchor, *, folder):
    """Return a link for the site; None leaves it as it is, for Sphinx to check."""
    path = os.path.normpath(os.path.join(folder, target))
    page = PAGES.get(path) or path.removeprefix("docs/")
    if path in PAGES or (page != path and page.endswith(".md")):
        return f"[{text}](/{page}{anchor})"
    whole = os.path.join(REPOSITORY, path)
    if os.path.isfile(whole):
        return f"{{download}}`{text.replace('`', '')} </../{path}>`"
    return text if os.path.isdir(whole) else None
