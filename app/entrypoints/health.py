"""What a load balancer asks: is the process alive, and may it get requests."""

from pathlib import Path

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from app.foundation import readiness

health = Blueprint("health", __name__)


@health.get("/healthz")
def is_alive() -> ResponseReturnValue:
    """Answer that the process runs."""
    return {"status": "ok"}


@health.get("/readyz")
def is_ready() -> ResponseReturnValue:
    """Answer whether the database can be worked with, and if not, what is missing."""
    if not readiness.answers():
        return _not_ready("database", "The database cannot be reached.")
    if not readiness.is_migrated(Path(current_app.extensions["migrate"].directory)):
        return _not_ready("migrations", "The database does not have the newest schema.")
    return {"status": "ready"}


def _not_ready(missing: str, detail: str) -> ResponseReturnValue:
    return {"status": "not_ready", "missing": missing, "detail": detail}, 503
