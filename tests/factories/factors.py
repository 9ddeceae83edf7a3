"""Makes second factors that are on, and the codes that their app shows."""

from datetime import datetime, timedelta

from app.domain.accounts import factors, recovery_codes, totp
from app.domain.accounts.access_models import SecondFactor
from app.domain.accounts.models import Account
from app.domain.accounts.passwords import hash_password
from app.domain.accounts.recovery_codes import DrawnCode
from app.foundation.database import session, transaction
from tests.factories.mailed_links import SEAL
from tests.moments import NOW

# Hashed once, as hashing is slow by design; the secrets of a real set differ.
PAPER = tuple(
    DrawnCode(f"{prefix}-BCDE-FGHJ", prefix, hash_password("BCDEFGHJ"))
    for prefix in ("2222", "3333")
)


def make_factor(account: Account, *, now: datetime = NOW) -> str:
    """Let the account have a second factor, confirmed a while ago, and return its secret."""
    with transaction():
        factors.begin(account, seal=SEAL, now=now - timedelta(minutes=10))
    secret = factors.secret_to_take_in(account, seal=SEAL)
    with transaction():
        row = session.get_one(SecondFactor, account.id)
        row.confirmed_at = row.created_at
        recovery_codes.keep(account, PAPER, now=now)
    return secret


def code_now(secret: str, *, now: datetime = NOW) -> str:
    """Return what the app shows."""
    return totp.code_at(secret, totp.step_at(now))


def wrong_code(secret: str, *, now: datetime = NOW) -> str:
    """Return six digits that are not about now."""
    step = totp.step_at(now)
    near = {totp.code_at(secret, step + off) for off in range(-2, 3)}
    return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in near)
