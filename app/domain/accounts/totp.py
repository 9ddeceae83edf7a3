"""Time-based one-time codes: RFC 6238 as every authenticator app speaks it. Pure but for chance."""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

# The only values that every app takes: SHA-1, six digits, half a minute.
STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
# A clock may be wrong by one step, in either direction.
STEPS_OFF = (-1, 0, 1)
SIGN_BIT = 0x7FFFFFFF


def new_secret() -> str:
    """Return a secret as apps take it: 160 random bits in base 32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def step_at(moment: datetime) -> int:
    """Return the number of the half minute."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """Return the code of a half minute."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & SIGN_BIT
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def is_code(text: str) -> bool:
    """Tell whether a text could be the code of an app."""
    return len(text) == DIGITS and text.isascii() and text.isdigit()


def matching_step(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    """Return the half minute whose code this is, if it is about now and none was taken since."""
    if not is_code(code):
        return None
    steps = (step_at(now) + off for off in STEPS_OFF)
    # Each is compared, and each in constant time.
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step), code)]
    return next((step for step in found if step > after), None)


def address_for_apps(secret: str, *, account: str, issuer: str) -> str:
    """Return what the picture says that apps take in."""
    label = quote(f"{issuer}:{account}", safe=":")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"
