"""Every mail, word for word, in every language: what customers read changes only on purpose.

`REWRITE_LETTERS=1 python -m pytest tests/entrypoints/test_letters_as_written.py` writes the files
anew; what changed is then read in the difference.
"""

import os
import re
from pathlib import Path

import pytest

from app.config import Settings
from app.domain.accounts.models import Account
from app.entrypoints.letters import write_letter
from app.foundation.database import transaction
from app.foundation.languages import LANGUAGES
from tests.databases import ROOT, on_sqlite
from tests.factories.mails import FACTS, TOKEN, make_mail
from tests.moments import NOW

FOLDER = ROOT / "tests/entrypoints/letters"
# One head is like the other; what is read begins here.
BODY = re.compile(r"<body>.*", re.DOTALL)
BETWEEN_TAGS = re.compile(r"(?<=>)\s*(?=<)")


def compare(path: Path, written: str) -> None:
    if os.environ.get("REWRITE_LETTERS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written


@on_sqlite
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", FACTS)
def test_a_letter_reads_as_it_is_written_down(
    ada: Account, settings: Settings, kind: str, language: str
) -> None:
    with transaction():
        ada.locale, ada.timezone = language, "Asia/Shanghai"
    letter = write_letter(make_mail(ada, kind, now=NOW), ada, settings=settings)
    body = BODY.search(letter.html)
    assert body is not None
    assert f'<html lang="{LANGUAGES[language]}">' in letter.html
    assert TOKEN not in letter.subject
    compare(FOLDER / language / f"{kind}.txt", letter.text)
    compare(FOLDER / language / f"{kind}.html", BETWEEN_TAGS.sub("\n", body[0]))
