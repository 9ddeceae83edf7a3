"""Whom payments go to: Stripe and PayPal, or a stand-in for them on this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.config.reading import (
    SettingError,
    is_local,
    is_public,
    kept_secret,
    one_of,
    split_address,
)

STRIPE_API = "https://api.stripe.com"
STRIPE_SANDBOX_KEY = "sk_test_sandbox"
STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_\w+", re.ASCII)
STRIPE_WEBHOOK_SECRET = re.compile(r"whsec_\S{8,}", re.ASCII)
PAYPAL_LIVE_API = "https://api-m.paypal.com"
PAYPAL_SANDBOX_API = "https://api-m.sandbox.paypal.com"
# What the stand-in on this machine takes for an account: it is no secret there.
PAYPAL_STAND_IN = "paypal_sandbox"
PAYPAL_KEY = re.compile(r"[\w.-]{8,200}", re.ASCII)
PAYPAL_WEBHOOK = re.compile(r"[\w-]{8,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PayPalSettings:
    """Whose account at PayPal payments go to, and where that is; all empty if not offered."""

    client_id: str = ""
    client_secret: str = ""
    api_base: str = ""
    webhook_id: str = ""
    # "offline": messages are checked against PayPal's certificate; "call": PayPal is asked.
    verify: str = "offline"

    @property
    def is_offered(self) -> bool:
        """Tell whether customers can pay through PayPal."""
        return bool(self.client_id)


def read_stripe(
    values: Mapping[str, str], sandbox_port: int, *, production: bool
) -> tuple[str, str]:
    """Return the key and the address of Stripe, or of the sandbox in its place."""
    key, base = values.get("STRIPE_API_KEY", ""), values.get("STRIPE_API_BASE", "").rstrip("/")
    if not key:
        if production:
            raise SettingError("STRIPE_API_KEY is missing: production takes real payments.")
        if base and not is_local(base):
            raise SettingError("STRIPE_API_KEY is missing: STRIPE_API_BASE is no local sandbox.")
        return STRIPE_SANDBOX_KEY, base or f"http://127.0.0.1:{sandbox_port}"
    if not STRIPE_KEY.fullmatch(key):
        raise SettingError("STRIPE_API_KEY must be a secret or restricted key: sk_… or rk_….")
    base = base or STRIPE_API
    parts = split_address(base)
    if not parts.hostname or parts.scheme not in ("http" if is_local(base) else "", "https"):
        raise SettingError(f"STRIPE_API_BASE must be a whole address, such as {STRIPE_API}.")
    if production and is_local(base):
        raise SettingError("STRIPE_API_BASE is a sandbox: production takes real payments.")
    if "_live_" in key and base != STRIPE_API:
        raise SettingError(f"STRIPE_API_BASE must be {STRIPE_API} with a live STRIPE_API_KEY.")
    return key, base


def check_money_is_real(stripe_key: str, base_url: str, *, production: bool) -> None:
    """Refuse to sell to the public for money that is none."""
    if production and "_live_" not in stripe_key and is_public(base_url):
        raise SettingError(
            "STRIPE_API_KEY is a test key, but BASE_URL is public: set the live key,"
            " or leave APP_ENV=production out."
        )


def read_paypal(
    values: Mapping[str, str], sandbox_port: int, *, stripe_key: str, production: bool
) -> PayPalSettings:
    """Return the account and the address of PayPal, or of the sandbox; nothing if not offered."""
    given = PayPalSettings(
        client_id=values.get("PAYPAL_CLIENT_ID", ""),
        client_secret=values.get("PAYPAL_CLIENT_SECRET", ""),
        api_base=values.get("PAYPAL_API_BASE", "").rstrip("/"),
        webhook_id=values.get("PAYPAL_WEBHOOK_ID", ""),
        verify=one_of(values, "PAYPAL_VERIFY", ("offline", "call")),
    )
    if given.client_id:
        return _paypal_account(given, stripe_is_live="_live_" in stripe_key, production=production)
    if given.client_secret or (given.api_base and not is_local(given.api_base)):
        name = "PAYPAL_CLIENT_SECRET" if given.client_secret else "PAYPAL_API_BASE"
        raise SettingError(f"PAYPAL_CLIENT_ID is missing: {name} is set.")
    if stripe_key != STRIPE_SANDBOX_KEY:
        # Real money beside a stand-in that takes none would pay for nothing.
        if given.api_base:
            raise SettingError("PAYPAL_API_BASE is a sandbox, but STRIPE_API_KEY is none of it.")
        return PayPalSettings()
    return replace(
        given,
        client_id=PAYPAL_STAND_IN,
        client_secret=PAYPAL_STAND_IN,
        api_base=given.api_base or f"http://127.0.0.1:{sandbox_port}",
        webhook_id=PAYPAL_STAND_IN,
    )


def _paypal_account(
    given: PayPalSettings, *, stripe_is_live: bool, production: bool
) -> PayPalSettings:
    if not PAYPAL_KEY.fullmatch(given.client_id):
        raise SettingError("PAYPAL_CLIENT_ID must be the client id of an app at PayPal.")
    if not PAYPAL_KEY.fullmatch(given.client_secret):
        raise SettingError("PAYPAL_CLIENT_SECRET must be the secret of the same app at PayPal.")
    if given.webhook_id and not PAYPAL_WEBHOOK.fullmatch(given.webhook_id):
        raise SettingError("PAYPAL_WEBHOOK_ID must be the id that PayPal shows of the webhook.")
    if production and not given.webhook_id:
        raise SettingError("PAYPAL_WEBHOOK_ID is missing: payments are told by webhooks.")
    base = given.api_base or (PAYPAL_LIVE_API if stripe_is_live else PAYPAL_SANDBOX_API)
    _check_paypal_base(base, stripe_is_live=stripe_is_live, production=production)
    return replace(given, api_base=base)


def _check_paypal_base(base: str, *, stripe_is_live: bool, production: bool) -> None:
    """Refuse addresses of nobody's, and real money beside money that is not."""
    if base not in (PAYPAL_LIVE_API, PAYPAL_SANDBOX_API) and not is_local(base):
        raise SettingError(f"PAYPAL_API_BASE must be {PAYPAL_LIVE_API} or {PAYPAL_SANDBOX_API}.")
    if production and is_local(base):
        raise SettingError("PAYPAL_API_BASE is a sandbox: production takes real payments.")
    if stripe_is_live and base != PAYPAL_LIVE_API:
        raise SettingError(f"PAYPAL_API_BASE must be {PAYPAL_LIVE_API} with a live STRIPE_API_KEY.")
    if base == PAYPAL_LIVE_API and not stripe_is_live:
        raise SettingError("PAYPAL_API_BASE takes real payments, but STRIPE_API_KEY takes none.")


def read_webhook_secrets(
    values: Mapping[str, str],
    instance_dir: Path,
    stripe_base: str,
    *,
    production: bool,
    leaves_nothing: bool,
) -> tuple[str, ...]:
    """Return the secrets that webhooks may be signed with; two while one takes over."""
    given = values.get("STRIPE_WEBHOOK_SECRETS", "")
    listed = tuple(secret.strip() for secret in given.split(",") if secret.strip())
    if not all(STRIPE_WEBHOOK_SECRET.fullmatch(secret) for secret in listed):
        raise SettingError("STRIPE_WEBHOOK_SECRETS must read like whsec_…, several with commas.")
    if not listed and production:
        raise SettingError("STRIPE_WEBHOOK_SECRETS is missing: payments are told by webhooks.")
    if not listed and is_local(stripe_base):
        file = instance_dir / "sandbox_webhook_secret"
        return (kept_secret(file, prefix="whsec_", leaves_nothing=leaves_nothing),)
    return listed
