"""Secret keys: made once, shown once, stored only as a hash.

A key reads `obl_sk_<id><secret><checksum>`: a kind, a public id of 8 characters to find it by,
32 secret ones (190 bits) and 6 of CRC-32, so that a typing error or a scanner's false alarm is
told without asking the database.
"""

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
PREFIX_LENGTH = len("obl_sk_")
KEY_LENGTH = PREFIX_LENGTH + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH


class KeyKind(StrEnum):
    """Who a key speaks for; the value is the key's prefix."""

    CUSTOMER = "obl_sk_"
    GATEWAY = "obl_gw_"
    OPERATOR = "obl_op_"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key in clear, as its owner holds it."""

    kind: KeyKind
    text: str

    @property
    def public_id(self) -> str:
        """Return the part that finds the key; not a secret."""
        return self.text[PREFIX_LENGTH : PREFIX_LENGTH + ID_LENGTH]

    @property
    def shown_prefix(self) -> str:
        """Return what lists show of the key."""
        return self.text[: PREFIX_LENGTH + ID_LENGTH]

    @property
    def digest(self) -> str:
        """Return what is stored."""
        return digest_of(self.text)

    def matches(self, digest: str) -> bool:
        """Tell whether a stored digest is this key's, in constant time."""
        return hmac.compare_digest(self.digest, digest)


def new_key(kind: KeyKind) -> SecretKey:
    """Make a key from the operating system's randomness."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH + SECRET_LENGTH))
    body = kind.value + drawn
    return SecretKey(kind, body + _checksum(body))


def digest_of(text: str) -> str:
    """Return what is stored of a key: SHA-256, enough for a secret of 190 random bits."""
    return hashlib.sha256(text.encode()).hexdigest()


def find_key(text: str) -> SecretKey | None:
    """Read a key as it was sent; None if it is none of ours or was mistyped."""
    kind = next((kind for kind in KeyKind if text.startswith(kind.value)), None)
    if kind is None or len(text) != KEY_LENGTH or not text.isascii():
        return None
    body, checksum = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    return SecretKey(kind, text) if hmac.compare_digest(_checksum(body), checksum) else None


def _checksum(body: str) -> str:
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
