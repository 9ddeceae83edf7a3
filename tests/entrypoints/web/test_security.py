"""The page that keeps an account safe: address, password, sessions, and what happened."""

import re
from datetime import timedelta

import pytest

from app.domain.accounts import email_changes, operations, passwords, sessions
from app.domain.accounts.access_models import MailToken, SignInSession
from app.domain.accounts.email_changes import End
from app.domain.mails.models import Mail
from app.entrypoints.web import security
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.change_second_factor import remove_factor
from tests.entrypoints.web.conftest import (
    PASSWORD,
    let_the_password_age,
    signed_in,
    words_of,
)
from tests.factories.factors import make_factor
from tests.statements import statements
from tests.threads import in_parallel

PAGE = "/settings/security"
NEW = "another battery staple"
STATEMENTS_MAX = 10


def error_at(page: str, field: str) -> str:
    return page.split(f'id="{field}-errors"')[1].split("</p>", maxsplit=1)[0]


class TestPage:
    def test_wants_a_session(self, client) -> None:
        assert client.get(PAGE).location == f"/login?next={PAGE}"

    def test_takes_few_statements(self, adas) -> None:
        with statements() as sent:
            assert adas.get(PAGE).status_code == 200
        assert len(sent) <= STATEMENTS_MAX, sent

    @pytest.mark.parametrize(
        ("page", "parts"),
        [
            ("/settings", ["page", "page"]),
            (PAGE, ["true", "page"]),
            (f"{PAGE}/journal", ["true"]),
            ("/settings/data", ["true", "page"]),
        ],
    )
    def test_is_marked_as_a_part_of_the_settings(self, adas, page, parts) -> None:
        # Both in the side bar and behind "More" on phones.
        marked = re.findall(r'aria-current="(\w+)"', adas.get(page).text)
        assert marked == [parts[0], *parts]

    def test_is_still_marked_when_a_form_comes_back(self, adas) -> None:
        answer = adas.post(f"{PAGE}/password", data={"old_password": "x", "password": NEW})
        assert answer.status_code == 422
        assert f'href="{PAGE}" aria-current="page"' in answer.text

    def test_shows_nothing_of_bens(self, adas, bens) -> None:
        assert "ben" not in adas.get(PAGE).text.lower()


class TestPassword:
    def test_changes_it_and_stays_signed_in_here_alone(self, app, adas, ada) -> None:
        elsewhere = signed_in(app, ada)
        answer = adas.post(f"{PAGE}/password", data={"old_password": PASSWORD, "password": NEW})
        assert (answer.status_code, answer.location) == (303, PAGE)
        assert "Your password is changed" in adas.get(PAGE).text
        assert elsewhere.get("/").status_code == 302
        assert operations.check_credentials("ada@example.com", NEW).id == "ada"

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("old_password", "not this one", "This is not your password."),
            ("old_password", "", "Enter your current password."),
            ("password", "short", "A password has at least 8 characters."),
            ("password", "qwertyuiop", "among the first that are tried"),
            ("password", "", "Choose a password."),
        ],
    )
    def test_says_at_the_field_why_not(self, adas, field, typed, words) -> None:
        sent = {"old_password": PASSWORD, "password": NEW, field: typed}
        answer = adas.post(f"{PAGE}/password", data=sent)
        assert answer.status_code == 422 and words in error_at(answer.text, field)
        assert operations.check_credentials("ada@example.com", PASSWORD).id == "ada"

    @pytest.mark.parametrize("path", [f"{PAGE}/password", "/confirm-password"])
    def test_is_not_changed_by_one_that_was_exchanged_meanwhile(
        self, app, adas, ada, monkeypatch, path
    ) -> None:
        real = passwords.matches

        def exchange() -> None:
            # In this very session, whose cookie somebody else has, too.
            with transaction():
                mine = operations.lock_in_use("ada")
                mine.password_hash = passwords.hash_password("an entirely other one")

        def matches(password: str, stored: str | None) -> bool:
            in_parallel(app, [exchange])
            return real(password, stored)

        token = session.query(SignInSession).one().digest
        monkeypatch.setattr(passwords, "matches", matches)
        sent = {"old_password": PASSWORD, "password": PASSWORD}
        sent |= {"password": NEW} if path.startswith(PAGE) else {}
        answer = adas.post(path, data=sent)
        assert answer.status_code == 422 and "This is not your password." in answer.text
        monkeypatch.undo()
        assert operations.check_credentials("ada@example.com", "an entirely other one").id == "ada"
        assert session.query(SignInSession).one().digest == token


class TestEmail:
    def test_asks_the_new_address_to_confirm(self, adas, ada) -> None:
        answer = adas.post(f"{PAGE}/email", data={"email": "Ada@New.example"})
        assert (answer.status_code, answer.location) == (303, PAGE)
        page = words_of(adas.get(PAGE).text)
        assert "We sent a link to ada@new.example, and one to ada@example.com." in page
        assert "New address ada@new.example has to confirm" in page
        assert "Address so far ada@example.com has to confirm" in page

    @pytest.mark.parametrize(
        ("email", "words"),
        [
            ("", "Enter the new address."),
            ("nowhere", "This is not a mail address"),
            ("ada@example.com", "This is your mail address already."),
        ],
    )
    def test_says_at_the_field_why_not_this_address(self, adas, email, words) -> None:
        answer = adas.post(f"{PAGE}/email", data={"email": email})
        assert answer.status_code == 422 and words in error_at(answer.text, "email")

    def test_says_the_same_of_an_address_that_somebody_has(self, app, adas, ben, pia) -> None:
        pages = []
        for browser, email in (
            (adas, "ben@example.com"),
            (signed_in(app, pia), "eve@free.example"),
        ):
            answer = browser.post(f"{PAGE}/email", data={"email": email})
            assert (answer.status_code, answer.location) == (303, PAGE)
            shown = words_of(browser.get(PAGE).text)
            pages.append([email in shown, f"We sent a link to {email}, and one" in shown])
            assert f"{email} has to confirm" in shown
        assert pages == [[True, True]] * 2

    def test_asks_for_five_in_an_hour(self, adas) -> None:
        sent = [
            adas.post(f"{PAGE}/email", data={"email": f"new-{n}@free.example"}) for n in range(6)
        ]
        assert [answer.status_code for answer in sent] == [303, *[422] * 4, 429]
        assert "You have asked for other addresses often." in sent[-1].text

    def test_asks_for_the_password_if_that_was_long_ago(self, adas, ada) -> None:
        let_the_password_age(ada)
        asked = adas.post(f"{PAGE}/email", data={"email": "ada@new.example"})
        assert asked.location.startswith("/confirm-password?next=")
        assert session.query(Mail).count() == 0
        back = adas.post(asked.location, data={"password": PASSWORD})
        assert 'value="ada@new.example"' in adas.get(back.location).text

    def test_shows_which_end_has_confirmed_and_sends_to_the_other_again(self, adas, ada) -> None:
        adas.post(f"{PAGE}/email", data={"email": "ada@new.example"})
        with transaction():
            change = email_changes.pending(ada, now=clock.now())
            email_changes.confirm(ada, change, End.NEW, now=clock.now())
        page = adas.get(PAGE).text
        assert "New address ada@new.example confirmed" in words_of(page)
        assert 'aria-label="Send the link to ada@example.com again"' in page
        assert "email/new/link" not in page
        for end, words in (
            ("old", "less than a minute ago"),
            ("new", "No change of the mail address waits for this."),
        ):
            assert adas.post(f"{PAGE}/email/{end}/link").location == PAGE
            assert words in adas.get(PAGE).text
        with transaction():
            session.query(MailToken).update({"created_at": clock.now() - timedelta(minutes=1)})
        adas.post(f"{PAGE}/email/old/link")
        assert "We sent a link to ada@example.com." in adas.get(PAGE).text
        assert adas.post(f"{PAGE}/email/both/link").status_code == 404

    def test_sends_again_ten_times_an_hour(self, adas, ada) -> None:
        sent = [adas.post(f"{PAGE}/email/new/link").status_code for _ in range(11)]
        assert sent == [303] * 10 + [429]

    def test_says_that_an_address_never_verified_is_not_asked(self, adas, ada) -> None:
        with transaction():
            ada.email_verified_at = None
        assert "the old one is told, and can undo it" in adas.get(PAGE).text
        adas.post(f"{PAGE}/email", data={"email": "ada@new.example"})
        page = words_of(adas.get(PAGE).text)
        assert "The address changes once you confirm it there." in page
        assert "Address so far ada@example.com not asked" in page
        assert "The new mailbox has until" in page and "old mailbox" not in page

    def test_takes_the_change_back(self, adas, bens, ada) -> None:
        adas.post(f"{PAGE}/email", data={"email": "ada@new.example"})
        bens.post(f"{PAGE}/email/keep")
        assert "Take the change back" in adas.get(PAGE).text
        for words in ("Your mail address stays as it is.", "No change of the mail address waits"):
            assert adas.post(f"{PAGE}/email/keep").location == PAGE
            page = adas.get(PAGE).text
            assert words in page and "Take the change back" not in page

    def test_another_password_takes_the_change_back(self, adas, ada) -> None:
        adas.post(f"{PAGE}/email", data={"email": "ada@new.example"})
        adas.post(f"{PAGE}/password", data={"old_password": PASSWORD, "password": NEW})
        page = adas.get(PAGE).text
        assert "Take the change back" not in page and "Change of mail address taken back" in page

    def test_says_whether_it_is_verified_and_sends_again(self, adas, ada) -> None:
        assert "Send the link again" not in adas.get(PAGE).text
        with transaction():
            ada.email_verified_at = None
        assert "Send the link again" in adas.get(PAGE).text
        for words in ("We sent you a link", "less than a minute ago"):
            adas.post(f"{PAGE}/verification")
            page = adas.get(PAGE).text
            assert words.replace("you a link", "a link to ada@example.com") in page
        assert session.query(Mail).count() == 1


class TestSessions:
    def test_lists_them_and_marks_this_one(self, app, adas, ada) -> None:
        phone = app.test_client()
        phone.post(
            "/login", data={"email": ada.email, "password": PASSWORD},
            headers={"User-Agent": "Mozilla/5.0 (iPhone) CriOS/142.0"},
            environ_base={"REMOTE_ADDR": "203.0.113.7"},
        )  # fmt: skip
        table = adas.get(PAGE).text.split('id="sessions-title"')[1].split("</table>")[0]
        rows = [words_of(row) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:]]
        assert len(rows) == 2
        assert [("this one" in row, "Chrome on iPhone" in row) for row in rows] == [
            (False, True),
            (True, False),
        ]
        assert "203.0.113.7" in rows[0] and "127.0.0.1" in rows[1]

    def test_ends_one(self, app, adas, ada) -> None:
        elsewhere = signed_in(app, ada)
        there = session.query(SignInSession).order_by(SignInSession.id.desc()).first()
        assert adas.post(f"{PAGE}/sessions/{there.id}/end").location == PAGE
        assert elsewhere.get("/").status_code == 302
        page = adas.get(PAGE).text
        assert "is signed out." in page and "Session ended by hand" in page

    def test_ending_this_one_signs_out(self, adas) -> None:
        here = session.query(SignInSession).one()
        assert adas.post(f"{PAGE}/sessions/{here.id}/end").location == "/login"
        assert adas.get("/").status_code == 302

    def test_bens_hand_does_not_reach_adas(self, adas, bens, ada) -> None:
        hers = session.query(SignInSession).filter_by(user_id="ada").one()
        assert bens.post(f"{PAGE}/sessions/{hers.id}/end").status_code == 404
        assert adas.get("/").status_code == 200

    @pytest.mark.parametrize("number", ["0", "999", str(2**63), "x", "-1"])
    def test_answers_404_for_what_is_not_there(self, adas, number) -> None:
        assert adas.post(f"{PAGE}/sessions/{number}/end").status_code == 404

    def test_lists_them_page_by_page(self, app, adas, ada, monkeypatch) -> None:
        monkeypatch.setattr(security, "SESSIONS_SHOWN", 1)
        signed_in(app, ada)
        first, second = adas.get(PAGE).text, adas.get(f"{PAGE}?page=2").text
        assert ("this one</span>" in first) is not ("this one</span>" in second)
        assert f'hx-get="{PAGE}?page=2"' in first and "Page 2 of 2" in second
        assert "There are not that many" in adas.get(f"{PAGE}?page=3").text

    def test_asks_before_it_ends_several(self, app, adas, ada) -> None:
        alone = adas.get(PAGE).text
        signed_in(app, ada)
        both = adas.get(PAGE).text
        for page, asked in ((alone, {"end-all"}), (both, {"end-all", "end-others"})):
            assert set(re.findall(r'<div id="([\w-]+)" class="dialog" popover', page)) == asked
            for name in asked:
                (question,) = re.findall(rf'<div id="{name}".*?</form>', page, re.DOTALL)
                # Whoever only presses Enter, or Escape, stays signed in.
                assert re.search(r'<button type="button"[^>]* autofocus>Stay signed in<', question)
                assert f'action="{PAGE}/sessions/{name}"' in question
                # There is no other form that leads there.
                assert page.count(f'action="{PAGE}/sessions/{name}"') == 1
        assert "One other browser has to sign in again" in words_of(both)

    @pytest.mark.parametrize(("path", "left"), [("end-others", 1), ("end-all", 0)])
    def test_ends_all(self, app, adas, ada, path, left) -> None:
        elsewhere = signed_in(app, ada)
        assert adas.post(f"{PAGE}/sessions/{path}").location == (PAGE if left else "/login")
        assert elsewhere.get("/").status_code == 302
        assert len(sessions.open_sessions(ada, now=clock.now())) == left

    def test_ends_none_of_bens(self, adas, bens) -> None:
        adas.post(f"{PAGE}/sessions/end-all")
        assert bens.get("/").status_code == 200


class TestEvents:
    def test_tells_what_happened_latest_first(self, adas, client, ada) -> None:
        client.post("/login", data={"email": ada.email, "password": "not this one"})
        page = adas.get(PAGE).text.split('id="events-title"')[1]
        assert page.index("Sign-in failed") < page.index("Signed in")
        assert "look at it" in page

    def test_tells_what_was_done_by_us(self, adas, ada) -> None:
        make_factor(ada, now=clock.now())
        with transaction():
            remove_factor(ada, reason="Called back", actor="operator:olga", now=clock.now())
        adas.post("/login", data={"email": ada.email, "password": PASSWORD})
        page = words_of(adas.get(PAGE).text.split('id="events-title"')[1])
        assert "Second factor switched off look at it" in page and "By us" in page
        assert "Called back" in page and "olga" not in page
