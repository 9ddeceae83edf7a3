"""Idempotency keys: one effect, one answer, whoever asks how often."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.foundation import idempotency
from app.foundation.database import session, transaction
from app.foundation.idempotency import (
    KEPT_FOR,
    LEASE,
    Answer,
    IdempotencyKey,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
)
from tests.moments import NOW
from tests.threads import in_parallel
from tests.undoing import run_and_fail

SECOND = timedelta(seconds=1)
ANSWER = Answer(201, b'{"invoice":"INV-1"}', "application/json")

pytestmark = pytest.mark.usefixtures("app")


SCOPES = (
    "ab_d POST / 1",
    "abcd POST / 1",
    "ab_d_ POST / 1",
    "account:ada POST /a 1",
    "account:ada DELETE /a 1",
    "account:ada2 POST /a 1",
    "account:ada POST POST /a 1",
    "account:olga PUT /customers/ada 1",
    "account:olga POST /customers/ada/x 1",
    "account:olga PUT /customers/ada2 1",
    "account:olga PUT /customers/a%25b%20c 1",
)


def claim(scope: str = "key POST /topups abc", *, body: bytes = b"{}", now=NOW) -> Answer | None:
    with transaction():
        return idempotency.claim(scope, body=body, now=now)


def keep(scope: str = "key POST /topups abc") -> None:
    with transaction():
        idempotency.keep(scope, ANSWER)


class TestForgetAnswers:
    @pytest.fixture
    def answered(self) -> None:
        for scope in SCOPES:
            claim(scope)
            keep(scope)
        claim("account:ada PUT /running")

    def left(self) -> set[str]:
        return set(session.scalars(select(IdempotencyKey.scope))) - {"account:ada PUT /running"}

    @pytest.mark.parametrize(
        ("holder", "gone"),
        [
            ("ab_d", {"ab_d POST / 1"}),
            (idempotency.holder_of("ada"), {"account:ada POST /a 1", "account:ada DELETE /a 1"}),
            (idempotency.holder_of("ada POST"), {"account:ada POST POST /a 1"}),
        ],
    )
    def test_takes_those_of_one_holder_alone(self, answered, holder: str, gone: set[str]) -> None:
        with transaction():
            idempotency.forget_answers(holder)
        assert self.left() == set(SCOPES) - gone

    @pytest.mark.parametrize(
        ("id", "gone"),
        [
            ("ada", {"account:olga PUT /customers/ada 1", "account:olga POST /customers/ada/x 1"}),
            ("a%b c", {"account:olga PUT /customers/a%25b%20c 1"}),
        ],
    )
    def test_takes_those_at_an_address_that_names_one(
        self, answered, id: str, gone: set[str]
    ) -> None:
        with transaction():
            idempotency.forget_answers_naming(id)
        assert self.left() == set(SCOPES) - gone


class TestClaim:
    def test_lets_the_first_request_run(self) -> None:
        assert claim() is None

    def test_gives_a_repeat_the_first_answer(self) -> None:
        claim()
        keep()
        assert claim() == ANSWER
        assert claim(now=NOW + timedelta(hours=24)) == ANSWER

    def test_refuses_another_body_under_the_same_key(self) -> None:
        claim()
        with pytest.raises(IdempotencyKeyReused):
            claim(body=b'{"amount":1}')
        keep()
        with pytest.raises(IdempotencyKeyReused):
            claim(body=b'{"amount":1}')

    def test_refuses_a_repeat_while_the_first_runs(self) -> None:
        claim()
        with pytest.raises(IdempotencyKeyInUse):
            claim(now=NOW + LEASE - SECOND)

    def test_lets_a_repeat_run_once_the_lease_has_ended(self) -> None:
        claim()
        assert claim(now=NOW + LEASE) is None
        with pytest.raises(IdempotencyKeyInUse):
            claim(now=NOW + LEASE + SECOND)

    def test_keeps_scopes_apart(self) -> None:
        claim("ada POST /topups abc")
        assert claim("ben POST /topups abc") is None

    def test_lets_one_of_many_at_once_run(self, app: Flask) -> None:
        def attempt() -> str:
            try:
                return "runs" if claim() is None else "replayed"
            except IdempotencyKeyInUse:
                return "refused"

        assert sorted(in_parallel(app, [attempt] * 4)) == ["refused", "refused", "refused", "runs"]

    def test_refuses_politely_when_the_claim_is_released_under_its_hands(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim()
        # What another connection does between our insert and our look.
        monkeypatch.setattr(idempotency, "_find_locked", lambda scope: None)
        with pytest.raises(IdempotencyKeyInUse):
            claim()


class TestKeep:
    def test_goes_with_the_effect_it_speaks_of(self) -> None:
        claim()
        run_and_fail(lambda: idempotency.keep("key POST /topups abc", ANSWER))
        with pytest.raises(IdempotencyKeyInUse):
            claim()

    def test_wants_a_claim(self) -> None:
        with pytest.raises(AssertionError, match="without a claim"):
            keep()

    def test_keeps_bytes_as_they_are(self) -> None:
        claim()
        answer = Answer(409, bytes(range(256)), "application/problem+json")
        with transaction():
            idempotency.keep("key POST /topups abc", answer)
        assert claim() == answer

    def test_keeps_an_empty_answer(self) -> None:
        claim()
        with transaction():
            idempotency.keep("key POST /topups abc", Answer(204, b"", ""))
        assert claim() == Answer(204, b"", "")


class TestRelease:
    def test_lets_the_request_be_tried_again(self) -> None:
        claim()
        with transaction():
            idempotency.release("key POST /topups abc")
        assert claim(body=b"other") is None

    def test_never_forgets_an_answer(self) -> None:
        claim()
        keep()
        with transaction():
            idempotency.release("key POST /topups abc")
        assert claim() == ANSWER


class TestForgetOld:
    def test_forgets_what_was_kept_long_enough(self) -> None:
        claim("old", now=NOW - KEPT_FOR - SECOND)
        claim("kept", now=NOW - KEPT_FOR)
        with transaction():
            idempotency.forget_old(now=NOW)
        assert session.scalars(select(IdempotencyKey.scope)).all() == ["kept"]
