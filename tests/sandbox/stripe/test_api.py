"""What holds for every address of the API: keys, versions, bodies, the unknown."""

import pytest
import requests
import stripe

from tests.sandbox.shopping import KEY, client_of


def ask(sandbox_url: str, path: str = "/v1/customers", **options: object) -> requests.Response:
    method = options.pop("method", "GET")
    options.setdefault("headers", {"Authorization": f"Bearer {KEY}"})
    return requests.request(str(method), sandbox_url + path, timeout=10, **options)


class TestKeys:
    @pytest.mark.parametrize("key", ["sk_test_1", "sk_test_51Abc", "rk_test_1"])
    def test_takes_keys_of_the_test_mode(self, sandbox_url, key: str) -> None:
        assert client_of(sandbox_url, key=key).v1.customers.list().data is not None

    @pytest.mark.parametrize("key", ["sk_live_51Abc", "rk_live_1", "sk_live_"])
    def test_refuses_live_keys(self, sandbox_url, key: str) -> None:
        with pytest.raises(stripe.AuthenticationError, match="live keys are refused") as refused:
            client_of(sandbox_url, key=key).v1.customers.create(params={})
        assert refused.value.http_status == 401 and key not in str(refused.value)

    @pytest.mark.parametrize("key", ["nonsense", "pk_test_1", "sk_test_", "sk_test_ä"])
    def test_refuses_what_is_no_key(self, sandbox_url, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}".encode()}
        assert ask(sandbox_url, headers=headers).status_code == 401

    def test_refuses_nobody(self, sandbox_url) -> None:
        for path in ("/v1/customers", "/v1/whatever"):
            answer = ask(sandbox_url, path, headers={})
            assert answer.status_code == 401 and "API key" in answer.json()["error"]["message"]

    def test_takes_the_key_as_a_name_too(self, sandbox_url) -> None:
        assert ask(sandbox_url, headers={}, auth=(KEY, "")).status_code == 200


class TestAnswers:
    def test_carry_their_number_and_version(self, sandbox_url) -> None:
        answer = ask(sandbox_url)
        assert answer.headers["Request-Id"].startswith("req_")
        assert answer.headers["Stripe-Version"] == stripe.api_version
        assert answer.headers["Content-Type"] == "application/json"

    def test_speak_one_version_only(self, sandbox_url) -> None:
        headers = {"Authorization": f"Bearer {KEY}", "Stripe-Version": "2020-08-27"}
        answer = ask(sandbox_url, headers=headers)
        assert answer.status_code == 400 and "2020-08-27" in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/v1/invoices"), ("DELETE", "/v1/customers/cus_1"), ("POST", "/v1/events")],
    )
    def test_say_that_an_address_is_unknown(self, sandbox_url, method: str, path: str) -> None:
        answer = ask(sandbox_url, path, method=method)
        assert answer.status_code == 404
        assert f"{method}: {path}" in answer.json()["error"]["message"]

    def test_want_forms(self, sandbox_url) -> None:
        answer = ask(sandbox_url, method="POST", json={"name": "Ada"})
        assert answer.status_code == 400 and "content type" in answer.json()["error"]["message"]

    def test_have_a_limit(self, sandbox_url) -> None:
        answer = ask(sandbox_url, method="POST", data={"name": "x" * 300_000})
        assert answer.status_code == 413 and answer.json()["error"]["message"]

    def test_refuse_what_cannot_be_read(self, sandbox_url) -> None:
        for body in ("name=%ff", "a[b=1", "name=1&name[a]=2", "[x]=1", "=1"):
            headers = {
                "Authorization": f"Bearer {KEY}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            answer = ask(sandbox_url, method="POST", data=body, headers=headers)
            assert answer.status_code == 400, body

    def test_are_stored_whole_or_not_at_all(self, api) -> None:
        before = api.v1.customers.list(params={"limit": 1}).data
        with pytest.raises(stripe.InvalidRequestError):
            api.v1.customers.create(params={"expand": ["nothing"]})
        assert api.v1.customers.list(params={"limit": 1}).data == before


class TestExpand:
    def test_opens_what_is_in_a_list(self, api, customer) -> None:
        params = {"amount": 100, "currency": "usd", "customer": customer.id}
        api.v1.payment_intents.create(params=params)
        found = api.v1.payment_intents.list(
            params={"customer": customer.id, "expand": ["data.customer", "data.latest_charge"]}
        )
        assert found.data[0].customer.email == "ada@example.com"
        assert found.data[0].latest_charge is None

    @pytest.mark.parametrize("path", ["amount", "id", "nothing", "customer.email", "a.b.c.d.e", ""])
    def test_refuses_what_is_no_object(self, api, customer, path: str) -> None:
        params = {"amount": 100, "currency": "usd", "customer": customer.id}
        intent = api.v1.payment_intents.create(params=params)
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.payment_intents.retrieve(intent.id, params={"expand": [path]})
        assert refused.value.param == "expand"
