"""What providers' messages said is forgotten after a while; that they came is not.

Changes state; never commits.
"""

from datetime import datetime

from sqlalchemy import select, update

from app.domain.payments.inbox import WAITING
from app.domain.payments.models import ProviderEvent
from app.foundation.database import session


def forget_bodies(*, before: datetime, limit: int) -> int:
    """Empty the messages that came before that and are done with; return how many those were."""
    event = ProviderEvent
    done = event.received_at < before, event.status != WAITING, event.body != b""
    oldest = select(event.id).where(*done).order_by(event.id).limit(limit)
    emptied = update(event).where(event.id.in_(oldest)).values(body=b"").returning(event.id)
    return len(session.scalars(emptied).all())
