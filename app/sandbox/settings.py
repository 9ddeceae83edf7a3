"""What the outside decides about the sandbox; it never listens beyond this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

PORT_MAX = 65535
SECRET_MIN = 8


class SandboxSettingError(Exception):
    """A setting is missing, wrong, or would open the sandbox to others; the message names it."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Where the sandbox listens, what it keeps, and whom it tells about payments."""

    database: Path
    port: int = 8001
    host: str = "127.0.0.1"
    merchant_name: str = "Oblivious"
    webhook_url: str = ""
    webhook_secret: str = ""
    paypal_webhook_url: str = ""
    # PayPal signs it along with each message; who receives them has to know it.
    paypal_webhook_id: str = "paypal_sandbox"
    # Stripe tries for days; whoever develops does not wait that long.
    webhook_retry_seconds: tuple[float, ...] = (1, 3, 10, 30, 120, 600)

    def __post_init__(self) -> None:
        """Refuse to exist with settings that nothing good can come of."""
        _check_host(self.host)
        if not 0 <= self.port <= PORT_MAX:
            raise SandboxSettingError(f"SANDBOX_PORT must be from 1 to {PORT_MAX}.")
        if self.webhook_url:
            _check_url(self.webhook_url, name="SANDBOX_WEBHOOK_URL")
            _check_secret(self.webhook_secret)
        if self.paypal_webhook_url:
            _check_url(self.paypal_webhook_url, name="paypal_webhook_url")


def read_sandbox_settings(environment: Mapping[str, str]) -> SandboxSettings:
    """Read and check the settings. Raises SandboxSettingError naming the first that is wrong."""
    instance_dir = Path(environment.get("INSTANCE_DIR") or "instance").resolve()
    next_port = _port(environment.get("PORT") or "8000", name="PORT") + 1
    return SandboxSettings(
        database=instance_dir / "sandbox.sqlite3",
        port=_port(environment.get("SANDBOX_PORT") or str(next_port), name="SANDBOX_PORT"),
        host=environment.get("SANDBOX_HOST") or "127.0.0.1",
        merchant_name=environment.get("BRAND_NAME") or "Oblivious",
        webhook_url=environment.get("SANDBOX_WEBHOOK_URL", ""),
        webhook_secret=environment.get("SANDBOX_WEBHOOK_SECRET", ""),
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address, or the name localhost, means this machine and no other."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_host(host: str) -> None:
    if not is_loopback(host):
        raise SandboxSettingError(
            f"SANDBOX_HOST is {host}, but the sandbox listens on this machine only: "
            "use 127.0.0.1, ::1 or localhost."
        )


def _check_url(url: str, *, name: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        # A bracket that is left open.
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SandboxSettingError(f"{name} must be a whole http:// or https:// URL.")


def _check_secret(secret: str) -> None:
    if len(secret) < SECRET_MIN:
        raise SandboxSettingError(
            "SANDBOX_WEBHOOK_SECRET is missing or too short: webhooks are signed with it, "
            f"so it needs at least {SECRET_MIN} characters."
        )


def _port(text: str, *, name: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= PORT_MAX:
        raise SandboxSettingError(f"{name} must be a whole number from 1 to {PORT_MAX}.")
    return int(text)
