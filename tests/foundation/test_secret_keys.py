"""Secret keys: their form, the typing error that is noticed, the digest that is compared."""

import hashlib
import hmac

import pytest

from app.foundation import secret_keys
from app.foundation.secret_keys import ALPHABET, KEY_LENGTH, KeyKind, find_key, new_key


@pytest.fixture(params=list(KeyKind), ids=lambda kind: kind.name.lower())
def kind(request: pytest.FixtureRequest) -> KeyKind:
    return request.param


class TestNewKey:
    def test_reads_kind_id_secret_and_checksum(self, kind: KeyKind) -> None:
        key = new_key(kind)
        assert key.text.startswith(kind.value)
        assert len(key.text) == KEY_LENGTH == 53
        assert set(key.text[7:]) <= set(ALPHABET)
        assert key.public_id == key.text[7:15]
        assert key.shown_prefix == key.text[:15]

    def test_is_never_the_same(self) -> None:
        assert len({new_key(KeyKind.CUSTOMER).text for _ in range(200)}) == 200

    def test_can_be_read_again(self, kind: KeyKind) -> None:
        key = new_key(kind)
        assert find_key(key.text) == key

    def test_shows_nothing_of_its_secret(self, kind: KeyKind) -> None:
        key = new_key(kind)
        assert key.text[15:] not in key.shown_prefix + key.public_id + key.digest


class TestDigest:
    def test_is_sha_256_of_the_whole_key(self) -> None:
        key = new_key(KeyKind.GATEWAY)
        assert key.digest == hashlib.sha256(key.text.encode()).hexdigest()

    def test_matches_its_own_and_no_other(self) -> None:
        key, other = new_key(KeyKind.CUSTOMER), new_key(KeyKind.CUSTOMER)
        assert key.matches(key.digest)
        assert not key.matches(other.digest)
        assert not key.matches("")

    def test_is_compared_in_constant_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        key = new_key(KeyKind.CUSTOMER)
        compared: list[tuple[str, str]] = []
        monkeypatch.setattr(
            secret_keys.hmac, "compare_digest", lambda *pair: compared.append(pair) or True
        )
        assert key.matches("stored")
        assert compared == [(key.digest, "stored")]
        assert secret_keys.hmac is hmac


class TestFindKey:
    @pytest.mark.parametrize("place", [0, 6, 7, 14, 15, 46, 47, 52])
    def test_notices_a_typing_error_anywhere(self, kind: KeyKind, place: int) -> None:
        text = new_key(kind).text
        wrong = "x" if text[place] != "x" else "y"
        assert find_key(text[:place] + wrong + text[place + 1 :]) is None

    def test_notices_two_characters_swapped(self) -> None:
        text = "obl_sk_" + "ab" * 20
        text += secret_keys._checksum(text)
        assert find_key(text) is not None
        assert find_key(text.replace("abab", "abba", 1)) is None

    def test_notices_another_kind_s_prefix(self) -> None:
        customers = new_key(KeyKind.CUSTOMER).text
        assert find_key(customers.replace("obl_sk_", "obl_op_")) is None

    @pytest.mark.parametrize(
        "text",
        ["", "obl_sk_", "sk_live_" + "a" * 45, "obl_xx_" + "a" * 46, "obl_sk_" + "é" * 46],
    )
    def test_refuses_what_is_none_of_ours(self, text: str) -> None:
        assert find_key(text) is None

    def test_refuses_more_or_less_than_a_key(self, kind: KeyKind) -> None:
        text = new_key(kind).text
        for other in (text + "a", text[:-1], f" {text}", f"{text}\n", text.upper()):
            assert find_key(other) is None
