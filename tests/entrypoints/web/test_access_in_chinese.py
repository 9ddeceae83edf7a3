"""The doors, and the pages behind links in mails, to a visitor who reads Chinese."""

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import PASSWORD
from tests.factories.factors import make_factor
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
DATA = ("ada@example.com", "2ABC-3DEF-4GHJ")


def said(client: FlaskClient, address: str, sent: dict[str, str] | None = None) -> str:
    """Return what the page shows to who reads Chinese, and that it holds no English."""
    answer = (
        client.get(address, headers=CHINESE)
        if sent is None
        else client.post(address, data=sent, headers=CHINESE)
    )
    page = main_of(answer.text)
    if "<optgroup" in page:
        page = page[: page.find("<optgroup")] + page[page.rfind("</optgroup>") :]
    assert english_words(page, data=DATA) == set()
    return page


@pytest.mark.parametrize("address", ["/login", "/register", "/forgot", "/reset/x", "/verify/x"])
def test_no_english_is_left(client: FlaskClient, address: str) -> None:
    assert said(client, address)


@pytest.mark.parametrize(
    ("address", "sent", "words"),
    [
        ("/login", {"email": "", "password": "x"}, "请输入邮箱。"),
        ("/login", {"email": "ada@example.com", "password": "wrong"}, "邮箱或密码错误。"),
        ("/register", {"email": "nowhere", "password": PASSWORD}, "这不是有效的邮箱地址。"),
        ("/register", {"email": "ada@example.com", "password": "password1"}, "容易被猜到"),
        ("/register", {"email": "ada@example.com", "password": PASSWORD}, "该邮箱已注册账户。"),
        ("/forgot", {"email": "ada@example.com"}, "链接已发送到该邮箱"),
        ("/reset/x", {"password": "x"}, "此链接已使用、已过期，或并非由我们发出。"),
    ],
)
def test_says_what_came_of_it(
    client: FlaskClient, ada: Account, address: str, sent: dict[str, str], words: str
) -> None:
    assert words in said(client, address, sent)


def test_asks_for_a_code_in_the_accounts_language(client: FlaskClient, ada: Account) -> None:
    make_factor(ada, now=clock.now())
    ada.locale = "zh"
    session.commit()
    english = {"Accept-Language": "en"}
    assert "Sign in" in client.get("/login", headers=english).text
    client.post("/login", data={"email": ada.email, "password": PASSWORD}, headers=english)
    assert "请输入验证码" in client.get("/login/code", headers=english).text
    refused = client.post("/login/code", data={"code": "wrong"}, headers=english)
    assert "验证码错误，或已使用过。" in refused.text
    # Who has chosen by the switch is heard.
    client.post("/language?next=/login/code", data={"locale": "en"})
    assert "Your code, please" in client.get("/login/code").text


def test_asks_for_a_code(client: FlaskClient, ada: Account) -> None:
    make_factor(ada, now=clock.now())
    with transaction():
        ada.locale = "zh"
    client.post("/login", data={"email": ada.email, "password": PASSWORD}, headers=CHINESE)
    assert "请输入验证码" in said(client, "/login/code")
    assert "验证码错误，或已使用过。" in said(client, "/login/code", {"code": "wrong"})
