"""Gateways that post at the same moment: nobody waits in a circle, nothing counts twice."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import SelectBase, select
from sqlalchemy.exc import IntegrityError

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.operations import Balance
from app.domain.accounts.queries import settings_of
from app.domain.alerts.models import Alert
from app.domain.mails.models import Mail
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.domain.usage import recording
from app.domain.usage.models import BillingRecord
from app.domain.usage.watching import AUTO_TOP_UP, CHECK_ALERTS
from app.entrypoints.api.usage_recording import register_posts
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation import clock
from app.foundation.database import end_reading, session, transaction
from app.foundation.direct import Awaited, Question, among, values_of
from app.foundation.outbox import OutboxEntry
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.purchases import buy_plan, mails_of, make_card, payments_of, promises
from tests.factories.tokens import make_extra_tokens
from tests.fakes.payment_gateway import FakeGateway
from tests.threads import in_parallel

USAGE, VOID = "/v1/billing/usage", "/v1/billing/usage/void"
THREADS = 8
Post = Callable[..., dict]


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture(autouse=True)
def each_alone(app: Flask) -> None:
    """Let every post have a transaction of its own, as those of other processes have."""
    register_posts(app, together_max=1, leaders_max=THREADS)


@pytest.fixture
def post(app: Flask, by_gateway) -> Post:
    """Post with a client of one's own, as from a process of one's own."""

    def posted(body: dict, *, address: str = USAGE, statuses: tuple[int, ...] = (200,)) -> dict:
        response = app.test_client().post(address, json=body, headers=by_gateway)
        assert response.status_code in statuses, response.text
        return {**response.json, "http": response.status_code}

    return posted


@pytest.fixture
def race(app: Flask, post: Post) -> Callable[..., list[dict]]:
    """Post each body from a thread of its own, all at the same moment."""

    def raced(bodies: list[dict], **given: object) -> list[dict]:
        return in_parallel(app, [lambda body=body: post(body, **given) for body in bodies])

    return raced


def make_record(request_id: str, user_id: str = "ada", *, tokens: int = 500) -> dict:
    return {
        "user_id": user_id,
        "request_id": request_id,
        "model": "gpt-4",
        "prompt_tokens": tokens,
        "completion_tokens": 0,
    }


def make_batch(records: list[dict]) -> dict:
    return {"records": records}


def total(answers: list[dict], name: str) -> int:
    return sum(answer[name] for answer in answers)


def count() -> int:
    return session.query(BillingRecord).count()


class TestSameBatch:
    @pytest.mark.parametrize("size", [1, 60])
    def test_counts_once(self, race, ada: Account, size: int) -> None:
        batch = make_batch([make_record(f"req-{number}") for number in range(size)])
        answers = race([batch] * THREADS)
        assert total(answers, "accepted") == size
        assert total(answers, "duplicates") == size * (THREADS - 1)
        assert total(answers, "conflicts") == 0
        assert count() == size

    def test_counts_once_in_whatever_order_it_comes(self, race, ada: Account) -> None:
        records = [make_record(f"req-{number}") for number in range(60)]
        dice = random.Random(1)
        parts = [dice.sample(records, 40) for _ in range(THREADS)]
        answers = race([make_batch(part) for part in parts])
        sent = {record["request_id"] for part in parts for record in part}
        assert total(answers, "accepted") == len(sent) == count()
        assert total(answers, "duplicates") == 40 * THREADS - len(sent)


class TestManyAccounts:
    def test_never_wait_in_a_circle(self, race) -> None:
        names = [make_account(f"user-{number}", plan_id="plan-basic").id for number in range(6)]
        batches = []
        for thread in range(THREADS):
            order = names if thread % 2 else names[::-1]
            records = [make_record(f"{thread}-{n}", order[n % len(order)]) for n in range(60)]
            batches.append(make_batch(records))
        answers = race(batches)
        assert total(answers, "accepted") == THREADS * 60 == count()
        used = {period.tokens_used for period in session.query(SubscriptionPeriod)}
        assert used == {THREADS * 10 * 500}

    @pytest.mark.parametrize("size", [5, 1_000])
    def test_share_request_ids_without_counting_twice(self, race, size: int) -> None:
        names = [make_account(f"user-{number}").id for number in range(4)]
        ids = [f"req-{number}" for number in range(size)]
        batches = []
        for number, name in enumerate(names):
            order = ids if number % 2 else ids[::-1]
            batches.append(make_batch([make_record(request_id, name) for request_id in order]))
        answers = race(batches)
        assert total(answers, "accepted") == size == count()
        assert total(answers, "conflicts") == size * (len(names) - 1)


class TestVoidAndPost:
    def test_give_back_once(self, race, ada: Account) -> None:
        make_extra_tokens(bought=5_000)
        post_it = make_record("req-1")
        race([post_it])
        answers = race([{"request_id": "req-1", "reason": "race"}] * THREADS, address=VOID)
        assert len({answer["voided_at"] for answer in answers}) == 1
        assert session.query(TokenEntry).filter_by(kind="usage_void").count() == 1

    def test_come_out_in_one_order_or_the_other(self, app: Flask, post: Post, ada: Account) -> None:
        make_extra_tokens(bought=5_000)
        void = {"request_id": "req-3", "reason": "race"}
        works = [
            lambda: post(make_batch([make_record(f"req-{number}") for number in range(6)])),
            lambda: post(void, address=VOID, statuses=(200, 404)),
        ] * (THREADS // 2)
        answers = in_parallel(app, works)
        assert total(answers[::2], "accepted") == 6
        voided = Counter(answer["http"] for answer in answers[1::2])
        row = session.query(BillingRecord).filter_by(request_id="req-3").one()
        assert (row.status == "voided") == (voided[200] > 0)


class TestCrossingALine:
    """What five posts cross together is done once, by workers who look at the same moment."""

    WORKERS = 4

    @pytest.fixture
    def thirsty(self, ada: Account, gateway: FakeGateway) -> Account:
        """Ada on Pro with a saved card, 100 tokens above both of her lines."""
        buy_plan(ada, "plan-pro", gateway=gateway, now=clock.now())
        make_card(ada)
        with transaction():
            settings = settings_of(ada)
            settings.auto_topup = True
            settings.auto_topup_threshold = settings.alert_threshold = 999_900
            settings.alert_percents = []
        return ada

    @pytest.fixture
    def cross(self, app: Flask, race, thirsty: Account) -> Callable[[str], None]:
        """Cross the lines in five posts, and let the workers do what was promised of it."""

        def crossed(kind: str) -> None:
            answers = race([make_record(f"req-{number}", tokens=50) for number in range(5)])
            assert total(answers, "accepted") == 5
            assert promises(kind) == [{"user_id": "ada"}]
            end_reading()
            in_parallel(app, [work_off_outbox] * self.WORKERS)
            left = session.query(OutboxEntry).filter(OutboxEntry.next_try_at.is_not(None))
            assert [entry.kind for entry in left] == []

        return crossed

    def test_buys_once(self, cross, gateway: FakeGateway, thirsty: Account) -> None:
        cross(AUTO_TOP_UP)
        (payment,) = [each for each in payments_of(thirsty) if each.method == "off_session"]
        assert (payment.purpose, payment.status) == ("topup", "settled")
        assert [order.payment_id for order in gateway.charged] == [payment.public_id]

    def test_mails_once(self, cross, thirsty: Account) -> None:
        with transaction():
            # Else what is bought may take the balance back over the line before anybody looks.
            settings_of(thirsty).auto_topup = False
        cross(CHECK_ALERTS)
        assert [alert.kind for alert in session.query(Alert)] == ["tokens_left"]
        assert mails_of(thirsty).count("alerts_crossed") == 1
        (mail,) = session.query(Mail).filter_by(kind="alerts_crossed")
        assert mail.sent_at is not None or mail.kept_at is not None


class TestRollOver:
    def test_happens_once(self, race) -> None:
        long_ago = clock.now() - timedelta(days=100)
        make_account("ada", plan_id="plan-pro", now=long_ago)
        answers = race([make_record(f"req-{number}") for number in range(THREADS)])
        assert total(answers, "accepted") == THREADS
        session.expire_all()
        periods = session.query(SubscriptionPeriod).order_by(SubscriptionPeriod.starts_at).all()
        assert [period.plan_id for period in periods] == ["plan-pro"] * 2 + ["plan-payg"] * (
            len(periods) - 2
        )
        assert [period.tokens_used for period in periods if period.tokens_used] == [THREADS * 500]


@Question
def unlocked() -> SelectBase:
    columns = select(Account.id, Account.timezone, Account.extra_tokens, Account.granted_tokens)
    return columns.where(among(Account.id, "user_ids"))


def read_unlocked(user_ids: set[str], *, served_at: datetime) -> Awaited[dict[str, Balance]]:
    return unlocked.send(
        {"user_ids": values_of(user_ids)}, lambda rows: {row[0]: Balance(*row) for row in rows}
    )


class TestAllowance:
    BATCHES = 4

    def spend(self, app: Flask, post: Post, round_number: int) -> None:
        def run(thread: int) -> None:
            for number in range(self.BATCHES):
                name = f"{round_number}-{thread}-{number}"
                post(make_batch([make_record(f"{name}-{n}", tokens=50) for n in range(3)]))

        in_parallel(app, [lambda thread=thread: run(thread) for thread in range(THREADS)])

    def test_is_drawn_to_the_last_token_and_no_further(self, app: Flask, post: Post) -> None:
        make_account("ada", plan_id="plan-basic")
        make_extra_tokens(bought=1_200, granted=300)
        post(make_record("before", tokens=98_000))
        self.spend(app, post, 1)
        session.expire_all()
        # 4,800 tokens: 2,000 of the quota, 1,500 extra ones, 1,300 of overage.
        [period] = session.query(SubscriptionPeriod)
        assert (period.tokens_used, period.quota_tokens_used) == (102_800, 100_000)
        rows = session.query(BillingRecord).filter(BillingRecord.request_id != "before").all()
        assert sum(row.extra_tokens for row in rows) == 1_500
        assert sum(row.overage_tokens for row in rows) == 1_300
        assert session.get_one(Account, "ada").extra_tokens == 0


class TestWithoutTheLock:
    """The race bites: with the lock taken out, the same race breaks the books."""

    ROUNDS_MAX = 40

    @pytest.fixture
    def books(self) -> None:
        """Here the books are meant to be wrong."""

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_breaks_the_books(self, app: Flask, post: Post, monkeypatch) -> None:
        make_account("ada", plan_id="plan-basic")
        make_extra_tokens(bought=100_000)
        monkeypatch.setattr(accounts, "ask_balances", read_unlocked)
        assert any(self.breaks(app, post, number) for number in range(self.ROUNDS_MAX))

    def breaks(self, app: Flask, post: Post, round_number: int) -> bool:
        try:
            TestAllowance().spend(app, post, round_number)
            check_books()
        except (AssertionError, IntegrityError):
            return True
        return False


class TestLostRace:
    """What happens once in a thousand years, made to happen: an id is taken between two looks."""

    @pytest.mark.parametrize("size", [3, 60])
    def test_is_run_again(self, post: Post, monkeypatch, size: int) -> None:
        for name in ("ada", "ben"):
            make_account(name, plan_id="plan-basic")
        make_extra_tokens(bought=1_000)
        post(make_record("req-1", "ben"))
        looks = []
        look = recording.ask_recorded

        def look_too_early(request_ids: set[str]) -> Awaited[dict]:
            looks.append(len(request_ids))
            return look(set() if len(looks) == 1 else request_ids)

        monkeypatch.setattr(recording, "ask_recorded", look_too_early)
        records = [make_record(f"req-{number}", tokens=50_000) for number in range(size)]
        answer = post(make_batch(records))
        assert (answer["accepted"], answer["conflicts"]) == (size - 1, 1)
        assert looks == [size, size]
        assert session.query(TokenEntry).filter_by(kind="usage").count() == (size > 3)

    def test_is_given_up_after_a_few_tries(self, post: Post, monkeypatch) -> None:
        for name in ("ada", "ben"):
            make_account(name)
        post(make_record("req-1", "ben"))
        look = recording.ask_recorded
        monkeypatch.setattr(recording, "ask_recorded", lambda request_ids: look(set()))
        records = [make_record("req-1"), make_record("req-2")]
        answer = post(make_batch(records), statuses=(503,))
        assert answer["code"] == "usage_contended"
        monkeypatch.undo()
        assert post(make_batch(records))["accepted"] == 1
