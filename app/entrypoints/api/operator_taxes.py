"""What operators' programs do with the table of taxes."""

from decimal import Decimal

from flask import Blueprint, Response

from app.domain.invoices import tax_table
from app.domain.invoices.models import TaxRate
from app.domain.invoices.tax_table import NAME_LENGTH_MAX
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_operators, operator_actor
from app.entrypoints.api.changing import changes
from app.entrypoints.api.reading_bodies import field_refusal, json_object
from app.entrypoints.api.reading_fields import NUMBER, TEXT, Body
from app.entrypoints.api.reading_queries import Parameters
from app.foundation import clock
from app.foundation.money import (
    BASIS_POINTS,
    basis_points_from_percent,
    percent_from_basis_points,
)

calls = Blueprint("operator_taxes", __name__)

TAX = Body(
    "A country's tax.",
    {
        "name": TEXT.within(1, NAME_LENGTH_MAX).said(example="USt"),
        "percent": NUMBER.within(0, percent_from_basis_points(BASIS_POINTS)).said(
            "With at most two decimals."
        ),
    },
    required=("name", "percent"),
)


@calls.get("/operator/taxes")
@for_operators
def list_taxes() -> Response:
    """Answer what the customers of each country pay on top."""
    Parameters().check()
    return answer({"taxes": [_tax(rate) for rate in tax_table.taxes()]})


@calls.put("/operator/taxes/<country>")
@for_operators
@changes
def set_tax(country: str) -> Response:
    """Set a country's tax, for invoices issued from now on."""
    fields = TAX.read(json_object())
    rate_bp, actor = _basis_points(fields["percent"]), operator_actor()
    name, now = fields["name"], clock.now()
    return answer(
        _tax(tax_table.set_tax(country, name=name, rate_bp=rate_bp, actor=actor, now=now))
    )


@calls.delete("/operator/taxes/<country>")
@for_operators
@changes
def remove_tax(country: str) -> Response:
    """Let a country's customers pay no tax, on invoices issued from now on."""
    tax_table.remove_tax(country, actor=operator_actor(), now=clock.now())
    return answer({"taxes": [_tax(rate) for rate in tax_table.taxes()]})


def _basis_points(percent: Decimal | int) -> int:
    try:
        return basis_points_from_percent(percent)
    except ValueError as error:
        detail = "percent must be from 0 to 100, with at most two decimals."
        raise field_refusal("percent", "percent_invalid", detail) from error


def _tax(rate: TaxRate) -> dict[str, object]:
    return {
        "country": rate.country,
        "name": rate.name,
        "percent": percent_from_basis_points(rate.rate_bp),
        "updated_at": rate.updated_at,
    }
