"""Every page of the demo in a real browser: as a visitor, as its customer, as its operator.

Nothing is forbidden by our own policy, nothing is said on the console, and nobody else is asked.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.journeys.installation import Installation
from tests.journeys.visitor import Visitor, visiting

pytestmark = pytest.mark.xdist_group("ports")

FOR_VISITORS = ("/login", "/register", "/forgot", "/v1/docs")
FIRST = {"customer": "/", "operator": "/operator"}
# One page of a list is like the next: of many of a kind, so many are looked at.
OF_A_KIND_MAX = 2
# Files are saved, not shown; and whoever signs out sees nothing more.
NO_PAGE = re.compile(r"\.csv$|\.json$|/pdf$|/logout|^/static/")
PARTS = re.compile(r"(?<=/)[^/]*\d[^/]*")
SHOWS_PAGES_AT_LEAST = {"customer": 15, "operator": 20}


@pytest.fixture(scope="module")
def demo(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The demo as `make run` shows it."""
    folder = tmp_path_factory.mktemp("demo")
    with closing(Installation(folder)) as installation:
        installation.billing("db", "upgrade")
        with installation.programs("sandbox", "worker", "serve"):
            installation.wait_until_ready()
            installation.billing("demo", "load")
            yield installation


@pytest.fixture
def logins(demo: Installation) -> dict[str, dict[str, str]]:
    """Who may come in."""
    return json.loads(next(demo.folder.rglob("demo.json")).read_text())


def kind_of(address: str) -> str:
    """Return what pages of the same template have in common."""
    return PARTS.sub("…", address)


class Walker:
    """A visitor who follows every link of ours, and minds who is asked for what."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.home = urlsplit(visitor.installation.address).netloc
        self.strangers: list[str] = []
        self.seen: dict[str, int] = {}
        visitor.page.context.on("request", self._note)

    def walks(self, *addresses: str) -> int:
        """Look at the pages, and at those that they lead to; return how many there were."""
        waiting, asked = list(addresses), set()
        while waiting:
            address = waiting.pop(0)
            kind = kind_of(address)
            if address in asked or NO_PAGE.search(address):
                continue
            if self.seen.get(kind, 0) >= OF_A_KIND_MAX:
                continue
            asked.add(address)
            self.seen[kind] = self.seen.get(kind, 0) + 1
            self.looks_at(address)
            waiting += links_on(self.visitor.page)
        assert not self.strangers, "\n".join(self.strangers)
        return len(asked)

    def looks_at(self, address: str) -> None:
        """Open the page, open whatever is folded up on it, and let it come to rest."""
        page = self.visitor.page
        answer = page.goto(self.visitor.installation.address + address)
        assert answer is not None and answer.ok, f"{address} answers {answer and answer.status}"
        page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
        page.wait_for_load_state("networkidle")
        assert not self.visitor.troubles, f"{address}: {self.visitor.troubles}"

    def _note(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("data", "blob", "about") and asked.netloc != self.home:
            self.strangers.append(f"{self.visitor.page.url} asks {request.url}")


def links_on(page: Page) -> list[str]:
    """Return the addresses of ours that a page leads to, without what only sorts or pages it."""
    found = page.eval_on_selector_all("a[href]", "links => links.map(l => l.getAttribute('href'))")
    return [each for each in found if each.startswith("/") and not {"?", "#"} & set(each)]


def test_of_visitors(chromium: Browser, demo: Installation) -> None:
    with visiting(chromium, demo) as visitor:
        assert Walker(visitor).walks(*FOR_VISITORS) >= len(FOR_VISITORS)


@pytest.mark.parametrize("who", ["customer", "operator"])
def test_of_whoever_has_signed_in(chromium: Browser, demo: Installation, logins, who) -> None:
    with visiting(chromium, demo) as visitor:
        visitor.open("/login")
        visitor.page.get_by_label("Email").fill(logins[who]["email"])
        visitor.page.get_by_label("Password").fill(logins[who]["password"])
        visitor.clicks("button", "Sign in")
        visitor.arrives(FIRST[who])
        assert Walker(visitor).walks(FIRST[who]) >= SHOWS_PAGES_AT_LEAST[who]
