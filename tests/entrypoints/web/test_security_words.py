"""Every event of the journal has its words."""

from app.domain.accounts.security_journal import Event
from app.entrypoints.web.security_words import WARNING, WORDS


def test_each_event_has_words_of_its_own() -> None:
    assert set(WORDS) == set(Event)
    assert len(set(WORDS.values())) == len(WORDS)
    assert set(WORDS) > WARNING
