"""Usage that waited for a price gets it, soon after the price has come."""

from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.price_unpriced import START, Place, price_unpriced


def price_what_waits() -> None:
    """Price all usage whose model has a price by now, a part in each transaction."""
    after: Place | None = START
    while after is not None:
        with transaction():
            after = price_unpriced(now=clock.now(), after=after).next_after
