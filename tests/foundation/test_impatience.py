"""Who waits too long for a lock lets others go first."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.domain.accounts.models import Account
from app.foundation.database import db, session, transaction
from app.foundation.impatience import waiting_at_most
from app.foundation.together import HeldUp

LOCKED = select(Account.id).where(Account.id == "ada").with_for_update()


def test_gives_up_a_lock_that_does_not_come(ada: Account) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no locks of rows")
    session.commit()
    with db.engine.begin() as elsewhere:
        elsewhere.execute(LOCKED)
        with pytest.raises(HeldUp), transaction(), waiting_at_most(50):
            session.execute(LOCKED)
    # It was of that transaction alone.
    assert session.connection().exec_driver_sql("SHOW lock_timeout").scalar() == "0"


def test_hides_no_other_trouble(ada: Account) -> None:
    def fail() -> None:
        raise OperationalError("SELECT", None, Exception("the disk is full"))

    with pytest.raises(OperationalError), transaction(), waiting_at_most(50):
        fail()
    with transaction(), waiting_at_most(50):
        session.execute(LOCKED)
