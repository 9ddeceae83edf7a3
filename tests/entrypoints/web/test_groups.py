"""Every mail and every entry of the journal is in one group, and in no other."""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from app.domain.accounts.security_journal import EVERYTHING
from app.entrypoints.web.groups import JOURNAL, MAILS, WORDS

LETTERS = Path("templates/emails")
# What mails are put together from.
PARTS = {"layout", "alerts"}


@pytest.mark.parametrize(
    ("groups", "all_of_them"),
    [
        (MAILS, {letter.stem for letter in LETTERS.glob("*.txt")} - PARTS),
        (JOURNAL, set(EVERYTHING)),
    ],
)
def test_each_is_in_one(groups: Mapping[str, Collection[str]], all_of_them: set[str]) -> None:
    assert all_of_them
    assert Counter(kind for group in groups.values() for kind in group) == Counter(all_of_them)
    assert set(groups) == set(WORDS)
