"""Why a payment may not begin, or what a provider says of one is not believed."""

from app.foundation.errors import DomainError, Kind


class UnknownPayment(DomainError):
    """There is no such payment, or it is another account's."""

    kind = Kind.NOT_FOUND


class UnknownProvider(DomainError):
    """No provider of this name is connected."""


class ProviderUnreachable(DomainError):
    """The provider gave no answer: what was asked may or may not have happened."""

    kind = Kind.UNAVAILABLE
    retry_after_seconds = 10


class ProviderRefused(DomainError):
    """The provider took the question and said no: nothing happened there."""

    kind = Kind.UNAVAILABLE

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        # The provider's own word for it, such as amount_too_small.
        self.reason = reason


class SignatureInvalid(DomainError):
    """The message was not signed by the provider, not now, or is none at all."""

    kind = Kind.UNREADABLE


class OutcomeMismatch(DomainError):
    """The provider speaks of another amount, currency, reference or payment than ours."""

    kind = Kind.CONFLICT


class OutcomeImpossible(DomainError):
    """The provider takes back what it has said was final."""

    kind = Kind.CONFLICT


class UnknownEvent(DomainError):
    """The inbox holds no such event."""

    kind = Kind.NOT_FOUND


class ConsentMissing(DomainError):
    """A card is saved only for those who agree to what it is for."""


class UnknownCard(DomainError):
    """There is no such card, or it is another account's, or removed."""

    kind = Kind.NOT_FOUND


class CardNotUsable(DomainError):
    """The card is removed, or nobody has agreed that it is charged."""

    kind = Kind.CONFLICT


class UnknownRefund(DomainError):
    """There is no such refund."""

    kind = Kind.NOT_FOUND


class PaymentNotRefundable(DomainError):
    """There is no money of this payment that could be given back now."""

    kind = Kind.CONFLICT


class RefundTooLarge(DomainError):
    """More is to be given back than is left of the payment."""


class TokensAlreadyUsed(DomainError):
    """More is to be given back than the unused tokens of a purchase have cost."""

    kind = Kind.CONFLICT


class RefundedMeanwhile(DomainError):
    """Another refund of the payment was asked for since somebody looked at it."""

    kind = Kind.CONFLICT
