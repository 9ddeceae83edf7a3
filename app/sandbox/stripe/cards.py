"""The test cards: what each of them does when it is charged."""

from dataclasses import dataclass

from app.sandbox.stripe.refusals import Json


@dataclass(frozen=True, slots=True)
class Decline:
    """How a bank says no. Not every refusal has a decline code of the bank."""

    code: str
    message: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card that exists in test mode only; its last four digits tell it from the others."""

    number: str
    brand: str
    label: str
    # The names under which the API knows a payment method with this card.
    tokens: tuple[str, ...]
    decline: Decline | None = None
    # The bank lets it be saved, and only then refuses to pay.
    can_be_saved: bool = True
    # The bank wants to ask its holder each time, or only until the card is saved.
    asks_its_holder: bool = False
    asks_only_once: bool = False
    # Its holder will tell the bank that it was not him.
    is_disputed: bool = False
    # The money takes its time, as with bank debits: it comes or fails after the page is done.
    pays_slowly: bool = False
    # Money that is given back takes its time.
    refunds_slowly: bool = False

    @property
    def last4(self) -> str:
        """Return the digits that are shown."""
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        """Return the number as it is printed on a card."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


GENERIC = Decline("card_declined", "Your card was declined.", "generic_decline")
NO_FUNDS = Decline("card_declined", "Your card has insufficient funds.", "insufficient_funds")
LOST = Decline("card_declined", "Your card was declined.", "lost_card")
STOLEN = Decline("card_declined", "Your card was declined.", "stolen_card")
TOO_OFTEN = Decline(
    "card_declined",
    "Your card was declined for making repeated attempts too frequently.",
    "card_velocity_exceeded",
)
EXPIRED = Decline("expired_card", "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", "Your card's security code is incorrect.")
BANK_FAILED = Decline(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
NEEDS_HOLDER = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)
HOLDER_REFUSED = Decline(
    "payment_intent_authentication_failure",
    "Your bank could not confirm that it is you. Choose another card, or try again.",
)


def _declining(number: str, label: str, decline: Decline, token: str) -> Card:
    tokens = (f"pm_card_{token}", f"pm_card_visa_{token}")
    return Card(number, "visa", label, tokens, decline, can_be_saved=False)


CARDS = (
    Card("4242424242424242", "visa", "Payment succeeds", ("pm_card_visa",)),
    Card("5555555555554444", "mastercard", "Payment succeeds", ("pm_card_mastercard",)),
    _declining("4000000000000002", "Card declined", GENERIC, "chargeDeclined"),
    _declining(
        "4000000000009995", "Insufficient funds", NO_FUNDS, "chargeDeclinedInsufficientFunds"
    ),
    _declining("4000000000009987", "Lost card", LOST, "chargeDeclinedLostCard"),
    _declining("4000000000009979", "Stolen card", STOLEN, "chargeDeclinedStolenCard"),
    _declining(
        "4000000000006975", "Charged too often", TOO_OFTEN, "chargeDeclinedVelocityLimitExceeded"
    ),
    _declining("4000000000000069", "Card expired", EXPIRED, "chargeDeclinedExpiredCard"),
    _declining("4000000000000127", "Wrong security code", WRONG_CVC, "chargeDeclinedIncorrectCvc"),
    _declining(
        "4000000000000119", "Processing error", BANK_FAILED, "chargeDeclinedProcessingError"
    ),
    Card(
        number="4000000000000341",
        brand="visa",
        label="Can be saved, not charged",
        tokens=("pm_card_chargeCustomerFail", "pm_card_visa_chargeCustomerFail"),
        decline=GENERIC,
    ),
    Card(
        number="4000002760003184",
        brand="visa",
        label="Bank asks each time",
        tokens=("pm_card_authenticationRequired",),
        asks_its_holder=True,
    ),
    Card(
        number="4000002500003155",
        brand="visa",
        label="Bank asks until saved",
        tokens=("pm_card_authenticationRequiredOnSetup",),
        asks_its_holder=True,
        asks_only_once=True,
    ),
    Card(
        number="4000000000000259",
        brand="visa",
        label="Paid, then disputed",
        tokens=("pm_card_createDispute",),
        is_disputed=True,
    ),
    Card(
        number="4000000000007726",
        brand="visa",
        label="Refunds take their time",
        tokens=("pm_card_pendingRefund",),
        refunds_slowly=True,
    ),
    # Stripe has no such card: it stands in for the methods that are asynchronous there.
    Card(
        number="4000000000000606",
        brand="visa",
        label="Money takes its time",
        tokens=(),
        pays_slowly=True,
    ),
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {token: card for card in CARDS for token in card.tokens}
BY_LAST4 = {card.last4: card for card in CARDS}


def card_of(method: Json) -> Card:
    """Return the test card behind a payment method, or behind the details of one that paid."""
    return BY_LAST4[method["card"]["last4"]]
