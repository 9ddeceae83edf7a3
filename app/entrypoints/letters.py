"""Mails put into words: the templates of their kind, filled with their facts.

A mail speaks its account's language, whoever asked for it and whenever it is sent.

A fact that is missing is an error: no customer reads a sentence with a hole in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from unicodedata import east_asian_width

from flask import current_app
from jinja2 import Environment, StrictUndefined, Template, pass_context, select_autoescape
from jinja2.runtime import Context

from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.mails.links import LINK
from app.domain.mails.models import Mail
from app.domain.payments import declines
from app.entrypoints.languages import NO_PLAN, language, speaking, teach, translated
from app.entrypoints.sealing import seal
from app.foundation import figures
from app.foundation.languages import long_month_in
from app.foundation.sealing import SealBroken
from app.foundation.sentences import Day, say, told_again

EXTENSION = "letters"
# Where a kind is switched off; what is not here is sent to everyone whom it concerns.
SWITCHES = {
    "invoice_issued": "/settings",
    "invoice_paid": "/settings",
    "alerts_crossed": "/alerts",
}
EMPTY_LINES = re.compile(r"\n(?:[ ]*\n){2,}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in words."""

    subject: str
    text: str
    html: str


def write_letter(mail: Mail, account: Account, *, settings: Settings) -> Letter:
    """Return the mail in words, as plain text and as HTML."""
    templates = _templates()
    with speaking(account.locale):
        context = _context(mail, account, settings)
        plain = templates.get_template(f"emails/{mail.kind}.txt")
        subject = context["subject"] = _subject(plain, context)
        # What was decided in a template leaves empty lines behind.
        text = EMPTY_LINES.sub("\n\n", plain.render(context).strip()) + "\n"
        html = templates.get_template(f"emails/{mail.kind}.html").render(context)
        return Letter(subject, text, html)


def subject_of(mail: Mail, account: Account, *, settings: Settings) -> str:
    """Return the subject of the mail alone."""
    plain = _templates().get_template(f"emails/{mail.kind}.txt")
    with speaking(account.locale):
        return _subject(plain, _context(mail, account, settings))


def _subject(plain: Template, context: dict[str, object]) -> str:
    subject = "".join(plain.blocks["subject"](plain.new_context(context)))
    # Whatever a fact holds, a subject is one line.
    return " ".join(subject.split())


def _context(mail: Mail, account: Account, settings: Settings) -> dict[str, object]:
    switch = SWITCHES.get(mail.kind)
    ours: dict[str, object] = {
        "brand_name": settings.brand_name,
        "base_url": settings.base_url,
        "account_name": account.name if _goes_to_its_owner(mail, account) else "",
        "account_email": account.email,
        "account_id": account.id,
        "is_erased": account.erased_at is not None,
        "switch_url": f"{settings.base_url}{switch}" if switch else "",
        "local": zone(account.timezone),
    }
    facts = {name: _spoken(fact) for name, fact in mail.facts.items()}
    # The facts come first, so that none of them can take the place of ours.
    return {**facts, **ours}


def _goes_to_its_owner(mail: Mail, account: Account) -> bool:
    """Tell whether somebody reads it who has shown that the account is his.

    Strangers, whose address somebody has typed, read nothing that he has written.
    """
    return mail.address == account.email and account.email_verified_at is not None


def _spoken(fact: object) -> object:
    """Return a fact in the reader's language, where it is one that is said in words."""
    return translated(NO_PLAN if fact == NO_PLAN else told_again(fact))


def _templates() -> Environment:
    known = current_app.extensions.get(EXTENSION)
    if known is None:
        known = current_app.extensions[EXTENSION] = _new_templates()
    return cast(Environment, known)


def _new_templates() -> Environment:
    templates = Environment(
        loader=current_app.jinja_loader,
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",)),
        lstrip_blocks=True,
    )
    teach(templates)
    templates.filters.update(
        usd_of_minor=figures.usd_of_minor,
        count=figures.count,
        on=_on,
        at=_at,
        in_month=_in_month,
        in_words=_in_words,
        payment_method=_payment_method,
        columns=_columns,
        in_lines=_in_lines,
        unsealed=_unsealed,
    )
    return templates


@pass_context
def _on(context: Context, text: str) -> str:
    """Return the local day of a moment that is written as RFC 3339."""
    return figures.day(datetime.fromisoformat(text), context["local"], language())


def _in_month(billing_month: str) -> str:
    """Return a month that is kept as 2026-11: November 2026, 2026年11月."""
    return long_month_in(language(), date.fromisoformat(f"{billing_month}-01"))


@pass_context
def _at(context: Context, text: str) -> str:
    """Return the local day and time of a moment, with its zone."""
    there = datetime.fromisoformat(text).astimezone(context["local"])
    places = {"day": Day(there, context["local"]), "time": f"{there:%H:%M}", "zone": f"{there:%Z}"}
    return _told(say("{day}, {time} {zone}", places))


def _in_words(decline_code: str | None) -> str:
    """Say why a card was declined."""
    return _told(declines.because(decline_code))


def _payment_method(stored: str) -> str:
    return _told(figures.payment_method(stored))


def _in_lines(facts: Sequence[tuple[str, object]]) -> str:
    """Return one line for each fact: its name, and what it is, one below the other."""
    heads = [_told(say("{name}: ", {"name": name})) for name, _ in facts]
    widest = max(map(_columns, heads))
    return "\n".join(
        f"{head}{' ' * (widest - _columns(head))}{fact}"
        for head, (_, fact) in zip(heads, facts, strict=True)
    )


def _columns(text: str) -> int:
    """Return how wide a text is where every letter has one width: Chinese ones have two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _told(text: str) -> str:
    return str(translated(text))


def _unsealed(sealed: str) -> str:
    """Return a link's token, which is kept from whoever reads the database."""
    try:
        return seal().open(sealed, about=LINK)
    except SealBroken:
        # A mail of before the secret key was changed is still to be read; its link has ended.
        return "expired"
