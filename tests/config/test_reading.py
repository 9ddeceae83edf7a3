"""Addresses and lines that are none are named in one line, with what is wrong."""

from pathlib import Path

import pytest

from app.config import Settings, read_settings
from app.config.reading import SettingError


@pytest.fixture
def read(tmp_path: Path):
    def read(**given: str) -> Settings:
        return read_settings({"INSTANCE_DIR": str(tmp_path), **given})

    return read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://["),
        ("BASE_URL", "https://a b"),
        ("BASE_URL", "https://a\nb"),
        ("BASE_URL", "https://a:99999"),
        ("BASE_URL", "https://:443"),
        ("DATABASE_URL", "postgresql://h:port/billing"),
        ("REDIS_URL", "redis://["),
        ("REDIS_URL", "redis://a:99999"),
        ("SMTP_URL", "smtp://["),
        ("SMTP_URL", "smtp://a b"),
        ("BRAND_NAME", "Acme\nInc."),
        ("SELLER_NAME", "Acme\r\nBcc: x"),
        ("SELLER_VAT_ID", "DE1\n"),
        ("SELLER_COUNTRY", "zzz"),
        ("SELLER_COUNTRY", "de"),
    ],
)
def test_names_what_is_none_in_one_line(read, name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(**{name: value})
    assert str(refused.value).startswith(name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("address", ["https://[", "https://a b", "https://a:99999"])
def test_names_a_provider_at_no_address(read, address: str) -> None:
    with pytest.raises(SettingError, match=r"^STRIPE_API_BASE must be a whole address"):
        read(STRIPE_API_KEY="sk_test_abcdefgh", STRIPE_API_BASE=address)
    with pytest.raises(SettingError, match=r"^PAYPAL_API_BASE must be https"):
        read(
            PAYPAL_CLIENT_ID="client-id-1",
            PAYPAL_CLIENT_SECRET="client-secret",
            PAYPAL_API_BASE=address,
        )
