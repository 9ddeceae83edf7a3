"""Tax ids by their country: the way they are written, and their check digits."""

import pytest

from app.domain.accounts.countries import COUNTRIES
from app.domain.accounts.tax_ids import find_tax_id


@pytest.mark.parametrize(
    ("country", "text", "stored"),
    [
        ("DE", "DE136695976", "DE136695976"),
        ("DE", " de 136 695-976 ", "DE136695976"),
        ("DE", "136695976", "DE136695976"),
        ("DE", "DE１３６６９５９７６", "DE136695976"),
        ("GR", "EL094259216", "EL094259216"),
        ("GR", "094259216", "EL094259216"),
        ("GB", "GB 980 7806 84", "GB 980 7806 84"),
        ("CH", "CHE-107.787.577 MWST", "CHE-107.787.577 MWST"),
        ("US", "12-3456789", "12-3456789"),
        ("US", "x" * 32, "X" * 32),
    ],
)
def test_takes(country: str, text: str, stored: str) -> None:
    assert find_tax_id(text, country=country) == stored


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("DE", "DE136695978"),
        ("DE", "DE"),
        ("DE", "FR136695976"),
        ("FR", "DE136695976"),
        ("GR", "GR094259216"),
        ("GB", "GB 980 7806 85"),
        ("GB", "９８０７８０６８４"),
        ("US", "x"),
        ("US", "x" * 33),
        ("US", "<b>12</b>"),
        ("US", ""),
    ],
)
def test_refuses(country: str, text: str) -> None:
    assert find_tax_id(text, country=country) is None


def test_knows_what_to_do_in_every_country() -> None:
    for country in COUNTRIES:
        for text in ("", "1", "\ud800", "x" * 64, "1" * 64, "ABC123"):
            found = find_tax_id(text, country=country)
            assert found is None or isinstance(found, str)
