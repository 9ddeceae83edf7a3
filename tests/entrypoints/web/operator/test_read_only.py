"""A customer's page as an operator may look at it."""

import pytest

from app.entrypoints.web.operator.read_only import read_only


def lead(address: str) -> str | None:
    return f"/there{address}" if address.startswith("/usage") else None


def told(html: str) -> str:
    """Return a form that holds what is set."""
    return f"<form method=post data-is-set>{html}</form>"


def told_so(html: str) -> str:
    """Return what is left of it."""
    return f'<div class="stack">{html}</div>'


def is_set(words: str) -> str:
    """Return what a field of it says."""
    return f'<p class="is-set">{words}</p>'


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>Used &amp; paid &#8211; all</p>", "<p>Used &amp; paid &#8211; all</p>"),
        ('<a href="/usage?a=1&amp;b=2">Usage</a>', '<a href="/there/usage?a=1&amp;b=2">Usage</a>'),
        ('see <a class="quiet" href="/plans">plans</a>.', 'see <span class="quiet">plans</span>.'),
        ('<a class="button button-small" href="/plans">Choose <b>one</b></a>!', "!"),
        (
            '<a class="button" href="/usage" download>CSV</a>',
            '<a href="/there/usage" class="button">CSV</a>',
        ),
        ('<a href="//elsewhere.example">x</a>', "<span>x</span>"),
        ("a<form method=post><p>Pay</p><form></form><button>Now</button></form>b", "ab"),
        ('<label for="x">Of</label><input id="x"><p>on</p>', "<p>on</p>"),
        ("<button>One<span>two</span></button>three", "three"),
        (
            '<div id="u" hx-get="/usage" hx-trigger="every 30s" data-refreshes>1</div>',
            '<div id="u">1</div>',
        ),
        (
            '<svg viewBox="0 0 1 1"><rect width="1" /></svg>',
            '<svg viewBox="0 0 1 1"><rect width="1" /></svg>',
        ),
        ('<script type="application/json">{"a": "<p>"}</script>',) * 2,
        ('<script type="application/json" data-links>["/usage"]</script>', ""),
        ('<p hx-get="/x" title="&lt;b&gt; &quot;">1</p>', '<p title="&lt;b&gt; &quot;">1</p>'),
        ("<form><input><a href='/usage'>in</a></form><a href='/plans'>out</a>", "<span>out</span>"),
        ("<!-- nothing --><br>", "<br>"),
        ("a<div popover><p>Sure?</p><div>b</div></div>c", "ac"),
        ('a<details class="no-script"><p>Sure?</p></details>b', "ab"),
        ("<form><input value=1></form><input value=2>", ""),
        ("<form data-is-set><p>On</p></form>", '<div class="stack"><p>On</p></div>'),
        (told('<label for="x">Of</label>'), told_so("<b>Of</b>")),
        (told('<input type="text" value="a &amp; b">'), told_so(is_set("a &amp; b"))),
        (told('<input type="text" value="">'), told_so(is_set("–"))),
        (told('<input type="checkbox" checked>'), told_so(is_set("on"))),
        (told('<input type="checkbox">'), told_so(is_set("off"))),
        (
            told('<textarea rows="4">1 Way&amp;\nTown</textarea>'),
            told_so(is_set("1 Way&amp;\nTown")),
        ),
        (
            told("<select><option>A</option><option selected>B &amp; C</option></select>!"),
            told_so(is_set("B &amp; C") + "!"),
        ),
        (told("<select><option>A</option></select>"), told_so(is_set("–"))),
        (
            told(
                "<select><option selected>A</option>b<optgroup label=c><option>D</option></select>"
            ),
            told_so(is_set("A")),
        ),
        (told("<textarea>\n</textarea>"), told_so(is_set("–"))),
        *(
            (told(unread), told_so(""))
            for unread in (
                '<input type="hidden" name="csrf_token" value="secret">',
                '<input type="password" value="secret">',
                '<input type="range" value="5">',
                '<button name="a" value="b">Save</button>',
                '<footer class="save-bar"><p></p><button>Save</button></footer>',
                "<template><input><output>50%</output></template>",
            )
        ),
    ],
)
def test_says_everything_and_does_nothing(html: str, shown: str) -> None:
    assert read_only(html, lead) == shown
