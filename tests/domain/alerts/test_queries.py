"""What an account has crossed: its own, newest first, page by page, of all kinds or of one."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.alerts import queries
from app.domain.alerts.models import Alert
from app.foundation.database import session, transaction
from tests.moments import NOW


@pytest.fixture(autouse=True)
def crossed(ada: Account, ben: Account) -> None:
    """Three alerts of Ada's, and one of Ben's."""
    told = (
        ("spend", "ada", 0),
        ("tokens_left", "ada", 1),
        ("spend", "ada", 2),
        ("spend", "ben", 3),
    )
    with transaction():
        for kind, user_id, hours in told:
            at = NOW + timedelta(hours=hours)
            session.add(
                Alert(
                    user_id=user_id,
                    kind=kind,
                    threshold=hours,
                    span=f"month:{hours}",
                    value=hours,
                    crossed_at=at,
                )
            )


@pytest.mark.parametrize(
    ("page", "kind", "thresholds", "total"),
    [
        (1, None, [2, 1], 3),
        (2, None, [0], 3),
        (3, None, [], 3),
        (1, "spend", [2, 0], 2),
        (2, "spend", [], 2),
        (1, "forecast", [], 0),
    ],
)
def test_history_is_newest_first_and_ones_own(
    ada: Account, page: int, kind: str | None, thresholds: list[int], total: int
) -> None:
    found = queries.history(ada, page=page, page_size=2, kind=kind)
    assert [alert.threshold for alert in found.alerts] == thresholds
    assert found.total == total
