"""What is blanked in a log, and what stays readable."""

import pytest

from app.foundation.redaction import redacted
from app.foundation.secret_keys import KeyKind, new_key


class TestRedacted:
    @pytest.mark.parametrize("kind", KeyKind)
    def test_keeps_what_finds_a_key_of_ours(self, kind: KeyKind) -> None:
        key = new_key(kind)
        assert redacted(f"sent {key.text}.") == f"sent {key.shown_prefix}[…]."

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("sk_live_51abcDEF", "sk_live_[…]"),
            ("key=sk_test_sandbox,", "key=sk_test_[…],"),
            ("rk_live_abc and rk_test_abc", "rk_live_[…] and rk_test_[…]"),
            ("whsec_abc/+=def", "whsec_[…]"),
            ("whsec_one,whsec_two", "whsec_[…],whsec_[…]"),
            ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer […]"),
            ("'authorization': 'bearer  abc'", "'authorization': 'bearer  […]'"),
            ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic […]"),
            ("postgresql://billing:pa55@db/billing", "postgresql://billing:[…]@db/billing"),
            ("postgresql+psycopg://a:p%40s:s@db:5432/b", "postgresql+psycopg://a:[…]@db:5432/b"),
            ("redis://:pa55@cache/0", "redis://:[…]@cache/0"),
            ("smtp://u:p@ss@mail.example.com:587", "smtp://u:[…]@mail.example.com:587"),
            ("GET /reset/abc.DEF-1_2 failed", "GET /reset/[…] failed"),
            ("/verify/abc?next=/", "/verify/[…]?next=/"),
            ("/undo/abc", "/undo/[…]"),
            ("to ada@example.com now", "to […]@[…] now"),
            ("Key (email)=(a.b+c@mail.example.co.uk) exists", "Key (email)=([…]@[…]) exists"),
        ],
    )
    def test_blanks(self, text: str, expected: str) -> None:
        assert redacted(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "GET /v1/billing/stats 200 in 12 ms by 1a2B3c4D",
            "http://127.0.0.1:8000/reset-password",
            "/reset and /verify",
            "the bearer",
            "risk_test_a, task_live_b",
            "postgresql://db:5432/billing",
            "version 1@2 of user@host",
        ],
    )
    def test_leaves_the_rest(self, text: str) -> None:
        assert redacted(text) == text

    def test_blanks_in_json_without_breaking_it(self) -> None:
        line = '{"a": "Bearer abc", "b": "whsec_abc", "c": "x://u:p@h", "d": "/reset/abc"}'
        expected = '{"a": "Bearer […]", "b": "whsec_[…]", "c": "x://u:[…]@h", "d": "/reset/[…]"}'
        assert redacted(line) == expected
