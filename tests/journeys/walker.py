"""A visitor who follows every link of ours, and looks at whatever it leads to."""

import re
from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

from tests.journeys.looks import Look
from tests.journeys.visitor import Visitor

# One page of a list is like the next: of many of a kind, so many are looked at.
OF_A_KIND_MAX = 2
# Files are saved, not shown; and whoever signs out sees nothing more.
NO_PAGE = re.compile(r"\.csv$|\.json$|/pdf$|/logout|^/static/")
PARTS = re.compile(r"(?<=/)[^/]*\d[^/]*")
# What is unfolded asks for what it shows a moment later; htmx marks whatever waits for an answer.
UNFOLD = """
async () => {
  document.querySelectorAll("details").forEach((each) => { each.open = true });
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
}
"""
OPENER = "main [popovertarget]:not([popovertargetaction])"
NOT_FOUND = 404
IS_AT_REST = "() => !document.querySelector('.htmx-request')"


class Walker:
    """Whoever walks, and what was found on the way."""

    def __init__(self, visitor: Visitor, *looks: Look) -> None:
        self.of_a_kind_max = OF_A_KIND_MAX
        self.visitor = visitor
        self.looks = looks
        self.home = urlsplit(visitor.installation.address).netloc
        self.seen: list[str] = []
        self.found: list[str] = []
        visitor.page.context.on("request", self._note)

    def walks(self, *addresses: str) -> None:
        """Look at the pages, and at those that they lead to."""
        waiting, kinds = list(addresses), Counter[str]()
        while waiting:
            address = waiting.pop(0)
            kind = PARTS.sub("…", address)
            if address in self.seen or NO_PAGE.search(address) or kinds[kind] >= self.of_a_kind_max:
                continue
            kinds[kind] += 1
            self.looks_at(address)
            waiting += links_on(self.visitor.page)

    def looks_at(self, address: str) -> None:
        """Open the page, and look at all of it, and at what is asked before something is done."""
        page = self.visitor.page
        answer = page.goto(self.visitor.installation.address + address)
        assert answer is not None and answer.ok, f"{address} answers {answer and answer.status}"
        self.seen.append(address)
        self.looks_around(address)
        asks = page.locator(OPENER).first
        if asks.is_visible():
            asks.click()
            self.looks_around(f"{address} asks")

    def finds_nothing_at(self, address: str) -> None:
        """Look at what is said where there is no page."""
        page = self.visitor.page
        answer = page.goto(self.visitor.installation.address + address)
        assert answer is not None and answer.status == NOT_FOUND
        self.visitor.forgets("404")
        self.looks_around(address)

    def is_refused(self, address: str, **typed: str) -> None:
        """Type what a form does not take, and look at what is said at each field."""
        page = self.visitor.page
        page.goto(self.visitor.installation.address + address)
        for field, words in typed.items():
            page.locator(f"#{field}").fill(words)
        # It may be hidden, or far down: whoever presses Enter in a field sends the form, too.
        page.locator(f"#{field}").press("Enter")
        page.locator("[aria-invalid=true]").first.wait_for()
        self.visitor.forgets("422")
        self.looks_around(f"{address} refuses")

    def looks_around(self, name: str) -> None:
        """Unfold the page that is open, let it come to rest, and look at it as it is now."""
        page = self.visitor.page
        page.evaluate(UNFOLD)
        page.wait_for_function(IS_AT_REST)
        for look in (*self.looks, self._noticed):
            self.found += [f"{name}: {wrong}" for wrong in look(page)]

    def reads_letter(self, address: str, *looks: Look) -> None:
        """Look at a letter as mail programs show it; where we frame it, nothing can look inside."""
        page = self.visitor.page
        letter = page.request.get(self.visitor.installation.address + address).text()
        page.goto("about:blank")
        page.set_content(letter)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            self.found += [
                f"{address}, {scheme}: {wrong}" for look in looks for wrong in look(page)
            ]

    def endpoints(self) -> set[str]:
        """Return what has answered."""
        return {self.visitor.installation.endpoint_at(address) for address in self.seen}

    def _noticed(self, page: Page) -> list[str]:
        troubles = list(self.visitor.troubles)
        self.visitor.troubles.clear()
        return troubles

    def _note(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("data", "blob", "about") and asked.netloc != self.home:
            self.found.append(f"{self.visitor.page.url} asks {request.url}")


def links_on(page: Page) -> list[str]:
    """Return the addresses of ours that a page leads to, without what only sorts or pages it."""
    found = page.eval_on_selector_all("a[href]", "links => links.map(l => l.getAttribute('href'))")
    return [each for each in found if each.startswith("/") and not {"?", "#"} & set(each)]
