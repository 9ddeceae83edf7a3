"""What a purchase comes to and when one is made automatically, in both languages."""

import pytest

from app.domain.tokens.top_up_words import Purchase, TopUpRule, bought_for, quote_of, rule_of, times
from app.foundation.languages import CHINESE
from app.foundation.sentences import Sentence, in_language

RULE = TopUpRule(threshold=10_000, max_per_month=5, monthly_limit_minor=50_000)
PLAIN = Purchase(tokens=666_666, net_minor=10_000)
TAXED = Purchase(
    tokens=666_666, net_minor=10_000, tax_minor=1_900, tax_name="USt", tax_rate_bp=1_900
)
REVERSE = Purchase(tokens=666_666, net_minor=10_000, reverse_charge=True)


def both(sentence: Sentence) -> tuple[str, object]:
    """Return how it reads in English and in Chinese."""
    return str(sentence), in_language(sentence, CHINESE)


@pytest.mark.parametrize(
    ("purchase", "english", "chinese"),
    [
        (PLAIN, "666,666 tokens for 100.00 USD", "666,666 个 token（100.00 USD）"),
        (Purchase(1, 500), "1 token for 5.00 USD", "1 个 token（5.00 USD）"),
        (
            TAXED,
            "666,666 tokens for 100.00 USD plus 19.00 USD USt (19%): 119.00 USD in all",
            "666,666 个 token（100.00 USD，另加 19.00 USD USt 19%，合计 119.00 USD）",
        ),
        (
            REVERSE,
            "666,666 tokens for 100.00 USD; you account for the VAT (reverse charge)",
            "666,666 个 token（100.00 USD；增值税由您自行申报，即反向征税）",
        ),
    ],
)
def test_says_what_is_bought(purchase: Purchase, english: str, chinese: str) -> None:
    assert both(bought_for(purchase)) == (english, chinese)


def test_quotes_a_purchase() -> None:
    assert both(quote_of(PLAIN)) == (
        "Buys 666,666 tokens for 100.00 USD.",
        "可购买 666,666 个 token（100.00 USD）。",
    )


def test_says_the_rule() -> None:
    assert both(rule_of(RULE, PLAIN)) == (
        "When fewer than 10,000 tokens are left, buy 666,666 tokens for 100.00 USD,"
        " at most 5 times a month and 500.00 USD.",
        "当剩余 token 少于 10,000 个时，购买 666,666 个 token（100.00 USD），"
        "每月最多 5 次、500.00 USD。",
    )


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "0 times", "0 次"),
        (1, "once", "1 次"),
        (2, "twice", "2 次"),
        (3, "3 times", "3 次"),
        (1_000, "1,000 times", "1,000 次"),
    ],
)
def test_counts_times(number: int, english: str, chinese: str) -> None:
    assert both(times(number)) == (english, chinese)
