"""Every table of the domain, for whoever needs the whole schema: migrations and their test."""

from app.domain.accounts import access_models as access
from app.domain.accounts import models as accounts
from app.domain.alerts import models as alerts
from app.domain.catalog import models as catalog
from app.domain.coupons import models as coupons
from app.domain.invoices import models as invoices
from app.domain.mails import models as mails
from app.domain.payments import models as payments
from app.domain.subscriptions import models as subscriptions
from app.domain.tokens import models as tokens
from app.domain.usage import checkpoint_models as checkpoints
from app.domain.usage import models as usage
from app.foundation import idempotency, journal, outbox

__all__ = [
    "access",
    "accounts",
    "alerts",
    "catalog",
    "checkpoints",
    "coupons",
    "idempotency",
    "invoices",
    "journal",
    "mails",
    "outbox",
    "payments",
    "subscriptions",
    "tokens",
    "usage",
]
