"""What names its rows by keys is planned once, and finds them by an index whatever has grown."""

import pytest
from sqlalchemy import text

from app.foundation.database import connection, reading_at_once, session, transaction
from app.foundation.direct import execute, in_one_go
from app.foundation.planning import plan_by_keys

SHOWN = text("SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan')")


@pytest.mark.usefixtures("app")
class TestPlanByKeys:
    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_holds_for_the_rest_of_the_transaction(self) -> None:
        with transaction():
            plan_by_keys()
            assert session.execute(SHOWN).one() == ("force_generic_plan", "off")
        assert session.execute(SHOWN).one() == ("auto", "on")

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_holds_for_what_is_read_in_one_go(self) -> None:
        shown = "SELECT current_setting('plan_cache_mode')"
        with reading_at_once():
            with in_one_go():
                plan_by_keys()
                inside = execute(connection(), shown, ())
            assert inside.rows == [("force_generic_plan",)]
            assert execute(connection(), shown, ()).rows == [("auto",)]

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    def test_is_nothing_to_sqlite(self) -> None:
        with transaction():
            plan_by_keys()
