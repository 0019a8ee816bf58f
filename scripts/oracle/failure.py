"""The errors that the driver and the reference server answer."""


class Failure(Exception):
    """An answer that is an error.

    `kind` (str) is one of the kinds that the driver's documentation lists;
    `param` (str or None) names the parameter at fault in an invalid_params.
    """

    def __init__(self, kind, message, param=None):
        super().__init__(message)
        self.kind = kind
        self.param = param
