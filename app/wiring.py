"""Which adapter stands behind which need of the domain."""

from functools import lru_cache

from app.adapters import invoice_pdf, price_table
from app.adapters.mailer import SmtpMailer
from app.adapters.stripe_gateway import StripeGateway
from app.config import Settings
from app.domain.mails.delivery import Mailer
from app.domain.payments.gateway import Gateways

read_price_table = price_table.read_price_table
render_pdf = invoice_pdf.render_pdf


@lru_cache(maxsize=8)
def payment_gateways(settings: Settings) -> Gateways:
    """Return the providers that are connected, by name: one client each per process."""
    stripe = StripeGateway(
        api_key=settings.stripe_api_key,
        api_base=settings.stripe_api_base,
        webhook_secrets=settings.stripe_webhook_secrets,
    )
    return {stripe.provider: stripe}


def mailer(settings: Settings) -> Mailer | None:
    """Return what hands mails to the server of the settings; None if mails are kept."""
    if settings.keeps_mails:
        return None
    return SmtpMailer(url=settings.smtp_url, sender=settings.mail_from)
