"""The plans page to who reads Chinese: names and features stay as their operator wrote them."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import words_of
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture(autouse=True)
def reads_chinese(pia: Account) -> None:
    with transaction():
        pia.locale = "zh"


def written_by_operators() -> list[str]:
    plans = catalog.plans()
    return [text for plan in plans for text in (plan.name, plan.description, *plan.features)]


def test_no_english_is_left(pias: FlaskClient) -> None:
    page = main_of(pias.get("/plans").text)
    assert english_words(page, data=written_by_operators()) == set()
    assert "每月 $99.99" in words_of(page) and "使用中" in page


def test_a_preview_says_how_it_is_worked_out(pias: FlaskClient) -> None:
    page = main_of(pias.get("/plans/plan-enterprise").text)
    assert "从 Pro 切换到 Enterprise" in words_of(page)
    assert "现在应付（USD）" in words_of(page)


def test_no_plan_is_called_as_on_the_other_pages(adas: FlaskClient, ada: Account) -> None:
    with transaction():
        ada.locale = "zh"
    page = main_of(adas.get("/plans/plan-pro").text)
    assert "从按量付费切换到 Pro" in words_of(page)


def test_what_was_done_is_confirmed(pias: FlaskClient) -> None:
    pias.post("/plans/cancel")
    page = words_of(pias.get("/plans").text)
    assert "您的套餐已取消，有效期至周期结束。" in page
    assert re.search(r"Pro 有效期至 ?20\d\d年\d+月\d+日 ?。之后改为按量付费", page)
    refused = pias.post("/plans/cancel")
    assert "没有可取消的套餐，或已经取消。" in words_of(refused.text)


def test_a_refused_switch_says_why(pias: FlaskClient) -> None:
    answer = pias.get("/plans/plan-pro")
    assert answer.status_code == 422 and "您已在使用此套餐。" in words_of(answer.text)
