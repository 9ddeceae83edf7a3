"""The seal of this installation, for whoever keeps secrets in its database."""

from flask import current_app

from app.foundation.sealing import Seal, seal_of


def seal() -> Seal:
    """Return the seal that SECRET_KEY gives."""
    return seal_of(current_app.config["SETTINGS"].secret_key)
