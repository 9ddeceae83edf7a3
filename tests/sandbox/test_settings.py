"""Settings of the sandbox: this machine only, and webhooks only with a secret."""

from pathlib import Path

import pytest

from app.sandbox.settings import SandboxSettingError, SandboxSettings, read_sandbox_settings

WEBHOOK = {
    "SANDBOX_WEBHOOK_URL": "http://127.0.0.1:8000/webhooks/stripe",
    "SANDBOX_WEBHOOK_SECRET": "whsec_long_enough",
}


def test_stands_beside_the_app(tmp_path: Path) -> None:
    settings = read_sandbox_settings({"INSTANCE_DIR": str(tmp_path), "PORT": "9000"})
    assert settings == SandboxSettings(database=tmp_path / "sandbox.sqlite3", port=9001)
    assert settings.host == "127.0.0.1" and settings.webhook_url == ""


def test_takes_what_is_said() -> None:
    given = {"SANDBOX_PORT": "7000", "BRAND_NAME": "Acme", "SANDBOX_HOST": "::1", **WEBHOOK}
    settings = read_sandbox_settings(given)
    assert (settings.port, settings.merchant_name, settings.host) == (7000, "Acme", "::1")
    assert settings.webhook_url == WEBHOOK["SANDBOX_WEBHOOK_URL"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"SANDBOX_HOST": "0.0.0.0"}, "SANDBOX_HOST"),
        ({"SANDBOX_HOST": "::"}, "SANDBOX_HOST"),
        ({"SANDBOX_HOST": "192.168.1.5"}, "SANDBOX_HOST"),
        ({"SANDBOX_HOST": "example.com"}, "SANDBOX_HOST"),
        ({"SANDBOX_PORT": "0"}, "SANDBOX_PORT"),
        ({"SANDBOX_PORT": "65536"}, "SANDBOX_PORT"),
        ({"SANDBOX_PORT": "http"}, "SANDBOX_PORT"),
        ({"PORT": "65535"}, "SANDBOX_PORT"),
        ({"PORT": "-1"}, "PORT"),
        ({**WEBHOOK, "SANDBOX_WEBHOOK_SECRET": ""}, "SANDBOX_WEBHOOK_SECRET"),
        ({**WEBHOOK, "SANDBOX_WEBHOOK_SECRET": "short"}, "SANDBOX_WEBHOOK_SECRET"),
        ({**WEBHOOK, "SANDBOX_WEBHOOK_URL": "127.0.0.1:8000/webhooks"}, "SANDBOX_WEBHOOK_URL"),
        ({**WEBHOOK, "SANDBOX_WEBHOOK_URL": "file:///etc/passwd"}, "SANDBOX_WEBHOOK_URL"),
        ({**WEBHOOK, "SANDBOX_WEBHOOK_URL": "http://["}, "SANDBOX_WEBHOOK_URL"),
    ],
)
def test_names_the_setting_that_is_wrong(changes: dict[str, str], name: str) -> None:
    with pytest.raises(SandboxSettingError, match=name):
        read_sandbox_settings(changes)
