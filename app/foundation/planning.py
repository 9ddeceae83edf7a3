"""How PostgreSQL finds what is asked hundreds of times in a second: by its keys, without thinking.

It plans a prepared statement anew for each of its values where it hopes to gain by that, which
takes longer than to look a few rows up, and a tenth of the time of a thousand. Left alone it also
may read a whole table that was small when it planned, and has grown since.
"""

from app.foundation.database import connection
from app.foundation.direct import execute, on_postgresql

_BY_KEYS = (
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true),"
    " set_config('enable_seqscan', 'off', true)"
)


def plan_by_keys() -> None:
    """Have what is asked in the rest of this transaction planned once, as a search by keys."""
    if on_postgresql():
        execute(connection(), _BY_KEYS, ())
