"""Pages of which only a part is asked for anew: slow, or after the session has ended."""

import re

import pytest
from playwright.sync_api import Route, expect

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Role
from app.domain.accounts.operations import change_settings
from app.entrypoints.web.showing import usd
from app.foundation import clock, journal
from app.foundation.database import transaction
from tests.journeys.conftest import Visit
from tests.journeys.installation import PASSWORD, Customer, Installation
from tests.journeys.visitor import Visitor

SLOW = re.compile(r"/usage\?.*range=7d")


@pytest.fixture
def customer(installation: Installation) -> Customer:
    """Somebody with usage."""
    customer = installation.customer("parts")
    installation.report(customer.user_id)
    return customer


@pytest.fixture
def visitor(visit: Visit, customer: Customer) -> Visitor:
    """The same, looking at the usage."""
    visitor = visit()
    visitor.signs_in(customer)
    visitor.open("/usage")
    return visitor


# What the script says of an amount, as the tables do: cents, or the two digits that matter.
TOLD = """
(nanos) => Chart.getChart(document.querySelector("[data-chart] canvas"))
  .options.plugins.tooltip.callbacks.label({ dataset: { label: "gpt-4" }, raw: nanos })
"""
AMOUNTS = {
    12_345_678_901: "$12.35",
    10_000_000: "$0.01",
    9_999_999: "$0.01",
    1_234_567: "$0.0012",
    66: "$0.000000066",
    7: "$0.000000007",
}


# In the middle of what the first model adds to the last bar.
COLOUR = """
() => {
  const chart = Chart.getChart(document.querySelector("[data-chart] canvas"));
  const { x, y, base } = chart.getDatasetMeta(0).data.at(-1);
  const { left, top } = chart.canvas.getBoundingClientRect();
  return [left + x, top + (y + base) / 2];
}
"""


def test_amounts_have_the_digits_of_the_tables_and_a_colour_leads_on(visitor: Visitor) -> None:
    told = {nanos: visitor.page.evaluate(TOLD, nanos) for nanos in AMOUNTS}
    assert told == {nanos: f"gpt-4  {usd(nanos)}" for nanos in AMOUNTS}
    assert {nanos: usd(nanos) for nanos in AMOUNTS} == AMOUNTS

    visitor.page.locator("[data-chart]").scroll_into_view_if_needed()
    visitor.page.mouse.click(*visitor.page.evaluate(COLOUR))
    visitor.arrives(re.compile(r"/usage\?range=custom&.*model=gpt-4#records"))
    visitor.sees("Requests of")
    expect(visitor.page.get_by_role("link", name="Remove “model: gpt-4”").first).to_be_visible()


def test_slow_work_is_seen_and_the_focus_stays(visitor: Visitor) -> None:
    page, held = visitor.page, list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route(SLOW, hold)
    chosen = page.get_by_role("radio", name="7 days")
    chosen.check()
    expect(page.locator("#usage-chart")).to_have_class(re.compile("htmx-request"))
    expect(page.locator("#usage-chart")).not_to_have_css("opacity", "1")
    (slow,) = held
    slow.continue_()
    visitor.arrives("/usage?range=7d")
    expect(page.locator("#usage-chart")).to_have_css("opacity", "1")
    expect(chosen).to_be_focused()


def test_what_cannot_be_reached_is_said_for_a_moment(visitor: Visitor) -> None:
    page = visitor.page
    page.clock.install()
    page.route(SLOW, lambda route: route.abort("connectionrefused"))
    page.get_by_role("radio", name="7 days").check()
    said = page.get_by_role("alert").get_by_text(
        "The server cannot be reached. Trying again later."
    )
    expect(said).to_have_class("toast")
    page.clock.run_for(7_000)
    expect(said).to_have_count(0)
    # The browser notes what it could not load, as htmx does, and nothing else.
    noted = [each for each in visitor.troubles if not each.startswith("htmx:")]
    assert len(noted) == 1 and "ERR_CONNECTION_REFUSED" in noted[0], visitor.troubles
    visitor.troubles.clear()


def test_whoever_was_signed_out_signs_in_and_is_back(visitor: Visitor, customer: Customer) -> None:
    page = visitor.page
    page.context.clear_cookies()
    page.get_by_role("radio", name="7 days").check()
    visitor.page.wait_for_url(re.compile("/login"))
    # The browser notes the refusal's status, and nothing else.
    assert all("401" in noted for noted in visitor.troubles), visitor.troubles
    visitor.troubles.clear()
    page.get_by_label("Email").fill(customer.email)
    page.get_by_label("Password").fill(PASSWORD)
    visitor.clicks("button", "Sign in")
    visitor.arrives(re.compile(r"/usage.*"))
    visitor.sees("Usage")
    # So does who saves a form that his browser has no session for any more.
    visitor.open("/alerts")
    page.context.clear_cookies()
    page.get_by_label("Tokens left", exact=True).fill("1234")
    visitor.clicks("button", "Save the alerts")
    visitor.page.wait_for_url(re.compile(r"/login\?next=/alerts"))
    assert all("401" in noted for noted in visitor.troubles), visitor.troubles
    visitor.troubles.clear()


# Where the last bar stands.
LAST_BAR = """
() => {
  const { x, y, base } = Chart.getChart(document.querySelector("#usage-chart canvas"))
    .getDatasetMeta(0).data.at(-1);
  return { x, y: (y + base) / 2 };
}
"""


def test_a_click_on_a_bar_leads_to_its_requests(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("#usage-chart canvas").click(position=page.evaluate(LAST_BAR))
    page.wait_for_url(re.compile(r"/usage\?.+"))
    expect(page.locator(".record")).to_have_count(1)
    expect(page.locator(".record")).to_contain_text("gpt-4")
    visitor.look()


def test_what_is_used_meanwhile_appears_by_itself(
    installation: Installation, visitor: Visitor, customer: Customer
) -> None:
    page = visitor.page
    # Nobody waits for half a minute here: the page's own clock is put on.
    page.clock.install()
    page.reload()
    stamp = page.locator("[data-updated]")
    page.clock.run_for(12_000)
    expect(stamp).to_have_text(re.compile(r"^Updated 1[2-9] s ago$"))
    installation.report(customer.user_id, model="gpt-3.5-turbo")
    expect(page.get_by_role("rowheader", name="gpt-3.5-turbo")).to_have_count(0)
    page.clock.run_for(20_000)
    expect(page.get_by_role("rowheader", name="gpt-3.5-turbo").first).to_be_visible()
    expect(stamp).to_have_text(re.compile("^Updated (just now|[1-9] s ago)$"))


def test_colours_that_were_chosen_are_kept(visitor: Visitor) -> None:
    page = visitor.page
    for theme in ("dark", "light"):
        page.locator("details.account summary").click()
        page.locator(f"[data-set-theme={theme}]:visible").click()
        page.reload()
        expect(page.locator("html")).to_have_css("color-scheme", theme)
    visitor.minds()


# As long as names may become, with nowhere to break.
LONG_MODEL, LONG_KEY = "provider/a-model-with-" + "a" * 60, "key-of-the-team-" + "b" * 48
IN_SIGHT = """
each => {
  const { left, right, width } = each.getBoundingClientRect();
  return width > 0 && left >= 0 && right <= innerWidth && each.scrollWidth <= each.clientWidth + 1;
}
"""


# What lies beyond a list's right edge, and would have to be scrolled to.
BEYOND = "each => each.scrollWidth - each.clientWidth"


def test_the_consoles_journal_is_seen_whole(installation: Installation, visit: Visit) -> None:
    customer, operator = installation.customer("journal"), installation.customer("olga")
    visitor = visit()
    visitor.signs_in(operator)
    with installation.inside(), transaction():
        accounts.account(operator.user_id).role = Role.OPERATOR
        changes = {"billing_address": "12 Main Street Springfield", "timezone": "Asia/Shanghai"}
        change_settings(
            accounts.account(customer.user_id),
            changes,
            actor=f"customer:{customer.user_id}",
            now=clock.now(),
        )
        given = {"actor": f"customer:{customer.user_id}", "user_id": customer.user_id}
        journal.write("topup_charged", **given, now=clock.now())
    visitor.open("/operator/journal")
    expect(visitor.page.get_by_text("Springfield").first).to_be_visible()
    assert visitor.page.get_by_role("region", name="Journal").evaluate(BEYOND) <= 0


@pytest.mark.parametrize("width", [390, 1440])
def test_names_are_whole_however_long(installation: Installation, visit: Visit, width: int) -> None:
    customer = installation.customer("names")
    installation.report(customer.user_id, model=LONG_MODEL, api_key_alias=LONG_KEY)
    visitor = visit(viewport={"width": width, "height": 844})
    visitor.signs_in(customer)
    page = visitor.page
    visitor.open(f"/usage?model={LONG_MODEL}&api_key={LONG_KEY}")
    page.locator("#bucket-table > summary").click()
    for part, name in (
        (".legend-name", LONG_MODEL),
        (".chip-words", LONG_MODEL),
        (".chip-words", LONG_KEY),
        (".record-model", LONG_MODEL),
        (".record-key", LONG_KEY),
        (".name", LONG_MODEL),
    ):
        shown = page.locator(part, has_text=name).first
        expect(shown).to_be_visible()
        assert shown.evaluate(IN_SIGHT), part
    visitor.look()
