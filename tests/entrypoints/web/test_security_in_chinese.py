"""Settings, keys, security, the journal and one's own data, to who reads Chinese."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Act, Event, note
from app.entrypoints.web.security_words import WORDS
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import HTMX, PASSWORD, let_the_password_age, words_of
from tests.factories.accounts import make_key
from tests.factories.factors import make_factor
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both

# What stands in Ada's own data, and formats that are called so everywhere.
DATA = ("ada@example.com", "ben@example.com", "Reporting", "ZIP", "Ctrl", "https://localhost")
ADDRESSES = (
    *("/settings", "/settings/security", "/settings/security/factor", "/settings/security/journal"),
    *("/settings/data", "/keys", "/mails", "/confirm-password"),
)


@pytest.fixture(autouse=True)
def reads_chinese(ada: Account) -> None:
    with transaction():
        ada.locale = "zh"


def left_in_english(page: str) -> set[str]:
    """Return the English words of a page, but for zones, countries and languages by name."""
    return english_words(main_of(page), data=DATA)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_english_is_left(adas: FlaskClient, address: str) -> None:
    page = adas.get(address).text
    without_choices = page[: page.find("<optgroup")] + page[page.rfind("</optgroup>") :]
    left = left_in_english(without_choices if "<optgroup" in page else page)
    assert left <= {"English"}


def test_zones_and_countries_have_chinese_names(adas: FlaskClient) -> None:
    page = adas.get("/settings").text
    assert '<optgroup label="亚洲">' in page and '<optgroup label="通用">' in page
    assert ">东京</option>" in page and ">上海</option>" in page
    assert '<option value="DE">德国</option>' in page
    # In the order in which they are pronounced: aerbaniya, zhongguo.
    assert page.index(">阿尔巴尼亚<") < page.index(">德国<") < page.index(">中国<")


def test_choices_say_so_in_english_again(adas: FlaskClient, ada: Account) -> None:
    adas.get("/settings")
    with transaction():
        ada.locale = "en"
    page = adas.get("/settings").text
    assert '<optgroup label="Asia">' in page and ">Tokyo</option>" in page
    assert '<option value="DE">Germany</option>' in page and ">Every month</option>" in page


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("billing_email", "nowhere", "这不是有效的邮箱地址。"),
        ("spend_limit", "a lot", "请填写 0 至 1,000,000,000 美元之间的金额，最多两位小数。"),
        ("tax_id", "DE123", "税号须与国家或地区对应：请同时填写，或同时清空。"),
        ("timezone", "Mars/Olympus", "没有名为 'Mars/Olympus' 的时区。"),
        ("billing_address", "x" * 1_001, "最多 1,000 个字符。"),
    ],
)
def test_says_at_the_field_why_not(adas: FlaskClient, field: str, typed: str, said: str) -> None:
    answer = adas.post("/settings", data={field: typed}, headers=HTMX)
    assert answer.status_code == 422
    assert said in words_of(answer.text).replace("&#39;", "'")


def test_asks_for_the_password_in_place(adas: FlaskClient, ada: Account) -> None:
    let_the_password_age(ada)
    answer = adas.post("/settings", data={"billing_email": "x@example.com"}, headers=HTMX)
    assert answer.status_code == 422
    assert "请输入密码：只有您本人才能更改账单的接收邮箱。" in answer.text


class TestKeys:
    def test_say_how_they_stand(self, adas: FlaskClient, ada: Account) -> None:
        soon = clock.now() + timedelta(days=3)
        make_key(KeyKind.CUSTOMER, user_id="ada", name="Reporting", expires_at=soon)
        page = adas.get("/keys").text
        assert left_in_english(page) == set()
        assert "即将到期" in page and 'data-label="权限"' in page
        (number,) = re.findall(r"/keys/(\d+)/replace", page)
        replacing = adas.get(f"/keys/{number}/replace").text
        assert left_in_english(replacing) == set() and "24 小时后" in replacing
        assert left_in_english(adas.get(f"/keys/{number}/revoke").text) == set()

    def test_are_made_and_revoked(self, adas: FlaskClient) -> None:
        made = adas.post("/keys", data={"name": "Reporting"}, headers=HTMX).text
        assert "您的新密钥" in made and english_words(made, data=DATA) == set()
        number = re.findall(r"/keys/(\d+)/revoke", adas.get("/keys").text)[0]
        adas.post(f"/keys/{number}/revoke")
        page = adas.get("/keys").text
        assert "密钥 Reporting 已吊销。" in page and "已吊销" in page

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"name": ""}, "请为密钥命名。"),
            ({"name": "x" * 81}, "字段长度不能超过 80 个字符。"),
            ({"name": "x", "expires_on": "2020-01-01"}, "密钥的截止日期不能早于今天"),
            ({"name": "x", "expires_on": "nonsense"}, "不是有效的日期值"),
            ({"name": "x", "scope": "all"}, "不是有效的选择"),
        ],
    )
    def test_say_at_the_field_why_not(
        self, adas: FlaskClient, sent: dict[str, str], said: str
    ) -> None:
        answer = adas.post("/keys", data={"expiry": "date", **sent}, headers=HTMX)
        assert answer.status_code == 422 and said in answer.text


class TestSecurity:
    def test_says_what_was_done(self, adas: FlaskClient) -> None:
        sent = {"old_password": PASSWORD, "password": "another one, just as long"}
        adas.post("/settings/security/password", data=sent)
        page = adas.get("/settings/security").text
        assert "密码已更改，其他设备已退出登录。" in page and "已更改密码" in page
        assert left_in_english(page) == set()

    def test_says_at_the_field_why_not(self, adas: FlaskClient) -> None:
        sent = {"old_password": PASSWORD, "password": "short"}
        assert "密码至少需要 8 个字符。" in adas.post("/settings/security/password", data=sent).text
        sent = {"email": "ada@example.com"}
        assert "这已经是您的邮箱。" in adas.post("/settings/security/email", data=sent).text

    def test_too_many_tries_are_told(self, adas: FlaskClient) -> None:
        sent = {"old_password": "wrong", "password": "another one, just as long"}
        for _ in range(10):
            adas.post("/settings/security/password", data=sent)
        page = adas.post("/settings/security/password", data=sent)
        assert page.status_code == 429
        assert "密码错误次数过多，请 15 分钟后再试，或通过邮件重设密码。" in words_of(page.text)

    def test_a_second_factor_is_told_of(self, adas: FlaskClient, ada: Account) -> None:
        make_factor(ada, now=clock.now())
        for address in ("/settings/security", "/settings/security/factor", "/confirm-password"):
            page = adas.get(address).text
            assert left_in_english(page) <= {"ABC", "DEF", "GHJ"}, address
        assert ">验证码</label>" in adas.get("/confirm-password").text
        assert "还剩 2 个恢复码。" in words_of(adas.get("/settings/security").text)

    def test_a_factor_is_set_up(self, adas: FlaskClient, ada: Account) -> None:
        with transaction():
            ada.email_verified_at = clock.now()
        adas.post("/settings/security/factor/begin")
        page = adas.get("/settings/security/factor").text
        assert "用应用扫描二维码" in page and left_in_english(page) == set()


def test_the_journal_has_a_word_for_everything(adas: FlaskClient, ada: Account) -> None:
    assert {str(kind) for kind in (*Event, *Act)} == set(WORDS)
    for words in WORDS.values():
        assert english_words(words.in_language("zh")) <= {"API", "token"}, words


def test_the_journal_names_browsers_and_settings(adas: FlaskClient, ada: Account) -> None:
    visitor = Visitor("Firefox on Linux", "192.0.2.1")
    details = {"billing_email": {}, "alert_percents": {}}
    with transaction():
        note(Act.SETTINGS_CHANGED, ada, visitor=visitor, now=clock.now(), details=details)
    page = adas.get("/settings/security/journal").text
    assert "Linux 上的 Firefox" in page and "未知浏览器" in page


def test_deleting_is_told(adas: FlaskClient) -> None:
    refused = adas.post("/settings/data/delete", data={"email": "ben@example.com"})
    assert "这不是您账户的邮箱。" in refused.text
    adas.post("/settings/data/delete", data={"email": "ada@example.com"})
    page = adas.get("/settings/data").text
    assert "您的账户将被注销" in page and left_in_english(page) == set()
    assert "之后注销。" in adas.get("/settings").text
    adas.post("/settings/data/keep")
    kept = adas.get("/settings/data").text
    assert "您的账户已保留，没有删除任何内容。" in kept
