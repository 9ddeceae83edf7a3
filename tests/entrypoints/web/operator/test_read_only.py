"""A customer's page as an operator may look at it."""

import pytest

from app.entrypoints.web.operator.read_only import read_only


def lead(address: str) -> str | None:
    return f"/there{address}" if address.startswith("/usage") else None


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
    ],
)
def test_says_everything_and_does_nothing(html: str, shown: str) -> None:
    assert read_only(html, lead) == shown
