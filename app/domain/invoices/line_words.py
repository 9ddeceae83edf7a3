"""The words of an invoice's lines. Pure.

What stands on an issued invoice is never put into other words: where one of these sentences is
changed, its translation has to stay for the lines that were written before.
"""

from datetime import datetime

from app.foundation.sentences import Day, Sentence, say


def usage_of(model: str) -> Sentence:
    """Say that a line asks for the usage of a model."""
    return say("AI API usage - {model}", {"model": model})


def plan_for(plan_name: str, *, starts_at: datetime, ends_at: datetime) -> Sentence:
    """Say for which days a line asks the price of a plan."""
    days = {"starts_on": Day(starts_at), "ends_on": Day(ends_at)}
    return say("{plan} plan, {starts_on} to {ends_on}", {"plan": plan_name, **days})


def unused_time_of(plan_name: str) -> Sentence:
    """Say which plan's time was not used."""
    return say("Unused time of the {plan} plan", {"plan": plan_name})


def bought(tokens: int) -> Sentence:
    """Say how many extra tokens were bought."""
    return say("{tokens:,} extra tokens", {"tokens": tokens})


def carried_from(month: str) -> Sentence:
    """Say since when an amount has waited to be asked for."""
    return say("Carried from {month}", {"month": month})


def carried_on() -> Sentence:
    """Say that an amount is asked for later."""
    return say("Carried onto the next invoice")
