"""The coupons page: what one would give, redeeming it, and what was redeemed."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.coupons.models import CouponGuess, CouponUsage
from app.foundation.database import session
from tests.books import check_books
from tests.entrypoints.web.conftest import HTMX, signed_in, words
from tests.factories.accounts import make_account
from tests.factories.coupon_rows import make_coupon
from tests.factories.purchases import begin_switch
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

STATEMENTS_MAX, REFUSED_STATEMENTS_MAX = 6, 16
GUESSES_MAX = 10
FOUND_NOTHING = "There is no coupon with this code."


@pytest.fixture
def cleos(app: Flask, now: datetime, password_hash: str) -> FlaskClient:
    """The browser of a customer on Pro."""
    cleo = make_account("cleo", now=now, plan_id="plan-pro", password_hash=password_hash)
    return signed_in(app, cleo)


def redemptions() -> int:
    return session.query(CouponUsage).count()


class TestIndex:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_shows_the_form(self, adas: FlaskClient, headers: dict[str, str]) -> None:
        page = adas.get("/coupons", headers=headers).text
        assert '<label for="coupon_code">' in page and "No coupons yet" in page
        assert "The plan I am on" in page and ">Enterprise</option>" in page

    def test_a_plans_preview_leads_here_and_back(self, cleos: FlaskClient) -> None:
        coupons = "/coupons?plan_id=plan-enterprise"
        assert f'href="{coupons}"' in cleos.get("/plans/plan-enterprise").text
        page = cleos.get(coupons).text
        assert '<option selected value="plan-enterprise">' in page
        assert 'href="/plans/plan-enterprise"' in page and "preview of Enterprise" in page

    def test_says_that_what_waits_for_its_money_takes_no_more_coupons(
        self, app: Flask, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        waits = "A change of your plan waits for your payment"
        assert waits not in adas.get("/coupons").text
        begin_switch(ada, "plan-pro", gateway=FakeGateway(), now=now)
        assert waits in adas.get("/coupons").text

    def test_takes_few_statements(self, adas: FlaskClient) -> None:
        with statements() as sent:
            adas.get("/coupons")
        assert len(sent) <= STATEMENTS_MAX, sent

    def test_narrows_what_was_redeemed(self, adas: FlaskClient, ada: Account) -> None:
        make_coupon("TOKENS", type="free_tokens", value=5)
        make_coupon("PERCENT")
        assert 'id="state"' not in adas.get("/coupons").text
        for code in ("TOKENS", "PERCENT"):
            adas.post("/coupons", data={"coupon_code": code})
        opened, gone = adas.get("/coupons?state=open").text, adas.get("/coupons?state=used_up").text
        for page, shown, other in ((opened, "PERCENT", "TOKENS"), (gone, "TOKENS", "PERCENT")):
            assert f"<code>{shown}</code>" in page and f"<code>{other}</code>" not in page
        assert '<option value="open" selected>Not used up</option>' in opened
        assert "There are not that many coupons" in adas.get("/coupons?state=open&page=2").text

    def test_visitors_sign_in_first(self, client: FlaskClient) -> None:
        assert client.get("/coupons").location == "/login?next=/coupons"


class TestPreview:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_shows_what_it_takes_off_the_renewal(
        self, cleos: FlaskClient, now: datetime, headers: dict[str, str]
    ) -> None:
        make_coupon(now=now)
        answer = cleos.get(
            "/coupons/preview", query_string={"coupon_code": "save50 "}, headers=headers
        )
        page = words(answer.text)
        assert answer.status_code == 200 and "Save 50%" in page
        assert re.search(
            r"Renewal of your plan due on \d+ \w+ \d{4} \$99.99 −\$50.00 \$49.99", page
        )
        assert "Redeem SAVE50" in page and redemptions() == 0

    def test_shows_what_it_takes_off_a_plan_that_is_bought(
        self, adas: FlaskClient, now: datetime
    ) -> None:
        make_coupon("TEN", now=now, type="fixed", value=1_000, applicable_plans=["plan-pro"])
        data = {"coupon_code": "TEN", "plan_id": "plan-pro"}
        page = words(adas.get("/coupons/preview", query_string=data).text)
        assert "The plan that you choose when you switch $99.99 −$10.00 $89.99" in page
        assert adas.post("/coupons", data=data).status_code == 303

    def test_says_what_counts_before_it(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon("WELCOME20", now=now, value=2_000)
        make_coupon("TENOFF", now=now, type="fixed", value=1_000)
        data = {"coupon_code": "TENOFF", "plan_id": "plan-pro"}
        alone = words(adas.get("/coupons/preview", query_string=data).text)
        assert "Coupons count together" not in alone and "redeemed before" not in alone
        adas.post("/coupons", data={"coupon_code": "WELCOME20"})
        page = words(adas.get("/coupons/preview", query_string=data).text)
        said = "when you switch after WELCOME20, redeemed before $79.99 −$10.00 $69.99"
        assert said in page and "Coupons count together, in the order" in page

    def test_says_that_those_before_it_leave_nothing(
        self, cleos: FlaskClient, now: datetime
    ) -> None:
        make_coupon("ALL", now=now, value=10_000)
        make_coupon(now=now)
        cleos.post("/coupons", data={"coupon_code": "ALL"})
        page = words(cleos.get("/coupons/preview", query_string={"coupon_code": "SAVE50"}).text)
        assert "after ALL, redeemed before $0.00 nothing is left for it $0.00" in page

    def test_says_when_a_cheaper_plan_is_due(self, cleos: FlaskClient, now: datetime) -> None:
        make_coupon("TEN", now=now, type="fixed", value=200, applicable_plans=["plan-basic"])
        data = {"coupon_code": "TEN", "plan_id": "plan-basic"}
        page = words(cleos.get("/coupons/preview", query_string=data).text)
        # It takes over with the next period: nothing of it is due before.
        day = f"{current_period('cleo').ends_at:%-d %b %Y}"
        chosen = f"The plan that you choose, from your renewal on due on {day} $9.99 −$2.00 $7.99"
        assert chosen in page and "when you switch" not in page
        assert f"Renewal of your plan due on {day} $99.99 does not fit $99.99" in page

    def test_says_which_invoice_is_too_small(self, cleos: FlaskClient, now: datetime) -> None:
        make_coupon(now=now, min_purchase_minor=20_000)
        page = words(cleos.get("/coupons/preview", query_string={"coupon_code": "SAVE50"}).text)
        assert "It needs an invoice of $200.00 or more." in page and "does not fit" in page

    def test_shows_tokens(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon("GIFT", now=now, type="free_tokens", value=5_000)
        page = words(adas.get("/coupons/preview", query_string={"coupon_code": "gift"}).text)
        assert "5,000 extra tokens are added to your balance at once" in page

    def test_shows_first_what_comes_first(self, cleos: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        period = current_period("cleo")
        period.quota_tokens_used = period.tokens_used = period.quota
        session.commit()
        make_usage("cleo", now=now, prompt_tokens=500_000, completion_tokens=0)
        page = words(cleos.get("/coupons/preview", query_string={"coupon_code": "SAVE50"}).text)
        # Fifteen dollars of gpt-4, less the plan's tenth, and half of that.
        assert "$13.50 −$6.75 $6.75" in page and "$99.99 −$50.00 $49.99" in page
        expected = re.findall(r"(?:so far issued|your plan due) on (\d+ \w+ \d{4}) \$", page)
        days = [datetime.strptime(text, "%d %b %Y").replace(tzinfo=UTC) for text in expected]
        assert len(days) == 2 and days == sorted(days)

    def test_says_that_no_invoice_is_in_sight(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        page = words(adas.get("/coupons/preview", query_string={"coupon_code": "SAVE50"}).text)
        assert "No invoice is in sight yet" in page

    def test_counts_as_a_guess(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        for number in range(GUESSES_MAX):
            answer = adas.get("/coupons/preview", query_string={"coupon_code": f"NONE{number}"})
            assert answer.status_code == 422 and FOUND_NOTHING in answer.text
        answer = adas.get("/coupons/preview", query_string={"coupon_code": "SAVE50"})
        assert answer.status_code == 422 and "Too many codes" in answer.text
        assert "Too many codes" in adas.post("/coupons", data={"coupon_code": "SAVE50"}).text
        assert session.query(CouponGuess).count() == GUESSES_MAX and redemptions() == 0

    def test_loaded_anew_is_no_other_guess(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        for _ in range(GUESSES_MAX + 1):
            answer = adas.get("/coupons/preview", query_string={"coupon_code": "NONE"})
            assert answer.status_code == 422 and FOUND_NOTHING in answer.text
        assert session.query(CouponGuess).count() == 1
        kept = session.query(CouponGuess.digest).scalar()
        assert len(kept) == 64 and "none" not in kept.lower()
        assert "SAVE50" in adas.get("/coupons/preview?coupon_code=SAVE50").text
        # Whoever wants to redeem it has guessed once more.
        answer = adas.post("/coupons", data={"coupon_code": "none "})
        assert answer.status_code == 422 and FOUND_NOTHING in answer.text
        assert session.query(CouponGuess).count() == 2

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_counts_nothing_where_another_site_leads_here(
        self, adas: FlaskClient, site: str
    ) -> None:
        sent = {"coupon_code": "NONE"}
        answer = adas.get("/coupons/preview", query_string=sent, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.location) == (302, "/coupons")
        assert session.query(CouponGuess).count() == 0

    def test_refuses_with_few_statements(self, cleos: FlaskClient) -> None:
        for code in ("", "NONE"):
            with statements() as sent:
                answer = cleos.get("/coupons/preview", query_string={"coupon_code": code})
            assert answer.status_code == 422 and len(sent) <= REFUSED_STATEMENTS_MAX, sent

    def test_can_be_asked_for_again(self, cleos: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        address = "/coupons/preview?coupon_code=SAVE50&plan_id="
        assert cleos.get(address, headers=HTMX).status_code == 200
        page = cleos.get(address).text
        assert "Redeem SAVE50" in page and 'value="SAVE50"' in page
        assert 'hx-replace-url="/coupons"' in page

    def test_leads_back_who_only_looks(self, adas: FlaskClient) -> None:
        assert adas.get("/coupons/preview").location == "/coupons"


class TestRedeem:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_redeems_and_says_so_once(
        self, adas: FlaskClient, now: datetime, headers: dict[str, str]
    ) -> None:
        make_coupon(now=now)
        answer = adas.post("/coupons", data={"coupon_code": "save50"}, headers=headers)
        assert (answer.status_code, answer.location) == (303, "/coupons")
        page = adas.get("/coupons", headers=headers).text
        assert "SAVE50 is redeemed: Save 50%." in page
        assert "for the next invoice" in page and redemptions() == 1
        assert "is redeemed" not in adas.get("/coupons").text

    def test_leads_back_to_the_plan_that_it_is_for(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        sent = {"coupon_code": "SAVE50", "plan_id": "plan-pro"}
        answer = adas.post("/coupons", data=sent)
        assert answer.location == "/coupons?plan_id=plan-pro"
        page = adas.get(answer.location).text
        assert "SAVE50 is redeemed" in page and 'href="/plans/plan-pro"' in page
        for nonsense in ("", "plan-nine", "%00"):
            assert 'href="/plans/plan' not in adas.get(f"/coupons?plan_id={nonsense}").text

    def test_gives_tokens(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon("GIFT", now=now, type="free_tokens", value=5_000)
        adas.post("/coupons", data={"coupon_code": "GIFT"})
        assert session.get(Account, "ada").extra_tokens == 5_000
        page = words(adas.get("/coupons").text)
        assert "5,000 tokens" in page and "used up" in page
        check_books()

    @pytest.mark.parametrize(
        "sending",
        [("POST", "/coupons", "data"), ("GET", "/coupons/preview", "query_string")],
    )
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            ({"coupon_code": ""}, "Enter the code of your coupon."),
            ({"coupon_code": "   "}, "Enter the code of your coupon."),
            ({"coupon_code": "SАVE50"}, FOUND_NOTHING),
            ({"coupon_code": "SAVE５０"}, FOUND_NOTHING),
            ({"coupon_code": "A" * 5_000}, FOUND_NOTHING),
            ({"coupon_code": '"><script>alert(1)</script>'}, FOUND_NOTHING),
            ({"coupon_code": "OLD"}, "The coupon OLD is not valid any more."),
            ({"coupon_code": "FORPRO"}, "The coupon FORPRO is for another plan than yours."),
            ({"coupon_code": "SAVE50", "plan_id": "plan-nine"}, "There is no plan with this id."),
            ({"coupon_code": "SAVE50", "plan_id": "\x00"}, "There is no plan with this id."),
        ],
    )
    def test_says_at_the_field_what_is_wrong(
        self,
        adas: FlaskClient,
        now: datetime,
        sending: tuple[str, str, str],
        data: dict[str, str],
        said: str,
    ) -> None:
        method, path, place = sending
        make_coupon(now=now)
        make_coupon("OLD", now=now, is_active=False)
        make_coupon("FORPRO", now=now, applicable_plans=["plan-pro"])
        answer = adas.open(path, method=method, **{place: data})
        assert answer.status_code == 422 and "field-wrong" in answer.text
        assert said in answer.text and redemptions() == 0

    def test_reads_what_nobody_types_as_spaces(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        assert adas.post("/coupons", data={"coupon_code": "\x00save50\x00"}).status_code == 303

    def test_refuses_the_second_time(self, adas: FlaskClient, now: datetime) -> None:
        make_coupon(now=now)
        adas.post("/coupons", data={"coupon_code": "SAVE50"})
        answer = adas.post("/coupons", data={"coupon_code": "SAVE50"})
        assert answer.status_code == 422
        assert "You have redeemed the coupon SAVE50 already." in answer.text
        assert redemptions() == 1

    def test_shows_strangers_nothing(self, adas: FlaskClient, bens: FlaskClient, now) -> None:
        make_coupon(now=now)
        adas.post("/coupons", data={"coupon_code": "SAVE50"})
        assert "SAVE50" not in bens.get("/coupons").text
