"""The console speaks the operator's language, too, on every page of this half of it."""

import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.web.operator.journal_words import ACTS
from app.foundation import clock, journal
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.foundation.secret_keys import KeyKind
from app.workflows.adjust_tokens import adjust_tokens
from tests.factories.accounts import make_key
from tests.factories.payments import make_invoice, make_paid
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both

# What the tests themselves say: names, ids, and what programs told.
DATA = (
    "ada Ada ben olga Olga operator example.com gpt-4 INV evt_1 send_mail sorry key prod",
    "The server is away. Pay as you go, payg. Unknown browser",
    "billing users create, end_user, subject, external_subscription_id",
    "LiteLLM OpenMeter Lago Stripe PayPal evt openai",
)
# Numbers that are drawn by lot have letters, too.
DRAWN = re.compile(r"(?:pay-|obl_\w\w_|pi_|cs_)[\w-]+")
PAGES = (
    *("/operator", "/operator/customers", "/operator/customers?query=nobody"),
    *("/operator/customers/ada", "/operator/customers/ada/tokens", "/operator/jobs"),
    *("/operator/webhooks", "/operator/webhooks?query=evt_1", "/operator/mails"),
    *("/operator/keys", "/operator/keys/gateway", "/operator/keys/own"),
    *("/operator/journal", "/operator/journal?user_id=ben", "/operator/customers/ada/view"),
    *("/operator/customers/ada/view/usage", "/operator/customers/ada/view/invoices"),
)


def english(page: str) -> set[str]:
    """Return what the part of a page that is its own says in English."""
    return english_words(DRAWN.sub("", main_of(page)), data=DATA)


@pytest.fixture
def chinese(olgas: FlaskClient, olga: Account) -> FlaskClient:
    """Olga's browser, now that she reads Chinese."""
    olga.locale = "zh"
    session.commit()
    return olgas


@pytest.fixture
def busy(ada: Account, now: datetime) -> None:
    """Something on every page."""
    make_usage(prompt_tokens=100_000, completion_tokens=0, now=clock.now())
    make_invoice(ada)
    make_paid(ada, gateway=FakeGateway())
    make_key(KeyKind.GATEWAY)
    with transaction():
        adjust_tokens("ada", 500, reason="sorry", actor="operator:olga", now=clock.now())
        journal.write("account_seen", actor="operator:olga", user_id="ada", now=now)
        session.add(
            OutboxEntry(
                kind="send_mail",
                payload={},
                created_at=now,
                next_try_at=now,
                last_error="The server is away.",
                attempts=1,
            )
        )


def test_an_operator_may_choose_a_language(olgas) -> None:
    olgas.post("/language?next=/operator", data={"locale": "zh"})
    assert 'lang="zh-Hans"' in olgas.get("/operator").text


@pytest.mark.parametrize("page", PAGES)
def test_no_english_is_left(chinese: FlaskClient, busy: None, page: str) -> None:
    answer = chinese.get(page)
    assert answer.status_code == 200
    assert english(answer.text) == set()


def test_the_empty_pages_are_chinese(chinese: FlaskClient) -> None:
    for page in (
        "",
        "/customers",
        "/jobs",
        "/webhooks",
        "/mails",
        "/keys",
        "/journal?day=2019-01-01",
    ):
        answer = chinese.get(f"/operator{page}")
        assert english(answer.text) == set(), page


def test_refusals_and_questions_are_chinese(chinese: FlaskClient, ada: Account) -> None:
    assert "请输入整数。" in chinese.post("/operator/customers/ada/adjust-tokens", data={}).text
    assert chinese.post("/operator/jobs/77/retry").status_code == 404
    assert "没有找到客户" in chinese.get("/operator/customers?query=nobody").text


def test_every_kind_of_act_is_translated(chinese: FlaskClient) -> None:
    for words in ACTS.values():
        assert words.in_language("zh") != str(words), words


def test_the_parts_of_the_console_are_chinese(chinese: FlaskClient) -> None:
    page = chinese.get("/operator").text
    navigation = page[page.index("<nav") : page.index("</nav>")]
    assert english_words(navigation) == set()
