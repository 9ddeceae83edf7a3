"""What can be done with alerts. Changes state; never commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from app.domain.accounts.models import Account
from app.domain.alerts.models import Alert
from app.domain.alerts.rules import EPOCH, SECOND, AlertKind, Crossing, Figures, span_of
from app.domain.mails import operations as mails
from app.foundation.bulk import Row, insert_rows
from app.foundation.database import session
from app.foundation.money import minor_from_nanos
from app.foundation.periods import BillingMonth

MAIL = "alerts_crossed"


@dataclass(frozen=True, slots=True)
class Notice:
    """What an account is to be told now, all at once."""

    account: Account
    crossings: tuple[Crossing, ...]
    figures: Figures
    period_id: int
    period_ends_at: datetime
    wants_mail: bool

    def span_of(self, crossing: Crossing, *, month: BillingMonth) -> str:
        """Return the period or month that the crossing is told once for."""
        return span_of(crossing.kind, period_id=self.period_id, month=month)


def tell(notices: Sequence[Notice], *, now: datetime) -> None:
    """Note what was crossed, in one statement, and write one mail to each who wants it."""
    month = BillingMonth.of(now)
    insert_rows(
        Alert,
        [
            _row(notice, crossing, month=month, now=now)
            for notice in notices
            for crossing in notice.crossings
        ],
    )
    for notice in notices:
        if notice.wants_mail:
            first = notice.crossings[0]
            span = notice.span_of(first, month=month)
            # Each crossing is told once, so whatever is told first names its mail.
            about = f"{notice.account.id}:{first.kind}:{first.threshold}:{span}"
            mails.write(MAIL, notice.account, about=about, facts=_facts(notice), now=now)


def _row(notice: Notice, crossing: Crossing, *, month: BillingMonth, now: datetime) -> Row:
    return {
        "user_id": notice.account.id,
        "kind": crossing.kind,
        "threshold": crossing.threshold,
        "span": notice.span_of(crossing, month=month),
        "value": crossing.value,
        "crossed_at": now,
        "mailed_at": now if notice.wants_mail else None,
    }


def _facts(notice: Notice) -> Mapping[str, object]:
    figures = notice.figures
    return {
        "alerts": [_told(crossing) for crossing in notice.crossings],
        "token_balance": figures.token_balance,
        "quota": figures.quota,
        "period_ends_at": _moment(notice.period_ends_at),
        "month_cost_minor": minor_from_nanos(figures.spent_nanos),
    }


def _told(crossing: Crossing) -> dict[str, object]:
    value: object = crossing.value
    if crossing.kind is AlertKind.FORECAST:
        value = _moment(EPOCH + crossing.value * SECOND)
    return {"kind": crossing.kind, "threshold": crossing.threshold, "value": value}


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def forget_of(account: Account) -> None:
    """Delete what the account was told of its thresholds."""
    session.execute(delete(Alert).where(Alert.user_id == account.id))
