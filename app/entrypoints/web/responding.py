"""Answering a browser: a whole page, or just the fragment htmx asked for."""

from flask import Response, flash, make_response, render_template, request

from app.entrypoints.languages import translated


def wants_fragment() -> bool:
    """Tell whether htmx will swap the answer into a page that is already open."""
    # On a history restore htmx replaces the whole body, so it needs a whole page.
    restoring = request.headers.get("HX-History-Restore-Request") == "true"
    return request.headers.get("HX-Request") == "true" and not restoring


def respond(page: str, fragment: str, /, *, status: int = 200, **context: object) -> Response:
    """Render the fragment for htmx and the page for everyone else."""
    template = fragment if wants_fragment() else page
    return _varying(make_response(render_template(template, **context), status))


def flash_words(words: str) -> None:
    """Let the page that follows say it, in the language in which it was asked for."""
    flash(str(translated(words)))


def nothing_new() -> Response:
    """Answer a repeated question whose answer has not changed: htmx leaves the page alone."""
    return _varying(Response(status=204))


def _varying(response: Response) -> Response:
    response.vary.update(("HX-Request", "HX-History-Restore-Request"))
    return response
