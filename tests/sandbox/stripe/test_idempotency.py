"""Idempotency keys over HTTP: what is replayed, what is refused, what may simply be repeated."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from tests.sandbox.shopping import KEY, client_of

DECLINED = "pm_card_chargeDeclinedInsufficientFunds"


@pytest.fixture
def key() -> str:
    return f"test-{uuid.uuid4()}"


def charge(api: stripe.StripeClient, key: str, **changes: object) -> stripe.PaymentIntent:
    params = {"amount": 2500, "currency": "usd", "payment_method": "pm_card_visa"}
    params |= {"off_session": True, "confirm": True, **changes}
    return api.v1.payment_intents.create(params=params, options={"idempotency_key": key})


def charges_count(api: stripe.StripeClient, customer: stripe.Customer) -> int:
    return len(api.v1.charges.list(params={"customer": customer.id, "limit": 100}).data)


def turn(sandbox_url: str, **knobs: object) -> None:
    requests.post(f"{sandbox_url}/sandbox/knobs", json=knobs, timeout=10).raise_for_status()


def raw(sandbox_url: str, key: str, body: str) -> requests.Response:
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Idempotency-Key": key,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return requests.post(f"{sandbox_url}/v1/customers", body, headers=headers, timeout=10)


class TestReplay:
    def test_answers_the_same_again(self, api, customer, key) -> None:
        first = charge(api, key, customer=customer.id)
        again = charge(api, key, customer=customer.id)
        assert again.to_dict() == first.to_dict()
        assert "idempotent-replayed" not in first.last_response.headers
        headers = again.last_response.headers
        assert headers["idempotent-replayed"] == "true"
        assert headers["original-request"] == first.last_response.request_id
        assert headers["request-id"] != first.last_response.request_id
        assert charges_count(api, customer) == 1

    def test_answers_as_it_was_then(self, api, key) -> None:
        made = api.v1.customers.create(params={"name": "A"}, options={"idempotency_key": key})
        api.v1.customers.update(made.id, params={"name": "B"})
        again = api.v1.customers.create(params={"name": "A"}, options={"idempotency_key": key})
        assert (again.id, again.name) == (made.id, "A")

    def test_repeats_a_decline_until_the_key_changes(self, api, customer, key) -> None:
        declined = []
        for _ in range(2):
            with pytest.raises(stripe.CardError) as refused:
                charge(api, key, customer=customer.id, payment_method=DECLINED)
            declined.append(refused.value)
        assert declined[1].headers["Idempotent-Replayed"] == "true"
        assert declined[0].error.payment_intent.id == declined[1].error.payment_intent.id
        assert charges_count(api, customer) == 1
        assert charge(api, f"{key}-2", customer=customer.id).status == "succeeded"

    def test_does_not_mind_the_order_of_parameters(self, sandbox_url, key) -> None:
        first = raw(sandbox_url, key, "name=A&email=a@example.com")
        again = raw(sandbox_url, key, "email=a%40example.com&name=A")
        assert again.headers["Idempotent-Replayed"] == "true" and again.text == first.text

    def test_forgets_after_a_day(self, serve, key) -> None:
        now = [time.time()]
        api = client_of(serve(clock=lambda: now[0], webhook_url=""))
        made = api.v1.customers.create(params={}, options={"idempotency_key": key})
        now[0] += 24 * 60 * 60 - 60
        again = api.v1.customers.create(params={}, options={"idempotency_key": key})
        assert again.id == made.id
        now[0] += 120
        later = api.v1.customers.create(params={}, options={"idempotency_key": key})
        assert later.id != made.id


class TestRefuse:
    def test_refuses_other_parameters(self, api, customer, key) -> None:
        charge(api, key, customer=customer.id)
        with pytest.raises(stripe.IdempotencyError) as refused:
            charge(api, key, customer=customer.id, amount=2501)
        assert refused.value.http_status == 400
        assert charges_count(api, customer) == 1

    def test_refuses_another_address(self, api, key) -> None:
        options = {"idempotency_key": key}
        made = api.v1.customers.create(params={}, options=options)
        with pytest.raises(stripe.IdempotencyError):
            api.v1.customers.update(made.id, params={}, options=options)

    def test_refuses_a_key_that_is_too_long(self, sandbox_url, key) -> None:
        assert raw(sandbox_url, "k" * 255, "").status_code == 200
        assert raw(sandbox_url, "k" * 256, "").status_code == 400

    def test_refuses_while_another_is_running(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, answer_delay_seconds=1)
        start = threading.Barrier(2)

        def attempt(_: int) -> str:
            start.wait()
            try:
                return charge(api, key, customer=customer.id).status
            except stripe.APIError as error:
                return f"{error.http_status} {error.error.code}"

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(attempt, range(2)))
        assert answers == ["409 idempotency_key_in_use", "succeeded"]
        assert charges_count(api, customer) == 1

    def test_charges_once_however_many_try_at_once(self, api, customer, key) -> None:
        start = threading.Barrier(8)

        def attempt(_: int) -> str:
            start.wait()
            try:
                return charge(api, key, customer=customer.id).id
            except stripe.APIError as error:
                return str(error.http_status)

        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(attempt, range(8))) - {"409"}
        assert len(answers) == 1 and answers.pop().startswith("pi_")
        assert charges_count(api, customer) == 1


class TestNotKept:
    def test_lets_a_wrong_request_be_mended(self, api, key) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            charge(api, key, amount=1)
        assert charge(api, key).status == "succeeded"

    def test_lets_a_missing_object_appear(self, sandbox_url, key) -> None:
        api = client_of(sandbox_url)
        with pytest.raises(stripe.InvalidRequestError):
            api.v1.payment_intents.confirm("pi_nothing", options={"idempotency_key": key})
        assert charge(api, key).status == "succeeded"

    def test_lets_another_key_of_the_api_try(self, sandbox_url, key) -> None:
        with pytest.raises(stripe.AuthenticationError):
            charge(client_of(sandbox_url, key="sk_live_oops"), key)
        assert charge(client_of(sandbox_url), key).status == "succeeded"


class TestLostAnswers:
    def test_charges_once_when_the_sdk_tries_again(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, lost_answers=1)
        intent = charge(client_of(sandbox_url, retries=2), key, customer=customer.id)
        assert intent.last_response.headers["idempotent-replayed"] == "true"
        assert charges_count(api, customer) == 1

    def test_leaves_the_caller_not_knowing(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, lost_answers=1)
        with pytest.raises(stripe.APIConnectionError):
            charge(api, key, customer=customer.id)
        assert charges_count(api, customer) == 1
        assert charge(api, key, customer=customer.id).status == "succeeded"
        assert charges_count(api, customer) == 1

    def test_charges_twice_who_takes_a_new_key(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, lost_answers=1)
        with pytest.raises(stripe.APIConnectionError):
            charge(api, key, customer=customer.id)
        charge(api, f"{key}-2", customer=customer.id)
        assert charges_count(api, customer) == 2

    def test_loses_replays_too(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, lost_answers=2)
        intent = charge(client_of(sandbox_url, retries=2), key, customer=customer.id)
        assert intent.status == "succeeded" and charges_count(api, customer) == 1


class TestErrors:
    def test_changes_nothing_before_the_effect(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, errors_before_effect=1)
        with pytest.raises(stripe.APIError) as failed:
            charge(api, key, customer=customer.id)
        assert failed.value.http_status == 500
        assert charges_count(api, customer) == 0
        assert charge(api, key, customer=customer.id).status == "succeeded"

    def test_repeats_an_error_that_hides_an_effect(self, api, sandbox_url, customer, key) -> None:
        turn(sandbox_url, errors_after_effect=1)
        for _ in range(2):
            with pytest.raises(stripe.APIError) as failed:
                charge(api, key, customer=customer.id)
            assert failed.value.http_status == 500
        assert failed.value.headers["Idempotent-Replayed"] == "true"
        assert charges_count(api, customer) == 1
