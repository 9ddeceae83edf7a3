"""Registering, signing in, signing out; and who stays outside."""

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.foundation.database import db, session
from tests.entrypoints.web.conftest import HTMX, PASSWORD
from tests.html_lint import LintingClient

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
        ada.password_hash = None
        session.commit()
        assert adas.get("/").status_code == 302

    def test_ends_when_the_account_is_gone(self, app, client) -> None:
        with client.session_transaction() as planted:
            planted["_user_id"] = "0123456789abcdef:nobody"
        assert client.get("/").status_code == 302

    @pytest.mark.parametrize("remembered", ["", "ada", ":", "x:ada", ":ada"])
    def test_takes_no_other_mark(self, client, ada, remembered) -> None:
        with client.session_transaction() as planted:
            planted["_user_id"] = remembered
        assert client.get("/").status_code == 302


class TestSignOut:
    def test_ends_the_session(self, adas) -> None:
        assert adas.post("/logout").location == "/login"
        assert adas.get("/").status_code == 302

    def test_is_no_link(self, adas) -> None:
        assert adas.get("/logout").status_code == 405
        assert adas.get("/").status_code == 200


class TestOutside:
    @pytest.mark.parametrize(
        "address", ["/", "/usage", "/usage/records", "/usage/export.csv", "/keys"]
    )
    def test_pages_send_visitors_to_the_form(self, client, address) -> None:
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.location == ("/login" if address == "/" else f"/login?next={address}")

    def test_changes_send_visitors_to_the_form_without_their_address(self, client) -> None:
        assert client.post("/keys", data={"name": "x"}).location == "/login"

    def test_fragments_send_the_whole_page_to_the_form(self, client) -> None:
        page = {"HX-Current-URL": "http://localhost/usage?range=7d"}
        answer = client.get("/usage", headers={**HTMX, **page})
        assert answer.status_code == 401 and answer.text == ""
        assert answer.headers["HX-Redirect"] == "/login?next=/usage?range%3D7d"


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

    @pytest.mark.parametrize("address", ["/login", "/register", "/logout", "/keys"])
    def test_refuses_forms_without_a_token(self, guarded, address) -> None:
        answer = guarded.post(address, data={"email": "ada@example.com", "password": PASSWORD})
        assert answer.status_code == 400
        assert "This form has expired" in answer.text

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


def test_the_cookie_is_out_of_reach(adas, client) -> None:
    header = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in header and "SameSite=Lax" in header


def test_the_cookie_travels_by_https_alone_where_there_is_https(settings, app) -> None:
    secure = create_app(
        settings.__class__(**{**fields_of(settings), "base_url": "https://billing.example"}),
        TESTING=True,
    )
    header = secure.test_client().get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert header.startswith("__Host-session=") and "Secure" in header


def fields_of(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
