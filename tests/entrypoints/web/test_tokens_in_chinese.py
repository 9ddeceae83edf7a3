"""The tokens page, and what is said of automatic purchases elsewhere, to who reads Chinese."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.gateways import GATEWAYS
from app.foundation import clock
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import HTMX, words_of
from tests.factories.payments import make_card
from tests.factories.tokens import make_extra_tokens
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both

RULE = (
    "当剩余 token 少于 10,000 个时，购买 666,666 个 token（100.00 USD），"
    "每月最多 5 次、500.00 USD。"
)
WANTED = {
    "auto_topup": "on",
    "auto_topup_threshold": "10,000",
    "auto_topup_amount": "100",
    "auto_topup_max_per_month": "5",
    "auto_topup_monthly_limit": "500",
}


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway, "paypal": gateway}
    return gateway


@pytest.fixture(autouse=True)
def reads_chinese(pia: Account) -> None:
    with transaction():
        pia.locale = "zh"


def test_no_english_is_left(pias: FlaskClient) -> None:
    make_extra_tokens("pia", bought=300, granted=20, now=clock.now())
    page = main_of(pias.get("/tokens").text)
    assert english_words(page, data=["PayPal"]) == set()
    assert "额度内 1,000,000 个，额外 320 个" in words_of(page)


def test_the_rule_follows_what_is_typed(pias: FlaskClient) -> None:
    said = words_of(pias.get("/tokens/rule", query_string=WANTED, headers=HTMX).text)
    # Between tags words are set apart by the reading.
    assert said == f"{RULE} 在有可扣款的银行卡之前，不会购买任何 token。"
    off = {**WANTED, "auto_topup": "off"}
    said = words_of(pias.get("/tokens/rule", query_string=off, headers=HTMX).text)
    assert said == f"已关闭。开启后的规则：{RULE}"


def test_the_cards_page_says_the_same_rule(pias: FlaskClient, pia: Account) -> None:
    make_card(pia)
    pias.post("/tokens", data=WANTED)
    page = main_of(pias.get("/payment-methods").text)
    assert RULE in words_of(page)
    assert english_words(page, data=["Visa"]) == set()


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("4.99", "金额须为 5 至 10,000 USD。"),
        ("a lot", "这不是金额：请填写 100 或 49.50。"),
        ("", "请输入 USD 金额。"),
    ],
)
def test_faults_are_said_at_the_field(pias: FlaskClient, amount: str, said: str) -> None:
    answer = pias.post("/tokens/buy", data={"amount": amount, "provider": "stripe"})
    assert answer.status_code == 422 and said in words_of(answer.text)


def test_a_refused_consent_is_said(pias: FlaskClient) -> None:
    answer = pias.post("/payment-methods", data={"consent": ""})
    assert "请勾选：未经您同意，无法保存银行卡。" in words_of(answer.text)
