"""What a tax id looks like, country by country: check digits, not whether it was ever given out."""

import re

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

# Greece writes its VAT ids with the letters of its own name.
EU_PREFIXES = {"GR": "EL"}
# For countries whose ids nobody has described: letters and digits with what stands between them.
ANY_ID = re.compile(r"[0-9A-Z][0-9A-Z ./-]{1,30}[0-9A-Z]")


def find_tax_id(text: str, *, country: str) -> str | None:
    """Return the id as it is stored, or None if it is none of the country's."""
    text = " ".join(text.upper().split())
    if country.lower() in eu_vat.MEMBER_STATES:
        return _find_eu_id(text, prefix=EU_PREFIXES.get(country, country))
    described = get_cc_module(country.lower(), "vat")
    if described is None:
        return text if ANY_ID.fullmatch(text) else None
    # It strips what people write around an id, the country's letters among it.
    return text if text.isascii() and described.is_valid(text) else None


def _find_eu_id(text: str, *, prefix: str) -> str | None:
    bare = "".join(character for character in text if character not in " .-")
    try:
        return str(eu_vat.validate(bare if bare.startswith(prefix) else prefix + bare))
    except ValidationError:
        return None
