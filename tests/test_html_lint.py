"""The HTML lint bites: each fault is planted once, each sound spelling passes."""

import pytest
from flask import Flask, Response, g
from flask import session as cookie

from tests.html_lint import check, faults, is_sound_in_parts

PAGE = "<!doctype html><html lang='en'><head><title>t</title></head><body>{}</body></html>"

# With what a page is about where most of ours have it.
FRAMED = PAGE.format('<header><a id="top" href="/">t</a></header><main id="main">{}</main>')

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


class TestIsSoundInParts:
    """What is told from a frame and from what it is about is what is told from the whole."""

    @pytest.mark.parametrize("body", FAULTY.values(), ids=FAULTY)
    def test_finds(self, body: str) -> None:
        assert not is_sound_in_parts(FRAMED.format(body))
        with pytest.raises(AssertionError, match="faulty"):
            check(FRAMED.format(body), is_fragment=False)

    @pytest.mark.parametrize("body", SOUND.values(), ids=SOUND)
    def test_lets_pass(self, body: str) -> None:
        assert is_sound_in_parts(FRAMED.format(body))

    @pytest.mark.parametrize(
        "body",
        [
            '<p id="top">an id of the frame</p>',
            "<div>open",
            "<b>open",
            "<table><tr><td>open",
            "<select><option>open",
            "<textarea aria-label='A'>open",
            '<p title="open',
            "<!-- open",
        ],
    )
    def test_finds_what_reaches_beyond(self, body: str) -> None:
        assert list(faults(FRAMED.format(body)))
        assert not is_sound_in_parts(FRAMED.format(body))

    @pytest.mark.parametrize(
        "page",
        [
            "<main>{}</main>",
            FRAMED.format("{}</main><main>"),
            FRAMED.replace("<!doctype html>", ""),
            FRAMED.replace("<header>", "<header><p hidden>").replace("</a>", "</a></p></div>"),
            FRAMED.replace("<main", "<form><main").replace("</main>", "</main></form>"),
        ],
    )
    def test_takes_no_other_frame(self, page: str) -> None:
        assert not is_sound_in_parts(page.format("<p>a</p>"))

    def test_refers_to_the_frame(self) -> None:
        assert is_sound_in_parts(FRAMED.format('<p aria-describedby="top">a</p>'))


def test_wants_a_doctype_on_a_page() -> None:
    assert list(faults("<p>a</p>"))


@pytest.mark.parametrize("row", ["<tr><td>1</td></tr>", "\n <!-- row --> <td>1</td>"])
def test_reads_a_row_where_it_will_stand(row: str) -> None:
    assert list(faults(row, is_fragment=True)) == []


def test_reads_a_whole_page_that_htmx_asked_for() -> None:
    check(PAGE.format("<p>a</p>"), is_fragment=True)


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
