"""Every kind of mail has a name in every language."""

from pathlib import Path

from app.entrypoints.languages import speaking, translated
from app.entrypoints.web.operator.mail_words import MAILS
from tests.databases import ROOT
from tests.factories.mails import FACTS

SHARED = {"layout", "alerts"}


def test_every_kind_has_a_name() -> None:
    written = {file.stem for file in Path(ROOT / "templates/emails").glob("*.txt")} - SHARED
    assert set(MAILS) == written == set(FACTS)
    assert len(set(MAILS.values())) == len(MAILS)


def test_every_name_is_translated(app) -> None:
    with speaking("zh"):
        for name in MAILS.values():
            assert not any(letter.isascii() and letter.isalpha() for letter in told_of(name)), name


def told_of(name: str) -> str:
    """Return what is said, without the one word that stays English."""
    return str(translated(name)).replace("API", "").replace("token", "")
