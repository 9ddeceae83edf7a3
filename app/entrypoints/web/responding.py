"""Answering a browser: a whole page, or just the fragment htmx asked for."""

from flask import (
    Response,
    flash,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
)
from flask.typing import ResponseReturnValue

from app.entrypoints.languages import translated

SAVED = "saved"


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


def lead_on_saved(address: str) -> ResponseReturnValue:
    """Lead to the page that says that it is saved; going back to it sends nothing again."""
    flash(SAVED, SAVED)
    return redirect(address, 303)


def refresh_saved(response: Response) -> Response:
    """Let htmx load the page anew, which then says that it is saved: more of it has changed."""
    flash(SAVED, SAVED)
    response.headers["HX-Refresh"] = "true"
    return response


def was_saved() -> bool:
    """Tell whether the page that follows a form says that it is saved."""
    return bool(get_flashed_messages(category_filter=[SAVED]))


def nothing_new() -> Response:
    """Answer a repeated question whose answer has not changed: htmx leaves the page alone."""
    return _varying(Response(status=204))


def _varying(response: Response) -> Response:
    response.vary.update(("HX-Request", "HX-History-Restore-Request"))
    return response
