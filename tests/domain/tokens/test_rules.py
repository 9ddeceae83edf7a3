"""What tokens cost, when some are bought automatically, and which of them are left."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tokens import rules
from app.domain.tokens.errors import NoTokensForSale, TopUpAmountInvalid
from app.domain.tokens.rules import Guard, Lot, NeverBuys, TopUpState, guard, unused_of
from tests.moments import NOW

TICK = timedelta(microseconds=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BASIC_PICO, PRO_PICO = 20_000_000, 150_000_000

READY = TopUpState(
    is_on=True,
    threshold=1_000,
    amount_minor=5_000,
    gross_minor=5_950,
    price_pico=PRO_PICO,
    token_balance=999,
    has_card=True,
    is_in_flight=False,
    last_attempt_at=None,
    paused_until=None,
    awaits_authentication=False,
    was_switched_off=False,
    count_this_month=0,
    gross_this_month_minor=0,
    max_per_month=5,
    monthly_limit_minor=50_000,
)


def said(**changes: object) -> Guard:
    return guard(replace(READY, **changes), now=NOW)


class TestTokensFor:
    @pytest.mark.parametrize(
        ("minor", "pico", "tokens"),
        [
            (500, BASIC_PICO, 250_000),
            (5_000, PRO_PICO, 333_333),
            (1_000_000, PRO_PICO, 66_666_666),
            # Rounded down: nobody gets part of a token.
            (500, 5_000_000_000_001, 0),
            (500, 4_999_999_999_999, 1),
        ],
    )
    def test_is_the_amount_by_the_price(self, minor: int, pico: int, tokens: int) -> None:
        assert rules.tokens_for(minor, price_pico=pico) == tokens

    @pytest.mark.parametrize("minor", [-1, 0, 499, 1_000_001])
    def test_refuses_too_little_and_too_much(self, minor: int) -> None:
        with pytest.raises(TopUpAmountInvalid):
            rules.tokens_for(minor, price_pico=PRO_PICO)

    def test_sells_none_without_a_price(self) -> None:
        with pytest.raises(NoTokensForSale):
            rules.tokens_for(5_000, price_pico=None)


class TestTokensOfPart:
    @given(st.integers(1, 10**7), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
    def test_all_parts_are_all_tokens(self, tokens: int, parts: list[int]) -> None:
        whole, before, taken = sum(parts), 0, 0
        for part in parts:
            some = rules.tokens_of_part(
                tokens, part_minor=part, before_minor=before, whole_minor=whole
            )
            assert some >= 0
            before, taken = before + part, taken + some
        assert taken == tokens


class TestNeverBuysBecause:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, None),
            ({"threshold": 1}, None),
            ({"threshold": 0}, NeverBuys.NO_THRESHOLD),
            ({"max_per_month": 1}, None),
            ({"max_per_month": 0}, NeverBuys.NO_TIMES),
            ({"monthly_limit_minor": 5_950}, None),
            ({"monthly_limit_minor": 5_949}, NeverBuys.LIMIT_TOO_LOW),
            (
                {"threshold": 0, "max_per_month": 0, "monthly_limit_minor": 0},
                NeverBuys.NO_THRESHOLD,
            ),
            ({"max_per_month": 0, "monthly_limit_minor": 0}, NeverBuys.NO_TIMES),
        ],
    )
    def test_names_the_first_setting_in_the_way(
        self, changes: dict[str, int], expected: NeverBuys | None
    ) -> None:
        given = {
            "threshold": 1_000, "max_per_month": 5, "monthly_limit_minor": 50_000,
            "gross_minor": 5_950,
        }  # fmt: skip
        assert rules.never_buys_because(**{**given, **changes}) is expected


@pytest.mark.parametrize(
    ("switched_on", "threshold", "is_on"),
    [(True, 0, False), (True, 1, True), (False, 1, False), (False, 0, False)],
)
def test_is_off_while_the_threshold_is_0(switched_on: bool, threshold: int, is_on: bool) -> None:
    assert rules.is_automatic(switched_on=switched_on, threshold=threshold) is is_on


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"declines_in_a_row": 1}, True),
        ({"awaits_authentication": True}, True),
        ({"declines_in_a_row": 2, "is_on": False}, False),
        ({"awaits_authentication": True, "is_on": False}, False),
        ({"declines_in_a_row": 3, "is_on": False, "was_switched_off": True}, True),
        ({"is_on": False, "was_switched_off": True}, False),
    ],
)
def test_is_declined_while_tokens_are_wanted(changes: dict[str, Any], *, expected: bool) -> None:
    given = {"declines_in_a_row": 0, "awaits_authentication": False, "is_on": True}
    assert rules.is_declined(**{**given, "was_switched_off": False, **changes}) is expected


class TestBegunAnew:
    def test_forgets_declines_and_nothing_else(self) -> None:
        declined = replace(
            READY,
            paused_until=NOW + HOUR,
            awaits_authentication=True,
            was_switched_off=True,
            declines_in_a_row=3,
            last_attempt_at=NOW,
        )
        assert rules.begun_anew(declined) == replace(READY, last_attempt_at=NOW)


class TestGuard:
    def test_buys_when_all_is_well(self) -> None:
        assert said() is Guard.BUY

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"is_on": False}, Guard.OFF),
            ({"threshold": 0}, Guard.OFF),
            ({"is_on": False, "was_switched_off": True}, Guard.SWITCHED_OFF),
            ({"was_switched_off": True}, Guard.BUY),
            ({"account_ends": True}, Guard.ACCOUNT_ENDS),
            ({"account_ends": True, "is_on": False}, Guard.OFF),
            ({"price_pico": None}, Guard.NO_TOKENS_FOR_SALE),
            ({"has_card": False}, Guard.NO_CARD),
            ({"token_balance": 1_000}, Guard.ENOUGH_TOKENS),
            ({"token_balance": 1_001}, Guard.ENOUGH_TOKENS),
            ({"token_balance": 0}, Guard.BUY),
            ({"is_in_flight": True}, Guard.IN_FLIGHT),
            ({"paused_until": NOW + TICK}, Guard.PAUSED),
            ({"paused_until": NOW}, Guard.BUY),
            ({"paused_until": NOW + TICK, "awaits_authentication": True}, "awaits_authentication"),
            ({"paused_until": NOW, "awaits_authentication": True}, Guard.BUY),
            ({"last_attempt_at": NOW - 10 * MINUTE + TICK}, Guard.TOO_SOON),
            ({"last_attempt_at": NOW - 10 * MINUTE}, Guard.BUY),
            ({"count_this_month": 4}, Guard.BUY),
            ({"count_this_month": 5}, Guard.COUNT_REACHED),
            ({"max_per_month": 0}, Guard.COUNT_REACHED),
            # The tax counts: 5,950 cents more are exactly the limit.
            ({"gross_this_month_minor": 44_050}, Guard.BUY),
            ({"gross_this_month_minor": 44_051}, Guard.AMOUNT_REACHED),
        ],
    )
    def test_says_what_is_in_the_way(self, changes: dict[str, object], expected: Guard) -> None:
        assert said(**changes) == expected

    def test_says_the_first_of_several_reasons(self) -> None:
        worst = {
            "is_on": False,
            "price_pico": None,
            "has_card": False,
            "token_balance": 1_000,
            "is_in_flight": True,
            "paused_until": NOW + HOUR,
            "last_attempt_at": NOW,
            "count_this_month": 5,
            "gross_this_month_minor": 50_000,
        }
        cured = [
            ("is_on", True, Guard.OFF),
            ("price_pico", PRO_PICO, Guard.NO_TOKENS_FOR_SALE),
            ("has_card", True, Guard.NO_CARD),
            ("token_balance", 0, Guard.ENOUGH_TOKENS),
            ("is_in_flight", False, Guard.IN_FLIGHT),
            ("paused_until", None, Guard.PAUSED),
            ("last_attempt_at", None, Guard.TOO_SOON),
            ("count_this_month", 0, Guard.COUNT_REACHED),
            ("gross_this_month_minor", 0, Guard.AMOUNT_REACHED),
        ]
        for name, cure, expected in cured:
            assert said(**worst) is expected
            worst[name] = cure
        assert said(**worst) is Guard.BUY

    @pytest.mark.parametrize(
        ("last", "paused", "expected"),
        [
            (None, None, None),
            (NOW, None, NOW + 10 * MINUTE),
            (None, NOW + HOUR, NOW + HOUR),
            (NOW, NOW + HOUR, NOW + HOUR),
            (NOW + HOUR, NOW, NOW + HOUR + 10 * MINUTE),
        ],
    )
    def test_tells_when_the_next_one_is_possible(self, last, paused, expected) -> None:
        state = replace(READY, last_attempt_at=last, paused_until=paused)
        assert state.next_possible_at == expected


def bought(number: int, tokens: int) -> Lot:
    return Lot(f"payment:{number}", tokens, 0)


class TestUnusedOf:
    def test_draws_the_oldest_first(self) -> None:
        ledger = [bought(1, 100), bought(2, 100), Lot(None, -130, 0)]
        assert [unused_of(f"payment:{number}", ledger) for number in (1, 2, 3)] == [0, 70, 0]

    def test_does_not_count_what_was_granted(self) -> None:
        ledger = [Lot("coupon_usage:1", 500, 500), bought(1, 100), Lot(None, -530, -500)]
        assert unused_of("payment:1", ledger) == 70
        assert unused_of("coupon_usage:1", ledger) == 0

    def test_takes_a_refund_from_its_own_purchase(self) -> None:
        ledger = [bought(1, 100), bought(2, 100), Lot("refund:7:payment:2", -60, 0)]
        assert [unused_of(f"payment:{number}", ledger) for number in (1, 2)] == [100, 40]

    def test_puts_what_a_void_gives_back_at_the_end(self) -> None:
        ledger = [bought(1, 100), Lot(None, -100, 0), Lot(None, 100, 0)]
        assert unused_of("payment:1", ledger) == 0
        assert unused_of("payment:2", [*ledger, bought(2, 50), Lot(None, -120, 0)]) == 30

    @given(st.data())
    def test_is_what_was_bought_less_what_was_drawn(self, data: st.DataObject) -> None:
        ledger, balance, purchases, drawn = [], 0, 0, 0
        for _ in range(data.draw(st.integers(1, 15))):
            if not balance or data.draw(st.booleans()):
                tokens = data.draw(st.integers(1, 1_000))
                purchases += 1
                ledger.append(bought(purchases, tokens))
                balance += tokens
            else:
                tokens = data.draw(st.integers(1, balance))
                ledger.append(Lot(None, -tokens, 0))
                balance, drawn = balance - tokens, drawn + tokens
        left = [unused_of(f"payment:{number + 1}", ledger) for number in range(purchases)]
        whole = sum(lot.tokens for lot in ledger if lot.tokens > 0)
        assert sum(left) + drawn == whole
        assert all(tokens >= 0 for tokens in left)
        # First in, first out: before the newest that is touched, nothing is left.
        sizes = [lot.tokens for lot in ledger if lot.tokens > 0]
        touched = [at for at, tokens in enumerate(left) if tokens < sizes[at]]
        assert all(left[at] == 0 for at in touched[:-1])


class TestPriceOfPart:
    @pytest.mark.parametrize(
        ("tokens", "count", "whole", "price"),
        [
            (0, 666_666, 10_000, 0),
            (1, 666_666, 10_000, 0),
            (66, 666_666, 10_000, 1),
            (333_333, 666_666, 10_000, 5_000),
            (4, 5, 500, 499),
        ],
    )
    def test_pays_for_no_more_than_these(
        self, tokens: int, count: int, whole: int, price: int
    ) -> None:
        found = rules.price_of_part(tokens, tokens_count=count, whole_minor=whole)
        assert found == price
        paid_for = rules.tokens_of_part(count, part_minor=found, whole_minor=whole)
        more = rules.tokens_of_part(count, part_minor=found + 1, whole_minor=whole)
        assert paid_for <= tokens < more or tokens == 0
