"""Every door into the app, and what stands behind it when nobody opens."""

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, SecurityError, ServiceUnavailable

from app.entrypoints import csrf, problems
from app.entrypoints.api import api
from app.entrypoints.api.description import description
from app.entrypoints.api.events import events
from app.entrypoints.api.metrics import metrics
from app.entrypoints.api.short_way import register_short_way
from app.entrypoints.health import health
from app.entrypoints.languages import register_languages
from app.entrypoints.limiting import register_limits
from app.entrypoints.observing import register_observing
from app.entrypoints.packing import register_packing
from app.entrypoints.security_headers import register_security_headers
from app.entrypoints.web import web
from app.entrypoints.web.errors import show_http_error
from app.entrypoints.webhooks import webhooks
from app.entrypoints.whole_bodies import register_whole_bodies
from app.foundation.errors import DomainError
from app.foundation.store_away import STORE_AWAY

FOR_PROGRAMS = ("/v1", "/api", "/webhooks", "/healthz", "/readyz", "/metrics")
REFUSED_FROM = 400


def register_doors(app: Flask) -> None:
    """Give the app its addresses and its answers to whatever goes wrong."""
    # First in, last out: whatever others do to a request or an answer is seen.
    register_observing(app)
    register_packing(app)
    # Before anybody reads a body.
    register_whole_bodies(app)
    csrf.register_csrf(app)
    register_languages(app)
    app.register_blueprint(web)
    app.register_blueprint(api, url_prefix="/v1/billing")
    app.register_blueprint(description, url_prefix="/v1")
    app.register_blueprint(events, url_prefix="/api/v1")
    app.register_blueprint(webhooks, url_prefix="/webhooks")
    app.register_blueprint(health)
    app.register_blueprint(metrics)
    for door in ("api", "events", "webhooks"):
        csrf.exempt(app, door=door)
    register_security_headers(app)
    register_limits(app, app.config["SETTINGS"])
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(DomainError, problems.refused)
    register_short_way(app)
    for away in STORE_AWAY:
        app.register_error_handler(away, _answer_store_away)


def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    # Redirects and finished answers travel as exceptions, too.
    if error.response is not None or (error.code or 500) < REFUSED_FROM:
        return error
    # Who names a host that is none of ours gets no page: its links would lead there.
    for_programs = _is_for_programs() or isinstance(error, SecurityError)
    return problems.http_error(error) if for_programs else show_http_error(error)


def _answer_store_away(error: Exception) -> ResponseReturnValue:
    # What the driver says, and not each statement that was refused: those are thousands.
    said = str(getattr(error, "orig", None) or error)
    current_app.logger.warning("The database is away: %s", said.partition("\n")[0])
    if _is_for_programs():
        return problems.store_away()
    return show_http_error(ServiceUnavailable(retry_after=problems.RETRY_AFTER_SECONDS[503]))


def _is_for_programs() -> bool:
    return any(request.path == door or request.path.startswith(f"{door}/") for door in FOR_PROGRAMS)
