"""Recovery codes: ten on paper, each good once, for whoever has lost the phone."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from app.domain.accounts import passwords
from app.domain.accounts.access_models import RecoveryCode
from app.domain.accounts.models import Account
from app.foundation.bulk import insert_rows
from app.foundation.database import session

COUNT = 10
# No sign that is taken for another.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
PREFIX_LENGTH = 4
SECRET_LENGTH = 8
GROUP = 4
CODE = re.compile(f"[{ALPHABET}]{{{PREFIX_LENGTH + SECRET_LENGTH}}}")
SEPARATORS = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class DrawnCode:
    """A code in clear, to be shown this once, and what is stored of it."""

    text: str
    prefix: str
    password_hash: str


def draw() -> tuple[DrawnCode, ...]:
    """Draw a set of codes; hashing them takes a while, so it is done outside transactions."""
    prefixes: set[str] = set()
    while len(prefixes) < COUNT:
        prefixes.add(_random(PREFIX_LENGTH))
    return tuple(_drawn(prefix) for prefix in sorted(prefixes))


def keep(account: Account, codes: tuple[DrawnCode, ...], *, now: datetime) -> None:
    """Let these be the account's codes; those of before no longer work."""
    remove(account)
    insert_rows(
        RecoveryCode,
        [
            {
                "user_id": account.id,
                "prefix": code.prefix,
                "password_hash": code.password_hash,
                "created_at": now,
            }
            for code in codes
        ],
    )


def remove(account: Account) -> None:
    """Let no code of the account work."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == account.id))


def use_up(account: Account, typed: str, *, now: datetime) -> bool:
    """Use the code up, and tell whether it was good."""
    code = SEPARATORS.sub("", typed).upper()
    code = code if CODE.fullmatch(code) else ""
    prefix, secret = code[:PREFIX_LENGTH], code[PREFIX_LENGTH:]
    statement = select(RecoveryCode).where(
        RecoveryCode.user_id == account.id,
        RecoveryCode.prefix == prefix,
        RecoveryCode.used_at.is_(None),
    )
    row = session.scalar(statement.with_for_update())
    # A prefix that is none costs as much as one that is.
    is_good = passwords.matches(secret, None if row is None else row.password_hash)
    if row is not None and is_good:
        row.used_at = now
    return is_good


def left_count(account: Account) -> int:
    """Return how many codes are left."""
    unused = RecoveryCode.user_id == account.id, RecoveryCode.used_at.is_(None)
    counted = select(func.count()).select_from(RecoveryCode).where(*unused)
    return session.scalars(counted).one()


def _drawn(prefix: str) -> DrawnCode:
    secret = _random(SECRET_LENGTH)
    whole = prefix + secret
    groups = (whole[start : start + GROUP] for start in range(0, len(whole), GROUP))
    return DrawnCode("-".join(groups), prefix, passwords.hash_password(secret))


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
