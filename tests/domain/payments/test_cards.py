"""Saved cards: one default, nobody else's, and gone means gone."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.domain.payments import cards
from app.domain.payments.errors import UnknownCard
from app.domain.payments.models import PaymentMethod
from app.domain.payments.views import CardUses
from app.domain.subscriptions.models import Subscription
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from tests.factories.payments import make_card
from tests.threads import in_parallel


def shown(account: Account, *, now: datetime) -> list[tuple[str, bool]]:
    session.rollback()
    return [(card.last4, card.is_default) for card in cards.cards_of(account, now=now)]


def choose(account: Account, card: PaymentMethod, *, now: datetime) -> None:
    with transaction():
        cards.choose_default(account, card.id, now=now)


def remove(account: Account, card: PaymentMethod, *, now: datetime) -> None:
    with transaction():
        cards.remove_card(account, card.id, now=now)


class TestChooseDefault:
    def test_leaves_one_default(self, ada: Account, now: datetime) -> None:
        _, second, _ = (make_card(ada, number) for number in (1, 2, 3))
        assert shown(ada, now=now) == [("4242", True), ("4244", False), ("4243", False)]
        for _ in range(2):
            choose(ada, second, now=now)
        assert shown(ada, now=now) == [("4243", True), ("4244", False), ("4242", False)]
        acts = session.query(JournalEntry).filter_by(action="card_made_default")
        assert acts.count() == 1

    def test_leaves_one_default_though_all_are_chosen_at_once(
        self, app: Flask, ada: Account, now: datetime
    ) -> None:
        saved = [make_card(ada, number).id for number in range(1, 5)]

        def click(card_id: int) -> None:
            with transaction():
                cards.choose_default(ada, card_id, now=now)

        in_parallel(app, [lambda card_id=card_id: click(card_id) for card_id in saved])
        assert [is_default for _, is_default in shown(ada, now=now)].count(True) == 1

    def test_knows_no_card_of_others(self, ada: Account, ben: Account, now: datetime) -> None:
        card = make_card(ada)
        for act in (choose, remove):
            with pytest.raises(UnknownCard):
                act(ben, card, now=now)
        assert shown(ada, now=now) == [("4242", True)]


class TestRemoveCard:
    def test_has_the_provider_forget_it(self, ada: Account, now: datetime) -> None:
        card = make_card(ada)
        remove(ada, card, now=now)
        assert shown(ada, now=now) == [] and cards.find_default("ada") is None
        promise = session.query(OutboxEntry).filter_by(kind="forget_card").one()
        assert promise.payload == {"card": card.id}
        letter = session.query(Mail).filter_by(kind="card_removed").one()
        assert (letter.user_id, letter.facts) == ("ada", {"brand": "visa", "last4": "4242"})
        assert session.query(PaymentMethod).one().removed_at == now

    def test_lets_the_newest_take_its_place(self, ada: Account, now: datetime) -> None:
        first, *_ = (make_card(ada, number) for number in (1, 2, 3))
        remove(ada, first, now=now)
        assert shown(ada, now=now) == [("4244", True), ("4243", False)]

    def test_leaves_the_default_otherwise(self, ada: Account, now: datetime) -> None:
        _, second, _ = (make_card(ada, number) for number in (1, 2, 3))
        remove(ada, second, now=now)
        assert shown(ada, now=now) == [("4242", True), ("4244", False)]

    def test_is_done_once(self, ada: Account, now: datetime) -> None:
        card = make_card(ada)
        remove(ada, card, now=now)
        with pytest.raises(UnknownCard):
            remove(ada, card, now=now)
        with pytest.raises(UnknownCard):
            choose(ada, card, now=now)


class TestDropCard:
    def test_needs_no_word_to_the_provider(self, ada: Account, now: datetime) -> None:
        card = make_card(ada)
        for _ in range(2):
            with transaction():
                cards.drop_card(cards.card_by_id(card.id), now=now)
        assert shown(ada, now=now) == []
        assert session.query(OutboxEntry).filter_by(kind="forget_card").count() == 0
        acts = session.query(JournalEntry).filter_by(action="card_removed")
        assert [act.actor for act in acts] == ["provider:stripe"]
        assert session.query(Mail).filter_by(kind="card_removed").count() == 1


class TestCardsOf:
    @pytest.mark.parametrize(
        ("expires_on", "is_expired"), [("2026-10", True), ("2026-11", False), ("2026-12", False)]
    )
    def test_knows_when_a_card_is_past(
        self, ada: Account, now: datetime, expires_on: str, is_expired: bool
    ) -> None:
        assert f"{now:%Y-%m}" == "2026-11"
        make_card(ada, expires_on=expires_on)
        (card,) = cards.cards_of(ada, now=now)
        assert (card.is_expired, card.name) == (is_expired, "Visa ending in 4242")

    def test_shows_only_ones_own(self, ada: Account, ben: Account, now: datetime) -> None:
        make_card(ada)
        assert cards.cards_of(ben, now=now) == ()
        assert cards.find_customer("ada", provider="stripe") == "cus_1"
        assert cards.find_customer("ben", provider="stripe") is None
        assert cards.find_customer("ada", provider="paypal") is None

    def test_remembers_the_customer_of_a_removed_card(self, ada: Account, now: datetime) -> None:
        remove(ada, make_card(ada), now=now)
        assert cards.find_customer("ada", provider="stripe") == "cus_1"


class TestUsesOf:
    def test_is_nothing_by_default(self, ada: Account) -> None:
        assert cards.uses_of(ada) == CardUses(auto_topup=False, renewals=False, auto_pay=False)

    @pytest.mark.parametrize(("threshold", "is_on"), [(0, False), (1, True)])
    def test_tops_up_below_a_threshold(self, ada: Account, threshold: int, is_on: bool) -> None:
        with transaction():
            settings = account_queries.settings_of(ada)
            settings.auto_topup_threshold, settings.auto_pay = threshold, True
        found = cards.uses_of(ada)
        assert (found.auto_topup, found.auto_pay) == (is_on, True)

    @pytest.mark.parametrize(
        ("changes", "renews"),
        [
            ({"plan_id": "plan-pro"}, True),
            ({"plan_id": "plan-pro", "pending_plan_id": "plan-basic"}, True),
            ({"plan_id": "plan-pro", "pending_plan_id": "plan-payg"}, False),
            ({"plan_id": "plan-pro", "auto_renew": False}, False),
            ({"plan_id": "plan-pro", "status": "past_due"}, True),
            ({"plan_id": "plan-pro", "status": "expired"}, False),
        ],
    )
    def test_renews_a_plan_that_goes_on(
        self, ada: Account, changes: dict[str, object], renews: bool
    ) -> None:
        with transaction():
            session.query(Subscription).filter_by(user_id="ada").update(changes)
        assert cards.uses_of(ada).renewals is renews

    def test_outlives_a_moment(self, ada: Account, now: datetime) -> None:
        make_card(ada, now=now - timedelta(days=400))
        assert cards.find_default("ada") is not None
