"""The JSON API under `/v1/billing`: for customers' programs, gateways and operators' programs."""

from flask import Blueprint

from app.entrypoints.api import usage

api = Blueprint("api", __name__)
api.register_blueprint(usage.calls)
