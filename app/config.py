"""Settings: read once from the environment or a `.env` file, checked before anything starts."""

import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

SECRET_KEY_MIN = 32
PORT_MAX = 65535
STRIPE_API = "https://api.stripe.com"
STRIPE_SANDBOX_KEY = "sk_test_sandbox"
STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_\w+", re.ASCII)
PAYPAL_LIVE_API = "https://api-m.paypal.com"
PAYPAL_SANDBOX_API = "https://api-m.sandbox.paypal.com"
# What the stand-in on this machine takes for an account: it is no secret there.
PAYPAL_STAND_IN = "paypal_sandbox"
PAYPAL_KEY = re.compile(r"[\w.-]{8,200}", re.ASCII)
PAYPAL_WEBHOOK = re.compile(r"[\w-]{8,64}", re.ASCII)
# An address alone, or behind a name; a line break would begin another header.
MAIL_FROM = re.compile(r"[^\s<>@]+@[^\s<>@]+|[^\r\n<>@]+ <[^\s<>@]+@[^\s<>@]+>")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
HOST = re.compile(r"\.?[\w.-]{1,253}|\[[0-9a-fA-F:]+\]", re.ASCII)
# What logs are written as where nothing is said comes first.
LOG_FORMATS = {True: ("json", "text"), False: ("text", "json")}
STRIPE_WEBHOOK_SECRET = re.compile(r"whsec_\S{8,}", re.ASCII)


class SettingError(Exception):
    """A setting is missing or contradicts another; the message names it."""


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
    log_level: str
    # One JSON object a line, or text for people.
    logs_as_json: bool
    slow_query_ms: int
    # PostgreSQL's own program for backups, by name or path; pg_restore stands beside it.
    pg_dump: str
    demo: bool
    # Who sells, as it stands on invoices.
    seller_name: str
    seller_address: str
    seller_country: str
    seller_vat_id: str
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

    @property
    def keeps_mails(self) -> bool:
        """Tell whether mails stay here for want of a server."""
        return not self.smtp_url

    @property
    def uses_sandbox(self) -> bool:
        """Tell whether payments go to a stand-in on this machine: no real money moves."""
        return _is_local(self.stripe_api_base) or _is_local(self.paypal.api_base)

    @property
    def secure_cookies(self) -> bool:
        """Tell whether browsers reach us by https, so that cookies must not travel without it."""
        return self.base_url.startswith("https://")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raises SettingError naming the first that is wrong."""
    values = _environment() if environment is None else environment
    production = _one_of(values, "APP_ENV", ("development", "production")) == "production"
    instance_dir = _instance_dir(values.get("INSTANCE_DIR", ""), production=production)
    port = _whole(values, "PORT", 8000, least=1, most=PORT_MAX)
    sandbox_port = _sandbox_port(values, port)
    key, base = _stripe(values, sandbox_port, production=production)
    base_url = _base_url(values.get("BASE_URL", ""), port, production=production)
    return Settings(
        instance_dir=instance_dir,
        database_url=_database_url(values, instance_dir, production=production),
        secret_key=_secret_key(values.get("SECRET_KEY", ""), instance_dir, production=production),
        port=port,
        base_url=base_url,
        brand_name=values.get("BRAND_NAME") or "Oblivious",
        production=production,
        credit_limit_new_minor=_whole(values, "CREDIT_LIMIT_NEW_USD", 5) * 100,
        credit_limit_minor=_whole(values, "CREDIT_LIMIT_USD", 100) * 100,
        renewal_grace_days=_whole(values, "RENEWAL_GRACE_DAYS", 7, least=1, most=28),
        trusted_proxies=_whole(values, "TRUSTED_PROXIES", 0, most=10),
        trusted_hosts=_trusted_hosts(values, base_url, production=production),
        log_level=_one_of(values, "LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        logs_as_json=_one_of(values, "LOG_FORMAT", LOG_FORMATS[production]) == "json",
        slow_query_ms=_whole(values, "SLOW_QUERY_MS", 500, least=1),
        pg_dump=values.get("PG_DUMP") or "pg_dump",
        demo=_one_of(values, "DEMO", ("0", "1")) == "1" or not values.get("DATABASE_URL"),
        seller_name=values.get("SELLER_NAME") or values.get("BRAND_NAME") or "Oblivious",
        seller_address=values.get("SELLER_ADDRESS", ""),
        seller_country=values.get("SELLER_COUNTRY", ""),
        seller_vat_id=values.get("SELLER_VAT_ID", ""),
        stripe_api_key=key,
        stripe_api_base=base,
        stripe_webhook_secrets=_webhook_secrets(values, instance_dir, base, production=production),
        paypal=_paypal(values, sandbox_port, stripe_key=key, production=production),
        sandbox_port=sandbox_port,
        redis_url=_redis_url(values.get("REDIS_URL", "")),
        smtp_url=_smtp_url(values.get("SMTP_URL", ""), production=production),
        mail_from=_mail_from(values.get("MAIL_FROM", ""), needed=bool(values.get("SMTP_URL"))),
    )


def _environment() -> Mapping[str, str]:
    """Return the environment over the `.env` file: what is set for this run wins."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def _database_url(values: Mapping[str, str], instance_dir: Path, *, production: bool) -> str:
    given = values.get("DATABASE_URL", "")
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
    return _kept_secret(instance_dir / "secret_key")


def _kept_secret(file: Path, *, prefix: str = "") -> str:
    """Return the secret that the file keeps, made at the first time."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Programs that start together must not read a file that is still empty, or make two.
        fresh = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(prefix + secrets.token_urlsafe(SECRET_KEY_MIN), encoding="ascii")
        with suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    return file.read_text(encoding="ascii")


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
    return (urlsplit(base_url).hostname or "", *LOOPBACK_HOSTS, *listed)


def _instance_dir(given: str, *, production: bool) -> Path:
    """Return the folder of our own files, which nobody else may write into."""
    folder = Path(given or "instance").resolve()
    if production and folder.exists() and folder.stat().st_mode & stat.S_IWOTH:
        raise SettingError(f"INSTANCE_DIR may be written by everyone: chmod o-w {folder}")
    return folder


def _sandbox_port(values: Mapping[str, str], port: int) -> int:
    """Return the port beside ours, unless another is set."""
    beside = port + 1 if port < PORT_MAX else port - 1
    return _whole(values, "SANDBOX_PORT", beside, least=1, most=PORT_MAX)


def _stripe(values: Mapping[str, str], sandbox_port: int, *, production: bool) -> tuple[str, str]:
    """Return the key and the address of Stripe, or of the sandbox in its place."""
    key, base = values.get("STRIPE_API_KEY", ""), values.get("STRIPE_API_BASE", "").rstrip("/")
    if not key:
        if production:
            raise SettingError("STRIPE_API_KEY is missing: production takes real payments.")
        if base and not _is_local(base):
            raise SettingError("STRIPE_API_KEY is missing: STRIPE_API_BASE is no local sandbox.")
        return STRIPE_SANDBOX_KEY, base or f"http://127.0.0.1:{sandbox_port}"
    if not STRIPE_KEY.fullmatch(key):
        raise SettingError("STRIPE_API_KEY must be a secret or restricted key: sk_… or rk_….")
    base = base or STRIPE_API
    parts = urlsplit(base)
    if not parts.hostname or parts.scheme not in ("http" if _is_local(base) else "", "https"):
        raise SettingError(f"STRIPE_API_BASE must be a whole address, such as {STRIPE_API}.")
    if production and _is_local(base):
        raise SettingError("STRIPE_API_BASE is a sandbox: production takes real payments.")
    if "_live_" in key and base != STRIPE_API:
        raise SettingError(f"STRIPE_API_BASE must be {STRIPE_API} with a live STRIPE_API_KEY.")
    return key, base


def _paypal(
    values: Mapping[str, str], sandbox_port: int, *, stripe_key: str, production: bool
) -> PayPalSettings:
    """Return the account and the address of PayPal, or of the sandbox; nothing if not offered."""
    given = PayPalSettings(
        client_id=values.get("PAYPAL_CLIENT_ID", ""),
        client_secret=values.get("PAYPAL_CLIENT_SECRET", ""),
        api_base=values.get("PAYPAL_API_BASE", "").rstrip("/"),
        webhook_id=values.get("PAYPAL_WEBHOOK_ID", ""),
        verify=_one_of(values, "PAYPAL_VERIFY", ("offline", "call")),
    )
    if given.client_id:
        return _paypal_account(given, stripe_is_live="_live_" in stripe_key, production=production)
    if given.client_secret or (given.api_base and not _is_local(given.api_base)):
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
    if base not in (PAYPAL_LIVE_API, PAYPAL_SANDBOX_API) and not _is_local(base):
        raise SettingError(f"PAYPAL_API_BASE must be {PAYPAL_LIVE_API} or {PAYPAL_SANDBOX_API}.")
    if production and _is_local(base):
        raise SettingError("PAYPAL_API_BASE is a sandbox: production takes real payments.")
    if stripe_is_live and base != PAYPAL_LIVE_API:
        raise SettingError(f"PAYPAL_API_BASE must be {PAYPAL_LIVE_API} with a live STRIPE_API_KEY.")
    if base == PAYPAL_LIVE_API and not stripe_is_live:
        raise SettingError("PAYPAL_API_BASE takes real payments, but STRIPE_API_KEY takes none.")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _webhook_secrets(
    values: Mapping[str, str], instance_dir: Path, stripe_base: str, *, production: bool
) -> tuple[str, ...]:
    """Return the secrets that webhooks may be signed with; two while one takes over."""
    given = values.get("STRIPE_WEBHOOK_SECRETS", "")
    listed = tuple(secret.strip() for secret in given.split(",") if secret.strip())
    if not all(STRIPE_WEBHOOK_SECRET.fullmatch(secret) for secret in listed):
        raise SettingError("STRIPE_WEBHOOK_SECRETS must read like whsec_…, several with commas.")
    if not listed and production:
        raise SettingError("STRIPE_WEBHOOK_SECRETS is missing: payments are told by webhooks.")
    if not listed and _is_local(stripe_base):
        return (_kept_secret(instance_dir / "sandbox_webhook_secret", prefix="whsec_"),)
    return listed


def _redis_url(given: str) -> str:
    if given and urlsplit(given).scheme not in ("redis", "rediss", "unix"):
        raise SettingError("REDIS_URL must start with redis://, rediss:// or unix://.")
    return given


def _smtp_url(given: str, *, production: bool) -> str:
    if not given:
        if production:
            raise SettingError("SMTP_URL is missing: customers learn by mail what they owe.")
        return ""
    parts = urlsplit(given)
    try:
        port_given, is_known = parts.port, parts.scheme in ("smtp", "smtps")
    except ValueError:
        port_given, is_known = 0, False
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    if not is_known or not parts.hostname or port_given == 0 or beyond:
        raise SettingError("SMTP_URL must read like smtp://user:password@host:587 or smtps://….")
    if bool(parts.username) != bool(parts.password):
        raise SettingError("SMTP_URL must name both a user and a password, or neither.")
    return given


def _mail_from(given: str, *, needed: bool) -> str:
    if not given:
        if needed:
            raise SettingError("MAIL_FROM is missing: mails need a sender's address.")
        return ""
    if not MAIL_FROM.fullmatch(given):
        raise SettingError("MAIL_FROM must read like Billing <billing@example.com>.")
    return given


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
