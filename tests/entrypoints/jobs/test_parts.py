"""Work in parts: each in a transaction of its own, until none is left."""

import pytest
from flask import Flask

from app.domain.catalog.models import Plan
from app.entrypoints.jobs import parts
from app.entrypoints.jobs.parts import in_parts
from app.foundation import clock
from app.foundation.database import session
from tests.moments import NOW


@pytest.fixture(autouse=True)
def fixed_clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def order() -> int:
    session.rollback()
    return session.get_one(Plan, "plan-pro", populate_existing=True).display_order


class TestInParts:
    def test_goes_on_until_a_part_has_nothing_to_do(self) -> None:
        left, moments = [3, 2, 0, 9], []

        def part(now) -> int:
            moments.append(now)
            return left.pop(0)

        in_parts(part)
        assert (left, moments) == ([9], [NOW] * 3)

    def test_keeps_the_parts_before_one_that_fails(self) -> None:
        before = order()

        def part(now) -> int:
            plan = session.get_one(Plan, "plan-pro")
            plan.display_order += 1
            session.flush()
            if plan.display_order > before + 2:
                raise RuntimeError("the third fails")
            return 1

        with pytest.raises(RuntimeError):
            in_parts(part)
        assert order() == before + 2

    def test_stops_what_would_never_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parts, "PARTS_MAX", 5)
        done = []
        in_parts(lambda now: done.append(now) or 1)
        assert len(done) == 5
