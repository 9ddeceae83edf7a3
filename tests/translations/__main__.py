"""Brings the catalogs in line with the source: `make translations`.

New messages come in without a translation, what is no longer said goes, and every message stands
in the catalog of its area. What has to be translated is counted at the end.
"""

from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from app.foundation.languages import ENGLISH, LANGUAGES
from tests.translations.messages import AREAS, CATALOGS, ELSEWHERE, Said, messages

WIDTH = 100


def main() -> None:
    """Rewrite the catalogs of every language."""
    said = messages()
    for language in LANGUAGES:
        if language != ENGLISH:
            renew(language, said)


def renew(language: str, said: list[Said]) -> None:
    """Rewrite the catalogs of one language, keeping every translation that is still needed."""
    folder = CATALOGS / language
    folder.mkdir(parents=True, exist_ok=True)
    known = translated(folder)
    missing = 0
    for area in (*AREAS, ELSEWHERE):
        catalog = Catalog(locale=language, fuzzy=False)
        for message in (one for one in said if one.area == area):
            told = known.get(message.key)
            missing += not told
            identity = message.forms[0] if len(message.forms) == 1 else message.forms
            # A catalog takes one translation for both forms where the language has only one.
            catalog.add(identity, _shaped(told, message), context=message.context)
        _write(catalog, folder / f"{area}.po")
    print(f"{language}: {len(said)} messages, {missing} to translate")


def translated(folder: Path) -> dict[tuple[str, ...], str]:
    """Return the translations that the folder's catalogs hold, by message."""
    found: dict[tuple[str, ...], str] = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=folder.name):
                text = text_of(message)
                if message.id and text:
                    found[key_of(message)] = text
    return found


def key_of(message: Message) -> tuple[str, ...]:
    """Return what tells the message from every other."""
    identity = message.id if isinstance(message.id, str) else message.id[0]
    return (message.context or "", identity)


def text_of(message: Message) -> str:
    """Return the translation; our languages have one form for every number."""
    return message.string if isinstance(message.string, str) else message.string[0]


def _shaped(told: str | None, message: Said) -> str | tuple[str, ...]:
    return (told or "") if len(message.forms) == 1 else (told or "",)


def _write(catalog: Catalog, path: Path) -> None:
    if not len(catalog):
        path.unlink(missing_ok=True)
        return
    with path.open("wb") as file:
        write_po(file, catalog, width=WIDTH, sort_output=True, omit_header=True, no_location=True)


if __name__ == "__main__":
    main()
