"""Saved cards: which there are, which is charged by default, and taking one away."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.mails import operations as mails
from app.domain.payments.errors import UnknownCard
from app.domain.payments.models import PaymentMethod
from app.domain.payments.views import CardUses, CardView, card_name
from app.domain.subscriptions.models import Subscription, SubscriptionStatus
from app.domain.tokens.rules import is_automatic
from app.foundation import journal, outbox
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.sentences import Sentence, say

FORGET_CARD = "forget_card"


def cards_of(account: Account, *, now: datetime) -> tuple[CardView, ...]:
    """Return the account's cards, the default first, then the newest."""
    month = f"{now:%Y-%m}"
    return tuple(_view(row, month=month) for row in _kept(account.id))


def uses_of(account: Account) -> CardUses:
    """Return what the account's default card is charged for without asking."""
    settings = account_queries.settings_of(account)
    renewing = select(Subscription.id).where(
        Subscription.user_id == account.id,
        Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)),
        Subscription.auto_renew,
        func.coalesce(Subscription.pending_plan_id, Subscription.plan_id) != PAY_AS_YOU_GO,
    )
    return CardUses(
        auto_topup=is_automatic(
            switched_on=settings.auto_topup, threshold=settings.auto_topup_threshold
        ),
        renewals=session.scalar(renewing.limit(1)) is not None,
        auto_pay=settings.auto_pay,
    )


def find_default(user_id: str) -> PaymentMethod | None:
    """Return the card that is charged when nothing else was chosen, if there is one."""
    return next((row for row in _kept(user_id) if row.is_default), None)


def find_card(provider: str, reference: str) -> PaymentMethod | None:
    """Return the card of a provider's reference, removed or not, of whichever account."""
    named = select(PaymentMethod).where(
        PaymentMethod.provider == provider, PaymentMethod.provider_reference == reference
    )
    return session.scalars(named).one_or_none()


def names_of(references: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Sentence]:
    """Return what cards are called, each by its provider and its reference there.

    Those that were forgotten are left out.
    """
    if not references:
        return {}
    columns = PaymentMethod.provider, PaymentMethod.provider_reference
    named = select(*columns, PaymentMethod.brand, PaymentMethod.last4).where(
        PaymentMethod.provider.in_({provider for provider, _ in references}),
        any_of(PaymentMethod.provider_reference, [reference for _, reference in references]),
        PaymentMethod.last4 != "",
    )
    return {
        (provider, reference): card_name(brand, last4)
        for provider, reference, brand, last4 in session.execute(named)
    }


def card_by_id(card_id: int) -> PaymentMethod:
    """Return the card of an attempt, removed or not. Raises UnknownCard."""
    card = session.get(PaymentMethod, card_id)
    if card is None:
        raise UnknownCard(say("There is no card with this id."))
    return card


def find_customer(user_id: str, *, provider: str) -> str | None:
    """Return whom the provider knows the account as, if it has ever saved a card there."""
    theirs = select(PaymentMethod.provider_customer).where(
        PaymentMethod.user_id == user_id, PaymentMethod.provider == provider
    )
    return session.scalar(theirs.order_by(PaymentMethod.id.desc()).limit(1))


def choose_default(account: Account, card_id: int, *, now: datetime) -> PaymentMethod:
    """Let this card be the one that is charged. Raises UnknownCard."""
    card = _locked(account, card_id)
    if not card.is_default:
        _make_default(card)
        _note(card, "card_made_default", actor=f"customer:{account.id}", now=now)
    return card


def remove_card(account: Account, card_id: int, *, now: datetime) -> None:
    """Charge the card no more, and promise that the provider forgets it. Raises UnknownCard."""
    card = _locked(account, card_id)
    _remove(card, now=now)
    tell_owner(card, "card_removed", actor=f"customer:{account.id}", now=now)
    outbox.add(FORGET_CARD, {"card": card.id}, now=now)


def drop_card(card: PaymentMethod, *, now: datetime) -> None:
    """Charge the card no more: its provider has forgotten it already."""
    accounts.lock_accounts({card.user_id})
    session.refresh(card)
    if card.removed_at is None:
        _remove(card, now=now)
        tell_owner(card, "card_removed", actor=f"provider:{card.provider}", now=now)


def forget_all(account: Account, *, now: datetime) -> None:
    """Have the providers forget every card of the locked account, and forget what they looked like.

    Nobody is written to: his account is being erased.
    """
    for card in _kept(account.id):
        card.is_default, card.removed_at = False, now
        outbox.add(FORGET_CARD, {"card": card.id}, now=now)
    session.flush()
    theirs = update(PaymentMethod).where(PaymentMethod.user_id == account.id)
    session.execute(theirs.values(last4="", expires_on=None))


def tell_owner(card: PaymentMethod, act: str, *, actor: str, now: datetime) -> None:
    """Note what was done to a card, and write to its owner: it may not have been him."""
    _note(card, act, actor=actor, now=now)
    account = account_queries.account(card.user_id)
    facts = {"brand": card.brand, "last4": card.last4}
    mails.write(act, account, about=f"card-{card.id}", facts=facts, now=now)


def _remove(card: PaymentMethod, *, now: datetime) -> None:
    was_default, card.is_default, card.removed_at = card.is_default, False, now
    session.flush()
    others = _kept(card.user_id)
    if was_default and others:
        _make_default(others[0])


def _make_default(card: PaymentMethod) -> None:
    former = find_default(card.user_id)
    if former is not None:
        former.is_default = False
        # There is never more than one, not even for the length of a statement.
        session.flush()
    card.is_default = True
    session.flush()


def _kept(user_id: str) -> Sequence[PaymentMethod]:
    theirs = select(PaymentMethod).where(
        PaymentMethod.user_id == user_id, PaymentMethod.removed_at.is_(None)
    )
    in_order = theirs.order_by(
        PaymentMethod.is_default.desc(), PaymentMethod.created_at.desc(), PaymentMethod.id.desc()
    )
    return session.scalars(in_order).all()


def _locked(account: Account, card_id: int) -> PaymentMethod:
    accounts.lock_in_use(account.id)
    card = session.get(PaymentMethod, card_id, populate_existing=True)
    if card is None or card.user_id != account.id or card.removed_at is not None:
        raise UnknownCard(say("You have no such card."))
    return card


def _note(card: PaymentMethod, act: str, *, actor: str, now: datetime) -> None:
    details = {"provider": card.provider, "reference": card.provider_reference}
    journal.write(act, actor=actor, user_id=card.user_id, now=now, details=details)


def _view(row: PaymentMethod, *, month: str) -> CardView:
    return CardView(
        id=row.id,
        provider=row.provider,
        brand=row.brand,
        last4=row.last4,
        expires_on=row.expires_on,
        is_default=row.is_default,
        is_expired=row.expires_on is not None and row.expires_on < month,
        has_consent=row.consented_at is not None,
        created_at=row.created_at,
    )
