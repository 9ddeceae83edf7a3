"""Account credit: a ledger in cents, spent by the next invoices. Changes state; never commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditEntry, Invoice
from app.foundation.database import session


def add(account: Account, *, minor: int, kind: str, source: str, note: str, now: datetime) -> None:
    """Give the locked account credit, once for each source; 0 changes nothing."""
    _enter(account, minor=minor, kind=kind, source=source, note=note, now=now)


def spend(account: Account, invoice: Invoice, *, minor: int, now: datetime) -> None:
    """Use credit of the locked account for an invoice."""
    source = f"invoice:{invoice.public_id}"
    _enter(account, minor=-minor, kind="used", source=source, note="", now=now)


def return_spent(account: Account, invoice: Invoice, *, minor: int, now: datetime) -> None:
    """Give back what an invoice has used of the locked account's credit, or what is left of it."""
    assert 0 <= minor <= invoice.credit_used_minor, "no more comes back than was used"
    _enter(
        account,
        minor=minor,
        kind="returned",
        source=source_of_return(invoice.public_id),
        note="",
        now=now,
    )


def take_back(
    account: Account, *, minor: int, kind: str, source: str, note: str, now: datetime
) -> int:
    """Take credit of the locked account back, as far as it is there; return how much was taken."""
    taken = min(minor, account.credit_minor)
    _enter(account, minor=-taken, kind=kind, source=source, note=note, now=now)
    return taken


def forget_notes(account: Account, *, but: str) -> None:
    """Erase what was written beside the account's movements; the movements stay."""
    written = CreditEntry.user_id == account.id, CreditEntry.note != but
    session.execute(update(CreditEntry).where(*written).values(note=""))


def source_of_note(number: str) -> str:
    """Return the source of the credit that a credit note gives."""
    return f"credit_note:{number}"


def source_of_return(invoice_id: str) -> str:
    """Return the source of the credit that comes back once an invoice is given back or void."""
    return f"invoice:{invoice_id}:returned"


def sum_of(sources: Collection[str], *, at: datetime | None = None) -> int:
    """Return what was given and taken under these sources, together, ever or at a moment."""
    found = select(func.coalesce(func.sum(CreditEntry.amount_minor), 0))
    if at is not None:
        found = found.where(CreditEntry.created_at == at)
    return int(session.scalars(found.where(CreditEntry.source.in_(sources))).one())


def has_source(source: str) -> bool:
    """Tell whether credit of this source was given."""
    found = select(CreditEntry.id).where(CreditEntry.source == source)
    return session.scalar(found) is not None


def _enter(
    account: Account, *, minor: int, kind: str, source: str, note: str, now: datetime
) -> None:
    if not minor:
        return
    account.credit_minor += minor
    assert account.credit_minor >= 0, "credit is never below zero"
    session.add(
        CreditEntry(
            user_id=account.id,
            kind=kind,
            amount_minor=minor,
            balance_after_minor=account.credit_minor,
            source=source,
            note=note,
            created_at=now,
        )
    )
