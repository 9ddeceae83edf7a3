"""Webhooks as they are posted: the event's bytes, and the headers that sign them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.core import Sandbox
from app.sandbox.paypal.signing import signer


@dataclass(frozen=True, slots=True)
class Letter:
    """What is posted, and where to."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def letter(sandbox: Sandbox, event: dict[str, Any]) -> Letter:
    """Return the webhook of an event, signed now."""
    return _of_paypal(sandbox, event) if "event_type" in event else _of_stripe(sandbox, event)


def signature(body: str, secret: str, *, now: float) -> str:
    """Return the header by which Stripe proves when and by whom a webhook was sent."""
    moment = int(now)
    signed = f"{moment}.{body}".encode()
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def _of_stripe(sandbox: Sandbox, event: dict[str, Any]) -> Letter:
    settings = sandbox.settings
    body = json.dumps(event, indent=2, ensure_ascii=False)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(body, settings.webhook_secret, now=sandbox.clock()),
        "User-Agent": "Stripe/1.0 (local sandbox)",
    }
    return Letter(settings.webhook_url, headers, body.encode())


def _of_paypal(sandbox: Sandbox, event: dict[str, Any]) -> Letter:
    settings = sandbox.settings
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    signed = signer().headers(
        body,
        webhook_id=settings.paypal_webhook_id,
        base_url=sandbox.address,
        now=sandbox.clock(),
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "PayPal/AUHD-214.0 (local sandbox)",
        **signed,
    }
    return Letter(settings.paypal_webhook_url, headers, body)
