"""Where a visitor may be sent after signing in, and what his session's end stops."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.accounts import operations, sessions
from app.domain.accounts.models import Account
from app.domain.payments.consent import VERSION
from app.entrypoints import web
from app.entrypoints.web.signing_in import own_path
from app.foundation import clock
from tests.entrypoints.web.conftest import HTMX


@pytest.mark.parametrize("address", ["/", "/usage", "/usage?range=7d&from=", "/a//b", "/?next=//x"])
def test_our_own_paths_are_kept(address) -> None:
    assert own_path(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "usage",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "/a\nSet-Cookie: x",
        "/ok\\..\\evil",
        "javascript:alert(1)",
        " /usage",
    ],
)
def test_everything_else_leads_home(address) -> None:
    assert own_path(address) == "/"


class TestLostForms:
    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
    def test_are_told_of_once(self, client: FlaskClient, headers: dict[str, str]) -> None:
        client.post("/keys", data={"name": "x"}, headers=headers)
        page = client.get("/login?next=/keys").text
        assert "Your session has ended; nothing was saved." in page
        assert "Your session has ended" not in client.get("/login?next=/keys").text

    def test_are_none_where_nothing_was_sent(self, client: FlaskClient) -> None:
        client.get("/keys")
        client.get("/usage", headers=HTMX)
        assert "Your session has ended" not in client.get("/login?next=/keys").text


WEB = Path(web.__file__).parent
# What is done before anybody is signed in or by a link of a mail, and what only counts or notes.
FOR_OTHERS = {"access.py", "codes.py", "links.py", "signing_in.py", "operator/seeing.py"}


def test_whatever_a_page_changes_its_session_is_looked_at() -> None:
    found = {
        str(file.relative_to(WEB))
        for file in WEB.rglob("*.py")
        if re.search(r"\btransaction\(\)", file.read_text())
    }
    assert found == FOR_OTHERS


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/alerts", {"alert_threshold": "5"}),
        ("/coupons", {"coupon_code": "SPRING"}),
        ("/invoices/inv-1/pay", {"provider": "stripe"}),
        ("/keys", {"name": "Reporting"}),
        ("/language", {"locale": "zh"}),
        ("/payment-methods", {"consent": VERSION}),
        ("/payment-methods/1/default", {}),
        ("/payment-methods/1/remove", {}),
        ("/plans", {"plan_id": "plan-basic", "previewed_at": "2026-11-05T10:00:00Z", "terms": "0"}),
        ("/plans/cancel", {}),
        ("/plans/resume", {}),
        ("/settings", {"billing_address": "Here 1"}),
        ("/settings/data/delete", {"email": "ada@example.com"}),
        ("/settings/data/download", {}),
        ("/settings/data/keep", {}),
        ("/settings/security/email", {"email": "new@example.com"}),
        ("/settings/security/email/keep", {}),
        ("/settings/security/factor/begin", {}),
        ("/settings/security/factor/off", {}),
        ("/settings/security/sessions/end-others", {}),
        ("/settings/security/verification", {}),
        ("/tokens", {"auto_topup_threshold": "5"}),
        ("/tokens/buy", {"amount": "5", "provider": "stripe"}),
        ("/tokens/finish/inv-1", {}),
    ],
)
def test_nothing_comes_of_what_a_session_does_that_ends_meanwhile(
    adas, monkeypatch, path: str, form: dict[str, str]
) -> None:
    real = operations.lock_in_use

    def lock_in_use(user_id: str) -> Account:
        # Whoever held the account before has ended it.
        account = real(user_id)
        sessions.end_all(account, now=clock.now())
        return account

    monkeypatch.setattr(operations, "lock_in_use", lock_in_use)
    answer = adas.post(path, data=form)
    assert answer.status_code == 404 and "This session has ended." in answer.text
