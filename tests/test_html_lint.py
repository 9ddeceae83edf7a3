"""The HTML lint bites: each fault is planted once, each sound spelling passes."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response, g
from flask import session as cookie

from tests import html_lint
from tests.html_lint import check, faults

PAGE = "<!doctype html><html lang='en'><head><title>t</title></head><body>{}</body></html>"

FAULTY = {
    "an unclosed tag": "<div><b>open</div>",
    "a tag that was never opened": "<p>a</p></section>",
    "a repeated id": '<p id="a"></p><p id="a"></p>',
    "a repeated attribute": '<p id="a" id="b"></p>',
    "an input without label": '<input name="code">',
    "a select without label": "<select><option>a</option></select>",
    "a textarea without label": "<textarea></textarea>",
    "an empty aria-label": '<input aria-label=" ">',
    "a label for another input": '<label for="a">A</label><input id="b"><p id="a"></p>',
    "a label for nothing": '<label for="gone">A</label>',
    "a request without target": '<a hx-get="/usage">more</a>',
    "a post without target": '<form hx-post="/coupons"></form>',
    "a target that is not there": '<a hx-get="/usage" hx-target="#gone">more</a>',
    "a description that is not there": '<p aria-describedby="gone">a</p>',
    "an inline script": "<script>let a = 1;</script>",
    "a style attribute": '<p style="color: red">a</p>',
    "a handler": '<button onclick="go()">Go</button>',
    "a handler of htmx": '<button hx-on:click="go()">Go</button>',
    "an image without alt": '<img src="a.png">',
}

SOUND = {
    "a label around": "<label>Code <input name='code'></label>",
    "a label before": '<label for="code">Code</label><input id="code">',
    "an aria-label": '<input aria-label="Code">',
    "an aria-labelledby": '<p id="a">Code</p><input aria-labelledby="a">',
    "buttons and hidden inputs": '<input type="hidden"><input type="submit"><input type="reset">',
    "a target of its own": '<a hx-get="/usage" hx-target="this">more</a>',
    "an inherited target": '<div id="a" hx-target="#a"><a hx-get="/usage">more</a></div>',
    "a script of ours": '<script src="/static/js/charts.js" defer></script>',
    "numbers for a script": '<script type="application/json">{"a": 1}</script>',
    "a decorative image": '<img src="a.png" alt="">',
    "a drawing": '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>',
    "a dialog": '<dialog id="a"><form method="dialog"><button>Close</button></form></dialog>',
}


@pytest.mark.parametrize("body", FAULTY.values(), ids=FAULTY)
def test_finds(body: str) -> None:
    assert list(faults(PAGE.format(body)))


@pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
def test_lets_pass(body: str) -> None:
    assert list(faults(PAGE.format(body))) == []
    assert list(faults(body, is_fragment=True)) == []


def test_wants_a_doctype_on_a_page() -> None:
    assert list(faults("<p>a</p>"))


@pytest.mark.parametrize("row", ["<tr><td>1</td></tr>", "\n <!-- row --> <td>1</td>"])
def test_reads_a_row_where_it_will_stand(row: str) -> None:
    assert list(faults(row, is_fragment=True)) == []


def test_reads_a_whole_page_that_htmx_asked_for() -> None:
    check(PAGE.format("<p>a</p>"), is_fragment=True)


SOUND = '<p id="row-1">12</p><p id="row-2"><a href="/invoices/INV-7">34</a></p>'


class TestCheck:
    @pytest.fixture
    def read(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What is read, with nothing known to be sound."""
        read: list[str] = []

        def noted(html: str, *, is_fragment: bool) -> Iterator[str]:
            read.append(html)
            return faults(html, is_fragment=is_fragment)

        monkeypatch.setattr(html_lint, "_sound", set())
        monkeypatch.setattr(html_lint, "faults", noted)
        return read

    @pytest.mark.parametrize(
        "alike", [SOUND, SOUND.replace("12", "5,678.90"), SOUND.replace("INV-7", "INV-8")]
    )
    def test_reads_what_is_built_alike_once(self, read: list[str], alike: str) -> None:
        check(SOUND, is_fragment=True)
        check(alike, is_fragment=True)
        assert read == [SOUND]

    @pytest.mark.parametrize(
        ("sound", "faulty"),
        [
            (SOUND, SOUND.replace("row-2", "row-1")),
            (SOUND, SOUND.replace("<p", "<p onclick=''", 1)),
            (SOUND, SOUND.replace("12", "<img src='/12.png'>")),
            ("<p>&#39;12</p>", "<p>&#0;12</p>"),
            ("<p>1 &lt; 2</p>", "<p>1 < 2 &</p><"),
            (
                "<input id=a1 value=1><label for=a1>1</label>",
                "<input id=a1><label for=a2>1</label>",
            ),
            ("<label>1 <input name=a></label>", "<label>1</label><input name=a>"),
        ],
    )
    def test_finds_what_is_wrong_after_what_was_right(
        self, read: list[str], sound: str, faulty: str
    ) -> None:
        check(sound, is_fragment=True)
        for _ in range(2):
            with pytest.raises(AssertionError, match="the answer's HTML is faulty"):
                check(faulty, is_fragment=True)

    def test_tells_a_fragment_from_a_page(self, read: list[str]) -> None:
        check(SOUND, is_fragment=True)
        with pytest.raises(AssertionError, match="DOCTYPE"):
            check(SOUND, is_fragment=False)


class TestLintingClient:
    @pytest.fixture(autouse=True)
    def doors(self, app: Flask) -> None:
        app.add_url_rule("/faulty", view_func=lambda: "<p id=a><p id=a>", endpoint="t-faulty")
        app.add_url_rule("/row", view_func=lambda: "<tr><td>1</td></tr>", endpoint="t-row")
        app.add_url_rule(
            "/text", view_func=lambda: Response("<p", mimetype="text/plain"), endpoint="t-text"
        )

        def visits() -> dict[str, object]:
            cookie["visits"] = cookie.get("visits", 0) + 1
            known = hasattr(g, "visited")
            g.visited = True
            return {"visits": cookie["visits"], "known": known}

        app.add_url_rule("/visits", view_func=visits, endpoint="t-visits")

    def test_refuses_a_faulty_page(self, client) -> None:
        with pytest.raises(AssertionError, match='the id "a" stands more than once'):
            client.get("/faulty")

    def test_reads_a_fragment_as_one(self, client) -> None:
        assert client.get("/row", headers={"HX-Request": "true"}).status_code == 200
        with pytest.raises(AssertionError, match="DOCTYPE"):
            client.get("/row")

    def test_leaves_other_answers_alone(self, client) -> None:
        assert client.get("/text").text == "<p"

    def test_gives_each_request_a_context_of_its_own(self, client) -> None:
        answers = [client.get("/visits").get_json() for _ in range(2)]
        assert answers == [{"visits": 1, "known": False}, {"visits": 2, "known": False}]
