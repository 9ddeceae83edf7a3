"""The operator's disputes: the open ones first, and what lost ones took back."""

import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.payments.gateway import DisputeStatus
from app.domain.payments.models import Dispute, Payment
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation.database import session, transaction
from app.workflows.follow_dispute import follow_dispute
from app.workflows.record_dispute import record_dispute
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.payments import make_paid
from tests.factories.purchases import buy_tokens
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

DISPUTES = "/operator/disputes"
STATEMENTS_MAX = 8


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


def contest(
    gateway: FakeGateway,
    payment: Payment,
    status: DisputeStatus,
    *,
    now: datetime,
    minor: int = 1_234,
) -> Dispute:
    """Let the payment's customer contest it, and the bank decide."""
    for step in (DisputeStatus.OPEN, status):
        gateway.contest(payment.provider_payment, step, amount_minor=minor)
        with transaction():
            record_dispute(gateway.disputes[f"du_{payment.provider_payment}"], now=now)
    dispute = session.query(Dispute).filter_by(payment_id=payment.id).one()
    if status is DisputeStatus.LOST:
        with transaction():
            follow_dispute(dispute.id, now=now)
    return dispute


class TestIndex:
    def test_says_that_there_are_none(self, olgas: FlaskClient) -> None:
        page = olgas.get(DISPUTES).text
        assert "None is open" in page and "None was decided" in page

    def test_shows_the_open_ones_first(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        won = make_paid(ada, gateway=gateway)
        contested = make_paid(ada, gateway=gateway)
        contest(gateway, won, DisputeStatus.WON, now=now)
        contest(gateway, contested, DisputeStatus.OPEN, now=now)
        page = olgas.get(DISPUTES).text
        assert re.findall(r"/operator/payments/(pay-\w+)", page) == [
            *(contested.public_id, won.public_id)
        ]
        assert "fraudulent" in page and ">won<" in page

    @pytest.mark.parametrize(
        ("code", "words_for_it"),
        [
            ("product_not_received", "nothing received"),
            ("MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "nothing received"),
            ("made_up", "made_up"),
        ],
    )
    def test_says_why_in_words(
        self,
        *,
        olgas: FlaskClient,
        ada: Account,
        gateway: FakeGateway,
        now: datetime,
        code: str,
        words_for_it: str,
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        dispute = contest(gateway, payment, DisputeStatus.OPEN, now=now)
        with transaction():
            dispute.reason = code
            session.add(dispute)
        for page in (DISPUTES, f"/operator/payments/{payment.public_id}"):
            read = words(olgas.get(page).text)
            told = words_for_it if words_for_it == code else f"{words_for_it} {code}"
            assert f" {told} " in read

    def test_is_told_where_the_customer_is_looked_at(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment, told = make_paid(ada, gateway=gateway), "The customer contests a payment"
        contest(gateway, payment, DisputeStatus.OPEN, now=now)
        assert told in olgas.get("/operator/customers/ada").text
        gateway.contest(payment.provider_payment, DisputeStatus.WON, amount_minor=1_234)
        with transaction():
            record_dispute(gateway.disputes[f"du_{payment.provider_payment}"], now=now)
        assert told not in olgas.get("/operator/customers/ada").text

    def test_says_what_a_lost_one_took_back(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        lost = make_paid(ada, gateway=gateway)
        contest(gateway, lost, DisputeStatus.LOST, now=now)
        page = words(olgas.get(DISPUTES).text)
        assert re.search(r"lost \$12.34 of the invoice \(CN-[\d-]+\)", page)
        assert re.search(
            r"lost \$12.34 of the invoice",
            words(olgas.get(f"/operator/payments/{lost.public_id}").text),
        )

    def test_says_which_tokens_a_lost_one_took_back(
        self, olgas: FlaskClient, pia: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = buy_tokens(pia, minor=1_500, gateway=gateway, now=now)
        contest(gateway, payment, DisputeStatus.LOST, now=now, minor=1_500)
        page = words(olgas.get(DISPUTES).text)
        assert re.search(r"lost \$15.00 of the invoice \(CN-[\d-]+\) 100,000 extra tokens", page)

    def test_goes_on_to_older_ones(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        with transaction():
            for number in range(ROWS_PER_PAGE + 1):
                for status in ("open", "won"):
                    session.add(
                        Dispute(
                            payment_id=payment.id,
                            user_id="ada",
                            amount_minor=1,
                            opened_at=now,
                            provider_dispute=f"{status}-{number}",
                            reason=f"{status} {number}!",
                            status=status,
                            decided_at=None if status == "open" else now,
                        )
                    )
        page = olgas.get(DISPUTES).text
        assert "open 1!" in page and "open 0!" not in page and "won 0!" not in page
        for name in ("open_before", "before"):
            address = re.search(rf'href="(/operator/disputes\?{name}=\d+)"', page)[1]
            older = olgas.get(address, headers=HTMX).text
            assert ("open 0!" in older, "won 0!" in older) == (name != "before", name == "before")

    def test_takes_few_statements(
        self, olgas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        for _ in range(3):
            contest(gateway, make_paid(ada, gateway=gateway), DisputeStatus.LOST, now=now)
        with statements() as sent:
            olgas.get(DISPUTES)
        assert len(sent) <= STATEMENTS_MAX, sent


@pytest.mark.parametrize("status", [DisputeStatus.OPEN, DisputeStatus.WON])
def test_a_contested_payment_says_so_and_offers_no_refund(
    olgas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime, status: DisputeStatus
) -> None:
    payment = make_paid(ada, gateway=gateway)
    contest(gateway, payment, status, now=now)
    page = olgas.get(f"/operator/payments/{payment.public_id}").text
    is_open = status is DisputeStatus.OPEN
    assert ("The customer contests this payment" in page) == is_open
    assert ("Send money back" in page) != is_open
