"""The page as a buyer sees it."""

import pytest
import requests

from tests.sandbox.buying import CANCEL_URL, RETURN_URL, approve, capture, open_order, page_of
from tests.sandbox.shopping import visit


def test_shows_what_is_to_be_paid(paypal) -> None:
    order = open_order(paypal, unit={"description": "<b>Tokens</b>"})
    page = visit(page_of(order))
    assert page.status_code == 200 and "LOCAL SANDBOX" in page.text
    assert "$20.00" in page.text and "&lt;b&gt;Tokens" in page.text
    assert f'href="{CANCEL_URL}?token={order.id}"' in page.text
    assert "form-action 'self' http://127.0.0.1:9" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("choice", ["approve", "pending", "decline", "dispute"])
def test_leads_back_with_the_order(paypal, choice: str) -> None:
    order = open_order(paypal)
    back = approve(page_of(order), choice)
    assert back.status_code == 303
    assert back.headers["Location"] == f"{RETURN_URL}&token={order.id}&PayerID=BYERSANDBX234"


@pytest.mark.parametrize("choice", ["", "steal"])
def test_takes_no_other_choice(paypal, choice: str) -> None:
    order = open_order(paypal)
    assert approve(page_of(order), choice).status_code == 422
    assert paypal.orders.get_order({"id": order.id}).body.status == "PAYER_ACTION_REQUIRED"


def test_leads_on_from_what_is_approved_or_paid(paypal) -> None:
    order = open_order(paypal)
    first = approve(page_of(order))
    assert visit(page_of(order)).headers["Location"] == first.headers["Location"]
    capture(paypal, order.id)
    assert approve(page_of(order), "decline").headers["Location"] == first.headers["Location"]
    assert paypal.orders.get_order({"id": order.id}).body.status == "COMPLETED"


@pytest.mark.parametrize("query", ["", "?token=", "?token=NOTHING", "?token=%00"])
def test_knows_what_does_not_exist(sandbox_url: str, query: str) -> None:
    page = visit(f"{sandbox_url}/checkoutnow{query}")
    assert page.status_code == 404 and "There is no such payment page" in page.text


def test_takes_no_form_from_a_foreign_page(paypal) -> None:
    order = open_order(paypal)
    answer = requests.post(
        page_of(order),
        data={"choice": "approve"},
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=10,
    )
    assert answer.status_code == 403
