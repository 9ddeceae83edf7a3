"""A page for everyone, a fragment for htmx."""

import pytest

from tests.entrypoints.web.conftest import HTMX

PAGES = {"/": "overview", "/usage": "usage-chart", "/keys": "keys"}


@pytest.mark.parametrize("address", PAGES)
class TestRespond:
    def test_answers_a_page(self, adas, address) -> None:
        answer = adas.get(address)
        assert answer.text.lstrip().startswith("<!doctype html>")
        assert f'id="{PAGES[address]}"' in answer.text

    def test_answers_a_fragment_to_htmx(self, adas, address) -> None:
        answer = adas.get(address, headers=HTMX)
        assert answer.status_code == 200
        assert "<!doctype" not in answer.text
        assert answer.text.lstrip().startswith("<div")
        assert f'id="{PAGES[address]}"' in answer.text.split(">", 1)[0]

    def test_restores_a_page_from_history(self, adas, address) -> None:
        headers = {**HTMX, "HX-History-Restore-Request": "true"}
        assert "<!doctype html>" in adas.get(address, headers=headers).text

    def test_says_what_the_answer_hangs_on(self, adas, address) -> None:
        for headers in ({}, HTMX):
            vary = adas.get(address, headers=headers).headers["Vary"]
            assert {"HX-Request", "HX-History-Restore-Request", "Cookie"} <= set(vary.split(", "))
