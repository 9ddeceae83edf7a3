"""Refusals: their stable codes, their kinds, the fields they name."""

import pytest

from app.foundation.errors import DomainError, FieldError, InvalidFields, Kind, Refusal


class CouponExpired(DomainError):
    """A refusal as the domain writes it."""


class UnknownAccount(DomainError):
    """A refusal of another kind."""

    kind = Kind.NOT_FOUND


class TestDomainError:
    @pytest.mark.parametrize(
        ("refusal", "code"),
        [
            (CouponExpired, "coupon_expired"),
            (UnknownAccount, "unknown_account"),
            (InvalidFields, "invalid_fields"),
        ],
    )
    def test_is_coded_by_its_name(self, refusal: type[DomainError], code: str) -> None:
        assert refusal("no").code == code

    def test_says_what_happened(self) -> None:
        refusal = CouponExpired("The coupon SPRING has expired.")
        assert refusal.message == str(refusal) == "The coupon SPRING has expired."
        assert refusal.fields == ()

    def test_is_a_matter_of_validity_unless_said_otherwise(self) -> None:
        assert CouponExpired("no").kind is Kind.INVALID
        assert UnknownAccount("no").kind is Kind.NOT_FOUND

    def test_keeps_its_fields_whatever_becomes_of_the_list(self) -> None:
        fields = [FieldError("records[3].prompt_tokens", "negative_tokens", "below 0")]
        refusal = InvalidFields("no", fields=fields)
        fields.clear()
        assert [field.path for field in refusal.fields] == ["records[3].prompt_tokens"]


class TestRefusal:
    def test_carries_the_code_and_kind_it_was_raised_with(self) -> None:
        refusal = Refusal("month_in_future", "Not yet.", kind=Kind.CONFLICT)
        assert (refusal.code, refusal.kind, refusal.message) == (
            "month_in_future",
            Kind.CONFLICT,
            "Not yet.",
        )

    def test_leaves_the_kind_of_others_alone(self) -> None:
        Refusal("gone", "Gone.", kind=Kind.NOT_FOUND)
        assert Refusal("odd", "Odd.").kind is Kind.INVALID
