"""Who may come in, and what happens to requests on a bad day."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.exceptions.o_auth_provider_exception import OAuthProviderException

from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.sandbox.buying import (
    ACCOUNT,
    approve,
    capture,
    client_of,
    open_order,
    page_of,
    taken,
    token_for,
    turn,
)

ORDERS = "/v2/checkout/orders"


def refused(ask) -> tuple[int, str]:
    with pytest.raises(ErrorException) as error:
        ask()
    return error.value.response_code, error.value.details[0].issue


class TestAccess:
    def test_is_for_the_only_account(self, sandbox_url: str) -> None:
        with pytest.raises(OAuthProviderException) as error:
            open_order(client_of(sandbox_url, secret="a-real-secret"))
        assert error.value.response_code == 401
        assert ACCOUNT in error.value.error_description

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
    @pytest.mark.parametrize("path", [f"{ORDERS}/X", "/v1/notifications/webhooks-events"])
    def test_needs_a_token(self, sandbox_url: str, path: str, headers: dict[str, str]) -> None:
        answer = requests.get(sandbox_url + path, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")

    def test_forgets_its_tokens_when_it_ends(self, tmp_path) -> None:
        settings = SandboxSettings(database=tmp_path / "kept.sqlite3", port=0)
        with running(settings) as url:
            order = open_order(client_of(url))
            token = token_for(url)
        with running(settings) as url:
            headers = {"Authorization": f"Bearer {token}"}
            asked = requests.get(f"{url}{ORDERS}/{order.id}", headers=headers, timeout=10)
            assert asked.status_code == 401
            assert client_of(url).orders.get_order({"id": order.id}).body.id == order.id

    @pytest.mark.parametrize("body", ["[]", "{", "7", "[" * 100_000])
    def test_reads_json_only(self, sandbox_url: str, body: str) -> None:
        headers = {
            "Authorization": f"Bearer {token_for(sandbox_url)}",
            "Content-Type": "application/json",
        }
        answer = requests.post(sandbox_url + ORDERS, body, headers=headers, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["details"][0]["issue"] == "MALFORMED_REQUEST_JSON"


class TestRequestId:
    def test_the_same_one_makes_one_order(self, paypal) -> None:
        reference = {"unit": {"reference_id": "once"}}
        first, again = (open_order(paypal, request_id="same", **reference) for _ in range(2))
        assert first.id == again.id
        assert open_order(paypal, request_id="another", **reference).id != first.id
        assert open_order(paypal, **reference).id != open_order(paypal, **reference).id

    def test_is_not_for_another_request(self, paypal) -> None:
        open_order(paypal, request_id="taken")
        asked = {"reference_id": "other"}
        assert refused(lambda: open_order(paypal, request_id="taken", unit=asked)) == (
            422,
            "DUPLICATE_REQUEST_ID",
        )

    def test_is_not_too_long(self, paypal) -> None:
        assert refused(lambda: open_order(paypal, request_id="x" * 109))[0] == 400

    def test_is_forgotten_after_six_hours(self, serve) -> None:
        ahead = [0]
        client = client_of(serve(clock=lambda: time.time() + ahead[0]))
        asked = {"unit": {"reference_id": "again"}}
        first = open_order(client, request_id="old", **asked)
        ahead[0] = 6 * 3600 - 60
        assert open_order(client, request_id="old", **asked).id == first.id
        ahead[0] = 6 * 3600 + 60
        assert open_order(client, request_id="old", **asked).id != first.id

    def test_what_was_refused_may_be_tried_again(self, paypal) -> None:
        order = open_order(paypal)
        ask = {"request_id": f"{order.id}:capture"}
        assert refused(lambda: capture(paypal, order.id, **ask)) == (422, "ORDER_NOT_APPROVED")
        approve(page_of(order))
        first = taken(capture(paypal, order.id, **ask))
        assert taken(capture(paypal, order.id, **ask)).id == first.id

    def test_only_one_of_them_runs_at_a_time(self, paypal, sandbox_url: str) -> None:
        turn(sandbox_url, answer_delay_seconds=0.3)
        asked = {"request_id": "at once", "unit": {"reference_id": "at once"}}

        def ask(_: int) -> object:
            try:
                return open_order(client_of(sandbox_url), **asked).id
            except ErrorException as error:
                return error.response_code, error.details[0].issue

        with ThreadPoolExecutor(4) as pool:
            found = set(pool.map(ask, range(4)))
        assert (409, "PREVIOUS_REQUEST_IN_PROGRESS") in found
        assert len(found) == 2


class TestKnobs:
    @pytest.mark.parametrize(
        ("knob", "status"),
        [
            ("errors_before_effect", 500),
            ("errors_after_effect", 500),
            ("too_many_requests", 429),
        ],
    )
    def test_fails_as_often_as_told(self, paypal, sandbox_url: str, knob: str, status: int) -> None:
        turn(sandbox_url, **{knob: 2})
        for _ in range(2):
            assert refused(lambda: open_order(paypal))[0] == status
        assert open_order(paypal).id

    def test_has_done_it_though_the_answer_was_lost(self, paypal, sandbox_url: str) -> None:
        order = open_order(paypal)
        approve(page_of(order))
        turn(sandbox_url, lost_answers=1)
        with pytest.raises(requests.ConnectionError):
            capture(paypal, order.id)
        assert refused(lambda: capture(paypal, order.id)) == (422, "ORDER_ALREADY_CAPTURED")


def test_stripes_part_knows_nothing_of_it(sandbox_url: str) -> None:
    headers = {"Authorization": "Bearer sk_test_shop"}
    answer = requests.get(f"{sandbox_url}/v1/notifications/other", headers=headers, timeout=10)
    assert answer.status_code == 404 and "Unrecognized request URL" in answer.text
