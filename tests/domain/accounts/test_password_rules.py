"""Which passwords are refused, and that nothing else is asked of one."""

import pytest

from app.domain.accounts.errors import (
    PasswordInvalid,
    PasswordLikeAddress,
    PasswordTooLong,
    PasswordTooPopular,
    PasswordTooShort,
)
from app.domain.accounts.password_rules import check_password

POPULAR = {"trustno1", "qwertyuiop"}
EMAIL = "ada.lovelace@example.com"


@pytest.mark.parametrize(
    "password",
    [
        "kvxwqzjf", "x" * 1024, "        ", "pass😀word", "a\x00" * 4, "correct horse",
        # Beyond the common word, or the address, there is enough that nobody knows.
        "trustno1!", "my billing words", "lovelace1815", "example-12345",
    ],
)  # fmt: skip
def test_takes_every_character(password: str) -> None:
    check_password(password, email=EMAIL, popular=POPULAR)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("", PasswordTooShort),
        ("x" * 7, PasswordTooShort),
        ("x" * 1025, PasswordTooLong),
        ("password\ud800", PasswordInvalid),
        ("trustno1", PasswordTooPopular),
        ("TrustNo1", PasswordTooPopular),
        ("oblivious", PasswordTooPopular),
        ("Billing2026", PasswordTooPopular),
        (EMAIL, PasswordLikeAddress),
        ("Ada.Lovelace@Example.com", PasswordLikeAddress),
        ("ada.lovelace", PasswordLikeAddress),
        ("ada.lovelace1234", PasswordLikeAddress),
        ("!!example!", PasswordLikeAddress),
    ],
)
def test_refuses_the_rest_by_name(password: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_password(password, email=EMAIL, popular=POPULAR)


def test_a_short_name_is_in_many_passwords() -> None:
    check_password("granada1", email="ada@x.de", popular=())
