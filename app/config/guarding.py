"""What must not stand open in production: keys, debugging, addresses, and our own folder."""

import stat
from collections.abc import Mapping
from pathlib import Path

from app.config.reading import SettingError, kept_secret, split_address

SECRET_KEY_MIN = 32
# Fewer different characters than this, and it was typed instead of drawn.
DIFFERENT_CHARACTERS_MIN = 8
# What stands in examples to be replaced; a key that was drawn holds none of it.
PLACEHOLDERS = (
    *("changeme", "change-me", "change_me", "change this", "replace", "placeholder", "example"),
    *("default", "insecure", "password", "your-secret", "your_secret", "secret-key", "secret_key"),
)
MAKE_A_KEY = "make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
DEBUGGING = ("FLASK_DEBUG", "DEBUG")
OFF = ("", "0", "false", "no", "off")


def read_secret_key(
    values: Mapping[str, str], instance_dir: Path, *, production: bool, leaves_nothing: bool
) -> str:
    """Return the key that signs and seals; in development one is made and kept."""
    given = values.get("SECRET_KEY", "")
    if not given:
        if production:
            raise SettingError(
                "SECRET_KEY is missing: production needs its own, kept between starts;"
                f" {MAKE_A_KEY}"
            )
        return kept_secret(instance_dir / "secret_key", leaves_nothing=leaves_nothing)
    if len(given) < SECRET_KEY_MIN:
        raise SettingError(
            f"SECRET_KEY must have at least {SECRET_KEY_MIN} characters; {MAKE_A_KEY}"
        )
    if production and _is_guessable(given):
        raise SettingError(f"SECRET_KEY is one that others can guess; {MAKE_A_KEY}")
    return given


def check_no_debugging(values: Mapping[str, str], *, production: bool) -> None:
    """Refuse a mode that shows our code and our values to whoever finds a fault."""
    for name in DEBUGGING:
        if production and values.get(name, "").strip().lower() not in OFF:
            raise SettingError(
                f"{name} is on, and shows visitors what goes on inside: unset it in production."
            )


def read_base_url(given: str, port: int, *, production: bool) -> str:
    """Return the address by which we are reached: by https, where it matters."""
    if not given:
        if production:
            raise SettingError("BASE_URL is missing: links in mails need the public address.")
        return f"http://127.0.0.1:{port}"
    parts = split_address(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise SettingError("BASE_URL must read like https://billing.example.com, without a path.")
    if production and parts.scheme != "https":
        raise SettingError(
            "BASE_URL must start with https:// in production: let a proxy speak TLS before us."
        )
    return given.rstrip("/")


def read_instance_dir(given: str, *, production: bool) -> Path:
    """Return the folder of our own files, which nobody else may write into."""
    folder = Path(given or "instance").resolve()
    if production and folder.exists() and folder.stat().st_mode & stat.S_IWOTH:
        raise SettingError(f"INSTANCE_DIR may be written by everyone: chmod o-w {folder}")
    return folder


def _is_guessable(key: str) -> bool:
    lower = key.lower()
    is_example = any(word in lower for word in PLACEHOLDERS)
    return is_example or len(set(key)) < DIFFERENT_CHARACTERS_MIN
