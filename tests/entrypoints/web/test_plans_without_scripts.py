"""The plans page where no script opens what lies over it."""

import re
from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient

from app.entrypoints.gateways import GATEWAYS
from tests.entrypoints.web.conftest import signed_in
from tests.factories.accounts import make_account
from tests.fakes.payment_gateway import FakeGateway

CANCELLING = "/plans?cancelling=1#cancel-plan-plain"


def test_asks_whether_to_cancel(app: Flask, now: datetime, password_hash: str) -> None:
    app.config[GATEWAYS] = {"stripe": FakeGateway()}
    cleo = make_account("cleo", now=now, plan_id="plan-pro", password_hash=password_hash)
    cleos = signed_in(app, cleo)
    shut = cleos.get("/plans").text
    assert f'href="{CANCELLING}"' in shut
    assert '<details id="cancel-plan-plain" class="no-script">' in shut
    asked = cleos.get(CANCELLING).text
    assert '<details id="cancel-plan-plain" class="no-script" open>' in asked
    # Whoever would rather not comes back to where he was.
    assert '<a class="button" href="/plans">Keep it</a>' in asked


def test_a_preview_has_a_dialog_and_a_page(adas: FlaskClient) -> None:
    page = adas.get("/plans").text
    dialog = page[page.index('id="plan-preview"') :]
    assert dialog.index(" popover ") < dialog.index('<section id="preview"></section>')
    # Whoever has no script is led to the page.
    assert re.search(r'<a id="preview-plan-pro"[^>]*href="/plans/plan-pro"', page)
    assert "data-has-address" not in adas.get("/plans/plan-pro").text
