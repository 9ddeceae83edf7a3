"""What a void does to the record itself; the workflow's tests tell the rest."""

import pytest

from app.domain.accounts.models import Account
from app.domain.accounts.operations import lock_accounts
from app.domain.usage import operations
from app.domain.usage.errors import UnknownRequest
from app.domain.usage.models import UsageDaily, UsageHourly
from app.foundation.database import session, transaction
from tests.factories.accounts import make_account
from tests.factories.usage import make_usage
from tests.moments import NOW

pytestmark = pytest.mark.usefixtures("app")


class TestRecordOf:
    def test_reads_what_stands_now(self, ada: Account) -> None:
        make_usage(request_id="req-1")
        assert operations.record_of("req-1").status == "completed"
        with transaction():
            session.connection().exec_driver_sql("UPDATE billing_records SET provider = 'azure'")
            assert operations.record_of("req-1").provider == "azure"

    @pytest.mark.parametrize("request_id", ["", "req-2", "REQ-1", "req-1 "])
    def test_refuses_what_was_never_recorded(self, ada: Account, request_id: str) -> None:
        make_usage(request_id="req-1")
        with pytest.raises(UnknownRequest):
            operations.record_of(request_id)


class TestVoid:
    @pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
    def test_takes_away_where_it_was_counted(self, zone: str) -> None:
        make_account("ada", timezone=zone)
        make_usage(request_id="req-1", api_key_alias=None, provider=None)
        make_usage(request_id="req-2", api_key_alias="prod")
        with transaction():
            account = lock_accounts({"ada"})["ada"]
            for request_id in ("req-1", "req-2"):
                record = operations.record_of(request_id)
                operations.void(record, account, reason="a test", now=NOW)
        session.expire_all()
        for rollup in (UsageHourly, UsageDaily):
            rows = session.query(rollup).all()
            assert len(rows) == 2
            assert {row.requests for row in rows} == {row.total_tokens for row in rows} == {0}
