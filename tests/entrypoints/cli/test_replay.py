"""Replaying a trace through a real server."""

import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.domain.usage.models import BillingRecord
from app.entrypoints.cli.replay import paced
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account, make_key

TRACE = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Request Id\n" + "".join(
    f"2024-05-01T00:00:{second:02d}Z,gpt-4,{100 + second},10,{110 + second},req-{second:03d}\n"
    for second in range(60)
)
# A published trace of 22,669 requests, where it is at hand.
REAL_TRACE = os.environ.get("USAGE_TRACE", "")


@pytest.fixture
def trace(tmp_path) -> Path:
    file = tmp_path / "trace.csv"
    file.write_text(TRACE)
    return file


@pytest.fixture
def replay(app, billing, server):
    key = make_key(KeyKind.GATEWAY)

    def play(*arguments: object):
        return billing("demo", "replay", *arguments, "--url", server, "--key", key.text)

    return play


@pytest.fixture
def ten_accounts(app) -> None:
    for number in range(10):
        make_account(f"acct-{number}")


def recorded() -> int:
    session.rollback()
    return session.scalars(select(func.count()).select_from(BillingRecord)).one()


@pytest.mark.usefixtures("ten_accounts")
class TestReplay:
    def test_posts_every_record_once(self, replay, trace) -> None:
        result = replay(trace, "--batch", "25")
        assert result.exit_code == 0, result.output
        assert result.stdout == "accepted 60, duplicates 0, conflicts 0, rejected 0\n"
        again = replay(trace)
        assert again.stdout == "accepted 0, duplicates 60, conflicts 0, rejected 0\n"
        assert again.exit_code == 0
        assert recorded() == 60

    def test_spreads_the_records_over_ten_accounts(self, replay, trace) -> None:
        replay(trace)
        by_user = select(BillingRecord.user_id, func.count()).group_by(BillingRecord.user_id)
        session.rollback()
        assert dict(session.execute(by_user).all()) == {f"acct-{n}": 6 for n in range(10)}

    def test_says_what_was_not_taken(self, replay, trace) -> None:
        result = replay(trace, "--user", "nobody")
        assert result.exit_code == 1
        assert result.stdout.startswith(
            "accepted 0, duplicates 0, conflicts 0, rejected 60\n  unknown_user 60: "
        )
        assert recorded() == 0

    def test_keeps_the_pace(self, replay, trace) -> None:
        began = time.monotonic()
        result = replay(trace, "--speed", "59")
        assert time.monotonic() - began >= 1
        assert result.stdout == "accepted 60, duplicates 0, conflicts 0, rejected 0\n"

    def test_takes_the_demos_key_if_there_is_one(self, billing, server, trace, settings) -> None:
        result = billing("demo", "replay", trace, "--url", server)
        assert result.exit_code == 1
        assert "say one with --key" in result.stderr
        told = {
            "base_url": server,
            "customer": {"user_id": "", "email": "", "password": "", "api_key": ""},
            "operator": {"email": "", "password": "", "api_key": ""},
            "gateway_key": make_key(KeyKind.GATEWAY).text,
        }
        (settings.instance_dir / "demo.json").write_text(json.dumps(told))
        assert billing("demo", "replay", trace, "--url", server).exit_code == 0

    @pytest.mark.skipif(not REAL_TRACE, reason="USAGE_TRACE names no file")
    def test_takes_a_real_trace_to_the_last_request(self, replay) -> None:
        result = replay(REAL_TRACE)
        assert result.stdout == "accepted 22,669, duplicates 0, conflicts 0, rejected 0\n"
        assert recorded() == 22_669


class TestPaced:
    def test_gives_records_in_order_of_time_when_they_are_due(self) -> None:
        moments = ["2024-01-01T00:00:03Z", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.1Z"]
        records = [{"request_id": str(n), "occurred_at": m} for n, m in enumerate(moments)]
        began, batches = time.monotonic(), []
        for batch in paced(records, speed=10, size=1_000):
            batches.append((round(time.monotonic() - began, 1), [r["request_id"] for r in batch]))
        assert [ids for _, ids in batches] in ([["1", "2"], ["0"]], [["1"], ["2"], ["0"]])
        assert batches[-1][0] >= 0.3

    def test_never_gives_more_than_a_batch_may_have(self) -> None:
        records = [{"request_id": str(n), "occurred_at": "2024-01-01T00:00Z"} for n in range(7)]
        assert [len(batch) for batch in paced(records, speed=1, size=3)] == [3, 3, 1]
