"""Pages behind links in mails: looked at as often as one likes, done once."""

import re

import pytest

from app.domain.accounts import operations
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.letters import write_letter
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.entrypoints.web.conftest import PASSWORD, link_in, words_of
from tests.factories.mails import FACTS, SEALED, make_mail

NEW = "another battery staple"
NEW_EMAIL = "ada@new.example"


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
            # A form's token tells the second in which it was made.
            tokenless = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)
            pages.append(tokenless.replace(email, ""))
        assert pages[0] == pages[1] and "a link is on its way" in pages[0]
        work_off_outbox()
        assert [mail.address for mail in session.query(Mail)] == ["ada@example.com"]

    def test_says_where_the_link_is_without_a_mail_server(self, client) -> None:
        page = words_of(client.post("/forgot", data={"email": "ada@example.com"}).text)
        assert "a browser that is still signed in to the account shows the link" in page
        assert "has to set up a mail server" in page

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
        adas.post("/settings/security/email", data={"email": NEW_EMAIL})
        work_off_outbox()

    @pytest.fixture
    def halves(self, asked) -> tuple[str, str]:
        """The links in the new mailbox and in the old one."""
        old = link_in("release_email", to="ada@example.com", leads="verify")
        return link_in("confirm_email", to=NEW_EMAIL), old

    def test_opening_the_links_changes_nothing(self, client, ada, halves) -> None:
        for link in halves * 2:
            page = client.get(link)
            asked = "Confirm the change of your" if link == halves[1] else "Confirm the new"
            assert page.status_code == 200 and f"<h1>{asked} address</h1>" in page.text
            assert f"It changes once {NEW_EMAIL if link == halves[1] else ada.email}" in page.text
        assert "follow the other link in the mail" in client.get(halves[1]).text
        page = words_of(client.get(halves[0]).text)
        assert "without you nothing changes" in page
        assert session.query(JournalEntry).filter_by(action="email_change_confirmed").count() == 0

    @pytest.mark.parametrize("first", [0, 1])
    def test_takes_the_new_one_once_both_have_confirmed(
        self, adas, ada, client, halves, first: int
    ) -> None:
        answer = client.post(halves[first])
        assert (answer.status_code, answer.location) == (303, "/login")
        other = ada.email if first == 0 else NEW_EMAIL
        assert f"The address changes once {other} has confirmed, too." in client.get("/login").text
        sent = {"email": NEW_EMAIL, "password": PASSWORD}
        assert client.post("/login", data=sent).status_code == 422
        assert client.post(halves[first]).status_code == 404
        assert "It changes at once." in client.get(halves[1 - first]).text
        client.post(halves[1 - first])
        assert f"{NEW_EMAIL} is the account’s mail address now." in client.get("/login").text
        assert client.post("/login", data=sent).status_code == 302
        assert NEW_EMAIL in adas.get("/settings/security").text
        work_off_outbox()
        assert link_in("email_left", to="ada@example.com").startswith("/undo/")

    def test_whoever_has_the_session_alone_gets_no_further(self, adas, ada, halves) -> None:
        """He knows the password, too, and reads the new mailbox; what he lacks is the old one."""
        adas.post(halves[0])
        path = "/settings/security"
        for address, form in (
            (f"{path}/email/old/link", {}),
            (f"{path}/email/new/link", {}),
            (f"{path}/verification", {}),
            (f"{path}/email", {"email": "eve@free.example"}),
            (f"{path}/email/keep", {}),
            (f"{path}/email", {"email": NEW_EMAIL}),
        ):
            adas.post(address, data=form)
        work_off_outbox()
        for kind in ("confirm_email", "verify_email"):
            for mail in session.query(Mail).filter(Mail.kind == kind, Mail.address != ada.email):
                adas.post(link_in(kind, to=mail.address))
        session.expire_all()
        assert session.get_one(Account, "ada").email == "ada@example.com"

    def test_the_link_of_one_end_opens_no_other_door(self, client, ada, halves) -> None:
        undo = link_in("release_email", to="ada@example.com", leads="undo")
        for link in (*halves, undo):
            token = link.rsplit("/", 1)[1]
            for door in {"verify", "undo", "reset"} - {link.split("/")[1]}:
                assert client.post(f"/{door}/{token}", data={"password": NEW}).status_code == 404
        session.expire_all()
        assert session.get_one(Account, "ada").email == "ada@example.com"

    def test_the_old_one_takes_it_back(self, adas, ada, client, halves) -> None:
        for half in halves:
            client.post(half)
        link = link_in("release_email", to="ada@example.com", leads="undo")
        assert "goes back to it" in client.get(link).text
        answer = client.post(link)
        assert answer.status_code == 303 and answer.location.startswith("/reset/")
        assert adas.get("/").status_code == 302
        client.post(answer.location, data={"password": NEW})
        assert operations.check_credentials("ada@example.com", NEW).id == "ada"

    def test_the_old_one_refuses_it(self, ada, client, halves) -> None:
        client.post(halves[0])
        client.post(link_in("release_email", to="ada@example.com", leads="undo"))
        for half in halves:
            assert client.get(half).status_code == client.post(half).status_code == 404

    def test_both_mails_are_kept_where_there_is_no_mail_server(self, adas, halves) -> None:
        page = adas.get("/mails").text
        for subject in ("Confirm your new mail address", "Confirm that your mail address changes"):
            assert subject in page
        mail = session.query(Mail).filter_by(kind="release_email").one()
        assert halves[1] in adas.get(f"/mails/{mail.id}").text

    def test_links_lead_to_our_own_address_whatever_host_was_named(self, app, adas, ada) -> None:
        adas.post(
            "/settings/security/email",
            data={"email": NEW_EMAIL},
            headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
        )
        work_off_outbox()
        settings = app.config["SETTINGS"]
        for mail in session.query(Mail):
            letter = write_letter(mail, ada, settings=settings)
            addresses = re.findall(r"https?://[^/\s\"<]+", letter.text + letter.html)
            assert set(addresses) == {settings.base_url}

    def test_says_who_asked_and_what_to_do(self, app, ada, halves) -> None:
        for kind, words in (
            ("confirm_email", ["without you nothing changes", "ada@example.com", NEW_EMAIL]),
            ("release_email", ["If it was not you", "keep your address", NEW_EMAIL, "127.0.0.1"]),
        ):
            mail = session.query(Mail).filter_by(kind=kind).one()
            letter = write_letter(mail, ada, settings=app.config["SETTINGS"])
            for told in words:
                assert told in letter.text and told in letter.html

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            ({}, "Both addresses have confirmed it."),
            ({"both_confirmed": False}, "the one before was never verified, so it was not asked"),
            (
                {"reason": "He called <b>us</b>."},
                "in place of ada@example.com, for this reason: He",
            ),
        ],
    )
    @pytest.mark.parametrize("kind", ["email_left", "email_changed"])
    def test_says_who_has_confirmed(self, app, ada, kind, told, words) -> None:
        mail = make_mail(ada, kind, facts={**FACTS[kind], **told})
        letter = write_letter(mail, ada, settings=app.config["SETTINGS"])
        assert words in letter.text and words in letter.html and "<b>us" not in letter.html
        assert ("Browser" in letter.text) == ("Browser" in letter.html) == ("reason" not in told)

    def test_mails_of_before_are_still_to_be_read(self, app, ada) -> None:
        for number, kind in enumerate(("confirm_email", "email_changing")):
            mail = make_mail(ada, kind, facts={**SEALED, "new_email": NEW_EMAIL}, about=str(number))
            assert NEW_EMAIL in write_letter(mail, ada, settings=app.config["SETTINGS"]).text
