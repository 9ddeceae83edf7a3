"""No page asks its database more than ten times, whoever looks at it and however much there is."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import mail_tokens, passwords
from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account, Key
from app.domain.catalog import operations as prices
from app.domain.catalog import queries as catalog
from app.domain.catalog.price_changes import PriceTerms
from app.domain.invoices.tax_table import set_tax
from app.domain.subscriptions import operations as subscriptions
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.web.operator.seeing import SHOWN
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.adjust_tokens import adjust_tokens
from app.workflows.renew_subscriptions import renew_subscriptions
from app.workflows.top_up import begin_top_up, top_up
from tests.entrypoints.web.conftest import HTMX, PASSWORD, signed_in
from tests.every_route import COMMON, Route, every_route, things_of
from tests.factories.accounts import make_account, make_key
from tests.factories.factors import make_factor
from tests.factories.payments import make_card, make_invoice, make_paid, make_refund
from tests.factories.purchases import SELLER, begin_switch, make_shop
from tests.factories.redemptions import make_fixed_coupon, redeem
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.statements import statements

STATEMENTS_MAX = 10
# Pages are what is asked for. A form that is refused comes back as its page, after what it costs to
# judge it: the account is locked and the session looked at, and all is read anew once that is over.
TRYING_MAX = 5
FOUND, REFUSED = 200, {404, 409, 422}
FORMS_MIN = 15
# What else is asked for: with what stands behind the address, it is another page.
MORE = (
    "/coupons/preview?coupon_code=FIVEOFF",
    "/coupons/preview?coupon_code=FIVEOFF&plan_id=plan-enterprise",
    "/coupons/preview?coupon_code=NOPE",
    "/invoices?status=overdue&page=2",
    "/plans/plan-enterprise",
    "/tokens?amount=100",
    "/tokens?kind=grant&page=2",
    "/usage?group=provider",
)
# The same of what an operator sees of a customer.
MORE_SEEN = ("invoices?page=2", "tokens?page=2", "usage?group=provider")
# What is a page of its own by what is asked for there alone.
ASKED = {
    "web.coupons.preview": "/coupons/preview?coupon_code=FIVEOFF",
    "web.operator.coupon_batches.deactivate": "/operator/coupons/deactivate?prefix=FIVE",
    "web.operator.models.remove_alias": "/operator/prices/alias/remove?alias=vier",
    "web.operator.models.show_model": "/operator/prices/model?model_id=gpt-4",
    "web.tokens.quote": "/tokens/quote?amount=20",
    "web.tokens.rule": "/tokens/rule?auto_topup=y&auto_topup_threshold=5000&auto_topup_amount=20",
    "web.usage.records": "/usage/records?range=7d",
}
# Parts of a page, which are none without the script that asks for them.
PARTS = {"web.tokens.quote", "web.tokens.rule", "web.usage.records"}
# What only one invoice has: one for tokens whose bank wants more than the card.
RARE = {"web.tokens.show_unfinished"}
# What visitors see, and whoever holds a link out of a mail; nobody else's page needs no account.
OUTSIDE = re.compile(r"web\.(access|links)\.|description\.docs$")
OURS = re.compile(r"web\.|description\.docs$")
CONSOLE = re.compile(r"web\.operator\.")
# What answers no page to a customer, and why; everything else is there for one of them at least.
NO_PAGES = {
    "web.access.show_code": "who has come in needs no code: visitors see it",
    "web.access.show_registration": "who has come in is led to the overview: visitors see it",
    "web.access.show_sign_in": "who has come in is led to the overview: visitors see it",
    "web.links.show_reset": "a mail leads there: visitors see it",
    "web.links.show_undo": "a mail leads there: visitors see it",
    "web.links.show_verification": "a mail leads there: visitors see it",
    "web.plans.leave_forms": "a form's address, which leads back to its page when loaded again",
}
CONSOLES_REFUSED, CONSOLES_REFUSALS_MIN = 422, 15
# What is refused to one of them alone, whose page says why.
REFUSED_TO = {"owing": {"web.plans.preview": "no plan is changed while an invoice is overdue"}}
# No form of the console takes this: no amount, no number, and no reason.
NONSENSE = {"amount": "much", "credit_limit": "much", "tokens": "many", "reason": ""}
# A month and more after the account was made: its first period is over, and nobody has noted it.
LONG_AGO = timedelta(days=45)
# Where mails lead to, and what for.
LINKS = {
    "web.links.show_reset": ("reset", Purpose.RESET_PASSWORD),
    "web.links.show_undo": ("undo", Purpose.UNDO_EMAIL),
    "web.links.show_verification": ("verify", Purpose.VERIFY_EMAIL),
}
# What a customer may type that no form takes: it comes back, and says what is wrong.
WRONG = (
    ("/alerts", {"alert_percents": "900"}),
    ("/confirm-password", {"password": "wrong"}),
    ("/coupons", {"coupon_code": "NOPE"}),
    ("/coupons", {"coupon_code": "TENOFF"}),
    ("/keys", {"name": ""}),
    ("/payment-methods", {}),
    ("/plans", {"plan_id": "plan-pro"}),
    ("/plans", {"plan_id": "plan-enterprise"}),
    ("/plans/resume", {}),
    ("/settings", {"billing_email": "nowhere", "spend_limit": "-1"}),
    ("/settings", {"tax_id": "XX1", "country": "DE"}),
    ("/settings/data/delete", {"email": "somebody@example.com"}),
    ("/settings/security/email", {"email": "nowhere"}),
    ("/settings/security/factor/confirm", {"code": "12"}),
    ("/settings/security/password", {"old_password": "wrong", "password": PASSWORD}),
    ("/tokens", {"auto_topup_threshold": "-1"}),
    ("/tokens/buy", {"amount": "1", "provider": "stripe"}),
)


@pytest.fixture
def everyone(app: Flask) -> Mapping[str, Mapping[str, str]]:
    """Customers of every kind, by id, and what each of them has."""
    app.config[GATEWAYS] = {"stripe": FakeGateway(), "paypal": FakeGateway()}
    newcomer = made("newcomer")
    make_fixed_coupon("FIVEOFF", minor=500, now=clock.now())
    return {
        newcomer.id: {"user_id": newcomer.id},
        "late": is_late(made("late", now=clock.now() - LONG_AGO)),
        "owing": owes(made("owing", now=clock.now() - LONG_AGO)),
        "waiting": waits(made("waiting"), gateway=app.config[GATEWAYS]["stripe"]),
        "ada": has_everything(app, made("ada", plan_id="plan-pro")),
        "away": has_been_away(made("away", plan_id="plan-basic", now=clock.now() - LONG_AGO)),
        "spent": has_used_up(made("spent", now=clock.now() - timedelta(days=4))),
    }


def made(user_id: str, **changes: object) -> Account:
    given = {"now": clock.now(), "password_hash": passwords.hash_password(PASSWORD), **changes}
    return make_account(user_id, **given)


def has_everything(app: Flask, account: Account) -> dict[str, str]:
    """Let the customer have done all that can be done, and return what it is called."""
    now, gateway = clock.now(), app.config[GATEWAYS]["stripe"]
    signed_in(app, account)
    with transaction():
        adjust_tokens(account.id, 5_000, reason="Sorry", actor="operator:olga", now=now)
    make_fixed_coupon("TENOFF", now=now)
    redeem("TENOFF", account, now=now)
    for model in ("gpt-4", "nobody-knows"):
        make_usage(account.id, model=model, now=now, occurred_at=now - timedelta(hours=1))
    make_refund(make_paid(account, gateway=gateway, now=now), now=now)
    # The plan he is on is none that he could change to.
    return {**things_of(account, gateway=gateway), "plan_id": "plan-basic"}


def has_been_away(account: Account) -> dict[str, str]:
    """Let the customer have had another plan, and not have come for longer than its period."""
    make_usage(account.id, now=clock.now() - LONG_AGO)
    invoice = make_invoice(account, now=clock.now() - LONG_AGO)
    begin_plan(account, "plan-pro", at=clock.now() - LONG_AGO)
    make_usage(account.id, now=clock.now())
    return {"user_id": account.id, "reference": invoice.invoice_number or ""}


def has_used_up(account: Account) -> dict[str, str]:
    """Let the customer have used up the tokens of his plan, and more of them on days before."""
    begin_plan(account, "plan-basic", at=clock.now() - timedelta(days=3))
    for days in range(1, 4):
        tokens = {"prompt_tokens": 60_000, "completion_tokens": 1_000, "total_tokens": 61_000}
        moment = clock.now() - timedelta(days=days)
        make_usage(account.id, now=clock.now(), occurred_at=moment, **tokens)
    return {"user_id": account.id}


def begin_plan(account: Account, plan_id: str, *, at: datetime) -> None:
    with transaction():
        locked = accounts.lock_accounts({account.id})[account.id]
        subscriptions.begin_plan(locked, catalog.plan(plan_id), now=at)


def is_late(account: Account) -> dict[str, str]:
    """Let the customer's period be over without a row of the next, and his card be charged."""
    begin_plan(account, "plan-pro", at=clock.now() - LONG_AGO)
    make_card(account, number=7, now=clock.now())
    with transaction():
        chosen = account_queries.settings_of(account)
        chosen.country, chosen.spend_limit_minor = "DE", 100
        chosen.auto_topup, chosen.auto_topup_threshold = True, 10**6
    return {"user_id": account.id}


def owes(account: Account) -> dict[str, str]:
    """Let the customer owe an old invoice and the renewal of his plan, and be suspended."""
    invoice = make_invoice(account, now=clock.now() - timedelta(days=70))
    begin_plan(account, "plan-basic", at=clock.now() - timedelta(days=32))
    with transaction():
        renew_subscriptions(seller=SELLER, grace=GRACE, now=clock.now())
        locked = accounts.lock_accounts({account.id})[account.id]
        locked.suspended_at, locked.suspended_because = clock.now(), "debt"
    return {"user_id": account.id, "reference": invoice.invoice_number or ""}


def waits(account: Account, *, gateway: FakeGateway) -> dict[str, str]:
    """Let a switch, a payment page and a purchase wait for the customer, who wants to leave."""
    begin_plan(account, "plan-basic", at=clock.now() - timedelta(days=3))
    make_card(account, number=8, now=clock.now())
    begin_switch(account, "plan-pro", gateway=gateway, now=clock.now())
    given = {"amount_minor": 5_000, "shop": make_shop(gateway), "now": clock.now()}
    top_up(account, **given)
    reference, _ = begin_top_up(account, **given)
    with transaction():
        locked = accounts.lock_accounts({account.id})[account.id]
        locked.deletion_asked_at, locked.deletion_due_at = clock.now(), clock.now() + LONG_AGO
    return {"user_id": account.id, "web.tokens.show_unfinished": f"/tokens/finish/{reference}"}


def has_all_an_operator_has() -> dict[str, str]:
    """Let there be a gateway, a tax, an alias and a price to come, and return where they are."""
    now, actor = clock.now(), "operator:olga"
    terms = PriceTerms(prompt_pico=20_000_000, completion_pico=40_000_000)
    make_key(KeyKind.GATEWAY)
    with transaction():
        set_tax("DE", name="VAT", rate_bp=1_900, actor=actor, now=now)
        prices.set_alias("vier", model_id="gpt-4", actor=actor, now=now)
        prices.set_price("gpt-4", terms, starts_at=now + LONG_AGO, actor=actor, now=now)
    ahead = catalog.prices_in_force(["gpt-4"])["gpt-4"][-1]
    gateway = session.query(Key).filter_by(kind=KeyKind.GATEWAY).one()
    return {
        "web.operator.keys.replace": f"/operator/keys/{gateway.id}/replace",
        "web.operator.keys.revoke": f"/operator/keys/{gateway.id}/revoke",
        "web.operator.models.withdraw_price": f"/operator/prices/withdraw?price_id={ahead.id}",
    }


@dataclass
class Looked:
    """What somebody was answered: pages with what was sent for each, and what else by endpoint."""

    found: list[tuple[str, list[str]]] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)
    missed: dict[str, str] = field(default_factory=dict)


def looks_at(
    browser: FlaskClient, routes: Iterable[Route], things: Mapping[str, str], looked: Looked
) -> None:
    """Ask for each page whose address names nothing but what there is."""
    for route in routes:
        is_there = route.endpoint not in RARE and route.names <= {*things, *COMMON}
        if not (route.endpoint in things or is_there):
            continue
        address = {**ASKED, **things}.get(route.endpoint) or route.path(things)
        with statements() as sent:
            answer = browser.get(address, headers=HTMX if route.endpoint in PARTS else None)
        looked.found.append((address, sent))
        if answer.status_code == FOUND:
            looked.pages.add(route.endpoint)
        else:
            looked.missed[route.endpoint] = f"{address} answers {answer.status}"


def pages_of(app: Flask, who: re.Pattern[str], but: re.Pattern[str] | None = None) -> list[Route]:
    """Return what may be asked for there, but for what is somebody else's."""
    return [
        route
        for route in every_route(app)
        if route.method == "GET" and OURS.match(route.endpoint) and who.match(route.endpoint)
        if but is None or not but.match(route.endpoint)
    ]


def told(looked: Looked, expected: Iterable[str]) -> str:
    """Say what answered no page though it should, or did so though we say that it cannot."""
    others = [why for name, why in looked.missed.items() if name not in expected]
    there = [f"{name} is a page after all" for name in expected if name not in looked.missed]
    return "\n".join(others + there)


def looks_further(browser: FlaskClient, addresses: Iterable[str], looked: Looked) -> None:
    """Ask for what is another page with what stands behind its address; some of it is refused."""
    for address in addresses:
        with statements() as sent:
            answer = browser.get(address)
        assert answer.status_code in (FOUND, *REFUSED), address
        looked.found.append((address, sent))


def refusals_found(
    app: Flask, browser: FlaskClient, things: Mapping[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """Give the address of each form of the console that is refused, and what was sent for it."""
    for route in every_route(app):
        if not route.endpoint.startswith("web.operator.") or route.method != "POST":
            continue
        if not all(name in things or name in COMMON for name in route.names):
            continue
        with statements() as sent:
            answer = browser.post(route.path(things), data=NONSENSE)
        if answer.status_code == CONSOLES_REFUSED:
            yield route.path(things), sent


def too_many(found: list[tuple[str, list[str]]], *, most: int = STATEMENTS_MAX) -> list[str]:
    return [
        f"{address} takes {len(sent)}:\n  " + "\n  ".join(" ".join(each.split()) for each in sent)
        for address, sent in found
        if len(sent) > most
    ]


@on_one_of_both
class TestStatements:
    def test_of_customers(self, app: Flask, everyone: Mapping[str, Mapping[str, str]]) -> None:
        pages, seen = pages_of(app, OURS, but=CONSOLE), set()
        for user_id, things in everyone.items():
            browser, looked = app.test_client(), Looked()
            browser.post("/login", data={"email": f"{user_id}@example.com", "password": PASSWORD})
            looks_at(browser, pages, things, looked)
            looks_further(browser, MORE, looked)
            assert not (wrong := told(looked, NO_PAGES | REFUSED_TO.get(user_id, {}))), wrong
            assert not (wrong := too_many(looked.found)), "\n".join(wrong)
            seen |= looked.pages
        assert seen | NO_PAGES.keys() == {route.endpoint for route in pages}

    def test_of_visitors(self, app: Flask) -> None:
        account, now = made("careful"), clock.now()
        make_factor(account, now=now)
        pages, links, looked = pages_of(app, OUTSIDE), LINKS, Looked()
        for endpoint, (path, purpose) in links.items():
            with transaction():
                made_link = mail_tokens.make(account, purpose, email=account.email, now=now)
            (route,) = (each for each in pages if each.endpoint == endpoint)
            looks_at(app.test_client(), [route], {endpoint: f"/{path}/{made_link.text}"}, looked)
        others = [route for route in pages if route.endpoint not in links]
        browser = app.test_client()
        browser.post("/login", data={"email": account.email, "password": PASSWORD})
        looks_at(browser, others, {}, looked)
        assert not (wrong := told(looked, ())), wrong
        assert looked.pages == {route.endpoint for route in pages}
        assert not (wrong := too_many(looked.found)), "\n".join(wrong)

    def test_of_forms_that_come_back(
        self, app: Flask, everyone: Mapping[str, Mapping[str, str]]
    ) -> None:
        for user_id in everyone:
            browser = app.test_client()
            browser.post("/login", data={"email": f"{user_id}@example.com", "password": PASSWORD})
            found = []
            for address, typed in WRONG:
                with statements() as sent:
                    answer = browser.post(address, data=typed)
                if answer.status_code in REFUSED:
                    found.append((f"{address} with {typed}", sent))
            assert len(found) >= FORMS_MIN
            wrong = too_many(found, most=STATEMENTS_MAX + TRYING_MAX)
            assert not wrong, "\n".join(wrong)

    def test_of_the_console(self, app: Flask, everyone: Mapping[str, Mapping[str, str]]) -> None:
        olga = made("olga", role="operator")
        olgas = signed_in(app, olga)
        # As it is served, operators have a second factor, and every page minds that.
        make_factor(olga, now=clock.now())
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], production=True)
        pages, common, looked = pages_of(app, CONSOLE), has_all_an_operator_has(), Looked()
        looks_at(olgas, pages, {**everyone["ada"], **common}, looked)
        for user_id, things in everyone.items():
            # What is nobody's has been looked at.
            theirs = [route for route in pages if route.names & things.keys()]
            looks_at(olgas, theirs if user_id != "ada" else (), {**things, **common}, looked)
            view = f"/operator/customers/{user_id}/view"
            looks_further(olgas, [f"{view}/{page}" for page in (*SHOWN, *MORE_SEEN)], looked)
        assert not (wrong := told(looked, ())), wrong
        assert looked.pages == {route.endpoint for route in pages}
        assert not (wrong := too_many(looked.found)), "\n".join(wrong)

    def test_of_the_consoles_refusals(
        self, app: Flask, everyone: Mapping[str, Mapping[str, str]]
    ) -> None:
        olga = made("olga", role="operator")
        olgas = signed_in(app, olga)
        make_factor(olga, now=clock.now())
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], production=True)
        found = list(refusals_found(app, olgas, everyone["ada"]))
        assert len(found) >= CONSOLES_REFUSALS_MIN, [address for address, _ in found]
        assert not (wrong := too_many(found)), "\n".join(wrong)
