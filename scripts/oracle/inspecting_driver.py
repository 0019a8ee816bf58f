"""The driver, which answers `inspect_token` besides; runs inside an environment's Python.

Datasette has no such method: the module inspection answers it from what Datasette has.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # isolated mode leaves it out

import driver
from failure import Failure
from inspection import inspect_token

driver.PARAMETERS["inspect_token"] = {"token": driver.REQUIRED, "now": None}


class InspectingOracle(driver.Oracle):
    """An Oracle with one method more."""

    def run(self, method, config, now, arguments):
        """As driver.Oracle.run; for inspect_token `config` need have no secret."""
        if method != "inspect_token":
            return super().run(method, config, now, arguments)
        if driver.datasette.__version__.startswith("0."):
            raise Failure("not_supported", f"Datasette {driver.datasette.__version__} has no API tokens")
        return inspect_token(self, {"secret": None, **config}, arguments["token"], now)


if __name__ == "__main__":
    driver.run_alone("inspecting_driver", lambda: driver.serve(InspectingOracle()))
