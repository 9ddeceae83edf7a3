"""Two tabs: the older one undoes nothing that the newer has saved, with htmx and without."""

from contextlib import nullcontext, suppress
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.accounts.views import SettingsView
from app.entrypoints.web.setting_forms import AlertsForm, SettingsForm, as_set
from app.entrypoints.web.shown_values import (
    ChangedMeanwhile,
    catch_up,
    changes_in,
    forget_another,
)
from app.entrypoints.web.token_forms import AutoTopUpForm
from app.foundation.database import end_reading, session, transaction
from app.foundation.journal import JournalEntry
from tests.entrypoints.web.conftest import HTMX, let_the_password_age
from tests.tabs import shown_on, tab, with_typed

BOTH = pytest.mark.parametrize("headers", [{}, HTMX])


def view(account: Account) -> SettingsView:
    found = queries.settings_view(account)
    end_reading()
    return found


def save(browser: FlaskClient, address: str, sent: MultiDict[str, str], headers=None) -> str:
    answer = browser.post(address, data=sent, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    return answer.text


class TestChangesIn:
    @pytest.mark.parametrize(
        ("shown", "sent", "changes"),
        [
            ("alert_threshold=1000", {"alert_threshold": "1000"}, {}),
            ("alert_threshold=1000", {"alert_threshold": "1,000"}, {}),
            ("alert_threshold=1000", {"alert_threshold": "1001"}, {"alert_threshold": 1_001}),
            ("alert_spend=", {"alert_spend": ""}, {}),
            ("alert_spend=1.50", {"alert_spend": ""}, {"alert_spend": None}),
            ("alert_percents=50%2C+80", {"alert_percents": "50 80"}, {}),
            ("alert_forecast=on", {"alert_forecast": ["off", "on"]}, {}),
            ("alert_forecast=on", {"alert_forecast": ["off"]}, {"alert_forecast": False}),
            # What was not shown, or not by a browser, is a change.
            ("alert_spend=1", {"alert_forecast": ["off"]}, {"alert_forecast": False}),
            ("", {"alert_threshold": "0"}, {"alert_threshold": 0}),
            ("x=1&" * 99, {"alert_threshold": "0"}, {"alert_threshold": 0}),
            ("alert_spend=%ff&shown=1&=&&;\x00", {"alert_spend": "0"}, {"alert_spend": 0}),
        ],
    )  # fmt: skip
    def test_is_no_more_than_what_was_touched(self, app: Flask, shown, sent, changes) -> None:
        typed = MultiDict({"shown": shown, **sent})
        with app.test_request_context():
            assert changes_in(AlertsForm(formdata=typed, meta={"csrf": False})) == changes

    @pytest.mark.parametrize("kind", [SettingsForm, AlertsForm, AutoTopUpForm])
    def test_takes_what_was_shown_for_itself(self, app: Flask, ada: Account, kind) -> None:
        with transaction():
            queries.settings_of(ada).billing_address = "1 Main St\nTown & Country=?"
        with app.test_request_context():
            form = kind(formdata=None, data=as_set(view(ada)))
            assert "password" not in form.was_shown and "csrf" not in form.was_shown
            again = kind(formdata=MultiDict({"shown": form.was_shown}), meta={"csrf": False})
            assert again.was_shown == form.was_shown and changes_in(again) == {}


class TestCatchUp:
    @pytest.mark.parametrize(
        ("shown", "typed", "now_set", "comes_to", "refused", "has_news"),
        [
            ("alert_threshold=1&alert_spend=2", "1", 1, 1, "", False),
            ("alert_threshold=1&alert_spend=2", "5", 1, 5, "", False),
            # Left alone here, and changed elsewhere.
            ("alert_threshold=1&alert_spend=2", "1", 7, 7, "", True),
            # Changed here and there, to the same and to something else.
            ("alert_threshold=1&alert_spend=2", "7", 7, 7, "", False),
            ("alert_threshold=1&alert_spend=2", "5", 7, 5, "alert_threshold", False),
            # What no page has shown is typed and nothing else.
            ("", "5", 7, 5, "", False),
            ("alert_spend=2", "5", 7, 5, "", False),
        ],
    )
    def test_keeps_the_newer_or_says_it(
        self, *, app: Flask, shown, typed, now_set, comes_to, refused, has_news
    ) -> None:
        sent = MultiDict({"shown": shown, "alert_threshold": typed})
        with app.test_request_context():
            form = AlertsForm(formdata=sent, meta={"csrf": False})
            fresh = AlertsForm(formdata=None, data={"alert_threshold": now_set, "alert_spend": 200})
            with suppress(ChangedMeanwhile) if refused else nullcontext():
                catch_up(form, fresh)
                refused = ""
            assert (form.alert_threshold.data, form.has_news) == (comes_to, has_news)
            assert not refused or form.alert_spend.data == 2
            # Whoever has read that and sends it again has seen what is set now.
            again = MultiDict({"shown": form.was_shown, "alert_threshold": str(comes_to)})
            catch_up(AlertsForm(formdata=again, meta={"csrf": False}), fresh)

    @pytest.mark.parametrize(
        ("field", "typed", "now_set", "words"),
        [
            ("alert_spend", "3", 1_250, "now it is 12.50."),
            ("alert_spend", "3", None, "now it is empty."),
            ("alert_percents", "90", (50, 80), "now it is 50, 80."),
        ],
    )
    def test_says_what_it_is_now(self, *, app: Flask, field, typed, now_set, words) -> None:
        shown = {"alert_spend": "2", "alert_percents": "10"}
        sent = MultiDict({"shown": urlencode(shown), field: typed})
        with app.test_request_context():
            form = AlertsForm(formdata=sent, meta={"csrf": False})
            fresh = AlertsForm(formdata=None, data={field: now_set})
            with pytest.raises(ChangedMeanwhile) as refusal:
                catch_up(form, fresh)
        assert [fault.path for fault in refusal.value.fields] == [field]
        assert words in refusal.value.message


class TestForgetAnother:
    @pytest.mark.parametrize(("typed", "has_seen"), [("DE", True), ("FR", False)])
    def test_what_is_about_another_was_not_shown(self, app: Flask, typed, has_seen) -> None:
        sent = MultiDict({"shown": "country=DE&name=VAT", "country": typed, "name": "X"})
        with app.test_request_context():
            form = SettingsForm(formdata=sent, meta={"csrf": False})
            empty = SettingsForm(formdata=None, data={"country": typed})
            forget_another(form, "country", empty=empty)
            assert ("name=VAT" in form.was_shown) == has_seen


class TestTwoTabs:
    @BOTH
    def test_settings(self, adas: FlaskClient, ada: Account, headers) -> None:
        with transaction():
            queries.settings_of(ada).billing_address = "1 Main St\nTown"
        older, newer = tab(adas, "/settings"), tab(adas, "/settings")
        save(adas, "/settings", with_typed(newer, spend_limit="50", auto_pay="off"), headers)
        save(adas, "/settings", with_typed(older, tax_id="", name="Ada & Co."), headers)
        chosen = view(ada)
        assert (chosen.spend_limit_minor, chosen.name) == (5_000, "Ada & Co.")
        assert chosen.billing_address == "1 Main St\nTown"
        noted = session.query(JournalEntry).filter_by(action="settings_changed")
        assert [set(entry.details) for entry in noted.order_by(JournalEntry.id)][-1] == {"name"}

    @BOTH
    def test_asks_for_no_password_where_the_address_stays(
        self, adas: FlaskClient, ada: Account, headers
    ) -> None:
        older = tab(adas, "/settings")
        save(adas, "/settings", with_typed(tab(adas, "/settings"), billing_email="new@example.com"))
        let_the_password_age(ada)
        save(adas, "/settings", with_typed(older, name="Ada"), headers)
        assert view(ada).billing_email == "new@example.com"

    @BOTH
    def test_alerts(self, adas: FlaskClient, ada: Account, headers) -> None:
        older, newer = tab(adas, "/alerts"), tab(adas, "/alerts")
        save(adas, "/alerts", with_typed(newer, alert_spend="5", alert_percents="90"), headers)
        save(adas, "/alerts", with_typed(older, alert_threshold="1,000"), headers)
        chosen = view(ada)
        assert (chosen.alert_spend_minor, chosen.alert_threshold) == (500, 1_000)
        assert chosen.alert_percents == (90,)

    @BOTH
    def test_automatic_top_up(self, adas: FlaskClient, ada: Account, headers) -> None:
        older, newer = tab(adas, "/tokens"), tab(adas, "/tokens")
        save(
            adas, "/tokens", with_typed(newer, auto_topup="off", auto_topup_threshold="7"), headers
        )
        save(adas, "/tokens", with_typed(older, auto_topup_amount="25"), headers)
        chosen = view(ada)
        assert not chosen.auto_topup
        assert (chosen.auto_topup_threshold, chosen.auto_topup_amount_minor) == (7, 2_500)

    def test_shows_afresh_what_is_saved(self, adas: FlaskClient, ada: Account) -> None:
        sent = with_typed(tab(adas, "/alerts"), alert_spend="5")
        fresh = shown_on(save(adas, "/alerts", sent, HTMX))
        assert "alert_spend=5&" in fresh
        save(adas, "/alerts", with_typed(sent, alert_spend="", shown=fresh), HTMX)
        assert view(ada).alert_spend_minor is None

    def test_what_was_refused_stays_a_change(self, adas: FlaskClient, ada: Account) -> None:
        sent = with_typed(tab(adas, "/alerts"), alert_threshold="9", alert_spend="1,5")
        refused = adas.post("/alerts", data=sent)
        assert refused.status_code == 422 and shown_on(refused.text) == sent["shown"]
        save(adas, "/alerts", with_typed(sent, alert_spend="1.5", shown=shown_on(refused.text)))
        assert (view(ada).alert_threshold, view(ada).alert_spend_minor) == (9, 150)
