"""The invoice calls: lists, single invoices, generating."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices.models import TaxRate
from app.domain.usage.reports import UsageReport
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.record_usage import record_usage
from app.workflows.redeem_coupon import redeem_coupon
from tests.books import check_books
from tests.factories.coupons import make_coupon
from tests.factories.documents import make_credit_note
from tests.factories.payments import make_invoice
from tests.factories.usage import GRACE

Header = dict[str, str]
THIS_MONTH = BillingMonth.of(clock.now())
LAST_MONTH, NEXT_MONTH = THIS_MONTH.plus(-2), THIS_MONTH.plus(1)


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


def use(user_id: str, request_id: str, *, tokens: int, at: datetime) -> None:
    report = UsageReport(
        user_id=user_id,
        request_id=request_id,
        model="gpt-4",
        prompt_tokens=tokens,
        completion_tokens=0,
        total_tokens=tokens,
        occurred_at=at,
    )
    with transaction():
        record_usage([report], now=clock.now(), grace=timedelta(days=7))


@pytest.fixture
def used(ada: Account, ben: Account) -> None:
    use("ada", "a-before", tokens=500_000, at=LAST_MONTH.period.starts_at)
    use("ada", "a-now", tokens=100_000, at=clock.now() - timedelta(seconds=1))


def generate(client: FlaskClient, header: Header, month: object):
    body = {"billing_month": month}
    return client.post("/v1/billing/invoices/generate", json=body, headers=header)


class TestGenerate:
    def test_answers_as_the_mission_shows(
        self, client: FlaskClient, used: None, ada: Account, by_ada: Header
    ) -> None:
        answer = generate(client, by_ada, str(LAST_MONTH))
        body = answer.json
        assert answer.status_code == 201
        assert body["items"] == [
            {
                "model": "gpt-4",
                "quantity": 500_000,
                "unit_price": 0.03,
                "amount": 15,
                "description": "AI API usage - gpt-4",
            }
        ]
        expected = {
            "user_id": "ada",
            "billing_month": str(LAST_MONTH),
            "status": "issued",
            "amount": 15,
            "discount_amount": 0,
            "tax_amount": 0,
            "final_amount": 15,
            "currency": "USD",
            "invoice_number": f"INV-{ada.number}-{LAST_MONTH}",
        }
        assert expected.items() <= body.items()
        issued, due = (datetime.fromisoformat(body[name]) for name in ("issued_at", "due_date"))
        assert due - issued == timedelta(days=30)

    def test_answers_programs_in_english(
        self, client: FlaskClient, used: None, ada: Account, by_ada: Header
    ) -> None:
        with transaction():
            ada.locale = "zh"
        for month in (LAST_MONTH, THIS_MONTH):
            (item,) = generate(client, by_ada, str(month)).json["items"]
            assert item["description"] == "AI API usage - gpt-4"

    def test_answers_the_same_invoice_again(
        self, client: FlaskClient, used: None, by_ada: Header
    ) -> None:
        first, second = (generate(client, by_ada, str(LAST_MONTH)) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json == second.json

    def test_drafts_the_running_month(
        self, client: FlaskClient, used: None, by_ada: Header
    ) -> None:
        answer = generate(client, by_ada, str(THIS_MONTH))
        assert (answer.status_code, answer.json["status"]) == (200, "draft")
        assert answer.json["invoice_number"] is None
        assert answer.json["final_amount"] == 3
        listed = client.get("/v1/billing/invoices", headers=by_ada)
        assert listed.json == {"invoices": [], "total": 0}
        again = client.get(f"/v1/billing/invoices/{answer.json['id']}", headers=by_ada)
        assert again.json == answer.json

    @pytest.mark.parametrize(
        ("month", "code"),
        [
            (str(NEXT_MONTH), "month_in_future"),
            ("2999-01", "month_in_future"),
            ("2020-01", "nothing_to_invoice"),
            *(
                (month, "month_invalid")
                for month in ("2024-13", "24-1", "2024-1", "", "２０２４-01")
            ),
            *((month, "month_invalid") for month in ("1999-12", "2024-00", "2024-01\n", 202401)),
            *((month, "month_invalid") for month in (True, [], {}, 1.5, "\ud800")),
            (None, "field_missing"),
        ],
    )
    def test_refuses(
        self, client: FlaskClient, used: None, by_ada: Header, month: object, code: str
    ) -> None:
        answer = generate(client, by_ada, month)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["error"] == answer.json["detail"]

    def test_refuses_unknown_fields(self, client: FlaskClient, by_ada: Header) -> None:
        body = {"billing_month": "2024-01", "force": True}
        answer = client.post("/v1/billing/invoices/generate", json=body, headers=by_ada)
        assert (answer.status_code, answer.json["code"]) == (422, "field_unknown")
        assert answer.json["errors"][0]["path"] == "force"


class TestReading:
    def test_lists_newest_first_by_pages(
        self, client: FlaskClient, used: None, by_ada: Header
    ) -> None:
        use("ada", "a-earlier", tokens=100_000, at=LAST_MONTH.plus(-1).period.starts_at)
        months = [str(LAST_MONTH.plus(-1)), str(LAST_MONTH)]
        for month in months:
            generate(client, by_ada, month)
        first = client.get("/v1/billing/invoices?page=1&page_size=1", headers=by_ada).json
        second = client.get("/v1/billing/invoices?page=2&page_size=1", headers=by_ada).json
        assert first["total"] == second["total"] == 2
        listed = [first["invoices"][0], second["invoices"][0]]
        assert [each["billing_month"] for each in listed] == months[::-1]
        assert set(listed[0]) == {
            *("id", "invoice_number", "billing_month", "kind", "status", "amount"),
            *("final_amount", "issued_at", "due_date", "paid_at"),
        }

    @pytest.mark.parametrize(
        "query", ["page=0", "page=-1", "page=x", "page_size=0", "page_size=101", "sort=1"]
    )
    def test_refuses_wrong_parameters(
        self, client: FlaskClient, by_ada: Header, query: str
    ) -> None:
        answer = client.get(f"/v1/billing/invoices?{query}", headers=by_ada)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["path"] == query.partition("=")[0]

    def test_finds_an_invoice_by_id_and_by_number(
        self, client: FlaskClient, used: None, by_ada: Header
    ) -> None:
        made = generate(client, by_ada, str(LAST_MONTH)).json
        for reference in (made["id"], made["invoice_number"]):
            answer = client.get(f"/v1/billing/invoices/{reference}", headers=by_ada)
            assert answer.json == made

    def test_shows_a_stranger_nothing(
        self, client: FlaskClient, used: None, by_ada: Header, by_ben: Header
    ) -> None:
        made = generate(client, by_ada, str(LAST_MONTH)).json
        answers = [
            client.get(f"/v1/billing/invoices/{reference}", headers=by_ben)
            for reference in (made["id"], made["invoice_number"], "INV-1-2024-01")
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert answers[0].json == answers[1].json == answers[2].json

    @pytest.mark.parametrize(
        "reference", ["%00", "%ED%A0%80", "a" * 5000, "draft-2999-13", "draft-2999-12", "%27"]
    )
    def test_knows_no_such_invoice(
        self, client: FlaskClient, by_ada: Header, reference: str
    ) -> None:
        answer = client.get(f"/v1/billing/invoices/{reference}", headers=by_ada)
        assert (answer.status_code, answer.json["code"]) == (404, "unknown_invoice")


class TestShowing:
    @pytest.fixture
    def books(self) -> None:
        """Here credit notes are made up that no payment was given back for."""

    def test_says_all_that_the_document_says(
        self, client: FlaskClient, ada: Account, by_ada: Header, now: datetime
    ) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="USt", rate_bp=1_950, updated_at=now))
            settings_of(ada).country = "DE"
        make_coupon("SAVE50", now=now)
        with transaction():
            redeem_coupon("SAVE50", ada, plan_id=None, grace=GRACE, now=now)
        invoice = make_invoice(ada, minor=2_000, now=now)
        note = make_credit_note(invoice, number="CN-7", minor=500, now=now)
        body = client.get(f"/v1/billing/invoices/{invoice.public_id}", headers=by_ada).json
        said = {
            "discounts": [{"description": "Coupon SAVE50", "amount": 10}],
            "tax_name": "USt",
            "tax_rate": 19.5,
            "reverse_charge": False,
            "credit_used": 0,
            "notes": "",
            "void_reason": None,
            "replaced_by": None,
            "replaces": None,
            "credit_notes": [
                {
                    "credit_note_number": "CN-7",
                    "reason": note.reason,
                    "amount": 5,
                    "tax_amount": 0,
                    "final_amount": 5,
                    "issued_at": body["credit_notes"][0]["issued_at"],
                }
            ],
        }
        assert {name: body[name] for name in said} == said

    def test_says_who_owes_the_tax(
        self, client: FlaskClient, ada: Account, by_ada: Header, now: datetime
    ) -> None:
        with transaction():
            chosen = settings_of(ada)
            chosen.country, chosen.tax_id_approved_at = "DE", now
        invoice = make_invoice(ada, now=now)
        body = client.get(f"/v1/billing/invoices/{invoice.public_id}", headers=by_ada).json
        assert (body["reverse_charge"], body["tax_name"], body["tax_rate"]) == (True, None, None)
        assert body["notes"].startswith("Reverse charge: the customer accounts for the VAT")

    def test_drafts_show_what_coupons_take_off(
        self, client: FlaskClient, ada: Account, by_ada: Header, now: datetime
    ) -> None:
        make_coupon("SAVE50", now=now)
        with transaction():
            redeem_coupon("SAVE50", ada, plan_id=None, grace=GRACE, now=now)
        use("ada", "now", tokens=100_000, at=now)
        body = generate(client, by_ada, str(BillingMonth.of(now))).json
        assert body["discounts"] == [{"description": "Coupon SAVE50", "amount": 1.5}]
        assert (body["discount_amount"], body["final_amount"]) == (1.5, 1.5)
