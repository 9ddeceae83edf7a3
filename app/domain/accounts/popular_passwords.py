"""The passwords that everybody tries first, read when somebody first chooses one."""

from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("popular_passwords.txt")
COMMENT = "#"


@lru_cache(maxsize=1)
def popular_passwords() -> frozenset[str]:
    """Return the most popular passwords, in lower case; source and licence stand in the file."""
    lines = FILE.read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if not line.startswith(COMMENT))
