"""Digests of what is stored: whether anything at all is different from what it was."""

from collections.abc import Collection
from hashlib import blake2b

from app.foundation.database import Base, end_reading, session


def digests(*, leaving: Collection[str] = ()) -> dict[str, str]:
    """Return a digest of each table, over every column of every row; some tables may be left."""
    end_reading()
    found = {}
    connection = session.connection()
    for table in Base.metadata.sorted_tables:
        if table.name not in leaving:
            order = ", ".join(column.name for column in table.primary_key)
            # As the driver gives them: what is stored counts, not what we make of it.
            rows = connection.exec_driver_sql(f"SELECT * FROM {table.name} ORDER BY {order}")
            # As tuples: SQLAlchemy's rows leave the middle of a long text out, slowly.
            stored = repr([tuple(row) for row in rows])
            found[table.name] = blake2b(stored.encode(), digest_size=8).hexdigest()
    end_reading()
    return found
