"""A client in a subinterpreter. Usage: subinterpreter.py isolated|legacy

An isolated one has a GIL of its own from Python 3.12 on. A legacy one shares the main
interpreter's, as those of mod_wsgi do.
"""

import importlib
import sys
from typing import Any

CODE = f"""if True:
    import sys
    sys.path[:] = {sys.path!r}
    try:
        import dstok
    except ImportError as error:
        print("refuses:", error)
    else:
        from exercise import exercise, new_client
        try:
            with new_client() as client:
                client.ping()
                exercise(client)
            print("works")
        except dstok.ProcessDied as error:
            print("refuses:", error)
    sys.stdout.flush()
"""


def run(isolated: bool) -> None:
    """Run the code in a subinterpreter."""
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    interpreters: Any = importlib.import_module(name)
    if sys.version_info >= (3, 13):
        interpreter = interpreters.create("isolated" if isolated else "legacy")
    else:
        interpreter = interpreters.create(isolated=isolated)
    failure = interpreters.run_string(interpreter, CODE)
    if failure is not None:
        sys.exit(failure.formatted)
    interpreters.destroy(interpreter)


run(sys.argv[1] == "isolated")
