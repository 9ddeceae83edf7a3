"""The description of the API: `/v1/openapi.json` for programs, `/v1/docs` for people."""

from functools import lru_cache

from flask import Blueprint, Response, current_app, render_template

from app.config import Settings
from app.entrypoints.api.answering import answer
from app.entrypoints.api.describing.document import (
    CALLS,
    KEYS,
    OWN_BODIES,
    SHAPES,
    document,
    refused_often,
)
from app.entrypoints.api.describing.parts import Caller
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.languages import speaking
from app.foundation.languages import ENGLISH

description = Blueprint("description", __name__)


@description.get("/openapi.json")
def openapi() -> Response:
    """Answer the description as an OpenAPI 3.1 document."""
    Parameters().check()
    settings = current_app.config["SETTINGS"]
    return answer(document(title=settings.brand_name, address=settings.base_url))


@description.get("/docs")
def docs() -> str:
    """Show the description as a page, in English as the API itself is."""
    return _page(current_app.config["SETTINGS"])


@lru_cache(maxsize=2)
def _page(settings: Settings) -> str:
    # It is the same for everyone, and takes ten times as long to draw as any other: drawn for each
    # stranger who asks, it would be the cheapest way to keep us busy.
    with speaking(ENGLISH):
        return render_template(
            "web/docs/index.html",
            calls=CALLS,
            callers=Caller,
            keys=KEYS,
            shapes=SHAPES,
            own_bodies=OWN_BODIES,
            refused_often=refused_often(),
            base_url=settings.base_url,
        )
