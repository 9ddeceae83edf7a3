"""The worker prices what waited for a price: once it is promised, and on schedule."""

from datetime import datetime

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.catalog import operations as catalog
from app.domain.catalog.price_changes import ListedPrice, PriceTerms
from app.domain.usage.models import BillingRecord
from app.entrypoints.jobs.pricing import price_what_waits
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.jobs.schedule import SCHEDULE
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.workflows import price_unpriced
from app.workflows.import_prices import import_prices
from tests.books import check_books
from tests.factories.catalog import make_price
from tests.factories.usage import make_usage

TERMS = PriceTerms(prompt_pico=1_000_000, completion_pico=2_000_000)


def statuses() -> list[str]:
    session.rollback()
    records = session.query(BillingRecord).populate_existing().order_by(BillingRecord.id)
    return [record.status for record in records]


class TestPriceWhatWaits:
    def test_takes_part_after_part(
        self, ada: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(price_unpriced, "RECORDS_AT_ONCE", 2)
        for _ in range(5):
            make_usage(model="llama-9", now=now)
        make_price("llama-9")
        price_what_waits()
        assert statuses() == ["completed"] * 5
        check_books()

    def test_stands_in_the_schedule(self) -> None:
        (job,) = (job for job in SCHEDULE if job.work is price_what_waits)
        assert job.every_seconds == 60


class TestPromise:
    @pytest.fixture(autouse=True)
    def waiting(self, ada: Account, now: datetime) -> None:
        make_usage(model="llama-9", now=now)

    def test_is_given_with_a_price(self, app: Flask, now: datetime) -> None:
        with transaction():
            catalog.set_price("llama-9", TERMS, actor="operator:olga", now=now)
        assert work_off_outbox() == 1
        assert statuses() == ["completed"]

    def test_is_given_with_an_alias(self, app: Flask, now: datetime) -> None:
        with transaction():
            catalog.set_alias("llama-9", model_id="gpt-4", actor="operator:olga", now=now)
        assert work_off_outbox() == 1
        assert statuses() == ["completed"]

    def test_is_given_with_an_import(self, app: Flask, now: datetime) -> None:
        with transaction():
            import_prices([ListedPrice("llama-9", TERMS)], actor="operator:olga", now=now)
        assert work_off_outbox() == 1
        assert statuses() == ["completed"]

    def test_is_not_given_where_nothing_changed(self, app: Flask, now: datetime) -> None:
        for _ in range(2):
            with transaction():
                catalog.set_price("llama-9", TERMS, actor="operator:olga", now=now)
                catalog.set_alias("llama", model_id="llama-9", actor="operator:olga", now=now)
        assert session.query(OutboxEntry).count() == 2
