"""The list of the most popular passwords: long enough, and nothing that is too short."""

from app.domain.accounts.password_rules import LENGTH_MIN
from app.domain.accounts.popular_passwords import FILE, popular_passwords


def test_holds_thousands_that_the_length_would_let_through() -> None:
    listed = popular_passwords()
    assert len(listed) == 10_000
    assert {"password", "12345678", "qwertyuiop"} <= listed
    assert all(len(password) >= LENGTH_MIN and password == password.lower() for password in listed)


def test_names_its_source_and_its_licence() -> None:
    head = FILE.read_text(encoding="ascii").split("\npassword\n", maxsplit=1)[0]
    assert "zxcvbn" in head and "MIT" in head and "Copyright" in head
