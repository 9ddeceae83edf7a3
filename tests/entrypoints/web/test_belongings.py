"""The page on which customers take their data with them, or have it deleted."""

import io
import json
import zipfile

import pytest

from app.domain.accounts import queries
from app.domain.subscriptions.models import Subscription
from app.entrypoints.downloading import DOWNLOADS, Downloads
from app.foundation import journal
from app.foundation.database import session
from tests.entrypoints.web.conftest import let_the_password_age, words_of
from tests.factories.payments import make_invoice
from tests.factories.tokens import make_extra_tokens

PAGE = "/settings/data"
CONFIRM = "/confirm-password?next=/settings/data"


def deleted(browser, email: str = "ada@example.com"):
    return browser.post(f"{PAGE}/delete", data={"email": email})


def due_at():
    return queries.account("ada").deletion_due_at


def test_wants_a_session(client) -> None:
    assert client.get(PAGE).location == f"/login?next={PAGE}"


class TestDownload:
    def test_hands_out_a_zip_of_ones_own(self, adas, bens) -> None:
        answer = adas.post(f"{PAGE}/download")
        assert (answer.status_code, answer.mimetype) == (200, "application/zip")
        assert 'filename="my-data-' in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.data)) as files:
            told = json.loads(files.read("account.json"))
        assert told["account"]["id"] == "ada"
        assert b"ben@example.com" not in answer.data
        assert journal.find_last("data_taken").user_id == "ada"

    def test_asks_for_the_password_first(self, adas, ada) -> None:
        let_the_password_age(ada)
        assert adas.post(f"{PAGE}/download").location == CONFIRM
        assert journal.find_last("data_taken") is None

    def test_tells_of_nothing_that_was_refused(self, app, adas) -> None:
        # No file more may be under way.
        app.extensions[DOWNLOADS] = Downloads(most=0)
        assert adas.post(f"{PAGE}/download").status_code == 429
        assert journal.find_last("data_taken") is None

    def test_is_not_for_ever(self, adas) -> None:
        answers = [adas.post(f"{PAGE}/download").status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]


class TestDelete:
    def test_says_what_is_lost_in_numbers(self, pias, pia) -> None:
        make_extra_tokens("pia", bought=12_345)
        page = words_of(pias.get(PAGE).text)
        assert "12,345 extra tokens are lost" in page
        assert "1,000,000 tokens of this period" in page
        assert "Your plan Pro is not renewed" in page

    def test_says_that_a_scheduled_switch_is_given_up(self, pias, pia) -> None:
        assert "is given up" not in words_of(pias.get(PAGE).text)
        session.query(Subscription).filter_by(user_id="pia").update(
            {"pending_plan_id": "plan-basic"}
        )
        session.commit()
        assert "The switch to Basic is given up." in words_of(pias.get(PAGE).text)
        deleted(pias, "pia@example.com")
        pias.post(f"{PAGE}/keep")
        page = words_of(pias.get(PAGE).text)
        assert "Your account stays." in page and "Pro is renewed on" in page
        assert "a switch that was scheduled has to be chosen again." in page

    def test_promises_no_renewal_of_what_was_cancelled_before(self, pias, pia) -> None:
        pias.post("/plans/cancel")
        deleted(pias, "pia@example.com")
        pias.post(f"{PAGE}/keep")
        page = words_of(pias.get(PAGE).text)
        assert "Your account stays." in page and "is renewed on" not in page

    def test_wants_the_address_typed(self, adas) -> None:
        for typed in ("", "ben@example.com", "ada"):
            answer = deleted(adas, typed)
            assert answer.status_code == 422
        assert due_at() is None

    def test_asks_for_the_password_first(self, adas, ada) -> None:
        let_the_password_age(ada)
        assert deleted(adas).location == CONFIRM
        assert due_at() is None

    def test_offers_to_keep_the_account_on_every_page(self, adas) -> None:
        assert "Keep my account" not in adas.get("/").text
        assert deleted(adas, " ADA@example.com ").status_code == 303
        assert due_at() is not None
        for page in ("/", PAGE, "/settings", "/usage"):
            assert adas.get(page).text.count("Keep my account") == 1
        assert adas.post(f"{PAGE}/keep").location == PAGE
        assert due_at() is None
        assert "Your account stays." in adas.get(PAGE).text

    def test_says_what_has_to_be_paid_first(self, adas, ada) -> None:
        make_invoice(ada, minor=1_234)
        assert "unpaid invoices of $12.34" in words_of(adas.get(PAGE).text)
        answer = deleted(adas)
        assert answer.status_code == 422
        assert "have to be paid first" in answer.text
        assert due_at() is None

    def test_keeps_nothing_that_was_not_to_go(self, adas) -> None:
        adas.post(f"{PAGE}/keep")
        assert "This account is not to be deleted." in adas.get(PAGE).text


@pytest.mark.parametrize("path", ["download", "delete", "keep"])
def test_is_not_for_operators(client, path: str) -> None:
    assert client.post(f"{PAGE}/{path}").status_code == 303
