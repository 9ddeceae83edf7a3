"""Languages: which one suits, and how days and countries are called there."""

from datetime import date

import pytest

from app.foundation import languages


@pytest.mark.parametrize(
    ("wanted", "best"),
    [
        ([], "en"),
        (["zh-CN", "en"], "zh"),
        (["zh-Hans-SG"], "zh"),
        (["zh-TW"], "zh"),
        (["ZH"], "zh"),
        (["en-GB", "zh"], "en"),
        (["fr", "zh-CN"], "zh"),
        (["fr", "de"], "en"),
        (["*"], "en"),
        (["zhx", "../zh"], "en"),
    ],
)
def test_the_first_wanted_language_that_is_ours_is_the_best(wanted: list[str], best: str) -> None:
    assert languages.best_language(wanted) == best


@pytest.mark.parametrize(
    ("language", "day", "short", "month"),
    [("en", "2 Nov 2026", "2 Nov", "Nov 2026"), ("zh", "2026年11月2日", "11月2日", "2026年11月")],
)
def test_days_are_written_as_people_write_them(
    language: str, day: str, short: str, month: str
) -> None:
    there = date(2026, 11, 2)
    assert languages.day_in(language, there) == day
    assert languages.short_day_in(language, there) == short
    assert languages.month_in(language, there) == month


def test_countries_have_names_in_each() -> None:
    assert languages.territories("en")["DE"] == "Germany"
    assert languages.territories("zh")["DE"] == "德国"


def test_english_needs_no_catalog() -> None:
    assert languages.translations("en").gettext("Settings") == "Settings"


def test_catalogs_translate() -> None:
    assert languages.translations("zh").gettext("Settings") == "设置"


@pytest.mark.parametrize("language", ["fr", "../zh", ""])
def test_what_is_none_of_ours_has_no_catalog(language: str) -> None:
    assert languages.translations(language).gettext("Settings") == "Settings"


@pytest.mark.parametrize(
    ("language", "weekday", "short", "month", "name"),
    [
        ("en", "Sunday, 1 November 2026", "Sun 1 Nov 2026", "November 2026", "November"),
        ("zh", "2026年11月1日 星期日", "2026年11月1日 周日", "2026年11月", "11月"),
    ],
)
def test_charts_have_weekdays_and_months(
    language: str, weekday: str, short: str, month: str, name: str
) -> None:
    there = date(2026, 11, 1)
    assert languages.weekday_in(language, there) == weekday
    assert languages.short_weekday_in(language, there) == short
    assert languages.long_month_in(language, there) == month
    assert languages.month_name_in(language, there) == name


@pytest.mark.parametrize(
    "names",
    [
        "法属南部领地 梵蒂冈 菲律宾 斐济 芬兰",
        "南苏丹 瑙鲁 尼泊尔",
        "贝宁 比利时 秘鲁 冰岛",
        "贝尔格莱德 波德戈里察 柏林 布达佩斯",
        "墨尔本 珀斯 悉尼",
        "刚果（布） 刚果（金） 哥伦比亚",
    ],
)
def test_chinese_names_stand_in_the_order_of_their_sounds(names: str) -> None:
    assert languages.in_order(reversed(names.split())) == names.split()
