"""What the shipped plans say of themselves is known in every language, word by word."""

import pytest

from app.domain.catalog import queries
from app.domain.catalog.shipped_words import SHIPPED


@pytest.mark.usefixtures("app")
def test_every_word_of_the_shipped_plans_is_known() -> None:
    plans = queries.plans()
    said = {words for plan in plans for words in (plan.description, *plan.features)}
    assert said <= SHIPPED.keys(), said - SHIPPED.keys()
    assert len(plans) == 4


def test_what_is_known_reads_as_it_is_stored() -> None:
    assert all(
        words == str(sentence).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        for words, sentence in SHIPPED.items()
    )
