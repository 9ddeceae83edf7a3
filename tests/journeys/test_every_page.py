"""Every page of the demo in a real browser, for whoever may see it: in two languages and themes.

Nothing is forbidden by our own policy, nothing is said on the console, and nobody else is asked;
nobody is barred by a page, it fits every width, and speaks one language.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.barriers import OPTIONS, WORDS, BarsNobody, bars_nobody, brings_axe
from tests.journeys.demo import CONFIRMATION, CUSTOMER, OPERATOR, Demo
from tests.journeys.looks import fits_every_width, speaks_chinese
from tests.journeys.visitor import Visitor, visiting
from tests.journeys.walker import Walker

LANGUAGES = ("en", "zh")
THEMES = {"en": "light", "zh": "dark"}
# Every page is looked at in English first.
LOOKED_AT = {"en": OPTIONS, "zh": WORDS}
FOR_VISITORS = ("/login", "/register", "/forgot", "/v1/docs")
# What stands on the way in, or behind a link in a mail; all else of "web" is for the signed-in.
OUTSIDE = re.compile(r"web\.(access|links)\.|description\.docs$")
CONSOLE = re.compile(r"web\.operator\.")
INSIDE = re.compile(r"web\.")
# What is asked for by pages, for a part of them, or leads on at once; and a letter as mail
# programs show it, which runs no script: it is read outside of its frame.
NO_PAGES = {
    *("web.plans.leave_forms", "web.tokens.quote", "web.tokens.rule", "web.usage.records"),
    "web.mails.show_html",
}
# What speaks to programs, or is part of a page.
FOR_PROGRAMS = re.compile(r"(api|health|metrics)\.|static$|description\.openapi$")
NOWHERE = "/nowhere/at/all"
FILES = re.compile(r"\.csv$|/pdf$")


def pages_for(demo: Demo, who: re.Pattern[str]) -> set[str]:
    """Return the endpoints of all pages that such a person may see, as the app knows them."""
    return {
        rule.endpoint
        for rule in demo.installation.pages()
        if who.match(rule.endpoint)
        and rule.endpoint not in NO_PAGES
        and not FILES.search(rule.rule)
    }


def test_every_address_is_a_page_that_is_looked_at_or_is_for_programs(demo: Demo) -> None:
    looked_at = {"web.mails.show_html"}.union(*(pages_for(demo, who) for who in (OUTSIDE, INSIDE)))
    left = [
        rule.endpoint
        for rule in demo.installation.pages()
        if rule.endpoint not in looked_at | NO_PAGES
        and not FOR_PROGRAMS.match(rule.endpoint)
        and not FILES.search(rule.rule)
    ]
    assert left == []


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visitor(chromium: Browser, demo: Demo, language: str) -> Iterator[Visitor]:
    """Somebody who reads this language: who reads Chinese does so in the dark at first."""
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    options = {"locale": locale, "color_scheme": THEMES[language]}
    with visiting(chromium, demo.installation, **options) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def known() -> set[int]:
    """The kinds of words whose colours somebody has looked at: they are everybody's."""
    return set()


@pytest.fixture
def walker(visitor: Visitor, demo: Demo, language: str, known: set[int]) -> Walker:
    """The same, who looks at every page closely."""
    brings_axe(visitor.page.context)
    bars_nobody_here = BarsNobody(THEMES[language], known, options=LOOKED_AT[language])
    looks = (bars_nobody_here, fits_every_width)
    if language == "en":
        return Walker(visitor, *looks)
    return Walker(visitor, speaks_chinese(data=demo.data), *looks)


def finds_nothing_wrong(walker: Walker, missed: set[str]) -> None:
    """Say what was found, and what nobody has looked at."""
    assert not walker.found, "\n".join(walker.found)
    assert not missed, f"no link leads there, and no table says how: {sorted(missed)}"


def signs_in(visitor: Visitor, demo: Demo, email: str, language: str) -> None:
    """Come in, and speak the language from then on."""
    visitor.open("/login")
    visitor.page.locator("#email").fill(email)
    visitor.page.locator("#password").fill(demo.passwords[email])
    visitor.page.locator("main button[type=submit]").click()
    visitor.page.wait_for_load_state()
    visitor.page.locator("details.account summary").click()
    visitor.page.locator(f"details.account [name=locale][value={language}]").click()
    visitor.page.wait_for_load_state()


def test_of_visitors(demo: Demo, walker: Walker, language: str) -> None:
    expected = pages_for(demo, OUTSIDE)
    links = [demo.addresses[each] for each in sorted(expected & demo.addresses.keys())]
    walker.walks(*FOR_VISITORS, *links, demo.addresses[CONFIRMATION])
    walker.finds_nothing_at(NOWHERE)
    visitor = walker.visitor
    visitor.open("/login")
    # Whose password was shown is spoken to in his own language, unless he chooses another here.
    visitor.page.locator(f"header [name=locale][value={language}]").click()
    visitor.page.wait_for_load_state()
    visitor.page.locator("#email").fill(demo.careful)
    visitor.page.locator("#password").fill(demo.passwords[demo.careful])
    visitor.page.locator("main button[type=submit]").click()
    visitor.arrives("/login/code")
    walker.looks_at("/login/code")
    finds_nothing_wrong(walker, expected - walker.endpoints())


def test_of_a_customer_who_has_done_everything(demo: Demo, walker: Walker, language: str) -> None:
    signs_in(walker.visitor, demo, CUSTOMER, language)
    expected = {
        endpoint
        for endpoint in pages_for(demo, INSIDE)
        if not OUTSIDE.match(endpoint) and not CONSOLE.match(endpoint)
    }
    further = [demo.addresses[each] for each in sorted(expected & demo.addresses.keys())]
    walker.walks(*further, "/")
    walker.finds_nothing_at(NOWHERE)
    walker.is_refused("/settings", billing_email="nowhere", spend_limit="-1")
    letter = next(seen for seen in walker.seen if re.fullmatch(r"/mails/\d+", seen))
    walker.reads_letter(f"{letter}/html", bars_nobody, fits_every_width)
    finds_nothing_wrong(walker, expected - walker.endpoints())


@pytest.mark.parametrize("who", ["newcomer", "troubled"])
def test_of_customers_whose_pages_look_different(
    demo: Demo, walker: Walker, language: str, who: str
) -> None:
    signs_in(walker.visitor, demo, getattr(demo, who), language)
    for address in DIFFERENT[who]:
        walker.looks_at(address)
    finds_nothing_wrong(walker, set())


# Where having nothing, or being in trouble, shows.
DIFFERENT = {
    "newcomer": ("/", "/usage", "/invoices", "/plans", "/coupons", "/tokens", "/alerts", "/keys"),
    "troubled": ("/", "/invoices", "/plans", "/tokens", "/settings/security"),
}


def test_of_an_operator(demo: Demo, walker: Walker, language: str) -> None:
    signs_in(walker.visitor, demo, OPERATOR, language)
    # There are so many pages that one of each kind has to do.
    walker.of_a_kind_max = 1
    expected = pages_for(demo, CONSOLE)
    # Of all customers, the one who has done everything leads everywhere.
    walker.walks(demo.addresses["web.operator.customers.show_customer"], "/operator")
    # What is only asked of few things, or reached by a query alone.
    for endpoint in sorted((expected - walker.endpoints()) & demo.addresses.keys()):
        walker.looks_at(demo.addresses[endpoint])
    walker.finds_nothing_at(f"/operator{NOWHERE}")
    for address, field, typed in SHOWN_FIRST:
        is_shown_before_it_is_done(walker, address, field, typed)
    finds_nothing_wrong(walker, expected - walker.endpoints())


# What an operator may do there is shown first, and done once it is confirmed.
SHOWN_FIRST = (
    ("/operator/plans/plan-pro", "monthly_price", "120"),
    ("/operator/plans/plan-pro", "name", "Professional"),
    ("/operator/prices/set?model_id=gpt-4", "prompt_price_per_million", "40"),
)


def is_shown_before_it_is_done(walker: Walker, address: str, field: str, typed: str) -> None:
    """Change one thing, and look at what is asked before it is changed."""
    page = walker.visitor.page
    walker.visitor.open(address)
    page.locator(f"#{field}").fill(typed)
    page.locator("main button[type=submit]").click()
    page.locator(".confirm-box button[name=confirmed]").wait_for()
    walker.looks_around(f"{address} with another {field}")
