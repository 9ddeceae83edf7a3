"""What a provider answers that saves no cards, and so charges none without their owner."""

from datetime import datetime
from typing import NoReturn

from app.domain.payments.errors import ProviderRefused
from app.domain.payments.gateway import ChargeOrder, SetupOrder
from app.foundation.sentences import say


class WithoutCards:
    """The part of a gateway that is about saved cards, where there are none."""

    def charge(self, order: ChargeOrder) -> NoReturn:
        """Refuse: there is no card to charge. Raises ProviderRefused."""
        raise _refusal()

    def find_charge(self, order: ChargeOrder, *, since: datetime) -> None:
        """Return None: no such order ever arrived."""

    def open_setup(self, order: SetupOrder) -> NoReturn:
        """Refuse: no card can be saved. Raises ProviderRefused."""
        raise _refusal()

    def outcome_of_setup(self, session: str) -> NoReturn:
        """Refuse: no card was ever saved. Raises ProviderRefused."""
        raise _refusal()

    def forget_card(self, reference: str) -> None:
        """Have nothing forgotten: what is gone already is fine."""


def _refusal() -> ProviderRefused:
    return ProviderRefused(say("This provider saves no cards."), reason="cards_unsupported")
