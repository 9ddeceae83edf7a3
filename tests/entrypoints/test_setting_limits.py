"""Settings whose change costs others something change only so often an hour."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from zoneinfo import available_timezones

import pytest
from flask import Flask

from app.domain.accounts import passwords
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.entrypoints import setting_limits
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation.database import session
from app.foundation.outbox import OutboxEntry
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import PASSWORD, signed_in
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.threads import in_parallel

CROWD, ALLOWED = 32, 3
SETTINGS = "/v1/billing/settings"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only a few of them through."""
    for name, limit in setting_limits.LIMITS.items():
        monkeypatch.setitem(setting_limits.LIMITS, name, replace(limit, times=ALLOWED))


@pytest.fixture
def ada(app: Flask, now: datetime) -> Account:
    """A customer who signs in, too."""
    return make_account("ada", now=now, password_hash=passwords.hash_password(PASSWORD))


@pytest.fixture
def by_ada(ada: Account) -> dict[str, str]:
    """Headers that a program of Ada's sends."""
    return bearer(KeyKind.CUSTOMER, user_id=ada.id)


def put(client, headers, **changes: object) -> int:
    return client.put(SETTINGS, headers=headers, json=changes).status_code


def letters() -> Counter[str]:
    return Counter(mail.address for mail in session.query(Mail))


def test_nobody_fills_the_mailbox_of_a_stranger(client, ben: Account, by_ada) -> None:
    wanted = ["stranger@example.org", None, "stranger@example.org", "other@example.org", None]
    answers = [put(client, by_ada, billing_email=email) for email in wanted]
    assert answers == [200] * ALLOWED + [429] * 2
    assert letters() == {"stranger@example.org": ALLOWED, "ada@example.com": ALLOWED}
    assert put(client, by_ada, alert_threshold=5) == 200
    assert (
        put(client, bearer(KeyKind.CUSTOMER, user_id=ben.id), billing_email="stranger@example.org")
        == 200
    )


def test_what_stays_is_not_counted(client, by_ada) -> None:
    same = {"billing_email": " Bills@Example.com", "timezone": "Asia/Tokyo"}
    assert [put(client, by_ada, **same) for _ in range(ALLOWED + 2)] == [200] * (ALLOWED + 2)


def test_nor_is_what_is_wrong(client, by_ada) -> None:
    wrong = [put(client, by_ada, billing_email="nobody") for _ in range(ALLOWED + 2)]
    assert wrong == [422] * (ALLOWED + 2)
    assert put(client, by_ada, billing_email="bills@example.com") == 200


def test_nor_with_alerts_at_thresholds_that_never_stay(
    app: Flask, ada: Account, client, by_ada
) -> None:
    spends = [put(client, by_ada, alert_spend=spend) for spend in (9, 9, 8, 7)]
    assert spends == [200] * 4
    assert put(client, by_ada, alert_percents=[50]) == 429
    assert put(client, by_ada, alert_spend=7, alert_percents=[50, 80, 100]) == 200
    answer = signed_in(app, ada).post("/alerts", data={"alert_threshold": "5"})
    assert answer.status_code == 429


def test_forms_count_along(app: Flask, ada: Account, client, by_ada) -> None:
    zones = ["Asia/Tokyo", "UTC", "Asia/Tokyo"]
    assert [put(client, by_ada, timezone=zone) for zone in zones] == [200] * ALLOWED
    browser = signed_in(app, ada)
    sent = {"billing_email": "", "timezone": "Asia/Tokyo"}
    assert browser.post("/settings", data=sent).status_code == 303
    assert browser.post("/settings", data={**sent, "timezone": "UTC"}).status_code == 429


def test_charts_are_cut_anew_once_for_all_changes_before(client, by_ada) -> None:
    for zone in ("Asia/Tokyo", "UTC", "Asia/Tokyo"):
        put(client, by_ada, timezone=zone)
    promised = session.query(OutboxEntry).filter_by(kind="rebuild_rollups")
    assert promised.count() == 1
    work_off_outbox()
    assert promised.filter(OutboxEntry.done_at.is_(None)).count() == 0


PLACES = sorted(zone for zone in available_timezones() if zone.startswith("Asia/"))[:CROWD]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("billing_email", [f"bills-{n}@example.org" for n in range(CROWD)]),
        ("alert_threshold", [n + 1 for n in range(CROWD)]),
        ("timezone", PLACES),
    ],
    ids=["addresses", "thresholds", "zones"],
)
def test_all_at_once_as_many_come_through(
    app: Flask, ada: Account, name: str, values: list
) -> None:
    headers = bearer(KeyKind.CUSTOMER, user_id="ada")
    puts = [lambda v=value: put(app.test_client(), headers, **{name: v}) for value in values]
    assert Counter(in_parallel(app, puts)) == {200: ALLOWED, 429: CROWD - ALLOWED}
