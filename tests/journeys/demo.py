"""The demo, and beside its people some whose pages look different: newcomers, and the troubled."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.domain.accounts import email_changes, mail_tokens, queries
from app.domain.accounts import operations as accounts
from app.domain.accounts.email_changes import End
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.catalog import operations
from app.domain.catalog import queries as catalog
from app.domain.catalog.price_changes import PriceTerms
from app.domain.invoices.models import Invoice
from app.domain.invoices.tax_table import set_tax
from app.domain.payments import dispute_reasons
from app.entrypoints.cli.demo_world import COUPONS, CUSTOMERS
from app.entrypoints.cli.demo_world import OPERATOR as OPERATOR_ACCOUNT
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.delete_account import delete_account
from app.workflows.redeem_coupon import redeem_coupon
from app.workflows.top_up import top_up
from app.workflows.void_invoice import void_invoice
from tests.factories.documents import make_credit_note
from tests.factories.factors import make_factor
from tests.factories.payments import make_card, make_charge, make_invoice, payment_row
from tests.factories.purchases import make_shop
from tests.fakes.payment_gateway import FakeGateway
from tests.journeys.installation import PASSWORD, Installation, months_ago

CUSTOMER = "demo@example.com"
OPERATOR = "operator@example.com"
# What has no other name in Chinese, and who is who here.
NAMES = (
    "English Visa PayPal Stripe Chrome Linux PDF ZIP INV CN VAT IBAN curl",
    "Europe Berlin newcomer troubled careful olga example com",
    "Billed twice by mistake",
    "AI API usage",
    # Models with a price that nobody uses, and formats that others have defined.
    "deepseek chat mistral latest turbo",
    "LiteLLM litellm OpenMeter Lago end_user subject external_subscription_id",
    # An alias of a model, and what a plan might be called.
    "vier Professional",
    # A code of the provider's that has no words of ours: the sandbox never saw the made-up card.
    "resource missing",
)
# The page behind a link that confirms one end of another address.
CONFIRMATION = "the end of a change"
OVERDUE_SINCE = timedelta(days=60)
PRICE_BEGINS_IN = timedelta(days=9)


@dataclass(frozen=True)
class Demo:
    """Who may come in by which password, and which pages no link leads to."""

    installation: Installation
    passwords: dict[str, str]
    newcomer: str
    troubled: str
    careful: str
    # By endpoint.
    addresses: dict[str, str]
    # What was typed in, and what things are called: it is the same in every language.
    data: tuple[str, ...] = ()


def people_of(installation: Installation) -> Demo:
    """Add the people, and let things have happened to the demo's customer."""
    logins = json.loads(next(installation.folder.rglob("demo.json")).read_text())
    added = [installation.customer(name).email for name in ("newcomer", "troubled", "careful")]
    newcomer, troubled, careful = added
    with installation.inside():
        addresses = links_by_mail(_account(newcomer)) | has_done_everything(_account(CUSTOMER))
        is_in_trouble(_account(troubled))
        addresses |= wants_another_address(_account(troubled))
        addresses |= waits_for_operators(_account(newcomer), _account(CUSTOMER))
        addresses["web.operator.decisions.keep"] = f"/operator/customers/{_id(careful)}/keep"
        addresses["web.operator.decisions.resume"] = f"/operator/customers/{_id(troubled)}/resume"
        addresses["web.operator.coupon_batches.deactivate"] = (
            "/operator/coupons/deactivate?prefix=T"
        )
        data = tuple(words_of_the_demo())
        wants_to_leave(_account(careful))
    return Demo(
        installation,
        {
            CUSTOMER: logins["customer"]["password"],
            OPERATOR: logins["operator"]["password"],
            **dict.fromkeys(added, PASSWORD),
        },
        newcomer,
        troubled,
        careful,
        addresses,
        data,
    )


def words_of_the_demo() -> Iterator[str]:
    """Give what things are called, and what was typed: it is the same in every language."""
    for customer in CUSTOMERS:
        yield from (customer.account.email, customer.account.name)
        for key in customer.keys:
            yield key.alias
            yield from (f"{model.name} {model.provider}" for model, _ in key.models)
    yield from (OPERATOR_ACCOUNT.email, OPERATOR_ACCOUNT.name, *NAMES)
    for code, (_, _, description) in COUPONS.items():
        yield from (code, description)
    for plan in catalog.plans():
        yield from (plan.name, plan.description, *plan.features)
    # Operators look the providers' own codes up.
    yield from dispute_reasons.REASONS


def links_by_mail(account: Account) -> dict[str, str]:
    """Return where the links in a customer's mails lead."""
    now = clock.now()

    def link(purpose: Purpose) -> str:
        with transaction():
            return mail_tokens.make(account, purpose, email=account.email, now=now).text

    return {
        "web.links.show_reset": f"/reset/{link(Purpose.RESET_PASSWORD)}",
        "web.links.show_verification": f"/verify/{link(Purpose.VERIFY_EMAIL)}",
        "web.links.show_undo": f"/undo/{link(Purpose.UNDO_EMAIL)}",
    }


def has_done_everything(account: Account) -> dict[str, str]:
    """Give the customer a card, coupons, and invoices in every state; return what to look at."""
    now = clock.now()
    card = make_card(account, now=now)
    with transaction():
        for code in ("WELCOME20", "TOKENS50K"):
            redeem_coupon(code, account, plan_id=None, grace=renewal_grace(), now=now)
    # The demo has billed the last few months.
    months = (months_ago(number) for number in (12, 13, 14))
    voided, credited, open_one = [make_invoice(account, month=m, now=now) for m in months]
    waiting = make_charge(open_one, card, now=now)
    with transaction():
        void_invoice(voided.public_id, reason="Billed twice", actor="operator:olga", now=now)
    make_credit_note(credited, now=now)
    bought = top_up(account, amount_minor=1_500, shop=make_shop(FakeGateway()), now=now)
    unfinished = session.get_one(Invoice, payment_row(bought.checkout.payment_id).invoice_id)
    return {
        "web.confirming.show": "/confirm-password",
        "web.coupons.preview": "/coupons/preview?coupon_code=TENOFF",
        "web.payments.show": f"/payments/{waiting.public_id}",
        "web.tokens.show_unfinished": f"/tokens/finish/{unfinished.public_id}",
        "web.invoices.show": f"/invoices/{credited.public_id}",
    }


def waits_for_operators(newcomer: Account, customer: Account) -> dict[str, str]:
    """Let there be what the console's rarer questions are asked of; return where they are asked."""
    now, olga = clock.now(), "operator:olga"
    terms = PriceTerms(prompt_pico=20_000_000, completion_pico=40_000_000)
    with transaction():
        accounts.change_settings(
            newcomer, {"tax_id": "DE136695976", "country": "DE"}, actor=olga, now=now
        )
        set_tax("DE", name="VAT", rate_bp=1_900, actor=olga, now=now)
        operations.set_alias("vier", model_id="gpt-4", actor=olga, now=now)
        operations.set_price("gpt-4", terms, starts_at=now + PRICE_BEGINS_IN, actor=olga, now=now)
    ahead = catalog.prices_in_force(["gpt-4"])["gpt-4"][-1]
    paid = session.query(Invoice).filter_by(user_id=customer.id, status="paid").first()
    assert paid is not None
    return {
        "web.operator.customers.show_customer": f"/operator/customers/{customer.id}",
        "web.operator.coupons.activate": "/operator/coupons/WELCOME20/activate",
        "web.operator.decisions.approve_tax_id": f"/operator/customers/{newcomer.id}/tax-id",
        "web.operator.invoice_changes.credit": f"/operator/invoices/{paid.public_id}/credit",
        "web.operator.models.remove_alias": "/operator/prices/alias/remove?alias=vier",
        "web.operator.models.show_model": "/operator/prices/model?model_id=gpt-4",
        "web.operator.models.withdraw_price": f"/operator/prices/withdraw?price_id={ahead.id}",
        "web.operator.taxes.remove": "/operator/taxes/DE/remove",
    }


def wants_to_leave(account: Account) -> None:
    """Let the customer have a second factor, and have asked to be deleted."""
    now = clock.now()
    with transaction():
        account.email_verified_at = now
        session.add(account)
    make_factor(account, now=now)
    with transaction():
        delete_account(
            account, actor=f"customer:{account.id}", details={}, grace=renewal_grace(), now=now
        )


def is_in_trouble(account: Account) -> None:
    """Let the customer owe for long, and be suspended for it."""
    now = clock.now()
    make_invoice(account, now=now - OVERDUE_SINCE)
    with transaction():
        account.suspended_at, account.suspended_because = now, "debt"
        account.email_verified_at = now
        session.add(account)


def wants_another_address(account: Account) -> dict[str, str]:
    """Let the customer's new address have confirmed; return where the old one does, and ours."""
    now = clock.now()
    with transaction():
        change = email_changes.begin(account, "troubled@example.com", now=now)
        left = email_changes.confirm(account, change, End.NEW, now=now)
        assert left is not None
        link = email_changes.make_link(account, left, End.OLD, now=now)
    return {
        CONFIRMATION: f"/verify/{link.text}",
        "web.operator.decisions.confirm_email": f"/operator/customers/{account.id}/confirm-email",
    }


def _id(email: str) -> str:
    return _account(email).id


def _account(email: str) -> Account:
    found = queries.find_account_by_email(email)
    assert found is not None
    return found
