"""What each setting takes, and by which name the rest is refused. No database."""

import json
from decimal import Decimal

import pytest

from app.domain.accounts.settings_rules import SETTINGS, accepted
from app.domain.accounts.views import SettingsView
from app.foundation.errors import InvalidFields

FRESH = SettingsView(
    name="",
    billing_email=None,
    billing_address=None,
    tax_id=None,
    country=None,
    currency="USD",
    timezone="UTC",
    locale="en",
    auto_topup=True,
    auto_topup_threshold=0,
    auto_topup_amount_minor=10_000,
    auto_topup_max_per_month=5,
    auto_topup_monthly_limit_minor=50_000,
    auto_pay=False,
    invoice_frequency="monthly",
    send_invoice_email=True,
    enable_alerts=True,
    alert_threshold=0,
    alert_percents=(50, 80, 100),
    alert_spend_minor=None,
    alert_forecast=True,
    overage_enabled=True,
    spend_limit_minor=None,
    tax_id_approved_at=None,
)
TEXTS = [
    "name",
    "billing_email",
    "billing_address",
    "tax_id",
    "country",
    "currency",
    "timezone",
    "locale",
]
TRUTHS = [name for name in SETTINGS if isinstance(getattr(FRESH, SETTINGS[name].column), bool)]
WHOLES = ["auto_topup_threshold", "auto_topup_max_per_month", "alert_threshold"]
AMOUNTS = ["auto_topup_amount", "auto_topup_monthly_limit", "alert_spend", "spend_limit"]
NO_NUMBERS = ['"5"', '"１００"', "true", "[]", "{}", '""']


WRONG: list[tuple[str, str, str]] = [
    *((name, text, "field_invalid") for name in TEXTS for text in ("1", "true", "[]", "{}")),
    *((name, text, "field_invalid") for name in TRUTHS for text in ("1", '"true"', "null", "[]")),
    *((name, text, "field_invalid") for name in (*WHOLES, *AMOUNTS) for text in NO_NUMBERS),
    *((name, "null", "field_invalid") for name in (*WHOLES, *AMOUNTS[:2])),
    *((name, "-1", "out_of_range") for name in (*WHOLES, *AMOUNTS)),
    *((name, "0.001", "field_invalid") for name in WHOLES),
    *((name, "7.001", "amount_too_fine") for name in AMOUNTS),
    *((name, "7.0000000000000000000000000000000000000001", "amount_too_fine") for name in AMOUNTS),
    *((name, str(2**53 + 1), "out_of_range") for name in (*WHOLES, *AMOUNTS)),
    *((name, "1e300", "out_of_range") for name in (*WHOLES, *AMOUNTS)),
    ("auto_topup_max_per_month", "1001", "out_of_range"),
    ("auto_topup_amount", "0", "out_of_range"),
    ("auto_topup_amount", "4.99", "out_of_range"),
    ("auto_topup_amount", "10000.01", "out_of_range"),
    ("auto_topup_amount", "1e9", "out_of_range"),
    ("spend_limit", "1000000000.01", "out_of_range"),
    *(("alert_percents", text, "percents_invalid") for text in (
        "null", "50", '"50"', "{}", "[0]", "[101]", "[50.5]", "[true]", '["50"]', "[[50]]",
        "[50, 50]", "[1,2,3,4,5,6,7,8,9,10,11]", "[null]", '[{"a": 1, "a": 2}]',
    )),
    *(("billing_email", json.dumps(text), "email_invalid") for text in (
        "ada", "ada@", "a b@example.com", "@example.com",
    )),
    ("billing_email", json.dumps("ada@example.com\0"), "text_invalid"),
    ("billing_email", json.dumps("x" * 5_000), "text_too_long"),
    ("billing_address", json.dumps("x" * 1_001), "text_too_long"),
    *(("billing_address", json.dumps(text), "text_invalid") for text in (
        "a\0b", "a\x1bb", "a\ud800b", "a\x7fb", "a\u2028b", "a\rb",
    )),
    *(("name", json.dumps(text), "text_invalid") for text in (
        "a\nb", "a\u202ab", "a\u202eb", "a\u2066b", "a\u2069b",
    )),
    *(("country", json.dumps(text), "country_unknown") for text in ("XX", "EU", "XK", "Germany")),
    ("country", json.dumps("D\0"), "text_invalid"),
    *(("currency", json.dumps(text), "currency_unsupported") for text in ("EUR", "usd", "")),
    *(("invoice_frequency", json.dumps(text), "invoice_frequency_unsupported")
      for text in ("weekly", "yearly", "")),
    *(("timezone", json.dumps(text), "timezone_unknown")
      for text in ("", "Berlin", "../etc/passwd", "a\0b", "\ud800", "x" * 70_000)),
    *(("locale", json.dumps(text), "locale_unsupported") for text in ("", "de", "EN", "\ud800")),
    ("tax_id", json.dumps("DE136695976"), "tax_id_needs_country"),
    ("nickname", '"Ada"', "field_unknown"),
    ("user_id", '"ben"', "field_unknown"),
    ("tax_id_approved_at", '"2026-11-22T00:00:00Z"', "field_unknown"),
    ("\ud800", "1", "field_unknown"),
]  # fmt: skip


def read(text: str) -> object:
    """Read a value as the API does."""
    return json.loads(text, parse_float=Decimal)


class TestAccepted:
    @pytest.mark.parametrize(
        ("name", "text", "column", "value"),
        [
            ("alert_threshold", "0", "alert_threshold", 0),
            ("alert_threshold", "50000.0", "alert_threshold", 50_000),
            ("alert_threshold", str(2**53), "alert_threshold", 2**53),
            ("auto_topup_threshold", "1e9", "auto_topup_threshold", 10**9),
            ("auto_topup_amount", "5", "auto_topup_amount_minor", 500),
            ("auto_topup_amount", "5.01", "auto_topup_amount_minor", 501),
            ("auto_topup_amount", "10000.00", "auto_topup_amount_minor", 1_000_000),
            ("auto_topup_max_per_month", "1000", "auto_topup_max_per_month", 1_000),
            ("auto_topup_monthly_limit", "0", "auto_topup_monthly_limit_minor", 0),
            ("spend_limit", "0", "spend_limit_minor", 0),
            ("spend_limit", "1e9", "spend_limit_minor", 10**11),
            ("spend_limit", "null", "spend_limit_minor", None),
            ("alert_spend", "0.01", "alert_spend_minor", 1),
            ("alert_percents", "[]", "alert_percents", []),
            ("alert_percents", "[100, 1, 50.0]", "alert_percents", [1, 50, 100]),
            ("alert_percents", "[10,9,8,7,6,5,4,3,2,1]", "alert_percents", list(range(1, 11))),
            ("billing_email", '" Ada@Example.COM "', "billing_email", "ada@example.com"),
            ("billing_email", '"  "', "billing_email", None),
            ("billing_address", '" 1 Rue\\r\\nParis \\n"', "billing_address", "1 Rue\nParis"),
            ("country", '"de"', "country", "DE"),
            ("locale", '"zh_Hans"', "locale", "zh"),
            ("timezone", '"Asia/Kathmandu"', "timezone", "Asia/Kathmandu"),
        ],
    )
    def test_by_column_and_in_cents(self, name, text, column, value) -> None:
        assert accepted({name: read(text)}, FRESH) == {column: value}

    def test_every_setting_has_its_place(self) -> None:
        assert {setting.column for setting in SETTINGS.values()} == (
            set(SettingsView.__slots__) - {"tax_id_approved_at"}
        )

    @pytest.mark.parametrize(("name", "text", "code"), WRONG)
    def test_refuses_by_name(self, name, text, code) -> None:
        with pytest.raises(InvalidFields) as refused:
            accepted({name: read(text)}, FRESH)
        assert [(fault.path, fault.code) for fault in refused.value.fields] == [(name, code)]

    def test_a_number_that_is_none_is_refused(self) -> None:
        for number in (Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), 1.5):
            with pytest.raises(InvalidFields):
                accepted({"spend_limit": number}, FRESH)

    def test_tells_every_wrong_field_at_once(self) -> None:
        with pytest.raises(InvalidFields) as refused:
            accepted({"locale": "xx", "auto_pay": 1, "tax_id": "X", "country": "XX"}, FRESH)
        paths = [fault.path for fault in refused.value.fields]
        assert paths == ["locale", "auto_pay", "country"]
