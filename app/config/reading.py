"""How single settings are read, and what is said where one is wrong."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

SECRET_BYTES = 32
# Names that lead nowhere outside of a house: RFC 6762, RFC 8375, RFC 2606 and habit.
INTERNAL_ENDINGS = (".internal", ".local", ".localhost", ".test", ".home.arpa", ".lan")


class SettingError(Exception):
    """A setting is missing or contradicts another; the message names it."""


def whole(
    values: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 1_000_000
) -> int:
    """Return the whole number, or the default if none is set."""
    text = values.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise SettingError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def one_of(values: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """Return the value, or the first known one if none is set."""
    value = values.get(name) or known[0]
    if value not in known:
        raise SettingError(f"{name} must be one of {', '.join(known)}.")
    return value


def split_address(url: str) -> SplitResult:
    """Return the parts of an address; all of them are empty where it is none."""
    nothing = SplitResult("", "", "", "", "")
    # The library would leave blanks and line breaks out, or take them for part of a name.
    if not url.isprintable() or " " in url:
        return nothing
    try:
        parts = urlsplit(url)
        # Only now is a port looked at.
        return nothing if parts.port == 0 else parts
    except ValueError:
        return nothing


def line_of(values: Mapping[str, str], name: str) -> str:
    """Return a text of one line, empty if none is set."""
    text = values.get(name, "")
    if not text.isprintable():
        raise SettingError(f"{name} must be one line, without characters that nobody sees.")
    return text


def is_local(url: str) -> bool:
    """Tell whether the address is on this machine."""
    host = split_address(url).hostname or ""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_public(url: str) -> bool:
    """Tell whether others on the internet may come by this address."""
    host = split_address(url).hostname or ""
    address = _address(host)
    if address is not None:
        return address.is_global
    return "." in host and not host.endswith(INTERNAL_ENDINGS)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def kept_secret(file: Path, *, prefix: str = "", leaves_nothing: bool = False) -> str:
    """Return the secret that the file keeps, made at the first time.

    Whoever leaves nothing behind gets one that nobody will see again.
    """
    if not file.exists():
        if leaves_nothing:
            return prefix + secrets.token_urlsafe(SECRET_BYTES)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Programs that start together must not read a file that is still empty, or make two.
        fresh = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(prefix + secrets.token_urlsafe(SECRET_BYTES), encoding="ascii")
        with suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    return file.read_text(encoding="ascii")
