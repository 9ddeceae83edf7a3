"""A local stand-in for payment providers: a program of its own, where no real money moves.

It shares nothing with the billing app. The app speaks to it as to Stripe and PayPal: through
their own SDKs, over HTTP, with nothing but another address.
"""

import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.core import EXTENSION, Sandbox
from app.sandbox.guarding import guard
from app.sandbox.panel import panel
from app.sandbox.paypal.api import api as paypal_api
from app.sandbox.paypal.approval_page import approval_page
from app.sandbox.settings import SandboxSettings
from app.sandbox.storage import Storage
from app.sandbox.stripe.api import create_api
from app.sandbox.stripe.hosted_page import hosted_page

ROOT = Path(__file__).resolve().parents[2]
BODY_MAX_BYTES = 256 * 1024


def create_sandbox(settings: SandboxSettings, *, clock: Callable[[], float] = time.time) -> Flask:
    """Build the sandbox. Webhooks go out only where `serving` runs it."""
    app = Flask(
        __name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    app.jinja_env.globals["merchant_name"] = settings.merchant_name
    app.extensions[EXTENSION] = Sandbox(settings, Storage(settings.database), clock)
    guard(app)
    app.register_blueprint(create_api())
    app.register_blueprint(hosted_page)
    app.register_blueprint(paypal_api)
    app.register_blueprint(approval_page)
    app.register_blueprint(panel)
    return app
