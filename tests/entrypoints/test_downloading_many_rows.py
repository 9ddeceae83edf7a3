"""Files are made while they are sent: however long they are, they take the same memory."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts import passwords
from app.domain.usage.models import UsageMonthly
from app.foundation import clock
from app.foundation.bulk import insert_rows
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from tests.databases import on_postgresql, on_sqlite
from tests.entrypoints.web.conftest import PASSWORD
from tests.factories.accounts import make_account
from tests.factories.long_history import AT_ONCE, NO_SUMS, make_records

FEW, MANY = 5_000, 100_000
# The longer file's rows, or its text, would take several times as much.
GROWTH_KIB_MAX = 16 * 1024
RESET_MARK, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
APART = timedelta(milliseconds=300)
# A customer has used few models, all of them together not many more.
MODELS = 50
MONTHS = {FEW: BillingMonth(2025, 1), MANY: BillingMonth(2025, 2)}
Browsers = dict[int, FlaskClient]

pytestmark = pytest.mark.skipif(
    not RESET_MARK.exists(), reason="only Linux tells how much memory was taken at the most"
)


@pytest.fixture
def browsers(app: Flask) -> Browsers:
    """Whoever has few records, and whoever has many, signed in."""
    app.test_client_class = FlaskClient
    now, known = clock.now(), passwords.hash_password(PASSWORD)
    signed_in = {}
    for number in (FEW, MANY):
        account = make_account(f"user-{number}", now=now, password_hash=known)
        make_records(account.id, number, now=now, apart=APART)
        signed_in[number] = browser_of(app, account.email)
    session.remove()
    return signed_in


def browser_of(app: Flask, email: str) -> FlaskClient:
    browser = app.test_client()
    answer = browser.post("/login", data={"email": email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def peaks(ask: Callable[[int], TestResponse]) -> dict[int, int]:
    """Return how much memory each file took at the most, while it was read and let go."""
    # What is made only once is made before.
    peak(ask(FEW))
    return {number: peak(ask(number)) for number in (FEW, MANY)}


def peak(answer: TestResponse) -> int:
    """Return the most memory that the process had while the answer was read, in KiB."""
    assert answer.status_code == 200
    # Tracing every allocation would take minutes: the kernel keeps the mark for nothing.
    RESET_MARK.write_text("5")
    assert sum(len(part) for part in answer.iter_encoded()) > 0
    answer.close()
    (mark,) = re.findall(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
    return int(mark)


# Reading a hundred thousand records takes a while: each file is made on one of the databases.
@on_postgresql
def test_records_take_the_same_memory_for_many(browsers: Browsers) -> None:
    taken = peaks(lambda number: browsers[number].get("/usage/records.csv"))
    assert taken[MANY] - taken[FEW] < GROWTH_KIB_MAX, taken


@on_sqlite
def test_an_archive_takes_the_same_memory_for_many(browsers: Browsers) -> None:
    taken = peaks(lambda number: browsers[number].post("/settings/data/download"))
    assert taken[MANY] - taken[FEW] < GROWTH_KIB_MAX, taken


def test_reports_take_the_same_memory_for_many(app: Flask) -> None:
    app.test_client_class = FlaskClient
    known = passwords.hash_password(PASSWORD)
    operator = make_account("olga", role="operator", now=clock.now(), password_hash=known)
    for number, month in MONTHS.items():
        use_models(number, month)
    browser = browser_of(app, operator.email)
    taken = peaks(lambda number: browser.get(f"/operator/report/export.csv?month={MONTHS[number]}"))
    assert taken[MANY] - taken[FEW] < GROWTH_KIB_MAX, taken


def use_models(number: int, month: BillingMonth) -> None:
    """Write so many rows of the month, of many accounts with a few models each."""
    own = {**NO_SUMS, "requests": 1, "billing_month": str(month), "occurred_month": str(month)}
    with transaction():
        for start in range(0, number, AT_ONCE):
            insert_rows(
                UsageMonthly,
                [
                    {**own, "user_id": f"user-{at // MODELS}", "model": f"model-{at % MODELS}"}
                    for at in range(start, start + AT_ONCE)
                ],
            )
