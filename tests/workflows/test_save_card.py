"""Saving a card: agreed to first, kept once, and only by whom it belongs to."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.payments import cards, consent
from app.domain.payments.errors import (
    ConsentMissing,
    ProviderRefused,
    ProviderUnreachable,
    UnknownProvider,
)
from app.domain.payments.gateway import CardSeen, OpenedCheckout
from app.domain.payments.models import PaymentMethod
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.save_card import (
    begin_saving_card,
    confirm_saved_card,
    forget_card,
    settle_setup,
    take_card_news,
)
from tests.factories.payments import BASE_URL, make_card
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.payment_gateway import make_card as card_at_provider
from tests.threads import in_parallel

pytestmark = pytest.mark.usefixtures("books")


def begin(account: Account, gateway: FakeGateway, *, now: datetime) -> OpenedCheckout:
    return begin_saving_card(account, consent.VERSION, gateway=gateway, base_url=BASE_URL, now=now)


def rows() -> list[PaymentMethod]:
    session.rollback()
    return session.query(PaymentMethod).populate_existing().order_by(PaymentMethod.id).all()


class TestBeginSavingCard:
    def test_opens_a_page_for_what_was_agreed_to(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        opened = begin(ada, gateway, now=now)
        assert opened.url == "https://pay.example.com/cs_1"
        setup = gateway.setups["cs_1"]
        assert setup.account_id == "ada"
        assert (setup.consent.version, setup.consent.given_at) == (consent.VERSION, now)
        entry = session.query(JournalEntry).filter_by(action="card_consent_given").one()
        assert (entry.user_id, entry.details["version"]) == ("ada", consent.VERSION)
        assert rows() == []

    @pytest.mark.parametrize("version", ["", "2020-01", "on"])
    def test_opens_none_without_consent(
        self, ada: Account, gateway: FakeGateway, now: datetime, version: str
    ) -> None:
        with pytest.raises(ConsentMissing):
            begin_saving_card(ada, version, gateway=gateway, base_url=BASE_URL, now=now)
        assert gateway.setups == {} and session.query(JournalEntry).count() == 0

    def test_keeps_to_the_customer_the_provider_knows(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_card(ada, customer="cus_7")
        seen = []
        gateway.open_setup = lambda order: seen.append(order) or OpenedCheckout("cs_9", "https://x")
        begin(ada, gateway, now=now)
        assert [order.customer for order in seen] == ["cus_7"]

    def test_passes_on_that_the_provider_is_away(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.is_away = True
        with pytest.raises(ProviderUnreachable):
            begin(ada, gateway, now=now)
        gateway.is_away, gateway.refuses_with = False, "no"
        with pytest.raises(ProviderRefused):
            begin(ada, gateway, now=now)


class TestConfirmSavedCard:
    def confirm(
        self, account: Account, gateway: FakeGateway, *, now: datetime, page: str = "cs_1"
    ) -> bool:
        return confirm_saved_card(page, account, gateway=gateway, now=now)

    def test_saves_nothing_before_the_provider_says_so(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        begin(ada, gateway, now=now)
        assert self.confirm(ada, gateway, now=now) is False
        assert rows() == []

    def test_keeps_the_card_with_its_consent(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        begin(ada, gateway, now=now)
        gateway.save("cs_1", card_at_provider())
        later = now + timedelta(minutes=3)
        assert [self.confirm(ada, gateway, now=later) for _ in range(2)] == [True, True]
        (row,) = rows()
        assert (row.user_id, row.last4, row.is_default) == ("ada", "4242", True)
        assert (row.consent_version, row.consented_at) == (consent.VERSION, now)
        assert row.created_at == later

    def test_gives_a_stranger_no_card(
        self, ada: Account, ben: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        begin(ada, gateway, now=now)
        gateway.save("cs_1", card_at_provider())
        assert self.confirm(ben, gateway, now=now) is False
        assert rows() == []

    @pytest.mark.parametrize("page", ["", "cs_none", "x" * 201, "a/../b", "ä", "a b", "cs_1\n"])
    def test_knows_no_nonsense(
        self, ada: Account, gateway: FakeGateway, now: datetime, page: str
    ) -> None:
        assert self.confirm(ada, gateway, now=now, page=page) is False

    def test_leaves_it_to_the_webhook_when_the_provider_is_away(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        begin(ada, gateway, now=now)
        gateway.save("cs_1", card_at_provider())
        gateway.is_away = True
        assert self.confirm(ada, gateway, now=now) is False

    def test_does_not_bring_back_what_was_removed(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        begin(ada, gateway, now=now)
        gateway.save("cs_1", card_at_provider())
        self.confirm(ada, gateway, now=now)
        with transaction():
            cards.remove_card(ada, rows()[0].id, now=now)
        assert self.confirm(ada, gateway, now=now) is False
        assert cards.cards_of(ada, now=now) == ()

    def test_keeps_one_card_beside_the_webhook(
        self, app: Flask, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        begin(ada, gateway, now=now)
        gateway.save("cs_1", card_at_provider())

        def webhook() -> None:
            with transaction():
                settle_setup(gateway.outcome_of_setup("cs_1"), now=now)

        back = [lambda: self.confirm(ada, gateway, now=now)]
        in_parallel(app, [webhook, *back] * 3)
        assert len(rows()) == 1


class TestTakeCardNews:
    def take(self, seen: CardSeen, *, now: datetime) -> None:
        with transaction():
            take_card_news(seen, now=now)

    def test_takes_over_a_new_expiry(self, ada: Account, now: datetime) -> None:
        make_card(ada)
        renewed = card_at_provider(expires_on="2040-01", last4="9999")
        self.take(CardSeen("stripe", "pm_1", renewed), now=now)
        assert (rows()[0].expires_on, rows()[0].last4) == ("2040-01", "9999")
        assert rows()[0].consent_version == "2026-11"

    def test_drops_what_the_provider_has_forgotten(self, ada: Account, now: datetime) -> None:
        make_card(ada)
        for _ in range(2):
            self.take(CardSeen("stripe", "pm_1", None), now=now)
        assert rows()[0].removed_at == now

    def test_leaves_the_cards_of_others_alone(self, ada: Account, now: datetime) -> None:
        self.take(CardSeen("stripe", "pm_x", card_at_provider(9)), now=now)
        assert rows() == []


class TestForgetCard:
    def test_tells_the_provider(self, ada: Account, gateway: FakeGateway) -> None:
        card = make_card(ada)
        for _ in range(2):
            forget_card(card.id, gateways={"stripe": gateway})
        assert gateway.forgotten == ["pm_1", "pm_1"]

    def test_is_tried_again_when_nobody_is_there(self, ada: Account, gateway: FakeGateway) -> None:
        card = make_card(ada)
        gateway.is_away = True
        with pytest.raises(ProviderUnreachable):
            forget_card(card.id, gateways={"stripe": gateway})
        with pytest.raises(UnknownProvider):
            forget_card(card.id, gateways={})
