"""The billing dashboard of a gateway that resells LLM tokens.

`create_app` is what a WSGI server, or Flask's own command, looks for here.
"""

from importlib import import_module


def __getattr__(name: str) -> object:
    """Find `create_app`: the command line and the sandbox start without all that it builds."""
    if name == "create_app":
        return import_module("app.application").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
