"""Time zones are called by the same words wherever they are named, in both languages."""

import re
from zoneinfo import available_timezones

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.domain.accounts.models import Account
from app.entrypoints.countries import country_names
from app.entrypoints.languages import speaking
from app.entrypoints.web.setting_forms import SettingsForm
from app.entrypoints.web.zones import zone_called
from app.foundation.database import transaction
from app.foundation.languages import CHINESE, SOUNDS_LIKE, ZONE_ALIASES
from tests.entrypoints.web.conftest import HTMX, words_of
from tests.tabs import tab, with_typed

LANGUAGES = ("en", "zh")
# By the clock of which country people live is told by the zone's newest name alone.
NAMED_ONCE = 418


def offered(app: Flask, code: str, kept: str = "UTC") -> dict[str, dict[str, str]]:
    """Return what is offered to whoever has a zone already: by region, what each is called."""
    with app.test_request_context("/"), speaking(code):
        field = SettingsForm(formdata=None, data={"timezone": kept}).timezone
        return {
            region: {choice.value: choice.label for choice in choices}
            for region, choices in field.iter_groups()
        }


def zones_in(regions: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: called for zones in regions.values() for name, called in zones.items()}


def is_placed_by_its_sound(character: str) -> bool:
    """Tell whether a character is common, and so encoded in the order of the sounds."""
    return "啊".encode("gb18030") <= character.encode("gb18030") <= "座".encode("gb18030")


def test_every_chinese_name_is_placed_by_its_sounds(app: Flask) -> None:
    names = [*country_names(CHINESE).values(), *zones_in(offered(app, CHINESE)).values()]
    rare = {
        character
        for character in "".join(names).translate(SOUNDS_LIKE)
        # Brackets and the dots between names, and names that are written in Latin letters.
        if character.isalpha() and ord(character) > 0x2E80
        if not is_placed_by_its_sound(character)
    }
    assert not rare, f"add a common character of the same sound to SOUNDS_LIKE: {rare}"


class TestZoneChoices:
    @pytest.mark.parametrize("code", LANGUAGES)
    def test_names_each_zone_once(self, app: Flask, code: str) -> None:
        called = zones_in(offered(app, code))
        assert len(called) == len(set(called.values())) == NAMED_ONCE + 1
        assert called.keys() <= available_timezones()
        assert called.keys() & ZONE_ALIASES.keys() == {"UTC"}

    def test_speaks_chinese_in_the_order_of_pinyin(self, app: Flask) -> None:
        regions = offered(app, "zh")
        # Ào, Běi, Dà, Fēi, Měi, Nán, Ōu, Tài, Yà, Yìn.
        assert list(regions) == [
            *("通用", "澳大利亚", "北极", "大西洋", "非洲", "美洲", "南极洲", "欧洲"),
            *("太平洋", "亚洲", "印度洋"),
        ]
        # Ā, Bā, Bó, Bù, Dū.
        named = ["阿姆斯特丹", "巴黎", "柏林", "布拉格", "都柏林"]
        europe = list(regions["欧洲"].values())
        assert [each for each in europe if each in named] == named
        assert regions["亚洲"]["Asia/Shanghai"] == "上海"
        in_latin = {each for each in zones_in(regions).values() if re.search("[A-Za-z]", each)}
        assert in_latin == {"UTC"}

    def test_speaks_english_in_the_order_of_the_alphabet(self, app: Flask) -> None:
        regions = offered(app, "en")
        universal, *others = regions
        assert (universal, others) == ("Universal", sorted(others))
        assert all(list(zones.values()) == sorted(zones.values()) for zones in regions.values())
        assert "Argentina – Buenos Aires" in regions["America"].values()

    @pytest.mark.parametrize("code", LANGUAGES)
    @pytest.mark.parametrize(
        ("kept", "newest"), [("Asia/Calcutta", "Asia/Kolkata"), ("Etc/UTC", "UTC")]
    )
    def test_keeps_an_older_name_in_its_place(
        self, app: Flask, code: str, kept: str, newest: str
    ) -> None:
        usual, with_it = zones_in(offered(app, code)), zones_in(offered(app, code, kept))
        assert with_it.pop(kept) == usual.pop(newest)
        assert with_it == usual

    def test_keeps_what_nobody_is_offered(self, app: Flask) -> None:
        assert offered(app, "zh", "Etc/GMT+5")["通用"] == {"UTC": "UTC", "Etc/GMT+5": "Etc/GMT+5"}

    def test_offers_nothing_that_is_no_zone(self, app: Flask) -> None:
        with app.test_request_context():
            field = SettingsForm(MultiDict({"timezone": "Mars/Olympus"})).timezone
            assert "Mars/Olympus" not in str(field)

    @pytest.mark.parametrize("kept", ["Asia/Calcutta", "Etc/GMT+5", "right/UTC"])
    def test_who_has_it_and_saves_something_else_keeps_it(
        self, adas: FlaskClient, ada: Account, kept: str
    ) -> None:
        with transaction():
            ada.timezone = kept
        sent = with_typed(tab(adas, "/settings"), spend_limit="250")
        assert sent["timezone"] == kept
        assert adas.post("/settings", data=sent, headers=HTMX).status_code == 200
        assert ada.timezone == kept


@pytest.mark.parametrize(
    ("code", "name", "called"),
    [
        ("en", "UTC", "UTC"),
        ("en", "Etc/UTC", "UTC"),
        ("en", "Europe/Berlin", "Berlin"),
        ("en", "America/Argentina/Buenos_Aires", "Argentina – Buenos Aires"),
        ("en", "America/Buenos_Aires", "Argentina – Buenos Aires"),
        ("en", "US/Pacific", "Los Angeles"),
        # Programs may have set what no form offers.
        ("en", "Etc/GMT+5", "Etc/GMT+5"),
        ("zh", "Europe/Berlin", "柏林"),
        ("zh", "Asia/Calcutta", "加尔各答"),
        ("zh", "America/Coyhaique", "科伊艾克"),
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
