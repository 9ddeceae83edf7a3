"""Customers at the console: found, and seen with their figures."""

import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.subscriptions.models import Subscription
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.languages import ENGLISH, day_in
from app.workflows.adjust_tokens import adjust_tokens
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.accounts import make_account
from tests.factories.payments import make_invoice, make_paid
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

CUSTOMERS = "/operator/customers"
LIST_STATEMENTS_MAX = 7
PAGE_STATEMENTS_MAX = 10


def listed(browser: FlaskClient, address: str = CUSTOMERS) -> list[str]:
    answer = browser.get(address)
    assert answer.status_code == 200
    named = re.findall(rf'<a href="{CUSTOMERS}/([^"/]+)">', answer.text)
    # By his id as by his name.
    assert named[::2] == named[1::2]
    return named[::2]


class TestIndex:
    def test_shows_customers_and_no_operators(self, olgas: FlaskClient, ada: Account) -> None:
        assert listed(olgas) == ["ada"]
        page = words(olgas.get(CUSTOMERS).text)
        assert "Ada ada@example.com Pay as you go" in page

    def test_shows_whoever_has_no_name_by_his_mail(
        self, olgas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        ada.name = ""
        session.commit()
        assert "ada ada@example.com Pay as you go" in words(olgas.get(CUSTOMERS).text)
        assert words(olgas.get(f"{CUSTOMERS}/ada").text).count("ada@example.com") == 2

    def test_says_that_there_are_none(self, olgas: FlaskClient) -> None:
        assert "No customers yet" in olgas.get(CUSTOMERS).text
        assert "No customer found" in olgas.get(f"{CUSTOMERS}?query=x").text

    def test_finds_a_part_of_a_name(self, olgas: FlaskClient, ada: Account, ben: Account) -> None:
        assert listed(olgas, f"{CUSTOMERS}?query=ADA%40") == ["ada"]
        assert listed(olgas, f"{CUSTOMERS}?query=%25") == []
        assert len(listed(olgas, f"{CUSTOMERS}?query=%00")) == 2

    def test_goes_on_to_older_ones(self, olgas: FlaskClient, now: datetime) -> None:
        for number in range(ROWS_PER_PAGE + 1):
            make_account(f"user-{number}", now=now - timedelta(minutes=number))
        with statements() as sent:
            page = olgas.get(CUSTOMERS).text
        assert len(sent) <= LIST_STATEMENTS_MAX, sent
        address = re.search(r'href="(/operator/customers\?cursor=[^"]+)"', page)[1]
        assert listed(olgas, address) == [f"user-{ROWS_PER_PAGE}"]
        assert "Newest" in olgas.get(address, headers=HTMX).text
        assert len(listed(olgas, f"{CUSTOMERS}?cursor=nonsense")) == ROWS_PER_PAGE


class TestShowCustomer:
    def test_shows_what_he_sees_and_owes(self, olgas: FlaskClient, ada: Account) -> None:
        make_usage(prompt_tokens=100_000, completion_tokens=0, now=clock.now())
        invoice = make_invoice(ada)
        payment = make_paid(ada, gateway=FakeGateway())
        with transaction():
            adjust_tokens("ada", 500, reason="Sorry", actor="operator:olga", now=clock.now())
        page = olgas.get(f"{CUSTOMERS}/ada").text
        read = words(page)
        assert "$3.00" in read and "Unpaid $12.34" in read and "gpt-4" in read
        assert invoice.invoice_number in page and payment.public_id in page
        assert "Adjusted by an operator Sorry + 500" in read and "Extra tokens adjusted" in read
        assert "requests pass" in read and "data-chart" in page
        # Without scripts the table says what is drawn, and no legend names colours of nothing.
        assert 'class="legend needs-script"' in page
        assert "Day gpt-4 Total" in read and "$3.00 $3.00 Total $3.00 $3.00" in read

    def test_shows_who_has_nothing(self, olgas: FlaskClient, ada: Account) -> None:
        page = olgas.get(f"{CUSTOMERS}/ada").text
        assert "Nothing was used in the last 30 days" in page and "None was issued yet." in page

    @pytest.mark.parametrize(
        ("is_on", "threshold", "said"),
        [
            (True, 9_000, "below 9,000 tokens"),
            (True, 0, "on, without a threshold"),
            (False, 9, "off"),
        ],
    )
    def test_says_of_auto_top_up_what_the_customer_reads(
        self, olgas: FlaskClient, ada: Account, is_on: bool, threshold: int, said: str
    ) -> None:
        with transaction():
            chosen = settings_of(ada)
            chosen.auto_topup, chosen.auto_topup_threshold = is_on, threshold
        assert f"Auto top-up {said} " in words(olgas.get(f"{CUSTOMERS}/ada").text)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"auto_renew": True}, "Pro, renews on {day}"),
            ({"auto_renew": False}, "Pro, ends on {day}"),
            ({"pending_plan_id": "plan-basic"}, "Pro, changes to Basic on {day}"),
        ],
    )
    def test_says_what_comes_when_the_period_ends(
        self, olgas: FlaskClient, changes: dict[str, object], said: str, now: datetime
    ) -> None:
        make_account("cleo", now=now, plan_id="plan-pro")
        session.query(Subscription).filter_by(user_id="cleo").update(changes)
        session.commit()
        day = day_in(ENGLISH, current_period("cleo").ends_at.date())
        assert said.format(day=day) in words(olgas.get(f"{CUSTOMERS}/cleo").text)

    def test_says_until_when_a_renewal_may_be_paid(self, olgas: FlaskClient, now: datetime) -> None:
        make_account("cleo", now=now, plan_id="plan-pro")
        ends_at = now + timedelta(days=3)
        current_period("cleo").grace_ends_at = ends_at
        session.query(Subscription).filter_by(user_id="cleo").update({"status": "past_due"})
        session.commit()
        said = f"Pro, not paid yet; ends on {day_in(ENGLISH, ends_at.date())} unless it is"
        assert said in words(olgas.get(f"{CUSTOMERS}/cleo").text)

    def test_renews_nothing_where_there_is_no_plan(self, olgas: FlaskClient, ada: Account) -> None:
        assert "Plan Pay as you go Extra tokens" in words(olgas.get(f"{CUSTOMERS}/ada").text)

    def test_takes_a_fixed_number_of_statements(self, olgas: FlaskClient, ada: Account) -> None:
        gateway = FakeGateway()
        for _ in range(7):
            make_paid(ada, gateway=gateway)
        with statements() as sent:
            olgas.get(f"{CUSTOMERS}/ada")
        assert len(sent) <= PAGE_STATEMENTS_MAX, len(sent)

    @pytest.mark.parametrize("name", ["nobody", "olga", "%00", "ä"])
    @pytest.mark.parametrize("page", ["", "/tokens", "/suspend", "/adjust-tokens"])
    def test_knows_no_other(self, olgas: FlaskClient, name: str, page: str) -> None:
        answer = olgas.get(f"{CUSTOMERS}/{name}{page}")
        assert answer.status_code == 404 and "There is no customer with this id." in answer.text


class TestTokens:
    def test_shows_the_ledger_page_by_page(self, olgas: FlaskClient, ada: Account) -> None:
        assert "No extra tokens came or went" in olgas.get(f"{CUSTOMERS}/ada/tokens").text
        for number in range(ROWS_PER_PAGE + 1):
            with transaction():
                adjust_tokens("ada", 1, reason=f"no {number}!", actor="system", now=clock.now())
        first, second = (olgas.get(f"{CUSTOMERS}/ada/tokens?page={n}").text for n in (1, 2))
        assert "no 1!" in first and "no 0!" not in first and "Page 1 of 2" in first
        assert "no 0!" in second and "Newer" in second
        assert "Back to the newest" in olgas.get(f"{CUSTOMERS}/ada/tokens?page=9").text
