"""What bars somebody from a page: all of axe-core's rules for WCAG 2.2 AA, in light and in dark.

Most of what that takes goes into colours and sizes: what is behind each word and around each button
is looked for. So of what style sheets cannot tell apart, some are looked at, on the first page that
has them. Whoever reads the same pages in another language looks at what words can change.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Everything is there already: nothing more is fetched, or waited for. What is framed is a letter:
# nothing of the page reaches into it, and it is looked at by itself.
USUAL = {"resultTypes": ["violations"], "preload": False, "iframes": False}
OPTIONS: dict[str, Any] = {**USUAL, "runOnly": {"type": "tag", "values": STANDARDS}}
# These alone depend on the colours; and how large what is pressed is, on style sheets as well.
COLOUR_RULES = {"color-contrast": "*", "link-in-text-block": "a[href]"}
STYLE_RULES = {**COLOUR_RULES, "target-size": "*"}
COLOURS: dict[str, Any] = {**USUAL, "runOnly": {"type": "rule", "values": list(COLOUR_RULES)}}
# What a page is made of is the same in every language: what things are called is not, nor which
# words are spoken, and how much room they take.
WORD_RULES = [
    *("area-alt", "aria-command-name", "aria-input-field-name", "aria-meter-name"),
    *("aria-progressbar-name", "aria-roledescription", "aria-tab-name", "aria-toggle-field-name"),
    *("aria-tooltip-name", "button-name", "document-title", "frame-title", "frame-title-unique"),
    *("html-has-lang", "html-lang-valid", "html-xml-lang-mismatch", "image-alt"),
    *("input-button-name", "input-image-alt", "label", "link-name", "object-alt", "role-img-alt"),
    *("scrollable-region-focusable", "select-name", "summary-name", "svg-img-alt", "valid-lang"),
]
WORDS: dict[str, Any] = {
    **USUAL,
    "runOnly": {"type": "rule", "values": [*WORD_RULES, *STYLE_RULES]},
}
NEW = "data-new-to-axe"
ONLY_NEW = {"rules": [{"id": rule, "selector": f"{of}[{NEW}]"} for rule, of in STYLE_RULES.items()]}
AXE = Axe().axe_script
HAS_AXE = "() => 'axe' in window"
LOOK = "async (options) => (await axe.run(options)).violations"
LOOK_AT_NEW = "(only) => axe.configure(only)"
# Marks what has words or is pressed, and is of a kind that is not known, and returns those kinds. A
# kind is all that our style sheets ask for: tags, classes and states of an element and of those
# around it, and whether it comes first or last. One may be covered by something: two of a kind are
# looked at.
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
  const PRESSED = "a[href], button, input, select, summary, textarea, [role], [tabindex]";
  const counts = (element) => element.matches(PRESSED)
    || [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
  const look = (element, above) => {
    const states = STATES.filter((name) => element.hasAttribute(name))
      .map((name) => `${name}=${element.getAttribute(name)}`);
    const before = element.previousElementSibling;
    const kind = numberOf([above, element.localName, element.getAttribute("class"), ...states,
      !before, !element.nextElementSibling, before && before.getAttribute("class")].join(" "));
    const count = counted.get(kind) || 0;
    const isNew = !old.has(kind) && count < OF_A_KIND_MAX;
    if (isNew && counts(element) && element.checkVisibility()) {
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

    def __init__(self, scheme: str, known: set[int], *, options: dict[str, Any] = OPTIONS) -> None:
        self._scheme = scheme
        self._known = known
        self._options = options

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
