"""The coupons page to who reads Chinese."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import words_of
from tests.factories.coupon_rows import make_coupon
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both


@pytest.fixture(autouse=True)
def reads_chinese(ada: Account) -> None:
    with transaction():
        ada.locale = "zh"


def test_no_english_is_left(adas: FlaskClient) -> None:
    make_coupon("SAVE50")
    asked = {"coupon_code": "save50", "plan_id": "plan-pro"}
    preview = main_of(adas.get("/coupons/preview", query_string=asked).text)
    plans = ["SAVE50", "Basic", "Pro", "Enterprise"]
    assert english_words(preview, data=plans) == set()
    adas.post("/coupons", data=asked)
    page = main_of(adas.get("/coupons").text)
    assert english_words(page, data=plans) == set()
    assert "SAVE50 已兑换：减免 50%。" in words_of(page)


@pytest.mark.parametrize(
    ("code", "changes", "said"),
    [
        ("NOSUCH", {}, "没有此优惠码。请检查拼写。"),
        ("OFF", {"is_active": False}, "优惠券 OFF 已失效。"),
        ("LATER", {"valid_from": datetime(2999, 1, 2, tzinfo=UTC)}, "自2999年1月2日起有效。"),
        ("", {}, "请输入优惠码。"),
    ],
)
def test_refusals_are_said(
    adas: FlaskClient, code: str, changes: dict[str, object], said: str
) -> None:
    if changes:
        ends = {"expires_at": datetime(3000, 1, 1, tzinfo=UTC)}
        make_coupon(code, **{**ends, **changes})
    answer = adas.get("/coupons/preview", query_string={"coupon_code": code})
    assert answer.status_code == 422 and said in words_of(answer.text)
