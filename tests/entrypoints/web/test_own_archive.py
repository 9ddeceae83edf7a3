"""All that is Ada's, and nothing that is Ben's: as JSON, as tables, and in constant memory."""

import csv
import io
import json
import tracemalloc
import zipfile
from decimal import Decimal

import pytest

from app.domain.accounts.queries import settings_of
from app.domain.reporting.own_tables import LISTS, OF_THE_ACCOUNT, OF_THE_SETTINGS
from app.entrypoints.web.own_archive import archive
from app.foundation import journal
from app.foundation.database import Base, session, transaction
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key
from tests.factories.mails import FACTS, make_mail
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_usage
from tests.moments import NOW

SECRET_COLUMNS = ("hash", "digest", "sealed", "secret", "provider_reference", "checkout_url")
FORMULA = "=HYPERLINK(1)"


def taken(account) -> dict[str, str]:
    packed = io.BytesIO(b"".join(archive(account, now=NOW)))
    with zipfile.ZipFile(packed) as files:
        assert files.testzip() is None
        return {name: files.read(name).decode() for name in files.namelist()}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def lived(ada, ben):
    """Two accounts, with rows of many kinds; each row of Ben's says so."""
    for account in (ada, ben):
        mark = f"mark-of-{account.id}"
        make_key(KeyKind.CUSTOMER, user_id=account.id, name=mark)
        make_usage(account.id, request_id=f"{mark}-1", api_key_alias=FORMULA)
        make_usage(account.id, request_id=f"{mark}-2", model=mark)
        make_extra_tokens(account.id, bought=1_000, now=NOW)
        make_mail(account)
        with transaction():
            settings_of(account).billing_address = mark
            journal.write(
                "account_suspended",
                actor="operator:olga",
                user_id=account.id,
                now=NOW,
                details={"reason": "for our eyes", "because": mark},
            )
    return ada


class TestArchive:
    def test_holds_everything_of_the_account(self, lived) -> None:
        files = taken(lived)
        told = json.loads(files["account.json"])
        assert told["account"]["email"] == "ada@example.com"
        assert told["settings"]["billing_address"] == "mark-of-ada"
        assert set(told) >= {table.name for table in LISTS}
        assert told["api_keys"][0]["name"] == "mark-of-ada"
        assert told["journal"][-1]["by"] == "operator"
        assert len(told["token_ledger"]) == len(rows(files["token_ledger.csv"])) == 1
        assert len(rows(files["usage_records.csv"])) == 2

    def test_holds_nothing_of_bens(self, lived) -> None:
        everything = "".join(taken(lived).values())
        assert "mark-of-ada" in everything
        assert "mark-of-ben" not in everything
        assert "ben@example.com" not in everything
        assert "olga" not in everything and "for our eyes" not in everything

    def test_holds_no_secret(self, lived) -> None:
        for kind in (kind for kind, facts in FACTS.items() if "sealed_link" in facts):
            make_mail(lived, kind, about=f"a {kind}")
        everything = "".join(taken(lived).values())
        for secret in ("password_hash", "digest", "sealed", "obl_sk_"):
            assert secret not in everything

    def test_heads_a_table_that_has_no_row(self, ada) -> None:
        files = taken(ada)
        assert (
            files["refunds.csv"].strip() == "amount_usd,status,reason,created_at,updated_at,payment"
        )
        assert all(text for text in files.values())

    def test_tells_amounts_to_the_last_digit(self, lived) -> None:
        files = taken(lived)
        told = json.loads(files["account.json"])
        by_month = sum(Decimal(row["final_usd"]) for row in told["usage_by_month"])
        assert by_month == sum(
            Decimal(row["final_cost"]) for row in rows(files["usage_records.csv"])
        )
        assert all("e" not in row["final_usd"].lower() for row in told["usage_by_month"])

    def test_gives_spreadsheets_nothing_to_run(self, lived) -> None:
        aliases = {row["api_key_alias"] for row in rows(taken(lived)["usage_records.csv"])}
        assert f"'{FORMULA}" in aliases and FORMULA not in aliases

    def test_takes_no_more_memory_for_more(self, ada) -> None:
        for number in range(1_500):
            session.add(_entry(number))
        session.commit()
        tracemalloc.start()
        size = sum(len(piece) for piece in archive(ada, now=NOW))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size > 0
        assert peak < 12 * 1024 * 1024


def _entry(number: int) -> journal.JournalEntry:
    return journal.JournalEntry(
        happened_at=NOW,
        actor="customer:ada",
        action="signed_in",
        user_id="ada",
        details={"device": f"{number}" * 2_000},
    )


class TestOwnTables:
    @pytest.mark.parametrize("table", [*LISTS, OF_THE_ACCOUNT, OF_THE_SETTINGS], ids=str)
    def test_tell_no_secret_and_name_real_columns(self, table) -> None:
        known = {column.key for column in table.model.__table__.columns}
        assert set(table.columns) <= known
        assert not [name for name in table.columns if any(word in name for word in SECRET_COLUMNS)]

    def test_leave_out_no_table_that_is_somebody_s(self) -> None:
        told = {table.model.__tablename__ for table in (*LISTS, OF_THE_SETTINGS)}
        elsewhere = {
            # The records and the journal are told by functions of their own.
            *("billing_records", "journal_entries"),
            # Said by the rows that they count, sum or lead to.
            *("usage_hourly", "usage_daily", "usage_labels", "pruned_usage", "invoice_counters"),
            *("month_closes", "plan_changes", "coupon_guesses", "usage_corrections"),
            *("carried_amounts", "verified_usage"),
        }
        owned = {name for name, table in Base.metadata.tables.items() if "user_id" in table.columns}
        assert owned - told - elsewhere == set()
