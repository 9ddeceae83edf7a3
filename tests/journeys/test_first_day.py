"""A customer's first day: from the registration to the first figures, with htmx and without."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from app.foundation import clock
from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Installation
from tests.journeys.visitor import Visitor

# Cells that carry an amount say it exactly in a <data>; what is nothing says so in words.
CELLS = """
table => [...table.rows].map(row => [...row.cells].map(cell => [
  cell.textContent.trim(), cell.querySelector("data")?.value ?? cell.textContent.trim(), cell.title
]))
"""
DRAWN = """
() => Object.fromEntries(
  Chart.getChart(document.querySelector("#usage-chart canvas")).data.datasets
    .map(({label, data}) => [label, data.reduce((sum, value) => sum + value)])
)
"""
NANOS = 10**9
TITLE = "%A, %d %B %Y"
NOTHING = "–"
SUMS = (
    *("requests", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens"),
    *("total_tokens", "cost", "final_cost"),
)
# What was used on the first day: how many days ago, and in what way.
USED: list[tuple[int, dict[str, object]]] = [
    (0, {"api_key_alias": "prod"}),
    (0, {"api_key_alias": "prod", "model": "gpt-3.5-turbo", "prompt_tokens": 12_345}),
    (1, {"api_key_alias": "prod", "cached_tokens": 100, "reasoning_tokens": 20}),
    (3, {"api_key_alias": "staging", "prompt_tokens": 1}),
    # Beyond the last seven days.
    (20, {"api_key_alias": "staging", "completion_tokens": 98_765}),
]

Amounts = dict[str, dict[str, Decimal]]


class Reader:
    """Compares what a usage page says with what the API answers to the customer's key."""

    def __init__(self, installation: Installation, visitor: Visitor, *, key: str) -> None:
        self.installation = installation
        self.visitor = visitor
        self.key = key

    def sees_what_the_api_says(
        self, *, by: str, figure: str = "final_cost", days_count: int
    ) -> None:
        """Hold every number of the tables that is shown against the API's."""
        page = self.visitor.page
        summary = page.locator("summary").filter(has_text="as a table")
        if not page.get_by_role("table", name="the numbers of the chart").is_visible():
            summary.click()
        rows = cells_of(page.get_by_role("table", name="the numbers of the chart"))
        days = [day_of(title) for (_, _, title), *_ in rows[1:-1]]
        assert len(days) == days_count and sorted(days) == days
        answer = self.asks(by=by, first=days[0], last=days[-1])
        assert amounts_in(rows) == amounts_said(answer, figure=figure)

        breakdown = page.get_by_role("region", name="Totals by").locator("table")
        assert sums_in(cells_of(breakdown)) == sums_said(answer)

    def sees_bars_of_what_the_table_says(self) -> None:
        """Hold what the script has drawn against the breakdown: each colour's nano-dollars."""
        breakdown = self.visitor.page.get_by_role("region", name="Totals by").locator("table")
        sums = sums_in(cells_of(breakdown))
        drawn = self.visitor.page.evaluate(DRAWN)
        assert drawn == {name: sums[name][-1] * NANOS for name in sums if name != "Total"}

    def asks(self, *, by: str, first: date, last: date) -> dict[str, Any]:
        """Ask the API about these days."""
        query = {"from": str(first), "to": str(last + timedelta(days=1)), "group_by": by}
        return self.installation.call("GET", "usage", key=self.key, query=query)


def day_of(title: str) -> date:
    """Return the day that a row is about."""
    return datetime.strptime(title, TITLE).date()  # noqa: DTZ007  # a day has no zone


def cells_of(table: Locator) -> list[list[list[str]]]:
    """Return each row's cells: their text, their exact value and their title."""
    cells: list[list[list[str]]] = table.evaluate(CELLS)
    return cells


def amounts_in(rows: list[list[list[str]]]) -> Amounts:
    """Return what a table over time says: by row, and by column; what is nothing is left out."""
    columns = [text for text, _, _ in rows[0][1:]]
    said: Amounts = {}
    for (text, _, title), *cells in rows[1:]:
        values = {
            column: Decimal(value)
            for column, (_, value, _) in zip(columns, cells, strict=True)
            if value != NOTHING and Decimal(value)
        }
        if values:
            said[title or text] = values
    return said


def amounts_said(answer: dict[str, Any], *, figure: str) -> Amounts:
    """Return what such a table must say after this answer, its sums included."""
    said: Amounts = defaultdict(lambda: defaultdict(Decimal))
    for bucket in answer["buckets"]:
        day = f"{datetime.fromisoformat(bucket['start']):%A, %-d %B %Y}"
        for row in (day, "Total"):
            for column in (bucket["group"], "Total"):
                said[row][column] += bucket[figure]
    return said


def sums_in(rows: list[list[list[str]]]) -> dict[str, list[Decimal]]:
    """Return the figures of each row of the breakdown, without its shares."""
    return {
        name[0]: [Decimal(value.replace(",", "")) for _, value, _ in cells[: len(SUMS)]]
        for name, *cells in rows[1:]
    }


def sums_said(answer: dict[str, Any]) -> dict[str, list[Decimal]]:
    """Return what the breakdown must say after this answer."""
    said: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal()] * len(SUMS))
    for bucket in answer["buckets"]:
        figures = [bucket[name] for name in SUMS]
        said[bucket["group"]] = [a + b for a, b in zip(said[bucket["group"]], figures, strict=True)]
    return {**said, "Total": [Decimal(answer["totals"][name]) for name in SUMS]}


@pytest.fixture
def report(installation: Installation) -> Callable[[str], None]:
    """Report what somebody used, as his gateway does."""

    def report(user_id: str) -> None:
        now = clock.now()
        for days_ago, changes in USED:
            at = now - timedelta(days=days_ago)
            installation.report(user_id, occurred_at=at.isoformat(), **changes)

    return report


def test_from_the_registration_to_the_first_figures(
    installation: Installation, visit: Visit, report: Callable[[str], None]
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("/")
    visitor.arrives("/login")
    visitor.clicks("link", "Create an account")
    visitor.arrives("/register")
    page.get_by_label("Email").fill("first.day@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    # The browser knows where it is.
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    visitor.clicks("button", "Create the account")

    visitor.arrives("/")
    visitor.sees("Three steps to your first figures")
    user_id = page.locator("#user-id").inner_text()
    visitor.clicks("link", "Make an API key")
    visitor.arrives("/keys")
    page.get_by_label("Name").fill("Reporting")
    visitor.clicks("button", "Create key")
    visitor.sees("Your new key")
    key = page.locator("#new-key").inner_text()
    visitor.look()

    report(user_id)
    visitor.clicks("link", "Usage")
    visitor.arrives("/usage")
    reader = Reader(installation, visitor, key=key)
    reader.sees_what_the_api_says(by="model", days_count=30)
    reader.sees_bars_of_what_the_table_says()

    # From here on the page stays, and only its parts change.
    page.evaluate("window.isTheSame = true")
    page.get_by_role("radio", name="Gateway key").check()
    visitor.arrives("/usage?group_by=api_key")
    visitor.sees("Cost by gateway key")
    reader.sees_what_the_api_says(by="api_key", days_count=30)
    page.get_by_role("radio", name="7 days").check()
    visitor.arrives("/usage?range=7d&group_by=api_key")
    reader.sees_what_the_api_says(by="api_key", days_count=7)
    reader.sees_bars_of_what_the_table_says()
    assert page.evaluate("window.isTheSame")

    visitor.goes_back()
    visitor.arrives("/usage?group_by=api_key")
    visitor.sees("Cost by gateway key")
    expect(page.get_by_role("radio", name="30 days")).to_be_checked()
    expect(page.get_by_role("radio", name="Gateway key")).to_be_checked()
    reader.sees_what_the_api_says(by="api_key", days_count=30)
    visitor.goes_back()
    visitor.arrives("/usage")
    visitor.sees("Cost by model")
    expect(page.get_by_role("radio", name="Model")).to_be_checked()

    reads_without_scripts(installation, visit, visitor, key=key)


def reads_without_scripts(
    installation: Installation, visit: Visit, before: Visitor, *, key: str
) -> None:
    """Let the same customer come with a browser that runs no script."""
    session = before.page.context.storage_state()
    visitor = visit(java_script_enabled=False, storage_state=session)
    page = visitor.page
    visitor.open("/")
    expect(page.get_by_role("heading", name="Three steps to your first figures")).to_have_count(0)
    visitor.clicks("link", "Usage")
    visitor.arrives("/usage")
    page.get_by_role("radio", name="7 days").check()
    page.get_by_role("radio", name="Tokens").check()
    # Nothing happens until it is told to.
    visitor.arrives("/usage")
    visitor.clicks("button", "Show")
    visitor.sees("Tokens by model")
    assert "range=7d" in page.url and "metric=tokens" in page.url
    visitor.look()
    reader = Reader(installation, visitor, key=key)
    reader.sees_what_the_api_says(by="model", figure="total_tokens", days_count=7)
    expect(page.locator("canvas")).to_be_hidden()
