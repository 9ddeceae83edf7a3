"""No page asks its database more than ten times, whoever looks at it and however much there is."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import operations as accounts
from app.domain.accounts import passwords
from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.subscriptions import operations as subscriptions
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.web.operator.seeing import SHOWN
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.adjust_tokens import adjust_tokens
from app.workflows.renew_subscriptions import renew_subscriptions
from app.workflows.top_up import begin_top_up, top_up
from tests.entrypoints.web.conftest import PASSWORD, signed_in
from tests.every_route import COMMON, every_route, things_of
from tests.factories.accounts import make_account
from tests.factories.factors import make_factor
from tests.factories.payments import make_card, make_invoice, make_paid, make_refund
from tests.factories.purchases import SELLER, begin_switch, make_shop
from tests.factories.redemptions import make_fixed_coupon, redeem
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

STATEMENTS_MAX = 10
# Pages are what is asked for. A form that is refused comes back as its page, after what it costs to
# judge it: the account is locked and the session looked at, and all is read anew once that is over.
TRYING_MAX = 5
FOUND, REFUSED = 200, {404, 409, 422}
CUSTOMERS_PAGES_MIN, CONSOLES_PAGES_MIN, FORMS_MIN = 20, 90, 15
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
CONSOLES_REFUSED, CONSOLES_REFUSALS_MIN = 422, 15
# No form of the console takes this: no amount, no number, and no reason.
NONSENSE = {"amount": "much", "credit_limit": "much", "tokens": "many", "reason": ""}
# A month and more after the account was made: its first period is over, and nobody has noted it.
LONG_AGO = timedelta(days=45)
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
    return things_of(account, gateway=gateway)


def has_been_away(account: Account) -> dict[str, str]:
    """Let the customer have had another plan, and not have come for longer than its period."""
    make_usage(account.id, now=clock.now() - LONG_AGO)
    invoice = make_invoice(account, now=clock.now() - LONG_AGO)
    begin_plan(account, "plan-pro", at=clock.now() - LONG_AGO)
    make_usage(account.id, now=clock.now())
    return {"user_id": account.id, "reference": invoice.invoice_number or ""}


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
    return {"user_id": account.id, "reference": reference}


def pages_found(
    app: Flask,
    browser: FlaskClient,
    things: Mapping[str, str],
    *,
    of_console: bool,
    passing_over: Collection[str] = (),
) -> Iterator[tuple[str, list[str]]]:
    """Give the address of each page that is there, and what was sent for it."""
    for route in every_route(app):
        ours = route.endpoint.startswith("web.") and route.method == "GET"
        if not ours or route.endpoint.startswith("web.operator.") is not of_console:
            continue
        if not all(name in things or name in COMMON for name in route.names):
            continue
        if route.path(things) in passing_over:
            continue
        with statements() as sent:
            answer = browser.get(route.path(things))
        if answer.status_code == FOUND:
            yield route.path(things), sent
    others = [f"/operator/customers/{things['user_id']}/view/{page}" for page in SHOWN]
    for address in others if of_console else MORE:
        with statements() as sent:
            answer = browser.get(address)
        assert answer.status_code in (FOUND, *REFUSED), address
        yield address, sent


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


class TestStatements:
    def test_of_customers(self, app: Flask, everyone: Mapping[str, Mapping[str, str]]) -> None:
        for user_id, things in everyone.items():
            browser = app.test_client()
            browser.post("/login", data={"email": f"{user_id}@example.com", "password": PASSWORD})
            found = list(pages_found(app, browser, things, of_console=False))
            assert len(found) >= CUSTOMERS_PAGES_MIN
            assert not (wrong := too_many(found)), "\n".join(wrong)

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
        found: dict[str, list[str]] = {}
        for things in everyone.values():
            pages = pages_found(app, olgas, things, of_console=True, passing_over=found)
            found |= dict(pages)
        assert len(found) >= CONSOLES_PAGES_MIN
        assert not (wrong := too_many(list(found.items()))), "\n".join(wrong)

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
