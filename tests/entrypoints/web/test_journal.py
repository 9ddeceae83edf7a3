"""The journal page: the customer's own, in words, and page by page."""

import re

from app.domain.accounts import operations, security_journal, standing
from app.domain.accounts.security_journal import Event
from app.foundation import journal
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import HTMX, words_of
from tests.factories.payments import make_card, make_paid, make_refund
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

PAGE = "/settings/security/journal"


def test_wants_a_session(client) -> None:
    assert client.get(PAGE).location == f"/login?next={PAGE}"


def test_tells_what_the_customer_and_what_we_did(adas, ada) -> None:
    with transaction():
        changes = {"alert_threshold": 9}
        operations.change_settings(ada, changes, actor="customer:ada", now=NOW)
        locked = standing.lock_customer("ada")
        standing.suspend(locked, reason="Only for us.", actor="operator:olga", now=NOW)
        journal.write("usage_voided", actor="gateway:x", user_id="ada", now=NOW)
    page = words_of(adas.get(PAGE).text)
    assert "Signed in" in page
    assert "Settings changed" in page and "alert by tokens left" in page
    assert "Account suspended" in page and "By us" in page
    assert "Usage voided" in page and "The gateway" in page
    assert "olga" not in page and "Only for us." not in page


def test_calls_plans_by_their_names(adas, ada) -> None:
    with transaction():
        for action, details in (
            ("subscription_cancelled", {"plan": "plan-basic"}),
            ("plan_changed", {"plan": "plan-payg"}),
        ):
            journal.write(action, actor="customer:ada", user_id="ada", now=NOW, details=details)
    page = words_of(adas.get(PAGE).text)
    assert re.search(r"Plan cancelled .{20,40} You – – Basic", page)
    assert re.search(r"Plan changed .{20,40} You – – Pay as you go", page)
    assert "plan-basic" not in page and "plan-payg" not in page


def test_tells_of_money_and_by_whom_it_moved(adas, ada) -> None:
    payment = make_paid(ada, gateway=FakeGateway())
    make_card(ada)
    refund = make_refund(payment)
    with transaction():
        details = {"payment": "pay-1", "dispute": 1, "amount_minor": 1_234, "reason": "fraudulent"}
        journal.write(
            "dispute_opened", actor="provider:paypal", user_id="ada", now=NOW, details=details
        )
        journal.write("suspension_lifted", actor="system", user_id="ada", now=NOW)
    page = words_of(adas.get(PAGE).text)
    when = r"\d+ \w+ \d+, [\d:]+"
    for what, who in (
        ("Payment begun", "You"),
        ("Payment settled", "The payment provider – – \\$12.34, INV-"),
        ("Card saved", "You"),
        ("Refund begun", f"By us – – \\${refund.amount_minor // 100}.34"),
        ("Dispute opened", "The payment provider – – \\$12.34 "),
        ("Suspension ended by payment", "By itself"),
    ):
        assert re.search(f"{what} {when} {who}", page), what
    assert "olga" not in page and "fraudulent" not in page


def test_tells_nothing_of_bens(adas, bens, ben) -> None:
    with transaction():
        details = {"key": "bens-own-key"}
        journal.write(Event.KEY_MADE, actor="customer:ben", user_id="ben", now=NOW, details=details)
    assert "bens-own-key" not in adas.get(PAGE).text
    assert "bens-own-key" in bens.get(PAGE).text


def test_goes_back_page_by_page(adas, ada) -> None:
    with transaction():
        for number in range(60):
            details = {"key": f"key-{number}-"}
            journal.write(
                Event.KEY_MADE, actor="customer:ada", user_id="ada", now=NOW, details=details
            )
    seen, before = "", None
    for _ in range(3):
        address = PAGE if before is None else f"{PAGE}?before={before}"
        page = adas.get(address, headers=HTMX).text
        assert "<html" not in page
        seen += page
        found = security_journal.everything_of(ada, limit=25, before=before)
        before = found.older_before
    assert before is None
    assert all(f"key-{number}-" in seen for number in range(60))


def test_narrows_it_to_what_it_is_about(adas, ada) -> None:
    with transaction():
        changes = {"alert_threshold": 9}
        operations.change_settings(ada, changes, actor="customer:ada", now=NOW)
    account = adas.get(f"{PAGE}?about=account").text
    assert "Settings changed" in account and "Signed in" not in account
    assert '<option value="account" selected>Account and settings</option>' in account
    security = adas.get(f"{PAGE}?about=security", headers=HTMX).text
    assert "Signed in" in security and "Settings changed" not in security
    assert "Nothing of this kind so far" in adas.get(f"{PAGE}?about=money").text
    assert "Signed in" in adas.get(f"{PAGE}?about=nonsense").text


def test_takes_any_row_for_one(adas) -> None:
    for before in ("x", "-1", "9" * 30):
        assert adas.get(f"{PAGE}?before={before}").status_code == 200
    assert "Show the newest" in adas.get(f"{PAGE}?before=1").text
