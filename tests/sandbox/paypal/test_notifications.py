"""Events page by page, and messages whose signature PayPal itself is asked about."""

import json

import pytest
import requests

from app.sandbox.paypal.signing import signer
from tests.sandbox.buying import approve, events, open_order, page_of, token_for

BODY = json.dumps({"id": "WH-1", "note": 'ä "webhook_event": {'}, ensure_ascii=False).encode()


def ask(url: str, body: bytes, **changes: str) -> dict[str, str]:
    headers = signer().headers(BODY, webhook_id="paypal_sandbox", base_url=url, now=0)
    told = {
        "auth_algo": headers["PAYPAL-AUTH-ALGO"],
        "cert_url": headers["PAYPAL-CERT-URL"],
        "transmission_id": headers["PAYPAL-TRANSMISSION-ID"],
        "transmission_sig": headers["PAYPAL-TRANSMISSION-SIG"],
        "transmission_time": headers["PAYPAL-TRANSMISSION-TIME"],
        "webhook_id": "paypal_sandbox",
        **changes,
    }
    asked = json.dumps(told)[:-1].encode() + b', "webhook_event": ' + body + b"}"
    answer = requests.post(
        f"{url}/v1/notifications/verify-webhook-signature",
        data=asked,
        headers={"Authorization": f"Bearer {token_for(url)}", "Content-Type": "application/json"},
        timeout=10,
    )
    return answer.json()


class TestVerify:
    def test_knows_its_own_signature(self, sandbox_url: str) -> None:
        assert ask(sandbox_url, BODY) == {"verification_status": "SUCCESS"}

    def test_knows_the_very_bytes(self, sandbox_url: str) -> None:
        anew = json.dumps(json.loads(BODY)).encode()
        assert ask(sandbox_url, anew) == {"verification_status": "FAILURE"}

    @pytest.mark.parametrize(
        "changes",
        [
            {"webhook_id": "another"},
            {"auth_algo": "SHA1withRSA"},
            {"cert_url": "http://127.0.0.1/CERT-1"},
            {"transmission_sig": "AAAA"},
            {"transmission_sig": "no base64"},
            {"transmission_time": "1970-01-01T00:00:01Z"},
        ],
    )
    def test_knows_what_it_has_not_signed(self, sandbox_url: str, changes: dict[str, str]) -> None:
        assert ask(sandbox_url, BODY, **changes) == {"verification_status": "FAILURE"}


class TestIndex:
    def test_gives_pages_newest_first(self, paypal, sandbox_url: str) -> None:
        orders = [open_order(paypal) for _ in range(3)]
        for order in orders:
            approve(page_of(order))
        asked = {"page_size": "2", "event_type": "CHECKOUT.ORDER.APPROVED"}
        first = events(sandbox_url, **asked)
        assert [event["resource"]["id"] for event in first["events"]] == [
            orders[2].id,
            orders[1].id,
        ]
        (next_page,) = [link["href"] for link in first["links"] if link["rel"] == "next"]
        headers = {"Authorization": f"Bearer {token_for(sandbox_url)}"}
        second = requests.get(next_page, headers=headers, timeout=10).json()
        assert second["events"][0]["resource"]["id"] == orders[0].id

    def test_gives_those_of_a_time(self, paypal, sandbox_url: str) -> None:
        approve(page_of(open_order(paypal)))
        assert events(sandbox_url, start_time="2999-01-01T00:00:00Z")["events"] == []
        assert events(sandbox_url, end_time="2000-01-01T00:00:00Z")["events"] == []

    @pytest.mark.parametrize("size", ["0", "301", "x", "-1"])
    def test_refuses_pages_of_no_size(self, sandbox_url: str, size: str) -> None:
        with pytest.raises(requests.HTTPError, match="400"):
            events(sandbox_url, page_size=size)
