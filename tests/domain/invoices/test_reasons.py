"""Reasons that are stored in English and read in any language."""

from app.domain.invoices import reasons
from app.foundation.languages import CHINESE
from app.foundation.sentences import in_language


def test_ours_are_read_in_every_language() -> None:
    read = reasons.read_again(str(reasons.RENEWAL_UNPAID))
    assert read == "The renewal was not paid in time."
    assert in_language(read, CHINESE) == "续订未按时付款"


def test_an_operators_stay_as_they_were_written() -> None:
    for written in ("Billed {twice} by mistake, 100%", "", "错误账单"):
        read = reasons.read_again(written)
        assert read == in_language(read, CHINESE) == written
