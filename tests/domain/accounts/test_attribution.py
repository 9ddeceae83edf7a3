"""Whom events in the formats of others bill."""

import pytest

from app.domain.accounts.attribution import Attribution, WireFormat, check_fields, format_of
from app.domain.accounts.errors import AttributionFieldRepeated, AttributionFieldUnknown

LITELLM, CLOUDEVENTS, LAGO = WireFormat
SPOOFED = {
    "end_user": "mallory-says-eve",
    "metadata": {
        "user_api_key_user_id": "ada",
        "user_api_key_team_id": "team-9",
        "user_api_key_alias": "",
        "spend_logs_metadata": {"order": 42, "paid": True, "nested": {}},
    },
}


class TestAccountNamed:
    @pytest.mark.parametrize(
        ("user_id", "fields", "expected"),
        [
            # LiteLLM's own key is believed, its caller only where that is switched on.
            (None, (), "ada"),
            (None, ("end_user",), "mallory-says-eve"),
            (None, ("user_api_key_team_id",), "team-9"),
            (None, ("metadata.user_api_key_team_id",), "team-9"),
            (None, ("metadata.spend_logs_metadata.order",), "42"),
            # What is empty, missing or no name names nobody.
            (None, ("user_api_key_alias",), None),
            (None, ("user_api_key_org_id",), None),
            (None, ("metadata.spend_logs_metadata.paid",), None),
            (None, ("metadata.spend_logs_metadata.nested",), None),
            (None, ("metadata.user_api_key_user_id.deeper",), None),
            # A fixed account is for those, and for everything where no field is switched on.
            ("ben", (), "ben"),
            ("ben", ("user_api_key_alias",), "ben"),
            ("ben", ("end_user",), "mallory-says-eve"),
            # Fields of other formats change nothing here.
            (None, ("subject", "external_subscription_id"), "ada"),
            ("ben", ("subject",), "ben"),
        ],
    )
    def test_of_litellm(self, user_id, fields, expected) -> None:
        attribution = Attribution("main", user_id, fields)
        assert attribution.bills_someone(LITELLM)
        assert attribution.account_named(SPOOFED, wire=LITELLM) == expected

    @pytest.mark.parametrize(
        ("wire", "event"),
        [
            (CLOUDEVENTS, {"subject": "eve", "data": {"customer": "carl"}}),
            (LAGO, {"external_subscription_id": "eve", "properties": {"customer": "carl"}}),
        ],
    )
    def test_of_the_others_believes_nothing_unasked(self, wire, event) -> None:
        outer = {CLOUDEVENTS: "subject", LAGO: "external_subscription_id"}[wire]
        inner = {CLOUDEVENTS: "data.customer", LAGO: "properties.customer"}[wire]
        nobody = Attribution("main")
        assert not nobody.bills_someone(wire)
        assert nobody.account_named(event, wire=wire) is None
        for field, expected in ((outer, "eve"), (inner, "carl")):
            told = Attribution("main", None, ("end_user", field))
            assert told.bills_someone(wire)
            assert told.account_named(event, wire=wire) == expected
        assert Attribution("main", "ben").account_named(event, wire=wire) == "ben"


class TestFormatOf:
    @pytest.mark.parametrize(
        ("field", "wire"),
        [
            ("end_user", LITELLM),
            ("user_api_key_user_id", LITELLM),
            ("metadata.a.b", LITELLM),
            ("subject", CLOUDEVENTS),
            ("data.customer", CLOUDEVENTS),
            ("external_subscription_id", LAGO),
            ("properties.customer", LAGO),
            ("metadata.", None),
            ("metadata..a", None),
            ("data.a.", None),
            ("user_id", None),
            ("Subject", None),
            ("", None),
            ("data." + "a" * 195, CLOUDEVENTS),
            ("data." + "a" * 196, None),
        ],
    )
    def test_knows_whose_field_it_is(self, field, wire) -> None:
        assert format_of(field) == wire


class TestCheckFields:
    def test_takes_one_for_each_format(self) -> None:
        fields = ["end_user", "subject", "external_subscription_id"]
        assert check_fields(tuple(fields)) == fields
        assert check_fields(()) == []

    def test_refuses_two_of_one_format(self) -> None:
        with pytest.raises(AttributionFieldRepeated, match="litellm"):
            check_fields(["end_user", "metadata.customer"])

    def test_refuses_what_no_format_has_and_says_what_there_is(self) -> None:
        with pytest.raises(AttributionFieldUnknown, match=r"'user'.*end_user, metadata.NAME, sub"):
            check_fields(["user"])
