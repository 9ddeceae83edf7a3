"""`billing sandbox`: the local stand-in for payment providers."""

import click

from app.config import PORT_MAX, Settings, read_settings
from app.config.providers import PAYPAL_STAND_IN
from app.entrypoints.cli.errors import CalledWrongly
from app.sandbox.serving import serve
from app.sandbox.settings import SandboxSettingError, SandboxSettings

STRIPE_WEBHOOK, PAYPAL_WEBHOOK = "/webhooks/stripe", "/webhooks/paypal"


@click.command()
@click.option("--port", type=click.IntRange(1, PORT_MAX), help="The port.  [default: SANDBOX_PORT]")
def sandbox(*, port: int | None) -> None:
    """Stand in for Stripe and PayPal on this machine, until told to end; no real money moves."""
    settings = read_settings()
    if not settings.uses_sandbox:
        raise CalledWrongly("STRIPE_API_KEY is set: payments go to Stripe, not to the sandbox.")
    try:
        serve(_sandbox_settings(settings, port=port or settings.sandbox_port))
    except SandboxSettingError as error:
        raise CalledWrongly(str(error)) from error


def _sandbox_settings(settings: Settings, *, port: int) -> SandboxSettings:
    settings.instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = f"http://127.0.0.1:{settings.port}"
    # Stripe itself may be meant while PayPal is stood in for.
    secret = next(iter(settings.stripe_webhook_secrets), "")
    return SandboxSettings(
        database=settings.instance_dir / "sandbox.sqlite3",
        port=port,
        merchant_name=settings.brand_name,
        webhook_url=f"{app}{STRIPE_WEBHOOK}" if secret else "",
        webhook_secret=secret,
        paypal_webhook_url=f"{app}{PAYPAL_WEBHOOK}",
        paypal_webhook_id=settings.paypal.webhook_id or PAYPAL_STAND_IN,
    )
