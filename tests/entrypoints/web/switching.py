"""Switching the plan as a browser does: what a preview shows is sent back with its button."""

import re

from flask.testing import FlaskClient

AGREED = re.compile(r'name="(previewed_at|terms|card)" value="([^"]+)"')


def confirm(browser: FlaskClient, plan_id: str, *, consent: str = "", provider: str = "stripe"):
    """Look at the preview and press its button, or another one of it."""
    shown = agreed_in(browser.get(f"/plans/{plan_id}").text)
    return browser.post(
        "/plans", data={"plan_id": plan_id, **shown, "consent": consent, "provider": provider}
    )


def agreed_in(page: str) -> dict[str, str]:
    """Return what the form of a preview sends of what it shows."""
    shown = dict(AGREED.findall(page))
    assert {"previewed_at", "terms"} <= shown.keys(), "a preview"
    return shown
