"""What an id, a mail address, a name and a zone must look like. No database."""

import pytest

from app.domain.accounts import rules
from app.domain.accounts.errors import (
    EmailInvalid,
    KeyNameInvalid,
    TimezoneUnknown,
    UserIdInvalid,
)


class TestNormalUserId:
    @pytest.mark.parametrize("text", ["a", "user-123", "a b", "müller", "😀", "x" * 128])
    def test_takes_what_a_gateway_may_call_a_customer(self, text: str) -> None:
        assert rules.normal_user_id(text) == text

    @pytest.mark.parametrize(
        "text",
        ["", "x" * 129, " a", "a ", "a\n", "a\x00b", "a/b", "a\x7f", "\ud800", "a\u2028b", "\t"],
    )
    def test_refuses_what_cannot_be_stored_or_linked(self, text: str) -> None:
        with pytest.raises(UserIdInvalid):
            rules.normal_user_id(text)


class TestMayBeUserId:
    @pytest.mark.parametrize("text", ["a", "x" * 128, " ", "a/b", "äda"])
    def test_may_be_whatever_a_database_holds(self, text: str) -> None:
        assert rules.may_be_user_id(text)

    @pytest.mark.parametrize("text", ["", "x" * 129, "a\x00", "a\n", "\ud800"])
    def test_is_nothing_else(self, text: str) -> None:
        assert not rules.may_be_user_id(text)


class TestNormalEmail:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ada@example.com", "ada@example.com"),
            (" Ada@Example.COM ", "ada@example.com"),
            ("ÄDA@bücher.example.com", "äda@bücher.example.com"),
            ("ada+billing@example.com", "ada+billing@example.com"),
        ],
    )
    def test_is_in_lower_case(self, text: str, expected: str) -> None:
        assert rules.normal_email(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "ada@b",
            "ada@example.com\nx",
            "a\x00@example.com",
            "\ud800@example.com",
            "ada@-.com",
            "x" * 250 + "@example.com",
        ],
    )
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(EmailInvalid):
            rules.normal_email(text)


class TestEmailOnTheWire:
    @pytest.mark.parametrize(
        ("email", "expected"),
        [
            ("ada@example.com", "ada@example.com"),
            ("billing@localhost", "billing@localhost"),
            ("ada@bücher.example.com", "ada@xn--bcher-kva.example.com"),
            # Not strasse.com, which may be somebody else's.
            ("ada@straße.com", "ada@xn--strae-oqa.com"),
            ("äda@bücher.example.com", "äda@xn--bcher-kva.example.com"),
            ("äda@example.com", "äda@example.com"),
        ],
    )
    def test_has_its_domain_in_ascii(self, email: str, expected: str) -> None:
        assert rules.email_on_the_wire(email) == expected

    def test_refuses_what_is_none(self) -> None:
        with pytest.raises(EmailInvalid):
            rules.email_on_the_wire("ada@bücher")


class TestZone:
    @pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Etc/GMT+12"])
    def test_finds_it(self, name: str) -> None:
        assert rules.zone(name).key == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "Berlin",
            "Europe",
            "Europe/Atlantis",
            "../etc/passwd",
            "/etc/localtime",
            "a\x00b",
            "\ud800",
            "x" * 5_000,
            "UTC+1",
            "+01:00",
        ],
    )
    def test_refuses_what_nobody_knows(self, name: str) -> None:
        with pytest.raises(TimezoneUnknown):
            rules.zone(name)


class TestCheckZone:
    @pytest.mark.parametrize(
        "name", ["UTC", "Europe/Berlin", "Asia/Calcutta", "Etc/GMT+12", "US/Eastern", "EST5EDT"]
    )
    def test_takes_what_every_machine_knows(self, name: str) -> None:
        assert rules.check_zone(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            *("right/UTC", "right/Europe/Berlin", "posix/Europe/Berlin", "posixrules"),
            *("localtime", "Factory", "", "Berlin", "Europe", "../etc/passwd", "a\x00b", "\ud800"),
            *("x" * 5_000, "UTC+1", "europe/berlin"),
        ],
    )
    def test_refuses_what_only_some_know(self, name: str) -> None:
        with pytest.raises(TimezoneUnknown):
            rules.check_zone(name)


class TestCheckKeyName:
    @pytest.mark.parametrize(("name", "kept"), [("ci", "ci"), (" ci ", "ci"), ("x" * 80, "x" * 80)])
    def test_drops_outer_spaces(self, name: str, kept: str) -> None:
        assert rules.check_key_name(name) == kept

    @pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00", "a\nb"])
    def test_refuses_what_nobody_could_read(self, name: str) -> None:
        with pytest.raises(KeyNameInvalid):
            rules.check_key_name(name)
