"""Note how a top-up ended: a declined one pauses the next, three in a row switch it off."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.mails import operations as mails
from app.domain.payments.models import Payment
from app.domain.payments.rules import AUTHENTICATION_REQUIRED, PaymentStatus
from app.domain.tokens import operations as tokens
from app.domain.tokens.models import AutoTopup
from app.foundation import journal


def note_top_up(payment: Payment, draft: Invoice, account: Account, *, now: datetime) -> None:
    """Let the guard of the locked account remember how buying extra tokens ended."""
    if payment.status == PaymentStatus.SETTLED:
        tokens.note_bought(account.id, now=now)
    elif payment.method == "off_session" and payment.decline_code == AUTHENTICATION_REQUIRED:
        tokens.note_authentication(account.id, now=now)
        facts = {"amount_minor": payment.amount_minor, "url": f"/tokens/finish/{draft.public_id}"}
        about = payment.public_id
        mails.write("topup_needs_authentication", account, about=about, facts=facts, now=now)
    elif payment.method == "off_session":
        _declined(payment, tokens.note_declined(account.id, now=now), account, now=now)


def _declined(payment: Payment, guard: AutoTopup, account: Account, *, now: datetime) -> None:
    is_off = guard.switched_off_at is not None
    if is_off:
        accounts.settings_of(account).auto_topup = False
        journal.write("auto_topup_switched_off", actor="system", user_id=account.id, now=now)
    paused = guard.paused_until
    facts: dict[str, object] = {
        "amount_minor": payment.amount_minor,
        "decline_code": payment.decline_code,
        "declines": guard.declines_in_a_row,
        "paused_until": None if paused is None or is_off else paused.isoformat(),
        "switched_off": is_off,
    }
    mails.write("topup_declined", account, about=payment.public_id, facts=facts, now=now)
