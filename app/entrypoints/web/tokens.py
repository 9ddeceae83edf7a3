"""Tokens: what is left, buying more now or automatically, and what became of all of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.errors import DeletionPending
from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_view, view_of
from app.domain.accounts.rules import zone
from app.domain.accounts.settings_rules import with_changes
from app.domain.accounts.views import SettingsView
from app.domain.invoices import queries as invoices
from app.domain.invoices.bills import Bill
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.payments.errors import (
    CardNotUsable,
    ConsentMissing,
    ProviderRefused,
    ProviderUnreachable,
)
from app.domain.payments.top_ups import find_charge, top_ups_of
from app.domain.payments.waiting_purchases import waiting_purchases
from app.domain.reporting.rules import share_permille
from app.domain.reporting.token_offers import TokenOffer, token_offer
from app.domain.tokens import queries
from app.domain.tokens.errors import NoTokensForSale, TopUpAmountInvalid
from app.domain.tokens.models import ENTRY_KINDS
from app.entrypoints.gateways import DEFAULT_PROVIDER, gateways, let_forms_lead_to_providers
from app.entrypoints.selling import shop
from app.entrypoints.web.errors import STATUS, refusals_noted, refusals_shown_on
from app.entrypoints.web.page_numbers import choices_in_query, page_number
from app.entrypoints.web.responding import lead_on_saved, respond, wants_fragment, was_saved
from app.entrypoints.web.saving_cards import (
    CARD_OFFER,
    SAVED_CARD,
    SAVES_CARDS,
    chargeable_here,
    consent_in_form,
    saved_card,
)
from app.entrypoints.web.setting_forms import as_set, is_sound
from app.entrypoints.web.shown_values import changes_in
from app.entrypoints.web.signing_in import (
    look_at_session,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.sliders import Slider, slider_up_to
from app.entrypoints.web.token_forms import AutoTopUpForm, BuyForm
from app.entrypoints.web.top_up_rules import Automatic, as_ruled, counter, price_of, quote_in_words
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.workflows.change_top_up import change_top_up
from app.workflows.pay_with_card import pay_with_card
from app.workflows.switch_plan import Shop
from app.workflows.top_up import Counter, begin_top_up, pay_top_up, top_up

PAGE_SIZE = 12
NOT_BOUGHT = (
    ConsentMissing,
    DeletionPending,
    InvoiceNotPayable,
    ProviderRefused,
    ProviderUnreachable,
)

pages = Blueprint("tokens", __name__)
pages.before_request(require_sign_in)


@pages.get("/tokens")
def index() -> ResponseReturnValue:
    """Show the balance, what more would cost, and a page of the ledger."""
    buying = BuyForm(formdata=request.args) if "amount" in request.args else None
    return _shown(buying=buying, is_saved=was_saved())


@pages.post("/tokens")
def change() -> ResponseReturnValue:
    """Change what is bought automatically, or say at each field why not."""
    form, account = AutoTopUpForm(), signed_in_account()
    if is_sound(form, settings_view(account)):
        with wrong_fields_shown_on(form), signed_in_transaction():
            change_top_up(
                account,
                changes_in(form),
                is_left_off=form.leaves_it_off,
                actor=f"customer:{account.id}",
                now=clock.now(),
            )
    if form.errors:
        return _shown(refused=form, status=422)
    return _shown(is_saved=True) if wants_fragment() else lead_on_saved(url_for(".index"))


@pages.get("/tokens/quote")
def quote() -> ResponseReturnValue:
    """Say what an amount buys, while it is typed; on its own it is no page."""
    form, now = BuyForm(formdata=request.args), clock.now()
    if not wants_fragment():
        return redirect(url_for(".index", amount=request.args.get("amount", "")))
    account = signed_in_account()
    buying = counter(account, now=now)
    bill = _quoted(form, buying, now=now)
    return render_template(
        "web/tokens/_quote.html",
        buying=form,
        bill=bill,
        quote=quote_in_words(bill),
        offer=token_offer(account, buying.period, now=now),
    )


@pages.get("/tokens/rule")
def rule() -> ResponseReturnValue:
    """Put the rule into a sentence, while it is typed; on its own it is no page."""
    if not wants_fragment():
        return redirect(url_for(".index"))
    form, account, now = AutoTopUpForm(formdata=request.args), signed_in_account(), clock.now()
    buying = counter(account, now=now)
    chosen = view_of(account, buying.chosen)
    with wrong_fields_shown_on(form):
        chosen = with_changes(changes_in(form), chosen)
    ruled = as_ruled(account, buying, chosen, top_ups_of(account.id, now=now), now=now)
    return render_template("web/tokens/_rule.html", form=form, **ruled)


@pages.post("/tokens/buy")
def buy() -> ResponseReturnValue:
    """Lead to where the tokens are paid; without a provider, say what they cost."""
    form, provider = BuyForm(), request.form.get("provider")
    if not provider:
        return redirect(url_for(".index", amount=request.form.get("amount", "")), 303)
    if not form.validate():
        return _shown(buying=form, status=422)
    with refusals_noted(*NOT_BOUGHT) as noted:
        with refusals_shown_on({NoTokensForSale: form.amount, TopUpAmountInvalid: form.amount}):
            return redirect(_where_paid(form.amount_minor, provider, now=clock.now()), 303)
        return _shown(buying=form, status=422)
    return _shown(buying=form, trouble=noted[0].message, status=STATUS[noted[0].kind])


@pages.get("/tokens/finish/<reference>")
def show_unfinished(reference: str) -> ResponseReturnValue:
    """Show a purchase that waits for its customer's word, or what became of it."""
    return _shown_unfinished(reference)


@pages.post("/tokens/charge/<reference>")
def charge(reference: str) -> ResponseReturnValue:
    """Have the saved card charged, and show what became of it, or say why it was not."""
    with refusals_noted(CardNotUsable, *NOT_BOUGHT) as noted:
        payment_id = pay_with_card(
            signed_in_account(),
            reference,
            card_id=request.form.get("card", 0, type=int),
            shop=_shop(SAVES_CARDS),
            now=clock.now(),
        )
        return redirect(_after_charge(reference, payment_id), 303)
    refused = noted[0]
    return _shown_unfinished(reference, trouble=refused.message, status=STATUS[refused.kind])


@pages.post("/tokens/finish/<reference>")
def finish(reference: str) -> ResponseReturnValue:
    """Lead to the page where the purchase is paid, or say on ours why there is none."""
    with refusals_noted(*NOT_BOUGHT) as noted:
        checkout = pay_top_up(
            signed_in_account(),
            reference,
            shop=_shop(request.form.get("provider", DEFAULT_PROVIDER)),
            now=clock.now(),
        )
        return redirect(checkout.checkout_url, 303)
    refused = noted[0]
    return _shown_unfinished(reference, trouble=refused.message, status=STATUS[refused.kind])


def shown(
    account: Account,
    *,
    buying: BuyForm | None = None,
    refused: AutoTopUpForm | None = None,
) -> Mapping[str, Any]:
    """Return what the page shows of an account, with what was typed into its forms."""
    now = clock.now()
    at_counter = counter(account, now=now)
    chosen, top_ups = view_of(account, at_counter.chosen), top_ups_of(account.id, now=now)
    offer = token_offer(account, at_counter.period, now=now)
    ruled = as_ruled(account, at_counter, chosen, top_ups, now=now)
    automatic: Automatic = ruled["automatic"]
    bill = automatic.bill if buying is None else _quoted(buying, at_counter, now=now)
    return {
        "offer": offer,
        "quota_used": share_permille(offer.quota - offer.tokens_remaining, offer.quota),
        # What was typed is judged by the field; what was not is offered.
        "buying": buying or BuyForm(formdata=None, data={"amount": chosen.auto_topup_amount_minor}),
        "bill": bill,
        "quote": quote_in_words(bill),
        "form": refused or AutoTopUpForm(formdata=None, data=as_set(chosen)),
        "slider": _slider(offer, chosen),
        **ruled,
        "waiting": waiting_purchases(account, now=now),
        **_ledger(account),
        "card": chargeable_here(top_ups.card),
        "saving": None if top_ups.card else CARD_OFFER,
        "providers": sorted(gateways()),
    }


def _shown(
    *,
    buying: BuyForm | None = None,
    refused: AutoTopUpForm | None = None,
    is_saved: bool = False,
    trouble: str = "",
    status: int = 200,
) -> Response:
    response = respond(
        "web/tokens/index.html",
        "web/tokens/_tokens.html",
        status=status,
        is_saved=is_saved,
        trouble=trouble,
        **shown(signed_in_account(), buying=buying, refused=refused),
    )
    return let_forms_lead_to_providers(response)


def _ledger(account: Account) -> dict[str, object]:
    """Return the page of the ledger that was asked for, and of which kind its entries are."""
    page, wanted = page_number(), choices_in_query({"kind": ENTRY_KINDS})
    return {
        "found": queries.entries_page(
            account, page=page, page_size=PAGE_SIZE, kind=wanted.get("kind")
        ),
        "wanted": wanted,
        "kinds": ENTRY_KINDS,
        "page": page,
        "page_size": PAGE_SIZE,
    }


def _slider(offer: TokenOffer, chosen: SettingsView) -> Slider | None:
    """Return how far the threshold can be moved; None where there is nothing to measure it by."""
    most = max(offer.plan_quota, offer.token_balance, chosen.auto_topup_threshold)
    return slider_up_to(most) if most else None


def _where_paid(amount_minor: int, provider: str, *, now: datetime) -> str:
    account = signed_in_account()
    if provider == SAVED_CARD:
        # Before his card is charged, he sees what for.
        shop = _shop(SAVES_CARDS)
        reference, _ = begin_top_up(account, amount_minor=amount_minor, shop=shop, now=now)
        return url_for(".show_unfinished", reference=reference)
    bought = top_up(
        account,
        amount_minor=amount_minor,
        shop=_shop(provider),
        consent=consent_in_form(provider, now=now),
        now=now,
    )
    return bought.checkout.checkout_url


def _after_charge(reference: str, payment_id: str) -> str:
    charged = find_charge(signed_in_account(), reference)
    if charged is not None and charged.awaits_owner:
        return url_for(".show_unfinished", reference=reference)
    return url_for("web.payments.show", payment_id=payment_id)


def _shop(provider: str) -> Shop:
    return shop(provider, signed_in_account(), look=look_at_session)


def _shown_unfinished(
    reference: str, *, trouble: str = "", status: int = 200
) -> ResponseReturnValue:
    account, now = signed_in_account(), clock.now()
    purchase = invoices.top_up_of(account, reference, now=now)
    charged = find_charge(account, purchase.id)
    if charged is not None and charged.is_under_way:
        return redirect(url_for("web.payments.show", payment_id=charged.payment_id), 303)
    response = respond(
        "web/tokens/finish.html",
        "web/tokens/_finish.html",
        status=status,
        purchase=purchase,
        charged=charged,
        waiting=[
            one for one in waiting_purchases(account, now=now) if one.invoice_id == purchase.id
        ],
        card=saved_card(account),
        trouble=trouble,
        providers=sorted(gateways()),
        local=zone(account.timezone),
    )
    return let_forms_lead_to_providers(response)


def _quoted(form: BuyForm, buying: Counter, *, now: datetime) -> Bill | None:
    """Return what the typed amount buys, or say at the field why it buys nothing."""
    if form.amount.errors or not form.amount.validate(form):
        return None
    with refusals_shown_on({TopUpAmountInvalid: form.amount}):
        return price_of(buying, form.amount_minor, now=now)
    return None
