"""Stories of payments: how each begins, what a process of ours does in it, and what others do."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices.errors import UnknownInvoice
from app.domain.payments import operations as payments
from app.domain.payments.consent import VERSION, Consent, consent_to
from app.domain.payments.gateway import SavedCard
from app.domain.payments.models import Payment, Refund
from app.entrypoints.selling import shop
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from app.sandbox.paypal import money as paypal_money
from app.sandbox.paypal import refunds as paypal_refunds
from app.sandbox.paypal.work import CAPTURE
from app.sandbox.stripe import disputes, refunds
from app.workflows.begin_checkout import Checkout, begin_checkout
from app.workflows.switch_plan import switch_plan
from app.workflows.top_up import begin_top_up, top_up
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.coming_back import back_from_page
from tests.factories.payments import make_invoice
from tests.properties import our_processes
from tests.properties.unreliable_world import World
from tests.sandbox.shopping import client_of, typed

SAYS_YES = {"stripe": typed(), "paypal": {"choice": "approve"}}
# What a process is told: everything it works on.
Told = tuple[Any, ...]


def nothing_more(world: World, *told: Any) -> None:
    """Nobody does anything but the worker and the provider."""


@dataclass(frozen=True)
class Story:
    """How it begins; what our process does, and dies at; what others do after its death."""

    begin: Callable[[World], Told]
    work: Callable[..., None]
    go_on: Callable[..., None] = nothing_more


# --- Beginnings ---------------------------------------------------------------------------------


def owes_an_invoice(provider: str) -> Callable[[World], Told]:
    """Ada owes an invoice, and her program is about to ask for the page."""

    def begin(world: World) -> Told:
        invoice = make_invoice(_ada(world), now=world.now)
        headers = bearer(KeyKind.CUSTOMER, user_id="ada", now=world.now)
        return provider, invoice.public_id, headers

    return begin


def chooses_a_plan(world: World) -> Told:
    """Ada is about to accept a plan."""
    _ada(world)
    return ("ada",)


def has_paid(provider: str) -> Callable[[World], Told]:
    """Ada has paid an invoice on the provider's page, and nobody here knows."""

    def begin(world: World) -> Told:
        checkout = _owed(world, _ada(world), provider)
        say_yes(provider, checkout)
        return "ada", checkout.payment_id

    return begin


def is_told_of_a_paid_invoice(world: World) -> Told:
    """Ada has approved an order at PayPal, which is about to tell us."""
    has_paid("paypal")(world)
    return (world.letters(),)


def is_told_of_a_paid_plan(world: World) -> Told:
    """Ada has paid a plan and let her card be saved; Stripe is about to tell us."""
    checkout = _plan(world, _ada(world))
    say_yes("stripe", checkout)
    return (world.letters(),)


def has_too_few_tokens(world: World) -> Told:
    """Ada's balance is below her threshold, and she has agreed that her card is charged."""
    _ada(world, plan_id="plan-basic")
    _saved_card(world)
    with transaction():
        chosen = accounts.settings_of(accounts.account("ada"))
        chosen.auto_topup_threshold, chosen.auto_topup_amount_minor = 200_000, 1_000
    return ()


def looks_at_a_purchase(world: World) -> Told:
    """Ada has chosen her saved card for extra tokens, and is about to have it charged."""
    ada = _ada(world, plan_id="plan-basic")
    card_id, theirs = _saved_card(world), shop("stripe", ada, look=None)
    reference, _ = begin_top_up(ada, amount_minor=1_000, shop=theirs, now=world.now)
    return "ada", reference, card_id


def has_bought_tokens(provider: str) -> Callable[[World], Told]:
    """Ada has bought tokens, and the operator is about to give her the money back."""

    def begin(world: World) -> Told:
        return (_bought_tokens(world, provider).public_id,)

    return begin


def is_told_of_a_refund(provider: str) -> Callable[[World], Told]:
    """Somebody has given Ada some of her money back at the provider's own desk."""

    def begin(world: World) -> Told:
        _bought_tokens(world, provider)
        (_refund_at_stripe if provider == "stripe" else _refund_at_paypal)(world)
        return (world.letters(),)

    return begin


def is_told_of_a_lost_dispute(world: World) -> Told:
    """Ada has contested what she paid for her plan, and her bank has given it back to her."""
    checkout = _plan(world, _ada(world))
    say_yes("stripe", checkout)
    _settle(world, checkout)
    with world.sandbox.work() as work:
        (charge,) = work.newest("charge")
        disputes.decide(work, disputes.begin(work, charge), disputes.LOST)
    return (world.letters(),)


# --- What others do afterwards --------------------------------------------------------------------


def asks_again_and_pays(world: World, provider: str, reference: str, _: object) -> None:
    """Ada clicks again, comes to the page, and pays."""
    say_yes(provider, _begun(world, accounts.account("ada"), provider, reference))


def accepts_again_and_pays(world: World, user_id: str) -> None:
    """Ada accepts the plan again, comes to the page, and pays."""
    say_yes("stripe", _plan(world, accounts.account(user_id)))


def charges_it_again(world: World, *told: Any) -> None:
    """Ada comes back to the purchase, and has her card charged if it still waits for her."""
    with suppress(UnknownInvoice):
        our_processes.charge_as_told(*told, now=world.now)


def asks_again(world: World, payment_id: str) -> None:
    """The operator looks whether the refund stands there, and asks for it if it does not."""
    if session.query(Refund).count() == 0:
        world.run(lambda: our_processes.ask_for_refund(payment_id, now=world.now))


def say_yes(provider: str, checkout: Checkout) -> None:
    """Pay on the provider's page."""
    said = SAYS_YES[provider]
    answer = requests.post(checkout.checkout_url, data=said, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text


STORIES = {
    "stripe opens a page": Story(
        owes_an_invoice("stripe"), our_processes.open_page, asks_again_and_pays
    ),
    "paypal opens a page": Story(
        owes_an_invoice("paypal"), our_processes.open_page, asks_again_and_pays
    ),
    "stripe opens a page that saves the card": Story(
        chooses_a_plan, our_processes.switch_to_basic, accepts_again_and_pays
    ),
    "the customer is back from stripe": Story(has_paid("stripe"), our_processes.come_back),
    "the customer is back from paypal": Story(has_paid("paypal"), our_processes.come_back),
    "stripe tells of a paid plan": Story(is_told_of_a_paid_plan, our_processes.take_letters),
    "paypal tells of an approved order": Story(
        is_told_of_a_paid_invoice, our_processes.take_letters
    ),
    "a card is charged for a top-up": Story(has_too_few_tokens, our_processes.top_up_by_itself),
    "a card is charged as its owner says": Story(
        looks_at_a_purchase, our_processes.charge_as_owner_says, charges_it_again
    ),
    "stripe gives a top-up back": Story(
        has_bought_tokens("stripe"), our_processes.give_back, asks_again
    ),
    "paypal gives a top-up back": Story(
        has_bought_tokens("paypal"), our_processes.give_back, asks_again
    ),
    "stripe tells of a refund": Story(is_told_of_a_refund("stripe"), our_processes.take_letters),
    "paypal tells of a refund": Story(is_told_of_a_refund("paypal"), our_processes.take_letters),
    "stripe tells of a lost dispute": Story(is_told_of_a_lost_dispute, our_processes.take_letters),
}


def _ada(world: World, **changes: str) -> Account:
    return make_account("ada", now=world.now, **changes)


def _saved_card(world: World) -> int:
    client = client_of(world.sandbox.address).v1
    customer = client.customers.create(params={}).id
    method = client.payment_methods.attach("pm_card_visa", params={"customer": customer})
    with transaction():
        card = SavedCard(customer, method.id, "visa", "4242", "2034-12")
        consent = Consent(VERSION, world.now)
        row = payments.keep_card("ada", card, provider="stripe", consent=consent, now=world.now)
        return row.id


def _owed(world: World, account: Account, provider: str) -> Checkout:
    invoice = make_invoice(account, now=world.now)
    return _begun(world, account, provider, invoice.public_id)


def _begun(world: World, account: Account, provider: str, reference: str) -> Checkout:
    # Where customers come back to is part of what a repeated call has to say word for word.
    base_url = shop(provider, account, look=None).base_url
    asked = world.gateways
    return begin_checkout(
        account,
        reference,
        gateway=asked[provider],
        asked=asked,
        base_url=base_url,
        now=world.now,
    )


def _plan(world: World, account: Account) -> Checkout:
    checkout = switch_plan(
        account,
        "plan-basic",
        shop=shop("stripe", account, look=None),
        consent=consent_to(VERSION, now=world.now),
        now=world.now,
    )
    assert checkout is not None, "a plan has its price"
    return checkout


def _bought_tokens(world: World, provider: str) -> Payment:
    ada = _ada(world, plan_id="plan-basic")
    bought = top_up(ada, amount_minor=1_000, shop=shop(provider, ada, look=None), now=world.now)
    say_yes(provider, bought.checkout)
    _settle(world, bought.checkout)
    return session.query(Payment).one()


def _settle(world: World, checkout: Checkout) -> None:
    """Let it all be known here, so that what comes next is the only news."""
    ada = accounts.account("ada")
    back_from_page(checkout.payment_id, ada, gateways=world.gateways, now=world.now)
    world.post_everything()
    world.do_job("outbox")
    world.wait(timedelta(seconds=5))


def _refund_at_stripe(world: World) -> None:
    with world.sandbox.work() as work:
        (charge,) = work.newest("charge")
        refunds.add(work, charge, {"amount": 234})


def _refund_at_paypal(world: World) -> None:
    with world.sandbox.paypal_work() as work:
        (capture,) = work.newest(CAPTURE)
        amount = {"amount": paypal_money.of_cents(234, "USD")}
        paypal_refunds.create(work, capture["id"], amount)
