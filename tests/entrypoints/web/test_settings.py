"""The settings page: each field under its own name, what is wrong beside it."""

import re
from typing import ClassVar

import pytest

from app.domain.accounts import operations, queries
from app.domain.accounts.views import SettingsView
from app.foundation import clock, outbox
from app.foundation.database import end_reading, session, transaction
from app.foundation.journal import JournalEntry
from tests.entrypoints.web.conftest import HTMX, PASSWORD, let_the_password_age, saved, words
from tests.factories.usage import make_usage
from tests.statements import statements

STATEMENTS_MAX = 10
FIELDS = (
    "name", "billing_email", "billing_address", "country", "tax_id", "currency",
    "invoice_frequency",
    "send_invoice_email", "auto_pay", "timezone", "locale", "spend_limit", "overage_enabled",
)  # fmt: skip
FILLED = {
    "name": " Lovelace & Co. ",
    "billing_email": "Billing@Example.com",
    "billing_address": "Ada Lovelace\r\n12 St James's Square\r\n",
    "country": "DE",
    "tax_id": "de 136 695 976",
    "currency": "USD",
    "invoice_frequency": "monthly",
    "send_invoice_email": ["off"],
    "auto_pay": ["off", "on"],
    "timezone": "Europe/Berlin",
    "locale": "zh",
    "spend_limit": "$1,250.50",
    "overage_enabled": ["off"],
}


def view(account) -> SettingsView:
    found = queries.settings_view(account)
    end_reading()
    return found


def wrong(text: str) -> set[str]:
    """Return the fields at which something is said."""
    return set(re.findall(r'id="(\w+)-errors"[^>]*role="alert"[^>]*><span>', text))


class TestIndex:
    def test_has_every_field_under_its_name(self, adas) -> None:
        page = adas.get("/settings").text
        for name in FIELDS:
            assert f'id="{name}"' in page and f'for="{name}"' in page and f'name="{name}"' in page
        assert "always recorded and billed, even past a limit" in page

    def test_is_linked_from_the_side_and_the_account(self, adas) -> None:
        assert adas.get("/").text.count('href="/settings"') == 3

    def test_needs_somebody_signed_in(self, client) -> None:
        assert client.get("/settings").location == "/login?next=/settings"
        assert client.post("/settings", data=FILLED).status_code == 303

    def test_takes_few_statements(self, adas) -> None:
        with statements() as sent:
            adas.get("/settings")
        assert len(sent) <= STATEMENTS_MAX, sent


class TestChange:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_saves_and_says_so(self, adas, ada, ben, headers) -> None:
        answer = saved(adas, "/settings", FILLED, headers)
        assert answer.status_code == 200 and "已保存" in answer.text
        chosen = view(ada)
        assert chosen.name == ada.name == "Lovelace & Co."
        assert "<b>Lovelace &amp; Co.</b>" in adas.get("/").text
        assert chosen.billing_email == "billing@example.com"
        assert chosen.billing_address == "Ada Lovelace\n12 St James's Square"
        assert (chosen.country, chosen.tax_id) == ("DE", "DE136695976")
        assert (chosen.send_invoice_email, chosen.auto_pay) == (False, True)
        assert (chosen.timezone, chosen.locale) == ("Europe/Berlin", "zh")
        assert (chosen.spend_limit_minor, chosen.overage_enabled) == (125_050, False)
        assert view(ben).billing_email is None
        assert 'value="1250.50"' in answer.text and "税号尚未核验" in answer.text

    @pytest.mark.parametrize(
        ("changes", "is_more"),
        [
            ({"name": "Ada & Co."}, True),
            ({"locale": "zh"}, True),
            ({"timezone": "Asia/Tokyo"}, True),
            ({"name": "Ada", "spend_limit": "5"}, False),
            ({"name": "Ada & Co.", "spend_limit": "1,5"}, False),
        ],
    )
    def test_lets_htmx_load_the_page_anew_where_more_of_it_changes(
        self, adas, ada, changes, is_more
    ) -> None:
        answer = adas.post("/settings", data=changes, headers=HTMX)
        assert ("HX-Refresh" in answer.headers) is is_more
        page = adas.get("/settings").text
        assert ('data-told="saved"' in page) is is_more
        assert 'data-told="saved"' not in adas.get("/settings").text

    def test_marks_all_that_is_wrong_at_once(self, adas, ada) -> None:
        before = view(ada)
        # One is refused by what it means, one cannot be read, one is too long for its field.
        sent = {**FILLED, "billing_email": "nonsense", "spend_limit": "1,5", "tax_id": "x" * 65}
        answer = adas.post("/settings", data=sent)
        assert (answer.status_code, view(ada)) == (422, before)
        assert wrong(answer.text) == {"billing_email", "spend_limit", "tax_id"}
        for field in ("billing_email", "spend_limit", "tax_id"):
            told = answer.text.split(f'id="{field}-errors"')[1].split("</p>", maxsplit=1)[0]
            assert told.count("<span>") == 1

    def test_leaves_alone_what_was_not_sent(self, adas, ada) -> None:
        adas.post("/settings", data={**FILLED, "overage_enabled": ["off", "on"]})
        before = view(ada)
        adas.post("/settings", data={"spend_limit": ""})
        after = view(ada)
        assert after.spend_limit_minor is None
        assert after.auto_pay == before.auto_pay and after.overage_enabled
        assert after.billing_address == before.billing_address

    @pytest.mark.parametrize(
        ("limit", "is_passed"), [("2.99", True), ("3", True), ("3.01", False), ("0", True)]
    )
    def test_says_that_the_limit_is_passed_already(self, adas, ada, now, limit, is_passed) -> None:
        make_usage("ada", now=now, prompt_tokens=100_000, completion_tokens=0)
        page = adas.post("/settings", data={"spend_limit": limit}, headers=HTMX).text
        assert ("This limit is passed already" in page) is is_passed
        assert ("$3.00 are spent in this billing month" in words(page)) is is_passed
        assert ("told to refuse your requests until the month is over" in page) is is_passed

    def test_of_nothing_changes_nothing(self, adas, ada) -> None:
        before = view(ada)
        assert adas.post("/settings").status_code == 303
        assert view(ada) == before
        noted = session.query(JournalEntry).filter_by(action="settings_changed")
        assert noted.count() == 0

    def test_takes_no_settings_of_another_page(self, adas, ada) -> None:
        adas.post("/settings", data={"alert_threshold": "5", "tax_id_approved_at": "now"})
        assert view(ada).alert_threshold == 0

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("billing_email", "nowhere"),
            ("billing_address", "x" * 1_001),
            ("country", "XX"),
            ("tax_id", "DE123"),
            ("currency", "EUR"),
            ("invoice_frequency", "weekly"),
            ("timezone", "Mars/Olympus"),
            ("locale", "fr"),
            ("spend_limit", "-1"),
            ("spend_limit", "0.001"),
            ("spend_limit", "12,50"),
            ("spend_limit", "1,0000"),
            ("spend_limit", "a lot"),
            ("spend_limit", "１００"),
            ("spend_limit", "NaN"),
            ("spend_limit", "1e9"),
            ("spend_limit", "9" * 31),
            ("spend_limit", "<script>"),
        ],
    )
    def test_says_at_the_field_why_not(self, adas, ada, field, typed) -> None:
        sent = {**FILLED, field: typed}
        answer = adas.post("/settings", data=sent, headers=HTMX)
        assert answer.status_code == 422
        assert wrong(answer.text) == {field}
        assert "Not saved" in answer.text and "<script>" not in answer.text
        assert view(ada).billing_email is None, "nothing is saved of a form that is wrong"

    @pytest.mark.parametrize(
        ("wrong_ones", "marked"),
        [
            ({"billing_email": "x"}, [True, False, False]),
            ({"spend_limit": "x"}, [False, True, False]),
            ({"locale": "x"}, [False, False, True]),
            ({"billing_email": "x", "spend_limit": "x"}, [True, True, False]),
        ],
    )
    def test_points_to_what_is_marked_where_it_is(self, adas, wrong_ones, marked) -> None:
        page = adas.post("/settings", data={**FILLED, **wrong_ones}, headers=HTMX).text
        feet = re.findall(r'<footer class="save-bar"(.*?)</footer>', page, re.DOTALL)
        assert ["see what is marked" in foot for foot in feet] == marked
        assert all("Not saved" in foot for foot in feet)

    def test_says_everything_at_once(self, adas) -> None:
        sent = {**FILLED, "billing_email": "x", "spend_limit": "x", "locale": "x"}
        assert wrong(adas.post("/settings", data=sent).text) == {
            "billing_email", "spend_limit", "locale",
        }  # fmt: skip

    def test_shows_what_was_typed_again(self, adas) -> None:
        sent = {**FILLED, "spend_limit": "a lot", "billing_address": "Here"}
        page = adas.post("/settings", data=sent).text
        assert 'value="a lot"' in page and ">\r\nHere</textarea>" in page

    def test_reads_what_nobody_types_as_spaces(self, adas, ada) -> None:
        adas.post(
            "/settings", data={"billing_address": "a\0b\nc", "billing_email": "a@b.example\0"}
        )
        assert view(ada).billing_address == "a b\nc"
        assert view(ada).billing_email == "a@b.example"


class TestRebuilding:
    def test_is_said_until_it_is_done(self, adas, ada, now) -> None:
        make_usage(now=now)
        assert "being rebuilt" not in adas.get("/").text
        answer = adas.post("/settings", data={"timezone": "Asia/Kathmandu"}, headers=HTMX)
        assert "being rebuilt" in answer.text
        assert "being rebuilt" in adas.get("/usage").text
        page = words(adas.get("/").text)
        assert "The last 30 days are being rebuilt" in page
        assert "a sum of days may miss some hours" in page and "go by UTC" in page
        with transaction():
            for entry in outbox.claim(now=clock.now(), limit=9):
                outbox.finish(entry, now=clock.now())
        assert "being rebuilt" not in adas.get("/").text

    def test_is_not_said_to_strangers(self, adas, bens) -> None:
        adas.post("/settings", data={"timezone": "Asia/Kathmandu"})
        assert "being rebuilt" not in bens.get("/settings").text
        assert "being rebuilt" not in bens.get("/usage").text


def test_ben_sees_nothing_of_adas(adas, bens) -> None:
    adas.post("/settings", data=FILLED)
    page = bens.get("/settings").text
    assert "billing@example.com" not in page and "DE136695976" not in page


def test_an_approved_tax_id_is_shown_as_such(adas, ada) -> None:
    adas.post("/settings", data=FILLED)
    with transaction():
        operations.approve_tax_id(ada, actor="operator:olga", now=clock.now())
    assert "税号已核验" in adas.get("/settings").text


class TestAnotherBillingEmail:
    """Bills go elsewhere only where the owner asks for it, and nothing typed is lost."""

    SENT: ClassVar = {"billing_email": "thief@example.com", "billing_address": "Typed with care"}

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_asks_for_the_password_in_place(self, adas, ada, headers) -> None:
        let_the_password_age(ada)
        answer = adas.post("/settings", data=self.SENT, headers=headers)
        assert answer.status_code == 422 and wrong(answer.text) == {"password"}
        assert 'value="thief@example.com"' in answer.text and "Typed with care" in answer.text
        assert view(ada).billing_email is None and view(ada).billing_address is None

    def test_is_saved_with_the_password(self, adas, ada) -> None:
        let_the_password_age(ada)
        sent = {**self.SENT, "password": PASSWORD}
        answer = adas.post("/settings", data=sent, headers=HTMX)
        assert answer.status_code == 200 and 'id="password"' not in answer.text
        assert view(ada).billing_email == "thief@example.com"
        assert adas.post("/settings", data={"billing_email": ""}).status_code == 303

    def test_is_not_saved_with_a_wrong_one(self, adas, ada) -> None:
        let_the_password_age(ada)
        answer = adas.post("/settings", data={**self.SENT, "password": "not this one"})
        assert answer.status_code == 422 and "This is not your password." in answer.text
        assert view(ada).billing_email is None

    def test_counts_wrong_ones(self, adas, ada) -> None:
        let_the_password_age(ada)
        sent = {**self.SENT, "password": "not this one"}
        answers = [adas.post("/settings", data=sent).status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]

    @pytest.mark.parametrize("sent", [{"billing_email": ""}, {"billing_address": "Elsewhere"}])
    def test_asks_nothing_where_it_stays(self, adas, ada, sent) -> None:
        let_the_password_age(ada)
        assert adas.post("/settings", data=sent).status_code == 303

    def test_asks_nothing_of_who_has_just_entered_it(self, adas, ada) -> None:
        assert adas.post("/settings", data=self.SENT).status_code == 303
        assert 'id="password"' not in adas.get("/settings").text

    def test_pages_that_are_open_go_on(self, app, adas, ada) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        page = adas.get("/settings").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        let_the_password_age(ada)
        sent = {**self.SENT, "password": PASSWORD, "csrf_token": token[1]}
        assert adas.post("/settings", data=sent, headers=HTMX).status_code == 200
        again = {"billing_address": "Elsewhere", "csrf_token": token[1]}
        assert adas.post("/settings", data=again).status_code == 303
