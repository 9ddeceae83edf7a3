"""Settings: what is read, and the one line that names what is wrong."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from app.config import Settings, read_settings
from app.config.reading import SettingError

SECRET_KEY = "0123456789abcdef0123456789abcdef"
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://billing@db/billing",
    "SECRET_KEY": SECRET_KEY,
    "BASE_URL": "https://billing.example.com",
    "STRIPE_API_KEY": "sk_live_abcdefgh",
    "STRIPE_WEBHOOK_SECRETS": "whsec_abcdefgh",
    "SMTP_URL": "smtp://billing:secret@mail.example.com:587",
    "MAIL_FROM": "Oblivious <billing@example.com>",
}
PRODUCTION_NEEDS = [name for name in PRODUCTION if name != "APP_ENV"]


@pytest.fixture
def read(tmp_path: Path):
    def read(**given: str) -> Settings:
        return read_settings({"INSTANCE_DIR": str(tmp_path), **given})

    return read


class TestReadSettings:
    def test_needs_nothing_in_development(self, read, tmp_path: Path) -> None:
        settings = read()
        assert settings.database_url == f"sqlite:///{tmp_path / 'billing.sqlite3'}"
        assert (settings.port, settings.base_url) == (8000, "http://127.0.0.1:8000")
        assert settings.brand_name == "Oblivious"
        assert (settings.credit_limit_new_minor, settings.credit_limit_minor) == (500, 10_000)
        assert settings.renewal_grace_days == 7
        assert not settings.production
        assert settings.demo

    def test_takes_what_is_set(self, read) -> None:
        settings = read(
            PORT="9000",
            BRAND_NAME="Acme",
            CREDIT_LIMIT_NEW_USD="0",
            CREDIT_LIMIT_USD="2500",
            RENEWAL_GRACE_DAYS="3",
            TRUSTED_PROXIES="2",
            LOG_LEVEL="DEBUG",
            BASE_URL="http://localhost:9000/",
        )
        assert settings.port == 9000
        assert settings.base_url == "http://localhost:9000"
        assert settings.brand_name == "Acme"
        assert (settings.credit_limit_new_minor, settings.credit_limit_minor) == (0, 250_000)
        assert (settings.renewal_grace_days, settings.trusted_proxies) == (3, 2)
        assert settings.logs.level == "DEBUG"

    @pytest.mark.parametrize(
        ("given", "as_json"),
        [
            ({}, False),
            (PRODUCTION, True),
            ({"LOG_FORMAT": "json"}, True),
            ({**PRODUCTION, "LOG_FORMAT": "text"}, False),
        ],
    )
    def test_logs_for_programs_in_production(self, read, given, as_json: bool) -> None:
        assert read(**given).logs.as_json is as_json

    def test_finds_half_a_second_slow(self, read) -> None:
        assert (read().logs.slow_query_ms, read(SLOW_QUERY_MS="20").logs.slow_query_ms) == (500, 20)

    def test_takes_an_empty_setting_as_none(self, read) -> None:
        assert read(PORT="", BRAND_NAME="", LOG_LEVEL="", APP_ENV="") == read()

    def test_cannot_be_changed(self, read) -> None:
        with pytest.raises(FrozenInstanceError):
            read().port = 1

    def test_is_enough_for_production(self, read) -> None:
        settings = read(**PRODUCTION)
        assert settings.production
        assert settings.secure_cookies
        assert settings.secret_key == SECRET_KEY

    @pytest.mark.parametrize(
        ("given", "demo"),
        [
            ({}, True),
            ({"DATABASE_URL": "sqlite:///a.sqlite3"}, False),
            ({"DATABASE_URL": "sqlite:///a.sqlite3", "DEMO": "1"}, True),
        ],
    )
    def test_shows_the_demo_only_where_it_was_asked_for(self, read, given, demo: bool) -> None:
        assert read(**given).demo is demo

    @pytest.mark.parametrize(
        ("base_url", "secure"), [("https://a.example", True), ("http://a.example", False)]
    )
    def test_secures_cookies_where_browsers_come_by_https(
        self, read, base_url: str, secure: bool
    ) -> None:
        assert read(BASE_URL=base_url).secure_cookies is secure

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("APP_ENV", "staging"),
            ("PORT", "0"),
            ("PORT", "65536"),
            ("PORT", "http"),
            ("PORT", "-1"),
            ("PORT", "80.0"),
            ("PORT", "８０"),
            ("DATABASE_URL", "mysql://a/b"),
            ("DATABASE_URL", "billing.sqlite3"),
            ("DATABASE_URL", "postgresql"),
            ("SECRET_KEY", "short"),
            ("BASE_URL", "billing.example.com"),
            ("BASE_URL", "ftp://billing.example.com"),
            ("BASE_URL", "https://"),
            ("BASE_URL", "https://billing.example.com/app"),
            ("CREDIT_LIMIT_NEW_USD", "-5"),
            ("CREDIT_LIMIT_NEW_USD", "5.50"),
            ("CREDIT_LIMIT_USD", "lots"),
            ("RENEWAL_GRACE_DAYS", "0"),
            ("RENEWAL_GRACE_DAYS", "29"),
            ("TRUSTED_PROXIES", "11"),
            ("LOG_LEVEL", "LOUD"),
            ("DEMO", "yes"),
        ],
    )
    def test_names_what_is_wrong_in_one_line(self, read, name: str, value: str) -> None:
        with pytest.raises(SettingError) as refused:
            read(**{name: value})
        assert str(refused.value).startswith(name)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("name", PRODUCTION_NEEDS)
    def test_names_what_production_lacks(self, read, name: str) -> None:
        with pytest.raises(SettingError, match=f"^{name} is missing"):
            read(**{key: value for key, value in PRODUCTION.items() if key != name})

    def test_wants_https_in_production(self, read) -> None:
        with pytest.raises(SettingError, match=r"^BASE_URL must start with https"):
            read(**{**PRODUCTION, "BASE_URL": "http://billing.example.com"})

    def test_never_tells_a_secret(self, read) -> None:
        with pytest.raises(SettingError) as refused:
            read(SECRET_KEY="my secret")
        assert "my secret" not in str(refused.value)


class TestSecretKey:
    def test_is_made_once_and_kept_in_development(self, read, tmp_path: Path) -> None:
        first = read().secret_key
        assert len(first) >= 32
        assert read().secret_key == first
        kept = tmp_path / "secret_key"
        assert kept.stat().st_mode & 0o077 == 0

    def test_is_not_written_down_where_it_is_given(self, read, tmp_path: Path) -> None:
        read(SECRET_KEY=SECRET_KEY)
        assert not (tmp_path / "secret_key").exists()


class TestEnvironment:
    def test_wins_over_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text("PORT=9001\nBRAND_NAME=File\nLOG_LEVEL\n")
        for name in ("LOG_LEVEL", "DATABASE_URL", "APP_ENV"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("BRAND_NAME", "Environment")
        monkeypatch.delenv("PORT", raising=False)
        monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
        settings = read_settings()
        assert (settings.port, settings.brand_name) == (9001, "Environment")


class TestStripe:
    def test_is_the_sandbox_where_no_key_is_given(self, read, tmp_path: Path) -> None:
        settings = read(PORT="9000")
        assert settings.uses_sandbox
        assert settings.stripe_api_key == "sk_test_sandbox"
        assert settings.stripe_api_base == "http://127.0.0.1:9001"
        assert settings.sandbox_port == 9001
        (secret,) = settings.stripe_webhook_secrets
        assert secret.startswith("whsec_") and len(secret) > 40
        assert read(PORT="9000").stripe_webhook_secrets == (secret,)
        assert (tmp_path / "sandbox_webhook_secret").stat().st_mode & 0o777 == 0o600

    def test_has_a_port_beside_the_last_one(self, read) -> None:
        assert read(PORT="65535").sandbox_port == 65534
        assert read(SANDBOX_PORT="7000").stripe_api_base == "http://127.0.0.1:7000"

    def test_is_stripe_itself_with_a_key(self, read) -> None:
        settings = read(STRIPE_API_KEY="sk_test_abc")
        assert not settings.uses_sandbox
        assert settings.stripe_api_base == "https://api.stripe.com"
        assert settings.stripe_webhook_secrets == ()

    def test_takes_several_webhook_secrets(self, read) -> None:
        settings = read(STRIPE_WEBHOOK_SECRETS=" whsec_newnewnew ,whsec_oldoldold,")
        assert settings.stripe_webhook_secrets == ("whsec_newnewnew", "whsec_oldoldold")

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"STRIPE_API_KEY": "pk_test_abc"}, "STRIPE_API_KEY must be a secret"),
            ({"STRIPE_API_KEY": "sk_test_"}, "STRIPE_API_KEY must be a secret"),
            ({"STRIPE_API_KEY": "sk_test_é"}, "STRIPE_API_KEY must be a secret"),
            ({"STRIPE_WEBHOOK_SECRETS": "secret"}, "STRIPE_WEBHOOK_SECRETS must read like whsec_"),
            ({"STRIPE_API_BASE": "https://api.stripe.com"}, "STRIPE_API_KEY is missing"),
            ({"STRIPE_API_KEY": "sk_test_a", "STRIPE_API_BASE": "x"}, "STRIPE_API_BASE must be"),
            (
                {"STRIPE_API_KEY": "sk_test_a", "STRIPE_API_BASE": "http://api.stripe.com"},
                "STRIPE_API_BASE must be",
            ),
            (
                {"STRIPE_API_KEY": "sk_live_a", "STRIPE_API_BASE": "http://127.0.0.1:8001"},
                "STRIPE_API_BASE must be https://api.stripe.com with a live",
            ),
            (
                {"STRIPE_API_KEY": "rk_live_a", "STRIPE_API_BASE": "https://elsewhere.example.com"},
                "STRIPE_API_BASE must be https://api.stripe.com with a live",
            ),
            ({"SANDBOX_PORT": "0"}, "SANDBOX_PORT must be"),
            ({"REDIS_URL": "http://redis"}, "REDIS_URL must start with redis://"),
        ],
    )
    def test_names_what_is_wrong(self, read, given: dict[str, str], told: str) -> None:
        with pytest.raises(SettingError, match=f"^{told}"):
            read(**given)

    @pytest.mark.parametrize(
        "base", ["http://127.0.0.1:8001", "http://localhost", "http://[::1]:1"]
    )
    def test_is_no_sandbox_in_production(self, read, base: str) -> None:
        given = {**PRODUCTION, "STRIPE_API_KEY": "sk_test_abc", "STRIPE_API_BASE": base}
        with pytest.raises(SettingError, match=r"^STRIPE_API_BASE is a sandbox"):
            read(**given)

    def test_never_tells_a_key(self, read) -> None:
        with pytest.raises(SettingError) as refused:
            read(STRIPE_API_KEY="sk_secret")
        assert "sk_secret" not in str(refused.value)


PAYPAL = {"PAYPAL_CLIENT_ID": "client-id-1", "PAYPAL_CLIENT_SECRET": "client-secret-1"}
INTERNAL = {"BASE_URL": "https://billing.internal"}
WEBHOOK = {"PAYPAL_WEBHOOK_ID": "4JH86294D6297924G"}
TEST_KEY, LIVE_KEY = {"STRIPE_API_KEY": "sk_test_abc"}, {"STRIPE_API_KEY": "sk_live_abc"}
LIVE_API, TEST_API = "https://api-m.paypal.com", "https://api-m.sandbox.paypal.com"


class TestPayPal:
    def test_is_the_sandbox_where_no_key_is_given(self, read) -> None:
        settings = read(PORT="9000")
        assert settings.paypal.is_offered and settings.uses_sandbox
        assert settings.paypal.api_base == settings.stripe_api_base == "http://127.0.0.1:9001"
        assert settings.paypal.client_id == settings.paypal.client_secret == "paypal_sandbox"
        assert settings.paypal.webhook_id == "paypal_sandbox"
        assert settings.paypal.verify == "offline"

    def test_may_be_a_sandbox_elsewhere_on_this_machine(self, read) -> None:
        assert read(PAYPAL_API_BASE="http://localhost:7/").paypal.api_base == "http://localhost:7"

    @pytest.mark.parametrize("key", [TEST_KEY, LIVE_KEY, PRODUCTION])
    def test_is_not_offered_beside_a_stripe_of_its_own(self, read, key: dict[str, str]) -> None:
        settings = read(**key)
        assert not settings.paypal.is_offered and not settings.uses_sandbox
        assert settings.paypal.api_base == ""

    @pytest.mark.parametrize(
        ("given", "base"),
        [
            ({}, TEST_API),
            (TEST_KEY, TEST_API),
            (LIVE_KEY, LIVE_API),
            ({**PRODUCTION, **WEBHOOK}, LIVE_API),
            ({**PRODUCTION, **TEST_KEY, **WEBHOOK, **INTERNAL}, TEST_API),
            ({"PAYPAL_API_BASE": "http://127.0.0.1:9001"}, "http://127.0.0.1:9001"),
        ],
    )
    def test_is_paypal_itself_with_a_key(self, read, given: dict[str, str], base: str) -> None:
        settings = read(**PAYPAL, **given)
        assert settings.paypal.is_offered and settings.paypal.api_base == base
        assert settings.paypal.client_id == "client-id-1"

    def test_can_be_asked_about_its_messages(self, read) -> None:
        assert read(PAYPAL_VERIFY="call").paypal.verify == "call"

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"PAYPAL_CLIENT_ID": "client-id-1"}, "PAYPAL_CLIENT_SECRET must be"),
            ({"PAYPAL_CLIENT_SECRET": "client-secret-1"}, "PAYPAL_CLIENT_ID is missing"),
            ({"PAYPAL_API_BASE": LIVE_API}, "PAYPAL_CLIENT_ID is missing: PAYPAL_API_BASE"),
            ({**PAYPAL, "PAYPAL_CLIENT_ID": "née"}, "PAYPAL_CLIENT_ID must be"),
            ({**PAYPAL, "PAYPAL_CLIENT_SECRET": "a b c d e"}, "PAYPAL_CLIENT_SECRET must be"),
            ({**PAYPAL, "PAYPAL_API_BASE": "https://elsewhere.example"}, "PAYPAL_API_BASE must be"),
            ({**PAYPAL, "PAYPAL_API_BASE": "http://api-m.paypal.com"}, "PAYPAL_API_BASE must be"),
            ({**PAYPAL, "PAYPAL_API_BASE": LIVE_API}, "PAYPAL_API_BASE takes real payments"),
            (
                {**PAYPAL, **TEST_KEY, "PAYPAL_API_BASE": LIVE_API},
                "PAYPAL_API_BASE takes real payments, but STRIPE_API_KEY takes none",
            ),
            (
                {**PAYPAL, **LIVE_KEY, "PAYPAL_API_BASE": TEST_API},
                f"PAYPAL_API_BASE must be {LIVE_API} with a live",
            ),
            (
                {**PAYPAL, **LIVE_KEY, "PAYPAL_API_BASE": "http://127.0.0.1:9001"},
                f"PAYPAL_API_BASE must be {LIVE_API} with a live",
            ),
            (
                {**TEST_KEY, "PAYPAL_API_BASE": "http://127.0.0.1:9001"},
                "PAYPAL_API_BASE is a sandbox, but STRIPE_API_KEY",
            ),
            ({**PAYPAL, "PAYPAL_WEBHOOK_ID": "a b"}, "PAYPAL_WEBHOOK_ID must be"),
            ({**PRODUCTION, **PAYPAL}, "PAYPAL_WEBHOOK_ID is missing"),
            (
                {**PRODUCTION, **PAYPAL, **WEBHOOK, "PAYPAL_API_BASE": "http://localhost:1"},
                "PAYPAL_API_BASE is a sandbox: production",
            ),
            ({"PAYPAL_VERIFY": "never"}, "PAYPAL_VERIFY must be one of offline, call"),
        ],
    )
    def test_names_what_is_wrong(self, read, given: dict[str, str], told: str) -> None:
        with pytest.raises(SettingError, match=f"^{told}"):
            read(**given)

    def test_never_tells_a_secret(self, read) -> None:
        with pytest.raises(SettingError) as refused:
            read(PAYPAL_CLIENT_ID="client-id-1", PAYPAL_CLIENT_SECRET="se cret")
        assert "se cret" not in str(refused.value)


def test_programs_that_start_together_keep_one_secret(read) -> None:
    with ThreadPoolExecutor(16) as pool:
        settings = list(pool.map(lambda _: read(), range(16)))
    assert len({each.secret_key for each in settings}) == 1
    assert len({each.stripe_webhook_secrets for each in settings}) == 1


class TestMail:
    def test_is_kept_without_a_server(self, read) -> None:
        settings = read()
        assert settings.keeps_mails
        assert settings.mail_from == ""

    @pytest.mark.parametrize(
        "url", ["smtp://localhost", "smtp://a:b%40c@mail.example.com:25", "smtps://m.example.com/"]
    )
    def test_goes_to_the_server(self, read, url: str) -> None:
        settings = read(SMTP_URL=url, MAIL_FROM="billing@example.com")
        assert not settings.keeps_mails
        assert (settings.smtp_url, settings.mail_from) == (url, "billing@example.com")

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"SMTP_URL": "mail.example.com"}, "SMTP_URL must read like"),
            ({"SMTP_URL": "http://mail.example.com"}, "SMTP_URL must read like"),
            ({"SMTP_URL": "smtp://"}, "SMTP_URL must read like"),
            ({"SMTP_URL": "smtp://a.example:0"}, "SMTP_URL must read like"),
            ({"SMTP_URL": "smtp://a.example:99999"}, "SMTP_URL must read like"),
            ({"SMTP_URL": "smtp://a.example/inbox"}, "SMTP_URL must read like"),
            ({"SMTP_URL": "smtp://user@a.example"}, "SMTP_URL must name both"),
            ({"SMTP_URL": "smtp://a.example"}, "MAIL_FROM is missing"),
            ({"MAIL_FROM": "billing"}, "MAIL_FROM must read like"),
            ({"MAIL_FROM": "a@b.example\nBcc: c@d.example"}, "MAIL_FROM must read like"),
            ({"MAIL_FROM": "A\n <a@b.example>"}, "MAIL_FROM must read like"),
        ],
    )
    def test_names_what_is_wrong(self, read, given: dict[str, str], told: str) -> None:
        with pytest.raises(SettingError, match=f"^{told}"):
            read(**given)

    def test_never_tells_the_password(self, read) -> None:
        with pytest.raises(SettingError) as refused:
            read(SMTP_URL="smtp://user:hush@a.example/inbox")
        assert "hush" not in str(refused.value)
