"""Taxes of countries: what their customers pay on top of invoices issued from now on."""

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts.countries import COUNTRIES
from app.domain.invoices import tax_table
from app.domain.invoices.errors import UnknownTax
from app.domain.invoices.models import TaxRate
from app.entrypoints.countries import country_names
from app.entrypoints.languages import language, translated
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import actor, show
from app.entrypoints.web.operator.forms import SeenConfirmForm
from app.entrypoints.web.operator.sending import QuestionChanged, check_seen
from app.entrypoints.web.operator.tax_forms import TaxForm
from app.entrypoints.web.operator.telling import tell
from app.entrypoints.web.shown_values import NEWS_KEPT, catch_up, forget_another
from app.entrypoints.web.signing_in import signed_in_transaction
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock
from app.foundation.figures import rate
from app.foundation.sentences import say

pages = Blueprint("taxes", __name__)


@pages.get("/taxes")
def index() -> ResponseReturnValue:
    """Show every country's tax, and a form: empty, or with what a country pays now."""
    country = request.args.get("country", "")
    return _page(_filled(country if country in COUNTRIES else "", _tax(country)))


@pages.post("/taxes")
def set_tax() -> ResponseReturnValue:
    """Set what a country's customers pay, or say at each field why not."""
    form = TaxForm()
    if form.validate():
        with wrong_fields_shown_on(form), signed_in_transaction():
            _set(form)
    return _page(form) if form.errors else _saved(form)


@pages.route("/taxes/<country>/remove", methods=["GET", "POST"])
def remove(country: str) -> ResponseReturnValue:
    """Let a country's customers pay no tax any more."""
    form, tax = SeenConfirmForm(), _tax(country)
    if tax is None:
        raise UnknownTax(say("There is no tax for this country."))
    question = _question(tax)
    if form.validate_on_submit():
        with refusals_shown_on({QuestionChanged: form.seen}), signed_in_transaction():
            check_seen(form, _question(tax_table.locked_tax(country) or tax).consequences)
            tax_table.remove_tax(country, actor=actor(), now=clock.now())
    return ask(question, form)


def _set(form: TaxForm) -> None:
    """Set what is typed. Raises ChangedMeanwhile."""
    country = (form.country.data or "").strip().upper()
    # Of another country than the one that was shown, nothing was shown.
    forget_another(form, "country", empty=_filled(country, None))
    catch_up(form, _filled(country, tax_table.locked_tax(country)))
    name, rate_bp = form.name.data or "", form.percent.data
    tax_table.set_tax(country, name=name, rate_bp=rate_bp, actor=actor(), now=clock.now())


def _question(tax: TaxRate) -> Question:
    named = {"country": _name(tax.country), "tax": tax.name, "rate": rate(tax.rate_bp)}
    return Question(
        title=say("Remove the tax of {country}", named),
        consequences=(
            say("Invoices issued from now on to customers there carry no {tax} of {rate}.", named),
            say("Invoices that were issued keep theirs; none is written anew."),
        ),
        button=say("Remove the tax"),
        back=url_for("web.operator.taxes.index"),
        done=say("It is done, and noted in the journal."),
        is_bad=True,
    )


def _saved(form: TaxForm) -> ResponseReturnValue:
    named = {"country": _name((form.country.data or "").upper())}
    tell(say("The tax of {country} is set, for invoices issued from now on.", named))
    if form.has_news:
        tell(NEWS_KEPT)
    return redirect(url_for(".index"), 303)


def _filled(country: str, tax: TaxRate | None) -> TaxForm:
    pays = {} if tax is None else {"name": tax.name, "percent": tax.rate_bp}
    return TaxForm(formdata=None, data={"country": country, **pays})


def _tax(country: str) -> TaxRate | None:
    return next((tax for tax in tax_table.taxes() if tax.country == country), None)


def _name(country: str) -> str:
    return country_names(language()).get(country, country)


def _page(form: TaxForm) -> Response:
    names = country_names(language())
    form.country.choices = {"": translated(say("Choose a country")), **names}
    return show(
        "web/operator/taxes/index.html",
        "web/operator/taxes/_taxes.html",
        status=422 if form.errors else 200,
        taxes=sorted(tax_table.taxes(), key=lambda tax: names.get(tax.country, tax.country)),
        names=names,
        form=form,
    )
