"""The customer's saved cards: what they are charged for, adding one, taking one away."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.models import Account
from app.domain.accounts.queries import view_of
from app.domain.accounts.rules import zone
from app.domain.payments import cards, consent
from app.domain.payments.declines import find_declined_top_up
from app.domain.payments.errors import ConsentMissing, ProviderRefused, ProviderUnreachable
from app.entrypoints.gateways import (
    DEFAULT_PROVIDER,
    gateway,
    gateway_for_page,
    gateways_for_news,
)
from app.entrypoints.queueing import nudge
from app.entrypoints.security_headers import let_forms_lead_to
from app.entrypoints.web.errors import refusals_noted, refusals_shown_on
from app.entrypoints.web.forms import ConsentForm
from app.entrypoints.web.responding import respond, wants_fragment
from app.entrypoints.web.signing_in import (
    look_at_session,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.top_up_rules import automatic, counter
from app.foundation import clock
from app.foundation.paging import ID_MAX
from app.workflows.save_card import begin_saving_card, confirm_saved_card

pages = Blueprint("payment_methods", __name__)
pages.before_request(require_sign_in)


@pages.get("/payment-methods")
def index() -> ResponseReturnValue:
    """Show the cards; whoever comes back from the provider's page finds the new one."""
    setup_session = request.args.get("session")
    if setup_session is None:
        return _shown(ConsentForm())
    account = signed_in_account()
    asked = gateways_for_news(account).get(DEFAULT_PROVIDER)
    saved = asked is not None and confirm_saved_card(
        setup_session, account, gateway=asked, now=clock.now()
    )
    return _shown(ConsentForm(), news="saved" if saved else "waiting")


@pages.post("/payment-methods")
def add() -> ResponseReturnValue:
    """Send the customer to the page that saves a card, or say on ours why there is none."""
    form = ConsentForm()
    with refusals_noted(ProviderUnreachable, ProviderRefused) as noted:
        with refusals_shown_on({ConsentMissing: form.consent}):
            opened = begin_saving_card(
                signed_in_account(),
                form.consent.data or "",
                gateway=gateway_for_page(DEFAULT_PROVIDER, signed_in_account()),
                base_url=current_app.config["SETTINGS"].base_url,
                now=clock.now(),
                look=look_at_session,
            )
            return redirect(opened.url, 303)
        return _shown(form, status=422)
    return _shown(form, trouble=noted[0].message, status=503)


@pages.post(f"/payment-methods/<int(max={ID_MAX}):card_id>/default")
def choose(card_id: int) -> ResponseReturnValue:
    """Let this card be the one that is charged."""
    with signed_in_transaction():
        cards.choose_default(signed_in_account(), card_id, now=clock.now())
    return _done()


@pages.post(f"/payment-methods/<int(max={ID_MAX}):card_id>/remove")
def remove(card_id: int) -> ResponseReturnValue:
    """Charge this card no more; its provider is told to forget it."""
    with signed_in_transaction():
        cards.remove_card(signed_in_account(), card_id, now=clock.now())
    nudge()
    return _done()


def shown(account: Account) -> Mapping[str, Any]:
    """Return what the page shows of an account."""
    now = clock.now()
    buying = counter(account, now=now)
    return {
        "form": ConsentForm(formdata=None),
        "cards": cards.cards_of(account, now=now),
        "uses": cards.uses_of(account),
        "declined": find_declined_top_up(account.id),
        "automatic": automatic(buying, view_of(account, buying.chosen), now=now),
        "consent_text": consent.TEXT,
        "consent_version": consent.VERSION,
        "local": zone(account.timezone),
    }


def _done() -> ResponseReturnValue:
    return _shown(ConsentForm(formdata=None)) if wants_fragment() else redirect(url_for(".index"))


def _shown(form: ConsentForm, *, news: str = "", trouble: str = "", status: int = 200) -> Response:
    response = respond(
        "web/payment_methods/index.html",
        "web/payment_methods/_payment_methods.html",
        status=status,
        news=news,
        trouble=trouble,
        **{**shown(signed_in_account()), "form": form},
    )
    return let_forms_lead_to(response, *gateway(DEFAULT_PROVIDER).checkout_origins)
