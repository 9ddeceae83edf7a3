"""Time zones are called by the same words wherever they are named, in both languages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.languages import speaking
from app.entrypoints.web.zones import zone_called, zone_choices
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import words_of


@pytest.mark.parametrize(
    ("code", "long", "short"),
    [
        (
            "en",
            "Argentina – Buenos Aires",
            "Buenos Aires, the same as Argentina – Buenos Aires",
        ),
        (
            "zh",
            "布宜诺斯艾利斯 (Argentina – Buenos Aires)",
            "布宜诺斯艾利斯 (Buenos Aires)",
        ),
    ],
)
def test_two_names_of_one_zone_are_told_apart(app: Flask, code: str, long: str, short: str) -> None:
    with app.test_request_context("/"), speaking(code):
        choices = [choice for region in zone_choices().values() for choice in region]
    called = dict(choices)
    assert called["America/Argentina/Buenos_Aires"] == long
    assert called["America/Buenos_Aires"] == short
    assert len(called) == len(choices) and "the same" not in called["America/New_York"]


@pytest.mark.parametrize(
    ("code", "name", "called"),
    [
        ("en", "UTC", "UTC"),
        ("en", "Europe/Berlin", "Berlin"),
        ("en", "America/Argentina/Buenos_Aires", "Argentina – Buenos Aires"),
        ("en", "America/Buenos_Aires", "Buenos Aires"),
        # Programs may have set what no form offers.
        ("en", "Etc/GMT+5", "Etc/GMT+5"),
        ("zh", "Europe/Berlin", "柏林"),
        ("zh", "UTC", "UTC"),
    ],
)
def test_a_zone_is_called_as_it_is_offered(app: Flask, code: str, name: str, called: str) -> None:
    with app.test_request_context("/"), speaking(code):
        assert zone_called(name) == called


@pytest.mark.parametrize(("locale", "called"), [("en", "Berlin"), ("zh", "柏林")])
def test_every_page_calls_it_so(adas: FlaskClient, ada: Account, locale: str, called: str) -> None:
    with transaction():
        ada.timezone, ada.locale = "Europe/Berlin", locale
    for address in ("/", "/usage", "/plans"):
        page = words_of(adas.get(address).text)
        assert called in page and "Europe/Berlin" not in page
