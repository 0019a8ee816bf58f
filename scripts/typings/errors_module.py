"""The module with the exceptions for the errors that dstok answers."""

from typings.layout import docstring
from typings.types_module import HEADER

HEAD = f'''\
{HEADER}
"""The exceptions for errors that dstok answers, with the descriptions of the protocol."""

from ._errors import AnsweredError
'''
TAIL = '''


BY_CODE = {kind.code: kind for kind in AnsweredError.__subclasses__()}
"""Those exceptions by their codes."""
'''
# A client writes JSON only: an answer that it is none has no exception of its own.
UNSEEN = "ParseError"
OF_PYTHON = {"InvalidParams": "ValueError"}


def errors_module(document):
    """Return the module."""
    module = HEAD
    for name, error in document["components"]["errors"].items():
        if name != UNSEEN:
            module += "\n\n" + exception(name, error)
    return module.rstrip() + TAIL


def exception(name, error):
    """Return the class for an error."""
    bases = ", ".join(filter(None, ["AnsweredError", OF_PYTHON.get(name)]))
    name = "PolicyError" if name == "Policy" else name
    kind = error["data"]["properties"]["kind"]["enum"][0]
    return (
        f"class {name}({bases}):\n{docstring(error['message'], indent=4)}\n\n"
        f'    kind, code = "{kind}", {error["code"]}\n'
    )
