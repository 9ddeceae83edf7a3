"""How a payment provider is named in a body."""

from app.entrypoints.api.reading_fields import NAME
from app.entrypoints.gateways import DEFAULT_PROVIDER, PROVIDERS

# Which of them are connected, `gateway` knows: it refuses the others.
ANY_PROVIDER = NAME.one_of(PROVIDERS)
PROVIDER = ANY_PROVIDER.said(f"Through whom to pay; {DEFAULT_PROVIDER} by default.")
