"""A provider without cards says so, and has nothing to forget."""

from datetime import timedelta

import pytest

from app.adapters.without_cards import WithoutCards
from app.domain.payments.errors import ProviderRefused
from app.domain.payments.gateway import ChargeOrder
from app.foundation import clock

ORDER = ChargeOrder(
    payment_id="pay-1",
    reference="inv-1",
    idempotency_key="pay-1:off_session:1",
    amount_minor=500,
    currency="USD",
    description="Extra tokens",
    customer="cus-1",
    card="card-1",
)


def test_refuses_to_charge_what_it_does_not_keep() -> None:
    gateway = WithoutCards()
    for ask in (lambda: gateway.charge(ORDER), lambda: gateway.outcome_of_setup("page-1")):
        with pytest.raises(ProviderRefused) as refused:
            ask()
        assert refused.value.reason == "cards_unsupported"


def test_has_charged_nothing_and_forgets_nothing() -> None:
    gateway = WithoutCards()
    assert gateway.find_charge(ORDER, since=clock.now() - timedelta(days=1)) is None
    gateway.forget_card("card-1")
