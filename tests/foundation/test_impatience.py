"""Who waits too long for a lock lets others go first."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.domain.accounts.models import Account
from app.foundation.database import db, session, transaction
from app.foundation.impatience import letting_others_first, wait_at_most
from app.foundation.together import HeldUp

LOCKED = select(Account.id).where(Account.id == "ada").with_for_update()


def lock() -> None:
    with transaction(), letting_others_first():
        wait_at_most(50)
        session.execute(LOCKED)


def test_gives_up_a_lock_that_does_not_come(ada: Account) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no locks of rows")
    session.commit()
    with db.engine.begin() as elsewhere:
        elsewhere.execute(LOCKED)
        with pytest.raises(HeldUp):
            lock()
    # It was of that transaction alone.
    assert session.connection().exec_driver_sql("SHOW lock_timeout").scalar() == "0"


def test_hides_no_other_trouble(ada: Account) -> None:
    def fail() -> None:
        raise OperationalError("SELECT", None, Exception("the disk is full"))

    with pytest.raises(OperationalError), transaction(), letting_others_first():
        fail()
    lock()
