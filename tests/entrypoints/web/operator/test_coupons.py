"""Coupons at the console: listed with their use, made one or many, and taken back."""

import csv
import re
from datetime import datetime, timedelta
from io import StringIO

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock
from app.foundation.database import session
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.coupon_rows import make_coupon
from tests.factories.redemptions import make_fixed_coupon, redeem
from tests.moments import NOW
from tests.statements import statements
from tests.tabs import shown_on, tab, with_typed

COUPONS = "/operator/coupons"
STATEMENTS_MAX = 7
FORM = {
    "code": "spring",
    "prefix": "",
    "count": "1",
    "type": "percentage",
    "value": "12.5",
    "max_uses": "100",
    "max_usage_per_user": "1",
    "min_purchase_amount": "0",
    "valid_from": "",
    "expires_at": "2099-01-01T00:00",
    "applicable_plans": ["plan-pro", "plan-basic"],
    "description": "",
}


def errors_at(page: str, field: str) -> str:
    return re.search(rf'<p id="{field}-errors"[^>]*>(.*?)</p>', page)[1]


def coupon(code: str) -> Coupon:
    session.expire_all()
    return session.query(Coupon).filter_by(code=code).one()


class TestIndex:
    def test_shows_what_each_gives_and_its_use(self, olgas: FlaskClient) -> None:
        assert "No coupons yet" in olgas.get(COUPONS).text
        now = clock.now()
        make_coupon("HALF", now=now)
        make_coupon("TEN", now=now, type="fixed", value=1_000, is_active=False)
        make_coupon("GIFT", now=now, type="free_tokens", value=5_000)
        page = words(olgas.get(COUPONS).text)
        assert "50% off" in page and "$10.00 off" in page and "5,000 tokens" in page
        assert re.search(r"HALF .*? 0 of [\d,]+ ", page) and "inactive" in page

    def test_calls_plans_and_people_by_their_names(self, olgas: FlaskClient) -> None:
        given = {"applicable_plans": ["plan-pro", "plan-gone"], "created_by": "operator:olga"}
        make_coupon("FOR-PRO", now=clock.now(), **given)
        assert "Pro, plan-gone" in words(olgas.get(COUPONS).text)
        page = words(olgas.get(f"{COUPONS}/FOR-PRO").text)
        assert "For plans Pro, plan-gone" in page and "Made by Operator olga" in page
        for form, ticked in (("new", []), ("FOR-PRO/edit", ["plan-pro", "plan-gone"])):
            page = olgas.get(f"{COUPONS}/{form}").text
            assert "Basic Pro Enterprise Pay as you go" in words(page)
            assert re.findall(r'name="applicable_plans" value="([^"]+)" checked', page) == ticked

    def test_chooses_by_state(self, olgas: FlaskClient) -> None:
        now = clock.now()
        make_coupon("OPEN-1", now=now)
        make_coupon("OFF-1", now=now, is_active=False)
        make_coupon("SPENT-1", now=now, max_uses=3, used_count=3)
        make_coupon("LATER-1", now=now, valid_from=now + timedelta(days=1))
        found = {
            choice: re.findall(
                r"<code>([A-Z]+)-1</code>", olgas.get(f"{COUPONS}?show={choice}").text
            )
            for choice in ("all", "open", "used", "over", "nonsense")
        }
        everything = ["LATER", "SPENT", "OFF", "OPEN"]
        assert found == {
            **dict.fromkeys(("all", "nonsense"), everything),
            **{"open": ["OPEN"], "used": ["SPENT"], "over": ["SPENT", "OFF"]},
        }
        assert "Show all coupons" in olgas.get(f"{COUPONS}?show=over&query=NONE").text
        file = olgas.get(f"{COUPONS}/export.csv?show=used").text
        assert "SPENT-1" in file and "OPEN-1" not in file

    def test_finds_by_the_beginning(self, olgas: FlaskClient) -> None:
        make_coupon("SPRING-A", now=clock.now())
        make_coupon("SUMMER-A", now=clock.now())
        page = olgas.get(f"{COUPONS}?query=spring-").text
        assert "SPRING-A" in page and "SUMMER-A" not in page
        assert "No coupon found" in olgas.get(f"{COUPONS}?query=%25").text

    def test_goes_on_to_older_ones(self, olgas: FlaskClient, now: datetime) -> None:
        for number in range(ROWS_PER_PAGE + 1):
            make_coupon(f"NO-{number:02d}", now=now + timedelta(seconds=number))
        with statements() as sent:
            page = olgas.get(f"{COUPONS}?query=NO-").text
        assert len(sent) <= STATEMENTS_MAX, sent
        address = re.search(r'href="(/operator/coupons\?[^"]*cursor=[^"]+)"', page)[1]
        older = olgas.get(address.replace("&amp;", "&"), headers=HTMX).text
        assert "NO-00" in older and "NO-01" not in older and "NO-00" not in page


class TestCreate:
    def test_makes_one(self, olgas: FlaskClient) -> None:
        assert "Make them" in olgas.get(f"{COUPONS}/new").text
        answer = olgas.post(f"{COUPONS}/new", data={**FORM, "once": "a"})
        assert (answer.status_code, answer.location) == (303, f"{COUPONS}?query=SPRING")
        made = coupon("SPRING")
        assert (made.value, made.created_by, made.applicable_plans) == (
            *(1_250, "operator:olga"),
            ["plan-pro", "plan-basic"],
        )
        assert "SPRING can be redeemed." in olgas.get(answer.location).text
        assert [act for act, _ in acts_of_olga()] == ["coupon_created"]

    def test_makes_many_once_and_hands_them_out(self, olgas: FlaskClient) -> None:
        form = {**FORM, "code": "", "prefix": "vip", "count": "30", "once": "b"}
        answer = olgas.post(f"{COUPONS}/new", data=form)
        assert (answer.status_code, answer.location) == (303, f"{COUPONS}?query=VIP-")
        assert olgas.post(f"{COUPONS}/new", data=form).status_code == 422
        make_coupon("OTHER", now=clock.now())
        file = olgas.get(f"{COUPONS}/export.csv?query=VIP-")
        assert file.mimetype == "text/csv" and "attachment" in file.headers["Content-Disposition"]
        heading, *rows = csv.reader(StringIO(file.text))
        assert heading[0] == "code" and len({row[0] for row in rows}) == 30
        assert all(re.fullmatch(r"VIP-[2-9A-Z]{10}", row[0]) for row in rows)
        assert rows[0][1:4] == ["percentage", "12.5", "0"]

    def test_writes_whole_tokens_and_no_formula(self, olgas: FlaskClient) -> None:
        make_coupon("-GIFT", now=clock.now(), type="free_tokens", value=50_000)
        _, row = csv.reader(StringIO(olgas.get(f"{COUPONS}/export.csv").text))
        assert row[0] == "'-GIFT" and row[2] == "50000"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"code": "x"}, "code"),
            ({"code": "TAKEN"}, "code"),
            ({"code": "", "prefix": ""}, "prefix"),
            ({"prefix": "vip"}, "prefix"),
            ({"code": "", "prefix": "a b"}, "prefix"),
            ({"code": "", "prefix": "vip", "count": "0"}, "count"),
            ({"code": "", "prefix": "vip", "count": "10001"}, "count"),
            ({"count": "x"}, "count"),
            ({"type": "gift"}, "type"),
            ({"value": ""}, "value"),
            ({"value": "101"}, "value"),
            ({"type": "fixed", "value": "7,5"}, "value"),
            ({"max_uses": "1,5"}, "max_uses"),
            ({"min_purchase_amount": "0,50"}, "min_purchase_amount"),
            ({"max_uses": "0"}, "max_uses"),
            ({"max_usage_per_user": "1.5"}, "max_usage_per_user"),
            ({"min_purchase_amount": "-1"}, "min_purchase_amount"),
            ({"valid_from": "soon"}, "valid_from"),
            ({"expires_at": ""}, "expires_at"),
            ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
            ({"expires_at": "9999-12-31T23:59-14:00"}, "expires_at"),
            ({"valid_from": "0001-01-01T00:00+14:00"}, "valid_from"),
            ({"applicable_plans": "plan-9"}, "applicable_plans"),
            ({"description": "x" * 501}, "description"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self, olgas: FlaskClient, changes: dict[str, str], field: str
    ) -> None:
        make_coupon("TAKEN", now=clock.now())
        answer = olgas.post(f"{COUPONS}/new", data={**FORM, **changes})
        assert answer.status_code == 422 and errors_at(answer.text, field)
        assert session.query(Coupon).count() == 1 and acts_of_olga() == []

    def test_wants_to_know_when_it_ends(self, olgas: FlaskClient) -> None:
        answer = olgas.post(f"{COUPONS}/new", data={**FORM, "expires_at": ""})
        assert "Say when it ends." in errors_at(answer.text, "expires_at")
        assert re.search(r'<input[^>]*id="expires_at"[^>]*required', answer.text)

    @pytest.mark.parametrize(
        ("locale", "told"),
        [
            ("en", "“Redemptions of a code” must be a whole number from 1"),
            ("zh", "“每个代码的兑换次数”须为"),
        ],
    )
    def test_calls_a_wrong_field_as_the_page_does(
        self, olgas: FlaskClient, locale: str, told: str
    ) -> None:
        session.get(Account, "olga").locale = locale
        session.commit()
        page = olgas.post(f"{COUPONS}/new", data={**FORM, "max_uses": "0"}).text
        assert told in errors_at(page, "max_uses")

    def test_an_empty_form_is_no_error_of_ours(self, olgas: FlaskClient) -> None:
        assert olgas.post(f"{COUPONS}/new", data={"csrf_token": "a"}).status_code == 422

    def test_customers_cannot(self, adas: FlaskClient) -> None:
        assert adas.post(f"{COUPONS}/new", data=FORM).status_code == 404
        assert session.query(Coupon).count() == 0


class TestDeactivate:
    def test_switches_off_and_on(self, olgas: FlaskClient) -> None:
        make_coupon("HALF", now=clock.now())
        for verb, is_active in (("deactivate", False), ("activate", True)):
            assert "Nobody has redeemed it so far." in olgas.get(f"{COUPONS}/HALF/{verb}").text
            answer = olgas.post(f"{COUPONS}/HALF/{verb}")
            assert (answer.status_code, answer.location) == (303, f"{COUPONS}?query=HALF")
            assert coupon("HALF").is_active == is_active
        assert [act for act, _ in acts_of_olga()] == ["coupon_changed"] * 2

    @pytest.mark.parametrize("code", ["NONE", "%00", "ä"])
    def test_knows_no_other(self, olgas: FlaskClient, code: str) -> None:
        assert olgas.get(f"{COUPONS}/{code}/deactivate").status_code == 404


class TestShowCoupon:
    def test_shows_who_redeemed_it(self, olgas: FlaskClient, ada: Account, ben: Account) -> None:
        make_fixed_coupon("TENOFF", minor=1_000)
        assert "Nobody has redeemed it" in olgas.get(f"{COUPONS}/TENOFF").text
        redeem("TENOFF", ada, now=NOW - timedelta(days=2))
        redeem("TENOFF", ben, now=NOW - timedelta(days=1))
        with statements() as sent:
            page = words(olgas.get(f"{COUPONS}/tenoff").text)
        assert len(sent) <= STATEMENTS_MAX, sent
        assert page.index("ben $0.00 $10.00") < page.index("ada $0.00 $10.00")
        assert "Customers so far 2" in page and "$10.00 off" in page

    def test_goes_on_to_older_ones(self, olgas: FlaskClient, ada: Account) -> None:
        make_fixed_coupon("MANY", minor=1, max_usage_per_user=99)
        for number in range(ROWS_PER_PAGE + 1):
            redeem("MANY", ada, now=NOW - timedelta(hours=number))
        page = olgas.get(f"{COUPONS}/MANY").text
        address = re.search(r'href="(/operator/coupons/MANY\?cursor=[^"]+)"', page)[1]
        older = olgas.get(address, headers=HTMX).text
        assert older.count("/operator/customers/ada") == 1
        assert page.count("/operator/customers/ada") == ROWS_PER_PAGE

    @pytest.mark.parametrize("page", ["", "/edit"])
    def test_knows_no_other(self, olgas: FlaskClient, page: str) -> None:
        assert olgas.get(f"{COUPONS}/NONE{page}").status_code == 404


EDIT = {name: value for name, value in FORM.items() if name not in ("code", "prefix", "count")}


class TestEdit:
    def test_changes_everything_before_anybody_has_it(self, olgas: FlaskClient) -> None:
        made = make_coupon("HALF", now=clock.now())
        starts_at = made.valid_from
        page = olgas.get(f"{COUPONS}/HALF/edit").text
        assert 'value="50"' in page and f"{starts_at:%Y-%m-%dT%H:%M}" in page
        kept = {"valid_from": f"{starts_at:%Y-%m-%dT%H:%M}"}
        answer = olgas.post(f"{COUPONS}/HALF/edit", data={**EDIT, **kept})
        assert (answer.status_code, answer.location) == (303, f"{COUPONS}/HALF")
        changed = coupon("HALF")
        assert (changed.value, changed.max_uses, changed.expires_at.year) == (1_250, 100, 2099)
        assert changed.valid_from == starts_at
        assert [act for act, _ in acts_of_olga()] == ["coupon_changed"]

    def test_never_changes_what_somebody_has(self, olgas: FlaskClient, ada: Account) -> None:
        make_coupon("HALF", now=clock.now())
        redeem("HALF", ada)
        assert 'name="value"' not in olgas.get(f"{COUPONS}/HALF/edit").text
        answer = olgas.post(f"{COUPONS}/HALF/edit", data={**EDIT, "value": "99"})
        assert answer.status_code == 303
        assert (coupon("HALF").value, coupon("HALF").max_uses) == (5_000, 100)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"max_uses": "0"}, "max_uses"),
            ({"max_usage_per_user": ""}, "max_usage_per_user"),
            ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
            ({"valid_from": "soon"}, "valid_from"),
            ({"applicable_plans": "plan-9"}, "applicable_plans"),
            ({"value": "101"}, "value"),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self, olgas: FlaskClient, changes: dict[str, str], field: str
    ) -> None:
        make_coupon("HALF", now=clock.now())
        answer = olgas.post(f"{COUPONS}/HALF/edit", data={**EDIT, **changes})
        assert answer.status_code == 422 and errors_at(answer.text, field)
        assert acts_of_olga() == []

    def test_an_older_page_keeps_what_is_newer(self, olgas: FlaskClient) -> None:
        made = make_coupon("HALF", now=clock.now(), applicable_plans=["plan-pro", "plan-basic"])
        starts_at, address = made.valid_from, f"{COUPONS}/HALF/edit"
        older, newer = tab(olgas, address), tab(olgas, address)
        typed = with_typed(newer, max_uses="7", applicable_plans="")
        assert olgas.post(address, data=typed).status_code == 303
        assert olgas.post(address, data=with_typed(older, description="Half")).status_code == 303
        changed = coupon("HALF")
        assert (changed.max_uses, changed.applicable_plans) == (7, None)
        assert (changed.description, changed.valid_from) == ("Half", starts_at)
        assert "stays as it is now" in olgas.get(f"{COUPONS}/HALF").text
        assert [set(details) for _, details in acts_of_olga()] == [
            *({"code", "max_uses", "applicable_plans"}, {"code", "description"})
        ]

    def test_what_was_changed_in_both_is_told_before_it_counts(self, olgas: FlaskClient) -> None:
        make_coupon("HALF", now=clock.now())
        address = f"{COUPONS}/HALF/edit"
        older, newer = tab(olgas, address), tab(olgas, address)
        olgas.post(address, data=with_typed(newer, max_uses="7"))
        answer = olgas.post(address, data=with_typed(older, max_uses="9", description="Half"))
        assert answer.status_code == 422 and "now it is 7." in errors_at(answer.text, "max_uses")
        assert (coupon("HALF").max_uses, coupon("HALF").description) == (7, "")
        again = with_typed(older, max_uses="9", shown=shown_on(answer.text))
        assert olgas.post(address, data=again).status_code == 303
        assert coupon("HALF").max_uses == 9

    def test_what_is_fixed_meanwhile_stays(self, olgas: FlaskClient, ada: Account) -> None:
        make_coupon("HALF", now=clock.now())
        older = tab(olgas, f"{COUPONS}/HALF/edit")
        redeem("HALF", ada)
        sent = with_typed(older, value="99", description="Half")
        assert olgas.post(f"{COUPONS}/HALF/edit", data=sent).status_code == 303
        assert (coupon("HALF").value, coupon("HALF").description) == (5_000, "Half")
