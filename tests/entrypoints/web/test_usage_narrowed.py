"""The usage page of one model, gateway key or provider: what leads there, stays there, and back."""

import json
import re
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest

from app.domain.usage.recording import APART_MAX
from app.foundation import clock
from tests.entrypoints.web.conftest import words_of
from tests.entrypoints.web.test_usage import drawing_of
from tests.factories.usage import make_report, make_usage, record


@pytest.fixture
def used(ada, ben, now: datetime) -> None:
    """Ada used two models through two keys; Ben used something that only he knows."""
    yesterday = now - timedelta(days=1)
    record(
        [
            make_report(request_id="adas-one", api_key_alias="prod", occurred_at=now),
            make_report(
                request_id="adas-two",
                model="gpt-3.5-turbo",
                api_key_alias="staging",
                occurred_at=yesterday,
            ),
            make_report("ben", request_id="bens-secret", api_key_alias="prod"),
        ],
        now=now,
    )


@pytest.mark.parametrize(
    ("group_by", "here", "elsewhere"),
    [
        ("model", ("gpt-4", "adas-one"), ("gpt-3.5-turbo", "adas-two")),
        ("api_key", ("prod", "adas-one"), ("staging", "adas-two")),
        ("provider", ("azure", "adas-three"), ("openai", "adas-one")),
        ("api_key", ("", "adas-three"), ("prod", "adas-one")),
    ],
)
def test_a_row_leads_to_its_requests_and_its_chart(adas, used, group_by, here, elsewhere) -> None:
    make_usage(request_id="adas-three", model="gpt-4o", provider="azure", now=clock.now())
    page = adas.get(f"/usage?range=7d&group_by={group_by}").text
    (name, request_id), (_, other_id) = here, elsewhere
    link = urlencode({group_by: name})
    narrowed = re.search(rf'<a href="(/usage\?[^"]*{link})#records">', page)[1]
    found = adas.get(unescape(narrowed)).text
    assert request_id in found and other_id not in found
    assert {layer["group"] for layer in drawing_of(found)["layers"]} == {name}
    # The form keeps it, whatever else is chosen there; a chip takes it away.
    assert f'<input type="hidden" name="{group_by}" value="{name}">' in found
    without = re.search(r'class="chip">.*?<a href="([^"]*)"', found, re.DOTALL)[1]
    assert other_id in adas.get(unescape(without)).text
    for file in ("records.csv", "export.csv"):
        lines = adas.get(unescape(re.search(rf'"(/usage/{file}[^"]*)"', found)[1])).text
        assert lines.count("\n") == 2, file


def test_what_is_chosen_survives_a_bar_and_a_step_back(adas, used, now) -> None:
    page = adas.get("/usage?range=7d&model=gpt-4&api_key=prod").text
    links = json.loads(re.search(r"data-links>(.*?)</script>", page, re.DOTALL)[1])
    day = adas.get(links[-1].partition("#")[0]).text
    assert f"Requests of {now:%A}, {now.day} {now:%B %Y}" in words_of(day)
    assert "adas-one" in day and "adas-two" not in day
    back = unescape(re.search(r'href="([^"]*)">(?:(?!</a>).)*Back to the longer', day, re.S)[1])
    assert back == "/usage?range=7d&model=gpt-4&api_key=prod"


def test_it_is_said_where_no_chart_keeps_apart_what_is_listed(adas, ada, now, monkeypatch) -> None:
    monkeypatch.setitem(APART_MAX, "api_key", 1)
    for name in ("first", "second"):
        make_usage(api_key_alias=name, now=now)
    page = words_of(adas.get("/usage?api_key=second").text)
    assert "no chart keeps them apart" in page and "gateway key: second" in page


def test_a_model_keeps_its_colour(adas, used) -> None:
    colours = {}
    for asked in ("", "?range=today", "?model=gpt-3.5-turbo", "?metric=tokens"):
        for layer in drawing_of(adas.get(f"/usage{asked}").text)["layers"]:
            assert colours.setdefault(layer["name"], layer["colour"]) == layer["colour"]
    assert len(set(colours.values())) == 2
    for layer in drawing_of(adas.get("/").text)["layers"]:
        assert colours[layer["name"]] == layer["colour"]
