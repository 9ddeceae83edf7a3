"""The overview of somebody with much usage, by a browser that has nothing yet: quick and still."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.journeys.demo import CUSTOMER, Demo
from tests.journeys.visitor import visiting

MOST_BYTES = 250_000
MOST_SHIFT = 0.05
MOST_LCP_MS = 1_000
# A page can be no quicker than it is, but a busy machine can make it slower: what another program
# did at that moment is no fault of the page's, so the quickest of a few loads is what it takes.
LOADS_MAX = 5
# When the largest thing was painted that there is before anybody presses something.
LARGEST_PAINT = """
() => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(Math.max(...list.getEntries().map((e) => e.startTime))))
    .observe({ type: "largest-contentful-paint", buffered: true });
})
"""
# What is moved after it was shown, unless somebody has just pressed something.
NOTE_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifted += entry.hadRecentInput ? 0 : entry.value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""
COMES_TO_REST_MS = 500


def test_the_overview_is_light_and_quick_and_nothing_jumps(chromium: Browser, demo: Demo) -> None:
    with visiting(chromium, demo.installation) as before:
        before.open("/login")
        before.page.get_by_label("Email").fill(CUSTOMER)
        before.page.get_by_label("Password").fill(demo.passwords[CUSTOMER])
        before.clicks("button", "Sign in")
        before.arrives("/")
        session = before.page.context.storage_state()

    with visiting(chromium, demo.installation, storage_state=session) as visitor:
        page, received = visitor.page, list[float]()
        page.context.add_init_script(NOTE_SHIFTS)
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")

        def note(finished: dict[str, Any]) -> None:
            received.append(finished["encodedDataLength"])

        network.on("Network.loadingFinished", note)
        page.goto(demo.installation.address)
        page.wait_for_load_state("networkidle")
        expect(page.locator("canvas").first).to_be_visible()
        page.wait_for_timeout(COMES_TO_REST_MS)
        assert len(received) > 10, "styles, scripts and a font came along"
        assert sum(received) < MOST_BYTES
        assert page.evaluate("window.shifted") < MOST_SHIFT
        network.detach()
        assert is_painted_in_time(page), f"the largest paint took over {MOST_LCP_MS} ms each time"


def is_painted_in_time(page: Page) -> bool:
    """Load the page until it is quick enough, with nothing kept from the time before."""
    network = page.context.new_cdp_session(page)
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    for _ in range(LOADS_MAX):
        if page.evaluate(LARGEST_PAINT) < MOST_LCP_MS:
            return True
        page.reload(wait_until="networkidle")
    return False
