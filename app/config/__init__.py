"""Settings: read once from the environment or a `.env` file, checked before anything starts."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import make_url

from app.config.databases import is_of_a_file, read_database_url
from app.config.guarding import (
    check_no_debugging,
    read_base_url,
    read_instance_dir,
    read_secret_key,
)
from app.config.mailing import read_mail_from, read_smtp_url
from app.config.providers import (
    PayPalSettings,
    check_money_is_real,
    read_paypal,
    read_stripe,
    read_webhook_secrets,
)
from app.config.reading import SettingError, is_local, line_of, one_of, split_address, whole
from app.config.retention import Retention, read_retention

PORT_MAX = 65535
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
HOST = re.compile(r"\.?[\w.-]{1,253}|\[[0-9a-fA-F:]+\]", re.ASCII)
COUNTRY = re.compile(r"[A-Z]{2}")
# What logs are written as where nothing is said comes first.
LOG_FORMATS = {True: ("json", "text"), False: ("text", "json")}


@dataclass(frozen=True, slots=True)
class SellerSettings:
    """Who sells, as it stands on invoices."""

    name: str
    address: str
    country: str
    vat_id: str


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and how."""

    level: str
    # One JSON object a line, or text for people.
    as_json: bool
    # Queries that took longer are logged.
    slow_query_ms: int


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
    # The hosts by which we may be asked for; empty: by any.
    trusted_hosts: tuple[str, ...]
    logs: LogSettings
    # PostgreSQL's own program for backups, by name or path; pg_restore stands beside it.
    pg_dump: str
    demo: bool
    seller: SellerSettings
    # The key and the address belong together: a sandbox of our own where no key is given.
    stripe_api_key: str
    stripe_api_base: str
    stripe_webhook_secrets: tuple[str, ...]
    paypal: PayPalSettings
    sandbox_port: int
    redis_url: str
    # Without a mail server mails are kept, to be read on a page.
    smtp_url: str
    mail_from: str
    retention: Retention

    @property
    def missing_database(self) -> Path | None:
        """Return the file that a database of SQLite is to be in, while there is none."""
        url = make_url(self.database_url)
        file = Path(url.database or "")
        return file if is_of_a_file(url) and not file.exists() else None

    @property
    def keeps_mails(self) -> bool:
        """Tell whether mails stay here for want of a server."""
        return not self.smtp_url

    @property
    def uses_sandbox(self) -> bool:
        """Tell whether payments go to a stand-in on this machine: no real money moves."""
        return is_local(self.stripe_api_base) or is_local(self.paypal.api_base)

    @property
    def secure_cookies(self) -> bool:
        """Tell whether browsers reach us by https, so that cookies must not travel without it."""
        return self.base_url.startswith("https://")


def read_settings(
    environment: Mapping[str, str] | None = None, *, leaves_nothing: bool = False
) -> Settings:
    """Read and check the settings. Raises SettingError naming the first that is wrong.

    Secrets that no file keeps yet are made and kept, unless nothing is to be left behind.
    """
    values = _environment() if environment is None else environment
    return _settings(values, leaves_nothing=leaves_nothing)


def _settings(values: Mapping[str, str], *, leaves_nothing: bool) -> Settings:
    production = one_of(values, "APP_ENV", ("development", "production")) == "production"
    instance_dir = read_instance_dir(values.get("INSTANCE_DIR", ""), production=production)
    check_no_debugging(values, production=production)
    port = whole(values, "PORT", 8000, least=1, most=PORT_MAX)
    sandbox_port = _sandbox_port(values, port)
    key, base = read_stripe(values, sandbox_port, production=production)
    base_url = read_base_url(values.get("BASE_URL", ""), port, production=production)
    check_money_is_real(key, base_url, production=production)
    kept = {"production": production, "leaves_nothing": leaves_nothing}
    return Settings(
        instance_dir=instance_dir,
        database_url=read_database_url(values, instance_dir, production=production),
        secret_key=read_secret_key(values, instance_dir, **kept),
        port=port,
        base_url=base_url,
        brand_name=_brand_name(values),
        production=production,
        credit_limit_new_minor=whole(values, "CREDIT_LIMIT_NEW_USD", 5) * 100,
        credit_limit_minor=whole(values, "CREDIT_LIMIT_USD", 100) * 100,
        renewal_grace_days=whole(values, "RENEWAL_GRACE_DAYS", 7, least=1, most=28),
        trusted_proxies=whole(values, "TRUSTED_PROXIES", 0, most=10),
        trusted_hosts=_trusted_hosts(values, base_url, production=production),
        logs=_logs(values, production=production),
        pg_dump=values.get("PG_DUMP") or "pg_dump",
        demo=one_of(values, "DEMO", ("0", "1")) == "1" or not values.get("DATABASE_URL"),
        seller=_seller(values),
        stripe_api_key=key,
        stripe_api_base=base,
        stripe_webhook_secrets=read_webhook_secrets(values, instance_dir, base, **kept),
        paypal=read_paypal(values, sandbox_port, stripe_key=key, production=production),
        sandbox_port=sandbox_port,
        redis_url=_redis_url(values.get("REDIS_URL", "")),
        smtp_url=read_smtp_url(values.get("SMTP_URL", ""), production=production),
        mail_from=read_mail_from(values),
        retention=read_retention(values),
    )


def _environment() -> Mapping[str, str]:
    """Return the environment over the `.env` file: what is set for this run wins."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def _brand_name(values: Mapping[str, str]) -> str:
    return line_of(values, "BRAND_NAME") or "Oblivious"


def _logs(values: Mapping[str, str], *, production: bool) -> LogSettings:
    return LogSettings(
        level=one_of(values, "LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        as_json=one_of(values, "LOG_FORMAT", LOG_FORMATS[production]) == "json",
        slow_query_ms=whole(values, "SLOW_QUERY_MS", 500, least=1),
    )


def _seller(values: Mapping[str, str]) -> SellerSettings:
    country = values.get("SELLER_COUNTRY", "")
    if country and not COUNTRY.fullmatch(country):
        raise SettingError("SELLER_COUNTRY must be the two letters of a country, such as DE.")
    return SellerSettings(
        name=line_of(values, "SELLER_NAME") or _brand_name(values),
        address=values.get("SELLER_ADDRESS", ""),
        country=country,
        vat_id=line_of(values, "SELLER_VAT_ID"),
    )


def _trusted_hosts(
    values: Mapping[str, str], base_url: str, *, production: bool
) -> tuple[str, ...]:
    """Return the hosts that requests may name: ours, this machine's, and those that are set."""
    given = values.get("TRUSTED_HOSTS", "").split(",")
    listed = tuple(host.strip() for host in given if host.strip())
    if not all(HOST.fullmatch(host) for host in listed):
        raise SettingError("TRUSTED_HOSTS must name hosts, with commas between: billing.internal.")
    if not listed and not production:
        return ()
    # Probes of load balancers come by the loopback, or by what is set for them.
    return (split_address(base_url).hostname or "", *LOOPBACK_HOSTS, *listed)


def _sandbox_port(values: Mapping[str, str], port: int) -> int:
    """Return the port beside ours, unless another is set."""
    beside = port + 1 if port < PORT_MAX else port - 1
    return whole(values, "SANDBOX_PORT", beside, least=1, most=PORT_MAX)


def _redis_url(given: str) -> str:
    if given and split_address(given).scheme not in ("redis", "rediss", "unix"):
        raise SettingError(
            "REDIS_URL must start with redis://, rediss:// or unix://,"
            " and go on with a host, and with a port that can be."
        )
    return given
