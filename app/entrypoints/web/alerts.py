"""Alerts: when the customer wants to be told, where that lies now, and what he was told."""

from flask import Blueprint

pages = Blueprint("alerts", __name__)
