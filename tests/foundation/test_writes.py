"""Writes that are done together are done as if one after the other."""

import pytest

from app.domain.accounts.models import Counter
from app.domain.catalog.models import ModelAlias
from app.foundation.bulk import changing, inserting
from app.foundation.database import session, transaction
from app.foundation.writes import NOTHING, Write, do_together
from tests.moments import NOW
from tests.statements import sent_in_sets, statements

pytestmark = pytest.mark.usefixtures("app")


def counting(*names: str) -> Write:
    return inserting(Counter, [{"name": name, "value": 1} for name in names], unless_known="name")


def naming(*aliases: str) -> Write:
    rows = [{"alias": each, "model_id": "gpt-4", "created_at": NOW} for each in aliases]
    return inserting(ModelAlias, rows)


def values() -> dict[str, int]:
    rows = session.query(Counter.name, Counter.value).filter(Counter.name.in_(["a", "b", "c"]))
    return {name: value for name, value in rows}


class TestWrite:
    def test_tells_how_many_rows_it_has_written(self) -> None:
        with transaction():
            assert [counting("a", "b").do(), counting("b", "c").do(), NOTHING.do()] == [2, 1, 0]
        assert values() == {"a": 1, "b": 1, "c": 1}


class TestDoTogether:
    def test_does_all_and_tells_how_many_rows_the_first_has_written(self) -> None:
        with transaction():
            touched = do_together([counting("a", "b"), naming("x", "y", "z"), NOTHING])
            assert touched() == 2
            assert do_together([counting("a", "c"), naming("w")])() == 1
        assert values() == {"a": 1, "b": 1, "c": 1}
        named = session.query(ModelAlias).filter(ModelAlias.alias.in_(["w", "x", "y", "z"]))
        assert named.count() == 4

    def test_leaves_out_what_has_no_rows(self) -> None:
        with transaction(), statements() as sent:
            assert do_together([NOTHING, NOTHING])() == 0
            assert do_together([NOTHING, counting("a")])() == 1
        assert len(sent) == 1

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_takes_one_statement(self) -> None:
        with transaction(), statements() as sent:
            changed = changing(Counter, [{"name": "account", "value": 7}], key="name")
            do_together([counting("a"), naming("x"), changed])()
        assert len(sent_in_sets(sent)) == 1
        assert session.query(Counter.value).filter_by(name="account").scalar() == 7

    def test_is_undone_with_its_transaction(self) -> None:
        def fail() -> None:
            with transaction():
                do_together([counting("a"), naming("x")])()
                raise RuntimeError("something else failed")

        with pytest.raises(RuntimeError):
            fail()
        assert values() == {}
