"""Coupons that begin alike: taken back together, after a look at how many that are."""

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon
from app.foundation import clock
from app.foundation.database import session
from tests.entrypoints.web.conftest import words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.coupon_rows import make_coupon
from tests.tabs import tab

COUPONS = "/operator/coupons"
MANY = f"{COUPONS}/deactivate?prefix=vip-"


def active() -> list[str]:
    session.expire_all()
    return sorted(row.code for row in session.query(Coupon).filter_by(is_active=True))


@pytest.fixture
def made() -> None:
    """Three that begin alike, one of them over already, and two that do not."""
    for code in ("VIP-A", "VIP-B", "VIPER", "OTHER"):
        make_coupon(code, now=clock.now())
    make_coupon("VIP-C", now=clock.now(), is_active=False)


class TestDeactivate:
    def test_ends_those_that_begin_so(self, olgas: FlaskClient, made: None) -> None:
        assert 'href="/operator/coupons/deactivate?prefix=vip-"' in (
            olgas.get(f"{COUPONS}?query=vip-").text
        )
        assert "deactivate?" not in olgas.get(f"{COUPONS}?query=other").text
        page = words(olgas.get(MANY).text)
        assert "begin with VIP-" in page and "2 coupons are active" in page
        answer = olgas.post(MANY, data=tab(olgas, MANY))
        assert (answer.status_code, answer.location) == (303, f"{COUPONS}?query=vip-")
        page = olgas.get(answer.location).text
        assert "2 coupons are deactivated, which is noted in the journal." in words(page)
        assert "deactivate?" not in page, "nothing is left to deactivate"
        assert active() == ["OTHER", "VIPER"]
        assert acts_of_olga() == [("coupons_deactivated", {"prefix": "VIP-", "count": 2})]
        page = olgas.get(MANY).text
        assert "None of them is active" in words(page) and "button-bad" not in page
        olgas.post(MANY, data=tab(olgas, MANY))
        assert len(acts_of_olga()) == 1

    def test_ends_no_more_than_was_told(self, olgas: FlaskClient, made: None) -> None:
        sent = tab(olgas, MANY)
        make_coupon("VIP-D", now=clock.now())
        answer = olgas.post(MANY, data=sent)
        assert answer.status_code == 422 and "3 coupons are active" in words(answer.text)
        assert len(active()) == 5 and acts_of_olga() == []

    @pytest.mark.parametrize("asked", ["", "?prefix=", "?prefix=%20", "?prefix=%00"])
    def test_ends_never_all(self, olgas: FlaskClient, made: None, asked: str) -> None:
        assert olgas.post(f"{COUPONS}/deactivate{asked}").status_code == 404
        assert len(active()) == 4

    @pytest.mark.parametrize("asked", ["%25", "_", "nothing"])
    def test_finds_no_more_than_the_list(self, olgas: FlaskClient, made, asked: str) -> None:
        assert "None of them is active" in olgas.get(f"{COUPONS}/deactivate?prefix={asked}").text

    def test_customers_cannot(self, adas: FlaskClient, ada: Account, made: None) -> None:
        assert adas.get(MANY).status_code == adas.post(MANY).status_code == 404
        assert len(active()) == 4
