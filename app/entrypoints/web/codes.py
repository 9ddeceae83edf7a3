"""Codes of the second factor: tried by whoever signs in, or shows that he still is who he was."""

from app.domain.accounts import factors, security_journal
from app.domain.accounts.errors import CodeWrong, FactorUnreadable
from app.domain.accounts.factors import CodeKind
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.entrypoints.sealing import seal
from app.entrypoints.web import tries
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import CodeForm
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.database import transaction


def has_shown_code(account: Account, form: CodeForm) -> bool:
    """Take the code that was typed, or say at its field why not; the journal tells of it."""
    now = clock.now()
    tries.try_code(account)
    with refusals_shown_on(dict.fromkeys((CodeWrong, FactorUnreadable), form.code)):
        with transaction():
            kind = factors.check_code(account, form.code.data or "", seal=seal(), now=now)
            if kind == CodeKind.RECOVERY:
                security_journal.note(Event.RECOVERY_CODE_USED, account, visitor=visitor(), now=now)
        tries.has_right_code(account)
        return True
    with transaction():
        security_journal.note_by_visitor(Event.CODE_FAILED, account, visitor=visitor(), now=now)
    return False
