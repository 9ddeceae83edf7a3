"""An account that a transaction holds is not asked for again, and only as long as it is held."""

from app.domain.accounts.holding import find_held, holding
from app.domain.accounts.models import Account
from app.domain.accounts.operations import lock_in_use
from app.foundation.database import transaction
from tests.statements import statements


def test_is_locked_once(ada: Account, ben: Account) -> None:
    with transaction(), statements() as sent, holding(lock_in_use("ada")):
        held = lock_in_use("ada")
        assert held is find_held("ada") and held.id == "ada"
        assert len(sent) == 1
        assert lock_in_use("ben").id == "ben"
        assert len(sent) == 2


def test_tells_what_was_changed_meanwhile(ada: Account) -> None:
    with transaction(), holding(lock_in_use("ada")):
        lock_in_use("ada").name = "Lovelace"
        assert lock_in_use("ada").name == "Lovelace"


def test_is_held_no_longer_than_it_lasts(ada: Account) -> None:
    with transaction(), holding(lock_in_use("ada")):
        pass
    assert find_held("ada") is None
    with transaction(), statements() as sent:
        lock_in_use("ada")
    assert len(sent) == 1
