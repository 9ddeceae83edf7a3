"""The console's pages of money in Chinese: no English word is left, and refusals are told, too."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.catalog import operations
from app.domain.catalog.price_changes import PriceTerms
from app.foundation import clock
from app.foundation.database import transaction
from tests.entrypoints.web.operator.test_price_tables import EXCERPT, IMPORT
from tests.entrypoints.web.operator.test_taxes import FORM, TAXES
from tests.factories.catalog import make_alias
from tests.factories.payments import make_invoice, make_paid, make_refund
from tests.factories.redemptions import make_coupon, make_fixed_coupon, redeem
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both

CODES = re.compile(r"(?:pay|re|pi|cs|ch|dp)[-_][\w-]+|INV-[\w-]+|[0-9-]{10}T[0-9:.Z+-]+")
# What operators write in the language of their customers.
TYPED = re.compile(r"<textarea.*?</textarea>", re.DOTALL)
# What stands there as it is kept: names, codes, and what others call things.
DATA = (
    *("Stripe", "PayPal", "VAT", "LiteLLM litellm json", "plan pro basic enterprise payg"),
    *("Enterprise", "Pay as you go", "ada ben Ada", "HALF TENOFF", "operator olga"),
    *("INV inv", "openai anthropic gemini mistral deepseek", "PREFIX XWPA", "team"),
    *("model prices and context window backup", "new", "USD", "PDF", "goodwill"),
    *("gpt claude haiku sonnet chat flash mini turbo large latest", "Bought by mistake"),
    "usage that a line names",
)


@pytest.fixture
def chinese(olgas: FlaskClient) -> FlaskClient:
    """Olga's browser, once she has chosen Chinese."""
    olgas.post("/language?next=/operator", data={"locale": "zh"})
    return olgas


def left(page: str, *more: str) -> set[str]:
    """Return the English words of a page's own part, but for codes that providers give."""
    own = TYPED.sub("", CODES.sub("", main_of(page)))
    return english_words(own, data=(*DATA, *more))


@pytest.mark.parametrize(
    "path",
    [
        *("prices", "prices/set", "prices/alias", "prices/import", "plans", "plans/plan-pro"),
        *("plans/new", "coupons", "coupons/new", "coupons/HALF", "coupons/HALF/edit"),
        *("coupons/HALF/deactivate", "coupons/TENOFF/edit", "taxes", "taxes/DE/remove"),
        *("payments", "payments?show=pending", "payments?query=nothing", "invoices"),
        *("invoices?show=void", "disputes", "report", "prices?query=zzz", "coupons?query=zzz"),
        *("prices/model?model_id=gpt-4", "prices/alias/remove?alias=gpt-four"),
        *("customers/ada/suspend", "customers/ada/credit-limit", "customers/ada/adjust-tokens"),
        *("customers/ada/delete", "customers/ada/tax-id"),
    ],
)
def test_no_english_is_left(chinese: FlaskClient, ada: Account, path: str) -> None:
    now = clock.now()
    make_usage(model="gpt-new", now=now)
    make_coupon("HALF")
    make_fixed_coupon("TENOFF")
    redeem("HALF", ada)
    make_alias("gpt-four", model_id="gpt-4")
    make_paid(ada, gateway=FakeGateway())
    chinese.post(TAXES, data=FORM)
    with transaction():
        operations.set_price(
            *("gpt-4", PriceTerms(1_000, 2_000)),
            actor="operator:olga",
            now=now,
            starts_at=now + timedelta(days=1),
        )
    answer = chinese.get(f"/operator/{path}")
    assert answer.status_code == 200
    assert left(answer.text, "zzz nothing four") == set()


def test_a_payment_and_its_refund(chinese: FlaskClient, ada: Account) -> None:
    paid = make_paid(ada, gateway=FakeGateway())
    address = f"/operator/payments/{paid.public_id}"
    assert left(chinese.get(address).text) == set()
    form = {"amount": "", "reason": "goodwill"}
    preview = chinese.post(f"{address}/refund", data=form).text
    assert "退还" in preview and left(preview) == set()
    refused = chinese.post(f"{address}/refund", data={"amount": "x", "reason": "goodwill"})
    assert "请输入最多两位小数的 USD 金额" in refused.text
    make_refund(paid)
    assert left(chinese.get(address).text, "goodwill", "asked") == set()


def test_an_invoice_and_what_is_done_about_it(chinese: FlaskClient, ada: Account) -> None:
    invoice = make_invoice(ada)
    address = f"/operator/invoices/{invoice.invoice_number}"
    for page in ("", "/void", "/replace"):
        assert left(chinese.get(address + page).text) == set()
    assert chinese.post(f"{address}/void", data={"reason": "goodwill"}).status_code == 303
    page = chinese.get(address).text
    assert "操作已完成，并已记入日志。" in page and left(page) == set()


def test_a_price_table(chinese: FlaskClient) -> None:
    answer = chinese.post(IMPORT, data={"file": (BytesIO(EXCERPT.read_bytes()), "table.json")})
    assert "首次获得价格" in answer.text and "不按 token 计费" in answer.text
    wrong = chinese.post(IMPORT, data={"file": (BytesIO(b"{"), "table.json")})
    assert "table.json 不是有效的 JSON" in wrong.text


def test_refusals_at_fields(chinese: FlaskClient) -> None:
    page = chinese.post(TAXES, data={"country": "XX", "name": "", "percent": "x"}).text
    assert "请输入数字。" in page
    page = chinese.post(TAXES, data={"country": "XX", "name": "", "percent": "1"}).text
    assert left(page, "ISO") == set()
    assert left(chinese.post("/operator/coupons/new", data={"code": "x"}).text) == set()


def test_charts_and_months(chinese: FlaskClient, ada: Account) -> None:
    make_usage(now=clock.now())
    page = chinese.get("/operator/report").text
    assert re.search(r"\d{4}年\d{1,2}月", page)
