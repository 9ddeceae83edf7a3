"""Production does not start with an open door: each is named, and how it is shut."""

from pathlib import Path

import pytest

from app.config import Settings, read_settings
from app.config.reading import SettingError
from tests.test_config import PRODUCTION, SECRET_KEY


@pytest.fixture
def read(tmp_path: Path):
    def read(**given: str) -> Settings:
        return read_settings({"INSTANCE_DIR": str(tmp_path), **given})

    return read


OPEN_DOORS = [
    ({"SECRET_KEY": "k" * 31 + "9"}, "SECRET_KEY", "token_urlsafe"),
    ({"SECRET_KEY": "changeme-changeme-changeme-changeme"}, "SECRET_KEY", "token_urlsafe"),
    ({"SECRET_KEY": "Your-Secret-Key-0123456789-abcdefghij"}, "SECRET_KEY", "token_urlsafe"),
    ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG", "unset it"),
    ({"DEBUG": "true"}, "DEBUG", "unset it"),
    ({"STRIPE_API_KEY": "sk_test_abcdefgh"}, "STRIPE_API_KEY", "set the live key"),
    ({"STRIPE_API_KEY": "rk_test_abcdefgh"}, "STRIPE_API_KEY", "set the live key"),
    ({"BASE_URL": "http://billing.example.com"}, "BASE_URL", "https://"),
]


class TestProduction:
    @pytest.mark.parametrize(("given", "named", "mended"), OPEN_DOORS)
    def test_does_not_start(self, read, given: dict[str, str], named: str, mended: str) -> None:
        with pytest.raises(SettingError) as refused:
            read(**{**PRODUCTION, **given})
        assert str(refused.value).startswith(named)
        assert mended in str(refused.value)
        assert "\n" not in str(refused.value)
        assert not any(value in str(refused.value) for value in given.values() if len(value) > 8)

    @pytest.mark.parametrize("key", ["short", "k" * 31, SECRET_KEY[:31]])
    def test_does_not_start_with_a_short_key(self, read, key: str) -> None:
        with pytest.raises(SettingError, match=r"^SECRET_KEY must have at least 32"):
            read(**{**PRODUCTION, "SECRET_KEY": key})

    @pytest.mark.parametrize("mode", [0o777, 0o757, 0o702])
    def test_does_not_start_in_a_folder_of_everybodys(self, read, tmp_path, mode: int) -> None:
        tmp_path.chmod(mode)
        with pytest.raises(SettingError, match=r"^INSTANCE_DIR .* chmod o-w"):
            read(**PRODUCTION)
        tmp_path.chmod(0o775)
        assert read(**PRODUCTION).production

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"FLASK_DEBUG": "0"},
            {"DEBUG": "off"},
            {"DEBUG": ""},
            {"SECRET_KEY": "ab" * 8 + SECRET_KEY},
        ],
    )
    def test_starts_with_doors_that_are_shut(self, read, given: dict[str, str]) -> None:
        assert read(**{**PRODUCTION, **given}).production

    @pytest.mark.parametrize(
        "address",
        ["https://billing.internal", "https://10.1.2.3", "https://staging", "https://a.test"],
    )
    def test_may_take_test_keys_where_the_public_does_not_come(self, read, address: str) -> None:
        given = {"STRIPE_API_KEY": "sk_test_abcdefgh", "BASE_URL": address}
        assert read(**{**PRODUCTION, **given}).production

    @pytest.mark.parametrize("address", ["https://8.8.8.8", "https://[2001:4860:4860::8888]"])
    def test_may_not_at_a_public_number(self, read, address: str) -> None:
        with pytest.raises(SettingError, match=r"^STRIPE_API_KEY is a test key"):
            read(**{**PRODUCTION, "STRIPE_API_KEY": "sk_test_abc", "BASE_URL": address})


class TestDevelopment:
    @pytest.mark.parametrize(("given", "named", "mended"), OPEN_DOORS[1:])
    def test_starts_all_the_same(
        self, read, given: dict[str, str], named: str, mended: str
    ) -> None:
        assert not read(**given).production
