"""What the operator decides about a customer: asked first, done once, noted."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account, BillingSettings
from app.foundation import clock
from app.foundation.database import session
from tests.books import check_books
from tests.entrypoints.web.conftest import PASSWORD, let_the_password_age, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.email_changes import ask, confirm_new
from tests.factories.mailed_links import mails_to
from tests.tabs import shown_on, tab, with_typed

ADA = "/operator/customers/ada"
DECISIONS = (
    *("suspend", "resume", "credit-limit", "tax-id", "adjust-tokens", "delete", "keep"),
    "confirm-email",
)


def errors_at(page: str, field: str) -> str:
    return re.search(rf'<p id="{field}-errors"[^>]*>(.*?)</p>', page)[1]


def shown_in(page: str) -> str:
    """Return the address that a question about a change is about."""
    return re.search(r'<input id="email" name="email" type="hidden" value="([^"]*)">', page)[1]


class TestQuestions:
    @pytest.mark.parametrize("name", DECISIONS)
    def test_asking_changes_nothing(self, olgas: FlaskClient, ada: Account, name: str) -> None:
        page = olgas.get(f"{ADA}/{name}")
        assert page.status_code == 200 and "Leave it" in page.text
        assert acts_of_olga() == []

    @pytest.mark.parametrize("name", DECISIONS)
    def test_customers_cannot(self, adas: FlaskClient, ada: Account, name: str) -> None:
        form = {"reason": "me", "credit_limit": "1000", "tokens": "1000000"}
        assert adas.get(f"{ADA}/{name}").status_code == 404
        assert adas.post(f"{ADA}/{name}", data=form).status_code == 404
        session.refresh(ada)
        assert (ada.extra_tokens, ada.credit_limit_minor, ada.suspended_at) == (0, None, None)

    def test_names_the_customer_beside_his_id(self, olgas: FlaskClient, ada: Account) -> None:
        assert "Suspend Ada (ada)" in words(olgas.get(f"{ADA}/suspend").text)


class TestSuspend:
    def test_suspends_and_lets_go_on(self, olgas: FlaskClient, ada: Account) -> None:
        answer = olgas.post(f"{ADA}/suspend", data={"reason": "Abuse"})
        assert (answer.status_code, answer.location) == (303, ADA)
        page = words(olgas.get(ADA).text)
        assert "It is done" in page and "Suspended since" in page and "Lift the suspension" in page
        assert "Operator olga gave the reason “Abuse”. Only an operator lifts it." in page
        assert session.get(Account, "ada").suspended_because == "operator"
        assert olgas.post(f"{ADA}/resume", data={"reason": "Cleared"}).status_code == 303
        session.expire_all()
        assert session.get(Account, "ada").suspended_at is None
        assert [act for act, _ in acts_of_olga()] == ["account_suspended", "account_resumed"]

    def test_lifts_no_suspension_that_was_not_shown(self, olgas, ada: Account) -> None:
        ada.suspended_at, ada.suspended_because = clock.now(), "debt"
        session.commit()
        sent = with_typed(tab(olgas, f"{ADA}/resume"), reason="They paid")
        assert "suspended for an overdue invoice since" in olgas.get(f"{ADA}/suspend").text
        suspends = with_typed(tab(olgas, f"{ADA}/suspend"), reason="Abuse")
        assert olgas.post(f"{ADA}/suspend", data=suspends).status_code == 303
        answer = olgas.post(f"{ADA}/resume", data=sent)
        assert answer.status_code == 422
        assert "An operator has suspended the customer, on" in words(answer.text)
        session.refresh(ada)
        assert ada.suspended_because == "operator"

    @pytest.mark.parametrize(("name", "times"), [("suspend", 2), ("resume", 1)])
    def test_says_that_it_was_so_already(self, olgas, ada: Account, name: str, times: int) -> None:
        for _ in range(times):
            assert olgas.post(f"{ADA}/{name}", data={"reason": "Because"}).status_code == 303
        assert "Nothing has changed: so it was already." in olgas.get(ADA).text
        assert len(acts_of_olga()) == times - 1

    @pytest.mark.parametrize(
        "name", ["suspend", "resume", "adjust-tokens", "delete", "keep", "confirm-email"]
    )
    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    def test_wants_a_reason(self, olgas: FlaskClient, ada: Account, name: str, reason: str) -> None:
        answer = olgas.post(f"{ADA}/{name}", data={"reason": reason, "tokens": "1"})
        assert answer.status_code == 422
        assert "1 to 500 visible characters" in errors_at(answer.text, "reason")
        assert acts_of_olga() == []


class TestConfirmEmail:
    @pytest.fixture
    def half(self, ada: Account) -> None:
        """Ada's new address has confirmed; her old mailbox is lost."""
        now = clock.now()
        ask(ada, now=now)
        confirm_new(now=now)

    def test_lets_who_has_lost_the_old_mailbox_go_on(self, olgas, adas, ada, half) -> None:
        page = olgas.get(ADA)
        assert "ada@new.example, once the old one confirms" in page.text
        assert f'href="{ADA}/confirm-email"' in page.text
        reason = "She showed her passport."
        asked = olgas.get(f"{ADA}/confirm-email").text
        told = "signs in with ada@new.example from now on, no longer with ada@example.com."
        assert told in words(asked)
        form = {"reason": reason, "email": shown_in(asked)}
        answer = olgas.post(f"{ADA}/confirm-email", data=form)
        assert (answer.status_code, answer.location) == (303, ADA)
        page = olgas.get(ADA).text
        assert "ada@new.example" in page and "once the old one confirms" not in page
        assert [act for act, _ in acts_of_olga()] == ["email_change_confirmed", "email_changed"]
        assert reason in adas.get("/settings/security/journal").text
        assert mails_to("ada@example.com")[-1] == "email_left"
        assert mails_to("ada@new.example")[-1] == "email_changed"

    def test_says_if_another_one_is_wanted_by_now(self, olgas, ada, half) -> None:
        shown = shown_in(olgas.get(f"{ADA}/confirm-email").text)
        now = clock.now() + timedelta(minutes=1)
        ask(ada, "thief@new.example", now=now)
        confirm_new(now=now)
        form = {"reason": "She called.", "email": shown}
        answer = olgas.post(f"{ADA}/confirm-email", data=form)
        assert answer.status_code == 422 and acts_of_olga() == []
        assert "wanted by now: thief@new.example" in errors_at(answer.text, "reason")
        assert shown_in(answer.text) == "thief@new.example"

    def test_says_why_not(self, olgas, ada: Account) -> None:
        reason = {"reason": "She called."}
        answer = olgas.post(f"{ADA}/confirm-email", data=reason)
        assert answer.status_code == 422
        assert "No change of the mail address waits" in errors_at(answer.text, "reason")
        ask(ada, now=clock.now())
        page = olgas.get(ADA).text
        assert "which has to confirm" in page and "confirm-email" not in page
        answer = olgas.post(f"{ADA}/confirm-email", data=reason)
        assert "The new address has to confirm first." in errors_at(answer.text, "reason")
        assert acts_of_olga() == []

    def test_asks_for_the_password_if_that_was_long_ago(self, olgas, olga, ada, half) -> None:
        let_the_password_age(olga)
        address = f"{ADA}/confirm-email"
        for answer in (olgas.get(address), olgas.post(address, data={"reason": "A found phone."})):
            assert answer.location == f"/confirm-password?next={address}"
        assert acts_of_olga() == []


class TestDelete:
    def test_deletes_and_keeps_at_the_customers_request(self, olgas, adas, ada: Account) -> None:
        reason = {"reason": "He wrote from his address."}
        assert olgas.post(f"{ADA}/delete", data=reason).status_code == 303
        page = words(olgas.get(ADA).text)
        assert "to be deleted" in page and "Keep the account" in page
        session.expire_all()
        assert session.get(Account, "ada").deletion_due_at is not None
        assert "He wrote from his address." in adas.get("/settings/security/journal").text
        assert olgas.post(f"{ADA}/keep", data={"reason": "He called."}).status_code == 303
        session.expire_all()
        assert session.get(Account, "ada").deletion_due_at is None
        assert [act for act, _ in acts_of_olga()] == ["deletion_asked", "deletion_taken_back"]

    def test_asks_for_the_password_if_that_was_long_ago(
        self, olgas, olga: Account, ada: Account
    ) -> None:
        let_the_password_age(olga)
        address = f"{ADA}/delete"
        for answer in (olgas.get(address), olgas.post(address, data={"reason": "A found phone."})):
            assert answer.location == f"/confirm-password?next={address}"
        assert acts_of_olga() == []
        back = olgas.post(f"/confirm-password?next={address}", data={"password": PASSWORD})
        assert back.location == address and olgas.get(address).status_code == 200

    def test_says_why_not(self, olgas, ada: Account) -> None:
        answer = olgas.post(f"{ADA}/keep", data={"reason": "He called."})
        assert answer.status_code == 422
        assert "not to be deleted" in errors_at(answer.text, "reason")


class TestCreditLimit:
    @pytest.mark.parametrize(("typed", "minor"), [("250", 25_000), ("0.5", 50), ("1,000", 100_000)])
    def test_sets_it(self, olgas: FlaskClient, ada: Account, typed: str, minor: int) -> None:
        assert olgas.post(f"{ADA}/credit-limit", data={"credit_limit": typed}).status_code == 303
        session.refresh(ada)
        assert ada.credit_limit_minor == minor and "own limit" in olgas.get(ADA).text
        assert olgas.post(f"{ADA}/credit-limit", data={"credit_limit": ""}).status_code == 303
        session.refresh(ada)
        assert ada.credit_limit_minor is None
        assert [act for act, _ in acts_of_olga()] == ["credit_limit_set"] * 2

    @pytest.mark.parametrize("typed", ["-1", "much", "1.234", "1000001"])
    def test_refuses_what_is_no_limit(self, olgas: FlaskClient, ada: Account, typed: str) -> None:
        answer = olgas.post(f"{ADA}/credit-limit", data={"credit_limit": typed})
        assert answer.status_code == 422 and errors_at(answer.text, "credit_limit")
        assert acts_of_olga() == []

    def test_keeps_the_limit_that_no_form_speaks_of(self, olgas: FlaskClient, ada: Account) -> None:
        olgas.post(f"{ADA}/credit-limit", data={"credit_limit": "250"})
        answer = olgas.post(f"{ADA}/credit-limit", data={"csrf_token": "x"})
        assert answer.status_code == 422 and errors_at(answer.text, "credit_limit")
        session.refresh(ada)
        assert ada.credit_limit_minor == 25_000

    def test_an_older_page_undoes_no_newer_limit(self, olgas: FlaskClient, ada: Account) -> None:
        address = f"{ADA}/credit-limit"
        older, newer = tab(olgas, address), tab(olgas, address)
        assert olgas.post(address, data=with_typed(newer, credit_limit="250")).status_code == 303
        assert olgas.post(address, data=older).status_code == 303
        assert "Nothing has changed" in olgas.get(ADA).text
        answer = olgas.post(address, data=with_typed(older, credit_limit="90"))
        assert answer.status_code == 422
        assert "now it is 250." in errors_at(answer.text, "credit_limit")
        session.refresh(ada)
        assert ada.credit_limit_minor == 25_000
        again = with_typed(older, credit_limit="90", shown=shown_on(answer.text))
        assert olgas.post(address, data=again).status_code == 303
        session.refresh(ada)
        assert ada.credit_limit_minor == 9_000 and len(acts_of_olga()) == 2


class TestApproveTaxId:
    def test_approves_what_was_told(self, olgas: FlaskClient, ada: Account) -> None:
        assert olgas.post(f"{ADA}/tax-id").status_code == 409
        settings = session.query(BillingSettings).filter_by(user_id="ada").one()
        settings.tax_id, settings.country = "DE136695976", "DE"
        session.commit()
        assert "not approved" in olgas.get(ADA).text
        assert "You have checked DE136695976 of Germany" in olgas.get(f"{ADA}/tax-id").text
        assert olgas.post(f"{ADA}/tax-id").status_code == 303
        assert "not approved" not in olgas.get(ADA).text
        assert [act for act, _ in acts_of_olga()] == ["tax_id_approved"]

    def test_approves_no_other_than_was_shown(self, olgas: FlaskClient, ada: Account) -> None:
        settings = session.query(BillingSettings).filter_by(user_id="ada").one()
        settings.tax_id, settings.country = "DE136695976", "DE"
        session.commit()
        sent = tab(olgas, f"{ADA}/tax-id")
        settings.tax_id = "DE811907980"
        session.commit()
        answer = olgas.post(f"{ADA}/tax-id", data=sent)
        read = words(answer.text)
        assert answer.status_code == 422 and acts_of_olga() == []
        assert "Read it again." in read and "checked DE811907980 of Germany" in read
        assert olgas.post(f"{ADA}/tax-id", data=tab(olgas, f"{ADA}/tax-id")).status_code == 303


class TestAdjust:
    def test_gives_and_takes_away(self, olgas: FlaskClient, ada: Account) -> None:
        for tokens, left in (("1,500", 1_500), ("-500", 1_000)):
            form = {"tokens": tokens, "reason": "Sorry", "once": tokens}
            assert olgas.post(f"{ADA}/adjust-tokens", data=form).status_code == 303
            session.refresh(ada)
            assert ada.extra_tokens == left
        assert [details["tokens"] for _, details in acts_of_olga()] == [1_500, -500]
        check_books()

    def test_a_form_sent_twice_gives_once(self, olgas: FlaskClient, ada: Account) -> None:
        page = olgas.get(f"{ADA}/adjust-tokens").text
        once = re.search(r'name="once"[^>]* value="([^"]+)"', page)[1]
        form = {"tokens": "5", "reason": "Sorry", "once": once}
        # A form that was refused may be sent again.
        assert olgas.post(f"{ADA}/adjust-tokens", data={**form, "tokens": "-5"}).status_code == 422
        assert olgas.post(f"{ADA}/adjust-tokens", data=form).status_code == 303
        again = olgas.post(f"{ADA}/adjust-tokens", data=form)
        assert again.status_code == 422 and "was sent before" in errors_at(again.text, "tokens")
        session.refresh(ada)
        assert ada.extra_tokens == 5

    @pytest.mark.parametrize("tokens", ["", "1.5", "many", "0", "-1", "9" * 30])
    def test_refuses_what_cannot_be(self, olgas: FlaskClient, ada: Account, tokens: str) -> None:
        answer = olgas.post(f"{ADA}/adjust-tokens", data={"tokens": tokens, "reason": "Sorry"})
        assert answer.status_code == 422 and errors_at(answer.text, "tokens")
        assert acts_of_olga() == []
