"""Pages behind links in mails: looked at as often as one likes, done once."""

import pytest

from app.domain.accounts import operations
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.entrypoints.jobs.promises import work_off_outbox
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import PASSWORD, link_in

NEW = "another battery staple"


@pytest.fixture
def forgotten(client, ada) -> str:
    """The link that Ada is sent when she has forgotten her password."""
    client.post("/forgot", data={"email": " ADA@example.com "})
    work_off_outbox()
    return link_in("reset_password", to=ada.email)


class TestForgotten:
    def test_says_the_same_whether_anybody_has_the_address(self, client, ada) -> None:
        pages = []
        for email in ("ada@example.com", "nobody@example.com"):
            answer = client.post("/forgot", data={"email": email})
            assert answer.status_code == 200
            pages.append(answer.text.replace(email, ""))
        assert pages[0] == pages[1] and "a link is on its way" in pages[0]
        work_off_outbox()
        assert [mail.address for mail in session.query(Mail)] == ["ada@example.com"]

    @pytest.mark.parametrize("email", ["", "x" * 300])
    def test_wants_an_address(self, client, email) -> None:
        assert client.post("/forgot", data={"email": email}).status_code == 422

    @pytest.mark.parametrize("email", ["nowhere", "a\0b@example.com", "<script>"])
    def test_takes_whatever_is_typed(self, client, email) -> None:
        answer = client.post("/forgot", data={"email": email})
        assert answer.status_code == 200 and "<script>" not in answer.text
        work_off_outbox()
        assert session.query(Mail).count() == 0

    def test_the_sign_in_leads_there(self, client) -> None:
        assert 'href="/forgot"' in client.get("/login").text


class TestReset:
    def test_sets_the_password_and_leads_to_the_sign_in(self, adas, client, ada, forgotten) -> None:
        assert client.get(forgotten).status_code == client.get(forgotten).status_code == 200
        answer = client.post(forgotten, data={"password": NEW})
        assert (answer.status_code, answer.location) == (303, "/login")
        assert "Your new password holds" in client.get("/login").text
        assert operations.check_credentials(ada.email, NEW).id == "ada"
        assert adas.get("/").status_code == 302
        again = client.post(forgotten, data={"password": NEW})
        assert again.status_code == 404 and "This link no longer works" in again.text

    @pytest.mark.parametrize("password", ["", "short", "qwertyuiop", "ada@example.com"])
    def test_says_at_the_field_why_not(self, client, forgotten, password) -> None:
        answer = client.post(forgotten, data={"password": password})
        assert answer.status_code == 422
        assert 'id="password-errors" class="field-errors" role="alert"' in answer.text
        assert client.get(forgotten).status_code == 200

    @pytest.mark.parametrize("method", ["get", "post"])
    @pytest.mark.parametrize("path", ["/reset/x", "/verify/x", "/undo/x", "/verify/%00"])
    def test_answers_404_for_what_is_none(self, client, method, path) -> None:
        answer = getattr(client, method)(path, data={"password": NEW})
        assert answer.status_code == 404 and "This link no longer works" in answer.text


class TestVerify:
    @pytest.fixture
    def link(self, adas, ada) -> str:
        """The link that verifies Ada's address."""
        with transaction():
            ada.email_verified_at = None
        adas.post("/settings/security/verification")
        return link_in("verify_email", to=ada.email)

    def test_opening_it_changes_nothing(self, client, ada, link) -> None:
        assert "Say that <b>ada@example.com</b> is yours." in client.get(link).text
        assert session.get_one(Account, "ada").email_verified_at is None

    def test_a_button_verifies(self, client, ada, link) -> None:
        answer = client.post(link)
        assert (answer.status_code, answer.location) == (303, "/login")
        assert "ada@example.com is verified." in client.get("/login").text
        assert session.get_one(Account, "ada").email_verified_at is not None
        assert client.post(link).status_code == 404

    def test_leads_whoever_is_signed_in_to_the_page(self, adas, link) -> None:
        assert adas.post(link).location == "/settings/security"
        page = adas.get("/settings/security").text
        assert "ada@example.com is verified." in page and "not verified" not in page


class TestChangeOfAddress:
    @pytest.fixture
    def asked(self, adas, ada) -> None:
        """Ada wants another address."""
        adas.post("/settings/security/email", data={"email": "ada@new.example"})
        work_off_outbox()

    def test_takes_the_new_one(self, adas, ada, client, asked) -> None:
        link = link_in("confirm_email", to="ada@new.example")
        assert "Take the new address" in client.get(link).text
        client.post(link)
        sent = {"email": "ada@new.example", "password": PASSWORD}
        assert client.post("/login", data=sent).status_code == 302
        assert "ada@new.example" in adas.get("/settings/security").text

    def test_the_old_one_takes_it_back(self, adas, ada, client, asked) -> None:
        client.post(link_in("confirm_email", to="ada@new.example"))
        link = link_in("email_changing", to="ada@example.com")
        assert "goes back to it" in client.get(link).text
        answer = client.post(link)
        assert answer.status_code == 303 and answer.location.startswith("/reset/")
        assert adas.get("/").status_code == 302
        client.post(answer.location, data={"password": NEW})
        assert operations.check_credentials("ada@example.com", NEW).id == "ada"
