"""The description of the API: `/v1/openapi.json` for programs, `/v1/docs` for people."""

from flask import Blueprint, Response, current_app, render_template

from app.entrypoints.api.answering import answer
from app.entrypoints.api.describing.document import (
    CALLS,
    KEYS,
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
    with speaking(ENGLISH):
        return render_template(
            "web/docs/index.html",
            calls=CALLS,
            callers=Caller,
            keys=KEYS,
            shapes=SHAPES,
            refused_often=refused_often(),
            base_url=current_app.config["SETTINGS"].base_url,
        )
