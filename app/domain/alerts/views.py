"""What questions about alerts are answered with: frozen, and free of tables."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlertView:
    """A threshold that was crossed, and when the customer was written to; None if he was not."""

    kind: str
    # Tokens, percent or cents; of a forecast, the value is in seconds since 1970.
    threshold: int
    value: int
    span: str
    crossed_at: datetime
    mailed_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of what was crossed, and of how many alerts in all."""

    alerts: tuple[AlertView, ...]
    total: int
