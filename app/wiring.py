"""Which adapter stands behind which need of the domain."""

from functools import lru_cache

from app.adapters import backups, invoice_pdf, price_table
from app.adapters.mailer import SmtpMailer
from app.adapters.paypal_gateway import PayPalAccount, PayPalGateway
from app.adapters.stripe_gateway import StripeGateway
from app.config import Settings
from app.domain.mails.delivery import Mailer
from app.domain.payments.gateway import Gateways, PaymentGateway

read_price_table = price_table.read_price_table
parse_price_table = price_table.parse_price_table
render_pdf = invoice_pdf.render_pdf
back_up = backups.back_up
restore_backup = backups.restore


@lru_cache(maxsize=8)
def payment_gateways(settings: Settings) -> Gateways:
    """Return the providers that are connected, by name: one client each per process."""
    stripe = StripeGateway(
        api_key=settings.stripe_api_key,
        api_base=settings.stripe_api_base,
        webhook_secrets=settings.stripe_webhook_secrets,
    )
    connected: dict[str, PaymentGateway] = {stripe.provider: stripe}
    if settings.paypal.is_offered:
        account = PayPalAccount(
            client_id=settings.paypal.client_id,
            client_secret=settings.paypal.client_secret,
            api_base=settings.paypal.api_base,
            webhook_id=settings.paypal.webhook_id,
            verifies_by_call=settings.paypal.verify == "call",
        )
        connected[PayPalGateway.provider] = PayPalGateway(account)
    return connected


def mailer(settings: Settings) -> Mailer | None:
    """Return what hands mails to the server of the settings; None if mails are kept."""
    if settings.keeps_mails:
        return None
    return SmtpMailer(url=settings.smtp_url, sender=settings.mail_from)
