"""Seals: what the database keeps must tell nothing to whoever reads it without our secret key."""

import binascii
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
# Another purpose, or another way to seal, gets another key.
PURPOSE = b"oblivious billing: sealed in the database, version 1"


class SealBroken(Exception):
    """This was sealed with another key or about something else, or it was changed."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Closes and opens texts: AES-256-GCM, each bound to what it is about."""

    key: bytes

    def close(self, text: str, *, about: str) -> str:
        """Return the text as nobody reads it without the key."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self.key).encrypt(nonce, text.encode(), about.encode())
        return urlsafe_b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, *, about: str) -> str:
        """Return the text that was sealed about this. Raises SealBroken."""
        try:
            whole = urlsafe_b64decode(sealed.encode("ascii"))
            nonce, rest = whole[:NONCE_BYTES], whole[NONCE_BYTES:]
            return AESGCM(self.key).decrypt(nonce, rest, about.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise SealBroken("This cannot be opened with the secret key of now.") from error


@lru_cache(maxsize=8)
def seal_of(secret_key: str) -> Seal:
    """Return the seal of an installation's secret key."""
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return Seal(derived.derive(secret_key.encode()))
