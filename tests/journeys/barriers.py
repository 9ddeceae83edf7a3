"""What bars somebody from a page: all of axe-core's rules for WCAG 2.2 AA, in light and in dark.

Most of what that takes goes into colours: what is behind each word is looked for. So of what
style sheets cannot tell apart, some are looked at, on the first page that has them.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Everything is there already: nothing more is fetched, or waited for.
USUAL = {"resultTypes": ["violations"], "preload": False}
OPTIONS: dict[str, Any] = {**USUAL, "runOnly": {"type": "tag", "values": STANDARDS}}
# These alone depend on the colours.
RULES = {"color-contrast": "*", "link-in-text-block": "a[href]"}
COLOURS: dict[str, Any] = {**USUAL, "runOnly": {"type": "rule", "values": list(RULES)}}
NO_SIZES = {"target-size": {"enabled": False}}
NEW = "data-new-to-axe"
ONLY_NEW = {"rules": [{"id": rule, "selector": f"{of}[{NEW}]"} for rule, of in RULES.items()]}
AXE = Axe().axe_script
HAS_AXE = "() => 'axe' in window"
LOOK = "async (options) => (await axe.run(options)).violations"
LOOK_AT_NEW = "(only) => axe.configure(only)"
# Marks whose words are of a kind that is not known, and returns those kinds. A kind is all that our
# style sheets ask for: tags, classes and states of an element and of those around it, and whether
# it comes first or last. One may be covered by something: two of a kind are looked at.
MARK = """
([known, mark]) => {
  const STATES = ["type", "open", "disabled", "aria-current", "aria-pressed", "aria-invalid",
    "scope", "data-changed", "data-told"];
  const OF_A_KIND_MAX = 2;
  const old = new Set(known), counted = new Map();
  const numberOf = (words) => {
    let number = 5381;
    for (let place = 0; place < words.length; place += 1) {
      number = (Math.imul(number, 33) ^ words.charCodeAt(place)) >>> 0;
    }
    return number;
  };
  const speaks = (element) => element.matches("input, select, textarea")
    || [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  const look = (element, above) => {
    const states = STATES.filter((name) => element.hasAttribute(name))
      .map((name) => `${name}=${element.getAttribute(name)}`);
    const before = element.previousElementSibling;
    const kind = numberOf([above, element.localName, element.getAttribute("class"), ...states,
      !before, !element.nextElementSibling, before && before.getAttribute("class")].join(" "));
    const count = counted.get(kind) || 0;
    const isNew = !old.has(kind) && count < OF_A_KIND_MAX;
    if (isNew && speaks(element) && element.checkVisibility()) {
      counted.set(kind, count + 1);
      element.setAttribute(mark, "");
    }
    for (const child of element.children) look(child, kind);
  };
  look(document.body, [...document.styleSheets].map((sheet) => sheet.href).join(" "));
  return [...counted.keys()];
}
"""
# Whatever changes its colour slowly has changed it.
IS_RESTYLED = "() => document.getAnimations().forEach((each) => each.cancel())"
OTHER = {"light": "dark", "dark": "light"}


def brings_axe(context: BrowserContext) -> None:
    """Give every page that is opened from now on the script that looks at it, while it loads."""
    context.add_init_script(AXE)


def bars_nobody(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA."""
    if not page.evaluate(HAS_AXE):
        # To bring it afterwards takes twice as long.
        page.evaluate(AXE)
    return _found(page, OPTIONS)


class BarsNobody:
    """Looks at pages in light and in dark, and notes which kinds have been seen so."""

    def __init__(self, scheme: str, known: set[int], *, with_sizes: bool = True) -> None:
        self._scheme = scheme
        self._known = known
        # How large what is pressed must be takes half of the time without colours.
        self._options = OPTIONS if with_sizes else {**OPTIONS, "rules": NO_SIZES}

    def __call__(self, page: Page) -> list[str]:
        """Return what axe-core finds against WCAG 2.2 AA, whichever colours are chosen."""
        new = page.evaluate(MARK, [list(self._known), NEW])
        page.evaluate(LOOK_AT_NEW, ONLY_NEW)
        found = [f"{self._scheme}: {each}" for each in _found(page, self._options)]
        if new:
            # The next page is looked at in these colours first: nothing is painted twice.
            self._scheme = OTHER[self._scheme]
            page.emulate_media(color_scheme=self._scheme)
            page.evaluate(IS_RESTYLED)
            found += [f"{self._scheme}: {each}" for each in _found(page, COLOURS)]
        self._known.update(new)
        return found


def _found(page: Page, options: dict[str, Any]) -> list[str]:
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in page.evaluate(LOOK, options)
        for node in each["nodes"]
    ]
