"""The customer's dashboard: server-rendered pages and htmx fragments."""

from flask import Blueprint

web = Blueprint("web", __name__)
