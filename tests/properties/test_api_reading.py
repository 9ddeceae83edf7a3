"""Whatever is asked, the API answers: it refuses, or it shows, but it never breaks."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.usage import make_usage

CALLS = ["usage", "usage/records", "stats", "plans", "quota-warning", "entitlements/ada"]
NAMES = ["from", "to", "granularity", "group_by", "timezone", "model", "cursor", "limit", "other"]
LIKELY = [
    "2026-11-01", "2026-11-05T10:00:00Z", "0001-01-01", "9999-12-31T23:59:59-14:00", "hour", "day",
    "month", "provider", "Europe/Berlin", "Asia/Kolkata", "gpt-4", "0", "1", "1000", "-1", "\x00",
    "\ud800", "'", "%", "2026-02-30", "2200-01-01",
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(LIKELY), st.text(max_size=40))
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4)


def escaped(text: str) -> str:
    """Escape everything, also what is no UTF-8, as a hostile client would."""
    return quote(text.encode("utf-8", "surrogatepass"))


@pytest.fixture
def headers(app) -> dict[str, dict[str, str]]:
    """Whom each call takes."""
    make_account("ada")
    make_usage("ada")
    customer = bearer(KeyKind.CUSTOMER, user_id="ada")
    return {**dict.fromkeys(CALLS, customer), "entitlements/ada": bearer(KeyKind.GATEWAY)}


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(call=st.sampled_from(CALLS), query=QUERIES, accept=st.sampled_from(["*/*", "text/csv"]))
def test_no_query_breaks_a_call(client, headers, call, query, accept) -> None:
    asked = "&".join(f"{name}={escaped(value)}" for name, value in query)
    given_headers = {**headers[call], "Accept": accept}
    response = client.get(f"/v1/billing/{call}?{asked}", headers=given_headers)
    assert response.status_code in (200, 422)
    if response.status_code == 422:
        assert all(fault["detail"] for fault in response.json["errors"])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(user_id=st.text(min_size=1, max_size=60))
def test_no_id_breaks_the_entitlement(client, headers, user_id) -> None:
    address = f"/v1/billing/entitlements/{escaped(user_id)}"
    response = client.get(address, headers=headers["entitlements/ada"])
    assert response.status_code in (200, 404, 308)
