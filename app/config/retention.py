"""How long what is not needed for ever is kept; 0 keeps it for ever."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.config.reading import SettingError, whole

# A month's records are needed until it is billed and the invoice may no longer be contested.
USAGE_MONTHS_MIN = 3
# What tax law asks for.
JOURNAL_MONTHS_MIN = 120


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of thing is kept."""

    # Whole months after the one in which it happened.
    usage_records_months: int
    mails_months: int
    journal_months: int
    # Ended sessions, used links, wrong codes.
    sign_ins_days: int
    # The bodies of providers' messages; that they came is kept.
    webhooks_days: int


def read_retention(values: Mapping[str, str]) -> Retention:
    """Read how long things are kept. Raises SettingError."""
    return Retention(
        usage_records_months=_kept(values, "KEEP_USAGE_MONTHS", 25, least=USAGE_MONTHS_MIN),
        mails_months=_kept(values, "KEEP_MAILS_MONTHS", 24),
        journal_months=_kept(values, "KEEP_JOURNAL_MONTHS", 120, least=JOURNAL_MONTHS_MIN),
        sign_ins_days=_kept(values, "KEEP_SIGN_INS_DAYS", 90),
        webhooks_days=_kept(values, "KEEP_WEBHOOKS_DAYS", 90, least=7),
    )


def _kept(values: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    kept = whole(values, name, default, most=3650)
    if 0 < kept < least:
        raise SettingError(f"{name} must be at least {least}, or 0 to keep it for ever.")
    return kept
