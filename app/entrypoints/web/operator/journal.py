"""The journal: who did what, when, and about whom."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.usage.buckets import day_starts_at
from app.entrypoints.web.operator.desk import (
    ROWS_PER_PAGE,
    customer_called,
    day_asked,
    local,
    show,
    text_asked,
)
from app.entrypoints.web.operator.journal_reading import (
    act_named,
    actor_named,
    acts_told,
    cards_named,
)
from app.entrypoints.web.operator.journal_words import MONEY, MONEY_MOVED
from app.entrypoints.web.page_numbers import row_before
from app.foundation import journal
from app.foundation.journal import JournalEntry
from app.foundation.paging import Stretch
from app.foundation.periods import Period

DAY = timedelta(days=1)
# No act is called so.
ALL_MONEY = "money"
# Those who have no account.
OTHERS = ("operator:command line", "system", "visitor", "provider:stripe", "provider:paypal")

pages = Blueprint("journal", __name__)


@pages.get("/journal")
def index() -> ResponseReturnValue:
    """Show the newest acts: of an actor, of a kind, about a customer, of a day."""
    asked = {name: text_asked(name) for name in ("actor", "action", "user_id")}
    day, before, operators = day_asked("day"), row_before(), queries.operators()
    found = _found(asked, day, before)
    return show(
        "web/operator/journal/index.html",
        "web/operator/journal/_journal.html",
        found=found,
        acts=acts_told(found.rows, local=local(), named=cards_named(found.rows)),
        asked={name: value for name, value in {**asked, "day": day}.items() if value},
        before=before,
        operators=[each.id for each in operators],
        actors={actor: actor_named(actor) for actor in _actors(operators)},
        actions=_actions(),
    )


def _found(
    asked: Mapping[str, str | None], day: date | None, before: int | None
) -> Stretch[JournalEntry]:
    return journal.entries(
        limit=ROWS_PER_PAGE,
        before=before,
        span=_span(day),
        actor=asked["actor"],
        action=MONEY if asked["action"] == ALL_MONEY else asked["action"],
        user_id=asked["user_id"] and customer_called(asked["user_id"]),
    )


def _actions() -> dict[str, object]:
    return {ALL_MONEY: MONEY_MOVED, **{kind: act_named(kind) for kind in journal.actions()}}


def _actors(operators: Sequence[Account]) -> list[str]:
    return [*(f"operator:{each.id}" for each in operators), *OTHERS]


def _span(day: date | None) -> Period | None:
    """Return the operator's own day, from midnight to midnight."""
    if day is None:
        return None
    return Period(day_starts_at(day, local()), day_starts_at(day + DAY, local()))
