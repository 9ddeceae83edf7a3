"""What a purchase of extra tokens comes to, and when one is made automatically, as sentences. Pure.

There is one wording for pages, settings and mails: nobody reads the same rule in two ways.
"""

from dataclasses import dataclass

from app.foundation.figures import rate, usd_written
from app.foundation.sentences import Sentence, say, say_count

SELDOM = {1: say("once"), 2: say("twice")}


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought at once, for how much before tax, and what tax comes on top."""

    tokens: int
    net_minor: int
    tax_minor: int = 0
    tax_name: str = ""
    tax_rate_bp: int = 0
    reverse_charge: bool = False

    @property
    def gross_minor(self) -> int:
        """Return what the card is charged."""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class TopUpRule:
    """When tokens are bought automatically, and up to which limits of a month."""

    threshold: int
    max_per_month: int
    monthly_limit_minor: int


def bought_for(purchase: Purchase) -> Sentence:
    """Return what is bought for how much: 666,666 tokens for 100.00 USD."""
    places = {
        "amount": usd_written(purchase.net_minor),
        "tax": usd_written(purchase.tax_minor),
        "tax_name": purchase.tax_name,
        "rate": rate(purchase.tax_rate_bp),
        "whole": usd_written(purchase.gross_minor),
    }
    if purchase.tax_minor:
        return say_count(
            "{number:,} token for {amount} plus {tax} {tax_name} ({rate}): {whole} in all",
            "{number:,} tokens for {amount} plus {tax} {tax_name} ({rate}): {whole} in all",
            purchase.tokens,
            places,
        )
    if purchase.reverse_charge:
        return say_count(
            "{number:,} token for {amount}; you account for the VAT (reverse charge)",
            "{number:,} tokens for {amount}; you account for the VAT (reverse charge)",
            purchase.tokens,
            places,
        )
    return say_count(
        "{number:,} token for {amount}", "{number:,} tokens for {amount}", purchase.tokens, places
    )


def quote_of(purchase: Purchase) -> Sentence:
    """Return what a purchase buys, as a sentence of its own."""
    return say("Buys {bought}.", {"bought": bought_for(purchase)})


def rule_of(rule: TopUpRule, purchase: Purchase) -> Sentence:
    """Return when tokens are bought automatically, which, and how often at most."""
    return say(
        "When fewer than {threshold:,} tokens are left, buy {bought},"
        " at most {times} a month and {limit}.",
        {
            "threshold": rule.threshold,
            "bought": bought_for(purchase),
            "times": times(rule.max_per_month),
            "limit": usd_written(rule.monthly_limit_minor),
        },
    )


def times(number: int) -> Sentence:
    """Return how often: once, twice, 5 times."""
    return SELDOM.get(number) or say("{number:,} times", {"number": number})
