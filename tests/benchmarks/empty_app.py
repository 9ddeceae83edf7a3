"""A Flask app that answers nothing: as fast as an answer of ours can be on the same server."""

from flask import Flask

application = Flask(__name__)


@application.get("/")
def answer_nothing() -> str:
    """Answer nothing."""
    return ""
