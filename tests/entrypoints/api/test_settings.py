"""Settings as programs read and change them, and every wrong value by its name."""

import json

import pytest

from app.domain.accounts.models import Account, BillingSettings
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer
from tests.statements import statements

ADDRESS = "/v1/billing/settings"
FRESH = {
    "name": "Ada",
    "billing_email": None,
    "billing_address": None,
    "tax_id": None,
    "country": None,
    "currency": "USD",
    "timezone": "UTC",
    "locale": "en",
    "auto_topup": True,
    "auto_topup_threshold": 0,
    "auto_topup_amount": 100,
    "auto_topup_max_per_month": 5,
    "auto_topup_monthly_limit": 500,
    "auto_pay": False,
    "invoice_frequency": "monthly",
    "send_invoice_email": True,
    "enable_alerts": True,
    "alert_threshold": 0,
    "alert_percents": [50, 80, 100],
    "alert_spend": None,
    "alert_forecast": True,
    "overage_enabled": True,
    "spend_limit": None,
}
CHANGED = {
    "name": "Ada & Söhne A/S",
    "billing_email": "billing@example.com",
    "billing_address": "Ada Lovelace\n12 St James's Square\nLondon",
    "tax_id": "DE136695976",
    "country": "DE",
    "currency": "USD",
    "timezone": "Europe/Berlin",
    "locale": "zh",
    "auto_topup": False,
    "auto_topup_threshold": 10_000,
    "auto_topup_amount": 50.25,
    "auto_topup_max_per_month": 3,
    "auto_topup_monthly_limit": 250.5,
    "auto_pay": True,
    "invoice_frequency": "monthly",
    "send_invoice_email": False,
    "enable_alerts": False,
    "alert_threshold": 50_000,
    "alert_percents": [10, 90],
    "alert_spend": 12.34,
    "alert_forecast": False,
    "overage_enabled": False,
    "spend_limit": 0,
}


def put(client, headers, body: object):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.put(ADDRESS, data=text, headers={**headers, "Content-Type": "application/json"})


class TestGetSettings:
    def test_answers_all_of_them_and_nothing_else(self, client, by_ada) -> None:
        assert client.get(ADDRESS, headers=by_ada).json == FRESH

    def test_needs_a_customers_key(self, client, by_gateway) -> None:
        assert client.get(ADDRESS).status_code == 401
        assert client.get(ADDRESS, headers=by_gateway).status_code == 403

    def test_refuses_parameters_that_nobody_knows(self, client, by_ada) -> None:
        assert client.get(f"{ADDRESS}?user_id=ben", headers=by_ada).status_code == 422


class TestPutSettings:
    def test_changes_all_of_them(self, client, by_ada, by_ben) -> None:
        answer = put(client, by_ada, CHANGED)
        assert answer.status_code == 200
        assert answer.json == CHANGED
        assert client.get(ADDRESS, headers=by_ada).json == CHANGED
        assert client.get(ADDRESS, headers=by_ben).json == {**FRESH, "name": "Ben"}

    @pytest.mark.parametrize("name", FRESH)
    def test_changes_only_what_is_named(self, client, by_ada, name) -> None:
        wanted = {name: CHANGED[name]}
        if name == "tax_id":
            wanted["country"] = "DE"
        assert put(client, by_ada, wanted).json == {**FRESH, **wanted}

    def test_takes_the_missions_example(self, client, by_ada) -> None:
        wanted = {
            "billing_email": "billing@example.com", "auto_topup": True,
            "auto_topup_threshold": 10000, "auto_topup_amount": 100.0,
            "enable_alerts": True, "alert_threshold": 50000,
        }  # fmt: skip
        assert put(client, by_ada, wanted).json == {**FRESH, **wanted}

    def test_of_nothing_changes_nothing(self, client, by_ada) -> None:
        assert put(client, by_ada, {}).json == FRESH
        assert session.query(JournalEntry).count() == 0

    @pytest.mark.parametrize("name", ["billing_email", "billing_address", "tax_id", "country"])
    @pytest.mark.parametrize("nothing", [None, "", "  "])
    def test_clears_texts(self, client, by_ada, name, nothing) -> None:
        put(client, by_ada, {**CHANGED, "tax_id": None})
        assert put(client, by_ada, {name: nothing}).json[name] is None

    @pytest.mark.parametrize("name", ["alert_spend", "spend_limit"])
    def test_clears_limits(self, client, by_ada, name) -> None:
        put(client, by_ada, {name: 7})
        assert put(client, by_ada, {name: None}).json[name] is None

    def test_repeats_its_answer_for_the_same_key(self, client, by_ada) -> None:
        again = {**by_ada, "Idempotency-Key": "settings-1"}
        first = put(client, again, {"alert_threshold": 5})
        put(client, by_ada, {"alert_threshold": 6})
        second = put(client, again, {"alert_threshold": 5})
        assert second.json == first.json
        assert client.get(ADDRESS, headers=by_ada).json["alert_threshold"] == 6

    def test_is_refused_to_a_key_that_may_only_read(self, client, ada) -> None:
        header = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        assert put(client, header, {"alert_threshold": 5}).status_code == 403

    def test_takes_few_statements(self, client, by_ada) -> None:
        with statements() as sent:
            put(client, by_ada, CHANGED)
        # Six of them are the mails to the old address and the new one; two note the key's use, and
        # two look at the account and the key again under the account's lock.
        assert len(sent) <= 19, sent


# The whole table stands beside the rules; here are those that a body could get past us.
WRONG: list[tuple[str, str, str]] = [
    ("billing_email", "1", "field_invalid"),
    ("billing_email", json.dumps("ada@example.com\0"), "text_invalid"),
    ("billing_address", json.dumps("a\ud800b"), "text_invalid"),
    ("auto_pay", "null", "field_invalid"),
    ("alert_threshold", '"１００"', "field_invalid"),
    ("alert_threshold", str(2**53 + 1), "out_of_range"),
    ("auto_topup_amount", "1e9", "out_of_range"),
    ("spend_limit", "0.001", "amount_too_fine"),
    ("alert_percents", '[{"a": 1, "a": 2}]', "percents_invalid"),
    ("timezone", json.dumps("x" * 70_000), "timezone_unknown"),
    ("user_id", '"ben"', "field_unknown"),
    ("tax_id_approved_at", '"2026-11-22T00:00:00Z"', "field_unknown"),
    ("\ud800", "1", "field_unknown"),
]


class TestWrongValues:
    @pytest.mark.parametrize(("name", "text", "code"), WRONG)
    def test_are_refused_by_name(self, client, by_ada, name, text, code) -> None:
        answer = put(client, by_ada, f"{{{json.dumps(name)}: {text}}}")
        assert answer.status_code == 422
        assert answer.content_type == "application/problem+json"
        (error,) = answer.json["errors"]
        assert error["path"] == name.replace("\ud800", "?")
        assert (error["code"], answer.json["code"]) == (code, code)
        assert len(answer.data) < 2_000
        assert client.get(ADDRESS, headers=by_ada).json == FRESH

    def test_are_told_all_at_once_and_change_nothing(self, client, by_ada) -> None:
        wanted = {"alert_threshold": -1, "locale": "xx", "auto_pay": True, "nickname": "Ada"}
        answer = put(client, by_ada, wanted)
        assert answer.status_code == 422 and answer.json["code"] == "invalid_fields"
        assert {error["path"] for error in answer.json["errors"]} == set(wanted) - {"auto_pay"}
        assert client.get(ADDRESS, headers=by_ada).json == FRESH

    @pytest.mark.parametrize(
        ("body", "status"),
        [("NaN", 400), ('{"spend_limit": NaN}', 400), ('{"spend_limit": Infinity}', 400),
         ('{"spend_limit": 1e99999}', 400), ("[]", 422), ("1", 422), ("", 400),
         ('{"locale": "en", "locale": "zh"}', 422), ("{" * 50_000, 400)],
    )  # fmt: skip
    def test_bodies_that_are_no_settings(self, client, by_ada, body, status) -> None:
        assert put(client, by_ada, body).status_code == status

    def test_a_thousand_of_them_are_not_all_told(self, client, by_ada) -> None:
        answer = put(client, by_ada, {f"field-{number}": 1 for number in range(1_000)})
        assert answer.status_code == 422 and len(answer.json["errors"]) == 50


class TestTaxIds:
    def test_are_held_against_the_country(self, client, by_ada) -> None:
        wanted = {"country": "DE", "tax_id": "de 136 695 976"}
        assert put(client, by_ada, wanted).json["tax_id"] == "DE136695976"
        refused = put(client, by_ada, {"country": "FR"})
        assert refused.json["errors"][0]["path"] == "country"
        assert refused.json["code"] == "tax_id_invalid"
        assert put(client, by_ada, {"country": None}).json["code"] == "tax_id_needs_country"
        assert put(client, by_ada, {"country": "FR", "tax_id": None}).status_code == 200

    def test_lose_their_approval_when_they_change(self, client, by_ada) -> None:
        def approval():
            return session.query(BillingSettings).filter_by(user_id="ada").one().tax_id_approved_at

        put(client, by_ada, {"country": "DE", "tax_id": "DE136695976"})
        for wanted, stays in [
            ({"tax_id": "DE 136695976", "alert_threshold": 4}, True),
            ({"tax_id": "DE129273398"}, False),
        ]:
            session.execute(
                BillingSettings.__table__.update().values(
                    tax_id_approved_at=session.query(Account).first().created_at
                )
            )
            session.commit()
            assert put(client, by_ada, wanted).status_code == 200
            assert (approval() is not None) == stays


def test_a_change_is_written_down(client, by_ada) -> None:
    put(client, by_ada, {"alert_threshold": 5, "locale": "en", "timezone": "Asia/Kathmandu"})
    (entry,) = session.query(JournalEntry)
    assert entry.action == "settings_changed" and entry.user_id == "ada"
    assert entry.actor.startswith("key:")
    assert entry.details == {
        "alert_threshold": {"from": 0, "to": 5},
        "timezone": {"from": "UTC", "to": "Asia/Kathmandu"},
    }
    (promise,) = session.query(OutboxEntry)
    assert (promise.kind, promise.payload) == ("rebuild_rollups", {"user_id": "ada"})
