"""The operator's table of taxes: what each country's customers pay on top. Never commits."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.domain.accounts.countries import COUNTRIES
from app.domain.accounts.rules import UNSTORABLE
from app.domain.invoices.errors import TaxInvalid, UnknownTax
from app.domain.invoices.models import TaxRate
from app.foundation import journal, table_locks
from app.foundation.database import session
from app.foundation.errors import FieldError
from app.foundation.money import BASIS_POINTS
from app.foundation.sentences import say, together

COUNTRY = re.compile(r"[A-Z]{2}")
NAME_LENGTH_MAX = 40


def taxes() -> Sequence[TaxRate]:
    """Return every country's tax, by the country's code."""
    return session.scalars(select(TaxRate).order_by(TaxRate.country)).all()


def locked_tax(country: str) -> TaxRate | None:
    """Return a country's tax, locked; None if it has none, and then nobody else gives it one."""
    if COUNTRY.fullmatch(country) is None:
        return None
    # Two who add the same country at the same moment have no row to wait for each other at.
    table_locks.take(TaxRate)
    return session.get(TaxRate, country, with_for_update=True)


def set_tax(country: str, *, name: str, rate_bp: int, actor: str, now: datetime) -> TaxRate:
    """Set what customers of a country pay on invoices issued from now on. Raises TaxInvalid."""
    country, name = country.strip().upper(), name.strip()
    _check(country, name, rate_bp)
    rate = locked_tax(country)
    if rate is not None and (rate.name, rate.rate_bp) == (name, rate_bp):
        return rate
    before = None if rate is None else rate.rate_bp
    if rate is None:
        rate = TaxRate(country=country)
        session.add(rate)
    rate.name, rate.rate_bp, rate.updated_at = name, rate_bp, now
    told = rate_bp if before is None else {"from": before, "to": rate_bp}
    details = {"country": country, "name": name, "rate_bp": told}
    journal.write("tax_set", actor=actor, now=now, details=details)
    return rate


def remove_tax(country: str, *, actor: str, now: datetime) -> None:
    """Let customers of a country pay no tax on invoices from now on. Raises UnknownTax."""
    country = country.strip().upper()
    rate = locked_tax(country)
    if rate is None:
        raise UnknownTax(say("There is no tax for this country."))
    session.delete(rate)
    details = {"country": country, "name": rate.name, "rate_bp": rate.rate_bp}
    journal.write("tax_removed", actor=actor, now=now, details=details)


def _check(country: str, name: str, rate_bp: int) -> None:
    faults = []
    if country not in COUNTRIES:
        detail = say("A country is one of ISO 3166-1, written as two letters, like DE.")
        faults.append(FieldError("country", "country_invalid", detail))
    if not 0 < len(name) <= NAME_LENGTH_MAX or UNSTORABLE.search(name):
        detail = say(
            "The name of a tax has 1 to {most} visible characters.", {"most": NAME_LENGTH_MAX}
        )
        faults.append(FieldError("name", "name_invalid", detail))
    if not 0 <= rate_bp <= BASIS_POINTS:
        detail = say("A tax is a percentage from 0 to 100 with at most two decimals.")
        faults.append(FieldError("percent", "percent_invalid", detail))
    if faults:
        raise TaxInvalid(together([fault.detail for fault in faults]), fields=faults)
