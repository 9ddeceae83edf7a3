"""Thirty-two at the same moment get no more than one after the other would."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings
from app.domain.accounts import factors, mail_tokens, operations
from app.domain.accounts.access_models import MailToken
from app.domain.accounts.errors import CodeWrong, LinkInvalid
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.coupons.models import CouponUsage
from app.domain.mails.models import Mail
from app.domain.payments.consent import VERSION
from app.entrypoints import downloading, gateways, limiting, webhooks
from app.entrypoints.downloading import DOWNLOADS, Downloads
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.web import tries
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from app.foundation.secret_keys import KeyKind
from app.workflows.reset_password import reset_password
from app.workflows.verify_email import verify_email
from tests.databases import settings_for
from tests.entrypoints.web.conftest import PASSWORD, signed_in
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.coupons import make_coupon
from tests.factories.factors import code_now, make_factor, wrong_code
from tests.factories.mailed_links import SEAL, VISITOR
from tests.factories.payments import make_checkout, make_invoice
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.threads import in_parallel

CROWD = 32
ALLOWED = 3
MINUTE = timedelta(minutes=1)


def few(monkeypatch: pytest.MonkeyPatch, name: str, *, of: object = tries) -> None:
    """Let only a few of them through."""
    monkeypatch.setattr(of, name, replace(getattr(of, name), times=ALLOWED))


def crowd(app: Flask, address: str, form: dict[str, str]) -> Counter[int]:
    """Send the form from so many browsers at once, and count the answers."""
    browsers = [app.test_client() for _ in range(CROWD)]
    return Counter(
        in_parallel(app, [lambda b=b: b.post(address, data=form).status_code for b in browsers])
    )


def from_everywhere(
    app: Flask, address: str, form: dict[str, str], *, cookie: str = ""
) -> Counter[int]:
    """Send the form from so many networks at once, and count the answers."""

    def post(number: int) -> int:
        browser = app.test_client()
        if cookie:
            browser.set_cookie("session", cookie)
        place = {"REMOTE_ADDR": f"203.0.113.{number}"}
        return browser.post(address, data=form, environ_overrides=place).status_code

    return Counter(in_parallel(app, [lambda n=n: post(n) for n in range(CROWD)]))


@on_one_of_both
class TestLimits:
    """Counted in memory, and in a real Redis; never in the database."""

    @pytest.fixture(params=["memory", "redis"])
    def settings(
        self, request: pytest.FixtureRequest, database_url: str, tmp_path: Path
    ) -> Settings:
        redis = request.param == "redis"
        changes = {"REDIS_URL": request.getfixturevalue("redis_url")} if redis else {}
        return settings_for(database_url, tmp_path / "instance", **changes)

    def test_of_signing_in(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "OF_ACCOUNT_HERE")
        form = {"email": ada.email, "password": "not the right one"}
        assert crowd(app, "/login", form) == {422: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_an_account_from_all_networks(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "OF_ACCOUNT")
        form = {"email": ada.email, "password": "not the right one"}
        answers = from_everywhere(app, "/login", form)
        assert answers == {422: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_failures_of_a_network(self, app: Flask, ben: Account, monkeypatch) -> None:
        few(monkeypatch, "FAILED_HERE")
        posts: list[Callable[[], int]] = [
            lambda n=n: (
                app.test_client()
                .post("/login", data={"email": f"nobody-{n}@example.com", "password": "wrong one"})
                .status_code
            )
            for n in range(CROWD)
        ]
        # What succeeds is no failure, however often.
        for _ in range(ALLOWED + 1):
            signed_in(app, ben)
        assert Counter(in_parallel(app, posts)) == {422: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_what_was_refused_before_a_password_was_looked_at(
        self, app: Flask, ada: Account, monkeypatch
    ) -> None:
        few(monkeypatch, "OF_ACCOUNT_HERE")
        monkeypatch.setattr(tries, "FAILED_HERE", replace(tries.FAILED_HERE, times=CROWD))
        form = {"email": ada.email, "password": "not the right one"}
        assert crowd(app, "/login", form) == {422: ALLOWED, 429: CROWD - ALLOWED}
        other = {"email": "nobody@example.com", "password": "not the right one"}
        monkeypatch.setattr(tries, "FAILED_HERE", replace(tries.FAILED_HERE, times=ALLOWED + 1))
        assert app.test_client().post("/login", data=other).status_code == 422

    def test_of_links_by_mail(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "LINKS")
        answers = crowd(app, "/forgot", {"email": ada.email})
        assert answers == {200: ALLOWED, 429: CROWD - ALLOWED}
        assert session.query(OutboxEntry).filter_by(kind="send_password_reset").count() == ALLOWED
        # However many were asked for, the mailbox gets one.
        work_off_outbox()
        assert session.query(Mail).filter_by(kind="reset_password").count() == 1

    def test_of_registering(self, app: Flask, monkeypatch) -> None:
        few(monkeypatch, "ACCOUNTS")
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:9")
        answers = crowd(app, "/register", {"email": "new@example.com"})
        assert answers == {200: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_ones_own_password(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "PASSWORDS")
        browsers = [signed_in(app, ada) for _ in range(4)]
        posts: list[Callable[[], int]] = [
            lambda b=browsers[n % 4]: (
                b.post("/confirm-password", data={"password": "wrong"}).status_code
            )
            for n in range(CROWD)
        ]
        assert Counter(in_parallel(app, posts)) == {422: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_codes(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "CODES_HERE")
        secret = make_factor(ada, now=clock.now())
        waiting = app.test_client()
        waiting.post("/login", data={"email": ada.email, "password": PASSWORD})
        cookie = waiting.get_cookie("session").value
        code = wrong_code(secret, now=clock.now())

        def post() -> int:
            browser = app.test_client()
            browser.set_cookie("session", cookie)
            return browser.post("/login/code", data={"code": code}).status_code

        assert Counter(in_parallel(app, [post] * CROWD)) == {422: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_codes_from_all_networks(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "CODES")
        secret = make_factor(ada, now=clock.now())
        waiting = app.test_client()
        waiting.post("/login", data={"email": ada.email, "password": PASSWORD})
        code = wrong_code(secret, now=clock.now())
        answers = from_everywhere(
            app, "/login/code", {"code": code}, cookie=waiting.get_cookie("session").value
        )
        assert answers == {422: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_ones_own_data(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "DATA")
        # Each is let go before the next might wait for it.
        app.extensions[DOWNLOADS] = Downloads(most=CROWD)
        monkeypatch.setattr(downloading, "OF_AN_ACCOUNT_MAX", CROWD)
        browsers = [signed_in(app, ada) for _ in range(4)]
        posts: list[Callable[[], int]] = [
            lambda b=browsers[n % 4]: b.post("/settings/data/download", buffered=True).status_code
            for n in range(CROWD)
        ]
        assert Counter(in_parallel(app, posts)) == {200: ALLOWED, 429: CROWD - ALLOWED}
        taken = session.query(JournalEntry).filter_by(action="data_taken").count()
        assert taken == ALLOWED

    def test_of_mails_to_an_end_of_a_change(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "EMAIL_LINKS")
        browsers = [signed_in(app, ada) for _ in range(4)]
        browsers[0].post("/settings/security/email", data={"email": "ada@free.example"})
        with transaction():
            session.query(MailToken).update({"created_at": clock.now() - MINUTE})
        posts: list[Callable[[], int]] = [
            lambda b=browsers[n % 4]: b.post("/settings/security/email/old/link").status_code
            for n in range(CROWD)
        ]
        # One is sent; the others would be within the same minute.
        assert Counter(in_parallel(app, posts)) == {303: ALLOWED, 429: CROWD - ALLOWED}
        assert session.query(Mail).filter_by(kind="release_email").count() == 2

    def test_of_questions_to_a_provider(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "NEWS", of=gateways)
        gateway = FakeGateway()
        app.config[gateways.GATEWAYS] = {"stripe": gateway}
        payment_id = make_checkout(
            ada, make_invoice(ada), gateway=gateway, now=clock.now()
        ).payment_id
        browsers = [signed_in(app, ada) for _ in range(4)]
        looks: list[Callable[[], int]] = [
            lambda b=browsers[n % 4]: b.get(f"/payments/{payment_id}").status_code
            for n in range(CROWD)
        ]
        assert Counter(in_parallel(app, looks)) == {200: CROWD}
        assert len(gateway.asked) == ALLOWED

    def test_of_messages_that_nobody_has_signed(self, app: Flask, monkeypatch) -> None:
        few(monkeypatch, "UNPROVEN", of=webhooks)
        forged = {"Stripe-Signature": "t=1,v1=00"}

        def post() -> int:
            sent = app.test_client().post("/webhooks/stripe", data=b"{}", headers=forged)
            return sent.status_code

        assert Counter(in_parallel(app, [post] * CROWD)) == {400: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_recovery_codes(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "PAPERS")
        browsers = [signed_in(app, ada) for _ in range(4)]
        make_factor(ada, now=clock.now())
        posts: list[Callable[[], int]] = [
            lambda b=browsers[n % 4]: b.post("/settings/security/factor/codes").status_code
            for n in range(CROWD)
        ]
        assert Counter(in_parallel(app, posts)) == {200: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_other_addresses(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "ADDRESSES")
        browsers = [signed_in(app, ada) for _ in range(4)]
        posts: list[Callable[[], int]] = [
            lambda b=browsers[n % 4], n=n: (
                b.post(
                    "/settings/security/email", data={"email": f"new-{n}@free.example"}
                ).status_code
            )
            for n in range(CROWD)
        ]
        # One is asked, the next would be asked within the same minute.
        answers = Counter(in_parallel(app, posts))
        assert answers == {303: 1, 422: ALLOWED - 1, 429: CROWD - ALLOWED}

    def test_of_payment_pages(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "PAGES", of=gateways)
        gateway = FakeGateway()
        app.config[gateways.GATEWAYS] = {"stripe": gateway}
        browsers = [signed_in(app, ada) for _ in range(4)]
        posts: list[Callable[[], int]] = [
            lambda b=browsers[n % 4]: (
                b.post("/payment-methods", data={"consent": VERSION}).status_code
            )
            for n in range(CROWD)
        ]
        assert Counter(in_parallel(app, posts)) == {303: ALLOWED, 429: CROWD - ALLOWED}

    def test_of_a_key(self, app: Flask, ada: Account, monkeypatch) -> None:
        few(monkeypatch, "API", of=limiting)
        headers = bearer(KeyKind.CUSTOMER, user_id="ada")

        def ask() -> int:
            return app.test_client().get("/v1/billing/stats", headers=headers).status_code

        assert Counter(in_parallel(app, [ask] * CROWD)) == {200: ALLOWED, 429: CROWD - ALLOWED}


class TestOnce:
    """What is good for once, or for a few, is taken by no more."""

    def taken(self, app: Flask, take: Callable[[], object], refused: type[Exception]) -> int:
        def attempt() -> bool:
            try:
                take()
            except refused:
                return False
            return True

        session.commit()
        return sum(in_parallel(app, [attempt] * CROWD))

    def token(self, account: Account, purpose: Purpose) -> str:
        with transaction():
            made = mail_tokens.make(account, purpose, email=account.email, now=clock.now())
        return made.text

    def test_is_a_link_to_another_password(self, app: Flask, ada: Account, monkeypatch) -> None:
        token = self.token(ada, Purpose.RESET_PASSWORD)

        def take() -> None:
            with transaction():
                reset_password(token, "another battery staple", visitor=VISITOR, now=clock.now())

        # What is tried is the token; hashing 32 passwords would only take long.
        monkeypatch.setattr(operations.passwords, "hash_password", lambda _: "hashed")
        assert self.taken(app, take, LinkInvalid) == 1

    def test_is_a_link_that_verifies(self, app: Flask, ada: Account) -> None:
        token = self.token(ada, Purpose.VERIFY_EMAIL)

        def take() -> None:
            with transaction():
                verify_email(token, visitor=VISITOR, now=clock.now())

        assert self.taken(app, take, LinkInvalid) == 1

    def test_is_a_recovery_code(self, app: Flask, ada: Account) -> None:
        make_factor(ada)

        def take() -> None:
            with transaction():
                account = session.get_one(Account, "ada")
                factors.check_code(account, "2222-bcde-fghj", seal=SEAL, now=clock.now())

        assert self.taken(app, take, CodeWrong) == 1

    def test_is_a_code_of_the_app(self, app: Flask, ada: Account) -> None:
        code = code_now(make_factor(ada, now=clock.now()), now=clock.now())

        def take() -> None:
            with transaction():
                account = session.get_one(Account, "ada")
                factors.check_code(account, code, seal=SEAL, now=clock.now())

        assert self.taken(app, take, CodeWrong) == 1

    def test_is_a_coupon_for_a_few(self, app: Flask) -> None:
        make_coupon("FEW", max_uses=ALLOWED)
        make_account("ada")
        keys = []
        for number in range(CROWD):
            make_account(f"many-{number}")
            keys.append(bearer(KeyKind.CUSTOMER, user_id=f"many-{number}"))

        def redeem(headers: dict[str, str]) -> int:
            body = {"coupon_code": "FEW"}
            asked = app.test_client().post
            return asked("/v1/billing/coupons/apply", json=body, headers=headers).status_code

        answers = in_parallel(app, [lambda h=h: redeem(h) for h in keys])
        assert Counter(answers) == {200: ALLOWED, 422: CROWD - ALLOWED}
        assert session.query(CouponUsage).count() == ALLOWED
