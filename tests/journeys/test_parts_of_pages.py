"""Pages of which only a part is asked for anew: slow, or after the session has ended."""

import re

import pytest
from playwright.sync_api import Route, expect

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
