"""The sandbox's own page, and the knobs by JSON and by form."""

import pytest
import requests

from tests.sandbox import buying
from tests.sandbox.receiver import Receiver
from tests.sandbox.shopping import client_of, open_session, pay, post, visit


def test_shows_what_has_happened(api, sandbox_url: str) -> None:
    paid, declined = (open_session(api, client_reference_id=name) for name in ("pay-<1>", "pay-2"))
    pay(paid.url)
    pay(declined.url, "4000000000009995")
    page = visit(f"{sandbox_url}/sandbox")
    assert page.status_code == 200 and "LOCAL SANDBOX" in page.text
    for shown in ("pay-&lt;1&gt;", "pay-2", "insufficient_funds", "$20.00", declined.url):
        assert shown in page.text
    assert "checkout.session.completed" in page.text
    assert "No webhooks are sent" in page.text


def test_is_where_one_arrives(sandbox_url: str) -> None:
    answer = visit(f"{sandbox_url}/")
    assert answer.status_code == 302 and answer.headers["Location"] == "/sandbox"


def test_turns_knobs_by_json(api, sandbox_url: str) -> None:
    knobs = f"{sandbox_url}/sandbox/knobs"
    turned = requests.post(knobs, json={"webhooks": "drop", "lost_answers": 3}, timeout=10)
    assert turned.json() == requests.get(knobs, timeout=10).json()
    assert turned.json() == {
        "webhooks": "drop",
        "webhook_delay_seconds": 0,
        "webhook_copies": 1,
        "answer_delay_seconds": 0,
        "lost_answers": 3,
        "errors_before_effect": 0,
        "errors_after_effect": 0,
        "too_many_requests": 0,
    }
    assert requests.post(f"{knobs}/reset", timeout=10).json()["webhooks"] == "send"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"colour": 1}', b'{"lost_answers": -1}', b""])
def test_says_what_is_wrong_with_json(sandbox_url: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{sandbox_url}/sandbox/knobs", body, headers=headers, timeout=10)
    assert answer.status_code == 422 and answer.json()["error"]


def test_turns_knobs_by_form(api, sandbox_url: str) -> None:
    knobs = f"{sandbox_url}/sandbox/knobs"
    answer = post(knobs, webhooks="hold", webhook_copies="2")
    assert answer.status_code == 303 and answer.headers["Location"] == "/sandbox"
    assert '<option value="hold" selected>' in visit(f"{sandbox_url}/sandbox").text
    wrong = post(knobs, webhook_copies="9")
    assert wrong.status_code == 422 and "webhook_copies must be" in wrong.text
    assert requests.get(knobs, timeout=10).json()["webhook_copies"] == 2
    assert post(f"{knobs}/reset").status_code in (200, 303)


def test_sends_an_event_again_by_form(serve, receiver: Receiver) -> None:
    url = serve()
    api = client_of(url)
    api.v1.customers.create(params={})
    receiver.wait_for(1)
    event = api.v1.events.list().data[0]
    again = f"{url}/sandbox/events/{event.id}/send"
    assert f'action="/sandbox/events/{event.id}/send"' in visit(f"{url}/sandbox").text
    assert post(again, button="").status_code == 303
    assert len(receiver.wait_for(2)) == 2
    assert post(f"{url}/sandbox/events/evt_nothing/send", button="").status_code == 404


def test_shows_what_happened_at_paypal(paypal, sandbox_url: str) -> None:
    order = buying.open_order(paypal, unit={"custom_id": "pay-<1>"})
    buying.approve(buying.page_of(order), "pending")
    waiting = buying.taken(buying.capture(paypal, order.id)).id
    page = visit(f"{sandbox_url}/sandbox").text
    for shown in (order.id, "pay-&lt;1&gt;", "PAYMENT.CAPTURE.PENDING", "$20.00", waiting):
        assert shown in page
    decision = f"/sandbox/paypal/captures/{waiting}/complete"
    assert f'action="{decision}"' in page
    assert post(f"{sandbox_url}{decision}", button="").status_code == 303
    assert f'action="{decision}"' not in visit(f"{sandbox_url}/sandbox").text
    again = requests.post(f"{sandbox_url}{decision}", timeout=10)
    assert (again.status_code, again.json()["error"]) == (
        404,
        f"There is no capture {waiting} on its way.",
    )
    assert requests.post(f"{sandbox_url}{decision}s", timeout=10).status_code == 422
