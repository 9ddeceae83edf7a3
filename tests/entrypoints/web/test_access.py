"""Registering, signing in, signing out; and who stays outside."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.accounts import operations, sessions
from app.domain.accounts.access_models import SignInSession
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation import clock
from app.foundation.database import db, session, transaction
from app.foundation.journal import JournalEntry
from tests.entrypoints.web.conftest import HTMX, PASSWORD, link_in
from tests.html_lint import LintingClient
from tests.statements import statements

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
WRONG = "Mail address or password is wrong."


def register(client: FlaskClient, **changes: str):
    given = {"email": "new@example.com", "password": PASSWORD, "timezone": "Europe/Berlin"}
    return client.post("/register", data={**given, **changes})


def cookie_of(client: FlaskClient) -> str | None:
    cookie = client.get_cookie("session")
    return cookie.value if cookie else None


class TestRegister:
    def test_opens_an_account_that_is_signed_in(self, client) -> None:
        answer = register(client)
        assert (answer.status_code, answer.location) == (302, "/")
        page = client.get("/")
        assert page.status_code == 200 and "new@example.com" in page.text
        account = session.query(Account).filter_by(email="new@example.com").one()
        assert account.timezone == "Europe/Berlin"

    def test_asks_the_address_to_verify_itself_and_keeps_nothing_back(self, client) -> None:
        register(client)
        mail = session.query(Mail).one()
        assert (mail.kind, mail.address) == ("verify_email", "new@example.com")
        page = client.get("/")
        assert "Is new@example.com yours?" in page.text
        assert client.post("/keys", data={"name": "x"}).status_code == 200
        client.post(link_in("verify_email", to="new@example.com"))
        assert "Is new@example.com yours?" not in client.get("/").text

    def test_starts_in_utc_without_scripts(self, client) -> None:
        assert '<option selected value="UTC">' in client.get("/register").text

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("email", "", "Enter your mail address."),
            ("email", "nobody", "This is not a mail address"),
            ("email", "a\0b@example.com", "This is not a mail address"),
            ("email", "ADA@example.com", "There is an account with this mail address already."),
            ("password", "", "Choose a password."),
            ("password", "7 chars", "A password has at least 8 characters."),
            ("password", "football", "This password is among the first that are tried."),
            ("password", "new@example.com", "This password is too much like your mail address."),
            ("password", "x" * 1025, "A password has at most 1024 characters."),
            ("timezone", "Mars/Olympus", "There is no time zone called"),
            ("timezone", "../etc/passwd", "There is no time zone called"),
        ],
    )
    def test_says_at_the_field_why_not(self, client, ada, field, value, words) -> None:
        answer = register(client, **{field: value})
        assert answer.status_code == 422
        errors = answer.text.split(f'id="{field}-errors"')[1].split("</p>")[0]
        assert words in errors.replace("&#39;", "'")
        assert session.query(Account).count() == 1

    def test_keeps_what_was_typed_but_not_the_password(self, client) -> None:
        answer = register(client, email="new@example.com", password="short-1")
        assert 'value="new@example.com"' in answer.text
        assert "short-1" not in answer.text


class TestSignIn:
    def test_begins_a_session(self, adas) -> None:
        assert adas.get("/").status_code == 200

    def test_says_the_same_for_a_wrong_password_and_an_unknown_address(self, client, ada) -> None:
        answers = [
            client.post("/login", data={"email": email, "password": "not this one"})
            for email in ("ada@example.com", "nobody@example.com")
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        for answer in answers:
            assert answer.text.count(WRONG) == 1
        assert client.get("/").status_code == 302

    def test_failures_stand_in_the_journal(self, client, ada) -> None:
        for email in ("ada@example.com", "nobody@example.com"):
            client.post("/login", data={"email": email, "password": "not this one"})
        failed = session.query(JournalEntry).filter_by(action="sign_in_failed")
        assert [entry.user_id for entry in failed.order_by(JournalEntry.id)] == ["ada", None]

    def test_takes_as_many_statements_for_an_address_that_nobody_has(self, client, ada) -> None:
        counts = []
        for email in ("ada@example.com", "nobody@example.com"):
            with statements() as sent:
                client.post("/login", data={"email": email, "password": "not this one"})
            counts.append(len(sent))
        assert counts[0] == counts[1]

    @pytest.mark.parametrize("field", ["email", "password"])
    def test_wants_both(self, client, field) -> None:
        sent = {"email": "ada@example.com", "password": "x", field: ""}
        assert client.post("/login", data=sent).status_code == 422

    @pytest.mark.parametrize(
        "sent", [{"email": "a\0", "password": "x"}, {"email": "x" * 5000, "password": "x"}, {}]
    )
    def test_refuses_what_no_database_holds(self, client, sent) -> None:
        assert client.post("/login", data=sent).status_code == 422

    def test_the_address_may_be_written_in_any_case(self, client, ada) -> None:
        sent = {"email": " ADA@Example.com ", "password": PASSWORD}
        assert client.post("/login", data=sent).status_code == 302

    def test_leaves_nothing_of_the_session_before(self, app, ada) -> None:
        client = app.test_client()
        with client.session_transaction() as before:
            before["planted"] = "by a stranger"
        client.post("/login", data={"email": ada.email, "password": PASSWORD})
        with client.session_transaction() as after:
            assert "planted" not in after and "_user_id" in after

    def test_goes_where_the_visitor_wanted(self, client, ada) -> None:
        sent_away = client.get("/usage?range=7d&metric=tokens")
        assert sent_away.status_code == 302
        answer = client.post(sent_away.location, data={"email": ada.email, "password": PASSWORD})
        assert answer.location == "/usage?range=7d&metric=tokens"

    @pytest.mark.parametrize(
        "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
    )
    def test_never_goes_elsewhere(self, client, ada, elsewhere) -> None:
        answer = client.post(
            "/login",
            query_string={"next": elsewhere},
            data={"email": ada.email, "password": PASSWORD},
        )
        assert answer.location == "/"

    def test_is_not_asked_again(self, adas) -> None:
        assert adas.get("/login").location == "/"
        assert adas.get("/register?next=/keys").location == "/keys"

    def test_ends_everywhere_when_the_password_changes(self, adas, ada) -> None:
        with transaction():
            operations.set_password(ada, "another battery staple", now=clock.now())
        assert adas.get("/").status_code == 302

    @pytest.mark.parametrize("remembered", ["", "ada", "x" * 43, "\ud800", "0123456789abcdef:ada"])
    def test_takes_no_token_that_was_not_given(self, client, ada, remembered) -> None:
        with client.session_transaction() as planted:
            planted["_user_id"] = remembered
        assert client.get("/").status_code == 302

    def test_takes_another_token_each_time(self, app, ada, adas) -> None:
        before = token_of(adas)
        again = {"email": ada.email, "password": PASSWORD}
        assert adas.post("/login", data=again).status_code == 302
        assert token_of(adas) != before
        # The browser that signs in anew does not leave a session behind.
        stranger = app.test_client()
        with stranger.session_transaction() as planted:
            planted["_user_id"] = before
        assert stranger.get("/").status_code == 302

    def test_ends_at_once_when_it_is_ended_elsewhere(self, adas, ada) -> None:
        with transaction():
            sessions.end_all(ada, now=clock.now())
        assert adas.get("/").status_code == 302

    def test_keeps_no_token_in_the_database(self, adas) -> None:
        row = session.query(SignInSession).one()
        assert token_of(adas) not in (row.digest, row.device, row.address)

    def test_knows_the_browser_and_the_address(self, app, ada) -> None:
        browser = app.test_client()
        browser.post(
            "/login", data={"email": ada.email, "password": PASSWORD}, headers=FIREFOX,
            environ_base={"REMOTE_ADDR": "203.0.113.7"},
        )  # fmt: skip
        row = session.query(SignInSession).one()
        assert (row.device, row.address) == ("Firefox on Linux", "203.0.113.7")

    def test_tells_of_a_browser_that_is_new(self, app, ada) -> None:
        sent = {"email": ada.email, "password": PASSWORD}
        first, second = app.test_client(), app.test_client()
        for browser in (first, second, first, second):
            browser.post("/login", data=sent, headers=FIREFOX)
            browser.post("/logout")
        told = session.query(Mail).filter_by(kind="new_device").one()
        assert (told.address, told.facts["device"]["text"]) == (ada.email, "Firefox on Linux")


class TestUse:
    """The store notes when a session was used, at most once a minute."""

    def later(self, browser, monkeypatch, after: timedelta):
        now = clock.now() + after
        with monkeypatch.context() as patched:
            patched.setattr(clock, "now", lambda: now)
            answer = browser.get("/keys", environ_base={"REMOTE_ADDR": "198.51.100.9"})
        row = session.query(SignInSession).one()
        return answer.status_code, row.last_seen_at == now, row.address

    def test_is_noted_after_a_minute(self, adas, monkeypatch) -> None:
        assert self.later(adas, monkeypatch, timedelta(seconds=50)) == (200, False, "127.0.0.1")
        assert self.later(adas, monkeypatch, timedelta(minutes=1)) == (200, True, "198.51.100.9")

    def test_puts_the_idle_end_off_but_not_the_last(self, adas, monkeypatch) -> None:
        for days in range(13, 90, 13):
            assert self.later(adas, monkeypatch, timedelta(days=days))[0] == 200
        assert self.later(adas, monkeypatch, timedelta(days=90))[0] == 302

    def test_left_alone_it_ends(self, adas, monkeypatch) -> None:
        assert self.later(adas, monkeypatch, timedelta(days=14))[0] == 302


class TestSignOut:
    def test_ends_the_session(self, adas) -> None:
        assert adas.post("/logout").location == "/login"
        assert adas.get("/").status_code == 302

    def test_ends_it_in_the_store(self, app, adas) -> None:
        token = token_of(adas)
        adas.post("/logout")
        with adas.session_transaction() as planted:
            planted["_user_id"] = token
        assert adas.get("/").status_code == 302

    def test_does_no_harm_to_visitors(self, client) -> None:
        assert client.post("/logout").location == "/login"

    def test_is_no_link(self, adas) -> None:
        assert adas.get("/logout").location == "/"
        assert adas.get("/").status_code == 200


class TestOutside:
    @pytest.mark.parametrize(
        "address", ["/", "/usage", "/usage/records", "/usage/export.csv", "/keys"]
    )
    def test_pages_send_visitors_to_the_form(self, client, address) -> None:
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.location == ("/login" if address == "/" else f"/login?next={address}")

    def test_changes_send_visitors_to_the_form_and_then_to_their_page(self, client) -> None:
        assert client.post("/keys", data={"name": "x"}).location == "/login?next=/keys"

    def test_fragments_send_the_whole_page_to_the_form(self, client) -> None:
        page = {"HX-Current-URL": "http://localhost/usage?range=7d"}
        answer = client.get("/usage", headers={**HTMX, **page})
        assert answer.status_code == 401 and answer.text == ""
        assert answer.headers["HX-Redirect"] == "/login?next=/usage?range%3D7d"

    @pytest.mark.parametrize("page", ["http://[", "//[x", "http://a:x/usage"])
    def test_fragments_of_no_page_lead_to_the_form_alone(self, client, page: str) -> None:
        answer = client.get("/usage", headers={**HTMX, "HX-Current-URL": page})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


class TestForgery:
    """One app with form tokens on; all others have them off."""

    @pytest.fixture
    def guarded(self, settings: Settings, ada: Account):
        session.commit()
        app = create_app(settings, TESTING=True)
        app.test_client_class = LintingClient
        yield app.test_client()
        with app.app_context():
            db.engine.dispose()

    @pytest.mark.parametrize("address", ["/login", "/register", "/language"])
    def test_refuses_forms_without_a_token(self, guarded, address) -> None:
        answer = guarded.post(address, data={"email": "ada@example.com", "password": PASSWORD})
        assert answer.status_code == 400
        assert "This form has expired" in answer.text

    @pytest.mark.parametrize(
        ("address", "page"),
        [
            ("/alerts", "/alerts"),
            ("/keys", "/keys"),
            ("/coupons", "/coupons"),
            ("/tokens/buy", "/tokens"),
            ("/settings/security/sessions/end-all", "/settings/security"),
            ("/tokens/finish/inv-1?kind=usage", "/tokens/finish/inv-1?kind%3Dusage"),
            ("/operator/customers/ada/suspend", "/operator/customers/ada/suspend"),
        ],
    )
    def test_leads_whose_session_is_gone_to_the_form_and_back(self, guarded, address, page) -> None:
        # What the browser still shows was made for a session that it no longer has.
        for sent in ({}, {"csrf_token": "of another session"}):
            answer = guarded.post(address, data=sent)
            assert (answer.status_code, answer.location) == (303, f"/login?next={page}")
        shown = {"HX-Current-URL": "http://localhost/invoices?page=2"}
        answer = guarded.post(address, headers={**HTMX, **shown})
        assert answer.status_code == 401
        assert answer.headers["HX-Redirect"] == "/login?next=/invoices?page%3D2"

    def test_has_signed_out_whose_session_is_gone(self, guarded) -> None:
        assert guarded.post("/logout").location == "/login"
        assert "nothing was saved" not in guarded.get("/login").text

    @pytest.mark.parametrize(
        "shown", ["http://localhost//evil.example/", "https://evil.example", "/\\evil", ""]
    )
    def test_leads_nobody_to_another_site(self, guarded, shown) -> None:
        answer = guarded.post("/alerts", headers={**HTMX, "HX-Current-URL": shown})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")

    @pytest.mark.parametrize(
        "foreign", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
    )
    def test_refuses_what_another_site_sends_session_or_not(self, guarded, foreign) -> None:
        answer = guarded.post("/alerts", headers=foreign)
        assert answer.status_code == 400 and "This form has expired" in answer.text

    def test_takes_the_token_of_the_page(self, guarded) -> None:
        token = token_in(guarded.get("/login").text)
        sent = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
        assert guarded.post("/login", data=sent).status_code == 302
        # The token of before the sign-in is worth nothing after it.
        assert guarded.post("/keys", data={"name": "x", "csrf_token": token}).status_code == 400

    def test_takes_the_token_of_htmx(self, guarded) -> None:
        token = token_in(guarded.get("/login").text)
        sent = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
        guarded.post("/login", data=sent)
        token = token_in(guarded.get("/keys").text)
        headers = {**HTMX, "X-CSRFToken": token}
        assert guarded.post("/keys", data={"name": "x"}, headers=headers).status_code == 200


def token_in(html: str) -> str:
    return html.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


def token_of(browser: FlaskClient) -> str:
    with browser.session_transaction() as kept:
        return kept["_user_id"]


def test_the_cookies_are_out_of_reach(client, ada) -> None:
    headers = [*client.get("/login").headers.getlist("Set-Cookie")]
    answer = client.post("/login", data={"email": ada.email, "password": PASSWORD})
    headers += answer.headers.getlist("Set-Cookie")
    assert [header.partition("=")[0] for header in headers] == ["session", "device", "session"]
    for header in headers:
        assert "HttpOnly" in header and "SameSite=Lax" in header


def test_the_cookies_last_as_long_as_they_are_good(client, ada) -> None:
    client.post("/login", data={"email": ada.email, "password": PASSWORD})
    assert client.get_cookie("session").max_age is None
    assert client.get_cookie("session").expires > clock.now() + timedelta(days=89)
    assert client.get_cookie("device").max_age == 31_536_000


def test_the_cookies_travel_by_https_alone_where_there_is_https(settings, app, ada) -> None:
    secure = create_app(
        settings.__class__(**{**fields_of(settings), "base_url": "https://billing.example"}),
        TESTING=True,
        WTF_CSRF_ENABLED=False,
    )
    browser = secure.test_client()
    header = browser.get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert header.startswith("__Host-session=") and "Secure" in header
    answer = browser.post(
        "/login", base_url="https://localhost", data={"email": ada.email, "password": PASSWORD}
    )
    device, held = answer.headers.getlist("Set-Cookie")
    assert device.startswith("__Host-device=") and held.startswith("__Host-session=")
    with secure.app_context():
        db.engine.dispose()
    for header in (device, held):
        assert "Secure;" in header and "Path=/" in header and "Domain" not in header


def fields_of(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
