"""What an endpoint is given, and what it is."""

from collections.abc import Callable
from dataclasses import dataclass

from app.sandbox.stripe.refusals import Json
from app.sandbox.stripe.work import Work


@dataclass(frozen=True, slots=True)
class Call:
    """A checked request: the id in its address, if any, and its parameters with their types."""

    id: str
    params: Json


Answering = Callable[[Work, Call], Json]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of the API: what may be sent to it, and who answers."""

    method: str
    path: str
    shape: type
    answer: Answering
    # What the sandbox can do of the parameters that Stripe knows for this call.
    supported: frozenset[str] = frozenset()
