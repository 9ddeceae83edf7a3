"""Every address of the app with every method it takes, each with something that is there.

Whoever adds an address with a new kind of name in it has to say here what stands there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

from app.domain.accounts.access_models import SignInSession
from app.domain.accounts.models import Account, Key
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_key
from tests.factories.coupons import make_coupon
from tests.factories.documents import make_credit_note
from tests.factories.mails import make_mail
from tests.factories.payments import make_card, make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway

PLACE = re.compile(r"<(?:[^:>]+:)?(\w+)>")
# What Flask answers by itself, without any of our code.
BY_FLASK = {"OPTIONS", "HEAD"}
# What is nobody's own, or nobody's at all.
COMMON = {
    "filename": "css/base.css",
    "token": "A" * 43,
    "plan_id": "plan-pro",
    "code": "SAVE50",
    "country": "DE",
    "provider": "stripe",
    "event_id": "evt_none",
    "end": "new",
    "job_id": "1",
    "page": "usage",
}
MISSING = {
    "reference": "INV-9-2020-01",
    "number": "CN-9-2020-01",
    "payment_id": "pay-nothing",
    "key_id": "987654321",
    "card_id": "987654321",
    "mail_id": "987654321",
    "session_id": "987654321",
    "user_id": "nobody",
}


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    method: str
    rule: str
    endpoint: str

    def __str__(self) -> str:
        """Return it as it is called."""
        return f"{self.method} {self.rule}"

    @property
    def names(self) -> set[str]:
        """Return what the address names."""
        return set(PLACE.findall(self.rule))

    @property
    def in_braces(self) -> str:
        """Return the address as the API's description writes it."""
        return PLACE.sub(r"{\1}", self.rule)

    def path(self, *things: Mapping[str, str]) -> str:
        """Return the address with these things in it."""
        there = {name: value for each in (COMMON, *things) for name, value in each.items()}
        return PLACE.sub(lambda place: there[place[1]], self.rule)


def every_route(app: Flask) -> list[Route]:
    """Return all routes of the app, in the order of their addresses."""
    rules: list[Rule] = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    return list(_routes(rules))


def _routes(rules: list[Rule]) -> Iterator[Route]:
    for rule in rules:
        for method in sorted((rule.methods or set()) - BY_FLASK):
            yield Route(method, rule.rule, rule.endpoint)


def things_of(account: Account, *, gateway: FakeGateway) -> dict[str, str]:
    """Make one of everything that an account can own, and return what each is called.

    Its owner must have signed in, once: that is one of them.
    """
    invoice = make_invoice(account)
    note = make_credit_note(invoice)
    payment = make_paid(account, gateway=gateway)
    card, mail = make_card(account), make_mail(account)
    make_key(KeyKind.CUSTOMER, user_id=account.id)
    key = session.query(Key).filter_by(user_id=account.id).first()
    opened = session.query(SignInSession).filter_by(user_id=account.id).one()
    make_coupon()
    return {
        "reference": invoice.invoice_number or "",
        "number": note.credit_note_number,
        "payment_id": payment.public_id,
        "key_id": str(key.id),
        "card_id": str(card.id),
        "mail_id": str(mail.id),
        "session_id": str(opened.id),
        "user_id": account.id,
    }
