"""Pages of docs/ that scripts/generate_pages writes."""


class PageFailure(Exception):
    """A page cannot be made; the message is one line."""
