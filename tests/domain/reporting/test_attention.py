"""What waits for an operator, counted in a fixed number of statements."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.reporting import attention as reporting
from app.domain.reporting.attention import attention
from app.domain.reporting.verification import BOOKS_VERIFIED, Verification
from app.foundation import journal, outbox
from app.foundation.database import transaction
from tests.factories.payments import make_invoice
from tests.factories.usage import make_usage
from tests.statements import statements

STATEMENTS = 3


class TestAttention:
    @pytest.mark.usefixtures("app")
    def test_nothing_waits_in_a_new_installation(self, now: datetime) -> None:
        with statements() as sent:
            found = attention(now=now)
        assert len(sent) == STATEMENTS
        assert found == reporting.Attention(*[0] * 10, verified=None)

    def test_counts(self, ada: Account, now: datetime) -> None:
        make_usage(model="new-model-1", now=now)
        make_usage(model="new-model-2", now=now)
        make_invoice(ada, now=now)
        due = now + timedelta(days=30)
        assert attention(now=now).unpriced_models == 2
        assert attention(now=due).overdue_invoices == 0
        assert attention(now=due + timedelta(seconds=1)).overdue_invoices == 1

    @pytest.mark.usefixtures("app")
    def test_tells_failed_jobs_from_those_that_nobody_does(self, now: datetime) -> None:
        with transaction():
            outbox.postpone(outbox.add("send_mail", {}, now=now), reason="away", now=now)
        found = attention(now=now)
        assert (found.failing_jobs, found.stuck_jobs) == (1, 0)
        found = attention(now=now + timedelta(minutes=6))
        assert (found.failing_jobs, found.stuck_jobs) == (0, 1)

    @pytest.mark.usefixtures("app")
    def test_stops_counting_where_it_is_too_many(
        self, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reporting, "COUNTED_MAX", 3)
        with transaction():
            for _ in range(5):
                entry = outbox.add("send_mail", {}, now=now)
                outbox.postpone(entry, reason="away", now=now)
        assert attention(now=now).failing_jobs == 3

    @pytest.mark.usefixtures("app")
    def test_tells_what_verifying_came_to_last(self, now: datetime) -> None:
        for broken in (2, 0):
            details: dict[str, object] = {"broken": broken, "lines": ["a", "b"][:broken]}
            with transaction():
                journal.write(BOOKS_VERIFIED, actor="system", now=now, details=details)
        assert attention(now=now).verified == Verification(now, 0, ())
