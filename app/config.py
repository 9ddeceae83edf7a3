"""Settings: read once from the environment or a `.env` file, checked before anything starts."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

SECRET_KEY_MIN = 32
PORT_MAX = 65535


class SettingError(Exception):
    """A setting is missing or contradicts another; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the outside decides. Money limits are in cents."""

    instance_dir: Path
    database_url: str
    secret_key: str
    port: int
    base_url: str
    brand_name: str
    production: bool
    credit_limit_new_minor: int
    credit_limit_minor: int
    renewal_grace_days: int
    trusted_proxies: int
    log_level: str
    demo: bool
    # Who sells, as it stands on invoices.
    seller_name: str
    seller_address: str
    seller_country: str
    seller_vat_id: str

    @property
    def secure_cookies(self) -> bool:
        """Tell whether browsers reach us by https, so that cookies must not travel without it."""
        return self.base_url.startswith("https://")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raises SettingError naming the first that is wrong."""
    values = _environment() if environment is None else environment
    instance_dir = Path(values.get("INSTANCE_DIR") or "instance").resolve()
    production = _one_of(values, "APP_ENV", ("development", "production")) == "production"
    port = _whole(values, "PORT", 8000, least=1, most=PORT_MAX)
    given_url = values.get("DATABASE_URL", "")
    return Settings(
        instance_dir=instance_dir,
        database_url=_database_url(given_url, instance_dir, production=production),
        secret_key=_secret_key(values.get("SECRET_KEY", ""), instance_dir, production=production),
        port=port,
        base_url=_base_url(values.get("BASE_URL", ""), port, production=production),
        brand_name=values.get("BRAND_NAME") or "Oblivious",
        production=production,
        credit_limit_new_minor=_whole(values, "CREDIT_LIMIT_NEW_USD", 5) * 100,
        credit_limit_minor=_whole(values, "CREDIT_LIMIT_USD", 100) * 100,
        renewal_grace_days=_whole(values, "RENEWAL_GRACE_DAYS", 7, least=1, most=28),
        trusted_proxies=_whole(values, "TRUSTED_PROXIES", 0, most=10),
        log_level=_one_of(values, "LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        demo=_one_of(values, "DEMO", ("0", "1")) == "1" or not given_url,
        seller_name=values.get("SELLER_NAME") or values.get("BRAND_NAME") or "Oblivious",
        seller_address=values.get("SELLER_ADDRESS", ""),
        seller_country=values.get("SELLER_COUNTRY", ""),
        seller_vat_id=values.get("SELLER_VAT_ID", ""),
    )


def _environment() -> Mapping[str, str]:
    """Return the environment over the `.env` file: what is set for this run wins."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def _database_url(given: str, instance_dir: Path, *, production: bool) -> str:
    if not given:
        if production:
            raise SettingError("DATABASE_URL is missing: production needs a database of its own.")
        return f"sqlite:///{instance_dir / 'billing.sqlite3'}"
    scheme, separator, rest = given.partition("://")
    # Hosting services hand out the first two; all of them are spoken to through psycopg 3.
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and separator:
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite" and separator:
        return given
    raise SettingError("DATABASE_URL must start with postgresql:// or sqlite:///.")


def _secret_key(given: str, instance_dir: Path, *, production: bool) -> str:
    if given:
        if len(given) < SECRET_KEY_MIN:
            raise SettingError(f"SECRET_KEY must have at least {SECRET_KEY_MIN} characters.")
        return given
    if production:
        raise SettingError("SECRET_KEY is missing: production needs its own, kept between starts.")
    kept = instance_dir / "secret_key"
    if not kept.exists():
        instance_dir.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(SECRET_KEY_MIN), encoding="ascii")
    return kept.read_text(encoding="ascii")


def _base_url(given: str, port: int, *, production: bool) -> str:
    if not given:
        if production:
            raise SettingError("BASE_URL is missing: links in mails need the public address.")
        return f"http://127.0.0.1:{port}"
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise SettingError("BASE_URL must read like https://billing.example.com, without a path.")
    if production and parts.scheme != "https":
        raise SettingError("BASE_URL must start with https:// in production.")
    return given.rstrip("/")


def _whole(
    values: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 1_000_000
) -> int:
    text = values.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _one_of(values: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """Return the value, or the first known one if none is set."""
    value = values.get(name) or known[0]
    if value not in known:
        raise SettingError(f"{name} must be one of {', '.join(known)}.")
    return value
