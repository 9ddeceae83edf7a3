"""Whatever is typed into any field stays a text: on pages, in mails, in PDFs and in CSV files.

The fields are found, not listed: forms on every page, by what the browser would send, and bodies
of the API by its description. A new field is attacked by itself.
"""

import contextvars
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.adapters.mailer import SmtpMailer
from app.domain.accounts import passwords, queries
from app.domain.accounts.models import Account
from app.domain.mails.delivery import Envelope
from app.domain.mails.models import Mail
from app.entrypoints.api.describing.document import CALLS, SHAPES
from app.entrypoints.api.describing.parts import Call, Caller
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.letters import write_letter
from app.entrypoints.limiting import Limit
from app.entrypoints.web import tries
from app.entrypoints.web.forms import SentForm
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.databases import on_sqlite
from tests.entrypoints.web.conftest import PASSWORD
from tests.every_route import COMMON, every_route, things_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.mails import FACTS, make_mail
from tests.factories.payments import make_invoice
from tests.fakes.payment_gateway import FakeGateway
from tests.properties.hostile_text import (
    HOSTILE,
    MARK,
    SUM,
    faults_at_sight,
    faults_of_csv,
    faults_of_page,
    form_body,
)

# Every text into every field by itself, instead of all fields at once: slower, and looks deeper.
DEEPLY = bool(os.environ.get("HOSTILE_DEEPLY"))
# What a form needs to be taken, where the browser finds nothing in it yet.
FILLED = {
    "amount": "20", "reason": "Because", "tokens": "5", "name": "A name", "id": "plan-x",
    "monthly_price": "5", "monthly_quota": "5", "overage_discount": "0", "value": "5",
    "max_concurrent_req": "5", "rate_limit_per_min": "5", "display_order": "5",
    "support_level": "email", "expires_at": "2030-01-01T00:00", "model_id": "gpt-4",
    "prompt_price_per_million": "1", "completion_price_per_million": "1", "alias": "an-alias",
    "email": "eve@example.com", "password": PASSWORD,
}  # fmt: skip
# What shows a form only where something was asked for: a coupon that there is.
ASKED_FOR = ("/coupons/preview?coupon_code=SAVE50",)
# Pages that lead nowhere new: each has the same forms as the one before.
PAGES_MAX = 150

# What API bodies need to be taken.
FITS = {
    "user_id": "ada", "total_tokens": None, "cached_tokens": 0, "cache_write_tokens": 0,
    "reasoning_tokens": 0, "occurred_at": None, "plan_id": "plan-basic", "id": "plan-attack",
    "code": "ATTACK", "type": "fixed", "applicable_plans": None,
    "expires_at": "2030-01-01T00:00:00Z", "valid_from": "2020-01-01T00:00:00Z",
    "previewed_at": None, "terms": None, "effective_from": None,
    "billing_email": None, "tax_id": None, "country": None, "locale": "en", "alert_percents": [50],
    "suspended": False, "provider": None,
}  # fmt: skip
# Fields that a page shows only once something was sent, for one thing that a query names, or to
# somebody in another state.
SECOND_STEPS = {"confirmed", "once", "code", "previewed_at", "terms", "price_id", "table"}

pytestmark = on_sqlite


@dataclass(frozen=True)
class Sendable:
    """A form as it stands on a page."""

    action: str
    fields: tuple[tuple[str, str], ...]

    def with_text(self, text: str, *names: str) -> str:
        """Return its body with a text in these fields."""
        return form_body(
            (name, text if name in names else value or FILLED.get(name, ""))
            for name, value in self.fields
        )

    @property
    def names(self) -> list[str]:
        """Return the fields that can be typed or forged; any can."""
        return [name for name, _ in self.fields if name != "csrf_token"]


class Browser:
    """Somebody at his pages, who signs in again whenever he was sent out."""

    def __init__(self, app: Flask, email: str) -> None:
        # What is linted elsewhere is only looked through here: there are thousands of answers.
        self.client = FlaskClient(app, app.response_class)
        self.email = email
        self.signs_in()

    def signs_in(self) -> None:
        """Sign in."""
        self.sends("POST", "/login", data={"email": self.email, "password": PASSWORD})

    def sends(self, method: str, address: str, **given: Any) -> TestResponse:
        """Ask, as on a server: each request in a context of its own; nothing breaks."""
        # What the test itself has read would outlive the request, and hide what it did.
        session.commit()
        ask = contextvars.Context().run
        answer = ask(self.client.open, address, method=method, buffered=True, **given)
        shown = f"{method} {address} {str(given)[:200]}"
        assert answer.status_code < 500, shown
        if answer.mimetype == "text/html":
            assert not list(faults_at_sight(answer.text)), shown
        return answer

    def gets(self, address: str) -> TestResponse:
        """Ask for a page."""
        answer = self.sends("GET", address)
        if answer.status_code == 302 and answer.location.startswith("/login"):
            self.signs_in()
            answer = self.sends("GET", address)
        return answer

    def posts(self, action: str, body: str) -> None:
        """Send a form; if that ended the session, come back."""
        kind = "application/x-www-form-urlencoded"
        answer = self.sends("POST", action, data=body, content_type=kind)
        if answer.status_code in (302, 303) and answer.location.startswith("/login"):
            self.signs_in()


@pytest.fixture(scope="module")
def password_hash() -> str:
    """The hash of everybody's password."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def tireless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be sent away for coming too often: the limits are proven elsewhere."""
    for name, limit in list(vars(tries).items()):
        if isinstance(limit, Limit):
            monkeypatch.setattr(tries, name, replace(limit, times=10**9))


@pytest.fixture
def world(app: Flask, password_hash: str, tireless: None) -> Iterator[dict[str, Browser]]:
    """A customer who owns one of everything, an operator and a visitor, with their browsers."""
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway, "paypal": FakeGateway()}
    make_account("ada", password_hash=password_hash)
    make_account("olga", role="operator", password_hash=password_hash)
    browsers = {
        "customer": Browser(app, "ada@example.com"),
        "operator": Browser(app, "olga@example.com"),
        "visitor": Browser(app, "nobody@example.com"),
    }
    app.config["THINGS"] = things_of(queries.account("ada"), gateway=gateway)
    return browsers


def pages_of(browser: Browser, app: Flask) -> Iterator[tuple[str, TestResponse, Element | None]]:
    """Ask for every page there is for him, and for those that they lead to."""
    things = app.config["THINGS"]
    waiting = [r.path(things) for r in every_route(app) if r.method == "GET"]
    is_operator = browser.email.startswith("olga")
    waiting = [each for each in waiting if is_for(each, is_operator=is_operator)]
    waiting += () if is_operator else ASKED_FOR
    seen: set[str] = set()
    while waiting and len(seen) < PAGES_MAX:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        answer = browser.gets(address)
        is_page = answer.mimetype == "text/html" and answer.status_code == 200
        root = html5lib.parse(answer.text, namespaceHTMLElements=False) if is_page else None
        yield address, answer, root
        if root is not None:
            links = [element.get("href", "") for element in root.iter("a")]
            waiting += [each for each in links if is_for(each, is_operator=is_operator)]


def is_for(address: str, *, is_operator: bool) -> bool:
    """Tell whether it is one of his pages; those of a query are of the same template as without."""
    if not address.startswith("/") or {"#", "?"} & set(address):
        return False
    is_shared = address.startswith(("/settings/security", "/confirm", "/mails"))
    is_console = address.startswith("/operator")
    return is_shared or (
        is_console == is_operator and not address.startswith(("/v1", "/static", "/webhooks"))
    )


def forms_on(root: Element, address: str) -> Iterator[Sendable]:
    """Return what a browser could send from a page."""
    for form in root.iter("form"):
        if form.get("method", "get").lower() == "post":
            yield Sendable(form.get("action") or address, tuple(fields_in(form)))


def fields_in(form: Element) -> Iterator[tuple[str, str]]:
    for element in form.iter():
        if element.tag in ("input", "textarea", "select", "button") and element.get("name"):
            yield element.get("name", ""), element.get("value") or element.text or ""


def every_form(browsers: dict[str, Browser], app: Flask) -> Iterator[tuple[Browser, Sendable]]:
    """Return each form once for each who can send it."""
    for browser in browsers.values():
        seen = set()
        for address, _, root in pages_of(browser, app):
            for form in forms_on(root, address) if root is not None else ():
                kind = (form.action, tuple(form.names))
                if kind not in seen:
                    seen.add(kind)
                    yield browser, form


def every_field() -> set[str]:
    """Return the names of the fields of every form class of ours."""
    kinds, names = [SentForm], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        found = {name: getattr(kind, name) for name in dir(kind)}
        # Some are sent under another name than ours.
        names |= {f.name or name for name, f in found.items() if hasattr(f, "field_class")}
    return names


def texts_for(place: int) -> list[str]:
    """Return the texts for the n-th of many: the mark and every third of the others; deeply all."""
    others = HOSTILE[1:]
    return [MARK, *(others if DEEPLY else others[place % 3 :: 3])]


def attack_forms(browsers: dict[str, Browser], app: Flask) -> set[str]:
    """Send every form with every text, and return which fields were there."""
    attacked = set()
    for place, (browser, form) in enumerate(list(every_form(browsers, app))):
        # What no page shows may be sent all the same: every field there is, to every address.
        forged = Sendable(form.action, (*form.fields, *((n, "") for n in sorted(every_field()))))
        attacked |= set(form.names)
        for name in form.names:
            browser.posts(form.action, form.with_text(MARK, name))
        for text in texts_for(place):
            # Megabytes would only take long: each field is as long as any can be.
            sent = form if len(text) > 1_000 else forged
            browser.posts(form.action, sent.with_text(text, *sent.names))
            if DEEPLY:
                for name in form.names:
                    browser.posts(form.action, form.with_text(text, name))
    return attacked


def attack_bodies(app: Flask) -> set[tuple[str, str]]:
    """Send every call of the API with every text in every field; return which were there."""
    browser = Browser(app, "nobody@example.com")
    keys = {
        Caller.CUSTOMER: bearer(KeyKind.CUSTOMER, user_id="ada"),
        Caller.OPERATOR: bearer(KeyKind.OPERATOR, user_id="olga"),
        Caller.GATEWAY: bearer(KeyKind.GATEWAY),
        Caller.PROVIDER: {},
    }
    attacked = set()
    for call in (call for call in CALLS if call.body):
        address = call.path.format_map({**app.config["THINGS"], **COMMON})
        for text in HOSTILE:
            for place, (name, body) in enumerate(bodies_of(call, text)):
                if text not in texts_for(place):
                    continue
                attacked.add((call.name, name))
                sent = {"json": body, "headers": keys[call.callers[0]]}
                answer = browser.sends(call.method, address, **sent)
                assert answer.mimetype.endswith("json") or not answer.data, (call.path, body)
    return attacked


def bodies_of(call: Call, text: str) -> Iterator[tuple[str, object]]:
    """Return bodies that are right but for one field, which holds the text."""
    shape = SHAPES[call.body]
    if call.body == "UsagePost":
        shape = SHAPES["UsageRecord"]
    fields = shape.get("properties", {})
    if not fields:
        yield "", text
        yield "", {"events": [text], "event": {"transaction_id": text}, text: text}
        yield "", [{"id": text, "model": text, "usage": {"prompt_tokens": text}}]
    right = {name: FITS.get(name, example_of(field)) for name, field in fields.items()}
    for name in fields:
        yield name, {**right, name: text}
        if text == MARK:
            yield name, {**right, name: [text, {text: text}]}
    if fields:
        yield "", {**right, text: text}


def example_of(field: dict[str, Any]) -> object:
    kind = field.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    examples = {"integer": 5, "number": 5, "boolean": True, "array": [], "object": {}}
    return (field.get("enum") or field.get("examples") or [examples.get(kind, "text")])[0]


def test_every_text_stays_a_text(app: Flask, world: dict[str, Browser]) -> None:
    bodies = attack_bodies(app)
    assert {call.name for call in CALLS if call.body} == {name for name, _ in bodies}
    attacked = attack_forms(world, app)
    unseen = every_field() - attacked - SECOND_STEPS
    assert not unseen, f"no page shows the fields {sorted(unseen)}"
    work_off_outbox()

    shown = 0
    for name in ("customer", "operator"):
        for address, answer, root in pages_of(world[name], app):
            if root is not None:
                assert not list(faults_of_page(answer.text, root)), address
                shown += "x-evil" in answer.text
            if answer.mimetype == "text/csv":
                assert not list(faults_of_csv(answer.text)), address
    assert shown > 10, "what was typed is shown, and shown as it was typed"


def test_every_mail_stays_a_mail(app: Flask, world: dict[str, Browser]) -> None:
    ada = queries.account("ada")
    for text in HOSTILE:
        for kind, facts in FACTS.items():
            # Moments and amounts are ours; the texts among the facts came from somebody.
            told = {n: text if is_free(n, fact) else fact for n, fact in facts.items()}
            make_mail(ada, kind, facts=storable(told), about=f"{kind}{hash(text)}")
    mailer = SmtpMailer(url="smtp://127.0.0.1:9", sender="Billing <billing@example.com>")
    mails = session.query(Mail).all()
    assert len(mails) >= len(FACTS) * len(HOSTILE)
    for mail in mails:
        letter = write_letter(mail, ada, settings=app.config["SETTINGS"])
        assert not list(faults_at_sight(letter.html)), mail.kind
        assert SUM not in letter.text + letter.subject and len(letter.subject.splitlines()) == 1
        envelope = Envelope("x", mail.address, letter.subject, letter.text, letter.html)
        message = mailer._message(envelope, mail.address)  # what is handed to the server
        wire = message.as_bytes().partition(b"\r\n\r\n")[0]
        names = [line.split(b":")[0] for line in wire.split(b"\r\n") if line[:1].strip()]
        assert b"Bcc" not in names and names.count(b"To") == names.count(b"Subject") == 1


def is_free(name: str, fact: object) -> bool:
    is_moment = isinstance(fact, str) and fact[:4].isdigit() and "-" in fact
    return isinstance(fact, str) and not is_moment and name != "sealed_link"


def storable(facts: dict[str, object]) -> dict[str, object]:
    """Return the facts as the database could hold them: it takes neither NUL nor halves."""

    def kept(fact: object) -> object:
        is_text = isinstance(fact, str)
        return fact.encode("utf-8", "replace").decode().replace("\x00", "") if is_text else fact

    return {name: kept(fact) for name, fact in facts.items()}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_every_document_is_set(app: Flask, world: dict[str, Browser], text: str) -> None:
    browser, key = world["customer"], bearer(KeyKind.CUSTOMER, user_id="ada")
    body = {"billing_address": text}
    browser.sends("PUT", "/v1/billing/settings", json=body, headers=key)
    ada: Account = queries.account("ada")
    invoice = make_invoice(ada)
    answer = browser.gets(f"/invoices/{invoice.invoice_number}/pdf")
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
